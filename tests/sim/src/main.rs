//! The simulator's command.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidemark_sim::main()
}
