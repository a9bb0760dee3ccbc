//! Sex: what occurs in one sex only is not recorded of the other.
//!
//! Which concepts those are is known from three places: a list of concepts, the descendants of some of them as far as the
//! data's own `CONCEPT_ANCESTOR` tells them (the built-in crosswalk has no hierarchy), and the pack's constraints.

use std::collections::BTreeMap;

use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Sex;

use super::constraints::Constraints;
use super::facts;
use super::life::Life;
use super::row::RowRules;
use crate::context::Context;
use crate::finding::Findings;
use crate::layout::{Layout, is_event};
use crate::person::Person;

/// Concepts of one sex that `CONCEPT_ANCESTOR` tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Descendants(BTreeMap<i64, Sex>);

impl Descendants {
    /// Takes a row of `CONCEPT_ANCESTOR`.
    pub(crate) fn add(&mut self, row: &DynRow) {
        let ancestor = row.cell("ancestor_concept_id").as_int().and_then(facts::sex_of_descendants);
        if let Some((sex, descendant)) = ancestor.zip(row.cell("descendant_concept_id").as_int()) {
            self.0.insert(descendant, sex);
        }
    }

    fn sex(&self, concept: i64) -> Option<Sex> {
        self.0.get(&concept).copied()
    }
}

/// A row that is not of the person's sex is a finding on the row; where all rows that have a sex, several of them, are of the other,
/// it is the person's sex that is at fault, and that is one finding.
pub(super) fn check(
    context: &Context<'_>,
    constraints: &Constraints<'_>,
    person: &Person<'_>,
    life: &Life,
    out: &mut Findings,
) {
    let Some(sex) = life.sex else { return };
    let (mut n_own, mut other): (usize, Vec<(&DynRow, usize, Only<'_>)>) = (0, Vec::new());
    for (table, rows) in person.omop.iter().filter(|(table, _)| is_event(**table)) {
        let Some(place) = Layout::of(*table).concept else { continue };
        let column = table.spec().fields[place].name;
        for row in rows {
            let Some(only) = row.cells[place].as_int().and_then(|id| only(context, constraints, *table, id)) else {
                continue;
            };
            if only.sex == sex {
                n_own += 1;
            } else if !out.said(*table, row.key(), column) {
                other.push((row, place, only));
            }
        }
    }
    let severity = context.content();
    let name = |sex| if sex == Sex::Female { "female" } else { "male" };
    if let (true, Some(row)) = (n_own == 0 && other.len() > 1, person.rendered(Table::Person).first()) {
        let sentence = format!("is {}, {} records are of the other sex alone", name(sex), other.len());
        let mut rules = RowRules { context, person: Some(person), row, out };
        return rules.find_in("wrong_sex", "gender_concept_id", severity, row.cell("gender_concept_id"), &sentence);
    }
    for (row, place, only) in other {
        let column = row.table.spec().fields[place].name;
        let cell: &Cell<'_> = &row.cells[place];
        let sentence =
            format!("is of concept {cell}, which occurs in the {} sex only: {}", name(only.sex), only.reason);
        RowRules { context, person: Some(person), row, out }.find_in("wrong_sex", column, severity, cell, &sentence);
    }
}

/// The only sex of a concept, and who says so.
struct Only<'a> {
    sex: Sex,
    reason: &'a str,
}

fn only<'a>(context: &Context<'_>, constraints: &Constraints<'a>, table: Table, concept: i64) -> Option<Only<'a>> {
    if let Some(only) = constraints.sex(concept) {
        return Some(Only { sex: only.0, reason: only.1 });
    }
    let is_of_dashboard = matches!(table, Table::ConditionOccurrence | Table::ProcedureOccurrence);
    let sex = is_of_dashboard.then(|| facts::sex(concept).or_else(|| context.omop.descendants.sex(concept)))??;
    Some(Only { sex, reason: "by the list of concepts of one sex" })
}
