//! [`Accounting`]: the reports of all partitions, added up, and what only the whole can tell.

use std::collections::{BTreeMap, BTreeSet};

use twinlake_harmonize::Losses;
use twinlake_omop::Table;

use crate::context::Context;
use crate::fhir::MustSupport;
use crate::finding::{Finding, Severity};
use crate::ledger::{Ledger, Terms};
use crate::omop::{self, Whole};
use crate::partition::PartitionReport;
use crate::registry::Counted;
use crate::shared::SharedCheck;

/// The reports of all partitions, added up.
///
/// Of the findings as many are kept as the [`Terms`] say; rows that one side lacks are remembered by key until the end, some
/// fifty bytes each, since another person may have them.
#[derive(Clone, Debug, Default)]
pub struct Accounting {
    ledger: Ledger,
    unsettled: Vec<Unsettled>,
    /// Findings that are kept of those not settled yet, by table and kind.
    held: BTreeMap<(Table, Kind), usize>,
    /// What FHIR said and OMOP has no place for.
    pub losses: Losses,
    /// How often what US Core must support is there.
    pub must_support: MustSupport,
    /// Persons on either side.
    pub persons: u64,
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Rows of OMOP that belong to a person, by table.
    pub omop_rows: BTreeMap<Table, u64>,
    /// Rows that FHIR gives, by table.
    pub witness_rows: BTreeMap<Table, u64>,
    whole: Whole,
}

impl Accounting {
    /// An empty one.
    pub fn new(terms: Terms) -> Self {
        Accounting { ledger: Ledger::new(terms), ..Accounting::default() }
    }

    /// Adds a partition; its locations go to `shared`.
    pub fn add(&mut self, report: PartitionReport, shared: &mut SharedCheck) {
        for finding in report.findings {
            match Unsettled::of(&finding) {
                Some(unsettled) => self.hold(unsettled, finding),
                None => self.ledger.push(finding),
            }
        }
        self.losses.merge(&report.losses);
        self.must_support.merge(&report.must_support);
        self.persons += report.persons;
        self.whole.merge(report.whole);
        for (resource_type, count) in report.resources {
            *self.resources.entry(resource_type).or_default() += count;
        }
        for (mine, theirs) in [(&mut self.omop_rows, report.omop_rows), (&mut self.witness_rows, report.witness_rows)] {
            for (table, count) in theirs {
                *mine.entry(table).or_default() += count;
            }
        }
        report.locations.iter().for_each(|row| shared.expect(row));
        shared.excuse(&report.excused_locations);
    }

    fn hold(&mut self, mut unsettled: Unsettled, finding: Finding) {
        let held = self.held.entry((unsettled.table, unsettled.kind)).or_default();
        if !self.ledger.is_enough(*held) {
            *held += 1;
            unsettled.finding = Some(Box::new(finding));
        }
        self.unsettled.push(unsettled);
    }

    /// What there was to check, for [`crate::rule_results`].
    pub fn counted(&self, context: &Context<'_>, shared: &SharedCheck) -> Counted {
        let omop = context.omop;
        let mut counted = Counted {
            persons: self.persons,
            tables: omop.tables(),
            resources: self.resources.clone(),
            constraints: context.pack.is_some(),
            unread: omop.unread().clone(),
            not_applicable: self.whole.not_applicable().into_iter().collect(),
            ..Counted::default()
        };
        for table in Table::ALL {
            counted.rows.insert(table, omop.rows(table));
            let given = self.witness_rows.get(&table).copied().unwrap_or_default() + shared.expected_rows(table);
            counted.given.insert(table, given);
        }
        counted
    }

    /// All findings: those of the persons, of the shared rows and of the whole.
    ///
    /// A table that OMOP lacks is one finding. A row that OMOP gives to another person than FHIR is one finding, not one
    /// for each of the two persons.
    pub fn finish(&mut self, context: &Context<'_>, shared: &SharedCheck) -> Ledger {
        let mut said: BTreeSet<Table> = context.omop.unread().keys().copied().collect();
        for table in Table::ALL {
            let given = self.witness_rows.get(&table).copied().unwrap_or_default() + shared.expected_rows(table);
            if given > 0 && context.omop.lacks(table) && said.insert(table) {
                let message = format!("{table}.missing: FHIR gives {given} rows, OMOP has no {table}");
                let says = Some(format!("{given} rows"));
                self.ledger.push(Finding::on(table, "missing", message).saying(says, Some("0 rows".to_owned())));
            }
        }
        self.ledger.extend(context.omop.structure.findings(&said));
        if context.omop.concepts.lacks_zero() {
            let message = "concept.no_zero: CONCEPT has no concept 0, to which all that has no concept refers";
            self.ledger.push(Finding::on(Table::Concept, "no_zero", message));
        }
        let of_shared = shared.findings(context.foreign);
        for row in shared.rendered() {
            self.ledger.extend(omop::check_shared(context, row, &of_shared));
        }
        self.ledger.extend(of_shared);
        self.settle();
        self.ledger.extend(self.whole.findings(context));
        std::mem::take(&mut self.ledger)
    }

    /// Rules that had too few persons or rows to say anything, by id, and why.
    pub fn not_applicable(&self) -> BTreeMap<String, String> {
        self.whole.not_applicable().into_iter().collect()
    }

    /// Joins what two persons say of one row: missing with one because the other has it, or because nobody has it.
    fn settle(&mut self) {
        let mut unsettled = std::mem::take(&mut self.unsettled);
        let mut lacking: BTreeMap<(Table, i64), usize> = BTreeMap::new();
        for (place, one) in unsettled.iter().enumerate().filter(|(_, one)| one.kind == Kind::Lacking) {
            lacking.insert((one.table, one.key), place);
        }
        let mut said = vec![false; unsettled.len()];
        for place in 0..unsettled.len() {
            let one = &unsettled[place];
            let Some(&other) = lacking.get(&(one.table, one.key)).filter(|_| one.kind != Kind::Lacking) else {
                continue;
            };
            said[other] = true;
            if one.kind == Kind::Surplus {
                said[place] = true;
                self.ledger.push(moved(&unsettled[other], one));
            }
        }
        for (one, said) in unsettled.iter_mut().zip(said) {
            match one.finding.take() {
                _ if said => {}
                Some(finding) => self.ledger.push(*finding),
                None => self.ledger.count(&one.rule(), || format!("{} {}", one.table, one.key)),
            }
        }
    }
}

/// Why a row is on one side only, as far as its person knows.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Kind {
    /// FHIR gives it, OMOP's person does not have it.
    Lacking,
    /// OMOP's person has it, FHIR does not give it.
    Surplus,
    /// It is of nobody.
    Orphan,
}

/// A row that one side lacks, until all persons are known.
#[derive(Clone, Debug)]
struct Unsettled {
    table: Table,
    kind: Kind,
    key: i64,
    person_id: Option<i64>,
    /// None when enough of its rule are kept.
    finding: Option<Box<Finding>>,
}

impl Unsettled {
    fn of(finding: &Finding) -> Option<Self> {
        let (table, key) = finding.table.zip(finding.key)?;
        let what = finding.rule.split_once('.').map_or("", |(_, what)| what);
        let kind = match what {
            "person_id" => Kind::Orphan,
            "missing_in_fhir" if table != Table::Person => Kind::Surplus,
            "missing_in_omop" if table != Table::Person => Kind::Lacking,
            _ => return None,
        };
        Some(Unsettled { table, kind, key, person_id: finding.person_id, finding: None })
    }

    fn rule(&self) -> String {
        let what = match self.kind {
            Kind::Lacking => "missing_in_omop",
            Kind::Surplus => "missing_in_fhir",
            Kind::Orphan => "person_id",
        };
        format!("{}.{what}", self.table)
    }
}

/// OMOP gives the row to another person than FHIR.
fn moved(lacking: &Unsettled, surplus: &Unsettled) -> Finding {
    let (table, key) = (lacking.table, lacking.key);
    let [says, holds] =
        [lacking, surplus].map(|side| side.person_id.map_or_else(|| "nobody".to_owned(), |id| id.to_string()));
    let name = lacking.finding.as_ref().and_then(|finding| finding.fhir.as_deref()).unwrap_or("FHIR");
    let message = format!("{table}.person_id: {name} says person {says}, {table} {key} says {holds}");
    Finding::on(table, "person_id", message).of_row(lacking.person_id, Some(key)).saying(Some(says), Some(holds))
}

/// Number of errors among findings; a run with none has passed.
pub fn errors(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| finding.severity == Severity::Error).count()
}
