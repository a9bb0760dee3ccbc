//! FHIR codes of the timeline's enums; OMOP's source values are the same codes.

use crate::reference::Specialty;
use crate::timeline::{Destination, EncounterClass, Ethnicity, NoteKind, Race, Sex, Timeline, Ward};

/// A code and how people read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Code {
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

const fn code(code: &'static str, display: &'static str) -> Code {
    Code { code, display }
}

/// Country of every address of the default pack.
pub(super) const COUNTRY: &str = "US";

/// LOINC's "Cause of death".
pub(super) const CAUSE_OF_DEATH: Code = code("69453-9", "Cause of death");

/// LOINC's report of imaging and the like, as a text.
pub(super) const IMAGING_NOTE: Code = code("18748-4", "Diagnostic imaging study");

/// Language of all notes.
pub(super) const NOTE_LANGUAGE: &str = "en";

/// LOINC's kind of document, of US Core's clinical notes.
pub(super) const fn note(kind: NoteKind) -> Code {
    match kind {
        NoteKind::DischargeSummary => code("18842-5", "Discharge summary"),
        NoteKind::HistoryAndPhysical => code("34117-2", "History and physical note"),
        NoteKind::Progress => code("11506-3", "Progress note"),
        NoteKind::Procedure => code("28570-0", "Procedure note"),
    }
}

/// `Patient.gender` and `Practitioner.gender`.
pub(super) const fn gender(sex: Sex) -> &'static str {
    match sex {
        Sex::Female => "female",
        Sex::Male => "male",
    }
}

/// OMB race category.
pub(super) const fn race(race: Race) -> Code {
    match race {
        Race::White => code("2106-3", "White"),
        Race::Black => code("2054-5", "Black or African American"),
        Race::Asian => code("2028-9", "Asian"),
        Race::AmericanIndian => code("1002-5", "American Indian or Alaska Native"),
        Race::PacificIslander => code("2076-8", "Native Hawaiian or Other Pacific Islander"),
        Race::Other => code("2131-1", "Other Race"),
    }
}

/// OMB ethnicity category.
pub(super) const fn ethnicity(ethnicity: Ethnicity) -> Code {
    match ethnicity {
        Ethnicity::Hispanic => code("2135-2", "Hispanic or Latino"),
        Ethnicity::NotHispanic => code("2186-5", "Not Hispanic or Latino"),
    }
}

/// `Encounter.hospitalization.admitSource`, of a stay that began in the emergency department.
pub(super) const FROM_EMERGENCY: Code = code("emd", "From accident/emergency department");

/// `Encounter.hospitalization.dischargeDisposition`: who dies in hospital is not sent home.
pub(super) fn disposition(timeline: &Timeline, encounter: usize) -> Code {
    let end = timeline.encounters[encounter].end;
    if timeline.death.as_ref().is_some_and(|death| death.at <= end) {
        return code("exp", "Expired");
    }
    match timeline.discharges.iter().find(|discharge| discharge.encounter == encounter).map(|discharge| discharge.to) {
        Some(Destination::LongTermCare) => code("long", "Long-term care"),
        Some(Destination::Hospice) => code("hosp", "Hospice"),
        None => code("home", "Home"),
    }
}

/// `Location.type` of a ward, and what people call it.
pub(super) const fn ward(ward: Ward) -> (Code, &'static str) {
    match ward {
        Ward::Emergency => (code("ER", "Emergency room"), "emergency department"),
        Ward::General => (code("HU", "Hospital unit"), "general ward"),
        Ward::IntensiveCare => (code("ICU", "Intensive care unit"), "intensive care"),
    }
}

/// `Encounter.class`.
pub(super) const fn class(class: EncounterClass) -> Code {
    match class {
        EncounterClass::Ambulatory => code("AMB", "ambulatory"),
        EncounterClass::Emergency => code("EMER", "emergency"),
        EncounterClass::Inpatient => code("IMP", "inpatient encounter"),
        EncounterClass::Virtual => code("VR", "virtual"),
    }
}

/// `PractitionerRole.specialty`, in CMS's codes.
pub(super) const fn specialty(specialty: Specialty) -> Code {
    match specialty {
        Specialty::GeneralPractice => code("01", "General practice"),
        Specialty::FamilyPractice => code("08", "Family practice"),
        Specialty::InternalMedicine => code("11", "Internal medicine"),
        Specialty::EmergencyMedicine => code("93", "Emergency medicine"),
    }
}

/// `PractitionerRole.code` of every practitioner of the reference set.
pub(super) const DOCTOR: Code = code("doctor", "Doctor");
