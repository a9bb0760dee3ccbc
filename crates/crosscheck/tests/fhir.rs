//! Each rule on FHIR has teeth: a test makes one change in sound resources, and expects just that finding.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use serde_json::{Value, json};
use twinlake_crosscheck::{Context, FhirSide, Finding, OmopSide, check_partition};
use twinlake_harmonize::Shared;
use twinlake_vocab::Vocab;

/// Sound resources of a patient.
fn resources() -> Value {
    let subject = json!({"reference": "Patient/p1"});
    json!({
        "Patient": {
            "resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-03-04",
            "_birthDate": {"extension": [{"url": "http://example.org/time", "valueDateTime": "1970-03-04T05:06:07Z"}]},
            "name": [{"family": "Doe", "given": ["Ann", null], "_given": [null, {"id": "g"}]}],
            "contained": [{"resourceType": "Organization", "id": "school", "name": "School"}],
            "managingOrganization": {"reference": "#school"},
        },
        "Encounter": {
            "resourceType": "Encounter", "id": "e1", "status": "finished", "subject": subject,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "period": {"start": "2019-03-04T10:00:00Z", "end": "2019-03-04T05:30:00-05:00"},
            "serviceProvider": {"reference": "Organization/o1"},
        },
        "Condition": {
            "resourceType": "Condition", "id": "c1", "subject": subject, "encounter": {"reference": "Encounter/e1"},
            "code": {"text": "asthma"}, "onsetDateTime": "2019-03",
            "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
        },
        "Observation": {
            "resourceType": "Observation", "id": "o1", "status": "final", "subject": subject, "code": {"text": "weight"},
            "effectiveDateTime": "2019-03-04", "valueQuantity": {"value": 70.5, "unit": "kg"},
        },
        "Procedure": {
            "resourceType": "Procedure", "id": "r1", "status": "completed", "subject": subject, "performedDateTime": "2019-03-04",
        },
        "MedicationRequest": {
            "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order", "subject": subject,
            "medicationCodeableConcept": {"text": "aspirin"}, "dosageInstruction": [{"sequence": 1}],
        },
    })
}

fn findings(resources: &[String]) -> Vec<Finding> {
    let (shared, omop, vocab) = (Shared::default(), OmopSide::default(), Vocab::embedded());
    let mut fhir = FhirSide::default();
    fhir.expect("Patient", "p1");
    fhir.expect("Organization", "o1");
    let context = Context { vocab, shared: &shared, fhir: &fhir, omop: &omop, pack: None, foreign: false };
    check_partition(&context, &[], resources).findings
}

/// Sets what a pointer names in one of the resources, and expects just this finding there.
#[track_caller]
fn expect(pointer: &str, value: Value, rule: &str, path: &str) {
    let mut all = resources();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = all.pointer_mut(parent).unwrap();
    match (parent, value) {
        (Value::Object(object), Value::Null) => drop(object.remove(key)),
        (Value::Object(object), value) => drop(object.insert(key.to_owned(), value)),
        (other, value) => other[key.parse::<usize>().unwrap()] = value,
    }
    let texts: Vec<String> = all.as_object().unwrap().values().map(Value::to_string).collect();
    let findings = findings(&texts);
    let found: Vec<(&str, &str)> =
        findings.iter().map(|finding| (finding.rule.as_str(), finding.path.as_deref().unwrap_or_default())).collect();
    assert_eq!(found, [(rule, path)], "{findings:#?}");
    let known = twinlake_crosscheck::rule(rule).unwrap();
    assert_eq!(known.family, twinlake_crosscheck::Family::Fhir);
    let resource = pointer.split('/').nth(1).unwrap();
    assert!(findings[0].resource.as_ref().unwrap().starts_with(resource), "{findings:#?}");
    assert!(findings[0].message.starts_with(&format!("{rule}: {resource}/")), "{}", findings[0].message);
}

#[test]
fn sound_resources_have_no_finding() {
    let texts: Vec<String> = resources().as_object().unwrap().values().map(Value::to_string).collect();
    assert_eq!(findings(&texts), []);
}

#[test]
fn elements_that_are_not_r4s() {
    expect("/Patient/nmae", json!("x"), "fhir.element", "Patient.nmae");
    expect("/Encounter/_period", json!({"id": "x"}), "fhir.element", "Encounter._period");
    expect("/Patient/contained/0/resourceType", json!("School"), "fhir.resource_type", "Patient.contained[0]");
}

#[test]
fn elements_that_are_absent_or_too_many() {
    expect("/Encounter/class", Value::Null, "fhir.required", "Encounter.class");
    expect(
        "/MedicationRequest/medicationCodeableConcept",
        Value::Null,
        "fhir.required",
        "MedicationRequest.medication[x]",
    );
    expect("/Condition/code/coding", json!([]), "fhir.cardinality", "Condition.code.coding");
    expect("/Patient/maritalStatus", json!({}), "fhir.cardinality", "Patient.maritalStatus");
}

#[test]
fn two_values_of_a_choice() {
    expect("/Observation/valueString", json!("heavy"), "fhir.choice", "Observation.valueString");
    expect("/Procedure/performedString", json!("in March"), "fhir.choice", "Procedure.performedString");
}

#[test]
fn values_that_are_not_of_their_type() {
    expect("/Patient/birthDate", json!(1970), "fhir.type", "Patient.birthDate");
    expect("/Patient/active", json!("true"), "fhir.type", "Patient.active");
    expect("/Observation/valueQuantity/value", json!("70.5"), "fhir.type", "Observation.valueQuantity.value");
    expect("/Observation/note", json!(["x"]), "fhir.type", "Observation.note[0]");
}

#[test]
fn values_that_are_not_of_their_format() {
    expect("/Observation/effectiveDateTime", json!("2019-02-30"), "fhir.format", "Observation.effectiveDateTime");
    expect("/Observation/issued", json!("2019-03-04"), "fhir.format", "Observation.issued");
    expect("/Procedure/id", json!("r_1"), "fhir.format", "Procedure.id");
    expect(
        "/MedicationRequest/dosageInstruction/0/sequence",
        json!(1.5),
        "fhir.format",
        "MedicationRequest.dosageInstruction[0].sequence",
    );
}

#[test]
fn codes_that_r4_does_not_know() {
    expect("/Patient/gender", json!("f"), "fhir.code", "Patient.gender");
    expect("/Observation/status", json!("done"), "fhir.code", "Observation.status");
    expect("/Condition/clinicalStatus/coding/0/code", json!("alive"), "fhir.code", "Condition.clinicalStatus");
}

#[test]
fn references_to_what_is_not_there() {
    expect("/Condition/encounter/reference", json!("Encounter/e2"), "fhir.dangling", "Condition.encounter");
    expect(
        "/Encounter/serviceProvider/reference",
        json!("Organization/o2"),
        "fhir.dangling",
        "Encounter.serviceProvider",
    );
    expect("/Patient/managingOrganization/reference", json!("#work"), "fhir.dangling", "Patient.managingOrganization");
    let urn = json!("urn:uuid:c757873d-ec9a-4326-a141-556f43239520");
    expect("/Encounter/serviceProvider/reference", urn, "fhir.dangling", "Encounter.serviceProvider");
    expect(
        "/Encounter/serviceProvider/reference",
        json!("Patient/p1"),
        "fhir.reference_type",
        "Encounter.serviceProvider",
    );
}

/// A Claim, which gives no row and is not read to its end, with this at its end.
fn claim(end: &str) -> String {
    let insurance = r#"[{"sequence":1,"focal":true,"coverage":{"display":"none"}}]"#;
    format!(
        r#"{{"resourceType":"Claim","id":"x1","status":"active","type":{{"text":"a"}},"use":"claim","created":"2019-03-04",
        "patient":{{"reference":"Patient/p1"}},"provider":{{"reference":"Organization/o1"}},"priority":{{"text":"b"}},
        "insurance":{insurance}{end}}}"#
    )
}

#[test]
fn what_gives_no_row_is_walked_over_all_the_same() {
    let mut texts: Vec<String> = resources().as_object().unwrap().values().map(Value::to_string).collect();
    texts.push(String::new());
    let mut expect = |claim: String, expected: &[(&str, &str)]| {
        *texts.last_mut().unwrap() = claim;
        let findings = findings(&texts);
        let found: Vec<(&str, &str)> =
            findings.iter().map(|one| (one.rule.as_str(), one.path.as_deref().unwrap_or_default())).collect();
        assert_eq!(found, expected, "{findings:#?}");
    };
    expect(claim(""), &[]);
    expect(claim(r#","total":null"#), &[("fhir.type", "Claim.total")]);
    expect(claim(r#","resourceType":"Claim""#), &[("fhir.cardinality", "Claim.resourceType")]);
    expect(claim(r#","_created":{"id":"a"},"_created":{"id":"b"}"#), &[("fhir.cardinality", "Claim._created")]);
    expect(claim(r#","identifier":[{"value":"\ud800"}]"#), &[("fhir.format", "Claim.identifier[0].value")]);
    expect(claim("").replace(r#""x1""#, "7"), &[("fhir.type", "Claim.id")]);
    expect(claim("").replace(r#""x1""#, "7").replace('}', ""), &[("fhir.unreadable", "")]);
    // One that says its type last is none the less a Claim.
    let last = claim(r#","total":null,"resourceType":"Claim""#).replacen(r#""resourceType":"Claim","#, "", 1);
    expect(last, &[("fhir.type", "Claim.total")]);
}

#[test]
fn a_value_that_was_sound_elsewhere_is_looked_at_anew() {
    // The same text is no class, and what was too deep to be looked at is not known to be sound.
    let coding = r#"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"}"#;
    let wrong = r#"{"system":"x","cod":"AMB"}"#;
    let encounter = |id: &str, class: &str, more: &str| {
        format!(
            r#"{{"resourceType":"Encounter","id":"{id}","status":"planned","class":{class},"subject":{{"reference":"Patient/p1"}}{more}}}"#
        )
    };
    let value = format!(r#"{{"url":"u","valueCoding":{wrong}}}"#);
    let deep = (0..70).fold(value.clone(), |inside, _| format!(r#"{{"url":"u","extension":[{inside}]}}"#));
    let texts = [
        resources()["Patient"].to_string(),
        encounter("a", coding, ""),
        claim(&format!(r#","extension":[{deep}]"#)),
        encounter("c", wrong, &format!(r#","extension":[{value}]"#)),
    ];
    let findings = findings(&texts);
    let found: Vec<(&str, &str)> =
        findings.iter().map(|one| (one.rule.as_str(), one.path.as_deref().unwrap_or_default())).collect();
    let expected =
        [("fhir.element", "Encounter.class.cod"), ("fhir.element", "Encounter.extension[0].valueCoding.cod")];
    assert_eq!(found, expected, "{findings:#?}");
}

#[test]
fn what_several_references_miss_is_one_finding() {
    let mut all = resources();
    all["Encounter"]["id"] = "e2".into();
    all["Procedure"]["encounter"] = json!({"reference": "Encounter/e1"});
    let texts: Vec<String> = all.as_object().unwrap().values().map(Value::to_string).collect();
    let findings = findings(&texts);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert!(findings[0].message.ends_with("so do 1 more references"), "{}", findings[0].message);
}

#[test]
fn a_status_that_contradicts_the_rest() {
    expect("/Encounter/period/end", json!("2019-03-04T04:30:00-05:00"), "fhir.period", "Encounter.period");
    expect("/Encounter/period/end", Value::Null, "fhir.encounter_without_end", "Encounter.period.end");
    expect("/Procedure/performedDateTime", Value::Null, "fhir.procedure_without_time", "Procedure.performed[x]");
    expect("/Condition/abatementDateTime", json!("2020-01-01"), "fhir.abated_and_active", "Condition.clinicalStatus");
    let in_error = json!({"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]});
    expect("/Condition/verificationStatus", in_error, "fhir.error_and_status", "Condition.clinicalStatus");
    expect("/Observation/valueQuantity", Value::Null, "fhir.observation_without_value", "Observation.value[x]");
    expect(
        "/Observation/dataAbsentReason",
        json!({"text": "lost"}),
        "fhir.value_and_reason",
        "Observation.dataAbsentReason",
    );
}

#[test]
fn an_active_prescription_of_someone_who_is_dead() {
    let mut all = resources();
    all["Patient"]["deceasedBoolean"] = true.into();
    let texts: Vec<String> = all.as_object().unwrap().values().map(Value::to_string).collect();
    let findings = findings(&texts);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].rule, "fhir.active_after_death");
}
