//! Visits: their order, their overlaps, the stays within them, and what happens during them.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use twinlake_omop::{Cell, DynRow, Table};

use super::row::RowRules;
use crate::context::Context;
use crate::finding::{Findings, Severity};
use crate::layout::Layout;
use crate::person::Person;

/// Days before and after a visit in which what belongs to it may be dated.
const MARGIN: Days = Days::new(7);
/// Inpatient visit, and emergency room and inpatient visit.
const STAYS: [i64; 2] = [9201, 262];

/// Tables whose rows are dated with their visit.
const DURING: [Table; 7] = [
    Table::ConditionOccurrence,
    Table::DeviceExposure,
    Table::DrugExposure,
    Table::Measurement,
    Table::Note,
    Table::Observation,
    Table::ProcedureOccurrence,
];

/// A preceding visit is the same person's and not later.
pub(super) fn preceding(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let table = Table::VisitOccurrence;
    let visits = person.rendered(table);
    let starts: BTreeMap<Option<i64>, Option<NaiveDate>> =
        visits.iter().map(|row| (row.key(), row.cell("visit_start_date").as_date())).collect();
    for row in visits {
        let column = "preceding_visit_occurrence_id";
        let cell = row.cell(column);
        let Some(Some(before)) = cell.as_int().and_then(|key| starts.get(&Some(key))) else { continue };
        let Some(start) = row.cell("visit_start_date").as_date() else { continue };
        if *before > start
            && !out.said(table, row.key(), column)
            && !is_doubtful(out, row.key())
            && !is_doubtful(out, cell.as_int())
        {
            let sentence = format!("of {start} is preceded by visit {cell} of {before}");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find_in("preceded_by_later", column, Severity::Error, cell, &sentence);
        }
    }
}

/// Stays in a ward lie within their visit.
pub(super) fn details(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let at = |row: &DynRow, column: &str| match row.cell(column) {
        Cell::DateTime(at) => Some(*at),
        _ => None,
    };
    for row in person.rendered(Table::VisitDetail) {
        let key = row.cell("visit_occurrence_id").as_int();
        let Some(visit) = person.rendered(Table::VisitOccurrence).iter().find(|visit| visit.key() == key) else {
            continue;
        };
        let said = |column| out.said(Table::VisitDetail, row.key(), column);
        if said("visit_detail_start_date") || said("visit_detail_end_date") || is_doubtful(out, key) {
            continue;
        }
        let start = at(row, "visit_detail_start_datetime").zip(at(visit, "visit_start_datetime"));
        let end = at(row, "visit_detail_end_datetime").zip(at(visit, "visit_end_datetime"));
        if start.is_some_and(|(mine, visits)| mine < visits) || end.is_some_and(|(mine, visits)| mine > visits) {
            let (from, to) = (row.cell("visit_detail_start_datetime"), row.cell("visit_detail_end_datetime"));
            let visit = format!("{} to {}", visit.cell("visit_start_datetime"), visit.cell("visit_end_datetime"));
            let sentence = format!("is from {from} to {to}, its visit from {visit}");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find("outside_visit", context.content(), from, &sentence);
        }
    }
}

/// No two inpatient visits overlap, nor two of several days; one may begin on the day on which another ends.
pub(super) fn overlaps(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let table = Table::VisitOccurrence;
    let mut spans: Vec<(NaiveDate, NaiveDate, bool, &DynRow)> = Vec::new();
    for row in person.rendered(table) {
        let days = row.cell("visit_start_date").as_date().zip(row.cell("visit_end_date").as_date());
        let Some((start, end)) = days.filter(|(start, end)| start < end) else { continue };
        let is_stay = row.cell("visit_concept_id").as_int().is_some_and(|concept| STAYS.contains(&concept));
        if !is_doubtful(out, row.key()) {
            spans.push((start, end, is_stay, row));
        }
    }
    spans.sort_by_key(|(start, end, _, row)| (*start, *end, row.key()));
    let mut before: Option<(NaiveDate, Option<i64>, bool)> = None;
    for (start, end, is_stay, row) in spans {
        if let Some((last, other, other_is_stay)) = before.filter(|(last, ..)| start < *last) {
            let kind = if is_stay && other_is_stay { "inpatient visit" } else { "visit of several days" };
            let other = other.map_or_else(|| "another".to_owned(), |key| key.to_string());
            let sentence = format!("is a {kind} that begins on {start}, {kind} {other} ends on {last}");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find("overlap", context.content(), &Cell::Date(start), &sentence);
        }
        if before.is_none_or(|(last, ..)| end > last) {
            before = Some((end, row.key(), is_stay));
        }
    }
}

/// What belongs to a visit is dated within a week of it. Where most of a visit's rows are not, it is the visit that is
/// at fault, and that is one finding.
pub(super) fn events(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let mut visits: BTreeMap<i64, Visit<'_>> = BTreeMap::new();
    for row in person.rendered(Table::VisitOccurrence) {
        let days = row.cell("visit_start_date").as_date().zip(row.cell("visit_end_date").as_date());
        let span = days.and_then(|(start, end)| start.checked_sub_days(MARGIN).zip(end.checked_add_days(MARGIN)));
        if let (Some(key), Some((from, to))) = (row.key(), span)
            && !is_doubtful(out, Some(key))
        {
            visits.insert(key, Visit { row, from, to, n_within: 0, outside: Vec::new() });
        }
    }
    for table in DURING {
        let layout = Layout::of(table);
        let (Some(start), Some(visit)) = (layout.start, layout.visit) else { continue };
        let fields = table.spec().fields;
        for row in person.rendered(table) {
            let Some(visit) = row.cells[visit].as_int().and_then(|key| visits.get_mut(&key)) else { continue };
            let Some(day) = row.cells[start].as_date() else { continue };
            if (visit.from..=visit.to).contains(&day) {
                visit.n_within += 1;
            } else if !out.said(table, row.key(), fields[start].name)
                && !out.said(table, row.key(), "visit_occurrence_id")
            {
                visit.outside.push(row);
            }
        }
    }
    for visit in visits.into_values().filter(|visit| !visit.outside.is_empty()) {
        visit.say(context, person, out);
    }
}

struct Visit<'p> {
    row: &'p DynRow,
    from: NaiveDate,
    to: NaiveDate,
    n_within: usize,
    outside: Vec<&'p DynRow>,
}

impl Visit<'_> {
    fn say(&self, context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
        let severity = context.content();
        let (start, end) = (self.row.cell("visit_start_date"), self.row.cell("visit_end_date"));
        if self.outside.len() > 1 && self.outside.len() > self.n_within {
            let sentence = format!("is from {start} to {end}, {} of its rows are of other weeks", self.outside.len());
            let mut rules = RowRules { context, person: Some(person), row: self.row, out };
            return rules.find_in("away_from_visit", "visit_start_date", severity, start, &sentence);
        }
        for row in &self.outside {
            let Some(place) = Layout::of(row.table).start else { continue };
            let (column, day) = (row.table.spec().fields[place].name, &row.cells[place]);
            let sentence = format!("is of {day}, its visit from {start} to {end}");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find_in("away_from_visit", column, severity, day, &sentence);
        }
    }
}

/// Whether something was said of when a visit was.
fn is_doubtful(out: &Findings, visit: Option<i64>) -> bool {
    let said = |column| out.said(Table::VisitOccurrence, visit, column);
    said("visit_start_date") || said("visit_end_date")
}
