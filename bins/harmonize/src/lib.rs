//! The harmonize step of the pipeline
