//! What packages contain besides the program: completions for shells, and manual pages.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::program::{firstseen_here, stderr};

/// The commands that the program's help lists.
fn commands() -> Vec<String> {
    let help = String::from_utf8(firstseen_here(&["--help"]).stdout).unwrap();
    let of_line = |line: &str| {
        let name = line.strip_prefix("  ")?.split(' ').next()?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
        (is_name && name != "help").then(|| name.to_owned())
    };
    help.lines().filter_map(of_line).collect()
}

fn completions(shell: &str) -> String {
    let output = firstseen_here(&["completions", shell]);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What a shell says to a script on its standard input; nothing if it is not installed.
fn fed_to(shell: &str, arguments: &[&str], script: &str) -> Option<Output> {
    let mut child = Command::new(shell)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    Some(child.wait_with_output().unwrap())
}

#[test]
fn completions_name_every_command() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = completions(shell);
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
    }
}

#[test]
fn shells_accept_their_completions() {
    for shell in ["bash", "zsh", "fish"] {
        if let Some(output) = fed_to(shell, &["-n"], &completions(shell)) {
            assert!(output.status.success(), "{shell}: {}", stderr(&output));
        }
    }
}

#[test]
fn bash_completes_commands_and_flags() {
    let complete = |words: &str| {
        let script = format!(
            "{}\nCOMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _firstseen firstseen \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            completions("bash")
        );
        let output = fed_to("bash", &["-s"], &script)?;
        Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let Some(commands) = complete("firstseen tri") else { return };
    assert_eq!(commands, ["triage"]);
    assert_eq!(complete("firstseen scan --warm").unwrap(), ["--warmup"]);
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = firstseen_here(&["man", "-o", pages.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let names = commands().into_iter().map(|command| format!("firstseen-{command}.1"));
    for name in names.chain(["firstseen.1".to_owned()]) {
        let page = fs::read_to_string(pages.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        for part in [".TH firstseen", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH OPTIONS"] {
            assert!(page.contains(part), "{name}: {part}");
        }
    }
}

#[test]
fn pages_of_an_earlier_run_are_not_mixed_with_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("firstseen.1"), "").unwrap();
    let output = firstseen_here(&["man", "-o", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
}

#[test]
fn the_tests_that_documents_name_exist() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in ["SECURITY.md", "docs/reliability.md"] {
        let document = fs::read_to_string(folder.join(document)).unwrap();
        let named = document.split('`').filter_map(|text| text.split_once("::"));
        let mut count = 0;
        for (file, test) in named {
            let text =
                fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
            count += 1;
        }
        assert!(count > 20);
    }
}
