//! The house rules that a compiler does not hold: who may import whom, and that every file says what it is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom; the table of `docs/architecture.md`.
const ALLOWED: [(&str, &[&str]); 23] = [
    ("time", &[]),
    ("checksum", &[]),
    ("file", &[]),
    ("memory", &[]),
    ("text", &[]),
    ("coverage", &["time"]),
    ("source", &["coverage", "checksum", "file", "text", "time"]),
    ("decode", &["coverage", "event", "memory", "time"]),
    ("event", &["time"]),
    ("observe", &["event", "text", "time"]),
    ("yaml", &[]),
    ("rules", &["decode", "event", "checksum", "time", "yaml"]),
    ("baseline", &["observe", "rules", "text", "time"]),
    ("ledger", &["observe", "coverage", "checksum", "text", "time"]),
    ("inventory", &["baseline", "file", "time", "yaml"]),
    ("scan", &["source", "decode", "coverage", "checksum", "memory", "text", "time"]),
    (
        "learn",
        &["scan", "source", "decode", "event", "observe", "rules", "baseline", "ledger", "coverage", "time"],
    ),
    ("store", &["baseline", "ledger", "observe", "coverage", "checksum", "file", "time"]),
    ("index", &["scan", "learn", "store", "source", "ledger", "baseline", "coverage"]),
    ("query", &["baseline", "observe", "time"]),
    ("report", &["query", "coverage", "checksum", "time"]),
    ("synth", &["time"]),
    ("bench", &["learn", "scan", "source", "decode", "coverage"]),
];

/// Outside crates with one door each: the only places that may name them.
const DOORS: [(&str, &str); 35] = [
    ("base64", "decode/wrapper.rs or inventory/page.rs or source/s3/proof.rs"),
    ("md5", "source/s3/proof.rs"),
    ("tar", "decode/tape.rs"),
    ("zstd", "decode/stream.rs"),
    ("bzip2", "decode/stream.rs"),
    ("lzma_rust2", "decode/stream.rs"),
    ("tokio", "source/s3/"),
    ("aws_config", "source/s3/"),
    ("aws_sdk_s3", "source/s3/"),
    ("aws_credential_types", "source/s3/problem.rs"),
    ("aws_smithy_http_client", "source/s3/connect.rs"),
    ("simd_json", "decode/careful/"),
    ("wide", "decode/lanes.rs"),
    ("pulp", "decode/lanes/avx2.rs"),
    ("libdeflater", "decode/at_once.rs"),
    ("crc_fast", "decode/inflate.rs or source/s3/proof.rs"),
    ("simdutf8", "decode/utf8.rs"),
    ("walkdir", "source/files.rs"),
    ("rayon", "scan/"),
    ("clap", "cli/"),
    ("anyhow", "cli/"),
    ("indicatif", "cli/progress.rs"),
    ("ctrlc", "cli/signals.rs"),
    ("signal_hook", "cli/signals.rs"),
    ("sysinfo", "cli/args/output.rs"),
    ("tempfile", "cli/"),
    ("toml", "cli/settings/config.rs"),
    ("saphyr_parser", "yaml/loader.rs"),
    ("regex", "rules/"),
    ("arcstr", "text.rs"),
    ("cpu_time", "bench/clock.rs"),
    ("sha2", "checksum.rs"),
    ("parquet", "store/ or decode/ocsf"),
    ("memmap2", "store/map.rs"),
    ("rustix", "store/place.rs or file.rs or source/stdin.rs"),
];

fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let name = |path: &PathBuf| path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

fn room(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The code of a file without comments and tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_arrow_between_rooms_is_allowed() {
    let mut checked = 0;
    for (file, text) in sources() {
        let from = room(&file);
        if matches!(from, "lib" | "main" | "cli") {
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == from);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{file}: the room '{from}' is not in the table"));
        for part in code(&text).split("crate::").skip(1) {
            let to = part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            assert!(to == from || allowed.contains(&to), "{file} imports {to}, which {from} must not know");
            checked += 1;
        }
    }
    assert!(checked > 30);
}

#[test]
fn the_binary_uses_only_the_public_face() {
    for (file, text) in sources() {
        if matches!(room(&file), "main" | "cli") {
            assert!(!code(&text).contains("crate::"), "{file} reaches into the library");
        }
    }
}

#[test]
fn every_outside_crate_has_one_door() {
    let is_of_program = |(file, _): &(String, String)| !file.ends_with("/tests.rs");
    for (file, text) in sources().into_iter().filter(is_of_program) {
        for (name, door) in DOORS {
            let named = [format!("use {name}::"), format!(" {name}::"), format!("({name}::")];
            let used = named.iter().any(|form| code(&text).contains(form));
            let is_there = door.split(" or ").any(|door| file.starts_with(door));
            assert!(!used || is_there, "{file} uses {name}, whose door is {door}");
        }
    }
}

#[test]
fn every_file_says_what_it_is() {
    for (file, text) in sources() {
        assert!(text.starts_with("//! "), "{file} does not begin with //!");
    }
}

#[test]
fn the_plan_shows_the_same_arrows() {
    let plan = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/architecture.md")).unwrap();
    for (from, allowed) in ALLOWED {
        let row = plan.lines().find(|line| line.starts_with(&format!("| `{from}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/architecture.md has no row for {from}"));
        let known = row.split('|').nth(2).unwrap();
        for (to, _) in ALLOWED {
            assert_eq!(known.contains(&format!("`{to}`")), allowed.contains(&to), "{from} → {to}");
        }
    }
}

#[test]
fn unsafe_code_maps_files_of_ours_and_does_nothing_else() {
    for (file, text) in sources() {
        assert!(file == "store/map.rs" || !code(&text).contains("unsafe "), "{file} has unsafe code");
    }
}
