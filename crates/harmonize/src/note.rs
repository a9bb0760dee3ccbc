//! `DocumentReference`, Composition, and `DiagnosticReport` with a text of its own, to `note` (MAPPING 12).

use twinlake_fhir::{
    Attachment, CodeableConcept, Composition, CompositionSection, DiagnosticReport, DocumentReference, Effective,
};
use twinlake_omop::{self as omop, ConceptId};
use twinlake_vocab::{Domain, types};

use crate::coded::{cut, source_value};
use crate::elements;
use crate::event::{Reading, When};
use crate::xhtml::plain_text;

/// `note.note_title` has 250 characters.
const TITLE: usize = 250;

/// The note of a document: its first text.
pub(crate) fn document_row(reading: &mut Reading<'_, '_>, document: &DocumentReference<'_>) -> Option<omop::Note> {
    if document.status.as_deref() != Some("current") || document.doc_status.as_deref() == Some("entered-in-error") {
        return reading.lost("status");
    }
    let context = document.context.as_deref();
    let begun = context.and_then(|context| context.period.as_ref()?.start.as_ref());
    let Some(when) = document.date.as_ref().or(begun).map(When::from) else {
        return reading.lost("date");
    };
    let attachments = document.content.iter().filter_map(|content| content.attachment.as_ref());
    let Some((attachment, text)) = first_text(attachments) else {
        return reading.lost("no-text");
    };
    let title = attachment.title.as_deref().or(document.description.as_deref());
    let mut row = row(reading, document.type_.as_ref(), attachment, text, title, when);
    row.note_id = reading.key(document.id.as_deref());
    row.provider_id = reading.provider(&document.author);
    let visit = reading.visit(context.and_then(|context| context.encounter.first()));
    row.visit_occurrence_id = visit.map(|at| at.visit_occurrence_id);
    row.visit_detail_id = visit.and_then(|at| at.visit_detail_id);
    let description = if attachment.title.is_some() { "content.attachment.title" } else { "description" };
    let used = [
        description,
        "status",
        "docStatus",
        "type",
        "subject",
        "date",
        "author",
        "content.attachment.contentType",
        "content.attachment.data",
        "content.attachment.size",
        "content.attachment.language",
        "content.attachment.title",
        "context.encounter",
        "context.period.start",
    ];
    elements::count("DocumentReference", document, &document.extension, &used, &[], reading.losses);
    Some(row)
}

/// States of a report that is there.
const REALISED: [&str; 4] = ["final", "amended", "corrected", "appended"];

/// The note of a report that has a text, unless one of `notes`, those of documents, has the same text at the same visit.
pub(crate) fn report_row(
    reading: &mut Reading<'_, '_>,
    report: &DiagnosticReport<'_>,
    notes: &[omop::Note],
) -> Option<omop::Note> {
    let Some((attachment, text)) = first_text(report.presented_form.iter()) else {
        return reading.lost("results-in-observations");
    };
    if !report.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status");
    }
    let effective = match &report.effective {
        Some(Effective::DateTime(time) | Effective::Instant(time)) => Some(time),
        Some(Effective::Period(period)) => period.start.as_ref(),
        Some(Effective::Timing(_)) | None => None,
    };
    let Some(when) = effective.or(report.issued.as_ref()).map(When::from) else {
        return reading.lost("date");
    };
    let visit = reading.visit(report.encounter.as_ref());
    let visit_occurrence_id = visit.map(|at| at.visit_occurrence_id);
    if notes.iter().any(|note| note.visit_occurrence_id == visit_occurrence_id && note.note_text == text) {
        return reading.lost("same-text");
    }
    let title = attachment.title.as_deref();
    let mut row = row(reading, report.code.as_ref(), attachment, text, title, when);
    row.note_id = reading.key(report.id.as_deref());
    row.provider_id = reading.provider(&report.performer);
    row.visit_occurrence_id = visit_occurrence_id;
    row.visit_detail_id = visit.and_then(|at| at.visit_detail_id);
    let used = [
        "status",
        "code.coding",
        "subject",
        "encounter",
        "effectiveDateTime",
        "effectivePeriod.start",
        "effectiveInstant",
        "issued",
        "performer",
        "presentedForm.contentType",
        "presentedForm.data",
        "presentedForm.size",
        "presentedForm.language",
        "presentedForm.title",
    ];
    elements::count("DiagnosticReport", report, &report.extension, &used, &[], reading.losses);
    Some(row)
}

/// The note of a document that is made of resources: titles and texts of its sections, in their order.
pub(crate) fn composition_row(reading: &mut Reading<'_, '_>, composition: &Composition<'_>) -> Option<omop::Note> {
    if !composition.status.as_deref().is_some_and(|status| ["final", "amended"].contains(&status)) {
        return reading.lost("status");
    }
    let Some(when) = composition.date.as_ref().map(When::from) else {
        return reading.lost("date");
    };
    let mut text = String::new();
    sections(&composition.section, &mut text);
    if text.is_empty() {
        return reading.lost("no-text");
    }
    let attachment = Attachment::default();
    let title = composition.title.as_deref();
    let mut row = row(reading, composition.type_.as_ref(), &attachment, text, title, when);
    row.note_id = reading.key(composition.id.as_deref());
    row.provider_id = reading.provider(&composition.author);
    let visit = reading.visit(composition.encounter.as_ref());
    row.visit_occurrence_id = visit.map(|at| at.visit_occurrence_id);
    row.visit_detail_id = visit.and_then(|at| at.visit_detail_id);
    let used = [
        "status",
        "type",
        "subject",
        "encounter",
        "date",
        "author",
        "title",
        "section.title",
        "section.text",
        "section.section",
    ];
    elements::count("Composition", composition, &composition.extension, &used, &[], reading.losses);
    Some(row)
}

/// Appends titles and texts of sections and of those within them, a paragraph each.
fn sections(sections_of: &[CompositionSection<'_>], text: &mut String) {
    for section in sections_of {
        let title = section.title.as_deref().unwrap_or_default().trim();
        let narrative = section.text.as_ref().and_then(|narrative| narrative.div.as_deref());
        for paragraph in [title, narrative.map(plain_text).unwrap_or_default().as_str()] {
            if !paragraph.is_empty() {
                let gap = if text.is_empty() { "" } else { "\n" };
                text.push_str(gap);
                text.push_str(paragraph);
            }
        }
        sections(&section.section, text);
    }
}

/// The first attachment that is a text, which is not empty.
fn first_text<'t, 'a: 't>(
    attachments: impl Iterator<Item = &'t Attachment<'a>>,
) -> Option<(&'t Attachment<'a>, String)> {
    let mut texts = attachments.filter_map(|attachment| Some((attachment, attachment.text()?)));
    texts.find(|(_, text)| !text.is_empty())
}

/// What the notes of both have; key, provider and visit are the caller's.
fn row(
    reading: &mut Reading<'_, '_>,
    kind: Option<&CodeableConcept<'_>>,
    attachment: &Attachment<'_>,
    text: String,
    title: Option<&str>,
    when: When,
) -> omop::Note {
    let coded = kind.map(|kind| reading.map(kind));
    // Only concepts of notes are classes of notes; what else a code may mean is no class.
    let class = coded.as_ref().filter(|coded| coded.domain == Domain::Note);
    let language = attachment.language.as_deref();
    omop::Note {
        person_id: reading.context.person_id,
        note_date: when.date,
        note_datetime: when.datetime,
        note_type_concept_id: types::EHR,
        note_class_concept_id: class.map_or(ConceptId::NONE, |coded| coded.standard),
        note_title: title.map(|title| cut(title, TITLE)),
        note_text: text,
        encoding_concept_id: types::UTF8,
        language_concept_id: language.map_or(ConceptId::NONE, |tag| reading.context.vocab.language(tag)),
        note_source_value: coded.and_then(|coded| coded.source_value).map(|value| source_value(&value)),
        ..omop::Note::default()
    }
}
