//! A patient's life as the simulation drew it: the one truth behind both renderings.
//!
//! Everything that FHIR or OMOP says about a patient is decided here. The renderings draw no random number; they only
//! translate. Times are the wall clock of the patient's place; [`Demographics::utc_offset_minutes`] is fixed for life.

mod administration;
mod claim;
mod coordination;
mod coverage;
mod device;
mod dispense;
mod note;
mod personal;
mod request;
mod specimen;
mod stay;
mod supply;
mod survey;

use chrono::{NaiveDate, NaiveDateTime};

use crate::chart::{Deed, Marks};

pub use administration::Administration;
pub use claim::{Claim, ClaimItem, Service};
pub use coordination::{
    CarePlan, CareTeam, Course, EpisodeOfCare, Every, Goal, Kinship, Provenance, Purpose, RelatedPerson,
};
pub use coverage::{Coverage, Relationship};
pub use device::{Device, ImagingStudy};
pub use dispense::Dispense;
pub use note::{Note, NoteKind, WrittenReport};
pub use personal::{Language, MaritalStatus, Personal};
pub use request::{Fulfilment, Request, RequestCategory};
pub use specimen::Specimen;
pub use stay::{Destination, Discharge, Ward, WardStay};
pub use supply::Supply;
pub use survey::{Instrument, SurveyResponse};

/// Where an event stands in its patient's chart; with the patient's number it makes the event's key.
///
/// `stream` belongs to one file of the model pack (or to the built-in care stream), `ordinal` counts within it: for
/// dated events day of life times sixteen plus a slot, so that a later event never renumbers an earlier one.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EventId {
    /// Stream number, below 512.
    pub stream: u16,
    /// Place within the stream, below 2^20.
    pub ordinal: u32,
}

/// Why an event happened: the pack's file key (`t2dm`, `wellness`, `influenza-vaccine`).
pub type Cause = &'static str;

/// A concept key of the pack's terminology, e.g. `type-2-diabetes`; it names the FHIR coding and the OMOP concept.
pub type ConceptKey = twinlake_pack::ConceptKey;

/// One patient, from birth to death or `as_of`.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// Number of the patient, from 1.
    pub patient: u64,
    /// Who the patient is.
    pub demographics: Demographics,
    /// Death, when it comes at or before `as_of`.
    pub death: Option<Death>,
    /// Visits in the chart's window, by start.
    pub encounters: Vec<Encounter>,
    /// Problem list entries, older onsets included, by onset.
    pub problems: Vec<Problem>,
    /// What was diagnosed at a visit, by visit.
    pub diagnoses: Vec<Diagnosis>,
    /// Vitals, laboratory results, surveys and social history, by time.
    pub observations: Vec<Observation>,
    /// Laboratory reports that gather observations, by time.
    pub reports: Vec<Report>,
    /// Prescriptions, by time.
    pub prescriptions: Vec<Prescription>,
    /// Vaccinations, by time.
    pub immunizations: Vec<Immunization>,
    /// Vaccines that were offered and refused, as far as somebody wrote it down, by time.
    pub refusals: Vec<Refusal>,
    /// Procedures, by time.
    pub procedures: Vec<Procedure>,
    /// Allergies, by onset.
    pub allergies: Vec<Allergy>,
    /// Fills of prescriptions, by time.
    pub dispenses: Vec<Dispense>,
    /// Who paid, by start; each was in force at a visit or a fill.
    pub coverages: Vec<Coverage>,
    /// Specimens of laboratory results, by time.
    pub specimens: Vec<Specimen>,
    /// What the registration desk knows besides; FHIR alone has it.
    pub personal: Personal,
    /// Questionnaires filled in, by score.
    pub survey_responses: Vec<SurveyResponse>,
    /// Notes, by visit.
    pub notes: Vec<Note>,
    /// Reports of diagnostic services in words, by procedure.
    pub written_reports: Vec<WrittenReport>,
    /// People close to the patient, at most one at a time.
    pub related_persons: Vec<RelatedPerson>,
    /// Plans for lasting conditions, in the order of the problems.
    pub care_plans: Vec<CarePlan>,
    /// What the plans aim at, in their order.
    pub goals: Vec<Goal>,
    /// The team that pursues the plans, when there is one.
    pub care_teams: Vec<CareTeam>,
    /// Episodes of care, in the order of the problems.
    pub episodes_of_care: Vec<EpisodeOfCare>,
    /// Who wrote down each encounter, in their order.
    pub provenances: Vec<Provenance>,
    /// Doses that staff gave, by prescription. A prescription is given or handed out, not both.
    pub administrations: Vec<Administration>,
    /// Devices that procedures left in the body, by procedure.
    pub devices: Vec<Device>,
    /// Pictures that examinations made, by procedure.
    pub imaging_studies: Vec<ImagingStudy>,
    /// Things handed out for use at home, by time.
    pub supplies: Vec<Supply>,
    /// Orders that led to a report or procedure, by encounter.
    pub requests: Vec<Request>,
    /// Wards of the hospital a patient was in, by time.
    pub ward_stays: Vec<WardStay>,
    /// Discharges to elsewhere than home, by time.
    pub discharges: Vec<Discharge>,
    /// What was billed to payers: by visit, then by pharmacies, by day.
    pub claims: Vec<Claim>,
    /// What the [chart layer](crate::chart) did to which event; empty when it is off.
    pub marks: Marks,
}

/// The first day that a chart tells of: what was known by then is on it without the day it began.
pub const RECORDS_BEGIN: NaiveDate = NaiveDate::from_ymd_opt(1950, 1, 1).expect("a day");

impl Problem {
    /// When it began, as far as the chart tells.
    #[must_use]
    pub fn told_onset(&self) -> Option<NaiveDate> {
        told(self.onset)
    }
}

impl Allergy {
    /// When it began, as far as the chart tells.
    #[must_use]
    pub fn told_onset(&self) -> Option<NaiveDate> {
        told(self.onset)
    }
}

fn told(onset: NaiveDate) -> Option<NaiveDate> {
    (onset >= RECORDS_BEGIN).then_some(onset)
}

impl Timeline {
    /// Whether the chart layer did that to the event.
    pub fn has_mark(&self, event: EventId, deed: Deed) -> bool {
        self.marks.get(&event).is_some_and(|deeds| deeds.contains(&deed))
    }

    /// Whether the patient has been seen by `as_of`; until then neither rendering knows of them.
    pub fn is_charted(&self) -> bool {
        !self.encounters.is_empty()
    }

    /// Whether a hospital stay began in the emergency department: the visit before it, ended at most an hour ago.
    pub fn came_by_emergency(&self, encounter: usize) -> bool {
        let stay = &self.encounters[encounter];
        let before = encounter.checked_sub(1).map(|before| &self.encounters[before]);
        stay.class == EncounterClass::Inpatient
            && before.is_some_and(|before| {
                before.class == EncounterClass::Emergency && (stay.start - before.end).num_minutes() <= 60
            })
    }
}

/// Who the patient is.
#[derive(Clone, Debug)]
pub struct Demographics {
    /// Day of birth.
    pub birth_date: NaiveDate,
    /// Sex at birth, which is also the administrative gender of this population.
    pub sex: Sex,
    /// Race, as an OMB category.
    pub race: Race,
    /// Ethnicity, as an OMB category.
    pub ethnicity: Ethnicity,
    /// Index into the pack's places.
    pub place: usize,
    /// Given name; never in OMOP.
    pub given_name: String,
    /// Family name; never in OMOP.
    pub family_name: String,
    /// House number and street; never in OMOP.
    pub street: String,
    /// Telephone number of the range reserved for fiction; never in OMOP.
    pub phone: String,
    /// Minutes east of UTC, the same for the whole life.
    pub utc_offset_minutes: i32,
    /// Index of the patient's own practitioner in the [reference set](crate::reference).
    pub practitioner: usize,
}

/// Sex at birth.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sex {
    Female,
    Male,
}

/// Race, as the OMB categories of US Core; `Other` is 2131-1.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Race {
    White,
    Black,
    Asian,
    AmericanIndian,
    PacificIslander,
    Other,
}

/// Ethnicity, as the OMB categories of US Core.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Ethnicity {
    Hispanic,
    NotHispanic,
}

/// A death and its cause.
#[derive(Clone, Debug)]
pub struct Death {
    /// When, at or before `as_of`.
    pub at: NaiveDateTime,
    /// What of, when a condition of the chart caused it.
    pub cause: Option<ConceptKey>,
    /// Event of the Observation (LOINC 69453-9) that says the cause, when there is one.
    pub cause_event: EventId,
}

/// Kind of contact, FHIR's `Encounter.class`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum EncounterClass {
    Ambulatory,
    Emergency,
    Inpatient,
    Virtual,
}

/// A visit.
#[derive(Clone, Debug)]
pub struct Encounter {
    /// Its place in the chart.
    pub event: EventId,
    /// Kind of contact.
    pub class: EncounterClass,
    /// What sort of visit, e.g. `wellness-visit`.
    pub kind: ConceptKey,
    /// Start, inside the chart's window.
    pub start: NaiveDateTime,
    /// End, after the start, not after death or `as_of`.
    pub end: NaiveDateTime,
    /// Condition that brought the patient, if one did.
    pub reason: Option<ConceptKey>,
    /// Index of the practitioner seen.
    pub practitioner: usize,
    /// Index of the organization visited, which is also the index of its location.
    pub organization: usize,
    /// What caused it.
    pub cause: Cause,
}

/// An entry of the problem list.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its place in the chart.
    pub event: EventId,
    /// The condition.
    pub concept: ConceptKey,
    /// When it began (or was first known), perhaps before the window.
    pub onset: NaiveDate,
    /// When it was written down; not before onset, nor before [`RECORDS_BEGIN`].
    pub recorded: NaiveDate,
    /// When it ended, if it did; not before onset.
    pub abated: Option<NaiveDate>,
    /// Index of the encounter at which it was recognised, when that is in the window.
    pub encounter: Option<usize>,
    /// What caused it.
    pub cause: Cause,
}

/// A diagnosis made or followed up at a visit.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Its place in the chart.
    pub event: EventId,
    /// The condition.
    pub concept: ConceptKey,
    /// Index into [`Timeline::encounters`].
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// Category of an observation, FHIR's `observation-category`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Category {
    VitalSigns,
    Laboratory,
    SocialHistory,
    Survey,
}

/// A decimal as it is written: `units` divided by ten to the power of `decimals` (70 with 1 decimal is `7.0`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Scaled {
    /// The digits.
    pub units: i64,
    /// How many of them stand after the point.
    pub decimals: u8,
}

/// What was observed.
#[derive(Clone, Debug)]
pub enum Value {
    /// A number in a UCUM unit.
    Quantity {
        /// The number.
        value: Scaled,
        /// UCUM code.
        unit: &'static str,
    },
    /// A coded answer.
    Concept(ConceptKey),
    /// An answer in words.
    Text(&'static str),
    /// Several named parts, as in a blood pressure; slot 0 is the first.
    Components(Vec<(ConceptKey, Scaled, &'static str)>),
}

/// One observation.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Its place in the chart.
    pub event: EventId,
    /// What was observed.
    pub concept: ConceptKey,
    /// Category.
    pub category: Category,
    /// When.
    pub at: NaiveDateTime,
    /// The finding.
    pub value: Value,
    /// Reference range in the value's unit; for laboratory results.
    pub range: Option<(Scaled, Scaled)>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A laboratory report.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its place in the chart.
    pub event: EventId,
    /// The panel, e.g. `lipid-panel`.
    pub concept: ConceptKey,
    /// When it was issued.
    pub at: NaiveDateTime,
    /// Indices into [`Timeline::observations`].
    pub results: Vec<usize>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// State of a prescription at `as_of`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PrescriptionStatus {
    Active,
    Completed,
    Stopped,
}

/// A prescription.
#[derive(Clone, Debug)]
pub struct Prescription {
    /// Its place in the chart.
    pub event: EventId,
    /// The drug.
    pub concept: ConceptKey,
    /// When it was written.
    pub at: NaiveDateTime,
    /// Days one fill lasts.
    pub days_supply: u32,
    /// Units dispensed in one fill.
    pub quantity: u32,
    /// Refills allowed after the first fill.
    pub refills: u32,
    /// Instruction to the patient.
    pub sig: &'static str,
    /// State at `as_of`.
    pub status: PrescriptionStatus,
    /// Day on which the patient stopped taking it, when that came by `as_of` and before the supply ran out.
    pub stopped: Option<NaiveDate>,
    /// Day on which it stopped being active, by `as_of`: it was stopped, its supply ran out or the patient died.
    pub ended: Option<NaiveDate>,
    /// Condition treated.
    pub reason: Option<ConceptKey>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A vaccination.
#[derive(Clone, Debug)]
pub struct Immunization {
    /// Its place in the chart.
    pub event: EventId,
    /// The vaccine.
    pub concept: ConceptKey,
    /// When.
    pub at: NaiveDateTime,
    /// Lot number.
    pub lot: String,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A vaccine that a patient would not have.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Its place in the chart.
    pub event: EventId,
    /// The vaccine.
    pub concept: ConceptKey,
    /// When it was offered.
    pub at: NaiveDateTime,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// A procedure.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Its place in the chart.
    pub event: EventId,
    /// What was done.
    pub concept: ConceptKey,
    /// Start.
    pub start: NaiveDateTime,
    /// End, not before the start.
    pub end: NaiveDateTime,
    /// Condition it was done for.
    pub reason: Option<ConceptKey>,
    /// Index of the encounter.
    pub encounter: usize,
    /// What caused it.
    pub cause: Cause,
}

/// An allergy.
#[derive(Clone, Debug)]
pub struct Allergy {
    /// Its place in the chart.
    pub event: EventId,
    /// `Allergy to …`, a concept of the Observation domain.
    pub concept: ConceptKey,
    /// What it does to the patient, when that was told.
    pub reaction: Option<ConceptKey>,
    /// When it began.
    pub onset: NaiveDate,
    /// When it was written down; not before onset, nor before [`RECORDS_BEGIN`].
    pub recorded: NaiveDate,
    /// Index of the encounter at which it was written down, when that is in the window.
    pub encounter: Option<usize>,
    /// What caused it.
    pub cause: Cause,
}
