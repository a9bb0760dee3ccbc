//! Encounter.

use crate::{CodeableConcept, Coding, Identifier, Period, Quantity, Reference, Text};

resource! {
    /// A visit, stay or contact.
    Encounter {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        class: Option<Coding<'a>> = "class",
        type_: Vec<CodeableConcept<'a>> = "type",
        service_type: Option<CodeableConcept<'a>> = "serviceType",
        priority: Option<CodeableConcept<'a>> = "priority",
        subject: Option<Reference<'a>> = "subject",
        episode_of_care: Vec<Reference<'a>> = "episodeOfCare",
        based_on: Vec<Reference<'a>> = "basedOn",
        participant: Vec<EncounterParticipant<'a>> = "participant",
        period: Option<Period<'a>> = "period",
        length: Option<Quantity<'a>> = "length",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        diagnosis: Vec<EncounterDiagnosis<'a>> = "diagnosis",
        hospitalization: Option<EncounterHospitalization<'a>> = "hospitalization",
        location: Vec<EncounterLocation<'a>> = "location",
        service_provider: Option<Reference<'a>> = "serviceProvider",
        part_of: Option<Reference<'a>> = "partOf",
    }
}

element! {
    /// Who took part in an encounter.
    EncounterParticipant {
        type_: Vec<CodeableConcept<'a>> = "type",
        period: Option<Period<'a>> = "period",
        individual: Option<Reference<'a>> = "individual",
    }
}

element! {
    /// A diagnosis or procedure that an encounter was about.
    EncounterDiagnosis {
        condition: Option<Reference<'a>> = "condition",
        use_: Option<CodeableConcept<'a>> = "use",
        rank: Option<u32> = "rank",
    }
}

element! {
    /// How a patient came into a hospital and left it.
    EncounterHospitalization {
        pre_admission_identifier: Option<Identifier<'a>> = "preAdmissionIdentifier",
        origin: Option<Reference<'a>> = "origin",
        admit_source: Option<CodeableConcept<'a>> = "admitSource",
        re_admission: Option<CodeableConcept<'a>> = "reAdmission",
        destination: Option<Reference<'a>> = "destination",
        discharge_disposition: Option<CodeableConcept<'a>> = "dischargeDisposition",
    }
}

element! {
    /// Where an encounter took place.
    EncounterLocation {
        location: Option<Reference<'a>> = "location",
        status: Option<Text<'a>> = "status",
        physical_type: Option<CodeableConcept<'a>> = "physicalType",
        period: Option<Period<'a>> = "period",
    }
}
