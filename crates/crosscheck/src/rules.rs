//! Rules on OMOP alone: what must hold whatever FHIR says. A topic of a row that the comparison spoke of is left alone.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use twinlake_omop::{Cell, DynRow, FieldSpec, Kind, Table};
use twinlake_pack::{Constraint, Sex};
use twinlake_vocab::types;

use crate::context::Context;
use crate::finding::{Finding, Findings, Severity};
use crate::layout::{Layout, is_event};
use crate::person::{Person, Verdict, partial_date};

/// What the pack forbids, by standard concept.
#[derive(Debug, Default)]
pub(crate) struct Constraints<'a> {
    by_concept: BTreeMap<i64, Vec<&'a Constraint>>,
    /// Standard concepts of what a constraint requires, in its order.
    required: BTreeMap<i64, Vec<BTreeSet<i64>>>,
}

impl<'a> Constraints<'a> {
    pub(crate) fn of(context: &Context<'a>) -> Self {
        let mut constraints = Constraints::default();
        let Some(pack) = context.pack else { return constraints };
        let standard = |key| {
            let entry = pack.concept(key);
            i64::from(context.vocab.map(Some(entry.system), entry.code).standard.get())
        };
        for constraint in pack.constraints() {
            let concept = standard(constraint.concept);
            let required = constraint.requires_any.iter().map(|key| standard(*key)).collect();
            constraints.by_concept.entry(concept).or_default().push(constraint);
            constraints.required.entry(concept).or_default().push(required);
        }
        constraints.by_concept.remove(&0);
        constraints
    }
}

/// Checks a person's rows.
pub(crate) fn check(
    context: &Context<'_>,
    constraints: &Constraints<'_>,
    person: &Person<'_>,
    verdict: Verdict,
    out: &mut Findings,
) {
    let life = Life::of(context, person, verdict, out);
    for (table, rows) in &person.omop {
        for row in rows {
            let mut rules = RowRules { context, person, row, out };
            rules.fields();
            rules.references();
            rules.order();
            if is_event(*table) {
                rules.lifetime(&life);
                rules.constraints(constraints, &life);
            }
        }
    }
    birth_datetime(context, person, out);
    preceding_visits(context, person, out);
    details_in_visits(context, person, out);
    observation_periods(context, person, out);
    payer_periods(context, person, out);
}

/// When a person lived and was observed, as far as that is beyond doubt.
struct Life {
    birth: Option<NaiveDate>,
    death: Option<NaiveDate>,
    observed: Vec<(NaiveDate, NaiveDate)>,
    sex: Option<Sex>,
    /// Concepts of the problem list.
    problems: BTreeSet<i64>,
}

impl Life {
    fn of(context: &Context<'_>, person: &Person<'_>, verdict: Verdict, out: &Findings) -> Self {
        let row = person.rendered(Table::Person).first();
        let number = |row: &&DynRow, column| row.cell(column).as_int();
        let birth = row.filter(|_| verdict.same_birth).and_then(|row| {
            let year = i32::try_from(number(row, "year_of_birth")?).ok()?;
            let month = u32::try_from(number(row, "month_of_birth").unwrap_or(1)).ok()?;
            let day = u32::try_from(number(row, "day_of_birth").unwrap_or(1)).ok()?;
            NaiveDate::from_ymd_opt(year, month, day)
        });
        let sex = row
            .filter(|row| !out.said(Table::Person, row.key(), "gender_concept_id"))
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
        let problems = person
            .rendered(Table::ConditionOccurrence)
            .iter()
            .filter(|row| row.cell("condition_type_concept_id").as_int() == Some(problem_list))
            .filter_map(|row| row.cell("condition_concept_id").as_int());
        Life { birth, death, observed: observed.collect(), sex, problems: problems.collect() }
    }
}

struct RowRules<'r, 'a> {
    context: &'r Context<'r>,
    person: &'r Person<'a>,
    row: &'r DynRow,
    out: &'r mut Findings,
}

impl RowRules<'_, '_> {
    fn said(&self, column: &'static str) -> bool {
        self.out.said(self.row.table, self.row.key(), column)
    }

    fn find(&mut self, what: &str, severity: Severity, omop: &Cell<'_>, sentence: &str) {
        let table = self.row.table;
        let key = self.row.key();
        let subject = key.map_or_else(|| format!("a row of {table}"), |key| format!("{table} {key}"));
        let message = format!("{table}.{what}: {subject} {sentence}");
        self.out.push(
            Finding::on(table, what, message)
                .of_row(Some(self.person.id), key)
                .saying(None, Some(omop.to_string()))
                .at(severity),
        );
    }

    /// Each required field has a value, and each value is of its field's type.
    fn fields(&mut self) {
        let row = self.row;
        for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
            if self.said(field.name) {
                continue;
            }
            if cell.is_null() {
                if field.required {
                    self.find(field.name, Severity::Error, cell, &format!("has no {}", field.name));
                }
            } else if let Some(length) = too_long(field, cell) {
                let most = field.max_length.unwrap_or_default();
                let sentence = format!("has {length} characters in {}, {most} are allowed", field.name);
                self.find(field.name, Severity::Warning, cell, &sentence);
            } else if !is_of_kind(field.kind, cell) {
                let sentence = format!("says `{cell}`, which is no {:?}", field.kind);
                self.find(field.name, Severity::Error, cell, &sentence);
            }
        }
    }

    /// What a row refers to is there: visits among the person's, the rest among the shared rows.
    fn references(&mut self) {
        let row = self.row;
        for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
            let (Some(table), Some(key)) = (field.fk_table.and_then(Table::from_name), cell.as_int()) else { continue };
            let is_there = match table {
                Table::VisitOccurrence | Table::VisitDetail => {
                    // A visit that only FHIR has was found missing already.
                    self.person.rendered(table).iter().any(|other| other.key() == Some(key))
                        || self.person.expected(table).iter().any(|other| other.key() == Some(key))
                }
                Table::Provider | Table::CareSite | Table::Location => {
                    self.context.omop.has_key(table, key)
                        || self.context.omop.expects_key(table, key)
                        || self.person.expected(table).iter().any(|other| other.key() == Some(key))
                }
                _ => continue,
            };
            if !is_there && !self.context.omop.lacks(table) && !self.said(field.name) {
                self.find(field.name, Severity::Error, cell, &format!("refers to {table} {key}, which is not there"));
            }
        }
    }

    /// Nothing ends before it starts.
    fn order(&mut self) {
        let layout = Layout::of(self.row.table);
        let cell = |place: Option<usize>| place.and_then(|place| self.row.cells.get(place)).unwrap_or(&Cell::Null);
        let days = cell(layout.start).as_date().zip(cell(layout.end).as_date());
        let times = match (cell(layout.start_at), cell(layout.end_at)) {
            (Cell::DateTime(start), Cell::DateTime(end)) => Some((start, end)),
            _ => None,
        };
        let early = days.is_some_and(|(start, end)| end < start) || times.is_some_and(|(start, end)| end < start);
        let fields = self.row.table.spec().fields;
        let said = [layout.start, layout.end].into_iter().flatten().any(|place| self.said(fields[place].name));
        if early && !said {
            let (start, end) = (cell(layout.start), cell(layout.end).clone());
            let sentence = format!("starts on {start} and ends on {end}");
            self.find("end_before_start", self.context.content(), &end, &sentence);
        }
    }

    /// Nothing happens before birth, after death or outside the observation period.
    fn lifetime(&mut self, life: &Life) {
        let Some(place) = Layout::of(self.row.table).start else { return };
        let Some(start) = self.row.cells[place].as_date() else { return };
        if self.said(self.row.table.spec().fields[place].name) {
            return;
        }
        let severity = self.context.content();
        let cell = Cell::Date(start);
        if let Some(birth) = life.birth.filter(|birth| start < *birth) {
            self.find("before_birth", severity, &cell, &format!("is of {start}, the person was born on {birth}"));
        } else if let Some(death) = life.death.filter(|death| start > *death) {
            self.find("after_death", severity, &cell, &format!("is of {start}, the person died on {death}"));
        } else if !life.observed.is_empty() && !life.observed.iter().any(|(from, to)| (*from..=*to).contains(&start)) {
            let sentence = format!("is of {start}, outside the person's observation period");
            self.find("outside_observation_period", Severity::Error, &cell, &sentence);
        }
    }

    /// Nothing occurs at an age or in a sex that the pack's constraints forbid, or without what it requires.
    fn constraints(&mut self, constraints: &Constraints<'_>, life: &Life) {
        let layout = Layout::of(self.row.table);
        let (Some(place), Some(start)) = (layout.concept, layout.start) else { return };
        let Some(concept) = self.row.cells[place].as_int() else { return };
        let Some(found) = constraints.by_concept.get(&concept) else { return };
        let fields = self.row.table.spec().fields;
        if self.said(fields[place].name) || self.said(fields[start].name) {
            return;
        }
        let severity = self.context.content();
        let cell = Cell::Int(concept);
        let age = self.row.cells[start].as_date().zip(life.birth).and_then(|(start, birth)| start.years_since(birth));
        for (constraint, required) in found.iter().zip(&constraints.required[&concept]) {
            let reason = constraint.reason;
            if let (Some(age), Some(least)) = (age, constraint.min_age)
                && age < least
            {
                let sentence = format!("is at {age} years, not below {least} is allowed: {reason}");
                self.find("too_young", severity, &cell, &sentence);
            }
            if let (Some(age), Some(most)) = (age, constraint.max_age)
                && age > most
            {
                let sentence = format!("is at {age} years, not above {most} is allowed: {reason}");
                self.find("too_old", severity, &cell, &sentence);
            }
            if let (Some(sex), Some(only)) = (life.sex, constraint.sex)
                && sex != only
            {
                self.find("wrong_sex", severity, &cell, &format!("is of the other sex: {reason}"));
            }
            if !required.is_empty() && required.is_disjoint(&life.problems) {
                self.find("without_cause", severity, &cell, &format!("lacks what it requires: {reason}"));
            }
        }
    }
}

fn too_long(field: &FieldSpec, cell: &Cell<'_>) -> Option<usize> {
    let (most, text) = (field.max_length?, cell.as_text()?);
    let length = text.chars().count();
    (field.kind == Kind::Text && length > most as usize).then_some(length)
}

fn is_of_kind(kind: Kind, cell: &Cell<'_>) -> bool {
    match kind {
        Kind::Key | Kind::Integer => matches!(cell, Cell::Int(_)),
        Kind::Concept => matches!(cell, Cell::Int(id) if *id >= 0),
        Kind::Float => matches!(cell, Cell::Float(value) if value.is_finite()),
        Kind::Date => matches!(cell, Cell::Date(_)),
        Kind::DateTime => matches!(cell, Cell::DateTime(_)),
        Kind::Text => matches!(cell, Cell::Text(_)),
    }
}

/// `birth_datetime` says the same as year, month and day.
fn birth_datetime(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    for row in person.rendered(Table::Person) {
        let Cell::DateTime(at) = row.cell("birth_datetime") else { continue };
        let parts = [i64::from(at.year()), i64::from(at.month()), i64::from(at.day())];
        let columns = ["year_of_birth", "month_of_birth", "day_of_birth"];
        let differs = columns.iter().zip(parts).any(|(column, part)| row.cell(column).as_int() != Some(part));
        if differs && !out.said(Table::Person, row.key(), "birth_datetime") {
            let date = partial_date(&columns.map(|column| row.cell(column).clone()));
            let sentence = format!("says {at} and {date}");
            RowRules { context, person, row, out }.find(
                "birth_datetime",
                Severity::Error,
                row.cell("birth_datetime"),
                &sentence,
            );
        }
    }
}

/// A preceding visit is the same person's and not later.
fn preceding_visits(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let visits = person.rendered(Table::VisitOccurrence);
    let starts: BTreeMap<Option<i64>, Option<NaiveDate>> =
        visits.iter().map(|row| (row.key(), row.cell("visit_start_date").as_date())).collect();
    for row in visits {
        let column = "preceding_visit_occurrence_id";
        let cell = row.cell(column);
        let Some(Some(before)) = cell.as_int().and_then(|key| starts.get(&Some(key))) else { continue };
        let Some(start) = row.cell("visit_start_date").as_date() else { continue };
        if *before > start
            && !out.said(Table::VisitOccurrence, row.key(), column)
            && !out.said(Table::VisitOccurrence, row.key(), "visit_start_date")
            && !out.said(Table::VisitOccurrence, cell.as_int(), "visit_start_date")
        {
            let sentence = format!("of {start} is preceded by visit {cell} of {before}");
            RowRules { context, person, row, out }.find(column, Severity::Error, cell, &sentence);
        }
    }
}

/// Ward moves lie within their visit.
fn details_in_visits(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let at = |row: &DynRow, column: &str| match row.cell(column) {
        Cell::DateTime(at) => Some(*at),
        _ => None,
    };
    for row in person.rendered(Table::VisitDetail) {
        let visits = person.rendered(Table::VisitOccurrence);
        let key = row.cell("visit_occurrence_id").as_int();
        let Some(visit) = visits.iter().find(|visit| visit.key() == key) else { continue };
        let said = |table, key, columns: [&'static str; 2]| columns.iter().any(|column| out.said(table, key, column));
        if said(Table::VisitDetail, row.key(), ["visit_detail_start_date", "visit_detail_end_date"])
            || said(Table::VisitOccurrence, key, ["visit_start_date", "visit_end_date"])
        {
            continue;
        }
        let start = at(row, "visit_detail_start_datetime").zip(at(visit, "visit_start_datetime"));
        let end = at(row, "visit_detail_end_datetime").zip(at(visit, "visit_end_datetime"));
        if start.is_some_and(|(mine, visits)| mine < visits) || end.is_some_and(|(mine, visits)| mine > visits) {
            let (from, to) = (row.cell("visit_detail_start_datetime"), row.cell("visit_detail_end_datetime"));
            let visit = format!("{} to {}", visit.cell("visit_start_datetime"), visit.cell("visit_end_datetime"));
            let sentence = format!("is from {from} to {to}, its visit from {visit}");
            RowRules { context, person, row, out }.find("outside_visit", context.content(), from, &sentence);
        }
    }
}

/// Observation periods do not overlap and do not follow each other without a day between.
fn observation_periods(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
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
            && !out.said(Table::ObservationPeriod, row.key(), "observation_period_start_date")
        {
            let sentence = format!("starts on {start}, the period before it ends on {end}");
            RowRules { context, person, row, out }.find("overlap", Severity::Error, &Cell::Date(*start), &sentence);
        }
    }
}

/// A person has no payer before birth, and none that begins after death.
fn payer_periods(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    let table = Table::PayerPlanPeriod;
    let born = person.rendered(Table::Person).first().and_then(|row| match row.cell("birth_datetime") {
        Cell::DateTime(at) => Some(at.date()),
        _ => None,
    });
    let died = person.rendered(Table::Death).first().and_then(|row| row.cell("death_date").as_date());
    let doubtful = out.list.iter().any(|finding| matches!(finding.table, Some(Table::Person | Table::Death)));
    for row in person.rendered(table) {
        let Some(start) = row.cell("payer_plan_period_start_date").as_date() else { continue };
        if doubtful || out.said(table, row.key(), "payer_plan_period_start_date") {
            continue;
        }
        let mut rules = RowRules { context, person, row, out };
        if let Some(born) = born.filter(|born| start < *born) {
            let sentence = format!("starts on {start}, the person was born on {born}");
            rules.find("before_birth", context.content(), &Cell::Date(start), &sentence);
        } else if let Some(died) = died.filter(|died| start > *died) {
            let sentence = format!("starts on {start}, the person died on {died}");
            rules.find("after_death", context.content(), &Cell::Date(start), &sentence);
        }
    }
}
