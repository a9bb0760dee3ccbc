//! The check itself: partition by partition, on several threads.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow};
use twinlake_crosscheck::{
    Accounting, Context, CostCheck, Count, Finding, MustSupport, PartitionCheck, PartitionReport, ResourceText,
    RuleResult, Severity, SharedCheck, Status, Terms, check_resource, rule_results,
};
use twinlake_fhir::Resource;
use twinlake_harmonize::{Losses, Shared};
use twinlake_omop::{DynRow, Table};
use twinlake_pack::Pack;
use twinlake_task::{Partition, bytes_to_read};
use twinlake_vocab::Vocab;

use crate::codec::decode;
use crate::gather::{FHIR, Gathered, LinePlace, NOBODYS_FHIR, spill_unowned, unowned};

/// What is checked, and how.
pub struct Sources<'a> {
    /// NDJSON files of resources.
    pub fhir: Vec<PathBuf>,
    /// Records of the FHIR side that are not in these files, because they could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Resources that are in these files once and were in the input more often, with the same content.
    pub n_duplicates: u64,
    /// Parquet or CSV files of each OMOP table.
    pub omop: BTreeMap<Table, Vec<PathBuf>>,
    /// Whether `omop` names every table that there is, so that one that is not among them is missing.
    pub has_all_tables: bool,
    /// Folder for work files, removed at the end.
    pub work: PathBuf,
    /// The vocabulary that the FHIR is mapped with.
    pub vocab: &'a Vocab,
    /// The pack whose constraints the rows keep; none for data of others.
    pub pack: Option<&'a Pack>,
    /// Whether the FHIR is someone else's: what is wrong with it is then a warning.
    pub foreign: bool,
    /// Which findings count, and how many of each rule are kept.
    pub terms: Terms,
    /// Threads.
    pub threads: NonZeroUsize,
}

/// A record that is no resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unreadable {
    /// File and line, `Patient.ndjson:7`.
    pub place: String,
    /// Why it could not be read.
    pub reason: String,
}

/// What the check gave.
#[derive(Debug)]
pub struct Report {
    /// Disagreements and broken rules, errors first; of each rule as many as the terms keep.
    pub findings: Vec<Finding>,
    /// How many findings each rule has, those that are not kept among them.
    pub counts: BTreeMap<String, Count>,
    /// How each rule that was asked for ended, by id.
    pub results: Vec<RuleResult>,
    /// What FHIR said and OMOP has no place for.
    pub losses: Losses,
    /// How often what US Core must support is there.
    pub must_support: MustSupport,
    /// Persons on either side.
    pub persons: u64,
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Rows of OMOP that belong to a person, by table.
    pub rows: BTreeMap<Table, u64>,
}

impl Report {
    /// Number of findings of a severity that the baseline does not know.
    pub fn count(&self, severity: Severity) -> u64 {
        let of = |count: &Count| match severity {
            Severity::Error => count.errors,
            Severity::Warning => count.warnings,
        };
        self.counts.values().map(of).sum()
    }

    /// Number of findings that the baseline knows.
    pub fn known(&self) -> u64 {
        self.counts.values().map(|count| count.known).sum()
    }

    /// Findings by rule, without those that the baseline knows.
    pub fn by_rule(&self) -> BTreeMap<&str, u64> {
        let new_ones = self.counts.iter().map(|(rule, count)| (rule.as_str(), count.new_ones()));
        new_ones.filter(|(_, n)| *n > 0).collect()
    }

    /// Number of rules that ended so.
    pub fn ended(&self, status: Status) -> usize {
        self.results.iter().filter(|result| result.status == status).count()
    }

    /// Whether a finding is at least this bad, or a rule could not run.
    pub fn fails_at(&self, severity: Severity) -> bool {
        let is_bad =
            self.count(Severity::Error) > 0 || severity == Severity::Warning && self.count(Severity::Warning) > 0;
        is_bad || self.ended(Status::Error) > 0
    }
}

/// Maps the FHIR side to OMOP and compares it with the OMOP side; runs the rules of both.
///
/// Memory is that of one partition a thread: persons are spilled to disk and come back together.
///
/// # Errors
///
/// FHIR files that cannot be read, and work files that cannot be written, by name. What is wrong inside them is a finding;
/// an OMOP table that cannot be read makes its rules end as errors.
pub fn check(sources: &Sources<'_>) -> Result<Report> {
    let files = sources.fhir.iter().chain(sources.omop.values().flatten());
    let bytes: u64 = files.map(|path| bytes_to_read(path)).sum();
    let mut gathered = Gathered::new(&sources.work, bytes)?;
    if sources.has_all_tables {
        gathered.declare(&sources.omop);
    }
    gathered.read_omop(&sources.omop)?;
    gathered.read_fhir(&sources.fhir)?;
    let Gathered { spill, mut costs, fhir, files, mut omop, shared_rows, shared_lines, mut unreadable } = gathered;

    let (mut shared, mut shared_check) = (Shared::default(), SharedCheck::default());
    let mut resources: BTreeMap<String, u64> = BTreeMap::new();
    for (place, line) in &shared_lines {
        match Resource::from_json(line) {
            Ok(resource) => {
                *resources.entry(resource.resource_type().to_owned()).or_default() += 1;
                shared.read(&resource);
                shared_check.read(&resource);
            }
            Err(error) => unreadable.push(Unreadable { place: place.clone(), reason: error.to_string() }),
        }
    }
    let vocab = sources.vocab;
    for row in shared.rows(vocab) {
        omop.expect(&row);
        shared_check.expect(&row);
    }
    for row in &shared_rows {
        shared_check.render(row);
    }

    let context =
        Context { vocab, shared: &shared, fhir: &fhir, omop: &omop, pack: sources.pack, foreign: sources.foreign };
    // Of files that were made for this check no place is told.
    let told: Vec<Option<&Path>> =
        files.iter().map(|path| (!path.starts_with(&sources.work)).then_some(path.as_path())).collect();
    let mut accounting = Accounting::new(sources.terms.clone());
    let mut cost_check = CostCheck::default();
    let partitions = spill.finish()?;
    for wave in partitions.chunks(sources.threads.get()) {
        let reports: Vec<Result<PartitionReport>> = std::thread::scope(|scope| {
            let workers: Vec<_> = wave.iter().map(|part| scope.spawn(|| check_part(&context, &told, part))).collect();
            workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a check panicked"))?).collect()
        });
        for report in reports {
            let report = report?;
            cost_check.doubt(report.doubtful.iter().copied());
            for row in report.costs.iter().chain(&report.episode_events) {
                spill_unowned(&mut costs, true, &DynRow::from(row))?;
            }
            accounting.add(report, &mut shared_check);
        }
    }
    let mut counted = accounting.counted(&context, &shared_check);
    let mut ledger = accounting.finish(&context, &shared_check);
    if !omop.lacks(Table::Cost) || !omop.lacks(Table::EpisodeEvent) {
        for part in costs.finish()? {
            ledger.extend(check_costs(&context, &cost_check, &part)?);
        }
    }
    for (place, line) in &shared_lines {
        let findings = check_resource(&context, line, &mut accounting.must_support);
        ledger.extend(findings.into_iter().map(|finding| Finding { place: Some(place.clone()), ..finding }));
    }
    let severity = if sources.foreign { Severity::Warning } else { Severity::Error };
    let unreadable = sources.unreadable.iter().cloned().chain(unreadable);
    ledger.extend(unreadable.map(|record| unreadable_finding(record, severity)));
    if sources.n_duplicates > 0 {
        let message = format!("fhir.duplicate: {} resources come again with the same content", sources.n_duplicates);
        // Bundles repeat what they share, so this need not be an error.
        ledger.push(Finding::on_fhir("fhir.duplicate", Severity::Warning, message));
    }
    let mut losses = accounting.losses;
    losses.merge(shared.losses());
    for (resource_type, n) in accounting.resources {
        *resources.entry(resource_type).or_default() += n;
    }
    counted.resources.clone_from(&resources);
    let counts = ledger.counts().clone();
    let found = counts.iter().map(|(rule, count)| (rule.clone(), count.new_ones())).collect();
    let mut results = rule_results(&counted, &found);
    results.retain(|result| sources.terms.rules.has(result.rule));
    Ok(Report {
        findings: ledger.into_findings(),
        counts,
        results,
        losses,
        must_support: accounting.must_support,
        persons: accounting.persons,
        resources,
        rows: accounting.omop_rows,
    })
}

fn check_part(context: &Context<'_>, files: &[Option<&Path>], partition: &Partition) -> Result<PartitionReport> {
    let mut check = PartitionCheck::new(context);
    for (person_id, records) in partition.read()?.by_key() {
        let (mut rows, mut texts, mut nobodys) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            if matches!(record.tag, FHIR | NOBODYS_FHIR) {
                let (place, json) = LinePlace::split(record.payload)?;
                let file = files.get(place.file as usize).copied().flatten();
                let text = ResourceText { json, place: file.map(|file| (file, place.line)) };
                if record.tag == FHIR { texts.push(text) } else { nobodys.push(text) }
            } else {
                let table = Table::ALL.get(usize::from(record.tag)).context("a spilled row is of no table")?;
                // What was read of a table before it could not be read further is no table to check.
                if !context.omop.unread().contains_key(table) {
                    rows.push(decode(*table, record.payload)?);
                }
            }
        }
        let (owned, orphans): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.person_id().is_some());
        if !owned.is_empty() || !texts.is_empty() {
            check.person(person_id, &owned, &texts);
        }
        if !orphans.is_empty() || !nobodys.is_empty() {
            check.nobody(&orphans, &nobodys);
        }
    }
    Ok(check.finish())
}

fn check_costs(context: &Context<'_>, check: &CostCheck, partition: &Partition) -> Result<Vec<Finding>> {
    let (mut costs, mut links) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for record in partition.read()?.iter() {
        let (table, is_given) = unowned(record.tag);
        let row = decode(table, record.payload)?;
        let rows = if table == Table::Cost { &mut costs } else { &mut links };
        rows[usize::from(is_given)].push(row);
    }
    let mut findings = Vec::new();
    if !context.omop.lacks(Table::Cost) {
        findings.extend(check.findings(context, &costs[0], &costs[1]));
    }
    if !context.omop.lacks(Table::EpisodeEvent) {
        findings.extend(check.episode_events(context, &links[0], &links[1]));
    }
    Ok(findings)
}

fn unreadable_finding(Unreadable { place, reason }: Unreadable, severity: Severity) -> Finding {
    let message = format!("fhir.unreadable: {place}: {reason}");
    Finding { fhir: Some(place), ..Finding::on_fhir("fhir.unreadable", severity, message) }
}
