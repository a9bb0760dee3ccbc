//! Device and `DeviceUseStatement`.

use crate::{Annotation, CodeableConcept, ContactPoint, DateTime, Identifier, Period, Quantity, Raw, Reference, Text};

resource! {
    /// A thing used in care; of an implant, the one piece that was put into one patient.
    Device {
        identifier: Vec<Identifier<'a>> = "identifier",
        definition: Option<Reference<'a>> = "definition",
        udi_carrier: Vec<UdiCarrier<'a>> = "udiCarrier",
        status: Option<Text<'a>> = "status",
        status_reason: Vec<CodeableConcept<'a>> = "statusReason",
        distinct_identifier: Option<Text<'a>> = "distinctIdentifier",
        manufacturer: Option<Text<'a>> = "manufacturer",
        manufacture_date: Option<DateTime<'a>> = "manufactureDate",
        expiration_date: Option<DateTime<'a>> = "expirationDate",
        lot_number: Option<Text<'a>> = "lotNumber",
        serial_number: Option<Text<'a>> = "serialNumber",
        device_name: Vec<DeviceName<'a>> = "deviceName",
        model_number: Option<Text<'a>> = "modelNumber",
        part_number: Option<Text<'a>> = "partNumber",
        type_: Option<CodeableConcept<'a>> = "type",
        specialization: Vec<DeviceSpecialization<'a>> = "specialization",
        version: Vec<DeviceVersion<'a>> = "version",
        property: Vec<DeviceProperty<'a>> = "property",
        patient: Option<Reference<'a>> = "patient",
        owner: Option<Reference<'a>> = "owner",
        contact: Vec<ContactPoint<'a>> = "contact",
        location: Option<Reference<'a>> = "location",
        url: Option<Text<'a>> = "url",
        note: Vec<Annotation<'a>> = "note",
        safety: Vec<CodeableConcept<'a>> = "safety",
        parent: Option<Reference<'a>> = "parent",
    }
}

element! {
    /// The label that carries a unique device identifier.
    UdiCarrier {
        device_identifier: Option<Text<'a>> = "deviceIdentifier",
        issuer: Option<Text<'a>> = "issuer",
        jurisdiction: Option<Text<'a>> = "jurisdiction",
        carrier_aidc: Option<Text<'a>> = "carrierAIDC",
        carrier_hrf: Option<Text<'a>> = "carrierHRF",
        entry_type: Option<Text<'a>> = "entryType",
    }
}

element! {
    /// A name that a device goes by.
    DeviceName {
        name: Option<Text<'a>> = "name",
        type_: Option<Text<'a>> = "type",
    }
}

element! {
    /// What a device can do, by a standard.
    DeviceSpecialization {
        system_type: Option<CodeableConcept<'a>> = "systemType",
        version: Option<Text<'a>> = "version",
    }
}

element! {
    /// The version of a device or of a part of it.
    DeviceVersion {
        type_: Option<CodeableConcept<'a>> = "type",
        component: Option<Identifier<'a>> = "component",
        value: Option<Text<'a>> = "value",
    }
}

element! {
    /// A setting or feature of a device.
    DeviceProperty {
        type_: Option<CodeableConcept<'a>> = "type",
        value_quantity: Vec<Quantity<'a>> = "valueQuantity",
        value_code: Vec<CodeableConcept<'a>> = "valueCode",
    }
}

resource! {
    /// A device that a patient is said to use, have used, or not to use.
    DeviceUseStatement {
        identifier: Vec<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        status: Option<Text<'a>> = "status",
        subject: Option<Reference<'a>> = "subject",
        derived_from: Vec<Reference<'a>> = "derivedFrom",
        timing: Option<UseTime<'a>> = "timing",
        recorded_on: Option<DateTime<'a>> = "recordedOn",
        source: Option<Reference<'a>> = "source",
        device: Option<Reference<'a>> = "device",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        body_site: Option<CodeableConcept<'a>> = "bodySite",
        note: Vec<Annotation<'a>> = "note",
    }
}

choice! {
    /// When a device was used.
    UseTime<'a> {
        Timing(Raw<'a>) = "timingTiming",
        Period(Box<Period<'a>>) = "timingPeriod",
        DateTime(DateTime<'a>) = "timingDateTime",
    }
}
