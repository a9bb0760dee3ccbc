//! FHIR R4 to OMOP CDM v5.4 rows, with an account of what has no home
