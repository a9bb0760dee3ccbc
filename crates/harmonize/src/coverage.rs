//! Coverage to `payer_plan_period`.

use chrono::NaiveDate;
use twinlake_fhir::Coverage;
use twinlake_omop::{self as omop, ConceptId};

use crate::coded::source_value;
use crate::elements;
use crate::event::{Reading, When};

/// The row of a Coverage that is or was in force. One that goes on ends with the observation, which is required in OMOP.
pub(crate) fn row(
    reading: &mut Reading<'_, '_>,
    coverage: &Coverage<'_>,
    observed_until: Option<NaiveDate>,
) -> Option<omop::PayerPlanPeriod> {
    if !coverage.status.as_deref().is_some_and(|status| ["active", "cancelled"].contains(&status)) {
        return reading.lost("status");
    }
    let period = coverage.period.as_ref();
    let Some(start) = period.and_then(|period| period.start.as_ref()).map(When::from) else {
        return reading.lost("date");
    };
    let end = period.and_then(|period| period.end.as_ref()).map(|end| When::from(end).date).or(observed_until);
    let payer = coverage.type_.as_ref().map(|concept| reading.map(concept));
    let is_plan = |kind: &twinlake_fhir::CodeableConcept<'_>| kind.has_code("plan");
    let plan = coverage.class.iter().find(|class| class.type_.as_ref().is_some_and(is_plan));
    let plan = plan.and_then(|class| class.value.as_deref().or(class.name.as_deref()));
    let row = omop::PayerPlanPeriod {
        payer_plan_period_id: reading.key(coverage.id.as_deref()),
        person_id: reading.context.person_id,
        payer_plan_period_start_date: start.date,
        payer_plan_period_end_date: end.map_or(start.date, |end| end.max(start.date)),
        payer_concept_id: payer.as_ref().map(|payer| payer.standard),
        payer_source_concept_id: payer.as_ref().map(|payer| payer.source),
        payer_source_value: payer.and_then(|payer| payer.source_value),
        plan_concept_id: plan.map(|_| ConceptId::NONE),
        plan_source_value: plan.map(source_value),
        plan_source_concept_id: plan.map(|_| ConceptId::NONE),
        family_source_value: coverage.subscriber_id.as_deref().map(source_value),
        ..Default::default()
    };
    let used = ["status", "type", "subscriberId", "beneficiary", "period", "class.type", "class.value"];
    elements::count("Coverage", coverage, &coverage.extension, &used, &[], reading.losses);
    Some(row)
}
