//! `ServiceRequest`.

use twinlake_fhir::{RequestOccurrence, ServiceRequest, Text};

use super::{Chart, coded};
use crate::render::codes::Code;
use crate::timeline::{Request, RequestCategory};

const PROFILE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-servicerequest";
const SNOMED: &str = "http://snomed.info/sct";

pub(super) fn request<'a>(chart: &'a Chart<'_>, request: &Request) -> ServiceRequest<'a> {
    let encounter = &chart.timeline.encounters[request.encounter];
    ServiceRequest {
        id: Some(chart.id(request.event)),
        meta: Some(chart.meta(request.done, request.encounter, &[PROFILE])),
        status: Some(Text::from("completed")),
        intent: Some(Text::from("order")),
        category: vec![coded(SNOMED, category(request.category))],
        code: Some(chart.concept(request.concept)),
        subject: Some(chart.subject()),
        encounter: Some(chart.encounter(request.encounter)),
        occurrence: Some(RequestOccurrence::DateTime(chart.at(request.done))),
        authored_on: Some(chart.at(request.authored)),
        requester: Some(chart.practitioner(encounter.practitioner)),
        reason_code: chart.concepts(request.reason),
        ..ServiceRequest::default()
    }
}

/// Codes of US Core's categories of requests, in our words.
const fn category(category: RequestCategory) -> Code {
    match category {
        RequestCategory::Laboratory => Code { code: "108252007", display: "Laboratory" },
        RequestCategory::Imaging => Code { code: "363679005", display: "Imaging" },
        RequestCategory::Surgical => Code { code: "387713003", display: "Surgery" },
        RequestCategory::Evaluation => Code { code: "386053000", display: "Evaluation" },
        RequestCategory::Counselling => Code { code: "409063005", display: "Counselling" },
    }
}
