//! `cost`: one row an item of a decided claim.

use std::collections::BTreeMap;

use twinlake_omop::{AnyRow, Cost, Table, key};
use twinlake_vocab::types;

use super::Patient;
use crate::timeline::{Claim, ClaimItem, Service};

/// Adds what the items of decided claims cost, to the rows that they are for; `rows` holds the events already.
pub(super) fn push_costs(patient: &Patient<'_>, rows: &mut Vec<AnyRow>) {
    let domains: BTreeMap<i64, &'static str> =
        rows.iter().filter_map(|row| Some((row.key()?, domain(row.table())?))).collect();
    for claim in patient.timeline.claims.iter().filter(|claim| claim.decided.is_some()) {
        for (number, item) in (1..).zip(&claim.items) {
            let timeline = patient.timeline;
            let named = match item.service {
                Service::Visit => None,
                Service::Procedure(place) => Some(patient.key(timeline.procedures[place].event)),
                Service::Immunization(place) => Some(patient.key(timeline.immunizations[place].event)),
                Service::Dispense(place) => Some(patient.key(timeline.dispenses[place].event)),
            };
            // On the row that the item names, else on the visit.
            let found = [named, patient.visit(claim.encounter)]
                .into_iter()
                .flatten()
                .find_map(|event| Some((event, *domains.get(&event)?)));
            if let Some((event, domain)) = found {
                rows.push(cost(patient, claim, number, item, event, domain).into());
            }
        }
    }
}

fn cost(patient: &Patient<'_>, claim: &Claim, number: u32, item: &ClaimItem, event: i64, domain: &str) -> Cost {
    Cost {
        cost_id: key::cost(patient.key(claim.decision_event), number),
        cost_event_id: event,
        cost_domain_id: domain.to_owned(),
        cost_type_concept_id: types::COST,
        currency_concept_id: Some(types::US_DOLLAR),
        total_charge: Some(dollars(item.charged)),
        total_paid: Some(dollars(item.allowed)),
        paid_by_payer: Some(dollars(item.benefit())),
        paid_by_patient: Some(dollars(item.patient())),
        paid_patient_copay: (item.copay != 0).then(|| dollars(item.copay)),
        paid_patient_deductible: (item.deductible != 0).then(|| dollars(item.deductible)),
        payer_plan_period_id: Some(patient.key(patient.timeline.coverages[claim.coverage].event)),
        amount_allowed: Some(dollars(item.allowed)),
        ..Cost::default()
    }
}

/// `cost_domain_id` of what stands in a table.
fn domain(table: Table) -> Option<&'static str> {
    Some(match table {
        Table::VisitOccurrence => "Visit",
        Table::ProcedureOccurrence => "Procedure",
        Table::DrugExposure => "Drug",
        Table::Measurement => "Measurement",
        Table::Observation => "Observation",
        Table::ConditionOccurrence => "Condition",
        _ => return None,
    })
}

#[expect(clippy::cast_precision_loss, reason = "a price is far below 2^53 cents")]
fn dollars(cents: i64) -> f64 {
    cents as f64 / 100.0
}
