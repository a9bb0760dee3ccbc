//! The load kit: SQL beside the CSV files that makes the tables in a database and loads them, with their keys.

use std::path::Path;

use anyhow::Result;
use twinlake_omop::Table;
use twinlake_omop::ddl::{self, Dialect};
use twinlake_synth::cohort::Shard;
use twinlake_task::PartialFile;

use crate::folder::is_of_patients;

/// Writes the kit of a cohort in `shard.of()` parts into the folder of its CSV files; the part that holds patient 1 does,
/// since the tables that refer to nobody come with it.
pub(crate) fn write(folder: &Path, shard: Shard) -> Result<()> {
    let files = |table: Table| files(table, shard);
    for (name, sql) in [
        ("tables_duckdb.sql", ddl::tables(Dialect::DuckDb)),
        ("load_duckdb.sql", ddl::load(Dialect::DuckDb, files)),
        ("tables_postgres.sql", ddl::tables(Dialect::Postgres)),
        ("keys_postgres.sql", ddl::postgres_keys()),
        ("load_postgres.sql", ddl::load(Dialect::Postgres, files)),
    ] {
        PartialFile::write_all_to(folder.join(name), sql.as_bytes())?;
    }
    Ok(())
}

/// A table's files of all parts: those of patients are in every part, the others in the one that writes the kit.
fn files(table: Table, shard: Shard) -> Vec<String> {
    let (name, of) = (table.name(), shard.of());
    if of == 1 {
        return vec![format!("{name}.csv")];
    }
    let part = |index: u64| format!("{name}/{index}-of-{of}.csv");
    if is_of_patients(table) { (1..=of).map(part).collect() } else { vec![part(shard.index())] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_patients_and_one_the_rest() {
        let shard = Shard::new(1, 3).unwrap();
        assert_eq!(files(Table::Person, shard), ["person/1-of-3.csv", "person/2-of-3.csv", "person/3-of-3.csv"]);
        assert_eq!(files(Table::Concept, shard), ["concept/1-of-3.csv"]);
        assert_eq!(files(Table::Note, Shard::WHOLE), ["note.csv"]);
        assert_eq!(files(Table::Cost, shard).len(), 3);
    }
}
