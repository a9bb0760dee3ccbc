//! The flatten step of the pipeline
