//! Versions: when a resource came about, and on which days its content changed after that.
//!
//! `meta.versionId` is the number of those days plus one and `meta.lastUpdated` the last of them, so that both are known
//! from the chart alone: they are the same however often, and as of which days, a cohort was generated before. A day is
//! the smallest step; what changes twice within one changes once.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use twinlake_fhir::Meta;

use super::{Chart, meta};
use crate::timeline::{
    Allergy, CarePlan, Course, Coverage, Diagnosis, EpisodeOfCare, Problem, Provenance, Purpose, Timeline,
};

/// The moments at which a resource was made and changed, at most one a day.
pub(super) struct History {
    made: NaiveDateTime,
    changed: Vec<NaiveDateTime>,
}

impl History {
    /// Made then, and never changed.
    pub(super) const fn made(made: NaiveDateTime) -> Self {
        Self { made, changed: Vec::new() }
    }

    /// Made then, and changed at those moments; one of the first day is a part of its making.
    pub(super) fn changed(made: NaiveDateTime, moments: impl IntoIterator<Item = NaiveDateTime>) -> Self {
        let mut number = 0;
        Self::of_states(made, moments, |_| {
            number += 1;
            number
        })
    }

    /// Made then, and changed on those of the days of `moments` at whose end it is in another state than before.
    pub(super) fn of_states<S: PartialEq>(
        made: NaiveDateTime,
        moments: impl IntoIterator<Item = NaiveDateTime>,
        mut state: impl FnMut(NaiveDate) -> S,
    ) -> Self {
        let mut moments: Vec<_> = moments.into_iter().filter(|moment| moment.date() > made.date()).collect();
        moments.sort_unstable();
        let mut history = Self::made(made);
        if moments.is_empty() {
            return history;
        }
        let mut last = state(made.date());
        for of_day in moments.chunk_by(|one, next| one.date() == next.date()) {
            let now = state(of_day[0].date());
            if now != last {
                history.changed.push(of_day[of_day.len() - 1]);
                last = now;
            }
        }
        history
    }
}

/// The team at the end of a day on which it became other: where it was formed, and whether it still meets.
pub(super) type TeamState = (NaiveDateTime, (usize, Course));

/// What the team was on each day on which it changed, the first of them that of its forming.
pub(super) fn team_states(timeline: &Timeline) -> Vec<TeamState> {
    let Some(made) = timeline.care_plans.iter().map(|plan| plan_made(timeline, plan)).min() else { return Vec::new() };
    let mut moments: Vec<NaiveDateTime> = timeline
        .care_plans
        .iter()
        .flat_map(|plan| [Some(plan_made(timeline, plan)), problem_of(timeline, plan).and_then(abated)])
        .flatten()
        .chain(died(timeline))
        .filter(|moment| moment.date() >= made.date())
        .collect();
    moments.sort_unstable();
    let mut states: Vec<TeamState> = Vec::new();
    for of_day in moments.chunk_by(|one, next| one.date() == next.date()) {
        let day = of_day[0].date();
        let plans = || timeline.care_plans.iter().filter(|plan| plan_made(timeline, plan).date() <= day);
        let Some(first) = plans().min_by_key(|plan| (plan.encounter, plan.event)) else { continue };
        let ends: Option<Vec<NaiveDate>> = plans().map(|plan| plan_course(timeline, plan, day).end()).collect();
        let course = match (died(timeline).filter(|died| died.date() <= day), ends.and_then(|e| e.into_iter().max())) {
            (Some(died), _) => Course::Ended(died.date()),
            (None, Some(last)) => Course::Completed(last),
            (None, None) => Course::Ongoing,
        };
        let state = (first.encounter, course);
        if states.last().is_none_or(|(_, last)| *last != state) {
            states.push((of_day[of_day.len() - 1], state));
        }
    }
    states
}

fn died(timeline: &Timeline) -> Option<NaiveDateTime> {
    timeline.death.as_ref().map(|death| death.at)
}

fn abated(problem: &Problem) -> Option<NaiveDateTime> {
    problem.abated.map(|day| day.and_time(NaiveTime::MIN))
}

/// When a list entry was there: on the day it was written down, at the end of the visit if it was made at one, and not
/// before the end of the first visit, with which the chart begins.
fn entered(timeline: &Timeline, recorded: NaiveDate, encounter: Option<usize>) -> NaiveDateTime {
    let visit = &timeline.encounters[encounter.unwrap_or(0)];
    recorded.and_time(NaiveTime::MIN).max(visit.end)
}

fn problem_made(timeline: &Timeline, problem: &Problem) -> NaiveDateTime {
    entered(timeline, problem.recorded, problem.encounter)
}

/// The problem that a plan is for, if it is for one.
fn problem_of<'t>(timeline: &'t Timeline, plan: &CarePlan) -> Option<&'t Problem> {
    match plan.purpose {
        Purpose::Prevention => None,
        Purpose::Problem(problem) => timeline.problems.get(problem),
    }
}

fn plan_made(timeline: &Timeline, plan: &CarePlan) -> NaiveDateTime {
    let visit = timeline.encounters[plan.encounter].end;
    problem_of(timeline, plan).map_or(visit, |problem| problem_made(timeline, problem).max(visit))
}

fn episode_made(timeline: &Timeline, episode: &EpisodeOfCare) -> NaiveDateTime {
    let first = timeline.encounters[episode.encounters[0]].end;
    problem_made(timeline, &timeline.problems[episode.problem]).max(first)
}

/// How something begun on a day, for a problem or for none, stands at the end of another day.
fn course(timeline: &Timeline, problem: Option<&Problem>, begun: NaiveDate, day: NaiveDate) -> Course {
    let abated = problem.and_then(|problem| problem.abated).filter(|&abated| abated >= begun && abated <= day);
    match (abated, died(timeline).map(|died| died.date()).filter(|&died| died <= day)) {
        (Some(abated), _) => Course::Completed(abated),
        (None, Some(died)) => Course::Ended(died),
        (None, None) => Course::Ongoing,
    }
}

fn plan_course(timeline: &Timeline, plan: &CarePlan, day: NaiveDate) -> Course {
    let begun = timeline.encounters[plan.encounter].start.date();
    course(timeline, problem_of(timeline, plan), begun, day)
}

impl Chart<'_> {
    /// `meta` of a resource with that history.
    pub(super) fn meta_of(&self, history: &History, profile: &[&'static str]) -> Meta<'static> {
        let last_updated = history.changed.last().copied().unwrap_or(history.made);
        meta(history.changed.len() + 1, self.at(last_updated), profile)
    }

    /// `meta` of a resource that never changes; it is there once its encounter is over.
    pub(super) fn meta(&self, made: NaiveDateTime, encounter: usize, profile: &[&'static str]) -> Meta<'static> {
        self.meta_of(&History::made(made.max(self.timeline.encounters[encounter].end)), profile)
    }

    /// The record begins with the first visit, follows the marital status and is closed by death.
    pub(super) fn history_of_patient(&self) -> History {
        let timeline = self.timeline;
        let born = timeline.demographics.birth_date.and_time(NaiveTime::MIN);
        let begun = timeline.encounters.first().map_or(born, |encounter| encounter.end);
        History::changed(begun, timeline.personal.marital_changes.iter().copied().chain(died(timeline)))
    }

    /// An encounter is changed by each episode of care that takes it in afterwards.
    pub(super) fn history_of_encounter(&self, index: usize) -> History {
        let episodes = self.timeline.episodes_of_care.iter().filter(|episode| episode.encounters.contains(&index));
        let made = self.timeline.encounters[index].end;
        History::changed(made, episodes.map(|episode| episode_made(self.timeline, episode)))
    }

    pub(super) fn history_of_problem(&self, problem: &Problem) -> History {
        History::changed(problem_made(self.timeline, problem), abated(problem))
    }

    /// A diagnosis says what the problem list says of its condition.
    pub(super) fn history_of_diagnosis(&self, diagnosis: &Diagnosis) -> History {
        let timeline = self.timeline;
        let visit = timeline.encounters[diagnosis.encounter].end;
        let problems = || {
            let of_concept = timeline.problems.iter().filter(|problem| problem.concept == diagnosis.concept);
            of_concept.filter(|problem| problem.onset <= visit.date())
        };
        let moments = problems().flat_map(|problem| [Some(problem_made(timeline, problem)), abated(problem)]);
        History::of_states(visit, moments.flatten(), |day| {
            let known = problems().filter(|problem| problem_made(timeline, problem).date() <= day);
            let problem = known.max_by_key(|problem| problem.onset)?;
            Some((problem.onset, problem.abated.filter(|&abated| abated <= day)))
        })
    }

    pub(super) fn history_of_allergy(&self, allergy: &Allergy) -> History {
        History::made(entered(self.timeline, allergy.recorded, allergy.encounter))
    }

    /// A coverage is known from the first visit or fill that it pays for, and changes when it ends.
    pub(super) fn history_of_coverage(&self, coverage: &Coverage) -> History {
        let timeline = self.timeline;
        let visits = timeline.encounters.iter().map(|encounter| (encounter.start.date(), encounter.end));
        let fills = timeline.dispenses.iter().map(|fill| {
            let encounter = timeline.prescriptions[fill.prescription].encounter;
            (fill.at.date(), fill.at.max(timeline.encounters[encounter].end))
        });
        let known = visits.chain(fills).filter(|(day, _)| coverage.is_in_force(*day)).map(|(_, known)| known).min();
        let start = coverage.start.and_time(NaiveTime::MIN);
        History::changed(known.unwrap_or(start), coverage.end.map(|end| end.and_time(NaiveTime::MIN)))
    }

    /// Of a plan and of its goal.
    pub(super) fn history_of_plan(&self, plan: &CarePlan) -> History {
        let timeline = self.timeline;
        let moments = problem_of(timeline, plan).and_then(abated).into_iter().chain(died(timeline));
        History::of_states(plan_made(timeline, plan), moments, |day| plan_course(timeline, plan, day))
    }

    pub(super) fn history_of_team(&self, encounter: usize) -> History {
        let made = self.team.first().map_or(self.timeline.encounters[encounter].end, |(made, _)| *made);
        History::changed(made, self.team.iter().skip(1).map(|(moment, _)| *moment))
    }

    pub(super) fn history_of_episode(&self, episode: &EpisodeOfCare) -> History {
        let timeline = self.timeline;
        let problem = &timeline.problems[episode.problem];
        let begun = timeline.encounters[episode.encounters[0]].start.date();
        let moments = abated(problem).into_iter().chain(died(timeline));
        History::of_states(episode_made(timeline, episode), moments, |day| course(timeline, Some(problem), begun, day))
    }

    /// A provenance names what was written down at its encounter, also what was entered afterwards.
    pub(super) fn history_of_provenance(&self, provenance: &Provenance) -> History {
        let (timeline, index) = (self.timeline, provenance.encounter);
        let problems = timeline.problems.iter().filter(|problem| problem.encounter == Some(index));
        let allergies = timeline.allergies.iter().filter(|allergy| allergy.encounter == Some(index));
        let plans = timeline.care_plans.iter().filter(|plan| plan.encounter == index);
        let entries: Vec<NaiveDateTime> = problems
            .map(|problem| problem_made(timeline, problem))
            .chain(allergies.map(|allergy| entered(timeline, allergy.recorded, allergy.encounter)))
            .chain(plans.map(|plan| plan_made(timeline, plan)))
            .collect();
        let moments = entries.iter().copied().chain(self.team.iter().map(|(moment, _)| *moment));
        History::of_states(provenance.recorded, moments, |day| {
            let team = self.team.iter().rev().find(|(moment, _)| moment.date() <= day);
            let n_entries = entries.iter().filter(|entry| entry.date() <= day).count();
            (n_entries, team.is_some_and(|(_, (formed, _))| *formed == index))
        })
    }
}
