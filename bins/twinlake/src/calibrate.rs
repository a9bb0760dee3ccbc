//! `twinlake calibrate`: a generated population beside the published figures that its pack names.

use std::convert::Infallible;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use twinlake_calibrate::{Plan, Report, report};
use twinlake_generate::{default_threads, load_pack};
use twinlake_synth::cohort::for_each_block;
use twinlake_synth::simulate::Model;
use twinlake_task::{Exit, PartialFile};

/// Compare a generated population with published figures, cell by cell; a share of rows met below `--at-least` is exit code 3
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct CalibrateArgs {
    /// Patients to draw
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..1 << 33), value_name = "N")]
    patients: u64,

    /// Seed of the cohort
    #[arg(long, default_value_t = 42, value_name = "SEED")]
    seed: u64,

    /// Folder of a model pack, in place of the built-in one
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,

    /// File to write, in place of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Percent of the rows that must be met
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    at_least: f64,

    /// Threads; they change nothing but the time [default: as many as the machine has]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) task: twinlake_task::Args,
}

/// Form of the report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Format {
    /// Lines of text.
    Table,
    /// One JSON object.
    Json,
    /// A page that needs no other file.
    Html,
}

/// Runs the command.
///
/// # Errors
///
/// A pack that cannot be read or is wrong; an output that cannot be written.
pub(crate) fn calibrate(args: &CalibrateArgs) -> Result<Exit> {
    let pack = load_pack(args.model.as_deref())?;
    let model = Model::new(&pack);
    let report = compare(&model, args.seed, args.patients, args.threads.unwrap_or_else(default_threads));
    let text = match args.format {
        Format::Table => report.table(),
        Format::Json => serde_json::to_string_pretty(&report).context("writing the report as JSON")? + "\n",
        Format::Html => report.html(),
    };
    match &args.output {
        Some(path) => PartialFile::write_all_to(path.clone(), text.as_bytes())?,
        None => std::io::stdout().lock().write_all(text.as_bytes()).context("writing to stdout")?,
    }
    // A pack without rows meets no share of them.
    let asked = args.at_least > 0.0;
    let enough = !asked || report.rows > 0 && f64::from(report.met) >= args.at_least / 100.0 * f64::from(report.rows);
    Ok(if enough { Exit::Done } else { Exit::Findings })
}

/// Draws the patients in blocks, and merges what was gathered of each block in their order.
fn compare(model: &Model<'_>, seed: u64, n_patients: u64, threads: NonZeroUsize) -> Report {
    let plan = Plan::new(model);
    let mut tally = plan.tally();
    let make = |patients: std::ops::Range<u64>| {
        let mut block = plan.tally();
        patients.for_each(|patient| plan.add(&mut block, seed, patient));
        block
    };
    let taken: Result<(), Infallible> = for_each_block(1..n_patients + 1, threads, make, |block| {
        tally.merge(&block);
        Ok(())
    });
    let Ok(()) = taken;
    report(&plan, &tally, seed)
}

#[cfg(test)]
mod tests {
    use twinlake_pack::Pack;

    use super::*;

    #[test]
    fn the_report_is_the_same_on_any_number_of_threads() {
        let model = Model::new(Pack::embedded());
        let on = |threads| compare(&model, 5, 200, NonZeroUsize::new(threads).unwrap());
        let report = on(1);
        assert_eq!(on(3), report);
        assert_eq!(report.patients, 200);
        let counted: u32 = report.families.iter().map(|family| family.rows).sum();
        assert_eq!(report.rows, counted);
        // An issue of the comparison itself: at most a tenth of what counts is left out.
        assert!(f64::from(report.excluded) <= 0.1 * f64::from(report.rows + report.excluded), "{}", report.excluded);
        for row in &report.cells {
            assert!(!row.figures.is_empty());
            assert_eq!(row.met, row.figures.iter().all(|figure| figure.met || !figure.counts), "{}", row.row);
        }
        let page = report.html();
        assert!(page.starts_with("<!doctype html>") && page.contains("</html>"));
        assert!(!page.contains("http://") && !page.contains("https://"), "a page of its own needs nothing else");
        assert_eq!(serde_json::to_value(&report).unwrap()["patients"], 200);
    }
}
