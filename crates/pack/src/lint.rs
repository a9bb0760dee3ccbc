//! What a pack says must hold together: keys exist, streams are unique, hazards are probabilities, causes have no cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::PackError;
use crate::key::Key;
use crate::model::{Derived, Effect, LabCategory, Onset, Order};
use crate::source::Files;
use crate::{Condition, Pack, Table};

/// Streams below this one are of the renderings (reference set).
const FIRST_STREAM: u16 = 8;
const LAST_STREAM: u16 = 511;
/// Sorts of visit that the simulation makes.
const VISITS: [&str; 6] = ["acute", "emergency", "follow-up", "inpatient", "virtual", "wellness"];

type Origins = BTreeMap<(&'static str, Key), String>;

pub(crate) fn lint(pack: &Pack, files: &Files, origins: &Origins) -> Result<(), PackError> {
    let lint = Lint { pack, files, origins };
    lint.head()?;
    lint.streams()?;
    lint.concepts()?;
    lint.latents()?;
    for condition in &pack.conditions {
        lint.condition(condition)?;
    }
    lint.causes()?;
    lint.medications()?;
    lint.labs()?;
    lint.care()
}

struct Lint<'a> {
    pack: &'a Pack,
    files: &'a Files,
    origins: &'a Origins,
}

impl Lint<'_> {
    fn fail<T>(&self, file: &str, value: &str, message: impl Into<String>) -> Result<T, PackError> {
        Err(self.files.lint(file, value, message.into()))
    }

    fn file(&self, folder: &'static str, key: Key) -> &str {
        self.origins.get(&(folder, key)).map_or(folder, String::as_str)
    }

    fn head(&self) -> Result<(), PackError> {
        let pack = self.pack;
        if pack.window_years == 0 || pack.window_years > 30 {
            return self.fail("pack.toml", "window_years", "`window_years` is not between 1 and 30");
        }
        if pack.places.is_empty() {
            return self.fail("population/places.csv", "state", "there is no place to live");
        }
        for name in VISITS {
            if !pack.visits.iter().any(|visit| *visit.key == *name) {
                return self.fail("pack.toml", "name", format!("no file of `care` has the key `{name}`"));
            }
        }
        Ok(())
    }

    fn streams(&self) -> Result<(), PackError> {
        let pack = self.pack;
        let mut seen = BTreeMap::new();
        let mut all: Vec<(u16, &str)> = Vec::new();
        all.extend(pack.conditions.iter().map(|item| (item.stream, self.file("conditions", item.key))));
        all.extend(pack.medications.iter().map(|item| (item.stream, self.file("medications", item.key))));
        all.extend(pack.labs.iter().filter_map(|item| Some((item.stream?, self.file("labs", item.key)))));
        all.extend(pack.specimens.iter().map(|item| (item.stream, self.file("specimens", item.key))));
        all.extend(pack.reports.iter().map(|item| (item.stream, self.file("reports", item.key))));
        all.extend(pack.procedures.iter().map(|item| (item.stream, self.file("procedures", item.key))));
        all.extend(pack.vaccines.iter().map(|item| (item.stream, self.file("vaccines", item.key))));
        all.extend(pack.visits.iter().map(|item| (item.stream, self.file("care", item.key))));
        all.push((pack.death.stream, "death.toml"));
        all.push((pack.allergies.stream, "allergies.toml"));
        for (stream, file) in all {
            if !(FIRST_STREAM..=LAST_STREAM).contains(&stream) {
                let message = format!("stream `{stream}` is not between {FIRST_STREAM} and {LAST_STREAM}");
                return self.fail(file, "stream", message);
            }
            if let Some(other) = seen.insert(stream, file) {
                return self.fail(file, "stream", format!("stream `{stream}` is also that of `{other}`"));
            }
        }
        Ok(())
    }

    fn concepts(&self) -> Result<(), PackError> {
        let pack = self.pack;
        let mut used: Vec<(Key, &str)> = Vec::new();
        used.extend(pack.conditions.iter().map(|item| (item.concept, self.file("conditions", item.key))));
        used.extend(pack.medications.iter().map(|item| (item.concept, self.file("medications", item.key))));
        for lab in &pack.labs {
            let file = self.file("labs", lab.key);
            used.push((lab.concept, file));
            used.extend(lab.answers.iter().map(|answer| (answer.concept, file)));
        }
        used.extend(pack.specimens.iter().map(|item| (item.concept, self.file("specimens", item.key))));
        used.extend(pack.reports.iter().map(|item| (item.concept, self.file("reports", item.key))));
        used.extend(pack.procedures.iter().map(|item| (item.concept, self.file("procedures", item.key))));
        used.extend(pack.vaccines.iter().map(|item| (item.concept, self.file("vaccines", item.key))));
        used.extend(pack.visits.iter().map(|item| (item.concept, self.file("care", item.key))));
        used.push((pack.death.concept, "death.toml"));
        used.extend(pack.allergies.allergy.iter().map(|item| (item.concept, "allergies.toml")));
        used.extend(pack.targets.iter().map(|item| (item.concept, "calibration.toml")));
        for (concept, file) in used {
            if pack.key(&concept).is_none() {
                return self.fail(file, &concept, format!("`{concept}` is not in the terminology"));
            }
        }
        for entry in &pack.concepts {
            if entry.concept_id <= 0 {
                let message = format!("`{}` has concept id `{}`", entry.key, entry.concept_id);
                return self.fail("terminology", entry.key, message);
            }
        }
        Ok(())
    }

    fn latents(&self) -> Result<(), PackError> {
        let mut earlier = BTreeSet::new();
        for latent in &self.pack.latents {
            self.table("latents.toml", latent.curve)?;
            let mut explained = 0.0;
            for loading in &latent.loadings {
                if !earlier.contains(&loading.on) {
                    let message = format!("`{}` loads on `{}`, which is not above it", latent.key, loading.on);
                    return self.fail("latents.toml", &loading.on, message);
                }
                explained += loading.weight * loading.weight;
            }
            if explained > 1.0 {
                let message = format!("the squared loadings of `{}` come to more than one", latent.key);
                return self.fail("latents.toml", &latent.key, message);
            }
            if latent.bounds[0] >= latent.bounds[1] {
                return self.fail("latents.toml", &latent.key, format!("`{}` has no room in its bounds", latent.key));
            }
            if !earlier.insert(latent.key) {
                return self.fail("latents.toml", &latent.key, format!("latent `{}` is there twice", latent.key));
            }
        }
        Ok(())
    }

    fn condition(&self, condition: &Condition) -> Result<(), PackError> {
        let file = self.file("conditions", condition.key);
        let acute = match &condition.onset {
            Onset::Hazard { table, scale, effects, requires_any } => {
                self.rates(file, *table, *scale)?;
                self.effects(file, effects, requires_any)?;
                false
            }
            Onset::Crossing { latent, .. } => {
                self.latent(file, *latent)?;
                false
            }
            Onset::Recurrent { table, scale, season, effects, requires_any } => {
                self.table(file, *table)?;
                if *scale < 0.0 {
                    return self.fail(file, "scale", "a rate is not negative");
                }
                if !(season.is_empty() || season.len() == 12) {
                    return self.fail(file, "season", "`season` has twelve months");
                }
                self.effects(file, effects, requires_any)?;
                true
            }
        };
        if acute && condition.episode.is_none() {
            return self.fail(file, &condition.key, "an acute condition needs `[episode]`");
        }
        if !acute && condition.recognition.is_none() {
            return self.fail(file, &condition.key, "a chronic condition needs `[recognition]`");
        }
        for shift in &condition.shifts {
            self.latent(file, shift.latent)?;
        }
        for &other in &condition.ended_by {
            self.condition_key(file, other)?;
        }
        if let Some(recognition) = &condition.recognition {
            self.probability(file, "never", recognition.never)?;
        }
        if let Some(follow_up) = &condition.follow_up {
            self.orders(file, &follow_up.orders)?;
        }
        if let Some(treatment) = &condition.treatment {
            self.probability(file, "start", treatment.start)?;
            self.probability(file, "step", treatment.step)?;
            for &medication in &treatment.ladder {
                self.medication(file, medication)?;
            }
            if let Some(goal) = &treatment.goal {
                self.latent(file, goal.latent)?;
            } else if treatment.begin_above.is_some() {
                return self.fail(
                    file,
                    "begin_above",
                    "`begin_above` is a value of the goal's latent, and there is no `goal`",
                );
            }
        }
        if let Some(episode) = &condition.episode {
            self.probability(file, "emergency", episode.emergency)?;
            self.probability(file, "admission", episode.admission)?;
            self.orders(file, &episode.orders)?;
            for drug in &episode.drugs {
                self.medication(file, drug.medication)?;
                self.probability(file, &drug.medication, drug.probability)?;
            }
            for shift in &episode.shifts {
                self.lab(file, shift.lab)?;
            }
        }
        Ok(())
    }

    /// No condition waits for itself.
    fn causes(&self) -> Result<(), PackError> {
        let mut settled: BTreeSet<Key> = BTreeSet::new();
        while settled.len() < self.pack.conditions.len() {
            let ready: Vec<Key> = self
                .pack
                .conditions
                .iter()
                .filter(|condition| !settled.contains(&condition.key))
                .filter(|condition| condition.causes().all(|cause| settled.contains(&cause)))
                .map(|condition| condition.key)
                .collect();
            if ready.is_empty() {
                let stuck: Vec<Key> =
                    self.pack.conditions.iter().map(|item| item.key).filter(|key| !settled.contains(key)).collect();
                let names = stuck.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
                let message = format!("the causes of {names} go in a circle");
                return self.fail(self.file("conditions", stuck[0]), "onset", message);
            }
            settled.extend(ready);
        }
        Ok(())
    }

    fn medications(&self) -> Result<(), PackError> {
        for medication in &self.pack.medications {
            let file = self.file("medications", medication.key);
            for effect in &medication.effects {
                self.latent(file, effect.latent)?;
                if effect.half_life_days <= 0.0 {
                    return self.fail(file, "half_life_days", "a half-life is above zero");
                }
            }
            for &other in &medication.replaces {
                self.medication(file, other)?;
            }
            if let Some(avoid) = &medication.avoid {
                self.latent(file, avoid.latent)?;
            }
            if medication.days_supply == 0 || medication.quantity == 0 {
                return self.fail(file, &medication.key, "a fill has days and units");
            }
        }
        Ok(())
    }

    fn labs(&self) -> Result<(), PackError> {
        let mut parts = BTreeSet::new();
        for lab in &self.pack.labs {
            let file = self.file("labs", lab.key);
            let numbers = usize::from(lab.measured.is_some()) + usize::from(lab.derived.is_some());
            if numbers + usize::from(!lab.parts.is_empty()) + usize::from(!lab.answers.is_empty()) != 1 {
                return self.fail(file, &lab.key, "a lab is one of `measured`, `derived`, `parts` and `answers`");
            }
            if numbers == 1 && lab.unit.is_none() {
                return self.fail(file, &lab.key, "a number needs a `unit`");
            }
            if let Some(measured) = &lab.measured {
                if let Some(curve) = measured.curve {
                    self.table(file, curve)?;
                }
                for term in &measured.terms {
                    match (term.latent, term.condition) {
                        (Some(latent), None) => self.latent(file, latent)?,
                        (None, Some(condition)) => self.condition_key(file, condition)?,
                        _ => return self.fail(file, "terms", "a term is of one `latent` or of one `condition`"),
                    }
                }
            }
            for input in lab.inputs() {
                self.lab(file, input)?;
            }
            for latent in lab.derived.iter().filter_map(Derived::latent) {
                self.latent(file, latent)?;
            }
            for &part in &lab.parts {
                self.lab(file, part)?;
                parts.insert(part);
            }
        }
        for lab in &self.pack.labs {
            if lab.stream.is_none() && !parts.contains(&lab.key) {
                let message = "a lab that is no part of another needs a `stream`";
                return self.fail(self.file("labs", lab.key), &lab.key, message);
            }
        }
        for lab in &self.pack.labs {
            let Some(specimen) = lab.specimen else { continue };
            let file = self.file("labs", lab.key);
            if lab.category != LabCategory::Laboratory {
                return self.fail(file, "specimen", "only laboratory results have a `specimen`");
            }
            if !self.pack.specimens.iter().any(|item| item.key == specimen) {
                return self.fail(file, &specimen, format!("`{specimen}` is no specimen"));
            }
        }
        for report in &self.pack.reports {
            for &result in &report.results {
                self.lab(self.file("reports", report.key), result)?;
            }
        }
        Ok(())
    }

    fn care(&self) -> Result<(), PackError> {
        for visit in &self.pack.visits {
            let file = self.file("care", visit.key);
            self.orders(file, &visit.orders)?;
            self.probability(file, "attendance", visit.attendance)?;
            self.probability(file, "share", visit.share)?;
            let [first, last] = visit.hours;
            if first >= last || last > 24 || visit.minutes[0] == 0 || visit.minutes[0] > visit.minutes[1] {
                return self.fail(file, "hours", "hours and minutes of a visit run forward within a day");
            }
            if *visit.key == *"wellness" && visit.schedule.is_empty() {
                return self.fail(file, "key", "wellness visits need a `schedule`");
            }
            for interval in &visit.schedule {
                if interval.every_months < 0.5 {
                    return self.fail(file, "every_months", "visits fall due at most every half month");
                }
            }
        }
        for vaccine in &self.pack.vaccines {
            self.probability(self.file("vaccines", vaccine.key), "uptake", vaccine.uptake)?;
        }
        self.probability("death.toml", "in_hospital", self.pack.death.in_hospital)?;
        if self.pack.allergies.allergy.len() > 16 {
            return self.fail("allergies.toml", "allergy", "there is room for 16 allergies");
        }
        for allergy in &self.pack.allergies.allergy {
            self.probability("allergies.toml", &allergy.concept, allergy.share)?;
        }
        Ok(())
    }

    fn effects(&self, file: &str, effects: &[Effect], requires_any: &[Key]) -> Result<(), PackError> {
        for effect in effects {
            match (effect.latent, effect.race, effect.hispanic, effect.condition) {
                (Some(latent), None, None, None) => self.latent(file, latent)?,
                (None, None, None, Some(condition)) => self.condition_key(file, condition)?,
                (None, Some(_), None, None) | (None, None, Some(_), None) => {}
                _ => return self.fail(file, "effects", "an effect is of one latent, race, ethnicity or condition"),
            }
        }
        requires_any.iter().try_for_each(|&condition| self.condition_key(file, condition))
    }

    fn orders(&self, file: &str, orders: &[Order]) -> Result<(), PackError> {
        for order in orders {
            self.probability(file, &order.of, order.probability)?;
            let known = self.pack.labs.iter().any(|lab| lab.key == order.of && lab.stream.is_some())
                || self.pack.reports.iter().any(|report| report.key == order.of)
                || self.pack.procedures.iter().any(|procedure| procedure.key == order.of);
            if !known {
                return self.fail(file, &order.of, format!("`{}` is no lab, report or procedure", order.of));
            }
        }
        Ok(())
    }

    fn rates(&self, file: &str, table: Key, scale: f64) -> Result<(), PackError> {
        self.table(file, table)?;
        let values = self.pack.table(&table).into_iter().flat_map(Table::values);
        for value in values {
            if !(0.0..=1.0).contains(&(value * scale)) {
                return self.fail(file, &table, format!("hazard `{value}` times `{scale}` is not between 0 and 1"));
            }
        }
        Ok(())
    }

    fn probability(&self, file: &str, name: &str, value: f64) -> Result<(), PackError> {
        if (0.0..=1.0).contains(&value) {
            return Ok(());
        }
        self.fail(file, name, format!("`{name}` is `{value}`, which is no probability"))
    }

    fn table(&self, file: &str, path: Key) -> Result<(), PackError> {
        self.known(file, path, "table", self.pack.table(&path).is_some())
    }

    fn latent(&self, file: &str, key: Key) -> Result<(), PackError> {
        self.known(file, key, "latent", self.pack.latents.iter().any(|item| item.key == key))
    }

    fn condition_key(&self, file: &str, key: Key) -> Result<(), PackError> {
        self.known(file, key, "condition", self.pack.conditions.iter().any(|item| item.key == key))
    }

    fn medication(&self, file: &str, key: Key) -> Result<(), PackError> {
        self.known(file, key, "medication", self.pack.medications.iter().any(|item| item.key == key))
    }

    fn lab(&self, file: &str, key: Key) -> Result<(), PackError> {
        self.known(file, key, "lab", self.pack.labs.iter().any(|item| item.key == key))
    }

    fn known(&self, file: &str, key: Key, what: &str, known: bool) -> Result<(), PackError> {
        if known {
            return Ok(());
        }
        self.fail(file, &key, format!("there is no {what} `{key}`"))
    }
}
