//! The views of the lake's `fhir` tables: our own, one table each, columns close to the source.
//!
//! A table is named as its view. Each column says in its `description` what it holds; codes are those of the first
//! coding, dates are UTC timestamps with the text as written beside them. The views are also plain files (`views/*.json`)
//! that any SQL on FHIR engine runs.

use crate::ViewDefinition;

/// Name and text of each view, in the order of names.
pub const VIEWS: &[(&str, &str)] = &[
    ("allergy_intolerance", include_str!("../views/allergy_intolerance.json")),
    ("allergy_intolerance_reaction", include_str!("../views/allergy_intolerance_reaction.json")),
    ("blood_pressure", include_str!("../views/blood_pressure.json")),
    ("care_plan", include_str!("../views/care_plan.json")),
    ("care_plan_activity", include_str!("../views/care_plan_activity.json")),
    ("care_team", include_str!("../views/care_team.json")),
    ("care_team_participant", include_str!("../views/care_team_participant.json")),
    ("claim", include_str!("../views/claim.json")),
    ("claim_diagnosis", include_str!("../views/claim_diagnosis.json")),
    ("claim_item", include_str!("../views/claim_item.json")),
    ("composition", include_str!("../views/composition.json")),
    ("condition", include_str!("../views/condition.json")),
    ("condition_coding", include_str!("../views/condition_coding.json")),
    ("coverage", include_str!("../views/coverage.json")),
    ("coverage_class", include_str!("../views/coverage_class.json")),
    ("device", include_str!("../views/device.json")),
    ("device_use_statement", include_str!("../views/device_use_statement.json")),
    ("diagnostic_report", include_str!("../views/diagnostic_report.json")),
    ("diagnostic_report_result", include_str!("../views/diagnostic_report_result.json")),
    ("document_reference", include_str!("../views/document_reference.json")),
    ("document_reference_content", include_str!("../views/document_reference_content.json")),
    ("encounter", include_str!("../views/encounter.json")),
    ("encounter_diagnosis", include_str!("../views/encounter_diagnosis.json")),
    ("encounter_location", include_str!("../views/encounter_location.json")),
    ("encounter_participant", include_str!("../views/encounter_participant.json")),
    ("episode_of_care", include_str!("../views/episode_of_care.json")),
    ("explanation_of_benefit", include_str!("../views/explanation_of_benefit.json")),
    ("explanation_of_benefit_adjudication", include_str!("../views/explanation_of_benefit_adjudication.json")),
    ("explanation_of_benefit_diagnosis", include_str!("../views/explanation_of_benefit_diagnosis.json")),
    ("explanation_of_benefit_item", include_str!("../views/explanation_of_benefit_item.json")),
    ("goal", include_str!("../views/goal.json")),
    ("goal_target", include_str!("../views/goal_target.json")),
    ("imaging_study", include_str!("../views/imaging_study.json")),
    ("imaging_study_instance", include_str!("../views/imaging_study_instance.json")),
    ("imaging_study_series", include_str!("../views/imaging_study_series.json")),
    ("immunization", include_str!("../views/immunization.json")),
    ("location", include_str!("../views/location.json")),
    ("medication", include_str!("../views/medication.json")),
    ("medication_administration", include_str!("../views/medication_administration.json")),
    ("medication_dispense", include_str!("../views/medication_dispense.json")),
    ("medication_request", include_str!("../views/medication_request.json")),
    ("medication_request_dosage", include_str!("../views/medication_request_dosage.json")),
    ("medication_statement", include_str!("../views/medication_statement.json")),
    ("observation", include_str!("../views/observation.json")),
    ("observation_category", include_str!("../views/observation_category.json")),
    ("observation_component", include_str!("../views/observation_component.json")),
    ("organization", include_str!("../views/organization.json")),
    ("patient", include_str!("../views/patient.json")),
    ("patient_address", include_str!("../views/patient_address.json")),
    ("patient_communication", include_str!("../views/patient_communication.json")),
    ("patient_identifier", include_str!("../views/patient_identifier.json")),
    ("patient_name", include_str!("../views/patient_name.json")),
    ("patient_telecom", include_str!("../views/patient_telecom.json")),
    ("practitioner", include_str!("../views/practitioner.json")),
    ("practitioner_role", include_str!("../views/practitioner_role.json")),
    ("procedure", include_str!("../views/procedure.json")),
    ("provenance", include_str!("../views/provenance.json")),
    ("provenance_agent", include_str!("../views/provenance_agent.json")),
    ("provenance_target", include_str!("../views/provenance_target.json")),
    ("questionnaire_response", include_str!("../views/questionnaire_response.json")),
    ("questionnaire_response_item", include_str!("../views/questionnaire_response_item.json")),
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
