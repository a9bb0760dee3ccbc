//! One patient: the resources in, the rows out.

use twinlake_fhir::{Patient, Reference, Resource};
use twinlake_omop::{self as omop, AnyRow, key};
use twinlake_vocab::Vocab;

use crate::current::current;
use crate::era::eras;
use crate::event::{Context, Reading};
use crate::fate::Fate;
use crate::loss::Losses;
use crate::observation_period::observation_period;
use crate::shared::Shared;
use crate::visit::Visits;
use crate::{
    allergy, coded, condition, cost, coverage, device, drug, episode, note, observation, person, procedure, specimen,
    supply,
};

/// A patient in OMOP.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Harmonized {
    /// The person's key; `None` when the resources have no patient who can be a person.
    pub person_id: Option<i64>,
    /// The rows, by table and key. A `location` may be that of other patients too: keep one of each key.
    pub rows: Vec<AnyRow>,
    /// What has no row or column.
    pub losses: Losses,
}

/// The reason under which a resource of a patient is counted that has a `modifierExtension`: what we do not know may turn
/// its meaning round (f2o-063).
const MODIFIED: &str = "modifierExtension";

/// Whether OMOP has no table at all for resources of this type: what is intended, who is close, who wrote it down, where
/// the pictures are.
///
/// They are counted under `not-mapped`, with or without a patient.
pub fn has_no_home(resource_type: &str) -> bool {
    matches!(resource_type, "RelatedPerson" | "CareTeam" | "CarePlan" | "Goal" | "Provenance" | "ImagingStudy")
}

/// Maps the resources of one patient, the Patient among them, in any order.
///
/// Practitioners, their roles, Organizations, Locations and Medications among them are left to [`Shared`]. Resources of
/// another patient, or all when there is no Patient, are counted under `subject`.
pub fn harmonize_patient(vocab: &Vocab, shared: &Shared, resources: &[Resource<'_>]) -> Harmonized {
    let mut losses = Losses::default();
    let resources = current(resources, &mut losses);
    let patient = resources.iter().find_map(|resource| match resource {
        Resource::Patient(patient) => Some(&**patient),
        _ => None,
    });
    let Some(patient) = patient else {
        count_all(&resources, "subject", &mut losses);
        return Harmonized { losses, ..Harmonized::default() };
    };
    let person_id = key::of_person(patient.id.as_deref().unwrap_or_default());
    let mut context = Context {
        vocab,
        shared,
        person_id,
        visits: Visits::default(),
        death_date: None,
        fulfilled: drug::fulfilled(shared, &resources),
    };
    if patient.extra.get(MODIFIED).is_some() {
        count_all(&resources, MODIFIED, &mut losses);
        return Harmonized { losses, ..Harmonized::default() };
    }
    let Some(rows) = person::person(&context, patient, &mut losses) else {
        count_all(&resources, "birthDate", &mut losses);
        return Harmonized { losses, ..Harmonized::default() };
    };
    losses.count_fate("Patient", Fate::Mapped);
    let resources = in_scope(person_id, patient, &resources, &mut losses);

    let mut death = person::death(person_id, patient, &mut losses);
    context.death_date = death.as_ref().map(|death| death.death_date);
    let encounters = resources.iter().filter_map(|resource| match resource {
        Resource::Encounter(encounter) => Some(&**encounter),
        _ => None,
    });
    let mut reading = Reading { context: &context, resource_type: "Encounter", losses: &mut losses };
    let (visits, details) = Visits::of(&mut reading, encounters);
    context.visits = visits;
    let mut all = events(&context, &resources, death.as_mut(), &mut losses);
    all.push(rows.person.into());
    all.extend(rows.location.map(AnyRow::from));
    all.extend(death.map(AnyRow::from));
    all.extend(context.visits.clone().into_rows());
    all.extend(details.into_iter().map(AnyRow::from));
    let period = observation_period(person_id, &all);
    if let Some(period) = &period {
        all.extend(person::races(&context, patient, period.observation_period_start_date));
    }
    let observed_until = period.as_ref().map(|period| period.observation_period_end_date);
    all.extend(period.map(AnyRow::from));
    for resource in &resources {
        if let Resource::Coverage(one) = resource {
            let mut reading = Reading { context: &context, resource_type: "Coverage", losses: &mut losses };
            let row = coverage::row(&mut reading, one, observed_until).map(AnyRow::from);
            losses.count_fate("Coverage", Fate::of(row.as_slice()));
            all.extend(row);
        }
    }
    let costed = cost::Costed::of(&all);
    let has_episodes = resources.iter().any(|resource| matches!(resource, Resource::EpisodeOfCare(_)));
    let chart = if has_episodes { episode::Chart::of(&resources, &all) } else { episode::Chart::default() };
    for resource in &resources {
        let mut reading = Reading { context: &context, resource_type: type_name(resource), losses: &mut losses };
        let rows = match resource {
            Resource::ExplanationOfBenefit(one) => cost::rows(&mut reading, &costed, one),
            Resource::EpisodeOfCare(one) => episode::rows(&mut reading, one, &chart),
            _ => continue,
        };
        losses.count_fate(type_name(resource), Fate::of(&rows));
        all.extend(rows);
    }
    all.extend(eras(vocab, person_id, &all));
    // Rows are large, so their keys are sorted and each row is moved once.
    all.sort_by_cached_key(|row| match row {
        AnyRow::EpisodeEvent(event) => (row.table(), Some(event.episode_id), event.event_id),
        row => (row.table(), row.key(), 0),
    });
    Harmonized { person_id: Some(person_id), rows: all, losses }
}

/// The resources that are the patient's and can be mapped at all; the others are counted, but for those that patients share.
fn in_scope<'r, 'a>(
    person_id: i64,
    patient: &Patient<'_>,
    resources: &[&'r Resource<'a>],
    losses: &mut Losses,
) -> Vec<&'r Resource<'a>> {
    let mut kept = Vec::with_capacity(resources.len());
    for &resource in resources {
        let resource_type = resource.resource_type();
        let reason = if Shared::reads(resource_type) {
            continue;
        } else if !is_of_patient(person_id, patient, resource) {
            "subject"
        } else if let Some(reason) = never_mapped(resource_type) {
            reason
        } else if resource.modelled_type().is_none() {
            "not-mapped"
        } else if resource.has_modifier_extension() {
            MODIFIED
        } else {
            kept.push(resource);
            continue;
        };
        losses.count_out_of_scope(resource_type, reason, 1);
    }
    kept
}

/// Whether resources of this type, which is modelled, give no row and fill no column, whatever is in them; their elements need
/// not be read ([`twinlake_fhir::OtherResource::from_json`]).
pub fn gives_nothing(resource_type: &str) -> bool {
    never_mapped(resource_type).is_some()
}

/// Why resources of a modelled type never give rows of their own, whatever is in them.
fn never_mapped(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        // The scores are Observations of their own.
        "QuestionnaireResponse" => Some("results-in-observations"),
        // What was ordered is not what was done; what was done has rows of its own.
        "ServiceRequest" => Some("order"),
        "Claim" => Some("costs-in-benefits"),
        other => has_no_home(other).then_some("not-mapped"),
    }
}

/// The rows of everything but the Patient, the Encounters, the Coverages and what they paid; the cause of death goes into `death`.
fn events(
    context: &Context<'_>,
    resources: &[&Resource<'_>],
    death: Option<&mut omop::Death>,
    losses: &mut Losses,
) -> Vec<AnyRow> {
    let mut rows = Vec::new();
    let mut causes = Vec::new();
    let mut notes = Vec::new();
    let mut reports = Vec::new();
    for &resource in resources {
        let resource_type = type_name(resource);
        let before = rows.len();
        let mut reading = Reading { context, resource_type, losses };
        match resource {
            Resource::Condition(condition) => rows.extend(condition::rows(&mut reading, condition)),
            Resource::Procedure(procedure) => rows.extend(procedure::rows(&mut reading, procedure)),
            Resource::MedicationRequest(request) => rows.extend(drug::request_rows(&mut reading, request)),
            Resource::MedicationDispense(dispense) => rows.extend(drug::dispense_rows(&mut reading, dispense)),
            Resource::MedicationAdministration(dose) => rows.extend(drug::administration_rows(&mut reading, dose)),
            Resource::Immunization(immunization) => rows.extend(drug::immunization_rows(&mut reading, immunization)),
            Resource::AllergyIntolerance(allergy) => rows.extend(allergy::rows(&mut reading, allergy)),
            Resource::MedicationStatement(statement) => rows.extend(drug::statement_rows(&mut reading, statement)),
            Resource::Observation(observation) => match observation::cause_of_death(observation) {
                Some(cause) => {
                    causes.push((reading.key(observation.id.as_deref()), cause));
                    continue;
                }
                None => rows.extend(observation::rows(&mut reading, observation).into_iter().flatten()),
            },
            Resource::Specimen(specimen) => rows.extend(specimen::rows(&mut reading, specimen)),
            Resource::Device(device) => rows.extend(device::rows(&mut reading, device, resources)),
            Resource::SupplyDelivery(delivery) => rows.extend(supply::rows(&mut reading, delivery)),
            Resource::DeviceUseStatement(statement) => {
                let fate = device::statement_fate(&mut reading, statement, resources);
                losses.count_fate(resource_type, fate);
                continue;
            }
            Resource::DocumentReference(document) => {
                let note = note::document_row(&mut reading, document);
                losses.count_fate(resource_type, if note.is_some() { Fate::Mapped } else { Fate::OutOfScope });
                notes.extend(note);
                continue;
            }
            Resource::Composition(composition) => {
                rows.extend(note::composition_row(&mut reading, composition).map(AnyRow::from));
            }
            Resource::DiagnosticReport(report) => {
                reports.push(report);
                continue;
            }
            // Patient, Encounter, Coverage, ExplanationOfBenefit, EpisodeOfCare: read elsewhere.
            _ => continue,
        }
        losses.count_fate(resource_type, Fate::of(&rows[before..]));
    }

    // A report's text is a note only where no document says the same, wherever in the input that stands.
    for report in reports {
        let mut reading = Reading { context, resource_type: "DiagnosticReport", losses };
        let note = note::report_row(&mut reading, report, &notes).map(AnyRow::from);
        losses.count_fate("DiagnosticReport", Fate::of(note.as_slice()));
        rows.extend(note);
    }
    rows.extend(notes.into_iter().map(AnyRow::from));

    causes.sort_by_key(|(key, _)| *key);
    let mut causes = causes.into_iter();
    if let Some(death) = death
        && let Some((_, cause)) = causes.next()
    {
        let coded = coded::map(context.vocab, cause, "Observation", losses);
        death.cause_concept_id = Some(coded.standard);
        death.cause_source_value = coded.source_value;
        death.cause_source_concept_id = Some(coded.source);
        losses.count_fate("Observation", if coded.standard.is_none() { Fate::Unmapped } else { Fate::Mapped });
    }
    for _ in causes {
        losses.count_out_of_scope("Observation", "cause-of-death", 1);
    }
    rows
}

/// The type's name, as long as the program lives.
fn type_name(resource: &Resource<'_>) -> &'static str {
    resource.modelled_type().unwrap_or("Resource")
}

fn is_of_patient(person_id: i64, patient: &Patient<'_>, resource: &Resource<'_>) -> bool {
    let is_of = |subject: Option<&Reference<'_>>| is_of(person_id, patient, subject);
    match resource {
        Resource::Patient(other) => other.id == patient.id,
        Resource::Encounter(resource) => is_of(resource.subject.as_ref()),
        Resource::Condition(resource) => is_of(resource.subject.as_ref()),
        Resource::Observation(resource) => is_of(resource.subject.as_ref()),
        Resource::Procedure(resource) => is_of(resource.subject.as_ref()),
        Resource::MedicationRequest(resource) => is_of(resource.subject.as_ref()),
        Resource::MedicationDispense(resource) => is_of(resource.subject.as_ref()),
        Resource::MedicationStatement(resource) => is_of(resource.subject.as_ref()),
        Resource::DeviceUseStatement(resource) => is_of(resource.subject.as_ref()),
        Resource::Composition(resource) => is_of(resource.subject.as_ref()),
        Resource::DiagnosticReport(resource) => is_of(resource.subject.as_ref()),
        Resource::ServiceRequest(resource) => is_of(resource.subject.as_ref()),
        Resource::Specimen(resource) => is_of(resource.subject.as_ref()),
        Resource::DocumentReference(resource) => is_of(resource.subject.as_ref()),
        Resource::QuestionnaireResponse(resource) => is_of(resource.subject.as_ref()),
        Resource::Immunization(resource) => is_of(resource.patient.as_ref()),
        Resource::AllergyIntolerance(resource) => is_of(resource.patient.as_ref()),
        Resource::Coverage(resource) => is_of(resource.beneficiary.as_ref()),
        Resource::EpisodeOfCare(resource) => is_of(resource.patient.as_ref()),
        Resource::MedicationAdministration(resource) => is_of(resource.subject.as_ref()),
        Resource::Device(resource) => is_of(resource.patient.as_ref()),
        Resource::SupplyDelivery(resource) => is_of(resource.patient.as_ref()),
        Resource::ImagingStudy(resource) => is_of(resource.subject.as_ref()),
        Resource::RelatedPerson(resource) => is_of(resource.patient.as_ref()),
        Resource::CareTeam(resource) => is_of(resource.subject.as_ref()),
        Resource::CarePlan(resource) => is_of(resource.subject.as_ref()),
        Resource::Goal(resource) => is_of(resource.subject.as_ref()),
        Resource::Claim(resource) => is_of(resource.patient.as_ref()),
        Resource::ExplanationOfBenefit(resource) => is_of(resource.patient.as_ref()),
        _ => true,
    }
}

fn is_of(person_id: i64, patient: &Patient<'_>, subject: Option<&Reference<'_>>) -> bool {
    let Some(subject) = subject else { return false };
    // Nearly all are written so; other ways to write the same id have the same key.
    let plain = subject.reference.as_deref().and_then(|reference| reference.strip_prefix("Patient/"));
    plain.is_some() && plain == patient.id.as_deref()
        || subject.id_of("Patient").is_some_and(|id| key::of_person(id) == person_id)
}

fn count_all(resources: &[&Resource<'_>], reason: &str, losses: &mut Losses) {
    for resource in resources {
        let resource_type = resource.resource_type();
        if !Shared::reads(resource_type) {
            let reason = if has_no_home(resource_type) { "not-mapped" } else { reason };
            losses.count_out_of_scope(resource_type, reason, 1);
        }
    }
}
