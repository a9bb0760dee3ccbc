//! The key to defects, as `generate --defects` writes it.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use arrow::array::{Array as _, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use twinlake_crosscheck::{Answer, Score};
use twinlake_omop::Table;

/// Reads the key.
pub(crate) fn read(path: &Path) -> Result<Vec<Answer>> {
    let context = || format!("reading the key to the defects, `{}`", path.display());
    let file = File::open(path).with_context(context)?;
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).with_context(context)?.build().with_context(context)?;
    let mut answers = Vec::new();
    for batch in reader {
        read_batch(&batch.with_context(context)?, &mut answers).with_context(context)?;
    }
    Ok(answers)
}

fn read_batch(batch: &RecordBatch, answers: &mut Vec<Answer>) -> Result<()> {
    let column = |name: &str| batch.column_by_name(name).with_context(|| format!("it has no column `{name}`"));
    let texts = |name: &str| column(name)?.as_string_opt::<i32>().with_context(|| format!("`{name}` is no text"));
    let numbers =
        |name: &str| column(name)?.as_primitive_opt::<Int64Type>().with_context(|| format!("`{name}` is no BIGINT"));
    let (persons, keys) = (numbers("person_id")?, numbers("omop_key")?);
    let visible = column("visible")?.as_boolean_opt().context("`visible` is no BOOLEAN")?;
    let (kinds, rules, tables) = (texts("kind")?, texts("rule")?, texts("omop_table")?);
    let (types, ids) = (texts("fhir_type")?, texts("fhir_id")?);
    for row in 0..batch.num_rows() {
        let text = |column: &StringArray| column.is_valid(row).then(|| column.value(row).to_owned());
        let table = match text(tables) {
            Some(name) => match Table::from_name(&name) {
                Some(table) => Some(table),
                None => bail!("there is no table `{name}`"),
            },
            None => None,
        };
        answers.push(Answer {
            person_id: persons.value(row),
            kind: kinds.value(row).to_owned(),
            is_visible: visible.value(row),
            rule: text(rules),
            resource: text(types).zip(text(ids)).map(|(kind, id)| format!("{kind}/{id}")),
            row: table.filter(|_| keys.is_valid(row)).map(|table| (table, keys.value(row))),
        });
    }
    Ok(())
}

/// What the score says, in a few lines.
pub(crate) fn as_text(score: &Score) -> Vec<String> {
    const SHOWN: usize = 10;
    let all = &score.all;
    let mut lines = vec![format!(
        "defects: {} of {} visible ones found (recall {:.1} %), {} of {} findings explained (precision {:.1} %)",
        all.found,
        all.visible,
        100.0 * all.recall,
        all.explained,
        all.findings,
        100.0 * all.precision,
    )];
    for (what, list) in [("missed", &score.missed), ("not explained", &score.unexplained)] {
        lines.extend(list.iter().take(SHOWN).map(|one| format!("{what}: {one}")));
        if list.len() > SHOWN {
            lines.push(format!("{what}: and {} more", list.len() - SHOWN));
        }
    }
    lines
}
