//! `DocumentReference` and Composition.

use crate::{Attachment, CodeableConcept, Coding, DateTime, Identifier, Narrative, Period, Raw, Reference, Text};

resource! {
    /// A document about a patient, such as a clinical note, and where its content is.
    DocumentReference {
        master_identifier: Option<Identifier<'a>> = "masterIdentifier",
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        doc_status: Option<Text<'a>> = "docStatus",
        type_: Option<CodeableConcept<'a>> = "type",
        category: Vec<CodeableConcept<'a>> = "category",
        subject: Option<Reference<'a>> = "subject",
        date: Option<DateTime<'a>> = "date",
        author: Vec<Reference<'a>> = "author",
        authenticator: Option<Reference<'a>> = "authenticator",
        custodian: Option<Reference<'a>> = "custodian",
        relates_to: Vec<DocumentRelation<'a>> = "relatesTo",
        description: Option<Text<'a>> = "description",
        security_label: Vec<CodeableConcept<'a>> = "securityLabel",
        content: Vec<DocumentContent<'a>> = "content",
        context: Option<Box<DocumentContext<'a>>> = "context",
    }
}

element! {
    /// How a document relates to another one.
    DocumentRelation {
        code: Option<Text<'a>> = "code",
        target: Option<Reference<'a>> = "target",
    }
}

element! {
    /// The content of a document in one format.
    DocumentContent {
        attachment: Option<Attachment<'a>> = "attachment",
        format: Option<Coding<'a>> = "format",
    }
}

element! {
    /// The care that a document is about.
    DocumentContext {
        encounter: Vec<Reference<'a>> = "encounter",
        event: Vec<CodeableConcept<'a>> = "event",
        period: Option<Period<'a>> = "period",
        facility_type: Option<CodeableConcept<'a>> = "facilityType",
        practice_setting: Option<CodeableConcept<'a>> = "practiceSetting",
        source_patient_info: Option<Reference<'a>> = "sourcePatientInfo",
        related: Vec<Reference<'a>> = "related",
    }
}

resource! {
    /// A document that is made of FHIR resources: who wrote it, about whom, and its sections.
    Composition {
        identifier: Option<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        type_: Option<CodeableConcept<'a>> = "type",
        category: Vec<CodeableConcept<'a>> = "category",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        date: Option<DateTime<'a>> = "date",
        author: Vec<Reference<'a>> = "author",
        title: Option<Text<'a>> = "title",
        confidentiality: Option<Text<'a>> = "confidentiality",
        attester: Vec<CompositionAttester<'a>> = "attester",
        custodian: Option<Reference<'a>> = "custodian",
        relates_to: Vec<Raw<'a>> = "relatesTo",
        event: Vec<CompositionEvent<'a>> = "event",
        section: Vec<CompositionSection<'a>> = "section",
    }
}

element! {
    /// Who vouches for a document.
    CompositionAttester {
        mode: Option<Text<'a>> = "mode",
        time: Option<DateTime<'a>> = "time",
        party: Option<Reference<'a>> = "party",
    }
}

element! {
    /// The care that a document is about.
    CompositionEvent {
        code: Vec<CodeableConcept<'a>> = "code",
        period: Option<Period<'a>> = "period",
        detail: Vec<Reference<'a>> = "detail",
    }
}

element! {
    /// A section of a document, with sections of its own.
    CompositionSection {
        title: Option<Text<'a>> = "title",
        code: Option<CodeableConcept<'a>> = "code",
        author: Vec<Reference<'a>> = "author",
        focus: Option<Reference<'a>> = "focus",
        text: Option<Narrative<'a>> = "text",
        mode: Option<Text<'a>> = "mode",
        ordered_by: Option<CodeableConcept<'a>> = "orderedBy",
        entry: Vec<Reference<'a>> = "entry",
        empty_reason: Option<CodeableConcept<'a>> = "emptyReason",
        section: Vec<CompositionSection<'a>> = "section",
    }
}
