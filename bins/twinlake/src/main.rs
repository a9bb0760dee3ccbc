//! The twinlake command: run, and the verbs as subcommands
fn main() {}
