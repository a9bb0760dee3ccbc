//! Rows as bytes, for spilling them to disk.

use std::borrow::Cow;

use anyhow::{Context as _, Result, bail};
use chrono::{DateTime, Datelike as _, NaiveDate};
use twinlake_omop::{Cell, DynRow, Table};

/// Appends a row's cells to a buffer; [`decode`] reads them back.
pub(crate) fn encode(row: &DynRow, buffer: &mut Vec<u8>) {
    for cell in &row.cells {
        match cell {
            Cell::Null => buffer.push(0),
            Cell::Int(value) => {
                buffer.push(1);
                buffer.extend(value.to_le_bytes());
            }
            Cell::Float(value) => {
                buffer.push(2);
                buffer.extend(value.to_le_bytes());
            }
            Cell::Date(value) => {
                buffer.push(3);
                buffer.extend(value.num_days_from_ce().to_le_bytes());
            }
            Cell::DateTime(value) => {
                buffer.push(4);
                buffer.extend(value.and_utc().timestamp_micros().to_le_bytes());
            }
            Cell::Text(value) => {
                buffer.push(5);
                let length = u32::try_from(value.len()).expect("a cell is smaller than 4 GiB");
                buffer.extend(length.to_le_bytes());
                buffer.extend(value.as_bytes());
            }
        }
    }
}

/// Reads a row that [`encode`] wrote.
pub(crate) fn decode(table: Table, mut bytes: &[u8]) -> Result<DynRow> {
    let mut cells = Vec::with_capacity(table.spec().fields.len());
    while let Some((kind, rest)) = bytes.split_first() {
        bytes = rest;
        cells.push(match kind {
            0 => Cell::Null,
            1 => Cell::Int(i64::from_le_bytes(take(&mut bytes)?)),
            2 => Cell::Float(f64::from_le_bytes(take(&mut bytes)?)),
            3 => {
                let days = i32::from_le_bytes(take(&mut bytes)?);
                Cell::Date(NaiveDate::from_num_days_from_ce_opt(days).context("a spilled date is out of range")?)
            }
            4 => {
                let micros = i64::from_le_bytes(take(&mut bytes)?);
                let at = DateTime::from_timestamp_micros(micros).context("a spilled time is out of range")?;
                Cell::DateTime(at.naive_utc())
            }
            5 => {
                let length = u32::from_le_bytes(take(&mut bytes)?) as usize;
                let (text, rest) = bytes.split_at_checked(length).context("a spilled row is cut off")?;
                bytes = rest;
                Cell::Text(Cow::Owned(String::from_utf8(text.to_vec()).context("a spilled text is not UTF-8")?))
            }
            kind => bail!("a spilled row has a cell of unknown kind {kind}"),
        });
    }
    Ok(DynRow { table, cells })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk().context("a spilled row is cut off")?;
    *bytes = rest;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let day = NaiveDate::from_ymd_opt(1931, 2, 28).unwrap();
        let cells = vec![
            Cell::Null,
            Cell::Int(-7),
            Cell::Float(7.25),
            Cell::Date(day),
            Cell::DateTime(day.and_hms_micro_opt(23, 59, 59, 999_999).unwrap()),
            Cell::Text("Ordóñez".into()),
        ];
        let row = DynRow { table: Table::Person, cells };
        let mut bytes = Vec::new();
        encode(&row, &mut bytes);
        assert_eq!(decode(Table::Person, &bytes).unwrap(), row);
        assert!(decode(Table::Person, &bytes[..bytes.len() - 1]).is_err());
    }
}
