//! Flattens a file by a view to Parquet, with memory for one batch.
//!
//! ```sh
//! cargo run -p twinlake-flatten --example to_parquet -- view.json observations.ndjson observations.parquet
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::io::BufReader;
use std::sync::Arc;

use parquet::arrow::ArrowWriter;
use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [view, input, output] = arguments.as_slice() else { return Err("usage: to_parquet VIEW INPUT OUTPUT".into()) };
    let view = ViewDefinition::parse(&fs::read_to_string(view)?)?;
    let plan = Arc::new(Plan::compile(&[view], Types::Typed)?);
    let schema = plan.tables()[0].schema().clone();
    let mut writer = ArrowWriter::try_new(File::create(output)?, schema, None)?;
    let input = BufReader::new(File::open(input)?);
    for batch in Flattener::new(plan, 65_536).read(input) {
        writer.write(&batch?.rows)?;
    }
    writer.close()?;
    Ok(())
}
