//! `twinlake views`: looks at views of SQL on FHIR, the built-in ones and anyone's.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::json;
use twinlake_flatten::lint::{Severity, lint};
use twinlake_flatten::schema::{Dialect, create_table};
use twinlake_flatten::{Plan, Types, ViewDefinition, builtin};
use twinlake_flatten_bin::TypeProfile;
use twinlake_task::{Exit, UsageError};

/// Look at views of SQL on FHIR: what there is, whether they are portable, which tables they make
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ViewsArgs {
    #[command(subcommand)]
    verb: Verb,

    #[command(flatten)]
    pub(crate) task: twinlake_task::Args,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Verb {
    /// List views: name, resource, number of columns, title
    List {
        /// Views or folders of views (`*.json`) [default: the built-in views]
        #[arg(value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Print a built-in view, as JSON that any SQL on FHIR engine runs
    Show {
        /// Name of the view, e.g. `patient`
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check views by the profiles Shareable and Tabular; exit code 3 when there is an error
    Lint {
        /// Views or folders of views (`*.json`)
        #[arg(value_name = "FILE|DIR", required_unless_present = "builtin")]
        paths: Vec<PathBuf>,
        /// The built-in views
        #[arg(long)]
        builtin: bool,
        /// One JSON object a finding
        #[arg(long)]
        json: bool,
    },
    /// Print `CREATE TABLE` of the views' tables, with comments
    Schema {
        /// Built-in views by name, or views or folders of views (`*.json`) [default: all built-in views]
        #[arg(value_name = "NAME|FILE|DIR")]
        views: Vec<PathBuf>,
        /// Whose SQL it is
        #[arg(long, value_enum, default_value_t = DialectName::Duckdb, value_name = "DIALECT")]
        dialect: DialectName,
        /// `ansi` for the specification's default types, `typed` for dates and numbers to calculate with
        #[arg(long, value_enum, default_value_t = TypeProfile::Typed, value_name = "TYPES")]
        types: TypeProfile,
        /// For Athena: the folder in which each table has one of its name, with Parquet files
        #[arg(long, value_name = "S3_URL", required_if_eq("dialect", "athena"))]
        location: Option<String>,
    },
}

/// See [`Dialect`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum DialectName {
    Duckdb,
    Athena,
    Postgresql,
}

/// The text of a view and where it is from.
struct Source {
    /// The file's path; for a built-in view its name.
    label: String,
    text: String,
}

/// Runs the command.
///
/// # Errors
///
/// A view that is not there or cannot be read. What `lint` finds is no error of the command, but [`Exit::Findings`].
pub(crate) fn views(args: &ViewsArgs) -> Result<Exit> {
    let text = match &args.verb {
        Verb::List { paths, json } => list(paths, *json)?,
        Verb::Show { name } => format!("{}\n", builtin_view(name)?.trim_end()),
        Verb::Lint { paths, builtin, json } => return check(paths, *builtin, *json),
        Verb::Schema { views, dialect, types, location } => schema(views, *dialect, *types, location.as_deref())?,
    };
    say(&text)?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Listed {
    name: String,
    resource: String,
    title: Option<String>,
    columns: usize,
}

fn list(paths: &[PathBuf], json: bool) -> Result<String> {
    let sources = if paths.is_empty() { builtin_views() } else { sources(paths)? };
    let mut listed = Vec::new();
    for source in &sources {
        let plan = compile(source, Types::Typed)?.1;
        let table = &plan.tables()[0];
        let title = serde_json::from_str::<serde_json::Value>(&source.text)
            .ok()
            .and_then(|view| view.get("title")?.as_str().map(str::to_owned));
        listed.push(Listed {
            name: table.name().to_owned(),
            resource: plan.resource().to_owned(),
            title,
            columns: table.schema().fields().len(),
        });
    }
    if json {
        let mut text = String::new();
        for view in &listed {
            text.push_str(&serde_json::to_string(view)?);
            text.push('\n');
        }
        return Ok(text);
    }
    let width = |of: fn(&Listed) -> &str| listed.iter().map(|view| of(view).len()).max().unwrap_or(0).max(8);
    let (name, resource) = (width(|view| &view.name), width(|view| &view.resource));
    let mut lines = vec![format!("{:name$}  {:resource$}  columns  title\n", "name", "resource")];
    for view in &listed {
        let title = view.title.as_deref().unwrap_or("-");
        lines.push(format!("{:name$}  {:resource$}  {:7}  {title}\n", view.name, view.resource, view.columns));
    }
    Ok(lines.concat())
}

fn check(paths: &[PathBuf], builtin: bool, json: bool) -> Result<Exit> {
    let mut checked = if builtin { builtin_views() } else { Vec::new() };
    checked.extend(sources(paths)?);
    let (mut n_errors, mut n_warnings) = (0, 0);
    let mut lines = Vec::new();
    for source in &checked {
        for finding in lint(&source.text) {
            match finding.severity {
                Severity::Error => n_errors += 1,
                Severity::Warning => n_warnings += 1,
            }
            if json {
                let line = json!({
                    "view": source.label,
                    "place": finding.place,
                    "severity": finding.severity.to_string(),
                    "rule": finding.rule,
                    "reason": finding.reason,
                    "fix": finding.fix,
                });
                lines.push(format!("{line}\n"));
            } else {
                lines.push(format!("{}: {finding}\n", source.label));
            }
        }
    }
    let totals =
        format!("{}: {}, {}", count(checked.len(), "view"), count(n_errors, "error"), count(n_warnings, "warning"));
    if !json {
        lines.push(format!("{totals}\n"));
    }
    say(&lines.concat())?;
    Ok(if n_errors > 0 { Exit::Findings } else { Exit::Done })
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn schema(views: &[PathBuf], dialect: DialectName, types: TypeProfile, location: Option<&str>) -> Result<String> {
    let mut chosen = if views.is_empty() { builtin_views() } else { Vec::new() };
    for view in views {
        match view.to_str().filter(|_| !view.exists()) {
            Some(name) if is_name(name) => {
                chosen.push(Source { label: name.to_owned(), text: builtin_view(name)?.to_owned() });
            }
            _ => chosen.extend(sources(std::slice::from_ref(view))?),
        }
    }
    let dialect = match dialect {
        DialectName::Duckdb => Dialect::DuckDb,
        DialectName::Athena => Dialect::Athena,
        DialectName::Postgresql => Dialect::PostgreSql,
    };
    let types = match types {
        TypeProfile::Ansi => Types::Ansi,
        TypeProfile::Typed => Types::Typed,
    };
    let mut statements = Vec::new();
    for source in &chosen {
        let (view, plan) = compile(source, types)?;
        for table in plan.tables() {
            statements.push(create_table(table, dialect, view.description(), location)?);
        }
    }
    Ok(statements.join("\n"))
}

fn compile(source: &Source, types: Types) -> Result<(ViewDefinition, Plan)> {
    let context = || format!("`{}`", source.label);
    let view = ViewDefinition::parse(&source.text).with_context(context)?;
    let plan = Plan::compile(std::slice::from_ref(&view), types).with_context(context)?;
    Ok((view, plan))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn builtin_views() -> Vec<Source> {
    let source = |(name, text): &(&str, &str)| Source { label: (*name).to_owned(), text: (*text).to_owned() };
    builtin::VIEWS.iter().map(source).collect()
}

fn builtin_view(name: &str) -> Result<&'static str> {
    match builtin::VIEWS.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => Ok(text),
        None => Err(UsageError::new(format!("no built-in view is named `{name}`; `twinlake views list` has them all"))),
    }
}

/// The views of files and folders, those of a folder in the order of names.
fn sources(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(read(path)?);
            continue;
        }
        let mut files = Vec::new();
        for entry in fs::read_dir(path).with_context(|| format!("reading views in `{}`", path.display()))? {
            let file = entry.with_context(|| format!("reading views in `{}`", path.display()))?.path();
            if file.extension().is_some_and(|extension| extension == "json") {
                files.push(file);
            }
        }
        if files.is_empty() {
            return Err(UsageError::new(format!("no view (*.json) in `{}`", path.display())));
        }
        files.sort();
        for file in files {
            found.push(read(&file)?);
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Source> {
    let text = fs::read_to_string(path).with_context(|| format!("reading view `{}`", path.display()))?;
    Ok(Source { label: path.display().to_string(), text })
}

fn say(text: &str) -> Result<()> {
    use std::io::Write as _;
    std::io::stdout().lock().write_all(text.as_bytes()).context("writing to stdout")
}
