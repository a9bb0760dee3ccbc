//! Visits by sort, with what is ordered at them.

use twinlake_pack::{
    BirthRules, ConceptKey, Key, Modality, Order, ProcedureCategory, Sex, Table, Vaccine, Visit, VisitClass,
};

use super::names::{LINTED, Names};
use crate::timeline::EncounterClass;

#[derive(Debug)]
pub(in crate::simulate) struct VisitModel<'a> {
    pub(in crate::simulate) pack: &'a Visit,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) class: EncounterClass,
    pub(in crate::simulate) orders: Vec<OrderModel>,
    pub(in crate::simulate) share_curve: Option<&'a Table>,
}

impl VisitModel<'_> {
    /// A share of this visit (`share` or `acute_share`) as it is of people of this sex and age.
    pub(in crate::simulate) fn share_of(&self, share: f64, sex: Sex, age: f64) -> f64 {
        share * self.share_curve.map_or(1.0, |curve| curve.at(sex, age).0)
    }
}

/// The sorts of visit that the simulation makes by name, and those that only a schedule makes.
#[derive(Debug)]
pub(in crate::simulate) struct Visits<'a> {
    pub(in crate::simulate) wellness: VisitModel<'a>,
    pub(in crate::simulate) follow_up: VisitModel<'a>,
    pub(in crate::simulate) virtual_: VisitModel<'a>,
    pub(in crate::simulate) acute: VisitModel<'a>,
    pub(in crate::simulate) emergency: VisitModel<'a>,
    pub(in crate::simulate) inpatient: VisitModel<'a>,
    pub(in crate::simulate) scheduled: Vec<VisitModel<'a>>,
}

/// The stay in which a child is born.
#[derive(Debug)]
pub(in crate::simulate) struct BirthModel<'a> {
    pub(in crate::simulate) pack: &'a BirthRules,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) orders: Vec<OrderModel>,
}

#[derive(Debug)]
pub(in crate::simulate) struct ProcedureModel {
    pub(in crate::simulate) key: Key,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) stream: u16,
    pub(in crate::simulate) minutes: [u32; 2],
    pub(in crate::simulate) category: Option<ProcedureCategory>,
    /// The device it leaves in the body.
    pub(in crate::simulate) implants: Option<ConceptKey>,
    pub(in crate::simulate) modality: Option<Modality>,
}

#[derive(Debug)]
pub(in crate::simulate) struct VaccineModel<'a> {
    pub(in crate::simulate) pack: &'a Vaccine,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) concept: ConceptKey,
}

/// What an order orders.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::simulate) enum Ordered {
    Lab(usize),
    Report(usize),
    Procedure(usize),
}

#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct OrderModel {
    pub(in crate::simulate) of: Ordered,
    pub(in crate::simulate) probability: f64,
    pub(in crate::simulate) every_days: f64,
    pub(in crate::simulate) from_age: f64,
    pub(in crate::simulate) to_age: f64,
    pub(in crate::simulate) sex: Option<Sex>,
}

impl<'a> Names<'a> {
    pub(super) fn orders(&self, orders: &[Order]) -> Vec<OrderModel> {
        orders
            .iter()
            .map(|order| OrderModel {
                of: self.ordered(order.of),
                probability: order.probability,
                every_days: order.every_days,
                from_age: order.from_age,
                to_age: order.to_age.unwrap_or(f64::INFINITY),
                sex: order.sex,
            })
            .collect()
    }

    pub(super) fn ordered(&self, of: Key) -> Ordered {
        let lab = || self.labs.iter().position(|&key| key == of).map(Ordered::Lab);
        let report = || self.pack.reports.iter().position(|report| report.key == of).map(Ordered::Report);
        let procedure =
            || self.pack.procedures.iter().position(|procedure| procedure.key == of).map(Ordered::Procedure);
        report().or_else(lab).or_else(procedure).expect(LINTED)
    }

    pub(super) fn visit(&self, visit: &'a Visit) -> VisitModel<'a> {
        VisitModel {
            pack: visit,
            label: format!("visit {}", visit.key),
            concept: self.concept(visit.concept),
            class: match visit.class {
                VisitClass::Ambulatory => EncounterClass::Ambulatory,
                VisitClass::Emergency => EncounterClass::Emergency,
                VisitClass::Inpatient => EncounterClass::Inpatient,
                VisitClass::Virtual => EncounterClass::Virtual,
            },
            orders: self.orders(&visit.orders),
            share_curve: visit.share_curve.map(|path| self.table(path)),
        }
    }

    pub(super) fn visits(&self) -> Visits<'a> {
        let find = |name: &str| self.visit(self.pack.visits.iter().find(|visit| *visit.key == *name).expect(LINTED));
        let visits = Visits {
            wellness: find("wellness"),
            follow_up: find("follow-up"),
            virtual_: find("virtual"),
            acute: find("acute"),
            emergency: find("emergency"),
            inpatient: find("inpatient"),
            scheduled: Vec::new(),
        };
        let scheduled = self.pack.visits.iter().filter(|visit| !visit.schedule.is_empty() && *visit.key != *"wellness");
        Visits { scheduled: scheduled.map(|visit| self.visit(visit)).collect(), ..visits }
    }
}
