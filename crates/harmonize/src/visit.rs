//! Encounter to `visit_occurrence` and `visit_detail`.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use twinlake_fhir::{CodeableConcept, Coding, Encounter};
use twinlake_omop::{self as omop, AnyRow, ConceptId, key};
use twinlake_vocab::{Domain, types};

use crate::elements;
use crate::event::{Reading, When};
use crate::fate::Fate;

/// The visits of one person, and the parts of them that are Encounters of their own.
#[derive(Clone, Default)]
pub(crate) struct Visits {
    visits: BTreeMap<i64, omop::VisitOccurrence>,
    parts: BTreeMap<i64, omop::VisitDetail>,
}

/// Where in the person's visits an Encounter stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At {
    pub(crate) visit_occurrence_id: i64,
    /// Of an Encounter that is part of another one.
    pub(crate) visit_detail_id: Option<i64>,
    /// When the Encounter began.
    pub(crate) start: When,
}

/// An Encounter that was, and the visit it would be on its own.
struct Visit<'e, 'a> {
    encounter: &'e Encounter<'a>,
    row: omop::VisitOccurrence,
}

impl Visits {
    /// The visits of these Encounters, the person's own, and their `visit_detail` rows but for those of
    /// [`Visits::into_rows`]. One that is `partOf` another that gives a row is a part of its visit; of those that name each
    /// other in a circle, and of one whose whole gave no visit, each is a visit of its own, counted under `partOf`.
    pub(crate) fn of<'e, 'a: 'e>(
        reading: &mut Reading<'_, '_>,
        encounters: impl Iterator<Item = &'e Encounter<'a>>,
    ) -> (Self, Vec<omop::VisitDetail>) {
        let mut all: BTreeMap<i64, Visit<'e, 'a>> = BTreeMap::new();
        for encounter in encounters {
            match visit(reading, encounter) {
                Some(row) => {
                    let fate = if row.visit_concept_id.is_none() { Fate::Unmapped } else { Fate::Mapped };
                    reading.losses.count_fate("Encounter", fate);
                    all.insert(row.visit_occurrence_id, Visit { encounter, row });
                }
                None => reading.losses.count_fate("Encounter", Fate::OutOfScope),
            }
        }
        let mut visits = Self::default();
        let mut places = Vec::new();
        for (&key, one) in &all {
            let place = if let Some((whole, parent)) = whole(&all, key) {
                visits.parts.insert(key, part(&one.row, whole, parent));
                Place { visit_occurrence_id: whole, parent: Some(key), first_slot: 1 }
            } else {
                if one.encounter.part_of.is_some() {
                    reading.losses.count_reason("Encounter", "partOf");
                }
                visits.visits.insert(key, one.row.clone());
                Place { visit_occurrence_id: key, parent: None, first_slot: 0 }
            };
            places.extend(details(reading, one, &place));
        }
        (visits, places)
    }

    /// Where the Encounter with this key stands; `None` when it gave no row.
    pub(crate) fn at(&self, key: i64) -> Option<At> {
        if let Some(part) = self.parts.get(&key) {
            let start = When { date: part.visit_detail_start_date, datetime: part.visit_detail_start_datetime };
            return Some(At { visit_occurrence_id: part.visit_occurrence_id, visit_detail_id: Some(key), start });
        }
        let visit = self.visits.get(&key)?;
        let start = When { date: visit.visit_start_date, datetime: visit.visit_start_datetime };
        Some(At { visit_occurrence_id: key, visit_detail_id: None, start })
    }

    /// The rows by key, each visit with the one before it, then the parts.
    pub(crate) fn into_rows(mut self) -> Vec<AnyRow> {
        let mut order: Vec<_> = self
            .visits
            .values()
            .map(|visit| {
                let start = visit.visit_start_datetime.unwrap_or(visit.visit_start_date.and_time(NaiveTime::MIN));
                (start, visit.visit_occurrence_id)
            })
            .collect();
        order.sort_unstable();
        for pair in order.windows(2) {
            let visit = self.visits.get_mut(&pair[1].1).expect("the keys are those of the map");
            visit.preceding_visit_occurrence_id = Some(pair[0].1);
        }
        let visits = self.visits.into_values().map(AnyRow::from);
        visits.chain(self.parts.into_values().map(AnyRow::from)).collect()
    }
}

/// The keys of the visit that an Encounter is in the end a part of, and of the Encounter that it names itself; `None` for
/// one that is a visit of its own.
fn whole(all: &BTreeMap<i64, Visit<'_, '_>>, key: i64) -> Option<(i64, i64)> {
    let named = |key: i64| {
        let id = all.get(&key)?.encounter.part_of.as_ref()?.id_of("Encounter")?;
        Some(key::of("Encounter", id)).filter(|key| all.contains_key(key))
    };
    let parent = named(key)?;
    let mut whole = parent;
    // As many steps as there are Encounters lead to the end of any chain that has one.
    for _ in 0..all.len() {
        match named(whole) {
            Some(further) => whole = further,
            None => return Some((whole, parent)),
        }
    }
    None
}

/// The row of an Encounter that is part of a visit; its parent is the row of the Encounter that it names, when that is a
/// part too.
fn part(row: &omop::VisitOccurrence, whole: i64, parent: i64) -> omop::VisitDetail {
    omop::VisitDetail {
        visit_detail_id: row.visit_occurrence_id,
        person_id: row.person_id,
        visit_detail_concept_id: row.visit_concept_id,
        visit_detail_start_date: row.visit_start_date,
        visit_detail_start_datetime: row.visit_start_datetime,
        visit_detail_end_date: row.visit_end_date,
        visit_detail_end_datetime: row.visit_end_datetime,
        visit_detail_type_concept_id: row.visit_type_concept_id,
        provider_id: row.provider_id,
        care_site_id: row.care_site_id,
        visit_detail_source_value: row.visit_source_value.clone(),
        visit_detail_source_concept_id: row.visit_source_concept_id,
        admitted_from_concept_id: row.admitted_from_concept_id,
        admitted_from_source_value: row.admitted_from_source_value.clone(),
        discharged_to_concept_id: row.discharged_to_concept_id,
        discharged_to_source_value: row.discharged_to_source_value.clone(),
        parent_visit_detail_id: Some(parent).filter(|parent| *parent != whole),
        visit_occurrence_id: whole,
        ..Default::default()
    }
}

/// The visit that an Encounter is on its own, without the visit before it.
fn visit(reading: &mut Reading<'_, '_>, encounter: &Encounter<'_>) -> Option<omop::VisitOccurrence> {
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
    let visit_concept_id = encounter.class.as_ref().map_or(ConceptId::NONE, |class| class_concept(reading, class));
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
        visit_concept_id,
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
        "episodeOfCare",
        "partOf",
        "serviceProvider",
    ];
    elements::count("Encounter", encounter, &encounter.extension, &used, &[], reading.losses);
    Some(visit)
}

/// The kind of visit: what a `source_to_concept_map` says of the class, else what the class is in OMOP.
fn class_concept(reading: &mut Reading<'_, '_>, class: &Coding<'_>) -> ConceptId {
    let Some(code) = class.code.as_deref() else { return ConceptId::NONE };
    let (vocab, system) = (reading.context.vocab, class.system.as_deref());
    let mapping = vocab.map(system, code);
    let concept = if mapping.domain == Domain::Visit { mapping.standard } else { vocab.visit(code) };
    if concept.is_none() {
        reading.losses.count_code(system, code, class.display.as_deref());
    }
    concept
}

/// Where the ward moves of an Encounter belong.
struct Place {
    visit_occurrence_id: i64,
    /// The row of the Encounter itself, when it is a part, which has slot 0.
    parent: Option<i64>,
    first_slot: u32,
}

/// The ward moves of an Encounter: `Encounter.location[i]` that says from when is slot *i* of its key, of a part slot
/// *i* + 1. Locations without a period only say where it was; a period without an end lasts as long as the Encounter.
fn details(reading: &Reading<'_, '_>, one: &Visit<'_, '_>, whole: &Place) -> Vec<omop::VisitDetail> {
    let Visit { encounter, row: visit } = one;
    let mut details: Vec<omop::VisitDetail> = Vec::new();
    for (slot, place) in (whole.first_slot..).zip(&encounter.location) {
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
            parent_visit_detail_id: whole.parent,
            visit_occurrence_id: whole.visit_occurrence_id,
            ..Default::default()
        });
    }
    details
}
