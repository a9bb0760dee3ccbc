//! The tables as a whole: the official field list, and rows that survive Parquet, CSV and other people's types.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date64Array, Float64Array, Int32Array, Int64Array, LargeStringArray, StringArray,
};
use arrow::record_batch::RecordBatch;
use chrono::{NaiveDate, NaiveDateTime};
use proptest::prelude::*;
use twinlake_omop::read::{self, ReadError};
use twinlake_omop::write::{CsvWriter, ParquetWriter};
use twinlake_omop::{AnyRow, Cell, ConceptId, DynRow, Kind, Measurement, Row as _, Table, TableBuilder};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[test]
fn the_facts_equal_the_official_list() {
    let specs = std::env::var_os("TWINLAKE_SPECS")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let path = specs.join("omop-cdm-5.4/OMOP_CDMv5.4_Field_Level.csv");
    if !path.exists() {
        #[expect(clippy::print_stderr, reason = "a test says what it skips")]
        {
            eprintln!("skipped: no {}", path.display());
        }
        return;
    }
    let mut official = csv::Reader::from_path(path).unwrap();
    let headers = official.headers().unwrap().clone();
    let mut ours = csv::Reader::from_path("spec/cdm_v5_4.csv").unwrap();
    let ours: Vec<csv::StringRecord> = ours.records().map(Result::unwrap).collect();
    let theirs: Vec<csv::StringRecord> = official.records().map(Result::unwrap).collect();
    assert_eq!((ours.len(), theirs.len()), (432, 432));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        let value = |name: &str| {
            let text = &theirs[headers.iter().position(|other| other == name).unwrap()];
            if text == "NA" { String::new() } else { text.trim_matches('"').to_owned() }
        };
        let lower = |name| value(name).to_lowercase();
        let expected = [
            value("cdmTableName"),
            value("cdmFieldName"),
            lower("cdmDatatype"),
            lower("isRequired"),
            lower("isPrimaryKey"),
            lower("fkTableName"),
            lower("fkFieldName"),
            value("fkDomain"),
            value("fkClass"),
        ];
        assert!(ours == expected.as_slice(), "{ours:?} is {expected:?} in the official list");
    }
}

#[test]
fn there_are_39_tables_of_432_fields() {
    assert_eq!(Table::ALL.len(), 39);
    assert_eq!(Table::ALL.iter().map(|table| table.spec().fields.len()).sum::<usize>(), 432);
    for table in Table::ALL {
        assert_eq!(Table::from_name(table.name()), Some(table));
        assert_eq!(TableBuilder::new(table).finish().schema(), table.schema());
    }
}

#[test]
fn eras_begin_on_days_and_references_are_as_wide_as_keys() {
    let kind = |table: Table, field: &str| table.spec().fields[table.spec().column(field).unwrap()].kind;
    assert_eq!(kind(Table::ConditionEra, "condition_era_start_date"), Kind::Date);
    assert_eq!(kind(Table::DrugEra, "drug_era_end_date"), Kind::Date);
    for (table, field) in [
        (Table::Cost, "cost_event_id"),
        (Table::EpisodeEvent, "event_id"),
        (Table::FactRelationship, "fact_id_2"),
        (Table::Measurement, "measurement_event_id"),
        (Table::Cohort, "subject_id"),
        (Table::Person, "location_id"),
    ] {
        assert_eq!(kind(table, field), Kind::Key, "{table}.{field}");
    }
    assert_eq!(kind(Table::FactRelationship, "domain_concept_id_1"), Kind::Concept);
    assert_eq!(kind(Table::Person, "year_of_birth"), Kind::Integer);
}

#[test]
fn a_death_is_known_by_its_person() {
    let row = twinlake_omop::Death { person_id: 7, ..Default::default() };
    assert_eq!((row.key(), row.person_id()), (Some(7), Some(7)));
}

fn parquet(rows: &[AnyRow]) -> Vec<u8> {
    let mut writer = ParquetWriter::new(rows[0].table(), Vec::new()).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    assert_eq!(writer.rows(), rows.len() as u64);
    writer.finish().unwrap()
}

fn from_parquet(table: Table, bytes: &[u8]) -> Vec<DynRow> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    read::parquet(table, file).unwrap().flat_map(Result::unwrap).collect()
}

fn through_csv(rows: &[AnyRow]) -> Vec<DynRow> {
    let table = rows[0].table();
    let mut writer = CsvWriter::new(table, Vec::new()).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    let bytes = writer.finish().unwrap();
    read::csv(table, bytes.as_slice()).unwrap().map(Result::unwrap).collect()
}

prop_compose! {
    fn measurement()(
        measurement_id in 0i64..1 << 62,
        person_id in 0i64..1 << 52,
        concept in 0..i32::MAX,
        days in -20_000i64..40_000,
        seconds in proptest::option::of(0i64..86_400),
        number in proptest::option::of(-1e9..1e9f64),
        text in proptest::option::of("[ -~]{1,50}"),
        visit in proptest::option::of(0i64..1 << 62),
    ) -> AnyRow {
        let date = day("1970-01-01") + chrono::Duration::days(days);
        Measurement {
            measurement_id,
            person_id,
            measurement_concept_id: ConceptId::new(concept),
            measurement_date: date,
            measurement_datetime: seconds.map(|s| date.and_hms_opt(0, 0, 0).unwrap() + chrono::Duration::seconds(s)),
            value_as_number: number,
            value_source_value: text,
            visit_occurrence_id: visit,
            ..Measurement::default()
        }
        .into()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_survive_parquet_and_csv(rows in proptest::collection::vec(measurement(), 1..20)) {
        let expected: Vec<DynRow> = rows.iter().map(DynRow::from).collect();
        let bytes = parquet(&rows);
        prop_assert_eq!(&from_parquet(Table::Measurement, &bytes), &expected);
        prop_assert_eq!(&through_csv(&rows), &expected);
        prop_assert_eq!(parquet(&rows), bytes);
    }
}

#[test]
fn the_types_of_others_are_read() {
    let columns: [(&str, ArrayRef); 7] = [
        ("PERSON_ID", Arc::new(Int32Array::from(vec![7, 8]))),
        ("gender_concept_id", Arc::new(Int64Array::from(vec![8507, 8532]))),
        ("year_of_birth", Arc::new(Float64Array::from(vec![Some(1970.0), None]))),
        ("month_of_birth", Arc::new(StringArray::from(vec!["3", "May"]))),
        ("birth_datetime", Arc::new(LargeStringArray::from(vec!["1970-03-04 00:00:00", "nonsense"]))),
        ("person_source_value", Arc::new(Int64Array::from(vec![11, 12]))),
        ("favourite_colour", Arc::new(StringArray::from(vec!["red", "blue"]))),
    ];
    let rows = read::rows(Table::Person, &RecordBatch::try_from_iter(columns).unwrap()).unwrap();
    assert_eq!(rows[0].key(), Some(7));
    assert_eq!(rows[0].cell("year_of_birth"), &Cell::Int(1970));
    assert_eq!(rows[0].cell("month_of_birth"), &Cell::Int(3));
    assert_eq!(rows[0].cell("birth_datetime"), &Cell::DateTime(at("1970-03-04T00:00:00")));
    assert_eq!(rows[0].cell("person_source_value"), &Cell::from("11"));
    assert_eq!(rows[0].cell("race_concept_id"), &Cell::Null);
    assert_eq!(rows[1].cell("year_of_birth"), &Cell::Null);
    assert_eq!(rows[1].cell("month_of_birth"), &Cell::from("May"));
    assert_eq!(rows[1].cell("birth_datetime"), &Cell::from("nonsense"));
}

#[test]
fn timestamps_are_read_as_days_where_a_day_is_wanted() {
    let millis = at("2019-03-04T09:30:00").and_utc().timestamp_millis();
    let dates: ArrayRef = Arc::new(Date64Array::from(vec![millis]));
    let batch = RecordBatch::try_from_iter([("death_date", Arc::clone(&dates)), ("death_datetime", dates)]).unwrap();
    let rows = read::rows(Table::Death, &batch).unwrap();
    assert_eq!(rows[0].cell("death_date"), &Cell::Date(day("2019-03-04")));
    assert_eq!(rows[0].cell("death_datetime"), &Cell::DateTime(at("2019-03-04T09:30:00")));
}

#[test]
fn a_column_that_cannot_be_is_named() {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let batch = RecordBatch::try_from_iter([("death_date", flags)]).unwrap();
    let error = read::rows(Table::Death, &batch).unwrap_err();
    assert_eq!(error.to_string(), "column `death.death_date` is of type `Boolean`, which is no Date");
    assert!(matches!(read::csv(Table::Death, "a,b\n1,2\n".as_bytes()).err(), Some(ReadError::NoColumn { .. })));
}

#[test]
fn a_vocabulary_download_is_read() {
    let text = "concept_id\tconcept_name\tvalid_start_date\n8507\tMALE\t19700101\n";
    let rows: Vec<_> = read::csv(Table::Concept, text.as_bytes()).unwrap().map(Result::unwrap).collect();
    assert_eq!(rows[0].key(), Some(8507));
    assert_eq!(rows[0].cell("valid_start_date"), &Cell::Date(day("1970-01-01")));
}
