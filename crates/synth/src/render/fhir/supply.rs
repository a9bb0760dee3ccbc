//! SupplyDelivery.

use twinlake_fhir::{Decimal, Quantity, SuppliedItem, SupplyDelivery, SupplyItem, SupplyTime, Text};

use super::version::History;
use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline::Supply;

const ITEM_TYPE: &str = "http://terminology.hl7.org/CodeSystem/supply-item-type";
const DEVICE: Code = Code { code: "device", display: "Device" };

pub(super) fn supply<'a>(chart: &'a Chart<'_>, supply: &Supply) -> SupplyDelivery<'a> {
    SupplyDelivery {
        id: Some(chart.id(supply.event)),
        meta: Some(chart.meta_of(&History::made(supply.at), &[])),
        status: Some(Text::from("completed")),
        patient: Some(chart.subject()),
        type_: Some(coded(ITEM_TYPE, DEVICE)),
        supplied_item: Some(SuppliedItem {
            quantity: Some(Quantity { value: Some(Decimal::from(i64::from(supply.quantity))), ..Quantity::default() }),
            item: Some(SupplyItem::CodeableConcept(chart.concept(supply.concept))),
            ..SuppliedItem::default()
        }),
        occurrence: Some(SupplyTime::DateTime(chart.at(supply.at))),
        supplier: Some(chart.organization(supply.organization)),
        ..SupplyDelivery::default()
    }
}
