//! Labs, what they are measured in, the reports that gather them, and what only a survey measures.

use twinlake_pack::{ConceptKey, Key, Lab, LabCategory, SurveyItem};

use super::Source;
use super::names::{LINTED, Names};
use crate::timeline::Category;

#[derive(Debug)]
pub(in crate::simulate) struct LabModel<'a> {
    pub(in crate::simulate) pack: &'a Lab,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) category: Category,
    pub(in crate::simulate) specimen: Option<usize>,
    pub(in crate::simulate) source: Source<'a>,
}

#[derive(Debug)]
pub(in crate::simulate) struct SpecimenModel {
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) stream: u16,
    pub(in crate::simulate) name: &'static str,
}

#[derive(Debug)]
pub(in crate::simulate) struct ReportModel {
    pub(in crate::simulate) concept: ConceptKey,
    pub(in crate::simulate) stream: u16,
    pub(in crate::simulate) results: Vec<usize>,
}

/// What only a survey measures.
#[derive(Debug)]
pub(in crate::simulate) struct ItemModel<'a> {
    pub(in crate::simulate) pack: &'a SurveyItem,
    pub(in crate::simulate) label: String,
    pub(in crate::simulate) source: Source<'a>,
}

impl<'a> Names<'a> {
    pub(super) fn lab_model(&self, key: Key) -> LabModel<'a> {
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
}
