//! A resource as far as ingest must know it.

use sha2::{Digest, Sha256};
use twinlake_fhir::bundle::{self, References};
use twinlake_fhir::{FhirError, Header, Resource, Text};

/// Header and id of a resource that can be read.
pub(crate) struct Record<'t> {
    pub(crate) header: Header<'t>,
    /// The id it has, that of its url, or one made from its content.
    pub(crate) id: String,
    pub(crate) is_id_made: bool,
}

impl<'t> Record<'t> {
    /// Reads a resource to its last element, so that what is written can be read again.
    pub(crate) fn read(text: &'t str, id_from_url: Option<&str>) -> Result<Self, FhirError> {
        Resource::from_json(text)?;
        let header = Header::read(text)?;
        let known = header.id.as_deref().or(id_from_url);
        let is_id_made = known.is_none();
        let id = known.map_or_else(|| id_from_content(text), |id| Ok(id.to_owned()))?;
        Ok(Record { header, id, is_id_made })
    }

    pub(crate) fn resource_type(&self) -> &str {
        self.header.resource_type.as_deref().unwrap_or_default()
    }

    /// `meta.versionId`, when it is a number that can be compared; else 0.
    pub(crate) fn version(&self) -> u32 {
        self.header.version_id.as_ref().map(Text::as_str).and_then(|version| version.parse().ok()).unwrap_or(0)
    }
}

/// The same content has the same id, whatever the white space between its tokens.
fn id_from_content(text: &str) -> Result<String, FhirError> {
    let tokens = bundle::resolve(text, None, 0, &References::default())?.text;
    let digest = Sha256::digest(tokens);
    Ok(digest[..16].iter().fold(String::new(), |id, byte| format!("{id}{byte:02x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_from_the_resource_its_url_or_its_content() {
        let read = |text, url| Record::read(text, url).map(|record| (record.id, record.is_id_made)).unwrap();
        assert_eq!(read(r#"{"resourceType":"Claim","id":"c"}"#, Some("u")), ("c".into(), false));
        assert_eq!(read(r#"{"resourceType":"Claim"}"#, Some("u")), ("u".into(), false));
        let made = read(r#"{"resourceType":"Claim"}"#, None);
        assert_eq!(made, read("{ \"resourceType\":\n \"Claim\" }", None));
        assert_eq!((made.0.len(), made.1), (32, true));
        assert_ne!(
            read(r#"{"resourceType":"Claim","x":"a b"}"#, None),
            read(r#"{"resourceType":"Claim","x":"ab"}"#, None)
        );
    }

    #[test]
    fn versions_that_are_no_numbers_do_not_count() {
        let version = |version| {
            let text = format!("{{\"resourceType\":\"Claim\",\"meta\":{{\"versionId\":\"{version}\"}}}}");
            Record::read(&text, None).unwrap().version()
        };
        assert_eq!((version("12"), version("W/3"), version("")), (12, 0, 0));
    }
}
