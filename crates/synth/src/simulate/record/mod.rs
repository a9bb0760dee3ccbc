//! The record around what happened: papers, parcels and claims that follow from the events of a chart.
//!
//! Care decides what happens to a patient; what a clinic writes, sends and bills because of it is added here, to the
//! finished chart, one topic a file. A topic draws from its own random streams and reads only the topics before it, so
//! adding one changes none of the others. Each honours `as_of`: what is written down by that day is the same for any
//! later one, but for whether it is still open.

mod administration;
mod care_plan;
mod claim;
mod coverage;
mod device;
mod dispense;
mod episode_of_care;
mod imaging;
mod notes;
mod personal;
mod provenance;
mod related_person;
mod request;
mod specimen;
mod stay;
mod supply;
mod surveys;

use chrono::NaiveDate;

pub(super) use claim::Priced;

use super::Model;
use crate::seed::Seed;
use crate::timeline::Timeline;

/// Adds every topic to a chart that was cut at `as_of`, in this order.
pub(super) fn complete(model: &Model<'_>, patient: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    administration::add(model, patient, timeline);
    dispense::add(model, patient, as_of, timeline);
    coverage::add(model, patient, as_of, timeline);
    specimen::add(model, timeline);
    request::add(model, timeline);
    device::add(model, patient, timeline);
    imaging::add(model, patient, timeline);
    stay::add(patient, timeline);
    supply::add(model, patient, as_of, timeline);
    personal::add(model, patient, timeline);
    surveys::add(model, patient, timeline);
    notes::add(model, patient, timeline);
    related_person::add(model, patient, as_of, timeline);
    care_plan::add(model, timeline);
    claim::add(model, patient, as_of, timeline);
    episode_of_care::add(model, timeline);
    provenance::add(timeline);
}
