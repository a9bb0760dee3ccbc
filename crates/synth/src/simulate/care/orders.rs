//! Orders: what is measured, reported and done at a visit.

use std::collections::BTreeMap;

use super::super::body::YEAR;
use super::super::measure::{Subject, Written, scaled, stream};
use super::super::model::{ConditionModel, OrderModel, Ordered, Source};
use super::{Clinic, Memory, Sitting, draw_minutes, event, to_years};
use crate::timeline::{Category, Cause, Observation, Procedure, Report, Value};

impl Clinic<'_> {
    pub(super) fn is_due(&self, order: &OrderModel, memory: Memory, day: i32) -> bool {
        let age = f64::from(day) / YEAR;
        if age < order.from_age || age >= order.to_age || order.sex.is_some_and(|sex| sex != self.life.body.sex) {
            return false;
        }
        // The age is exact to the day at its lower end, since constraints count birthdays.
        if order.from_age > 0.0 && day < self.life.birthday(to_years(order.from_age)) {
            return false;
        }
        let last = self.last_ordered.get(&(memory, order.of));
        let recent = last.is_some_and(|&last| f64::from(day - last) < order.every_days);
        if recent || order.probability >= 1.0 {
            return !recent;
        }
        let seed = match order.of {
            Ordered::Lab(lab) => self.lab_seeds[lab],
            Ordered::Report(report) => self.lab_seeds[self.model.reports[report].results[0]],
            Ordered::Procedure(procedure) => self.life.seed.child(&self.model.procedures[procedure].key, 1),
        };
        seed.at(stream(day, 2)).chance(order.probability)
    }

    pub(super) fn carry_out(
        &mut self,
        sitting: &Sitting,
        memory: Memory,
        orders: &[(OrderModel, Cause)],
        shifts: &[(usize, f64)],
        reason: Option<&ConditionModel<'_>>,
    ) {
        let mut ordered: BTreeMap<Ordered, Cause> = BTreeMap::new();
        for (order, cause) in orders {
            let other = ordered.keys().any(|&other| self.is_alike(other, order.of));
            if !other && self.is_due(order, memory, sitting.planned) {
                ordered.insert(order.of, cause);
            }
        }
        let mut wanted: Vec<Option<Cause>> = vec![None; self.model.labs.len()];
        for (&of, &cause) in &ordered {
            self.last_ordered.insert((memory, of), sitting.planned);
            match of {
                Ordered::Lab(lab) => wanted[lab] = Some(cause),
                Ordered::Report(report) => {
                    for &lab in &self.model.reports[report].results {
                        wanted[lab] = wanted[lab].or(Some(cause));
                        self.last_ordered.insert((memory, Ordered::Lab(lab)), sitting.planned);
                    }
                }
                Ordered::Procedure(procedure) => self.perform(procedure, sitting, reason, cause),
            }
        }
        if sitting.encounter.is_some() {
            self.observe(sitting, &wanted, shifts, &ordered);
        }
    }

    /// Whether two orders are the same, or of labs with the same concept: stages of two cancers are told at two visits, since
    /// nobody could tell one from the other.
    fn is_alike(&self, one: Ordered, other: Ordered) -> bool {
        match (one, other) {
            (Ordered::Lab(one), Ordered::Lab(other)) => self.model.labs[one].concept == self.model.labs[other].concept,
            _ => one == other,
        }
    }

    pub(super) fn observe(
        &mut self,
        sitting: &Sitting,
        wanted: &[Option<Cause>],
        shifts: &[(usize, f64)],
        ordered: &BTreeMap<Ordered, Cause>,
    ) {
        let Some(encounter) = sitting.encounter else { return };
        let labs = &self.model.labs;
        let years = f64::from(sitting.day) / YEAR;
        let mut parts = vec![false; labs.len()];
        for (lab, _) in wanted.iter().enumerate().filter(|(_, cause)| cause.is_some()) {
            if let Source::Parts(of) = &labs[lab].source {
                for &part in of {
                    parts[part] = true;
                }
            }
        }
        let subject = Subject {
            body: &self.life.body,
            latents: &self.latents,
            day: sitting.day,
            years: f64::from(self.life.age_in_years(sitting.day)),
            slot: sitting.slot,
            seeds: &self.lab_seeds,
            deviations: &self.lab_deviations,
        };
        let mut written = vec![Written::Nothing; labs.len()];
        let mut places: Vec<Option<usize>> = vec![None; labs.len()];
        for (lab, entry) in labs.iter().enumerate() {
            let from_age = entry.pack.from_age;
            let old_enough =
                from_age <= 0.0 || (years > from_age - 0.1 && sitting.day >= self.life.birthday(to_years(from_age)));
            if !(parts[lab] || wanted[lab].is_some()) || !old_enough {
                continue;
            }
            let shift = shifts.iter().find(|(of, _)| *of == lab).map_or(0.0, |(_, by)| *by);
            written[lab] = subject.measure(self.model, lab, shift, &written);
            let (Some(stream), Some(cause)) = (entry.pack.stream, wanted[lab]) else { continue };
            let unit = entry.pack.unit.map_or("", |unit| unit.0);
            let value = match written[lab] {
                Written::Nothing => continue,
                Written::Number(value) => Value::Quantity { value, unit },
                Written::Answer(answer) => Value::Concept(answer),
                Written::Text(text) => Value::Text(text),
                Written::Parts => {
                    let Source::Parts(of) = &entry.source else { continue };
                    let parts = of.iter().filter_map(|&part| match written[part] {
                        Written::Number(value) => {
                            Some((labs[part].concept, value, labs[part].pack.unit.map_or("", |unit| unit.0)))
                        }
                        _ => None,
                    });
                    Value::Components(parts.collect())
                }
            };
            let is_laboratory = entry.category == Category::Laboratory;
            places[lab] = Some(self.chart.observations.len());
            self.chart.observations.push(Observation {
                event: event(stream, sitting.day, sitting.slot),
                concept: entry.concept,
                category: entry.category,
                at: sitting.at(if is_laboratory { 10 } else { 4 }),
                value,
                range: entry
                    .pack
                    .range
                    .map(|[low, high]| (scaled(low, entry.pack.decimals), scaled(high, entry.pack.decimals))),
                encounter,
                cause,
            });
        }
        for (&of, &cause) in ordered {
            let Ordered::Report(index) = of else { continue };
            let report = &self.model.reports[index];
            // A panel that another one of the visit has whole is part of that one.
            let is_part = |other: usize| {
                let larger = &self.model.reports[other].results;
                larger.len() > report.results.len() && report.results.iter().all(|lab| larger.contains(lab))
            };
            if ordered.keys().any(|of| matches!(of, Ordered::Report(other) if is_part(*other))) {
                continue;
            }
            let results: Vec<usize> = report.results.iter().filter_map(|&lab| places[lab]).collect();
            if !results.is_empty() {
                self.chart.reports.push(Report {
                    event: event(report.stream, sitting.day, sitting.slot),
                    concept: report.concept,
                    at: sitting.at(12),
                    results,
                    encounter,
                    cause,
                });
            }
        }
    }

    pub(super) fn perform(
        &mut self,
        procedure: usize,
        sitting: &Sitting,
        reason: Option<&ConditionModel<'_>>,
        cause: Cause,
    ) {
        let Some(encounter) = sitting.encounter else { return };
        let procedure = &self.model.procedures[procedure];
        let [least, most] = procedure.minutes;
        let mut draws = self.life.seed.child(&procedure.key, 2).at(stream(sitting.day, sitting.slot));
        let minutes = i64::from(least) + draw_minutes(&mut draws, most - least + 1);
        self.chart.procedures.push(Procedure {
            event: event(procedure.stream, sitting.day, sitting.slot),
            concept: procedure.concept,
            start: sitting.at(5),
            end: sitting.at(5 + minutes),
            reason: reason.map(|condition| condition.concept),
            encounter,
            cause,
        });
    }
}
