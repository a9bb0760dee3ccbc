//! Encounter to `visit_occurrence` and `visit_detail`.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use twinlake_fhir::{CodeableConcept, Encounter};
use twinlake_omop::{self as omop, ConceptId, key};
use twinlake_vocab::types;

use crate::elements;
use crate::event::{Reading, When};

/// The visits of one person.
#[derive(Default)]
pub(crate) struct Visits(BTreeMap<i64, omop::VisitOccurrence>);

impl Visits {
    pub(crate) fn add(&mut self, visit: omop::VisitOccurrence) {
        self.0.insert(visit.visit_occurrence_id, visit);
    }

    /// When the visit with this key began; `None` when there is no such visit.
    pub(crate) fn start(&self, key: i64) -> Option<When> {
        let visit = self.0.get(&key)?;
        Some(When { date: visit.visit_start_date, datetime: visit.visit_start_datetime })
    }

    /// The rows by key, each with the visit before it.
    pub(crate) fn into_rows(mut self) -> impl Iterator<Item = omop::VisitOccurrence> {
        let mut order: Vec<_> = self
            .0
            .values()
            .map(|visit| {
                let start = visit.visit_start_datetime.unwrap_or(visit.visit_start_date.and_time(NaiveTime::MIN));
                (start, visit.visit_occurrence_id)
            })
            .collect();
        order.sort_unstable();
        for pair in order.windows(2) {
            let visit = self.0.get_mut(&pair[1].1).expect("the keys are those of the map");
            visit.preceding_visit_occurrence_id = Some(pair[0].1);
        }
        self.0.into_values()
    }
}

/// The visit of an Encounter, without the visit before it.
pub(crate) fn visit(reading: &mut Reading<'_, '_>, encounter: &Encounter<'_>) -> Option<omop::VisitOccurrence> {
    const REALISED: [&str; 6] = ["arrived", "triaged", "in-progress", "onleave", "finished", "unknown"];
    if !encounter.status.as_deref().is_some_and(|status| REALISED.contains(&status)) {
        return reading.lost("status");
    }
    let Some(start) = encounter.period.as_ref().and_then(|period| period.start.as_ref()) else {
        return reading.lost("date");
    };
    let start = When::from(start);
    let end = encounter.period.as_ref().and_then(|period| period.end.as_ref()).map_or(start, When::from);
    let shared = reading.context.shared;
    let of_provider = encounter.service_provider.as_ref().and_then(|site| shared.care_site(site));
    let of_location = || shared.care_site(encounter.location.first()?.location.as_ref()?);
    let care_site_id = of_provider.or_else(of_location);
    if care_site_id.is_none() && (encounter.service_provider.is_some() || !encounter.location.is_empty()) {
        reading.losses.count_reason("Encounter", "care-site");
    }
    let class = encounter.class.as_ref().and_then(|class| class.code.as_deref());
    let hospitalization = encounter.hospitalization.as_ref();
    let code = |concept: Option<&CodeableConcept<'_>>| Some(concept?.coding.first()?.code.as_deref()?.to_owned());
    let vocab = reading.context.vocab;
    // A source or disposition that names no place of care says nothing of where the patient was before or after.
    let admitted_from = code(hospitalization.and_then(|stay| stay.admit_source.as_ref()))
        .and_then(|code| Some((vocab.admitted_from(&code)?, crate::coded::source_value(&code))));
    let discharged_to = code(hospitalization.and_then(|stay| stay.discharge_disposition.as_ref()))
        .and_then(|code| Some((vocab.discharged_to(&code)?, crate::coded::source_value(&code))));
    let visit = omop::VisitOccurrence {
        visit_occurrence_id: reading.key(encounter.id.as_deref()),
        person_id: reading.context.person_id,
        visit_concept_id: class.map_or(ConceptId::NONE, |class| reading.context.vocab.visit(class)),
        visit_start_date: start.date,
        visit_start_datetime: start.datetime,
        visit_end_date: end.date,
        visit_end_datetime: end.datetime,
        visit_type_concept_id: types::ENCOUNTER,
        provider_id: reading.provider(encounter.participant.iter().filter_map(|one| one.individual.as_ref())),
        care_site_id,
        visit_source_value: class.map(crate::coded::source_value),
        visit_source_concept_id: class.map(|_| ConceptId::NONE),
        admitted_from_concept_id: admitted_from.as_ref().map(|(concept, _)| *concept),
        admitted_from_source_value: admitted_from.map(|(_, code)| code),
        discharged_to_concept_id: discharged_to.as_ref().map(|(concept, _)| *concept),
        discharged_to_source_value: discharged_to.map(|(_, code)| code),
        ..Default::default()
    };
    let used = [
        "status",
        "class",
        "subject",
        "participant.individual",
        "period",
        "hospitalization.admitSource",
        "hospitalization.dischargeDisposition",
        "location.location",
        "location.period",
        "serviceProvider",
    ];
    elements::count("Encounter", encounter, &encounter.extension, &used, &[], reading.losses);
    Some(visit)
}

/// The ward moves of a visit: `Encounter.location[i]` that says from when is slot *i* of the visit's key. Locations
/// without a period only say where the visit was; a period without an end lasts as long as the visit.
pub(crate) fn details(
    reading: &Reading<'_, '_>,
    encounter: &Encounter<'_>,
    visit: &omop::VisitOccurrence,
) -> Vec<omop::VisitDetail> {
    let mut details: Vec<omop::VisitDetail> = Vec::new();
    for (slot, place) in (0..).zip(&encounter.location) {
        let Some(period) = &place.period else { continue };
        let Some(start) = period.start.as_ref().map(When::from) else { continue };
        let visit_end = When { date: visit.visit_end_date, datetime: visit.visit_end_datetime };
        let end = period.end.as_ref().map_or(visit_end, When::from);
        details.push(omop::VisitDetail {
            visit_detail_id: key::slot(visit.visit_occurrence_id, slot),
            person_id: visit.person_id,
            visit_detail_concept_id: visit.visit_concept_id,
            visit_detail_start_date: start.date,
            visit_detail_start_datetime: start.datetime,
            visit_detail_end_date: end.date,
            visit_detail_end_datetime: end.datetime,
            visit_detail_type_concept_id: types::ENCOUNTER,
            care_site_id: place.location.as_ref().and_then(|site| reading.context.shared.care_site(site)),
            visit_detail_source_value: visit.visit_source_value.clone(),
            visit_detail_source_concept_id: visit.visit_source_concept_id,
            preceding_visit_detail_id: details.last().map(|before| before.visit_detail_id),
            visit_occurrence_id: visit.visit_occurrence_id,
            ..Default::default()
        });
    }
    details
}
