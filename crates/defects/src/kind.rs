//! [`Kind`]: a sort of fault, where it is and what finds it.

use crate::attempt::Attempt;
use crate::defect::Defect;

/// Which side of a chart a fault is in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// FHIR alone.
    Fhir,
    /// OMOP alone.
    Omop,
    /// Both, which agree on it.
    Both,
}

impl Side {
    /// `fhir`, `omop` or `both`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fhir => "fhir",
            Self::Omop => "omop",
            Self::Both => "both",
        }
    }
}

/// A sort of fault.
pub struct Kind {
    /// Its name, which begins with its side: `omop-dropped-row`.
    pub name: &'static str,
    /// Where it is.
    pub side: Side,
    /// What it does, in a sentence.
    pub says: &'static str,
    /// What finds it: the agreement of both sides, a rule, or nothing that a validator could know.
    pub found_by: FoundBy,
    /// Whether few charts have anything for it.
    pub(crate) is_rare: bool,
    /// Whether it takes two patients, who change places.
    pub(crate) is_swap: bool,
    pub(crate) inject: Inject,
}

/// Puts a fault into a chart; none when there is nothing for it.
pub(crate) type Inject = fn(&mut Attempt<'_>) -> Option<Defect>;

/// What finds a fault.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FoundBy {
    /// The sides no longer agree.
    Agreement,
    /// A rule of this name, or of a name with this ending, is broken.
    Rule(&'static str),
    /// Nothing: the chart is as good as any other.
    Nothing,
}

impl Kind {
    /// A kind that many charts have something for, and that takes one patient.
    pub(crate) const fn new(
        side: Side,
        found_by: FoundBy,
        name: &'static str,
        says: &'static str,
        inject: Inject,
    ) -> Self {
        Self { name, side, says, found_by, is_rare: false, is_swap: false, inject }
    }

    /// A kind that few charts have anything for.
    pub(crate) const fn rare(self) -> Self {
        Self { is_rare: true, ..self }
    }

    /// A kind that takes two patients.
    pub(crate) const fn swap(self) -> Self {
        Self { is_swap: true, ..self }
    }

    /// Whether a validator could see it; those that none could are not counted.
    pub fn is_visible(&self) -> bool {
        self.found_by != FoundBy::Nothing
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
