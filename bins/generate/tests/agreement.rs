//! Harmonized FHIR is the rendered OMOP, row by row and column by column.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};

use chrono::{NaiveDate, NaiveDateTime};
use twinlake_fhir::Resource;
use twinlake_harmonize::{Shared, harmonize_patient};
use twinlake_omop::{AnyRow, Cell, DynRow, Table, key};
use twinlake_pack::{ConceptKey, Modality, Pack, ReportService};
use twinlake_synth::chart::{Deed, Marks, Rates};
use twinlake_synth::reference::{clinic_of, clinic_practitioners_of, hospital_of, hospital_practitioners_of};
use twinlake_synth::render::{self, Context};
use twinlake_synth::simulate::Model;
use twinlake_synth::timeline::{
    Administration, Allergy, Category, Claim, ClaimItem, Course, Coverage, Death, Demographics, Device, Diagnosis,
    Dispense, Encounter, EncounterClass, EpisodeOfCare, Ethnicity, EventId, Fulfilment, ImagingStudy, Immunization,
    Note, NoteKind, Observation, Personal, Prescription, PrescriptionStatus, Problem, Procedure, Race, Refusal,
    Relationship, Report, Request, RequestCategory, Scaled, Service, Sex, Specimen, Supply, Timeline, Value, Ward,
    WardStay, WrittenReport,
};
use twinlake_vocab::Vocab;

/// What names a row: its table and its key or, where a table has no key, the two that it links.
type Key = (Table, i64, Option<i64>);

/// Every row and cell that the two sides do not agree on.
#[derive(Default)]
struct Agreement {
    rendered: BTreeMap<Key, DynRow>,
    harmonized: BTreeMap<Key, DynRow>,
}

impl Agreement {
    fn add(side: &mut BTreeMap<Key, DynRow>, rows: &[AnyRow]) {
        for row in rows {
            // A function of the pack, and terminology: neither has a FHIR side.
            let key = match row {
                AnyRow::CdmSource(_) | AnyRow::Metadata(_) => None,
                AnyRow::EpisodeEvent(event) => Some((event.episode_id, Some(event.event_id))),
                row => row.key().map(|key| (key, None)),
            };
            let Some((key, other)) = key else { continue };
            let row = DynRow::from(row);
            if let Some(other) = side.insert((row.table, key, other), row.clone()) {
                assert_eq!(other, row, "two rows with one key");
                assert_eq!(row.table, Table::Location, "one row twice");
            }
        }
    }

    fn disagreements(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (key, rendered) in &self.rendered {
            let Some(harmonized) = self.harmonized.get(key) else {
                found.push(format!("{key:?} was not harmonized: {:?}", rendered.cells));
                continue;
            };
            let fields = key.0.spec().fields;
            for ((field, one), other) in fields.iter().zip(&rendered.cells).zip(&harmonized.cells) {
                if one != other {
                    found.push(format!("{key:?} {}: rendered `{one}`, harmonized `{other}`", field.name));
                }
            }
        }
        let only = self.harmonized.iter().filter(|(key, _)| !self.rendered.contains_key(key));
        found.extend(only.map(|(key, row)| format!("{key:?} was not rendered: {:?}", row.cells)));
        found
    }
}

fn compare(context: &Context<'_>, timelines: impl Iterator<Item = Timeline>) -> Agreement {
    let mut agreement = Agreement::default();
    let mut shared = Shared::default();
    render::fhir_reference(context, &mut |resource| {
        shared.read(&Resource::from_json(&resource.to_json()).unwrap());
    });
    Agreement::add(&mut agreement.rendered, &render::omop_reference(context));
    Agreement::add(&mut agreement.harmonized, &shared.rows(context.vocab));
    for timeline in timelines.filter(Timeline::is_charted) {
        let mut texts = Vec::new();
        render::fhir(context, &timeline, &mut |resource| texts.push(resource.to_json()));
        let resources: Vec<_> = texts.iter().map(|text| Resource::from_json(text).unwrap()).collect();
        let harmonized = harmonize_patient(context.vocab, &shared, &resources);
        Agreement::add(&mut agreement.rendered, &render::omop(context, &timeline));
        Agreement::add(&mut agreement.harmonized, &harmonized.rows);
        let reasons: Vec<_> =
            harmonized.losses.reasons().filter(|reason| !EXPECTED.contains(&(reason.0, reason.1))).collect();
        assert!(reasons.is_empty(), "patient {}: {reasons:?}", timeline.patient);
    }
    agreement
}

/// What gives no row and should not.
const EXPECTED: [(&str, &str); 16] = [
    // A vaccine that was refused.
    ("Immunization", "status"),
    ("QuestionnaireResponse", "results-in-observations"),
    // Values that a messy chart lacks; no other does.
    ("Observation", "no-value"),
    // A written report that was filed as a document too.
    ("DiagnosticReport", "same-text"),
    ("ServiceRequest", "order"),
    ("MedicationRequest", "fulfilled"),
    ("Claim", "costs-in-benefits"),
    ("DiagnosticReport", "results-in-observations"),
    ("Observation", "cause-of-death"),
    // "Used to smoke" maps to two concepts; the first is stored.
    ("Observation", "further-concept"),
    ("RelatedPerson", "not-mapped"),
    ("CareTeam", "not-mapped"),
    ("CarePlan", "not-mapped"),
    ("Goal", "not-mapped"),
    ("Provenance", "not-mapped"),
    ("ImagingStudy", "not-mapped"),
];

fn assert_agree(agreement: &Agreement) {
    let found = agreement.disagreements();
    assert!(found.is_empty(), "{} disagreements, the first:\n{}", found.len(), found[..found.len().min(40)].join("\n"));
}

#[test]
fn a_cohort_agrees() {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 42, pack.reference_date);
    let model = Model::new(pack);
    let timelines = (1..=300).map(|number| model.draw(42, number, pack.reference_date));
    let agreement = compare(&context, timelines);
    for table in [
        Table::Person,
        Table::VisitOccurrence,
        Table::ConditionOccurrence,
        Table::DrugExposure,
        Table::ProcedureOccurrence,
        Table::Measurement,
        Table::Observation,
        Table::Specimen,
        Table::DeviceExposure,
        Table::Note,
        Table::VisitDetail,
        Table::Death,
        Table::ObservationPeriod,
        Table::ConditionEra,
        Table::DrugEra,
        Table::PayerPlanPeriod,
        Table::Cost,
        Table::Episode,
        Table::EpisodeEvent,
        Table::Location,
        Table::CareSite,
        Table::Provider,
    ] {
        assert!(agreement.rendered.keys().any(|key| key.0 == table), "no row of {}", table.name());
    }
    assert_agree(&agreement);
}

#[test]
fn a_messy_chart_agrees_too() {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 42, pack.reference_date);
    let model = Model::new(pack).with_chart(Rates::MESSY);
    let draw = |number| model.draw(42, number, context.as_of);
    let deeds: BTreeSet<Deed> = (1..=60).flat_map(|number| draw(number).marks.into_values().flatten()).collect();
    assert_eq!(deeds.len(), 5, "{deeds:?}");
    assert_agree(&compare(&context, (1..=60).map(draw)));
}

#[test]
fn an_earlier_day_agrees_too() {
    let pack = Pack::embedded();
    let as_of = pack.reference_date - chrono::Months::new(30);
    let context = Context::new(pack, Vocab::embedded(), 3, as_of);
    let model = Model::new(pack);
    assert_agree(&compare(&context, (1..=60).map(|number| model.draw(3, number, as_of))));
}

#[test]
fn every_kind_of_event_agrees() {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 1, pack.reference_date);
    let agreement = compare(&context, std::iter::once(eventful_life(pack)));
    assert_agree(&agreement);

    let row = |table: Table, key: i64| &agreement.rendered[&(table, key, None)];
    let event = |stream: i64, ordinal: i64| 1 << 29 | stream << 20 | ordinal;
    let hba1c = row(Table::Measurement, event(20, 1));
    assert_eq!(hba1c.cell("value_source_value"), &Cell::Text("7.0".into()));
    assert_eq!(hba1c.cell("value_as_number"), &Cell::Float(7.0));
    assert_eq!(hba1c.cell("provider_id"), &Cell::Null);
    assert_eq!(row(Table::Death, 1).cell("cause_source_value"), &Cell::Text("57054005".into()));
    assert_eq!(
        row(Table::PayerPlanPeriod, event(70, 1)).cell("payer_plan_period_end_date"),
        &Cell::Date(day("2024-03-05"))
    );
    let costs: Vec<_> = agreement.rendered.values().filter(|row| row.table == Table::Cost).collect();
    assert_eq!(costs.len(), 5);
    // A pharmacy's bill is for the fill, and for no visit.
    let fill = costs.iter().find(|row| row.cell("cost_event_id") == &Cell::Int(event(73, 0))).unwrap();
    assert_eq!(fill.cell("cost_domain_id"), &Cell::Text("Drug".into()));
    assert_eq!(fill.cell("paid_patient_copay"), &Cell::Float(10.0));
    let ecg = costs.iter().find(|row| row.cell("cost_event_id") == &Cell::Int(event(50, 0))).unwrap();
    assert_eq!(ecg.cell("cost_domain_id"), &Cell::Text("Procedure".into()));
    assert_eq!(ecg.cell("paid_by_patient"), &Cell::Float(15.3));
    assert_eq!(ecg.cell("paid_by_payer"), &Cell::Float(0.8));
    // What staff gave is the exposure, and not the prescription behind it.
    assert!(!agreement.rendered.contains_key(&(Table::DrugExposure, event(30, 2), None)));
    let dose = row(Table::DrugExposure, event(407, 0));
    assert_eq!(dose.cell("drug_type_concept_id"), &Cell::Int(32_818));
    assert_eq!(dose.cell("drug_exposure_end_date"), &Cell::Date(day("2024-03-02")));
    assert_eq!(dose.cell("days_supply"), &Cell::Null);
    // The episode has the fills of what its visit prescribed, and of nothing else.
    for (event_id, belongs) in
        [(event(73, 0), true), (event(73, 1), true), (event(30, 0), false), (event(407, 0), false)]
    {
        let link = (Table::EpisodeEvent, event(424, 0), Some(event_id));
        assert_eq!(agreement.rendered.contains_key(&link), belongs, "{event_id}");
    }
    // A prescription that nobody filled would last beyond death.
    let last = row(Table::DrugExposure, event(30, 3));
    assert_eq!(last.cell("drug_exposure_end_date"), &Cell::Date(day("2024-03-05")));
    assert_eq!(last.cell("days_supply"), &Cell::Int(90));
    // A report is one note, its own when it was not filed as a document.
    assert_eq!(row(Table::Note, event(431, 0)).cell("note_text"), &Cell::Text("Nothing seen.\n".into()));
    assert_eq!(row(Table::Note, event(432, 1)).cell("note_source_value"), &Cell::Text("18748-4".into()));
    assert!(!agreement.rendered.contains_key(&(Table::Note, event(431, 1), None)));
    let stay = row(Table::VisitOccurrence, event(1, 4));
    assert_eq!(stay.cell("admitted_from_concept_id"), &Cell::Int(8870));
    assert_eq!(stay.cell("discharged_to_concept_id"), &Cell::Null);
    let second = key::slot(event(1, 4), 1);
    assert_eq!(row(Table::VisitDetail, second).cell("preceding_visit_detail_id"), &Cell::Int(event(1, 4)));
    let stent = row(Table::DeviceExposure, event(405, 0));
    assert_eq!(stent.cell("device_concept_id"), &Cell::Int(45_767_945));
    assert_eq!(stent.cell("unique_device_id"), &Cell::Text("TL705643001".into()));
    assert_eq!(stent.cell("production_id"), &Cell::Text("000000017".into()));
    assert_eq!(stent.cell("device_exposure_start_date"), &Cell::Date(day("2024-03-01")));
    let second = row(Table::VisitOccurrence, event(1, 2));
    assert_eq!(second.cell("preceding_visit_occurrence_id"), &Cell::Int(event(1, 1)));
}

#[test]
fn a_change_on_one_side_is_seen() {
    let pack = Pack::embedded();
    let context = Context::new(pack, Vocab::embedded(), 1, pack.reference_date);
    let mut agreement = compare(&context, std::iter::once(eventful_life(pack)));
    let row = agreement.rendered.get_mut(&(Table::Person, 1, None)).unwrap();
    row.cells[2] = Cell::Int(1951);
    agreement.harmonized.remove(&(Table::Death, 1, None));
    let found = agreement.disagreements();
    assert_eq!(found.len(), 2);
    assert!(found[0].contains("year_of_birth: rendered `1951`, harmonized `1950`"), "{}", found[0]);
    assert!(found[1].contains("Death, 1, None) was not harmonized"), "{}", found[1]);
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// One event of each kind, in one short life.
fn eventful_life(pack: &Pack) -> Timeline {
    let concept = |key: &str| -> ConceptKey { pack.key(key).unwrap_or_else(|| panic!("no concept `{key}`")) };
    let event = |stream, ordinal| EventId { stream, ordinal };
    let scaled = |units, decimals| Scaled { units, decimals };
    let drug = concept("metformin-er-500");
    let place = 1;
    let clinic = clinic_practitioners_of(place).start;
    let encounter = |ordinal, class, kind, start, end| Encounter {
        event: event(1, ordinal),
        class,
        kind: concept(kind),
        start: at(start),
        end: at(end),
        reason: Some(concept("type-2-diabetes")),
        practitioner: clinic,
        organization: clinic_of(place),
        cause: "test",
    };
    let observation = |stream, ordinal, key, category, value, range| Observation {
        event: event(stream, ordinal),
        concept: concept(key),
        category,
        at: at("2020-02-03T09:10:00"),
        value,
        range,
        encounter: 0,
        cause: "test",
    };
    let percent = |units| Value::Quantity { value: scaled(units, 1), unit: "%" };
    let prescription = |ordinal, encounter, written, days_supply| Prescription {
        event: event(30, ordinal),
        concept: concept("metformin-er-500"),
        at: at(written),
        days_supply,
        quantity: 180,
        refills: 3,
        sig: "Take one tablet with the evening meal",
        status: PrescriptionStatus::Active,
        stopped: None,
        ended: None,
        reason: Some(concept("type-2-diabetes")),
        encounter,
        cause: "test",
    };
    let note = |ordinal, encounter: usize, kind, text: &str| Note {
        event: event(430, ordinal),
        kind,
        at: at("2020-02-03T09:30:00"),
        text: text.into(),
        encounter,
        cause: "test",
    };
    let report = |ordinal, document, text: &str| WrittenReport {
        event: event(431, ordinal),
        service: ReportService::Cardiology,
        document,
        at: at("2024-03-01T23:15:00"),
        text: text.into(),
        procedure: 0,
        encounter: 2,
        cause: "test",
    };
    Timeline {
        patient: 1,
        marks: Marks::new(),
        demographics: Demographics {
            birth_date: day("1950-02-28"),
            sex: Sex::Male,
            race: Race::Other,
            ethnicity: Ethnicity::Hispanic,
            place,
            given_name: "Juan".into(),
            family_name: "O\"Brien".into(),
            street: "1 Elm Street".into(),
            phone: "555-555-0100".into(),
            utc_offset_minutes: -300,
            practitioner: clinic,
        },
        death: Some(Death {
            at: at("2024-03-05T04:30:00"),
            cause: Some(concept("acute-myocardial-infarction")),
            cause_event: event(2, 0),
        }),
        encounters: vec![
            encounter(1, EncounterClass::Ambulatory, "wellness-visit", "2020-02-03T09:00:00", "2020-02-03T09:30:00"),
            encounter(2, EncounterClass::Virtual, "telemedicine-visit", "2021-02-03T09:00:00", "2021-02-03T09:15:00"),
            encounter(3, EncounterClass::Emergency, "emergency-visit", "2024-03-01T22:50:00", "2024-03-02T01:10:00"),
            Encounter {
                practitioner: hospital_practitioners_of(place).start,
                organization: hospital_of(place),
                reason: None,
                ..encounter(
                    4,
                    EncounterClass::Inpatient,
                    "hospital-admission",
                    "2024-03-02T01:10:00",
                    "2024-03-05T04:30:00",
                )
            },
        ],
        problems: vec![
            Problem {
                event: event(10, 0),
                concept: concept("type-2-diabetes"),
                onset: day("1999-05-06"),
                recorded: day("2020-02-03"),
                abated: None,
                encounter: Some(0),
                cause: "test",
            },
            Problem {
                event: event(10, 1),
                concept: concept("acute-bronchitis"),
                onset: day("2001-05-06"),
                recorded: day("2001-05-07"),
                abated: Some(day("2001-05-20")),
                encounter: None,
                cause: "test",
            },
        ],
        diagnoses: [(0, 0), (1, 1), (2, 3)]
            .map(|(ordinal, encounter)| Diagnosis {
                event: event(11, ordinal),
                concept: concept(if encounter == 3 { "acute-myocardial-infarction" } else { "type-2-diabetes" }),
                encounter,
                cause: "test",
            })
            .into(),
        observations: vec![
            observation(20, 1, "hba1c", Category::Laboratory, percent(70), Some((scaled(40, 1), scaled(56, 1)))),
            observation(
                21,
                1,
                "blood-pressure",
                Category::VitalSigns,
                Value::Components(vec![
                    (concept("systolic-blood-pressure"), scaled(132, 0), "mm[Hg]"),
                    (concept("diastolic-blood-pressure"), scaled(-5, 2), "mm[Hg]"),
                ]),
                None,
            ),
            observation(
                22,
                1,
                "tobacco-smoking-status",
                Category::SocialHistory,
                Value::Concept(concept("ex-smoker")),
                None,
            ),
            observation(
                23,
                1,
                "body-mass-index",
                Category::VitalSigns,
                Value::Quantity { value: scaled(301, 1), unit: "kg/m2" },
                None,
            ),
        ],
        requests: vec![Request {
            event: event(25, 8),
            concept: concept("lipid-panel"),
            category: RequestCategory::Laboratory,
            authored: at("2020-02-03T09:00:00"),
            done: at("2020-02-03T09:10:00"),
            fulfilled_by: Fulfilment::Report(0),
            reason: None,
            encounter: 0,
            cause: "test",
        }],
        ward_stays: [
            (Ward::General, "2024-03-02T01:10:00", "2024-03-03T12:00:00"),
            (Ward::IntensiveCare, "2024-03-03T12:00:00", "2024-03-05T04:30:00"),
        ]
        .map(|(ward, from, to)| WardStay { encounter: 3, ward, start: at(from), end: at(to), cause: "test" })
        .into(),
        discharges: Vec::new(),
        administrations: vec![Administration {
            event: event(407, 0),
            prescription: 2,
            ahead_of_supply: false,
            at: at("2024-03-02T00:45:00"),
            cause: "test",
        }],
        devices: vec![Device {
            event: event(405, 0),
            concept: concept("coronary-stent"),
            lot: "A12345".into(),
            serial: "000000017".into(),
            made: day("2023-10-01"),
            expires: day("2025-10-01"),
            procedure: 0,
            cause: "test",
        }],
        supplies: vec![Supply {
            event: event(450, 0),
            concept: concept("crutch"),
            quantity: 2,
            at: at("2024-03-04T11:15:00"),
            organization: 0,
            cause: "test",
        }],
        imaging_studies: vec![ImagingStudy {
            event: event(406, 0),
            modality: Modality::Ultrasound,
            series: vec![31],
            procedure: 0,
            cause: "test",
        }],
        specimens: vec![Specimen {
            event: event(400, 0),
            concept: concept("blood-specimen"),
            name: "Blood",
            at: at("2020-02-03T09:10:00"),
            results: vec![0],
            encounter: 0,
            cause: "test",
        }],
        reports: vec![Report {
            event: event(25, 0),
            concept: concept("lipid-panel"),
            at: at("2020-02-03T18:00:00"),
            results: vec![0],
            encounter: 0,
            cause: "test",
        }],
        prescriptions: vec![
            prescription(0, 0, "2020-02-03T09:20:00", 90),
            prescription(1, 1, "2021-02-03T09:10:00", 90),
            prescription(2, 2, "2024-03-02T00:30:00", 90),
            prescription(3, 2, "2024-03-02T00:40:00", 90),
        ],
        refusals: vec![Refusal {
            event: event(200, 1),
            concept: concept("influenza-vaccine"),
            at: at("2021-02-03T09:10:00"),
            encounter: 1,
            cause: "test",
        }],
        immunizations: vec![Immunization {
            event: event(40, 0),
            concept: concept("influenza-vaccine"),
            at: at("2020-02-03T09:25:00"),
            lot: "AB-1234".into(),
            encounter: 0,
            cause: "test",
        }],
        procedures: vec![Procedure {
            event: event(50, 0),
            concept: concept("electrocardiogram"),
            start: at("2024-03-01T23:00:00"),
            end: at("2024-03-01T23:15:00"),
            reason: Some(concept("acute-myocardial-infarction")),
            encounter: 2,
            cause: "test",
        }],
        allergies: vec![
            Allergy {
                event: event(60, 0),
                concept: concept("allergy-latex"),
                reaction: None,
                onset: day("1970-01-01"),
                recorded: day("2020-02-03"),
                encounter: Some(0),
                cause: "test",
            },
            Allergy {
                event: event(60, 1),
                concept: concept("allergy-mold"),
                reaction: Some(concept("allergic-rhinitis")),
                onset: day("1970-01-01"),
                recorded: day("1980-02-03"),
                encounter: None,
                cause: "test",
            },
        ],
        // The first on the day of the visit, the refill later.
        dispenses: [(0, "2020-02-03T09:40:00"), (1, "2020-05-05T14:00:00")]
            .map(|(fill, handed_over)| Dispense {
                event: event(73, fill),
                prescription: 0,
                fill,
                at: at(handed_over),
                cause: "test",
            })
            .into(),
        coverages: vec![
            Coverage {
                event: event(70, 0),
                payer: 2,
                relationship: Relationship::Spouse,
                member: "P00000000101".into(),
                subscriber: "P000000001".into(),
                group: Some("G00007".into()),
                start: day("2019-12-31"),
                end: Some(day("2020-12-31")),
                cause: "test",
            },
            // It goes on after the observation ends, so that is where it ends.
            Coverage {
                event: event(70, 1),
                payer: 0,
                relationship: Relationship::Itself,
                member: "M00000000100".into(),
                subscriber: "M000000001".into(),
                group: None,
                start: day("2021-01-01"),
                end: None,
                cause: "test",
            },
        ],
        personal: Personal::default(),
        survey_responses: Vec::new(),
        notes: vec![note(0, 0, NoteKind::Progress, "Seen in the clinic.\n")],
        written_reports: vec![report(0, None, "Nothing seen.\n"), report(1, Some(event(432, 1)), "Seen: a change.\n")],
        related_persons: Vec::new(),
        care_plans: Vec::new(),
        goals: Vec::new(),
        care_teams: Vec::new(),
        episodes_of_care: vec![EpisodeOfCare {
            event: event(424, 0),
            kind: "Diabetes care",
            problem: 0,
            encounters: vec![0],
            course: Course::Ended(day("2024-03-05")),
            cause: "test",
        }],
        provenances: Vec::new(),
        claims: [(0, 0, Some(day("2020-02-20"))), (1, 2, None), (2, 2, Some(day("2024-03-15")))]
            .map(|(ordinal, encounter, decided)| {
                let item = |service, concept, allowed, deductible, copay| ClaimItem {
                    service,
                    concept,
                    charged: 20_010,
                    allowed,
                    deductible,
                    copay,
                };
                let other = match encounter {
                    0 => item(Service::Immunization(0), concept("influenza-vaccine"), 6500, 0, 0),
                    _ => item(Service::Procedure(0), concept("electrocardiogram"), 1610, 1510, 20),
                };
                Claim {
                    event: event(71, ordinal),
                    decision_event: event(72, ordinal),
                    coverage: usize::from(encounter > 0),
                    encounter: Some(encounter),
                    organization: clinic_of(0),
                    served: (day("2020-02-03"), day("2020-02-03")),
                    at: at("2020-02-03T09:30:00"),
                    decided,
                    items: vec![item(Service::Visit, concept("wellness-visit"), 9230, 1010, 2020), other],
                    cause: "test",
                }
            })
            .into_iter()
            .chain([fill_claim(drug, 4, 0, Some(day("2020-02-03")), &[0]), fill_claim(drug, 5, 1, None, &[1])])
            .collect(),
    }
}

/// A pharmacy's bill for fills.
fn fill_claim(drug: ConceptKey, ordinal: u32, coverage: usize, decided: Option<NaiveDate>, fills: &[usize]) -> Claim {
    let item = |&fill: &usize| ClaimItem {
        service: Service::Dispense(fill),
        concept: drug,
        charged: 3_240,
        allowed: 1_800,
        deductible: 0,
        copay: 1_000,
    };
    Claim {
        event: EventId { stream: 71, ordinal },
        decision_event: EventId { stream: 72, ordinal },
        coverage,
        encounter: None,
        organization: clinic_of(0),
        served: (day("2020-02-03"), day("2020-02-03")),
        at: at("2020-02-03T09:50:00"),
        decided,
        items: fills.iter().map(item).collect(),
        cause: "test",
    }
}
