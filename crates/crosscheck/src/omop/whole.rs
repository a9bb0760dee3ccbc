//! [`Whole`]: what only all rows of all persons can tell, gathered in partitions and added up.

use twinlake_omop::Table;

use super::completeness::Completeness;
use super::keys::Holders;
use super::life::Life;
use super::statistics::{self, Statistics, Targets};
use crate::context::Context;
use crate::finding::{Finding, Findings};
use crate::person::Person;

/// Counts that merge; their size does not grow with the persons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whole {
    completeness: Completeness,
    statistics: Statistics,
    holders: Holders,
}

impl Whole {
    /// Counts a person's rows; of what a finding was said, nothing is counted.
    pub(super) fn count(
        &mut self,
        context: &Context<'_>,
        targets: &Targets<'_>,
        person: &Person<'_>,
        life: &Life,
        out: &Findings,
    ) {
        self.completeness.count(person, out);
        self.statistics.count(targets, person, life);
        for (table, rows) in &person.omop {
            self.hold(context, person.id, *table, rows.iter().filter_map(|row| row.key()), &out.list);
        }
    }

    fn hold(
        &mut self,
        context: &Context<'_>,
        person_id: i64,
        table: Table,
        keys: impl Iterator<Item = i64>,
        said: &[Finding],
    ) {
        for key in keys.filter(|key| context.omop.seen.is_suspect(table, *key)) {
            if !said.iter().any(|finding| finding.table == Some(table) && finding.key == Some(key)) {
                self.holders.add(table, key, person_id);
            }
        }
    }

    /// Adds another partition.
    pub(crate) fn merge(&mut self, other: Self) {
        self.completeness.merge(other.completeness);
        self.statistics.merge(&other.statistics);
        self.holders.merge(other.holders);
    }

    /// What the whole shows.
    pub(crate) fn findings(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut findings = self.holders.findings();
        findings.extend(self.completeness.findings(context.omop));
        if let Some(pack) = context.pack {
            findings.extend(self.statistics.findings(pack));
        }
        findings
    }

    /// Rules that said nothing of so few persons, and why.
    pub(crate) fn not_applicable(&self) -> Vec<(String, String)> {
        let statistics = self.statistics.not_applicable().map(|reason| (statistics::RULE.to_owned(), reason));
        self.completeness.not_applicable().into_iter().chain(statistics).collect()
    }
}
