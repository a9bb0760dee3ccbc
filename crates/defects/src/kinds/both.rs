//! Faults of both sides alike, which break a rule: the FHIR is changed, and OMOP made from it.

use chrono::Days;

use crate::chart::Chart;
use crate::document::Document;
use crate::kind::{FoundBy, Inject, Kind, Side};
use crate::resource::{
    ABATEMENT, HBA1C, HEART_RATE, NO_VISIT, ONSET, VALUE, VISIT, measured, passed_problem, problem, with,
};
use crate::text::{day, tenfold};

const fn both(name: &'static str, rule: &'static str, says: &'static str, inject: Inject) -> Kind {
    Kind::new(Side::Both, FoundBy::Rule(rule), name, says, inject)
}

pub(super) static KINDS: &[Kind] = &[
    both("both-before-birth", "before_birth", "A problem began before birth.", |attempt| {
        let day = attempt.chart.birth_date()? - Days::new(1000);
        attempt.exchange(problem, ONSET, |_| Some(day.to_string()))
    }),
    both("both-after-death", "after_death", "A problem began after death.", |attempt| {
        let day = attempt.chart.death_date()? + Days::new(100);
        let is_open = |chart: &Chart, one: &Document| one.raw(ABATEMENT).is_none() && problem(chart, one);
        attempt.exchange(is_open, ONSET, |_| Some(day.to_string()))
    })
    .rare(),
    both("both-end-before-start", "end_before_start", "A problem ended before it began.", |attempt| {
        attempt.alter(passed_problem, ABATEMENT, |one| {
            let end = day(&one.string(ONSET)?)? - Days::new(30);
            one.set_string(ABATEMENT, &end.to_string())
        })
    })
    .rare(),
    both("both-implausible-value", "implausible_value", "A heart beats ten times as fast.", |attempt| {
        attempt.exchange(measured(HEART_RATE), VALUE, |value| Some(tenfold(value)))
    }),
    both("both-wrong-unit", "wrong_unit", "A share of haemoglobin is told in kilograms.", |attempt| {
        attempt.exchange(measured(HBA1C), "valueQuantity.code", |_| Some("kg".to_owned()))
    }),
    both(
        "both-dangling-reference",
        "fhir.dangling",
        "An Observation refers to an Encounter that is nowhere.",
        |attempt| attempt.exchange(with("Observation", VISIT), VISIT, |_| Some(NO_VISIT.to_owned())),
    ),
    both("both-coverage-before-birth", "before_birth", "A payer covered the time before birth.", |attempt| {
        const START: &str = "period.start";
        let day = attempt.chart.birth_date()? - Days::new(1000);
        attempt.exchange(with("Coverage", START), START, |_| Some(day.to_string()))
    }),
];
