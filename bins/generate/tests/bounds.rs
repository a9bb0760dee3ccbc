//! Every date of every OMOP row of 10,000 patients lies in the life of its person and before the day the charts end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use chrono::{Days, NaiveDate};
use twinlake_omop::{DynRow, Table};
use twinlake_pack::Pack;
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_vocab::Vocab;

/// What may end later than it is known: a supply in hand, an era of it, and the day that an era with an open end is given.
fn slack(row: &DynRow, column: &str, longest_supply: u64) -> Days {
    match column {
        "drug_exposure_end_date" | "verbatim_end_date" => {
            let days = row.cell("days_supply").as_int().and_then(|days| u64::try_from(days).ok()).unwrap_or(1);
            Days::new(days - 1)
        }
        "drug_era_end_date" => Days::new(longest_supply - 1),
        "condition_era_end_date" => Days::new(1),
        _ => Days::new(0),
    }
}

fn check(as_of: NaiveDate, patients: std::ops::Range<u64>) -> u64 {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 42, as_of);
    let model = Model::new(pack);
    let longest_supply = pack.medications.iter().map(|medication| u64::from(medication.days_supply)).max().unwrap();
    let mut n_dates = 0;
    for number in patients {
        let timeline = model.draw(context.seed, number, context.as_of);
        if !timeline.is_charted() {
            continue;
        }
        let rows: Vec<DynRow> = render::omop(&context, &timeline).iter().map(DynRow::from).collect();
        let born = timeline.demographics.birth_date;
        let death = rows.iter().find(|row| row.table == Table::Death);
        let died = death.map(|row| row.cell("death_date").as_date().unwrap());
        let end = died.unwrap_or(as_of).min(as_of);
        for row in &rows {
            for (field, cell) in row.table.spec().fields.iter().zip(&row.cells) {
                let Some(date) = cell.as_date() else { continue };
                n_dates += 1;
                let place = || format!("patient {number} as of {as_of}: {:?} {} {date}", row.table, field.name);
                assert!(date >= born, "{} is before the birth {born}", place());
                // Nobody has a supply in hand after death.
                let taken = field.name.starts_with("drug_") && died.is_some_and(|died| died <= as_of);
                let slack = if taken { Days::new(0) } else { slack(row, field.name, longest_supply) };
                assert!(date <= end + slack, "{} is after {end}", place());
            }
        }
    }
    n_dates
}

#[test]
fn no_row_is_before_birth_after_death_or_after_the_day_the_charts_end() {
    let end = Pack::embedded().reference_date;
    let earlier = end.checked_sub_days(Days::new(1_000)).unwrap();
    let n_dates: u64 = std::thread::scope(|scope| {
        let parts = [(end, 1..5_001), (earlier, 5_001..10_001)];
        let workers = parts.map(|(as_of, patients)| scope.spawn(move || check(as_of, patients)));
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!(n_dates > 1_000_000, "only {n_dates} dates were looked at");
}
