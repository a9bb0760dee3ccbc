//! Repeats: two rows that are the same but for their key are, as a rule, one event written down twice.

use std::collections::BTreeMap;

use twinlake_omop::{Cell, DynRow};

use super::row::RowRules;
use crate::context::Context;
use crate::finding::{Findings, Severity};
use crate::layout::{Layout, is_event};
use crate::person::Person;

/// A warning: two identical events are not impossible.
pub(super) fn check(context: &Context<'_>, person: &Person<'_>, out: &mut Findings) {
    for (table, rows) in person.omop.iter().filter(|(table, _)| is_event(**table)) {
        let layout = Layout::of(*table);
        let Some(key) = table.spec().key_column else { continue };
        // Few rows have both day and concept in common, so comparing those is cheap.
        let mut alike: BTreeMap<(Option<_>, Option<i64>), Vec<&DynRow>> = BTreeMap::new();
        for row in rows {
            let day = layout.start.and_then(|place| row.cells[place].as_date());
            let concept = layout.concept.and_then(|place| row.cells[place].as_int());
            let group = alike.entry((day, concept)).or_default();
            let first = group.iter().copied().find(|other| is_same(other, row, key));
            let Some(first) = first.and_then(DynRow::key) else {
                group.push(row);
                continue;
            };
            // What one side lacks was found missing already.
            let said = |row_key: Option<i64>| {
                out.list.iter().any(|finding| finding.table == Some(*table) && finding.key == row_key)
            };
            if !said(row.key()) && !said(Some(first)) {
                let sentence = format!("says the same as {table} {first}");
                let mut rules = RowRules { context, person: Some(person), row, out };
                rules.find("repeated", Severity::Warning, &Cell::Int(first), &sentence);
            }
        }
    }
}

fn is_same(one: &DynRow, other: &DynRow, key: usize) -> bool {
    let cells = one.cells.iter().zip(&other.cells).enumerate();
    cells.filter(|(place, _)| *place != key).all(|(_, (one, other))| one == other)
}
