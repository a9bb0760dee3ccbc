//! The two sides of one person, and the comparison of who the person is.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use twinlake_fhir::Patient;
use twinlake_omop::{AnyRow, Cell, DynRow, Table};

use crate::context::OmopSide;
use crate::fhir::FhirPerson;
use crate::finding::{Finding, Findings, Severity, topic};
use crate::registry::{Family, Over, Written};

/// Rules on who a person is.
pub(crate) const RULES: &[Written] = &[
    Written {
        id: "person.identity",
        family: Family::Agreement,
        severity: Severity::Error,
        over: Over::Persons,
        says: "OMOP's person is the human being that FHIR's Patient is.",
        standard: "HL7 FHIR to OMOP, as in docs/harmonization.md",
        query: "Compare birth, gender, race and source value of the person with the Patient of that key; most differ.",
    },
    Written {
        id: "person.birth_date",
        family: Family::Agreement,
        severity: Severity::Error,
        over: Over::Persons,
        says: "Both sides say the same of year, month and day of birth.",
        standard: "HL7 FHIR to OMOP, as in docs/harmonization.md",
        query: "Compare `year_of_birth`, `month_of_birth` and `day_of_birth` with `Patient.birthDate`.",
    },
    Written {
        id: "person.birth_precision",
        family: Family::Agreement,
        severity: Severity::Error,
        over: Over::Persons,
        says: "Month and day of birth are known on both sides or on neither.",
        standard: "HL7 FHIR to OMOP, as in docs/harmonization.md",
        query: "Compare `month_of_birth` and `day_of_birth` with `Patient.birthDate`; one of them is on one side only.",
    },
];

/// What both sides hold of one person.
pub(crate) struct Person<'a> {
    pub(crate) id: i64,
    /// OMOP's rows, one a key, in the order found.
    pub(crate) omop: BTreeMap<Table, Vec<&'a DynRow>>,
    /// What FHIR gives.
    pub(crate) witness: BTreeMap<Table, Vec<&'a AnyRow>>,
    pub(crate) side: &'a OmopSide,
    fhir: &'a FhirPerson<'a>,
    names: OnceCell<BTreeMap<i64, String>>,
}

impl<'a> Person<'a> {
    /// Gathers both sides; a key that several rows have is a finding, and the first row counts.
    pub(crate) fn new(
        person_id: i64,
        rendered: &[&'a DynRow],
        witness: &'a [AnyRow],
        fhir: &'a FhirPerson<'a>,
        side: &'a OmopSide,
        out: &mut Findings,
    ) -> Self {
        let mut by_key: BTreeMap<(Table, i64), (&DynRow, u64)> = BTreeMap::new();
        let mut omop: BTreeMap<Table, Vec<&DynRow>> = BTreeMap::new();
        for row in rendered {
            if let Some(key) = row.key() {
                let (_, count) = by_key.entry((row.table, key)).or_insert((row, 0));
                *count += 1;
                if *count > 1 {
                    continue;
                }
            }
            omop.entry(row.table).or_default().push(row);
        }
        for ((table, key), (_, count)) in by_key.into_iter().filter(|(_, (_, count))| *count > 1) {
            let message = format!("{table}.duplicate: {count} rows are {table} {key}");
            let says = Some(format!("{count} rows"));
            out.push(Finding::on(table, "duplicate", message).of_row(Some(person_id), Some(key)).saying(None, says));
        }
        let mut by_table: BTreeMap<Table, Vec<&AnyRow>> = BTreeMap::new();
        for row in witness {
            by_table.entry(row.table()).or_default().push(row);
        }
        Person { id: person_id, omop, witness: by_table, side, fhir, names: OnceCell::new() }
    }

    pub(crate) fn rendered(&self, table: Table) -> &[&'a DynRow] {
        self.omop.get(&table).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn expected(&self, table: Table) -> &[&'a AnyRow] {
        self.witness.get(&table).map_or(&[], Vec::as_slice)
    }

    /// The resource a row is from, e.g. `Condition/c-17`; `FHIR` for a row that is derived.
    pub(crate) fn name_of(&self, key: i64) -> &str {
        self.names.get_or_init(|| self.fhir.names()).get(&key).map_or("FHIR", String::as_str)
    }
}

/// What the comparison of a person row found out for the rules that follow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    /// Both sides speak of the same human being.
    pub(crate) same_person: bool,
    /// They agree on the birth.
    pub(crate) same_birth: bool,
    /// They agree on the death.
    pub(crate) same_death: bool,
}

impl Verdict {
    pub(crate) const AGREED: Verdict = Verdict { same_person: true, same_birth: true, same_death: true };
}

/// Compares the person rows. A person who differs in birth and something else, or in three things, is someone else: that is
/// one finding, and nothing more is compared.
pub(crate) fn compare(omop: &OmopSide, person: &Person<'_>, patient: &Patient<'_>, out: &mut Findings) -> Verdict {
    let same_death = deaths_agree(person);
    let (Some(actual), Some(expected)) =
        (person.rendered(Table::Person).first(), person.expected(Table::Person).first())
    else {
        return Verdict { same_death, ..Verdict::AGREED };
    };
    let fields = Table::Person.spec().fields;
    let differing: Vec<usize> = (0..fields.len())
        .filter(|column| !same(&expected.cell(*column), &actual.cells[*column]))
        .filter(|column| !omop.is_unshared(fields[*column].name, &actual.cells[*column]))
        .filter(|column| !omop.structure.lacks(Table::Person, fields[*column].name))
        .collect();
    let unknown_gender = matches!(patient.gender.as_deref(), None | Some("unknown"));
    let mut topics: BTreeSet<&str> = differing.iter().map(|column| topic(fields[*column].name)).collect();
    if unknown_gender {
        topics.remove("gender");
    }
    let birth = Births::of(actual, expected, omop);
    if !birth.changed {
        topics.remove("birth");
    }
    let n_differing = topics.len() + usize::from(!same_death);
    let birth_column = "year_of_birth";
    if n_differing >= 3 || birth.changed && n_differing >= 2 {
        let (fhir, omop) = (summary(|column| expected.cell(column)), summary(|column| actual.cells[column].clone()));
        push(person, "identity", None, fhir, omop, out);
        return Verdict { same_person: false, same_birth: false, same_death: false };
    }

    let mut same_birth = true;
    if birth.changed || birth.lost {
        same_birth = false;
        let rule = if birth.changed { "birth_date" } else { "birth_precision" };
        push(person, rule, Some(birth_column), birth.expected, birth.actual, out);
    }
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for column in differing {
        let name = fields[column].name;
        let skip = match topic(name) {
            "birth" => !same_birth,
            "gender" => unknown_gender,
            _ => false,
        };
        if skip || !said.insert(topic(name)) {
            continue;
        }
        let (fhir, omop) = (expected.cell(column).to_string(), actual.cells[column].to_string());
        push(person, name, Some(name), fhir, omop, out);
    }
    Verdict { same_person: true, same_birth, same_death }
}

fn push(person: &Person<'_>, rule: &str, column: Option<&'static str>, fhir: String, omop: String, out: &mut Findings) {
    let key = person.id;
    let message = format!("person.{rule}: {} says {fhir}, person {key} says {omop}", person.name_of(key));
    let finding = Finding::on(Table::Person, rule, message).of_row(Some(key), Some(key)).saying(Some(fhir), Some(omop));
    out.push(Finding { column, ..finding });
}

fn deaths_agree(person: &Person<'_>) -> bool {
    let expected = person.expected(Table::Death).first().map(|row| row.cell(1).into_owned());
    let actual = person.rendered(Table::Death).first().map(|row| row.cells[1].clone());
    expected == actual
}

struct Births {
    /// A part differs.
    changed: bool,
    /// A part is there on one side only.
    lost: bool,
    expected: String,
    actual: String,
}

impl Births {
    fn of(actual: &DynRow, expected: &AnyRow, omop: &OmopSide) -> Self {
        let spec = Table::Person.spec();
        let names = ["year_of_birth", "month_of_birth", "day_of_birth"];
        // A column that is not there is one finding, not one for each person.
        let columns_lack = names.iter().any(|name| omop.structure.lacks(Table::Person, name));
        let columns = names.map(|name| spec.column(name));
        let [expected, actual] = [
            columns.map(|column| column.map_or(Cell::Null, |column| expected.cell(column))),
            columns.map(|column| column.map_or(Cell::Null, |column| actual.cells[column].clone())),
        ];
        let pairs = || expected.iter().zip(&actual);
        Births {
            changed: pairs().any(|(a, b)| a != b && !a.is_null() && !b.is_null()),
            lost: pairs().any(|(a, b)| a.is_null() != b.is_null()) && !columns_lack,
            expected: partial_date(&expected),
            actual: partial_date(&actual),
        }
    }
}

/// `1970-03-04`, `1970-03` or `1970`, as far as it is known.
pub(crate) fn partial_date(parts: &[Cell<'_>; 3]) -> String {
    let [year, month, day] = parts;
    match (month.as_int(), day.as_int()) {
        (Some(month), Some(day)) => format!("{year}-{month:02}-{day:02}"),
        (Some(month), None) => format!("{year}-{month:02}"),
        (None, Some(day)) => format!("{year}-??-{day:02}"),
        (None, None) => year.to_string(),
    }
}

/// Who a person row says it is about.
fn summary<'a>(cell: impl Fn(usize) -> Cell<'a>) -> String {
    let spec = Table::Person.spec();
    let of = |name: &str| spec.column(name).map_or(Cell::Null, &cell);
    let birth = partial_date(&["year_of_birth", "month_of_birth", "day_of_birth"].map(of));
    let [gender, race, source] = ["gender_concept_id", "race_concept_id", "person_source_value"].map(of);
    format!("`{source}` born {birth}, gender {gender}, race {race}")
}

/// Equality of two values; numbers may differ by what a narrower float loses.
pub(crate) fn same(expected: &Cell<'_>, actual: &Cell<'_>) -> bool {
    match (expected, actual) {
        (Cell::Float(a), Cell::Float(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        (a, b) => a == b,
    }
}
