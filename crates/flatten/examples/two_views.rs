//! Two views in one pass: patients, and each of their addresses. What cannot be read is told and passed over.
//!
//! ```sh
//! cargo run -p twinlake-flatten --example two_views -- patients.ndjson
//! ```

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write as _};
use std::sync::Arc;

use twinlake_flatten::{Flattener, Plan, Types, builtin};

const INPUT: &str = r#"{"resourceType":"Patient","id":"a","address":[{"city":"Lund"},{"city":"Malmö"}]}
{"resourceType":"Patient","id":
{"resourceType":"Patient","id":"b"}"#;

fn main() -> Result<(), Box<dyn Error>> {
    let input: Box<dyn BufRead> = match std::env::args().nth(1) {
        Some(path) => Box::new(BufReader::new(File::open(path)?)),
        None => Box::new(INPUT.as_bytes()),
    };
    let wanted = ["patient", "patient_address"];
    let views: Vec<_> = builtin::views().into_iter().filter(|view| wanted.contains(&view.name())).collect();
    let plan = Arc::new(Plan::compile(&views, Types::Typed)?);
    let mut out = io::stdout();
    for batch in Flattener::new(plan.clone(), 8192).read(input) {
        match batch {
            Ok(batch) => {
                writeln!(out, "{}: {} rows", plan.tables()[batch.table].name(), batch.rows.num_rows())?;
            }
            Err(error) => writeln!(out, "left out: {error}: {}", error.fault)?,
        }
    }
    Ok(())
}
