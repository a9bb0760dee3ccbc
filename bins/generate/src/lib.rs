//! The generate step of the pipeline
