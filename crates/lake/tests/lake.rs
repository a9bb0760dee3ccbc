//! What a lake promises: rows land once, whole, under a run id, in the table they were written for.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Date32Array, Int64Array, LargeStringArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use futures::TryStreamExt;
use tempfile::TempDir;
use twinlake_lake::{BlockingLake, CommitOutcome, Lake, LakeError, LakeTable, PipelineRun, Run, RunStatus, SourceFile};

fn person() -> LakeTable {
    LakeTable {
        namespace: "omop".into(),
        name: "person".into(),
        schema: Arc::new(Schema::new(vec![
            Field::new("person_id", DataType::Int64, false),
            Field::new("gender_source_value", DataType::Utf8, true),
        ])),
        keys: vec!["person_id".into()],
        partitioned_by_dt: true,
        sort: vec!["person_id".into()],
    }
}

/// A table with these columns besides the key.
fn person_with(columns: Vec<Field>) -> LakeTable {
    let mut fields = vec![Field::new("person_id", DataType::Int64, false)];
    fields.extend(columns);
    LakeTable { schema: Arc::new(Schema::new(fields)), ..person() }
}

fn persons(ids: std::ops::Range<i64>) -> RecordBatch {
    let genders: StringArray = ids.clone().map(|id| (id % 2 == 0).then_some("female")).collect();
    RecordBatch::try_new(person().schema, vec![Arc::new(Int64Array::from_iter_values(ids)), Arc::new(genders)]).unwrap()
}

fn run(id: &str) -> Run {
    Run { id: id.into(), load_date: "2026-01-31".parse().unwrap() }
}

fn open(folder: &Path) -> BlockingLake {
    let lake = BlockingLake::open_local(folder).unwrap();
    lake.ensure_table(&person()).unwrap();
    lake
}

fn write(lake: &BlockingLake, run: &Run, shard: &str, batch: &RecordBatch) -> Vec<String> {
    let mut writer = lake.writer(&person(), run, shard).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap()
}

/// The rows of a table as Iceberg's own reader sees them: (person, run, days since 1970).
fn rows(lake: &BlockingLake, table: &str) -> Vec<(i64, String, i32)> {
    let (namespace, name) = table.split_once('.').unwrap();
    let ident = iceberg::TableIdent::from_strs([namespace, name]).unwrap();
    lake.wait(async {
        let table = lake.lake().catalog().load_table(&ident).await.unwrap();
        let scan = table.scan().select(["person_id", "pipeline_run_id", "dt"]).build().unwrap();
        let batches: Vec<RecordBatch> = scan.to_arrow().await.unwrap().try_collect().await.unwrap();
        let mut rows = Vec::new();
        for batch in &batches {
            let persons = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
            let runs = arrow::compute::cast(batch.column(1), &DataType::Utf8).unwrap();
            let runs = runs.as_any().downcast_ref::<StringArray>().unwrap();
            let days = arrow::compute::cast(batch.column(2), &DataType::Date32).unwrap();
            let days = days.as_any().downcast_ref::<Date32Array>().unwrap();
            for row in 0..batch.num_rows() {
                rows.push((persons.value(row), runs.value(row).to_owned(), days.value(row)));
            }
        }
        rows.sort();
        rows
    })
}

#[test]
fn a_run_lands_once_with_its_id_and_load_date_in_every_row() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let run = run("run-1");
    let mut handover = write(&lake, &run, "0", &persons(1..4));
    handover.extend(write(&lake, &run, "1", &persons(4..6)));

    let first = lake.commit("run-1", "omop.person", &handover).unwrap();
    assert!(matches!(first, CommitOutcome::Committed { rows: 5, .. }), "{first:?}");
    let expected: Vec<_> = (1..6).map(|id| (id, "run-1".to_owned(), 20_484)).collect();
    assert_eq!(rows(&lake, "omop.person"), expected);

    // A rerun that wrote its files again still adds nothing, in another process too.
    let again = write(&lake, &run, "0", &persons(1..6));
    let reopened = BlockingLake::open_local(folder.path()).unwrap();
    let second = reopened.commit("run-1", "omop.person", &again).unwrap();
    assert_eq!(second, CommitOutcome::AlreadyCommitted { snapshot_id: first.snapshot_id(), rows: 5 });
    assert_eq!(rows(&reopened, "omop.person"), expected);

    let tables = reopened.tables().unwrap();
    assert_eq!((tables[0].name.as_str(), tables[0].rows), ("omop.person", 5));
    assert_eq!(tables[0].snapshot_id, first.snapshot_id());
}

#[test]
fn large_tables_are_partitioned_by_load_date_and_small_ones_are_not() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let small = LakeTable { name: "care_site".into(), partitioned_by_dt: false, ..person() };
    lake.ensure_table(&small).unwrap();
    let path = |line: &String| -> String {
        let file: serde_json::Value = serde_json::from_str(line).unwrap();
        file["file_path"].as_str().unwrap().to_owned()
    };
    let first = path(&write(&lake, &run("run-1"), "0", &persons(1..2))[0]);
    let second = path(&write(&lake, &run("run-1"), "0", &persons(1..2))[0]);
    assert!(first.contains("/omop/person/data/dt="), "{first}");
    assert_ne!(first, second, "an attempt never writes to the path of another");

    let mut writer = lake.writer(&small, &run("run-1"), "0").unwrap();
    writer.write(&persons(1..2)).unwrap();
    let unpartitioned = path(&writer.close().unwrap()[0]);
    assert!(unpartitioned.contains("/omop/care_site/data/run-1-0-00000-"), "{unpartitioned}");
}

#[test]
fn of_four_commits_of_one_run_at_the_same_time_exactly_one_lands() {
    let folder = TempDir::new().unwrap();
    open(folder.path());
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let committers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let lake = BlockingLake::open_local(folder.path()).unwrap();
                    let handover = write(&lake, &run("run-1"), "0", &persons(1..101));
                    lake.commit("run-1", "omop.person", &handover).unwrap()
                })
            })
            .collect();
        committers.into_iter().map(|committer| committer.join().unwrap()).collect()
    });
    let landed = outcomes.iter().filter(|outcome| matches!(outcome, CommitOutcome::Committed { .. }));
    assert_eq!(landed.count(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| outcome.rows() == 100));
    assert_eq!(rows(&open(folder.path()), "omop.person").len(), 100);
}

#[test]
fn different_runs_all_land_also_at_the_same_time() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    std::thread::scope(|scope| {
        for n in 0..4 {
            let lake = &lake;
            scope.spawn(move || {
                let run = run(&format!("run-{n}"));
                let handover = write(lake, &run, "0", &persons(n * 10..n * 10 + 10));
                let outcome = lake.commit(&run.id, "omop.person", &handover).unwrap();
                assert!(matches!(outcome, CommitOutcome::Committed { rows: 10, .. }));
            });
        }
    });
    let persons: Vec<i64> = rows(&lake, "omop.person").into_iter().map(|row| row.0).collect();
    assert_eq!(persons, (0..40).collect::<Vec<_>>());
}

#[test]
fn a_crash_before_the_commit_leaves_nothing_visible() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    write(&lake, &run("run-1"), "0", &persons(1..10)); // and its hand-over is lost
    let mut abandoned = lake.writer(&person(), &run("run-1"), "1").unwrap();
    abandoned.write(&persons(10..20)).unwrap();
    drop(abandoned);
    assert_eq!(rows(&lake, "omop.person"), []);
    assert_eq!(lake.tables().unwrap()[0].snapshot_id, None);

    let handover = write(&lake, &run("run-1"), "0", &persons(1..10));
    lake.commit("run-1", "omop.person", &handover).unwrap();
    assert_eq!(rows(&lake, "omop.person").len(), 9);
}

#[test]
fn a_run_without_rows_is_recorded_all_the_same() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let handover = write(&lake, &run("run-1"), "0", &persons(0..0));
    assert_eq!(handover, Vec::<String>::new());
    let first = lake.commit("run-1", "omop.person", &handover).unwrap();
    assert!(matches!(first, CommitOutcome::Committed { rows: 0, .. }), "{first:?}");
    assert_eq!(rows(&lake, "omop.person"), []);

    let repeated = write(&lake, &run("run-1"), "0", &persons(0..5));
    let second = lake.commit("run-1", "omop.person", &repeated).unwrap();
    assert!(matches!(second, CommitOutcome::AlreadyCommitted { rows: 0, .. }), "{second:?}");
    let other = write(&lake, &run("run-2"), "0", &persons(0..5));
    lake.commit("run-2", "omop.person", &other).unwrap();
    assert_eq!(lake.tables().unwrap()[0].rows, 5);
}

#[test]
fn a_second_cohort_is_refused_with_an_error_that_names_both() {
    let folder = TempDir::new().unwrap();
    let lake = BlockingLake::open_local(folder.path()).unwrap();
    assert_eq!(lake.wait(lake.lake().cohort()).unwrap(), None);
    lake.claim_cohort("us-adult 1 seed 42").unwrap();
    lake.claim_cohort("us-adult 1 seed 42").unwrap();
    let error = lake.claim_cohort("us-adult 1 seed 43").unwrap_err();
    assert!(matches!(error, LakeError::Cohort { .. }));
    let message = error.to_string();
    assert!(message.contains("`us-adult 1 seed 42`") && message.contains("`us-adult 1 seed 43`"), "{message}");
    assert_eq!(lake.wait(lake.lake().cohort()).unwrap().unwrap(), "us-adult 1 seed 42");
}

#[test]
fn of_two_cohorts_at_the_same_time_one_gets_the_lake() {
    let folder = TempDir::new().unwrap();
    BlockingLake::open_local(folder.path()).unwrap().ensure_table(&twinlake_lake::ops::pipeline_runs()).unwrap();
    let path = folder.path();
    let taken: Vec<bool> = std::thread::scope(|scope| {
        let claims: Vec<_> = (0..4)
            .map(|seed| {
                scope.spawn(move || BlockingLake::open_local(path).unwrap().claim_cohort(&format!("seed {seed}")))
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap().is_ok()).collect()
    });
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1, "{taken:?}");
}

#[test]
fn a_table_with_another_schema_is_refused_and_a_new_optional_column_is_added() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let handover = write(&lake, &run("run-1"), "0", &persons(1..3));
    lake.commit("run-1", "omop.person", &handover).unwrap();

    let refused = |columns| lake.ensure_table(&person_with(columns)).unwrap_err().to_string();
    assert_eq!(
        refused(vec![Field::new("gender_source_value", DataType::Int64, true)]),
        "table `omop.person` has another schema: column `gender_source_value` is Utf8 in the lake, and Int64 here"
    );
    assert_eq!(
        refused(vec![Field::new("gender_source_value", DataType::Utf8, false)]),
        "table `omop.person` has another schema: column `gender_source_value` is optional in the lake, and required here"
    );
    assert_eq!(
        refused(vec![Field::new("year_of_birth", DataType::Int32, false)]),
        "table `omop.person` has another schema: required column `year_of_birth` is not in the lake, whose rows would have \
         no value for it"
    );

    let wider = person_with(vec![
        Field::new("gender_source_value", DataType::Utf8, true),
        Field::new("year_of_birth", DataType::Int32, true),
        Field::new("names", DataType::List(Arc::new(Field::new("item", DataType::Utf8, true))), true),
    ]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| lake.ensure_table(&wider).unwrap());
        }
    });
    // A writer that knows only the old columns goes on; so does the reader of the old rows.
    let handover = write(&lake, &run("run-2"), "0", &persons(3..5));
    lake.commit("run-2", "omop.person", &handover).unwrap();
    assert_eq!(rows(&lake, "omop.person").len(), 4);
}

#[test]
fn a_batch_must_fit_its_table() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let refused = |columns: Vec<(&str, arrow::array::ArrayRef)>| {
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)));
        let mut writer = lake.writer(&person(), &run("run-1"), "0").unwrap();
        writer.write(&batch.unwrap()).unwrap_err().to_string()
    };
    assert_eq!(
        refused(vec![("person_id", Arc::new(Int64Array::from(vec![Some(1), None])))]),
        "a batch does not fit table `omop.person`: 1 of 2 values of required column `person_id` are null"
    );
    assert_eq!(
        refused(vec![("gender_source_value", Arc::new(StringArray::from(vec!["male"])))]),
        "a batch does not fit table `omop.person`: required column `person_id` is missing"
    );
    assert_eq!(
        refused(vec![("person_id", Arc::new(StringArray::from(vec!["1"])))]),
        "a batch does not fit table `omop.person`: column `person_id` is Int64 in the table, and Utf8 in the batch"
    );
    assert_eq!(
        refused(vec![("person", Arc::new(Int64Array::from(vec![1])))]),
        "a batch does not fit table `omop.person`: the table has no column `person`"
    );

    // Other widths of text are the same type, and an optional column may be left out.
    let genders = LargeStringArray::from(vec!["male"]);
    let mut writer = lake.writer(&person(), &run("run-1"), "0").unwrap();
    let wide: Vec<(_, arrow::array::ArrayRef)> =
        vec![("gender_source_value", Arc::new(genders)), ("person_id", Arc::new(Int64Array::from(vec![1])))];
    writer.write(&RecordBatch::try_from_iter(wide).unwrap()).unwrap();
    let narrow: Vec<(_, arrow::array::ArrayRef)> = vec![("person_id", Arc::new(Int64Array::from(vec![2])))];
    writer.write(&RecordBatch::try_from_iter(narrow).unwrap()).unwrap();
    assert_eq!(writer.n_rows(), 2);
    assert_eq!(lake.commit("run-1", "omop.person", &writer.close().unwrap()).unwrap().rows(), 2);
}

#[test]
fn a_hand_over_list_of_another_table_is_refused() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let other = LakeTable { name: "death".into(), ..person() };
    lake.ensure_table(&other).unwrap();
    let handover = write(&lake, &run("run-1"), "0", &persons(1..3));
    let error = lake.commit("run-1", "omop.death", &handover).unwrap_err();
    assert!(matches!(error, LakeError::HandOver { line: 1, source: None, .. }), "{error:?}");
    let garbage = [handover[0].clone(), "{".to_owned()];
    let error = lake.commit("run-1", "omop.person", &garbage).unwrap_err();
    assert!(matches!(error, LakeError::HandOver { line: 2, source: Some(_), .. }), "{error:?}");
    assert_eq!(rows(&lake, "omop.person"), []);

    let error = lake.commit("run-1", "omop.visit_occurrence", &[]).unwrap_err();
    assert_eq!(error.to_string(), "the lake has no table `omop.visit_occurrence`");
    let error = lake.commit("run 1", "omop.person", &handover).unwrap_err();
    assert!(matches!(error, LakeError::RunId { .. }), "{error:?}");
}

#[test]
fn the_version_hint_names_the_current_metadata_and_is_repaired() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let hint = folder.path().join("warehouse/omop/person/metadata/version-hint.text");
    let names_the_current = || {
        let current = lake.tables().unwrap().remove(0).metadata_location;
        let hint = fs::read_to_string(&hint).unwrap();
        assert!(current.ends_with(&format!("/{hint}.metadata.json")), "{hint} is not {current}");
        assert!(Path::new(current.strip_prefix("file://").unwrap()).is_file());
    };
    names_the_current();
    let handover = write(&lake, &run("run-1"), "0", &persons(1..3));
    lake.commit("run-1", "omop.person", &handover).unwrap();
    names_the_current();
    fs::write(&hint, "garbage").unwrap();
    lake.repair_version_hints().unwrap();
    names_the_current();
}

#[test]
fn a_recorded_run_lists_its_tables_and_is_recorded_once() {
    let folder = TempDir::new().unwrap();
    let lake = open(folder.path());
    let run = run("run-1");
    let record = PipelineRun {
        command: "run".into(),
        pack: Some("us-adult".into()),
        pack_hash: Some("00ff".into()),
        semantics_version: Some(1),
        seed: Some(u64::MAX),
        as_of: Some("2025-12-31".parse().unwrap()),
        version: "0.1.0".into(),
        n_patients: 3,
        table_rows: BTreeMap::from([("omop.person".into(), 3)]),
        snapshot_ids: BTreeMap::from([("omop.person".into(), Some(7))]),
        status: RunStatus::Done,
        committed_at: "2026-01-31T12:00:00".parse().unwrap(),
    };
    let file =
        SourceFile { path: "a.ndjson".into(), size_bytes: 10, tag: None, n_resources: Some(2), n_rejected: None };
    assert!(!lake.is_recorded("run-1").unwrap());
    lake.record_source_files(&run, &[file]).unwrap();
    assert!(!lake.is_recorded("run-1").unwrap());
    lake.record_run(&run, &record).unwrap();
    assert!(lake.is_recorded("run-1").unwrap());
    let again = lake.record_run(&run, &record).unwrap();
    assert!(matches!(again, CommitOutcome::AlreadyCommitted { rows: 1, .. }), "{again:?}");
    let counts: Vec<_> = lake.tables().unwrap().into_iter().map(|table| (table.name, table.rows)).collect();
    let expected = [("ops.pipeline_runs", 1), ("ops.source_files", 1), ("omop.person", 0)];
    for (name, rows) in expected {
        assert!(counts.contains(&(name.to_owned(), rows)), "{counts:?}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("lake");
    fs::write(&file, "in the way").unwrap();
    let error = BlockingLake::open_local(&file).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot create `{}`", file.join("warehouse").display()));
}

#[test]
fn a_lake_that_was_moved_is_not_written_to_where_it_was() {
    let folder = TempDir::new().unwrap();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    open(&old);
    fs::rename(&old, &new).unwrap();
    fs::create_dir(&old).unwrap();
    let lake = BlockingLake::open_local(&new).unwrap();
    assert!(lake.tables().is_err());

    fs::remove_dir(&old).unwrap();
    #[cfg(unix)]
    {
        // The old place is still readable; writing there would split the lake.
        std::os::unix::fs::symlink(&new, &old).unwrap();
        let error = lake.tables().unwrap_err();
        assert!(matches!(&error, LakeError::Elsewhere { table, .. } if table == "omop.person"), "{error:?}");
    }
}

#[tokio::test]
async fn a_path_with_signs_that_mean_something_in_a_url_is_only_a_path() {
    let folder = TempDir::new().unwrap();
    let odd = folder.path().join("50% of #1 ?");
    let lake = Lake::open_local(&odd).await.unwrap();
    lake.ensure_table(&person()).await.unwrap();
    assert!(odd.join("catalog.db").is_file());
    assert!(odd.join("warehouse/omop/person/metadata").is_dir());
}
