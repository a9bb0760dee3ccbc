//! The ingest step of the pipeline
