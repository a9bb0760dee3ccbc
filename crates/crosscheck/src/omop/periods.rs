//! Periods: a person is observed, in periods that do not touch, and covered by payers during life.

use chrono::{Days, NaiveDate};
use twinlake_omop::{Cell, DynRow, Table};

use super::life::Life;
use super::row::RowRules;
use crate::context::Context;
use crate::finding::{Findings, Severity};
use crate::person::Person;

/// Days after death in which a payer may still be on the books.
const GRACE: Days = Days::new(60);

/// Who has any event has an observation period.
pub(super) fn is_observed(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let table = Table::ObservationPeriod;
    let said = out.list.iter().any(|finding| finding.table == Some(table));
    if said || context.omop.lacks(table) || !person.rendered(table).is_empty() || person.omop.len() < 2 {
        return;
    }
    let Some(row) = person.rendered(Table::Person).first() else { return };
    let mut rules = RowRules { context, person: Some(person), row, out };
    rules.find("not_observed", Severity::Error, &Cell::Null, "has events and no observation period");
}

/// Observation periods do not overlap and do not follow each other without a day between.
pub(super) fn observation(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let mut periods: Vec<(NaiveDate, NaiveDate, &DynRow)> = Vec::new();
    for row in person.rendered(Table::ObservationPeriod) {
        let start = row.cell("observation_period_start_date").as_date();
        let end = row.cell("observation_period_end_date").as_date();
        periods.extend(start.zip(end).map(|(start, end)| (start, end, *row)));
    }
    periods.sort_by_key(|(start, end, row)| (*start, *end, row.key()));
    for pair in periods.windows(2) {
        let [(_, end, _), (start, _, row)] = pair else { continue };
        if (*start - *end).num_days() <= 1
            && !out.list.iter().any(|one| one.table == Some(Table::ObservationPeriod) && one.key == row.key())
        {
            let sentence = format!("starts on {start}, the period before it ends on {end}");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find("overlap", Severity::Error, &Cell::Date(*start), &sentence);
        }
    }
}

/// A person has no payer before birth, and none that begins after death or lasts long after it.
pub(super) fn payers(context: &Context<'_>, person: &Person<'_>, life: &Life, out: &mut Findings) {
    let table = Table::PayerPlanPeriod;
    let (first, last) = ("payer_plan_period_start_date", "payer_plan_period_end_date");
    for row in person.rendered(table) {
        let Some(start) = row.cell(first).as_date() else { continue };
        let mut rules = RowRules { context, person: Some(person), row, out };
        if rules.said(first) || rules.said(last) {
            continue;
        }
        let severity = context.content();
        if let Some(birth) = life.birth.filter(|birth| start < *birth) {
            let sentence = format!("starts on {start}, the person was born on {birth}");
            rules.find_in("before_birth", first, severity, &Cell::Date(start), &sentence);
        } else if let Some(death) = life.death.filter(|death| start > *death) {
            let sentence = format!("starts on {start}, the person died on {death}");
            rules.find_in("after_death", first, severity, &Cell::Date(start), &sentence);
        } else if let Some((death, end)) = life.death.zip(row.cell(last).as_date())
            && death.checked_add_days(GRACE).is_some_and(|last| end > last)
        {
            let sentence = format!("ends on {end}, the person died on {death}");
            rules.find_in("after_death", last, severity, &Cell::Date(end), &sentence);
        }
    }
}
