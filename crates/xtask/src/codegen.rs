//! `cargo xtask codegen`: the code of `crates/omop/src/tables` from `crates/omop/spec/cdm_v5_4.csv`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// Writes (or with `--check` only compares) the generated tables of `twinlake-omop`.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// Change nothing; fail when the committed code differs from what the specification gives
    #[arg(long)]
    pub(crate) check: bool,
}

/// Runs `cargo xtask codegen`.
///
/// # Errors
///
/// When the specification cannot be read, and with `--check` when a file differs.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace_root();
    let files = generate(&root)?;
    let folder = root.join(FOLDER);
    if args.check {
        let stale = differing(&folder, &files)?;
        ensure!(
            stale.is_empty(),
            "{FOLDER} differs from the specification in {}; run `cargo xtask codegen`",
            stale.join(", ")
        );
        return Ok(());
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in differing(&folder, &files)? {
        let path = folder.join(&name);
        match files.get(&name) {
            Some(text) => std::fs::write(&path, text),
            None => std::fs::remove_file(&path),
        }
        .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Where the generated files lie, from the workspace's root.
const FOLDER: &str = "crates/omop/src/tables";

/// The root of the workspace.
pub(crate) fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Names of files that differ between the folder and what they should hold, missing and surplus ones too.
///
/// # Errors
///
/// When the folder cannot be read.
pub(crate) fn differing(folder: &Path, files: &BTreeMap<String, String>) -> anyhow::Result<Vec<String>> {
    let mut stale = Vec::new();
    for (name, text) in files {
        if std::fs::read_to_string(folder.join(name)).ok().as_ref() != Some(text) {
            stale.push(name.clone());
        }
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !files.contains_key(&name) {
            stale.push(name);
        }
    }
    Ok(stale)
}

/// Each generated file's name and text.
///
/// # Errors
///
/// When the specification cannot be read, holds a type we do not know, or `rustfmt` is missing.
pub(crate) fn generate(root: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let tables = read_spec(&root.join("crates/omop/spec/cdm_v5_4.csv"))?;
    let mut files = BTreeMap::new();
    files.insert("mod.rs".to_owned(), rustfmt(&module_of(&tables))?);
    for table in &tables {
        files.insert(format!("{}.rs", table.name), rustfmt(&file_of(table))?);
    }
    Ok(files)
}

/// A table of the specification.
struct TableFacts {
    name: String,
    fields: Vec<FieldFacts>,
}

/// A field of the specification.
struct FieldFacts {
    name: String,
    official_type: String,
    kind: Kind,
    required: bool,
    primary_key: bool,
    fk_table: String,
    fk_field: String,
    fk_domain: String,
    fk_class: String,
}

/// The types we tell apart; the CDM's `integer` is three of them.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Key,
    Concept,
    Integer,
    Float,
    Date,
    DateTime,
    Text,
}

impl Kind {
    fn variant(self) -> &'static str {
        match self {
            Kind::Key => "Key",
            Kind::Concept => "Concept",
            Kind::Integer => "Integer",
            Kind::Float => "Float",
            Kind::Date => "Date",
            Kind::DateTime => "DateTime",
            Kind::Text => "Text",
        }
    }

    fn rust_type(self) -> &'static str {
        match self {
            Kind::Key => "i64",
            Kind::Concept => "ConceptId",
            Kind::Integer => "i32",
            Kind::Float => "f64",
            Kind::Date => "NaiveDate",
            Kind::DateTime => "NaiveDateTime",
            Kind::Text => "String",
        }
    }
}

fn read_spec(path: &Path) -> anyhow::Result<Vec<TableFacts>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    let mut tables: Vec<TableFacts> = Vec::new();
    for record in reader.records() {
        let record = record?;
        let [table, name, official_type, required, primary_key, fk_table, fk_field, fk_domain, fk_class] = record
            .iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .try_into()
            .map_err(|_| anyhow::anyhow!("a record of {} has not nine fields", path.display()))?;
        let field = FieldFacts {
            kind: kind_of(&name, &official_type, &fk_table)?,
            name,
            official_type,
            required: yes_or_no(&required)?,
            primary_key: yes_or_no(&primary_key)?,
            fk_table,
            fk_field,
            fk_domain,
            fk_class,
        };
        match tables.last_mut() {
            Some(last) if last.name == table => last.fields.push(field),
            _ => tables.push(TableFacts { name: table, fields: vec![field] }),
        }
    }
    Ok(tables)
}

fn yes_or_no(text: &str) -> anyhow::Result<bool> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => bail!("`{text}` is neither yes nor no"),
    }
}

/// Concept ids are 32 bits wide; row keys and every reference to one 64, since the CDM's `integer` is too small for them.
fn kind_of(name: &str, official_type: &str, fk_table: &str) -> anyhow::Result<Kind> {
    Ok(match official_type {
        "integer" if fk_table == "concept" || name == "concept_id" => Kind::Concept,
        "integer" if name.ends_with("_id") || name.starts_with("fact_id_") => Kind::Key,
        "integer" => Kind::Integer,
        "float" => Kind::Float,
        "date" => Kind::Date,
        "datetime" => Kind::DateTime,
        _ if official_type.starts_with("varchar(") => Kind::Text,
        _ => bail!("unknown type `{official_type}` of `{name}`"),
    })
}

fn struct_name(table: &str) -> String {
    let mut name = String::new();
    for word in table.split('_') {
        let (first, rest) = word.split_at(1);
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}

fn max_length(field: &FieldFacts) -> Option<u32> {
    let digits = field.official_type.strip_prefix("varchar(")?;
    digits.strip_suffix(')')?.parse().ok()
}

fn doc_of(field: &FieldFacts) -> String {
    let mut doc = match field.kind {
        Kind::Key if field.primary_key => "Key of the row".to_owned(),
        Kind::Key if !field.fk_table.is_empty() => format!("Key of a row of `{}`", field.fk_table),
        Kind::Key => "Key of a row".to_owned(),
        Kind::Concept if field.primary_key => "Concept of the row".to_owned(),
        Kind::Concept if !field.fk_domain.is_empty() => format!("Concept of domain {}", field.fk_domain),
        Kind::Concept => "Concept".to_owned(),
        Kind::Integer => "Whole number".to_owned(),
        Kind::Float => "Number".to_owned(),
        Kind::Date => "Day".to_owned(),
        Kind::DateTime => "Day and time, wall clock".to_owned(),
        Kind::Text => match max_length(field) {
            Some(length) => format!("Text of at most {length} characters"),
            None => "Text of any length".to_owned(),
        },
    };
    if !field.fk_class.is_empty() {
        let _ = write!(doc, ", class {}", field.fk_class);
    }
    doc.push_str(if field.required { "; required." } else { "." });
    doc
}

const HEADER: &str = "// Generated by `cargo xtask codegen` from `spec/cdm_v5_4.csv`; edit that file instead.\n\n";

fn file_of(table: &TableFacts) -> String {
    let name = struct_name(&table.name);
    let mut out = HEADER.to_owned();
    let has = |kind| table.fields.iter().any(|field| field.kind == kind);
    match (has(Kind::Date), has(Kind::DateTime)) {
        (true, true) => out.push_str("use chrono::{NaiveDate, NaiveDateTime};\n\n"),
        (true, false) => out.push_str("use chrono::NaiveDate;\n\n"),
        (false, true) => out.push_str("use chrono::NaiveDateTime;\n\n"),
        (false, false) => {}
    }
    if has(Kind::Concept) {
        out.push_str("use crate::ConceptId;\n");
    }
    out.push_str("use crate::cell::Cell;\nuse crate::row::Row;\nuse crate::spec::{FieldSpec, Kind, TableSpec};\n");
    out.push_str("use crate::tables::Table;\n\n");

    let _ = writeln!(out, "/// One row of `{}`.", table.name);
    out.push_str("#[derive(Clone, Debug, Default, PartialEq)]\n");
    let _ = writeln!(out, "pub struct {name} {{");
    for field in &table.fields {
        let _ = writeln!(out, "/// {}", doc_of(field));
        let rust_type = field.kind.rust_type();
        if field.required {
            let _ = writeln!(out, "pub {}: {rust_type},", field.name);
        } else {
            let _ = writeln!(out, "pub {}: Option<{rust_type}>,", field.name);
        }
    }
    out.push_str("}\n\n");

    let _ = writeln!(out, "impl Row for {name} {{\nconst TABLE: Table = Table::{name};\n");
    out.push_str("fn cell(&self, column: usize) -> Cell<'_> {\nmatch column {\n");
    for (index, field) in table.fields.iter().enumerate() {
        let borrow = if field.kind == Kind::Text { "&" } else { "" };
        let value = if field.kind == Kind::Text && !field.required {
            format!("self.{}.as_deref()", field.name)
        } else {
            format!("{borrow}self.{}", field.name)
        };
        let _ = writeln!(out, "{index} => Cell::from({value}),");
    }
    out.push_str("_ => Cell::Null,\n}\n}\n}\n\n");

    let _ = writeln!(out, "pub(crate) const SPEC: TableSpec = TableSpec {{");
    let _ = writeln!(out, "name: {:?},", table.name);
    let key = table
        .fields
        .iter()
        .position(|field| field.primary_key && field.kind != Kind::Text)
        // A person dies once: the CDM names no key, the person is one.
        .or_else(|| (table.name == "death").then_some(0));
    let _ = writeln!(out, "key_column: {key:?},");
    let person = table.fields.iter().position(|field| field.name == "person_id");
    let _ = writeln!(out, "person_column: {person:?},");
    out.push_str("fields: &[\n");
    for field in &table.fields {
        let _ = write!(out, "FieldSpec::new({:?}, Kind::{})", field.name, field.kind.variant());
        if field.required {
            out.push_str(".required()");
        }
        if field.primary_key {
            out.push_str(".primary_key()");
        }
        if let Some(length) = max_length(field) {
            let _ = write!(out, ".at_most({length})");
        }
        if !field.fk_table.is_empty() {
            let _ = write!(out, ".refers_to({:?}, {:?})", field.fk_table, field.fk_field);
        }
        if !field.fk_domain.is_empty() {
            let _ = write!(out, ".of_domain({:?})", field.fk_domain);
        }
        if !field.fk_class.is_empty() {
            let _ = write!(out, ".of_class({:?})", field.fk_class);
        }
        out.push_str(",\n");
    }
    out.push_str("],\n};\n");
    out
}

fn module_of(tables: &[TableFacts]) -> String {
    let mut out =
        HEADER.replacen("//", "//! The tables of the CDM: a struct each, and enums over all of them.\n\n//", 1);
    out.push_str("use crate::cell::Cell;\nuse crate::row::Row;\nuse crate::spec::TableSpec;\n\n");
    for table in tables {
        let _ = writeln!(out, "mod {};", table.name);
    }
    out.push('\n');
    for table in tables {
        let _ = writeln!(out, "pub use {}::{};", table.name, struct_name(&table.name));
    }

    out.push_str("\n/// A table of the CDM.\n#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]\npub enum Table {\n");
    for table in tables {
        let _ = writeln!(out, "/// `{}`.\n{},", table.name, struct_name(&table.name));
    }
    out.push_str("}\n\nimpl Table {\n");
    let _ = writeln!(out, "/// All {} tables, in the order of the specification.", tables.len());
    let _ = writeln!(out, "pub const ALL: [Table; {}] = [", tables.len());
    for table in tables {
        let _ = writeln!(out, "Table::{},", struct_name(&table.name));
    }
    out.push_str("];\n\n/// What the specification says about the table.\npub fn spec(self) -> &'static TableSpec {\nmatch self {\n");
    for table in tables {
        let _ = writeln!(out, "Table::{} => &{}::SPEC,", struct_name(&table.name), table.name);
    }
    out.push_str("}\n}\n}\n\n");

    out.push_str("/// A row of any table.\n#[derive(Clone, Debug, PartialEq)]\npub enum AnyRow {\n");
    for table in tables {
        let name = struct_name(&table.name);
        let _ = writeln!(out, "/// A row of `{}`.\n{name}({name}),", table.name);
    }
    out.push_str("}\n\nimpl AnyRow {\n");
    for (doc, signature, call) in [
        ("The table of the row.", "table(&self) -> Table", "table()"),
        (
            "The value in a column, counted from 0; [`Cell::Null`] beyond the last.",
            "cell(&self, column: usize) -> Cell<'_>",
            "cell(column)",
        ),
        ("The row's key; see [`Row::key`].", "key(&self) -> Option<i64>", "key()"),
        ("The person the row belongs to; see [`Row::person_id`].", "person_id(&self) -> Option<i64>", "person_id()"),
    ] {
        let _ = writeln!(out, "/// {doc}\npub fn {signature} {{\nmatch self {{");
        for table in tables {
            let _ = writeln!(out, "AnyRow::{}(row) => row.{call},", struct_name(&table.name));
        }
        out.push_str("}\n}\n\n");
    }
    out.push_str("}\n");
    for table in tables {
        let name = struct_name(&table.name);
        let _ = writeln!(
            out,
            "\nimpl From<{name}> for AnyRow {{\nfn from(row: {name}) -> Self {{\nAnyRow::{name}(row)\n}}\n}}"
        );
    }
    out
}

fn rustfmt(code: &str) -> anyhow::Result<String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .current_dir(workspace_root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting `rustfmt`; it is a component of the toolchain")?;
    child.stdin.take().context("rustfmt's input is a pipe")?.write_all(code.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "`rustfmt` failed: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_code_is_what_the_specification_gives() {
        let root = workspace_root();
        let stale = differing(&root.join(FOLDER), &generate(&root).unwrap()).unwrap();
        assert!(stale.is_empty(), "run `cargo xtask codegen`: {stale:?}");
    }

    #[test]
    fn a_change_of_the_code_is_noticed() {
        let root = workspace_root();
        let mut files = generate(&root).unwrap();
        files.get_mut("death.rs").unwrap().push('\n');
        files.insert("surplus.rs".to_owned(), String::new());
        assert_eq!(differing(&root.join(FOLDER), &files).unwrap(), ["death.rs", "surplus.rs"]);
    }
}
