//! What a prescription's directions say, read from their words: how much, how often, for how long, and whether as needed.
//!
//! `Take one tablet by mouth every six hours as needed` is one tablet, once in 6 hours, as needed. What the words leave
//! open stays open: `before meals, dose by blood glucose` has no dose and no timing.

use serde_json::{Map, Value, json};

use crate::timeline::Scaled;

/// Directions in parts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Directions {
    /// How much at once, and its unit.
    pub(super) dose: Option<(Scaled, &'static str)>,
    /// FHIR's `Timing`, as JSON.
    pub(super) timing: Option<String>,
    /// Only when there is need.
    pub(super) as_needed: bool,
}

impl Directions {
    /// Reads directions.
    pub(super) fn read(text: &str) -> Self {
        let words: Vec<&str> = text.split([' ', ',']).filter(|word| !word.is_empty()).collect();
        let as_needed = words.windows(2).any(|pair| pair == ["as", "needed"]);
        // A course that changes on its way has no one dose.
        if words.contains(&"then") {
            return Self { as_needed, ..Self::default() };
        }
        let dose = words.get(1).and_then(|word| number(word)).zip(words.get(2).and_then(|word| unit(word)));
        let timing = repeat(&words).map(|repeat| json!({"repeat": repeat}).to_string());
        Self { dose, timing, as_needed }
    }
}

/// `Timing.repeat`: `frequency` times in a `period`, and how many days on end.
fn repeat(words: &[&str]) -> Option<Map<String, Value>> {
    let mut repeat = every(words).or_else(|| times(words)).or_else(|| time_of_day(words))?;
    let course = words.windows(3).find_map(|three| match three {
        ["for", n, "days"] => whole(n),
        _ => None,
    });
    if let Some(days) = course {
        let duration = json!({"value": days, "unit": "days", "system": "http://unitsofmeasure.org", "code": "d"});
        repeat.insert("boundsDuration".to_owned(), duration);
    }
    Some(repeat)
}

/// `every six hours`, `every four to six hours`, `every three weeks`.
fn every(words: &[&str]) -> Option<Map<String, Value>> {
    let at = words.iter().position(|&word| word == "every")?;
    let (from, to, unit) = match words.get(at + 1..)? {
        [from, "to", to, unit, ..] => (whole(from)?, Some(whole(to)?), *unit),
        [from, unit, ..] => (whole(from)?, None, *unit),
        _ => return None,
    };
    let mut repeat = frequency(1, from, unit)?;
    if let Some(to) = to {
        repeat.insert("periodMax".to_owned(), json!(to));
    }
    Some(repeat)
}

/// `once a day`, `three times a day`, `once or twice a day`, `once a week`.
fn times(words: &[&str]) -> Option<Map<String, Value>> {
    let at = words.windows(2).position(|pair| pair[0] == "a" && period_unit(pair[1]).is_some())?;
    let unit = words[at + 1];
    match &words[..at] {
        [.., "once", "or", "twice"] => {
            let mut repeat = frequency(1, 1, unit)?;
            repeat.insert("frequencyMax".to_owned(), json!(2));
            Some(repeat)
        }
        [.., "once"] => frequency(1, 1, unit),
        [.., "twice"] => frequency(2, 1, unit),
        [.., n, "times"] => frequency(whole(n)?, 1, unit),
        _ => None,
    }
}

/// `in the morning`, `with the evening meal`: once a day, then.
fn time_of_day(words: &[&str]) -> Option<Map<String, Value>> {
    let when = words.iter().find_map(|&word| match word {
        "morning" => Some("MORN"),
        "evening" => Some("EVE"),
        _ => None,
    })?;
    let mut repeat = frequency(1, 1, "day")?;
    repeat.insert("when".to_owned(), json!([when]));
    Some(repeat)
}

fn frequency(times: u32, period: u32, unit: &str) -> Option<Map<String, Value>> {
    let Value::Object(repeat) = json!({"frequency": times, "period": period, "periodUnit": period_unit(unit)?}) else {
        return None;
    };
    Some(repeat)
}

/// FHIR's `units-of-time`.
fn period_unit(word: &str) -> Option<&'static str> {
    match word {
        "hour" | "hours" => Some("h"),
        "day" | "days" => Some("d"),
        "week" | "weeks" => Some("wk"),
        "month" | "months" => Some("mo"),
        _ => None,
    }
}

/// What a dose is counted in.
fn unit(word: &str) -> Option<&'static str> {
    match word {
        "tablet" | "tablets" => Some("tablet"),
        "capsule" | "capsules" => Some("capsule"),
        "puff" | "puffs" => Some("puff"),
        "syringe" | "syringes" => Some("syringe"),
        "millilitre" | "millilitres" => Some("mL"),
        "mg" => Some("mg"),
        _ => None,
    }
}

/// `two` or `1.8`.
fn number(word: &str) -> Option<Scaled> {
    if let Some(units) = whole(word) {
        return Some(Scaled { units: units.into(), decimals: 0 });
    }
    let (before, after) = word.split_once('.')?;
    let units = format!("{before}{after}").parse().ok()?;
    Some(Scaled { units, decimals: u8::try_from(after.len()).ok()? })
}

fn whole(word: &str) -> Option<u32> {
    const WORDS: [&str; 13] =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let found = WORDS.iter().position(|&known| known == word).and_then(|at| u32::try_from(at).ok());
    found.or_else(|| word.parse().ok())
}

#[cfg(test)]
mod tests {
    use twinlake_pack::Pack;

    use super::*;

    fn timing(text: &str) -> Value {
        serde_json::from_str::<Value>(&Directions::read(text).timing.unwrap()).unwrap()["repeat"].clone()
    }

    #[test]
    fn words_give_dose_and_timing() {
        let read = Directions::read("Chew two tablets every six hours as needed");
        assert_eq!(read.dose, Some((Scaled { units: 2, decimals: 0 }, "tablet")));
        assert!(read.as_needed);
        assert_eq!(timing("Chew two tablets every six hours"), json!({"frequency": 1, "period": 6, "periodUnit": "h"}));
        let read = Directions::read("Inject 1.8 mg under the skin once a day");
        assert_eq!(read.dose, Some((Scaled { units: 18, decimals: 1 }, "mg")));
        assert_eq!(
            timing("Inhale two puffs every four to six hours"),
            json!({"frequency": 1, "period": 4, "periodMax": 6, "periodUnit": "h"})
        );
        assert_eq!(timing("once or twice a day")["frequencyMax"], 2);
        assert_eq!(timing("Take one tablet by mouth in the evening")["when"], json!(["EVE"]));
        assert_eq!(timing("three times a day for ten days")["boundsDuration"]["value"], 10);
    }

    #[test]
    fn what_words_leave_open_stays_open() {
        let open = Directions::default();
        assert_eq!(Directions::read("Inject under the skin before meals, dose by blood glucose"), open);
        assert_eq!(Directions::read("Take two tablets on the first day, then one a day for four days"), open);
    }

    #[test]
    fn nearly_all_directions_of_the_pack_are_understood() {
        let sigs: Vec<&str> = Pack::embedded().medications.iter().map(|one| one.sig.0).collect();
        let understood = |text: &&&str| Directions::read(text).timing.is_some();
        let n_understood = sigs.iter().filter(understood).count();
        assert!(n_understood * 10 >= sigs.len() * 9, "{n_understood} of {}", sigs.len());
    }
}
