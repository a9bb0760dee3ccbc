//! A model pack in the form the simulation runs on: names become places in vectors, tables become one figure a year of age.

mod condition;
mod lab;
mod latent;
mod medication;
mod names;
mod rate;
mod source;
mod visit;

use std::collections::BTreeMap;

use twinlake_pack::{ConceptKey, Pack};

pub(super) use condition::{ConditionModel, CourseModel, SupplyModel};
pub(super) use lab::{ItemModel, LabModel, ReportModel, SpecimenModel};
pub(super) use latent::LatentModel;
pub(super) use medication::MedicationModel;
pub(super) use rate::{EffectModel, OnsetModel, Rates, YEARS};
pub(super) use source::{Source, TermModel, TermOf};
pub(super) use visit::{BirthModel, OrderModel, Ordered, ProcedureModel, VaccineModel, VisitModel, Visits};

use super::frame::Frame;
use super::record::Priced;
use crate::chart;
use names::Names;

/// A [`Pack`] made ready for many patients.
#[derive(Debug)]
pub struct Model<'a> {
    pub(in crate::simulate) pack: &'a Pack,
    pub(in crate::simulate) chart: chart::Rates,
    pub(in crate::simulate) frame: Frame,
    pub(in crate::simulate) latents: Vec<LatentModel<'a>>,
    /// Chronic conditions, causes before what they cause.
    pub(in crate::simulate) chronic: Vec<ConditionModel<'a>>,
    /// Acute conditions.
    pub(in crate::simulate) acute: Vec<ConditionModel<'a>>,
    pub(in crate::simulate) medications: Vec<MedicationModel<'a>>,
    /// Labs, inputs before what is derived from them.
    pub(in crate::simulate) labs: Vec<LabModel<'a>>,
    pub(in crate::simulate) items: Vec<ItemModel<'a>>,
    pub(in crate::simulate) specimens: Vec<SpecimenModel>,
    /// What the labs that need one are measured in: index into `specimens`.
    pub(in crate::simulate) specimen_of: BTreeMap<ConceptKey, usize>,
    pub(in crate::simulate) reports: Vec<ReportModel>,
    pub(in crate::simulate) procedures: Vec<ProcedureModel>,
    pub(in crate::simulate) vaccines: Vec<VaccineModel<'a>>,
    /// What conditions call for at home, by their concept, in the order of the file.
    pub(in crate::simulate) supplies: BTreeMap<ConceptKey, Vec<SupplyModel>>,
    pub(in crate::simulate) prices: Priced<'a>,
    pub(in crate::simulate) visits: Visits<'a>,
    pub(in crate::simulate) birth: Option<BirthModel<'a>>,
    pub(in crate::simulate) allergies: Vec<(ConceptKey, f64)>,
    /// What each allergy does, beside `allergies`.
    pub(in crate::simulate) reactions: Vec<Option<ConceptKey>>,
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
            prices: Priced::new(pack),
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
    pub(in crate::simulate) fn condition(&self, index: usize) -> &ConditionModel<'a> {
        self.chronic.get(index).unwrap_or_else(|| &self.acute[index - self.chronic.len()])
    }
}
