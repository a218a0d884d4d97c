//! The command-line program: flags in, answers out. Everything it knows about logs it asks the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    firstseen::guard::silence_expected_panics();
    cli::run()
}
