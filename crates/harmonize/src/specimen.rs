//! Specimen to `specimen`, or to the table of its type's domain.

use twinlake_fhir::{Collected, Specimen};
use twinlake_omop::{AnyRow, ConceptId};
use twinlake_vocab::{system, types};

use crate::coded::source_value;
use crate::elements;
use crate::event::{Event, Reading, Target, When};

pub(crate) fn rows(reading: &mut Reading<'_, '_>, specimen: &Specimen<'_>) -> Option<AnyRow> {
    // A specimen that cannot be used was taken all the same.
    if specimen.status.as_deref() == Some("entered-in-error") {
        return reading.lost("status");
    }
    let Some(code) = &specimen.type_ else {
        return reading.lost("no-code");
    };
    let collection = specimen.collection.as_ref();
    let collected = match collection.and_then(|collection| collection.collected.as_ref()) {
        Some(Collected::DateTime(time)) => Some(time),
        Some(Collected::Period(period)) => period.start.as_ref(),
        None => None,
    };
    let Some(when) = collected.or(specimen.received_time.as_ref()).map(When::from) else {
        return reading.lost("date");
    };
    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Specimen);
    let event = Event {
        key: reading.key(specimen.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when,
        type_concept_id: types::LABORATORY,
        provider_id: reading.provider(collection.and_then(|collection| collection.collector.as_ref())),
        visit: None,
    };
    let used = [
        "status",
        "type",
        "subject",
        "receivedTime",
        "collection.collector",
        "collection.collectedDateTime",
        "collection.collectedPeriod.start",
        "collection.quantity",
        "collection.bodySite",
    ];
    elements::count("Specimen", specimen, &specimen.extension, &used, &[], reading.losses);
    if target != Target::Specimen {
        return Some(event.into_row(target));
    }
    let mut row = event.into_specimen();
    row.specimen_source_id = specimen.id.as_deref().map(source_value);
    if let Some(quantity) = collection.and_then(|collection| collection.quantity.as_ref()) {
        row.quantity = quantity.value.as_ref().map(twinlake_fhir::Decimal::to_f64);
        let unit = quantity.code.as_deref().or(quantity.unit.as_deref());
        row.unit_concept_id = unit.map(|unit| reading.context.vocab.unit(unit).unwrap_or(ConceptId::NONE));
        row.unit_source_value = unit.map(source_value);
        if let (Some(unit), Some(ConceptId::NONE)) = (unit, row.unit_concept_id) {
            reading.losses.count_code(Some(system::UCUM), unit, None);
        }
    }
    if let Some(site) = collection.and_then(|collection| collection.body_site.as_ref()) {
        let site = reading.map(site);
        row.anatomic_site_concept_id = Some(site.standard);
        row.anatomic_site_source_value = site.source_value;
    }
    Some(row.into())
}
