//! `firstseen bench` measures an archive. These tests do not judge the numbers.

use firstseen::bench::{BenchPlan, MeasureError, Measured, measure, write_text};
use firstseen::scan::ScanError;
use firstseen::source::Archives;

use crate::archive::settings;

fn measured(stopped: bool) -> Result<Measured, MeasureError> {
    let archives = Archives::open(&["fixtures/small-archive".into()]).unwrap();
    measure(&archives, &settings(), &BenchPlan { runs: 2, max_threads: 3 }, &|| stopped)
}

#[test]
fn every_stage_and_number_of_threads_is_measured() {
    let measured = measured(false).unwrap();
    let stages: Vec<_> = measured.stages.iter().map(|cost| cost.stage).collect();
    assert_eq!(stages, ["list", "read", "inflate", "scan", "observe", "merge", "all"]);
    assert_eq!(measured.threads.iter().map(|cost| cost.threads).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(measured.events > 0 && measured.json_bytes > measured.stored_bytes && measured.behaviours > 0);
    for cost in &measured.threads {
        assert!(cost.wall_seconds.min > 0.0 && cost.wall_seconds.min <= cost.wall_seconds.max);
    }
}

#[test]
fn measurements_are_written_as_text_and_json() {
    let measured = measured(false).unwrap();
    let mut text = Vec::new();
    write_text(&measured, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    for word in ["inflate", "speed-up", "peak memory", "median of 2 runs"] {
        assert!(text.contains(word), "{text}");
    }
    let json = serde_json::to_value(&measured).unwrap();
    assert_eq!(json["stages"][2]["stage"], "inflate");
    assert!(json["threads"][1]["cpu_seconds"]["median"].as_f64().unwrap() >= 0.0);
}

#[test]
fn measuring_can_be_stopped() {
    assert!(matches!(measured(true), Err(MeasureError::Scan(ScanError::Stopped))));
}
