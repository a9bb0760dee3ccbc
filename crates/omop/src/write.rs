//! Writing rows of one table as Parquet or CSV.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::batch::TableBuilder;
use crate::cell::Cell;
use crate::row::DynRow;
use crate::tables::{AnyRow, Table};

/// Rows in a row group of Parquet.
pub const ROW_GROUP_ROWS: usize = 65_536;
/// Rows gathered before they are handed to the Parquet encoder; sets the memory of a writer.
const BATCH_ROWS: usize = 4_096;

/// Most bytes of a page, and of a dictionary. A writer holds one of each for each column, and keys gain nothing by a large one.
const PAGE_BYTES: usize = 64 * 1024;

/// Most rows of a page, so that every column of a table has made its first page, and with it its compressor, early on.
const PAGE_ROWS: usize = 8_192;

/// How Parquet files of ours are written: row groups of 65,536 rows, zstd level 1, whose compressor (one for each column
/// of each table) is a quarter of level 3's.
pub fn parquet_properties() -> WriterProperties {
    let level = ZstdLevel::try_new(1).expect("1 is a zstd level");
    WriterProperties::builder()
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_compression(Compression::ZSTD(level))
        .set_dictionary_page_size_limit(PAGE_BYTES)
        .set_data_page_size_limit(PAGE_BYTES)
        .set_data_page_row_count_limit(PAGE_ROWS)
        // An index of pages would be held until the file ends, and grow with it.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .build()
}

/// Writes rows of one table as Parquet. The bytes depend on the rows and their order alone.
pub struct ParquetWriter<W: Write + Send> {
    builder: TableBuilder,
    writer: ArrowWriter<W>,
    rows: u64,
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When the destination does.
    pub fn new(table: Table, destination: W) -> Result<Self, ParquetError> {
        let writer = ArrowWriter::try_new(destination, table.schema(), Some(parquet_properties()))?;
        Ok(ParquetWriter { builder: TableBuilder::new(table), writer, rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When the destination does.
    ///
    /// # Panics
    ///
    /// When the row is of another table.
    pub fn write(&mut self, row: &AnyRow) -> Result<(), ParquetError> {
        self.builder.append(row);
        if self.builder.len() >= BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// Adds the rows of a batch of the table's schema.
    ///
    /// # Errors
    ///
    /// When the batch has another schema, or the destination fails.
    pub fn write_batch(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.flush()?;
        self.rows += batch.num_rows() as u64;
        self.writer.write(batch)
    }

    /// Number of rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows + self.builder.len() as u64
    }

    /// Ends the file and gives the destination back.
    ///
    /// # Errors
    ///
    /// When the destination does.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        self.flush()?;
        self.writer.into_inner()
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        if self.builder.is_empty() {
            return Ok(());
        }
        self.rows += self.builder.len() as u64;
        self.writer.write(&self.builder.finish())
    }
}

/// Writes rows of one table as CSV: a header, commas, an absent value as nothing, `2019-03-04 09:30:00` for times.
pub struct CsvWriter<W: Write> {
    table: Table,
    writer: csv::Writer<W>,
    rows: u64,
}

impl<W: Write> CsvWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    ///
    /// When the destination does.
    pub fn new(table: Table, destination: W) -> Result<Self, csv::Error> {
        let mut writer = csv::Writer::from_writer(destination);
        writer.write_record(table.spec().fields.iter().map(|field| field.name))?;
        Ok(CsvWriter { table, writer, rows: 0 })
    }

    /// Adds a row.
    ///
    /// # Errors
    ///
    /// When the destination does.
    ///
    /// # Panics
    ///
    /// When the row is of another table.
    pub fn write(&mut self, row: &AnyRow) -> Result<(), csv::Error> {
        assert_eq!(row.table(), self.table, "a row of another table");
        self.write_cells((0..self.table.spec().fields.len()).map(|column| row.cell(column)))
    }

    /// Adds a row that was read.
    ///
    /// # Errors
    ///
    /// When the destination does.
    ///
    /// # Panics
    ///
    /// When the row is of another table.
    pub fn write_dyn(&mut self, row: &DynRow) -> Result<(), csv::Error> {
        assert_eq!(row.table, self.table, "a row of another table");
        self.write_cells(row.cells.iter().cloned())
    }

    fn write_cells<'c>(&mut self, cells: impl Iterator<Item = Cell<'c>>) -> Result<(), csv::Error> {
        for cell in cells {
            match cell {
                Cell::Null => self.writer.write_field("")?,
                Cell::Text(text) => self.writer.write_field(text.as_ref())?,
                Cell::DateTime(at) => self.writer.write_field(at.format("%Y-%m-%d %H:%M:%S%.f").to_string())?,
                cell => self.writer.write_field(cell.to_string())?,
            }
        }
        self.rows += 1;
        self.writer.write_record(None::<&[u8]>)
    }

    /// Number of rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file and gives the destination back.
    ///
    /// # Errors
    ///
    /// When the destination does.
    pub fn finish(self) -> Result<W, std::io::Error> {
        self.writer.into_inner().map_err(csv::IntoInnerError::into_error)
    }
}
