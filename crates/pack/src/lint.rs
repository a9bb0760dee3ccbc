//! What a pack says must hold together: keys exist, streams are unique, hazards are probabilities, causes have no cycle.

use std::collections::{BTreeMap, BTreeSet};

use crate::calibration::{Calibration, Statistic, Test};
use crate::error::PackError;
use crate::key::Key;
use crate::model::{Derived, Effect, LabCategory, Measured, Onset, Order, PlanGoal, ProcedureCategory};
use crate::source::Files;
use crate::{Condition, Course, Lab, Pack, Table, Term, Visit};

/// Streams below this one are of the renderings (reference set).
const FIRST_STREAM: u16 = 8;
const LAST_STREAM: u16 = 511;
/// Sorts of visit that the simulation makes.
pub(crate) const VISITS: [&str; 6] = ["acute", "emergency", "follow-up", "inpatient", "virtual", "wellness"];

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
    lint.pictures()?;
    lint.survey()?;
    lint.care()?;
    lint.calibration()
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
        for condition in &pack.conditions {
            let outcomes = condition.course.iter().flat_map(|course| &course.end.outcomes);
            all.extend(outcomes.map(|outcome| (outcome.stream, self.file("conditions", condition.key))));
        }
        all.extend(pack.medications.iter().map(|item| (item.stream, self.file("medications", item.key))));
        all.extend(pack.labs.iter().filter_map(|item| Some((item.stream?, self.file("labs", item.key)))));
        all.extend(pack.specimens.iter().map(|item| (item.stream, self.file("specimens", item.key))));
        all.extend(pack.reports.iter().map(|item| (item.stream, self.file("reports", item.key))));
        all.extend(pack.procedures.iter().map(|item| (item.stream, self.file("procedures", item.key))));
        all.extend(pack.vaccines.iter().map(|item| (item.stream, self.file("vaccines", item.key))));
        all.extend(pack.visits.iter().map(|item| (item.stream, self.file("care", item.key))));
        all.push((pack.death.stream, "death.toml"));
        all.extend(pack.birth.iter().map(|birth| (birth.stream, "birth.toml")));
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
        for condition in &pack.conditions {
            let outcomes = condition.course.iter().flat_map(|course| &course.end.outcomes);
            used.extend(outcomes.map(|outcome| (outcome.concept, self.file("conditions", condition.key))));
        }
        for condition in &pack.conditions {
            let file = self.file("conditions", condition.key);
            used.extend(condition.supplies.iter().map(|supply| (supply.concept, file)));
        }
        used.extend(pack.medications.iter().map(|item| (item.concept, self.file("medications", item.key))));
        for lab in &pack.labs {
            let file = self.file("labs", lab.key);
            used.push((lab.concept, file));
            used.extend(lab.answers.iter().map(|answer| (answer.concept, file)));
        }
        used.extend(pack.specimens.iter().map(|item| (item.concept, self.file("specimens", item.key))));
        used.extend(pack.reports.iter().map(|item| (item.concept, self.file("reports", item.key))));
        used.extend(pack.procedures.iter().map(|item| (item.concept, self.file("procedures", item.key))));
        let implants =
            pack.procedures.iter().filter_map(|item| Some((item.implants?, self.file("procedures", item.key))));
        used.extend(implants);
        used.extend(pack.vaccines.iter().map(|item| (item.concept, self.file("vaccines", item.key))));
        used.extend(pack.visits.iter().map(|item| (item.concept, self.file("care", item.key))));
        used.push((pack.death.concept, "death.toml"));
        used.extend(pack.birth.iter().map(|birth| (birth.concept, "birth.toml")));
        used.extend(pack.allergies.allergy.iter().map(|item| (item.concept, "allergies.toml")));
        used.extend(pack.allergies.allergy.iter().filter_map(|item| Some((item.reaction?, "allergies.toml"))));
        used.extend(pack.targets.iter().map(|item| (item.concept, "calibration.toml")));
        for (concept, file) in used {
            if pack.key(&concept).is_none() {
                return self.fail(file, &concept, format!("`{concept}` is not in the terminology"));
            }
        }
        for entry in &pack.concepts {
            let is_answer = || {
                let mut answers = self.pack.labs.iter().flat_map(|lab| &lab.answers);
                answers.any(|answer| answer.concept.0 == entry.key)
            };
            // An answer that the vocabulary does not have has concept 0; nothing else may.
            if entry.concept_id < 0 || entry.concept_id == 0 && !is_answer() {
                let message = format!("`{}` has concept id `{}`, which is no concept", entry.key, entry.concept_id);
                let row = format!("{},", entry.key);
                let mut files = self.files.folder("terminology", "csv");
                let file = files.find(|(_, text)| text.lines().any(|line| line.starts_with(&row)));
                return self.fail(file.map_or("terminology", |(file, _)| file), &row, message);
            }
        }
        let mut of = BTreeMap::new();
        for condition in &pack.conditions {
            let file = self.file("conditions", condition.key);
            if let Some(other) = of.insert(condition.concept, file) {
                let message = format!("`{}` is also the concept of `{other}`", condition.concept);
                return self.fail(file, &condition.concept, message);
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
            Onset::Hazard { table, scale, effects, requires_any, cohorts } => {
                if cohorts.iter().any(|&(_, factor)| factor < 0.0)
                    || !cohorts.iter().zip(cohorts.iter().skip(1)).all(|(one, next)| one.0 < next.0)
                {
                    return self.fail(file, "cohorts", "`cohorts` has rising years and factors of at least zero");
                }
                self.rates(file, *table, *scale)?;
                self.effects(file, effects, requires_any)?;
                false
            }
            Onset::Crossing { latent, .. } => {
                self.latent(file, *latent)?;
                false
            }
            Onset::Recurrent { table, scale, season, calendar, effects, requires_any } => {
                self.table(file, *table)?;
                let mut values = self.pack.table(table).into_iter().flat_map(Table::values);
                if let Some(value) = values.find(|value| !(0.0..f64::INFINITY).contains(&(value * scale))) {
                    return self.fail(file, table, format!("rate `{value}` times `{scale}` is negative or no number"));
                }
                if !(season.is_empty() || season.len() == 12) {
                    return self.fail(file, "season", "`season` has twelve months");
                }
                if calendar.iter().any(|&(_, factor)| factor < 0.0)
                    || !calendar.iter().zip(calendar.iter().skip(1)).all(|(one, next)| one.0 < next.0)
                    || (!calendar.is_empty() && calendar.iter().all(|&(_, factor)| factor <= 0.0))
                {
                    return self.fail(
                        file,
                        "calendar",
                        "`calendar` has rising times and factors, one of them above zero",
                    );
                }
                self.effects(file, effects, requires_any)?;
                true
            }
        };
        if acute && usize::from(condition.episode.is_some()) + usize::from(condition.course.is_some()) != 1 {
            return self.fail(file, &condition.key, "an acute condition needs `[episode]` or `[course]`");
        }
        if !acute && (condition.episode.is_some() || condition.course.is_some()) {
            return self.fail(file, &condition.key, "a chronic condition has neither `[episode]` nor `[course]`");
        }
        if acute && (condition.recognition.is_some() || condition.follow_up.is_some() || condition.treatment.is_some())
        {
            let message = "an acute condition has no `[recognition]`, `[follow_up]` and `[treatment]`";
            return self.fail(file, &condition.key, message);
        }
        self.probability(file, "remits", condition.remits)?;
        if acute && condition.remits > 0.0 {
            return self.fail(file, "remits", "only what lasts can remit");
        }
        if !acute && condition.recognition.is_none() {
            return self.fail(file, &condition.key, "a chronic condition needs `[recognition]`");
        }
        for shift in &condition.shifts {
            self.latent(file, shift.latent)?;
        }
        for &other in &condition.ended_by {
            self.lasting(file, other)?;
        }
        if let Some(recognition) = &condition.recognition {
            self.probability(file, "never", recognition.never)?;
        }
        if let Some(follow_up) = &condition.follow_up {
            self.orders(file, &follow_up.orders)?;
            self.plan_goals(file, &follow_up.goals)?;
        }
        if let Some(treatment) = &condition.treatment {
            self.probability(file, "start", treatment.start)?;
            self.probability(file, "step", treatment.step)?;
            treatment.start_curve.map_or(Ok(()), |curve| self.table(file, curve))?;
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
            self.probability(file, "direct", episode.direct)?;
            self.orders(file, &episode.orders)?;
            for drug in &episode.drugs {
                self.medication(file, drug.medication)?;
                self.probability(file, &drug.medication, drug.probability)?;
            }
            for shift in &episode.shifts {
                self.lab(file, shift.lab)?;
            }
        }
        for supply in &condition.supplies {
            self.probability(file, &supply.concept, supply.probability)?;
            for &medication in &supply.taking {
                self.medication(file, medication)?;
            }
            if supply.quantity == 0 || supply.every_days == Some(0) {
                return self.fail(file, &supply.concept, "a supply comes in pieces, and not more than once a day");
            }
            if acute && (supply.every_days.is_some() || !supply.taking.is_empty()) {
                let message = "only what lasts is supplied again, or because of a drug";
                return self.fail(file, &supply.concept, message);
            }
        }
        condition.course.as_ref().map_or(Ok(()), |course| self.course(file, course))
    }

    /// No lab is made from itself.
    fn lab_cycles(&self) -> Result<(), PackError> {
        let mut settled: BTreeSet<Key> = BTreeSet::new();
        loop {
            let open = self.pack.labs.iter().filter(|lab| !settled.contains(&lab.key)).collect::<Vec<_>>();
            let Some(first) = open.first() else { return Ok(()) };
            let ready =
                open.iter().filter(|lab| lab.inputs().iter().chain(&lab.parts).all(|key| settled.contains(key)));
            let ready: Vec<Key> = ready.map(|lab| lab.key).collect();
            if ready.is_empty() {
                let names = open.iter().map(|lab| format!("`{}`", lab.key)).collect::<Vec<_>>().join(", ");
                let message = format!("what {names} are made from goes in a circle");
                return self.fail(self.file("labs", first.key), &first.key, message);
            }
            settled.extend(ready);
        }
    }

    /// Words in place of a number.
    fn grades(&self, file: &str, lab: &Lab) -> Result<(), PackError> {
        for answer in &lab.texts {
            self.probability(file, &answer.text, answer.share)?;
        }
        let Some((first, rest)) = lab.grades.split_first() else { return Ok(()) };
        if lab.measured.is_none() || lab.unit.is_some() {
            return self.fail(file, "grades", "`grades` are of a `measured` number, and have no `unit`");
        }
        let limits: Vec<f64> = rest.iter().filter_map(|grade| grade.from).collect();
        let rises = limits.windows(2).all(|pair| pair[0] < pair[1]);
        if first.from.is_some() || limits.len() != rest.len() || !rises {
            return self.fail(file, "grades", "each grade but the first has a `from`, and they rise");
        }
        Ok(())
    }

    fn course(&self, file: &str, course: &Course) -> Result<(), PackError> {
        let [least, most] = course.bounds;
        if course.days < least || course.days > most || least < 1.0 || course.spread < 0.0 || course.pause_days < 0.0 {
            return self.fail(file, "bounds", "`days` of a course lie within its `bounds`, at least one day");
        }
        let known = self.pack.visits.iter().any(|visit| visit.key == course.visit);
        self.known(file, course.visit, "sort of visit", known)?;
        if course.visits.is_empty() || course.visits.iter().any(|interval| interval.every_days < 1.0) {
            return self.fail(file, "visits", "a course has `visits`, at most one a day");
        }
        for order in &course.orders {
            self.order(file, order.of, order.probability)?;
        }
        for drug in &course.drugs {
            self.medication(file, drug.medication)?;
            self.probability(file, &drug.medication, drug.probability)?;
        }
        for shift in &course.shifts {
            self.lab(file, shift.lab)?;
        }
        self.orders(file, &course.end.orders)?;
        let mut total = 0.0;
        for way in &course.end.ways {
            let known = self.pack.procedures.iter().any(|procedure| procedure.key == way.procedure);
            self.known(file, way.procedure, "procedure", known)?;
            self.probability(file, &way.procedure, way.share)?;
            total += way.share;
        }
        if (total - 1.0).abs() > 1e-9 {
            return self.fail(file, "ways", format!("the shares of the `ways` come to {total}, not to 1"));
        }
        course.end.outcomes.iter().try_for_each(|outcome| self.probability(file, &outcome.concept, outcome.probability))
    }

    /// Imaging says what makes its pictures, and nothing else makes any.
    fn pictures(&self) -> Result<(), PackError> {
        let wrong =
            self.pack.procedures.iter().find(|procedure| {
                (procedure.category == Some(ProcedureCategory::Imaging)) != procedure.modality.is_some()
            });
        let Some(wrong) = wrong else { return Ok(()) };
        let message = "a procedure of category `imaging`, and no other, has a `modality`";
        self.fail(self.file("procedures", wrong.key), "category", message)
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
                if !(0.0..=1.0).contains(&effect.spread) {
                    return self.fail(file, "spread", "the spread of an effect is between 0 and 1");
                }
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
            let others = [lab.parts.is_empty(), lab.answers.is_empty(), lab.texts.is_empty()];
            if numbers + others.into_iter().filter(|is_empty| !is_empty).count() != 1 {
                let message = "a lab is one of `measured`, `derived`, `parts`, `answers` and `texts`";
                return self.fail(file, &lab.key, message);
            }
            if numbers == 1 && lab.unit.is_none() && lab.grades.is_empty() {
                return self.fail(file, &lab.key, "a number needs a `unit`");
            }
            match &lab.measured {
                Some(measured) => self.measured(file, measured)?,
                None => self.terms(file, lab.terms())?,
            }
            self.grades(file, lab)?;
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
        self.lab_cycles()?;
        for report in &self.pack.reports {
            if report.results.is_empty() {
                let file = self.file("reports", report.key);
                return self.fail(file, "results", format!("the report `{}` has no `results`", report.key));
            }
            for &result in &report.results {
                self.lab(self.file("reports", report.key), result)?;
            }
        }
        Ok(())
    }

    fn measured(&self, file: &str, measured: &Measured) -> Result<(), PackError> {
        if let Some(curve) = measured.curve {
            self.table(file, curve)?;
        }
        if let Some(sway) = &measured.swayed {
            let other = self.pack.labs.iter().find(|lab| lab.key == sway.lab);
            if other.and_then(|lab| lab.measured.as_ref()).is_none_or(|other| other.noise == 0.0) {
                return self.fail(file, &sway.lab, "a number is swayed by a measured lab that has noise");
            }
        }
        self.terms(file, &measured.terms)?;
        self.terms(file, &measured.noisier)
    }

    fn terms(&self, file: &str, terms: &[Term]) -> Result<(), PackError> {
        for term in terms {
            match (term.latent, term.condition) {
                (Some(latent), None) => self.latent(file, latent)?,
                (None, Some(condition)) => self.lasting(file, condition)?,
                _ => return self.fail(file, "terms", "a term is of one `latent` or of one `condition`"),
            }
            if let Some(curve) = term.curve {
                self.table(file, curve)?;
            }
        }
        Ok(())
    }

    fn survey(&self) -> Result<(), PackError> {
        let file = "survey.toml";
        for (index, item) in self.pack.survey.iter().enumerate() {
            let others = self.pack.survey[..index].iter().map(|other| other.key);
            if self.pack.labs.iter().map(|lab| lab.key).chain(others).any(|key| key == item.key) {
                return self.fail(file, &item.key, format!("`{}` is the key of something else too", item.key));
            }
            if item.measured.below.is_some() || item.measured.swayed.is_some() {
                return self.fail(file, &item.key, "an item of a survey knows nothing of a lab's visit");
            }
            self.measured(file, &item.measured)?;
        }
        Ok(())
    }

    fn calibration(&self) -> Result<(), PackError> {
        let pack = self.pack;
        for question in &pack.calibration.questions {
            for test in question.any.iter().flatten() {
                self.test(test)?;
            }
            for &concept in &question.recorded {
                self.known("calibration.toml", concept, "concept", pack.key(&concept).is_some())?;
            }
        }
        for figure in &pack.calibration.figures {
            let file = &Calibration::file(figure.family);
            match figure.statistic {
                Statistic::Share | Statistic::AdjustedShare => {
                    self.question(file, figure.measure)?;
                    figure.with.map_or(Ok(()), |with| self.question(file, with))?;
                }
                Statistic::Mean | Statistic::P10 | Statistic::P50 | Statistic::P90 => {
                    self.number(file, figure.measure)?;
                    figure.with.map_or(Ok(()), |with| self.question(file, with))?;
                }
                Statistic::Pearson | Statistic::OddsRatio | Statistic::OddsRatioMh => {
                    let Some(with) = figure.with else {
                        return self.fail(file, &figure.row, format!("row `{}` needs `with`", figure.row));
                    };
                    for key in [figure.measure, with] {
                        if figure.statistic == Statistic::Pearson {
                            self.number(file, key)?;
                        } else {
                            self.question(file, key)?;
                        }
                    }
                }
                Statistic::VisitRate | Statistic::VisitDays => {
                    self.known(file, figure.measure, "concept", pack.key(&figure.measure).is_some())?;
                }
                Statistic::Death | Statistic::LifeExpectancy => {}
            }
            if let Some(group) = figure.group {
                let known = pack.calibration.groups.iter().any(|item| item.key == group);
                self.known(file, group, "group", known)?;
            }
            if figure.age_high.is_some_and(|high| high < figure.age_low) {
                return self.fail(file, &figure.row, format!("the ages of row `{}` run backward", figure.row));
            }
        }
        Ok(())
    }

    fn test(&self, test: &Test) -> Result<(), PackError> {
        let file = "calibration.toml";
        let keys = [test.number, test.told, test.present, test.treated, test.taking, test.answer, test.visit];
        let named = keys.iter().flatten().count();
        if named
            + usize::from(test.sex.is_some() || test.covered.is_some())
            + usize::from(test.age)
            + usize::from(test.insured)
            != 1
        {
            let name = keys.iter().flatten().next().map_or("any", |key| &**key);
            return self.fail(file, name, "a test is of one thing");
        }
        test.number.map_or(Ok(()), |key| self.number(file, key))?;
        for condition in [test.told, test.present, test.treated].into_iter().flatten() {
            self.lasting(file, condition)?;
        }
        test.taking.map_or(Ok(()), |key| self.medication(file, key))?;
        for concept in [test.answer, test.visit].into_iter().flatten() {
            self.known(file, concept, "concept", self.pack.key(&concept).is_some())?;
        }
        Ok(())
    }

    fn question(&self, file: &str, key: Key) -> Result<(), PackError> {
        let known = self.pack.calibration.questions.iter().any(|item| item.key == key);
        self.known(file, key, "question", known)
    }

    fn number(&self, file: &str, key: Key) -> Result<(), PackError> {
        let pack = self.pack;
        let known = *key == *"age"
            || pack.labs.iter().any(|item| item.key == key)
            || pack.survey.iter().any(|item| item.key == key);
        self.known(file, key, "lab or survey item", known)
    }

    fn care(&self) -> Result<(), PackError> {
        for visit in &self.pack.visits {
            let file = self.file("care", visit.key);
            self.orders(file, &visit.orders)?;
            self.plan_goals(file, &visit.goals)?;
            if !visit.goals.is_empty() && *visit.key != *"wellness" {
                return self.fail(
                    file,
                    "goals",
                    "`goals` are of wellness visits; those of a condition are of its `follow_up`",
                );
            }
            self.probability(file, "first_dose", visit.first_dose)?;
            self.probability(file, "attendance", visit.attendance)?;
            self.probability(file, "share", visit.share)?;
            self.probability(file, "acute_share", visit.acute_share)?;
            if let Some(curve) = visit.share_curve {
                self.table(file, curve)?;
                for factor in self.pack.table(&curve).into_iter().flat_map(Table::values) {
                    self.probability(file, "share_curve", visit.share * factor)?;
                    self.probability(file, "share_curve", visit.acute_share * factor)?;
                }
            }
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
        let own = |visit: &&Visit| visit.schedule.is_empty() && !VISITS.contains(&visit.key.0);
        for visit in self.pack.visits.iter().filter(own) {
            if visit.share > 0.0 || visit.attendance < 1.0 {
                let message = "`share` and `attendance` are of visits that are direct by follow-up or schedule";
                return self.fail(self.file("care", visit.key), &visit.key, message);
            }
        }
        for vaccine in &self.pack.vaccines {
            self.probability(self.file("vaccines", vaccine.key), "uptake", vaccine.uptake)?;
        }
        self.pack.death.correction.map_or(Ok(()), |curve| self.table("death.toml", curve))?;
        self.probability("death.toml", "in_hospital", self.pack.death.in_hospital)?;
        if let Some(birth) = &self.pack.birth {
            self.orders("birth.toml", &birth.orders)?;
            self.probability("birth.toml", "in_hospital", birth.in_hospital)?;
            if !(1.0..=30.0).contains(&birth.stay_days) {
                return self.fail("birth.toml", "stay_days", "a stay lasts between 1 and 30 days");
            }
        }
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
                (None, None, None, Some(condition)) => self.lasting(file, condition)?,
                (None, Some(_), None, None) | (None, None, Some(_), None) => {}
                _ => return self.fail(file, "effects", "an effect is of one latent, race, ethnicity or condition"),
            }
        }
        requires_any.iter().try_for_each(|&condition| self.lasting(file, condition))
    }

    /// Each goal has a lab with a number in a unit that reaches the value.
    fn plan_goals(&self, file: &str, goals: &[PlanGoal]) -> Result<(), PackError> {
        for goal in goals {
            let lab = self.pack.labs.iter().find(|lab| lab.key == goal.lab);
            self.known(file, goal.lab, "lab", lab.is_some())?;
            let reaches = |lab: &Lab| lab.unit.is_some() && (lab.bounds[0]..=lab.bounds[1]).contains(&goal.below);
            if !lab.is_some_and(reaches) {
                return self.fail(file, &goal.lab, format!("`{}` is never near `{}`", goal.lab, goal.below));
            }
        }
        if goals.len() > 8 {
            return self.fail(file, "goals", "a plan has room for 8 goals");
        }
        Ok(())
    }

    fn orders(&self, file: &str, orders: &[Order]) -> Result<(), PackError> {
        orders.iter().try_for_each(|order| self.order(file, order.of, order.probability))
    }

    fn order(&self, file: &str, of: Key, probability: f64) -> Result<(), PackError> {
        self.probability(file, &of, probability)?;
        let known = self.pack.labs.iter().any(|lab| lab.key == of && lab.stream.is_some())
            || self.pack.reports.iter().any(|report| report.key == of)
            || self.pack.procedures.iter().any(|procedure| procedure.key == of);
        if known {
            return Ok(());
        }
        self.fail(file, &of, format!("`{of}` is no lab, report or procedure"))
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

    /// A condition that lasts; what comes and goes is over before anything could follow from it.
    fn lasting(&self, file: &str, key: Key) -> Result<(), PackError> {
        let condition = self.pack.conditions.iter().find(|item| item.key == key);
        self.known(file, key, "condition", condition.is_some())?;
        if condition.is_some_and(|condition| matches!(condition.onset, Onset::Recurrent { .. })) {
            return self.fail(file, &key, format!("`{key}` does not last, so nothing follows from having it"));
        }
        Ok(())
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
