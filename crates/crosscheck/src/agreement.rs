//! Row by row, column by column: what OMOP holds against what FHIR gives.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_fhir::Patient;
use twinlake_omop::{AnyRow, DynRow, Table};

use crate::context::Context;
use crate::era;
use crate::finding::{Finding, Findings, topic};
use crate::layout::{Layout, is_event};
use crate::person::{self, Person, Verdict, same};

/// Compares everything of a person.
pub(crate) fn compare(
    context: &Context<'_>,
    person: &Person<'_>,
    patient: &Patient<'_>,
    out: &mut Findings,
) -> Verdict {
    let verdict = if context.omop.lacks(Table::Person) {
        Verdict::AGREED
    } else {
        person::compare(context.omop, person, patient, out)
    };
    if !verdict.same_person {
        return verdict;
    }
    let mut comparison = Comparison { context, person, verdict, visits: BTreeSet::new(), touched: BTreeSet::new() };
    comparison.death(out);
    comparison.visits(out);
    for table in Table::ALL {
        if is_event(table) && table != Table::VisitOccurrence {
            comparison.events(table, out);
        }
    }
    comparison.eras(Table::ConditionEra, Table::ConditionOccurrence, out);
    comparison.eras(Table::DrugEra, Table::DrugExposure, out);
    comparison.eras(Table::DoseEra, Table::DrugExposure, out);
    comparison.observation_period(out);
    comparison.payers(out);
    verdict
}

struct Comparison<'c, 'a> {
    context: &'c Context<'c>,
    person: &'c Person<'a>,
    verdict: Verdict,
    /// Visits that are on one side only, or start at another time; what hangs on them is not said again.
    visits: BTreeSet<i64>,
    /// Tables with a finding; what derives from them is held against its own side instead.
    touched: BTreeSet<Table>,
}

impl Comparison<'_, '_> {
    fn death(&mut self, out: &mut Findings) {
        let table = Table::Death;
        if self.context.omop.lacks(table) {
            return;
        }
        let (expected, rendered) = (self.person.expected(table), self.person.rendered(table));
        if compare_rows(self.person, table, expected, rendered, |_, _, _| false, out) {
            self.touched.insert(table);
        }
    }

    fn visits(&mut self, out: &mut Findings) {
        let table = Table::VisitOccurrence;
        if self.context.omop.lacks(table) {
            return;
        }
        let (expected, rendered) = (self.person.expected(table), self.person.rendered(table));
        let starts = |cell: Option<_>, key: Option<i64>| key.zip(cell);
        let layout = Layout::of(table);
        let (Some(day), Some(at)) = (layout.start, layout.start_at) else { return };
        let theirs: BTreeMap<i64, _> = expected
            .iter()
            .filter_map(|row| starts(Some((row.cell(day).into_owned(), row.cell(at).into_owned())), row.key()))
            .collect();
        let ours: BTreeMap<i64, _> = rendered
            .iter()
            .filter_map(|row| starts(Some((row.cells[day].clone(), row.cells[at].clone())), row.key()))
            .collect();
        let keys = theirs.keys().chain(ours.keys());
        self.visits = keys.filter(|key| theirs.get(key) != ours.get(key)).copied().collect();
        // When the order of visits is in doubt, so is which one precedes.
        let order_in_doubt = !self.visits.is_empty();
        let omop = self.context.omop;
        let skip = |column: &'static str, _: &AnyRow, actual: &DynRow| match column {
            "preceding_visit_occurrence_id" => order_in_doubt,
            _ => omop.is_unshared(column, actual.cell(column)),
        };
        if compare_rows(self.person, table, expected, rendered, skip, out) {
            self.touched.insert(table);
        }
    }

    fn events(&mut self, table: Table, out: &mut Findings) {
        if self.context.omop.lacks(table) {
            return;
        }
        let layout = Layout::of(table);
        let (visits, verdict, omop) = (&self.visits, self.verdict, self.context.omop);
        let mut moved_with_visit = false;
        let skip = |column: &'static str, expected: &AnyRow, actual: &DynRow| {
            let doubtful = layout.visit.is_some_and(|visit| {
                let keys = [expected.cell(visit).as_int(), actual.cells[visit].as_int()];
                keys.iter().flatten().any(|key| visits.contains(key))
            });
            match column {
                "visit_occurrence_id" => doubtful,
                // An encounter diagnosis starts with its encounter.
                "condition_start_date" | "condition_start_datetime" => {
                    moved_with_visit |= doubtful;
                    doubtful
                }
                // A drug ends with its patient at the latest.
                "drug_exposure_end_date" | "drug_exposure_end_datetime" => !verdict.same_death,
                _ => omop.is_unshared(column, actual.cell(column)),
            }
        };
        // The observation that names a cause of death makes no row while there is a death.
        let mut rendered = self.person.rendered(table).to_vec();
        let mut expected = self.person.expected(table).to_vec();
        // Where a patient was during a visit goes with the visit.
        if let (Table::VisitDetail, Some(visit)) = (table, layout.visit) {
            let agreed = |key: Option<i64>| key.is_none_or(|key| !visits.contains(&key));
            rendered.retain(|row| agreed(row.cells[visit].as_int()));
            expected.retain(|row| agreed(row.cell(visit).as_int()));
        }
        if table == Table::Observation && !verdict.same_death {
            let known: BTreeSet<Option<i64>> = rendered.iter().map(|row| row.key()).collect();
            let source = table.spec().column("observation_source_value").unwrap_or_default();
            expected.retain(|row| {
                known.contains(&row.key()) || row.cell(source).as_text() != Some(twinlake_vocab::types::CAUSE_OF_DEATH)
            });
        }
        if compare_rows(self.person, table, &expected, &rendered, skip, out) || moved_with_visit {
            self.touched.insert(table);
        }
    }

    /// Eras against FHIR's. Where the events below them differ already, they may as well follow from their own side.
    fn eras(&self, table: Table, source: Table, out: &mut Findings) {
        if self.context.omop.lacks(table) {
            return;
        }
        let own = (!self.context.omop.lacks(source)).then(|| {
            let events = self.person.rendered(source);
            match table {
                Table::ConditionEra => era::condition_eras(self.person.id, events),
                Table::DoseEra => era::dose_eras(self.context.vocab, self.person.id, events),
                _ => era::drug_eras(self.context.vocab, self.person.id, events),
            }
        });
        let doubtful = self.touched.contains(&source) || source == Table::DrugExposure && !self.verdict.same_death;
        self.derived(table, own.as_deref(), doubtful, out);
    }

    fn observation_period(&self, out: &mut Findings) {
        let table = Table::ObservationPeriod;
        if self.context.omop.lacks(table) {
            return;
        }
        // A death that is not there is no missing table: in a cohort of the living it has no row.
        let complete = era::OBSERVED
            .iter()
            .all(|source| !self.context.omop.lacks(*source) || self.person.expected(*source).is_empty());
        let own: Option<Vec<AnyRow>> =
            complete.then(|| era::observation_period(self.person.id, &self.person.omop).into_iter().collect());
        let doubtful = !self.touched.is_empty() || !self.verdict.same_death;
        self.derived(table, own.as_deref(), doubtful, out);
    }

    /// Periods that a payer covered. Where one still goes on, it ends with the observation period.
    fn payers(&mut self, out: &mut Findings) {
        let table = Table::PayerPlanPeriod;
        if self.context.omop.lacks(table) {
            return;
        }
        let doubtful = out.list.iter().any(|finding| finding.table == Some(Table::ObservationPeriod));
        let skip = |column: &'static str, _: &AnyRow, _: &DynRow| doubtful && column == "payer_plan_period_end_date";
        compare_rows(self.person, table, self.person.expected(table), self.person.rendered(table), skip, out);
    }

    fn derived(&self, table: Table, own: Option<&[AnyRow]>, doubtful: bool, out: &mut Findings) {
        let expected = self.person.expected(table);
        let rendered = self.person.rendered(table);
        let own: Option<Vec<&AnyRow>> = own.map(|rows| rows.iter().collect());
        if equal(expected, rendered) {
            // Both sides agree; that they follow from the events is checked all the same.
            if let Some(own) = own.filter(|own| !doubtful && !equal(own, rendered)) {
                recomputed(self.person, table, &own, rendered, out);
            }
            return;
        }
        match own {
            Some(own) if doubtful => {
                if !equal(&own, rendered) {
                    recomputed(self.person, table, &own, rendered, out);
                }
            }
            None if doubtful => {}
            _ => {
                compare_rows(self.person, table, expected, rendered, |_, _, _| false, out);
            }
        }
    }
}

/// One finding a person: the table does not follow from the events of its own side.
pub(crate) fn recomputed(person: &Person<'_>, table: Table, own: &[&AnyRow], rendered: &[&DynRow], out: &mut Findings) {
    let own_keys: BTreeSet<_> = own.iter().map(|row| row.key()).collect();
    let differing = rendered.iter().find(|row| {
        !own_keys.contains(&row.key()) || !own.iter().any(|other| other.key() == row.key() && row_equal(other, row))
    });
    let key = differing.and_then(|row| row.key());
    let says = format!("{} rows", rendered.len());
    let follows = format!("{} rows", own.len());
    let message = match key {
        Some(key) => format!("{table}.recomputed: {table} {key} does not follow from the person's events"),
        None => format!("{table}.recomputed: {follows} follow from the person's events, OMOP has {says}"),
    };
    out.push(Finding::on(table, "recomputed", message).of_row(Some(person.id), key).saying(Some(follows), Some(says)));
}

/// Whether both sides have the same rows, whatever their order.
pub(crate) fn equal(expected: &[&AnyRow], rendered: &[&DynRow]) -> bool {
    if expected.len() != rendered.len() {
        return false;
    }
    let by_key: BTreeMap<_, _> = expected.iter().map(|row| (row.key(), row)).collect();
    rendered.iter().all(|row| by_key.get(&row.key()).is_some_and(|other| row_equal(other, row)))
}

fn row_equal(expected: &AnyRow, actual: &DynRow) -> bool {
    actual.cells.iter().enumerate().all(|(column, cell)| same(&expected.cell(column), cell))
}

/// Compares the rows of a table by key; true when there is a finding.
///
/// `skip` says of a column that differs that the difference follows from another finding.
fn compare_rows(
    person: &Person<'_>,
    table: Table,
    expected: &[&AnyRow],
    rendered: &[&DynRow],
    mut skip: impl FnMut(&'static str, &AnyRow, &DynRow) -> bool,
    out: &mut Findings,
) -> bool {
    let before = out.list.len();
    let mut actual: BTreeMap<i64, &DynRow> = BTreeMap::new();
    for row in rendered {
        // A row without a key is found by the rules on OMOP alone.
        if let Some(key) = row.key() {
            actual.insert(key, row);
        }
    }
    for row in expected {
        let Some(key) = row.key() else { continue };
        if let Some(other) = actual.remove(&key) {
            compare_row(person, key, row, other, &mut skip, out);
            continue;
        }
        let name = person.name_of(key);
        let message = format!("{table}.missing_in_omop: {name} gives {table} {key}, which OMOP does not have");
        out.push(
            Finding::on(table, "missing_in_omop", message)
                .of_row(Some(person.id), Some(key))
                .of_resource(name)
                .saying(Some(name.to_owned()), None),
        );
    }
    for key in actual.into_keys() {
        let says = format!("{table} {key}");
        let message = match person.name_of(key) {
            "FHIR" => format!("{table}.missing_in_fhir: {says} is from nothing that FHIR has"),
            name => format!("{table}.missing_in_fhir: {name} does not give {says}"),
        };
        out.push(
            Finding::on(table, "missing_in_fhir", message).of_row(Some(person.id), Some(key)).saying(None, Some(says)),
        );
    }
    out.list.len() > before
}

fn compare_row(
    person: &Person<'_>,
    key: i64,
    expected: &AnyRow,
    actual: &DynRow,
    skip: &mut impl FnMut(&'static str, &AnyRow, &DynRow) -> bool,
    out: &mut Findings,
) {
    let table = actual.table;
    let mut topics = BTreeSet::new();
    for (column, field) in table.spec().fields.iter().enumerate() {
        let (says, holds) = (expected.cell(column), &actual.cells[column]);
        let is_no_column = person.side.structure.lacks(table, field.name);
        if same(&says, holds) || is_no_column || skip(field.name, expected, actual) || !topics.insert(topic(field.name))
        {
            continue;
        }
        let name = person.name_of(key);
        let column = field.name;
        let message = format!("{table}.{column}: {name} says {says}, {table} {key} says {holds}");
        out.push(
            Finding::on(table, column, message)
                .of_row(Some(person.id), Some(key))
                .of_resource(name)
                .saying(Some(says.to_string()), Some(holds.to_string())),
        );
    }
}
