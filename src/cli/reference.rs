//! Checks that `docs/cli.md` matches the flags. `UPDATE_DOCS=1 cargo test --bin firstseen` rewrites it.

use std::fmt::Write;

use clap::Command;

use super::program;

fn reference() -> String {
    let mut text =
        String::from("# Commands\n\nGenerated from the program's help; a test keeps it current.\n");
    let mut top = program().term_width(100);
    top.build();
    section(&mut top, &mut text);
    for command in top.get_subcommands_mut().filter(|command| command.get_name() != "help") {
        section(command, &mut text);
    }
    text
}

fn section(command: &mut Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    write!(text, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
}

#[test]
fn the_reference_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/cli.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, reference(), "run: UPDATE_DOCS=1 cargo test --bin firstseen");
}
