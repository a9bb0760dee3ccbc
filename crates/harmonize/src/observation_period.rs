//! The span of a person's record.

use chrono::NaiveDate;
use twinlake_omop::{self as omop, AnyRow, key};
use twinlake_vocab::types;

/// From the first start of anything to the last start, end of a visit or death; drug ends do not count.
pub(crate) fn observation_period(person_id: i64, rows: &[AnyRow]) -> Option<omop::ObservationPeriod> {
    let mut span: Option<(NaiveDate, NaiveDate)> = None;
    for row in rows {
        let (start, end) = match row {
            AnyRow::VisitOccurrence(row) => (row.visit_start_date, row.visit_end_date),
            AnyRow::ConditionOccurrence(row) => (row.condition_start_date, row.condition_start_date),
            AnyRow::DrugExposure(row) => (row.drug_exposure_start_date, row.drug_exposure_start_date),
            AnyRow::ProcedureOccurrence(row) => (row.procedure_date, row.procedure_date),
            AnyRow::Measurement(row) => (row.measurement_date, row.measurement_date),
            AnyRow::Observation(row) => (row.observation_date, row.observation_date),
            AnyRow::DeviceExposure(row) => (row.device_exposure_start_date, row.device_exposure_start_date),
            AnyRow::Specimen(row) => (row.specimen_date, row.specimen_date),
            AnyRow::Note(row) => (row.note_date, row.note_date),
            AnyRow::Death(row) => (row.death_date, row.death_date),
            _ => continue,
        };
        span = Some(match span {
            Some((first, last)) => (first.min(start), last.max(start).max(end)),
            None => (start, end.max(start)),
        });
    }
    let (start, end) = span?;
    Some(omop::ObservationPeriod {
        observation_period_id: key::observation_period(person_id, start),
        person_id,
        observation_period_start_date: start,
        observation_period_end_date: end,
        period_type_concept_id: types::DERIVED_FROM_EHR,
    })
}
