//! Notes of visits and reports of diagnostic services: the facts of a visit in sentences.
//!
//! A text says only what belongs to its visit or was known by its end, so that it is the same for any later `as_of`,
//! and names nobody. Which words are chosen comes from a random stream of the visit's own.

use std::fmt::Write as _;

use chrono::{Datelike as _, NaiveDate};
use twinlake_pack::ReportService;

use super::super::model::Model;
use crate::ids::{NOTES, REPORTS_FILED, REPORTS_WRITTEN};
use crate::render::written;
use crate::seed::{Draws, Seed};
use crate::timeline::{
    Category, ConceptKey, Destination, Encounter, EncounterClass, EventId, Note, NoteKind, Observation, Scaled, Sex,
    Timeline, Value, WrittenReport,
};

/// How many of a kind of fact a note tells at most.
const AT_MOST: usize = 6;
/// Share of the written reports that are filed as a document too (assumption).
const FILED: f64 = 0.4;
/// Slots of a visit among the day's written reports: a stay's follow those of other visits.
const REPORTS_A_VISIT: u32 = 7;

/// Adds the notes and the written reports.
pub(super) fn add(model: &Model<'_>, patient: Seed, timeline: &mut Timeline) {
    let seed = patient.child("notes", 0);
    let facts = facts(timeline);
    let writer = Writer { model, timeline };
    let notes = timeline.encounters.iter().zip(&facts).enumerate().filter_map(|(index, (encounter, facts))| {
        let kind = writer.kind(encounter, facts)?;
        let mut draws = seed.at(number(encounter.event));
        Some(Note {
            event: EventId { stream: NOTES, ordinal: encounter.event.ordinal },
            kind,
            at: encounter.end,
            text: writer.note(kind, encounter, facts, &mut draws),
            encounter: index,
            cause: encounter.cause,
        })
    });
    let notes = notes.collect();
    let reports = writer.reports(patient.child("written-reports", 0));
    timeline.notes = notes;
    timeline.written_reports = reports;
}

/// The events of one visit, as indices into the timeline.
#[derive(Default)]
struct Facts {
    diagnoses: Vec<usize>,
    observations: Vec<usize>,
    prescriptions: Vec<usize>,
    immunizations: Vec<usize>,
    procedures: Vec<usize>,
}

fn facts(timeline: &Timeline) -> Vec<Facts> {
    let mut all: Vec<Facts> = timeline.encounters.iter().map(|_| Facts::default()).collect();
    macro_rules! gather {
        ($($field:ident),*) => {$(
            for (index, item) in timeline.$field.iter().enumerate() {
                all[item.encounter].$field.push(index);
            }
        )*};
    }
    gather!(diagnoses, observations, prescriptions, immunizations, procedures);
    all
}

/// Number of the random stream of an event.
fn number(event: EventId) -> u64 {
    u64::from(event.stream) << 20 | u64::from(event.ordinal)
}

struct Writer<'w> {
    model: &'w Model<'w>,
    timeline: &'w Timeline,
}

impl Writer<'_> {
    fn kind(&self, encounter: &Encounter, facts: &Facts) -> Option<NoteKind> {
        let visits = &self.model.visits;
        match encounter.class {
            EncounterClass::Inpatient => Some(NoteKind::DischargeSummary),
            EncounterClass::Emergency => Some(NoteKind::HistoryAndPhysical),
            _ if encounter.kind == visits.wellness.concept => None,
            _ if visits.scheduled.iter().any(|visit| visit.concept == encounter.kind) => {
                let unreported = |&index: &usize| self.service(self.timeline.procedures[index].concept).is_none();
                facts.procedures.iter().any(unreported).then_some(NoteKind::Procedure)
            }
            EncounterClass::Ambulatory | EncounterClass::Virtual => Some(NoteKind::Progress),
        }
    }

    fn service(&self, procedure: ConceptKey) -> Option<ReportService> {
        let key = self.model.pack.concept(procedure).key;
        self.model.pack.procedures.iter().find(|known| known.concept.0 == key)?.report
    }

    fn note(&self, kind: NoteKind, encounter: &Encounter, facts: &Facts, draws: &mut Draws) -> String {
        let timeline = self.timeline;
        let mut text = String::with_capacity(800);
        self.opening(kind, encounter, draws, &mut text);
        let known = timeline.problems.iter().filter(|problem| {
            let day = encounter.end.date();
            problem.recorded <= day && problem.abated.is_none_or(|abated| abated > day)
        });
        list("Known", known.map(|problem| self.display(problem.concept)), &mut text);
        for (title, laboratory) in [("Examination", false), ("Results", true)] {
            let observed = facts.observations.iter().map(|&index| &timeline.observations[index]);
            let observed = observed.filter(|item| (item.category == Category::Laboratory) == laboratory);
            list(title, observed.filter_map(|item| self.finding(item)), &mut text);
        }
        let done = facts.procedures.iter().map(|&index| self.display(timeline.procedures[index].concept));
        list("Done", done, &mut text);
        let diagnosed = facts.diagnoses.iter().map(|&index| self.display(timeline.diagnoses[index].concept));
        list("Assessment", diagnosed, &mut text);
        let prescribed = facts.prescriptions.iter().map(|&index| {
            let item = &timeline.prescriptions[index];
            let instruction = item.sig.trim_end_matches('.');
            format!("{}, {instruction} ({} days)", self.display(item.concept), item.days_supply)
        });
        list("Prescribed", prescribed, &mut text);
        let given = facts.immunizations.iter().map(|&index| self.words(timeline.immunizations[index].concept));
        list("Given", given, &mut text);
        text.push_str(self.closing(kind, encounter, facts, draws));
        text.push('\n');
        text
    }

    fn opening(&self, kind: NoteKind, encounter: &Encounter, draws: &mut Draws, text: &mut String) {
        let who = self.who(encounter.start.date());
        let came = match kind {
            NoteKind::DischargeSummary if self.came_by_emergency(encounter) => draws
                .pick(&["was taken in from the emergency department", "came to the ward by the emergency department"]),
            NoteKind::DischargeSummary => draws.pick(&["was admitted", "was admitted to the ward"]),
            NoteKind::HistoryAndPhysical => {
                draws.pick(&["came to the emergency department", "was seen as an emergency"])
            }
            NoteKind::Procedure => draws.pick(&["came for a planned procedure", "attended as planned"]),
            NoteKind::Progress if encounter.class == EncounterClass::Virtual => {
                draws.pick(&["was seen by video", "had a visit by telephone", "was spoken to at home by video"])
            }
            NoteKind::Progress => draws.pick(&["was seen in the clinic", "came to the clinic", "attended the clinic"]),
        };
        let _ = write!(text, "A {who} {came}.");
        if kind == NoteKind::DischargeSummary {
            let days = (encounter.end.date() - encounter.start.date()).num_days();
            let nights = if days == 1 { "night" } else { "nights" };
            let _ = write!(text, " The stay took {days} {nights}.");
        }
        if let Some(reason) = encounter.reason {
            let said = draws.pick(&["Reason", "Main concern", "Problem addressed"]);
            let _ = write!(text, " {said}: {}.", self.display(reason));
        }
        text.push('\n');
    }

    fn index_of(&self, encounter: &Encounter) -> Option<usize> {
        self.timeline.encounters.iter().position(|other| other.event == encounter.event)
    }

    fn came_by_emergency(&self, encounter: &Encounter) -> bool {
        self.index_of(encounter).is_some_and(|index| self.timeline.came_by_emergency(index))
    }

    /// Where a stay ended in a discharge to elsewhere than home.
    fn destination(&self, encounter: &Encounter) -> Option<Destination> {
        let index = self.index_of(encounter)?;
        self.timeline.discharges.iter().find(|discharge| discharge.encounter == index).map(|discharge| discharge.to)
    }

    /// The patient on a day, without a name: `58-year-old woman`.
    fn who(&self, day: NaiveDate) -> String {
        let demographics = &self.timeline.demographics;
        let born = demographics.birth_date;
        let before = |unit: bool| i32::from(unit);
        let years = day.year() - born.year() - before((day.month(), day.day()) < (born.month(), born.day()));
        let child = years < 18;
        let sex = match demographics.sex {
            Sex::Female if child => "girl",
            Sex::Female => "woman",
            Sex::Male if child => "boy",
            Sex::Male => "man",
        };
        if years >= 2 {
            return format!("{years}-year-old {sex}");
        }
        let months = (day.year() - born.year()) * 12 + day.month().cast_signed() - born.month().cast_signed();
        format!("{}-month-old {sex}", months - before(day.day() < born.day()))
    }

    fn closing(&self, kind: NoteKind, encounter: &Encounter, facts: &Facts, draws: &mut Draws) -> &'static str {
        if self.timeline.death.as_ref().is_some_and(|death| death.at <= encounter.end) {
            return "Outcome: the patient died.";
        }
        match kind {
            NoteKind::DischargeSummary if self.destination(encounter).is_some() => match self.destination(encounter) {
                Some(Destination::Hospice) => "Plan: discharged to hospice care; comfort comes first.",
                _ => "Plan: discharged to long-term care, which has the medication list.",
            },
            NoteKind::DischargeSummary => draws.pick(&[
                "Plan: home today in a stable state; the clinic takes over.",
                "Plan: discharged home, to be seen in the clinic within two weeks.",
                "Plan: home with written advice, and to return if symptoms come back.",
            ]),
            NoteKind::HistoryAndPhysical => draws.pick(&[
                "Plan: treated as above and observed; advice given on what to watch for.",
                "Plan: findings and the next steps were explained.",
                "Plan: to come back at once if things get worse.",
            ]),
            NoteKind::Procedure => draws.pick(&[
                "Course: no complication; the result was explained afterwards.",
                "Course: well tolerated, home the same day.",
            ]),
            NoteKind::Progress if facts.prescriptions.is_empty() => draws.pick(&[
                "Plan: no change of treatment; questions were answered.",
                "Plan: go on as before.",
                "Plan: watch and wait, with advice on what to do if it does not get better.",
            ]),
            NoteKind::Progress => draws.pick(&[
                "Plan: medicines as above; how to take them was explained.",
                "Plan: treatment as prescribed, with a check at the next visit.",
                "Plan: take the medicines as written; side effects were talked over.",
            ]),
        }
    }

    /// What was found, in words; an answer in words stands for itself.
    fn finding(&self, observation: &Observation) -> Option<String> {
        let name = self.words(observation.concept);
        match &observation.value {
            Value::Quantity { value, unit } => {
                let flag = match observation.range {
                    Some((low, _)) if is_below(*value, low) => ", low",
                    Some((_, high)) if is_below(high, *value) => ", high",
                    _ => "",
                };
                Some(format!("{name} {}{}{flag}", written(*value), unit_words(unit)))
            }
            Value::Concept(answer) => Some(format!("{name}: {}", self.display(*answer))),
            Value::Text(answer) => Some(format!("{name}: {answer}")),
            Value::Components(parts) => {
                let (_, _, unit) = parts.first()?;
                let numbers: Vec<String> = parts.iter().map(|(_, value, _)| written(*value)).collect();
                Some(format!("{name} {}{}", numbers.join("/"), unit_words(unit)))
            }
        }
    }

    fn reports(&self, seed: Seed) -> Vec<WrittenReport> {
        let mut reports = Vec::new();
        let mut last = (usize::MAX, 0);
        for (index, procedure) in self.timeline.procedures.iter().enumerate() {
            let Some(service) = self.service(procedure.concept) else { continue };
            let encounter = &self.timeline.encounters[procedure.encounter];
            let place = if last.0 == procedure.encounter { last.1 + 1 } else { 0 };
            last = (procedure.encounter, place);
            if place >= REPORTS_A_VISIT {
                continue;
            }
            let (day, slot) = (encounter.event.ordinal / 16, encounter.event.ordinal % 16);
            let ordinal = day * 16 + slot.min(1) * REPORTS_A_VISIT + place;
            let mut draws = seed.at(number(procedure.event));
            let filed = draws.chance(FILED);
            reports.push(WrittenReport {
                event: EventId { stream: REPORTS_WRITTEN, ordinal },
                service,
                document: filed.then_some(EventId { stream: REPORTS_FILED, ordinal }),
                at: procedure.end.min(encounter.end),
                text: self.report(service, procedure, &mut draws),
                procedure: index,
                encounter: procedure.encounter,
                cause: procedure.cause,
            });
        }
        reports
    }

    fn report(&self, service: ReportService, procedure: &crate::timeline::Procedure, draws: &mut Draws) -> String {
        let mut text = String::with_capacity(400);
        let _ = writeln!(text, "{} of a {}.", self.display(procedure.concept), self.who(procedure.start.date()));
        let reason = procedure.reason.map(|reason| self.display(reason));
        let _ = writeln!(text, "Indication: {}.", reason.unwrap_or("check without a complaint"));
        text.push_str(draws.pick(&["Comparison: none at hand.\n", "Comparison: earlier records.\n", ""]));
        let technique = match service {
            ReportService::Radiology => ["The pictures are of good quality.", "Standard views, nothing cut off."],
            ReportService::Cardiology => ["The recording is of good quality.", "Recorded at rest, without artefacts."],
        };
        let _ = writeln!(text, "Technique: {}", draws.pick(&technique));
        if let Some(reason) = reason.filter(|_| draws.chance(0.6)) {
            let said = draws.pick(&["Changes that fit the indication", "Findings in keeping with what was asked"]);
            let _ = writeln!(text, "Findings: {said}; the rest is without a finding.\nImpression: {reason}.");
        } else {
            let said = draws.pick(&["Nothing out of the ordinary", "No change that calls for action"]);
            let _ = writeln!(text, "Findings: {said}.\nImpression: within what is usual for the age.");
        }
        text
    }

    fn display(&self, concept: ConceptKey) -> &'static str {
        self.model.pack.concept(concept).display
    }

    /// The key of a concept as words: `HbA1c`, `body weight`.
    fn words(&self, concept: ConceptKey) -> String {
        let key = self.model.pack.concept(concept).key;
        let word = |word| match word {
            "hba1c" => "HbA1c",
            "ldl" => "LDL",
            "hdl" => "HDL",
            "egfr" => "eGFR",
            "phq" => "PHQ",
            "gad" => "GAD",
            other => other,
        };
        key.split('-').map(word).collect::<Vec<_>>().join(" ")
    }
}

/// A titled line of facts; nothing when there are none.
fn list(title: &str, items: impl Iterator<Item = impl AsRef<str>>, text: &mut String) {
    let mut told = 0;
    let mut more = 0;
    for item in items {
        if told == AT_MOST {
            more += 1;
            continue;
        }
        let before = if told == 0 { title } else { "" };
        let between = if told == 0 { ": " } else { "; " };
        let _ = write!(text, "{before}{between}{}", item.as_ref());
        told += 1;
    }
    if more > 0 {
        let _ = write!(text, "; and {more} more");
    }
    if told > 0 {
        text.push_str(".\n");
    }
}

/// A UCUM unit as people write it, a space before it.
fn unit_words(unit: &str) -> String {
    match unit {
        "{score}" | "" => String::new(),
        "Cel" => " °C".to_owned(),
        "%" => " %".to_owned(),
        _ => format!(" {}", unit.replace("mm[Hg]", "mmHg").replace("{1.73_m2}", "1.73 m2")),
    }
}

/// Whether the first of two decimals is the smaller one.
fn is_below(one: Scaled, other: Scaled) -> bool {
    super::super::measure::to_f64(one) < super::super::measure::to_f64(other)
}
