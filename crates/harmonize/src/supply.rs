//! SupplyDelivery to `device_exposure`, or to the table of its item's domain.

use twinlake_fhir::{Quantity, SupplyDelivery, SupplyItem, SupplyTime};
use twinlake_omop::AnyRow;
use twinlake_vocab::types;

use crate::elements;
use crate::event::{Event, Reading, Target, When};

pub(crate) fn rows(reading: &mut Reading<'_, '_>, delivery: &SupplyDelivery<'_>) -> Option<AnyRow> {
    if delivery.status.as_deref() != Some("completed") {
        return reading.lost("status");
    }
    let (start, end) = match &delivery.occurrence {
        Some(SupplyTime::DateTime(time)) => (Some(time), None),
        Some(SupplyTime::Period(period)) => (period.start.as_ref(), period.end.as_ref()),
        // A timing says how often, and not when.
        Some(SupplyTime::Timing(_)) | None => (None, None),
    };
    let Some(when) = start.map(When::from) else {
        return reading.lost("date");
    };
    let item = delivery.supplied_item.as_ref();
    let Some(SupplyItem::CodeableConcept(code)) = item.and_then(|item| item.item.as_ref()) else {
        return reading.lost("no-code");
    };
    let coded = reading.map(code);
    let target = Target::of(coded.domain, Target::Device);
    let event = Event {
        key: reading.key(delivery.id.as_deref()),
        person_id: reading.context.person_id,
        coded,
        when,
        type_concept_id: types::EHR,
        provider_id: reading.provider(&delivery.supplier),
        visit: None,
    };
    let used = [
        "status",
        "patient",
        "suppliedItem.itemCodeableConcept",
        "suppliedItem.quantity.value",
        "occurrenceDateTime",
        "occurrencePeriod",
        "supplier",
    ];
    elements::count("SupplyDelivery", delivery, &delivery.extension, &used, &[], reading.losses);
    if target != Target::Device {
        return Some(event.into_row(target));
    }
    let mut row = event.into_device();
    let end = end.map(When::from);
    row.device_exposure_end_date = end.map(|end| end.date.max(when.date));
    row.device_exposure_end_datetime = end.and_then(|end| end.datetime);
    row.quantity = pieces(item.and_then(|item| item.quantity.as_ref()));
    Some(row.into())
}

/// Whole pieces; the column has no place for parts of one.
fn pieces(quantity: Option<&Quantity<'_>>) -> Option<i32> {
    let pieces = quantity?.value.as_ref()?.to_f64();
    #[expect(clippy::cast_possible_truncation, reason = "the range was just checked")]
    (pieces.fract() == 0.0 && (0.0..=f64::from(i32::MAX)).contains(&pieces)).then_some(pieces as i32)
}
