//! A small cohort, both sides of it, and what the check says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut, RangeInclusive};
use std::sync::OnceLock;

use chrono::NaiveDate;
use serde_json::Value;
use twinlake_crosscheck::{Accounting, Context, CostCheck, FhirSide, Finding, OmopSide, SharedCheck, check_partition};
use twinlake_fhir::{Header, Resource};
use twinlake_harmonize::{Shared, harmonize_patient};
use twinlake_omop::{Cell, DynRow, Table, key};
use twinlake_pack::Pack;
use twinlake_synth::render;
use twinlake_synth::simulate::simulate;
use twinlake_vocab::Vocab;

/// Partitions of the check, so that what two of them say is joined.
const PARTITIONS: i64 = 3;

/// A resource as it was written; its text is made anew when it is changed, and keeps the digits of its decimals until then.
#[derive(Clone)]
pub(crate) struct Entry {
    value: Value,
    written: Option<String>,
}

impl Entry {
    fn new(resource: &Resource<'_>) -> Self {
        let written = resource.to_json();
        Entry { value: serde_json::from_str(&written).unwrap(), written: Some(written) }
    }

    fn text(&self) -> String {
        self.written.clone().unwrap_or_else(|| self.value.to_string())
    }
}

impl Deref for Entry {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl DerefMut for Entry {
    fn deref_mut(&mut self) -> &mut Value {
        self.written = None;
        &mut self.value
    }
}

/// Both sides of some patients.
#[derive(Clone)]
pub(crate) struct Cohort {
    pub(crate) fhir: Vec<Entry>,
    pub(crate) omop: Vec<DynRow>,
    /// The pack whose constraints hold.
    pub(crate) pack: Option<&'static Pack>,
    /// Whether the FHIR is someone else's.
    pub(crate) foreign: bool,
    /// Whether references that dangle are found.
    pub(crate) references: bool,
    /// Columns of each table that OMOP has, where that is known.
    pub(crate) columns: Option<Columns>,
}

/// Columns by table.
pub(crate) type Columns = BTreeMap<Table, Vec<&'static str>>;

/// All tables with all columns.
pub(crate) fn all_columns() -> Columns {
    Table::ALL.into_iter().map(|table| (table, table.spec().fields.iter().map(|field| field.name).collect())).collect()
}

impl Cohort {
    /// A generated cohort, whose sides agree.
    pub(crate) fn new() -> Self {
        static COHORT: OnceLock<Cohort> = OnceLock::new();
        COHORT.get_or_init(|| Cohort::of(PATIENTS)).clone()
    }

    /// These patients of the cohort.
    pub(crate) fn of(patients: RangeInclusive<u64>) -> Self {
        let pack = Pack::embedded();
        let context = render::Context::new(pack, Vocab::embedded(), 42, pack.reference_date);
        let mut fhir = Vec::new();
        let mut omop: Vec<DynRow> = render::omop_reference(&context).iter().map(DynRow::from).collect();
        let mut read = |resource: Resource<'_>| fhir.push(Entry::new(&resource));
        render::fhir_reference(&context, &mut read);
        for patient in patients {
            let timeline = simulate(pack, context.seed, patient, context.as_of);
            render::fhir(&context, &timeline, &mut read);
            omop.extend(render::omop(&context, &timeline).iter().map(DynRow::from));
        }
        omop.retain(|row| COMPARED.contains(&row.table));
        Cohort { fhir, omop, pack: None, foreign: false, references: false, columns: None }
    }

    fn shared(&self) -> Shared {
        let mut shared = Shared::default();
        for resource in &self.fhir {
            shared.read(&Resource::from_json(&resource.text()).unwrap());
        }
        shared
    }

    /// What persons may refer to outside of what is theirs.
    fn whole(&self) -> FhirSide {
        let mut whole = FhirSide::default();
        for resource in self.fhir.iter().filter(|_| self.references) {
            if resource["resourceType"] == "Patient" || person_of(resource).is_none() {
                let name = |key: &str| resource[key].as_str().unwrap_or_default();
                whole.expect(name("resourceType"), name("id"));
            }
        }
        whole
    }

    fn mapped(&self, shared: &Shared, person: i64) -> Vec<DynRow> {
        let texts: Vec<String> =
            self.fhir.iter().filter(|resource| person_of(resource) == Some(person)).map(Entry::text).collect();
        let resources: Vec<_> = texts.iter().map(|text| Resource::from_json(text).unwrap()).collect();
        harmonize_patient(Vocab::embedded(), shared, &resources).rows.iter().map(DynRow::from).collect()
    }

    /// Makes a person's OMOP rows anew from their FHIR, so that a fault is on both sides.
    pub(crate) fn remap(&mut self, person: i64) {
        let events: BTreeSet<Option<i64>> =
            self.omop.iter().filter(|row| row.person_id() == Some(person)).map(DynRow::key).collect();
        let is_theirs = |row: &DynRow| match row.table {
            Table::Cost => events.contains(&row.cell("cost_event_id").as_int()),
            Table::EpisodeEvent => events.contains(&row.cell("episode_id").as_int()),
            _ => false,
        };
        self.omop.retain(|row| row.person_id() != Some(person) && !is_theirs(row));
        let rows = self.mapped(&self.shared(), person);
        let unowned = [Table::Cost, Table::EpisodeEvent];
        let kept = |row: &DynRow| row.person_id() == Some(person) || unowned.contains(&row.table);
        self.omop.extend(rows.into_iter().filter(kept));
    }

    pub(crate) fn resources(&mut self, resource_type: &str) -> impl Iterator<Item = &mut Entry> {
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
            self.omop.iter().filter(|row| row.table == Table::Person).map(DynRow::key).collect::<BTreeSet<_>>().len(),
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
        let texts: Vec<String> = self.fhir.iter().map(Entry::text).collect();
        let mut fhir: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for text in &texts {
            let resource = Resource::from_json(text).unwrap();
            shared.read(&resource);
            check.read(&resource);
            if !Shared::reads(resource.resource_type()) {
                // What is of no patient is in some partition too.
                let person = Header::read(text).unwrap().patient_id().map(key::of_person).unwrap_or_default();
                fhir.entry(person % PARTITIONS).or_default().push(text);
            }
        }
        for row in shared.rows(vocab) {
            side.expect(&row);
            check.expect(&row);
        }
        for (table, columns) in self.columns.iter().flatten() {
            side.declare(*table, Some(columns));
        }
        let mut omop: BTreeMap<i64, Vec<DynRow>> = BTreeMap::new();
        for row in &self.omop {
            side.count(row);
            check.render(row);
            if row.table.spec().person_column.is_some() {
                omop.entry(row.person_id().unwrap_or_default() % PARTITIONS).or_default().push(row.clone());
            }
        }
        let whole = self.whole();
        let context =
            Context { vocab, shared: &shared, fhir: &whole, omop: &side, pack: self.pack, foreign: self.foreign };
        let mut accounting = Accounting::default();
        let (mut costs, mut given, mut links) = (CostCheck::default(), Vec::new(), Vec::new());
        for partition in 0..PARTITIONS {
            let rows = omop.remove(&partition).unwrap_or_default();
            let report = check_partition(&context, &rows, &fhir.remove(&partition).unwrap_or_default());
            costs.doubt(report.doubtful.iter().copied());
            given.extend(report.costs.iter().map(DynRow::from));
            links.extend(report.episode_events.iter().map(DynRow::from));
            accounting.add(report, &mut check);
        }
        let mut ledger = accounting.finish(&context, &check);
        let of = |table| -> Vec<DynRow> { self.omop.iter().filter(|row| row.table == table).cloned().collect() };
        if !side.lacks(Table::Cost) {
            ledger.extend(costs.findings(&context, &of(Table::Cost), &given));
        }
        if !side.lacks(Table::EpisodeEvent) {
            ledger.extend(costs.episode_events(&context, &of(Table::EpisodeEvent), &links));
        }
        ledger.into_findings()
    }

    /// Asserts that the check finds these rules, each that often, and nothing else; gives the findings back.
    pub(crate) fn expect(&self, expected: &[(&str, usize)]) -> Vec<Finding> {
        let findings = self.findings();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &findings {
            assert!(twinlake_crosscheck::rule(&finding.rule).is_some(), "{} is not registered", finding.rule);
            *counts.entry(&finding.rule).or_default() += 1;
        }
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).take(10).collect();
        assert_eq!(counts, expected.iter().copied().collect(), "{messages:#?}");
        findings
    }
}

/// Key of the person a resource belongs to.
pub(crate) fn person_of(resource: &Value) -> Option<i64> {
    let id = match resource["resourceType"].as_str()? {
        "Patient" => resource["id"].as_str(),
        _ => ["subject", "patient", "beneficiary"]
            .iter()
            .find_map(|name| resource[name]["reference"].as_str()?.strip_prefix("Patient/")),
    };
    id.map(key::of_person)
}

/// Enough patients for some to have died, few enough to check forty times.
const PATIENTS: RangeInclusive<u64> = 1..=24;

/// The tables that belong to patients, and those they share.
const COMPARED: [Table; 22] = [
    Table::Person,
    Table::Location,
    Table::CareSite,
    Table::Provider,
    Table::ObservationPeriod,
    Table::VisitOccurrence,
    Table::VisitDetail,
    Table::ConditionOccurrence,
    Table::DrugExposure,
    Table::ProcedureOccurrence,
    Table::Measurement,
    Table::Observation,
    Table::Specimen,
    Table::DeviceExposure,
    Table::Note,
    Table::Death,
    Table::PayerPlanPeriod,
    Table::ConditionEra,
    Table::DrugEra,
    Table::Cost,
    Table::Episode,
    Table::EpisodeEvent,
];
