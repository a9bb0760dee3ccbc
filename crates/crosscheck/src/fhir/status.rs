//! What the status of a resource says against what else it says.

use twinlake_fhir::{
    CodeableConcept, Condition, Encounter, MedicationRequest, Observation, Patient, Procedure, Resource,
};

use crate::finding::{Finding, Severity};

/// Checks the resources of one person; `patient` is that person's, if it is there.
pub(crate) fn check(
    resources: &[Resource<'_>],
    patient: Option<&Patient<'_>>,
    severity: Severity,
    out: &mut Vec<Finding>,
) {
    let is_dead = patient.is_some_and(is_dead);
    for resource in resources {
        let broken = match resource {
            Resource::Encounter(encounter) => encounter_rules(encounter),
            Resource::Procedure(procedure) => procedure_rules(procedure),
            Resource::Condition(condition) => condition_rules(condition),
            Resource::Observation(observation) => observation_rules(observation),
            Resource::MedicationRequest(request) => request_rules(request, is_dead),
            _ => continue,
        };
        if let Some(Broken { rule, path, sentence }) = broken {
            let name = format!("{}/{}", resource.resource_type(), resource.id().unwrap_or_default());
            let message = format!("{rule}: {name} {sentence}");
            let finding = Finding::on_fhir(rule, severity, message).of_resource(&name);
            out.push(Finding { path: Some(path.to_owned()), ..finding });
        }
    }
}

/// The rule that holds a resource against the patient's death.
pub(crate) const ACTIVE_AFTER_DEATH: &str = "fhir.active_after_death";

struct Broken {
    rule: &'static str,
    path: &'static str,
    sentence: &'static str,
}

fn broken(rule: &'static str, path: &'static str, sentence: &'static str) -> Broken {
    Broken { rule, path, sentence }
}

fn encounter_rules(encounter: &Encounter<'_>) -> Option<Broken> {
    let is_open = encounter.period.as_ref().is_none_or(|period| period.end.is_none());
    if is_open && encounter.status.as_deref() == Some("finished") {
        return Some(broken("fhir.encounter_without_end", "Encounter.period.end", "is finished and has no period.end"));
    }
    None
}

fn procedure_rules(procedure: &Procedure<'_>) -> Option<Broken> {
    if procedure.performed.is_none() && procedure.status.as_deref() == Some("completed") {
        return Some(broken(
            "fhir.procedure_without_time",
            "Procedure.performed[x]",
            "is completed and has no performed[x]",
        ));
    }
    None
}

fn condition_rules(condition: &Condition<'_>) -> Option<Broken> {
    let clinical = |codes: &[&str]| has_code(condition.clinical_status.as_ref(), codes);
    if condition.abatement.is_some() && clinical(&["active", "recurrence", "relapse"]) {
        return Some(broken("fhir.abated_and_active", "Condition.clinicalStatus", "has abated and is active"));
    }
    if condition.clinical_status.is_some() && has_code(condition.verification_status.as_ref(), &["entered-in-error"]) {
        return Some(broken(
            "fhir.error_and_status",
            "Condition.clinicalStatus",
            "was entered in error and has a clinicalStatus",
        ));
    }
    None
}

fn observation_rules(observation: &Observation<'_>) -> Option<Broken> {
    let says_nothing =
        observation.value.is_none() && observation.component.is_empty() && observation.has_member.is_empty();
    let (rule, path, sentence) = match (&observation.value, &observation.data_absent_reason) {
        (Some(_), Some(_)) => {
            ("fhir.value_and_reason", "Observation.dataAbsentReason", "has a value and a reason why it has none")
        }
        (None, None) if says_nothing && observation.status.as_deref() == Some("final") => (
            "fhir.observation_without_value",
            "Observation.value[x]",
            "is final and has no value, component, member or dataAbsentReason",
        ),
        _ => return None,
    };
    Some(broken(rule, path, sentence))
}

fn request_rules(request: &MedicationRequest<'_>, is_dead: bool) -> Option<Broken> {
    if is_dead && request.status.as_deref() == Some("active") {
        return Some(broken(ACTIVE_AFTER_DEATH, "MedicationRequest.status", "is active, its patient is dead"));
    }
    None
}

fn is_dead(patient: &Patient<'_>) -> bool {
    use twinlake_fhir::Deceased;
    match &patient.deceased {
        Some(Deceased::Boolean(is_dead)) => *is_dead,
        Some(Deceased::DateTime(_)) => true,
        _ => false,
    }
}

fn has_code(concept: Option<&CodeableConcept<'_>>, codes: &[&str]) -> bool {
    let codings = concept.into_iter().flat_map(|concept| &concept.coding);
    codings.filter_map(|coding| coding.code.as_deref()).any(|code| codes.contains(&code))
}
