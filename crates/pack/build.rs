//! Builds anew when a file of the embedded pack comes or goes; the compiler alone sees only files it already knows.

#[expect(clippy::print_stdout, reason = "cargo reads what a build script prints")]
fn main() {
    println!("cargo::rerun-if-changed=models");
}
