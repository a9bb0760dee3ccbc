//! `DocumentReference`, and the `DiagnosticReport` that is a text.

use twinlake_fhir::{
    Attachment, CodeableConcept, Coding, DiagnosticReport, DocumentContent, DocumentContext, DocumentReference,
    Effective, Identifier, Text,
};
use twinlake_pack::ReportService;

use super::{Chart, coded};
use crate::ids;
use crate::render::codes::{self, Code};
use crate::timeline::{EventId, Note, WrittenReport};

const DOCUMENT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference";
const REPORT: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-diagnosticreport-note";
const CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category";
const CLINICAL_NOTE: Code = Code { code: "clinical-note", display: "Clinical Note" };
const LOINC: &str = "http://loinc.org";
const FORMAT: &str = "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode";
/// The format says no more than the MIME type does.
const PLAIN: Code = Code { code: "urn:ihe:iti:xds:2017:mimeTypeSufficient", display: "mimeType Sufficient" };

pub(super) fn note<'a>(chart: &'a Chart<'_>, note: &'a Note) -> DocumentReference<'a> {
    document(chart, note.event, codes::note(note.kind), &note.text, note.at, note.encounter)
}

/// A written report filed as a document.
pub(super) fn filed<'a>(chart: &'a Chart<'_>, report: &'a WrittenReport) -> Option<DocumentReference<'a>> {
    Some(document(chart, report.document?, codes::IMAGING_NOTE, &report.text, report.at, report.encounter))
}

fn document<'a>(
    chart: &'a Chart<'_>,
    event: EventId,
    kind: Code,
    text: &'a str,
    at: chrono::NaiveDateTime,
    encounter: usize,
) -> DocumentReference<'a> {
    let visit = &chart.timeline.encounters[encounter];
    DocumentReference {
        id: Some(chart.id(event)),
        meta: Some(chart.meta(at, encounter, &[DOCUMENT])),
        identifier: vec![Identifier {
            system: Some(Text::from("https://twinlake.example/document")),
            value: Some(Text::from(ids::event(chart.timeline.patient, event).to_string())),
            ..Identifier::default()
        }],
        status: Some(Text::from("current")),
        doc_status: Some(Text::from("final")),
        type_: Some(coded(LOINC, kind)),
        category: vec![coded(CATEGORY, CLINICAL_NOTE)],
        subject: Some(chart.subject()),
        date: Some(chart.at(at)),
        author: vec![chart.practitioner(visit.practitioner)],
        custodian: Some(chart.organization(visit.organization)),
        content: vec![DocumentContent {
            attachment: Some(attachment(chart, kind.display, text, at)),
            format: Some(Coding::displayed(FORMAT, PLAIN.code, PLAIN.display)),
            ..DocumentContent::default()
        }],
        context: Some(Box::new(DocumentContext {
            encounter: vec![chart.encounter(encounter)],
            period: Some(chart.period(visit.start, visit.end)),
            ..DocumentContext::default()
        })),
        ..DocumentReference::default()
    }
}

/// The report itself, with its text.
pub(super) fn report<'a>(chart: &'a Chart<'_>, report: &'a WrittenReport) -> DiagnosticReport<'a> {
    let visit = &chart.timeline.encounters[report.encounter];
    let procedure = &chart.timeline.procedures[report.procedure];
    let display = chart.context.meaning(procedure.concept).entry.display;
    let category = match report.service {
        ReportService::Radiology => Code { code: "LP29684-5", display: "Radiology" },
        ReportService::Cardiology => Code { code: "LP29708-2", display: "Cardiology" },
    };
    DiagnosticReport {
        id: Some(chart.id(report.event)),
        meta: Some(chart.meta(report.at, report.encounter, &[REPORT])),
        status: Some(Text::from("final")),
        category: vec![coded(LOINC, category)],
        code: Some(CodeableConcept { text: Some(Text::from(display)), ..coded(LOINC, codes::IMAGING_NOTE) }),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(report.encounter)),
        effective: Some(Effective::DateTime(chart.at(procedure.start))),
        issued: Some(chart.at(report.at)),
        performer: vec![chart.practitioner(visit.practitioner)],
        presented_form: vec![attachment(chart, display, &report.text, report.at)],
        ..DiagnosticReport::default()
    }
}

fn attachment<'a>(chart: &Chart<'_>, title: &'static str, text: &str, at: chrono::NaiveDateTime) -> Attachment<'a> {
    Attachment {
        language: Some(Text::from(codes::NOTE_LANGUAGE)),
        title: Some(Text::from(title)),
        creation: Some(chart.at(at)),
        ..Attachment::of_text("text/plain", text)
    }
}
