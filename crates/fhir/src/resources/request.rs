//! `ServiceRequest`.

use crate::{Annotation, CodeableConcept, DateTime, Identifier, Period, Quantity, Range, Raw, Reference, Text};

resource! {
    /// An order for a test, an examination, a procedure or another service.
    ServiceRequest {
        identifier: Vec<Identifier<'a>> = "identifier",
        instantiates_canonical: Vec<Text<'a>> = "instantiatesCanonical",
        instantiates_uri: Vec<Text<'a>> = "instantiatesUri",
        based_on: Vec<Reference<'a>> = "basedOn",
        replaces: Vec<Reference<'a>> = "replaces",
        requisition: Option<Identifier<'a>> = "requisition",
        status: Option<Text<'a>> = "status",
        intent: Option<Text<'a>> = "intent",
        category: Vec<CodeableConcept<'a>> = "category",
        priority: Option<Text<'a>> = "priority",
        do_not_perform: Option<bool> = "doNotPerform",
        code: Option<CodeableConcept<'a>> = "code",
        order_detail: Vec<CodeableConcept<'a>> = "orderDetail",
        quantity: Option<RequestQuantity<'a>> = "quantity",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        occurrence: Option<RequestOccurrence<'a>> = "occurrence",
        as_needed: Option<crate::AsNeeded<'a>> = "asNeeded",
        authored_on: Option<DateTime<'a>> = "authoredOn",
        requester: Option<Reference<'a>> = "requester",
        performer_type: Option<CodeableConcept<'a>> = "performerType",
        performer: Vec<Reference<'a>> = "performer",
        location_code: Vec<CodeableConcept<'a>> = "locationCode",
        location_reference: Vec<Reference<'a>> = "locationReference",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        insurance: Vec<Reference<'a>> = "insurance",
        supporting_info: Vec<Reference<'a>> = "supportingInfo",
        specimen: Vec<Reference<'a>> = "specimen",
        body_site: Vec<CodeableConcept<'a>> = "bodySite",
        note: Vec<Annotation<'a>> = "note",
        patient_instruction: Option<Text<'a>> = "patientInstruction",
        relevant_history: Vec<Reference<'a>> = "relevantHistory",
    }
}

choice! {
    /// How much of a service is ordered.
    RequestQuantity<'a> {
        Quantity(Box<Quantity<'a>>) = "quantityQuantity",
        Ratio(Raw<'a>) = "quantityRatio",
        Range(Box<Range<'a>>) = "quantityRange",
    }
}

choice! {
    /// When a service is wanted.
    RequestOccurrence<'a> {
        DateTime(DateTime<'a>) = "occurrenceDateTime",
        Period(Box<Period<'a>>) = "occurrencePeriod",
        Timing(Raw<'a>) = "occurrenceTiming",
    }
}
