//! The check types of OHDSI's `DataQualityDashboard` (2.8, CDM v5.4), and the rules that cover each.
//!
//! A rule is at least as strict as its check: where the dashboard tolerates a percentage of rows, a rule names each row, but
//! for the completeness of what no chart has in full.

/// A check type, and the rules `{table}.{what}` that cover it, by what they find.
pub(crate) const CHECKS: [(&str, &[&str]); 27] = [
    ("cdmTable", &["no_table", "missing"]),
    ("cdmField", &["no_column"]),
    ("cdmDatatype", &["datatype"]),
    ("isRequired", &["required"]),
    ("isPrimaryKey", &["duplicate"]),
    ("isForeignKey", &["broken_reference", "unknown_concept", "no_zero", "person_id"]),
    ("fkDomain", &["wrong_domain"]),
    ("fkClass", &["wrong_class"]),
    ("isStandardValidConcept", &["not_standard"]),
    ("measurePersonCompleteness", &["few_persons", "not_observed"]),
    ("measureConditionEraCompleteness", &["condition_era.recomputed"]),
    ("measureObservationPeriodOverlap", &["observation_period.overlap"]),
    ("measureValueCompleteness", &["required"]),
    ("standardConceptRecordCompleteness", &["unmapped", "no_concept", "zero_for_null"]),
    ("sourceConceptRecordCompleteness", &["unmapped_source"]),
    ("sourceValueCompleteness", &["unmapped_codes"]),
    ("plausibleValueLow", &["out_of_range", "implausible_value"]),
    ("plausibleValueHigh", &["out_of_range", "implausible_value"]),
    ("plausibleTemporalAfter", &["before_birth", "end_before_start"]),
    ("plausibleAfterBirth", &["before_birth"]),
    ("plausibleBeforeDeath", &["after_death"]),
    ("plausibleDuringLife", &["after_death"]),
    ("plausibleStartBeforeEnd", &["end_before_start"]),
    ("plausibleGender", &["wrong_sex"]),
    ("plausibleGenderUseDescendants", &["wrong_sex"]),
    ("plausibleUnitConceptIds", &["wrong_unit"]),
    ("withinVisitDates", &["away_from_visit", "outside_visit"]),
];

/// The checks that a rule covers.
pub(crate) fn covered_by(rule: &str) -> impl Iterator<Item = &'static str> {
    let what = rule.split_once('.').map_or(rule, |(_, what)| what).to_owned();
    let rule = rule.to_owned();
    CHECKS
        .into_iter()
        .filter(move |(_, rules)| rules.iter().any(|one| *one == what || *one == rule))
        .map(|(name, _)| name)
}
