//! Tells the program which commit it is built from, if this is a checkout and git is there. A package has neither, and says nothing.

#![allow(clippy::print_stdout, reason = "this is how cargo is told")]

use std::path::Path;
use std::process::Command;

/// What is compiled. Changes elsewhere do not make another program.
const COMPILED: [&str; 4] = ["src", "build.rs", "Cargo.toml", "Cargo.lock"];

fn main() {
    // A commit would make cargo compile everything again. Only programs that are given to others pay for that.
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "debug") {
        return;
    }
    for path in COMPILED {
        println!("cargo::rerun-if-changed={path}");
    }
    // Each commit and each checkout adds a line there.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = commit() {
        println!("cargo::rustc-env=FIRSTSEEN_COMMIT={commit}");
    }
}

/// The commit of this checkout, and whether what is compiled differs from it.
fn commit() -> Option<String> {
    // Sources that were copied into another repository are not at its commit.
    let top = Path::new(&git(&["rev-parse", "--show-toplevel"])?).canonicalize().ok()?;
    if top != Path::new(".").canonicalize().ok()? {
        return None;
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let status = [&["status", "--porcelain", "--"][..], &COMPILED].concat();
    let is_modified = !git(&status)?.is_empty();
    Some(if is_modified { format!("{commit}, modified") } else { commit })
}

/// What git says; nothing if it is not there, or fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("--no-optional-locks")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
