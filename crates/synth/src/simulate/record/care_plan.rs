//! Plans to stay well and for lasting conditions that are followed up, their goals, and the team that pursues them.
//!
//! The plan to stay well is made at the first check-up. That for a condition is made at the visit at which it was
//! recognised or, when that was before the chart's window, at the first one that deals with it. There is nothing to draw:
//! all of it follows from the chart and the pack.

use chrono::{Days, NaiveDate};
use twinlake_pack::{ConceptKey, Derived, Goal as PackGoal, Lab, Pack, PlanGoal, Term};

use super::super::Model;
use crate::ids::{CARE_PLANS, CARE_TEAMS, GOALS};
use crate::reference::organization_of;
use crate::timeline::{CarePlan, CareTeam, Cause, Course, EventId, Every, Goal, Purpose, Scaled, Timeline, Value};

/// Days until a goal is to be reached.
const DUE_DAYS: u64 = 182;

/// Goals that one plan has room for.
const GOALS_OF_A_PLAN: u32 = 16;
/// Streams have smaller numbers than this.
const STREAMS: u32 = 512;

/// Adds the plans, goals and team of a chart.
pub(super) fn add(model: &Model<'_>, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
    add_prevention(model, died, timeline);
    for (index, problem) in timeline.problems.iter().enumerate() {
        let Some(condition) = model.chronic.iter().find(|condition| condition.concept == problem.concept) else {
            continue;
        };
        let Some(follow_up) = &condition.pack.follow_up else { continue };
        let first_seen = || {
            let mut diagnoses = timeline.diagnoses.iter().filter(|diagnosis| diagnosis.concept == problem.concept);
            diagnoses.next().map(|diagnosis| diagnosis.encounter)
        };
        let Some(encounter) = problem.encounter.or_else(first_seen) else { continue };
        let made = timeline.encounters[encounter].start.date();
        let course = match (problem.abated.filter(|&abated| abated >= made), died) {
            (Some(abated), _) => Course::Completed(abated),
            (None, Some(died)) => Course::Ended(died),
            (None, None) => Course::Ongoing,
        };
        // One plan a condition, so the condition's own number names it.
        let ordinal = u32::from(condition.pack.stream);
        let cause = condition.pack.key.0;
        let goal = condition.pack.treatment.as_ref().and_then(|treatment| treatment.goal.as_ref());
        let of_treatment = goal.and_then(|goal| Some((measure_of(model.pack, goal)?, goal.below)));
        let of_plan = follow_up.goals.iter().filter_map(|goal| Some((lab_of(model.pack, goal)?, goal.below)));
        let plan = timeline.care_plans.len();
        for (place, (lab, below)) in (0..GOALS_OF_A_PLAN).zip(of_treatment.into_iter().chain(of_plan)) {
            timeline.goals.extend(goal_of(model.pack, (plan, place), lab, below, made, (ordinal, cause)));
        }
        timeline.care_plans.push(CarePlan {
            event: EventId { stream: CARE_PLANS, ordinal },
            purpose: Purpose::Problem(index),
            every: Every::Days(whole(follow_up.every_days)),
            course,
            encounter,
            cause,
        });
    }
    add_team(died, timeline);
}

/// Adds the plan that the first check-up makes, with the first of its goals that what was measured there misses, or else
/// the first that it meets.
fn add_prevention(model: &Model<'_>, died: Option<NaiveDate>, timeline: &mut Timeline) {
    let wellness = &model.visits.wellness;
    let Some(encounter) = timeline.encounters.iter().position(|visit| visit.kind == wellness.concept) else { return };
    let made = timeline.encounters[encounter].start.date();
    let (ordinal, cause) = (u32::from(wellness.pack.stream), wellness.pack.key.0);
    let age = years(timeline.demographics.birth_date, made);
    let months = 12.0 * age;
    let intervals = wellness.pack.schedule.iter();
    let every =
        intervals.rev().find(|interval| interval.from_age_months <= months).map_or(12.0, |now| now.every_months);
    let measured = wellness.pack.goals.iter().filter(|goal| goal.from_age <= age).filter_map(|goal| {
        let lab = lab_of(model.pack, goal)?;
        Some((lab, goal.below, measured_at(timeline, encounter, concept_of(model.pack, lab)?)?))
    });
    let measured: Vec<_> = measured.collect();
    let is_missed = |(lab, below, value): &&(&Lab, f64, Scaled)| value.units >= scaled(*below, lab.decimals).units;
    let goal = measured.iter().find(is_missed).or(measured.first());
    timeline.goals.extend(goal.and_then(|&(lab, below, _)| {
        goal_of(model.pack, (timeline.care_plans.len(), 0), lab, below, made, (ordinal, cause))
    }));
    timeline.care_plans.push(CarePlan {
        event: EventId { stream: CARE_PLANS, ordinal },
        purpose: Purpose::Prevention,
        every: Every::Months(whole(every)),
        course: died.map_or(Course::Ongoing, Course::Ended),
        encounter,
        cause,
    });
}

/// What was measured at a visit, by itself or as a part of something else.
fn measured_at(timeline: &Timeline, encounter: usize, measure: ConceptKey) -> Option<Scaled> {
    let mut of_visit = timeline.observations.iter().filter(|one| one.encounter == encounter);
    of_visit.find_map(|one| match &one.value {
        Value::Quantity { value, .. } => (one.concept == measure).then_some(*value),
        Value::Components(parts) => parts.iter().find(|(part, ..)| *part == measure).map(|(_, value, _)| *value),
        Value::Concept(_) | Value::Text(_) => None,
    })
}

/// The goal of a plan, by place among its goals, to bring a lab below a value; made on a day, for a numbered cause.
fn goal_of(
    pack: &Pack,
    (plan, place): (usize, u32),
    lab: &Lab,
    below: f64,
    made: NaiveDate,
    (number, cause): (u32, Cause),
) -> Option<Goal> {
    Some(Goal {
        event: EventId { stream: GOALS, ordinal: place * STREAMS + number },
        measure: concept_of(pack, lab)?,
        below: scaled(below, lab.decimals),
        unit: lab.unit?.0,
        due: made + Days::new(DUE_DAYS),
        plan,
        cause,
    })
}

fn lab_of<'p>(pack: &'p Pack, goal: &PlanGoal) -> Option<&'p Lab> {
    pack.labs.iter().find(|lab| lab.key == goal.lab)
}

/// The team is formed with the first plan, and dissolved when the last one is over.
fn add_team(died: Option<NaiveDate>, timeline: &mut Timeline) {
    let Some(first) = timeline.care_plans.iter().min_by_key(|plan| (plan.encounter, plan.event)) else { return };
    let own = timeline.demographics.practitioner;
    let seen = timeline.encounters[first.encounter].practitioner;
    let ends: Option<Vec<NaiveDate>> = timeline.care_plans.iter().map(|plan| plan.course.end()).collect();
    let course = match (died, ends.and_then(|ends| ends.into_iter().max())) {
        (Some(died), _) => Course::Ended(died),
        (None, Some(last)) => Course::Completed(last),
        (None, None) => Course::Ongoing,
    };
    let team = CareTeam {
        event: EventId { stream: CARE_TEAMS, ordinal: 0 },
        practitioners: if seen == own { vec![own] } else { vec![own, seen] },
        organization: organization_of(own),
        course,
        encounter: first.encounter,
        cause: first.cause,
    };
    timeline.care_teams.push(team);
}

/// The lab that measures what a treatment aims at: one whose mean is the latent or, of lipids, LDL.
fn measure_of<'p>(pack: &'p Pack, goal: &PackGoal) -> Option<&'p Lab> {
    let is_latent = |lab: &&Lab| {
        lab.measured.as_ref().is_some_and(|measured| {
            let is_it =
                |term: &Term| term.latent == Some(goal.latent) && !term.relative && (term.weight - 1.0).abs() < 1e-9;
            // What only follows how far another latent is from its mean does not move the mean.
            let (apart, own): (Vec<&Term>, Vec<&Term>) = measured.terms.iter().partition(|term| term.relative);
            let in_health = apart.iter().all(|term| term.latent != Some(goal.latent));
            !measured.log && measured.offset.abs() < 1e-9 && in_health && matches!(own[..], [term] if is_it(term))
        })
    };
    let of_latent =
        |lab: &&Lab| matches!(&lab.derived, Some(Derived::TotalCholesterol { latent, .. }) if *latent == goal.latent);
    pack.labs.iter().find(is_latent).or_else(|| {
        let whole = pack.labs.iter().find(of_latent)?;
        let is_part =
            |lab: &&Lab| matches!(&lab.derived, Some(Derived::FriedewaldLdl { total, .. }) if *total == whole.key);
        pack.labs.iter().find(is_part)
    })
}

fn concept_of(pack: &Pack, lab: &Lab) -> Option<ConceptKey> {
    pack.key(lab.concept.0)
}

/// A number with as many digits after the point as the lab writes.
#[expect(clippy::cast_possible_truncation, reason = "goals are small numbers")]
fn scaled(value: f64, decimals: u8) -> Scaled {
    let scale = (0..decimals).fold(1.0, |scale, _| scale * 10.0);
    Scaled { units: libm::round(value * scale) as i64, decimals }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of days or months")]
fn whole(number: f64) -> u32 {
    libm::round(number.max(0.0)) as u32
}

/// Age in years, in parts of them too.
#[expect(clippy::cast_precision_loss, reason = "lives are short")]
fn years(born: NaiveDate, day: NaiveDate) -> f64 {
    (day - born).num_days() as f64 / 365.25
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_goal_of_the_pack_has_a_measure() {
        let pack = Pack::embedded();
        let measure = |condition: &str| {
            let condition = pack.conditions.iter().find(|one| one.key.0 == condition).unwrap();
            let goal = condition.treatment.as_ref().unwrap().goal.as_ref().unwrap();
            measure_of(pack, goal).map(|lab| lab.key.0)
        };
        assert_eq!(measure("t2dm"), Some("hba1c"));
        assert_eq!(measure("hypertension"), Some("systolic-blood-pressure"));
        assert_eq!(measure("hyperlipidaemia"), Some("ldl-cholesterol"));
        for condition in &pack.conditions {
            if let Some(goal) = condition.treatment.as_ref().and_then(|treatment| treatment.goal.as_ref()) {
                assert!(measure_of(pack, goal).is_some(), "{}", condition.key.0);
            }
        }
        assert_eq!(scaled(7.4, 1), Scaled { units: 74, decimals: 1 });
    }
}
