//! Memory is limited for any archive: small files that inflate to gigabytes, and large files of one line.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use firstseen::learn::LearnSettings;
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use crate::archive::{Archive, record, settings, with, wrapped};

/// Gzip of `head` followed by `part`, repeated `times` times.
fn gzip(head: &str, part: &[u8], times: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(head.as_bytes()).unwrap();
    (0..times).for_each(|_| encoder.write_all(part).unwrap());
    encoder.finish().unwrap()
}

/// The output of a scan and its peak memory in MiB.
#[cfg(target_os = "linux")]
fn scan(folder: &Path, threads: &str, memory: &str) -> (String, u64) {
    let program = env!("CARGO_BIN_EXE_firstseen");
    // `exec` keeps the process id, so its status shows the memory of the program.
    let script =
        r#"exec "$0" scan "$1" --warmup 0d -q -f jsonl --max-object-size 120M --threads "$2" --memory "$3""#;
    let mut child = Command::new("/bin/sh")
        .args(["-c", script, program])
        .arg(folder)
        .args([threads, memory])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    let output = std::thread::spawn(move || std::io::read_to_string(&mut output).unwrap());
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = std::fs::read_to_string(&status).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        most = most.max(kib.unwrap_or(0) / 1_024);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    (output.join().unwrap(), most)
}

#[cfg(target_os = "linux")]
#[test]
fn gzip_bombs_share_the_memory_budget() {
    let text = gzip(r#"{"Records":[{"eventName":""#, &[b'x'; 1 << 20], 130);
    let archive = Archive::new()
        .object("1.json.gz", &text)
        .object("2.json.gz", &text)
        .object("3.json.gz", &gzip("", &[b'['; 1 << 20], 70))
        .object("4.json.gz", &gzip(r#"{"Records":[]}"#, &[0; 1 << 20], 70))
        .object("5.json", &wrapped(&[record("2024-01-01T00:00:00Z", "a", "s3:GetObject")]));
    let (one, most) = scan(archive.path(), "1", "120M");
    assert!(one.contains("GetObject"));
    // One object at the limit, plus the memory that each thread needs anyway.
    assert!(most < 120 + 200, "{most} MiB");
    let (two, most) = scan(archive.path(), "2", "120M");
    assert!(most < 120 + 2 * 130, "{most} MiB");
    assert_eq!(one, two);
}

#[cfg(target_os = "linux")]
#[test]
fn a_long_list_on_one_line_is_not_held_in_memory() {
    let long = with(record("2024-01-01T00:00:00Z", "a", "s3:GetObject"), json!({"x": "y".repeat(10_000)}));
    let part = format!("{long},").repeat(100);
    let packed = [br#"{"Records":["#, part.repeat(200).as_bytes()].concat();
    let (answer, most) = scan(Archive::new().object("1.json", &packed).path(), "2", "1M");
    assert!(answer.contains("GetObject"));
    assert!(most < 180, "{most} MiB");
}

#[cfg(target_os = "linux")]
#[test]
fn a_fault_in_every_line_takes_no_memory() {
    let lines =
        format!("{}\n{}", record("2024-01-01T00:00:00Z", "a", "s3:GetObject"), "{\n".repeat(1_000_000));
    let (answer, most) = scan(Archive::new().object("1.json", lines.as_bytes()).path(), "1", "1M");
    assert!(answer.contains("GetObject"));
    // A list of them would take 100 MiB.
    assert!(most < 80, "{most} MiB");
}

#[test]
fn the_answer_is_the_same_for_any_budget() {
    let block = [b'x'; 1 << 20];
    let archive = (0..2).fold(Archive::new(), |archive, number| {
        let text = gzip(r#"{"Records":[{"eventName":""#, &block, 66 + number);
        archive.object(&format!("{number}.json.gz"), &text)
    });
    let read = |threads, memory| archive.ingest(&LearnSettings { threads, memory, ..settings() });
    let one = read(1, u64::MAX);
    assert!(one.coverage.fault_count > 0 && one.coverage.sums_hold());
    for (threads, memory) in [(3, 0), (2, 80 << 20)] {
        let other = read(threads, memory);
        assert_eq!((&other.baseline, &other.coverage), (&one.baseline, &one.coverage), "{threads} {memory}");
    }
}
