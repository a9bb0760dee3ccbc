//! `ImagingStudy`.

use crate::{Annotation, CodeableConcept, Coding, DateTime, Identifier, Reference, Text};

resource! {
    /// The pictures that an examination made.
    ImagingStudy {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        modality: Vec<Coding<'a>> = "modality",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        started: Option<DateTime<'a>> = "started",
        based_on: Vec<Reference<'a>> = "basedOn",
        referrer: Option<Reference<'a>> = "referrer",
        interpreter: Vec<Reference<'a>> = "interpreter",
        endpoint: Vec<Reference<'a>> = "endpoint",
        number_of_series: Option<u32> = "numberOfSeries",
        number_of_instances: Option<u32> = "numberOfInstances",
        procedure_reference: Option<Reference<'a>> = "procedureReference",
        procedure_code: Vec<CodeableConcept<'a>> = "procedureCode",
        location: Option<Reference<'a>> = "location",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        note: Vec<Annotation<'a>> = "note",
        description: Option<Text<'a>> = "description",
        series: Vec<ImagingSeries<'a>> = "series",
    }
}

element! {
    /// Pictures of one study that were taken in one go.
    ImagingSeries {
        uid: Option<Text<'a>> = "uid",
        number: Option<u32> = "number",
        modality: Option<Coding<'a>> = "modality",
        description: Option<Text<'a>> = "description",
        number_of_instances: Option<u32> = "numberOfInstances",
        endpoint: Vec<Reference<'a>> = "endpoint",
        body_site: Option<Coding<'a>> = "bodySite",
        laterality: Option<Coding<'a>> = "laterality",
        specimen: Vec<Reference<'a>> = "specimen",
        started: Option<DateTime<'a>> = "started",
        performer: Vec<ImagingPerformer<'a>> = "performer",
        instance: Vec<ImagingInstance<'a>> = "instance",
    }
}

element! {
    /// Who took the pictures of a series.
    ImagingPerformer {
        function: Option<CodeableConcept<'a>> = "function",
        actor: Option<Reference<'a>> = "actor",
    }
}

element! {
    /// One picture of a series.
    ImagingInstance {
        uid: Option<Text<'a>> = "uid",
        sop_class: Option<Coding<'a>> = "sopClass",
        number: Option<u32> = "number",
        title: Option<Text<'a>> = "title",
    }
}
