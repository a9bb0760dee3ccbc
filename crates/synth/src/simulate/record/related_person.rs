//! People close to the patient: a parent of a child, the spouse or a grown child of an old person.

use chrono::{Months, NaiveDate};

use super::super::Model;
use crate::ids::RELATED_PERSONS;
use crate::seed::{Draws, Seed};
use crate::timeline::{EventId, Kinship, RelatedPerson, Sex, Timeline};

/// Until this age, in years, a parent speaks for a child.
const GROWN: u32 = 18;
/// From this age on, in years, the record asks an adult who is close to them.
const OLD: u32 = 65;
/// assumption: share of the old who name somebody.
const NAMED: f64 = 0.75;
/// assumption: share of those named who are the spouse, of women and of men; widows are more than widowers.
const SPOUSE: [f64; 2] = [0.45, 0.7];
/// assumption: share of parents named who are mothers.
const MOTHER: f64 = 0.8;

/// Adds a child's parent at the first visit, and an old person's closest one at the first visit at that age.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let born = timeline.demographics.birth_date;
    let (grown, old) = (born + Months::new(12 * GROWN), born + Months::new(12 * OLD));
    let is_child = timeline.encounters.first().is_some_and(|first| first.start.date() < grown);
    if is_child {
        let mut draws = patient_seed.child("related-person", 0).draws();
        let sex = if draws.chance(MOTHER) { Sex::Female } else { Sex::Male };
        push(
            model,
            draws,
            as_of,
            Named { slot: 0, kinship: Kinship::Parent, sex, encounter: 0, last: Some(grown) },
            timeline,
        );
    }
    if let Some(encounter) = timeline.encounters.iter().position(|visit| visit.start.date() >= old) {
        let mut draws = patient_seed.child("related-person", 1).draws();
        let (is_named, is_spouse) = (draws.chance(NAMED), draws.chance(SPOUSE[timeline.demographics.sex as usize]));
        let is_female = if is_spouse { timeline.demographics.sex == Sex::Male } else { draws.chance(0.5) };
        let sex = if is_female { Sex::Female } else { Sex::Male };
        let kinship = if is_spouse { Kinship::Spouse } else { Kinship::Child };
        if is_named {
            push(model, draws, as_of, Named { slot: 1, kinship, sex, encounter, last: None }, timeline);
        }
    }
}

/// Who is named, before they have a name.
struct Named {
    slot: u32,
    kinship: Kinship,
    sex: Sex,
    encounter: usize,
    last: Option<NaiveDate>,
}

fn push(model: &Model<'_>, mut draws: Draws, as_of: NaiveDate, named: Named, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
    timeline.related_persons.push(RelatedPerson {
        event: EventId { stream: RELATED_PERSONS, ordinal: named.slot },
        kinship: named.kinship,
        sex: named.sex,
        given_name: draws.pick(match named.sex {
            Sex::Female => &model.pack.names.female,
            Sex::Male => &model.pack.names.male,
        }),
        phone: format!("555-555-01{:02}", draws.below(100)),
        encounter: named.encounter,
        until: named.last.into_iter().chain(died).min().filter(|&until| until <= as_of),
        cause: "family",
    });
}
