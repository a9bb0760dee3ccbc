//! What the specification says about tables and fields.

use std::fmt;

use crate::tables::Table;

/// What the specification says about a table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TableSpec {
    /// Name, e.g. `condition_occurrence`.
    pub name: &'static str,
    /// Column of the row's key, where that is a number.
    pub key_column: Option<usize>,
    /// Column `person_id`, where there is one.
    pub person_column: Option<usize>,
    /// The fields in order.
    pub fields: &'static [FieldSpec],
}

impl TableSpec {
    /// The place of a field, counted from 0.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// What the specification says about a field.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FieldSpec {
    /// Name, e.g. `condition_concept_id`.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Longest text allowed, in characters; none for `varchar(max)` and other types.
    pub max_length: Option<u32>,
    /// Whether every row has a value.
    pub required: bool,
    /// Whether the field is the table's primary key.
    pub primary_key: bool,
    /// Table the field refers to.
    pub fk_table: Option<&'static str>,
    /// Field the field refers to.
    pub fk_field: Option<&'static str>,
    /// Domain its concepts belong to.
    pub fk_domain: Option<&'static str>,
    /// Concept class its concepts belong to.
    pub fk_class: Option<&'static str>,
}

/// How the generated tables write their fields down.
impl FieldSpec {
    pub(crate) const fn new(name: &'static str, kind: Kind) -> FieldSpec {
        FieldSpec {
            name,
            kind,
            max_length: None,
            required: false,
            primary_key: false,
            fk_table: None,
            fk_field: None,
            fk_domain: None,
            fk_class: None,
        }
    }

    pub(crate) const fn required(self) -> FieldSpec {
        FieldSpec { required: true, ..self }
    }

    pub(crate) const fn primary_key(self) -> FieldSpec {
        FieldSpec { primary_key: true, ..self }
    }

    pub(crate) const fn at_most(self, characters: u32) -> FieldSpec {
        FieldSpec { max_length: Some(characters), ..self }
    }

    pub(crate) const fn refers_to(self, table: &'static str, field: &'static str) -> FieldSpec {
        FieldSpec { fk_table: Some(table), fk_field: Some(field), ..self }
    }

    pub(crate) const fn of_domain(self, domain: &'static str) -> FieldSpec {
        FieldSpec { fk_domain: Some(domain), ..self }
    }

    pub(crate) const fn of_class(self, class: &'static str) -> FieldSpec {
        FieldSpec { fk_class: Some(class), ..self }
    }
}

/// Type of a field. The CDM's `integer` is three of them: keys are 64 bits wide, concepts and other numbers 32.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// Key of a row, or a reference to one: 64 bits.
    Key,
    /// Concept id: 32 bits.
    Concept,
    /// Another whole number: 32 bits.
    Integer,
    /// Floating point number: 64 bits.
    Float,
    /// Day.
    Date,
    /// Day and time, wall clock.
    DateTime,
    /// Text.
    Text,
}

impl Table {
    /// The table's name, e.g. `condition_occurrence`.
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// The table of that name, in lower case.
    pub fn from_name(name: &str) -> Option<Table> {
        Table::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
