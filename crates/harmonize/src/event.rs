//! What every clinical row has, whatever its table: key, person, concept, date, type, provider, visit, source.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime};
use twinlake_fhir::{CodeableConcept, DateTime, Reference};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::{Domain, Vocab};

use crate::coded::{self, Coded};
use crate::loss::Losses;
use crate::shared::Shared;
use crate::visit::{At, Visits};

/// What a patient's events are mapped with.
pub(crate) struct Context<'c> {
    pub(crate) vocab: &'c Vocab,
    pub(crate) shared: &'c Shared,
    pub(crate) person_id: i64,
    pub(crate) visits: Visits,
    pub(crate) death_date: Option<NaiveDate>,
    /// Keys of the `MedicationRequest`s that were dispensed or given.
    pub(crate) fulfilled: BTreeSet<i64>,
}

/// A table that the domain of a concept leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    Condition,
    Drug,
    Procedure,
    Measurement,
    Observation,
    Device,
    Specimen,
}

impl Target {
    /// The table of a concept's domain; where that has none here, the resource's own.
    pub(crate) fn of(domain: Domain, fallback: Self) -> Self {
        match domain {
            Domain::Condition => Self::Condition,
            Domain::Drug => Self::Drug,
            Domain::Procedure => Self::Procedure,
            Domain::Measurement => Self::Measurement,
            Domain::Observation => Self::Observation,
            Domain::Device => Self::Device,
            Domain::Specimen => Self::Specimen,
            _ => fallback,
        }
    }
}

/// When something was: the wall clock as written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct When {
    pub(crate) date: NaiveDate,
    /// Absent when no time of day was written.
    pub(crate) datetime: Option<NaiveDateTime>,
}

impl From<&DateTime<'_>> for When {
    fn from(written: &DateTime<'_>) -> Self {
        Self { date: written.wall_date(), datetime: written.wall_datetime() }
    }
}

/// The columns that all clinical tables have.
pub(crate) struct Event {
    pub(crate) key: i64,
    pub(crate) person_id: i64,
    pub(crate) coded: Coded,
    pub(crate) when: When,
    pub(crate) type_concept_id: ConceptId,
    pub(crate) provider_id: Option<i64>,
    pub(crate) visit: Option<At>,
}

impl Event {
    /// A row of a table that is not the resource's own: what all tables have, and nothing more.
    pub(crate) fn into_row(self, target: Target) -> AnyRow {
        match target {
            Target::Condition => self.into_condition().into(),
            Target::Drug => self.into_drug().into(),
            Target::Procedure => self.into_procedure().into(),
            Target::Measurement => self.into_measurement().into(),
            Target::Observation => self.into_observation().into(),
            Target::Device => self.into_device().into(),
            Target::Specimen => self.into_specimen().into(),
        }
    }

    pub(crate) fn into_condition(self) -> omop::ConditionOccurrence {
        omop::ConditionOccurrence {
            condition_occurrence_id: self.key,
            person_id: self.person_id,
            condition_concept_id: self.coded.standard,
            condition_start_date: self.when.date,
            condition_start_datetime: self.when.datetime,
            condition_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            condition_source_value: self.coded.source_value,
            condition_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }

    pub(crate) fn into_drug(self) -> omop::DrugExposure {
        omop::DrugExposure {
            drug_exposure_id: self.key,
            person_id: self.person_id,
            drug_concept_id: self.coded.standard,
            drug_exposure_start_date: self.when.date,
            drug_exposure_start_datetime: self.when.datetime,
            drug_exposure_end_date: self.when.date,
            drug_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            drug_source_value: self.coded.source_value,
            drug_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }

    pub(crate) fn into_procedure(self) -> omop::ProcedureOccurrence {
        omop::ProcedureOccurrence {
            procedure_occurrence_id: self.key,
            person_id: self.person_id,
            procedure_concept_id: self.coded.standard,
            procedure_date: self.when.date,
            procedure_datetime: self.when.datetime,
            procedure_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            procedure_source_value: self.coded.source_value,
            procedure_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }

    pub(crate) fn into_measurement(self) -> omop::Measurement {
        omop::Measurement {
            measurement_id: self.key,
            person_id: self.person_id,
            measurement_concept_id: self.coded.standard,
            measurement_date: self.when.date,
            measurement_datetime: self.when.datetime,
            measurement_type_concept_id: self.type_concept_id,
            value_as_concept_id: self.coded.value,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            measurement_source_value: self.coded.source_value,
            measurement_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }

    pub(crate) fn into_device(self) -> omop::DeviceExposure {
        omop::DeviceExposure {
            device_exposure_id: self.key,
            person_id: self.person_id,
            device_concept_id: self.coded.standard,
            device_exposure_start_date: self.when.date,
            device_exposure_start_datetime: self.when.datetime,
            device_type_concept_id: self.type_concept_id,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            device_source_value: self.coded.source_value,
            device_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }

    /// A specimen has no columns for provider and visit, nor for the concept of its code.
    pub(crate) fn into_specimen(self) -> omop::Specimen {
        omop::Specimen {
            specimen_id: self.key,
            person_id: self.person_id,
            specimen_concept_id: self.coded.standard,
            specimen_date: self.when.date,
            specimen_datetime: self.when.datetime,
            specimen_type_concept_id: self.type_concept_id,
            specimen_source_value: self.coded.source_value,
            ..Default::default()
        }
    }

    pub(crate) fn into_observation(self) -> omop::Observation {
        omop::Observation {
            observation_id: self.key,
            person_id: self.person_id,
            observation_concept_id: self.coded.standard,
            observation_date: self.when.date,
            observation_datetime: self.when.datetime,
            observation_type_concept_id: self.type_concept_id,
            value_as_concept_id: self.coded.value,
            provider_id: self.provider_id,
            visit_occurrence_id: self.visit.map(|at| at.visit_occurrence_id),
            visit_detail_id: self.visit.and_then(|at| at.visit_detail_id),
            observation_source_value: self.coded.source_value,
            observation_source_concept_id: Some(self.coded.source),
            ..Default::default()
        }
    }
}

/// What is mapped of one resource, and where its losses are counted.
pub(crate) struct Reading<'r, 'c> {
    pub(crate) context: &'r Context<'c>,
    pub(crate) resource_type: &'static str,
    pub(crate) losses: &'r mut Losses,
}

impl Reading<'_, '_> {
    /// The row key of the resource.
    pub(crate) fn key(&self, id: Option<&str>) -> i64 {
        key::of(self.resource_type, id.unwrap_or_default())
    }

    /// Counts the resource, or a part of it, under a reason, for a `return` or `?` that gives no row.
    pub(crate) fn lost<T>(&mut self, reason: &str) -> Option<T> {
        self.losses.count_reason(self.resource_type, reason);
        None
    }

    pub(crate) fn map(&mut self, concept: &CodeableConcept<'_>) -> Coded {
        coded::map(self.context.vocab, concept, self.resource_type, self.losses)
    }

    /// The visit of an `encounter` element. One that gave no visit is counted under `encounter`.
    pub(crate) fn visit(&mut self, encounter: Option<&Reference<'_>>) -> Option<At> {
        let id = encounter?.id_of("Encounter");
        let visit = id.and_then(|id| self.context.visits.at(key::of("Encounter", id)));
        if visit.is_none() {
            self.losses.count_reason(self.resource_type, "encounter");
        }
        visit
    }

    /// The first reference to a Practitioner that was read. If there are references to Practitioners and none was
    /// read, that is counted under `practitioner`.
    pub(crate) fn provider<'p, 'a: 'p>(
        &mut self,
        references: impl IntoIterator<Item = &'p Reference<'a>>,
    ) -> Option<i64> {
        let (provider, dangling) = self.context.shared.provider(references);
        if dangling {
            self.losses.count_reason(self.resource_type, "practitioner");
        }
        provider
    }
}
