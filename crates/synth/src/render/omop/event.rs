//! What every clinical event says whatever its table, and the table it lands in.

use chrono::{NaiveDate, NaiveDateTime};
use twinlake_omop::{
    AnyRow, ConceptId, ConditionOccurrence, DeviceExposure, DrugExposure, Measurement, Observation,
    ProcedureOccurrence, Specimen, Table,
};
use twinlake_vocab::Domain;

use crate::render::Meaning;

/// A day, perhaps with its time.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    pub(super) date: NaiveDate,
    pub(super) datetime: Option<NaiveDateTime>,
}

impl From<NaiveDate> for When {
    fn from(date: NaiveDate) -> Self {
        Self { date, datetime: None }
    }
}

impl From<NaiveDateTime> for When {
    fn from(datetime: NaiveDateTime) -> Self {
        Self { date: datetime.date(), datetime: Some(datetime) }
    }
}

/// The columns that every clinical table has.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    pub(super) key: i64,
    pub(super) person_id: i64,
    pub(super) meaning: &'a Meaning<'a>,
    pub(super) when: When,
    pub(super) type_concept_id: ConceptId,
    pub(super) provider_id: Option<i64>,
    pub(super) visit: Option<i64>,
}

impl Event<'_> {
    /// The table of the standard concept's domain, else `fallback`.
    pub(super) fn table(&self, fallback: Table) -> Table {
        match self.meaning.domain {
            Domain::Condition => Table::ConditionOccurrence,
            Domain::Drug => Table::DrugExposure,
            Domain::Procedure => Table::ProcedureOccurrence,
            Domain::Measurement => Table::Measurement,
            Domain::Observation => Table::Observation,
            Domain::Device => Table::DeviceExposure,
            Domain::Specimen => Table::Specimen,
            _ => fallback,
        }
    }

    /// The row in a table that is not the one of its resource: the common columns and no other.
    pub(super) fn into_row(self, table: Table) -> AnyRow {
        match table {
            Table::ConditionOccurrence => self.condition().into(),
            Table::DrugExposure => self.drug().into(),
            Table::ProcedureOccurrence => self.procedure().into(),
            Table::Measurement => self.measurement().into(),
            Table::Observation => self.observation().into(),
            Table::DeviceExposure => self.device().into(),
            Table::Specimen => self.specimen().into(),
            _ => unreachable!("`table` gives no other, and no fallback is another"),
        }
    }

    pub(super) fn condition(&self) -> ConditionOccurrence {
        ConditionOccurrence {
            condition_occurrence_id: self.key,
            person_id: self.person_id,
            condition_concept_id: self.meaning.standard,
            condition_start_date: self.when.date,
            condition_start_datetime: self.when.datetime,
            condition_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            condition_source_value: Some(self.meaning.entry.code.to_string()),
            condition_source_concept_id: Some(self.meaning.source),
            ..ConditionOccurrence::default()
        }
    }

    pub(super) fn drug(&self) -> DrugExposure {
        DrugExposure {
            drug_exposure_id: self.key,
            person_id: self.person_id,
            drug_concept_id: self.meaning.standard,
            drug_exposure_start_date: self.when.date,
            drug_exposure_start_datetime: self.when.datetime,
            drug_exposure_end_date: self.when.date,
            drug_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            drug_source_value: Some(self.meaning.entry.code.to_string()),
            drug_source_concept_id: Some(self.meaning.source),
            ..DrugExposure::default()
        }
    }

    pub(super) fn procedure(&self) -> ProcedureOccurrence {
        ProcedureOccurrence {
            procedure_occurrence_id: self.key,
            person_id: self.person_id,
            procedure_concept_id: self.meaning.standard,
            procedure_date: self.when.date,
            procedure_datetime: self.when.datetime,
            procedure_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            procedure_source_value: Some(self.meaning.entry.code.to_string()),
            procedure_source_concept_id: Some(self.meaning.source),
            ..ProcedureOccurrence::default()
        }
    }

    pub(super) fn measurement(&self) -> Measurement {
        Measurement {
            measurement_id: self.key,
            person_id: self.person_id,
            measurement_concept_id: self.meaning.standard,
            measurement_date: self.when.date,
            measurement_datetime: self.when.datetime,
            measurement_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            measurement_source_value: Some(self.meaning.entry.code.to_string()),
            measurement_source_concept_id: Some(self.meaning.source),
            ..Measurement::default()
        }
    }

    pub(super) fn device(&self) -> DeviceExposure {
        DeviceExposure {
            device_exposure_id: self.key,
            person_id: self.person_id,
            device_concept_id: self.meaning.standard,
            device_exposure_start_date: self.when.date,
            device_exposure_start_datetime: self.when.datetime,
            device_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            device_source_value: Some(self.meaning.entry.code.to_string()),
            device_source_concept_id: Some(self.meaning.source),
            ..DeviceExposure::default()
        }
    }

    pub(super) fn specimen(&self) -> Specimen {
        Specimen {
            specimen_id: self.key,
            person_id: self.person_id,
            specimen_concept_id: self.meaning.standard,
            specimen_date: self.when.date,
            specimen_datetime: self.when.datetime,
            specimen_type_concept_id: self.type_concept_id,
            specimen_source_value: Some(self.meaning.entry.code.to_string()),
            ..Specimen::default()
        }
    }

    pub(super) fn observation(&self) -> Observation {
        Observation {
            observation_id: self.key,
            person_id: self.person_id,
            observation_concept_id: self.meaning.standard,
            observation_date: self.when.date,
            observation_datetime: self.when.datetime,
            observation_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit,
            observation_source_value: Some(self.meaning.entry.code.to_string()),
            observation_source_concept_id: Some(self.meaning.source),
            ..Observation::default()
        }
    }
}
