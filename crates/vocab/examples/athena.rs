//! A made-up download of a given size, and how long it takes to read: `athena make DIR CONCEPTS`, `athena read DIR`.

#![expect(clippy::print_stdout, reason = "an example prints what it found")]

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::time::Instant;

use twinlake_omop::ConceptId;
use twinlake_vocab::{Vocab, system};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder, concepts] => make(Path::new(folder), concepts.parse()?),
        ["read", folder] => read(Path::new(folder)),
        _ => Err("usage: athena make DIR CONCEPTS | athena read DIR".into()),
    }
}

/// One concept in fifty is an ingredient, half are drugs, one in three is not standard; five relationships and seven ancestors each.
fn make(folder: &Path, concepts: u32) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let file = |name: &str| File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 20, file));
    let header = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\tconcept_code\t\
                  valid_start_date\tvalid_end_date\tinvalid_reason";
    let mut concept = file("CONCEPT.csv")?;
    writeln!(concept, "{header}")?;
    let mut related = file("CONCEPT_RELATIONSHIP.csv")?;
    writeln!(related, "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason")?;
    let mut ancestor = file("CONCEPT_ANCESTOR.csv")?;
    writeln!(
        ancestor,
        "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation"
    )?;
    let first = 100_000_000;
    for n in 0..concepts {
        // Ids do not come in order in a download.
        let id = first + u32::try_from(u64::from(n) * 7_368_787 % u64::from(concepts))?;
        let (n, of) = (id - first, |k: u32| first + k % concepts);
        let ingredient = first + n / 50 * 50;
        let (domain, vocabulary, class) = match n % 50 {
            0 => ("Drug", "RxNorm", "Ingredient"),
            1..25 => ("Drug", "NDC", "11-digit NDC"),
            25..40 => ("Condition", "SNOMED", "Disorder"),
            _ => ("Procedure", "ICD10PCS", "ICD10PCS"),
        };
        let standard = if n % 3 == 1 && n % 50 != 0 { "" } else { "S" };
        writeln!(
            concept,
            "{id}\tconcept number {n} \"of\" a made-up vocabulary, about as long as names are\t{domain}\t{vocabulary}\t\
             {class}\t{standard}\t{n:09}\t19700101\t20991231\t"
        )?;
        let mapped = if standard.is_empty() { of(n + 1) } else { id };
        for (other, relationship) in [
            (mapped, "Maps to"),
            (mapped, "Mapped from"),
            (of(n / 2), "Is a"),
            (of(n.wrapping_mul(2)), "Subsumes"),
            (of(n.wrapping_mul(3)), "Has finding site"),
        ] {
            writeln!(related, "{id}\t{other}\t{relationship}\t19700101\t20991231\t")?;
        }
        for level in 0..6 {
            writeln!(ancestor, "{}\t{id}\t{level}\t{level}", of(n >> level))?;
        }
        if n % 50 < 25 {
            writeln!(ancestor, "{ingredient}\t{id}\t1\t2")?;
        }
    }
    for (name, text) in [
        (
            "VOCABULARY.csv",
            "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id\n",
        ),
        ("DOMAIN.csv", "domain_id\tdomain_name\tdomain_concept_id\n"),
        ("CONCEPT_CLASS.csv", "concept_class_id\tconcept_class_name\tconcept_class_concept_id\n"),
        (
            "RELATIONSHIP.csv",
            "relationship_id\trelationship_name\tis_hierarchical\tdefines_ancestry\treverse_relationship_id\trelationship_concept_id\n",
        ),
    ] {
        fs::write(folder.join(name), text)?;
    }
    concept.flush()?;
    related.flush()?;
    Ok(ancestor.flush()?)
}

fn read(folder: &Path) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let vocab = Vocab::athena(folder, None)?;
    println!("read in {:.2} s", start.elapsed().as_secs_f64());
    let start = Instant::now();
    let (mut found, mut mapped, mut ingredients) = (0_u32, 0_u32, 0_usize);
    for n in 0..1_000_000_u32 {
        let code = format!("{:09}", n.wrapping_mul(2_654_435_761) % 6_000_000);
        let mapping = vocab.map(Some(system::NDC), &code);
        found += u32::from(mapping.source != ConceptId::NONE);
        mapped += u32::from(mapping.is_mapped());
        ingredients += vocab.ingredients(mapping.standard).len();
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("1,000,000 codes in {seconds:.2} s: {found} found, {mapped} mapped, {ingredients} ingredients");
    Ok(())
}
