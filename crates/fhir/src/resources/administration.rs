//! Patient, RelatedPerson, Practitioner, PractitionerRole, Organization, Location.

use crate::{
    Address, CodeableConcept, Coding, ContactPoint, DateTime, Decimal, HumanName, Identifier, PartialDate, Period,
    Reference, Text,
};

resource! {
    /// A person who receives care.
    Patient {
        identifier: Vec<Identifier<'a>> = "identifier",
        active: Option<bool> = "active",
        name: Vec<HumanName<'a>> = "name",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        gender: Option<Text<'a>> = "gender",
        birth_date: Option<PartialDate> = "birthDate",
        deceased: Option<Deceased<'a>> = "deceased",
        address: Vec<Address<'a>> = "address",
        marital_status: Option<CodeableConcept<'a>> = "maritalStatus",
        multiple_birth: Option<MultipleBirth> = "multipleBirth",
        communication: Vec<PatientCommunication<'a>> = "communication",
        general_practitioner: Vec<Reference<'a>> = "generalPractitioner",
        managing_organization: Option<Reference<'a>> = "managingOrganization",
    }
}

choice! {
    /// Whether, or when, a patient died.
    Deceased<'a> {
        Boolean(bool) = "deceasedBoolean",
        DateTime(DateTime<'a>) = "deceasedDateTime",
    }
}

choice! {
    /// Whether a patient is one of several born together, or which of them.
    MultipleBirth {
        Boolean(bool) = "multipleBirthBoolean",
        Integer(i32) = "multipleBirthInteger",
    }
}

element! {
    /// A language that a patient speaks.
    PatientCommunication {
        language: Option<CodeableConcept<'a>> = "language",
        preferred: Option<bool> = "preferred",
    }
}

resource! {
    /// Someone who is close to a patient, and not a patient in this role.
    RelatedPerson {
        identifier: Vec<Identifier<'a>> = "identifier",
        active: Option<bool> = "active",
        patient: Option<Reference<'a>> = "patient",
        relationship: Vec<CodeableConcept<'a>> = "relationship",
        name: Vec<HumanName<'a>> = "name",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        gender: Option<Text<'a>> = "gender",
        birth_date: Option<PartialDate> = "birthDate",
        address: Vec<Address<'a>> = "address",
        period: Option<Period<'a>> = "period",
        communication: Vec<PatientCommunication<'a>> = "communication",
    }
}

resource! {
    /// A person who gives care.
    Practitioner {
        identifier: Vec<Identifier<'a>> = "identifier",
        active: Option<bool> = "active",
        name: Vec<HumanName<'a>> = "name",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        address: Vec<Address<'a>> = "address",
        gender: Option<Text<'a>> = "gender",
        birth_date: Option<PartialDate> = "birthDate",
        qualification: Vec<PractitionerQualification<'a>> = "qualification",
        communication: Vec<CodeableConcept<'a>> = "communication",
    }
}

element! {
    /// A certificate, licence or training of a practitioner.
    PractitionerQualification {
        identifier: Vec<Identifier<'a>> = "identifier",
        code: Option<CodeableConcept<'a>> = "code",
        period: Option<Period<'a>> = "period",
        issuer: Option<Reference<'a>> = "issuer",
    }
}

resource! {
    /// What a practitioner does for an organization, and where.
    PractitionerRole {
        identifier: Vec<Identifier<'a>> = "identifier",
        active: Option<bool> = "active",
        period: Option<Period<'a>> = "period",
        practitioner: Option<Reference<'a>> = "practitioner",
        organization: Option<Reference<'a>> = "organization",
        code: Vec<CodeableConcept<'a>> = "code",
        specialty: Vec<CodeableConcept<'a>> = "specialty",
        location: Vec<Reference<'a>> = "location",
        healthcare_service: Vec<Reference<'a>> = "healthcareService",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        available_time: Vec<AvailableTime<'a>> = "availableTime",
        not_available: Vec<NotAvailable<'a>> = "notAvailable",
        availability_exceptions: Option<Text<'a>> = "availabilityExceptions",
        endpoint: Vec<Reference<'a>> = "endpoint",
    }
}

element! {
    /// When someone is there.
    AvailableTime {
        days_of_week: Vec<Text<'a>> = "daysOfWeek",
        all_day: Option<bool> = "allDay",
        available_start_time: Option<Text<'a>> = "availableStartTime",
        available_end_time: Option<Text<'a>> = "availableEndTime",
    }
}

element! {
    /// When someone is away.
    NotAvailable {
        description: Option<Text<'a>> = "description",
        during: Option<Period<'a>> = "during",
    }
}

resource! {
    /// A hospital, practice, payer or another body.
    Organization {
        identifier: Vec<Identifier<'a>> = "identifier",
        active: Option<bool> = "active",
        type_: Vec<CodeableConcept<'a>> = "type",
        name: Option<Text<'a>> = "name",
        alias: Vec<Text<'a>> = "alias",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        address: Vec<Address<'a>> = "address",
        part_of: Option<Reference<'a>> = "partOf",
    }
}

resource! {
    /// A place where care is given.
    Location {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        operational_status: Option<Coding<'a>> = "operationalStatus",
        name: Option<Text<'a>> = "name",
        alias: Vec<Text<'a>> = "alias",
        description: Option<Text<'a>> = "description",
        mode: Option<Text<'a>> = "mode",
        type_: Vec<CodeableConcept<'a>> = "type",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        address: Option<Address<'a>> = "address",
        physical_type: Option<CodeableConcept<'a>> = "physicalType",
        position: Option<LocationPosition<'a>> = "position",
        managing_organization: Option<Reference<'a>> = "managingOrganization",
        part_of: Option<Reference<'a>> = "partOf",
    }
}

element! {
    /// Where a location lies, in degrees and metres (WGS84).
    LocationPosition {
        longitude: Option<Decimal<'a>> = "longitude",
        latitude: Option<Decimal<'a>> = "latitude",
        altitude: Option<Decimal<'a>> = "altitude",
    }
}
