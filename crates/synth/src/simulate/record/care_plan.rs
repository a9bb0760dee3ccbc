//! Plans for lasting conditions that are followed up, the goals of their treatment, and the team that pursues them.
//!
//! A plan is made at the visit at which the condition was recognised or, when that was before the chart's window, at the
//! first one that deals with it. There is nothing to draw: all of it follows from the chart and the pack.

use chrono::{Days, NaiveDate};
use twinlake_pack::{ConceptKey, Derived, Goal as PackGoal, Lab, Pack, Term};

use super::super::Model;
use crate::ids::{CARE_PLANS, CARE_TEAMS, GOALS};
use crate::reference::organization_of;
use crate::timeline::{CarePlan, CareTeam, Course, EventId, Goal, Scaled, Timeline};

/// Days until a goal is to be reached.
const DUE_DAYS: u64 = 182;

/// Adds the plans, goals and team of a chart.
pub(super) fn add(model: &Model<'_>, timeline: &mut Timeline) {
    let died = timeline.death.as_ref().map(|death| death.at.date());
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
        // One plan and one goal a condition, so the condition's own number names them.
        let ordinal = u32::from(condition.pack.stream);
        let cause = condition.pack.key.0;
        let goal = condition.pack.treatment.as_ref().and_then(|treatment| treatment.goal.as_ref());
        if let Some((goal, lab)) = goal.and_then(|goal| Some((goal, measure_of(model.pack, goal)?)))
            && let (Some(measure), Some(unit)) = (concept_of(model.pack, lab), lab.unit)
        {
            timeline.goals.push(Goal {
                event: EventId { stream: GOALS, ordinal },
                measure,
                below: scaled(goal.below, lab.decimals),
                unit: unit.0,
                due: made + Days::new(DUE_DAYS),
                plan: timeline.care_plans.len(),
                cause,
            });
        }
        timeline.care_plans.push(CarePlan {
            event: EventId { stream: CARE_PLANS, ordinal },
            problem: index,
            every_days: days(follow_up.every_days),
            course,
            encounter,
            cause,
        });
    }
    add_team(died, timeline);
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

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of days")]
fn days(days: f64) -> u32 {
    libm::round(days.max(0.0)) as u32
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
