//! Rules on OMOP alone: what must hold whatever FHIR says. What the comparison spoke of is left alone.
//!
//! Each module is one idea. [`check`] runs what a person's rows can tell; [`Whole`] gathers what only all rows together can.

mod completeness;
mod concepts;
mod constraints;
pub(crate) mod dashboard;
mod eras;
mod facts;
mod fields;
mod keys;
mod life;
mod measured;
mod periods;
mod ranges;
mod registry;
mod repeats;
mod row;
mod sex;
mod statistics;
mod structure;
mod visits;
mod whole;
mod zeros;

use twinlake_omop::{DynRow, Table};

use crate::context::Context;
use crate::finding::{Finding, Findings};
use crate::layout::is_event;
use crate::person::{Person, Verdict};
use concepts::Verdicts;
use life::Life;
use row::RowRules;

pub(crate) use concepts::OwnConcepts;
pub(crate) use constraints::Constraints;
pub(crate) use keys::SeenKeys;
pub(crate) use registry::rules;
pub(crate) use sex::Descendants;
pub(crate) use statistics::Targets;
pub(crate) use structure::Structure;
pub(crate) use whole::Whole;

/// What the rules know beside the rows, looked up once for many persons.
pub(crate) struct Rules<'a> {
    constraints: Constraints<'a>,
    targets: Targets<'a>,
    verdicts: Verdicts,
}

impl<'a> Rules<'a> {
    pub(crate) fn of(context: &Context<'a>) -> Self {
        Rules { constraints: Constraints::of(context), targets: Targets::of(context), verdicts: Verdicts::default() }
    }
}

/// Checks a person's rows, and counts them.
pub(crate) fn check(
    context: &Context<'_>,
    rules: &mut Rules<'_>,
    person: &Person<'_>,
    verdict: Verdict,
    whole: &mut Whole,
    out: &mut Findings,
) {
    let life = Life::of(context, person, verdict, out);
    life::birth_datetime(context, person, out);
    life::death(context, person, &life, out);
    // What derives from events comes after them.
    let (derived, own): (Vec<_>, Vec<_>) = person.omop.iter().partition(|(table, _)| is_derived(**table));
    for (table, rows) in own {
        for row in rows {
            let mut of_row = RowRules { context, person: Some(person), row, out };
            fields::values(&mut of_row);
            fields::references(&mut of_row);
            concepts::fit(&mut rules.verdicts, &mut of_row);
            zeros::check(&mut of_row);
            measured::check(&mut of_row);
            life::order(&mut of_row);
            if is_event(*table) {
                life::lifetime(&mut of_row, &life);
                rules.constraints.check(&mut of_row, &life);
            }
            ranges::numbers(&mut of_row);
            if *table != Table::PayerPlanPeriod {
                ranges::days(&mut of_row);
            }
        }
    }
    visits::preceding(context, person, out);
    visits::details(context, person, out);
    visits::overlaps(context, person, out);
    visits::events(context, person, out);
    sex::check(context, &rules.constraints, person, &life, out);
    repeats::check(context, person, out);
    periods::is_observed(context, person, out);
    periods::observation(context, person, out);
    periods::payers(context, person, &life, out);
    eras::recompute(context, person, out);
    // What cannot be of an event makes an era that cannot be.
    let is_clean = !out.list.iter().any(|finding| finding.table.is_some_and(is_event));
    for (table, rows) in derived {
        let is_clean = is_clean && !eras::is_at_fault(*table, out);
        for row in rows {
            let mut of_row = RowRules { context, person: Some(person), row, out };
            fields::values(&mut of_row);
            life::order(&mut of_row);
            ranges::numbers(&mut of_row);
            if is_clean {
                concepts::fit(&mut rules.verdicts, &mut of_row);
                zeros::check(&mut of_row);
                ranges::days(&mut of_row);
            }
        }
    }
    eras::doses(context, person, out);
    whole.count(context, &rules.targets, person, &life, out);
}

/// Checks a row that belongs to nobody: a provider, a cost.
pub(crate) fn check_shared(context: &Context<'_>, row: &DynRow, said: &[Finding]) -> Vec<Finding> {
    let mut out = Findings::default();
    let about = |finding: &&Finding| finding.table == Some(row.table) && finding.key == row.key();
    said.iter().filter(about).for_each(|finding| out.push(finding.clone()));
    let before = out.list.len();
    let mut of_row = RowRules { context, person: None, row, out: &mut out };
    fields::values(&mut of_row);
    fields::references(&mut of_row);
    concepts::fit(&mut Verdicts::default(), &mut of_row);
    zeros::check(&mut of_row);
    ranges::numbers(&mut of_row);
    out.list.split_off(before)
}

/// Tables that are made of events.
fn is_derived(table: Table) -> bool {
    matches!(table, Table::ConditionEra | Table::DrugEra | Table::DoseEra | Table::ObservationPeriod)
}
