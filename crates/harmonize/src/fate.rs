//! What became of a resource: one of three, so that they add up to what was read.

use twinlake_omop::AnyRow;

/// What became of a resource that could be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// It gave a row whose concept is known, or filled columns of another resource's row.
    Mapped,
    /// It gave rows, and none of them has a standard concept.
    Unmapped,
    /// It gave no row, for a reason that is counted.
    OutOfScope,
}

impl Fate {
    /// By the rows that a resource gave.
    pub(crate) fn of(rows: &[AnyRow]) -> Self {
        match rows {
            [] => Self::OutOfScope,
            rows if rows.iter().all(is_without_concept) => Self::Unmapped,
            _ => Self::Mapped,
        }
    }
}

/// How many resources of a type were read, and what became of them.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Fates {
    /// Those that gave a row whose concept is known, or filled columns of another resource's row.
    pub mapped: u64,
    /// Those that gave rows, none of them with a standard concept; their codes are counted.
    pub unmapped: u64,
    /// Those that gave no row; their reasons are counted.
    pub out_of_scope: u64,
}

impl Fates {
    /// All resources: each has one fate.
    pub fn total(&self) -> u64 {
        self.mapped + self.unmapped + self.out_of_scope
    }

    /// Adds other resources of the type.
    pub(crate) fn merge(&mut self, other: Self) {
        self.mapped += other.mapped;
        self.unmapped += other.unmapped;
        self.out_of_scope += other.out_of_scope;
    }

    pub(crate) fn add(&mut self, fate: Fate, n: u64) {
        match fate {
            Fate::Mapped => self.mapped += n,
            Fate::Unmapped => self.unmapped += n,
            Fate::OutOfScope => self.out_of_scope += n,
        }
    }
}

/// Whether the concept that says what a row is about is 0. Persons, notes, costs and the like are about no code.
fn is_without_concept(row: &AnyRow) -> bool {
    let concept = match row {
        AnyRow::VisitOccurrence(row) => row.visit_concept_id,
        AnyRow::VisitDetail(row) => row.visit_detail_concept_id,
        AnyRow::ConditionOccurrence(row) => row.condition_concept_id,
        AnyRow::DrugExposure(row) => row.drug_concept_id,
        AnyRow::ProcedureOccurrence(row) => row.procedure_concept_id,
        AnyRow::Measurement(row) => row.measurement_concept_id,
        AnyRow::Observation(row) => row.observation_concept_id,
        AnyRow::DeviceExposure(row) => row.device_concept_id,
        AnyRow::Specimen(row) => row.specimen_concept_id,
        _ => return false,
    };
    concept.is_none()
}

#[cfg(test)]
mod tests {
    use twinlake_omop::{ConceptId, ConditionOccurrence, Note};

    use super::*;

    fn condition(concept: i32) -> AnyRow {
        ConditionOccurrence { condition_concept_id: ConceptId::new(concept), ..Default::default() }.into()
    }

    #[test]
    fn one_row_with_a_concept_is_enough() {
        assert_eq!(Fate::of(&[]), Fate::OutOfScope);
        assert_eq!(Fate::of(&[condition(0), condition(0)]), Fate::Unmapped);
        assert_eq!(Fate::of(&[condition(0), condition(201_826)]), Fate::Mapped);
        assert_eq!(Fate::of(&[Note::default().into()]), Fate::Mapped);
    }
}
