//! Which resources a fault may be put into.

use crate::chart::Chart;
use crate::document::Document;

/// Where an Observation has its number.
pub(crate) const VALUE: &str = "valueQuantity.value";
/// Where a problem has its beginning.
pub(crate) const ONSET: &str = "onsetDateTime";
/// Where a problem that passed has its end.
pub(crate) const ABATEMENT: &str = "abatementDateTime";
/// Where a resource names its visit.
pub(crate) const VISIT: &str = "encounter.reference";
/// A reference to a visit that is nowhere.
pub(crate) const NO_VISIT: &str = "Encounter/nowhere";

/// LOINC codes, each told as one number.
pub(crate) const HEART_RATE: &str = "8867-4";
pub(crate) const HBA1C: &str = "4548-4";

/// The patient.
pub(crate) fn patient(_: &Chart, one: &Document) -> bool {
    one.resource_type == "Patient"
}

/// Resources of a type that give a row.
pub(crate) fn of(resource_type: &str) -> impl Fn(&Chart, &Document) -> bool {
    move |chart, one| one.resource_type == resource_type && chart.row_of(one).is_some()
}

/// Resources of a type that give a row and have an element.
pub(crate) fn with(resource_type: &str, path: &str) -> impl Fn(&Chart, &Document) -> bool {
    move |chart, one| one.resource_type == resource_type && one.raw(path).is_some() && chart.row_of(one).is_some()
}

/// Problems with an onset; a diagnosis takes its time from its visit.
pub(crate) fn problem(chart: &Chart, one: &Document) -> bool {
    with("Condition", ONSET)(chart, one)
        && one.string("category.0.coding.0.code").as_deref() == Some("problem-list-item")
}

/// Problems that passed.
pub(crate) fn passed_problem(chart: &Chart, one: &Document) -> bool {
    one.raw(ABATEMENT).is_some() && problem(chart, one)
}

/// Observations with a number that satisfies a condition.
pub(crate) fn number(is_it: impl Fn(f64) -> bool) -> impl Fn(&Chart, &Document) -> bool {
    move |chart, one| {
        with("Observation", VALUE)(chart, one)
            && one.raw(VALUE).and_then(|value| value.parse().ok()).is_some_and(&is_it)
    }
}

/// Observations with a number and this LOINC code.
pub(crate) fn measured(code: &str) -> impl Fn(&Chart, &Document) -> bool {
    move |chart, one| {
        with("Observation", VALUE)(chart, one) && one.string("code.coding.0.code").as_deref() == Some(code)
    }
}
