//! The rules on OMOP alone, and those of the pack, in words.

use twinlake_omop::{FieldSpec, Kind, Table};

use super::{completeness, dashboard, structure};
use crate::finding::Severity;
use crate::layout::{Layout, is_event};
use crate::registry::{Family, Over, Rule, is_checked};

/// The rules of all tables.
pub(crate) fn rules() -> Vec<Rule> {
    let mut rules = Vec::new();
    for table in Table::ALL {
        let of = Of { table };
        if structure::is_asked_for(table) {
            rules.extend(of.structure());
        }
        if is_checked(table) {
            rules.extend(of.fields());
            rules.extend(of.concepts());
            rules.extend(of.numbers());
        }
        if is_event(table) || matches!(table, Table::PayerPlanPeriod | Table::Death) {
            rules.extend(of.days());
        }
        if is_event(table) {
            rules.extend(of.events());
            rules.extend(of.constraints());
        }
        rules.extend(of.completeness());
        rules.extend(of.own());
    }
    rules
}

/// Makes the rules of one table.
struct Of {
    table: Table,
}

impl Of {
    /// A rule; its standard is the dashboard's checks that it covers, else `otherwise`.
    fn rule(&self, what: &str, says: &str, query: &str, otherwise: &str) -> Rule {
        let id = format!("{}.{what}", self.table);
        let checks: Vec<&str> = dashboard::covered_by(&id).collect();
        let standard = match &checks[..] {
            [] => otherwise.to_owned(),
            checks => format!("DataQualityDashboard ({})", checks.join(", ")),
        };
        Rule {
            id: id.into(),
            family: Family::Omop,
            severity: Severity::Error,
            says: says.to_owned().into(),
            standard: standard.into(),
            query: query.to_owned().into(),
            over: Over::Rows(self.table),
        }
    }

    fn with(&self, condition: &str) -> String {
        format!("Select the rows of `{}` {condition}.", self.table)
    }

    fn has(&self, is: impl Fn(&FieldSpec) -> bool) -> bool {
        self.table.spec().fields.iter().any(is)
    }

    fn structure(&self) -> Vec<Rule> {
        let table = self.table;
        let look = format!("Look for a file or folder `{table}` on the OMOP side, and at its columns.");
        let mut no_table = self.rule("no_table", &format!("There is a table `{table}`, if an empty one."), &look, "");
        no_table.severity = Severity::Warning;
        let no_column = self.rule("no_column", &format!("`{table}` has all columns of the CDM."), &look, "");
        [no_table, no_column].into_iter().map(|rule| Rule { over: Over::Tables, ..rule }).collect()
    }

    fn fields(&self) -> Vec<Rule> {
        let table = self.table;
        let column = self.with("where the column that the finding names");
        let column = |is: &str| format!("{} {is}.", column.trim_end_matches('.'));
        let mut rules =
            vec![self.rule("datatype", "Each value is of its field's type.", &column("is of another type"), "")];
        if self.has(|field| field.required) {
            rules.push(self.rule("required", "Each required field has a value.", &column("is null"), ""));
        }
        if self.has(|field| field.max_length.is_some()) {
            let says = "No text is longer than its field allows.";
            let rule = self.rule("too_long", says, &column("is longer than the CDM says"), "OMOP CDM v5.4");
            rules.push(Rule { severity: Severity::Warning, ..rule });
        }
        if self.has(|field| field.kind == Kind::Key && !field.primary_key && field.fk_table.is_some()) {
            let says = "What a row refers to is there.";
            let query =
                format!("Take the key that the finding names; no row of the table that `{table}` refers to has it.");
            rules.push(self.rule("broken_reference", says, &query, ""));
        }
        rules
    }

    fn concepts(&self) -> Vec<Rule> {
        if !self.has(|field| field.kind == Kind::Concept) {
            return Vec::new();
        }
        let table = self.table;
        let look = "Look up the concept that the finding names in `concept`";
        let mut rules = vec![
            self.rule(
                "unknown_concept",
                "Each concept is in the vocabulary.",
                &format!("{look}; it is not there."),
                "",
            ),
            self.rule(
                "wrong_domain",
                "Each concept is of its field's domain.",
                &format!("{look}; see its `domain_id`."),
                "",
            ),
            self.rule(
                "not_standard",
                "A field of standard concepts has standard and valid ones.",
                &format!("{look}; see its `standard_concept` and `invalid_reason`."),
                "",
            ),
            self.rule(
                "no_concept",
                "A concept that is always known, as that of a type, is not 0.",
                &self.with("where the column that the finding names is 0"),
                "",
            ),
            self.rule(
                "zero_for_null",
                "An optional concept that has no source value is null, not 0.",
                &self.with("where the column that the finding names is 0 and its source value is null"),
                "",
            ),
        ];
        if self.has(|field| field.fk_class.is_some()) {
            let says = "Each concept is of its field's class.";
            rules.push(self.rule("wrong_class", says, &format!("{look}; see its `concept_class_id`."), ""));
        }
        if table == Table::Measurement {
            rules.push(self.rule(
                "wrong_unit",
                "The unit of a measurement is one in which it is measured.",
                &self.with("with the finding's key; compare `unit_concept_id` with the units that the finding names"),
                "",
            ));
            rules.push(self.rule(
                "implausible_value",
                "A measurement's value is one that a living person can have in its unit.",
                &self.with("with the finding's key; look for a moved decimal point or another unit"),
                "",
            ));
        }
        rules
    }

    fn numbers(&self) -> Vec<Rule> {
        let says = "Numbers and days are in the range of their field.";
        let query = self.with("with the finding's key; compare its column with the range that the finding names");
        vec![self.rule("out_of_range", says, &query, "")]
    }

    /// Days that can be.
    fn days(&self) -> Vec<Rule> {
        let table = self.table;
        let fields = table.spec().fields;
        let layout = Layout::of(table);
        let Some(start) = layout.start.map(|place| fields[place].name) else { return Vec::new() };
        let mut rules = vec![self.rule(
            "before_birth",
            "No row begins before the person's birth.",
            &format!("Join `{table}` with `person`; select the rows where `{start}` is before the day of birth."),
            "",
        )];
        if table == Table::Death {
            return rules;
        }
        rules.push(self.rule(
            "after_death",
            "No row begins after the person's death, or ends more than 60 days after it.",
            &format!("Join `{table}` with `death`; select the rows where `{start} > death_date`."),
            "",
        ));
        rules
    }

    fn events(&self) -> Vec<Rule> {
        let table = self.table;
        let mut rules = vec![self.rule(
            "outside_observation_period",
            "What happens to a person happens within an observation period.",
            &self.with("that begin within no row of `observation_period` of the person"),
            "OMOP CDM v5.4 (observation_period)",
        )];
        let repeated = self.rule(
            "repeated",
            "No two rows are the same but for their key.",
            &self.with("that have day and concept of the finding's row"),
            "THEMIS (no exact duplicates)",
        );
        rules.push(Rule { severity: Severity::Warning, ..repeated });
        if Layout::of(table).visit.is_some() || table == Table::VisitOccurrence {
            rules.push(self.rule(
                "away_from_visit",
                "What belongs to a visit is dated within a week of it.",
                &format!("Join `{table}` with `visit_occurrence` by `visit_occurrence_id`; compare the days."),
                "",
            ));
        }
        if Layout::of(table).concept.is_some() {
            rules.push(self.rule(
                "wrong_sex",
                "What occurs in one sex only is not recorded of the other.",
                "Look up the person's gender and the concept that the finding names.",
                "",
            ));
        }
        rules
    }

    /// What the model pack says of ages, causes and doses.
    fn constraints(&self) -> Vec<Rule> {
        if Layout::of(self.table).concept.is_none() {
            return Vec::new();
        }
        let table = self.table;
        let mut all = vec![
            (
                "too_young",
                "No concept occurs below the age of its constraint.",
                "compare its day with the day of birth",
            ),
            ("too_old", "No concept occurs above the age of its constraint.", "compare its day with the day of birth"),
            (
                "without_cause",
                "A concept occurs only with one of those that its constraint requires on the problem list.",
                "look up the person's problems in `condition_occurrence`",
            ),
            (
                "before_cause",
                "A concept does not begin before all of those that its constraint requires.",
                "compare its day with those of the person's problems in `condition_occurrence`",
            ),
        ];
        if table == Table::DrugExposure {
            let query = "divide `quantity` by `days_supply`";
            all.push(("too_much", "No more units a day are supplied than the drug's constraint allows.", query));
        }
        let rule = |(what, says, look): (&str, &str, &str)| {
            let query = format!("Open the row of `{table}` with the finding's key; {look}.");
            Rule { family: Family::Constraint, ..self.rule(what, says, &query, "pack (constraints.toml)") }
        };
        let mut rules: Vec<Rule> = all.into_iter().map(rule).collect();
        if table == Table::ConditionOccurrence {
            let says = "The share of persons with a problem is what the pack claims to meet.";
            let query =
                "Count the living persons of the age and sex that the finding names, and those with the problem.";
            let rule = self.rule("off_target", says, query, "pack (calibration.toml)");
            let (family, severity) = (Family::Constraint, Severity::Warning);
            rules.push(Rule { family, severity, over: Over::Persons, ..rule });
        }
        rules
    }

    fn completeness(&self) -> Vec<Rule> {
        let table = self.table;
        let rule = |what| {
            let (says, query) = match what {
                "unmapped" => ("Nearly all values have a standard concept.", self.with("whose standard concept is 0")),
                "unmapped_codes" => (
                    "Nearly all source codes have a standard concept.",
                    self.with("whose standard concept is 0, by code"),
                ),
                "unmapped_source" => {
                    ("Nearly all values have a source concept.", self.with("whose source concept is 0"))
                }
                _ => ("Some persons have a row.", format!("Count the persons of `{table}` and those of `person`.")),
            };
            Rule { severity: Severity::Warning, ..self.rule(what, says, &query, "") }
        };
        completeness::rules_of(table).map(rule).collect()
    }

    /// What only this table has.
    fn own(&self) -> Vec<Rule> {
        match self.table {
            Table::Person => vec![
                self.rule(
                    "not_observed",
                    "Who has any event has an observation period.",
                    "Select the persons without a row of `observation_period`.",
                    "",
                ),
                self.rule(
                    "wrong_sex",
                    "Not all that is recorded of a person is of the other sex.",
                    "Look up the person's gender, and the records that the person alone has.",
                    "",
                ),
            ],
            Table::VisitOccurrence => vec![
                self.rule(
                    "overlap",
                    "No two inpatient visits of a person overlap, nor two of several days.",
                    "Select the person's visits in order of their start.",
                    "OHDSI THEMIS (visit_occurrence)",
                ),
                self.rule(
                    "preceded_by_later",
                    "A visit is not later than the one that it precedes.",
                    "Open the visit that `preceding_visit_occurrence_id` names; compare the days.",
                    "OMOP CDM v5.4 (preceding_visit_occurrence_id)",
                ),
            ],
            Table::Concept => vec![Rule {
                over: Over::Tables,
                ..self.rule(
                    "no_zero",
                    "CONCEPT has concept 0, to which all that has no concept refers.",
                    "Select concept 0 from `concept`; it is not there.",
                    "",
                )
            }],
            Table::EpisodeEvent => vec![self.rule(
                "repeated",
                "An event is of an episode once.",
                "Select the rows of `episode_event` with the finding's episode; two have one event.",
                "OMOP CDM v5.4 (episode_event)",
            )],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_check_of_the_dashboard_is_covered_by_a_rule_that_names_it() {
        let standards: BTreeSet<&str> = crate::registry::rules().iter().map(|rule| &*rule.standard).collect();
        let names: BTreeSet<&str> = dashboard::CHECKS.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), 27);
        for name in names {
            let is_named = |standard: &&&str| {
                standard.contains("DataQualityDashboard")
                    && standard.split(['(', ')', ',', ' ']).any(|word| word == name)
            };
            assert!(standards.iter().any(|standard| is_named(&standard)), "{name}");
        }
    }

    #[test]
    fn whatever_covers_a_check_is_a_rule() {
        for what in dashboard::CHECKS.iter().flat_map(|(_, rules)| rules.iter()) {
            let is_it = |rule: &Rule| rule.id == *what || rule.id.split_once('.').is_some_and(|(_, id)| id == *what);
            assert!(crate::registry::rules().iter().any(is_it), "{what}");
        }
    }
}
