//! Every date of every OMOP row of 10,000 patients lies in the life of its person and before the day the charts end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use chrono::{Days, NaiveDate};
use twinlake_omop::{DynRow, Table};
use twinlake_pack::Pack;
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_vocab::Vocab;

/// What may end later than it is known: a supply in hand, and the day that an era with an open end is given.
fn slack(column: &str) -> Days {
    match column {
        // Ninety days are the longest supply; an era of a drug ends with its last one.
        "drug_exposure_end_date" | "drug_era_end_date" | "verbatim_end_date" => Days::new(90),
        "condition_era_end_date" => Days::new(1),
        _ => Days::new(0),
    }
}

fn check(as_of: NaiveDate, patients: std::ops::Range<u64>) -> u64 {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 42, as_of);
    let model = Model::new(pack);
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
                assert!(date <= end + slack(field.name), "{} is after {end}", place());
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
