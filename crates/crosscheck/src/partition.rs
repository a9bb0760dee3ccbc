//! [`PartitionCheck`]: persons one after another, each from both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use twinlake_fhir::{FhirError, Header, OtherResource, Resource, leading_type};
use twinlake_harmonize::{Losses, gives_nothing, harmonize_patient};
use twinlake_omop::{AnyRow, DynRow, Table};

use crate::agreement;
use crate::context::Context;
use crate::fhir::{self, FhirPerson, MustSupport, Walks};
use crate::finding::{Finding, Findings, Severity};
use crate::omop::{self, Rules, Whole};
use crate::person::{Person, Verdict, partial_date};

/// What the check of some persons gave.
#[derive(Clone, Debug, Default)]
pub struct PartitionReport {
    /// Every disagreement and broken rule, person by person.
    pub findings: Vec<Finding>,
    /// What FHIR said and OMOP has no place for.
    pub losses: Losses,
    /// Persons on either side.
    pub persons: u64,
    /// How often what US Core must support is there.
    pub must_support: MustSupport,
    /// Resources read, by type.
    pub resources: BTreeMap<String, u64>,
    /// Rows of OMOP, by table.
    pub omop_rows: BTreeMap<Table, u64>,
    /// Rows that FHIR gives, by table.
    pub witness_rows: BTreeMap<Table, u64>,
    /// Rows of `location` that the patients' addresses give; they belong to no person ([`crate::SharedCheck::expect`]).
    pub locations: Vec<AnyRow>,
    /// Keys of locations of persons that one side lacks; that such a location is missing follows from that.
    pub excused_locations: BTreeSet<i64>,
    /// Rows of `cost` that FHIR gives; they name no person ([`crate::CostCheck::findings`]).
    pub costs: Vec<AnyRow>,
    /// Rows of `episode_event` that FHIR gives; they name no person either ([`crate::CostCheck::episode_events`]).
    pub episode_events: Vec<AnyRow>,
    /// Keys of rows that the two sides do not agree on ([`crate::CostCheck::doubt`]).
    pub doubtful: BTreeSet<i64>,
    /// Counts that only the whole data set gives a meaning.
    pub(crate) whole: Whole,
}

/// A resource to check.
#[derive(Clone, Copy, Debug)]
pub struct ResourceText<'a> {
    /// Its JSON.
    pub json: &'a str,
    /// The file and the line, from 1, where it stands, for findings to tell; none when nobody could look there.
    pub place: Option<(&'a Path, u64)>,
}

impl<'a> From<&'a str> for ResourceText<'a> {
    fn from(json: &'a str) -> Self {
        ResourceText { json, place: None }
    }
}

/// Checks all that both sides hold of some persons, who are all in memory.
///
/// `omop` are the rows of these persons in all tables that have a `person_id`, in any order; `fhir` their resources, one
/// JSON text each. A caller that cannot hold everything gives person after person to a [`PartitionCheck`].
///
/// # Example
///
/// ```
/// use twinlake_crosscheck::{Context, FhirSide, OmopSide, check_partition};
/// use twinlake_fhir::Resource;
/// use twinlake_harmonize::{Shared, harmonize_patient};
/// use twinlake_omop::DynRow;
/// use twinlake_vocab::Vocab;
///
/// let (vocab, shared) = (Vocab::embedded(), Shared::default());
/// let patient = r#"{"resourceType":"Patient","id":"p1","gender":"female","birthDate":"1970-03-04"}"#;
/// let mut omop: Vec<DynRow> = harmonize_patient(vocab, &shared, &[Resource::from_json(patient)?])
///     .rows
///     .iter()
///     .map(DynRow::from)
///     .collect();
/// let mut side = OmopSide::default();
/// omop.iter().for_each(|row| side.count(row));
/// let fhir = FhirSide::default();
/// let context = Context { vocab, shared: &shared, fhir: &fhir, omop: &side, pack: None, foreign: false };
/// assert_eq!(check_partition(&context, &omop, &[patient]).findings, []);
///
/// omop[0].cells[1] = 8507.into();
/// let findings = check_partition(&context, &omop, &[patient]).findings;
/// assert_eq!(findings.len(), 1);
/// assert_eq!(findings[0].rule, "person.gender_concept_id");
/// assert!(findings[0].message.starts_with("person.gender_concept_id: Patient/p1 says 8532, person "));
/// # Ok::<(), twinlake_fhir::FhirError>(())
/// ```
pub fn check_partition<T: AsRef<str>>(context: &Context<'_>, omop: &[DynRow], fhir: &[T]) -> PartitionReport {
    let mut persons: BTreeMap<Option<i64>, (Vec<&DynRow>, Vec<ResourceText<'_>>)> = BTreeMap::new();
    for row in omop {
        persons.entry(row.person_id()).or_default().0.push(row);
    }
    for text in fhir {
        let text = text.as_ref();
        persons.entry(fhir::owner_of_text(text)).or_default().1.push(text.into());
    }
    let mut check = PartitionCheck::new(context);
    for (person_id, (rows, texts)) in persons {
        match person_id {
            Some(person_id) => check.person(person_id, &rows, &texts),
            None => check.nobody(&rows, &texts),
        }
    }
    check.finish()
}

/// The check of some persons, one after another; memory is that of one person and of what is found.
///
/// Rows belong to the person of their [`DynRow::person_id`], resources to that of [`twinlake_fhir::Header::patient_id`]
/// ([`twinlake_omop::key::of_person`]); all that there is of a person is given at once.
pub struct PartitionCheck<'a> {
    context: &'a Context<'a>,
    rules: Rules<'a>,
    walks: Walks,
    report: PartitionReport,
}

impl<'a> PartitionCheck<'a> {
    /// Begins with nobody.
    pub fn new(context: &'a Context<'a>) -> Self {
        PartitionCheck {
            context,
            rules: Rules::of(context),
            walks: Walks::default(),
            report: PartitionReport::default(),
        }
    }

    /// Checks all that both sides hold of a person.
    pub fn person(&mut self, person_id: i64, rows: &[&DynRow], texts: &[ResourceText<'_>]) {
        let report = &mut self.report;
        let (fhir, is_whole) = read(self.context, rows, texts, &mut self.walks, report);
        if rows.is_empty() && fhir.resources.is_empty() {
            return;
        }
        report.persons += 1;
        let (before, given, linked) = (report.findings.len(), report.costs.len(), report.episode_events.len());
        check_person(self.context, &mut self.rules, &mut self.walks, person_id, rows, &fhir, report);
        let mut found = report.findings.split_off(before);
        report.doubtful.extend(found.iter().filter_map(|finding| finding.key));
        // Of someone who is on one side only, nothing can be said of what was paid.
        let is_alone = |finding: &Finding| {
            finding.table == Some(Table::Person) && finding.key == Some(person_id) && finding.column.is_none()
        };
        if found.iter().any(|finding| is_alone(finding) || finding.rule == "patient.birth_date") {
            report.doubtful.extend(rows.iter().filter_map(|row| row.key()));
            let costs = &report.costs[given..];
            report.doubtful.extend(costs.iter().filter_map(|row| DynRow::from(row).cell("cost_event_id").as_int()));
            let links = &report.episode_events[linked..];
            report.doubtful.extend(links.iter().filter_map(|row| row.cell(0).as_int()));
        }
        // Of whom something could not be read, that may be the Patient.
        found.retain(|finding| is_whole || finding.rule != "fhir.subject");
        tell_places(&mut found, &fhir);
        report.findings.append(&mut found);
    }

    /// Checks rows and resources that belong to nobody. A resource that comes twice is found when both are given at once.
    pub fn nobody(&mut self, rows: &[&DynRow], texts: &[ResourceText<'_>]) {
        let before = self.report.findings.len();
        let (fhir, _) = read(self.context, rows, texts, &mut self.walks, &mut self.report);
        let report = &mut self.report;
        report.findings.extend(rows.iter().map(|row| of_nobody(row)));
        report.findings.extend(fhir::duplicates(&fhir.resources, None, self.context.content()));
        report.findings.extend(fhir.check(self.context, false, &mut self.walks));
        let harmonized = harmonize_patient(self.context.vocab, self.context.shared, &fhir.resources);
        report.losses.merge(&harmonized.losses);
        tell_places(&mut report.findings[before..], &fhir);
    }

    /// What was found.
    pub fn finish(self) -> PartitionReport {
        PartitionReport { must_support: self.walks.must_support, ..self.report }
    }
}

/// Reads the resources of someone, and counts them and the rows; those that cannot be read are findings, and the answer is
/// that not all could.
fn read<'t>(
    context: &Context<'_>,
    rows: &[&DynRow],
    texts: &[ResourceText<'t>],
    walks: &mut Walks,
    report: &mut PartitionReport,
) -> (FhirPerson<'t>, bool) {
    for row in rows {
        *report.omop_rows.entry(row.table).or_default() += 1;
    }
    let mut fhir = FhirPerson::default();
    for text in texts {
        // Of what maps to nothing the structure is checked, and more is not needed.
        let gives_nothing = match leading_type(text.json) {
            Some(leading) => gives_nothing(leading),
            None => {
                Header::scan(text.json).and_then(|header| header.resource_type).is_some_and(|of| gives_nothing(&of))
            }
        };
        let resource = if gives_nothing {
            OtherResource::from_json(text.json).map(Resource::Other)
        } else {
            Resource::from_json(text.json)
        };
        match resource {
            Ok(resource) => {
                match report.resources.get_mut(resource.resource_type()) {
                    Some(count) => *count += 1,
                    None => {
                        report.resources.insert(resource.resource_type().to_owned(), 1);
                    }
                }
                fhir.resources.push(resource);
                fhir.texts.push(*text);
            }
            Err(error) => {
                let mut found = fhir::misfits(text.json, context.content(), walks);
                let place = text.place.map(shown);
                if found.is_empty() {
                    found.push(unreadable(context, text.json, place.as_deref(), &error));
                }
                report.findings.extend(found.into_iter().map(|finding| Finding { place: place.clone(), ..finding }));
            }
        }
    }
    let is_whole = fhir.texts.len() == texts.len();
    (fhir, is_whole)
}

/// Says of each finding on a resource in which file and line that is.
fn tell_places(findings: &mut [Finding], fhir: &FhirPerson<'_>) {
    for finding in findings.iter_mut().filter(|finding| finding.place.is_none()) {
        let Some(name) = &finding.resource else { continue };
        let is_it = |resource: &Resource<'_>| {
            let id = name.strip_prefix(resource.resource_type()).and_then(|id| id.strip_prefix('/'));
            id.is_some() && id == resource.id()
        };
        let place = fhir.resources.iter().rposition(is_it);
        finding.place = place.and_then(|place| fhir.texts[place].place).map(shown);
    }
}

/// `Patient.ndjson:7`.
fn shown((file, line): (&Path, u64)) -> String {
    format!("{}:{line}", file.display())
}

fn check_person(
    context: &Context<'_>,
    rules: &mut Rules<'_>,
    walks: &mut Walks,
    person_id: i64,
    rows: &[&DynRow],
    fhir: &FhirPerson<'_>,
    report: &mut PartitionReport,
) {
    let mut out = Findings::default();
    out.list.extend(fhir::duplicates(&fhir.resources, Some(person_id), context.content()));
    out.list.extend(fhir.check(context, true, walks).into_iter().map(|finding| finding.of_row(Some(person_id), None)));
    let harmonized = harmonize_patient(context.vocab, context.shared, &fhir.resources);
    report.losses.merge(&harmonized.losses);
    for row in &harmonized.rows {
        if row.table() == Table::Location {
            report.locations.push(row.clone());
        } else if row.table() == Table::Cost {
            report.costs.push(row.clone());
            *report.witness_rows.entry(Table::Cost).or_default() += 1;
        } else if row.table() == Table::EpisodeEvent {
            report.episode_events.push(row.clone());
            *report.witness_rows.entry(Table::EpisodeEvent).or_default() += 1;
        } else if row.table().spec().person_column.is_some() {
            *report.witness_rows.entry(row.table()).or_default() += 1;
        }
    }
    let person = Person::new(person_id, rows, &harmonized.rows, fhir, context.omop, &mut out);
    let row = person.rendered(Table::Person).first().copied();
    let knows_persons = !context.omop.lacks(Table::Person);
    let mut verdict = Verdict::AGREED;
    let excuse = |excused: &mut BTreeSet<i64>| {
        excused.extend(row.and_then(|row| row.cell("location_id").as_int()));
        excused.extend(person.expected(Table::Location).iter().filter_map(|location| location.key()));
    };
    match fhir.patient() {
        Some(patient) if patient.birth_date.is_none() => {
            let id = patient.id.as_deref().unwrap_or_default();
            excuse(&mut report.excused_locations);
            out.push(no_birth_date(context, person_id, id, row));
            gender(person_id, patient, row, &mut out);
        }
        Some(patient) if row.is_some() || !knows_persons => {
            gender(person_id, patient, row, &mut out);
            verdict = agreement::compare(context, &person, patient, &mut out);
            if !verdict.same_person {
                excuse(&mut report.excused_locations);
                // Whether they are dead is another's death.
                out.list.retain(|finding| finding.rule != fhir::ACTIVE_AFTER_DEATH);
            }
        }
        Some(patient) => {
            excuse(&mut report.excused_locations);
            let name = format!("Patient/{}", patient.id.as_deref().unwrap_or_default());
            let message = format!("person.missing_in_omop: {name} gives person {person_id}, which OMOP does not have");
            out.push(
                Finding::on(Table::Person, "missing_in_omop", message)
                    .of_row(Some(person_id), Some(person_id))
                    .saying(Some(name), None),
            );
            report.findings.append(&mut out.list);
            return;
        }
        None if row.is_some() => {
            excuse(&mut report.excused_locations);
            let says = row.map(|row| row.cell("person_source_value").to_string());
            let message = format!(
                "person.missing_in_fhir: person {person_id} is Patient `{}`, which FHIR does not have",
                says.as_deref().unwrap_or_default()
            );
            out.push(
                Finding::on(Table::Person, "missing_in_fhir", message)
                    .of_row(Some(person_id), Some(person_id))
                    .saying(None, says),
            );
        }
        None => {
            report.findings.append(&mut out.list);
            report.findings.extend(fhir.patient_ids().iter().map(|id| no_patient(context, person_id, id)));
            if knows_persons {
                report.findings.extend(rows.iter().map(|row| orphan(row, person_id)));
            }
            return;
        }
    }
    omop::check(context, rules, &person, verdict, &mut report.whole, &mut out);
    report.findings.append(&mut out.list);
}

/// A record that is no resource, by its place or, where nobody could look, by its first letters.
fn unreadable(context: &Context<'_>, text: &str, place: Option<&str>, error: &FhirError) -> Finding {
    let start = || text.chars().take(80).collect::<String>();
    let name = place.map_or_else(|| format!("`{}`", start()), str::to_owned);
    let message = format!("fhir.unreadable: {name}: {error}");
    let says = place.map_or_else(start, str::to_owned);
    Finding::on_fhir("fhir.unreadable", context.content(), message).saying(Some(says), None)
}

/// A row whose `person_id` is null or no number.
fn of_nobody(row: &DynRow) -> Finding {
    let (table, key) = (row.table, row.key());
    let says = row.cell("person_id").to_string();
    let subject = key.map_or_else(|| format!("a row of {table}"), |key| format!("{table} {key}"));
    let message = format!("{table}.person_id: {subject} says `{says}`, which is no person");
    Finding::on(table, "person_id", message).of_row(None, key).saying(None, Some(says))
}

/// A row of a person that neither side has.
fn orphan(row: &DynRow, person_id: i64) -> Finding {
    let (table, key) = (row.table, row.key());
    let subject = key.map_or_else(|| format!("a row of {table}"), |key| format!("{table} {key}"));
    let message = format!("{table}.person_id: {subject} refers to person {person_id}, which is not there");
    Finding::on(table, "person_id", message).of_row(Some(person_id), key).saying(None, Some(person_id.to_string()))
}

/// Resources of a patient that neither side has.
fn no_patient(context: &Context<'_>, person_id: i64, id: &str) -> Finding {
    let message = format!("fhir.subject: resources refer to Patient/{id}, which is not there");
    let finding = Finding::on_fhir("fhir.subject", context.content(), message);
    finding.of_row(Some(person_id), None).saying(Some(format!("Patient/{id}")), None)
}

fn no_birth_date(context: &Context<'_>, person_id: i64, id: &str, row: Option<&DynRow>) -> Finding {
    let omop = row.map(|row| {
        let columns = ["year_of_birth", "month_of_birth", "day_of_birth"];
        partial_date(&columns.map(|column| row.cell(column).clone()))
    });
    let message = match &omop {
        Some(birth) => format!("patient.birth_date: Patient/{id} has no birthDate, person {person_id} says {birth}"),
        None => format!("patient.birth_date: Patient/{id} has no birthDate, so it gives no person"),
    };
    let severity = if row.is_some() { Severity::Error } else { context.content() };
    Finding::on_fhir("patient.birth_date", severity, message).of_row(Some(person_id), None).saying(None, omop)
}

/// A gender that says nothing: absent or `unknown`. It is an error when OMOP knows better.
fn gender(person_id: i64, patient: &twinlake_fhir::Patient<'_>, row: Option<&DynRow>, out: &mut Findings) {
    let says = match patient.gender.as_deref() {
        Some("unknown") => "says unknown",
        None => "has no gender",
        Some(_) => return,
    };
    let id = patient.id.as_deref().unwrap_or_default();
    let omop = row.and_then(|row| row.cell("gender_concept_id").as_int());
    let (severity, holds) = match omop {
        Some(concept) if concept != 0 => (Severity::Error, format!("person {person_id} says {concept}")),
        Some(concept) => (Severity::Warning, format!("person {person_id} says {concept}")),
        None => (Severity::Warning, format!("person {person_id} is of no known gender")),
    };
    let message = format!("patient.gender: Patient/{id} {says}, {holds}");
    let finding = Finding::on_fhir("patient.gender", severity, message);
    let fhir = patient.gender.as_deref().map(str::to_owned);
    out.push(finding.of_row(Some(person_id), None).saying(fhir, omop.map(|concept| concept.to_string())));
}
