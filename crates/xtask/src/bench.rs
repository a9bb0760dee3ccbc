//! `cargo xtask bench flatten`: the flatten command beside `DuckDB` and pysof, on a file that is the same everywhere.
//! `cargo xtask bench harmonize`: the harmonize command on a generated cohort.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::test::{cargo, pysof_environment, python_environment, say, succeed, system_python, target};

/// Measures what users wait for.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to measure
    #[arg(value_parser = ["flatten", "harmonize"])]
    what: String,
    /// Observations in the file that is flattened, of about 1.2 kB each
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    observations: u64,
    /// Patients of the cohort that is harmonized
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    patients: u64,
    /// How often each command runs
    #[arg(long, default_value_t = 5, value_name = "N")]
    runs: u32,
}

/// Runs `cargo xtask bench`.
///
/// # Errors
///
/// When the file cannot be written, or a command fails.
pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    if args.what == "harmonize" {
        return harmonize(root, args);
    }
    let python = python_environment(root, "venv", "tests/requirements.txt")?;
    cargo(root, &["build", "--release", "--package", "twinlake-flatten-bin"], &[])?;
    let out = target(root).join("twinlake-bench").join(&args.what);
    std::fs::create_dir_all(&out).with_context(|| format!("creating `{}`", out.display()))?;
    let input = out.join("observations.ndjson");
    write_observations(&input, args.observations).with_context(|| format!("writing `{}`", input.display()))?;
    let binary = target(root).join("release").join(format!("twinlake-flatten{}", std::env::consts::EXE_SUFFIX));
    let mut bench = Command::new(python);
    bench.arg(root.join("tests/bench/flatten.py")).arg("--binary").arg(binary).arg("--input").arg(&input);
    bench.arg("--view").arg(root.join("tests/bench/observation.json")).arg("--out").arg(&out);
    match pysof_environment(root) {
        Ok(pysof) => {
            bench.arg("--pysof").arg(pysof);
        }
        Err(error) => say(&format!("NOT MEASURED: pysof, another engine of SQL on FHIR ({error:#})")),
    }
    succeed(bench.args(["--runs", &args.runs.to_string()]))
}

/// Makes a cohort as NDJSON, once, and harmonizes it.
fn harmonize(root: &Path, args: &Args) -> Result<()> {
    let packages = ["--package", "twinlake-generate", "--package", "twinlake-harmonize-bin"];
    cargo(root, &[&["build", "--release"], &packages[..]].concat(), &[])?;
    let out = target(root).join("twinlake-bench").join(&args.what);
    let input = out.join(format!("fhir-{}", args.patients));
    let binary = |name: &str| target(root).join("release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !input.is_dir() {
        let mut generate = Command::new(binary("twinlake-generate"));
        generate.args(["--patients", &args.patients.to_string()]).arg("--fhir-dir").arg(&input);
        succeed(&mut generate)?;
    }
    let mut bench = Command::new(system_python()?);
    bench.arg(root.join("tests/bench/harmonize.py")).arg("--binary").arg(binary("twinlake-harmonize"));
    bench.arg("--input").arg(&input).arg("--out").arg(out.join("omop"));
    succeed(bench.args(["--runs", &args.runs.to_string()]))
}

/// Numbers that look drawn and are the same on every machine.
struct Draws(u64);

impl Draws {
    /// A number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// What is measured: code, name, unit, and about which value.
type Measure = (&'static str, &'static str, &'static str, u64);

const LABS: [Measure; 4] = [
    ("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 95),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 14),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 1),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 6),
];
const VITALS: [Measure; 3] =
    [("29463-7", "Body weight", "kg", 78), ("8302-2", "Body height", "cm", 170), ("8867-4", "Heart rate", "/min", 74)];
const PRESSURES: [Measure; 2] =
    [("8480-6", "Systolic blood pressure", "mm[Hg]", 122), ("8462-4", "Diastolic blood pressure", "mm[Hg]", 78)];

/// Half are laboratory results with a reference range, three in twenty are blood pressures with two components.
fn write_observations(path: &Path, n: u64) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut draws = Draws(7);
    let mut line = String::new();
    for number in 0..n {
        line.clear();
        observation(&mut line, &mut draws, number)?;
        file.write_all(line.as_bytes())?;
    }
    Ok(file.flush()?)
}

fn observation(out: &mut String, draws: &mut Draws, number: u64) -> Result<()> {
    let kind = draws.below(100);
    let (profile, category, display) = if kind < 50 {
        ("us-core-observation-lab", "laboratory", "Laboratory")
    } else {
        ("us-core-vital-signs", "vital-signs", "Vital Signs")
    };
    let day = format!("20{:02}-{:02}-{:02}", 10 + draws.below(15), 1 + draws.below(12), 1 + draws.below(28));
    let time = format!("{:02}:{:02}:{:02}", draws.below(24), draws.below(60), draws.below(60));
    let patient = format!(
        "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
        draws.below(1 << 31),
        draws.below(1 << 16),
        number % 4096,
        draws.below(4096),
        draws.below(1 << 31)
    );
    let encounter: String = patient.chars().rev().collect();
    let (code, name, unit, about) = match kind {
        0..50 => LABS[usize::try_from(draws.below(4))?],
        50..85 => VITALS[usize::try_from(draws.below(3))?],
        _ => ("85354-9", "Blood pressure panel with all children optional", "", 0),
    };
    write!(
        out,
        r#"{{"resourceType":"Observation","id":"obs-{number:08}","meta":{{"versionId":"1","lastUpdated":"{day}T{time}.000+00:00","profile":["http://hl7.org/fhir/us/core/StructureDefinition/{profile}"]}},"status":"final","category":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"{category}","display":"{display}"}}]}}],"code":{},"subject":{{"reference":"Patient/{patient}","display":"Patient {}"}},"encounter":{{"reference":"Encounter/{encounter}"}},"effectiveDateTime":"{day}T{time}-05:00","issued":"{day}T{time}.123-05:00","performer":[{{"reference":"Practitioner/pr-{}","display":"Dr. Example"}}]"#,
        concept(code, name),
        number / 40,
        number % 97,
    )?;
    if unit.is_empty() {
        out.push_str(",\"component\":[");
        for (index, (code, name, unit, about)) in PRESSURES.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let value = quantity(about * 100 + draws.below(900), unit);
            write!(out, r#"{comma}{{"code":{},"valueQuantity":{value}}}"#, concept(code, name))?;
        }
        out.push(']');
    } else {
        let value = quantity(about * 90 + draws.below(about * 20 + 1), unit);
        write!(
            out,
            r#","valueQuantity":{value},"interpretation":[{{"coding":[{{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N","display":"Normal"}}]}}]"#
        )?;
        if kind < 50 {
            let (low, high) = (quantity(about * 80, unit), quantity(about * 120, unit));
            write!(out, r#","referenceRange":[{{"low":{low},"high":{high},"text":"normal adult"}}]"#)?;
        } else {
            out.push_str(r#","note":[{"text":"Measured at rest, seated, with the standard device of the ward."}]"#);
        }
    }
    out.push_str("}\n");
    Ok(())
}

fn concept(code: &str, name: &str) -> String {
    format!(r#"{{"coding":[{{"system":"http://loinc.org","code":"{code}","display":"{name}"}}],"text":"{name}"}}"#)
}

/// A quantity of so many hundredths.
fn quantity(hundredths: u64, unit: &str) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    format!(r#"{{"value":{whole}.{rest:02},"unit":"{unit}","system":"http://unitsofmeasure.org","code":"{unit}"}}"#)
}
