//! Draws, renders and hands out a cohort.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;
use twinlake_defects::Plan;
use twinlake_omop::Table;
use twinlake_synth::chart::Rates;
use twinlake_synth::cohort::for_each_block;
use twinlake_synth::render::Context;
use twinlake_synth::simulate::Model;

use crate::block::{Block, Compress, Scratch, Wanted, Whole};
use crate::defects::Defects;
use crate::sink::{FhirFormat, Sinks};

/// Which patients, and how their FHIR is to look.
#[derive(Clone, Debug)]
pub struct Options {
    /// Numbers of the patients; what all share is written with patient 1.
    pub patients: Range<u64>,
    /// Threads that draw and render.
    pub threads: NonZeroUsize,
    /// How FHIR is handed out.
    pub format: FhirFormat,
    /// How FHIR is compressed.
    pub compress: Compress,
    /// How charts go wrong.
    pub chart: Rates,
    /// Which patients get a fault.
    pub defects: Option<Plan>,
    /// Leave out what was the same on that day, and what patients share: the rest is a delta.
    pub since: Option<NaiveDate>,
}

impl Options {
    /// Whether what all patients share is written: with patient 1, and never in a delta.
    pub(crate) fn writes_reference(&self) -> bool {
        self.since.is_none() && self.patients.contains(&1)
    }
}

/// What was written.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Patients.
    pub patients: u64,
    /// FHIR resources, by type.
    pub resources: BTreeMap<&'static str, u64>,
    /// Bytes of FHIR, before they were compressed.
    pub fhir_bytes: u64,
    /// OMOP rows, by table.
    pub rows: BTreeMap<Table, u64>,
}

impl Totals {
    fn add(&mut self, block: &Block) {
        self.patients += block.n_patients;
        self.fhir_bytes += block.n_bytes;
        for (&resource_type, n) in &block.n_resources {
            *self.resources.entry(resource_type).or_default() += n;
        }
        for (table, batch) in &block.omop {
            *self.rows.entry(*table).or_default() += batch.num_rows() as u64;
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resources, rows): (u64, u64) = (self.resources.values().sum(), self.rows.values().sum());
        write!(formatter, "{} patients, {resources} resources, {rows} rows", self.patients)
    }
}

/// Draws the patients and hands them out, block after block in the order of their numbers, whatever the threads.
///
/// The block with what all patients share (organizations, locations, practitioners, `cdm_source`, vocabulary) comes
/// first, if patient 1 is among them and it is no delta. A delta has the resources that are new or have changed since its
/// day, and all rows of the persons of whom a row is new or has changed. A patient who has not been seen by the context's
/// `as_of` is left out. `watch` is told after each block how far the work is.
///
/// # Errors
///
/// The first error of a sink.
pub fn produce(
    context: &Context<'_>,
    options: &Options,
    sinks: Sinks<'_>,
    watch: &mut dyn FnMut(&Totals),
) -> Result<Totals> {
    let Sinks { mut fhir, mut omop, mut truth, mut answers } = sinks;
    let wanted = Wanted {
        fhir: fhir.is_some().then_some((options.format, options.compress)),
        omop: omop.is_some(),
        truth: truth.is_some(),
    };
    let defects = options.defects.as_ref().map(|plan| Defects::new(plan, context));
    let mut totals = Totals::default();
    let mut take = |block: Block| -> Result<()> {
        if let Some(sink) = fhir.as_deref_mut() {
            block.fhir.iter().try_for_each(|part| sink.write(part))?;
        }
        if let Some(sink) = omop.as_deref_mut() {
            block.omop.iter().try_for_each(|(table, batch)| sink.write(*table, batch))?;
        }
        if let (Some(sink), Some(batch)) = (truth.as_deref_mut(), &block.truth) {
            sink(batch)?;
        }
        if let (Some(sink), Some(batch)) = (answers.as_deref_mut(), &block.answers) {
            sink(batch)?;
        }
        totals.add(&block);
        watch(&totals);
        Ok(())
    };
    if options.writes_reference() {
        take(Block::reference(context, wanted, &mut Scratch::new()))?;
    }
    let model = Model::new(context.pack).with_chart(options.chart);
    let since = options.since.map(|since| Context::new(context.pack, context.vocab, context.seed, since));
    let idle: Mutex<Vec<Scratch>> = Mutex::default();
    let kept = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let make = |patients| {
        let mut scratch = kept().pop().unwrap_or_else(Scratch::new);
        let whole = Whole { context, since: since.as_ref(), model: &model, defects: defects.as_ref() };
        let block = Block::patients(&whole, patients, wanted, &mut scratch);
        kept().push(scratch);
        block
    };
    for_each_block(options.patients.clone(), options.threads, make, take)?;
    Ok(totals)
}
