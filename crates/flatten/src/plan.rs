//! From views to a plan: paths parsed once, columns in their order, a schema that is known before any resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use twinlake_r4 as r4;

use crate::chain::Chain;
use crate::code::{Code, Op};
use crate::compile::{Compiler, Known};
use crate::error::{Fault, ViewError, ViewWarning};
use crate::needed::{Needed, Shape, Shapes};
use crate::path::{self, Expr};
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
    needed: Needed,
    keys: RootKeys,
    warnings: Vec<ViewWarning>,
}

/// Keys of what is looked at in every resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RootKeys {
    pub(crate) resource_type: u16,
    pub(crate) id: u16,
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
    pub(crate) code: Code,
    /// The same as a search, where it is one.
    pub(crate) chain: Option<Chain>,
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

impl Select {
    /// Nothing is iterated here or below, so that it gives one row.
    pub(crate) fn is_one_row(&self) -> bool {
        matches!(self.foci, Foci::Same) && self.union.is_empty() && self.selects.iter().all(Self::is_one_row)
    }
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
        let mut shapes = Shapes::new();
        let keys = RootKeys { resource_type: shapes.key("resourceType"), id: shapes.key("id") };
        for key in [keys.resource_type, keys.id] {
            shapes.child(0, key);
        }
        let mut warnings = Vec::new();
        let mut tables = Vec::new();
        for view in views {
            let shapes = &mut shapes;
            let compiler = ViewCompiler { view, types, columns: Vec::new(), shapes, warnings: &mut warnings };
            tables.push(compiler.table()?);
        }
        Ok(Self { resource, tables, needed: shapes.freeze(), keys, warnings })
    }

    /// What is allowed in a view, but may fail on some resource: a column whose path may give several values.
    pub fn warnings(&self) -> &[ViewWarning] {
        &self.warnings
    }

    /// The elements that some path of some view needs.
    pub(crate) fn needed(&self) -> &Needed {
        &self.needed
    }

    pub(crate) fn keys(&self) -> RootKeys {
        self.keys
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

struct ViewCompiler<'v> {
    view: &'v ViewDefinition,
    types: Types,
    columns: Vec<Column>,
    shapes: &'v mut Shapes,
    warnings: &'v mut Vec<ViewWarning>,
}

impl ViewCompiler<'_> {
    fn table(mut self) -> Result<Table, ViewError> {
        let focus = self.resource();
        let mut filters = Vec::new();
        for path in &self.view.filters {
            let (compiled, known) = self.path(path, &focus)?;
            if known.types.as_ref().is_some_and(|types| !types.contains(&"boolean")) {
                let reason = format!("a `where` of a view is true or false, and this is {}", known.described());
                return Err(self.fault(path, &Fault::new(compiled.code.at, reason)));
            }
            filters.push(compiled);
        }
        let mut selects = Vec::new();
        for select in &self.view.select {
            selects.push(self.select(select, &focus)?);
        }
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

    /// What is known of the resource. R4 is what we know; a view that is only for another version is taken at its word.
    fn resource(&self) -> Known {
        let versions = &self.view.fhir_versions;
        let is_r4 = versions.is_empty() || versions.iter().any(|version| version.starts_with("4.0"));
        let types = r4::type_named(&self.view.resource).filter(|_| is_r4).map(|name| vec![name]);
        Known { shapes: vec![0], types, many: false }
    }

    fn element(&self, place: &str, reason: impl Into<String>) -> ViewError {
        ViewError::Element { view: self.view.label().to_owned(), place: place.to_owned(), reason: reason.into() }
    }

    fn fault(&self, path: &view::Path, fault: &Fault) -> ViewError {
        ViewError::Path {
            view: self.view.label().to_owned(),
            place: path.place.clone(),
            path: path.text.clone(),
            at: fault.character(&path.text),
            reason: fault.reason.clone(),
        }
    }

    fn parse(&self, path: &view::Path) -> Result<Expr, ViewError> {
        let constants: Vec<_> = self.view.constants.iter().map(|(name, value)| (name.as_str(), value)).collect();
        path::parse(&path.text, &constants).map_err(|fault| self.fault(path, &fault))
    }

    fn path(&mut self, path: &view::Path, focus: &Known) -> Result<(Compiled, Known), ViewError> {
        let expr = self.parse(path)?;
        let (compiled, notes) = self.compile(&expr, focus, false);
        for note in notes {
            self.warn(path, note.at, note.reason);
        }
        match compiled {
            Ok((code, known)) => {
                let chain = Chain::of(&code);
                Ok((Compiled { text: path.text.clone(), code, chain }, known))
            }
            Err(fault) => Err(self.fault(path, &fault)),
        }
    }

    fn warn(&mut self, path: &view::Path, at: usize, reason: String) {
        let warning = ViewWarning {
            view: self.view.label().to_owned(),
            place: path.place.clone(),
            path: path.text.clone(),
            at: Fault::new(at, "").character(&path.text),
            reason,
        };
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    fn compile(&mut self, expr: &Expr, focus: &Known, lenient: bool) -> (Result<(Code, Known), Fault>, Vec<Fault>) {
        let (resource, resource_type) = (self.resource(), self.view.resource.as_str());
        let mut compiler = Compiler { shapes: self.shapes, resource, resource_type, lenient, notes: Vec::new() };
        (compiler.expr(expr, focus), compiler.notes)
    }

    /// The paths of a `repeat`: each starts from what any of them gave, so types and shapes grow until nothing is new.
    fn repeat(&mut self, paths: &[view::Path], start: &Known) -> Result<(Vec<Compiled>, Known), ViewError> {
        let exprs = paths.iter().map(|path| self.parse(path)).collect::<Result<Vec<_>, _>>()?;
        let mut results: Vec<Option<Shape>> = vec![None; paths.len()];
        let mut focus = start.clone();
        // Each round adds a type or joins shapes; there are few of either.
        for _ in 0..64 {
            let before = (self.roots(&focus.shapes), focus.types.clone());
            for (expr, result) in exprs.iter().zip(&mut results) {
                // A fault shows again below, when all types are known.
                let (Ok((_, known)), _) = self.compile(expr, &focus, true) else { continue };
                for shape in known.shapes {
                    match *result {
                        Some(first) => self.shapes.merge(first, shape),
                        None => *result = Some(shape),
                    }
                }
                match (&mut focus.types, known.types) {
                    (Some(types), Some(found)) => {
                        types.extend(found.iter().filter(|of| !types.contains(of)).copied().collect::<Vec<_>>());
                    }
                    (types, _) => *types = None,
                }
                focus.shapes.extend(*result);
            }
            focus.shapes = self.roots(&focus.shapes);
            if before == (self.roots(&focus.shapes), focus.types.clone()) {
                break;
            }
        }
        let mut compiled = Vec::new();
        let mut found = Known { shapes: Vec::new(), types: Some(Vec::new()), many: false };
        for path in paths {
            let (code, known) = self.path(path, &focus)?;
            found.shapes.extend(known.shapes);
            found.types = match (found.types, known.types) {
                (Some(mut types), Some(more)) => {
                    types.extend(more.iter().filter(|of| !types.contains(of)).copied().collect::<Vec<_>>());
                    Some(types)
                }
                _ => None,
            };
            compiled.push(code);
        }
        found.shapes = self.roots(&found.shapes);
        Ok((compiled, found))
    }

    fn roots(&self, shapes: &[Shape]) -> Vec<Shape> {
        let mut roots: Vec<Shape> = shapes.iter().map(|shape| self.shapes.find(*shape)).collect();
        roots.sort_unstable();
        roots.dedup();
        roots
    }

    fn select(&mut self, select: &view::Select, focus: &Known) -> Result<Select, ViewError> {
        let first = self.columns.len();
        let (foci, focus) = match &select.iterate {
            Iterate::Once => (Foci::Same, focus.clone()),
            Iterate::ForEach(path) => {
                let (path, known) = self.path(path, focus)?;
                (Foci::Each(path), known)
            }
            Iterate::ForEachOrNull(path) => {
                let (path, known) = self.path(path, focus)?;
                (Foci::EachOrNull(path), known)
            }
            Iterate::Repeat(paths) => {
                let (paths, known) = self.repeat(paths, focus)?;
                (Foci::Repeat(paths), known)
            }
        };
        let focus = focus.one();
        let mut cells = Vec::new();
        let mut indexes = Vec::new();
        for column in &select.columns {
            let (compiled, known) = self.path(&column.path, &focus)?;
            if matches!(compiled.code.op, Op::RowIndex) {
                indexes.push(self.columns.len());
            }
            let number = self.define(column, &compiled, &known, &select.place)?;
            cells.push((number, compiled));
        }
        let mut selects = Vec::new();
        for select in &select.selects {
            selects.push(self.select(select, &focus)?);
        }
        let union = self.union(&select.union, &select.place, &focus)?;
        let same = |select: &&Select| matches!(select.foci, Foci::Same);
        indexes.extend(selects.iter().chain(&union).filter(same).flat_map(|select| select.indexes.clone()));
        let all = (first..self.columns.len()).collect();
        Ok(Select { foci, cells, selects, union, all, indexes })
    }

    fn define(
        &mut self,
        column: &view::Column,
        compiled: &Compiled,
        known: &Known,
        place: &str,
    ) -> Result<usize, ViewError> {
        if self.columns.iter().any(|known| known.name == column.name) {
            return Err(self.element(place, format!("column `{}` is already defined", column.name)));
        }
        let at = compiled.code.at;
        if known.is_primitive() == Some(false) {
            let of = known.described();
            let names = known.types.iter().flatten().filter_map(|of| r4::elements(of)).flatten();
            let names: Vec<_> = names.map(|element| element.name).filter(|name| !STRUCTURAL.contains(name)).collect();
            let reason = format!("a column holds a primitive, and this is {of}; it has {}", names.join(", "));
            return Err(self.fault(&column.path, &Fault::new(at, reason)));
        }
        let inferred = known.single_type().filter(|name| r4::is_primitive(name));
        if let (Some(declared), Some(inferred)) = (column.data_type, inferred)
            && !fits(inferred, declared)
        {
            let reason = format!("column `{}` is said to be {declared}, and this is {inferred}", column.name);
            return Err(self.fault(&column.path, &Fault::new(at, reason)));
        }
        if known.many && !column.collection && known.types.is_some() {
            let reason = format!(
                "column `{}` may get several values of which it holds one; add `.first()`, a `where`, or `collection`",
                column.name
            );
            self.warn(&column.path, at, reason);
        }
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
    fn union(&mut self, branches: &[view::Select], place: &str, focus: &Known) -> Result<Vec<Select>, ViewError> {
        let first = self.columns.len();
        let mut union: Vec<Select> = Vec::new();
        for branch in branches {
            let rest = self.columns.split_off(first);
            let compiled = self.select(branch, focus)?;
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

/// Elements that every type has, which no column is about.
const STRUCTURAL: &[&str] =
    &["id", "extension", "modifierExtension", "contained", "implicitRules", "language", "text", "meta"];

/// Whether values of this type can stand in a column that is said to be of that type. Text holds everything.
fn fits(inferred: &str, declared: &str) -> bool {
    let number = |name: &str| matches!(name, "integer" | "positiveInt" | "unsignedInt" | "integer64" | "decimal");
    match declared {
        "boolean" => inferred == "boolean",
        _ if number(declared) => number(inferred),
        "date" | "dateTime" | "instant" | "time" => inferred != "boolean" && !number(inferred),
        _ => true,
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
