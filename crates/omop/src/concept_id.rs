//! [`ConceptId`].

use std::fmt;

use serde::{Deserialize, Serialize};

/// An OMOP concept, e.g. 8507 (MALE). Zero means "no matching concept".
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct ConceptId(i32);

impl ConceptId {
    /// Concept 0: there was a value and it did not map.
    pub const NONE: ConceptId = ConceptId(0);

    /// The concept of a number known at compile time.
    ///
    /// # Panics
    ///
    /// When the number is negative; in a constant that is a compile error.
    pub const fn new(id: i32) -> ConceptId {
        assert!(id >= 0, "a concept id is not negative");
        ConceptId(id)
    }

    /// The number.
    pub const fn get(self) -> i32 {
        self.0
    }

    /// Whether this is [`ConceptId::NONE`].
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// A negative number is no concept id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no concept id: it is negative")]
pub struct NegativeConceptId(pub i32);

impl TryFrom<i32> for ConceptId {
    type Error = NegativeConceptId;

    fn try_from(id: i32) -> Result<Self, Self::Error> {
        if id < 0 { Err(NegativeConceptId(id)) } else { Ok(ConceptId(id)) }
    }
}

impl From<ConceptId> for i32 {
    fn from(concept: ConceptId) -> i32 {
        concept.0
    }
}

impl fmt::Display for ConceptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
