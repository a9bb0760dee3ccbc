//! `DocumentReference`.

use crate::{Attachment, CodeableConcept, Coding, DateTime, Identifier, Period, Reference, Text};

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
