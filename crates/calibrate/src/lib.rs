//! A generated population beside published figures, cell by cell: target, achieved, tolerance, source, verdict.
//!
//! [`Plan`] is a pack's figures made ready; a [`Tally`] gathers people, in sums of fixed size whatever their number;
//! [`report()`] says what came of it. People are surveyed as the simulation has them, not as their charts do: a survey
//! counts everybody. What the charts hold stands beside it.
//!
//! ```
//! use twinlake_calibrate::{Plan, report};
//! use twinlake_pack::Pack;
//! use twinlake_synth::simulate::Model;
//!
//! let model = Model::new(Pack::embedded());
//! let plan = Plan::new(&model);
//! let mut tally = plan.tally();
//! for patient in 1..=20 {
//!     plan.add(&mut tally, 42, patient);
//! }
//! assert_eq!(report(&plan, &tally, 42).patients, 20);
//! ```

mod plan;
mod report;
mod statistics;
mod tally;

pub use plan::Plan;
pub use report::{Family, Omission, Outcome, Report, Row, report};
pub use statistics::{Table2x2, Values, tolerance_of_mean, tolerance_of_share};
pub use tally::Tally;
