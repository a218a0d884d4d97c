//! No text file in which a user says what a run does makes its parser panic, what was read and is written again is read as the same, and
//! the line of an error is one of the text. The first byte says which kind of file it is.

use firstseen::config::{
    ArchiveTable, ConfigError, Document, Entry, NetflixConfig, TableKey, list_lines,
    list_lines_without_comments, parse_known, parse_weights,
};
use firstseen::labels::{LabelError, parse_incident, parse_incidents, parse_labels};
use firstseen::line::line_of;
use firstseen::model::{AddressRange, Language};
use firstseen::query::{IncidentPart, KnownAssets, KnownIncident, Label, Pattern, Weights};
use firstseen::rules::{Placeholders, RuleFile, RuleSet};
use firstseen::show::Wanted;

/// Whether the file was read. Panics if a parser does, or breaks a law.
pub(crate) fn check(data: &[u8]) -> bool {
    let [which, rest @ ..] = data else { return false };
    let Ok(text) = std::str::from_utf8(rest) else { return false };
    match which % 8 {
        0 => same(text, parse_document, written_document),
        1 => same(text, parse_netflix, written_netflix),
        2 => same(text, parse_weights, written_weights),
        3 => same(text, parse_known, written_known),
        4 => check_labels(text),
        5 => check_incidents(text),
        6 => check_list(text),
        _ => check_placeholders(text),
    }
}

/// Checks that what is read from a text is also read after it was written again, and that an error has a line of the text.
fn same<T: PartialEq + std::fmt::Debug>(
    text: &str,
    parse: impl Fn(&str) -> Result<T, ConfigError>,
    write: impl Fn(&T) -> String,
) -> bool {
    match parse(text) {
        Ok(read) => {
            let written = write(&read);
            assert_eq!(parse(&written).as_ref(), Ok(&read), "{written}");
            true
        }
        Err(error) => {
            check_line(text, error.line);
            false
        }
    }
}

fn check_line(text: &str, line: usize) {
    assert!((1..=lines(text)).contains(&line), "line {line} of {}", lines(text));
}

/// The number of lines, of which the last can be empty.
fn lines(text: &str) -> usize {
    line_of(text, text.len())
}

/// A file of settings, whose lines were checked and are left out.
fn parse_document(text: &str) -> Result<Document, ConfigError> {
    let mut document = Document::parse(text)?;
    let Document { entries, archives } = &mut document;
    let tables = archives.iter_mut().flat_map(|ArchiveTable { line, keys }| {
        std::iter::once(line).chain(keys.iter_mut().map(|key| &mut key.line))
    });
    for line in entries.iter_mut().map(|entry| &mut entry.line).chain(tables) {
        check_line(text, *line);
        *line = 0;
    }
    Ok(document)
}

fn written_document(document: &Document) -> String {
    let mut text = String::new();
    for Entry { key, values, .. } in &document.entries {
        text += &format!("{} = {}\n", quoted(key), list(values));
    }
    for ArchiveTable { keys, .. } in &document.archives {
        text += "[[archive]]\n";
        for TableKey { name, values, .. } in keys {
            let values = values.as_ref().map_or("1.5".to_owned(), |values| list(values));
            text += &format!("{} = {values}\n", quoted(name));
        }
    }
    text
}

fn list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|sign| match sign {
        '"' | '\\' => format!("\\{sign}"),
        sign if sign.is_control() => format!("\\U{:08X}", u32::from(sign)),
        sign => sign.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// The configuration of Netflix's job, whose line was checked and is left out.
fn parse_netflix(text: &str) -> Result<NetflixConfig, ConfigError> {
    let config = NetflixConfig::parse(text)?;
    check_line(text, config.line);
    Ok(NetflixConfig { line: 0, ..config })
}

fn written_netflix(config: &NetflixConfig) -> String {
    let ignored: String = config.ignored_actions.iter().map(|action| format!("    - '{action}'\n")).collect();
    format!("roleAction:\n  dayThreshold: {}\n  IgnoredActionsNotify:\n{ignored}", config.day_threshold)
}

fn written_weights(weights: &Weights) -> String {
    weights.values().map(|(name, value)| format!("{name} = {value:?}\n")).collect()
}

fn written_known(known: &KnownAssets) -> String {
    let patterns = |patterns: &[Pattern]| -> Vec<String> {
        patterns.iter().map(|pattern| pattern.as_str().to_owned()).collect()
    };
    let KnownAssets { networks, principals, roles, actions, rules } = known;
    let networks = networks.iter().map(AddressRange::to_string).collect();
    let lists = [networks, patterns(principals), patterns(roles), patterns(actions), patterns(rules)];
    let lists = KnownAssets::LISTS.iter().zip(lists);
    lists.map(|(name, entries)| format!("{name} = {}\n", list(&entries))).collect()
}

fn check_labels(text: &str) -> bool {
    let labels = match parse_labels(text) {
        Ok(labels) => labels,
        Err(error) => return is_refused(text, &error),
    };
    assert!((1..lines(text)).contains(&labels.len()));
    let rows: String = labels.iter().map(written_label).collect();
    let written = format!("incident,class,event_id,time,account,principal,action\n{rows}");
    assert_eq!(parse_labels(&written).as_ref(), Ok(&labels), "{written}");
    true
}

fn written_label(label: &Label) -> String {
    let event = &label.event;
    // The account of the column counts before the one in the cell of the principal, which ends at the first '|'.
    let principal = match (&event.principal, &event.account) {
        (Some(principal), Some(_)) => Some(format!("0|{principal}")),
        (principal, _) => principal.clone(),
    };
    let time = event.time.map(|time| time.to_string());
    let cells = [&label.class, &event.id, &time, &event.account, &principal, &event.action];
    let cells = cells.map(|text| cell(text.as_deref().unwrap_or_default())).join(",");
    format!("{},{cells}\n", cell(&label.incident))
}

/// A cell of CSV.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Checks the line of an error, which means that the text was not read.
fn is_refused(text: &str, error: &LabelError) -> bool {
    if let Some(line) = error.line {
        // The first line is the header.
        assert!(line > 1 && line <= lines(text), "{error}");
    }
    false
}

fn check_incidents(text: &str) -> bool {
    if let Ok(incident) = parse_incident(text) {
        assert_eq!(incident.name, text);
        check_incident(&incident);
    }
    match parse_incidents(text) {
        Ok(incidents) => {
            assert!(incidents.len() < lines(text));
            incidents.iter().for_each(check_incident);
            !incidents.is_empty()
        }
        Err(error) => is_refused(text, &error),
    }
}

/// Checks that an incident is in order, and is the same if it is written as a row of a file and as the value of a flag.
fn check_incident(incident: &KnownIncident) {
    let [IncidentPart { from, to, account, principal }] = &incident.parts[..] else { panic!("{incident:?}") };
    assert!(from <= to && !incident.name.is_empty(), "{incident:?}");
    let glob = principal.as_ref().map_or("", Pattern::as_str);
    // Only labels have an account, and principals with blanks around them; and the year 0 is not written.
    if account.is_some() || glob.trim() != glob || !from.is_written() || !to.is_written() {
        return;
    }
    let row = format!("{},{from},{to},{}\n", cell(&incident.name), cell(glob));
    let of_row = parse_incidents(&format!("name,from,to,principal\n{row}")).unwrap();
    assert_eq!(of_row[0].parts, incident.parts, "{row}");
    let of_flag = parse_incident(&format!("{from}..{to},{glob}")).unwrap();
    assert_eq!(of_flag.parts, incident.parts, "{row}");
}

fn check_list(text: &str) -> bool {
    let values: Vec<(usize, &str)> = list_lines(text).collect();
    for (line, value) in &values {
        assert!(text.lines().nth(line - 1).unwrap().contains(value));
        assert!(!value.is_empty() && value.trim() == *value);
    }
    for (line, value) in list_lines_without_comments(text) {
        let whole = values.iter().find(|(number, _)| *number == line).unwrap().1;
        assert!(!value.is_empty() && value.trim() == value && whole.starts_with(value));
    }
    assert!(values.is_sorted_by(|(before, _), (line, _)| before < line));
    let written: String = values.iter().map(|(_, value)| format!("\n\t{value}\r")).collect();
    assert!(list_lines(&written).map(|(_, value)| value).eq(values.iter().map(|(_, value)| *value)));
    let is_read = values.iter().all(|(_, value)| check_value(value));
    is_read && !values.is_empty()
}

/// Whether a value of a list is a glob. Checks what else it can be.
fn check_value(value: &str) -> bool {
    if let Ok(range) = value.parse::<AddressRange>() {
        assert_eq!(range.to_string().parse(), Ok(range));
    }
    if let Ok(Wanted::Record { object, record }) = value.parse() {
        let written = format!("{object}#{record}");
        assert_eq!(written.parse(), Ok(Wanted::Record { object, record }));
    }
    let Ok(pattern) = value.parse::<Pattern>() else { return false };
    assert_eq!(pattern.as_str(), value);
    let _ = pattern.matches_action("iam.amazonaws.com:CreateUser");
    let _ = pattern.matches_principal("arn:aws:iam::111122223333:role/ci/Deploy");
    true
}

/// A rule with the placeholder `a`.
const RULE: &str = "title: x\nlogsource:\n  product: aws\n  service: cloudtrail\ndetection:\n  one:\n    eventName|expand: '%a%'\n  condition: one\n";

fn check_placeholders(text: &str) -> bool {
    let mut placeholders = Placeholders::default();
    let added = placeholders.add("placeholders.yml", text.to_owned());
    if let Err(error) = &added {
        check_line(text, error.line);
    }
    let file = RuleFile { name: "rule.yml".to_owned(), language: Language::Sigma, text: RULE.to_owned() };
    let (rules, left_out) = RuleSet::compile_with(&[file], &placeholders);
    assert_eq!(rules.rules().is_empty(), !left_out.is_empty(), "{left_out:?}");
    added.is_ok()
}
