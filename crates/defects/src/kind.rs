//! [`Kind`]: the faults that there are.

use crate::chart::{Chart, Surroundings};
use crate::defect::Defect;
use crate::draws::Draws;
use crate::{both, fhir, omop};

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
type Inject = fn(&'static Kind, &mut Chart, &Surroundings<'_>, &mut Draws) -> Option<Defect>;

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

const fn kind(name: &'static str, side: Side, found_by: FoundBy, says: &'static str, inject: Inject) -> Kind {
    Kind { name, side, says, found_by, is_rare: false, is_swap: false, inject }
}

const fn on_fhir(name: &'static str, says: &'static str, inject: Inject) -> Kind {
    kind(name, Side::Fhir, FoundBy::Agreement, says, inject)
}

const fn on_omop(name: &'static str, says: &'static str, inject: Inject) -> Kind {
    kind(name, Side::Omop, FoundBy::Agreement, says, inject)
}

const fn on_both(name: &'static str, rule: &'static str, says: &'static str, inject: Inject) -> Kind {
    kind(name, Side::Both, FoundBy::Rule(rule), says, inject)
}

const fn unseen(name: &'static str, says: &'static str, inject: Inject) -> Kind {
    kind(name, Side::Both, FoundBy::Nothing, says, inject)
}

impl Kind {
    const fn rare(self) -> Self {
        Self { is_rare: true, ..self }
    }

    const fn swap(self) -> Self {
        Self { is_swap: true, ..self }
    }
}

/// All kinds.
pub static KINDS: &[Kind] = &[
    on_fhir("fhir-dropped-resource", "A resource that gives a row is not there.", fhir::dropped_resource),
    on_fhir("fhir-dropped-encounter", "An Encounter is not there; what refers to it remains.", fhir::dropped_encounter),
    on_fhir("fhir-added-resource", "A problem comes again under another id.", fhir::added_resource),
    on_fhir("fhir-duplicated-resource", "A resource is written twice.", fhir::duplicated_resource),
    on_fhir("fhir-broken-reference", "An Observation refers to an Encounter that is nowhere.", fhir::broken_reference),
    on_fhir("fhir-another-patients", "An Observation is of another patient.", fhir::another_patients),
    on_fhir("fhir-shifted-time-zone", "The time of an Observation is written in UTC.", fhir::shifted_time_zone),
    on_fhir("fhir-shifted-day", "The onset of a problem is a day early.", fhir::shifted_day),
    on_fhir("fhir-swapped-unit", "A value has the unit of another system of units.", fhir::swapped_unit),
    on_fhir("fhir-moved-decimal-point", "A value is ten times as large.", fhir::moved_decimal_point),
    on_fhir("fhir-rounded-value", "A value has lost its decimals.", fhir::rounded_value),
    on_fhir("fhir-missing-value", "An Observation has lost its value.", fhir::missing_value),
    on_fhir("fhir-dropped-component", "A blood pressure has lost its second component.", fhir::dropped_component),
    on_fhir("fhir-wrong-code", "A problem has the code of another disease.", fhir::wrong_code),
    on_fhir("fhir-unknown-code", "A problem has a code that no vocabulary knows.", fhir::unknown_code),
    on_fhir("fhir-lost-negation", "A vaccination that was refused is completed.", fhir::lost_negation),
    on_fhir(
        "fhir-entered-in-error",
        "A procedure that was done is marked as entered in error.",
        fhir::entered_in_error,
    ),
    on_fhir("fhir-refuted-condition", "A confirmed problem is refuted.", fhir::refuted_condition),
    on_fhir("fhir-lost-abatement", "A problem that passed has lost its end.", fhir::lost_abatement).rare(),
    on_fhir("fhir-wrong-supply", "A fill lasts for twice the days.", fhir::wrong_supply),
    on_fhir("fhir-truncated-text", "A note breaks off in the middle.", fhir::truncated_text),
    on_fhir("fhir-flipped-gender", "The patient has the other gender.", fhir::flipped_gender),
    on_fhir("fhir-changed-birth-date", "The patient was born a year later.", fhir::changed_birth_date),
    on_fhir("fhir-missing-birth-date", "The patient has no birth date.", fhir::missing_birth_date),
    on_fhir("fhir-missing-death", "The patient has not died.", fhir::missing_death).rare(),
    on_omop("omop-dropped-row", "A row of an event is not there.", omop::dropped_row),
    on_omop("omop-dropped-visit", "A visit is not there; what refers to it remains.", omop::dropped_visit),
    on_omop("omop-added-row", "A row comes again under another key, on another day.", omop::added_row),
    on_omop("omop-duplicated-row", "A row comes again under another key.", omop::duplicated_row),
    on_omop("omop-duplicated-key", "A row is written twice.", omop::duplicated_key),
    on_omop("omop-wrong-concept", "A condition has the concept of another disease.", omop::wrong_concept),
    on_omop("omop-stale-concept", "A condition has a concept that is not standard.", omop::stale_concept),
    on_omop("omop-wrong-domains-table", "A measurement stands among the observations.", omop::wrong_domains_table),
    on_omop("omop-swapped-unit", "A measurement has the unit of another system of units.", omop::swapped_unit),
    on_omop("omop-zero-for-null", "A measurement without an operator has the operator 0.", omop::zero_for_null),
    on_omop("omop-lost-source-value", "A row has lost its source value.", omop::lost_source_value),
    on_omop("omop-wrong-type-concept", "A row has a type concept of another kind of record.", omop::wrong_type_concept),
    on_omop("omop-shifted-day", "A procedure is a day late.", omop::shifted_day),
    on_omop("omop-shifted-time-zone", "The time of a measurement is that of another zone.", omop::shifted_time_zone),
    on_omop("omop-before-birth", "A condition began before the person was born.", omop::before_birth),
    on_omop("omop-end-before-start", "A drug ended before it began.", omop::end_before_start),
    on_omop("omop-after-death", "A measurement is from after the person's death.", omop::after_death).rare(),
    on_omop("omop-rounded-value", "A measurement has lost its decimals.", omop::rounded_value),
    on_omop("omop-moved-decimal-point", "A measurement is ten times as large.", omop::moved_decimal_point),
    on_omop("omop-wrong-quantity", "A drug was handed out twice over.", omop::wrong_quantity),
    on_omop("omop-another-persons", "A measurement is another person's.", omop::another_persons),
    on_omop("omop-broken-visit", "A condition refers to a visit that is nowhere.", omop::broken_visit),
    on_omop("omop-broken-provider", "A visit refers to a provider that is nowhere.", omop::broken_provider),
    on_omop("omop-outside-visit", "A stay in a ward begins before its visit.", omop::outside_visit),
    on_omop("omop-truncated-text", "A note breaks off in the middle.", omop::truncated_text),
    on_omop("omop-changed-cost", "A cost is higher.", omop::changed_cost),
    on_omop("omop-moved-coverage", "A payer's period begins earlier.", omop::moved_coverage),
    on_omop("omop-overlapping-periods", "A second observation period overlaps the first.", omop::overlapping_periods),
    on_omop("omop-era-without-events", "An era has no event behind it.", omop::era_without_events),
    on_omop("omop-moved-era", "A drug era ends a day late.", omop::moved_era),
    on_omop("omop-dropped-era", "A condition era is not there.", omop::dropped_era),
    on_omop("omop-flipped-gender", "The person has the other gender.", omop::flipped_gender),
    on_omop("omop-changed-birth-date", "The person was born a year later.", omop::changed_birth_date),
    on_omop("omop-lost-race", "The person's race is unknown.", omop::lost_race),
    on_omop("omop-missing-death", "The person has not died.", omop::missing_death).rare(),
    on_omop("omop-moved-death", "The person died a day earlier.", omop::moved_death).rare(),
    on_omop("omop-swapped-persons", "Two persons have each other's birth, gender and race.", omop::swapped_persons)
        .swap(),
    on_both("both-before-birth", "before_birth", "A problem began before birth.", both::before_birth),
    on_both("both-after-death", "after_death", "A problem began after death.", both::after_death).rare(),
    on_both("both-end-before-start", "end_before_start", "A problem ended before it began.", both::end_before_start)
        .rare(),
    on_both("both-implausible-value", "implausible_value", "A heart beats ten times as fast.", both::implausible_value),
    on_both("both-wrong-unit", "wrong_unit", "A share of haemoglobin is told in kilograms.", both::wrong_unit),
    on_both(
        "both-dangling-reference",
        "fhir.dangling",
        "An Observation refers to an Encounter that is nowhere.",
        both::dangling_reference,
    ),
    on_both(
        "both-coverage-before-birth",
        "before_birth",
        "A payer covered the time before birth.",
        both::coverage_before_birth,
    ),
    Kind {
        found_by: FoundBy::Nothing,
        ..on_fhir("fhir-another-name", "The patient has another name, which OMOP does not keep.", fhir::another_name)
    },
    unseen("both-plausible-value", "A value is another that could be.", both::plausible_value),
    unseen("both-shifted-day", "The onset of a problem is a day early.", both::shifted_day),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_are_many_and_named_by_their_side() {
        let names: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        assert!(KINDS.iter().filter(|kind| kind.is_visible()).count() >= 40);
        for kind in KINDS {
            assert!(kind.name.starts_with(kind.side.as_str()), "{}", kind.name);
        }
    }
}
