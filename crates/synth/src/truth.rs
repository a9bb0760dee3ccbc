//! The truth behind a chart: each event with its cause, and where each of the two renderings has it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use twinlake_omop::{Table, key};

use crate::chart::Deed;
use crate::ids;
use crate::render::{self, Context};
use crate::timeline::{Cause, ConceptKey, EventId, Purpose, Timeline, Value};

/// An event of a patient, or the patient.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it is: `patient`, `encounter`, `problem`, `death` and so on, after the lists of [`Timeline`].
    pub kind: &'static str,
    /// Its key: of a patient the number, else that of the event's id.
    pub key: i64,
    /// The pack's file that caused it; of a patient and of a death none.
    pub cause: Option<Cause>,
    /// Its concept; of a death what the patient died of, when a condition of the chart caused it.
    pub concept: Option<ConceptKey>,
    /// First day on which it was so.
    pub onset: NaiveDate,
    /// Day on which it was written down.
    pub recorded: NaiveDate,
    /// Rows beyond the first that it has in one table of OMOP, at the slots after 0.
    parts: u32,
    /// What the chart layer did to it.
    pub chart: Vec<Deed>,
}

/// A fact in the two renderings; one that has several rows in OMOP has as many entries.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The fact, by place in [`Truth::facts`].
    pub fact: usize,
    /// Type and id of the FHIR resource; none of what has no resource of its own (a death of unknown cause).
    pub fhir: Option<(String, String)>,
    /// Table and key of the OMOP row; none of what makes no row.
    pub omop: Option<(Table, i64)>,
}

/// All facts of a patient and where they are rendered.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The patient first, then by kind, each in the order of the timeline.
    pub facts: Vec<Fact>,
    /// By fact; the rows of a fact by table and key.
    pub entries: Vec<Entry>,
}

impl Truth {
    /// What is behind a timeline. Rows that are worked out from others (observation period, eras, costs) are no facts.
    pub fn new(context: &Context<'_>, timeline: &Timeline) -> Self {
        let facts = facts(timeline);
        let mut place_of: BTreeMap<i64, usize> = BTreeMap::new();
        for (place, fact) in facts.iter().enumerate() {
            place_of.insert(fact.key, place);
            for part in 1..=fact.parts {
                place_of.insert(key::slot(fact.key, part), place);
            }
        }
        let mut resources: Vec<Option<(String, String)>> = vec![None; facts.len()];
        render::fhir(context, timeline, &mut |resource| {
            let Some(id) = resource.id() else { return };
            if let Some(&place) = place_of.get(&key::of(resource.resource_type(), id)) {
                resources[place] = Some((resource.resource_type().to_owned(), id.to_owned()));
            }
        });
        let mut rows: Vec<Vec<(Table, i64)>> = vec![Vec::new(); facts.len()];
        let death = facts.iter().position(|fact| fact.kind == "death");
        for row in render::omop(context, timeline) {
            let Some(key) = row.key() else { continue };
            let place = if row.table() == Table::Death { death } else { place_of.get(&key).copied() };
            if let Some(place) = place {
                rows[place].push((row.table(), key));
            }
        }
        let mut entries = Vec::with_capacity(facts.len());
        for (fact, (fhir, mut rows)) in resources.into_iter().zip(rows).enumerate() {
            rows.sort_unstable();
            if rows.is_empty() {
                entries.push(Entry { fact, fhir, omop: None });
                continue;
            }
            entries.extend(rows.into_iter().map(|row| Entry { fact, fhir: fhir.clone(), omop: Some(row) }));
        }
        Self { facts, entries }
    }
}

fn facts(timeline: &Timeline) -> Vec<Fact> {
    let patient = Fact {
        kind: "patient",
        key: ids::patient(timeline.patient),
        cause: None,
        concept: None,
        onset: timeline.demographics.birth_date,
        recorded: timeline.encounters.first().map_or(timeline.demographics.birth_date, |first| first.start.date()),
        parts: 0,
        chart: Vec::new(),
    };
    let mut facts = vec![patient];
    let fact = |kind, event: EventId, cause, concept, onset, recorded| Fact {
        kind,
        key: ids::event(timeline.patient, event),
        cause: Some(cause),
        concept,
        onset,
        recorded,
        parts: 0,
        chart: timeline.marks.get(&event).into_iter().flatten().copied().collect(),
    };
    let now = |kind, event, cause, concept, day| fact(kind, event, cause, Some(concept), day, day);
    let visit = |index: usize| timeline.encounters[index].start.date();
    for (index, item) in timeline.encounters.iter().enumerate() {
        // Each ward is a row at a slot of its own.
        let wards = timeline.ward_stays.iter().filter(|stay| stay.encounter == index).count();
        let parts = u32::try_from(wards).unwrap_or(u32::MAX);
        facts.push(Fact { parts, ..now("encounter", item.event, item.cause, item.kind, item.start.date()) });
    }
    for item in &timeline.problems {
        facts.push(fact("problem", item.event, item.cause, Some(item.concept), item.onset, item.recorded));
    }
    for item in &timeline.diagnoses {
        // It began when the problem did, where the problem list has it.
        let visited = visit(item.encounter);
        let of_concept = timeline.problems.iter().filter(|problem| problem.concept == item.concept);
        let onsets = of_concept.map(|problem| problem.onset).filter(|&onset| onset <= visited);
        let onset = onsets.max().unwrap_or(visited);
        facts.push(fact("diagnosis", item.event, item.cause, Some(item.concept), onset, visited));
    }
    for item in &timeline.allergies {
        facts.push(fact("allergy", item.event, item.cause, Some(item.concept), item.onset, item.recorded));
    }
    for item in &timeline.observations {
        let parts = match &item.value {
            Value::Components(components) => u32::try_from(components.len()).unwrap_or(u32::MAX),
            Value::Quantity { .. } | Value::Concept(_) | Value::Text(_) => 0,
        };
        facts.push(Fact { parts, ..now("observation", item.event, item.cause, item.concept, item.at.date()) });
    }
    for item in &timeline.reports {
        facts.push(now("report", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.prescriptions {
        facts.push(now("prescription", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.immunizations {
        facts.push(now("immunization", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.refusals {
        facts.push(now("refusal", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.procedures {
        facts.push(now("procedure", item.event, item.cause, item.concept, item.start.date()));
    }
    for item in &timeline.dispenses {
        let concept = timeline.prescriptions[item.prescription].concept;
        facts.push(now("dispense", item.event, item.cause, concept, item.at.date()));
    }
    for item in &timeline.claims {
        let (served, sent) = (item.served.0, item.at.date());
        facts.push(fact("claim", item.event, item.cause, None, served, sent));
        facts
            .extend(item.decided.map(|day| fact("claim_decision", item.decision_event, item.cause, None, served, day)));
    }
    for item in &timeline.episodes_of_care {
        let problem = &timeline.problems[item.problem];
        let concept = Some(problem.concept);
        facts.push(fact("episode_of_care", item.event, item.cause, concept, problem.onset, problem.recorded));
    }
    for item in &timeline.coverages {
        facts.push(fact("coverage", item.event, item.cause, None, item.start, item.start));
    }
    for item in &timeline.specimens {
        facts.push(now("specimen", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.administrations {
        let concept = timeline.prescriptions[item.prescription].concept;
        facts.push(now("administration", item.event, item.cause, concept, item.at.date()));
    }
    for item in &timeline.devices {
        let day = timeline.procedures[item.procedure].start.date();
        facts.push(now("device", item.event, item.cause, item.concept, day));
    }
    for item in &timeline.supplies {
        facts.push(now("supply", item.event, item.cause, item.concept, item.at.date()));
    }
    for item in &timeline.imaging_studies {
        let procedure = &timeline.procedures[item.procedure];
        facts.push(now("imaging_study", item.event, item.cause, procedure.concept, procedure.start.date()));
    }
    for item in &timeline.notes {
        facts.push(fact("note", item.event, item.cause, None, item.at.date(), item.at.date()));
    }
    for item in &timeline.written_reports {
        let concept = Some(timeline.procedures[item.procedure].concept);
        let day = item.at.date();
        facts.push(fact("written_report", item.event, item.cause, concept, day, day));
        facts.extend(item.document.map(|event| fact("filed_report", event, item.cause, concept, day, day)));
    }
    for item in &timeline.survey_responses {
        let (score, day) = (timeline.observations[item.score].concept, visit(item.encounter));
        facts.push(now("survey_response", item.event, item.cause, score, day));
    }
    for item in &timeline.related_persons {
        let day = visit(item.encounter);
        facts.push(fact("related_person", item.event, item.cause, None, day, day));
    }
    for item in &timeline.care_plans {
        let concept = match item.purpose {
            Purpose::Prevention => None,
            Purpose::Problem(problem) => Some(timeline.problems[problem].concept),
        };
        let day = visit(item.encounter);
        facts.push(fact("care_plan", item.event, item.cause, concept, day, day));
    }
    for item in &timeline.goals {
        let day = visit(timeline.care_plans[item.plan].encounter);
        facts.push(now("goal", item.event, item.cause, item.measure, day));
    }
    for item in &timeline.care_teams {
        let day = visit(item.encounter);
        facts.push(fact("care_team", item.event, item.cause, None, day, day));
    }
    for item in &timeline.provenances {
        facts.push(fact("provenance", item.event, item.cause, None, visit(item.encounter), item.recorded.date()));
    }
    for item in &timeline.requests {
        facts.push(now("request", item.event, item.cause, item.concept, item.authored.date()));
    }
    if let Some(death) = &timeline.death {
        let day = death.at.date();
        let death = fact("death", death.cause_event, "", death.cause, day, day);
        facts.push(Fact { cause: None, ..death });
    }
    facts
}
