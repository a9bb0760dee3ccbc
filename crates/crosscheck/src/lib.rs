//! Findings: rules on FHIR, rules on OMOP, and their agreement row by row
