//! Resources gathered in Bundles.

use std::collections::BTreeSet;

use twinlake_fhir::Resource;

use crate::sink::FhirFormat;

/// Where resources would be served: the base of full URLs.
pub(crate) const SERVER: &str = "https://twinlake.example/fhir";

/// The Bundle under way; after its end, the next.
pub(crate) struct BundleWriter {
    is_transaction: bool,
    entries: Vec<Entry>,
    /// The resources' JSON, one after the other.
    resources: Vec<u8>,
}

struct Entry {
    resource_type: &'static str,
    id: String,
    /// Where the resource's JSON ends.
    end: usize,
}

impl BundleWriter {
    /// Begins a Bundle; none for a format without Bundles.
    pub(crate) fn new(format: FhirFormat) -> Option<Self> {
        let is_transaction = match format {
            FhirFormat::Ndjson => return None,
            FhirFormat::Collection => false,
            FhirFormat::Transaction => true,
        };
        Some(Self { is_transaction, entries: Vec::new(), resources: Vec::new() })
    }

    pub(crate) fn push(&mut self, resource_type: &'static str, resource: &Resource<'_>) {
        resource.write_json(&mut self.resources);
        let id = resource.id().unwrap_or_default().to_owned();
        self.entries.push(Entry { resource_type, id, end: self.resources.len() });
    }

    /// Ends the Bundle: its JSON, and how many resources it holds.
    ///
    /// In a collection, a full URL is a RESTful one, against which the literal references are resolved. In a
    /// transaction, it is `urn:uuid:` with the id, and so is each reference to a resource of the Bundle; each resource is
    /// `PUT` under its id, so that it keeps it, a second loading changes nothing, and the literal references to what
    /// patients share resolve.
    pub(crate) fn finish(&mut self, name: &str) -> (Vec<u8>, u64) {
        let entries = std::mem::take(&mut self.entries);
        let kind = if self.is_transaction { "transaction" } else { "collection" };
        let mut bytes =
            format!("{{\"resourceType\":\"Bundle\",\"id\":\"{name}\",\"type\":\"{kind}\",\"entry\":[").into_bytes();
        bytes.reserve(self.resources.len() + 256 * entries.len());
        let here: BTreeSet<(&str, &str)> =
            entries.iter().map(|entry| (entry.resource_type, entry.id.as_str())).collect();
        let mut start = 0;
        for (number, Entry { resource_type, id, end }) in entries.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            let json = &self.resources[start..*end];
            start = *end;
            if self.is_transaction {
                let head = format!("{separator}\n{{\"fullUrl\":\"urn:uuid:{id}\",\"resource\":");
                bytes.extend_from_slice(head.as_bytes());
                let json = std::str::from_utf8(json).expect("JSON is written as UTF-8");
                write_with_full_urls(json, &here, &mut bytes);
                let request = format!(",\"request\":{{\"method\":\"PUT\",\"url\":\"{resource_type}/{id}\"}}}}");
                bytes.extend_from_slice(request.as_bytes());
            } else {
                let head = format!("{separator}\n{{\"fullUrl\":\"{SERVER}/{resource_type}/{id}\",\"resource\":");
                bytes.extend_from_slice(head.as_bytes());
                bytes.extend_from_slice(json);
                bytes.push(b'}');
            }
        }
        bytes.extend_from_slice(b"\n]}\n");
        self.resources.clear();
        (bytes, entries.len() as u64)
    }
}

/// Writes a resource's JSON with each reference to one of `here` as `urn:uuid:` and its id.
///
/// Inside a text the quotes would be escaped, so that this finds references only.
fn write_with_full_urls(json: &str, here: &BTreeSet<(&str, &str)>, bytes: &mut Vec<u8>) {
    const KEY: &str = "\"reference\":\"";
    let mut rest = json;
    while let Some(at) = rest.find(KEY) {
        let (before, reference) = rest.split_at(at + KEY.len());
        bytes.extend_from_slice(before.as_bytes());
        let literal = &reference[..reference.find('"').unwrap_or(reference.len())];
        match literal.split_once('/') {
            Some((resource_type, id)) if here.contains(&(resource_type, id)) => {
                bytes.extend_from_slice(b"urn:uuid:");
                bytes.extend_from_slice(id.as_bytes());
            }
            _ => bytes.extend_from_slice(literal.as_bytes()),
        }
        rest = &reference[literal.len()..];
    }
    bytes.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_within_a_transaction_are_full_urls() {
        let texts = [
            r#"{"resourceType":"Patient","id":"p"}"#,
            r#"{"resourceType":"Encounter","id":"e","text":{"div":"\"reference\":\"Patient/p\""},"subject":{"reference":"Patient/p"},"serviceProvider":{"reference":"Organization/o"}}"#,
        ];
        let mut bundle = BundleWriter::new(FhirFormat::Transaction).unwrap();
        for (resource_type, text) in ["Patient", "Encounter"].into_iter().zip(texts) {
            bundle.push(resource_type, &Resource::from_json(text).unwrap());
        }
        let (bytes, n_resources) = bundle.finish("p");
        let bundle: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(n_resources, 2);
        let entry = &bundle["entry"][1];
        assert_eq!(entry["fullUrl"], "urn:uuid:e");
        assert_eq!(entry["request"]["url"], "Encounter/e");
        assert_eq!(entry["resource"]["subject"]["reference"], "urn:uuid:p");
        assert_eq!(entry["resource"]["serviceProvider"]["reference"], "Organization/o");
        assert_eq!(entry["resource"]["text"]["div"], "\"reference\":\"Patient/p\"");
    }
}
