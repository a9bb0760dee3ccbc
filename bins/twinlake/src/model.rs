//! `twinlake model`: checks a model pack, and begins one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use twinlake_generate::load_pack;
use twinlake_pack::Pack;
use twinlake_task::{Exit, PartialFile, UsageError};
use twinlake_vocab::Vocab;

/// Check a model pack, or begin one
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ModelArgs {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    pub(crate) task: twinlake_task::Args,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// Check a model pack; what is wrong with it or of no use in it comes with file and line, and exit code 3
    Lint {
        /// Folder of the model pack
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
    /// Write the built-in model pack to a new folder, as a start for one of your own
    New {
        /// Folder to make
        #[arg(value_name = "DIR")]
        dir: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
///
/// A folder that cannot be read; for `new`, one that is not empty or cannot be written.
pub(crate) fn model(args: &ModelArgs) -> Result<Exit> {
    match &args.verb {
        Verb::Lint { dir } => lint(dir),
        Verb::New { dir } => begin(dir),
    }
}

fn lint(dir: &Path) -> Result<Exit> {
    if !dir.join("pack.toml").is_file() {
        return Err(UsageError::new(format!("`{}` is no model pack: it has no `pack.toml`", dir.display())));
    }
    let pack = match load_pack(Some(dir)) {
        Ok(pack) => pack,
        // What is wrong with a pack is what was asked for; what is wrong with the disk is not.
        Err(error) if error.chain().any(<dyn std::error::Error>::is::<twinlake_pack::PackError>) => {
            say(&format!("{}", error.root_cause()))?;
            return Ok(Exit::Findings);
        }
        Err(error) => return Err(error),
    };
    for unused in pack.unused() {
        say(&unused.to_string())?;
    }
    let unknown = unknown_concepts(&pack);
    for (key, what) in &unknown {
        say(&format!("terminology: `{key}` {what}"))?;
    }
    say(&format!(
        "{} {}: {} conditions, {} medications, {} labs, {} procedures, {} vaccines, {} concepts",
        pack.name,
        &pack.hash()[..12],
        pack.conditions.len(),
        pack.medications.len(),
        pack.labs.len(),
        pack.procedures.len(),
        pack.vaccines.len(),
        pack.concepts.len(),
    ))?;
    Ok(if unknown.is_empty() && pack.unused().is_empty() { Exit::Done } else { Exit::Findings })
}

/// Concepts that the embedded vocabulary does not give for their codes: what has them could not be mapped back.
fn unknown_concepts(pack: &Pack) -> BTreeMap<&str, String> {
    let vocab = Vocab::embedded();
    let mut unknown = BTreeMap::new();
    for (_, entry) in pack.concept_keys() {
        // A pack says by concept id 0 that no vocabulary of OMOP's proves the code: an answer that stays a source value.
        if entry.concept_id == 0 {
            continue;
        }
        let what = match vocab.find(entry.system, entry.code) {
            None => format!("is not in the embedded vocabulary: {} {}", entry.system, entry.code),
            Some(concept) if concept.concept_id.get() != entry.concept_id => {
                format!("is concept {} in the embedded vocabulary, here {}", concept.concept_id.get(), entry.concept_id)
            }
            Some(_) => continue,
        };
        unknown.insert(entry.key, what);
    }
    unknown
}

fn begin(dir: &Path) -> Result<Exit> {
    if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(UsageError::new(format!("`{}` is not empty", dir.display())));
    }
    let files = Pack::embedded_files();
    for (path, content) in &files {
        PartialFile::write_all_to(dir.join(path), content)?;
    }
    say(&format!("{} files in {}; check them with `twinlake model lint`", files.len(), dir.display()))?;
    Ok(Exit::Done)
}

fn say(line: &str) -> Result<()> {
    use std::io::Write as _;
    writeln!(std::io::stdout().lock(), "{line}").context("writing to stdout")
}
