//! What is read is written: on real Synthea output of five vintages, and on resources made up at random.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests stop where something is wrong and say what they skip"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use twinlake_fhir::ndjson::{self, Compression};
use twinlake_fhir::{FhirError, Header, Patient, Resource, bundle};

/// The folder of public Synthea samples, when it is there.
fn sample() -> Option<PathBuf> {
    let specs = std::env::var_os("TWINLAKE_SPECS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let sample = specs.join("synthea-sample");
    sample.is_dir().then_some(sample)
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn assert_round_trip(text: &str, place: &str) -> String {
    let resource = Resource::from_json(text).unwrap_or_else(|error| panic!("{place}: {error}"));
    let written = resource.to_json();
    let before: Value = serde_json::from_str(text).unwrap();
    let after: Value = serde_json::from_str(&written).unwrap();
    assert_eq!(before, after, "{place}");
    assert_eq!(digits(text), digits(&written), "{place}");
    assert_eq!(Resource::from_json(&written).unwrap().to_json(), written, "{place}");
    resource.resource_type().to_owned()
}

/// The numbers of a JSON text as they are written, sorted; `Value` would compare them as floats.
fn digits(text: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    let (mut in_string, mut escaped, mut start) = (false, false, None);
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else if byte == b'"' {
            in_string = true;
        } else if byte == b'-' || byte.is_ascii_digit() {
            start.get_or_insert(at);
        } else if !matches!(byte, b'.' | b'e' | b'E' | b'+')
            && let Some(start) = start.take()
        {
            numbers.push(&text[start..at]);
        }
    }
    numbers.sort_unstable();
    numbers
}

#[test]
fn synthea_samples_lose_nothing() {
    let Some(sample) = sample() else {
        eprintln!("skipped: no synthea-sample in $TWINLAKE_SPECS or ../shared");
        return;
    };
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for path in files(&sample, "json") {
        let mut entries = bundle::Reader::new(ndjson::open(File::open(&path).unwrap(), Compression::None).unwrap());
        while let Some(entry) = entries.next_entry().unwrap() {
            let place = format!("{}:{}", path.display(), entry.resource_line);
            *counts.entry(assert_round_trip(entry.resource.unwrap(), &place)).or_default() += 1;
        }
    }
    for path in files(&sample, "ndjson") {
        let mut lines = ndjson::Reader::new(ndjson::open(File::open(&path).unwrap(), Compression::None).unwrap());
        while let Some(line) = lines.next_line().unwrap() {
            let place = format!("{}:{}", path.display(), line.number);
            *counts.entry(assert_round_trip(line.text, &place)).or_default() += 1;
        }
    }
    for resource_type in Resource::TYPES.iter().filter(|name| !OF_OUR_OWN.iter().any(|(own, _)| *own == **name)) {
        assert!(counts.contains_key(*resource_type), "no {resource_type} was met");
    }
    assert!(counts["Claim"] > 100 && counts["Observation"] > 1000, "{counts:?}");
}

/// Types that the samples do not have: an example each, with every element that the type has.
const OF_OUR_OWN: &[(&str, &str)] = &[
    (
        "MedicationStatement",
        r#"{"resourceType":"MedicationStatement","id":"m","identifier":[{"value":"1"}],"basedOn":[{"reference":"MedicationRequest/r"}],
        "partOf":[{"reference":"Procedure/x"}],"status":"active","statusReason":[{"text":"s"}],
        "category":{"coding":[{"code":"community"}]},"medicationCodeableConcept":{"text":"t"},
        "subject":{"reference":"Patient/p"},"context":{"reference":"Encounter/e"},
        "effectivePeriod":{"start":"2020-01","end":"2020-03-01"},"dateAsserted":"2020-03-02",
        "informationSource":{"reference":"Patient/p"},"derivedFrom":[{"reference":"Observation/o"}],
        "reasonCode":[{"text":"r"}],"reasonReference":[{"reference":"Condition/c"}],"note":[{"text":"n"}],
        "dosage":[{"text":"one a day","timing":{"repeat":{"frequency":1}}}],"text":{"status":"empty"}}"#,
    ),
    (
        "DeviceUseStatement",
        r#"{"resourceType":"DeviceUseStatement","id":"d","identifier":[{"value":"1"}],"basedOn":[{"reference":"ServiceRequest/r"}],
        "status":"active","subject":{"reference":"Patient/p"},"derivedFrom":[{"reference":"Procedure/x"}],
        "timingDateTime":"2020-01-01","recordedOn":"2020-01-02T10:00:00Z","source":{"reference":"Patient/p"},
        "device":{"reference":"Device/v"},"reasonCode":[{"text":"r"}],"reasonReference":[{"reference":"Condition/c"}],
        "bodySite":{"text":"knee"},"note":[{"text":"n"}],"text":{"status":"empty"}}"#,
    ),
    (
        "Composition",
        r#"{"resourceType":"Composition","id":"c","identifier":{"value":"1"},"status":"final","type":{"text":"t"},
        "category":[{"text":"c"}],"subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e"},
        "date":"2020-01-01T10:00:00Z","author":[{"reference":"Practitioner/d"}],"title":"A letter","confidentiality":"N",
        "attester":[{"mode":"legal","time":"2020-01-01","party":{"reference":"Practitioner/d"}}],
        "custodian":{"reference":"Organization/o"},"relatesTo":[{"code":"replaces","targetIdentifier":{"value":"2"}}],
        "event":[{"code":[{"text":"e"}],"period":{"start":"2020"},"detail":[{"reference":"Procedure/x"}]}],
        "section":[{"title":"T","code":{"text":"s"},"author":[{"reference":"Practitioner/d"}],
        "focus":{"reference":"Patient/p"},"text":{"status":"generated","div":"<div>x</div>"},"mode":"working",
        "orderedBy":{"text":"o"},"entry":[{"reference":"Condition/c"}],"section":[{"emptyReason":{"text":"none"}}]}]}"#,
    ),
    (
        "SupplyDelivery",
        r#"{"resourceType":"SupplyDelivery","id":"s","identifier":[{"value":"1"}],"basedOn":[{"reference":"SupplyRequest/r"}],
        "partOf":[{"reference":"Contract/c"}],"status":"completed","patient":{"reference":"Patient/p"},
        "type":{"coding":[{"code":"device"}]},"suppliedItem":{"quantity":{"value":2.0,"unit":"box"},
        "itemCodeableConcept":{"text":"strips"},"id":"1"},"occurrenceDateTime":"2020-01-01T10:00:00-05:00",
        "supplier":{"reference":"Organization/o"},"destination":{"reference":"Location/l"},
        "receiver":[{"reference":"Practitioner/d"}],"text":{"status":"empty"}}"#,
    ),
    (
        "Medication",
        r#"{"resourceType":"Medication","id":"m","identifier":[{"value":"1"}],"code":{"text":"t"},"status":"active",
        "manufacturer":{"reference":"Organization/o"},"form":{"text":"f"},"amount":{"numerator":{"value":1.0}},
        "ingredient":[{"itemCodeableConcept":{"text":"i"},"isActive":true,"strength":{"numerator":{"value":5}}},
        {"itemReference":{"reference":"Substance/s"},"id":"2"}],"batch":{"lotNumber":"L","expirationDate":"2023-01",
        "extension":[{"url":"u"}]},"text":{"status":"empty"}}"#,
    ),
    (
        "MedicationDispense",
        r#"{"resourceType":"MedicationDispense","id":"d","status":"completed",
        "medicationReference":{"reference":"Medication/m"},"subject":{"reference":"Patient/p"},
        "performer":[{"actor":{"reference":"Organization/o"},"id":"1"}],
        "authorizingPrescription":[{"reference":"MedicationRequest/r"}],"daysSupply":{"value":30.0,"code":"d"},
        "whenHandedOver":"2020-01-01T10:00:00-05:00","substitution":{"wasSubstituted":false},"text":{"status":"empty"}}"#,
    ),
    (
        "Coverage",
        r#"{"resourceType":"Coverage","id":"c","status":"active","subscriberId":"7","beneficiary":{"reference":"Patient/p"},
        "relationship":{"coding":[{"code":"self"}]},"period":{"start":"2020-01-01"},
        "payor":[{"reference":"Organization/o"}],
        "class":[{"type":{"text":"plan"},"value":"gold","name":"Gold","extension":[{"url":"u"}]}],"order":1,
        "costToBeneficiary":[{"valueMoney":{"value":20.00,"currency":"USD"}}],"text":{"status":"empty"}}"#,
    ),
    (
        "QuestionnaireResponse",
        r#"{"resourceType":"QuestionnaireResponse","id":"q","identifier":{"value":"1"},"basedOn":[{"reference":"CarePlan/c"}],
        "partOf":[{"reference":"Procedure/p"}],"questionnaire":"http://loinc.org/q/44249-1","status":"completed",
        "subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e"},"authored":"2020-01-01T10:00:00Z",
        "author":{"reference":"Patient/p"},"source":{"reference":"Patient/p"},
        "item":[{"linkId":"1","definition":"d","text":"t","answer":[{"valueCoding":{"code":"a"},
        "item":[{"linkId":"1.1","answer":[{"valueDecimal":1.50},{"valueDate":"2020-01"}]}]}],"item":[{"linkId":"2"}]}]}"#,
    ),
    (
        "ServiceRequest",
        r#"{"resourceType":"ServiceRequest","id":"r1","identifier":[{"value":"1"}],"instantiatesCanonical":["x"],
            "instantiatesUri":["y"],"basedOn":[{"reference":"CarePlan/c"}],"replaces":[{"reference":"ServiceRequest/r0"}],
            "requisition":{"value":"2"},"status":"active","intent":"order","category":[{"text":"x"}],
            "priority":"routine","doNotPerform":true,"code":{"text":"x"},"orderDetail":[{"text":"x"}],
            "quantityQuantity":{"value":1.50},"subject":{"reference":"Patient/p1"},
            "encounter":{"reference":"Encounter/e1"},"occurrencePeriod":{"start":"2020","end":"2021"},
            "asNeededBoolean":true,"authoredOn":"2020-01-01","requester":{"reference":"Practitioner/d1"},
            "performerType":{"text":"x"},"performer":[{"reference":"Organization/o1"}],"locationCode":[{"text":"x"}],
            "locationReference":[{"reference":"Location/l1"}],"reasonCode":[{"text":"x"}],
            "reasonReference":[{"reference":"Condition/c1"}],"insurance":[{"reference":"Coverage/c1"}],
            "supportingInfo":[{"reference":"Observation/o1"}],"specimen":[{"reference":"Specimen/s1"}],
            "bodySite":[{"text":"arm"}],"note":[{"text":"x"}],"patientInstruction":"x",
            "relevantHistory":[{"reference":"Provenance/p1"}],"made_up":{"a":[1]}}"#,
    ),
    (
        "Device",
        r#"{"resourceType":"Device","id":"d1","identifier":[{"value":"1"}],"definition":{"display":"x"},
        "udiCarrier":[{"deviceIdentifier":"TL1","issuer":"http://example.org","jurisdiction":"http://example.org/us",
            "carrierAIDC":"AAAA","carrierHRF":"TL1/2","entryType":"barcode"}],"status":"active",
        "statusReason":[{"text":"on"}],"distinctIdentifier":"3","manufacturer":"x","manufactureDate":"2020-01",
        "expirationDate":"2022-01-01T00:00:00Z","lotNumber":"4","serialNumber":"5",
        "deviceName":[{"name":"x","type":"model-name"}],"modelNumber":"6","partNumber":"7","type":{"text":"stent"},
        "specialization":[{"systemType":{"text":"x"},"version":"1"}],
        "version":[{"type":{"text":"x"},"component":{"value":"8"},"value":"2"}],
        "property":[{"type":{"text":"length"},"valueQuantity":[{"value":18.0,"code":"mm"}],"valueCode":[{"text":"x"}]}],
        "patient":{"reference":"Patient/p1"},"owner":{"reference":"Organization/o1"},
        "contact":[{"system":"phone","value":"9"}],"location":{"reference":"Location/l1"},"url":"http://example.org",
        "note":[{"text":"x"}],"safety":[{"text":"x"}],"parent":{"reference":"Device/d0"},"made_up":{"a":[1]}}"#,
    ),
    (
        "ImagingStudy",
        r#"{"resourceType":"ImagingStudy","id":"i1","identifier":[{"value":"urn:oid:2.25.1"}],"status":"available",
        "modality":[{"code":"CR"}],"subject":{"reference":"Patient/p1"},"encounter":{"reference":"Encounter/e1"},
        "started":"2020-01-01T10:00:00Z","basedOn":[{"reference":"ServiceRequest/r1"}],
        "referrer":{"reference":"Practitioner/d1"},"interpreter":[{"reference":"Practitioner/d2"}],
        "endpoint":[{"reference":"Endpoint/e1"}],"numberOfSeries":1,"numberOfInstances":2,
        "procedureReference":{"reference":"Procedure/p1"},"procedureCode":[{"text":"x"}],
        "location":{"reference":"Location/l1"},"reasonCode":[{"text":"x"}],
        "reasonReference":[{"reference":"Condition/c1"}],"note":[{"text":"x"}],"description":"x",
        "series":[{"uid":"2.25.2","number":1,"modality":{"code":"CR"},"description":"x","numberOfInstances":2,
            "endpoint":[{"reference":"Endpoint/e1"}],"bodySite":{"code":"x"},"laterality":{"code":"y"},
            "specimen":[{"reference":"Specimen/s1"}],"started":"2020-01-01",
            "performer":[{"function":{"text":"x"},"actor":{"reference":"Practitioner/d1"}}],
            "instance":[{"uid":"2.25.3","sopClass":{"code":"urn:oid:1"},"number":1,"title":"x"}]}],
        "made_up":{"a":[1]}}"#,
    ),
    (
        "MedicationAdministration",
        r#"{"resourceType":"MedicationAdministration","id":"a1","identifier":[{"value":"1"}],"instantiates":["x"],
        "partOf":[{"reference":"Procedure/p1"}],"status":"completed","statusReason":[{"text":"x"}],
        "category":{"text":"inpatient"},"medicationReference":{"reference":"Medication/m1"},
        "subject":{"reference":"Patient/p1"},"context":{"reference":"Encounter/e1"},
        "supportingInformation":[{"reference":"Observation/o1"}],
        "effectivePeriod":{"start":"2020-01-01T10:00:00Z","end":"2020-01-01T10:30:00Z"},
        "performer":[{"function":{"text":"x"},"actor":{"reference":"Practitioner/d1"}}],"reasonCode":[{"text":"x"}],
        "reasonReference":[{"reference":"Condition/c1"}],"request":{"reference":"MedicationRequest/r1"},
        "device":[{"reference":"Device/d1"}],"note":[{"text":"x"}],
        "dosage":{"text":"x","site":{"text":"arm"},"route":{"text":"vein"},"method":{"text":"slowly"},
            "dose":{"value":1.50,"code":"g"},"rateQuantity":{"value":2.0,"code":"mL/min"}},
        "eventHistory":[{"reference":"Provenance/p1"}],"made_up":{"a":[1]}}"#,
    ),
    (
        "Specimen",
        r#"{"resourceType":"Specimen","id":"s1","identifier":[{"value":"1"}],"accessionIdentifier":{"value":"2"},
        "status":"available","type":{"text":"Blood"},"subject":{"reference":"Patient/p1"},
        "receivedTime":"2020-01-01T10:00:00Z","parent":[{"reference":"Specimen/s0"}],
        "request":[{"reference":"ServiceRequest/r1"}],
        "collection":{"collector":{"reference":"Practitioner/d1"},
            "collectedPeriod":{"start":"2020-01-01","end":"2020-01-02"},"duration":{"value":1.50,"code":"min"},
            "quantity":{"value":7.0,"code":"mL"},"method":{"text":"x"},"bodySite":{"text":"arm"},
            "fastingStatusDuration":{"value":8,"code":"h"}},
        "processing":[{"description":"x","procedure":{"text":"x"},"additive":[{"display":"x"}],"timeDateTime":"2020"}],
        "container":[{"identifier":[{"value":"3"}],"description":"x","type":{"text":"x"},"capacity":{"value":9},
            "specimenQuantity":{"value":7.10},"additiveReference":{"display":"x"}}],
        "condition":[{"text":"x"}],"note":[{"text":"x"}],"made_up":{"a":[1]}}"#,
    ),
    (
        "RelatedPerson",
        r#"{"resourceType":"RelatedPerson","id":"r","active":true,"patient":{"reference":"Patient/p"},
        "relationship":[{"coding":[{"code":"MTH"}]}],"name":[{"family":"Doe"}],"birthDate":"1970","period":{"start":"2020"},"communication":[{"preferred":true}],"photo":[{"url":"x"}]}"#,
    ),
    (
        "Goal",
        r#"{"resourceType":"Goal","id":"g","lifecycleStatus":"active","description":{"text":"less"},
        "startDate":"2020-01-02","target":[{"measure":{"text":"m"},"detailQuantity":{"value":7.0},"dueDate":"2020-07"},{"detailRatio":{"numerator":{"value":1}},"dueDuration":{"value":3}}],"statusDate":"2020-01","text":{"status":"empty"}}"#,
    ),
    (
        "EpisodeOfCare",
        r#"{"resourceType":"EpisodeOfCare","id":"e","status":"active","statusHistory":[{"status":"planned"}],"diagnosis":[{"condition":{"reference":"Condition/c"},
        "rank":1}],"period":{"start":"2020"}}"#,
    ),
];

#[test]
fn types_that_no_sample_has_lose_nothing() {
    for (resource_type, text) in OF_OUR_OWN {
        assert_eq!(assert_round_trip(text, resource_type), *resource_type);
        let written = Resource::from_json(text).unwrap().to_json();
        // Elements that the type knows stand before those that it only keeps.
        assert!(!written.contains("made_up") || written.ends_with(r#""made_up":{"a":[1]}}"#), "{written}");
    }
}

#[test]
fn references_of_synthea_samples_resolve() {
    let Some(sample) = sample() else {
        eprintln!("skipped: no synthea-sample in $TWINLAKE_SPECS or ../shared");
        return;
    };
    // In synthea-2023 the conditional references point at Bundles that were not published.
    for (folder, all) in [
        ("synthea-2019-05", true),
        ("synthea-2020-08", true),
        ("synthea-2021-10", true),
        ("synthea-collection", true),
        ("synthea-2023", false),
    ] {
        let paths = files(&sample.join(folder), "json");
        let open =
            |path: &PathBuf| bundle::Reader::new(ndjson::open(File::open(path).unwrap(), Compression::None).unwrap());
        let mut references = bundle::References::default();
        for (number, path) in paths.iter().enumerate() {
            let mut entries = open(path);
            while let Some(entry) = entries.next_entry().unwrap() {
                let header = Header::read(entry.resource.unwrap()).unwrap();
                let id = header.id.clone().unwrap();
                references.learn(number as u64, entry.full_url.as_deref(), &header, &id);
            }
        }
        let mut n_unresolved = 0;
        for (number, path) in paths.iter().enumerate() {
            let mut entries = open(path);
            while let Some(entry) = entries.next_entry().unwrap() {
                let resolved = bundle::resolve(entry.resource.unwrap(), None, number as u64, &references).unwrap();
                assert!(!resolved.text.contains("\"reference\":\"urn:uuid:"), "{}", path.display());
                assert!(!resolved.text.contains('\n'));
                n_unresolved += resolved.n_unresolved;
            }
        }
        assert_eq!(n_unresolved == 0, all, "{folder}: {n_unresolved}");
    }
}

/// JSON strings that FHIR allows, escapes and all.
fn text() -> impl Strategy<Value = Value> {
    "[ -~äß\u{2028}😀\\\\\"\t\n]{1,12}".prop_map(Value::from)
}

fn extra() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![text(), any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn coding() -> impl Strategy<Value = Value> {
    (text(), text(), prop::option::of(text()), prop::option::of(extra())).prop_map(
        |(system, code, display, unknown)| {
            let mut coding = serde_json::json!({"system": system, "code": code});
            coding.as_object_mut().unwrap().extend(display.map(|display| ("display".to_owned(), display)));
            coding.as_object_mut().unwrap().extend(unknown.map(|unknown| ("_code".to_owned(), unknown)));
            coding
        },
    )
}

fn date_time() -> impl Strategy<Value = Value> {
    (1900..2100, 1..13, 1..29, 0..24, 0..60, 0..1000, -14..15, 0..4).prop_map(
        |(year, month, day, hour, minute, milli, offset, form)| {
            let sign = if offset < 0 { '-' } else { '+' };
            Value::from(match form {
                0 => format!("{year}"),
                1 => format!("{year}-{month:02}"),
                2 => format!("{year}-{month:02}-{day:02}"),
                _ => format!(
                    "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:07.{milli:03}{sign}{:02}:30",
                    i32::abs(offset).min(13)
                ),
            })
        },
    )
}

fn value() -> impl Strategy<Value = (String, Value)> {
    prop_oneof![
        coding().prop_map(|coding| ("valueCodeableConcept".to_owned(), serde_json::json!({"coding": [coding]}))),
        (any::<i32>(), text()).prop_map(|(number, unit)| {
            ("valueQuantity".to_owned(), serde_json::json!({"value": f64::from(number) / 100.0, "unit": unit}))
        }),
        text().prop_map(|text| ("valueString".to_owned(), text)),
        any::<bool>().prop_map(|value| ("valueBoolean".to_owned(), Value::from(value))),
        date_time().prop_map(|value| ("valueDateTime".to_owned(), value)),
        extra().prop_map(|value| ("valueSampledData".to_owned(), value)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_observation_made_up_at_random_loses_nothing(
        id in "[A-Za-z0-9.-]{1,20}",
        codings in prop::collection::vec(coding(), 1..4),
        value in prop::option::of(value()),
        components in prop::collection::vec((coding(), value()), 0..3),
        effective in date_time(),
        unknown in prop::collection::btree_map("[a-z]{1,3}_[a-z]{1,3}", extra(), 0..4),
    ) {
        let mut resource = serde_json::json!({
            "resourceType": "Observation", "id": id, "code": {"coding": codings}, "effectiveDateTime": effective,
        });
        let object = resource.as_object_mut().unwrap();
        object.extend(value);
        object.extend(unknown);
        let components: Vec<Value> = components
            .into_iter()
            .map(|(code, (key, value))| serde_json::json!({"code": {"coding": [code]}, key: value}))
            .collect();
        if !components.is_empty() {
            object.insert("component".to_owned(), Value::from(components));
        }
        assert_round_trip(&serde_json::to_string_pretty(&resource).unwrap(), "made up");
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,60}", cut in 0usize..200) {
        let _ = Resource::from_json(&text);
        let whole = r#"{"resourceType":"Patient","name":[{"given":["a\u00e9"]}],"deceasedDateTime":"2020-01-01T00:00:00Z","x":[1.50]}"#;
        if let Some(part) = whole.get(..cut.min(whole.len() - 1)) {
            let truncated = matches!(Resource::from_json(part), Err(FhirError::Truncated { .. }));
            prop_assert!(truncated);
        }
    }
}

#[test]
fn a_resource_can_be_kept_longer_than_its_text() {
    let patient: Patient<'static> = {
        let text = String::from(r#"{"resourceType":"Patient","id":"p1"}"#);
        let read: Patient<'_> = serde_json::from_str(&text).unwrap();
        Patient { id: read.id.map(twinlake_fhir::Text::into_owned), ..Patient::default() }
    };
    assert_eq!(patient.id.unwrap(), "p1");
}
