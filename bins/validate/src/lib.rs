//! The validate step of the pipeline
