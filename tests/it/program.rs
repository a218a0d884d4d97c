//! The program, run as its users run it.

use std::path::Path;
use std::process::{Command, Output};

/// The program, to be given arguments.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_firstseen"))
}

/// What the program answers to these arguments in this folder.
pub(crate) fn firstseen(arguments: &[&str], folder: impl AsRef<Path>) -> Output {
    program().args(arguments).current_dir(folder).output().unwrap()
}

/// What the program answers to these arguments in the folder of its sources.
pub(crate) fn firstseen_here(arguments: &[&str]) -> Output {
    firstseen(arguments, env!("CARGO_MANIFEST_DIR"))
}
