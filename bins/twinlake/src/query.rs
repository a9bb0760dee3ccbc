//! `twinlake query`: SQL on the marts and on the lake's tables.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use twinlake_lake::BlockingLake;
use twinlake_task::Exit;

use crate::layout::Layout;
use crate::python::{Python, PythonArgs};

/// Run SQL on the marts (`marts.*`, `metrics.*`) and on the lake's tables (`omop.*`, `fhir.*`, `quality.*`, `ops.*`)
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct QueryArgs {
    /// The query, in DuckDB's SQL
    sql: String,

    /// Output folder of the run
    #[arg(long, default_value = "twinlake-out", value_name = "DIR")]
    out: PathBuf,

    #[command(flatten)]
    python: PythonArgs,

    #[command(flatten)]
    pub(crate) task: twinlake_task::Args,
}

/// Loads DuckDB's extensions, makes a view for each table of the lake, attaches the marts and prints the answer.
const SCRIPT: &str = r#"
import json, os, sys
import duckdb
order = json.load(sys.stdin)
connection = duckdb.connect()
folder = os.environ["TWINLAKE_DUCKDB_EXTENSIONS"]
quoted = lambda text: "'" + text.replace("'", "''") + "'"
connection.execute(f"set extension_directory = {quoted(folder)}")
for extension in ("avro", "httpfs", "iceberg"):
    connection.execute(f"load {extension}")
if order["database"]:
    connection.execute(f"attach {quoted(order['database'])} as twinlake (read_only)")
for name, location in order["tables"].items():
    schema, table = name.split(".")
    connection.execute(f"create schema if not exists {schema}")
    connection.execute(f"create view {schema}.{table} as select * from iceberg_scan({quoted(location)})")
if order["database"]:
    tables = connection.execute(
        "select schema_name, view_name from duckdb_views() where database_name = 'twinlake' and not internal"
        " union all select schema_name, table_name from duckdb_tables() where database_name = 'twinlake'"
    ).fetchall()
    for schema, table in tables:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create view {schema}.{table} as select * from twinlake.{schema}.{table}")
try:
    answer = connection.sql(order["sql"])
except duckdb.Error as error:
    sys.exit(f"error: {error}")
if answer is not None:
    answer.show(max_rows=200, max_width=200)
"#;

/// Runs the query.
///
/// # Errors
///
/// No lake in the output folder, or DuckDB's own error.
pub(crate) fn query(args: &QueryArgs) -> Result<Exit> {
    use std::io::Write as _;
    use std::process::Stdio;

    let layout = Layout::new(&args.out);
    if !layout.lake().join("catalog.db").exists() {
        bail!("no lake in `{}`; make one with `twinlake run`, or give --out DIR", args.out.display());
    }
    let lake = BlockingLake::open_local(layout.lake())?;
    let with_rows = lake.tables()?.into_iter().filter(|table| table.snapshot_id.is_some());
    let tables: serde_json::Map<_, _> =
        with_rows.map(|table| (table.name, serde_json::Value::from(table.metadata_location))).collect();
    let database = layout.database();
    let database = if database.exists() { Some(std::path::absolute(database)?) } else { None };
    let order = serde_json::json!({ "sql": args.sql, "tables": tables, "database": database });
    let python = Python::prepare(&args.python)?;
    let mut child = python.command().args(["-c", SCRIPT]).stdin(Stdio::piped()).spawn().context("starting Python")?;
    child.stdin.take().context("no pipe to Python")?.write_all(order.to_string().as_bytes())?;
    let status = child.wait()?;
    if !status.success() {
        bail!("the query failed");
    }
    Ok(Exit::Done)
}
