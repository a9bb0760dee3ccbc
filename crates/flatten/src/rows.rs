//! Runs a table's plan on one resource and adds every row it gives.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::batch::{Full, Rows};
use crate::chain::End;
use crate::error::{Fault, FlattenError};
use crate::eval::{Scope, collect, each, reference_key};
use crate::item::{Item, Items};
use crate::plan::{Compiled, Foci, RootKeys, Select, Table};
use crate::tape::NodeRef;
use crate::types::Scalar;

type Result<T> = std::result::Result<T, FlattenError>;
type Row<'a> = Vec<Scalar<'a>>;
/// What to do with the row once this part of it is filled.
type Next<'n, 'a> = &'n mut dyn FnMut(&mut Row<'a>) -> Result<()>;

/// Adds each row of the table for this resource. After an error some of them are there, perhaps one that is not ended.
pub(crate) fn add_rows(table: &Table, resource: NodeRef<'_>, keys: RootKeys, rows: &mut Rows) -> Result<()> {
    let run = Run { table, resource, keys };
    let scope = Scope { resource, row_index: 0 };
    let focus = Item::Node(resource, None);
    if !run.is_selected(&scope, &focus)? {
        return Ok(());
    }
    if table.root.is_one_row() {
        run.one_row(&table.root, &scope, &focus, rows)?;
        rows.end();
        return Ok(());
    }
    let mut row: Row<'_> = std::iter::repeat_with(|| Scalar::Null).take(table.columns.len()).collect();
    run.select(&table.root, scope, &focus, &mut row, &mut |row| {
        for (column, scalar) in row.iter().enumerate() {
            rows.set(column, scalar).map_err(|full| run.full(column, full))?;
        }
        rows.end();
        Ok(())
    })
}

struct Run<'r, 'a> {
    table: &'r Table,
    resource: NodeRef<'a>,
    keys: RootKeys,
}

impl<'a> Run<'_, 'a> {
    /// `Type/id`, for messages.
    fn label(&self) -> String {
        let text = |key| self.resource.get(key).and_then(NodeRef::text);
        let (resource_type, id) = (text(self.keys.resource_type), text(self.keys.id));
        format!("`{}/{}`", resource_type.unwrap_or("?"), id.unwrap_or("?"))
    }

    fn is_selected(&self, scope: &Scope<'a>, focus: &Item<'a>) -> Result<bool> {
        for filter in &self.table.filters {
            if let (Some(chain), Item::Node(node, _)) = (&filter.chain, focus)
                && matches!(chain.end, End::Exists)
                && let Some(places) = chain.places(*node)
            {
                if places.count == 0 {
                    return Ok(false);
                }
                continue;
            }
            let items = self.evaluate(filter, scope, focus)?;
            match items.as_slice() {
                [] => return Ok(false),
                [item] if item.boolean() == Some(true) => {}
                [item] if item.boolean() == Some(false) => return Ok(false),
                _ => {
                    return Err(FlattenError::NotBoolean {
                        view: self.table.name.clone(),
                        path: filter.text.clone(),
                        resource: self.label(),
                    });
                }
            }
        }
        Ok(true)
    }

    fn select(
        &self,
        select: &Select,
        scope: Scope<'a>,
        focus: &Item<'a>,
        row: &mut Row<'a>,
        next: Next<'_, 'a>,
    ) -> Result<()> {
        let foci = match &select.foci {
            Foci::Same => return self.fill(select, scope, focus, row, next),
            Foci::Each(path) | Foci::EachOrNull(path) => self.evaluate(path, &scope, focus)?,
            Foci::Repeat(paths) => {
                let mut found = Items::None;
                self.repeat(paths, &scope, focus, &mut found)?;
                found
            }
        };
        for (row_index, focus) in (0..).zip(foci.as_slice()) {
            self.fill(select, Scope { row_index, ..scope }, focus, row, next)?;
        }
        if foci.is_empty() && matches!(select.foci, Foci::EachOrNull(_)) {
            for column in &select.all {
                row[*column] = Scalar::Null;
            }
            for column in &select.indexes {
                row[*column] = self.scalar(*column, &Item::Integer(0))?;
            }
            next(row)?;
        }
        Ok(())
    }

    /// Depth first, each element before those below it.
    fn repeat(&self, paths: &[Compiled], scope: &Scope<'a>, focus: &Item<'a>, found: &mut Items<'a>) -> Result<()> {
        for path in paths {
            for child in self.evaluate(path, scope, focus)?.as_slice() {
                // A path that stays where it is (`$this`) would never end.
                if same_node(child, focus) {
                    return Err(self.fault(path, &Fault { at: 0, reason: "the path repeats without an end".into() }));
                }
                found.push(child.clone());
                self.repeat(paths, scope, child, found)?;
            }
        }
        Ok(())
    }

    fn fill(
        &self,
        select: &Select,
        scope: Scope<'a>,
        focus: &Item<'a>,
        row: &mut Row<'a>,
        next: Next<'_, 'a>,
    ) -> Result<()> {
        // Without rows of one of its selects it has none; then no cell need be looked at.
        if select.selects.iter().any(|select| is_barren(select, focus)) {
            return Ok(());
        }
        for (column, path) in &select.cells {
            row[*column] = self.cell(*column, path, &scope, focus)?;
        }
        self.parts(&select.selects, &select.union, scope, focus, row, next)
    }

    /// The only row of a table in which nothing is iterated, cell by cell to where it is collected.
    fn one_row(&self, select: &Select, scope: &Scope<'a>, focus: &Item<'a>, rows: &mut Rows) -> Result<()> {
        for (column, path) in &select.cells {
            self.cell_to(*column, path, scope, focus, rows)?;
        }
        select.selects.iter().try_for_each(|select| self.one_row(select, scope, focus, rows))
    }

    /// Most cells are the text of an element and need no scalar between.
    fn cell_to(
        &self,
        column: usize,
        path: &Compiled,
        scope: &Scope<'a>,
        focus: &Item<'a>,
        rows: &mut Rows,
    ) -> Result<()> {
        if let (Some(chain), Item::Node(node, _)) = (&path.chain, focus)
            && !self.table.columns[column].collection
            && let Some(places) = chain.places(*node)
            && places.count <= 1
        {
            let is_set = match (&chain.end, places.first) {
                (End::Exists, _) => Ok(false),
                (_, None) => return Ok(()),
                (End::Value, Some(node)) => rows.set_node(column, node),
                (End::ReferenceKey(resource, keys), Some(node)) => {
                    match reference_key(node, resource.as_deref(), *keys) {
                        Some(key) => rows.set_text(column, key),
                        None => return Ok(()),
                    }
                }
            };
            if is_set.map_err(|full| self.full(column, full))? {
                return Ok(());
            }
        }
        let scalar = self.cell(column, path, scope, focus)?;
        rows.set(column, &scalar).map_err(|full| self.full(column, full))
    }

    #[cold]
    fn full(&self, column: usize, _: Full) -> FlattenError {
        FlattenError::TooMuchText {
            view: self.table.name.clone(),
            column: self.table.columns[column].name.clone(),
            resource: self.label(),
        }
    }

    /// Every combination of rows of the selects, then of the branches of the union.
    fn parts(
        &self,
        selects: &[Select],
        union: &[Select],
        scope: Scope<'a>,
        focus: &Item<'a>,
        row: &mut Row<'a>,
        next: Next<'_, 'a>,
    ) -> Result<()> {
        if let Some((select, rest)) = selects.split_first() {
            return self.select(select, scope, focus, row, &mut |row| self.parts(rest, union, scope, focus, row, next));
        }
        if union.is_empty() {
            return next(row);
        }
        for branch in union {
            self.select(branch, scope, focus, row, next)?;
        }
        Ok(())
    }

    fn cell(&self, column: usize, path: &Compiled, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Scalar<'a>> {
        if self.table.columns[column].collection {
            let items = self.evaluate(path, scope, focus)?;
            let values = items.as_slice().iter().map(|item| self.scalar(column, item)).collect::<Result<Vec<_>>>()?;
            return Ok(Scalar::List(values));
        }
        if let (Some(chain), Item::Node(focus, _)) = (&path.chain, focus)
            && let Some(places) = chain.places(*focus)
            && (places.count <= 1 || matches!(chain.end, End::Exists))
        {
            if matches!(chain.end, End::Exists) {
                return self.scalar(column, &Item::Boolean(places.count > 0));
            }
            let item = places.first.and_then(|node| match &chain.end {
                End::Exists => None,
                End::Value => Some(Item::Node(node, chain.data_type)),
                End::ReferenceKey(resource, keys) => {
                    let key = reference_key(node, resource.as_deref(), *keys)?;
                    Some(Item::Text(Cow::Borrowed(key), "id"))
                }
            });
            return item.map_or(Ok(Scalar::Null), |item| self.scalar(column, &item));
        }
        let (mut first, mut count) = (None, 0);
        let flow = each(&path.code, scope, focus, &mut |item| {
            count += 1;
            if first.is_none() {
                first = Some(item);
            }
            Ok(ControlFlow::Continue(()))
        });
        if let Err(fault) = flow {
            return Err(self.fault(path, &fault));
        }
        if count > 1 {
            return Err(FlattenError::NotSingular {
                view: self.table.name.clone(),
                column: self.table.columns[column].name.clone(),
                path: path.text.clone(),
                resource: self.label(),
                count,
            });
        }
        first.map_or(Ok(Scalar::Null), |item| self.scalar(column, &item))
    }

    fn scalar(&self, column: usize, item: &Item<'a>) -> Result<Scalar<'a>> {
        let column = &self.table.columns[column];
        column.physical.scalar(item).ok_or_else(|| FlattenError::Value {
            view: self.table.name.clone(),
            column: column.name.clone(),
            value: item.shown(),
            expected: column.physical.describe().to_owned(),
            resource: self.label(),
        })
    }

    fn evaluate(&self, path: &Compiled, scope: &Scope<'a>, focus: &Item<'a>) -> Result<Items<'a>> {
        collect(&path.code, scope, focus).map_err(|fault| self.fault(path, &fault))
    }

    fn fault(&self, path: &Compiled, fault: &Fault) -> FlattenError {
        FlattenError::Path {
            view: self.table.name.clone(),
            path: path.text.clone(),
            at: fault.character(&path.text),
            resource: self.label(),
            reason: fault.reason.clone(),
        }
    }
}

/// A `forEach` over what is not there.
fn is_barren(select: &Select, focus: &Item<'_>) -> bool {
    let (Foci::Each(path), Item::Node(node, _)) = (&select.foci, focus) else { return false };
    let places =
        path.chain.as_ref().filter(|chain| matches!(chain.end, End::Value)).and_then(|chain| chain.places(*node));
    places.is_some_and(|places| places.count == 0)
}

fn same_node(a: &Item<'_>, b: &Item<'_>) -> bool {
    matches!((a.node(), b.node()), (Some(a), Some(b)) if a.is_same(b))
}
