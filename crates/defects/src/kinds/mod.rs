//! The kinds that there are, one file for each side that they are in.

mod both;
mod fhir;
mod omop;
mod unseen;

use crate::kind::Kind;

/// Diseases to take for one another: their SNOMED CT codes.
const DISEASES: [&str; 3] = ["38341003", "44054006", "195967001"];

/// All kinds of faults, those that no validator can see last.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    [fhir::KINDS, omop::KINDS, both::KINDS, unseen::KINDS].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_are_many_and_named_by_their_side() {
        let names: BTreeSet<&str> = kinds().map(|kind| kind.name).collect();
        assert_eq!(names.len(), kinds().count());
        assert!(kinds().filter(|kind| kind.is_visible()).count() >= 60, "visible kinds got lost");
        for kind in kinds() {
            assert!(kind.name.starts_with(kind.side.as_str()), "{}", kind.name);
        }
    }
}
