//! Ranges: numbers and days of a field that none can exceed, whatever its row is about.

use chrono::NaiveDate;
use twinlake_omop::{Cell, Kind, Table};

use super::row::RowRules;

/// First day of which anything is recorded.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(1950, 1, 1).expect("a day");
/// First day on which a person who has a record can have been born.
const EARLIEST_BIRTH: NaiveDate = NaiveDate::from_ymd_opt(1850, 1, 1).expect("a day");

/// How the names of fields begin that say how long a supply lasts.
const SUPPLIED: [&str; 3] = ["drug_exposure_end_", "drug_era_end_", "dose_era_end_"];

/// Numbers of a row.
pub(super) fn numbers(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    for (table, column, lowest, highest) in NUMBERS {
        if table != row.table || rules.said(column) {
            continue;
        }
        let cell = row.cell(column);
        let value = match cell {
            #[expect(clippy::cast_precision_loss, reason = "a number that is too large for it is out of range")]
            Cell::Int(value) => *value as f64,
            Cell::Float(value) => *value,
            _ => continue,
        };
        if !(lowest..=highest).contains(&value) {
            let most = if highest.is_finite() { format!(" to {highest}") } else { " on".to_owned() };
            let sentence = format!("says {cell} in {column}, which is from {lowest}{most}");
            rules.find_in("out_of_range", column, rules.context.content(), cell, &sentence);
        }
    }
}

/// Days of a row: from 1950 to the day after the data's release, where that is known. A supply may last longer
/// than the data, and so may what is made of it.
pub(super) fn days(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    let earliest = if row.table == Table::Person { EARLIEST_BIRTH } else { EARLIEST };
    let latest = rules.context.omop.release().and_then(|day| day.succ_opt());
    for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
        let is_day = matches!(field.kind, Kind::Date | Kind::DateTime);
        let Some(day) = cell.as_date().filter(|_| is_day) else { continue };
        let may_be_later = SUPPLIED.iter().any(|start| field.name.starts_with(start));
        let late = latest.filter(|latest| day > *latest && !may_be_later);
        if (day >= earliest && late.is_none()) || rules.said(field.name) {
            continue;
        }
        let limit = match late {
            Some(latest) => format!("the data end on {latest}"),
            None => format!("records begin on {earliest}"),
        };
        let sentence = format!("says {day} in {}, {limit}", field.name);
        rules.find_in("out_of_range", field.name, rules.context.content(), cell, &sentence);
    }
}

/// Table, column, lowest, highest.
const NUMBERS: [(Table, &str, f64, f64); 13] = [
    (Table::ConditionEra, "condition_occurrence_count", 1.0, f64::INFINITY),
    (Table::DeviceExposure, "quantity", 1.0, f64::INFINITY),
    (Table::DoseEra, "dose_value", 0.0, f64::INFINITY),
    (Table::DrugEra, "drug_exposure_count", 1.0, f64::INFINITY),
    (Table::DrugEra, "gap_days", 0.0, f64::INFINITY),
    (Table::DrugExposure, "days_supply", 1.0, 365.0),
    (Table::DrugExposure, "quantity", 1e-7, f64::INFINITY),
    (Table::DrugExposure, "refills", 0.0, 24.0),
    (Table::Person, "day_of_birth", 1.0, 31.0),
    (Table::Person, "month_of_birth", 1.0, 12.0),
    (Table::Person, "year_of_birth", 1850.0, 2100.0),
    (Table::ProcedureOccurrence, "quantity", 1.0, f64::INFINITY),
    (Table::Specimen, "quantity", 1e-7, f64::INFINITY),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_range_is_of_a_field() {
        for (table, column, lowest, highest) in NUMBERS {
            assert!(table.spec().column(column).is_some() && lowest < highest, "{table}.{column}");
        }
    }
}
