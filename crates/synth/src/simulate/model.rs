//! A model pack in the form the simulation runs on: names become places in vectors, tables become one figure a year of age.

use std::collections::BTreeMap;

use twinlake_pack::{
    ConceptKey, Condition, Derived, Effect, Key, Lab, LabCategory, Modality, Onset, Order, Pack, ProcedureCategory,
    Race, Sex, Table, Visit,
};

use super::frame::Frame;
use crate::chart;
use crate::timeline::{Category, EncounterClass};

/// Years of age that tables are made for.
pub(super) const YEARS: usize = 121;

/// A [`Pack`] made ready for many patients.
#[derive(Debug)]
pub struct Model<'a> {
    pub(super) pack: &'a Pack,
    pub(super) chart: chart::Rates,
    pub(super) frame: Frame,
    pub(super) latents: Vec<LatentModel<'a>>,
    /// Chronic conditions, causes before what they cause.
    pub(super) chronic: Vec<ConditionModel<'a>>,
    /// Acute conditions.
    pub(super) acute: Vec<ConditionModel<'a>>,
    pub(super) medications: Vec<MedicationModel<'a>>,
    /// Labs, inputs before what is derived from them.
    pub(super) labs: Vec<LabModel<'a>>,
    pub(super) items: Vec<ItemModel<'a>>,
    pub(super) specimens: Vec<SpecimenModel>,
    /// What the labs that need one are measured in: index into `specimens`.
    pub(super) specimen_of: BTreeMap<ConceptKey, usize>,
    pub(super) reports: Vec<ReportModel>,
    pub(super) procedures: Vec<ProcedureModel>,
    pub(super) vaccines: Vec<VaccineModel<'a>>,
    /// What conditions call for at home, by their concept, in the order of the file.
    pub(super) supplies: BTreeMap<ConceptKey, Vec<SupplyModel>>,
    pub(super) prices: super::record::Priced<'a>,
    pub(super) visits: Visits<'a>,
    pub(super) birth: Option<BirthModel<'a>>,
    pub(super) allergies: Vec<(ConceptKey, f64)>,
    /// What each allergy does, beside `allergies`.
    pub(super) reactions: Vec<Option<ConceptKey>>,
}

#[derive(Debug)]
pub(super) struct LatentModel<'a> {
    pub(super) curve: &'a Table,
    pub(super) log: bool,
    pub(super) origin: f64,
    pub(super) bounds: [f64; 2],
    pub(super) cap: f64,
    pub(super) loadings: Vec<(usize, f64)>,
    pub(super) rest: f64,
}

/// Rates by sex and year of age, with what moves them.
#[derive(Debug)]
pub(super) struct Rates<'a> {
    pub(super) by_year: [[f64; YEARS]; 2],
    pub(super) effects: Vec<EffectModel>,
    pub(super) requires_any: Vec<usize>,
    /// Years of birth, and the factor of those born from then on.
    pub(super) cohorts: &'a [(f64, f64)],
}

#[derive(Clone, Copy, Debug)]
pub(super) enum EffectModel {
    Latent(usize, f64),
    Race(Race, f64),
    Hispanic(bool, f64),
    Condition(usize, f64),
}

#[derive(Debug)]
pub(super) enum OnsetModel<'a> {
    Hazard(Rates<'a>),
    Crossing { latent: usize, above: f64 },
    Recurrent { rates: Rates<'a>, season: [f64; 12], calendar: &'a [(f64, f64)] },
}

#[derive(Debug)]
pub(super) struct ConditionModel<'a> {
    pub(super) pack: &'a Condition,
    pub(super) label: String,
    pub(super) concept: ConceptKey,
    pub(super) onset: OnsetModel<'a>,
    pub(super) min_age: u32,
    pub(super) max_age: Option<u32>,
    pub(super) sex: Option<Sex>,
    pub(super) shifts: Vec<(usize, &'a twinlake_pack::Shift)>,
    pub(super) ended_by: Vec<usize>,
    pub(super) orders: Vec<OrderModel>,
    pub(super) ladder: Vec<usize>,
    pub(super) goal: Option<(usize, f64)>,
    pub(super) start_curve: Option<&'a Table>,
    pub(super) drugs: Vec<(usize, f64)>,
    pub(super) lab_shifts: Vec<(usize, f64)>,
    pub(super) course: Option<CourseModel<'a>>,
}

/// Something for use at home; see [`twinlake_pack::Supply`].
#[derive(Debug)]
pub(super) struct SupplyModel {
    pub(super) concept: ConceptKey,
    /// Whether the condition lasts.
    pub(super) lasting: bool,
    /// Stream of the condition.
    pub(super) stream: u16,
    pub(super) probability: f64,
    pub(super) quantity: u32,
    pub(super) every_days: Option<u32>,
    pub(super) after_days: u32,
    pub(super) taking: Vec<ConceptKey>,
}

/// A course of visits with an end; see [`twinlake_pack::Course`].
#[derive(Debug)]
pub(super) struct CourseModel<'a> {
    pub(super) pack: &'a twinlake_pack::Course,
    pub(super) visit: VisitModel<'a>,
    /// Orders, with the days after onset between which they count.
    pub(super) orders: Vec<(OrderModel, f64, f64)>,
    /// Procedures, their shares and the mean days of the stay.
    pub(super) ways: Vec<(usize, f64, f64)>,
    /// Diagnoses: concept, stream and probability.
    pub(super) outcomes: Vec<(ConceptKey, u16, f64)>,
    pub(super) end_orders: Vec<OrderModel>,
}

/// What a drug does to a latent; see [`twinlake_pack::DrugEffect`].
#[derive(Clone, Copy, Debug)]
pub(super) struct DrugEffectModel {
    pub(super) latent: usize,
    pub(super) by: f64,
    /// Rate per day at which it comes and goes.
    pub(super) rate: f64,
    pub(super) spread: f64,
}

#[derive(Debug)]
pub(super) struct MedicationModel<'a> {
    pub(super) pack: &'a twinlake_pack::Medication,
    pub(super) label: String,
    pub(super) concept: ConceptKey,
    pub(super) effects: Vec<DrugEffectModel>,
    pub(super) avoid: Option<(usize, f64)>,
    pub(super) replaces: Vec<usize>,
    pub(super) from_age: f64,
    pub(super) to_age: f64,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TermOf {
    Latent { latent: usize, relative: bool },
    Condition(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct TermModel<'a> {
    pub(super) of: TermOf,
    pub(super) weight: f64,
    /// A further factor, by sex and age.
    pub(super) curve: Option<&'a Table>,
}

/// What only a survey measures.
#[derive(Debug)]
pub(super) struct ItemModel<'a> {
    pub(super) pack: &'a twinlake_pack::SurveyItem,
    pub(super) label: String,
    pub(super) source: Source<'a>,
}

#[derive(Debug)]
pub(super) enum Source<'a> {
    Measured {
        curve: Option<&'a Table>,
        offset: f64,
        terms: Vec<TermModel<'a>>,
        noise: f64,
        noisier: Vec<TermModel<'a>>,
        swayed: Option<(usize, f64)>,
        log: bool,
        below: Option<(usize, f64)>,
        /// Least number and text of each grade, when words stand in place of the number.
        grades: Vec<(f64, &'static str)>,
    },
    BodyMassIndex {
        weight: usize,
        height: usize,
    },
    Weight {
        latent: usize,
        height: usize,
        noise: f64,
    },
    Creatinine {
        latent: usize,
        noise: f64,
    },
    Egfr {
        creatinine: usize,
    },
    TotalCholesterol {
        latent: usize,
        hdl: usize,
        triglycerides: usize,
        noise: f64,
    },
    Ldl {
        total: usize,
        hdl: usize,
        triglycerides: usize,
    },
    AverageGlucose {
        hba1c: usize,
    },
    Ratio {
        of: usize,
        by: usize,
        factor: f64,
    },
    Product {
        of: usize,
        by: usize,
        factor: f64,
    },
    Multiple {
        of: usize,
        mean: f64,
        spread: f64,
        noise: f64,
        terms: Vec<TermModel<'a>>,
    },
    Linear {
        of: Vec<(usize, f64)>,
        offset: f64,
        spread: f64,
        noise: f64,
        terms: Vec<TermModel<'a>>,
    },
    Texts(Vec<(&'static str, f64)>),
    Parts(Vec<usize>),
    Answers(Vec<(ConceptKey, f64)>),
}

#[derive(Debug)]
pub(super) struct LabModel<'a> {
    pub(super) pack: &'a Lab,
    pub(super) label: String,
    pub(super) concept: ConceptKey,
    pub(super) category: Category,
    pub(super) specimen: Option<usize>,
    pub(super) source: Source<'a>,
}

#[derive(Debug)]
pub(super) struct SpecimenModel {
    pub(super) concept: ConceptKey,
    pub(super) stream: u16,
    pub(super) name: &'static str,
}

#[derive(Debug)]
pub(super) struct ReportModel {
    pub(super) concept: ConceptKey,
    pub(super) stream: u16,
    pub(super) results: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct ProcedureModel {
    pub(super) key: Key,
    pub(super) concept: ConceptKey,
    pub(super) stream: u16,
    pub(super) minutes: [u32; 2],
    pub(super) category: Option<ProcedureCategory>,
    /// The device it leaves in the body.
    pub(super) implants: Option<ConceptKey>,
    pub(super) modality: Option<Modality>,
}

#[derive(Debug)]
pub(super) struct VaccineModel<'a> {
    pub(super) pack: &'a twinlake_pack::Vaccine,
    pub(super) label: String,
    pub(super) concept: ConceptKey,
}

/// What an order orders.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Ordered {
    Lab(usize),
    Report(usize),
    Procedure(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct OrderModel {
    pub(super) of: Ordered,
    pub(super) probability: f64,
    pub(super) every_days: f64,
    pub(super) from_age: f64,
    pub(super) to_age: f64,
    pub(super) sex: Option<Sex>,
}

#[derive(Debug)]
pub(super) struct VisitModel<'a> {
    pub(super) pack: &'a Visit,
    pub(super) label: String,
    pub(super) concept: ConceptKey,
    pub(super) class: EncounterClass,
    pub(super) orders: Vec<OrderModel>,
    pub(super) share_curve: Option<&'a Table>,
}

impl VisitModel<'_> {
    /// A share of this visit (`share` or `acute_share`) as it is of people of this sex and age.
    pub(super) fn share_of(&self, share: f64, sex: Sex, age: f64) -> f64 {
        share * self.share_curve.map_or(1.0, |curve| curve.at(sex, age).0)
    }
}

/// The stay in which a child is born.
#[derive(Debug)]
pub(super) struct BirthModel<'a> {
    pub(super) pack: &'a twinlake_pack::BirthRules,
    pub(super) concept: ConceptKey,
    pub(super) orders: Vec<OrderModel>,
}

/// The sorts of visit that the simulation makes by name, and those that only a schedule makes.
#[derive(Debug)]
pub(super) struct Visits<'a> {
    pub(super) wellness: VisitModel<'a>,
    pub(super) follow_up: VisitModel<'a>,
    pub(super) virtual_: VisitModel<'a>,
    pub(super) acute: VisitModel<'a>,
    pub(super) emergency: VisitModel<'a>,
    pub(super) inpatient: VisitModel<'a>,
    pub(super) scheduled: Vec<VisitModel<'a>>,
}

impl<'a> Model<'a> {
    /// The same model, whose charts are written down with these faults; without, with none.
    #[must_use]
    pub fn with_chart(self, chart: chart::Rates) -> Self {
        Self { chart, ..self }
    }

    /// Makes a pack ready. It costs about as much as a patient: do it once for many.
    pub fn new(pack: &'a Pack) -> Self {
        let names = Names::new(pack);
        let all: Vec<ConditionModel<'a>> = names.order.iter().map(|&index| names.condition(index)).collect();
        let (chronic, acute): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|condition| !matches!(condition.onset, OnsetModel::Recurrent { .. }));
        let latents: Vec<_> = pack.latents.iter().map(|latent| names.latent_model(latent)).collect();
        let frame = Frame::new(pack, &latents, &chronic);
        let labs: Vec<_> = names.labs.iter().map(|&key| names.lab_model(key)).collect();
        let conditions = chronic.iter().map(|one| (one, true)).chain(acute.iter().map(|one| (one, false)));
        let supplies = conditions
            .filter(|(condition, _)| !condition.pack.supplies.is_empty())
            .map(|(condition, lasting)| {
                let supplies = condition.pack.supplies.iter();
                (
                    condition.concept,
                    supplies.map(|supply| names.supply(supply, condition.pack.stream, lasting)).collect(),
                )
            })
            .collect();
        Self {
            chart: chart::Rates::NONE,
            frame,
            latents,
            chronic,
            acute,
            supplies,
            prices: super::record::Priced::new(pack),
            medications: pack.medications.iter().map(|medication| names.medication_model(medication)).collect(),
            specimen_of: labs.iter().filter_map(|lab| Some((lab.concept, lab.specimen?))).collect(),
            labs,
            items: pack
                .survey
                .iter()
                .map(|item| ItemModel {
                    pack: item,
                    label: format!("item {}", item.key),
                    source: names.measured(&item.measured, &[]),
                })
                .collect(),
            specimens: pack
                .specimens
                .iter()
                .map(|specimen| SpecimenModel {
                    concept: names.concept(specimen.concept),
                    stream: specimen.stream,
                    name: specimen.name.0,
                })
                .collect(),
            reports: pack
                .reports
                .iter()
                .map(|report| ReportModel {
                    concept: names.concept(report.concept),
                    stream: report.stream,
                    results: report.results.iter().map(|&key| names.lab(key)).collect(),
                })
                .collect(),
            procedures: pack
                .procedures
                .iter()
                .map(|procedure| ProcedureModel {
                    key: procedure.key,
                    concept: names.concept(procedure.concept),
                    stream: procedure.stream,
                    minutes: procedure.minutes,
                    category: procedure.category,
                    implants: procedure.implants.map(|key| names.concept(key)),
                    modality: procedure.modality,
                })
                .collect(),
            vaccines: pack
                .vaccines
                .iter()
                .map(|vaccine| VaccineModel {
                    pack: vaccine,
                    label: format!("vaccine {}", vaccine.key),
                    concept: names.concept(vaccine.concept),
                })
                .collect(),
            visits: names.visits(),
            birth: pack.birth.as_ref().map(|birth| BirthModel {
                pack: birth,
                concept: names.concept(birth.concept),
                orders: names.orders(&birth.orders),
            }),
            allergies: pack
                .allergies
                .allergy
                .iter()
                .map(|allergy| (names.concept(allergy.concept), allergy.share))
                .collect(),
            reactions: pack
                .allergies
                .allergy
                .iter()
                .map(|allergy| allergy.reaction.map(|reaction| names.concept(reaction)))
                .collect(),
            pack,
        }
    }

    /// The pack.
    pub fn pack(&self) -> &'a Pack {
        self.pack
    }

    /// A chronic or an acute condition by its place: chronic ones come first.
    pub(super) fn condition(&self, index: usize) -> &ConditionModel<'a> {
        self.chronic.get(index).unwrap_or_else(|| &self.acute[index - self.chronic.len()])
    }
}

/// Where names are found. The pack is linted, so each of them is there.
struct Names<'a> {
    pack: &'a Pack,
    /// Indices into the pack's conditions: chronic ones first, causes before what they cause.
    order: Vec<usize>,
    /// Keys of labs, inputs first.
    labs: Vec<Key>,
}

const LINTED: &str = "the lint of the pack has looked it up";

impl<'a> Names<'a> {
    fn new(pack: &'a Pack) -> Self {
        let acute = |index: &usize| matches!(pack.conditions[*index].onset, Onset::Recurrent { .. });
        let mut order: Vec<usize> = Vec::new();
        while order.len() < pack.conditions.len() {
            let settled = |key: Key| order.iter().any(|&index| pack.conditions[index].key == key);
            let ready: Vec<usize> = (0..pack.conditions.len())
                .filter(|index| !order.contains(index))
                .filter(|&index| pack.conditions[index].causes().all(settled))
                .collect();
            assert!(!ready.is_empty(), "{LINTED}");
            order.extend(ready);
        }
        order.sort_by_key(acute);
        let mut labs: Vec<Key> = Vec::new();
        while labs.len() < pack.labs.len() {
            let ready: Vec<Key> = pack
                .labs
                .iter()
                .filter(|lab| !labs.contains(&lab.key))
                .filter(|lab| lab.inputs().iter().chain(&lab.parts).all(|input| labs.contains(input)))
                .map(|lab| lab.key)
                .collect();
            assert!(!ready.is_empty(), "{LINTED}");
            labs.extend(ready);
        }
        Self { pack, order, labs }
    }

    fn concept(&self, key: Key) -> ConceptKey {
        self.pack.key(&key).expect(LINTED)
    }

    fn latent(&self, key: Key) -> usize {
        self.pack.latents.iter().position(|latent| latent.key == key).expect(LINTED)
    }

    fn condition_index(&self, key: Key) -> usize {
        self.order.iter().position(|&index| self.pack.conditions[index].key == key).expect(LINTED)
    }

    fn specimen(&self, key: Key) -> usize {
        self.pack.specimens.iter().position(|specimen| specimen.key == key).expect(LINTED)
    }

    fn medication(&self, key: Key) -> usize {
        self.pack.medications.iter().position(|medication| medication.key == key).expect(LINTED)
    }

    fn lab(&self, key: Key) -> usize {
        self.labs.iter().position(|&lab| lab == key).expect(LINTED)
    }

    fn table(&self, path: Key) -> &'a Table {
        self.pack.table(&path).expect(LINTED)
    }

    fn rates(&self, table: Key, scale: f64, effects: &[Effect], requires_any: &[Key]) -> Rates<'a> {
        let table = self.table(table);
        let by_sex = |sex| {
            let mut years = [0.0; YEARS];
            let mut age = 0.0;
            for year in &mut years {
                *year = table.step(sex, age) * scale;
                age += 1.0;
            }
            years
        };
        Rates {
            by_year: [by_sex(Sex::Female), by_sex(Sex::Male)],
            effects: effects
                .iter()
                .map(|effect| match (effect.latent, effect.race, effect.hispanic, effect.condition) {
                    (Some(latent), ..) => EffectModel::Latent(self.latent(latent), effect.log_hr),
                    (_, Some(race), ..) => EffectModel::Race(race, effect.log_hr),
                    (_, _, Some(hispanic), _) => EffectModel::Hispanic(hispanic, effect.log_hr),
                    (_, _, _, condition) => {
                        EffectModel::Condition(self.condition_index(condition.expect(LINTED)), effect.log_hr)
                    }
                })
                .collect(),
            requires_any: requires_any.iter().map(|&key| self.condition_index(key)).collect(),
            cohorts: &[],
        }
    }

    fn condition(&self, index: usize) -> ConditionModel<'a> {
        let condition = &self.pack.conditions[index];
        let onset = match &condition.onset {
            Onset::Hazard { table, scale, effects, requires_any, cohorts } => {
                OnsetModel::Hazard(Rates { cohorts, ..self.rates(*table, *scale, effects, requires_any) })
            }
            Onset::Crossing { latent, above } => OnsetModel::Crossing { latent: self.latent(*latent), above: *above },
            Onset::Recurrent { table, scale, season, calendar, effects, requires_any } => {
                let mut months = [1.0; 12];
                if season.len() == months.len() {
                    let sum: f64 = season.iter().sum();
                    for (month, weight) in months.iter_mut().zip(season) {
                        *month = weight * 12.0 / sum;
                    }
                }
                let rates = self.rates(*table, *scale, effects, requires_any);
                OnsetModel::Recurrent { rates, season: months, calendar }
            }
        };
        let concept = self.concept(condition.concept);
        let constraint = self.pack.constraints().iter().find(|constraint| constraint.concept == concept);
        let episode = condition.episode.as_ref();
        let treatment = condition.treatment.as_ref();
        let (drugs, lab_shifts) = match (episode, &condition.course) {
            (Some(episode), _) => (&*episode.drugs, &*episode.shifts),
            (None, Some(course)) => (&*course.drugs, &*course.shifts),
            (None, None) => (&[][..], &[][..]),
        };
        let orders = condition.follow_up.as_ref().map(|follow_up| &follow_up.orders).or(episode.map(|it| &it.orders));
        ConditionModel {
            pack: condition,
            label: format!("condition {}", condition.key),
            concept,
            onset,
            min_age: constraint.and_then(|constraint| constraint.min_age).unwrap_or(0),
            max_age: constraint.and_then(|constraint| constraint.max_age),
            sex: constraint.and_then(|constraint| constraint.sex),
            shifts: condition.shifts.iter().map(|shift| (self.latent(shift.latent), shift)).collect(),
            ended_by: condition.ended_by.iter().map(|&key| self.condition_index(key)).collect(),
            orders: orders.map_or_else(Vec::new, |orders| self.orders(orders)),
            ladder: treatment
                .map_or_else(Vec::new, |treatment| treatment.ladder.iter().map(|&key| self.medication(key)).collect()),
            goal: treatment
                .and_then(|treatment| treatment.goal.as_ref())
                .map(|goal| (self.latent(goal.latent), goal.below)),
            start_curve: treatment.and_then(|treatment| treatment.start_curve).map(|path| self.table(path)),
            drugs: drugs.iter().map(|drug| (self.medication(drug.medication), drug.probability)).collect(),
            lab_shifts: lab_shifts.iter().map(|shift| (self.lab(shift.lab), shift.by)).collect(),
            course: condition.course.as_ref().map(|course| self.course(course)),
        }
    }

    fn supply(&self, supply: &twinlake_pack::Supply, stream: u16, lasting: bool) -> SupplyModel {
        let drug = |key: &Key| self.concept(self.pack.medications[self.medication(*key)].concept);
        SupplyModel {
            concept: self.concept(supply.concept),
            lasting,
            stream,
            probability: supply.probability,
            quantity: supply.quantity,
            every_days: supply.every_days,
            after_days: supply.after_days,
            taking: supply.taking.iter().map(drug).collect(),
        }
    }

    fn course(&self, course: &'a twinlake_pack::Course) -> CourseModel<'a> {
        let order = |order: &twinlake_pack::CourseOrder| {
            let model = OrderModel {
                of: self.ordered(order.of),
                probability: order.probability,
                every_days: order.every_days,
                from_age: 0.0,
                to_age: f64::INFINITY,
                sex: None,
            };
            (model, order.from_day, order.to_day.unwrap_or(f64::INFINITY))
        };
        let procedure = |key: Key| self.pack.procedures.iter().position(|procedure| procedure.key == key);
        let ways = course.end.ways.iter();
        CourseModel {
            pack: course,
            visit: self.visit(self.pack.visits.iter().find(|visit| visit.key == course.visit).expect(LINTED)),
            orders: course.orders.iter().map(order).collect(),
            ways: ways.map(|way| (procedure(way.procedure).expect(LINTED), way.share, way.stay_days)).collect(),
            outcomes: course
                .end
                .outcomes
                .iter()
                .map(|outcome| (self.concept(outcome.concept), outcome.stream, outcome.probability))
                .collect(),
            end_orders: self.orders(&course.end.orders),
        }
    }

    fn orders(&self, orders: &[Order]) -> Vec<OrderModel> {
        orders
            .iter()
            .map(|order| OrderModel {
                of: self.ordered(order.of),
                probability: order.probability,
                every_days: order.every_days,
                from_age: order.from_age,
                to_age: order.to_age.unwrap_or(f64::INFINITY),
                sex: order.sex,
            })
            .collect()
    }

    fn ordered(&self, of: Key) -> Ordered {
        let lab = || self.labs.iter().position(|&key| key == of).map(Ordered::Lab);
        let report = || self.pack.reports.iter().position(|report| report.key == of).map(Ordered::Report);
        let procedure =
            || self.pack.procedures.iter().position(|procedure| procedure.key == of).map(Ordered::Procedure);
        report().or_else(lab).or_else(procedure).expect(LINTED)
    }

    fn terms(&self, terms: &[twinlake_pack::Term]) -> Vec<TermModel<'a>> {
        terms
            .iter()
            .map(|term| TermModel {
                of: match (term.latent, term.condition) {
                    (Some(latent), _) => TermOf::Latent { latent: self.latent(latent), relative: term.relative },
                    (None, condition) => TermOf::Condition(self.condition_index(condition.expect(LINTED))),
                },
                weight: term.weight,
                curve: term.curve.map(|path| self.table(path)),
            })
            .collect()
    }

    fn latent_model(&self, latent: &'a twinlake_pack::Latent) -> LatentModel<'a> {
        let loadings: Vec<(usize, f64)> =
            latent.loadings.iter().map(|loading| (self.latent(loading.on), loading.weight)).collect();
        let explained: f64 = loadings.iter().map(|(_, weight)| weight * weight).sum();
        LatentModel {
            curve: self.table(latent.curve),
            log: latent.log,
            origin: latent.origin,
            bounds: latent.bounds,
            cap: latent.treatment_cap,
            loadings,
            rest: libm::sqrt(1.0 - explained),
        }
    }

    fn medication_model(&self, medication: &'a twinlake_pack::Medication) -> MedicationModel<'a> {
        let effect = |effect: &twinlake_pack::DrugEffect| DrugEffectModel {
            latent: self.latent(effect.latent),
            by: effect.by,
            rate: core::f64::consts::LN_2 / effect.half_life_days,
            spread: effect.spread,
        };
        MedicationModel {
            pack: medication,
            label: format!("medication {}", medication.key),
            concept: self.concept(medication.concept),
            effects: medication.effects.iter().map(effect).collect(),
            avoid: medication.avoid.as_ref().map(|avoid| (self.latent(avoid.latent), avoid.below)),
            replaces: medication.replaces.iter().map(|&key| self.medication(key)).collect(),
            from_age: medication.from_age,
            to_age: medication.to_age.unwrap_or(f64::INFINITY),
        }
    }

    fn lab_model(&self, key: Key) -> LabModel<'a> {
        let lab = self.pack.labs.iter().find(|lab| lab.key == key).expect(LINTED);
        let source = if let Some(measured) = &lab.measured {
            self.measured(measured, &lab.grades)
        } else if let Some(derived) = &lab.derived {
            self.derived(derived)
        } else if !lab.texts.is_empty() {
            Source::Texts(lab.texts.iter().map(|answer| (answer.text.0, answer.share)).collect())
        } else if lab.answers.is_empty() {
            Source::Parts(lab.parts.iter().map(|&part| self.lab(part)).collect())
        } else {
            Source::Answers(lab.answers.iter().map(|answer| (self.concept(answer.concept), answer.share)).collect())
        };
        LabModel {
            pack: lab,
            label: format!("lab {}", lab.key),
            concept: self.concept(lab.concept),
            category: match lab.category {
                LabCategory::VitalSigns => Category::VitalSigns,
                LabCategory::Laboratory => Category::Laboratory,
                LabCategory::SocialHistory => Category::SocialHistory,
                LabCategory::Survey => Category::Survey,
            },
            specimen: lab.specimen.map(|key| self.specimen(key)),
            source,
        }
    }

    fn measured(&self, measured: &'a twinlake_pack::Measured, grades: &'a [twinlake_pack::Grade]) -> Source<'a> {
        Source::Measured {
            curve: measured.curve.map(|path| self.table(path)),
            offset: measured.offset,
            terms: self.terms(&measured.terms),
            noise: measured.noise,
            noisier: self.terms(&measured.noisier),
            swayed: measured.swayed.as_ref().map(|sway| (self.lab(sway.lab), sway.by)),
            log: measured.log,
            below: measured.below.as_ref().map(|below| (self.lab(below.lab), below.by)),
            grades: grades.iter().map(|grade| (grade.from.unwrap_or(f64::NEG_INFINITY), grade.text.0)).collect(),
        }
    }

    fn derived(&self, derived: &Derived) -> Source<'a> {
        match *derived {
            Derived::Multiple { of, mean, spread, noise, ref terms } => {
                Source::Multiple { of: self.lab(of), mean, spread, noise, terms: self.terms(terms) }
            }
            Derived::Linear { ref of, offset, spread, noise, ref terms } => Source::Linear {
                of: of.iter().map(|part| (self.lab(part.lab), part.weight)).collect(),
                offset,
                spread,
                noise,
                terms: self.terms(terms),
            },
            Derived::Product { of, by, factor } => Source::Product { of: self.lab(of), by: self.lab(by), factor },
            Derived::Ratio { of, by, factor } => Source::Ratio { of: self.lab(of), by: self.lab(by), factor },
            Derived::BodyMassIndex { weight, height } => {
                Source::BodyMassIndex { weight: self.lab(weight), height: self.lab(height) }
            }
            Derived::WeightFromBodyMassIndex { latent, height, noise } => {
                Source::Weight { latent: self.latent(latent), height: self.lab(height), noise }
            }
            Derived::CreatinineFromEgfr { latent, noise } => Source::Creatinine { latent: self.latent(latent), noise },
            Derived::Egfr { creatinine } => Source::Egfr { creatinine: self.lab(creatinine) },
            Derived::TotalCholesterol { latent, hdl, triglycerides, noise } => Source::TotalCholesterol {
                latent: self.latent(latent),
                hdl: self.lab(hdl),
                triglycerides: self.lab(triglycerides),
                noise,
            },
            Derived::FriedewaldLdl { total, hdl, triglycerides } => {
                Source::Ldl { total: self.lab(total), hdl: self.lab(hdl), triglycerides: self.lab(triglycerides) }
            }
            Derived::EstimatedAverageGlucose { hba1c } => Source::AverageGlucose { hba1c: self.lab(hba1c) },
        }
    }

    fn visit(&self, visit: &'a Visit) -> VisitModel<'a> {
        VisitModel {
            pack: visit,
            label: format!("visit {}", visit.key),
            concept: self.concept(visit.concept),
            class: match visit.class {
                twinlake_pack::VisitClass::Ambulatory => EncounterClass::Ambulatory,
                twinlake_pack::VisitClass::Emergency => EncounterClass::Emergency,
                twinlake_pack::VisitClass::Inpatient => EncounterClass::Inpatient,
                twinlake_pack::VisitClass::Virtual => EncounterClass::Virtual,
            },
            orders: self.orders(&visit.orders),
            share_curve: visit.share_curve.map(|path| self.table(path)),
        }
    }

    fn visits(&self) -> Visits<'a> {
        let find = |name: &str| self.visit(self.pack.visits.iter().find(|visit| *visit.key == *name).expect(LINTED));
        let visits = Visits {
            wellness: find("wellness"),
            follow_up: find("follow-up"),
            virtual_: find("virtual"),
            acute: find("acute"),
            emergency: find("emergency"),
            inpatient: find("inpatient"),
            scheduled: Vec::new(),
        };
        let scheduled = self.pack.visits.iter().filter(|visit| !visit.schedule.is_empty() && *visit.key != *"wellness");
        Visits { scheduled: scheduled.map(|visit| self.visit(visit)).collect(), ..visits }
    }
}
