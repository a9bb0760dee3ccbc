//! What is gathered of people for each figure: sums that merge, of a size that does not grow with their number.

use twinlake_pack::Statistic;

use crate::statistics::{Moments, Pairs, Table2x2, Values};

/// Years of age that deaths are counted in.
const AGES: usize = 121;
/// Decades of age, the last one open.
pub(crate) const DECADES: usize = 9;
/// Sexes times decades.
const STRATA: usize = 2 * DECADES;

/// Yes of all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counted {
    pub(crate) n: f64,
    pub(crate) yes: f64,
}

impl Counted {
    pub(crate) fn add(&mut self, yes: bool) {
        self.n += 1.0;
        self.yes += f64::from(u8::from(yes));
    }

    fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.yes += other.yes;
    }

    pub(crate) fn percent(&self) -> Option<f64> {
        (self.n > 0.0).then(|| 100.0 * self.yes / self.n)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shares {
    /// By decade of age, the last one open.
    pub(crate) by_decade: [Counted; DECADES],
    /// Everybody of these ages, of either sex and any group: the standard of adjusted shares.
    pub(crate) standard: [f64; DECADES],
    /// Those with a chart: whether it says yes.
    pub(crate) charted: Counted,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Visits {
    pub(crate) years: f64,
    pub(crate) n: f64,
    pub(crate) days: Moments,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Age {
    pub(crate) years: f64,
    pub(crate) deaths: f64,
}

/// What one figure needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Gathered {
    Share(Shares),
    Moments(Moments),
    Values(Values),
    Pairs(Pairs),
    Strata(Vec<Table2x2>),
    Visits(Visits),
    Deaths,
}

/// What was gathered of people.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// Patients drawn.
    pub(crate) n_patients: u64,
    /// Those of them who are alive at the reference date.
    pub(crate) n_living: u64,
    pub(crate) gathered: Vec<Gathered>,
    /// Years lived in the window and deaths, by sex and completed years of age.
    pub(crate) ages: [Vec<Age>; 2],
}

impl Tally {
    pub(crate) fn new(statistics: impl Iterator<Item = Statistic>) -> Self {
        let gathered = statistics.map(|statistic| match statistic {
            Statistic::Share | Statistic::AdjustedShare => Gathered::Share(Shares::default()),
            Statistic::Mean => Gathered::Moments(Moments::default()),
            Statistic::P10 | Statistic::P50 | Statistic::P90 => Gathered::Values(Values::default()),
            Statistic::Pearson => Gathered::Pairs(Pairs::default()),
            Statistic::OddsRatio | Statistic::OddsRatioMh => Gathered::Strata(vec![Table2x2::default(); STRATA]),
            Statistic::VisitRate | Statistic::VisitDays => Gathered::Visits(Visits::default()),
            Statistic::Death | Statistic::LifeExpectancy => Gathered::Deaths,
        });
        let ages = vec![Age::default(); AGES];
        Self { n_patients: 0, n_living: 0, gathered: gathered.collect(), ages: [ages.clone(), ages] }
    }

    /// Adds another tally of the same plan. Sums of fractions depend on the order, so merge in the order of patients.
    pub fn merge(&mut self, other: &Self) {
        self.n_patients += other.n_patients;
        self.n_living += other.n_living;
        for (own, other) in self.ages.iter_mut().flatten().zip(other.ages.iter().flatten()) {
            own.years += other.years;
            own.deaths += other.deaths;
        }
        for (own, other) in self.gathered.iter_mut().zip(&other.gathered) {
            match (own, other) {
                (Gathered::Share(own), Gathered::Share(other)) => {
                    for (own, other) in own.by_decade.iter_mut().zip(&other.by_decade) {
                        own.merge(other);
                    }
                    for (own, other) in own.standard.iter_mut().zip(&other.standard) {
                        *own += other;
                    }
                    own.charted.merge(&other.charted);
                }
                (Gathered::Moments(own), Gathered::Moments(other)) => own.merge(other),
                (Gathered::Values(own), Gathered::Values(other)) => own.merge(other),
                (Gathered::Pairs(own), Gathered::Pairs(other)) => own.merge(other),
                (Gathered::Strata(own), Gathered::Strata(other)) => {
                    for (own, other) in own.iter_mut().zip(other) {
                        own.merge(other);
                    }
                }
                (Gathered::Visits(own), Gathered::Visits(other)) => {
                    own.years += other.years;
                    own.n += other.n;
                    own.days.merge(&other.days);
                }
                _ => {}
            }
        }
    }
}
