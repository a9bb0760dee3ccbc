//! Faults that no validator could see: the chart is as good as any other.

use chrono::Days;

use crate::chart::Chart;
use crate::document::Document;
use crate::kind::{FoundBy, Inject, Kind, Side};
use crate::resource::{HEART_RATE, ONSET, VALUE, measured, patient, problem};
use crate::text::{day, day_before};

const fn unseen(side: Side, name: &'static str, says: &'static str, inject: Inject) -> Kind {
    Kind::new(side, FoundBy::Nothing, name, says, inject)
}

pub(super) static KINDS: &[Kind] = &[
    unseen(Side::Fhir, "fhir-another-name", "The patient has another name, which OMOP does not keep.", |attempt| {
        attempt.exchange(patient, "name.0.family", |_| Some("Someone".to_owned()))
    }),
    unseen(Side::Both, "both-plausible-value", "A value is another that could be.", |attempt| {
        let other = |value: &str| if value == "71" { "72" } else { "71" };
        attempt.exchange(measured(HEART_RATE), VALUE, |value| Some(other(value).to_owned()))
    }),
    unseen(Side::Both, "both-shifted-day", "The onset of a problem is a day early.", |attempt| {
        // In the first year of life the day before may be that of birth, or earlier.
        let first_year = attempt.chart.birth_date()? + Days::new(366);
        let is_later = |chart: &Chart, one: &Document| {
            problem(chart, one)
                && one.string(ONSET).and_then(|onset| day(&onset)).is_some_and(|onset| onset > first_year)
        };
        attempt.exchange(is_later, ONSET, |onset| day_before(onset))
    }),
];
