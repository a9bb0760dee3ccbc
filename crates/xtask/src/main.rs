//! Workspace chores: cargo xtask codegen | test | ci
fn main() {}
