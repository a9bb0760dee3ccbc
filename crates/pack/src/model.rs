//! What happens to people: latent state, conditions, medications, labs and care, as the files of a pack say it.
//!
//! Everything here is data; the words are closed sets, so a pack is read or refused, never half understood.

use serde::Deserialize;

use crate::key::Key;
use crate::population::Race;
use crate::table::Sex;

/// A slow quantity of the body that drives labs and vitals, e.g. `glycaemia`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latent {
    /// Name.
    pub key: Key,
    /// Unit, for people.
    pub unit: Key,
    /// Table of mean and standard deviation in health.
    pub curve: Key,
    /// Whether people spread around the mean as a log-normal; else as a normal.
    pub log: bool,
    /// Where the log-normal begins; the larger, the more skewed. The mean stands above it at every age.
    #[serde(default)]
    pub origin: f64,
    /// Lowest and highest value, whatever happens.
    pub bounds: [f64; 2],
    /// The most that all treatments together can move it; the effect saturates there.
    pub treatment_cap: f64,
    /// How much of a person's deviation comes from an earlier latent.
    #[serde(default)]
    pub loadings: Vec<Loading>,
}

/// Share of one latent's deviation in another's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loading {
    /// The earlier latent.
    pub on: Key,
    /// Correlation.
    pub weight: f64,
}

/// A condition: `conditions/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Name; also the cause of what it brings about.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// How it begins.
    pub onset: Onset,
    /// What it does to latent state, in years since onset.
    #[serde(default)]
    pub shifts: Vec<Shift>,
    /// Conditions whose onset ends this one.
    #[serde(default)]
    pub ended_by: Vec<Key>,
    /// Hazard per year that it passes for good; lasting conditions only, 0 when it stays for life.
    #[serde(default)]
    pub remits: f64,
    /// How it comes to be known; chronic conditions only.
    pub recognition: Option<Recognition>,
    /// Visits it calls for once known.
    pub follow_up: Option<FollowUp>,
    /// Drugs it calls for once known.
    pub treatment: Option<Treatment>,
    /// What an episode brings about; acute conditions only.
    pub episode: Option<Episode>,
    /// Visits and end of a time that passes by itself, as a pregnancy does; in place of an episode.
    pub course: Option<Course>,
    /// What it does to life expectancy.
    pub mortality: Option<Mortality>,
    /// What its care is called, where a clinic takes charge of it as one episode, e.g. `Cancer care`; chronic conditions only.
    pub care_episode: Option<Key>,
    /// Things handed out for use at home because of it.
    #[serde(default)]
    pub supplies: Vec<Supply>,
}

/// Something that is handed out for use at home, once or again and again.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supply {
    /// Concept key of the thing.
    pub concept: Key,
    /// Share of those with the condition who get it; of those who take one of `taking`, if that is given.
    pub probability: f64,
    /// Pieces handed out at once.
    pub quantity: u32,
    /// Days until it is handed out again; once only, when not given. Lasting conditions only.
    pub every_days: Option<u32>,
    /// Days from when it is called for to the first time, at least.
    #[serde(default)]
    pub after_days: u32,
    /// Medications of which the first prescription calls for it; else the condition itself does, once known.
    #[serde(default)]
    pub taking: Vec<Key>,
}

/// How a condition begins: at a rate, or when a latent crosses a threshold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Onset {
    /// Once, at a hazard per year by sex and age.
    Hazard {
        /// Table of hazards.
        table: Key,
        /// Factor on the whole table.
        #[serde(default = "one")]
        scale: f64,
        /// What moves the hazard.
        #[serde(default)]
        effects: Vec<Effect>,
        /// Conditions of which one must be there first.
        #[serde(default)]
        requires_any: Vec<Key>,
        /// Years of birth, rising, and the factor on the hazard of those born from then on; 1 before the first.
        #[serde(default)]
        cohorts: Vec<(f64, f64)>,
    },
    /// Once, at the first birthday at which untreated latent state is above a value.
    Crossing {
        /// The latent.
        latent: Key,
        /// The threshold.
        above: f64,
    },
    /// Again and again, at a rate per year by sex and age.
    Recurrent {
        /// Table of rates.
        table: Key,
        /// Factor on the whole table.
        #[serde(default = "one")]
        scale: f64,
        /// Weight of each month, January first; they are divided by their mean.
        #[serde(default)]
        season: Vec<f64>,
        /// Factor on the rate from a time on, as calendar year with fraction, rising; nothing happens before the first.
        #[serde(default)]
        calendar: Vec<(f64, f64)>,
        /// What moves the rate.
        #[serde(default)]
        effects: Vec<Effect>,
        /// Conditions of which one must be there first.
        #[serde(default)]
        requires_any: Vec<Key>,
    },
}

const fn one() -> f64 {
    1.0
}

/// A factor on a hazard. Exactly one of `latent`, `race` and `condition` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Per standard deviation of this latent.
    pub latent: Option<Key>,
    /// In people of this race.
    pub race: Option<Race>,
    /// In people of Hispanic or Latino ethnicity.
    pub hispanic: Option<bool>,
    /// While this condition lasts.
    pub condition: Option<Key>,
    /// Logarithm of the hazard ratio.
    pub log_hr: f64,
}

/// A condition's effect on a latent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// The latent.
    pub latent: Key,
    /// At onset.
    pub by: f64,
    /// More each year.
    #[serde(default)]
    pub per_year: f64,
    /// The most it comes to, as a distance from zero.
    pub limit: f64,
    /// Standard deviation between people of the factor on it (mean one).
    #[serde(default)]
    pub spread: f64,
}

/// How a chronic condition comes to be known.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognition {
    /// Share of people in whom it is never found.
    pub never: f64,
    /// Mean days from onset until a visit would find it.
    pub mean_delay_days: f64,
}

/// Visits that a known condition calls for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowUp {
    /// Days between visits.
    pub every_days: f64,
    /// What is ordered at them.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// What the plan for the condition is to reach, beside the goal of its treatment.
    #[serde(default)]
    pub goals: Vec<PlanGoal>,
}

/// A number that a care plan is to bring, or keep, below a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanGoal {
    /// Key of the lab.
    pub lab: Key,
    /// The value, in the lab's unit.
    pub below: f64,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
}

/// A lab, report or procedure ordered at a visit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Key of a lab, a report or a procedure.
    pub of: Key,
    /// Probability that it is done.
    #[serde(default = "one")]
    pub probability: f64,
    /// Fewest days since the last one.
    #[serde(default)]
    pub every_days: f64,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// Up to this age, not included.
    pub to_age: Option<f64>,
    /// In this sex only.
    pub sex: Option<Sex>,
}

/// Drugs that a known condition calls for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Keys of medications, in the order in which they are added.
    pub ladder: Vec<Key>,
    /// Share of people who take drugs for it at all.
    pub start: f64,
    /// Table of a factor on that share, by sex and age; who has begun stays with it.
    pub start_curve: Option<Key>,
    /// Probability that a visit adds the next while the goal is missed.
    #[serde(default)]
    pub step: f64,
    /// What treatment aims at.
    pub goal: Option<Goal>,
    /// Drugs are begun only while the goal's latent is above this.
    pub begin_above: Option<f64>,
}

/// A latent below a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// The latent.
    pub latent: Key,
    /// The value.
    pub below: f64,
}

/// What one episode of an acute condition brings about.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// Share seen in the emergency department.
    #[serde(default)]
    pub emergency: f64,
    /// Share that ends in a hospital stay.
    #[serde(default)]
    pub admission: f64,
    /// Share of these stays that do not begin in the emergency department: planned, or sent by a doctor.
    #[serde(default)]
    pub direct: f64,
    /// Mean days of a stay.
    #[serde(default)]
    pub stay_days: f64,
    /// What is ordered at the visit.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Drugs, each with its probability.
    #[serde(default)]
    pub drugs: Vec<EpisodeDrug>,
    /// What it does to labs measured at the visit.
    #[serde(default)]
    pub shifts: Vec<LabShift>,
}

/// A drug of an episode.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpisodeDrug {
    /// Key of the medication.
    pub medication: Key,
    /// Probability that it is prescribed.
    pub probability: f64,
}

/// An episode's effect on a lab.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabShift {
    /// Key of the lab.
    pub lab: Key,
    /// Mean of the change.
    pub by: f64,
}

/// A time that begins, is attended by visits and ends by itself in hospital: a pregnancy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// Mean days from onset to the end.
    pub days: f64,
    /// Standard deviation of these days.
    pub spread: f64,
    /// Fewest and most days.
    pub bounds: [f64; 2],
    /// Fewest days from an end to the next onset.
    pub pause_days: f64,
    /// Key of the sort of visit, a file of `care`.
    pub visit: Key,
    /// Days from onset to the first visit, at the least and on average.
    pub first_visit_days: [f64; 2],
    /// Days between visits.
    pub visits: Vec<CourseInterval>,
    /// What is ordered at the visits.
    #[serde(default)]
    pub orders: Vec<CourseOrder>,
    /// Drugs of the first visit, each with its probability.
    #[serde(default)]
    pub drugs: Vec<EpisodeDrug>,
    /// What it does to labs measured at the visits and at the end.
    #[serde(default)]
    pub shifts: Vec<LabShift>,
    /// How it ends.
    pub end: CourseEnd,
}

/// From a day after onset on, a visit every so many days.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseInterval {
    /// First day after onset.
    pub from_day: f64,
    /// Days to the next visit.
    pub every_days: f64,
}

/// An order of a course, at the visits between two days after onset.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseOrder {
    /// Key of a lab, a report or a procedure.
    pub of: Key,
    /// Probability that it is done at a visit.
    #[serde(default = "one")]
    pub probability: f64,
    /// Fewest days since the last one of this course or an earlier one.
    #[serde(default)]
    pub every_days: f64,
    /// First day after onset.
    #[serde(default)]
    pub from_day: f64,
    /// Day after onset from which it is no longer ordered.
    pub to_day: Option<f64>,
}

/// The end of a course: a hospital stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseEnd {
    /// Ways it ends; one of them, by share.
    pub ways: Vec<CourseWay>,
    /// What is diagnosed at the stay.
    pub outcomes: Vec<Outcome>,
    /// What is ordered at the stay.
    #[serde(default)]
    pub orders: Vec<Order>,
}

/// A way in which a course ends.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourseWay {
    /// Key of the procedure.
    pub procedure: Key,
    /// Share of ends.
    pub share: f64,
    /// Mean days of the stay.
    pub stay_days: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// A diagnosis of the end of a course.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Probability.
    #[serde(default = "one")]
    pub probability: f64,
}

/// What a condition does to life expectancy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mortality {
    /// Logarithm of the hazard ratio of death.
    #[serde(default)]
    pub log_hr: f64,
    /// Weight among the causes of a death, where a death without a named cause weighs 1.
    #[serde(default)]
    pub cause_weight: f64,
    /// From this age a cause of death.
    #[serde(default)]
    pub from_age: f64,
}

/// A drug: `medications/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medication {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Instruction to the patient.
    pub sig: Key,
    /// Days one fill lasts.
    pub days_supply: u32,
    /// Units in one fill.
    pub quantity: u32,
    /// Refills after the first fill.
    #[serde(default)]
    pub refills: u32,
    /// Hazard per year that a long-term user stops.
    #[serde(default)]
    pub stop_per_year: f64,
    /// What it does to latent state.
    #[serde(default)]
    pub effects: Vec<DrugEffect>,
    /// Not below this value of a latent.
    pub avoid: Option<Goal>,
    /// Medications that end when this one begins, and are not begun beside it.
    #[serde(default)]
    pub replaces: Vec<Key>,
    /// Given by staff at the visit and never handed out: every so many hours, as long as the visit and the supply last.
    pub given_hours: Option<u32>,
    /// Whether its Medication is a resource of the reference set, to which what is ordered, handed out and given refers;
    /// else each says the code itself.
    #[serde(default)]
    pub formulary: bool,
    /// Whether the concept is coarser than a clinical drug.
    #[serde(default)]
    pub approximate: bool,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// Up to this age, not included.
    pub to_age: Option<f64>,
}

/// A drug's effect on a latent: it comes with a half-life, and goes when the drug is stopped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrugEffect {
    /// The latent.
    pub latent: Key,
    /// Full effect of the drug alone.
    pub by: f64,
    /// Days until half of it is there.
    pub half_life_days: f64,
    /// Standard deviation between people of the factor on `by`.
    #[serde(default)]
    pub spread: f64,
}

/// FHIR category of an observation.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum LabCategory {
    VitalSigns,
    Laboratory,
    SocialHistory,
    Survey,
}

/// Something observed: `labs/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lab {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream; none for a part of another lab.
    pub stream: Option<u16>,
    /// Category.
    pub category: LabCategory,
    /// Key of the specimen it is measured in; of laboratory results only.
    pub specimen: Option<Key>,
    /// UCUM unit, of a number; empty for a number that has none.
    pub unit: Option<Key>,
    /// Digits after the point.
    #[serde(default)]
    pub decimals: u8,
    /// Lowest and highest value ever written.
    #[serde(default = "anything")]
    pub bounds: [f64; 2],
    /// Reference range.
    pub range: Option<[f64; 2]>,
    /// How a number comes about from the patient's state.
    pub measured: Option<Measured>,
    /// How a number comes about from others as they were written at the same visit.
    pub derived: Option<Derived>,
    /// The parts of a panel with one observation, by key of the lab.
    #[serde(default)]
    pub parts: Vec<Key>,
    /// Coded answers, one a person for life; those who get none are not recorded.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// What is written in place of a measured number: the text of the last grade that the number reaches.
    #[serde(default)]
    pub grades: Vec<Grade>,
    /// Answers in words, one a person for life; those who get none are not recorded.
    #[serde(default)]
    pub texts: Vec<TextAnswer>,
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
}

/// What is written for a measured number from here on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grade {
    /// The words.
    pub text: Key,
    /// Least number; the first grade has none.
    pub from: Option<f64>,
}

/// An answer in words and the share of people who have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextAnswer {
    /// The words.
    pub text: Key,
    /// Share of people.
    pub share: f64,
    /// Where the share is from.
    pub source: Key,
}

const fn anything() -> [f64; 2] {
    [-1e9, 1e9]
}

/// A measured number: the sum of its parts, or the exponential of the sum.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// Table of mean and of the standard deviation between people.
    pub curve: Option<Key>,
    /// Constant.
    #[serde(default)]
    pub offset: f64,
    /// Parts that follow the patient's state.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// Standard deviation from visit to visit.
    #[serde(default)]
    pub noise: f64,
    /// More of it, while conditions last.
    #[serde(default)]
    pub noisier: Vec<Term>,
    /// Another lab whose deviation of the same visit moves this one too.
    pub swayed: Option<Sway>,
    /// Whether the written value is the exponential of the sum.
    #[serde(default)]
    pub log: bool,
    /// Another number, as written, that this one stays below.
    pub below: Option<Below>,
}

/// What two numbers of one visit share: they are off on the same day, as both pressures are of someone who hurried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sway {
    /// The other lab, a measured one.
    pub lab: Key,
    /// What one standard deviation of the other's noise from visit to visit adds, in this number's unit.
    pub by: f64,
}

/// A distance kept from another number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// The other lab.
    pub lab: Key,
    /// The least distance.
    pub by: f64,
}

/// A part of a measured number. Exactly one of `latent` and `condition` is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Value of this latent.
    pub latent: Option<Key>,
    /// Whether the latent's mean in health at this sex and age is taken off first.
    #[serde(default)]
    pub relative: bool,
    /// One while this condition lasts.
    pub condition: Option<Key>,
    /// Factor.
    pub weight: f64,
    /// Table of a further factor, by sex and age.
    pub curve: Option<Key>,
}

/// Something that only a survey measures, never a chart: `survey.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyItem {
    /// Name; no lab has it.
    pub key: Key,
    /// Unit, for people.
    pub unit: Key,
    /// Digits after the point.
    #[serde(default)]
    pub decimals: u8,
    /// Lowest and highest value.
    #[serde(default = "anything")]
    pub bounds: [f64; 2],
    /// From this age.
    #[serde(default)]
    pub from_age: f64,
    /// How it comes about from the person's state; it keeps no distance from a lab.
    pub measured: Measured,
}

/// Numbers that follow from others as written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Derived {
    /// Weight in kg over the square of height in m.
    BodyMassIndex {
        /// Lab in kg.
        weight: Key,
        /// Lab in cm.
        height: Key,
    },
    /// Weight in kg that gives this latent as body mass index, at the height as written.
    WeightFromBodyMassIndex {
        /// Latent in kg/m2.
        latent: Key,
        /// Lab in cm.
        height: Key,
        /// Standard deviation from visit to visit, in kg.
        noise: f64,
    },
    /// Creatinine in mg/dL that gives this latent as eGFR by CKD-EPI 2021.
    CreatinineFromEgfr {
        /// Latent in mL/min/1.73 m2.
        latent: Key,
        /// Standard deviation from visit to visit, as a share.
        noise: f64,
    },
    /// CKD-EPI 2021, from creatinine in mg/dL, sex and age.
    Egfr {
        /// Lab in mg/dL.
        creatinine: Key,
    },
    /// HDL + LDL (a latent) + triglycerides / 5.
    TotalCholesterol {
        /// Latent of LDL in mg/dL.
        latent: Key,
        /// Lab in mg/dL.
        hdl: Key,
        /// Lab in mg/dL.
        triglycerides: Key,
        /// Standard deviation from visit to visit, in mg/dL.
        noise: f64,
    },
    /// Friedewald: total - HDL - triglycerides / 5, in mg/dL, for triglycerides below 400.
    FriedewaldLdl {
        /// Lab in mg/dL.
        total: Key,
        /// Lab in mg/dL.
        hdl: Key,
        /// Lab in mg/dL.
        triglycerides: Key,
    },
    /// One number over another, times a factor.
    Ratio {
        /// The upper lab.
        of: Key,
        /// The lower lab; no result where it is zero.
        by: Key,
        /// Factor.
        factor: f64,
    },
    /// The product of two numbers and a factor.
    Product {
        /// One lab.
        of: Key,
        /// The other lab.
        by: Key,
        /// Factor.
        factor: f64,
    },
    /// Another number times a factor of the person's own.
    Multiple {
        /// The other lab.
        of: Key,
        /// Mean of the factor.
        mean: f64,
        /// Standard deviation of the factor between people.
        spread: f64,
        /// Standard deviation of the factor from visit to visit.
        noise: f64,
        /// What the patient's state adds to the factor.
        #[serde(default)]
        terms: Vec<Term>,
    },
    /// A sum of other numbers, each times its weight.
    Linear {
        /// The other labs.
        of: Vec<Weighted>,
        /// Constant.
        #[serde(default)]
        offset: f64,
        /// Standard deviation between people.
        #[serde(default)]
        spread: f64,
        /// Standard deviation from visit to visit.
        #[serde(default)]
        noise: f64,
        /// What the patient's state adds.
        #[serde(default)]
        terms: Vec<Term>,
    },
    /// ADAG: 28.7 times `HbA1c` in % - 46.7, in mg/dL.
    EstimatedAverageGlucose {
        /// Lab in %.
        hba1c: Key,
    },
}

/// A lab and its weight in a sum.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// Key of the lab.
    pub lab: Key,
    /// Factor.
    pub weight: f64,
}

/// A coded answer and the share of people who give it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Concept key.
    pub concept: Key,
    /// Share of people.
    pub share: f64,
    /// Where the share is from.
    pub source: Key,
}

/// A kind of specimen that laboratory results are measured in: `specimens/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specimen {
    /// Name; what labs refer to.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// What people call it.
    pub name: Key,
}

/// A laboratory report: `reports/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Keys of the labs it gathers.
    pub results: Vec<Key>,
}

/// A procedure: `procedures/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Minutes it takes, at least and at most.
    pub minutes: [u32; 2],
    /// The service that writes a report of what was seen, if one does.
    pub report: Option<ReportService>,
    /// What sort of procedure it is, of those that are ordered; each has a request.
    pub category: Option<ProcedureCategory>,
    /// Concept key of the device it leaves in the body, if it does.
    pub implants: Option<Key>,
    /// What makes the pictures; of imaging only, and of all of it.
    pub modality: Option<Modality>,
}

/// What makes the pictures of an examination, by DICOM's codes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
pub enum Modality {
    /// X-ray of the old kind, its plate read by a computer.
    #[serde(rename = "CR")]
    ComputedRadiography,
    /// Computed tomography.
    #[serde(rename = "CT")]
    ComputedTomography,
    /// Mammography.
    #[serde(rename = "MG")]
    Mammography,
    /// Ultrasound.
    #[serde(rename = "US")]
    Ultrasound,
}

/// A diagnostic service that writes reports.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ReportService {
    Radiology,
    Cardiology,
}

/// Sort of a procedure that is ordered.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ProcedureCategory {
    Imaging,
    Surgical,
    Evaluation,
    Counselling,
}

/// A vaccine: `vaccines/*.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vaccine {
    /// Name.
    pub key: Key,
    /// Concept key.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Ages of the doses, in months.
    #[serde(default)]
    pub ages_months: Vec<f64>,
    /// After the last of those doses, or from `from_age_months`, again every so many months.
    pub every_months: Option<f64>,
    /// First age of the repeated doses.
    #[serde(default)]
    pub from_age_months: f64,
    /// Months of the year, 1 to 12, in which it is given; all when empty.
    #[serde(default)]
    pub months: Vec<u32>,
    /// Share of people who take it.
    pub uptake: f64,
    /// A dose that fell due this many months ago is not caught up.
    pub too_late_months: f64,
    /// Where ages and uptake are from.
    pub source: Key,
}

/// FHIR class of an encounter.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum VisitClass {
    Ambulatory,
    Emergency,
    Inpatient,
    Virtual,
}

/// A sort of visit: `care/*.toml`; `wellness`, `follow-up`, `virtual`, `acute`, `emergency`, `inpatient` must be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Visit {
    /// Name.
    pub key: Key,
    /// Concept key of the kind of visit.
    pub concept: Key,
    /// Number of its event stream.
    pub stream: u16,
    /// Class.
    pub class: VisitClass,
    /// First hour of a start, and the hour after the last; whole weeks when `weekends`.
    pub hours: [u32; 2],
    /// Whether it also happens on Saturdays and Sundays.
    #[serde(default)]
    pub weekends: bool,
    /// Minutes it takes, at least and at most.
    pub minutes: [u32; 2],
    /// What is always ordered.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Whether it takes place in the hospital, whatever its class.
    #[serde(default)]
    pub hospital: bool,
    /// When it falls due by age; a visit with nothing to do is left out, but for `wellness`.
    #[serde(default)]
    pub schedule: Vec<Interval>,
    /// Probability that one that falls due takes place.
    #[serde(default = "one")]
    pub attendance: f64,
    /// Share of follow-ups that take this form: virtual only.
    #[serde(default)]
    pub share: f64,
    /// Share of visits for an acute condition that take its place (virtual visits), without anything measured.
    #[serde(default)]
    pub acute_share: f64,
    /// Factor on both shares by sex and age, a table.
    pub share_curve: Option<Key>,
    /// What the plan that the first of them makes may be to reach, in this order; wellness visits only.
    #[serde(default)]
    pub goals: Vec<PlanGoal>,
    /// Probability that staff give the first dose of a drug that is prescribed there to be taken at home.
    #[serde(default)]
    pub first_dose: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// From an age on, a visit every so many months.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// First age, in months.
    pub from_age_months: f64,
    /// Months to the next one.
    pub every_months: f64,
}

/// The hospital stay in which a child is born: `birth.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BirthRules {
    /// Concept key of the diagnosis.
    pub concept: Key,
    /// Number of the event stream of that diagnosis.
    pub stream: u16,
    /// Share of children born in hospital.
    pub in_hospital: f64,
    /// Mean days of the stay.
    pub stay_days: f64,
    /// What is ordered.
    #[serde(default)]
    pub orders: Vec<Order>,
    /// Where the figures are from.
    pub source: Key,
}

/// How deaths are charted: `death.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeathRules {
    /// Table of a factor on the hazard of death by sex and age, which brings the deaths of those who are ill back to
    /// the life table.
    pub correction: Option<Key>,
    /// Concept key of the observation that says the cause.
    pub concept: Key,
    /// Number of the event stream of that observation.
    pub stream: u16,
    /// Share of deaths in hospital.
    pub in_hospital: f64,
    /// Where the figures are from.
    pub source: Key,
}

/// Allergies: `allergies.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allergies {
    /// Name; the cause of each allergy.
    pub key: Key,
    /// Number of their event stream.
    pub stream: u16,
    /// Earliest and latest age of onset, in years.
    pub onset_years: [f64; 2],
    /// The allergies; at most 16.
    pub allergy: Vec<AllergyShare>,
    /// Where the figures are from.
    pub source: Key,
}

/// An allergy and the share of people who have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AllergyShare {
    /// Concept key.
    pub concept: Key,
    /// Share of people.
    pub share: f64,
    /// Concept key of what it does to people, if that is to be told.
    pub reaction: Option<Key>,
}

impl Condition {
    /// Conditions that must be settled before this one's onset can be drawn.
    pub fn causes(&self) -> impl Iterator<Item = Key> {
        let (effects, requires_any): (&[Effect], &[Key]) = match &self.onset {
            Onset::Hazard { effects, requires_any, .. } | Onset::Recurrent { effects, requires_any, .. } => {
                (effects, requires_any)
            }
            Onset::Crossing { .. } => (&[], &[]),
        };
        effects.iter().filter_map(|effect| effect.condition).chain(requires_any.iter().copied())
    }
}

impl Lab {
    /// Labs whose written values this one is made from.
    pub fn inputs(&self) -> Vec<Key> {
        let below = self.measured.as_ref().and_then(|measured| Some(measured.below.as_ref()?.lab));
        match &self.derived {
            None => below.into_iter().collect(),
            Some(Derived::BodyMassIndex { weight, height }) => vec![*weight, *height],
            Some(Derived::WeightFromBodyMassIndex { height, .. }) => vec![*height],
            Some(Derived::CreatinineFromEgfr { .. }) => Vec::new(),
            Some(Derived::Egfr { creatinine }) => vec![*creatinine],
            Some(Derived::TotalCholesterol { hdl, triglycerides, .. }) => vec![*hdl, *triglycerides],
            Some(Derived::FriedewaldLdl { total, hdl, triglycerides }) => vec![*total, *hdl, *triglycerides],
            Some(Derived::EstimatedAverageGlucose { hba1c }) => vec![*hba1c],
            Some(Derived::Ratio { of, by, .. } | Derived::Product { of, by, .. }) => vec![*of, *by],
            Some(Derived::Multiple { of, .. }) => vec![*of],
            Some(Derived::Linear { of, .. }) => of.iter().map(|part| part.lab).collect(),
        }
    }

    /// Parts of its number that follow the patient's state.
    pub fn terms(&self) -> &[Term] {
        match (&self.measured, &self.derived) {
            (Some(measured), _) => &measured.terms,
            (None, Some(Derived::Multiple { terms, .. } | Derived::Linear { terms, .. })) => terms,
            _ => &[],
        }
    }
}

impl Derived {
    /// The latent it follows besides.
    pub fn latent(&self) -> Option<Key> {
        match self {
            Self::WeightFromBodyMassIndex { latent, .. }
            | Self::CreatinineFromEgfr { latent, .. }
            | Self::TotalCholesterol { latent, .. } => Some(*latent),
            _ => None,
        }
    }
}
