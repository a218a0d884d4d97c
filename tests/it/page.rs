//! `--format html` of `triage`, `scan` and `rules`: the page as a file. `tests/browser` opens it in a browser.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use firstseen::checksum::Checksum;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::archive::{Archive, record, with};
use crate::program::{firstseen, firstseen_here, stderr};

/// The page of an archive.
fn page(archive: &Archive, arguments: &[&str]) -> String {
    let output = firstseen(&[&["triage", ".", "-q", "-f", "html"], arguments].concat(), archive.path());
    assert!(matches!(output.status.code(), Some(0 | 3)), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn page_of_fixture() -> String {
    let output = firstseen_here(&["triage", "fixtures/small-archive", "-q", "-f", "html", "--builtin-rules"]);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What is between two texts, the second of which follows the first.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = &text[text.find(start).unwrap() + start.len()..];
    &rest[..rest.find(end).unwrap()]
}

/// The data of the script.
fn data(page: &str) -> Value {
    let json = between(page, "<script type=\"application/json\" id=\"data\">", "</script>");
    serde_json::from_str(json).unwrap()
}

/// The page without its style, its script and the data of that.
fn markup(page: &str) -> String {
    let mut rest = page.to_owned();
    for (start, end) in [("<style>", "</style>"), ("<script type", "</script>"), ("<script>", "</script>")] {
        let from = rest.find(start).unwrap();
        let to = from + rest[from..].find(end).unwrap() + end.len();
        rest.replace_range(from..to, "");
    }
    rest
}

/// Two users who read every fifth day; on 15 April `texts` are everything that a user can choose.
fn attack(texts: &[&str]) -> Archive {
    let mut archive = Archive::new();
    for day in ["0301", "0306", "0311", "0316", "0321", "0326", "0331", "0405", "0410"] {
        let time = format!("2024-{}-{}T10:00:00Z", &day[..2], &day[2..]);
        let reads: Vec<Value> = texts.iter().map(|user| record(&time, user, "s3:GetObject")).collect();
        archive = archive.delivered(&format!("2024{day}T1005"), &reads);
    }
    let attacks = texts.iter().enumerate().map(|(number, text)| {
        let time = format!("2024-04-15T10:{number:02}:00Z");
        with(
            record(&time, text, "iam:CreateAccessKey"),
            json!({
                "eventName": text, "awsRegion": text, "sourceIPAddress": text, "userAgent": text, "errorCode": text,
                "eventID": text,
            }),
        )
    });
    archive.delivered("20240415T1105", &attacks.collect::<Vec<_>>())
}

#[test]
fn nothing_in_a_page_is_loaded_from_elsewhere() {
    let markup = markup(&page_of_fixture());
    for forbidden in
        ["src=", "<link", "<img", "<iframe", "<object", "<embed", "<form action", "http:", "https:", "style="]
    {
        assert!(!markup.contains(forbidden), "{forbidden}");
    }
    assert!(markup.split("href=\"").skip(1).all(|rest| rest.starts_with('#')));
    assert!(!markup.split('<').any(|tag| tag.split('>').next().unwrap().contains(" on")));
}

#[test]
fn the_policy_names_the_script_and_the_style_of_the_page_and_nothing_else() {
    let page = page_of_fixture();
    let hash = |text: &str| STANDARD.encode(Checksum::of(text.as_bytes()).as_bytes());
    let (script, style) = (between(&page, "<script>", "</script>"), between(&page, "<style>", "</style>"));
    assert!(script.len() > 10_000 && style.len() > 5_000);
    assert_eq!(
        between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\""),
        format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
             form-action 'none'; require-trusted-types-for 'script'",
            hash(script),
            hash(style)
        )
    );
}

#[test]
fn texts_of_attackers_stay_texts() {
    let hostile = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "<a href=javascript:alert(1)>x</a><!--",
        "{{ 7 * 7 }}{% if 1 %}${7}",
        "\u{202e}gpj.exe\u{2066}\u{200b}\u{2028}",
        "&lt;b&gt;&#60;",
    ];
    let page = page(&attack(&hostile), &[]);
    assert_eq!((page.matches("<script").count(), page.matches("</script").count()), (2, 2));
    assert!(!page.contains(['\u{202e}', '\u{2066}', '\u{200b}', '\u{2028}']));
    let markup = markup(&page);
    assert!(!markup.contains("<img") && !markup.contains("<a href=j") && !markup.contains("<!--"));
    assert!(!markup.contains("\"><img"), "no text ends an attribute");
    assert!(!markup.contains("'alert"));
    assert!(
        markup.contains("{{ 7 * 7 }}{% if 1 %}${7}")
            && markup.contains(r"\u{202e}gpj.exe\u{2066}\u{200b}\u{2028}")
    );
    assert!(markup.contains("&amp;lt;b&amp;gt;&amp;#60;"));
    let texts = data(&page)["texts"].as_array().unwrap().clone();
    for text in hostile.iter().filter(|text| text.is_ascii()) {
        assert!(texts.iter().any(|known| known == text), "{text}");
    }
}

#[test]
fn the_name_of_an_archive_stays_a_text() {
    let folder = TempDir::new().unwrap();
    let name = "<img src=x onerror='alert(1)'>&amp;";
    let archive = attack(&["jo"]);
    std::fs::rename(archive.path().join("AWSLogs"), folder.path().join(name)).unwrap();
    let output = firstseen(&["triage", name, "-q", "-f", "html", "--account", "\"><hr>"], folder.path());
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    let escaped = "&lt;img src=x onerror=&#39;alert(1)&#39;&gt;&amp;amp;";
    assert!(page.contains(&format!("<title>firstseen triage: {escaped}</title>")), "{}", stderr(&output));
    let markup = markup(&page);
    assert!(!markup.contains("<img") && !markup.contains("<hr>") && markup.contains("&quot;&gt;&lt;hr&gt;"));
}

#[test]
fn the_page_says_what_other_formats_say() {
    let page = page_of_fixture();
    let output = firstseen_here(&["triage", "fixtures/small-archive", "-q", "-f", "json", "--builtin-rules"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let (markup, data) = (markup(&page), data(&page));
    let incidents = answer["incidents"].as_array().unwrap();
    assert_eq!(data["groups"].as_array().unwrap().len(), incidents.len());
    let column =
        |name: &str| data["texts_of"].as_array().unwrap().iter().position(|known| known == name).unwrap();
    for (incident, of_page) in incidents.iter().zip(data["groups"].as_array().unwrap()) {
        assert_eq!(of_page["rank"], incident["rank"]);
        let card = between(&markup, &format!("id=\"incident-{}\"", incident["rank"]), "</article>");
        assert!(card.contains(&format!("<strong>{:.2} bits</strong>", incident["score"].as_f64().unwrap())));
        let findings = incident["findings"].as_array().unwrap();
        assert_eq!(of_page["rows"].as_array().unwrap().len(), findings.len());
        for (finding, row) in findings.iter().zip(of_page["rows"].as_array().unwrap()) {
            for name in ["time", "principal", "object", "event_id"] {
                let text = &data["texts"][row[column(name)].as_u64().unwrap() as usize];
                assert_eq!(text.as_str().unwrap(), finding[name].as_str().unwrap_or_default(), "{name}");
                assert!(card.contains(text.as_str().unwrap()), "{name} is not in the card: {text}");
            }
        }
    }
    for number in
        ["5</strong> accounts", "47</strong> principals", "620</strong> events", "129</strong> findings"]
    {
        assert!(markup.contains(number), "{number}");
    }
    assert!(markup.contains("T1562.008"), "rules have their tags");
}

/// A page without the command line that made it.
fn without_command_line(page: &str) -> String {
    let start = "<code class=\"command-line\">";
    page.replacen(&format!("{start}{}<", between(page, start, "<")), &format!("{start}<"), 1)
}

#[test]
fn a_page_says_which_command_made_it() {
    let page = page(&attack(&["jo"]), &["--account", "<x> y"]);
    assert!(
        page.contains("<code class=\"command-line\">firstseen triage . -q -f html --account &#39;&lt;x&gt; y&#39;</code>"),
        "{}",
        between(&page, "<code class=", "</p>")
    );
}

#[test]
fn a_page_knows_who_else_has_a_value_in_the_whole_archive() {
    // Both have read for weeks, which is no finding; one of them now does it from elsewhere.
    let archive = attack(&["ann", "bob"]).delivered(
        "20240416T1005",
        &[with(
            record("2024-04-16T10:00:00Z", "ann", "s3:GetObject"),
            json!({"sourceIPAddress": "192.0.2.7", "eventID": "elsewhere"}),
        )],
    );
    let data = data(&page(&archive, &[]));
    let number = |text: &str| {
        let texts = data["texts"].as_array().unwrap();
        texts.iter().position(|known| known == text).unwrap().to_string()
    };
    let network = &data["archive"]["values"]["network"][number("192.0.2.0/24")];
    assert_eq!((&network[2], &network[3]), (&json!(1), &json!(1)), "{network}");
    let action = &data["archive"]["values"]["action"][number("s3.amazonaws.com:GetObject")];
    assert_eq!((&action[2], &action[3]), (&json!(19), &json!(2)), "{action}");
    assert_eq!((&action[0], &action[1]), (&json!("2024-03-01T10:00:00Z"), &json!("2024-04-16T10:00:00Z")));
    let most: Vec<u64> =
        action[4].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    assert_eq!([most[1], most[3]], [10, 9]);
    let ann = &data["archive"]["principals"][number("arn:aws:iam::111122223333:user/ann")][0];
    assert_eq!((&ann[2], &ann[4], &ann[5]), (&json!(11), &json!(2), &json!(2)), "{ann}");
}

#[test]
fn the_page_of_findings_has_a_card_for_each_principal() {
    let folder = TempDir::new().unwrap();
    let output = firstseen_here(&[
        "scan",
        "fixtures/small-archive",
        "-q",
        "--builtin-rules",
        "-f",
        "html,json",
        "-o",
        folder.path().join("out").to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let read = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    let (page, answer) = (read("findings.html"), read("findings.json"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let (data, markup) = (data(&page), markup(&page));
    let groups = data["groups"].as_array().unwrap();
    let rows: usize = groups.iter().map(|group| group["rows"].as_array().unwrap().len()).sum();
    assert_eq!(rows, findings.len());
    let principals: BTreeSet<(Option<&str>, Option<&str>)> =
        findings.iter().map(|finding| (finding["account"].as_str(), finding["principal"].as_str())).collect();
    assert_eq!((data["unit"].as_str(), groups.len()), (Some("principal"), principals.len()));
    let severities = ["critical", "high", "medium", "low", "informational"];
    let order: Vec<usize> = groups
        .iter()
        .map(|group| severities.iter().position(|severity| group["severity"] == *severity).unwrap())
        .collect();
    assert!(order.is_sorted() && order[0] < order[order.len() - 1], "{order:?}");
    for finding in findings {
        let id = finding["event_id"].as_str().unwrap();
        assert!(markup.contains(&format!("<code>{id}</code>")), "{id}");
    }
    assert!(markup.contains("id=\"principal-1\"") && !markup.contains("incident"), "{}", markup.len());
    // Beside other formats the page has its tables, too.
    assert!(markup.contains("id=\"principals-table\"") && markup.contains("<strong>620</strong> events"));
}

#[test]
fn the_findings_of_a_card_are_in_order_of_time_however_they_are_sorted() {
    let output = firstseen_here(&[
        "scan",
        "fixtures/small-archive",
        "-q",
        "-f",
        "html",
        "--warmup",
        "0d",
        "--sort",
        "severity",
    ]);
    let data = data(&String::from_utf8(output.stdout.clone()).unwrap());
    let texts = data["texts"].as_array().unwrap();
    let groups = data["groups"].as_array().unwrap();
    assert!(groups.iter().any(|group| group["start"] != group["end"]), "{}", stderr(&output));
    for group in groups {
        // The time is the first column.
        let times: Vec<&str> = group["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| texts[row[0].as_u64().unwrap() as usize].as_str().unwrap())
            .collect();
        assert!(times.is_sorted(), "{times:?}");
        assert_eq!(
            (times.first().copied(), times.last().copied()),
            (group["start"].as_str(), group["end"].as_str())
        );
    }
}

#[test]
fn a_page_of_no_findings_says_so() {
    let archive =
        Archive::new().delivered("20240301T1005", &[record("2024-03-01T10:00:00Z", "jo", "s3:GetObject")]);
    let output = firstseen(&["scan", ".", "-q", "-f", "html"], archive.path());
    let page = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(page.contains("No findings after a warmup of 30d."), "{}", stderr(&output));
}

#[test]
fn the_same_archive_gives_the_same_page() {
    let (archive, folder) = (attack(&["ann", "bob"]), TempDir::new().unwrap());
    let expected = without_command_line(&page(&archive, &["--threads", "1"]));
    assert_eq!(without_command_line(&page(&archive, &["--threads", "3"])), expected);
    let (saved, written) = (folder.path().join("case.baseline"), folder.path().join("report.html"));
    let path = saved.to_str().unwrap();
    assert!(firstseen(&["index", ".", "-o", path, "-q"], archive.path()).status.success());
    // The format is known by the extension.
    let output = firstseen(&["triage", path, "-q", "-o", written.to_str().unwrap()], archive.path());
    assert!(output.status.success(), "{}", stderr(&output));
    let of_saved = without_command_line(&std::fs::read_to_string(written).unwrap());
    // A baseline has no events, so the commands for it are others.
    let is_command = |line: &&str| line.starts_with("<p class=\"command\">");
    let without_commands = |page: &str| -> Vec<String> {
        page.lines().filter(|line| !is_command(line)).map(str::to_owned).collect()
    };
    let of_saved = of_saved.replace(&format!("triage {path}"), "triage .");
    assert_eq!(without_commands(&of_saved), without_commands(&expected));
    assert!(expected.contains("<code>firstseen events . "));
    assert!(of_saved.contains(&format!("<code>firstseen scan {path} ")));
}

#[test]
fn a_page_without_incidents_says_why() {
    let archive =
        Archive::new().delivered("20240301T1005", &[record("2024-03-01T10:00:00Z", "jo", "s3:GetObject")]);
    let page = page(&archive, &[]);
    assert!(page.contains("nothing to rank: the archive is shorter than the warmup of 30d"), "{page}");
    assert!(page.contains("Everything was read: 1 object and no faults"));
    assert_eq!(data(&page)["groups"], json!([]));
}

#[test]
fn a_page_lists_what_could_not_be_read() {
    let archive = attack(&["jo"]).object("<b>.json.gz", b"\x1f\x8bgarbage");
    let page = page(&archive, &[]);
    assert!(page.contains("What could not be read") && page.contains("1 fault</a>"));
    assert!(page.contains("<code>&lt;b&gt;.json.gz</code>") && page.contains("gzip-corrupt"));
}

#[test]
fn a_card_lists_some_episodes_of_an_incident_with_many_and_says_so() {
    let known: Vec<Value> =
        (0..300).map(|user| record("2024-01-01T00:00:00Z", &format!("u{user}"), "s3:Read")).collect();
    let with_one_key = |user: usize| {
        let time = format!("2024-03-01T{:02}:{:02}:00Z", user / 60, user % 60);
        let mut one = record(&time, &format!("u{user}"), "iam:CreateUser");
        one["userIdentity"]["accessKeyId"] = json!("ASIAEXAMPLE");
        one
    };
    let archive = Archive::new()
        .delivered("20240101T0005", &known)
        .delivered("20240301T0905", &(0..300).map(with_one_key).collect::<Vec<_>>());
    let page = page(&archive, &[]);
    assert!(page.contains("in 300 episodes"));
    assert!(page.contains("<h4>Episode 100:") && !page.contains("<h4>Episode 101:"));
    let said = "200 more episodes and 200 more links of this incident are not on the page: <code>--format json</code> has them all.";
    assert!(page.contains(said));
    assert_eq!(
        data(&page)["groups"][0]["rows"].as_array().unwrap().len(),
        300,
        "findings have a limit of their own"
    );
}

#[test]
fn a_card_lists_some_values_of_a_kind_and_counts_the_rest() {
    let known = [record("2024-01-01T00:00:00Z", "eva", "s3:Read")];
    let from = |host: usize| {
        let time = format!("2024-03-01T00:{:02}:{:02}Z", host / 60, host % 60);
        let one = record(&time, "eva", &format!("iam:Do{host}"));
        with(one, json!({"sourceIPAddress": format!("203.0.{host}.7")}))
    };
    let archive = Archive::new()
        .delivered("20240101T0005", &known)
        .delivered("20240301T0905", &(0..250).map(from).collect::<Vec<_>>());
    let page = page(&archive, &[]);
    let networks = between(&page, "<dt>Networks</dt>", "</dd>");
    assert_eq!(networks.matches("data-f=\"network\"").count(), 200);
    assert!(networks.ends_with(" and 50 more"), "{networks}");
}

#[test]
fn a_page_holds_the_best_incidents_of_a_large_archive_and_says_so() {
    let mut archive = Archive::new();
    for hour in 0..24 {
        let records: Vec<Value> = (0..500)
            .map(|user| {
                record(&format!("2024-03-01T{hour:02}:00:00Z"), &format!("u{user}"), &format!("iam:Do{hour}"))
            })
            .collect();
        archive = archive.delivered(&format!("20240301T{hour:02}05"), &records);
    }
    let page = page(&archive, &["--warmup", "0d"]);
    let data = data(&page);
    let incidents = data["groups"].as_array().unwrap();
    let findings: usize = incidents.iter().map(|one| one["rows"].as_array().unwrap().len()).sum();
    let shown = incidents.len();
    assert!((9_900..=10_000).contains(&findings), "{findings}");
    assert!(page.contains(&format!("The page holds the best {shown} of")), "{shown}");
    assert!(page.len() < 15_000_000, "{}", page.len());
}

#[test]
fn every_finding_of_a_scan_has_its_own_severity_on_the_page() {
    let scan = |format: &str| {
        let flags =
            ["scan", "fixtures/small-archive", "-q", "--builtin-rules", "--warmup", "7d", "-f", format];
        String::from_utf8(firstseen_here(&flags).stdout).unwrap()
    };
    let (page, answer) = (scan("html"), scan("json"));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let (markup, data) = (markup(&page), data(&page));
    let column =
        |name: &str| data["texts_of"].as_array().unwrap().iter().position(|known| known == name).unwrap();
    let rows: Vec<&Value> = data["groups"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|group| group["rows"].as_array().unwrap())
        .collect();
    let text = |row: &Value, name: &str| {
        data["texts"][row[column(name)].as_u64().unwrap() as usize].as_str().unwrap().to_owned()
    };
    const NAMES: [&str; 5] = ["event_id", "finding", "severity", "principal_kind", "first_success"];
    let mut of_page: Vec<[String; 5]> = rows.iter().map(|row| NAMES.map(|name| text(row, name))).collect();
    let findings = answer["findings"].as_array().unwrap();
    let mut of_answer: Vec<[String; 5]> = findings
        .iter()
        .map(|one| NAMES.map(|name| one[name].as_str().unwrap_or_default().to_owned()))
        .collect();
    of_page.sort();
    of_answer.sort();
    assert_eq!(of_page, of_answer);
    let mut severities = 0;
    for severity in ["informational", "low", "medium", "high", "critical"] {
        let shown = markup.matches(&format!("<b class=\"{severity}\">{severity}</b>")).count();
        let count = findings.iter().filter(|one| one["severity"] == severity).count();
        assert_eq!(shown, count, "{severity}");
        severities += usize::from(count > 0);
    }
    assert!(severities >= 2);
    // A principal with a severe finding also has others.
    let mixed = data["groups"].as_array().unwrap().iter().any(|group| {
        group["rows"].as_array().unwrap().iter().any(|row| text(row, "severity") != group["severity"])
    });
    assert!(mixed);
}
