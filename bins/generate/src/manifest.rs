//! `manifest.json` of the Bulk Data Access guide 2.0, beside the NDJSON.

use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

use crate::bundle::SERVER;

/// What a manifest says of the export, beside its files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// The day that the charts end.
    pub as_of: NaiveDate,
    /// Where the files will be served, without a slash at its end; the files' names alone without it, to be resolved
    /// against the manifest's own place.
    pub files_url: Option<String>,
}

/// A file of an export.
pub(crate) struct OutputFile<'a> {
    pub(crate) resource_type: &'a str,
    pub(crate) name: String,
    pub(crate) n_resources: u64,
}

impl Manifest {
    /// The manifest of some files; the same files give the same manifest, whatever the clock.
    pub(crate) fn of<'a>(&self, files: impl IntoIterator<Item = OutputFile<'a>>) -> Value {
        let url = |name: &str| self.files_url.as_ref().map_or_else(|| name.to_owned(), |base| format!("{base}/{name}"));
        let output: Vec<Value> = files
            .into_iter()
            .map(|file| json!({"type": file.resource_type, "url": url(&file.name), "count": file.n_resources}))
            .collect();
        json!({
            "transactionTime": transaction_time(self.as_of),
            "request": format!("{SERVER}/$export"),
            "requiresAccessToken": false,
            "output": output,
            "error": [],
        })
    }
}

/// The instant at which that day has ended everywhere: no resource was changed later.
fn transaction_time(as_of: NaiveDate) -> String {
    format!("{}T12:00:00Z", as_of.checked_add_days(Days::new(1)).unwrap_or(as_of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_lists_files_where_they_are_served() {
        let as_of = NaiveDate::from_ymd_opt(2024, 12, 31).unwrap();
        let file = || [OutputFile { resource_type: "Patient", name: "Patient.ndjson".to_owned(), n_resources: 3 }];
        let manifest = Manifest { as_of, files_url: None }.of(file());
        assert_eq!(manifest["transactionTime"], "2025-01-01T12:00:00Z");
        assert_eq!(manifest["output"], json!([{"type": "Patient", "url": "Patient.ndjson", "count": 3}]));
        let manifest = Manifest { as_of, files_url: Some("https://files.example/x".to_owned()) }.of(file());
        assert_eq!(manifest["output"][0]["url"], "https://files.example/x/Patient.ndjson");
    }
}
