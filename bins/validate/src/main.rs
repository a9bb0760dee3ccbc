//! The `validate` binary.

fn main() -> std::process::ExitCode {
    twinlake_task::run(|args: &twinlake_validate::Args| &args.task, twinlake_validate::run)
}
