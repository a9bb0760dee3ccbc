//! `ExplanationOfBenefit` to `cost`: one row an item, on the row that it names, else on the visit.

use rustc_hash::FxHashMap;
use twinlake_fhir::{Adjudication, BilledProcedure, ClaimItem, ExplanationOfBenefit, Money, Reference};
use twinlake_omop::{self as omop, AnyRow, ConceptId, Table, key};
use twinlake_vocab::types;

use crate::elements;
use crate::event::Reading;

/// Rows of a person that a cost can be on, by key: the row itself (of a part of a visit, the visit), and its domain.
pub(crate) struct Costed(FxHashMap<i64, (i64, &'static str)>);

impl Costed {
    pub(crate) fn of(rows: &[AnyRow]) -> Self {
        let domain = |table| match table {
            Table::VisitOccurrence | Table::VisitDetail => Some("Visit"),
            Table::ConditionOccurrence => Some("Condition"),
            Table::DrugExposure => Some("Drug"),
            Table::ProcedureOccurrence => Some("Procedure"),
            Table::Measurement => Some("Measurement"),
            Table::Observation => Some("Observation"),
            Table::PayerPlanPeriod => Some("Payer"),
            _ => None,
        };
        let event = |row: &AnyRow| match row {
            AnyRow::VisitDetail(row) => Some(row.visit_occurrence_id),
            row => row.key(),
        };
        Self(rows.iter().filter_map(|row| Some((row.key()?, (event(row)?, domain(row.table())?)))).collect())
    }

    /// The row that a reference names, when it is one that something can cost for.
    fn event(&self, reference: &Reference<'_>) -> Option<(i64, &'static str)> {
        let (resource_type, id) = reference.target()?;
        let key = key::of(resource_type, id);
        self.0.get(&key).copied().filter(|(_, domain)| *domain != "Payer")
    }

    fn payer(&self, coverage: &Reference<'_>) -> Option<i64> {
        let key = key::of("Coverage", coverage.id_of("Coverage")?);
        self.0.get(&key).filter(|(_, domain)| *domain == "Payer").map(|_| key)
    }
}

/// The rows of a decision that is in force. An item that names no row and no visit is counted under `no-event`.
pub(crate) fn rows(reading: &mut Reading<'_, '_>, costed: &Costed, benefit: &ExplanationOfBenefit<'_>) -> Vec<AnyRow> {
    if benefit.status.as_deref() != Some("active") {
        reading.losses.count_reason("ExplanationOfBenefit", "status");
        return Vec::new();
    }
    if benefit.use_.as_deref().is_some_and(|purpose| purpose != "claim") {
        reading.losses.count_reason("ExplanationOfBenefit", "use");
        return Vec::new();
    }
    if benefit.item.is_empty() {
        reading.losses.count_reason("ExplanationOfBenefit", "no-item");
    }
    let insurance = benefit.insurance.iter().find(|one| one.focal == Some(true)).or_else(|| benefit.insurance.first());
    let payer = insurance.and_then(|one| costed.payer(one.coverage.as_ref()?));
    let own = reading.key(benefit.id.as_deref());
    let mut rows = Vec::new();
    for (place, item) in (1..).zip(&benefit.item) {
        let Some((event, domain)) = event(costed, benefit, item) else {
            reading.losses.count_reason("ExplanationOfBenefit", "no-event");
            continue;
        };
        let [submitted, allowed, paid, copay, deductible] =
            amounts(&item.adjudication, ["submitted", "eligible", "benefit", "copay", "deductible"]);
        // What the payer allows and does not pay is the patient's, where the decision does not say more.
        let by_patient = match (copay, deductible) {
            (None, None) => allowed.zip(paid).map(|(allowed, paid)| exact(allowed - paid)),
            (copay, deductible) => Some(exact(copay.unwrap_or(0.0) + deductible.unwrap_or(0.0))),
        };
        let currency = item.adjudication.iter().filter_map(|one| one.amount.as_ref()).chain(&item.net).next();
        let currency = currency.and_then(|money| money.currency.as_deref());
        let row = omop::Cost {
            cost_id: key::cost(own, item.sequence.unwrap_or(place)),
            cost_event_id: event,
            cost_domain_id: domain.to_owned(),
            cost_type_concept_id: types::COST,
            currency_concept_id: currency.map(|code| if code == "USD" { types::US_DOLLAR } else { ConceptId::NONE }),
            total_charge: submitted.or_else(|| dollars(item.net.as_ref()?)),
            total_paid: paid.map(|paid| exact(paid + by_patient.unwrap_or(0.0))),
            paid_by_payer: paid,
            paid_by_patient: by_patient,
            paid_patient_copay: copay,
            paid_patient_deductible: deductible,
            payer_plan_period_id: payer,
            amount_allowed: allowed,
            ..Default::default()
        };
        rows.push(row.into());
    }
    let used = [
        "status",
        "use",
        "patient",
        "insurance",
        "procedure.sequence",
        "procedure.procedureReference",
        "supportingInfo.sequence",
        "supportingInfo.valueReference",
        "item.sequence",
        "item.procedureSequence",
        "item.informationSequence",
        "item.encounter",
        "item.net",
        "item.adjudication",
    ];
    elements::count("ExplanationOfBenefit", benefit, &benefit.extension, &used, &[], reading.losses);
    rows
}

/// The row that an item is for: a procedure, then another record that it rests on, then the visit.
fn event(costed: &Costed, benefit: &ExplanationOfBenefit<'_>, item: &ClaimItem<'_>) -> Option<(i64, &'static str)> {
    let procedures = benefit.procedure.iter().filter(|one| is_named(one.sequence, &item.procedure_sequence));
    let mut procedures = procedures.filter_map(|one| match &one.procedure {
        Some(BilledProcedure::Reference(reference)) => costed.event(reference),
        _ => None,
    });
    let information = benefit.supporting_info.iter().filter(|one| is_named(one.sequence, &item.information_sequence));
    let mut information = information.filter_map(|one| costed.event(one.value_reference.as_ref()?));
    let mut visits = item.encounter.iter().filter_map(|encounter| costed.event(encounter));
    procedures.next().or_else(|| information.next()).or_else(|| visits.next())
}

fn is_named(sequence: Option<u32>, named: &[u32]) -> bool {
    sequence.is_some_and(|sequence| named.contains(&sequence))
}

/// The sums of an item's amounts of each category; none where there is no such amount.
fn amounts<const N: usize>(adjudication: &[Adjudication<'_>], categories: [&str; N]) -> [Option<f64>; N] {
    let mut sums = [None; N];
    for one in adjudication {
        let (Some(kind), Some(amount)) = (&one.category, one.amount.as_ref().and_then(dollars)) else { continue };
        for (_, sum) in categories.iter().zip(&mut sums).filter(|(category, _)| kind.has_code(category)) {
            *sum = Some(sum.map_or(amount, |sum| exact(sum + amount)));
        }
    }
    sums
}

fn dollars(money: &Money<'_>) -> Option<f64> {
    money.value.as_ref().map(twinlake_fhir::Decimal::to_f64)
}

/// A sum of decimals, as the decimal with four digits that it is.
fn exact(sum: f64) -> f64 {
    (sum * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_cents_are_cents() {
        assert!((exact(0.1 + 0.2) - 0.3).abs() < f64::EPSILON / 8.0);
    }
}
