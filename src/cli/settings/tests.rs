//! Tests of the precedence of layers, and that all layers are parsed the same way.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use firstseen::config::{ConfigError, Document, parse_known, parse_weights};
use firstseen::query::{Preset, Question};
use proptest::prelude::*;
use tempfile::TempDir;

use super::archive_table::archives_of;
use super::file_flags::matches;
use super::preset::PresetArg;
use super::settable::{NOT_IN_FILES, configurable, settable, why_not};
use super::{Settings, SettingsArgs, config, netflix};
use crate::cli::program;

/// A folder with `config.toml` and `netflix.yml`.
fn folder(config: &str, netflix: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.toml"), config).unwrap();
    fs::write(folder.path().join("netflix.yml"), netflix).unwrap();
    folder
}

fn read(folder: &Path, flags: &[&str]) -> Settings {
    let place = |flag: &&str| flag.replace("@", &format!("{}/", folder.display()));
    let command = SettingsArgs::augment_args(Command::new("test").no_binary_name(true));
    let matches = command.try_get_matches_from(flags.iter().map(place)).unwrap();
    SettingsArgs::from_arg_matches(&matches).unwrap().read().unwrap()
}

fn asked(flags: &[&str]) -> Question {
    read(Path::new("unused"), flags).question().unwrap()
}

#[test]
fn flags_override_config_then_netflix_config_then_preset_then_default() {
    let folder = folder("warmup = '20d'", "roleAction:\n  dayThreshold: 45\n");
    let layers = ["--warmup=10d", "--config=@config.toml", "--netflix-config=@netflix.yml", "--preset=sumo"];
    let warmups = (0..=layers.len()).map(|above| {
        let settings = read(folder.path(), &layers[above..]);
        settings.question().unwrap().warmup.to_string()
    });
    assert_eq!(warmups.collect::<Vec<_>>(), ["10d", "20d", "45d", "30d", "30d"]);
    let below = read(folder.path(), &layers[1..]);
    assert_eq!(below.question().unwrap().forget.unwrap().to_string(), "45d");
    assert_eq!(below.preset(), Some(Preset::Sumo));
    assert_eq!(
        below.question().unwrap().anchor.name(),
        "principal",
        "settings that no file names come from the preset"
    );
}

#[test]
fn long_keys_and_values_are_shortened_in_errors() {
    let long = "x".repeat(3_000_000);
    for text in [
        format!("{long} = 1"),
        format!("{long} = {{a = 1}}"),
        format!("warmup = '{long}'"),
        format!("principal = '[{long}'"),
    ] {
        let wrong = config::parse(&text).map(|_| ()).unwrap_err();
        assert!(wrong.reason.contains(&"x".repeat(99)), "{}", wrong.reason.len());
        assert!(wrong.reason.chars().count() < 600, "{}", wrong.reason.len());
    }
    let table = Document::parse(&format!("[[archive]]\npath = 'p'\n{long} = 1")).unwrap();
    let wrong = archives_of(Path::new("config.toml"), &table.archives).map(|_| ()).unwrap_err();
    assert!(wrong.reason.starts_with("an archive has no 'xxx") && wrong.reason.len() < 600);
    for wrong in [
        parse_weights(&format!("{long} = 1")).map(|_| ()).unwrap_err(),
        parse_weights(&format!("{long} = 'x'")).map(|_| ()).unwrap_err(),
        parse_known(&format!("{long} = []")).map(|_| ()).unwrap_err(),
    ] {
        assert!(wrong.reason.len() < 600, "{}", wrong.reason.len());
    }
}

#[test]
fn the_preset_comes_from_the_flag_else_config_else_netflix_config() {
    let folder = folder("preset = 'escu'", "roleAction: {dayThreshold: 90}");
    let preset = |flags: &[&str]| read(folder.path(), flags).preset();
    let (config, netflix) = ("--config=@config.toml", "--netflix-config=@netflix.yml");
    assert_eq!(preset(&["--preset=datadog", config, netflix]), Some(Preset::Datadog));
    assert_eq!(preset(&[config, netflix]), Some(Preset::Escu));
    assert_eq!(preset(&[netflix]), Some(Preset::Netflix90));
    assert_eq!(preset(&["--preset=none", config]), None);
    assert_eq!(preset(&[]), None);
}

#[test]
fn every_preset_asks_the_question_of_the_library() {
    for preset in Preset::ALL {
        let settings = read(Path::new("unused"), &["--preset", preset.name()]);
        let expected = preset.values();
        assert_eq!(format!("{:?}", settings.question().unwrap()), format!("{:?}", expected.question()));
        assert_eq!(settings.learning.settings(None, None).principal_key, expected.principal_key);
        assert_eq!(settings.preset(), Some(preset));
    }
    assert_eq!(PresetArg::value_variants().len(), Preset::ALL.len() + 1);
}

#[test]
fn flags_can_undo_lower_layers() {
    let below = asked(&["--preset=escu"]);
    assert!(below.only_success && below.forget.is_some() && below.filter.kinds.len() == 3);
    assert_eq!(below.report.len(), 2);
    let above = asked(&[
        "--preset=escu",
        "--only-success=false",
        "--forget=never",
        "--principal-kind=all",
        "--report=all",
    ]);
    assert!(!above.only_success && above.forget.is_none() && above.filter.kinds.is_empty());
    assert_eq!(above.report.len(), 4);
    assert!(asked(&["--only-success", "--only-mutating"]).filter.only_mutating);
}

#[test]
fn a_list_replaces_the_list_of_a_lower_layer() {
    let folder = folder("account = ['111122223333', '000123456789']\nignore-action = ['sts:*']", "");
    let question = |flags: &[&str]| read(folder.path(), flags).question().unwrap();
    let config = "--config=@config.toml";
    assert_eq!(question(&[config]).filter.accounts, ["111122223333", "000123456789"]);
    let replaced = question(&[config, "--account=444455556666", "--ignore-action="]);
    assert_eq!(replaced.filter.accounts, ["444455556666"]);
    assert!(!replaced.filter.ignored_actions[0].matches_action("sts.amazonaws.com:AssumeRole"));
}

#[test]
fn paths_in_a_config_are_relative_to_its_folder() {
    let folder = folder("ignore-file = 'quiet.txt'\niam-inventory = 'iam'", "");
    fs::write(folder.path().join("quiet.txt"), "# noise\nsts:*\n").unwrap();
    let settings = read(folder.path(), &["--config=@config.toml"]);
    assert_eq!(settings.learning.iam_inventory, [folder.path().join("iam")]);
    let question = settings.question().unwrap();
    assert_eq!(question.filter.ignored_actions[0].as_str(), "sts:*");
}

#[test]
fn times_and_numbers_need_no_quotes() {
    let settings =
        config::parse("read-from = 2024-03-01\nto = 2024-03-31T10:00:00Z\nwarmup = 7\nonly-mutating = true");
    let question = settings.unwrap().question().unwrap();
    assert_eq!(question.to.unwrap().to_string(), "2024-03-31T10:00:00Z");
    assert_eq!((question.warmup.to_string().as_str(), question.filter.only_mutating), ("7d", true));
}

#[test]
fn config_errors_have_a_line() {
    for (text, line, reason) in [
        ("warmup = '1d'\nwarmpu = '1d'", 2, "unknown setting 'warmpu'; did you mean 'warmup'?"),
        ("only_success = true", 1, "unknown setting 'only_success'; did you mean 'only-success'?"),
        ("config = 'other.toml'", 1, "'config' cannot be set in a file: a file does not name another"),
        ("formt = 'json'", 1, "unknown setting 'formt'; did you mean 'format'?"),
        ("hue = []", 1, "unknown setting 'hue'"),
        ("top = 'all'", 1, "invalid value 'all' for 'top': invalid digit found in string"),
        ("quiet = 'very'", 1, "invalid value 'very' for 'quiet': write one of true, false"),
        ("\nwarmup = ['1d', '2d']", 2, "'warmup' takes one value, not a list"),
        ("only-success = 'maybe'", 1, "invalid value 'maybe' for 'only-success': write one of true, false"),
        (
            "max-object-size = '4X'",
            1,
            "invalid value '4X' for 'max-object-size': write a number and K, M or G",
        ),
        ("warmup = 1.5", 1, "'warmup' takes a string, a number, true or false, or a list of strings"),
        ("[scan]\nwarmup = 1", 1, "'scan' takes a string, a number, true or false, or a list of strings"),
        ("warmup = 1\nwarmup = 2", 2, "duplicate key"),
    ] {
        let wrong = config::parse(text).err();
        assert_eq!(wrong, Some(ConfigError { line, reason: reason.to_owned() }), "{text}");
    }
}

#[test]
fn the_sample_config_documents_every_key_and_its_default() {
    let sample = include_str!("../../../docs/firstseen.toml");
    assert_eq!(format!("{:?}", config::parse(sample).unwrap()), format!("{:?}", Settings::default()));
    let is_key = |line: &str| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = |mark: &str| -> String {
        let lines = sample.lines().filter_map(|line| line.strip_prefix(mark));
        lines.filter(|line| is_key(line)).map(|line| format!("{line}\n")).collect()
    };
    let (defaults, examples) = (lines("#"), lines("#   "));
    let both = |settings: &Settings| {
        format!(
            "{:?} {:?}",
            settings.question().unwrap(),
            settings.learning.settings(settings.filters.to, Some(1))
        )
    };
    assert_eq!(both(&config::parse(&defaults).unwrap()), both(&Settings::default()));
    config::parse(&examples).unwrap();
    let documented = defaults + &examples;
    for (_, flag) in settable(&program()) {
        let key = format!("{} = ", flag.get_long().unwrap());
        assert!(documented.lines().any(|line| line.starts_with(&key)), "{key}");
    }
}

#[test]
fn a_file_sets_every_flag_except_those_with_a_reason() {
    let mut program = program();
    program.build();
    let mut left_out = BTreeSet::new();
    for command in configurable(&program) {
        for name in command.get_arguments().filter_map(|flag| flag.get_long()) {
            let wrong = config::parse(&format!("{name} = []")).err();
            match why_not(name) {
                Some(why) => {
                    let reason = format!("'{name}' cannot be set in a file: {why}");
                    assert_eq!(wrong, Some(ConfigError { line: 1, reason }));
                    left_out.insert(name);
                }
                None => assert_eq!(wrong, None, "{} --{name}", command.get_name()),
            }
        }
    }
    assert_eq!(left_out, NOT_IN_FILES.iter().map(|(name, _)| *name).collect());
    let names: Vec<&str> = configurable(&program).map(Command::get_name).collect();
    let expected = [
        "scan", "triage", "rules", "events", "show", "trace", "baseline", "explain", "coverage", "verify",
        "index", "plan", "tune", "bench", "doctor",
    ];
    assert_eq!(names, expected);
}

/// The flags of a command with a file `config.toml`, by name.
fn flags_with(config: &str, line: &str) -> (TempDir, ArgMatches) {
    let folder = folder(config, "");
    let config = folder.path().join("config.toml");
    let line = format!("firstseen {line} archive --config");
    let line = line.split_whitespace().map(OsString::from).chain([config.into()]);
    let found = matches(&program(), &line.collect::<Vec<_>>()).unwrap();
    let found = found.subcommand().unwrap().1.clone();
    (folder, found)
}

#[test]
fn flags_beyond_a_question_come_from_the_file_unless_the_line_has_them() {
    let config =
        "top = 3\nas-of-then = true\nweights = 'w.toml'\nsigma = ['a', 'b']\nwarmups = '7d'\nquiet = false";
    let (folder, flags) = flags_with(config, "triage");
    assert_eq!(flags.get_one::<u32>("top"), Some(&3));
    assert!(flags.get_flag("as_of_then") && !flags.get_flag("quiet"));
    assert_eq!(flags.get_one::<PathBuf>("weights"), Some(&folder.path().join("w.toml")));
    let sigma: Vec<&PathBuf> = flags.get_many("sigma").unwrap().collect();
    assert_eq!(sigma, [&folder.path().join("a"), &folder.path().join("b")]);
    let (_, flags) = flags_with(config, "triage --top 5 --as-of-then=false --sigma own -q");
    assert_eq!(flags.get_one::<u32>("top"), Some(&5));
    assert!(!flags.get_flag("as_of_then") && flags.get_flag("quiet"));
    assert_eq!(flags.get_many::<PathBuf>("sigma").unwrap().collect::<Vec<_>>(), [Path::new("own")]);
    // --labels excludes --top.
    let (_, flags) = flags_with(config, "triage --labels own.csv");
    assert_eq!(flags.get_one::<u32>("top"), None);
}

#[test]
fn switches_that_are_off_are_as_if_they_were_not_there() {
    let (_, flags) = flags_with("raw = false\npartition = false", "events");
    assert!(!flags.get_flag("raw") && !flags.get_flag("partition"));
    // Of the line, over the file; what it would exclude comes from the file.
    let (_, flags) = flags_with("raw = true\nformat = 'csv'", "events --raw=false");
    assert!(!flags.get_flag("raw") && flags.contains_id("format"));
    let (_, flags) = flags_with("calls = ['all']", "tune --only-mutating=false");
    assert_eq!(flags.get_raw("calls").unwrap().collect::<Vec<_>>(), ["all"]);
    // Alone it stays: it turns off what a file or a preset turns on.
    let (_, flags) = flags_with("only-mutating = true", "tune --only-mutating=false");
    assert_eq!(flags.get_one::<bool>("only_mutating"), Some(&false));
    let (_, flags) = flags_with("calls = ['all']", "tune --only-mutating");
    assert!(flags.get_raw("calls").is_none());
    let folder = folder("raw = true\ncsv-raw = true\npartition = true", "");
    let line = ["firstseen", "events", "archive", "-o", "out", "--config"].map(OsString::from);
    let line = line.into_iter().chain([folder.path().join("config.toml").into()]).collect::<Vec<_>>();
    let why = matches(&program(), &line).unwrap_err().to_string();
    assert!(why.contains("do not fit") && why.contains("cannot be used with"), "{why}");
}

#[test]
fn a_list_in_a_file_is_beside_it() {
    let (folder, flags) = flags_with("ip = ['@ips.txt', '203.0.113.0/24']\nsession = '@@a'", "events");
    let values = |name: &str| flags.get_many::<String>(name).unwrap().cloned().collect::<Vec<_>>();
    let list = format!("@{}", folder.path().join("ips.txt").display());
    assert_eq!(values("ip"), [list, "203.0.113.0/24".to_owned()]);
    assert_eq!(values("session"), ["@@a"]);
}

#[test]
fn flags_of_a_file_that_need_another_are_refused() {
    let folder = folder("sigma-placeholders = 'p.yml'", "");
    let line = ["firstseen", "scan", "archive", "--config"].map(OsString::from);
    let line = line.into_iter().chain([folder.path().join("config.toml").into()]).collect::<Vec<_>>();
    let why = matches(&program(), &line).unwrap_err().to_string();
    assert!(why.contains("config.toml do not fit") && why.contains("--sigma <FILE|FOLDER>"), "{why}");
}

#[test]
fn the_netflix_config_is_read() {
    let text = "roleAction:\n  dayThreshold: 60\n  IgnoredActionsNotify:\n    - sts.amazonaws.com:GetCallerIdentity\naws:\n  region: us-west-2\n  athena:\n    accountId: 0987654321\n";
    let settings = netflix::parse(text).unwrap();
    let question = settings.question().unwrap();
    assert_eq!((question.warmup.to_string(), question.forget), ("60d".to_owned(), Some(question.warmup)));
    let ignored = &question.filter.ignored_actions[0];
    assert!(ignored.matches_action("sts.amazonaws.com:GetCallerIdentity"));
    assert!(!ignored.matches_action("sts.amazonaws.com:AssumeRole"));
    let none = "roleAction:\n  dayThreshold: 90\n  IgnoredActionsNotify:\n";
    assert!(netflix::parse(none).unwrap().question().unwrap().filter.ignored_actions.is_empty());
}

/// The files of the fuzz target `settings` with a kind, by name.
fn corpus(kind: u8) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus/settings");
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap).filter_map(|file| {
        let bytes = fs::read(file.path()).unwrap();
        let text = String::from_utf8(bytes.get(1..)?.to_vec()).ok()?;
        (bytes[0] % 8 == kind).then(|| (file.file_name().into_string().unwrap(), text))
    });
    files.collect()
}

/// Reads a file with its archives, through the parsers of all flags.
fn read_config(text: &str) -> Result<Settings, ConfigError> {
    let archives = archives_of(Path::new("case.toml"), &Document::parse(text)?.archives)?;
    Ok(Settings { archives, ..config::parse(text)? })
}

/// Checks that an error has a line of the text.
fn check_line<T>(text: &str, read: &Result<T, ConfigError>) {
    if let Err(wrong) = read {
        assert!((1..=text.matches(['\n', '\r']).count() + 1).contains(&wrong.line), "{text}: {wrong}");
    }
}

#[test]
fn files_of_the_corpus_are_read_by_the_flags_or_refused_with_a_line() {
    type Reader = fn(&str) -> Result<Settings, ConfigError>;
    let readers: [Reader; 2] = [read_config, netflix::parse];
    for (kind, read) in (0..).zip(readers) {
        let mut count = [0, 0];
        for (name, text) in corpus(kind) {
            let read = read(&text);
            check_line(&text, &read);
            if !name.starts_with("found-") {
                assert_eq!(read.is_ok(), name.starts_with("seed-"), "{name}: {:?}", read.err());
            }
            count[usize::from(read.is_ok())] += 1;
        }
        assert!(count.iter().all(|count| *count > 2), "{count:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens to a file, the flags read it or refuse it with a line of it.
    #[test]
    fn changed_files_of_the_corpus_are_read_or_refused_with_a_line(
        file in prop::sample::select(corpus(0)),
        place in any::<prop::sample::Index>(),
        left_out in 0_usize..8,
        added in r#"[a-z0-9-]{0,3}|\[\[archive\]\]|'|"|=|,|\[|\]|\{|\}|@|\n"#,
    ) {
        let signs: Vec<char> = file.1.chars().collect();
        let start = place.index(signs.len() + 1);
        let end = (start + left_out).min(signs.len());
        let text: String =
            signs[..start].iter().copied().chain(added.chars()).chain(signs[end..].iter().copied()).collect();
        check_line(&text, &read_config(&text));
    }
}
