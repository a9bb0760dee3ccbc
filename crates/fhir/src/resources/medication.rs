//! Medication, MedicationRequest, `MedicationDispense`, `MedicationAdministration`, `MedicationStatement` and Immunization.

use crate::{
    Annotation, CodeableConcept, DateTime, Identifier, PartialDate, Period, Quantity, Range, Raw, Reference, Text,
};

resource! {
    /// A drug that others refer to.
    Medication {
        identifier: Vec<Identifier<'a>> = "identifier",
        code: Option<CodeableConcept<'a>> = "code",
        status: Option<Text<'a>> = "status",
        manufacturer: Option<Reference<'a>> = "manufacturer",
        form: Option<CodeableConcept<'a>> = "form",
        amount: Option<Raw<'a>> = "amount",
        ingredient: Vec<MedicationIngredient<'a>> = "ingredient",
        batch: Option<MedicationBatch<'a>> = "batch",
    }
}

element! {
    /// What a drug is made of.
    MedicationIngredient {
        item: Option<IngredientItem<'a>> = "item",
        is_active: Option<bool> = "isActive",
        strength: Option<Raw<'a>> = "strength",
    }
}

choice! {
    /// A substance, or another drug.
    IngredientItem<'a> {
        CodeableConcept(CodeableConcept<'a>) = "itemCodeableConcept",
        Reference(Reference<'a>) = "itemReference",
    }
}

element! {
    /// The package that a drug came from.
    MedicationBatch {
        lot_number: Option<Text<'a>> = "lotNumber",
        expiration_date: Option<DateTime<'a>> = "expirationDate",
    }
}

resource! {
    /// An order for a medication.
    MedicationRequest {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        status_reason: Option<CodeableConcept<'a>> = "statusReason",
        intent: Option<Text<'a>> = "intent",
        category: Vec<CodeableConcept<'a>> = "category",
        priority: Option<Text<'a>> = "priority",
        do_not_perform: Option<bool> = "doNotPerform",
        reported: Option<Reported<'a>> = "reported",
        medication: Option<Drug<'a>> = "medication",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        authored_on: Option<DateTime<'a>> = "authoredOn",
        requester: Option<Reference<'a>> = "requester",
        performer: Option<Reference<'a>> = "performer",
        recorder: Option<Reference<'a>> = "recorder",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        based_on: Vec<Reference<'a>> = "basedOn",
        course_of_therapy_type: Option<CodeableConcept<'a>> = "courseOfTherapyType",
        note: Vec<Annotation<'a>> = "note",
        dosage_instruction: Vec<Dosage<'a>> = "dosageInstruction",
        dispense_request: Option<DispenseRequest<'a>> = "dispenseRequest",
        prior_prescription: Option<Reference<'a>> = "priorPrescription",
    }
}

choice! {
    /// Whether, or by whom, an order was reported rather than made here.
    Reported<'a> {
        Boolean(bool) = "reportedBoolean",
        Reference(Reference<'a>) = "reportedReference",
    }
}

choice! {
    /// What was ordered, handed out or given: a code, or a reference to a [`Medication`].
    Drug<'a> {
        CodeableConcept(CodeableConcept<'a>) = "medicationCodeableConcept",
        Reference(Reference<'a>) = "medicationReference",
    }
}

element! {
    /// How a medication is taken.
    Dosage {
        sequence: Option<i32> = "sequence",
        text: Option<Text<'a>> = "text",
        additional_instruction: Vec<CodeableConcept<'a>> = "additionalInstruction",
        patient_instruction: Option<Text<'a>> = "patientInstruction",
        timing: Option<Raw<'a>> = "timing",
        as_needed: Option<AsNeeded<'a>> = "asNeeded",
        site: Option<CodeableConcept<'a>> = "site",
        route: Option<CodeableConcept<'a>> = "route",
        method: Option<CodeableConcept<'a>> = "method",
        dose_and_rate: Vec<DoseAndRate<'a>> = "doseAndRate",
    }
}

choice! {
    /// Whether, or for what, a medication is taken as needed.
    AsNeeded<'a> {
        Boolean(bool) = "asNeededBoolean",
        CodeableConcept(CodeableConcept<'a>) = "asNeededCodeableConcept",
    }
}

element! {
    /// How much of a medication is taken at once, or how fast.
    DoseAndRate {
        type_: Option<CodeableConcept<'a>> = "type",
        dose: Option<Dose<'a>> = "dose",
        rate: Option<Rate<'a>> = "rate",
    }
}

choice! {
    /// How much is taken at once.
    Dose<'a> {
        Quantity(Quantity<'a>) = "doseQuantity",
        Range(Box<Range<'a>>) = "doseRange",
    }
}

choice! {
    /// How fast it is given.
    Rate<'a> {
        Quantity(Quantity<'a>) = "rateQuantity",
        Range(Box<Range<'a>>) = "rateRange",
        Ratio(Raw<'a>) = "rateRatio",
    }
}

element! {
    /// What the pharmacy is to hand out.
    DispenseRequest {
        dispense_interval: Option<Quantity<'a>> = "dispenseInterval",
        validity_period: Option<Period<'a>> = "validityPeriod",
        number_of_repeats_allowed: Option<u32> = "numberOfRepeatsAllowed",
        quantity: Option<Quantity<'a>> = "quantity",
        expected_supply_duration: Option<Quantity<'a>> = "expectedSupplyDuration",
        performer: Option<Reference<'a>> = "performer",
    }
}

resource! {
    /// A drug given to a patient by someone else.
    MedicationAdministration {
        identifier: Vec<Identifier<'a>> = "identifier",
        instantiates: Vec<Text<'a>> = "instantiates",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        status_reason: Vec<CodeableConcept<'a>> = "statusReason",
        category: Option<CodeableConcept<'a>> = "category",
        medication: Option<Drug<'a>> = "medication",
        subject: Option<Reference<'a>> = "subject",
        context: Option<Reference<'a>> = "context",
        supporting_information: Vec<Reference<'a>> = "supportingInformation",
        effective: Option<AdministrationTime<'a>> = "effective",
        performer: Vec<MedicationAdministrationPerformer<'a>> = "performer",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        request: Option<Reference<'a>> = "request",
        device: Vec<Reference<'a>> = "device",
        note: Vec<Annotation<'a>> = "note",
        dosage: Option<AdministrationDosage<'a>> = "dosage",
        event_history: Vec<Reference<'a>> = "eventHistory",
    }
}

choice! {
    /// When a drug was given or taken.
    AdministrationTime<'a> {
        DateTime(DateTime<'a>) = "effectiveDateTime",
        Period(Box<Period<'a>>) = "effectivePeriod",
    }
}

element! {
    /// Who gave a drug.
    MedicationAdministrationPerformer {
        function: Option<CodeableConcept<'a>> = "function",
        actor: Option<Reference<'a>> = "actor",
    }
}

element! {
    /// How a drug was given.
    AdministrationDosage {
        text: Option<Text<'a>> = "text",
        site: Option<CodeableConcept<'a>> = "site",
        route: Option<CodeableConcept<'a>> = "route",
        method: Option<CodeableConcept<'a>> = "method",
        dose: Option<Quantity<'a>> = "dose",
        rate: Option<Rate<'a>> = "rate",
    }
}

resource! {
    /// A drug that a patient is said to take, have taken, or not to take.
    MedicationStatement {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        status_reason: Vec<CodeableConcept<'a>> = "statusReason",
        category: Option<CodeableConcept<'a>> = "category",
        medication: Option<Drug<'a>> = "medication",
        subject: Option<Reference<'a>> = "subject",
        context: Option<Reference<'a>> = "context",
        effective: Option<AdministrationTime<'a>> = "effective",
        date_asserted: Option<DateTime<'a>> = "dateAsserted",
        information_source: Option<Reference<'a>> = "informationSource",
        derived_from: Vec<Reference<'a>> = "derivedFrom",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        note: Vec<Annotation<'a>> = "note",
        dosage: Vec<Dosage<'a>> = "dosage",
    }
}

resource! {
    /// A drug handed out to a patient.
    MedicationDispense {
        identifier: Vec<Identifier<'a>> = "identifier",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        category: Option<CodeableConcept<'a>> = "category",
        medication: Option<Drug<'a>> = "medication",
        subject: Option<Reference<'a>> = "subject",
        context: Option<Reference<'a>> = "context",
        supporting_information: Vec<Reference<'a>> = "supportingInformation",
        performer: Vec<MedicationDispensePerformer<'a>> = "performer",
        location: Option<Reference<'a>> = "location",
        authorizing_prescription: Vec<Reference<'a>> = "authorizingPrescription",
        type_: Option<CodeableConcept<'a>> = "type",
        quantity: Option<Quantity<'a>> = "quantity",
        days_supply: Option<Quantity<'a>> = "daysSupply",
        when_prepared: Option<DateTime<'a>> = "whenPrepared",
        when_handed_over: Option<DateTime<'a>> = "whenHandedOver",
        destination: Option<Reference<'a>> = "destination",
        receiver: Vec<Reference<'a>> = "receiver",
        note: Vec<Annotation<'a>> = "note",
        dosage_instruction: Vec<Dosage<'a>> = "dosageInstruction",
        substitution: Option<Raw<'a>> = "substitution",
        detected_issue: Vec<Reference<'a>> = "detectedIssue",
        event_history: Vec<Reference<'a>> = "eventHistory",
    }
}

element! {
    /// Who handed a drug out.
    MedicationDispensePerformer {
        function: Option<CodeableConcept<'a>> = "function",
        actor: Option<Reference<'a>> = "actor",
    }
}

resource! {
    /// A vaccination.
    Immunization {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        status_reason: Option<CodeableConcept<'a>> = "statusReason",
        vaccine_code: Option<CodeableConcept<'a>> = "vaccineCode",
        patient: Option<Reference<'a>> = "patient",
        encounter: Option<Reference<'a>> = "encounter",
        occurrence: Option<Occurrence<'a>> = "occurrence",
        recorded: Option<DateTime<'a>> = "recorded",
        primary_source: Option<bool> = "primarySource",
        report_origin: Option<CodeableConcept<'a>> = "reportOrigin",
        location: Option<Reference<'a>> = "location",
        manufacturer: Option<Reference<'a>> = "manufacturer",
        lot_number: Option<Text<'a>> = "lotNumber",
        expiration_date: Option<PartialDate> = "expirationDate",
        site: Option<CodeableConcept<'a>> = "site",
        route: Option<CodeableConcept<'a>> = "route",
        dose_quantity: Option<Quantity<'a>> = "doseQuantity",
        performer: Vec<ImmunizationPerformer<'a>> = "performer",
        note: Vec<Annotation<'a>> = "note",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
    }
}

choice! {
    /// When a vaccine was given.
    Occurrence<'a> {
        DateTime(DateTime<'a>) = "occurrenceDateTime",
        String(Text<'a>) = "occurrenceString",
    }
}

element! {
    /// Who gave a vaccine.
    ImmunizationPerformer {
        function: Option<CodeableConcept<'a>> = "function",
        actor: Option<Reference<'a>> = "actor",
    }
}
