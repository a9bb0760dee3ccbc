//! CareTeam, CarePlan, Goal and RelatedPerson.

use chrono::NaiveTime;
use twinlake_fhir::{
    Address, CarePlan, CarePlanActivity, CarePlanDetail, CareTeam, CareTeamParticipant, CodeableConcept, ContactPoint,
    Decimal, Goal, GoalDetail, GoalDue, GoalStart, GoalTarget, HumanName, Narrative, Period, Quantity, Reference,
    RelatedPerson, Text,
};
use twinlake_vocab::system;

use super::version::History;
use super::{Chart, coded, quantity};
use crate::render::codes::{self, Code};
use crate::render::written;
use crate::timeline::{self, Course, Every, Kinship, Purpose};

const CARE_TEAM: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careteam";
const CARE_PLAN: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-careplan";
/// What the plan to stay well is called.
const PREVENTION: &str = "Preventive care";
const GOAL: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-goal";
const RELATED_PERSON: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-relatedperson";
const CARE_PLAN_CATEGORY: &str = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category";
const ROLE_CLASS: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleClass";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const CONTACT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/v2-0131";
const EMERGENCY_CONTACT: Code = Code { code: "C", display: "Emergency Contact" };
const ASSESS_PLAN: Code = Code { code: "assess-plan", display: "Assessment and Plan of Treatment" };
const PATIENT: Code = Code { code: "PAT", display: "patient" };
const CAREGIVER: Code = Code { code: "CAREGIVER", display: "caregiver" };

pub(super) fn related_person<'a>(chart: &'a Chart<'_>, person: &'a timeline::RelatedPerson) -> RelatedPerson<'a> {
    let who = &chart.timeline.demographics;
    let place = &chart.context.pack.places[who.place];
    let named = &chart.timeline.encounters[person.encounter];
    let history = History::changed(named.end, person.until.map(|day| day.and_time(NaiveTime::MIN)));
    RelatedPerson {
        id: Some(chart.id(person.event)),
        meta: Some(chart.meta_of(&history, &[RELATED_PERSON])),
        active: Some(person.until.is_none()),
        patient: Some(chart.subject()),
        relationship: [coded(ROLE_CODE, kinship(person))]
            .into_iter()
            .chain(person.is_emergency_contact.then(|| coded(CONTACT_ROLE, EMERGENCY_CONTACT)))
            .collect(),
        name: vec![HumanName {
            use_: Some(Text::from("official")),
            family: Some(Text::from(person.family_name.unwrap_or(who.family_name.as_str()))),
            given: vec![Text::from(person.given_name)],
            ..HumanName::default()
        }],
        telecom: vec![ContactPoint {
            system: Some(Text::from("phone")),
            value: Some(Text::from(person.phone.as_str())),
            use_: Some(Text::from("home")),
            ..ContactPoint::default()
        }],
        gender: Some(Text::from(codes::gender(person.sex))),
        address: vec![Address {
            use_: Some(Text::from("home")),
            line: vec![Text::from(who.street.as_str())],
            city: Some(Text::from(place.city.0)),
            state: Some(Text::from(place.state.0)),
            postal_code: Some(Text::from(place.postal_code.0)),
            country: Some(Text::from(codes::COUNTRY)),
            ..Address::default()
        }],
        period: Some(Period {
            start: Some(named.start.date().into()),
            end: person.until.map(Into::into),
            ..Period::default()
        }),
        ..RelatedPerson::default()
    }
}

fn kinship(person: &timeline::RelatedPerson) -> Code {
    match (person.kinship, person.sex) {
        (Kinship::Parent, timeline::Sex::Female) => Code { code: "MTH", display: "mother" },
        (Kinship::Parent, timeline::Sex::Male) => Code { code: "FTH", display: "father" },
        (Kinship::Spouse, _) => Code { code: "SPS", display: "spouse" },
        (Kinship::Child, _) => Code { code: "CHILD", display: "child" },
        (Kinship::Sibling, timeline::Sex::Female) => Code { code: "SIS", display: "sister" },
        (Kinship::Sibling, timeline::Sex::Male) => Code { code: "BRO", display: "brother" },
        (Kinship::Friend, _) => Code { code: "FRND", display: "unrelated friend" },
    }
}

pub(super) fn care_team<'a>(chart: &'a Chart<'_>, team: &'a timeline::CareTeam) -> CareTeam<'a> {
    let member = |role: CodeableConcept<'a>, member: Reference<'a>| CareTeamParticipant {
        role: vec![role],
        member: Some(member),
        ..CareTeamParticipant::default()
    };
    let mut participant = vec![member(coded(ROLE_CLASS, PATIENT), chart.subject())];
    let doctor = || coded(system::PRACTITIONER_ROLE, codes::DOCTOR);
    participant.extend(team.practitioners.iter().enumerate().map(|(place, &practitioner)| match place {
        // The patient's own takes part in the role that they have at their organization.
        0 => member(doctor(), chart.practitioner_role(practitioner)),
        _ => CareTeamParticipant {
            on_behalf_of: Some(chart.organization(crate::reference::organization_of(practitioner))),
            ..member(doctor(), chart.practitioner(practitioner))
        },
    }));
    // Whoever is named later is not of the team as it was formed.
    let close = chart.timeline.related_persons.iter().filter(|person| person.encounter <= team.encounter);
    participant.extend(close.map(|person| {
        let reference = chart.reference("RelatedPerson", person.event);
        member(coded(ROLE_CLASS, CAREGIVER), reference)
    }));
    CareTeam {
        id: Some(chart.id(team.event)),
        meta: Some(chart.meta_of(&chart.history_of_team(team.encounter), &[CARE_TEAM])),
        status: Some(Text::from(if team.course == Course::Ongoing { "active" } else { "inactive" })),
        name: Some(Text::from("Primary care team")),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(team.encounter)),
        period: Some(chart.course(team.encounter, team.course)),
        participant,
        managing_organization: vec![chart.organization(team.organization)],
        ..CareTeam::default()
    }
}

pub(super) fn goal<'a>(chart: &'a Chart<'_>, goal: &'a timeline::Goal) -> Goal<'a> {
    let plan = &chart.timeline.care_plans[goal.plan];
    let made = &chart.timeline.encounters[plan.encounter];
    Goal {
        id: Some(chart.id(goal.event)),
        meta: Some(chart.meta_of(&chart.history_of_plan(plan), &[GOAL])),
        lifecycle_status: Some(Text::from(match plan.course {
            Course::Ongoing => "active",
            Course::Completed(_) => "completed",
            Course::Ended(_) => "cancelled",
        })),
        description: Some(CodeableConcept { text: Some(Text::from(aim(chart, goal))), ..CodeableConcept::default() }),
        subject: Some(chart.subject()),
        start: Some(GoalStart::Date(made.start.date().into())),
        target: vec![GoalTarget {
            measure: Some(chart.concept(goal.measure)),
            detail: Some(GoalDetail::Quantity(Quantity {
                value: Some(Decimal::from_scaled(goal.below.units, goal.below.decimals)),
                comparator: Some(Text::from("<")),
                ..quantity(goal.below, goal.unit)
            })),
            due: Some(GoalDue::Date(goal.due.into())),
            ..GoalTarget::default()
        }],
        status_date: Some(plan.course.end().unwrap_or(made.start.date()).into()),
        expressed_by: Some(chart.practitioner(made.practitioner)),
        addresses: problem(chart, plan).into_iter().collect(),
        ..Goal::default()
    }
}

pub(super) fn care_plan<'a>(chart: &'a Chart<'_>, index: usize, plan: &'a timeline::CarePlan) -> CarePlan<'a> {
    let made = &chart.timeline.encounters[plan.encounter];
    let goals = || chart.timeline.goals.iter().filter(move |goal| goal.plan == index);
    let title = match plan.purpose {
        Purpose::Prevention => PREVENTION,
        Purpose::Problem(problem) => chart.context.meaning(chart.timeline.problems[problem].concept).entry.display,
    };
    let visits = match plan.every {
        Every::Days(days) => format!("A visit every {days} days"),
        Every::Months(1) => "A check-up every month".to_owned(),
        Every::Months(months) => format!("A check-up every {months} months"),
    };
    let aims = goals().map(|goal| format!(" {}.", aim(chart, goal)));
    let text = aims.fold(format!("{title}. {visits}."), |text, aim| text + &aim);
    let reference = |resource_type: &str, event| chart.reference(resource_type, event);
    CarePlan {
        id: Some(chart.id(plan.event)),
        meta: Some(chart.meta_of(&chart.history_of_plan(plan), &[CARE_PLAN])),
        text: Some(Narrative {
            status: Some(Text::from("generated")),
            div: Some(Text::from(format!(r#"<div xmlns="http://www.w3.org/1999/xhtml">{}</div>"#, escaped(&text)))),
            ..Narrative::default()
        }),
        status: Some(Text::from(match plan.course {
            Course::Ongoing => "active",
            Course::Completed(_) => "completed",
            Course::Ended(_) => "revoked",
        })),
        intent: Some(Text::from("plan")),
        category: vec![coded(CARE_PLAN_CATEGORY, ASSESS_PLAN)],
        title: Some(Text::from(title)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(plan.encounter)),
        period: Some(chart.course(plan.encounter, plan.course)),
        created: Some(chart.at(made.start)),
        author: Some(chart.practitioner(made.practitioner)),
        care_team: chart.timeline.care_teams.iter().map(|team| reference("CareTeam", team.event)).collect(),
        addresses: problem(chart, plan).into_iter().collect(),
        goal: goals().map(|goal| reference("Goal", goal.event)).collect(),
        activity: vec![CarePlanActivity {
            detail: Some(CarePlanDetail {
                kind: Some(Text::from("Appointment")),
                status: Some(Text::from(match plan.course {
                    Course::Ongoing => "in-progress",
                    Course::Completed(_) => "completed",
                    Course::Ended(_) => "stopped",
                })),
                description: Some(Text::from(visits)),
                ..CarePlanDetail::default()
            }),
            ..CarePlanActivity::default()
        }],
        ..CarePlan::default()
    }
}

/// `HbA1c below 7.4 %`, in the words of the pack.
fn aim(chart: &Chart<'_>, goal: &timeline::Goal) -> String {
    let measure = chart.context.meaning(goal.measure).entry.display;
    let below = written(goal.below);
    // A score is a mere number, whatever UCUM calls it.
    if goal.unit.is_empty() || goal.unit.starts_with('{') {
        return format!("{measure} below {below}");
    }
    format!("{measure} below {below} {}", goal.unit)
}

fn problem<'a>(chart: &Chart<'_>, plan: &timeline::CarePlan) -> Option<Reference<'a>> {
    match plan.purpose {
        Purpose::Prevention => None,
        Purpose::Problem(problem) => Some(chart.reference("Condition", chart.timeline.problems[problem].event)),
    }
}

/// Text inside of XHTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
