//! [`RowRules`]: one row under the rules on OMOP, and how a rule says that it is broken.

use twinlake_omop::{Cell, DynRow};

use crate::context::Context;
use crate::finding::{Finding, Findings, Severity};
use crate::person::Person;

/// A row, its person (none of a row that belongs to nobody), and where findings go.
pub(crate) struct RowRules<'r, 'a> {
    pub(crate) context: &'r Context<'r>,
    pub(crate) person: Option<&'r Person<'a>>,
    pub(crate) row: &'r DynRow,
    pub(crate) out: &'r mut Findings,
}

impl RowRules<'_, '_> {
    /// Whether something was said about what this column is about.
    pub(crate) fn said(&self, column: &'static str) -> bool {
        self.out.said(self.row.table, self.row.key(), column)
    }

    /// Says that the row breaks the rule `{table}.{what}`; the sentence goes on after the row's name.
    pub(crate) fn find(&mut self, what: &str, severity: Severity, omop: &Cell<'_>, sentence: &str) {
        let finding = self.finding(what, severity, omop, sentence);
        self.out.push(finding);
    }

    /// The same of a column, which no other rule then speaks of.
    pub(crate) fn find_in(
        &mut self,
        what: &str,
        column: &'static str,
        severity: Severity,
        omop: &Cell<'_>,
        sentence: &str,
    ) {
        let finding = self.finding(what, severity, omop, sentence);
        self.out.push(Finding { column: Some(column), ..finding });
    }

    fn finding(&self, what: &str, severity: Severity, omop: &Cell<'_>, sentence: &str) -> Finding {
        let (table, key) = (self.row.table, self.row.key());
        let subject = key.map_or_else(|| format!("a row of {table}"), |key| format!("{table} {key}"));
        Finding::on(table, what, format!("{table}.{what}: {subject} {sentence}"))
            .of_row(self.person.map(|person| person.id), key)
            .saying(None, Some(omop.to_string()))
            .at(severity)
    }
}
