//! Objects found in buckets, and the number of requests.

use std::fs;
use std::path::Path;

use firstseen::time::Day;

use super::server::{LoggedRequest, Reply, Server, Setup};
use super::{Buckets, FIXTURE, copy, expected, scan, stderr};
use crate::archive::{audit_event, record, wrapped};
use crate::folder::put;
use crate::program::{program, without_archive};

#[test]
fn a_bucket_gives_the_same_as_its_folder_at_any_level() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let account = "AWSLogs/111122223333";
    for level in
        ["", "AWSLogs", account, &format!("{account}/CloudTrail"), &format!("{account}/CloudTrail/us-east-1")]
    {
        let found = scan(&mut server.firstseen(), &format!("s3://logs/{level}"), &[]);
        assert_eq!(found.status.code(), Some(0), "{level}: {}", stderr(&found));
        assert!(found.stdout == expected(&buckets.logs().join(level)), "{level}");
    }
}

#[test]
fn a_window_lists_only_its_days_of_kubernetes_logs() {
    let buckets = Buckets::empty();
    let day = |number: i32| Day::from_number(20_000 + number).to_string();
    for number in 0..100 {
        let folder = day(number).replace('-', "/");
        let path = buckets.logs().join(format!("EKSLogs/111122223333/prod/{folder}/07/audit-{number}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let time = format!("{}T07:00:00.000001Z", day(number));
        fs::write(path, audit_event(&time, "jo", "get", &format!("things{number}")).to_string()).unwrap();
    }
    let server = Setup::new(buckets.root()).page(1000).start();
    let (since, until) = (day(50), day(52));
    let window = ["--read-from", &since, "--read-to", &until];
    let found = scan(&mut server.firstseen(), "s3://logs", &window);
    let local = scan(&mut program(), buckets.logs().to_str().unwrap(), &window);
    assert!(found.stdout == local.stdout && found.stdout.len() > 500, "{}", stderr(&found));
    // One request for existence, three for the levels down to the cluster, one for its days.
    assert_eq!(server.requests().iter().filter(|request| request.is_list()).count(), 1 + 3 + 1);
    assert_eq!(server.requests().iter().filter(|request| request.is_get()).count(), 7);
}

#[test]
fn a_window_lists_only_its_days_of_cloudtrail_logs() {
    let buckets = Buckets::empty();
    let day = |number: i32| Day::from_number(19_700 + number).to_string();
    for number in 0..400 {
        let (day, folder) = (day(number), day(number).replace('-', "/"));
        for region in ["eu-west-1", "us-east-1"] {
            for minute in 0..3 {
                let name = format!(
                    "111122223333_CloudTrail_{region}_{}T010{minute}Z_aaaa{minute}.json.gz",
                    day.replace('-', "")
                );
                let path =
                    buckets.logs().join(format!("AWSLogs/111122223333/CloudTrail/{region}/{folder}/{name}"));
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                let record =
                    record(&format!("{day}T01:00:0{minute}Z"), region, &format!("s3:A{number}x{minute}"));
                fs::write(path, wrapped(&[record])).unwrap();
            }
        }
    }
    let digest = "111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20240101T001200Z.json.gz";
    for (folder, name) in [("Config", "x.json.gz"), ("CloudTrail-Digest", digest)] {
        let path = buckets.logs().join(format!("AWSLogs/111122223333/{folder}/eu-west-1/2024/01/01/{name}"));
        put(path, "{}");
    }
    let server = Setup::new(buckets.root()).page(1000).start();
    let (since, until) = (day(200), day(202));
    let window = ["--read-from", &since, "--read-to", &until];
    let found = scan(&mut server.firstseen(), "s3://logs", &window);
    let local = scan(&mut program(), buckets.logs().to_str().unwrap(), &window);
    assert!(found.stdout == local.stdout && found.stdout.len() > 1_000, "{}", stderr(&found));
    let lists = |server: &Server| server.requests().iter().filter(|request| request.is_list()).count();
    // One request for existence, four for the levels down to the Regions, one for the days of each Region,
    // and two for each of the two other folders (its Regions, and the days of one), since they may hold logs.
    assert_eq!(lists(&server), 1 + 4 + 2 + 2 * 2, "{}", stderr(&found));
    // Three days, and two on either side for late delivery.
    assert_eq!(server.requests().iter().filter(|request| request.is_get()).count(), 7 * 2 * 3);
    let message = "not listed, or only in part: 4 folders (config 1, digest 1, outside-window 2)";
    assert!(stderr(&found).contains(message), "{}", stderr(&found));
    // --from does not limit what is learnt; with --to, later objects are not needed.
    for (flag, gets) in [("--from", 400 * 2 * 3), ("--to", 203 * 2 * 3)] {
        let server = Setup::new(buckets.root()).page(1000).start();
        scan(&mut server.firstseen(), "s3://logs", &[flag, &day(200)]);
        assert_eq!(server.requests().iter().filter(|request| request.is_get()).count(), gets, "{flag}");
    }
}

#[test]
fn logs_of_organizations_and_control_tower_are_found_from_the_root() {
    let buckets = Buckets::empty();
    let tree = |prefix: &str| copy(&Path::new(FIXTURE).join("AWSLogs"), &buckets.logs().join(prefix));
    tree("AWSLogs/o-ab12cd34ef");
    tree("o-ab12cd34ef/AWSLogs/o-ab12cd34ef");
    tree("some/prefix/AWSLogs");
    let server = Setup::new(buckets.root()).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
}

#[test]
fn other_folder_layouts_are_read_like_on_disk() {
    let buckets = Buckets::empty();
    let put = |path: &str, time: &str, action: &str| put_event(&buckets, path, time, action);
    put("export.json", "2024-01-03T00:00:00Z", "s3:A");
    put("by day/2024/01/02/part+1%.json", "2024-01-02T00:00:00Z", "s3:B");
    put("by day/2024/01/03/part.json", "2024-01-03T00:00:00Z", "s3:C");
    put("AWSLogs/111122223333/CloudTrail/eu-west-1/notes.json", "2024-01-01T00:00:00Z", "s3:D");
    put("AWSLogs/111122223333/loose.json", "2024-01-01T00:00:01Z", "s3:E");
    for number in 0..120 {
        put(
            &format!("wide/{number}/x.json"),
            &format!("2024-02-01T00:00:00.{number:03}Z"),
            &format!("s3:W{number}"),
        );
    }
    let server = Setup::new(buckets.root()).page(50).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(stderr(&found).contains("objects: 125 listed = 125 read"), "{}", stderr(&found));
    fs::rename(buckets.logs().join("export.json"), buckets.logs().join("ex?p*rt.json")).unwrap();
    let single = scan(&mut server.firstseen(), "s3://logs/ex?p*rt.json", &[]);
    assert!(stderr(&single).contains("objects: 1 listed = 1 read"), "{}", stderr(&single));
}

#[test]
fn buckets_and_folders_mix_without_reading_an_object_twice() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root()).start();
    let run = |archives: &[&str]| {
        let mut command = server.firstseen();
        command.args(["scan", "--warmup", "0d", "--format", "csv"]).args(archives).output().unwrap()
    };
    let twice = run(&["s3://logs/AWSLogs/111122223333", "s3://logs"]);
    assert!(without_archive(&twice.stdout).into_bytes() == expected(&buckets.logs()), "{}", stderr(&twice));
    assert!(stderr(&twice).contains("listed-twice 1"), "{}", stderr(&twice));
    // The folder holds copies of the objects in the bucket: each record counts once.
    let mixed = run(&["s3://logs", FIXTURE]);
    assert_eq!(mixed.status.code(), Some(0));
    assert!(
        stderr(&mixed).contains("objects: 78 listed") || stderr(&mixed).contains("620 counted"),
        "{}",
        stderr(&mixed)
    );
}

#[test]
fn objects_are_read_while_the_listing_continues() {
    let buckets = Buckets::synthetic();
    let server = Setup::new(buckets.root()).page(20).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    let requests = server.requests();
    let first_get = requests.iter().position(LoggedRequest::is_get).unwrap();
    assert!(requests[first_get..].iter().filter(|request| request.is_list()).count() > 3);
}

/// Puts an object with one event into the bucket `logs`.
fn put_event(buckets: &Buckets, path: &str, time: &str, action: &str) {
    put(buckets.logs().join(path), wrapped(&[record(time, "u", action)]));
}

#[test]
fn objects_beside_years_are_read_once() {
    let buckets = Buckets::empty();
    put_event(&buckets, "notes.json", "2024-01-01T00:00:00Z", "s3:A");
    put_event(&buckets, "2024/01/02/x.json", "2024-01-02T00:00:00Z", "s3:B");
    let server = Setup::new(buckets.root()).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(stderr(&found).contains("objects: 2 listed = 2 read"), "{}", stderr(&found));
}

#[test]
fn unknown_folders_are_listed_for_any_window() {
    let buckets = Buckets::empty();
    let name = "111122223333_CloudTrail_us-east-1_20240309T0412Z_aB1.json.gz";
    let account = "AWSLogs/111122223333";
    put_event(
        &buckets,
        &format!("{account}/CloudTrail-restored/us-east-1/2024/03/09/{name}"),
        "2024-03-09T04:00:00Z",
        "s3:A",
    );
    put_event(&buckets, &format!("{account}/mine/2024/03/09/x.json"), "2024-03-09T04:00:01Z", "s3:B");
    put_event(&buckets, &format!("{account}/CloudTrail/{name}"), "2024-03-09T04:00:02Z", "s3:C");
    let server = Setup::new(buckets.root()).start();
    let window = ["--read-from", "2024-03-01"];
    let local = scan(&mut program(), buckets.logs().to_str().unwrap(), &window);
    let found = scan(&mut server.firstseen(), "s3://logs", &window);
    assert!(found.stdout == local.stdout, "{}", stderr(&found));
    assert!(stderr(&found).contains("3 read"), "{}", stderr(&found));
    let single = scan(&mut server.firstseen(), &format!("s3://logs/{account}/CloudTrail/{name}"), &window);
    assert!(stderr(&single).contains("objects: 1 listed = 1 read"), "{}", stderr(&single));
}

#[test]
fn a_wrong_date_in_a_name_does_no_harm() {
    let buckets = Buckets::empty();
    for region in ["eu-west-1", "us-east-1"] {
        for day in 1..=5 {
            for minute in 0..4 {
                let path = format!(
                    "AWSLogs/111122223333/CloudTrail/{region}/2024/01/0{day}/\
                     111122223333_CloudTrail_{region}_2024010{day}T000{minute}Z_a.json.gz"
                );
                put_event(&buckets, &path, &format!("2024-01-0{day}T00:0{minute}:00Z"), "s3:A");
            }
        }
    }
    let odd = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/01/02/\
               111122223333_CloudTrail_us-east-1_20991231T0000Z_a.json.gz";
    put_event(&buckets, odd, "2024-01-02T00:30:00Z", "s3:B");
    let server = Setup::new(buckets.root()).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    let account = "records: 41 = 21 counted + 20 duplicates";
    assert!(stderr(&found).contains(account), "{}", stderr(&found));
    assert!(found.stdout == scan(&mut server.firstseen(), buckets.logs().to_str().unwrap(), &[]).stdout);
}

#[test]
fn a_tree_of_many_small_folders_takes_few_requests() {
    let buckets = Buckets::empty();
    for day in 1..=20 {
        for hour in 0..24 {
            let path = format!("y=2024/m=01/d={day:02}/h={hour:02}/x.json");
            put_event(&buckets, &path, &format!("2024-01-{day:02}T{hour:02}:00:00Z"), "s3:A");
        }
    }
    let server = Setup::new(buckets.root()).page(1000).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(stderr(&found).contains("objects: 480 listed = 480 read"), "{}", stderr(&found));
    let lists = server.requests().iter().filter(|request| request.is_list()).count();
    assert!(lists < 150, "{lists}");
}

#[test]
fn an_object_listed_twice_is_counted_as_skipped_once() {
    let buckets = Buckets::empty();
    for number in 0..150 {
        put_event(&buckets, &format!("{number}/x.json"), "2024-01-01T00:00:00Z", "s3:A");
    }
    let early = "111122223333_CloudTrail_us-east-1_20230309T0412Z_aB1.json.gz";
    fs::write(buckets.logs().join(early), "").unwrap();
    let server = Setup::new(buckets.root()).page(1000).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &["--read-from", "2024-01-01"]);
    let account = "151 listed = 150 read + 1 skipped (outside-window 1)";
    assert!(stderr(&found).contains(account), "{}", stderr(&found));
}

#[test]
fn in_folders_of_other_services_only_logs_are_read() {
    let buckets = Buckets::empty();
    let (account, time) = ("AWSLogs/111122223333", "2024-03-09T04:00:00Z");
    let log = "111122223333_CloudTrail_us-east-1_20240309T0412Z_aB1.json.gz";
    let digest = "111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_20240309T041200Z.json.gz";
    for (number, path) in [
        format!("{account}/CloudTrail/us-east-1/2024/03/09/{log}"),
        format!("{account}/vpcflowlogs/us-east-1/2024/03/09/{log}"),
        format!("{account}/Config/us-east-1/2024/3/9/ConfigHistory/{log}"),
        format!("{account}/WAFLogs/{log}"),
        format!("{account}/CloudTrail-Digest/us-east-1/2024/03/09/{log}"),
        format!("{account}/CloudTrail-Digest/us-east-1/2024/03/09/renamed.json"),
        format!("AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/year=2024/{log}"),
        format!("{account}/mine/x.json"),
        format!(".firstseen-x.partial/{log}"),
        "a/activity.parquet".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        put_event(&buckets, path, time, &format!("s3:A{number}"));
    }
    for path in [
        format!("{account}/vpcflowlogs/us-east-1/2024/03/09/111122223333_vpcflowlogs_us-east-1_x.log.gz"),
        format!(
            "{account}/Config/us-east-1/2024/3/9/111122223333_Config_us-east-1_AWS::CloudTrail::Trail_x.json.gz"
        ),
        format!("{account}/CloudTrail-Digest/us-east-1/2024/03/09/{digest}"),
        "AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/year=2024/x.parquet".to_owned(),
    ] {
        put_event(&buckets, &path, time, "s3:NotRead");
    }
    let server = Setup::new(buckets.root()).start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
    assert!(stderr(&found).contains("objects: 10 listed = 10 read"), "{}", stderr(&found));
    let message = "not listed, or only in part: 5 folders (config 1, digest 1, flow-logs 2, waf 1)";
    assert!(stderr(&found).contains(message), "{}", stderr(&found));
    assert_eq!(server.requests().iter().filter(|request| request.is_get()).count(), 10);
}

/// A page of a listing.
fn page(keys: &[&str], token: Option<&str>) -> Reply {
    let contents: String = keys
        .iter()
        .map(|key| format!("<Contents><Key>{key}</Key><Size>{}</Size></Contents>", log().len()))
        .collect();
    let token = match token {
        None => "<IsTruncated>false</IsTruncated>".to_owned(),
        Some("") => "<IsTruncated>true</IsTruncated>".to_owned(),
        Some(token) => {
            format!("<IsTruncated>true</IsTruncated><NextContinuationToken>{token}</NextContinuationToken>")
        }
    };
    Reply::Xml(format!("<ListBucketResult><Name>logs</Name>{token}{contents}</ListBucketResult>"))
}

/// The same log for each key, so that the listed sizes are right.
fn log() -> Vec<u8> {
    wrapped(&[record("2024-03-09T04:00:00Z", "u", "s3:A")])
}

/// The exit status and object counts of a run. `days` answers the listing of the days, by continuation token.
fn listed(days: impl Fn(&str, usize) -> Reply + Send + Sync + 'static) -> (Option<i32>, serde_json::Value) {
    let buckets = Buckets::empty();
    for key in ["a", "b", "c", "d"] {
        put(buckets.logs().join(format!("{DAYS}2024/03/09/{key}.json")), log());
    }
    let server = Setup::new(buckets.root())
        .plan(move |request| {
            let is_days = request.is_list()
                && request.query.contains("us-east-1")
                && !request.query.contains("max-keys");
            let token = request
                .query
                .split("continuation-token=")
                .nth(1)
                .map_or("", |rest| rest.split('&').next().unwrap());
            if is_days { days(token, request.before) } else { Reply::Serve }
        })
        .start();
    let mut command = server.firstseen();
    let output = command.args(["scan", "s3://logs", "--format", "json"]).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (output.status.code(), answer["coverage"].clone())
}

const DAYS: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/";

#[test]
fn odd_listings_keep_the_sums_and_count_no_object_twice() {
    const A: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/09/a.json";
    const B: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/09/b.json";
    const C: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/09/c.json";
    const D: &str = "AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/09/d.json";
    type Days = fn(&str, usize) -> Reply;
    // The pages, the number of objects, and the fault.
    let cases: [(Days, u64, Option<&str>); 9] = [
        (|_, _| page(&[A, B], Some("")), 2, Some("not where it begins")),
        (|_, _| page(&[A, B], Some("t")), 2, Some("the same page for ever")),
        (
            |token, _| if token == "x" { page(&[C], Some("y")) } else { page(&[A, B], Some("x")) },
            3,
            Some("nothing new"),
        ),
        // A new token each time, and no objects after the first page.
        (
            |token, before| {
                let number = token.parse::<u32>().unwrap_or(0) + 1 + before as u32;
                page(if number == 1 { &[A] } else { &[] }, Some(&number.to_string()))
            },
            1,
            Some("nothing new"),
        ),
        // In order, out of order, twice on a page, and twice on two pages.
        (|_, _| page(&[A, B, C, D], None), 4, None),
        (|_, _| page(&[D, B, A, C], None), 4, None),
        (|_, _| page(&[A, B, B, A], None), 2, None),
        (
            |token, _| if token.is_empty() { page(&[C, A], Some("x")) } else { page(&[A, B, C], None) },
            3,
            None,
        ),
        // A few pages without a key are allowed.
        (
            |token, _| match token {
                "" => page(&[], Some("x")),
                "x" => page(&[], Some("y")),
                _ => page(&[A], None),
            },
            1,
            None,
        ),
    ];
    for (number, (days, objects, fault)) in cases.into_iter().enumerate() {
        let (code, coverage) = listed(days);
        assert_eq!(coverage["objects"]["listed"], objects, "case {number}: {coverage}");
        assert_eq!(coverage["objects"]["read"], objects, "case {number}: {coverage}");
        assert_eq!(coverage["records"]["total"], objects, "case {number}: {coverage}");
        let said = coverage["faults"][0]["detail"].as_str();
        assert_eq!(code, Some(if fault.is_some() { 3 } else { 0 }), "case {number}: {coverage}");
        assert!(
            said.is_some() == fault.is_some() && said.unwrap_or("").contains(fault.unwrap_or("")),
            "{said:?}"
        );
    }
}

#[test]
fn a_bucket_whose_first_page_is_empty_is_not_empty() {
    let buckets = Buckets::new();
    let server = Setup::new(buckets.root())
        .plan(|request| {
            match request.query.contains("max-keys=1&") || request.query.ends_with("max-keys=1") {
                true if !request.query.contains("continuation-token") => page(&[], Some("x")),
                true => page(&["x.json"], None),
                false => Reply::Serve,
            }
        })
        .start();
    let found = scan(&mut server.firstseen(), "s3://logs", &[]);
    assert!(found.stdout == expected(&buckets.logs()), "{}", stderr(&found));
}

#[test]
fn a_listing_without_a_continuation_token_is_a_fault() {
    let buckets = Buckets::new();
    let page = "<ListBucketResult><Name>logs</Name><IsTruncated>true</IsTruncated><KeyCount>1</KeyCount>@\
                <Contents><Key>AWSLogs/x.json</Key><Size>0</Size></Contents></ListBucketResult>";
    for token in ["", "<NextContinuationToken>t</NextContinuationToken>"] {
        let page = page.replace('@', token);
        let server = Setup::new(buckets.root())
            .plan(move |request| if request.is_list() { Reply::Xml(page.clone()) } else { Reply::Serve })
            .start();
        let found = scan(&mut server.firstseen(), "s3://logs", &[]);
        assert_eq!(found.status.code(), Some(3), "{}", stderr(&found));
        assert!(stderr(&found).contains("list: "), "{}", stderr(&found));
        let hint = "hint: what lies below a folder that could not be listed";
        assert!(
            stderr(&found).contains(hint) && !stderr(&found).contains("[[archive]]"),
            "{}",
            stderr(&found)
        );
    }
}
