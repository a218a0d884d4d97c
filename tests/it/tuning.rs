//! The results of `tune` for a setting equal those of a scan with that setting.

use std::collections::BTreeMap;

use firstseen::baseline::Baseline;
use firstseen::coverage::Coverage;
use firstseen::query::{
    Anchor, Calls, Finding, FindingKind, IncidentPart, Keep, KnownIncident, Question, Severity, TradeOff,
    TuneGrid, Tuning, TuningRow, first_seen, tune,
};
use firstseen::report::{TuneFormat, TuneReport, UsedSettings};
use firstseen::time::{Bound, Day, Span};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::archive::{Archive, question, record, settings, with};
use crate::laws::{any_objects, any_record, archive};
use crate::program::program;

const ANCHORS: [Anchor; 3] = [Anchor::Principal, Anchor::Archive, Anchor::Created];

fn any_span() -> impl Strategy<Value = Span> {
    (0..30u32, any::<bool>()).prop_map(|(number, hours)| {
        if hours { format!("{}h", number * 11).parse().unwrap() } else { Span::days(number) }
    })
}

/// Enough records for returning behaviours, some after exactly a forget span.
fn many_records() -> impl Strategy<Value = Vec<(Option<u8>, Vec<Value>)>> {
    let records = prop::collection::vec(any_record(), 20..80);
    prop::collection::vec((prop::option::of(0..28u8), records), 1..4)
}

fn any_grid() -> impl Strategy<Value = TuneGrid> {
    let forget = prop::option::weighted(0.7, any_span());
    (
        prop::collection::vec(any_span(), 1..4),
        prop::collection::vec(forget, 1..4),
        prop::sample::subsequence(ANCHORS.to_vec(), 1..=3),
        prop::sample::subsequence(vec![Calls::All, Calls::Mutating], 1..=2),
    )
        .prop_map(|(warmups, forgets, anchors, calls)| TuneGrid { warmups, forgets, anchors, calls })
}

/// The question for a scan with the setting of a row.
fn scan_of(row: &TuningRow<'_>, base: &Question) -> Question {
    let mut asked = Question {
        warmup: row.setting.warmup,
        forget: row.setting.forget,
        anchor: row.setting.anchor,
        ..base.clone()
    };
    asked.filter.only_mutating |= row.setting.calls == Calls::Mutating;
    asked
}

/// The number of findings for each value of `of`: largest first, ties in order of the value.
fn ranked<K: Ord + Clone>(findings: &[Finding<'_>], of: impl Fn(&Finding<'_>) -> K) -> Vec<(K, usize)> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(of(finding)).or_insert(0) += 1;
    }
    let mut ranked: Vec<(K, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked
}

/// The sorted numbers of findings per day, including days without findings.
fn per_day(row: &TuningRow<'_>, findings: &[Finding<'_>]) -> Vec<usize> {
    let mut counts: Vec<usize> =
        ranked(findings, |finding| finding.time.day()).iter().map(|day| day.1).collect();
    counts.resize(row.daily.days as usize, 0);
    counts.sort_unstable();
    counts
}

fn account_and_principal(finding: &Finding<'_>) -> (String, String) {
    (finding.account().to_owned(), finding.principal().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn a_row_equals_a_scan_with_its_setting(
        objects in many_records(), grid in any_grid(), only_success in any::<bool>(), window in any::<bool>()
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let day = |text: &str| text.parse::<Bound>().unwrap();
        let base = Question {
            report: FindingKind::OF_SIGHTINGS.to_vec(),
            only_success,
            from: window.then(|| day("2024-01-04").start()),
            to: window.then(|| day("2024-01-17").end()),
            read_to: window.then(|| day("2024-01-17").end()),
            ..question(999)
        };
        let tuning = tune(&baseline, &base, &grid, &[]);
        let size = grid.warmups.len() * grid.forgets.len() * grid.anchors.len() * grid.calls.len();
        prop_assert_eq!(tuning.rows.len(), size);
        prop_assert_eq!(tuning.suggestion, None);
        for row in &tuning.rows {
            let scanned = first_seen(&baseline, &scan_of(row, &base));
            prop_assert_eq!(row.findings, scanned.len(), "{:?}", row.setting);
            prop_assert_eq!(row.suppressed + row.findings, tuning.most_sensitive_findings);
            prop_assert_eq!(row.of_kind.iter().sum::<usize>(), row.findings);
            let values = per_day(row, &scanned);
            prop_assert_eq!(row.daily.median, values.get(values.len().div_ceil(2).max(1) - 1).copied());
            prop_assert_eq!(row.daily.p95, values.get((values.len() * 95).div_ceil(100).max(1) - 1).copied());
            prop_assert_eq!(row.daily.worst.map_or(0, |worst| worst.findings), values.last().copied().unwrap_or(0));
            let worst = ranked(&scanned, |finding| finding.time.day()).first().copied();
            prop_assert_eq!(row.daily.worst.map(|worst| (worst.day, worst.findings)), worst);
            if let Some(worst) = &row.daily.worst {
                let that_day: Vec<_> =
                    scanned.iter().filter(|finding| finding.time.day() == worst.day).cloned().collect();
                let made_by = (worst.account.to_owned(), worst.principal.to_owned());
                prop_assert_eq!(&ranked(&that_day, account_and_principal)[0], &(made_by, worst.principal_findings));
            }
            let mut principals = ranked(&scanned, account_and_principal);
            prop_assert_eq!(row.noise.principal_count, principals.len());
            principals.truncate(10);
            let named = row.noise.principals.iter().map(|noisy| {
                ((noisy.account.to_owned(), noisy.principal.to_owned()), noisy.findings)
            });
            prop_assert_eq!(named.collect::<Vec<_>>(), principals);
            let accounts: usize = row.noise.accounts.iter().map(|noisy| noisy.findings).sum();
            prop_assert_eq!(accounts, row.findings);
        }
    }

    #[test]
    fn a_longer_warmup_never_reports_more_and_no_warmup_suppresses_nothing(
        objects in any_objects(), mut grid in any_grid()
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        grid.warmups = vec![Span::days(0), Span::days(2), Span::days(9)];
        grid.forgets = vec![Some(Span::days(1)), Some(Span::days(5)), None];
        let base = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(0) };
        let tuning = tune(&baseline, &base, &grid, &[]);
        for rows in tuning.rows.chunks(3) {
            prop_assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(row.findings)));
            if rows[0].setting.forget == Some(Span::days(1)) && rows[0].setting.calls == Calls::All {
                prop_assert_eq!(rows[0].suppressed, 0);
            }
        }
    }

    #[test]
    fn the_suggestion_is_the_quietest_setting_that_reports_every_incident(
        objects in any_objects(),
        grid in any_grid(),
        days in prop::collection::vec((0..20i32, 0..4i32), 1..3),
        keep in prop_oneof![(1..4usize).prop_map(Keep::Count), (1..=100u8).prop_map(Keep::Percent)],
    ) {
        let baseline = archive(&objects).ingest(&settings()).baseline;
        let incidents: Vec<KnownIncident> = days
            .iter()
            .map(|&(first, length)| {
                let (from, to) =
                    (Day::from_number(19_723 + first).start(), Day::from_number(19_723 + first + length).end());
                let part = IncidentPart { from, to, account: None, principal: None };
                KnownIncident { name: String::new(), parts: vec![part], keep }
            })
            .collect();
        let base = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(0) };
        let tuning = tune(&baseline, &base, &grid, &incidents);
        let inside = |asked: &Question, incident: &KnownIncident| {
            let found = first_seen(&baseline, asked);
            found.iter().filter(|finding| (incident.from()..=incident.to()).contains(&Some(finding.time))).count()
        };
        let forget = grid.forgets.iter().copied().flatten().min();
        for (labelled, incident) in tuning.incidents.iter().zip(&incidents) {
            let most_sensitive = Question { forget, ..base.clone() };
            prop_assert_eq!(labelled.findings, inside(&most_sensitive, incident));
        }
        let mut best: Option<(f64, Span)> = None;
        for row in &tuning.rows {
            let asked = scan_of(row, &base);
            let mut shows = true;
            for (index, incident) in incidents.iter().enumerate() {
                let reported = inside(&asked, incident);
                prop_assert_eq!(row.incidents[index].reported, reported);
                let all = tuning.incidents[index].findings;
                shows &= match keep {
                    Keep::Count(count) => reported >= count.min(all),
                    Keep::Percent(percent) => reported * 100 >= usize::from(percent) * all,
                };
            }
            if shows && tuning.incidents.iter().any(|labelled| labelled.findings > 0) {
                let this = (row.per_week().unwrap(), row.setting.warmup);
                best = Some(best.map_or(this, |known| if this < known { this } else { known }));
            }
        }
        let suggested = tuning.suggestion.map(|index| &tuning.rows[index]);
        prop_assert_eq!(suggested.map(|row| (row.per_week().unwrap(), row.setting.warmup)), best);
        // Whoever has a budget finds the most incidents that any setting keeps within it.
        let trade_off = tuning.trade_off();
        let is_dearer = |pair: &[TradeOff]| {
            pair[0].per_week < pair[1].per_week && pair[0].kept.len() < pair[1].kept.len()
        };
        prop_assert!(trade_off.windows(2).all(is_dearer));
        // Both rank by findings per week.
        if tuning.suggestion.is_some() {
            prop_assert_eq!(trade_off.last().map(|choice| choice.row), tuning.suggestion);
        }
        for row in &tuning.rows {
            let (Some(budget), kept) = (row.per_week(), tuning.kept_by(row).len()) else { continue };
            let most = trade_off.iter().filter(|choice| choice.per_week <= budget).map(|choice| choice.kept.len()).max();
            prop_assert!(kept == 0 || most >= Some(kept), "{budget} a week: {kept}, not {most:?}");
        }
    }
}

fn incident(name: &str, from: &str, to: &str, principal: Option<&str>) -> KnownIncident {
    let bound = |text: &str| text.parse::<Bound>().unwrap();
    let principal = principal.map(|glob| glob.parse().unwrap());
    let part = IncidentPart { from: bound(from).start(), to: bound(to).end(), account: None, principal };
    KnownIncident { name: name.to_owned(), parts: vec![part], keep: Keep::default() }
}

/// Eva creates a user when she has been known for 20 days; on the same day Bob has three new actions.
fn break_in() -> Archive {
    Archive::new().delivered(
        "20240401T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-03-01T10:00:00Z", "bob", "s3:GetObject"),
            record("2024-03-21T10:00:00Z", "eva", "iam:CreateUser"),
            record("2024-03-21T10:05:00Z", "eva", "iam:CreateAccessKey"),
            record("2024-03-21T11:00:00Z", "bob", "ec2:RunInstances"),
            record("2024-03-21T11:01:00Z", "bob", "ec2:StopInstances"),
            record("2024-03-21T11:02:00Z", "bob", "ec2:StartInstances"),
            record("2024-03-31T10:00:00Z", "bob", "iam:ListUsers"),
        ],
    )
}

fn written(tuning: &Tuning<'_>, format: TuneFormat) -> [String; 2] {
    let (settings, coverage, grid) = (UsedSettings::default(), Coverage::default(), small_grid());
    let report = TuneReport {
        source: "ARCHIVE",
        settings: &settings,
        coverage: &coverage,
        rules: &[],
        grid: &grid,
        tuning,
    };
    let (mut text, mut svg) = (Vec::new(), Vec::new());
    report.write(format, &mut text).unwrap();
    report.write_svg(&mut svg).unwrap();
    [text, svg].map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn hostile_texts_are_escaped_in_every_format() {
    let hostile = "=cmd|'<script>&\u{1b}[2J\u{202e}";
    let identity = json!({"type": "IAMUser", "arn": hostile, "accountId": "@sum(1)"});
    let hostile_record =
        |time: &str, action: &str| with(record(time, "x", action), json!({"userIdentity": identity}));
    let archive = Archive::new().delivered(
        "20240401T0412",
        &[
            hostile_record("2024-03-01T10:00:00Z", "s3:GetObject"),
            hostile_record("2024-03-09T10:00:00Z", "iam:CreateUser"),
        ],
    );
    let baseline = archive.ingest(&settings()).baseline;
    let named = [incident("\u{1b}[2Jname", "2024-03-09", "2024-03-09", None)];
    let tuning = tune(&baseline, &question(0), &small_grid(), &named);
    let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    let [table, svg] = written(&tuning, TuneFormat::Text);
    assert!(table.contains(r"=cmd|'<script>&\u{1b}[2J\u{202e}") && table.contains(r"\u{1b}[2Jname"));
    assert!(!table.contains(harmful) && !svg.contains(harmful) && !svg.contains("script"));
    let [csv, _] = written(&tuning, TuneFormat::Csv);
    assert!(
        csv.contains(",'=cmd|") && csv.contains(",'@sum(1)") && !csv.contains(",=") && !csv.contains(",@")
    );
    let [json, _] = written(&tuning, TuneFormat::Json);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rows"][0]["principals"][0]["principal"], hostile);
    assert_eq!(json["suggestion"]["warmup"], "0d", "2 in 9 days are fewer a week than 1 in 2");
}

/// Whether every element of an XML text is closed and every special character is escaped.
fn is_well_formed(xml: &str) -> bool {
    let mut open = Vec::new();
    for part in xml.split('<').skip(1) {
        let Some((tag, text)) = part.split_once('>') else { return false };
        let entities =
            text.split('&').skip(1).all(|rest| rest.split_once(';').is_some_and(|name| name.0.len() < 5));
        let name = |tag: &str| tag.split_whitespace().next().unwrap_or_default().to_owned();
        if tag.matches('"').count() % 2 == 1 || tag.contains('&') || !entities {
            return false;
        }
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(closed), _) if open.pop() != Some(name(closed)) => return false,
            (None, false) => open.push(name(tag)),
            _ => {}
        }
    }
    open.is_empty() && !xml.is_empty()
}

#[test]
fn the_chart_is_well_formed_even_without_data() {
    assert!(
        !is_well_formed("<a><b></a>") && !is_well_formed("<a>&</a>") && is_well_formed("<a><b/>&lt;</a>")
    );
    let baseline = break_in().ingest(&settings()).baseline;
    let base = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(0) };
    let full = tune(&baseline, &base, &TuneGrid::default(), &[]);
    let [_, svg] = written(&full, TuneFormat::Text);
    assert!(is_well_formed(&svg), "{svg}");
    assert_eq!(svg.matches("<polyline").count(), 6);
    assert!(svg.contains("warmup in days") && svg.contains("findings per day"));
    let nothing = Baseline::default();
    let [table, svg] = written(&tune(&nothing, &base, &small_grid(), &[]), TuneFormat::Text);
    assert!(is_well_formed(&svg), "{svg}");
    assert_eq!(table, "no event, nothing to tune\n");
}

#[test]
fn tune_writes_files_and_reads_incidents_from_a_file() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(
        path("labels.csv"),
        "from,to,principal,name\n2024-03-10,2024-03-10,data-pipeline,trail off\n",
    )
    .unwrap();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/small-archive");
    let ended = program()
        .args(["tune", fixture, "-q", "--incidents", "labels.csv", "-o", "all.json", "--svg", "chart.svg"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(ended.status.success() && ended.stdout.is_empty() && ended.stderr.is_empty(), "{ended:?}");
    let json: Value = serde_json::from_slice(&std::fs::read(path("all.json")).unwrap()).unwrap();
    assert_eq!(json["incidents"][0]["name"], "trail off");
    assert_eq!(json["rows"].as_array().unwrap().len(), 504);
    assert!(json["rows"].as_array().unwrap().contains(&json["suggestion"]));
    assert!(is_well_formed(&std::fs::read_to_string(path("chart.svg")).unwrap()));
}

fn small_grid() -> TuneGrid {
    TuneGrid {
        warmups: [0, 7, 20, 21, 60].map(Span::days).to_vec(),
        forgets: vec![None],
        anchors: vec![Anchor::Principal],
        calls: vec![Calls::All],
    }
}

#[test]
fn a_long_warmup_hides_an_incident_and_is_not_suggested() {
    let baseline = break_in().ingest(&settings()).baseline;
    let incidents = [
        incident("user made", "2024-03-21", "2024-03-21", Some("eva")),
        incident("nothing there", "2023-03-21", "2023-03-21T10:00:00Z", None),
    ];
    let tuning = tune(&baseline, &question(0), &small_grid(), &incidents);
    assert_eq!(tuning.incidents.iter().map(|labelled| labelled.findings).collect::<Vec<_>>(), [2, 0]);
    let seen: Vec<_> =
        tuning.rows.iter().map(|row| (row.incidents[0].reported, row.incidents[0].alerts_per_day)).collect();
    assert_eq!(seen, [(2, Some(5)), (2, Some(5)), (2, Some(5)), (0, None), (0, None)]);
    let suggested = &tuning.rows[tuning.suggestion.unwrap()];
    assert_eq!((suggested.setting.warmup, suggested.findings), (Span::days(7), 6), "7d is as quiet as 20d");
}

#[test]
fn the_suggestion_is_the_last_setting_of_the_trade_off() {
    // After 20 days 6 findings are left, over 11 days; after 7 days 7 over 24 days; without a warmup more a week.
    let early = [("02", "ListUsers"), ("03", "ListRoles"), ("15", "ListGroups")];
    let early = early
        .map(|(day, action)| record(&format!("2024-03-{day}T10:00:00Z"), "eva", &format!("iam:{action}")));
    let baseline = break_in().delivered("20240315T1005", &early).ingest(&settings()).baseline;
    let incidents = [incident("user made", "2024-03-21", "2024-03-21", Some("eva"))];
    let tuning = tune(&baseline, &question(0), &small_grid(), &incidents);
    let suggested = &tuning.rows[tuning.suggestion.unwrap()];
    assert_eq!((suggested.setting.warmup, suggested.findings), (Span::days(7), 7));
    assert!(tuning.rows.iter().any(|row| row.incidents[0].reported > 0 && row.findings < 7));
    assert_eq!(tuning.trade_off().last().map(|choice| choice.row), tuning.suggestion);
}

#[test]
fn more_of_an_incident_is_kept_if_asked_for() {
    let baseline = break_in().ingest(&settings()).baseline;
    let suggested = |keep: Keep| {
        let all = KnownIncident { keep, ..incident("all", "2024-03-01", "2024-03-31", Some("eva")) };
        let tuning = tune(&baseline, &question(0), &small_grid(), &[all]);
        let row = tuning.suggestion.map(|index| &tuning.rows[index]);
        (tuning.incidents[0].needed(), row.map(|row| row.incidents[0].reported))
    };
    let (_, most) = suggested(Keep::Percent(100));
    let (needed, least) = suggested(Keep::default());
    assert_eq!(needed, 1);
    assert!(least < most, "{least:?} {most:?}");
    assert_eq!(suggested(Keep::Count(1_000)).1, most, "there are not as many");
}

#[test]
fn parts_of_an_incident_count_together_and_each_finding_once() {
    let baseline = break_in().ingest(&settings()).baseline;
    let part = |from: &str, to: &str, who: &str| incident("", from, to, Some(who)).parts.remove(0);
    let mut both = incident("both", "2024-03-21", "2024-03-21", Some("eva"));
    both.parts.push(part("2024-03-21T10:05:00Z", "2024-03-21T10:05:00Z", "eva"));
    both.parts.push(part("2024-03-31", "2024-03-31", "bob"));
    both.parts.push(IncidentPart {
        account: Some("999999999999".to_owned()),
        ..part("2024-03-21", "2024-03-21", "bob")
    });
    assert_eq!(both.principal(), None);
    let tuning = tune(&baseline, &question(0), &small_grid(), &[both]);
    assert_eq!(tuning.incidents[0].findings, 3);
}

#[test]
fn severity_counts_as_in_a_scan() {
    let baseline = break_in().ingest(&settings()).baseline;
    for min_severity in Severity::ALL {
        let base = Question { min_severity, ..question(0) };
        for row in &tune(&baseline, &base, &small_grid(), &[]).rows {
            let asked = scan_of(row, &base);
            assert_eq!(
                row.findings,
                first_seen(&baseline, &asked).len(),
                "{min_severity:?} {:?}",
                row.setting
            );
        }
    }
}

#[test]
fn an_incident_without_findings_yields_no_suggestion() {
    let baseline = break_in().ingest(&settings()).baseline;
    let nothing = [incident("nothing", "2024-03-21", "2024-03-21", Some("mallory"))];
    let tuning = tune(&baseline, &question(0), &small_grid(), &nothing);
    assert_eq!((tuning.incidents[0].findings, tuning.suggestion), (0, None));
}

#[test]
fn days_count_from_the_end_of_the_warmup() {
    let baseline = break_in().ingest(&settings()).baseline;
    let rows = tune(&baseline, &question(0), &small_grid(), &[]).rows;
    let days: Vec<_> = rows.iter().map(|row| (row.daily.days, row.daily.median, row.daily.p95)).collect();
    let expected = [
        (31, Some(0), Some(2)),
        (24, Some(0), Some(1)),
        (11, Some(0), Some(5)),
        (10, Some(0), Some(1)),
        (0, None, None),
    ];
    assert_eq!(days, expected);
    let worst = rows[0].daily.worst.unwrap();
    assert_eq!((worst.day.to_string().as_str(), worst.findings), ("2024-03-21", 5));
    assert!(worst.principal.ends_with("user/bob"));
    assert_eq!(worst.principal_findings, 3);
}

#[test]
fn a_returning_action_belongs_to_an_incident_that_overlaps_its_hour() {
    let archive = Archive::new().delivered(
        "20240401T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-03-21T10:45:00Z", "eva", "s3:GetObject"),
        ],
    );
    let baseline = archive.ingest(&settings()).baseline;
    let base = Question { report: FindingKind::OF_SIGHTINGS.to_vec(), ..question(0) };
    let grid = TuneGrid { forgets: vec![Some(Span::days(7))], ..small_grid() };
    let incidents = [
        incident("at it", "2024-03-21T10:44:00Z", "2024-03-21T10:46:00Z", None),
        incident("an hour later", "2024-03-21T11:00:00Z", "2024-03-21T12:00:00Z", None),
    ];
    let tuning = tune(&baseline, &base, &grid, &incidents);
    assert_eq!(tuning.incidents.iter().map(|labelled| labelled.findings).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn a_gap_of_exactly_the_forget_span_is_not_a_return() {
    let archive = Archive::new().delivered(
        "20240401T0412",
        &[
            record("2024-03-01T10:00:00Z", "eva", "s3:GetObject"),
            record("2024-03-08T10:00:00Z", "eva", "s3:GetObject"),
        ],
    );
    let baseline = archive.ingest(&settings()).baseline;
    let base = Question { report: vec![FindingKind::ReturningAction], ..question(0) };
    let hours = |hours: u32| Some(format!("{hours}h").parse().unwrap());
    let grid = TuneGrid {
        warmups: vec![Span::days(7)],
        forgets: vec![hours(1), hours(167), hours(168)],
        ..small_grid()
    };
    let findings: Vec<usize> =
        tune(&baseline, &base, &grid, &[]).rows.iter().map(|row| row.findings).collect();
    assert_eq!(findings, [1, 1, 0]);
}

#[test]
fn an_empty_baseline_gives_zeros_for_every_setting() {
    let baseline = Baseline::default();
    let tuning = tune(&baseline, &question(0), &TuneGrid::default(), &[]);
    assert_eq!(tuning.rows.len(), 14 * 6 * 3 * 2);
    assert!(tuning.rows.iter().all(|row| row.findings == 0 && row.daily.days == 0));
    assert_eq!((tuning.observed, tuning.suggestion), (None, None));
}

#[test]
fn a_principal_without_an_account_is_listed_under_no_account() {
    let nobody = json!({"recipientAccountId": "ABSENT", "userIdentity": {"type": "Unknown"}});
    let event = with(record("2024-03-01T00:00:00Z", "eva", "s3:GetObject"), nobody);
    let archive = Archive::new().delivered("20240301T0005", &[event]);
    let baseline = archive.ingest(&settings()).baseline;
    let grid = TuneGrid { warmups: vec![Span::default()], ..small_grid() };
    let [table, _] = written(&tune(&baseline, &question(0), &grid, &[]), TuneFormat::Text);
    assert!(table.contains("  no account\n") && !table.contains("account -"), "{table}");
}

/// `created` with an inventory: a principal that is older than the archive is old enough from its first day on.
#[test]
fn days_count_from_the_creation_of_principals_that_are_older_than_the_archive() {
    let mut archive = Archive::new();
    for day in 1..=10 {
        let event = record(&format!("2024-03-{day:02}T10:00:00Z"), "eva", &format!("s3:GetObject{day}"));
        archive = archive.delivered(&format!("202403{day:02}T1005"), &[event]);
    }
    let user = json!({
        "Path": "/", "UserName": "eva", "UserId": "AIDAEVA", "Arn": "arn:aws:iam::111122223333:user/eva",
        "CreateDate": "2023-01-01T00:00:00Z",
    });
    let inventory = tempfile::tempdir().unwrap();
    std::fs::write(inventory.path().join("users.json"), json!({ "Users": [user] }).to_string()).unwrap();
    let tune = |arguments: &[&str]| {
        let flags = ["--warmups", "7d,20d", "--forgets", "never", "--calls", "all", "-f", "json"];
        let output = program().arg("tune").arg(archive.path()).args(flags).args(arguments).output().unwrap();
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let days = |row: &Value| (row["warmup"].to_string(), row["findings"].as_u64(), row["days"].as_u64());
        let rows: Vec<_> = answer["rows"].as_array().unwrap().iter().map(days).collect();
        (rows, String::from_utf8(output.stderr).unwrap())
    };
    let told = "no setting with a warmup of 20d";
    let (rows, messages) = tune(&["--anchors", "principal"]);
    assert_eq!(
        rows.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(),
        [(Some(3), Some(3)), (Some(0), Some(0))]
    );
    assert!(messages.contains(told), "{messages}");
    let inventory = inventory.path().to_str().unwrap();
    let (rows, messages) = tune(&["--anchors", "created", "--iam-inventory", inventory]);
    assert_eq!(rows.iter().map(|row| (row.1, row.2)).collect::<Vec<_>>(), [(Some(10), Some(10)); 2]);
    assert!(!messages.contains(told), "{messages}");
}
