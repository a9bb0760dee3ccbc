//! FHIR R4 resources: typed, borrowing, lossless; NDJSON and Bundle reading and writing
