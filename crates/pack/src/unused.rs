//! Parts of a pack that nothing leads to: they are no error, but nobody would miss them.

use std::collections::BTreeSet;

use crate::Pack;
use crate::error::PackError;
use crate::key::Key;
use crate::model::{Condition, Onset};
use crate::source::Files;

/// Files that a pack has whatever it models.
const ALWAYS: [&str; 19] = [
    "birth.toml",
    "payers.toml",
    "prices.toml",
    "survey.toml",
    "pack.toml",
    "latents.toml",
    "constraints.toml",
    "death.toml",
    "allergies.toml",
    "calibration.toml",
    "population/places.csv",
    "population/pyramid.csv",
    "population/race.csv",
    "population/life_table.csv",
    "names/family.csv",
    "names/female.csv",
    "names/male.csv",
    "names/street.csv",
    "README.md",
];

/// What nothing uses, by file.
pub(crate) fn unused(pack: &Pack, files: &Files, file_of: impl Fn(&'static str, Key) -> String) -> Vec<PackError> {
    let reached = Reached::of(pack);
    let mut found = Vec::new();
    let mut note = |file: &str, value: &str, message: String| found.push(files.lint(file, value, message));
    macro_rules! check {
        ($folder:literal, $items:expr, $reached:expr, $what:literal) => {
            for item in $items.iter().filter(|item| !$reached.contains(&item.key)) {
                let file = file_of($folder, item.key);
                note(&file, &item.key, format!(concat!("nothing leads to ", $what, " `{}`"), item.key));
            }
        };
    }
    check!("care", pack.visits, reached.visits, "the sort of visit");
    check!("labs", pack.labs, reached.labs, "the lab");
    check!("medications", pack.medications, reached.medications, "the medication");
    check!("procedures", pack.procedures, reached.procedures, "the procedure");
    check!("reports", pack.reports, reached.reports, "the report");
    check!("specimens", pack.specimens, reached.specimens, "the specimen");
    for vaccine in &pack.vaccines {
        if vaccine.uptake <= 0.0 || (vaccine.ages_months.is_empty() && vaccine.every_months.is_none()) {
            let file = file_of("vaccines", vaccine.key);
            note(&file, &vaccine.key, format!("the vaccine `{}` is never given", vaccine.key));
        }
    }
    for condition in &pack.conditions {
        if let Onset::Hazard { table, scale, .. } | Onset::Recurrent { table, scale, .. } = &condition.onset
            && pack.table(table).is_some_and(|table| table.values().all(|value| value * scale <= 0.0))
        {
            let file = file_of("conditions", condition.key);
            note(&file, table, format!("the condition `{}` never begins: its hazards are zero", condition.key));
        }
    }
    for latent in &pack.latents {
        if !reached.latents.contains(&latent.key) {
            note("latents.toml", &latent.key, format!("nothing follows from the latent `{}`", latent.key));
        }
    }
    for (file, text) in files.folder("terminology", "csv") {
        for line in text.lines().skip(1) {
            let key = line.split(',').next().unwrap_or_default();
            if pack.key(key).is_some() && !reached.concepts.contains(key) {
                note(file, &format!("{key},"), format!("nothing uses the concept `{key}`"));
            }
        }
    }
    for file in files.0.keys() {
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let read = match (folder, file.rsplit_once('.').map_or("", |(_, extension)| extension)) {
            (
                "care" | "conditions" | "labs" | "medications" | "procedures" | "reports" | "specimens" | "vaccines",
                "toml",
            )
            | ("calibration" | "terminology", "csv") => true,
            ("distributions", "csv") => reached.tables.contains(file.as_str()),
            _ => ALWAYS.contains(&file.as_str()),
        };
        if !read {
            note(file, "", "nothing reads this file".to_owned());
        }
    }
    found
}

#[derive(Default)]
struct Reached {
    concepts: BTreeSet<&'static str>,
    labs: BTreeSet<Key>,
    latents: BTreeSet<Key>,
    medications: BTreeSet<Key>,
    procedures: BTreeSet<Key>,
    reports: BTreeSet<Key>,
    specimens: BTreeSet<Key>,
    tables: BTreeSet<&'static str>,
    visits: BTreeSet<Key>,
}

impl Reached {
    fn of(pack: &Pack) -> Self {
        let mut reached = Self::default();
        for visit in &pack.visits {
            reached.concepts.insert(visit.concept.0);
            if crate::lint::VISITS.contains(&visit.key.0) || !visit.schedule.is_empty() {
                reached.visits.insert(visit.key);
            }
        }
        for condition in &pack.conditions {
            reached.condition(condition);
        }
        for visit in &pack.visits {
            if reached.visits.contains(&visit.key) {
                for order in &visit.orders {
                    reached.order(order.of);
                }
            }
        }
        for order in pack.birth.iter().flat_map(|birth| &birth.orders) {
            reached.order(order.of);
        }
        for report in &pack.reports {
            reached.concepts.insert(report.concept.0);
            if reached.reports.contains(&report.key) {
                reached.labs.extend(report.results.iter().copied());
            }
        }
        reached.labs_behind(pack);
        for lab in &pack.labs {
            reached.concepts.insert(lab.concept.0);
            reached.concepts.extend(lab.answers.iter().map(|answer| answer.concept.0));
            reached.tables.extend(lab.measured.iter().filter_map(|measured| Some(measured.curve?.0)));
            reached.tables.extend(lab.terms().iter().filter_map(|term| Some(term.curve?.0)));
            if let Some(measured) = &lab.measured {
                reached.tables.extend(measured.noisier.iter().filter_map(|term| Some(term.curve?.0)));
            }
            reached.latents.extend(lab.terms().iter().filter_map(|term| term.latent));
            reached.latents.extend(lab.derived.iter().filter_map(crate::model::Derived::latent));
        }
        for item in &pack.survey {
            let terms = || item.measured.terms.iter().chain(&item.measured.noisier);
            reached.tables.extend(item.measured.curve.map(|curve| curve.0));
            reached.tables.extend(terms().filter_map(|term| Some(term.curve?.0)));
            reached.latents.extend(terms().filter_map(|term| term.latent));
        }
        let treatments = pack.conditions.iter().filter_map(|condition| condition.treatment.as_ref());
        reached.tables.extend(treatments.filter_map(|treatment| Some(treatment.start_curve?.0)));
        reached.tables.extend(pack.death.correction.map(|curve| curve.0));
        reached.tables.extend(pack.visits.iter().filter_map(|visit| Some(visit.share_curve?.0)));
        for latent in &pack.latents {
            reached.tables.insert(latent.curve.0);
        }
        for latent in pack.latents.iter().rev() {
            if reached.latents.contains(&latent.key) {
                reached.latents.extend(latent.loadings.iter().map(|loading| loading.on));
            }
        }
        let supplies = pack.conditions.iter().flat_map(|condition| &condition.supplies);
        reached.concepts.extend(supplies.map(|supply| supply.concept.0));
        reached.concepts.extend(pack.medications.iter().map(|medication| medication.concept.0));
        reached.concepts.extend(pack.procedures.iter().map(|procedure| procedure.concept.0));
        reached.concepts.extend(pack.procedures.iter().filter_map(|procedure| Some(procedure.implants?.0)));
        reached.concepts.extend(pack.vaccines.iter().map(|vaccine| vaccine.concept.0));
        reached.concepts.extend(pack.allergies.allergy.iter().map(|allergy| allergy.concept.0));
        reached.concepts.extend(pack.allergies.allergy.iter().filter_map(|allergy| Some(allergy.reaction?.0)));
        reached.concepts.extend(pack.specimens.iter().map(|specimen| specimen.concept.0));
        reached.specimens.extend(pack.labs.iter().filter_map(|lab| lab.specimen));
        reached.concepts.insert(pack.death.concept.0);
        reached.concepts.extend(pack.birth.iter().map(|birth| birth.concept.0));
        reached
    }

    fn condition(&mut self, condition: &Condition) {
        self.concepts.insert(condition.concept.0);
        match &condition.onset {
            Onset::Hazard { table, effects, .. } | Onset::Recurrent { table, effects, .. } => {
                self.tables.insert(table.0);
                self.latents.extend(effects.iter().filter_map(|effect| effect.latent));
            }
            Onset::Crossing { latent, .. } => {
                self.latents.insert(*latent);
            }
        }
        if let Some(follow_up) = &condition.follow_up {
            follow_up.orders.iter().for_each(|order| self.order(order.of));
        }
        if let Some(treatment) = &condition.treatment {
            self.medications.extend(treatment.ladder.iter().copied());
            self.latents.extend(treatment.goal.iter().map(|goal| goal.latent));
        }
        if let Some(episode) = &condition.episode {
            self.medications.extend(episode.drugs.iter().map(|drug| drug.medication));
            for order in &episode.orders {
                self.order(order.of);
            }
        }
        if let Some(course) = &condition.course {
            self.visits.insert(course.visit);
            self.medications.extend(course.drugs.iter().map(|drug| drug.medication));
            self.procedures.extend(course.end.ways.iter().map(|way| way.procedure));
            self.concepts.extend(course.end.outcomes.iter().map(|outcome| outcome.concept.0));
            for of in course.orders.iter().map(|order| order.of).chain(course.end.orders.iter().map(|order| order.of)) {
                self.order(of);
            }
        }
    }

    /// Labs, reports and procedures have one name space, so that an order names any of them.
    fn order(&mut self, of: Key) {
        self.labs.insert(of);
        self.procedures.insert(of);
        self.reports.insert(of);
    }

    /// Parts of panels that are ordered, and what ordered labs are made from.
    fn labs_behind(&mut self, pack: &Pack) {
        loop {
            let before = self.labs.len();
            for lab in &pack.labs {
                if self.labs.contains(&lab.key) {
                    self.labs.extend(lab.parts.iter().copied().chain(lab.inputs()));
                }
            }
            if self.labs.len() == before {
                return;
            }
        }
    }
}
