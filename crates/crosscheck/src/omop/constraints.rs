//! [`Constraints`]: what the pack forbids: ages, sexes, complications without or before their cause, doses.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_omop::{Cell, Table};
use twinlake_pack::{Constraint, Sex};

use super::life::Life;
use super::row::RowRules;
use crate::context::Context;
use crate::layout::Layout;

/// What the pack forbids, by standard concept.
#[derive(Debug, Default)]
pub(crate) struct Constraints<'a> {
    by_concept: BTreeMap<i64, Vec<Rule<'a>>>,
}

#[derive(Debug)]
struct Rule<'a> {
    constraint: &'a Constraint,
    /// Standard concepts of which one is required.
    required: BTreeSet<i64>,
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
            let required = constraint.requires_any.iter().map(|key| standard(*key)).collect();
            let rules = constraints.by_concept.entry(standard(constraint.concept)).or_default();
            rules.push(Rule { constraint, required });
        }
        constraints.by_concept.remove(&0);
        constraints
    }

    /// The only sex in which a concept occurs, and why.
    pub(super) fn sex(&self, concept: i64) -> Option<(Sex, &'a str)> {
        let rules = self.by_concept.get(&concept)?;
        rules.iter().find_map(|rule| Some((rule.constraint.sex?, rule.constraint.reason)))
    }

    /// Nothing occurs at an age that is forbidden, without or before what it requires, or in too high a dose. Of the sex
    /// speaks another rule.
    pub(super) fn check(&self, rules: &mut RowRules<'_, '_>, life: &Life) {
        let row = rules.row;
        let layout = Layout::of(row.table);
        let (Some(place), Some(start)) = (layout.concept, layout.start) else { return };
        let Some(found) = row.cells[place].as_int().and_then(|concept| self.by_concept.get(&concept)) else { return };
        let fields = row.table.spec().fields;
        if rules.said(fields[place].name) || rules.said(fields[start].name) {
            return;
        }
        for rule in found {
            rule.age(rules, life, &row.cells[start]);
            rule.cause(rules, life, &row.cells[start]);
            rule.dose(rules);
        }
    }
}

impl Rule<'_> {
    fn age(&self, rules: &mut RowRules<'_, '_>, life: &Life, start: &Cell<'_>) {
        let (severity, reason) = (rules.context.content(), self.constraint.reason);
        let age = start.as_date().zip(life.birth).and_then(|(start, birth)| start.years_since(birth));
        let Some(age) = age else { return };
        if let Some(least) = self.constraint.min_age.filter(|least| age < *least) {
            let sentence = format!("is at {age} years, not below {least} is allowed: {reason}");
            rules.find("too_young", severity, start, &sentence);
        }
        if let Some(most) = self.constraint.max_age.filter(|most| age > *most) {
            let sentence = format!("is at {age} years, not above {most} is allowed: {reason}");
            rules.find("too_old", severity, start, &sentence);
        }
    }

    /// A complication has a cause on the problem list, and does not begin before all its causes.
    fn cause(&self, rules: &mut RowRules<'_, '_>, life: &Life, start: &Cell<'_>) {
        if self.required.is_empty() {
            return;
        }
        let (severity, reason) = (rules.context.content(), self.constraint.reason);
        let mut causes = self.required.iter().filter_map(|concept| life.problems.get(concept)).peekable();
        if causes.peek().is_none() {
            return rules.find("without_cause", severity, start, &format!("lacks what it requires: {reason}"));
        }
        let first = causes.copied().min().flatten();
        if let Some((start, first)) = start.as_date().zip(first).filter(|(start, first)| start < first) {
            let sentence = format!("is of {start}, its first cause of {first}: {reason}");
            rules.find("before_cause", severity, &Cell::Date(start), &sentence);
        }
    }

    /// Units a day: the quantity over the days that it lasts.
    fn dose(&self, rules: &mut RowRules<'_, '_>) {
        let row = rules.row;
        let Some(most) = self.constraint.max_per_day.filter(|_| row.table == Table::DrugExposure) else { return };
        let (Cell::Float(quantity), Cell::Int(days)) = (row.cell("quantity"), row.cell("days_supply")) else { return };
        if *days < 1 || rules.said("quantity") || rules.said("days_supply") {
            return;
        }
        #[expect(clippy::cast_precision_loss, reason = "a supply lasts a year at most")]
        let a_day = quantity / *days as f64;
        if a_day > most {
            let reason = self.constraint.reason;
            let sentence = format!("is {quantity} for {days} days, not above {most} a day is allowed: {reason}");
            rules.find_in("too_much", "quantity", rules.context.content(), row.cell("quantity"), &sentence);
        }
    }
}
