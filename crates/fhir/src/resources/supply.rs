//! `SupplyDelivery`.

use crate::{CodeableConcept, DateTime, Identifier, Period, Quantity, Raw, Reference, Text};

resource! {
    /// Things handed out or sent.
    SupplyDelivery {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        patient: Option<Reference<'a>> = "patient",
        type_: Option<CodeableConcept<'a>> = "type",
        supplied_item: Option<SuppliedItem<'a>> = "suppliedItem",
        occurrence: Option<SupplyTime<'a>> = "occurrence",
        supplier: Option<Reference<'a>> = "supplier",
        destination: Option<Reference<'a>> = "destination",
        receiver: Vec<Reference<'a>> = "receiver",
    }
}

element! {
    /// What was handed out, and how much of it.
    SuppliedItem {
        quantity: Option<Quantity<'a>> = "quantity",
        item: Option<SupplyItem<'a>> = "item",
    }
}

choice! {
    /// A thing, by its sort or as a resource of its own.
    SupplyItem<'a> {
        CodeableConcept(CodeableConcept<'a>) = "itemCodeableConcept",
        Reference(Reference<'a>) = "itemReference",
    }
}

choice! {
    /// When things were handed out.
    SupplyTime<'a> {
        DateTime(DateTime<'a>) = "occurrenceDateTime",
        Period(Box<Period<'a>>) = "occurrencePeriod",
        Timing(Raw<'a>) = "occurrenceTiming",
    }
}
