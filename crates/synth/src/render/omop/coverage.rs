//! `payer_plan_period`.

use chrono::NaiveDate;
use twinlake_omop::{ConceptId, PayerPlanPeriod};

use super::Patient;
use crate::timeline::Coverage;

/// A coverage that goes on ends, for OMOP, with the observation; never before it began.
pub(super) fn coverage(
    patient: &Patient<'_>,
    coverage: &Coverage,
    observed_until: Option<NaiveDate>,
) -> PayerPlanPeriod {
    let payer = &patient.context.pack.payers.payer[coverage.payer];
    let end = coverage.end.or(observed_until).unwrap_or(coverage.start);
    PayerPlanPeriod {
        payer_plan_period_id: patient.key(coverage.event),
        person_id: patient.person_id,
        payer_plan_period_start_date: coverage.start,
        payer_plan_period_end_date: end.max(coverage.start),
        // The vocabulary has no payers.
        payer_concept_id: Some(ConceptId::NONE),
        payer_source_value: Some(payer.type_.to_string()),
        payer_source_concept_id: Some(ConceptId::NONE),
        plan_concept_id: Some(ConceptId::NONE),
        plan_source_value: Some(payer.plan.to_string()),
        plan_source_concept_id: Some(ConceptId::NONE),
        family_source_value: Some(coverage.subscriber.clone()),
        ..PayerPlanPeriod::default()
    }
}
