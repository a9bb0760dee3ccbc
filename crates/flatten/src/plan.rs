//! From views to a plan: paths parsed once, columns in their order, a schema that is known before any resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};

use crate::error::ViewError;
use crate::eval::static_type;
use crate::path::{self, Expr, Kind};
use crate::types::{Physical, Types};
use crate::view::{self, Iterate, ViewDefinition};

/// Views of one resource type, ready to run.
///
/// ```
/// # use twinlake_flatten::{Plan, Types, ViewDefinition};
/// let view = ViewDefinition::parse(
///     r#"{"name": "birth", "resource": "Patient", "select": [{"column": [
///         {"name": "id", "path": "getResourceKey()"}, {"name": "birth_date", "path": "birthDate", "type": "date"}]}]}"#,
/// )?;
/// let plan = Plan::compile(&[view], Types::Typed)?;
/// assert_eq!(plan.tables()[0].schema().field(1).data_type(), &arrow::datatypes::DataType::Date32);
/// # Ok::<(), twinlake_flatten::ViewError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    resource: String,
    tables: Vec<Table>,
}

/// One view of a [`Plan`]: a table with a name and a schema.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) name: String,
    pub(crate) schema: SchemaRef,
    pub(crate) columns: Vec<Column>,
    pub(crate) filters: Vec<Compiled>,
    pub(crate) root: Select,
}

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) data_type: &'static str,
    pub(crate) physical: Physical,
    pub(crate) collection: bool,
    pub(crate) description: Option<String>,
}

/// A path and its text, for messages.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) text: String,
    pub(crate) expr: Expr,
}

#[derive(Clone, Debug)]
pub(crate) struct Select {
    pub(crate) foci: Foci,
    /// Column number and its path.
    pub(crate) cells: Vec<(usize, Compiled)>,
    pub(crate) selects: Vec<Select>,
    pub(crate) union: Vec<Select>,
    /// Columns of this select and all below it, for the row that `forEachOrNull` gives when there is nothing.
    pub(crate) all: Vec<usize>,
    /// Those of them that are 0 in that row, being `%rowIndex` of this very iteration.
    pub(crate) indexes: Vec<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Foci {
    Same,
    Each(Compiled),
    EachOrNull(Compiled),
    Repeat(Vec<Compiled>),
}

/// Arrow field metadata: the column's FHIR type.
pub const FHIR_TYPE: &str = "fhir_type";
/// Arrow field metadata: what the column is.
pub const DESCRIPTION: &str = "description";

impl Plan {
    /// Compiles views of one resource type.
    ///
    /// # Errors
    ///
    /// [`ViewError`]: a path that cannot be parsed (naming the character), a column defined twice, `unionAll` branches whose
    /// columns differ, an unknown `ansi/type`, or views of several resource types.
    pub fn compile(views: &[ViewDefinition], types: Types) -> Result<Self, ViewError> {
        let resource = views.first().map(|view| view.resource.clone()).unwrap_or_default();
        if let Some(other) = views.iter().find(|view| view.resource != resource) {
            return Err(ViewError::MixedResources { first: resource, second: other.resource.clone() });
        }
        let tables =
            views.iter().map(|view| Compiler { view, types, columns: Vec::new() }.table()).collect::<Result<_, _>>()?;
        Ok(Self { resource, tables })
    }

    /// Compiles views of any resource types: one plan each, in the order of the types' names.
    ///
    /// # Errors
    ///
    /// As [`Plan::compile`].
    pub fn compile_all(views: &[ViewDefinition], types: Types) -> Result<Vec<Self>, ViewError> {
        let mut by_type: BTreeMap<&str, Vec<ViewDefinition>> = BTreeMap::new();
        for view in views {
            by_type.entry(&view.resource).or_default().push(view.clone());
        }
        by_type.values().map(|views| Self::compile(views, types)).collect()
    }

    /// The type of the resources that it looks at.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// One table a view, in the order of the views.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }
}

impl Table {
    /// The view's name, or its resource type when it has none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table's columns. Every column is nullable; the FHIR type ([`FHIR_TYPE`]) and the description ([`DESCRIPTION`])
    /// are metadata of the field.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

struct Compiler<'v> {
    view: &'v ViewDefinition,
    types: Types,
    columns: Vec<Column>,
}

impl Compiler<'_> {
    fn table(mut self) -> Result<Table, ViewError> {
        let filters = self.view.filters.iter().map(|path| self.path(path)).collect::<Result<_, _>>()?;
        let selects = self.view.select.iter().map(|select| self.select(select)).collect::<Result<Vec<_>, _>>()?;
        if self.columns.is_empty() {
            return Err(self.element("select", "the view has no column"));
        }
        let root = Select {
            foci: Foci::Same,
            cells: Vec::new(),
            selects,
            union: Vec::new(),
            all: (0..self.columns.len()).collect(),
            indexes: Vec::new(),
        };
        let fields: Vec<Field> = self.columns.iter().map(field).collect();
        Ok(Table {
            name: self.view.label().to_owned(),
            schema: Arc::new(Schema::new(fields)),
            columns: self.columns,
            filters,
            root,
        })
    }

    fn element(&self, place: &str, reason: impl Into<String>) -> ViewError {
        ViewError::Element { view: self.view.label().to_owned(), place: place.to_owned(), reason: reason.into() }
    }

    fn path(&self, path: &view::Path) -> Result<Compiled, ViewError> {
        let constants: Vec<_> = self.view.constants.iter().map(|(name, value)| (name.as_str(), value)).collect();
        match path::parse(&path.text, &constants) {
            Ok(expr) => Ok(Compiled { text: path.text.clone(), expr }),
            Err(fault) => Err(ViewError::Path {
                view: self.view.label().to_owned(),
                place: path.place.clone(),
                path: path.text.clone(),
                at: fault.character(&path.text),
                reason: fault.reason,
            }),
        }
    }

    fn select(&mut self, select: &view::Select) -> Result<Select, ViewError> {
        let first = self.columns.len();
        let foci = match &select.iterate {
            Iterate::Once => Foci::Same,
            Iterate::ForEach(path) => Foci::Each(self.path(path)?),
            Iterate::ForEachOrNull(path) => Foci::EachOrNull(self.path(path)?),
            Iterate::Repeat(paths) => Foci::Repeat(paths.iter().map(|path| self.path(path)).collect::<Result<_, _>>()?),
        };
        let mut cells = Vec::new();
        let mut indexes = Vec::new();
        for column in &select.columns {
            let compiled = self.path(&column.path)?;
            if matches!(compiled.expr.kind, Kind::RowIndex) {
                indexes.push(self.columns.len());
            }
            let number = self.define(column, &compiled.expr, &select.place)?;
            cells.push((number, compiled));
        }
        let selects = select.selects.iter().map(|select| self.select(select)).collect::<Result<Vec<_>, _>>()?;
        let union = self.union(&select.union, &select.place)?;
        let same = |select: &&Select| matches!(select.foci, Foci::Same);
        indexes.extend(selects.iter().chain(&union).filter(same).flat_map(|select| select.indexes.clone()));
        let all = (first..self.columns.len()).collect();
        Ok(Select { foci, cells, selects, union, all, indexes })
    }

    fn define(&mut self, column: &view::Column, expr: &Expr, place: &str) -> Result<usize, ViewError> {
        if self.columns.iter().any(|known| known.name == column.name) {
            return Err(self.element(place, format!("column `{}` is already defined", column.name)));
        }
        let inferred = static_type(expr).filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()));
        let data_type = column.data_type.or(inferred).unwrap_or("string");
        let physical = match &column.ansi_type {
            None => Physical::of(data_type, self.types),
            Some(text) => Physical::from_ansi(text).ok_or_else(|| {
                let hint = "known are CHARACTER VARYING, BOOLEAN, INTEGER, BIGINT, DECIMAL(p, s), DOUBLE PRECISION, DATE, TIMESTAMP and BINARY";
                self.element(place, format!("column `{}`: type `{text}` is not known; {hint}", column.name))
            })?,
        };
        self.columns.push(Column {
            name: column.name.clone(),
            data_type,
            physical,
            collection: column.collection,
            description: column.description.clone(),
        });
        Ok(self.columns.len() - 1)
    }

    /// The branches share their columns: the first defines them, the others must have the same.
    fn union(&mut self, branches: &[view::Select], place: &str) -> Result<Vec<Select>, ViewError> {
        let first = self.columns.len();
        let mut union: Vec<Select> = Vec::new();
        for branch in branches {
            let rest = self.columns.split_off(first);
            let compiled = self.select(branch)?;
            let defined = self.columns.split_off(first);
            self.columns.extend(if union.is_empty() { defined.clone() } else { rest });
            if let Some(reason) = difference(&self.columns[first..], &defined) {
                return Err(self.element(&branch.place, format!("a branch of `{place}.unionAll` {reason}")));
            }
            union.push(compiled);
        }
        Ok(union)
    }
}

/// How the columns of a branch differ from those of the first branch.
fn difference(first: &[Column], other: &[Column]) -> Option<String> {
    let names = |columns: &[Column]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let (a, b) = (names(first), names(other));
    if a != b {
        return Some(format!("has the columns {}, the first branch has {}", b.join(", "), a.join(", ")));
    }
    let differs = |(a, b): &(&Column, &Column)| a.physical != b.physical || a.collection != b.collection;
    let (a, b) = first.iter().zip(other).find(differs)?;
    Some(format!("has column `{}` as {}, the first branch as {}", a.name, b.data_type, a.data_type))
}

fn field(column: &Column) -> Field {
    // Arrow's metadata is a HashMap; writers sort it, and nothing here reads it in order.
    let mut metadata = vec![(FHIR_TYPE.to_owned(), column.data_type.to_owned())];
    metadata.extend(column.description.clone().map(|text| (DESCRIPTION.to_owned(), text)));
    column.physical.field(&column.name, column.collection).with_metadata(metadata.into_iter().collect())
}
