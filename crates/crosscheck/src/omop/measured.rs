//! Measurements: the unit is one of the measurement's, and the value one that a living person can have in that unit.

use twinlake_omop::{Cell, Table};

use super::facts;
use super::row::RowRules;

/// A unit that was not found, 0, is for completeness to say.
pub(super) fn check(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    if row.table != Table::Measurement || rules.said("measurement_concept_id") || rules.said("unit_concept_id") {
        return;
    }
    let Some(concept) = row.cell("measurement_concept_id").as_int() else { return };
    let (unit, value) = (row.cell("unit_concept_id").as_int(), row.cell("value_as_number"));
    let severity = rules.context.content();
    // A result without a number has no unit, and one without both is for completeness too.
    let has_unit = unit.is_some() || !value.is_null();
    if has_unit
        && unit != Some(0)
        && let Some(allowed) = facts::units(concept)
        && !allowed.contains(&unit)
    {
        let says = unit.map_or_else(|| "no unit".to_owned(), |unit| format!("unit {unit}"));
        let ids: Vec<String> =
            allowed.iter().map(|unit| unit.map_or_else(|| "none".to_owned(), |unit| unit.to_string())).collect();
        let sentence = format!("has {says}, measurement {concept} allows {}", ids.join(", "));
        rules.find_in("wrong_unit", "unit_concept_id", severity, row.cell("unit_concept_id"), &sentence);
        return;
    }
    let Cell::Float(number) = value else { return };
    if rules.said("value_as_number") {
        return;
    }
    if let Some((lowest, highest)) = facts::bounds(concept, unit)
        && !(lowest..=highest).contains(number)
    {
        let sentence = format!("is {number}, measurement {concept} is from {lowest} to {highest} in this unit");
        rules.find_in("implausible_value", "value_as_number", severity, value, &sentence);
    }
}
