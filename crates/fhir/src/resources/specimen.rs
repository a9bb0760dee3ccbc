//! Specimen.

use crate::{Annotation, CodeableConcept, DateTime, Identifier, Period, Quantity, Reference, Text};

resource! {
    /// A sample taken for the laboratory.
    Specimen {
        identifier: Vec<Identifier<'a>> = "identifier",
        accession_identifier: Option<Identifier<'a>> = "accessionIdentifier",
        status: Option<Text<'a>> = "status",
        type_: Option<CodeableConcept<'a>> = "type",
        subject: Option<Reference<'a>> = "subject",
        received_time: Option<DateTime<'a>> = "receivedTime",
        parent: Vec<Reference<'a>> = "parent",
        request: Vec<Reference<'a>> = "request",
        collection: Option<SpecimenCollection<'a>> = "collection",
        processing: Vec<SpecimenProcessing<'a>> = "processing",
        container: Vec<SpecimenContainer<'a>> = "container",
        condition: Vec<CodeableConcept<'a>> = "condition",
        note: Vec<Annotation<'a>> = "note",
    }
}

element! {
    /// How a specimen was taken.
    SpecimenCollection {
        collector: Option<Reference<'a>> = "collector",
        collected: Option<Collected<'a>> = "collected",
        duration: Option<Quantity<'a>> = "duration",
        quantity: Option<Quantity<'a>> = "quantity",
        method: Option<CodeableConcept<'a>> = "method",
        body_site: Option<CodeableConcept<'a>> = "bodySite",
        fasting_status: Option<FastingStatus<'a>> = "fastingStatus",
    }
}

choice! {
    /// When a specimen was taken.
    Collected<'a> {
        DateTime(DateTime<'a>) = "collectedDateTime",
        Period(Box<Period<'a>>) = "collectedPeriod",
    }
}

choice! {
    /// Whether, or for how long, the patient had not eaten.
    FastingStatus<'a> {
        CodeableConcept(CodeableConcept<'a>) = "fastingStatusCodeableConcept",
        Duration(Box<Quantity<'a>>) = "fastingStatusDuration",
    }
}

element! {
    /// What was done to a specimen.
    SpecimenProcessing {
        description: Option<Text<'a>> = "description",
        procedure: Option<CodeableConcept<'a>> = "procedure",
        additive: Vec<Reference<'a>> = "additive",
        time: Option<ProcessingTime<'a>> = "time",
    }
}

choice! {
    /// When a specimen was processed.
    ProcessingTime<'a> {
        DateTime(DateTime<'a>) = "timeDateTime",
        Period(Box<Period<'a>>) = "timePeriod",
    }
}

element! {
    /// What holds a specimen.
    SpecimenContainer {
        identifier: Vec<Identifier<'a>> = "identifier",
        description: Option<Text<'a>> = "description",
        type_: Option<CodeableConcept<'a>> = "type",
        capacity: Option<Quantity<'a>> = "capacity",
        specimen_quantity: Option<Quantity<'a>> = "specimenQuantity",
        additive: Option<Additive<'a>> = "additive",
    }
}

choice! {
    /// What is added to a specimen in its container.
    Additive<'a> {
        CodeableConcept(CodeableConcept<'a>) = "additiveCodeableConcept",
        Reference(Box<Reference<'a>>) = "additiveReference",
    }
}
