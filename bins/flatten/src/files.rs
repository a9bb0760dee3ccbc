//! Files in, record batches out, on as many threads as wanted, always in the same order.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use twinlake_flatten::{Flattener, Plan, Types, ViewDefinition, ViewError, resource_type};

use crate::input::{Body, Chunk, Rejected, is_stdin, read_file};
use crate::keys::{add_keys, with_keys};
use crate::permits::Permits;

/// How files are flattened.
#[derive(Clone, Debug)]
pub struct Config {
    /// The views, each a table of its name; [`twinlake_flatten::builtin::views`] for the lake's.
    pub views: Vec<ViewDefinition>,
    /// Which Arrow types the columns have.
    pub types: Types,
    /// Add the BIGINT columns `omop_key`, `subject_key` and `encounter_key` behind each table's own.
    pub keys: bool,
    /// Threads that flatten; reading and the sink have their own.
    pub threads: NonZeroUsize,
    /// Stop at the first resource that cannot be read or flattened, with [`Rejected`] as the error.
    pub strict: bool,
}

/// What was done.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Of these, those of types that no view looks at.
    pub without_view: BTreeMap<String, u64>,
    /// Rows, by table; every table is there.
    pub rows: BTreeMap<String, u64>,
    /// What could not be read or flattened.
    pub n_rejected: u64,
}

/// Rows of a table in one batch at most; a batch ends with its chunk of input too.
const BATCH_ROWS: usize = 65_536;

/// Name and schema of each table, in the order of the views' resource types, then of the views.
///
/// # Errors
///
/// A view that cannot be compiled.
pub fn tables(config: &Config) -> Result<Vec<(String, SchemaRef)>, ViewError> {
    let tables = Tables::new(config)?;
    Ok(tables.each().map(|(_, table, schema)| (table.to_owned(), schema.clone())).collect())
}

/// Flattens files in the order given and hands each batch to `sink` with its table's name.
///
/// Files are NDJSON, single resources or Bundles, plain, gzip or zstd. Batches come in the order of the input and are cut
/// at the same places for any number of threads. Memory is bounded by the number of threads, not by the files. What cannot
/// be read or flattened goes to `rejected`, also in order; it leaves no row.
///
/// # Errors
///
/// A view that cannot be compiled, a file that cannot be opened, an error of `sink` or `rejected`, and with
/// [`Config::strict`] the first [`Rejected`].
pub fn flatten_files(
    config: &Config,
    files: &[PathBuf],
    sink: &mut dyn FnMut(&str, RecordBatch) -> Result<()>,
    rejected: &mut dyn FnMut(&Rejected) -> Result<()>,
) -> Result<Totals> {
    flatten_with(config, files, &Permits::new(config.threads.get()), sink, rejected)
}

/// As [`flatten_files`], with permits that are shared with whoever takes the batches.
pub(crate) fn flatten_with(
    config: &Config,
    files: &[PathBuf],
    permits: &Permits,
    sink: &mut dyn FnMut(&str, RecordBatch) -> Result<()>,
    rejected: &mut dyn FnMut(&Rejected) -> Result<()>,
) -> Result<Totals> {
    let tables = Tables::new(config)?;
    let mut totals = Totals::default();
    for (_, table, _) in tables.each() {
        totals.rows.insert(table.to_owned(), 0);
    }
    // So many chunks are on their way at most: read, flattened or waiting for their turn.
    let n_chunks = 2 * config.threads.get() + 1;
    // The memory of a chunk that was done is filled again: fresh memory costs as much as parsing does.
    let (give_memory, memory) = sync_channel::<Vec<u8>>(n_chunks);
    let (give_work, work) = sync_channel::<(u64, Chunk)>(n_chunks);
    let (give_flat, flats) = sync_channel::<(u64, Flat)>(n_chunks);
    for _ in 0..n_chunks {
        give_memory.send(Vec::new()).expect("the channel holds as many");
    }
    let work = Mutex::new(work);
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read(files, permits, &memory, &give_work));
        for _ in 0..config.threads.get() {
            let (work, tables, give_flat) = (&work, &tables, give_flat.clone());
            scope.spawn(move || {
                let mut flatteners = BTreeMap::new();
                while let Some((number, chunk)) = next(work) {
                    let mut flat = permits.run(|| tables.flatten(&chunk, &mut flatteners));
                    flat.memory = chunk.into_memory();
                    if give_flat.send((number, flat)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(give_flat);
        // Dropped when this block ends, also by an error; then the other threads end too.
        let (flats, give_memory) = (flats, give_memory);
        let mut waiting = BTreeMap::new();
        let mut turn = 0;
        let mut lines = None;
        for (number, flat) in &flats {
            waiting.insert(number, flat);
            while let Some(mut flat) = waiting.remove(&turn) {
                turn += 1;
                let memory = std::mem::take(&mut flat.memory);
                flat.hand_over(config, &mut lines, &mut totals, sink, rejected)?;
                // The reader may have ended already.
                let _ = give_memory.send(memory);
            }
        }
        reader.join().expect("the reader does not panic")
    })?;
    Ok(totals)
}

/// Reads all files in order, one chunk for each piece of memory.
fn read(
    files: &[PathBuf],
    permits: &Permits,
    memory: &Receiver<Vec<u8>>,
    give_work: &SyncSender<(u64, Chunk)>,
) -> Result<()> {
    let mut number = 0;
    let mut going = true;
    for file in files {
        // Reading is work too, from memory for a chunk to the chunk; but whoever writes to standard input may let us wait.
        let held = RefCell::new(None);
        let mut memory = || {
            let memory = memory.recv().ok();
            held.replace((!is_stdin(file)).then(|| permits.hold()));
            memory
        };
        read_file(file, &mut memory, &mut |chunk| {
            held.take();
            going = give_work.send((number, chunk)).is_ok();
            number += 1;
            going
        })?;
        if !going {
            break;
        }
    }
    Ok(())
}

fn next(work: &Mutex<Receiver<(u64, Chunk)>>) -> Option<(u64, Chunk)> {
    work.lock().ok()?.recv().ok()
}

/// The plans by resource type, and the schema of each of their tables.
struct Tables {
    plans: BTreeMap<String, (Arc<Plan>, Vec<SchemaRef>)>,
    keys: bool,
}

/// What became of a chunk.
struct Flat {
    rows: Vec<(String, RecordBatch)>,
    resources: BTreeMap<String, u64>,
    without_view: BTreeMap<String, u64>,
    rejected: Vec<Rejected>,
    /// The file, and how many lines of it there were; lines of `rejected` are counted from the first of them.
    lines: Option<(Arc<Path>, u64)>,
    memory: Vec<u8>,
}

impl Tables {
    fn new(config: &Config) -> Result<Self, ViewError> {
        let mut plans = BTreeMap::new();
        for plan in Plan::compile_all(&config.views, config.types)? {
            let schema = |schema: &SchemaRef| if config.keys { with_keys(schema) } else { schema.clone() };
            let schemas = plan.tables().iter().map(|table| schema(table.schema())).collect();
            plans.insert(plan.resource().to_owned(), (Arc::new(plan), schemas));
        }
        Ok(Self { plans, keys: config.keys })
    }

    /// Resource type, name and schema of every table.
    fn each(&self) -> impl Iterator<Item = (&str, &str, &SchemaRef)> {
        self.plans.iter().flat_map(|(resource, (plan, schemas))| {
            plan.tables().iter().zip(schemas).map(move |(table, schema)| (resource.as_str(), table.name(), schema))
        })
    }

    /// Flattens a chunk with what the thread has kept from those before.
    fn flatten<'t>(&'t self, chunk: &Chunk, flatteners: &mut BTreeMap<&'t str, Flattener>) -> Flat {
        let mut flat = Flat {
            rows: Vec::new(),
            resources: BTreeMap::new(),
            without_view: BTreeMap::new(),
            rejected: chunk.rejected.clone(),
            lines: None,
            memory: Vec::new(),
        };
        let n_lines = chunk.each(&mut |line, byte, text| {
            let (reason, text) = match text {
                Ok(text) => match self.push(text, flatteners, &mut flat) {
                    Ok(()) => return,
                    Err(error) => (error.to_string(), text.to_owned()),
                },
                Err(bytes) => ("the line is not UTF-8".to_owned(), String::from_utf8_lossy(bytes).into_owned()),
            };
            let file = chunk.file.to_path_buf();
            flat.rejected.push(Rejected { file, line, byte, reason, text: Some(text) });
        });
        if matches!(chunk.body, Body::Lines { .. }) {
            // What ended the reading did so behind the last line.
            for rejected in flat.rejected.iter_mut().filter(|rejected| rejected.line == 0) {
                rejected.line = n_lines + 1;
            }
            flat.lines = Some((chunk.file.clone(), n_lines));
        }
        flat.rejected.sort_by_key(|rejected| rejected.line);
        for (resource, flattener) in flatteners {
            let (plan, schemas) = &self.plans[*resource];
            for batch in flattener.flush() {
                let rows = if self.keys { add_keys(resource, &schemas[batch.table], &batch.rows) } else { batch.rows };
                flat.rows.push((plan.tables()[batch.table].name().to_owned(), rows));
            }
        }
        flat
    }

    fn push<'t>(
        &'t self,
        text: &str,
        flatteners: &mut BTreeMap<&'t str, Flattener>,
        flat: &mut Flat,
    ) -> Result<(), twinlake_flatten::FlattenError> {
        let resource = &*resource_type(text)?;
        let known = self.plans.get_key_value(resource);
        if let Some((resource, (plan, _))) = known {
            let new = || Flattener::new(plan.clone(), BATCH_ROWS);
            flatteners.entry(resource).or_insert_with(new).push(text)?;
        }
        count(&mut flat.resources, resource);
        if known.is_none() {
            count(&mut flat.without_view, resource);
        }
        Ok(())
    }
}

impl Flat {
    fn hand_over(
        self,
        config: &Config,
        lines: &mut Option<(Arc<Path>, u64)>,
        totals: &mut Totals,
        sink: &mut dyn FnMut(&str, RecordBatch) -> Result<()>,
        rejected: &mut dyn FnMut(&Rejected) -> Result<()>,
    ) -> Result<()> {
        // Lines of the file that came before; a file that is named twice begins anew, its chunks being next to each other.
        let n_before = match (&self.lines, &*lines) {
            (Some((file, _)), Some((known, n))) if Arc::ptr_eq(file, known) => *n,
            _ => 0,
        };
        *lines = self.lines.map(|(file, n)| (file, n + n_before));
        for mut one in self.rejected {
            one.line += n_before;
            totals.n_rejected += 1;
            if config.strict {
                return Err(one.into());
            }
            rejected(&one)?;
        }
        for (resource, n) in self.resources {
            *totals.resources.entry(resource).or_default() += n;
        }
        for (resource, n) in self.without_view {
            *totals.without_view.entry(resource).or_default() += n;
        }
        for (table, rows) in self.rows {
            *totals.rows.entry(table.clone()).or_default() += rows.num_rows() as u64;
            sink(&table, rows)?;
        }
        Ok(())
    }
}

fn count(counts: &mut BTreeMap<String, u64>, resource: &str) {
    match counts.get_mut(resource) {
        Some(n) => *n += 1,
        None => {
            counts.insert(resource.to_owned(), 1);
        }
    }
}
