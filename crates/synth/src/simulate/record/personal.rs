//! What the registration desk knows: language, marital status, mail, the address before. All figures are assumptions.

use chrono::{Datelike as _, Days, Months, NaiveDate};

use super::super::model::Model;
use crate::seed::{Draws, Seed};
use crate::timeline::{Ethnicity, Language, MaritalStatus, Personal, Timeline};

const STREAM: &str = "personal";
const STREETS: [&str; 6] =
    ["Old Mill Road", "Orchard Lane", "Quarry Street", "River Road", "School Lane", "Station Road"];

/// Adds it; marital status is that of the last visit's day, the rest never changes.
pub(super) fn add(model: &Model<'_>, patient: Seed, timeline: &mut Timeline) {
    let seed = patient.child(STREAM, 0);
    let who = &timeline.demographics;
    let window = model.pack.reference_date - Months::new(12 * model.pack.window_years);
    let mut marital = None;
    let mut marital_changes = Vec::new();
    // The status follows from the age in years, so it is looked up once a year.
    for year in timeline
        .encounters
        .chunk_by(|one, next| years(who.birth_date, one.start.date()) == years(who.birth_date, next.start.date()))
    {
        let status = marital_status(years(who.birth_date, year[0].start.date()), &mut seed.at(1));
        if status != marital && year[0].event != timeline.encounters[0].event {
            marital_changes.push(year[0].end);
        }
        marital = status;
    }
    timeline.personal = Personal {
        language: language(who.ethnicity, &mut seed.at(0)),
        marital_status: marital,
        marital_changes,
        email: email(timeline.patient, years(who.birth_date, model.pack.reference_date), &mut seed.at(2)),
        former_address: former_address(who.birth_date, window, &mut seed.at(3)),
    };
}

fn language(ethnicity: Ethnicity, draws: &mut Draws) -> Language {
    let spanish = draws.chance(match ethnicity {
        Ethnicity::Hispanic => 0.35,
        Ethnicity::NotHispanic => 0.002,
    });
    if spanish { Language::Spanish } else { Language::English }
}

/// The marital status of a patient born on a day, on another day, as the registration desk knows it.
pub(super) fn marital_status_on(patient: Seed, born: NaiveDate, day: NaiveDate) -> Option<MaritalStatus> {
    marital_status(years(born, day), &mut patient.child(STREAM, 0).at(1))
}

/// A life in ages: marriage, perhaps divorce, perhaps widowhood. Each is drawn whatever the age, which only says what of
/// it has come by now.
fn marital_status(age: i32, draws: &mut Draws) -> Option<MaritalStatus> {
    let (said, weds, parts) = (draws.chance(0.93), draws.chance(0.82), draws.chance(0.3));
    let married = 22.0 + 7.0 * draws.exponential();
    let divorced = married + 3.0 + 12.0 * draws.exponential();
    let widowed = 78.0 + 9.0 * draws.normal();
    let age = f64::from(age);
    if age < 18.0 || !said {
        return None;
    }
    Some(if !weds || age < married {
        MaritalStatus::NeverMarried
    } else if parts && age >= divorced {
        MaritalStatus::Divorced
    } else if age >= widowed.max(married + 1.0) {
        MaritalStatus::Widowed
    } else {
        MaritalStatus::Married
    })
}

/// Without the name, so that two people never share one.
fn email(patient: u64, age: i32, draws: &mut Draws) -> Option<String> {
    let has = draws.chance(0.6);
    (has && age >= 18).then(|| format!("patient{patient}@example.com"))
}

fn former_address(born: NaiveDate, window: NaiveDate, draws: &mut Draws) -> Option<(String, NaiveDate)> {
    let moved = draws.chance(0.55);
    let street = format!("{} {}", 1 + draws.below(900), draws.pick(&STREETS));
    let ago = draws.below(5000);
    let day = window.checked_sub_days(Days::new(u64::try_from(ago).unwrap_or(0) + 1))?;
    (moved && day > born).then_some((street, day))
}

/// Age in completed years.
fn years(born: NaiveDate, day: NaiveDate) -> i32 {
    day.year() - born.year() - i32::from((day.month(), day.day()) < (born.month(), born.day()))
}
