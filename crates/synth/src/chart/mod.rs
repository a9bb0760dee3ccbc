//! The chart layer: what becomes of the truth when people write it down. It is off by default.
//!
//! It works on a finished timeline before either rendering sees it, so both say the same; what it did to which event is
//! kept in [`Timeline::marks`]. Each event draws from a stream of its own, so what it does to one depends on no other,
//! and not on `as_of`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use serde::Deserialize;

use crate::seed::Seed;
use crate::timeline::{Category, EventId, Observation, Timeline, Value};

/// How often what goes wrong, as shares between 0 and 1.
///
/// In TOML: `missing = 0.02` and so on; what is not named does not happen.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Rates {
    /// Vitals and laboratory results whose value is not there.
    pub missing: f64,
    /// Problems and allergies written down days after they were found.
    pub late: f64,
    /// Vitals, laboratory results and diagnoses charted twice, the second time with an id of its own.
    pub duplicate: f64,
    /// Laboratory results under a code of the house alone, which maps to nothing.
    pub local_code: f64,
    /// Values whose unit people read in another spelling; the UCUM code stays.
    pub unit_spelling: f64,
}

/// A share is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{name}` is {share}, not a share between 0 and 1")]
pub struct RatesError {
    name: &'static str,
    share: f64,
}

impl Rates {
    /// Nothing goes wrong.
    pub const NONE: Self = Self { missing: 0.0, late: 0.0, duplicate: 0.0, local_code: 0.0, unit_spelling: 0.0 };
    /// A chart as people who clean data know it. The shares are assumptions.
    pub const MESSY: Self = Self { missing: 0.03, late: 0.2, duplicate: 0.01, local_code: 0.05, unit_spelling: 0.15 };

    /// Whether each is a share.
    ///
    /// # Errors
    ///
    /// The first that is none.
    pub fn check(&self) -> Result<(), RatesError> {
        let all = [
            ("missing", self.missing),
            ("late", self.late),
            ("duplicate", self.duplicate),
            ("local_code", self.local_code),
            ("unit_spelling", self.unit_spelling),
        ];
        let wrong = all.into_iter().find(|(_, share)| !(0.0..=1.0).contains(share));
        wrong.map_or(Ok(()), |(name, share)| Err(RatesError { name, share }))
    }
}

/// What was done to an event.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Deed {
    /// Its value is not there.
    Missing,
    /// It was written down late.
    Late,
    /// It is the second record of another event, and says what the first one says.
    Duplicate,
    /// It has a code of the house alone.
    LocalCode,
    /// Its unit is spelt in another way.
    UnitSpelling,
}

impl Deed {
    /// A word for it, as the truth has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Late => "late",
            Self::Duplicate => "duplicate",
            Self::LocalCode => "local-code",
            Self::UnitSpelling => "unit-spelling",
        }
    }
}

/// What was done to which event.
pub type Marks = BTreeMap<EventId, BTreeSet<Deed>>;

/// Another way to write a unit that people read, where there is one.
pub fn other_spelling(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "mg/dL" => "mg/dl",
        "g/dL" => "g/dl",
        "mmol/L" => "mmol/l",
        "meq/L" => "mEq/L",
        "U/L" => "IU/L",
        "mm[Hg]" => "mmHg",
        "/min" => "per minute",
        "Cel" => "C",
        "kg/m2" => "kg/m^2",
        "10*3/uL" => "K/uL",
        "10*6/uL" => "M/uL",
        "mL/min/{1.73_m2}" => "ml/min/1.73m2",
        "ng/mL" => "ng/ml",
        "pg/mL" => "pg/ml",
        _ => return None,
    })
}

/// Works on a timeline that was cut at `as_of`; nothing is changed when all rates are 0.
pub(crate) fn apply(rates: &Rates, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    if *rates == Rates::NONE {
        return;
    }
    let seed = patient_seed.child("chart", 0);
    write_late(rates, seed, as_of, timeline);
    chart_observations(rates, seed, timeline);
    chart_diagnoses(rates, seed, timeline);
}

fn draws(seed: Seed, event: EventId) -> crate::seed::Draws {
    seed.at(u64::from(event.stream) << 20 | u64::from(event.ordinal))
}

/// What is not written down by `as_of` is not in the chart; the dead are written down at last.
fn write_late(rates: &Rates, seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
    let marks = &mut timeline.marks;
    let mut delay = |event: EventId, recorded: &mut NaiveDate| {
        let mut draws = draws(seed, event);
        let (late, days) = (draws.chance(rates.late), 1 + draws.below(60) as u64);
        if late {
            let at = *recorded + Days::new(days);
            let at = died.map_or(at, |died| at.min(died.max(*recorded)));
            if at != *recorded {
                *recorded = at;
                marks.entry(event).or_default().insert(Deed::Late);
            }
        }
    };
    for problem in &mut timeline.problems {
        delay(problem.event, &mut problem.recorded);
    }
    for allergy in &mut timeline.allergies {
        delay(allergy.event, &mut allergy.recorded);
    }
    timeline.problems.retain(|problem| problem.recorded <= as_of);
    timeline.allergies.retain(|allergy| allergy.recorded <= as_of);
}

fn chart_observations(rates: &Rates, seed: Seed, timeline: &mut Timeline) {
    let mut places = Vec::with_capacity(timeline.observations.len());
    let mut charted: Vec<Observation> = Vec::with_capacity(timeline.observations.len());
    for observation in std::mem::take(&mut timeline.observations) {
        let mut draws = draws(seed, observation.event);
        let [missing, local, spelling, twice] =
            [rates.missing, rates.local_code, rates.unit_spelling, rates.duplicate].map(|rate| draws.chance(rate));
        let laboratory = observation.category == Category::Laboratory;
        let measured = laboratory || observation.category == Category::VitalSigns;
        let unit = match &observation.value {
            Value::Quantity { unit, .. } => Some(*unit),
            Value::Concept(_) | Value::Text(_) | Value::Components(_) => None,
        };
        let missing = missing && measured && unit.is_some();
        let deeds = [
            (Deed::Missing, missing),
            (Deed::LocalCode, local && laboratory && unit.is_some()),
            (Deed::UnitSpelling, spelling && !missing && unit.and_then(other_spelling).is_some()),
        ];
        let deeds: BTreeSet<Deed> = deeds.into_iter().filter_map(|(deed, done)| done.then_some(deed)).collect();
        let copy = (twice && measured && !missing)
            .then(|| Observation { event: second(observation.event), ..observation.clone() });
        places.push(charted.len());
        if let Some(copy) = &copy {
            let deeds = deeds.iter().copied().chain([Deed::Duplicate]).collect();
            timeline.marks.insert(copy.event, deeds);
        }
        if !deeds.is_empty() {
            timeline.marks.insert(observation.event, deeds);
        }
        charted.push(observation);
        charted.extend(copy);
    }
    timeline.observations = charted;
    for result in timeline.reports.iter_mut().flat_map(|report| &mut report.results) {
        *result = places[*result];
    }
}

fn chart_diagnoses(rates: &Rates, seed: Seed, timeline: &mut Timeline) {
    let mut charted = Vec::with_capacity(timeline.diagnoses.len());
    for diagnosis in std::mem::take(&mut timeline.diagnoses) {
        let copy = draws(seed, diagnosis.event).chance(rates.duplicate).then(|| {
            let mut copy = diagnosis.clone();
            copy.event = second(diagnosis.event);
            copy
        });
        charted.push(diagnosis);
        if let Some(copy) = copy {
            timeline.marks.entry(copy.event).or_default().insert(Deed::Duplicate);
            charted.push(copy);
        }
    }
    timeline.diagnoses = charted;
}

/// The bit of an ordinal's slot that a second record of the same thing has; no first one has it.
pub(crate) const SECOND: u32 = 8;

/// The place of a second record: a slot of the same day that no first one has.
fn second(event: EventId) -> EventId {
    EventId { ordinal: event.ordinal ^ SECOND, ..event }
}

#[cfg(test)]
mod tests {
    use twinlake_pack::Pack;

    use super::*;
    use crate::simulate::Model;

    fn messy(pack: &Pack, patient: u64, as_of: NaiveDate) -> Timeline {
        Model::new(pack)
            .with_chart(Rates { missing: 0.2, late: 0.5, duplicate: 0.3, ..Rates::MESSY })
            .draw(42, patient, as_of)
    }

    #[test]
    fn a_second_record_has_an_id_that_nothing_else_has() {
        let pack = Pack::embedded();
        for patient in 1..=40 {
            let timeline = messy(pack, patient, pack.reference_date);
            let observed = timeline.observations.iter().map(|item| (item.event, item.cause));
            let diagnosed = timeline.diagnoses.iter().map(|item| (item.event, item.cause));
            let problems = timeline.problems.iter().map(|item| (item.event, item.cause));
            let mut ids = BTreeSet::new();
            for (event, cause) in observed.chain(diagnosed).chain(problems) {
                assert!(ids.insert(event), "patient {patient}: {event:?} of {cause} twice");
            }
        }
    }

    #[test]
    fn a_second_record_says_what_the_first_one_says() {
        let pack = Pack::embedded();
        let mut both = 0;
        for patient in 1..=40 {
            let marks = messy(pack, patient, pack.reference_date).marks;
            for (event, deeds) in marks.iter().filter(|(_, deeds)| deeds.contains(&Deed::Duplicate)) {
                let first = marks.get(&second(*event)).into_iter().flatten();
                let copied = deeds.iter().filter(|deed| **deed != Deed::Duplicate);
                assert!(first.eq(copied), "patient {patient} {event:?}: {deeds:?}");
                both += usize::from(deeds.len() > 1);
            }
        }
        assert!(both > 50, "only {both} have more than one fault");
    }

    #[test]
    fn an_earlier_day_has_the_same_faults() {
        let pack = Pack::embedded();
        let earlier = pack.reference_date - Days::new(700);
        for patient in 1..=20 {
            let (early, late) = (messy(pack, patient, earlier), messy(pack, patient, pack.reference_date));
            for (event, deeds) in &early.marks {
                // What was late may not have been in the chart yet.
                if !deeds.contains(&Deed::Late) {
                    assert_eq!(late.marks.get(event), Some(deeds), "patient {patient} {event:?}");
                }
            }
            assert!(early.problems.iter().all(|problem| problem.recorded <= earlier));
        }
    }

    #[test]
    fn a_report_names_the_first_record_of_its_results() {
        let pack = Pack::embedded();
        let mut n_results = 0;
        for patient in 1..=20 {
            let (plain, messy) =
                (Model::new(pack).draw(42, patient, pack.reference_date), messy(pack, patient, pack.reference_date));
            let results = |timeline: &Timeline| -> Vec<EventId> {
                let results = timeline.reports.iter().flat_map(|report| &report.results);
                results.map(|&result| timeline.observations[result].event).collect()
            };
            assert_eq!(results(&plain), results(&messy));
            n_results += results(&plain).len();
        }
        assert!(n_results > 100);
    }

    #[test]
    fn shares_are_checked() {
        assert_eq!(Rates::MESSY.check(), Ok(()));
        let error = Rates { late: 1.5, ..Rates::NONE }.check().unwrap_err();
        assert_eq!(error.to_string(), "`late` is 1.5, not a share between 0 and 1");
    }
}
