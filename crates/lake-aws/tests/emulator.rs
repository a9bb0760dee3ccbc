//! Commits to Glue and S3 as an emulator plays them.
//!
//! Wants the emulator `ministack` (version 1.5.33), whose Glue honours the version a commit was built on. It is looked for in
//! `TWINLAKE_MINISTACK`, else on the `PATH`; without it the test says that it skipped.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it is")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use twinlake_lake::{BlockingLake, CommitOutcome, LakeTable, Run};
use twinlake_lake_aws::{AccessKey, AwsError, Config, open};

/// A running emulator, ended with the test.
struct Emulator {
    process: Child,
    port: u16,
}

impl Emulator {
    /// None when there is no such program.
    fn start() -> Option<Self> {
        let program = std::env::var_os("TWINLAKE_MINISTACK").unwrap_or_else(|| "ministack".into());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new(program)
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let emulator = Self { process, port };
        for _ in 0..300 {
            if emulator.answers() {
                return Some(emulator);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the emulator did not answer within 30 seconds");
    }

    fn answers(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn make_bucket(&self, bucket: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "PUT /{bucket} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn lake(&self, prefix: &str) -> BlockingLake {
        let endpoint = format!("http://127.0.0.1:{}", self.port);
        let url = format!("s3://twinlake-test/{prefix}?region=us-east-1&endpoint={endpoint}");
        let access_key = Some(AccessKey { id: "test".into(), secret: "test".into() });
        let config = Config { access_key, ..Config::of_url(&url).unwrap() };
        BlockingLake::open::<AwsError>(open(&config)).unwrap()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn person() -> LakeTable {
    LakeTable {
        namespace: "omop".into(),
        name: "person".into(),
        schema: Arc::new(Schema::new(vec![Field::new("person_id", DataType::Int64, false)])),
        keys: vec!["person_id".into()],
        partitioned_by_dt: true,
        sort: vec!["person_id".into()],
    }
}

fn write(lake: &BlockingLake, run_id: &str) -> Vec<String> {
    let run = Run { id: run_id.into(), load_date: "2026-01-31".parse().unwrap() };
    let mut writer = lake.writer(&person(), &run, "0").unwrap();
    let persons = Arc::new(Int64Array::from_iter_values(0..100));
    writer.write(&RecordBatch::try_new(person().schema, vec![persons]).unwrap()).unwrap();
    writer.close().unwrap()
}

#[test]
fn a_lake_on_glue_and_s3_commits_exactly_once() {
    let Some(emulator) = Emulator::start() else {
        let mut stderr = std::io::stderr().lock();
        writeln!(
            stderr,
            "SKIPPED: no `ministack` on the PATH or in TWINLAKE_MINISTACK (pip install ministack==1.5.33)"
        )
        .unwrap();
        return;
    };
    emulator.make_bucket("twinlake-test");
    let lake = emulator.lake("one");
    assert_eq!(lake.committed("run-1", "omop.person").unwrap(), None);
    lake.ensure_table(&person()).unwrap();
    lake.claim_cohort("seed 42").unwrap();
    assert!(lake.claim_cohort("seed 43").is_err());

    // Four committers of one run, and two of others, at the same time.
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let runs = ["run-1", "run-1", "run-1", "run-1", "run-2", "run-3"];
        let committers = runs.map(|run_id| {
            let emulator = &emulator;
            scope.spawn(move || {
                let lake = emulator.lake("one");
                let handover = write(&lake, run_id);
                lake.commit(run_id, "omop.person", &handover).unwrap()
            })
        });
        committers.map(|committer| committer.join().unwrap()).into()
    });
    let landed = outcomes.iter().filter(|outcome| matches!(outcome, CommitOutcome::Committed { .. }));
    assert_eq!(landed.count(), 3, "{outcomes:?}");

    let tables = lake.tables().unwrap();
    let person = tables.iter().find(|table| table.name == "omop.person").unwrap();
    assert_eq!(person.rows, 300);
    assert!(person.metadata_location.starts_with("s3://twinlake-test/one/lake/warehouse/"), "{person:?}");

    // Another lake that shares the catalog is told, not mixed.
    let error = emulator.lake("two").ensure_table(&self::person()).unwrap_err().to_string();
    assert!(error.contains("not in this lake's `s3://twinlake-test/two/lake/warehouse`"), "{error}");
}
