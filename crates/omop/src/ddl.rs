//! The tables as SQL, and scripts that load CSV files into them, with primary and foreign keys.
//!
//! Everything follows from the [specs](crate::spec): names, types, `not null`, primary keys and references. Keys are
//! `bigint`, since they go beyond 32 bits; concept ids and other whole numbers are `integer`.
//!
//! `PostgreSQL` takes its keys after the rows, with [`postgres_keys`]. `DuckDB` knows no keys but those of `create table`,
//! and a row may not refer to one of its own statement; so references inside one table are
//! [checked](load) there after loading instead.
//!
//! Four references are [left open](is_open): to the concepts that stand for a vocabulary, a domain, a concept class and a
//! relationship, whose rows a part of the vocabulary need not hold.

use std::fmt::Write as _;

use crate::spec::{FieldSpec, Kind};
use crate::tables::Table;

/// A database that SQL is written for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// `DuckDB`.
    DuckDb,
    /// `PostgreSQL`; scripts are for its `psql`.
    Postgres,
}

/// A reference of one table's field to a row of a table.
#[derive(Clone, Copy, Debug)]
pub struct ForeignKey {
    /// The table that refers.
    pub table: Table,
    /// Its field.
    pub field: &'static FieldSpec,
    /// The table referred to.
    pub to: Table,
    /// Its primary key.
    pub to_field: &'static str,
}

/// The references of a table that both databases are told of.
pub fn foreign_keys(table: Table) -> impl Iterator<Item = ForeignKey> {
    let fields = table.spec().fields.iter().filter(move |field| !is_open(table, field.name));
    fields.filter_map(move |field| {
        Some(ForeignKey { table, field, to: Table::from_name(field.fk_table?)?, to_field: field.fk_field? })
    })
}

/// Whether a reference is left undeclared: the concept that stands for a vocabulary, domain, concept class or relationship.
pub fn is_open(table: Table, field: &str) -> bool {
    matches!(
        (table, field),
        (Table::Vocabulary, "vocabulary_concept_id")
            | (Table::Domain, "domain_concept_id")
            | (Table::ConceptClass, "concept_class_concept_id")
            | (Table::Relationship, "relationship_concept_id")
    )
}

/// The tables in an order in which each comes after those that it refers to.
pub fn load_order() -> Vec<Table> {
    let mut order: Vec<Table> = Vec::with_capacity(Table::ALL.len());
    while order.len() < Table::ALL.len() {
        let before = order.len();
        for table in Table::ALL {
            let ready = foreign_keys(table).all(|key| key.to == table || order.contains(&key.to));
            if ready && !order.contains(&table) {
                order.push(table);
            }
        }
        assert!(order.len() > before, "references between tables form a circle");
    }
    order
}

/// `create table` for all 39 tables; for `DuckDB` with their keys.
pub fn tables(dialect: Dialect) -> String {
    let mut sql = match dialect {
        Dialect::DuckDb => head("The tables of OMOP CDM v5.4 for DuckDB, with primary and foreign keys."),
        Dialect::Postgres => head("The tables of OMOP CDM v5.4 for PostgreSQL; keys follow in keys_postgres.sql."),
    };
    for table in load_order() {
        let mut lines: Vec<String> = table.spec().fields.iter().map(|field| column(dialect, field)).collect();
        if dialect == Dialect::DuckDb {
            lines.extend(primary_key(table).map(|field| format!("primary key ({})", quoted(field))));
            let declared = foreign_keys(table).filter(|key| key.to != table);
            lines.extend(declared.map(|key| {
                format!("foreign key ({}) references {} ({})", quoted(key.field.name), key.to, key.to_field)
            }));
        }
        let _ = write!(sql, "\ncreate table {table} (\n    {}\n);\n", lines.join(",\n    "));
    }
    sql
}

/// Primary keys, foreign keys and indices for `PostgreSQL`, to be set when the rows are there.
///
/// Indexed are the person, the visit, and each table's own concepts (those that every row has, but for its type).
pub fn postgres_keys() -> String {
    let mut sql = head("Primary keys, foreign keys and indices for PostgreSQL, to be set after the rows are there.");
    for table in load_order() {
        for field in primary_key(table) {
            let _ = write!(sql, "\nalter table {table} add constraint pk_{table} primary key ({});\n", quoted(field));
        }
    }
    for table in load_order() {
        for (place, ForeignKey { field, to, to_field, .. }) in foreign_keys(table).enumerate() {
            let blank = if place == 0 { "\n" } else { "" };
            let name = quoted(field.name);
            let _ = writeln!(
                sql,
                "{blank}alter table {table} add constraint fk_{table}_{} foreign key ({name}) references {to} ({to_field});",
                field.name
            );
        }
    }
    sql.push('\n');
    for table in load_order() {
        for field in table.spec().fields.iter().filter(|field| is_indexed(field)) {
            let name = field.name;
            let _ = writeln!(sql, "create index ix_{table}_{name} on {table} ({});", quoted(name));
        }
    }
    sql
}

/// A script that makes the tables (for `PostgreSQL`; for `DuckDB` they are there), loads each from its CSV files, and sets or checks the keys.
///
/// `files` gives a table's files, as the script is to name them; a table without files stays empty.
pub fn load(dialect: Dialect, mut files: impl FnMut(Table) -> Vec<String>) -> String {
    let mut sql = match dialect {
        Dialect::DuckDb => head(
            "Loads the CSV files of this folder into DuckDB, after tables_duckdb.sql; keys are checked row by row.\n\
             -- File names are relative to DuckDB's current folder, or to its setting file_search_path.",
        ),
        Dialect::Postgres => head(
            "Makes the tables in PostgreSQL, loads the CSV files of this folder, and sets the keys; all of it or nothing.\n\
             -- In this folder: psql --dbname <database> --file load_postgres.sql",
        ),
    };
    sql.push_str(match dialect {
        Dialect::DuckDb => "\nbegin transaction;\n\n",
        Dialect::Postgres => "\n\\set ON_ERROR_STOP on\nbegin;\n\\ir tables_postgres.sql\n\n",
    });
    for table in load_order() {
        for file in files(table) {
            let file = file.replace('\'', "''");
            let _ = match dialect {
                Dialect::DuckDb => writeln!(
                    sql,
                    "copy {table} from '{file}' (format csv, header true, delimiter ',', quote '\"', escape '\"', nullstr '', auto_detect false);"
                ),
                Dialect::Postgres => {
                    writeln!(sql, "\\copy {table} from '{file}' with (format csv, header true, encoding 'UTF8')")
                }
            };
        }
    }
    match dialect {
        Dialect::DuckDb => {
            sql.push_str(
                "\n-- References inside one table, which DuckDB cannot declare for rows that come together.\n",
            );
            for key in Table::ALL.into_iter().flat_map(foreign_keys).filter(|key| key.to == key.table) {
                let (table, field, to) = (key.table, quoted(key.field.name), key.to_field);
                let _ = writeln!(
                    sql,
                    "select case when count(*) > 0 then error('{table}.{field} names rows that are not there') end\n\
                     from {table} as child anti join {table} as parent on child.{field} = parent.{to}\n\
                     where child.{field} is not null;"
                );
            }
            sql.push_str("\ncommit;\n");
        }
        Dialect::Postgres => sql.push_str("\n\\ir keys_postgres.sql\ncommit;\nanalyze;\n"),
    }
    sql
}

fn head(what: &str) -> String {
    format!(
        "-- {what}\n\
         -- Not declared: the concepts that stand for a vocabulary, a domain, a concept class and a relationship, whose\n\
         -- rows the crosswalk does not hold.\n"
    )
}

fn column(dialect: Dialect, field: &FieldSpec) -> String {
    let kind = match (field.kind, dialect) {
        (Kind::Key, _) => "bigint".to_owned(),
        (Kind::Concept | Kind::Integer, _) => "integer".to_owned(),
        (Kind::Float, Dialect::DuckDb) => "double".to_owned(),
        (Kind::Float, Dialect::Postgres) => "double precision".to_owned(),
        (Kind::Date, _) => "date".to_owned(),
        (Kind::DateTime, _) => "timestamp".to_owned(),
        (Kind::Text, _) => field.max_length.map_or_else(|| "text".to_owned(), |most| format!("varchar({most})")),
    };
    format!("{} {kind}{}", quoted(field.name), if field.required { " not null" } else { "" })
}

fn primary_key(table: Table) -> impl Iterator<Item = &'static str> {
    table.spec().fields.iter().filter(|field| field.primary_key).map(|field| field.name)
}

fn is_indexed(field: &FieldSpec) -> bool {
    let own_concept = field.kind == Kind::Concept && field.required && !field.name.ends_with("_type_concept_id");
    !field.primary_key && (own_concept || matches!(field.name, "person_id" | "visit_occurrence_id"))
}

/// A name as SQL takes it; one field has a name that is also a word of the language.
fn quoted(name: &str) -> String {
    if name == "offset" { format!("\"{name}\"") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_is_declared_but_the_open_ones() {
        let fields = |table: Table| table.spec().fields.iter().filter(|field| field.fk_table.is_some());
        let n_references: usize = Table::ALL.into_iter().map(|table| fields(table).count()).sum();
        let n_declared: usize = Table::ALL.into_iter().map(|table| foreign_keys(table).count()).sum();
        assert_eq!(n_references, n_declared + 4);
        assert_eq!(postgres_keys().matches("add constraint fk_").count(), n_declared);
        let inside: Vec<_> = Table::ALL
            .into_iter()
            .flat_map(foreign_keys)
            .filter(|key| key.to == key.table)
            .map(|key| key.field.name)
            .collect();
        assert_eq!(inside, ["preceding_visit_occurrence_id", "preceding_visit_detail_id", "parent_visit_detail_id"]);
        assert_eq!(tables(Dialect::DuckDb).matches("foreign key (").count(), n_declared - inside.len());
        for key in Table::ALL.into_iter().flat_map(foreign_keys) {
            assert_eq!(primary_key(key.to).collect::<Vec<_>>(), [key.to_field], "{}.{}", key.table, key.field.name);
        }
    }

    #[test]
    fn keys_are_wide_and_required_fields_not_null() {
        for dialect in [Dialect::DuckDb, Dialect::Postgres] {
            let sql = tables(dialect);
            assert_eq!(sql.matches("create table").count(), 39);
            assert!(sql.contains("    measurement_id bigint not null,\n    person_id bigint not null,\n"), "{sql}");
            assert!(sql.contains("    measurement_concept_id integer not null,\n"));
            assert!(sql.contains("    \"offset\" varchar(50),\n"));
        }
    }

    #[test]
    fn names_of_constraints_are_not_cut_short() {
        // PostgreSQL keeps the first 63 bytes of a name.
        let sql = postgres_keys();
        let names =
            sql.split_whitespace().filter(|word| ["pk_", "fk_", "ix_"].iter().any(|start| word.starts_with(start)));
        let mut names: Vec<&str> = names.collect();
        assert!(names.iter().all(|name| name.len() <= 63), "{names:?}");
        let n_names = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n_names);
    }

    #[test]
    fn a_table_is_loaded_from_each_of_its_files_after_what_it_refers_to() {
        let sql = load(Dialect::Postgres, |table| match table {
            Table::Person => vec!["person/1-of-2.csv".to_owned(), "person/2-of-2.csv".to_owned()],
            Table::Concept => vec!["it's.csv".to_owned()],
            _ => Vec::new(),
        });
        let copies: Vec<&str> = sql.lines().filter(|line| line.starts_with("\\copy")).collect();
        assert_eq!(copies.len(), 3);
        assert!(copies[0].starts_with("\\copy concept from 'it''s.csv' "));
        assert!(copies[2].starts_with("\\copy person from 'person/2-of-2.csv' "));
    }
}
