//! SQL on FHIR v2: ViewDefinition to compiled plan to Arrow record batches
