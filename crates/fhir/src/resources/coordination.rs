//! CareTeam, CarePlan, Goal, EpisodeOfCare and Provenance.

use crate::{
    Annotation, CodeableConcept, ContactPoint, DateTime, Identifier, Narrative, PartialDate, Period, Quantity, Range,
    Raw, Reference, Text,
};

resource! {
    /// Who takes part in a patient's care.
    CareTeam {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        category: Vec<CodeableConcept<'a>> = "category",
        name: Option<Text<'a>> = "name",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        period: Option<Period<'a>> = "period",
        participant: Vec<CareTeamParticipant<'a>> = "participant",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        managing_organization: Vec<Reference<'a>> = "managingOrganization",
        telecom: Vec<ContactPoint<'a>> = "telecom",
        note: Vec<Annotation<'a>> = "note",
    }
}

element! {
    /// A member of a team and what they do in it.
    CareTeamParticipant {
        role: Vec<CodeableConcept<'a>> = "role",
        member: Option<Reference<'a>> = "member",
        on_behalf_of: Option<Reference<'a>> = "onBehalfOf",
        period: Option<Period<'a>> = "period",
    }
}

resource! {
    /// What is intended for a patient's care.
    CarePlan {
        text: Option<Narrative<'a>> = "text",
        identifier: Vec<Identifier<'a>> = "identifier",
        instantiates_canonical: Vec<Text<'a>> = "instantiatesCanonical",
        instantiates_uri: Vec<Text<'a>> = "instantiatesUri",
        based_on: Vec<Reference<'a>> = "basedOn",
        replaces: Vec<Reference<'a>> = "replaces",
        part_of: Vec<Reference<'a>> = "partOf",
        status: Option<Text<'a>> = "status",
        intent: Option<Text<'a>> = "intent",
        category: Vec<CodeableConcept<'a>> = "category",
        title: Option<Text<'a>> = "title",
        description: Option<Text<'a>> = "description",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        period: Option<Period<'a>> = "period",
        created: Option<DateTime<'a>> = "created",
        author: Option<Reference<'a>> = "author",
        contributor: Vec<Reference<'a>> = "contributor",
        care_team: Vec<Reference<'a>> = "careTeam",
        addresses: Vec<Reference<'a>> = "addresses",
        supporting_info: Vec<Reference<'a>> = "supportingInfo",
        goal: Vec<Reference<'a>> = "goal",
        activity: Vec<CarePlanActivity<'a>> = "activity",
        note: Vec<Annotation<'a>> = "note",
    }
}

element! {
    /// Something a plan foresees.
    CarePlanActivity {
        outcome_codeable_concept: Vec<CodeableConcept<'a>> = "outcomeCodeableConcept",
        outcome_reference: Vec<Reference<'a>> = "outcomeReference",
        progress: Vec<Annotation<'a>> = "progress",
        reference: Option<Reference<'a>> = "reference",
        detail: Option<CarePlanDetail<'a>> = "detail",
    }
}

element! {
    /// An activity that no resource of its own describes. How it is scheduled and its product stay in `extra`.
    CarePlanDetail {
        kind: Option<Text<'a>> = "kind",
        code: Option<CodeableConcept<'a>> = "code",
        reason_code: Vec<CodeableConcept<'a>> = "reasonCode",
        reason_reference: Vec<Reference<'a>> = "reasonReference",
        goal: Vec<Reference<'a>> = "goal",
        status: Option<Text<'a>> = "status",
        status_reason: Option<CodeableConcept<'a>> = "statusReason",
        do_not_perform: Option<bool> = "doNotPerform",
        location: Option<Reference<'a>> = "location",
        performer: Vec<Reference<'a>> = "performer",
        description: Option<Text<'a>> = "description",
    }
}

resource! {
    /// What care is to achieve.
    Goal {
        identifier: Vec<Identifier<'a>> = "identifier",
        lifecycle_status: Option<Text<'a>> = "lifecycleStatus",
        achievement_status: Option<CodeableConcept<'a>> = "achievementStatus",
        category: Vec<CodeableConcept<'a>> = "category",
        priority: Option<CodeableConcept<'a>> = "priority",
        description: Option<CodeableConcept<'a>> = "description",
        subject: Option<Reference<'a>> = "subject",
        start: Option<GoalStart<'a>> = "start",
        target: Vec<GoalTarget<'a>> = "target",
        status_date: Option<PartialDate> = "statusDate",
        status_reason: Option<Text<'a>> = "statusReason",
        expressed_by: Option<Reference<'a>> = "expressedBy",
        addresses: Vec<Reference<'a>> = "addresses",
        note: Vec<Annotation<'a>> = "note",
        outcome_code: Vec<CodeableConcept<'a>> = "outcomeCode",
        outcome_reference: Vec<Reference<'a>> = "outcomeReference",
    }
}

choice! {
    /// When the pursuit of a goal begins.
    GoalStart<'a> {
        Date(PartialDate) = "startDate",
        CodeableConcept(CodeableConcept<'a>) = "startCodeableConcept",
    }
}

element! {
    /// What is to be reached by when.
    GoalTarget {
        measure: Option<CodeableConcept<'a>> = "measure",
        detail: Option<GoalDetail<'a>> = "detail",
        due: Option<GoalDue<'a>> = "due",
    }
}

choice! {
    /// The value to be reached.
    GoalDetail<'a> {
        Quantity(Quantity<'a>) = "detailQuantity",
        Range(Box<Range<'a>>) = "detailRange",
        CodeableConcept(CodeableConcept<'a>) = "detailCodeableConcept",
        String(Text<'a>) = "detailString",
        Boolean(bool) = "detailBoolean",
        Integer(i32) = "detailInteger",
        Ratio(Raw<'a>) = "detailRatio",
    }
}

choice! {
    /// By when it is to be reached.
    GoalDue<'a> {
        Date(PartialDate) = "dueDate",
        Duration(Quantity<'a>) = "dueDuration",
    }
}

resource! {
    /// A time in which an organization is responsible for a patient's care.
    EpisodeOfCare {
        identifier: Vec<Identifier<'a>> = "identifier",
        status: Option<Text<'a>> = "status",
        status_history: Vec<Raw<'a>> = "statusHistory",
        type_: Vec<CodeableConcept<'a>> = "type",
        diagnosis: Vec<EpisodeOfCareDiagnosis<'a>> = "diagnosis",
        patient: Option<Reference<'a>> = "patient",
        managing_organization: Option<Reference<'a>> = "managingOrganization",
        period: Option<Period<'a>> = "period",
        referral_request: Vec<Reference<'a>> = "referralRequest",
        care_manager: Option<Reference<'a>> = "careManager",
        team: Vec<Reference<'a>> = "team",
        account: Vec<Reference<'a>> = "account",
    }
}

element! {
    /// A condition that an episode of care is about.
    EpisodeOfCareDiagnosis {
        condition: Option<Reference<'a>> = "condition",
        role: Option<CodeableConcept<'a>> = "role",
        rank: Option<u32> = "rank",
    }
}

resource! {
    /// Who made a record, and who passed it on.
    Provenance {
        target: Vec<Reference<'a>> = "target",
        occurred: Option<Occurred<'a>> = "occurred",
        recorded: Option<DateTime<'a>> = "recorded",
        policy: Vec<Text<'a>> = "policy",
        location: Option<Reference<'a>> = "location",
        reason: Vec<CodeableConcept<'a>> = "reason",
        activity: Option<CodeableConcept<'a>> = "activity",
        agent: Vec<ProvenanceAgent<'a>> = "agent",
        entity: Vec<ProvenanceEntity<'a>> = "entity",
        signature: Vec<Raw<'a>> = "signature",
    }
}

choice! {
    /// When something recorded came about.
    Occurred<'a> {
        Period(Period<'a>) = "occurredPeriod",
        DateTime(DateTime<'a>) = "occurredDateTime",
    }
}

element! {
    /// Someone who took part in making a record.
    ProvenanceAgent {
        type_: Option<CodeableConcept<'a>> = "type",
        role: Vec<CodeableConcept<'a>> = "role",
        who: Option<Reference<'a>> = "who",
        on_behalf_of: Option<Reference<'a>> = "onBehalfOf",
    }
}

element! {
    /// What a record was made from.
    ProvenanceEntity {
        role: Option<Text<'a>> = "role",
        what: Option<Reference<'a>> = "what",
        agent: Vec<ProvenanceAgent<'a>> = "agent",
    }
}
