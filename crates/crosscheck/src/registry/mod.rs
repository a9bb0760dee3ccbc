//! [`Rule`]: what is checked, in words; and [`rules`], all of them.
//!
//! Most rules are one of a kind for each table or column and are made from the CDM's own table of facts ([`tables`]); the rest
//! stand where they are checked. A finding of a rule that is not listed here is a fault of this crate, and a debug build
//! refuses it.

mod outcome;
mod tables;

use std::borrow::Cow;
use std::sync::LazyLock;

use serde::Serialize;
use twinlake_omop::Table;

use crate::finding::Severity;

pub use outcome::{Counted, RuleResult, Status, rule_results};
pub use tables::is_checked;

/// Text of a rule: written down, or made from a table's facts.
type Text = Cow<'static, str>;

/// What is checked, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Rule {
    /// Name, e.g. `condition_occurrence.before_birth`: findings carry it.
    pub id: Text,
    /// What it holds against what.
    pub family: Family,
    /// How bad a finding is at worst. What is wrong with someone else's FHIR is a warning.
    pub severity: Severity,
    /// What must hold, in one sentence.
    pub says: Text,
    /// Where that is from, e.g. `OMOP CDM v5.4`, or a check of the `DataQualityDashboard` by name.
    pub standard: Text,
    /// How a person finds what breaks it.
    pub query: Text,
    /// What it goes over.
    #[serde(skip)]
    pub over: Over,
}

/// What a rule holds against what.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// OMOP against what FHIR gives.
    Agreement,
    /// FHIR against its own standard.
    Fhir,
    /// OMOP against its own standard.
    Omop,
    /// OMOP against the constraints of a model pack.
    Constraint,
}

impl Family {
    /// `agreement`, `fhir`, `omop` or `constraint`.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Agreement => "agreement",
            Family::Fhir => "fhir",
            Family::Omop => "omop",
            Family::Constraint => "constraint",
        }
    }
}

/// What a rule goes over: of these it was applied to so many, and without any it is not applicable.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Over {
    /// Persons on either side.
    Persons,
    /// Tables that OMOP has, with rows or without.
    Tables,
    /// Rows that OMOP has of a table.
    Rows(Table),
    /// Rows that FHIR gives for a table.
    Given(Table),
    /// Rows of a table on either side.
    Both(Table),
    /// Resources of all types.
    Resources,
    /// Resources of a type.
    ResourcesOf(&'static str),
}

/// All rules, in the order of their ids.
pub fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        let mut rules = list();
        rules.sort_by(|one, other| one.id.cmp(&other.id));
        rules
    });
    &RULES
}

/// The rule of this id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    let place = rules().binary_search_by(|rule| (*rule.id).cmp(id)).ok()?;
    rules().get(place)
}

/// Every rule; a new family adds its own here.
fn list() -> Vec<Rule> {
    let mut list = tables::rules();
    list.extend(crate::omop::rules());
    list.extend(crate::person::RULES.iter().map(Written::rule));
    list.extend(crate::fhir::RULES.iter().map(Written::rule));
    list
}

/// A rule as it is written down in the module that checks it.
pub(crate) struct Written {
    pub(crate) id: &'static str,
    pub(crate) family: Family,
    pub(crate) severity: Severity,
    pub(crate) over: Over,
    pub(crate) says: &'static str,
    pub(crate) standard: &'static str,
    pub(crate) query: &'static str,
}

impl Written {
    /// The rule.
    pub(crate) fn rule(&self) -> Rule {
        Rule {
            id: self.id.into(),
            family: self.family,
            severity: self.severity,
            says: self.says.into(),
            standard: self.standard.into(),
            query: self.query.into(),
            over: self.over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_id_and_says_something() {
        for pair in rules().windows(2) {
            assert_ne!(pair[0].id, pair[1].id, "two rules have one id");
        }
        for rule in rules() {
            assert!(rule.says.ends_with('.') && !rule.standard.is_empty(), "{rule:?}");
            assert!(rule.query.ends_with('.'), "{rule:?}");
        }
    }

    #[test]
    fn a_rule_is_found_by_its_id() {
        let found = rule("condition_occurrence.condition_start_date").unwrap();
        assert_eq!((found.family, found.severity), (Family::Agreement, Severity::Error));
        assert!(rule("condition_occurrence.required").unwrap().standard.contains("isRequired"));
        assert!(rule("condition_occurrence.nonsense").is_none());
    }
}
