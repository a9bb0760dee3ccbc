//! Names that paths have beside those of elements.

use crate::functions::FUNCTIONS;

/// Functions that the parser knows itself, for hints.
pub(super) const SPECIAL: &[&str] = &[
    "where",
    "exists",
    "empty",
    "not",
    "first",
    "ofType",
    "as",
    "is",
    "extension",
    "join",
    "matches",
    "matchesFull",
    "replaceMatches",
    "resolve",
    "getResourceKey",
    "getReferenceKey",
    "lowBoundary",
    "highBoundary",
];

/// Code systems that FHIRPath has a name for; a view's own constant of the name goes before.
pub(super) const SYSTEMS: &[(&str, &str)] =
    &[("sct", "http://snomed.info/sct"), ("loinc", "http://loinc.org"), ("ucum", "http://unitsofmeasure.org")];

/// Functions of FHIRPath that views do without, and why.
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("now", A_CLOCK),
    ("today", A_CLOCK),
    ("timeOfDay", A_CLOCK),
    ("repeat", "a select has `repeat` for it"),
    ("children", ALL_ELEMENTS),
    ("descendants", ALL_ELEMENTS),
    ("memberOf", TERMINOLOGY),
    ("subsumes", TERMINOLOGY),
    ("subsumedBy", TERMINOLOGY),
    ("conformsTo", "it would ask a validator; the view's rows depend on the resource alone"),
    ("aggregate", "there are sum(), avg(), min() and max()"),
];
const A_CLOCK: &str = "a view gives the same rows on any day; give the date as a constant";
const ALL_ELEMENTS: &str = "a view names the elements that it looks at";
const TERMINOLOGY: &str = "it would ask a terminology server; join the table to one of codes";

/// Names of all functions that paths can call.
pub(crate) fn function_names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|(name, ..)| *name).chain(SPECIAL.iter().copied())
}
