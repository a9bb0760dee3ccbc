//! Condition, AllergyIntolerance and Procedure.

use crate::{Annotation, CodeableConcept, DateTime, Identifier, Period, Quantity, Range, Reference, Text};

resource! {
    /// A diagnosis, problem or health concern.
    Condition {
        identifier: Vec<Identifier<'a>> = "identifier",
        clinical_status: Option<CodeableConcept<'a>> = "clinicalStatus",
        verification_status: Option<CodeableConcept<'a>> = "verificationStatus",
        category: Vec<CodeableConcept<'a>> = "category",
        severity: Option<CodeableConcept<'a>> = "severity",
        code: Option<CodeableConcept<'a>> = "code",
        body_site: Vec<CodeableConcept<'a>> = "bodySite",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        onset: Option<Onset<'a>> = "onset",
        abatement: Option<Abatement<'a>> = "abatement",
        recorded_date: Option<DateTime<'a>> = "recordedDate",
        recorder: Option<Reference<'a>> = "recorder",
        asserter: Option<Reference<'a>> = "asserter",
        note: Vec<Annotation<'a>> = "note",
    }
}

choice! {
    /// When a condition or allergy began.
    Onset<'a> {
        DateTime(DateTime<'a>) = "onsetDateTime",
        Age(Quantity<'a>) = "onsetAge",
        Period(Period<'a>) = "onsetPeriod",
        Range(Box<Range<'a>>) = "onsetRange",
        String(Text<'a>) = "onsetString",
    }
}

choice! {
    /// When a condition ended or went into remission.
    Abatement<'a> {
        DateTime(DateTime<'a>) = "abatementDateTime",
        Age(Quantity<'a>) = "abatementAge",
        Period(Period<'a>) = "abatementPeriod",
        Range(Box<Range<'a>>) = "abatementRange",
        String(Text<'a>) = "abatementString",
    }
}

resource! {
    /// A risk of a harmful reaction to a substance.
    AllergyIntolerance {
        identifier: Vec<Identifier<'a>> = "identifier",
        clinical_status: Option<CodeableConcept<'a>> = "clinicalStatus",
        verification_status: Option<CodeableConcept<'a>> = "verificationStatus",
        type_: Option<Text<'a>> = "type",
        category: Vec<Text<'a>> = "category",
        criticality: Option<Text<'a>> = "criticality",
        code: Option<CodeableConcept<'a>> = "code",
        patient: Option<Reference<'a>> = "patient",
        encounter: Option<Reference<'a>> = "encounter",
        onset: Option<Onset<'a>> = "onset",
        recorded_date: Option<DateTime<'a>> = "recordedDate",
        recorder: Option<Reference<'a>> = "recorder",
        asserter: Option<Reference<'a>> = "asserter",
        last_occurrence: Option<DateTime<'a>> = "lastOccurrence",
        note: Vec<Annotation<'a>> = "note",
        reaction: Vec<AllergyReaction<'a>> = "reaction",
    }
}

element! {
    /// A reaction that took place.
    AllergyReaction {
        substance: Option<CodeableConcept<'a>> = "substance",
        manifestation: Vec<CodeableConcept<'a>> = "manifestation",
        description: Option<Text<'a>> = "description",
        onset: Option<DateTime<'a>> = "onset",
        severity: Option<Text<'a>> = "severity",
        exposure_route: Option<CodeableConcept<'a>> = "exposureRoute",
        note: Vec<Annotation<'a>> = "note",
    }
}

resource! {
    /// Something that was done to or for a patient.
    Procedure {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        status_reason: Option<CodeableConcept<'a>> = "statusReason",
        category: Option<CodeableConcept<'a>> = "category",
        code: Option<CodeableConcept<'a>> = "code",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        performed: Option<Performed<'a>> = "performed",
        recorder: Option<Reference<'a>> = "recorder",
        asserter: Option<Reference<'a>> = "asserter",
        performer: Vec<ProcedurePerformer<'a>> = "performer",
        location: Option<Reference<'a>> = "location",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        body_site: Vec<CodeableConcept<'a>> = "bodySite",
        outcome: Option<CodeableConcept<'a>> = "outcome",
        report: Vec<Reference<'a>> = "report",
        complication: Vec<CodeableConcept<'a>> = "complication",
        follow_up: Vec<CodeableConcept<'a>> = "followUp",
        note: Vec<Annotation<'a>> = "note",
        focal_device: Vec<ProcedureFocalDevice<'a>> = "focalDevice",
        used_reference: Vec<Reference<'a>> = "usedReference",
        used_code: Vec<CodeableConcept<'a>> = "usedCode",
    }
}

choice! {
    /// When a procedure was done.
    Performed<'a> {
        DateTime(DateTime<'a>) = "performedDateTime",
        Period(Period<'a>) = "performedPeriod",
        String(Text<'a>) = "performedString",
        Age(Quantity<'a>) = "performedAge",
        Range(Box<Range<'a>>) = "performedRange",
    }
}

element! {
    /// A device that a procedure put in, changed or took out.
    ProcedureFocalDevice {
        action: Option<CodeableConcept<'a>> = "action",
        manipulated: Option<Reference<'a>> = "manipulated",
    }
}

element! {
    /// Who did a procedure.
    ProcedurePerformer {
        function: Option<CodeableConcept<'a>> = "function",
        actor: Option<Reference<'a>> = "actor",
        on_behalf_of: Option<Reference<'a>> = "onBehalfOf",
    }
}
