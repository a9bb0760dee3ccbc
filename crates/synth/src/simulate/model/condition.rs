//! Conditions, their courses, and what is handed out for them.

use twinlake_pack::{ConceptKey, Condition, Course, CourseOrder, Key, Sex, Shift, Supply, Table};

use super::names::{LINTED, Names};
use super::{OnsetModel, OrderModel, VisitModel};

#[derive(Debug)]
pub(in crate::simulate) struct ConditionModel<'a> {
    pub(in crate::simulate) pack: &'a Condition,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) onset: OnsetModel<'a>,
    pub(in crate::simulate) min_age: u32,
    pub(in crate::simulate) max_age: Option<u32>,
    pub(in crate::simulate) sex: Option<Sex>,
    pub(in crate::simulate) shifts: Vec<(usize, &'a Shift)>,
    pub(in crate::simulate) ended_by: Vec<usize>,
    pub(in crate::simulate) orders: Vec<OrderModel>,
    pub(in crate::simulate) ladder: Vec<usize>,
    pub(in crate::simulate) goal: Option<(usize, f64)>,
    pub(in crate::simulate) start_curve: Option<&'a Table>,
    pub(in crate::simulate) drugs: Vec<(usize, f64)>,
    pub(in crate::simulate) lab_shifts: Vec<(usize, f64)>,
    pub(in crate::simulate) course: Option<CourseModel<'a>>,
}

/// Something for use at home; see [`Supply`].
#[derive(Debug)]
pub(in crate::simulate) struct SupplyModel {
    pub(in crate::simulate) concept: ConceptKey,
    /// Whether the condition lasts.
    pub(in crate::simulate) lasting: bool,
    /// Stream of the condition.
    pub(in crate::simulate) stream: u16,
    pub(in crate::simulate) probability: f64,
    pub(in crate::simulate) quantity: u32,
    pub(in crate::simulate) every_days: Option<u32>,
    pub(in crate::simulate) after_days: u32,
    pub(in crate::simulate) taking: Vec<ConceptKey>,
}

/// A course of visits with an end; see [`Course`].
#[derive(Debug)]
pub(in crate::simulate) struct CourseModel<'a> {
    pub(in crate::simulate) pack: &'a Course,
    pub(in crate::simulate) visit: VisitModel<'a>,
    /// Orders, with the days after onset between which they count.
    pub(in crate::simulate) orders: Vec<(OrderModel, f64, f64)>,
    /// Procedures, their shares and the mean days of the stay.
    pub(in crate::simulate) ways: Vec<(usize, f64, f64)>,
    /// Diagnoses: concept, stream and probability.
    pub(in crate::simulate) outcomes: Vec<(ConceptKey, u16, f64)>,
    pub(in crate::simulate) end_orders: Vec<OrderModel>,
}

impl<'a> Names<'a> {
    pub(super) fn condition(&self, index: usize) -> ConditionModel<'a> {
        let condition = &self.pack.conditions[index];
        let concept = self.concept(condition.concept);
        let constraint = self.pack.constraints().iter().find(|constraint| constraint.concept == concept);
        let episode = condition.episode.as_ref();
        let treatment = condition.treatment.as_ref();
        let (drugs, lab_shifts) = match (episode, &condition.course) {
            (Some(episode), _) => (&*episode.drugs, &*episode.shifts),
            (None, Some(course)) => (&*course.drugs, &*course.shifts),
            (None, None) => (&[][..], &[][..]),
        };
        let orders = condition.follow_up.as_ref().map(|follow_up| &follow_up.orders).or(episode.map(|it| &it.orders));
        ConditionModel {
            pack: condition,
            label: format!("condition {}", condition.key),
            concept,
            onset: self.onset(&condition.onset),
            min_age: constraint.and_then(|constraint| constraint.min_age).unwrap_or(0),
            max_age: constraint.and_then(|constraint| constraint.max_age),
            sex: constraint.and_then(|constraint| constraint.sex),
            shifts: condition.shifts.iter().map(|shift| (self.latent(shift.latent), shift)).collect(),
            ended_by: condition.ended_by.iter().map(|&key| self.condition_index(key)).collect(),
            orders: orders.map_or_else(Vec::new, |orders| self.orders(orders)),
            ladder: treatment
                .map_or_else(Vec::new, |treatment| treatment.ladder.iter().map(|&key| self.medication(key)).collect()),
            goal: treatment
                .and_then(|treatment| treatment.goal.as_ref())
                .map(|goal| (self.latent(goal.latent), goal.below)),
            start_curve: treatment.and_then(|treatment| treatment.start_curve).map(|path| self.table(path)),
            drugs: drugs.iter().map(|drug| (self.medication(drug.medication), drug.probability)).collect(),
            lab_shifts: lab_shifts.iter().map(|shift| (self.lab(shift.lab), shift.by)).collect(),
            course: condition.course.as_ref().map(|course| self.course(course)),
        }
    }

    pub(super) fn supply(&self, supply: &Supply, stream: u16, lasting: bool) -> SupplyModel {
        let drug = |key: &Key| self.concept(self.pack.medications[self.medication(*key)].concept);
        SupplyModel {
            concept: self.concept(supply.concept),
            lasting,
            stream,
            probability: supply.probability,
            quantity: supply.quantity,
            every_days: supply.every_days,
            after_days: supply.after_days,
            taking: supply.taking.iter().map(drug).collect(),
        }
    }

    pub(super) fn course(&self, course: &'a Course) -> CourseModel<'a> {
        let order = |order: &CourseOrder| {
            let model = OrderModel {
                of: self.ordered(order.of),
                probability: order.probability,
                every_days: order.every_days,
                from_age: 0.0,
                to_age: f64::INFINITY,
                sex: None,
            };
            (model, order.from_day, order.to_day.unwrap_or(f64::INFINITY))
        };
        let procedure = |key: Key| self.pack.procedures.iter().position(|procedure| procedure.key == key);
        let ways = course.end.ways.iter();
        CourseModel {
            pack: course,
            visit: self.visit(self.pack.visits.iter().find(|visit| visit.key == course.visit).expect(LINTED)),
            orders: course.orders.iter().map(order).collect(),
            ways: ways.map(|way| (procedure(way.procedure).expect(LINTED), way.share, way.stay_days)).collect(),
            outcomes: course
                .end
                .outcomes
                .iter()
                .map(|outcome| (self.concept(outcome.concept), outcome.stream, outcome.probability))
                .collect(),
            end_orders: self.orders(&course.end.orders),
        }
    }
}
