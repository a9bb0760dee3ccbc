//! The table that a view makes, as `CREATE TABLE` of a database.
//!
//! ```
//! use twinlake_flatten::schema::{Dialect, create_table};
//! use twinlake_flatten::{Plan, Types, builtin};
//!
//! let views = builtin::views();
//! let view = views.iter().find(|view| view.name() == "goal_target").into_iter().cloned().collect::<Vec<_>>();
//! let plan = Plan::compile(&view, Types::Typed)?;
//! let sql = create_table(&plan.tables()[0], Dialect::DuckDb, view[0].description(), None)?;
//! assert!(sql.starts_with("CREATE TABLE \"goal_target\" (\n    \"goal_id\" VARCHAR,\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use arrow::datatypes::DataType;

use crate::{DESCRIPTION, Table};

/// Whose SQL is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// `DuckDB`.
    DuckDb,
    /// Amazon Athena: an external table over Parquet files, in the DDL of Hive.
    Athena,
    /// `PostgreSQL`.
    PostgreSql,
}

/// Bytes of a comment that the catalog of Athena keeps.
const ATHENA_COMMENT: usize = 255;

/// Why a table has no `CREATE TABLE`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A column of an Arrow type that we do not know in SQL.
    #[error("column `{column}`: the type {data_type} is not known in SQL")]
    Type {
        /// The column.
        column: String,
        /// Its Arrow type.
        data_type: DataType,
    },
    /// A table of Athena without a place for its files.
    #[error("a table of Athena needs a location, e.g. s3://bucket/folder")]
    Location,
}

/// The statement that makes a view's table, ended with `;` and a newline, with its comments.
///
/// Columns are as in the table's schema: all nullable, descriptions as comments. `comment` is that of the table. For
/// [`Dialect::Athena`], `location` is the folder of all tables (`s3://bucket/folder`), in which each has one of its name;
/// the others have no use for it. Timestamps without a zone are in UTC.
///
/// # Errors
///
/// [`SchemaError`]; views of this crate give no type that is not known.
pub fn create_table(
    table: &Table,
    dialect: Dialect,
    comment: Option<&str>,
    location: Option<&str>,
) -> Result<String, SchemaError> {
    let name = dialect.name(table.name());
    let fields = table.schema().fields();
    let mut columns = Vec::with_capacity(fields.len());
    let mut comments = Vec::new();
    if let Some(comment) = comment {
        comments.push(format!("COMMENT ON TABLE {name} IS {};\n", dialect.text(comment)));
    }
    for field in fields {
        let Some(sql_type) = dialect.sql_type(field.data_type()) else {
            return Err(SchemaError::Type { column: field.name().clone(), data_type: field.data_type().clone() });
        };
        let column = dialect.name(field.name());
        let description = field.metadata().get(DESCRIPTION).map(|text| dialect.text(text));
        columns.push(match description {
            Some(text) if dialect == Dialect::Athena => format!("    {column} {sql_type} COMMENT {text}"),
            Some(text) => {
                comments.push(format!("COMMENT ON COLUMN {name}.{column} IS {text};\n"));
                format!("    {column} {sql_type}")
            }
            None => format!("    {column} {sql_type}"),
        });
    }
    let columns = columns.join(",\n");
    if dialect == Dialect::Athena {
        let folder = location.map(|folder| folder.trim_end_matches('/')).filter(|folder| !folder.is_empty());
        let folder = format!("{}/{}/", folder.ok_or(SchemaError::Location)?, table.name());
        let comment = comment.map(|text| format!("COMMENT {}\n", dialect.text(text))).unwrap_or_default();
        return Ok(format!(
            "CREATE EXTERNAL TABLE {name} (\n{columns}\n)\n{comment}STORED AS PARQUET\nLOCATION {};\n",
            dialect.text(&folder)
        ));
    }
    Ok(format!("CREATE TABLE {name} (\n{columns}\n);\n{}", comments.concat()))
}

impl Dialect {
    /// A name in quotes. Names of views and columns are letters, digits and `_`, but may be words of SQL.
    fn name(self, name: &str) -> String {
        match self {
            Self::Athena => format!("`{name}`"),
            Self::DuckDb | Self::PostgreSql => format!("\"{name}\""),
        }
    }

    fn text(self, text: &str) -> String {
        // A comment is one line.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match self {
            Self::DuckDb | Self::PostgreSql => format!("'{}'", text.replace('\'', "''")),
            Self::Athena => {
                let mut end = text.len().min(ATHENA_COMMENT);
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                format!("'{}'", text[..end].replace('\\', "\\\\").replace('\'', "\\'"))
            }
        }
    }

    fn sql_type(self, data_type: &DataType) -> Option<String> {
        let [duckdb, athena, postgresql] = match data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => ["VARCHAR", "string", "text"],
            DataType::Boolean => ["BOOLEAN", "boolean", "boolean"],
            DataType::Int32 => ["INTEGER", "int", "integer"],
            DataType::Int64 => ["BIGINT", "bigint", "bigint"],
            DataType::Float64 => ["DOUBLE", "double", "double precision"],
            DataType::Date32 => ["DATE", "date", "date"],
            DataType::Timestamp(_, None) => ["TIMESTAMP", "timestamp", "timestamp"],
            DataType::Timestamp(_, Some(_)) => ["TIMESTAMPTZ", "timestamp", "timestamptz"],
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ["BLOB", "binary", "bytea"],
            DataType::Decimal128(precision, scale) => {
                let name = if self == Self::Athena { "decimal" } else { "DECIMAL" };
                return Some(format!("{name}({precision}, {scale})"));
            }
            DataType::Dictionary(_, value) => return self.sql_type(value),
            DataType::List(item) => {
                let item = self.sql_type(item.data_type())?;
                return Some(if self == Self::Athena { format!("array<{item}>") } else { format!("{item}[]") });
            }
            _ => return None,
        };
        let name = match self {
            Self::DuckDb => duckdb,
            Self::Athena => athena,
            Self::PostgreSql => postgresql,
        };
        Some(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Plan, Types, ViewDefinition};

    const VIEW: &str = r#"{"name": "order", "description": "One row a Patient's\n name.", "resource": "Patient", "select": [{"column": [
        {"name": "end", "path": "getResourceKey()", "type": "id", "description": "The patient's id."},
        {"name": "born", "path": "birthDate", "type": "date"},
        {"name": "seen", "path": "meta.lastUpdated", "type": "instant"},
        {"name": "dead", "path": "deceased.ofType(boolean)", "type": "boolean"},
        {"name": "n", "path": "multipleBirth.ofType(integer)", "type": "integer"},
        {"name": "price", "path": "1.5", "type": "decimal", "tag": [{"name": "ansi/type", "value": "DECIMAL(10, 2)"}]},
        {"name": "photo", "path": "photo.first().data", "type": "base64Binary"},
        {"name": "given", "path": "name.given", "type": "string", "collection": true}]}]}"#;

    fn sql(dialect: Dialect, types: Types, location: Option<&str>) -> Result<String, SchemaError> {
        let view = ViewDefinition::parse(VIEW).unwrap();
        let plan = Plan::compile(std::slice::from_ref(&view), types).unwrap();
        create_table(&plan.tables()[0], dialect, view.description(), location)
    }

    #[test]
    fn each_dialect_has_its_types_and_comments() {
        assert_eq!(
            sql(Dialect::DuckDb, Types::Ansi, None).unwrap(),
            r#"CREATE TABLE "order" (
    "end" VARCHAR,
    "born" VARCHAR,
    "seen" TIMESTAMPTZ,
    "dead" BOOLEAN,
    "n" INTEGER,
    "price" DECIMAL(10, 2),
    "photo" BLOB,
    "given" VARCHAR[]
);
COMMENT ON TABLE "order" IS 'One row a Patient''s name.';
COMMENT ON COLUMN "order"."end" IS 'The patient''s id.';
"#
        );
        assert_eq!(
            sql(Dialect::PostgreSql, Types::Typed, None).unwrap(),
            r#"CREATE TABLE "order" (
    "end" text,
    "born" date,
    "seen" timestamp,
    "dead" boolean,
    "n" integer,
    "price" DECIMAL(10, 2),
    "photo" text,
    "given" text[]
);
COMMENT ON TABLE "order" IS 'One row a Patient''s name.';
COMMENT ON COLUMN "order"."end" IS 'The patient''s id.';
"#
        );
        assert_eq!(
            sql(Dialect::Athena, Types::Typed, Some("s3://bucket/fhir/")).unwrap(),
            r"CREATE EXTERNAL TABLE `order` (
    `end` string COMMENT 'The patient\'s id.',
    `born` date,
    `seen` timestamp,
    `dead` boolean,
    `n` int,
    `price` decimal(10, 2),
    `photo` string,
    `given` array<string>
)
COMMENT 'One row a Patient\'s name.'
STORED AS PARQUET
LOCATION 's3://bucket/fhir/order/';
"
        );
        assert!(matches!(sql(Dialect::Athena, Types::Ansi, None), Err(SchemaError::Location)));
    }

    #[test]
    fn a_comment_of_athena_is_cut_between_letters() {
        let text = Dialect::Athena.text(&"ü".repeat(200));
        assert_eq!(text, format!("'{}'", "ü".repeat(127)));
    }
}
