//! Observation and the DiagnosticReport that gathers them.

use crate::{
    Annotation, Attachment, CodeableConcept, DateTime, Identifier, Period, Quantity, Range, Raw, Reference, Text,
};

resource! {
    /// A measurement, finding, survey answer or other statement about a patient.
    Observation {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        category: Vec<CodeableConcept<'a>> = "category",
        code: Option<CodeableConcept<'a>> = "code",
        subject: Option<Reference<'a>> = "subject",
        focus: Vec<Reference<'a>> = "focus",
        encounter: Option<Reference<'a>> = "encounter",
        effective: Option<Effective<'a>> = "effective",
        issued: Option<DateTime<'a>> = "issued",
        performer: Vec<Reference<'a>> = "performer",
        value: Option<ObservationValue<'a>> = "value",
        data_absent_reason: Option<CodeableConcept<'a>> = "dataAbsentReason",
        interpretation: Vec<CodeableConcept<'a>> = "interpretation",
        note: Vec<Annotation<'a>> = "note",
        body_site: Option<CodeableConcept<'a>> = "bodySite",
        method: Option<CodeableConcept<'a>> = "method",
        specimen: Option<Reference<'a>> = "specimen",
        device: Option<Reference<'a>> = "device",
        reference_range: Vec<ReferenceRange<'a>> = "referenceRange",
        has_member: Vec<Reference<'a>> = "hasMember",
        derived_from: Vec<Reference<'a>> = "derivedFrom",
        component: Vec<ObservationComponent<'a>> = "component",
    }
}

choice! {
    /// The time that an observation or report is about.
    Effective<'a> {
        DateTime(DateTime<'a>) = "effectiveDateTime",
        Period(Period<'a>) = "effectivePeriod",
        Timing(Raw<'a>) = "effectiveTiming",
        Instant(DateTime<'a>) = "effectiveInstant",
    }
}

choice! {
    /// What was observed.
    ObservationValue<'a> {
        Quantity(Quantity<'a>) = "valueQuantity",
        CodeableConcept(CodeableConcept<'a>) = "valueCodeableConcept",
        String(Text<'a>) = "valueString",
        Boolean(bool) = "valueBoolean",
        Integer(i32) = "valueInteger",
        Range(Box<Range<'a>>) = "valueRange",
        Ratio(Raw<'a>) = "valueRatio",
        SampledData(Raw<'a>) = "valueSampledData",
        Time(Text<'a>) = "valueTime",
        DateTime(DateTime<'a>) = "valueDateTime",
        Period(Box<Period<'a>>) = "valuePeriod",
    }
}

element! {
    /// What values are usual or recommended.
    ReferenceRange {
        low: Option<Quantity<'a>> = "low",
        high: Option<Quantity<'a>> = "high",
        type_: Option<CodeableConcept<'a>> = "type",
        applies_to: Vec<CodeableConcept<'a>> = "appliesTo",
        age: Option<Box<Range<'a>>> = "age",
        text: Option<Text<'a>> = "text",
    }
}

element! {
    /// One of several results that belong together, e.g. systolic pressure.
    ObservationComponent {
        code: Option<CodeableConcept<'a>> = "code",
        value: Option<ObservationValue<'a>> = "value",
        data_absent_reason: Option<CodeableConcept<'a>> = "dataAbsentReason",
        interpretation: Vec<CodeableConcept<'a>> = "interpretation",
        reference_range: Vec<ReferenceRange<'a>> = "referenceRange",
    }
}

resource! {
    /// A report of a laboratory, imaging or other diagnostic service, or a clinical note.
    DiagnosticReport {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        status: Option<Text<'a>> = "status",
        category: Vec<CodeableConcept<'a>> = "category",
        code: Option<CodeableConcept<'a>> = "code",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        effective: Option<Effective<'a>> = "effective",
        issued: Option<DateTime<'a>> = "issued",
        performer: Vec<Reference<'a>> = "performer",
        results_interpreter: Vec<Reference<'a>> = "resultsInterpreter",
        specimen: Vec<Reference<'a>> = "specimen",
        result: Vec<Reference<'a>> = "result",
        imaging_study: Vec<Reference<'a>> = "imagingStudy",
        conclusion: Option<Text<'a>> = "conclusion",
        conclusion_code: Vec<CodeableConcept<'a>> = "conclusionCode",
        presented_form: Vec<Attachment<'a>> = "presentedForm",
    }
}
