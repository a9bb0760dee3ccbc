//! Deltas: versions of resources follow from the chart alone, and every day's delta put together is the whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::ops::Range;

use anyhow::Result;
use arrow::record_batch::RecordBatch;
use chrono::{Days, NaiveDate};
use serde_json::Value;
use twinlake_generate::{Compress, FhirFormat, FhirPart, FhirSink, OmopSink, Options, Sinks, produce};
use twinlake_omop::{DynRow, Table, read};
use twinlake_pack::Pack;
use twinlake_synth::chart::{Deed, Rates};
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_synth::timeline::{Problem, Timeline};
use twinlake_vocab::Vocab;

const SEED: u64 = 42;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn context(as_of: NaiveDate) -> Context<'static> {
    Context::new(Pack::embedded(), Vocab::embedded(), SEED, as_of)
}

/// A patient's resources on a day as JSON, by type and id.
fn resources(context: &Context<'_>, model: &Model<'_>, patient: u64) -> BTreeMap<String, Vec<u8>> {
    let timeline = model.draw(SEED, patient, context.as_of);
    let mut all = BTreeMap::new();
    if timeline.is_charted() {
        render::fhir(context, &timeline, &mut |resource| {
            let mut json = Vec::new();
            resource.write_json(&mut json);
            let name = format!("{}/{}", resource.resource_type(), resource.id().unwrap());
            assert!(all.insert(name, json).is_none());
        });
    }
    all
}

/// A resource without what `meta` says of its version, its version, and the day of its last change.
fn version(json: &[u8]) -> (Value, u64, NaiveDate) {
    let mut json: Value = serde_json::from_slice(json).unwrap();
    let meta = json["meta"].as_object_mut().unwrap();
    let version = meta.remove("versionId").unwrap().as_str().unwrap().parse().unwrap();
    let updated = meta.remove("lastUpdated").unwrap().as_str().unwrap()[..10].parse().unwrap();
    (json, version, updated)
}

/// Holds a patient to the law from day to day; counts by type the changes of what was there before.
fn follow(model: &Model<'_>, patient: u64, days: &[Context<'_>], changes: &mut BTreeMap<String, usize>) {
    let mut before = resources(&days[0], model, patient);
    for today in &days[1..] {
        let now = resources(today, model, patient);
        let day = today.as_of;
        for name in before.keys() {
            assert!(now.contains_key(name), "patient {patient}, {day}: {name} is gone");
        }
        for (name, json) in &now {
            let old = before.get(name);
            if old == Some(json) {
                continue;
            }
            let (content, number, updated) = version(json);
            let expected = match old.map(|old| version(old)) {
                None => (1, day),
                Some((old, number, updated)) if old == content => (number, updated),
                Some((_, number, _)) => {
                    *changes.entry(name.split('/').next().unwrap().to_owned()).or_default() += 1;
                    (number + 1, day)
                }
            };
            assert_eq!((number, updated), expected, "patient {patient}, {day}: {name}");
        }
        before = now;
    }
}

fn contexts(days: Range<NaiveDate>) -> Vec<Context<'static>> {
    days.start.iter_days().take_while(|day| *day < days.end).map(context).collect()
}

#[test]
fn a_version_is_one_more_on_just_the_days_on_which_the_content_is_other() {
    let model = Model::new(Pack::embedded());
    let month = contexts(day("2022-12-20")..day("2023-01-20"));
    let mut changes = BTreeMap::new();
    (1..=120).for_each(|patient| follow(&model, patient, &month, &mut changes));
    for kind in ["Coverage", "MedicationRequest", "Patient"] {
        assert!(changes.contains_key(kind), "{kind}: {changes:?}");
    }
}

/// Follows patients through the days around what may change much: deaths, ends of problems, late entries.
fn turns(model: &Model<'_>, n_patients: u64, turn: impl Fn(&Timeline) -> Option<NaiveDate>) -> BTreeMap<String, usize> {
    let last = Pack::embedded().reference_date;
    let mut changes = BTreeMap::new();
    for patient in 1..=n_patients {
        if let Some(turn) = turn(&model.draw(SEED, patient, last)) {
            let days = contexts(turn - Days::new(3)..(turn + Days::new(3)).min(last));
            follow(model, patient, &days, &mut changes);
        }
    }
    changes
}

#[test]
fn a_death_and_what_ends_with_it_are_versions() {
    let model = Model::new(Pack::embedded());
    let changes = turns(&model, 400, |timeline| Some(timeline.death.as_ref()?.at.date()));
    for kind in ["Patient", "Coverage", "MedicationRequest", "CarePlan", "CareTeam", "Goal", "RelatedPerson"] {
        assert!(changes.contains_key(kind), "{kind}: {changes:?}");
    }
}

#[test]
fn the_end_of_a_problem_is_a_version_of_all_that_names_its_end() {
    let model = Model::new(Pack::embedded());
    let opens = day("2016-01-01");
    let changes = turns(&model, 250, |timeline| {
        timeline.problems.iter().filter_map(|problem| problem.abated).find(|&abated| abated > opens)
    });
    assert!(changes["Condition"] > 5, "{changes:?}");
}

#[test]
fn what_a_messy_chart_enters_late_is_a_version_of_what_names_it() {
    let model = Model::new(Pack::embedded()).with_chart(Rates { late: 0.6, ..Rates::MESSY });
    let changes = turns(&model, 150, |timeline| {
        let is_late = |problem: &&Problem| problem.encounter.is_some() && timeline.has_mark(problem.event, Deed::Late);
        timeline.problems.iter().filter(is_late).map(|problem| problem.recorded).next_back()
    });
    assert!(changes["Provenance"] > 5, "{changes:?}");
}

/// FHIR by type and id with its version, and the rows of each person.
#[derive(Debug, Default, PartialEq)]
struct Whole {
    fhir: BTreeMap<String, (u64, Value)>,
    omop: BTreeMap<i64, Vec<String>>,
}

impl Whole {
    /// What is written from `since` on, or all of it.
    fn generate(patients: Range<u64>, chart: Rates, since: Option<NaiveDate>, as_of: NaiveDate) -> Self {
        let context = Context::new(Pack::embedded(), Vocab::embedded(), SEED, as_of);
        let options = Options {
            patients,
            threads: NonZeroUsize::new(2).unwrap(),
            format: FhirFormat::Ndjson,
            compress: Compress::None,
            chart,
            defects: None,
            since,
        };
        let (mut fhir, mut omop) = (Resources::default(), Rows::default());
        let sinks = Sinks { fhir: Some(&mut fhir), omop: Some(&mut omop), ..Sinks::default() };
        produce(&context, &options, sinks, &mut |_| ()).unwrap();
        omop.0.values_mut().for_each(|rows| rows.sort_unstable());
        Self { fhir: fhir.0, omop: omop.0 }
    }

    /// Takes a delta: of a resource the higher version, of a person all rows.
    fn apply(&mut self, delta: Self) {
        for (name, (version, resource)) in delta.fhir {
            let known = self.fhir.insert(name.clone(), (version, resource));
            assert!(known.is_none_or(|(known, _)| known < version), "{name} comes again as version {version}");
        }
        self.omop.extend(delta.omop);
    }
}

#[derive(Default)]
struct Resources(BTreeMap<String, (u64, Value)>);

impl FhirSink for Resources {
    fn write(&mut self, part: &FhirPart) -> Result<()> {
        for line in std::str::from_utf8(&part.bytes)?.lines() {
            let json: Value = serde_json::from_str(line)?;
            let version = json["meta"]["versionId"].as_str().unwrap().parse()?;
            let name = format!("{}/{}", part.name, json["id"].as_str().unwrap());
            assert!(self.0.insert(name.clone(), (version, json)).is_none(), "{name} is there twice");
        }
        Ok(())
    }
}

/// Whose row it is: where no column names the person, the key of an event does. Nobody's are the reference set's.
fn person_of(row: &DynRow) -> i64 {
    let key = match row.table {
        Table::Cost => "cost_id",
        Table::EpisodeEvent => "episode_id",
        Table::FactRelationship => "fact_id_1",
        _ => return row.person_id().unwrap_or(0),
    };
    row.cell(key).as_int().unwrap() >> 29
}

#[derive(Default)]
struct Rows(BTreeMap<i64, Vec<String>>);

impl OmopSink for Rows {
    fn write(&mut self, table: Table, batch: &RecordBatch) -> Result<()> {
        for row in read::rows(table, batch)? {
            self.0.entry(person_of(&row)).or_default().push(format!("{table:?} {:?}", row.cells));
        }
        Ok(())
    }
}

fn every_days_delta_makes_the_whole(patients: Range<u64>, chart: Rates, days: Range<NaiveDate>) {
    let mut put_together = Whole::generate(patients.clone(), chart, None, days.start);
    let n_reference = put_together.omop[&0].len();
    let (mut n_resources, mut n_persons) = (0, 0);
    for day in days.start.iter_days().take_while(|day| *day < days.end) {
        let delta = Whole::generate(patients.clone(), chart, Some(day), day + Days::new(1));
        assert!(!delta.fhir.keys().any(|name| name.starts_with("Organization/")), "the reference set is in a delta");
        assert!(!delta.omop.contains_key(&0), "rows of nobody are in a delta");
        assert!(delta.fhir.len() < put_together.fhir.len() / 20, "a delta is small");
        (n_resources, n_persons) = (n_resources + delta.fhir.len(), n_persons + delta.omop.len());
        put_together.apply(delta);
    }
    assert!(n_resources > 50 && n_persons > 5, "{n_resources} resources, {n_persons} persons");
    let mut whole = Whole::generate(patients.clone(), chart, None, days.end);
    // `cdm_source` says as of which day the cohort was generated.
    assert_eq!(whole.omop.remove(&0).unwrap().len(), n_reference);
    put_together.omop.remove(&0);
    let names: BTreeSet<_> = whole.fhir.keys().chain(put_together.fhir.keys()).collect();
    let other: Vec<_> =
        names.into_iter().filter(|name| whole.fhir.get(*name) != put_together.fhir.get(*name)).collect();
    assert!(other.is_empty(), "{other:#?}");
    let persons: BTreeSet<_> = whole.omop.keys().chain(put_together.omop.keys()).collect();
    let other: Vec<_> = persons.into_iter().filter(|id| whole.omop.get(id) != put_together.omop.get(id)).collect();
    assert!(other.is_empty(), "{other:?}");
    // One delta over all the days does the same.
    let mut leap = Whole::generate(patients.clone(), chart, None, days.start);
    leap.apply(Whole::generate(patients, chart, Some(days.start), days.end));
    leap.omop.remove(&0);
    assert!(leap == whole, "a delta over several days");
}

#[test]
fn the_days_of_two_weeks_make_the_whole() {
    every_days_delta_makes_the_whole(1..61, Rates::NONE, day("2022-12-24")..day("2023-01-07"));
}

#[test]
fn a_messy_chart_is_made_of_its_days_too() {
    every_days_delta_makes_the_whole(1..41, Rates::MESSY, day("2021-06-01")..day("2021-06-08"));
}
