//! Text on a terminal: a summary, colours, and lines that fit. What pipes get is in the snapshots of `tests/cmd`.

use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::archive::{Archive, record, with};
use crate::program::{program, stderr};
use crate::triage_reports::intrusion;

/// The answer to these arguments.
fn said(arguments: &str, folder: &Path) -> String {
    let output = program().args(arguments.split_whitespace()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn without_colors(text: &str) -> String {
    Regex::new("\u{1b}\\[[0-9;]*m").unwrap().replace_all(text, "").into_owned()
}

/// Everything but line ends, blanks and the marks of lines that go on.
fn words(text: &str) -> String {
    text.replace(" \\\n", "").replace([' ', '\n'], "")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn findings_fit_and_lose_nothing() {
    let long = with(
        record("2024-03-01T10:00:00Z", &"名前".repeat(60), "iam:CreateUser"),
        json!({"userAgent": "ua/1.0 ".repeat(50), "eventID": "208234f4-2180-41af-adba-1642186fb9f8"}),
    );
    let archive = Archive::new().delivered("20240301T1005", &[long]);
    let ids = Regex::new("eventID [0-9a-f-]{36}").unwrap();
    for (arguments, folder) in [
        ("scan . -q --warmup 0d", archive.path()),
        ("scan fixtures/small-archive -q --warmup 0d --builtin-rules --dimension network", root()),
        ("scan fixtures/mixed-archive -q --warmup 0d --forget 10d", root()),
    ] {
        let plain = said(arguments, folder);
        let colored = said(&format!("{arguments} --color always"), folder);
        assert!(colored.contains('\u{1b}') && !plain.contains('\u{1b}'));
        let shown = without_colors(&colored);
        for line in shown.lines() {
            assert!(line.width() <= 80, "{} columns: {line}", line.width());
        }
        let (summary, findings) = shown.split_once("\n\n").unwrap();
        assert!(summary.lines().count() <= 5, "{summary}");
        let (plain, total) = plain.trim_end().rsplit_once('\n').unwrap();
        assert_eq!(words(findings), words(plain));
        assert!(summary.starts_with(total), "{summary}");
        // An id can be copied from its line.
        assert!(ids.is_match(plain) && ids.find_iter(plain).all(|id| findings.contains(id.as_str())));
    }
}

#[test]
fn incidents_fit_and_their_commands_can_be_copied() {
    let archive = intrusion();
    for (arguments, folder) in
        [("triage . -q", archive.path()), ("triage fixtures/small-archive -q --top 100", root())]
    {
        let plain = said(arguments, folder);
        let shown = without_colors(&said(&format!("{arguments} --color always"), folder));
        let (summary, ranking) = shown.split_once('\n').unwrap();
        assert_eq!(words(ranking), words(&plain));
        let count = plain.lines().filter(|line| line.starts_with("   firstseen ")).count();
        assert!(summary.starts_with(&format!("{count} incident")), "{summary}");
        let mut is_command = false;
        for line in shown.lines() {
            is_command = is_command && line.starts_with("     ") || line.starts_with("   firstseen ");
            // A flag with its value stays in one piece.
            let is_one_flag = is_command && line.trim_start().starts_with("--");
            assert!(line.width() <= 80 || is_one_flag, "{line}");
        }
        // A shell reads the lines of a command as one.
        let joined = shown.replace(" \\\n     ", " ");
        for command in plain.lines().filter(|line| line.starts_with("   firstseen ")) {
            assert!(joined.contains(command), "{command}");
        }
    }
}

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let archive = intrusion();
    let plain = said("scan . -q --warmup 0d", archive.path());
    for color in ["auto", "never"] {
        assert_eq!(said(&format!("scan . -q --warmup 0d --color {color}"), archive.path()), plain);
    }
    let csv = said("scan . -q --warmup 0d -f csv", archive.path());
    assert_eq!(said("scan . -q --warmup 0d -f csv --color always", archive.path()), csv);
}

/// A terminal.
#[cfg(unix)]
struct Terminal {
    /// The side that shows.
    ours: std::fs::File,
    /// The side that programs write to.
    theirs: std::fs::File,
    /// The name of that side.
    name: String,
}

#[cfg(unix)]
impl Terminal {
    fn new(columns: u16) -> Self {
        use rustix::fs::{Mode, OFlags};
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        use rustix::termios::{Winsize, tcsetwinsize};

        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let theirs = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&theirs, size).unwrap();
        Self { ours: ours.into(), theirs: theirs.into(), name: name.into_string().unwrap() }
    }

    /// What it shows of a program, whose exit status comes with it.
    fn shows(self, command: &mut Command) -> (String, Option<i32>) {
        use std::io::Read;
        use std::process::Stdio;

        let mut child = command.stdin(Stdio::null()).spawn().unwrap();
        // Closes our copies of the other side, so that reading ends with the program.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let Self { mut ours, theirs, .. } = self;
        drop(theirs);
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        // Linux reports the end as an error.
        while let Ok(read @ 1..) = ours.read(&mut buffer) {
            shown.extend_from_slice(&buffer[..read]);
        }
        let status = child.wait().unwrap();
        (String::from_utf8(shown).unwrap().replace("\r\n", "\n"), status.code())
    }
}

/// What a terminal with so many columns shows of the standard output.
#[cfg(unix)]
fn on_terminal(columns: u16, command: &mut Command) -> (String, Option<i32>) {
    let terminal = Terminal::new(columns);
    let theirs = terminal.theirs.try_clone().unwrap();
    terminal.shows(command.stdout(theirs).stderr(std::process::Stdio::piped()))
}

#[cfg(unix)]
#[test]
fn a_terminal_gets_colours_and_lines_of_its_width() {
    let archive = intrusion();
    let command = |more: &str| {
        let mut command = program();
        command.args(["scan", ".", "-q", "--warmup", "0d"]).args(more.split_whitespace());
        command.current_dir(archive.path()).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        command.env_remove("CLICOLOR").env_remove("CLICOLOR_FORCE");
        command
    };
    let (shown, status) = on_terminal(60, &mut command(""));
    assert_eq!(status, Some(0));
    assert!(shown.contains("\u{1b}["), "{shown}");
    let widest = without_colors(&shown).lines().map(UnicodeWidthStr::width).max().unwrap();
    assert!((50..=60).contains(&widest), "{widest}");
    let (without, _) = on_terminal(60, command("").env("NO_COLOR", "1"));
    assert_eq!(without, without_colors(&shown));
    assert_eq!(on_terminal(60, &mut command("--color never")).0, without);
    let (refused, status) = on_terminal(60, &mut command("-f xlsx"));
    assert_eq!((&*refused, status), ("", Some(2)));
}

#[cfg(unix)]
#[test]
fn binary_files_and_invisible_characters_do_not_reach_a_terminal() {
    let call =
        with(record("2024-03-01T10:00:00Z", "eva", "iam:CreateUser"), json!({"userAgent": "a\u{202e}b"}));
    let archive = Archive::new().delivered("20240301T1005", &[call]);
    let command = |format: &str| {
        let mut command = program();
        command.args(["events", ".", "-q"]).args(format.split_whitespace()).current_dir(archive.path());
        command
    };
    for format in ["-f parquet", "-f parquet -o -", "-f parquet -o /dev/stdout"] {
        assert_eq!(on_terminal(80, &mut command(format)), (String::new(), Some(2)), "{format}");
    }
    let (shown, status) = on_terminal(80, &mut command("--raw"));
    assert_eq!(status, Some(0));
    assert!(shown.contains(r"a\u202eb") && !shown.contains('\u{202e}'), "{shown}");
}

#[cfg(unix)]
#[test]
fn the_terminal_that_is_the_output_decides() {
    use std::process::Stdio;

    let archive = intrusion();
    let command = |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).current_dir(archive.path()).env("TERM", "xterm-256color");
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    };
    let scan = ["scan", ".", "-q", "--warmup", "0d"];
    let (shown, _) = on_terminal(60, &mut command(&scan));
    let terminal = Terminal::new(60);
    let mut by_name = command(&[&scan[..], &["-o", &terminal.name]].concat());
    assert_eq!(terminal.shows(by_name.stdout(Stdio::null()).stderr(Stdio::null())).0, shown);
    let terminal = Terminal::new(60);
    let mut stderr = command(&[&scan[..], &["-o", "/dev/stderr"]].concat());
    let theirs = terminal.theirs.try_clone().unwrap();
    assert_eq!(terminal.shows(stderr.stdout(Stdio::null()).stderr(theirs)).0, shown);
}
