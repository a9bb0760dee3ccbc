//! The step on a folder that writers left.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use clap::Parser as _;
use twinlake_commit::{Args, Verdict, commit_tables, open_lake, report};
use twinlake_lake::{HandOver, LakeTable, Run, RunStatus};
use twinlake_task::{Exit, Plan, UsageError};

fn table(namespace: &str, name: &str) -> LakeTable {
    LakeTable {
        namespace: namespace.into(),
        name: name.into(),
        schema: Arc::new(Schema::new(vec![Field::new("person_id", DataType::Int64, false)])),
        keys: vec!["person_id".into()],
        partitioned_by_dt: false,
        sort: vec!["person_id".into()],
    }
}

/// What a run leaves behind before its commit: a plan, a verdict, data files and hand-over lists of two shards.
fn hand_over(root: &Path) {
    let arguments = BTreeMap::from([("seed", "42"), ("pack", "us-adult"), ("as-of", "2025-12-31")]);
    let arguments = arguments.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let plan = Plan::new(&"run-1".parse().unwrap(), "generate", arguments, Vec::new()).fix(&root.join("runs")).unwrap();
    Verdict::Publish(RunStatus::Done).write(&root.join("runs/run-1")).unwrap();
    let run = Run { id: "run-1".into(), load_date: plan.load_date };
    let lake = open_lake(root.to_str().unwrap()).unwrap();
    let handover = HandOver::new(root, "run-1");
    for (namespace, name, n_rows) in [("fhir", "patient", 2), ("omop", "person", 2), ("omop", "death", 0)] {
        let table = table(namespace, name);
        lake.ensure_table(&table).unwrap();
        for shard in ["0", "1"] {
            let mut writer = lake.writer(&table, &run, shard).unwrap();
            let persons = Arc::new(Int64Array::from_iter_values(0..n_rows));
            writer.write(&RecordBatch::try_new(table.schema.clone(), vec![persons]).unwrap()).unwrap();
            handover.write(&table.full_name(), shard, &writer.close().unwrap()).unwrap();
        }
    }
}

fn args(root: &Path, run_id: &str) -> Args {
    Args::parse_from(["commit", "--lake", root.to_str().unwrap(), "--run-id", run_id])
}

#[test]
fn each_table_is_committed_once_and_the_run_is_listed_last() {
    let root = tempfile::tempdir().unwrap();
    hand_over(root.path());
    let lake = open_lake(root.path().to_str().unwrap()).unwrap();
    assert!(!lake.is_recorded("run-1").unwrap());

    for _ in 0..2 {
        assert_eq!(twinlake_commit::run(&args(root.path(), "run-1")).unwrap(), Exit::Done);
        assert!(lake.is_recorded("run-1").unwrap());
        let rows: Vec<_> = lake.tables().unwrap().into_iter().map(|table| (table.name, table.rows)).collect();
        let expected = [("fhir.patient", 4), ("omop.death", 0), ("omop.person", 4), ("ops.pipeline_runs", 1)];
        assert_eq!(rows, expected.map(|(name, rows)| (name.to_owned(), rows)));
    }
}

#[test]
fn a_run_is_committed_only_when_its_checks_let_it() {
    let root = tempfile::tempdir().unwrap();
    hand_over(root.path());
    let lake = open_lake(root.path().to_str().unwrap()).unwrap();
    let run = root.path().join("runs/run-1");
    Verdict::Stopped.write(&run).unwrap();
    assert_eq!(twinlake_commit::run(&args(root.path(), "run-1")).unwrap(), Exit::Findings);
    std::fs::remove_file(run.join("verdict")).unwrap();
    let refused = twinlake_commit::run(&args(root.path(), "run-1")).unwrap_err();
    assert!(refused.is::<UsageError>(), "{refused:#}");
    assert!(!lake.is_recorded("run-1").unwrap());
    assert!(lake.tables().unwrap().iter().all(|table| table.rows == 0));
}

#[test]
fn the_order_is_fixed_and_the_report_says_what_happened() {
    let root = tempfile::tempdir().unwrap();
    hand_over(root.path());
    let lake = open_lake(root.path().to_str().unwrap()).unwrap();
    let handover = HandOver::new(root.path(), "run-1");
    let tables = handover.tables().unwrap();
    let committed = commit_tables(&lake, &handover, &tables, "run-1").unwrap();
    let names: Vec<_> = committed.iter().map(|one| one.table.as_str()).collect();
    assert_eq!(names, ["omop.death", "omop.person", "fhir.patient"]);
    assert!(report(&committed).lines().nth(2).unwrap().ends_with("committed"));

    let again = commit_tables(&lake, &handover, &tables, "run-1").unwrap();
    let report = report(&again);
    assert_eq!(report.lines().filter(|line| line.ends_with("already there")).count(), 3, "{report}");
}

#[test]
fn an_unknown_run_is_a_usage_error_and_makes_no_lake() {
    let root = tempfile::tempdir().unwrap();
    let error = twinlake_commit::run(&args(root.path(), "run-7")).unwrap_err();
    assert!(error.is::<UsageError>());
    assert!(error.to_string().starts_with("there is no run `run-7`"), "{error}");
    assert!(!root.path().join("lake").exists());

    let remote = Args::parse_from(["commit", "--lake", "s3://bucket/lake", "--run-id", "run-7"]);
    assert!(twinlake_commit::run(&remote).unwrap_err().is::<UsageError>());
}
