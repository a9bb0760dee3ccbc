//! Vaccines: the doses that fall due.

use chrono::Datelike as _;

use super::super::body::YEAR;
use super::super::life::whole;
use super::super::measure::stream;
use super::{Clinic, Sitting, event, to_months};
use crate::timeline::{Immunization, Refusal};

/// Share of refusals that somebody writes down. assumption: ours.
const WRITTEN: f64 = 0.3;
/// Days in which a refusal of the same vaccine is not written down again.
const SAID: i32 = 300;

impl Clinic<'_> {
    pub(super) fn vaccinate(&mut self, sitting: &Sitting) {
        let model = self.model;
        let day = sitting.day;
        for (place, vaccine) in model.vaccines.iter().enumerate() {
            let rules = vaccine.pack;
            let too_late = whole(rules.too_late_months / 12.0 * YEAR);
            let mut doses = self.vaccines[place];
            let mut given = false;
            let mut offered = false;
            while let Some(&months) = rules.ages_months.get(doses.next) {
                let due = self.life.months_old(to_months(months));
                if day < due || day - doses.last < 26 {
                    break;
                }
                doses.next += 1;
                if day - due <= too_late {
                    offered = true;
                    given = doses.takes;
                    break;
                }
            }
            if let (Some(every), false) = (rules.every_months, given) {
                let in_season = rules.months.is_empty() || rules.months.contains(&self.life.date(day).month());
                let old_enough = day >= self.life.months_old(to_months(rules.from_age_months));
                // Three weeks of grace: a yearly visit is not always a year later.
                let is_due = f64::from(day - doses.last) >= every / 12.0 * YEAR - 21.0 - every * 2.0;
                if in_season && old_enough && is_due {
                    offered = true;
                    // People are mostly of one mind about it, but not every year.
                    let mood = doses.seed.at(stream(day, 1)).uniform();
                    given = if doses.takes { mood < 0.85 } else { mood < 0.12 };
                }
            }
            if given {
                doses.last = day;
                if let Some(encounter) = sitting.encounter {
                    let lot = doses.seed.at(stream(day, 2)).below(26 * 90_000);
                    let letter = char::from(b'A' + u8::try_from(lot % 26).unwrap_or(0));
                    self.chart.immunizations.push(Immunization {
                        event: event(rules.stream, day, sitting.slot),
                        concept: vaccine.concept,
                        at: sitting.at(15),
                        lot: format!("{letter}{}", 10_000 + lot / 26),
                        encounter,
                        cause: rules.key.0,
                    });
                }
            }
            if let Some(encounter) = sitting.encounter
                && offered
                && !given
                && day - doses.refused > SAID
                && doses.seed.at(stream(day, 3)).chance(WRITTEN)
            {
                doses.refused = day;
                self.chart.refusals.push(Refusal {
                    event: event(rules.stream, day, sitting.slot),
                    concept: vaccine.concept,
                    at: sitting.at(15),
                    encounter,
                    cause: rules.key.0,
                });
            }
            self.vaccines[place] = doses;
        }
    }
}
