//! Coverage.

use twinlake_fhir::{Coding, Coverage, CoverageClass, Identifier, Period, Text};

use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline::{self, Relationship};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-coverage";
const PAYMENT_TYPOLOGY: &str = "https://nahdo.org/sopt";
const RELATIONSHIP: &str = "http://terminology.hl7.org/CodeSystem/subscriber-relationship";
const CLASS: &str = "http://terminology.hl7.org/CodeSystem/coverage-class";
const MEMBER_NUMBER: Code = Code { code: "MB", display: "Member Number" };
const GROUP: Code = Code { code: "group", display: "Group" };
const PLAN: Code = Code { code: "plan", display: "Plan" };

pub(super) fn coverage<'a>(chart: &'a Chart<'_>, coverage: &'a timeline::Coverage) -> Coverage<'a> {
    let payer = &chart.context.pack.payers.payer[coverage.payer];
    let class = |kind: Code, value: &'a str, name: String| CoverageClass {
        type_: Some(coded(CLASS, kind)),
        value: Some(Text::from(value)),
        name: Some(Text::from(name)),
        ..CoverageClass::default()
    };
    let group = coverage.group.as_deref().map(|group| class(GROUP, group, format!("Group {group}")));
    Coverage {
        id: Some(chart.id(coverage.event)),
        meta: Some(chart.meta_of(&chart.history_of_coverage(coverage), &[PROFILE])),
        identifier: vec![Identifier {
            type_: Some(coded("http://terminology.hl7.org/CodeSystem/v2-0203", MEMBER_NUMBER)),
            system: Some(Text::from("https://twinlake.example/member")),
            value: Some(Text::from(coverage.member.as_str())),
            ..Identifier::default()
        }],
        status: Some(Text::from(if coverage.end.is_some() { "cancelled" } else { "active" })),
        type_: Some(Coding::displayed(PAYMENT_TYPOLOGY, payer.type_.0, payer.type_display.0).into()),
        subscriber: (coverage.relationship == Relationship::Itself).then(|| chart.subject()),
        subscriber_id: Some(Text::from(coverage.subscriber.as_str())),
        beneficiary: Some(chart.subject()),
        relationship: Some(coded(
            RELATIONSHIP,
            match coverage.relationship {
                Relationship::Itself => Code { code: "self", display: "Self" },
                Relationship::Spouse => Code { code: "spouse", display: "Spouse" },
                Relationship::Child => Code { code: "child", display: "Child" },
            },
        )),
        period: Some(Period {
            start: Some(coverage.start.into()),
            end: coverage.end.map(Into::into),
            ..Period::default()
        }),
        payor: vec![chart.payer(coverage.payer)],
        class: group.into_iter().chain([class(PLAN, payer.plan.0, payer.plan_name.to_string())]).collect(),
        ..Coverage::default()
    }
}
