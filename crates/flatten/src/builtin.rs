//! The views of the lake's `fhir` tables: our own, one table each, columns close to the source.
//!
//! A table is named as its view. Each column says in its `description` what it holds; codes are those of the first
//! coding, dates are UTC timestamps with the text as written beside them. The views are also plain files (`views/*.json`)
//! that any SQL on FHIR engine runs.

use crate::ViewDefinition;

/// Name and text of each view, in the order of names.
pub const VIEWS: &[(&str, &str)] = &[
    ("allergy_intolerance", include_str!("../views/allergy_intolerance.json")),
    ("care_plan", include_str!("../views/care_plan.json")),
    ("care_team", include_str!("../views/care_team.json")),
    ("claim", include_str!("../views/claim.json")),
    ("condition", include_str!("../views/condition.json")),
    ("coverage", include_str!("../views/coverage.json")),
    ("device", include_str!("../views/device.json")),
    ("diagnostic_report", include_str!("../views/diagnostic_report.json")),
    ("document_reference", include_str!("../views/document_reference.json")),
    ("encounter", include_str!("../views/encounter.json")),
    ("episode_of_care", include_str!("../views/episode_of_care.json")),
    ("explanation_of_benefit", include_str!("../views/explanation_of_benefit.json")),
    ("goal", include_str!("../views/goal.json")),
    ("imaging_study", include_str!("../views/imaging_study.json")),
    ("immunization", include_str!("../views/immunization.json")),
    ("location", include_str!("../views/location.json")),
    ("medication", include_str!("../views/medication.json")),
    ("medication_administration", include_str!("../views/medication_administration.json")),
    ("medication_dispense", include_str!("../views/medication_dispense.json")),
    ("medication_request", include_str!("../views/medication_request.json")),
    ("observation", include_str!("../views/observation.json")),
    ("observation_component", include_str!("../views/observation_component.json")),
    ("organization", include_str!("../views/organization.json")),
    ("patient", include_str!("../views/patient.json")),
    ("practitioner", include_str!("../views/practitioner.json")),
    ("practitioner_role", include_str!("../views/practitioner_role.json")),
    ("procedure", include_str!("../views/procedure.json")),
    ("provenance", include_str!("../views/provenance.json")),
    ("questionnaire_response", include_str!("../views/questionnaire_response.json")),
    ("related_person", include_str!("../views/related_person.json")),
    ("service_request", include_str!("../views/service_request.json")),
    ("specimen", include_str!("../views/specimen.json")),
    ("supply_delivery", include_str!("../views/supply_delivery.json")),
];

/// All built-in views, in the order of names.
pub fn views() -> Vec<ViewDefinition> {
    VIEWS
        .iter()
        .map(|(name, text)| ViewDefinition::parse(text).unwrap_or_else(|error| panic!("built-in view {name}: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DESCRIPTION, Plan, Types};

    #[test]
    fn every_view_compiles_and_every_column_is_described() {
        for (view, (name, _)) in views().iter().zip(VIEWS) {
            assert_eq!(view.name(), *name);
            assert_eq!(view.url(), Some(format!("https://twinlake.dev/ViewDefinition/{name}").as_str()));
            assert!(view.description().is_some());
            for types in [Types::Ansi, Types::Typed] {
                let plan = Plan::compile(std::slice::from_ref(view), types).unwrap();
                for field in plan.tables()[0].schema().fields() {
                    assert!(field.metadata().contains_key(DESCRIPTION), "{name}.{}", field.name());
                }
            }
        }
        assert!(VIEWS.is_sorted());
    }
}
