//! [`Life`]: when a person lived and was observed, and that nothing happens at another time.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Sex;
use twinlake_vocab::types;

use super::row::RowRules;
use crate::context::Context;
use crate::finding::{Findings, Severity};
use crate::layout::Layout;
use crate::person::{Person, Verdict, partial_date};

/// Days after death in which something may still end.
const GRACE: Days = Days::new(60);

/// When a person lived and was observed, as far as that is beyond doubt.
pub(super) struct Life {
    pub(super) birth: Option<NaiveDate>,
    pub(super) death: Option<NaiveDate>,
    observed: Vec<(NaiveDate, NaiveDate)>,
    pub(super) sex: Option<Sex>,
    /// Concepts of the problem list, and the first day of each.
    pub(super) problems: BTreeMap<i64, Option<NaiveDate>>,
}

impl Life {
    pub(super) fn of(context: &Context<'_>, person: &Person<'_>, verdict: Verdict, out: &Findings) -> Self {
        let row = person.rendered(Table::Person).first();
        let number = |row: &&DynRow, column| row.cell(column).as_int();
        let birth = row.filter(|_| verdict.same_birth).and_then(|row| {
            let year = i32::try_from(number(row, "year_of_birth")?).ok()?;
            let month = u32::try_from(number(row, "month_of_birth").unwrap_or(1)).ok()?;
            let day = u32::try_from(number(row, "day_of_birth").unwrap_or(1)).ok()?;
            NaiveDate::from_ymd_opt(year, month, day)
        });
        let sex = row
            .filter(|row| verdict.same_person && !out.said(Table::Person, row.key(), "gender_concept_id"))
            .and_then(|row| number(row, "gender_concept_id"))
            .and_then(|gender| {
                let is = |code| i64::from(context.vocab.gender(code).get()) == gender;
                if is("female") { Some(Sex::Female) } else { is("male").then_some(Sex::Male) }
            });
        let death = person.rendered(Table::Death).first().filter(|_| verdict.same_death);
        let death = death.and_then(|row| row.cell("death_date").as_date());
        let periods_agree = !out.list.iter().any(|finding| finding.table == Some(Table::ObservationPeriod));
        let periods = person.rendered(Table::ObservationPeriod).iter().filter(|_| periods_agree && verdict.same_person);
        let observed = periods.filter_map(|row| {
            let start = row.cell("observation_period_start_date").as_date()?;
            Some((start, row.cell("observation_period_end_date").as_date()?))
        });
        let problem_list = i64::from(types::PROBLEM_LIST.get());
        let mut problems: BTreeMap<i64, Option<NaiveDate>> = BTreeMap::new();
        for row in person.rendered(Table::ConditionOccurrence) {
            if row.cell("condition_type_concept_id").as_int() != Some(problem_list) {
                continue;
            }
            let Some(concept) = row.cell("condition_concept_id").as_int() else { continue };
            let start = row.cell("condition_start_date").as_date();
            let first = problems.entry(concept).or_insert(start);
            *first = (*first).min(start);
        }
        Life { birth, death, observed: observed.collect(), sex, problems }
    }
}

/// Nothing ends before it starts.
pub(super) fn order(rules: &mut RowRules<'_, '_>) {
    let row = rules.row;
    let layout = Layout::of(row.table);
    let cell = |place: Option<usize>| place.and_then(|place| row.cells.get(place)).unwrap_or(&Cell::Null);
    let days = cell(layout.start).as_date().zip(cell(layout.end).as_date());
    let times = match (cell(layout.start_at), cell(layout.end_at)) {
        (Cell::DateTime(start), Cell::DateTime(end)) => Some((start, end)),
        _ => None,
    };
    let early = days.is_some_and(|(start, end)| end < start) || times.is_some_and(|(start, end)| end < start);
    let fields = row.table.spec().fields;
    let said = [layout.start, layout.end].into_iter().flatten().any(|place| rules.said(fields[place].name));
    if early && !said {
        let (start, end) = (cell(layout.start), cell(layout.end));
        let sentence = format!("starts on {start} and ends on {end}");
        let column = layout.end.map_or("", |place| fields[place].name);
        rules.find_in("end_before_start", column, rules.context.content(), end, &sentence);
    }
}

/// Nothing happens before birth, after death or outside the observation period, and nothing lasts long after death.
pub(super) fn lifetime(rules: &mut RowRules<'_, '_>, life: &Life) {
    let row = rules.row;
    let fields = row.table.spec().fields;
    let Some(place) = Layout::of(row.table).start else { return };
    let (Some(start), column) = (row.cells[place].as_date(), fields[place].name) else { return };
    let severity = rules.context.content();
    if !rules.said(column) {
        let cell = Cell::Date(start);
        if let Some(birth) = life.birth.filter(|birth| start < *birth) {
            let sentence = format!("is of {start}, the person was born on {birth}");
            return rules.find_in("before_birth", column, severity, &cell, &sentence);
        }
        if let Some(death) = life.death.filter(|death| start > *death) {
            let sentence = format!("is of {start}, the person died on {death}");
            return rules.find_in("after_death", column, severity, &cell, &sentence);
        }
        if !life.observed.is_empty() && !life.observed.iter().any(|(from, to)| (*from..=*to).contains(&start)) {
            let sentence = format!("is of {start}, outside the person's observation period");
            return rules.find_in("outside_observation_period", column, Severity::Error, &cell, &sentence);
        }
    }
    let Some(place) = Layout::of(row.table).end else { return };
    let (Some(end), column) = (row.cells[place].as_date(), fields[place].name) else { return };
    if let Some(death) = life.death.filter(|death| death.checked_add_days(GRACE).is_some_and(|last| end > last))
        && !rules.said(column)
    {
        let sentence = format!("ends on {end}, the person died on {death}");
        rules.find_in("after_death", column, severity, &Cell::Date(end), &sentence);
    }
}

/// Nobody dies before birth.
pub(super) fn death(context: &Context<'_>, person: &Person<'_>, life: &Life, out: &mut Findings) {
    let Some((birth, death)) = life.birth.zip(life.death).filter(|(birth, death)| death < birth) else { return };
    let Some(row) = person.rendered(Table::Death).first() else { return };
    let sentence = format!("is of {death}, the person was born on {birth}");
    RowRules { context, person: Some(person), row, out }.find_in(
        "before_birth",
        "death_date",
        context.content(),
        &Cell::Date(death),
        &sentence,
    );
}

/// `birth_datetime` says the same as year, month and day.
pub(super) fn birth_datetime(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    for row in person.rendered(Table::Person) {
        let Cell::DateTime(at) = row.cell("birth_datetime") else { continue };
        let parts = [i64::from(at.year()), i64::from(at.month()), i64::from(at.day())];
        let columns = ["year_of_birth", "month_of_birth", "day_of_birth"];
        let is_there = |column: &str| !context.omop.structure.lacks(Table::Person, column);
        let differs =
            columns.iter().zip(parts).any(|(column, part)| is_there(column) && row.cell(column).as_int() != Some(part));
        if differs && !out.said(Table::Person, row.key(), "birth_datetime") {
            let date = partial_date(&columns.map(|column| row.cell(column).clone()));
            let sentence = format!("says {at} and {date}");
            let cell = row.cell("birth_datetime");
            let mut rules = RowRules { context, person: Some(person), row, out };
            rules.find("birth_datetime", Severity::Error, cell, &sentence);
        }
    }
}
