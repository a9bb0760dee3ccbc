//! Names that live as long as the program: keys, units, instructions.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::sync::Mutex;

use serde::{Deserialize, Deserializer};

/// A short text of the pack, kept for the whole run so that a timeline can hold it without copying.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(pub &'static str);

impl Key {
    /// Keeps a text, once.
    pub fn new(text: &str) -> Self {
        static KEPT: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
        let mut kept = KEPT.lock().expect("no one panics while holding the lock");
        if let Some(&known) = kept.get(text) {
            return Self(known);
        }
        let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
        kept.insert(text);
        Self(text)
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::new(&text))
    }
}

/// A concept of the pack's terminology: a place in [`Pack::concepts`](crate::Pack::concepts).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConceptKey(pub(crate) u16);

/// What a concept key stands for: one FHIR coding and one OMOP concept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConceptEntry {
    /// Name inside the pack, e.g. `type-2-diabetes`.
    pub key: &'static str,
    /// Code system, as a FHIR URI.
    pub system: &'static str,
    /// Code in that system.
    pub code: &'static str,
    /// What people read; our own words for SNOMED CT.
    pub display: &'static str,
    /// OMOP concept of the code; it is standard or maps to a standard one.
    pub concept_id: i32,
}
