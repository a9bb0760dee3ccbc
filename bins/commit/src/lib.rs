//! The commit step of the pipeline
