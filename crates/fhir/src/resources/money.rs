//! Coverage.

use crate::{CodeableConcept, Identifier, Period, Raw, Reference, Text};

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
