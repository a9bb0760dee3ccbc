//! `note`: documents, and the texts of reports that were not filed as one.

use chrono::NaiveDateTime;
use twinlake_omop::{ConceptId, Note};
use twinlake_vocab::{Domain, system, types};

use super::Patient;
use crate::render::codes::{self, Code};
use crate::timeline::{self, WrittenReport};

pub(super) fn note(patient: &Patient<'_>, note: &timeline::Note) -> Note {
    let kind = codes::note(note.kind);
    row(patient, patient.key(note.event), kind, kind.display, &note.text, note.at, note.encounter)
}

/// One note a report: of the document when there is one, else of the report, dated by what it is about.
pub(super) fn report(patient: &Patient<'_>, report: &WrittenReport) -> Note {
    let kind = codes::IMAGING_NOTE;
    let text = &report.text;
    if let Some(document) = report.document {
        return row(patient, patient.key(document), kind, kind.display, text, report.at, report.encounter);
    }
    let procedure = &patient.timeline.procedures[report.procedure];
    let title = patient.context.meaning(procedure.concept).entry.display;
    row(patient, patient.key(report.event), kind, title, text, procedure.start, report.encounter)
}

fn row(
    patient: &Patient<'_>,
    note_id: i64,
    kind: Code,
    title: &str,
    text: &str,
    at: NaiveDateTime,
    encounter: usize,
) -> Note {
    let vocab = patient.context.vocab;
    // Only concepts of notes are classes of notes.
    let class = vocab.find(system::LOINC, kind.code).filter(|concept| concept.domain == Domain::Note);
    Note {
        note_id,
        person_id: patient.person_id,
        note_date: at.date(),
        note_datetime: Some(at),
        note_type_concept_id: types::EHR,
        note_class_concept_id: class.map_or(ConceptId::NONE, |concept| concept.concept_id),
        note_title: Some(title.to_owned()),
        note_text: text.to_owned(),
        encoding_concept_id: types::UTF8,
        language_concept_id: vocab.language(codes::NOTE_LANGUAGE),
        provider_id: Some(patient.practitioner(Some(encounter))),
        visit_occurrence_id: patient.visit(Some(encounter)),
        note_source_value: Some(kind.code.to_owned()),
        ..Note::default()
    }
}
