//! [`CostCheck`]: rows of `cost`, which name no person.
//!
//! A cost is found by its key alone. Both sides can be spilled by key and compared piece by piece, so memory is that of a
//! piece; what the persons' checks found is known by then, and is not said again of what it cost.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_omop::{Cell, DynRow, Table};

use crate::context::Context;
use crate::finding::{Finding, topic};
use crate::omop;
use crate::person::same;

/// Compares the rows of `cost`, some keys at a time.
#[derive(Clone, Debug, Default)]
pub struct CostCheck {
    doubtful: BTreeSet<i64>,
}

impl CostCheck {
    /// Learns of rows that the two sides do not agree on ([`crate::PartitionReport::doubtful`]); what they cost is left alone.
    pub fn doubt(&mut self, keys: impl IntoIterator<Item = i64>) {
        self.doubtful.extend(keys);
    }

    /// The findings on all rows of some keys: what OMOP has, and what FHIR gives.
    pub fn findings(&self, context: &Context<'_>, rendered: &[DynRow], expected: &[DynRow]) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut actual: BTreeMap<i64, (&DynRow, u64)> = BTreeMap::new();
        for row in rendered {
            findings.extend(sum(row));
            if let Some(key) = row.key() {
                actual.entry(key).or_insert((row, 0)).1 += 1;
            }
        }
        for (key, (_, count)) in actual.iter().filter(|(_, (_, count))| *count > 1) {
            let message = format!("cost.duplicate: {count} rows are cost {key}");
            let says = Some(format!("{count} rows"));
            findings.push(Finding::on(Table::Cost, "duplicate", message).of_row(None, Some(*key)).saying(None, says));
        }
        for row in expected {
            let Some(key) = row.key() else { continue };
            match actual.remove(&key) {
                Some((other, _)) => self.compare(key, row, other, &mut findings),
                None if self.is_doubtful(row) => {}
                None => {
                    let message = format!("cost.missing_in_omop: FHIR gives cost {key}, which OMOP does not have");
                    let says = Some(format!("cost {key}"));
                    let finding = Finding::on(Table::Cost, "missing_in_omop", message);
                    findings.push(finding.of_row(None, Some(key)).saying(says, None));
                }
            }
        }
        for (key, (row, _)) in actual {
            if !self.is_doubtful(row) {
                let message = format!("cost.missing_in_fhir: cost {key} is from nothing that FHIR has");
                let says = Some(format!("cost {key}"));
                let finding = Finding::on(Table::Cost, "missing_in_fhir", message);
                findings.push(finding.of_row(None, Some(key)).saying(None, says));
            }
        }
        for row in rendered {
            let found = omop::check_shared(context, row, &findings);
            findings.extend(found);
        }
        findings
    }

    fn compare(&self, key: i64, expected: &DynRow, actual: &DynRow, findings: &mut Vec<Finding>) {
        let mut topics = BTreeSet::new();
        for (column, field) in Table::Cost.spec().fields.iter().enumerate() {
            let (says, holds) = (&expected.cells[column], &actual.cells[column]);
            let follows = match field.name {
                "cost_event_id" | "cost_domain_id" => self.is_doubtful(expected) || self.is_doubtful(actual),
                "payer_plan_period_id" => [says, holds].iter().any(|cell| self.doubts(cell)),
                // Said of the row itself.
                "total_paid" => sum(actual).is_some(),
                _ => false,
            };
            if same(says, holds) || follows || !topics.insert(topic(field.name)) {
                continue;
            }
            let column = field.name;
            let message = format!("cost.{column}: FHIR says {says}, cost {key} says {holds}");
            findings.push(
                Finding::on(Table::Cost, column, message)
                    .of_row(None, Some(key))
                    .saying(Some(says.to_string()), Some(holds.to_string())),
            );
        }
    }

    fn is_doubtful(&self, row: &DynRow) -> bool {
        self.doubts(row.cell("cost_event_id"))
    }

    fn doubts(&self, cell: &Cell<'_>) -> bool {
        cell.as_int().is_some_and(|key| self.doubts_key(key))
    }

    /// Whether the two sides do not agree on the row of this key.
    pub(crate) fn doubts_key(&self, key: i64) -> bool {
        self.doubtful.contains(&key)
    }
}

/// What payer and patient paid is what was paid, to the cent.
fn sum(row: &DynRow) -> Option<Finding> {
    let number = |column| match row.cell(column) {
        Cell::Float(value) => Some(*value),
        _ => None,
    };
    let (total, payer, patient) = (number("total_paid")?, number("paid_by_payer")?, number("paid_by_patient")?);
    if (payer + patient - total).abs() < 0.005 {
        return None;
    }
    let key = row.key();
    let message = format!(
        "cost.total_paid: cost {} says {total}, payer and patient paid {payer} and {patient}",
        key.map_or_else(|| "without a key".to_owned(), |key| key.to_string())
    );
    let finding = Finding::on(Table::Cost, "total_paid", message).of_row(None, key);
    Some(finding.saying(None, Some(total.to_string())))
}
