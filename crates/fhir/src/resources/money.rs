//! Coverage, Claim, `ExplanationOfBenefit`.

use crate::{CodeableConcept, DateTime, Decimal, Identifier, PartialDate, Period, Quantity, Raw, Reference, Text};

resource! {
    /// Who pays for a patient's care.
    Coverage {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        type_: Option<CodeableConcept<'a>> = "type",
        policy_holder: Option<Reference<'a>> = "policyHolder",
        subscriber: Option<Reference<'a>> = "subscriber",
        subscriber_id: Option<Text<'a>> = "subscriberId",
        beneficiary: Option<Reference<'a>> = "beneficiary",
        dependent: Option<Text<'a>> = "dependent",
        relationship: Option<CodeableConcept<'a>> = "relationship",
        period: Option<Period<'a>> = "period",
        payor: Vec<Reference<'a>> = "payor",
        class: Vec<CoverageClass<'a>> = "class",
        order: Option<u32> = "order",
        network: Option<Text<'a>> = "network",
        cost_to_beneficiary: Vec<Raw<'a>> = "costToBeneficiary",
        subrogation: Option<bool> = "subrogation",
        contract: Vec<Reference<'a>> = "contract",
    }
}

element! {
    /// A part of a policy by which the payer knows it: group, plan and the like.
    CoverageClass {
        type_: Option<CodeableConcept<'a>> = "type",
        value: Option<Text<'a>> = "value",
        name: Option<Text<'a>> = "name",
    }
}

resource! {
    /// A bill sent to a payer.
    Claim {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        type_: Option<CodeableConcept<'a>> = "type",
        sub_type: Option<CodeableConcept<'a>> = "subType",
        use_: Option<Text<'a>> = "use",
        patient: Option<Reference<'a>> = "patient",
        billable_period: Option<Period<'a>> = "billablePeriod",
        created: Option<DateTime<'a>> = "created",
        enterer: Option<Reference<'a>> = "enterer",
        insurer: Option<Reference<'a>> = "insurer",
        provider: Option<Reference<'a>> = "provider",
        priority: Option<CodeableConcept<'a>> = "priority",
        prescription: Option<Reference<'a>> = "prescription",
        referral: Option<Reference<'a>> = "referral",
        facility: Option<Reference<'a>> = "facility",
        care_team: Vec<Raw<'a>> = "careTeam",
        supporting_info: Vec<SupportingInfo<'a>> = "supportingInfo",
        diagnosis: Vec<ClaimDiagnosis<'a>> = "diagnosis",
        procedure: Vec<ClaimProcedure<'a>> = "procedure",
        insurance: Vec<ClaimInsurance<'a>> = "insurance",
        item: Vec<ClaimItem<'a>> = "item",
        total: Option<Money<'a>> = "total",
    }
}

resource! {
    /// What a payer decided on a bill, and what it paid.
    ExplanationOfBenefit {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        type_: Option<CodeableConcept<'a>> = "type",
        sub_type: Option<CodeableConcept<'a>> = "subType",
        use_: Option<Text<'a>> = "use",
        patient: Option<Reference<'a>> = "patient",
        billable_period: Option<Period<'a>> = "billablePeriod",
        created: Option<DateTime<'a>> = "created",
        enterer: Option<Reference<'a>> = "enterer",
        insurer: Option<Reference<'a>> = "insurer",
        provider: Option<Reference<'a>> = "provider",
        priority: Option<CodeableConcept<'a>> = "priority",
        prescription: Option<Reference<'a>> = "prescription",
        referral: Option<Reference<'a>> = "referral",
        facility: Option<Reference<'a>> = "facility",
        claim: Option<Reference<'a>> = "claim",
        claim_response: Option<Reference<'a>> = "claimResponse",
        outcome: Option<Text<'a>> = "outcome",
        disposition: Option<Text<'a>> = "disposition",
        care_team: Vec<Raw<'a>> = "careTeam",
        supporting_info: Vec<SupportingInfo<'a>> = "supportingInfo",
        diagnosis: Vec<ClaimDiagnosis<'a>> = "diagnosis",
        procedure: Vec<ClaimProcedure<'a>> = "procedure",
        insurance: Vec<ClaimInsurance<'a>> = "insurance",
        item: Vec<ClaimItem<'a>> = "item",
        total: Vec<BenefitTotal<'a>> = "total",
        payment: Option<BenefitPayment<'a>> = "payment",
    }
}

element! {
    /// An amount of money.
    Money {
        value: Option<Decimal<'a>> = "value",
        currency: Option<Text<'a>> = "currency",
    }
}

element! {
    /// Something a bill rests on; its items name it by `sequence`.
    SupportingInfo {
        sequence: Option<u32> = "sequence",
        category: Option<CodeableConcept<'a>> = "category",
        code: Option<CodeableConcept<'a>> = "code",
        value_reference: Option<Reference<'a>> = "valueReference",
    }
}

element! {
    /// A diagnosis that a bill is for.
    ClaimDiagnosis {
        sequence: Option<u32> = "sequence",
        diagnosis: Option<BilledDiagnosis<'a>> = "diagnosis",
        type_: Vec<CodeableConcept<'a>> = "type",
    }
}

element! {
    /// A procedure that a bill is for; items name it by `sequence`.
    ClaimProcedure {
        sequence: Option<u32> = "sequence",
        type_: Vec<CodeableConcept<'a>> = "type",
        date: Option<DateTime<'a>> = "date",
        procedure: Option<BilledProcedure<'a>> = "procedure",
    }
}

choice! {
    /// A procedure, by its code or its record.
    BilledProcedure<'a> {
        CodeableConcept(CodeableConcept<'a>) = "procedureCodeableConcept",
        Reference(Reference<'a>) = "procedureReference",
    }
}

choice! {
    /// A diagnosis, by its code or its record.
    BilledDiagnosis<'a> {
        CodeableConcept(CodeableConcept<'a>) = "diagnosisCodeableConcept",
        Reference(Reference<'a>) = "diagnosisReference",
    }
}

element! {
    /// The coverage that a bill is sent under; `sequence` is of claims alone.
    ClaimInsurance {
        sequence: Option<u32> = "sequence",
        focal: Option<bool> = "focal",
        coverage: Option<Reference<'a>> = "coverage",
    }
}

element! {
    /// A line of a bill, or of the decision on it; `adjudication` is of decisions alone.
    ClaimItem {
        sequence: Option<u32> = "sequence",
        care_team_sequence: Vec<u32> = "careTeamSequence",
        diagnosis_sequence: Vec<u32> = "diagnosisSequence",
        procedure_sequence: Vec<u32> = "procedureSequence",
        information_sequence: Vec<u32> = "informationSequence",
        revenue: Option<CodeableConcept<'a>> = "revenue",
        category: Option<CodeableConcept<'a>> = "category",
        product_or_service: Option<CodeableConcept<'a>> = "productOrService",
        modifier: Vec<CodeableConcept<'a>> = "modifier",
        serviced: Option<Serviced<'a>> = "serviced",
        quantity: Option<Quantity<'a>> = "quantity",
        unit_price: Option<Money<'a>> = "unitPrice",
        net: Option<Money<'a>> = "net",
        encounter: Vec<Reference<'a>> = "encounter",
        adjudication: Vec<Adjudication<'a>> = "adjudication",
    }
}

choice! {
    /// When a service was given.
    Serviced<'a> {
        Date(PartialDate) = "servicedDate",
        Period(Box<Period<'a>>) = "servicedPeriod",
    }
}

element! {
    /// An amount that a payer decided on: submitted, eligible, copay, deductible, benefit.
    Adjudication {
        category: Option<CodeableConcept<'a>> = "category",
        reason: Option<CodeableConcept<'a>> = "reason",
        amount: Option<Money<'a>> = "amount",
        value: Option<Decimal<'a>> = "value",
    }
}

element! {
    /// The sum over all items of one category of amounts.
    BenefitTotal {
        category: Option<CodeableConcept<'a>> = "category",
        amount: Option<Money<'a>> = "amount",
    }
}

element! {
    /// A payment of a payer.
    BenefitPayment {
        type_: Option<CodeableConcept<'a>> = "type",
        adjustment: Option<Money<'a>> = "adjustment",
        adjustment_reason: Option<CodeableConcept<'a>> = "adjustmentReason",
        date: Option<PartialDate> = "date",
        amount: Option<Money<'a>> = "amount",
        identifier: Option<Identifier<'a>> = "identifier",
    }
}
