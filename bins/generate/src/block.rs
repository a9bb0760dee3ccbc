//! A block of patients, drawn and rendered to bytes and record batches on one thread.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::ops::Range;

use arrow::record_batch::RecordBatch;
use twinlake_defects::Chart;
use twinlake_fhir::Resource;
use twinlake_omop::{AnyRow, Table, TableBuilder};
use twinlake_synth::ids;
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;

use crate::bundle::BundleWriter;
use crate::defects::{AnswerRows, Defects};
use crate::sink::{FhirFormat, FhirPart};
use crate::truth::TruthRows;

/// How FHIR is compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Compress {
    /// Not at all.
    None,
    /// gzip, a member a piece.
    Gzip,
    /// Zstandard, a frame a piece.
    Zstd,
}

impl Compress {
    /// What a file's name ends with: nothing, `.gz` or `.zst`.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }

    fn apply(self, bytes: &[u8], zstd: &mut zstd::bulk::Compressor<'_>) -> Vec<u8> {
        const IN_MEMORY: &str = "compressing in memory does not fail";
        match self {
            Self::None => bytes.to_vec(),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                encoder.write_all(bytes).expect(IN_MEMORY);
                encoder.finish().expect(IN_MEMORY)
            }
            Self::Zstd => zstd.compress(bytes).expect(IN_MEMORY),
        }
    }
}

/// What a thread keeps from block to block, so that memory is asked for once.
pub(crate) struct Scratch {
    /// Lines by type, and how many; empty between blocks.
    lines: BTreeMap<&'static str, (Vec<u8>, u64)>,
    zstd: zstd::bulk::Compressor<'static>,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        const LEVEL: i32 = 3;
        Self {
            lines: BTreeMap::new(),
            zstd: zstd::bulk::Compressor::new(LEVEL).expect("there is memory for a compressor"),
        }
    }
}

/// What is to be made of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) fhir: Option<(FhirFormat, Compress)>,
    pub(crate) omop: bool,
    pub(crate) truth: bool,
}

/// Patients, or the reference set, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) n_patients: u64,
    pub(crate) n_resources: BTreeMap<&'static str, u64>,
    /// Bytes of FHIR before they were compressed.
    pub(crate) n_bytes: u64,
    pub(crate) fhir: Vec<FhirPart>,
    pub(crate) omop: Vec<(Table, RecordBatch)>,
    pub(crate) truth: Option<RecordBatch>,
    pub(crate) answers: Option<RecordBatch>,
}

/// What all blocks of a cohort are made from.
pub(crate) struct Whole<'a> {
    pub(crate) context: &'a Context<'a>,
    /// The day before the delta, if it is one.
    pub(crate) since: Option<&'a Context<'a>>,
    pub(crate) model: &'a Model<'a>,
    pub(crate) defects: Option<&'a Defects<'a>>,
}

impl Block {
    /// Patients as they are on the day of the whole's context; with `since`, only what has become other than on its day.
    pub(crate) fn patients(whole: &Whole<'_>, patients: Range<u64>, wanted: Wanted, scratch: &mut Scratch) -> Self {
        let &Whole { context, since, model, defects } = whole;
        let mut answers = defects.map(|_| AnswerRows::default());
        let mut writer = Writer::new(wanted, scratch);
        let mut truth = wanted.truth.then(|| TruthRows::new(model));
        let mut n_patients = 0;
        for number in patients {
            let (timeline, states) = model.draw_with_states(context.seed, number, context.as_of);
            if !timeline.is_charted() {
                continue;
            }
            if let Some(truth) = &mut truth {
                truth.add(context, &timeline, &states);
            }
            if let Some((defects, answers)) = defects.zip(answers.as_mut())
                && let Some((chart, defect)) = defects.chart(context, model, &timeline)
            {
                answers.add(&defect);
                writer.chart(&chart, wanted, context);
                n_patients += 1;
                continue;
            }
            let before = since.map(|since| Before::new(since, model, number, wanted)).unwrap_or_default();
            let mut is_written = since.is_none();
            if wanted.fhir.is_some() {
                let mut json = Vec::new();
                let mut n_resources = 0;
                render::fhir(context, &timeline, &mut |resource| {
                    if since.is_some() {
                        json.clear();
                        resource.write_json(&mut json);
                        if before.fhir.contains(&json) {
                            return;
                        }
                    }
                    n_resources += 1;
                    writer.resource(&resource);
                });
                if n_resources > 0 {
                    writer.end_of(|| context.ids.fhir(ids::patient(number)));
                    is_written = true;
                }
            }
            if wanted.omop {
                let rows = render::omop(context, &timeline);
                if rows != before.omop {
                    writer.rows(rows);
                    is_written = true;
                }
            }
            n_patients += u64::from(is_written);
        }
        Self {
            n_patients,
            truth: truth.map(TruthRows::finish),
            answers: answers.map(AnswerRows::finish),
            ..writer.finish()
        }
    }

    /// What all patients share, vocabulary included.
    pub(crate) fn reference(context: &Context<'_>, wanted: Wanted, scratch: &mut Scratch) -> Self {
        let mut writer = Writer::new(wanted, scratch);
        if wanted.fhir.is_some() {
            render::fhir_reference(context, &mut |resource| writer.resource(&resource));
            writer.end_of(|| "reference".to_owned());
        }
        if wanted.omop {
            writer.rows(render::omop_reference(context));
            let vocab = context.vocab;
            writer.rows(vocab.concept_rows().map(AnyRow::from));
            writer.rows(vocab.vocabulary_rows().map(AnyRow::from));
            writer.rows(vocab.domain_rows().map(AnyRow::from));
            writer.rows(vocab.concept_class_rows().map(AnyRow::from));
            writer.rows(vocab.relationship_rows().map(AnyRow::from));
            writer.rows(vocab.concept_relationship_rows().map(AnyRow::from));
            writer.rows(vocab.concept_ancestor_rows().map(AnyRow::from));
        }
        writer.finish()
    }
}

/// A patient as they were: their resources as JSON, and all their rows.
#[derive(Default)]
struct Before {
    fhir: BTreeSet<Vec<u8>>,
    omop: Vec<AnyRow>,
}

impl Before {
    fn new(context: &Context<'_>, model: &Model<'_>, number: u64, wanted: Wanted) -> Self {
        let timeline = model.draw(context.seed, number, context.as_of);
        let mut before = Self::default();
        if !timeline.is_charted() {
            return before;
        }
        if wanted.fhir.is_some() {
            render::fhir(context, &timeline, &mut |resource| {
                let mut json = Vec::new();
                resource.write_json(&mut json);
                before.fhir.insert(json);
            });
        }
        if wanted.omop {
            before.omop = render::omop(context, &timeline);
        }
        before
    }
}

/// Gathers resources and rows.
struct Writer<'a> {
    compress: Compress,
    scratch: &'a mut Scratch,
    /// The Bundle under way.
    bundle: Option<BundleWriter>,
    tables: BTreeMap<Table, TableBuilder>,
    block: Block,
}

impl<'a> Writer<'a> {
    fn new(wanted: Wanted, scratch: &'a mut Scratch) -> Self {
        let (format, compress) = wanted.fhir.unwrap_or((FhirFormat::Ndjson, Compress::None));
        Self { compress, scratch, bundle: BundleWriter::new(format), tables: BTreeMap::new(), block: Block::default() }
    }

    fn resource(&mut self, resource: &Resource<'_>) {
        let resource_type = resource.modelled_type().expect("the renderings make no other type");
        *self.block.n_resources.entry(resource_type).or_default() += 1;
        if let Some(bundle) = &mut self.bundle {
            bundle.push(resource_type, resource);
            return;
        }
        let (lines, n_lines) = self.scratch.lines.entry(resource_type).or_default();
        let before = lines.len();
        resource.write_json(lines);
        lines.push(b'\n');
        *n_lines += 1;
        self.block.n_bytes += (lines.len() - before) as u64;
    }

    /// Both sides of a patient, as they stand.
    fn chart(&mut self, chart: &Chart, wanted: Wanted, context: &Context<'_>) {
        if wanted.fhir.is_some() {
            for document in &chart.fhir {
                self.resource(&Resource::from_json(&document.text).expect("a defect leaves a resource readable"));
            }
            self.end_of(|| context.ids.fhir(chart.person_id));
        }
        if wanted.omop {
            for row in &chart.omop {
                self.tables.entry(row.table).or_insert_with(|| TableBuilder::new(row.table)).append_cells(row);
            }
        }
    }

    /// Ends what belongs together in one Bundle.
    fn end_of(&mut self, name: impl FnOnce() -> String) {
        let Some(bundle) = &mut self.bundle else { return };
        let name = name();
        let (bytes, n_resources) = bundle.finish(&name);
        self.block.n_bytes += bytes.len() as u64;
        self.block.fhir.push(FhirPart {
            name,
            n_resources,
            bytes: self.compress.apply(&bytes, &mut self.scratch.zstd),
        });
    }

    fn rows(&mut self, rows: impl IntoIterator<Item = AnyRow>) {
        for row in rows {
            let table = row.table();
            self.tables.entry(table).or_insert_with(|| TableBuilder::new(table)).append(&row);
        }
    }

    fn finish(mut self) -> Block {
        let Scratch { lines, zstd } = self.scratch;
        for (resource_type, (lines, n_lines)) in lines.iter_mut().filter(|(_, (_, n_lines))| *n_lines > 0) {
            let bytes = self.compress.apply(lines, zstd);
            self.block.fhir.push(FhirPart { name: (*resource_type).to_owned(), n_resources: *n_lines, bytes });
            lines.clear();
            *n_lines = 0;
        }
        self.block.omop = self.tables.into_iter().map(|(table, mut rows)| (table, rows.finish())).collect();
        self.block
    }
}
