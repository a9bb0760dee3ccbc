//! Rules of the workspace that Cargo does not hold by itself.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Crates that make values and nothing else.
const PURE: [&str; 10] = [
    "twinlake-fhir",
    "twinlake-r4",
    "twinlake-omop",
    "twinlake-vocab",
    "twinlake-pack",
    "twinlake-synth",
    "twinlake-calibrate",
    "twinlake-flatten",
    "twinlake-harmonize",
    "twinlake-crosscheck",
];

/// What a pure crate never needs: a runtime, the cloud, the network.
const KEPT_OUT: [&str; 7] = ["tokio", "aws-config", "aws-sdk-s3", "aws-sdk-glue", "reqwest", "hyper", "iceberg"];

#[test]
fn pure_crates_know_no_runtime_and_no_cloud() {
    for krate in PURE {
        let tree = tree(&["--package", krate, "--edges", "normal"]);
        for name in KEPT_OUT {
            assert!(!tree.contains(name), "{krate} pulls in {name}");
        }
    }
}

#[test]
fn the_proof_shares_no_code_with_its_claim() {
    for krate in ["twinlake-crosscheck", "twinlake-harmonize"] {
        let tree = tree(&["--package", krate, "--edges", "normal"]);
        assert!(!tree.contains("twinlake-synth"), "{krate} depends on twinlake-synth");
    }
}

#[test]
fn the_facts_of_r4_need_no_other_crate() {
    let tree = tree(&["--package", "twinlake-r4", "--edges", "normal"]);
    assert_eq!(tree.iter().collect::<Vec<_>>(), ["twinlake-r4"]);
}

#[test]
fn the_default_build_compiles_no_cloud_sdk() {
    let tree = tree(&["--package", "twinlake", "--edges", "normal"]);
    for name in ["aws-config", "aws-sdk-glue", "twinlake-lake-aws"] {
        assert!(!tree.contains(name), "twinlake pulls in {name} without the feature `aws`");
    }
}

/// Names of the packages in a dependency tree.
fn tree(arguments: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(root)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}
