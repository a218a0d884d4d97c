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

/// An answer as CSV or JSON without how its archive was called, and where its objects can be fetched: the last two fields of a
/// finding.
pub(crate) fn without_archive(answer: &[u8]) -> String {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let is_csv = text.lines().next().is_some_and(|header| header.ends_with(",archive_name,object_uri"));
    let cut = |line: &str| match line.split_once(",\"archive_name\":") {
        Some((before, rest)) => format!("{before}{}", &rest[rest.find('}').unwrap()..]),
        None if is_csv => line.rsplitn(3, ',').nth(2).unwrap_or(line).to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// What a program said on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
