//! NDJSON files in, rows out: shared resources first, then person by person.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use chrono::NaiveDate;
use twinlake_fhir::Resource;
use twinlake_harmonize::{Harmonized, Losses, Shared, harmonize_patient};
use twinlake_ingest::type_of;
use twinlake_omop::{AnyRow, CdmSource, Table};
use twinlake_task::{Partition, Spill, bytes_to_read};
use twinlake_vocab::{Vocab, types};

use crate::gather::{Gathered, Rejected, gather, unpack};
use crate::used::UsedConcepts;
use crate::vocabulary::Vocabulary;

/// Bytes of input that one partition should hold; in memory it takes a few times that.
const PARTITION_BYTES: u64 = 24 << 20;

/// The guide that the mapping follows, and its version.
const GUIDE: &str = "HL7 FHIR-to-OMOP 2.0.0-ballot";

/// How to harmonize.
#[derive(Clone, Debug)]
pub struct Config {
    /// Folder for work files, which are removed at the end.
    pub work: PathBuf,
    /// Threads.
    pub threads: NonZeroUsize,
    /// Release date of the tables.
    pub date: NaiveDate,
}

/// What was read and written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Persons written.
    pub persons: u64,
    /// Resources read, by type; those that were rejected are not among them.
    pub resources: BTreeMap<String, u64>,
    /// Rows written, by table.
    pub rows: BTreeMap<Table, u64>,
    /// Records rejected, by the type that they say they have.
    pub rejected: BTreeMap<String, u64>,
    /// What has no row or column.
    pub losses: Losses,
}

impl Totals {
    /// All resources read.
    pub fn n_resources(&self) -> u64 {
        self.resources.values().sum()
    }

    /// All records rejected.
    pub fn n_rejected(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// All rows written.
    pub fn n_rows(&self) -> u64 {
        self.rows.values().sum()
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost: u64 = self.losses.reasons().map(|(_, _, n)| n).sum();
        write!(
            f,
            "{} persons, {} rows from {} resources ({} rejected, {lost} counted as lost)",
            self.persons,
            self.n_rows(),
            self.n_resources(),
            self.n_rejected(),
        )
    }
}

/// The rows that a database of harmonized data has besides its patients': the vocabulary tables and `cdm_source`.
///
/// They are those of the whole vocabulary: of a download, give the [`Vocab::subset`] that the data names.
pub(crate) fn vocabulary_rows(vocab: &Vocab, date: NaiveDate) -> impl Iterator<Item = AnyRow> {
    let cdm_source = CdmSource {
        cdm_source_name: "FHIR R4 harmonized by Twinlake".to_owned(),
        cdm_source_abbreviation: "Twinlake".to_owned(),
        cdm_holder: "unknown".to_owned(),
        // f2o-002, f2o-102: what was read, by which guide and which program.
        source_description: Some("FHIR R4 (4.0.1)".to_owned()),
        source_documentation_reference: Some(GUIDE.to_owned()),
        cdm_etl_reference: Some(concat!("twinlake-harmonize ", env!("CARGO_PKG_VERSION")).to_owned()),
        source_release_date: date,
        cdm_release_date: date,
        cdm_version: Some("5.4".to_owned()),
        cdm_version_concept_id: types::CDM_V5_4,
        vocabulary_version: vocab.version().to_owned(),
    };
    std::iter::once(AnyRow::from(cdm_source))
        .chain(vocab.concept_rows().map(AnyRow::from))
        .chain(vocab.vocabulary_rows().map(AnyRow::from))
        .chain(vocab.domain_rows().map(AnyRow::from))
        .chain(vocab.concept_class_rows().map(AnyRow::from))
        .chain(vocab.relationship_rows().map(AnyRow::from))
        .chain(vocab.concept_relationship_rows().map(AnyRow::from))
        .chain(vocab.concept_ancestor_rows().map(AnyRow::from))
        .chain(vocab.drug_strength_rows().map(AnyRow::from))
}

/// Reads NDJSON files and gives all rows of a database to `sink`: those of [`harmonize_files`], then `cdm_source`,
/// `source_to_concept_map` and the vocabulary tables. Of a download these hold the concepts that occur.
///
/// # Errors
///
/// As [`harmonize_files`].
pub fn harmonize_all(
    config: &Config,
    vocabulary: &Vocabulary,
    files: &[PathBuf],
    sink: &mut dyn FnMut(AnyRow) -> Result<()>,
    rejected: &mut dyn FnMut(Rejected) -> Result<()>,
) -> Result<Totals> {
    let vocab = vocabulary.get();
    let mut used = vocabulary.is_download.then(UsedConcepts::new);
    let mut put = |row: AnyRow| {
        if let Some(used) = &mut used {
            used.of(&row);
        }
        sink(row)
    };
    let totals = harmonize_files(config, vocab, files, &mut put, rejected)?;
    vocab.source_to_concept_map_rows().cloned().map(AnyRow::from).try_for_each(&mut put)?;
    match used {
        Some(used) => vocabulary_rows(&used.subset(vocab, config.date), config.date).try_for_each(sink)?,
        None => vocabulary_rows(vocab, config.date).try_for_each(sink)?,
    }
    Ok(totals)
}

/// Reads NDJSON files and gives the rows of providers, care sites, locations and persons to `sink`, each key once.
///
/// Rows come in the same order whatever the number of threads. Memory is that of one partition a thread.
///
/// # Errors
///
/// Files that cannot be read, by name; two patients whose ids give one key; what `sink` or `rejected` give.
pub fn harmonize_files(
    config: &Config,
    vocab: &Vocab,
    files: &[PathBuf],
    sink: &mut dyn FnMut(AnyRow) -> Result<()>,
    rejected: &mut dyn FnMut(Rejected) -> Result<()>,
) -> Result<Totals> {
    let bytes = files.iter().map(|path| bytes_to_read(path)).sum();
    let spill = Spill::create(&config.work, Spill::partitions_for(bytes, PARTITION_BYTES))?;
    let mut totals = Totals::default();
    let Gathered { shared, spill, losses, resources } = gather(files, spill, &mut |one| {
        *totals.rejected.entry(one.resource_type.clone()).or_default() += 1;
        rejected(one)
    })?;
    totals.losses = losses;
    totals.losses.merge(shared.losses());
    totals.resources = resources;

    let mut locations = BTreeSet::new();
    let mut put = |row: AnyRow, totals: &mut Totals| {
        if row.table() == Table::Location && !locations.insert(row.key()) {
            return Ok(());
        }
        *totals.rows.entry(row.table()).or_default() += 1;
        sink(row)
    };
    for row in shared.rows(vocab) {
        put(row, &mut totals)?;
    }
    let partitions = spill.finish()?;
    for wave in partitions.chunks(config.threads.get()) {
        let done: Vec<Result<Done>> = std::thread::scope(|scope| {
            let workers: Vec<_> = wave
                .iter()
                .map(|partition| scope.spawn(|| harmonize_partition(vocab, &shared, files, partition)))
                .collect();
            workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a worker panicked"))?).collect()
        });
        for done in done {
            let done = done?;
            for one in done.rejected {
                *totals.rejected.entry(one.resource_type.clone()).or_default() += 1;
                // It was counted under its type before it was found wrong.
                if let Some(count) = totals.resources.get_mut(&one.resource_type) {
                    *count -= 1;
                }
                rejected(one)?;
            }
            for patient in done.patients {
                totals.persons += u64::from(patient.person_id.is_some());
                totals.losses.merge(&patient.losses);
                for row in patient.rows {
                    put(row, &mut totals)?;
                }
            }
        }
    }
    Ok(totals)
}

/// What a partition gave.
#[derive(Default)]
struct Done {
    patients: Vec<Harmonized>,
    rejected: Vec<Rejected>,
}

fn harmonize_partition(vocab: &Vocab, shared: &Shared, files: &[PathBuf], partition: &Partition) -> Result<Done> {
    let records = partition.read()?;
    let mut done = Done::default();
    for (_, records) in records.by_key() {
        let mut resources = Vec::with_capacity(records.len());
        for record in &records {
            let (file, line, text) = unpack(record)?;
            match Resource::from_json(text) {
                Ok(resource) => resources.push(resource),
                Err(error) => {
                    let file = files.get(file).context("a spilled line is of no file")?.clone();
                    let resource_type = type_of(text.as_bytes());
                    done.rejected.push(Rejected { file, line, resource_type, reason: error.to_string() });
                }
            }
        }
        refuse_two_patients(&resources)?;
        done.patients.push(harmonize_patient(vocab, shared, &resources));
    }
    Ok(done)
}

/// Two patients of one key would become one person.
fn refuse_two_patients(resources: &[Resource<'_>]) -> Result<()> {
    let mut ids = resources.iter().filter(|resource| resource.resource_type() == "Patient").filter_map(Resource::id);
    if let Some(first) = ids.next()
        && let Some(other) = ids.find(|id| !id.eq_ignore_ascii_case(first))
    {
        bail!("the patients `{first}` and `{other}` have the same key");
    }
    Ok(())
}
