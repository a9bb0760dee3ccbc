//! [`Statistics`]: figures of the whole cohort against the targets that its pack claims to meet.
//!
//! Counted over all partitions: two numbers a target. A figure of few persons says nothing, so below [`ENOUGH`] persons a target's
//! rule is not applicable, and says so.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use twinlake_omop::Table;
use twinlake_pack::{Measure, Pack, Target};

use super::life::Life;
use crate::context::Context;
use crate::finding::{Finding, Severity};
use crate::person::Person;

/// Persons below which a share says nothing.
pub(crate) const ENOUGH: u64 = 500;
/// Standard errors that chance is allowed beside a target's own tolerance.
const CHANCE: f64 = 3.0;
/// The rule of every target.
pub(crate) const RULE: &str = "condition_occurrence.off_target";

/// The pack's targets, their concepts looked up once.
#[derive(Debug, Default)]
pub(crate) struct Targets<'a> {
    targets: Vec<(&'a Target, i64)>,
    day: Option<NaiveDate>,
}

impl<'a> Targets<'a> {
    pub(crate) fn of(context: &Context<'a>) -> Self {
        let Some(pack) = context.pack else { return Self::default() };
        let concept = |target: &Target| {
            let entry = pack.concept(pack.key(&target.concept)?);
            Some(i64::from(context.vocab.map(Some(entry.system), entry.code).standard.get()))
        };
        let targets = pack.targets.iter().filter_map(|target| Some((target, concept(target)?))).collect();
        Targets { targets, day: Some(pack.reference_date) }
    }
}

/// Persons of each target, and those of them of whom it holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Statistics {
    /// By place of the target.
    counts: BTreeMap<usize, (u64, u64)>,
}

impl Statistics {
    /// Counts a living person.
    pub(super) fn count(&mut self, targets: &Targets<'_>, person: &Person<'_>, life: &Life) {
        let Some(day) = targets.day.filter(|day| life.death.is_none_or(|death| death > *day)) else { return };
        let Some(age) = life.birth.and_then(|birth| day.years_since(birth)) else { return };
        for (place, (target, concept)) in targets.targets.iter().enumerate() {
            let is_of = age >= target.min_age
                && target.max_age.is_none_or(|most| age <= most)
                && target.sex.is_none_or(|sex| life.sex == Some(sex));
            if !is_of {
                continue;
            }
            let holds = match target.measure {
                Measure::RecordedPrevalence => life.problems.contains_key(concept) && has_at(person, *concept, day),
            };
            let (n, yes) = self.counts.entry(place).or_default();
            *n += 1;
            *yes += u64::from(holds);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (place, (n, yes)) in &other.counts {
            let own = self.counts.entry(*place).or_default();
            own.0 += n;
            own.1 += yes;
        }
    }

    /// Targets that are missed, by more than their tolerance and what chance explains. A warning: the pack is at fault, no row.
    pub(crate) fn findings(&self, pack: &Pack) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (place, target) in pack.targets.iter().enumerate() {
            let Some((n, yes)) = self.counts.get(&place).filter(|(n, _)| *n >= ENOUGH) else { continue };
            let (percent, allowed) = figure(*n, *yes, target.tolerance);
            if (percent - target.value).abs() <= allowed {
                continue;
            }
            let sex = target.sex.map_or_else(String::new, |sex| format!(", {sex:?} only").to_lowercase());
            let message = format!(
                "{RULE}: {percent:.1} % of {n} persons from {} years on{sex} have {}, the target is {} % ({})",
                target.min_age, target.concept, target.value, target.source
            );
            let finding = Finding::on(Table::ConditionOccurrence, "off_target", message).at(Severity::Warning);
            findings.push(finding.saying(None, Some(format!("{percent:.1} %"))));
        }
        findings
    }

    /// Why the rule said nothing, when no target had enough persons.
    pub(crate) fn not_applicable(&self) -> Option<String> {
        let most = self.counts.values().map(|(n, _)| *n).max().unwrap_or_default();
        (most < ENOUGH).then(|| format!("a target is of {most} persons at most, it takes {ENOUGH}"))
    }
}

/// Percent, and how far it may be from the target.
#[expect(clippy::cast_precision_loss, reason = "counts of people are far below 2^53")]
fn figure(n: u64, yes: u64, tolerance: f64) -> (f64, f64) {
    let share = yes as f64 / n as f64;
    (100.0 * share, tolerance + CHANCE * 100.0 * (share * (1.0 - share) / n as f64).sqrt())
}

/// Whether a concept is on the problem list on a day.
fn has_at(person: &Person<'_>, concept: i64, day: NaiveDate) -> bool {
    person.rendered(Table::ConditionOccurrence).iter().any(|row| {
        row.cell("condition_concept_id").as_int() == Some(concept)
            && row.cell("condition_start_date").as_date().is_some_and(|start| start <= day)
            && row.cell("condition_end_date").as_date().is_none_or(|end| end > day)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_missed_when_neither_tolerance_nor_chance_explains_it() {
        let pack = Pack::embedded();
        let target = &pack.targets[0];
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a percentage of persons"
        )]
        let of = |n: u64, percent: f64| (n, (n as f64 * percent / 100.0) as u64);
        let findings = |counted| Statistics { counts: BTreeMap::from([(0, counted)]) }.findings(pack);
        assert_eq!(findings(of(10_000, target.value)), []);
        assert_eq!(findings(of(ENOUGH - 1, 90.0)), [], "few persons say nothing");
        let off = findings(of(10_000, target.value + target.tolerance + 2.0));
        assert_eq!((off.len(), off[0].rule.as_str()), (1, RULE));
        let mut few = Statistics::default();
        few.merge(&Statistics { counts: BTreeMap::from([(0, of(7, 50.0))]) });
        assert_eq!(few.not_applicable().unwrap(), "a target is of 7 persons at most, it takes 500");
    }
}
