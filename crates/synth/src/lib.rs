//! Seeded patients: one timeline, rendered as FHIR R4 and as OMOP CDM v5.4
