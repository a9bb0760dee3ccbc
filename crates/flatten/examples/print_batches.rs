//! Flattens a file by a view and prints the rows, one JSON object a line.
//!
//! ```sh
//! cargo run -p twinlake-flatten --example print_batches -- view.json patients.ndjson
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::sync::Arc;

use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition, json_lines};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(view), Some(input)) = (arguments.next(), arguments.next()) else {
        return Err("usage: print_batches VIEW INPUT".into());
    };
    let view = ViewDefinition::parse(&fs::read_to_string(view)?)?;
    let plan = Arc::new(Plan::compile(&[view], Types::Typed)?);
    // The columns are known before anything is read.
    let columns =
        plan.tables()[0].schema().fields().iter().map(|field| format!("{}: {}", field.name(), field.data_type()));
    writeln!(io::stderr(), "{}", columns.collect::<Vec<_>>().join(", "))?;
    let input = BufReader::new(File::open(input)?);
    for batch in Flattener::new(plan, 8192).read(input) {
        let mut lines = String::new();
        json_lines(&batch?.rows, &mut lines);
        io::stdout().write_all(lines.as_bytes())?;
    }
    Ok(())
}
