//! Runs the program.

use std::path::Path;
use std::process::{Command, Output};

/// The program, without arguments.
pub(crate) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_firstseen"))
}

/// Runs the program with these arguments in a folder.
pub(crate) fn firstseen(arguments: &[&str], folder: impl AsRef<Path>) -> Output {
    program().args(arguments).current_dir(folder).output().unwrap()
}

/// Runs the program with these arguments in the folder of its sources.
pub(crate) fn firstseen_here(arguments: &[&str]) -> Output {
    firstseen(arguments, env!("CARGO_MANIFEST_DIR"))
}

/// CSV or JSON output without the last fields of a finding, from the name of its archive and the URI of its
/// object on.
pub(crate) fn without_archive(answer: &[u8]) -> String {
    let text = String::from_utf8(answer.to_vec()).unwrap();
    let is_csv = text.lines().next().is_some_and(|header| {
        header.ends_with(
            ",archive_name,object_uri,dimension,value,source_asn,source_as_name,source_country,issued,severity,integrity,covered_days,gap_before,forwarded_for",
        )
    });
    let cut = |line: &str| match line.split_once(",\"archive_name\":") {
        Some((before, rest)) => format!("{before}{}", &rest[rest.find('}').unwrap()..]),
        None if is_csv => line.rsplitn(14, ',').nth(13).unwrap_or(line).to_owned(),
        None => line.to_owned(),
    };
    text.lines().map(cut).collect::<Vec<_>>().join("\n")
}

/// The stderr of a program.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
