//! A table as a Parquet file whose encodings fit its rows.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{Array, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef, TimestampMicrosecondType};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnPath;

use crate::output::Target;

/// A file that begins with its first row group: what stands there tells which columns a dictionary is of use for.
pub(crate) struct ParquetFile {
    schema: SchemaRef,
    n_groups: usize,
    state: State,
}

enum State {
    Empty(Option<Target>),
    Begun(SerializedFileWriter<Target>, ArrowRowGroupWriterFactory),
}

/// Values of a column that are looked at, at most.
const SAMPLE: usize = 8192;
/// Fewer values tell nothing.
const SMALL_SAMPLE: usize = 1024;

impl ParquetFile {
    pub(crate) fn new(target: Target, schema: SchemaRef) -> Self {
        Self { schema, n_groups: 0, state: State::Empty(Some(target)) }
    }

    /// A writer for each column of the next row group, which will hold these rows.
    pub(crate) fn column_writers(&mut self, rows: &[RecordBatch]) -> Result<Vec<ArrowColumnWriter>> {
        let group = self.n_groups;
        self.n_groups += 1;
        let (_, factory) = self.begun(rows)?;
        Ok(factory.create_column_writers(group)?)
    }

    /// The next row group, to which its encoded columns are appended.
    pub(crate) fn next_row_group(&mut self) -> Result<SerializedRowGroupWriter<'_, Target>> {
        Ok(self.begun(&[])?.0.next_row_group()?)
    }

    /// Ends the file; one without rows has its schema.
    pub(crate) fn finish(mut self) -> Result<Target> {
        self.begun(&[])?;
        match self.state {
            State::Begun(writer, _) => Ok(writer.into_inner()?),
            State::Empty(_) => unreachable!("it was begun"),
        }
    }

    fn begun(
        &mut self,
        rows: &[RecordBatch],
    ) -> Result<(&mut SerializedFileWriter<Target>, &ArrowRowGroupWriterFactory)> {
        if let State::Empty(target) = &mut self.state {
            let target = target.take().context("the file could not be begun")?;
            let mut properties = WriterProperties::builder()
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
                .set_created_by("twinlake".to_owned());
            for (index, field) in self.schema.fields().iter().enumerate() {
                if is_distinct(rows, index) {
                    let path = ColumnPath::new(vec![field.name().clone()]);
                    properties = properties.set_column_dictionary_enabled(path, false);
                }
            }
            let writer = ArrowWriter::try_new(target, Arc::clone(&self.schema), Some(properties.build()))?;
            let (writer, factory) = writer.into_serialized_writer()?;
            self.state = State::Begun(writer, factory);
        }
        match &mut self.state {
            State::Begun(writer, factory) => Ok((writer, factory)),
            State::Empty(_) => unreachable!("it was begun"),
        }
    }
}

/// Nearly every value of the column is another one, as ids and times of day are. A dictionary of them is as long as they.
fn is_distinct(rows: &[RecordBatch], column: usize) -> bool {
    let mut marks = Vec::new();
    // Few values tell already that a column of codes is not what is looked for.
    for n_wanted in [SMALL_SAMPLE, SAMPLE] {
        marks.clear();
        for rows in rows {
            push_marks(rows.column(column), n_wanted - marks.len(), &mut marks);
        }
        let n_values = marks.len();
        marks.sort_unstable();
        marks.dedup();
        if n_values < SMALL_SAMPLE || marks.len() * 10 < n_values * 9 {
            return false;
        }
    }
    true
}

/// A number for each value that is not null, equal for equal values.
fn push_marks(column: &dyn Array, n: usize, marks: &mut Vec<u64>) {
    match column.data_type() {
        DataType::Utf8 => marks.extend(column.as_string::<i32>().iter().flatten().take(n).map(mark)),
        DataType::Float64 => {
            marks.extend(column.as_primitive::<Float64Type>().iter().flatten().take(n).map(f64::to_bits));
        }
        DataType::Int64 => {
            marks.extend(column.as_primitive::<Int64Type>().iter().flatten().take(n).map(i64::cast_unsigned));
        }
        DataType::Timestamp(..) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().iter().flatten();
            marks.extend(values.take(n).map(i64::cast_unsigned));
        }
        _ => {}
    }
}

/// FNV-1a.
fn mark(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray};

    fn rows(values: impl Iterator<Item = String>) -> Vec<RecordBatch> {
        let values: StringArray = values.map(Some).collect();
        vec![RecordBatch::try_from_iter([("value", Arc::new(values) as ArrayRef)]).unwrap()]
    }

    #[test]
    fn ids_are_distinct_and_codes_are_not() {
        assert!(is_distinct(&rows((0..5000).map(|n| format!("id-{n}"))), 0));
        assert!(!is_distinct(&rows((0..5000).map(|n| format!("code-{}", n % 900))), 0));
        assert!(!is_distinct(&rows((0..10).map(|n| format!("id-{n}"))), 0), "too few to tell");
    }
}
