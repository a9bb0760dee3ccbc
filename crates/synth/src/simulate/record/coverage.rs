//! Coverage: who pays in which years, by age, sex and a person's place among incomes.
//!
//! Every first of January of the window, at its opening and when Medicare begins, the payer is looked up anew; the place
//! among incomes lasts for most of its part, so most keep theirs. Only what was in force at a visit or a fill is known to
//! a record, so a coverage is charted from the first of these on.

use chrono::{Datelike as _, Days, Months, NaiveDate};
use twinlake_pack::{PayerKind, Payers, Sex};

use super::super::Model;
use crate::ids::COVERAGES;
use crate::seed::{Draws, Seed};
use crate::timeline::{self, Coverage, EventId, Relationship, Timeline};

/// Age at which Medicare begins for nearly all.
const MEDICARE_AGE: u32 = 65;

/// Adds the coverages of a chart.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let payers = &model.pack.payers;
    let born = timeline.demographics.birth_date;
    let opens = (model.pack.reference_date - Months::new(12 * model.pack.window_years)).max(born);
    let person = Person::draw(payers, patient_seed, timeline);

    let mut spans: Vec<(NaiveDate, Option<Payment>)> = Vec::new();
    for day in turning_days(opens, born, model.pack.reference_date) {
        let payment = person.payment(payers, day);
        if spans.last().is_none_or(|(_, last)| *last != payment) {
            spans.push((day, payment));
        }
    }
    let died = timeline.death.as_ref().map(|death| death.at.date());
    for (place, &(start, payment)) in spans.iter().enumerate() {
        let Some(Payment { payer, relationship }) = payment else { continue };
        let next = spans.get(place + 1).map(|(next, _)| *next - Days::new(1));
        let end = next.into_iter().chain(died).min().filter(|&end| end <= as_of);
        let day_of_life = u32::try_from((start - born).num_days()).expect("it starts at birth or later");
        let subscriber = format!("{}{:09}", payers.payer[payer].plan.as_bytes()[0] as char, timeline.patient);
        let suffix = match relationship {
            Relationship::Itself => "00",
            Relationship::Spouse => "01",
            Relationship::Child => "02",
        };
        let coverage = Coverage {
            event: EventId { stream: COVERAGES, ordinal: day_of_life * 16 },
            payer,
            relationship,
            member: format!("{subscriber}{suffix}"),
            subscriber,
            group: (payers.payer[payer].kind == PayerKind::Private).then(|| format!("G{:05}", person.group)),
            start,
            end,
            cause: "payers",
        };
        if is_known(&coverage, timeline) {
            timeline.coverages.push(coverage);
        }
    }
}

/// Whether the record ever heard of it.
fn is_known(coverage: &Coverage, timeline: &Timeline) -> bool {
    timeline.encounters.iter().any(|encounter| coverage.is_in_force(encounter.start.date()))
}

/// The days on which a payer may change: the opening of the window, every new year, and the month of Medicare's age.
fn turning_days(opens: NaiveDate, born: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
    let medicare = (born + Months::new(12 * MEDICARE_AGE)).with_day(1);
    let new_years = (opens.year()..=last.year()).filter_map(|year| NaiveDate::from_ymd_opt(year, 1, 1));
    let mut days: Vec<NaiveDate> =
        new_years.chain(medicare).filter(|&day| opens < day && day <= last).chain([opens]).collect();
    days.sort_unstable();
    days.dedup();
    days
}

/// A payer, and whose plan it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Payment {
    payer: usize,
    relationship: Relationship,
}

/// What lasts for life.
struct Person {
    born: NaiveDate,
    sex: Sex,
    seed: Seed,
    /// Standard normal: place among incomes.
    income: f64,
    /// Uniform: who is below the share has Medicare.
    medicare: f64,
    spouse: bool,
    /// Index of the private payer.
    private: usize,
    /// Number of the employer's group.
    group: usize,
}

impl Person {
    fn draw(payers: &Payers, patient_seed: Seed, timeline: &Timeline) -> Self {
        let seed = patient_seed.child("coverage", 0);
        let mut draws = seed.draws();
        let weights =
            payers.payer.iter().map(|payer| if payer.kind == PayerKind::Private { payer.weight } else { 0.0 });
        Self {
            born: timeline.demographics.birth_date,
            sex: match timeline.demographics.sex {
                timeline::Sex::Female => Sex::Female,
                timeline::Sex::Male => Sex::Male,
            },
            income: draws.normal(),
            medicare: draws.uniform(),
            spouse: draws.chance(payers.spouse),
            private: draws.weighted(weights),
            group: draws.below(100_000),
            seed,
        }
    }

    /// Who pays from that day on; nobody for the uninsured.
    fn payment(&self, payers: &Payers, day: NaiveDate) -> Option<Payment> {
        let of_kind = |kind| payers.payer.iter().position(|payer| payer.kind == kind);
        let itself = |payer: usize| Payment { payer, relationship: Relationship::Itself };
        // Medicare begins with the month of a birthday.
        let month_ends = day + Months::new(1) - Days::new(1);
        let (age, turned) = (years(self.born, day), years(self.born, month_ends));
        let share = payers.share(self.sex, if turned == MEDICARE_AGE { turned } else { age });
        if self.medicare < share.medicare {
            return of_kind(PayerKind::Medicare).map(itself);
        }
        let place = self.place_among_incomes(payers, day) * (1.0 - share.medicare);
        if place < share.medicaid {
            return of_kind(PayerKind::Medicaid).map(itself);
        }
        if place < share.medicaid + share.none {
            return None;
        }
        let relationship = match age {
            age if age < payers.dependent_below => Relationship::Child,
            _ if self.spouse => Relationship::Spouse,
            _ => Relationship::Itself,
        };
        Some(Payment { payer: self.private, relationship })
    }

    /// Between 0 and 1, the poorest first; most of it lasts, the rest is the year's.
    fn place_among_incomes(&self, payers: &Payers, day: NaiveDate) -> f64 {
        let mut draws: Draws = self.seed.at(u64::from(day.year().unsigned_abs()));
        let (lasting, passing) = (payers.steadiness, 1.0 - payers.steadiness);
        let income = libm::sqrt(lasting) * self.income + libm::sqrt(passing) * draws.normal();
        0.5 * libm::erfc(-income / std::f64::consts::SQRT_2)
    }
}

fn years(born: NaiveDate, day: NaiveDate) -> u32 {
    day.years_since(born).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payer_may_change_with_the_year_and_with_medicare() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(
            turning_days(day("2015-12-31"), day("1952-06-20"), day("2018-12-31")),
            [day("2015-12-31"), day("2016-01-01"), day("2017-01-01"), day("2017-06-01"), day("2018-01-01")]
        );
        assert_eq!(turning_days(day("2018-05-05"), day("2018-05-05"), day("2018-12-31")), [day("2018-05-05")]);
    }
}
