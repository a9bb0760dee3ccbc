//! A small cohort, both sides of it, and what the check says of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::{Value, json};
use twinlake_crosscheck::{Accounting, Context, Finding, OmopSide, SharedCheck, check_partition};
use twinlake_fhir::Resource;
use twinlake_harmonize::{Shared, harmonize_patient};
use twinlake_omop::{Cell, DynRow, Table};
use twinlake_pack::Pack;
use twinlake_vocab::Vocab;

/// Partitions of the check, so that what two of them say is joined.
const PARTITIONS: i64 = 3;

/// Both sides of some patients.
#[derive(Clone)]
pub(crate) struct Cohort {
    pub(crate) fhir: Vec<Value>,
    pub(crate) omop: Vec<DynRow>,
    /// The pack whose constraints hold.
    pub(crate) pack: Option<&'static Pack>,
    /// Whether the FHIR is someone else's.
    pub(crate) foreign: bool,
}

impl Cohort {
    /// A cohort whose sides agree.
    pub(crate) fn new() -> Self {
        let fhir = made();
        let mut cohort = Cohort { fhir, omop: Vec::new(), pack: None, foreign: false };
        let shared = cohort.shared();
        let vocab = Vocab::embedded();
        let mut rows: BTreeMap<(Table, Option<i64>), DynRow> =
            shared.rows(vocab).iter().map(|row| ((row.table(), row.key()), row.into())).collect();
        let persons: std::collections::BTreeSet<_> = cohort.fhir.iter().filter_map(person_of).collect();
        for person in persons {
            rows.extend(cohort.mapped(&shared, person).into_iter().map(|row| ((row.table, row.key()), row)));
        }
        cohort.omop = rows.into_values().collect();
        cohort
    }

    fn shared(&self) -> Shared {
        let mut shared = Shared::default();
        for resource in &self.fhir {
            shared.read(&Resource::from_json(&resource.to_string()).unwrap());
        }
        shared
    }

    fn mapped(&self, shared: &Shared, person: i64) -> Vec<DynRow> {
        let texts: Vec<String> =
            self.fhir.iter().filter(|resource| person_of(resource) == Some(person)).map(Value::to_string).collect();
        let resources: Vec<_> = texts.iter().map(|text| Resource::from_json(text).unwrap()).collect();
        harmonize_patient(Vocab::embedded(), shared, &resources).rows.iter().map(DynRow::from).collect()
    }

    /// Makes a person's OMOP rows anew from their FHIR, so that a fault is on both sides.
    pub(crate) fn remap(&mut self, person: i64) {
        self.omop.retain(|row| row.person_id() != Some(person));
        let rows = self.mapped(&self.shared(), person);
        self.omop.extend(rows.into_iter().filter(|row| row.person_id() == Some(person)));
    }

    pub(crate) fn resources(&mut self, resource_type: &str) -> impl Iterator<Item = &mut Value> {
        self.fhir.iter_mut().filter(move |resource| resource["resourceType"] == resource_type)
    }

    pub(crate) fn table(&mut self, table: Table) -> impl Iterator<Item = &mut DynRow> {
        self.omop.iter_mut().filter(move |row| row.table == table)
    }

    /// Changes a column in every row.
    pub(crate) fn set(&mut self, table: Table, column: &str, mut to: impl FnMut(&Cell<'static>) -> Cell<'static>) {
        let place = table.spec().column(column).unwrap();
        for row in self.table(table) {
            row.cells[place] = to(&row.cells[place]);
        }
    }

    pub(crate) fn rows(&self, table: Table) -> usize {
        self.omop.iter().filter(|row| row.table == table).count()
    }

    pub(crate) fn patients(&self) -> usize {
        self.fhir.iter().filter(|resource| resource["resourceType"] == "Patient").count().max(
            self.omop
                .iter()
                .filter(|row| row.table == Table::Person)
                .map(DynRow::key)
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
        )
    }

    /// The person with the most rows who is alive.
    pub(crate) fn busiest(&self) -> i64 {
        let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
        for row in &self.omop {
            if let Some(person) = row.person_id() {
                *counts.entry(person).or_default() += 1;
            }
        }
        for row in self.omop.iter().filter(|row| row.table == Table::Death) {
            counts.remove(&row.person_id().unwrap());
        }
        counts.into_iter().max_by_key(|(_, count)| *count).unwrap().0
    }

    /// First day of the year in which a person was born.
    pub(crate) fn birth_year(&self, person: i64) -> NaiveDate {
        let row = self.omop.iter().find(|row| row.table == Table::Person && row.key() == Some(person)).unwrap();
        NaiveDate::from_ymd_opt(row.cell("year_of_birth").as_int().unwrap().try_into().unwrap(), 1, 1).unwrap()
    }

    /// The whole check, as a caller makes it.
    pub(crate) fn findings(&self) -> Vec<Finding> {
        let vocab = Vocab::embedded();
        let (mut shared, mut side, mut check) = (Shared::default(), OmopSide::default(), SharedCheck::default());
        let texts: Vec<String> = self.fhir.iter().map(Value::to_string).collect();
        let mut fhir: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for text in &texts {
            let resource = Resource::from_json(text).unwrap();
            shared.read(&resource);
            check.read(&resource);
            if let Some(person) = twinlake_crosscheck::person_of(&resource) {
                fhir.entry(person % PARTITIONS).or_default().push(text);
            }
        }
        for row in shared.rows(vocab) {
            side.expect(&row);
            check.expect(&row);
        }
        let mut omop: BTreeMap<i64, Vec<DynRow>> = BTreeMap::new();
        for row in &self.omop {
            side.count(row);
            check.render(row);
            if row.table.spec().person_column.is_some() {
                omop.entry(row.person_id().unwrap_or_default() % PARTITIONS).or_default().push(row.clone());
            }
        }
        let context = Context { vocab, shared: &shared, omop: &side, pack: self.pack, foreign: self.foreign };
        let mut accounting = Accounting::default();
        for partition in 0..PARTITIONS {
            let rows = omop.remove(&partition).unwrap_or_default();
            let report = check_partition(&context, &rows, &fhir.remove(&partition).unwrap_or_default());
            accounting.add(report, &mut check);
        }
        accounting.finish(&side, &check, self.foreign)
    }

    /// Asserts that the check finds these rules, each that often, and nothing else; gives the findings back.
    pub(crate) fn expect(&self, expected: &[(&str, usize)]) -> Vec<Finding> {
        let findings = self.findings();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &findings {
            *counts.entry(&finding.rule).or_default() += 1;
        }
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).take(10).collect();
        assert_eq!(counts, expected.iter().copied().collect(), "{messages:#?}");
        findings
    }
}

/// Key of the person a resource belongs to.
pub(crate) fn person_of(resource: &Value) -> Option<i64> {
    let text = resource.to_string();
    twinlake_crosscheck::person_of(&Resource::from_json(&text).unwrap())
}

const N_PATIENTS: usize = 24;

/// FHIR of patients who differ in birth, sex, race and place; some die, some are diabetic.
fn made() -> Vec<Value> {
    let mut resources = vec![
        json!({"resourceType": "Practitioner", "id": "dr-1", "gender": "female"}),
        json!({"resourceType": "Practitioner", "id": "dr-2", "gender": "male"}),
        json!({"resourceType": "Organization", "id": "org-1", "name": "Harbour Clinic",
            "type": [{"coding": [{"code": "prov"}]}], "address": [{"state": "MA", "postalCode": "02139", "country": "US"}]}),
    ];
    for n in 0..N_PATIENTS {
        push_patient(n, &mut resources);
    }
    resources
}

fn push_patient(n: usize, resources: &mut Vec<Value>) {
    let id = format!("p{n}");
    let subject = json!({"reference": format!("Patient/{id}")});
    let doctor = json!({"reference": format!("Practitioner/dr-{}", n % 2 + 1)});
    let race = ["2106-3", "2054-5", "2028-9"][n % 3];
    let ethnicity = ["2135-2", "2186-5"][n / 2 % 2];
    let omb = |url: &str, code: &str| {
        json!({"url": format!("http://hl7.org/fhir/us/core/StructureDefinition/{url}"), "extension": [
            {"url": "ombCategory", "valueCoding": {"system": "urn:oid:2.16.840.1.113883.6.238", "code": code}}]})
    };
    let mut patient = json!({
        "resourceType": "Patient", "id": id, "gender": (if n.is_multiple_of(2) { "male" } else { "female" }),
        "birthDate": format!("{}-{:02}-{:02}", 1940 + 2 * n, n % 12 + 1, n % 27 + 1),
        "extension": [omb("us-core-race", race), omb("us-core-ethnicity", ethnicity)],
        "address": [{"state": (["MA", "NY", "VT", "ME"][n % 4]), "postalCode": format!("{:05}", 2100 + 300 * n), "country": "US"}],
    });
    if n.is_multiple_of(6) {
        patient["deceasedDateTime"] = "2022-07-09T10:00:00-05:00".into();
    }
    resources.push(patient);
    let snomed = |code: &str| json!({"coding": [{"system": "http://snomed.info/sct", "code": code}]});
    let loinc = |code: &str| json!({"coding": [{"system": "http://loinc.org", "code": code}]});
    let category = |code: &str| json!([{"coding": [{"code": code}]}]);
    let quantity = |value: f64, unit: &str| json!({"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit});
    for (visit, year) in (2019..2022 + i32::from(n.is_multiple_of(2))).enumerate() {
        let encounter = format!("{id}-e{visit}");
        let reference = json!({"reference": format!("Encounter/{encounter}")});
        let at = format!("{year}-03-{:02}T09:30:00-05:00", n % 27 + 1);
        resources.push(json!({
            "resourceType": "Encounter", "id": encounter, "status": "finished", "class": {"code": "AMB"}, "subject": subject,
            "period": {"start": at, "end": at.replace("09:30", "10:15")}, "participant": [{"individual": doctor}],
            "serviceProvider": {"reference": "Organization/org-1"},
        }));
        resources.push(json!({
            "resourceType": "Condition", "id": format!("{encounter}-dx"), "subject": subject, "encounter": reference,
            "category": category("encounter-diagnosis"), "code": snomed("44054006"), "recordedDate": at,
        }));
        resources.push(json!({
            "resourceType": "Observation", "id": format!("{encounter}-bp"), "status": "final", "subject": subject,
            "encounter": reference, "effectiveDateTime": at, "category": category("vital-signs"), "code": loinc("85354-9"),
            "component": [
                {"code": loinc("8480-6"), "valueQuantity": quantity(130.0, "mm[Hg]")},
                {"code": loinc("8462-4"), "valueQuantity": quantity(81.5, "mm[Hg]")},
            ],
        }));
        resources.push(json!({
            "resourceType": "Observation", "id": format!("{encounter}-a1c"), "status": "final", "subject": subject,
            "encounter": reference, "effectiveDateTime": at, "category": category("laboratory"), "code": loinc("4548-4"),
            "valueQuantity": quantity(7.1, "%"), "performer": [doctor],
        }));
        resources.push(json!({
            "resourceType": "MedicationRequest", "id": format!("{encounter}-rx"), "status": "completed", "intent": "order",
            "subject": subject, "encounter": reference, "authoredOn": at, "requester": doctor,
            "medicationCodeableConcept": {"coding": [
                {"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "860975"}]},
            "dispenseRequest": {"numberOfRepeatsAllowed": 3, "quantity": {"value": 180},
                "expectedSupplyDuration": {"value": 180, "system": "http://unitsofmeasure.org", "code": "d"}},
        }));
        resources.push(json!({
            "resourceType": "Immunization", "id": format!("{encounter}-flu"), "status": "completed", "patient": subject,
            "encounter": reference, "occurrenceDateTime": at, "lotNumber": "A7",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
        }));
    }
    resources.push(json!({
        "resourceType": "Condition", "id": format!("{id}-problem"), "subject": subject, "category": category("problem-list-item"),
        "code": snomed("44054006"), "onsetDateTime": "2018-04-05", "recordedDate": "2019-03-04",
        "verificationStatus": {"coding": [{"code": "confirmed"}]},
    }));
}
