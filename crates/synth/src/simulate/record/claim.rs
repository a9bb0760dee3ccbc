//! Claims: a bill for each visit and for each day's fills that a payer covers, and what the payer and the patient pay of it.
//!
//! Amounts are whole US cents, so that what is paid comes to what is allowed exactly. Claims are taken in the order of
//! the visits: the deductible of a year is used up by the first of them.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime};
use twinlake_pack::{Pack, PatientPays, PayerKind, Prices};

use super::super::Model;
use crate::ids::{CLAIMS, DECISIONS, PHARMACY_CLAIMS, PHARMACY_DECISIONS};
use crate::seed::Seed;
use crate::timeline::{Claim, ClaimItem, ConceptKey, Encounter, EncounterClass, EventId, Service, Timeline};

/// Bills that one day has room for.
const SLOTS: u32 = 16;

/// Adds the claims of a chart; coverages must be there.
pub(super) fn add(model: &Model<'_>, patient_seed: Seed, as_of: NaiveDate, timeline: &mut Timeline) {
    let prices = &model.prices;
    let seed = patient_seed.child("claim", 0);
    let born = timeline.demographics.birth_date;
    let mut left: BTreeMap<(i32, PayerKind), i64> = BTreeMap::new();
    let mut slots: BTreeMap<u32, u32> = BTreeMap::new();
    let mut claims = Vec::new();
    for (index, encounter) in timeline.encounters.iter().enumerate() {
        let day = encounter.start.date();
        let day_of_life = u32::try_from((day - born).num_days()).expect("a visit is after birth");
        let slot = slots.entry(day_of_life).or_default();
        let ordinal = day_of_life * SLOTS + *slot;
        *slot += 1;
        let Some(coverage) = timeline.coverages.iter().position(|coverage| coverage.is_in_force(day)) else { continue };
        if *slot > SLOTS {
            continue;
        }
        let kind = model.pack.payers.payer[timeline.coverages[coverage].payer].kind;
        let pays = prices.prices.patient_pays(kind);
        let deductible = left.entry((day.year(), kind)).or_insert_with(|| cents(pays.deductible));
        let free = prices.is_preventive(encounter.kind);
        let mut bill = |service, concept, price: f64| {
            let allowed = cents(price * prices.prices.allowed(kind)).max(1);
            let (first, copay) = if free || matches!(service, Service::Immunization(_)) {
                (0, 0)
            } else {
                patient_share(pays, allowed, deductible)
            };
            ClaimItem {
                service,
                concept,
                charged: cents(price * prices.prices.allowed(kind) * prices.prices.charge).max(allowed),
                allowed,
                deductible: first,
                copay,
            }
        };
        let mut items = vec![bill(Service::Visit, encounter.kind, prices.visit(encounter))];
        for (place, procedure) in timeline.procedures.iter().enumerate() {
            if procedure.encounter == index {
                let price = prices.procedure(procedure.concept);
                items.push(bill(Service::Procedure(place), procedure.concept, price));
            }
        }
        for (place, vaccination) in timeline.immunizations.iter().enumerate() {
            if vaccination.encounter == index {
                items.push(bill(Service::Immunization(place), vaccination.concept, prices.prices.vaccine));
            }
        }
        let [least, most] = prices.prices.decision_days;
        let days = u64::from(least) + seed.at(u64::from(ordinal)).below((most - least + 1) as usize) as u64;
        claims.push(Claim {
            event: EventId { stream: CLAIMS, ordinal },
            decision_event: EventId { stream: DECISIONS, ordinal },
            coverage,
            encounter: Some(index),
            organization: encounter.organization,
            served: (encounter.start.date(), encounter.end.date()),
            at: encounter.end,
            decided: Some(encounter.end.date() + Days::new(days)).filter(|&decided| decided <= as_of),
            items,
            cause: encounter.cause,
        });
    }
    claims.extend(of_pharmacies(prices, timeline));
    timeline.claims = claims;
}

/// The bills for what was handed out, one for a day and an organization. They are decided while the patient waits, and the
/// deductible does not count.
fn of_pharmacies(prices: &Priced<'_>, timeline: &Timeline) -> Vec<Claim> {
    // A fill is in the chart once the visit is over at which it was prescribed.
    let mut fills: Vec<(NaiveDateTime, usize, usize)> = Vec::with_capacity(timeline.dispenses.len());
    for (place, fill) in timeline.dispenses.iter().enumerate() {
        let encounter = &timeline.encounters[timeline.prescriptions[fill.prescription].encounter];
        fills.push((fill.at.max(encounter.end), encounter.organization, place));
    }
    fills.sort_unstable_by_key(|&(at, organization, place)| (at.date(), organization, at, place));
    let born = timeline.demographics.birth_date;
    let mut claims: Vec<Claim> = Vec::new();
    let mut free = 0;
    for bill in fills.chunk_by(|one, next| (one.0.date(), one.1) == (next.0.date(), next.1)) {
        let (at, organization, last) = bill[bill.len() - 1];
        let day = at.date();
        let Some(coverage) = timeline.coverages.iter().position(|coverage| coverage.is_in_force(day)) else { continue };
        let day_of_life = u32::try_from((day - born).num_days()).expect("a fill is after birth");
        // The bills of one day follow each other.
        let ordinal = free.max(day_of_life * SLOTS);
        if ordinal / SLOTS != day_of_life {
            continue;
        }
        free = ordinal + 1;
        let kind = prices.kinds[timeline.coverages[coverage].payer];
        let days = bill.iter().map(|&(_, _, place)| timeline.dispenses[place].at.date());
        let served = (days.clone().min().unwrap_or(day), days.max().unwrap_or(day));
        let items = bill.iter().map(|&(_, _, place)| {
            let concept = timeline.prescriptions[timeline.dispenses[place].prescription].concept;
            prices.fill(kind, Service::Dispense(place), concept)
        });
        claims.push(Claim {
            event: EventId { stream: PHARMACY_CLAIMS, ordinal },
            decision_event: EventId { stream: PHARMACY_DECISIONS, ordinal },
            coverage,
            encounter: None,
            organization,
            served,
            at,
            decided: Some(day),
            items: items.collect(),
            cause: timeline.dispenses[last].cause,
        });
    }
    claims
}

/// What the patient pays of an item: first what is left of the deductible, then copay or share of the rest.
fn patient_share(pays: &PatientPays, allowed: i64, left: &mut i64) -> (i64, i64) {
    let deductible = allowed.min(*left);
    *left -= deductible;
    let rest = allowed - deductible;
    let copay = if rest == 0 { 0 } else { cents(pays.copay).max(cents(to_dollars(rest) * pays.share)).min(rest) };
    (deductible, copay)
}

/// Prices by concept.
#[derive(Debug)]
pub(in crate::simulate) struct Priced<'a> {
    prices: &'a Prices,
    /// Of each payer, its kind.
    kinds: Vec<PayerKind>,
    fills: BTreeMap<ConceptKey, f64>,
    visits: BTreeMap<ConceptKey, (f64, bool)>,
    procedures: BTreeMap<ConceptKey, f64>,
}

impl<'a> Priced<'a> {
    pub(in crate::simulate) fn new(pack: &'a Pack) -> Self {
        let prices = &pack.prices;
        let visits = pack.visits.iter().filter_map(|visit| {
            Some((pack.key(&visit.concept)?, (*prices.visit.get(&visit.key)?, prices.preventive.contains(&visit.key))))
        });
        let procedures = pack
            .procedures
            .iter()
            .filter_map(|procedure| Some((pack.key(&procedure.concept)?, *prices.procedures.get(&procedure.key)?)));
        let fills = pack
            .medications
            .iter()
            .filter_map(|drug| Some((pack.key(&drug.concept)?, *prices.fills.get(&drug.key).unwrap_or(&prices.fill))));
        Self {
            prices,
            kinds: pack.payers.payer.iter().map(|payer| payer.kind).collect(),
            fills: fills.collect(),
            visits: visits.collect(),
            procedures: procedures.collect(),
        }
    }

    /// A drug handed out to who is insured by a payer of that kind.
    fn fill(&self, kind: PayerKind, service: Service, concept: ConceptKey) -> ClaimItem {
        let price = self.fills.get(&concept).copied().unwrap_or(self.prices.fill) * self.prices.allowed(kind);
        let allowed = cents(price).max(1);
        ClaimItem {
            service,
            concept,
            charged: cents(price * self.prices.charge).max(allowed),
            allowed,
            deductible: 0,
            copay: cents(self.prices.patient_pays(kind).fill).min(allowed),
        }
    }

    fn visit(&self, encounter: &Encounter) -> f64 {
        let price = self.visits.get(&encounter.kind).map_or(self.prices.procedure, |(price, _)| *price);
        if encounter.class != EncounterClass::Inpatient {
            return price;
        }
        let days = (encounter.end.date() - encounter.start.date()).num_days();
        price + self.prices.inpatient_day * f64::from(i32::try_from(days).unwrap_or(i32::MAX))
    }

    fn is_preventive(&self, kind: ConceptKey) -> bool {
        self.visits.get(&kind).is_some_and(|(_, preventive)| *preventive)
    }

    fn procedure(&self, concept: ConceptKey) -> f64 {
        self.procedures.get(&concept).copied().unwrap_or(self.prices.procedure)
    }
}

/// Whole cents of an amount in dollars.
#[expect(clippy::cast_possible_truncation, reason = "lint bounds every price")]
fn cents(dollars: f64) -> i64 {
    libm::round(dollars * 100.0) as i64
}

#[expect(clippy::cast_precision_loss, reason = "a price is far below 2^53 cents")]
fn to_dollars(cents: i64) -> f64 {
    cents as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deductible_comes_first_and_nobody_pays_more_than_is_allowed() {
        let pays = PatientPays { kind: PayerKind::Private, deductible: 100.0, copay: 25.0, share: 0.1, fill: 10.0 };
        let mut left = cents(pays.deductible);
        assert_eq!(patient_share(&pays, 8000, &mut left), (8000, 0));
        assert_eq!(patient_share(&pays, 8000, &mut left), (2000, 2500));
        assert_eq!(patient_share(&pays, 100_000, &mut left), (0, 10_000));
        assert_eq!((patient_share(&pays, 1000, &mut left), left), ((0, 1000), 0));
    }
}
