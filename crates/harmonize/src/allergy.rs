//! `AllergyIntolerance` to observation, or to the table of its concept's domain.

use twinlake_fhir::{AllergyIntolerance, Text};
use twinlake_omop::AnyRow;
use twinlake_vocab::types;

use crate::condition::onset;
use crate::elements;
use crate::event::{Event, Reading, Target, When};

pub(crate) fn rows(reading: &mut Reading<'_, '_>, allergy: &AllergyIntolerance<'_>) -> Option<AnyRow> {
    let status = allergy.verification_status.as_ref();
    if status.is_some_and(|status| status.has_code("refuted") || status.has_code("entered-in-error")) {
        return reading.lost("verificationStatus");
    }
    let Some(code) = &allergy.code else {
        return reading.lost("no-code");
    };
    let recorded = allergy.recorded_date.as_ref().map(When::from);
    let Some(when) = onset(allergy.onset.as_ref()).or(recorded) else {
        return reading.lost("date");
    };
    let mut coded = reading.map(code);
    let mut target = Target::of(coded.domain, Target::Observation);
    if reading.context.vocab.is_substance(coded.standard) {
        // Penicillin is not what the patient was given but what they must not be: the row says "allergy", and to what.
        let category = allergy.category.first().map(Text::as_str);
        let kind = reading.context.vocab.allergy(allergy.type_.as_deref(), category);
        coded.value = Some(std::mem::replace(&mut coded.standard, kind));
        target = Target::Observation;
    }
    let event = Event {
        key: reading.key(allergy.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when,
        type_concept_id: types::PROBLEM_LIST,
        provider_id: reading.provider(&allergy.recorder),
        // The encounter is that of the record, which may be years after the onset.
        visit: reading
            .visit(allergy.encounter.as_ref())
            .filter(|_| recorded.is_none_or(|recorded| recorded.date == when.date)),
    };
    let used = [
        "verificationStatus",
        "type",
        "category",
        "code",
        "patient",
        "encounter",
        "onsetDateTime",
        "onsetPeriod.start",
        "recordedDate",
        "recorder",
    ];
    elements::count("AllergyIntolerance", allergy, &allergy.extension, &used, &[], reading.losses);
    Some(event.into_row(target))
}
