//! What a `CodeableConcept` is in OMOP.

use twinlake_fhir::{CodeableConcept, Coding};
use twinlake_omop::ConceptId;
use twinlake_vocab::{Domain, Mapping, Vocab};

use crate::loss::Losses;

/// OMOP's `*_source_value` columns have 50 characters.
const SOURCE_VALUE: usize = 50;

/// A `CodeableConcept` in OMOP's four columns' worth.
pub(crate) struct Coded {
    /// The standard concept; 0 when there is none.
    pub(crate) standard: ConceptId,
    /// Its domain.
    pub(crate) domain: Domain,
    /// The concept of the source coding itself; 0 when the vocabulary does not have it.
    pub(crate) source: ConceptId,
    /// What the coding says besides (`Maps to value`): the substance of "allergy to penicillin".
    pub(crate) value: Option<ConceptId>,
    /// The source coding's code, else the text.
    pub(crate) source_value: Option<String>,
}

/// Maps a `CodeableConcept` of a resource, counting what does not map (MAPPING 8).
pub(crate) fn map(vocab: &Vocab, concept: &CodeableConcept<'_>, resource_type: &str, losses: &mut Losses) -> Coded {
    let text = concept.text.as_deref();
    let (coding, mapping) = match source_coding(vocab, concept) {
        Some((coding, mapping)) => (Some(coding), mapping),
        // Words alone mean what a `source_to_concept_map` says they do.
        None => (None, text.map_or(Mapping::NONE, |text| vocab.map(None, text))),
    };
    let display = coding.and_then(|coding| coding.display.as_deref());
    let code = coding.and_then(|coding| coding.code.as_deref()).or(display);
    if !mapping.is_mapped() {
        let system = coding.and_then(|coding| coding.system.as_deref());
        let display = display.or(text.filter(|_| coding.is_some()));
        losses.count_code(system, code.or(text).unwrap_or_default(), display);
    }
    for _ in mapping.others.iter().chain(mapping.values.iter().skip(1)) {
        losses.count_reason(resource_type, "further-concept");
    }
    // Only these two tables have a column for it.
    if !mapping.values.is_empty() && !matches!(mapping.domain, Domain::Measurement | Domain::Observation) {
        losses.count_reason(resource_type, "maps-to-value");
    }
    Coded {
        standard: mapping.standard,
        domain: mapping.domain,
        source: mapping.source,
        value: mapping.values.first().copied(),
        source_value: code.or(text).map(source_value),
    }
}

/// The coding a user selected, else the first that maps, else the first.
fn source_coding<'c, 'a>(vocab: &Vocab, concept: &'c CodeableConcept<'a>) -> Option<(&'c Coding<'a>, Mapping)> {
    let mapping = |coding: &'c Coding<'a>| (coding, map_coding(vocab, coding));
    if let Some(selected) = concept.coding.iter().find(|coding| coding.user_selected == Some(true)) {
        return Some(mapping(selected));
    }
    let mapped = concept.coding.iter().map(mapping).find(|(_, mapping)| mapping.is_mapped());
    mapped.or_else(|| concept.coding.first().map(mapping))
}

fn map_coding(vocab: &Vocab, coding: &Coding<'_>) -> Mapping {
    coding.code.as_deref().map_or(Mapping::NONE, |code| vocab.map(coding.system.as_deref(), code))
}

/// A text as a `*_source_value`, cut at 50 characters.
pub(crate) fn source_value(text: &str) -> String {
    cut(text, SOURCE_VALUE)
}

/// The first characters of a text.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    // A text has no more characters than bytes.
    let end = if text.len() > characters { text.char_indices().nth(characters) } else { None };
    end.map_or(text, |(end, _)| &text[..end]).to_owned()
}
