//! Claim and `ExplanationOfBenefit`. They are the heaviest resources of a chart, so they say nothing twice.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use twinlake_fhir::{
    Adjudication, BenefitPayment, BenefitTotal, BilledDiagnosis, BilledProcedure, Claim, ClaimDiagnosis,
    ClaimInsurance, ClaimItem, ClaimProcedure, CodeableConcept, Coding, Decimal, ExplanationOfBenefit, Meta, Money,
    Period, Quantity, Reference, SupportingInfo, Text,
};

use super::Chart;
use super::version::History;
use crate::timeline::{self, EncounterClass, Service};

const CLAIM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/claim-type";
const PRIORITY: &str = "http://terminology.hl7.org/CodeSystem/processpriority";
const INFORMATION: &str = "http://terminology.hl7.org/CodeSystem/claiminformationcategory";
const ADJUDICATION: &str = "http://terminology.hl7.org/CodeSystem/adjudication";

pub(super) fn claim<'a>(chart: &'a Chart<'_>, claim: &'a timeline::Claim) -> Claim<'a> {
    let diagnosis = claim.encounter.and_then(|encounter| chart.diagnoses_at(encounter).next());
    let billed = Billed::of(chart, claim);
    Claim {
        id: Some(chart.id(claim.event)),
        meta: Some(made(chart, claim, claim.at)),
        status: Some(Text::from("active")),
        type_: Some(bare(CLAIM_TYPE, claim_type(chart, claim))),
        use_: Some(Text::from("claim")),
        patient: Some(chart.subject()),
        billable_period: Some(days(claim)),
        created: Some(chart.at(claim.at)),
        insurer: Some(chart.payer(chart.timeline.coverages[claim.coverage].payer)),
        provider: Some(chart.organization(claim.organization)),
        priority: Some(bare(PRIORITY, "normal")),
        prescription: prescription(chart, claim),
        supporting_info: billed.information,
        diagnosis: diagnosis
            .map(|diagnosis| ClaimDiagnosis {
                sequence: Some(1),
                diagnosis: Some(BilledDiagnosis::Reference(chart.reference("Condition", diagnosis.event))),
                ..ClaimDiagnosis::default()
            })
            .into_iter()
            .collect(),
        procedure: billed.procedures,
        insurance: vec![ClaimInsurance { sequence: Some(1), ..insurance(chart, claim) }],
        item: items(chart, claim, |_| Vec::new()),
        total: Some(money(claim.items.iter().map(|item| item.charged).sum())),
        ..Claim::default()
    }
}

pub(super) fn explanation<'a>(
    chart: &'a Chart<'_>,
    claim: &'a timeline::Claim,
    decided: NaiveDate,
) -> ExplanationOfBenefit<'a> {
    let billed = Billed::of(chart, claim);
    let benefit: i64 = claim.items.iter().map(timeline::ClaimItem::benefit).sum();
    let total = |category, amount| BenefitTotal {
        category: Some(bare(ADJUDICATION, category)),
        amount: Some(money(amount)),
        ..BenefitTotal::default()
    };
    ExplanationOfBenefit {
        id: Some(chart.id(claim.decision_event)),
        meta: Some(made(chart, claim, decided.and_time(NaiveTime::MIN))),
        status: Some(Text::from("active")),
        type_: Some(bare(CLAIM_TYPE, claim_type(chart, claim))),
        use_: Some(Text::from("claim")),
        patient: Some(chart.subject()),
        billable_period: Some(days(claim)),
        created: Some(decided.into()),
        insurer: Some(chart.payer(chart.timeline.coverages[claim.coverage].payer)),
        provider: Some(chart.organization(claim.organization)),
        claim: Some(chart.reference("Claim", claim.event)),
        outcome: Some(Text::from("complete")),
        prescription: prescription(chart, claim),
        supporting_info: billed.information,
        procedure: billed.procedures,
        insurance: vec![insurance(chart, claim)],
        item: items(chart, claim, |item| {
            let amounts = [
                ("submitted", item.charged),
                ("eligible", item.allowed),
                ("deductible", item.deductible),
                ("copay", item.copay),
                ("benefit", item.benefit()),
            ];
            let said = amounts.into_iter().filter(|&(category, amount)| amount != 0 || category == "benefit");
            said.map(|(category, amount)| Adjudication {
                category: Some(bare(ADJUDICATION, category)),
                amount: Some(money(amount)),
                ..Adjudication::default()
            })
            .collect()
        }),
        total: vec![total("submitted", claim.items.iter().map(|item| item.charged).sum()), total("benefit", benefit)],
        payment: (benefit != 0).then(|| BenefitPayment {
            date: Some(decided.into()),
            amount: Some(money(benefit)),
            ..BenefitPayment::default()
        }),
        ..ExplanationOfBenefit::default()
    }
}

/// What the items of a bill point at by number.
struct Billed<'a> {
    procedures: Vec<ClaimProcedure<'a>>,
    information: Vec<SupportingInfo<'a>>,
}

impl<'a> Billed<'a> {
    fn of(chart: &'a Chart<'_>, claim: &timeline::Claim) -> Self {
        let mut billed = Self { procedures: Vec::new(), information: Vec::new() };
        let information = |sequence, resource_type, event| SupportingInfo {
            sequence: Some(sequence),
            category: Some(bare(INFORMATION, "other")),
            value_reference: Some(chart.reference(resource_type, event)),
            ..SupportingInfo::default()
        };
        for (number, item) in (1..).zip(&claim.items) {
            match item.service {
                Service::Visit => {}
                Service::Procedure(place) => {
                    let event = chart.timeline.procedures[place].event;
                    billed.procedures.push(ClaimProcedure {
                        sequence: Some(number),
                        procedure: Some(BilledProcedure::Reference(chart.reference("Procedure", event))),
                        ..ClaimProcedure::default()
                    });
                }
                Service::Immunization(place) => {
                    let event = chart.timeline.immunizations[place].event;
                    billed.information.push(information(number, "Immunization", event));
                }
                Service::Dispense(place) => {
                    let event = chart.timeline.dispenses[place].event;
                    billed.information.push(information(number, "MedicationDispense", event));
                }
            }
        }
        billed
    }
}

/// The items; what one points at has the item's own number.
fn items<'a>(
    chart: &'a Chart<'_>,
    claim: &'a timeline::Claim,
    adjudication: impl Fn(&timeline::ClaimItem) -> Vec<Adjudication<'a>>,
) -> Vec<ClaimItem<'a>> {
    (1..)
        .zip(&claim.items)
        .map(|(number, item)| ClaimItem {
            sequence: Some(number),
            procedure_sequence: if matches!(item.service, Service::Procedure(_)) { vec![number] } else { Vec::new() },
            information_sequence: match item.service {
                Service::Immunization(_) | Service::Dispense(_) => vec![number],
                Service::Visit | Service::Procedure(_) => Vec::new(),
            },
            product_or_service: Some(chart.concept(item.concept)),
            net: Some(money(item.charged)),
            quantity: quantity(chart, item),
            encounter: claim.encounter.map(|encounter| chart.encounter(encounter)).into_iter().collect(),
            adjudication: adjudication(item),
            ..ClaimItem::default()
        })
        .collect()
}

fn insurance<'a>(chart: &'a Chart<'_>, claim: &timeline::Claim) -> ClaimInsurance<'a> {
    let event = chart.timeline.coverages[claim.coverage].event;
    ClaimInsurance {
        focal: Some(true),
        coverage: Some(chart.reference("Coverage", event)),
        ..ClaimInsurance::default()
    }
}

/// `meta` of what is there once its visit is over; of a pharmacy's bill, once it is sent.
fn made(chart: &Chart<'_>, claim: &timeline::Claim, at: NaiveDateTime) -> Meta<'static> {
    match claim.encounter {
        Some(encounter) => chart.meta(at, encounter, &[]),
        None => chart.meta_of(&History::made(at.max(claim.at)), &[]),
    }
}

/// The prescription of a bill for one fill.
fn prescription(chart: &Chart<'_>, claim: &timeline::Claim) -> Option<Reference<'static>> {
    let [timeline::ClaimItem { service: Service::Dispense(place), .. }] = claim.items[..] else { return None };
    let prescription = &chart.timeline.prescriptions[chart.timeline.dispenses[place].prescription];
    Some(chart.reference("MedicationRequest", prescription.event))
}

/// How much of a drug was handed out.
fn quantity(chart: &Chart<'_>, item: &timeline::ClaimItem) -> Option<Quantity<'static>> {
    let Service::Dispense(place) = item.service else { return None };
    let prescription = &chart.timeline.prescriptions[chart.timeline.dispenses[place].prescription];
    Some(Quantity { value: Some(Decimal::from(i64::from(prescription.quantity))), ..Quantity::default() })
}

/// The days that are billed.
fn days(claim: &timeline::Claim) -> Period<'static> {
    Period { start: Some(claim.served.0.into()), end: Some(claim.served.1.into()), ..Period::default() }
}

fn claim_type(chart: &Chart<'_>, claim: &timeline::Claim) -> &'static str {
    match claim.encounter.map(|encounter| chart.timeline.encounters[encounter].class) {
        Some(EncounterClass::Emergency | EncounterClass::Inpatient) => "institutional",
        Some(EncounterClass::Ambulatory | EncounterClass::Virtual) => "professional",
        None => "pharmacy",
    }
}

/// A code without its words: these are said thousands of times.
fn bare(system: &'static str, code: &'static str) -> CodeableConcept<'static> {
    Coding::new(system, code).into()
}

fn money(cents: i64) -> Money<'static> {
    Money { value: Some(Decimal::from_scaled(cents, 2)), currency: Some(Text::from("USD")), ..Money::default() }
}
