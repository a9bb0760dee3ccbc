//! Facts about concepts, by concept id: units, plausible values and sexes. The files are in `facts`, one fact a line.
//!
//! Units and sexes are those that OHDSI's `DataQualityDashboard` 2.8 accepts, of the concepts that we have seen in a
//! published vocabulary. The bounds of values are our own: what no living person's measurement exceeds, so that a moved
//! decimal point or a swapped unit is seen and a sick patient is not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use twinlake_pack::Sex;

/// Units that a measurement may have; `None` is no unit. Nothing is known of a measurement that is not there.
pub(crate) fn units(measurement: i64) -> Option<&'static BTreeSet<Option<i64>>> {
    static UNITS: OnceLock<BTreeMap<i64, BTreeSet<Option<i64>>>> = OnceLock::new();
    let read = || {
        let row = |[concept, units]: [&str; 2]| (number(concept), units.split(' ').map(unit).collect());
        rows(include_str!("../../facts/units.csv")).map(row).collect()
    };
    UNITS.get_or_init(read).get(&measurement)
}

/// Lowest and highest value, by measurement and unit.
type Bounds = BTreeMap<(i64, Option<i64>), (f64, f64)>;

/// Lowest and highest value of a measurement in a unit.
pub(crate) fn bounds(measurement: i64, unit_concept: Option<i64>) -> Option<(f64, f64)> {
    static BOUNDS: OnceLock<Bounds> = OnceLock::new();
    let read = || {
        let value = |text: &str| text.parse().expect("a number of ours");
        rows(include_str!("../../facts/values.csv"))
            .map(|[concept, unit_id, lowest, highest]: [&str; 4]| {
                ((number(concept), unit(unit_id)), (value(lowest), value(highest)))
            })
            .collect()
    };
    BOUNDS.get_or_init(read).get(&(measurement, unit_concept)).copied()
}

/// The only sex in which a condition or procedure occurs.
pub(crate) fn sex(concept: i64) -> Option<Sex> {
    static SEXES: OnceLock<BTreeMap<i64, Sex>> = OnceLock::new();
    SEXES.get_or_init(|| sexes(include_str!("../../facts/sex.csv"))).get(&concept).copied()
}

/// The only sex in which the descendants of a concept occur.
pub(crate) fn sex_of_descendants(ancestor: i64) -> Option<Sex> {
    static SEXES: OnceLock<BTreeMap<i64, Sex>> = OnceLock::new();
    SEXES.get_or_init(|| sexes(include_str!("../../facts/sex_ancestors.csv"))).get(&ancestor).copied()
}

fn sexes(text: &'static str) -> BTreeMap<i64, Sex> {
    let of = |sex| if sex == "female" { Sex::Female } else { Sex::Male };
    rows(text).map(|[concept, sex]: [&str; 2]| (number(concept), of(sex))).collect()
}

/// Rows of a file of ours, below its header; no cell has a comma.
fn rows<const N: usize>(text: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    text.lines().skip(1).map(|line| {
        let mut cells = line.split(',');
        std::array::from_fn(|_| cells.next().expect("as many cells as the header has"))
    })
}

fn number(text: &str) -> i64 {
    text.parse().expect("a concept id of ours")
}

fn unit(text: &str) -> Option<i64> {
    (text != "none").then(|| number(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use twinlake_vocab::Vocab;

    #[test]
    fn facts_are_of_concepts_that_a_measurement_of_ours_can_be() {
        // Body weight in kg.
        assert_eq!(bounds(3_025_315, Some(9529)), Some((0.2, 700.0)));
        assert!(units(3_025_315).unwrap().contains(&Some(9529)));
        assert_eq!((sex(4_299_535), sex(4_163_261), sex(320_128)), (Some(Sex::Female), Some(Sex::Male), None));
        assert_eq!(sex_of_descendants(4_041_261), Some(Sex::Female));
    }

    #[test]
    fn what_has_bounds_in_a_unit_may_have_that_unit() {
        let vocab = Vocab::embedded();
        for [measurement, unit_id, ..] in rows::<4>(include_str!("../../facts/values.csv")) {
            let concept = vocab.concept(i32::try_from(number(measurement)).unwrap().try_into().unwrap()).unwrap();
            assert!(concept.standard, "{measurement}");
            if let Some(allowed) = units(number(measurement)) {
                assert!(allowed.contains(&unit(unit_id)), "{measurement} in {unit_id}");
            }
        }
    }
}
