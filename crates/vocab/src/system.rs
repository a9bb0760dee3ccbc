//! FHIR code systems, by the URIs that HL7 publishes for them, and the OMOP vocabularies that hold each.

use std::borrow::Cow;

/// SNOMED CT.
pub const SNOMED: &str = "http://snomed.info/sct";
/// LOINC.
pub const LOINC: &str = "http://loinc.org";
/// RxNorm.
pub const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
/// CVX, the vaccine codes of the CDC.
pub const CVX: &str = "http://hl7.org/fhir/sid/cvx";
/// UCUM, units of measure.
pub const UCUM: &str = "http://unitsofmeasure.org";
/// ICD-10-CM.
pub const ICD10CM: &str = "http://hl7.org/fhir/sid/icd-10-cm";
/// ICD-10 of the World Health Organization.
pub const ICD10: &str = "http://hl7.org/fhir/sid/icd-10";
/// ICD-9-CM, diagnoses and procedures; OMOP keeps the two apart.
pub const ICD9CM: &str = "http://hl7.org/fhir/sid/icd-9-cm";
/// ICD-10-PCS.
pub const ICD10PCS: &str = "http://www.cms.gov/Medicare/Coding/ICD10";
/// CPT, the procedure codes of the American Medical Association.
pub const CPT: &str = "http://www.ama-assn.org/go/cpt";
/// HCPCS level II.
pub const HCPCS: &str = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets";
/// HCPCS level II, as US Core 7 writes it.
pub const HCPCS_US_CORE: &str = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets";
/// National Drug Codes: 11 digits, or fewer with hyphens.
pub const NDC: &str = "http://hl7.org/fhir/sid/ndc";
/// Anatomical Therapeutic Chemical classification.
pub const ATC: &str = "http://www.whocc.no/atc";
/// Health care provider taxonomy of the NUCC.
pub const NUCC: &str = "http://nucc.org/provider-taxonomy";
/// dm+d, the NHS dictionary of medicines and devices.
pub const DMD: &str = "https://dmd.nhs.uk";
/// Provider specialties of the Centers for Medicare and Medicaid Services, two characters: `08`.
///
/// OMOP's `Medicare Specialty` writes them without the leading zero, so they are mapped by value set, not by code.
pub const CMS_SPECIALTY: &str = "https://bluebutton.cms.gov/resources/variables/prvdr_spclty";
/// HL7's roles of practitioners: `doctor`, `nurse`.
pub const PRACTITIONER_ROLE: &str = "http://terminology.hl7.org/CodeSystem/practitioner-role";
/// HL7's v3 codes of ways to give a drug: `IM`, `PO`.
pub const V3_ROUTE: &str = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration";

/// The OMOP vocabulary that holds the codes of a FHIR code system; `None` for a system that OMOP keeps elsewhere.
///
/// Of several, the first: see [`vocabularies`].
pub fn vocabulary(system: &str) -> Option<&'static str> {
    vocabularies(system).first().copied()
}

/// The OMOP vocabularies that hold the codes of a FHIR code system, in the order in which a code is looked for.
pub fn vocabularies(system: &str) -> &'static [&'static str] {
    match system {
        SNOMED => &["SNOMED"],
        LOINC => &["LOINC"],
        RXNORM => &["RxNorm"],
        CVX => &["CVX"],
        UCUM => &["UCUM"],
        ICD10CM => &["ICD10CM"],
        ICD10 => &["ICD10"],
        ICD9CM => &["ICD9CM", "ICD9Proc"],
        ICD10PCS => &["ICD10PCS"],
        CPT => &["CPT4"],
        HCPCS | HCPCS_US_CORE => &["HCPCS"],
        NDC => &["NDC"],
        ATC => &["ATC"],
        NUCC => &["NUCC"],
        DMD => &["dm+d"],
        _ => &[],
    }
}

/// `source_vocabulary_id` has 20 characters.
pub(crate) const SHORT_NAME: usize = 20;

/// A code system as `source_to_concept_map.source_vocabulary_id` names it, in at most 20 characters: OMOP's name of it, else
/// the last segment of its URI.
pub fn short_name(uri: &str) -> String {
    vocabulary(uri).map_or_else(|| last_segment(uri), str::to_owned)
}

/// What follows the last `/`, `:`, `#` or `|` of a URI, as far as a `source_vocabulary_id` reaches.
pub(crate) fn last_segment(uri: &str) -> String {
    let uri = uri.trim_end_matches(['/', '#']);
    let segment = uri.rsplit(['/', ':', '#', '|']).next().unwrap_or(uri);
    segment.chars().take(SHORT_NAME).collect()
}

/// A code as OMOP's vocabulary writes it: an NDC with hyphens becomes its 11 digits, others are as they are.
///
/// Of the ten digits of an FDA code (4-4-2, 5-3-2 or 5-4-1) the short part is padded to 5-4-2.
pub fn code<'c>(system: &str, code: &'c str) -> Cow<'c, str> {
    if system != NDC || !code.contains('-') {
        return Cow::Borrowed(code);
    }
    let parts: Vec<&str> = code.split('-').collect();
    match parts[..] {
        [labeler, product, package]
            if labeler.len() <= 5
                && product.len() <= 4
                && package.len() <= 2
                && code.bytes().all(|byte| byte == b'-' || byte.is_ascii_digit()) =>
        {
            Cow::Owned(format!("{labeler:0>5}{product:0>4}{package:0>2}"))
        }
        _ => Cow::Borrowed(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drug_code_with_hyphens_has_eleven_digits() {
        for (written, digits) in [
            ("1234-5678-90", "01234567890"),
            ("12345-678-90", "12345067890"),
            ("12345-6789-0", "12345678900"),
            ("12345-6789-01", "12345678901"),
            ("12345678901", "12345678901"),
            ("123456-78-9", "123456-78-9"),
            ("12345-6789", "12345-6789"),
        ] {
            assert_eq!(code(NDC, written), digits);
        }
        assert_eq!(code(LOINC, "8480-6"), "8480-6");
    }
}
