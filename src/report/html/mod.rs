//! Findings or a ranking of incidents as a page for a browser: one file that needs no network, no server and, to be read or printed, no script.
//!
//! Everything is in the markup, which templates make in this program. The script adds filters and the like; what it needs
//! to know is in the page a second time, as JSON. Every text in the markup is escaped in one place (`environment.rs`), and a
//! policy in the page lets the browser run nothing but our own script.

mod archive_data;
mod card;
mod cards;
mod content;
mod context;
mod data;
mod environment;
mod limits;
mod of_findings;
mod of_triage;
mod places;
mod policy;
mod tables;
mod texts;
mod timeline;

use std::io::{self, Write};

use minijinja::Value as TemplateValue;
use minijinja::value::Serde;
use serde::Serialize;
use serde_json::Value;

pub use self::context::PageContext;

use self::cards::Cards;
use self::content::{Content, Unit};
use self::environment::{PAGE, environment, of_template};
use self::places::PlacesTable;
use self::tables::{ActionRow, PrincipalRow, Table};
use self::timeline::Timeline;
use super::summary::CoverageView;
use super::unfinished::unfinished;

/// Style of the page.
const STYLE: &str = include_str!("style.css");

/// Script of the page; the files share one scope.
const SCRIPT: &str = concat!(
    "\"use strict\";\n",
    include_str!("data.js"),
    include_str!("filter.js"),
    include_str!("pivot.js"),
    include_str!("timeline.js"),
    include_str!("csv.js"),
    include_str!("address.js"),
    include_str!("view.js"),
    include_str!("keyboard.js"),
    include_str!("start.js"),
);

/// What the page's template shows.
#[derive(Serialize)]
struct Page<'a> {
    policy: TemplateValue,
    style: TemplateValue,
    script: TemplateValue,
    data: TemplateValue,
    version: &'static str,
    command: &'static str,
    command_line: &'a str,
    archives: &'a [String],
    source: &'a str,
    span: Option<[String; 2]>,
    numbers: [(String, u64); 5],
    total: &'a str,
    looks_ahead: Option<&'a str>,
    shown: usize,
    shown_findings: usize,
    of: usize,
    timeline: Option<Timeline>,
    cards: TemplateValue,
    principals: Table<PrincipalRow<'a>>,
    actions: Table<ActionRow>,
    places: PlacesTable<'a>,
    coverage: CoverageView<'a>,
    faults_left_out: u64,
    /// What the baseline lacks, in sentences.
    unfinished: Vec<String>,
    gaps: usize,
    settings: Vec<(String, String)>,
}

/// Writes a page; `views` are its groups of findings under their published names, in order.
fn write(
    content: Content<'_>,
    views: impl Iterator<Item = serde_json::Result<Value>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let environment = environment(content.unit).map_err(|error| of_template(&error))?;
    let cards = Cards::new(views, &environment)?;
    let page = Page::new(&content, &cards)?;
    let template = environment.get_template(PAGE).map_err(|error| of_template(&error))?;
    template.render_captured_to(Serde(&page), out).map(drop).map_err(|error| of_template(&error))
}

impl<'a> Page<'a> {
    fn new(content: &'a Content<'a>, cards: &Cards) -> io::Result<Self> {
        let (context, coverage) = (content.context, content.coverage);
        let overview = context.overview;
        let marks = &content.marks[..cards.views.len().min(content.marks.len())];
        // The findings of a ranking are those of the whole archive, too.
        let of_archive = match (content.is_filtered, content.unit) {
            (false, _) => 0,
            (true, Unit::Principal) => 3,
            (true, Unit::Incident) => 4,
        };
        let safe = |text: &str| TemplateValue::from_safe_string(text.to_owned());
        Ok(Self {
            policy: safe(&policy::content(SCRIPT, STYLE)),
            style: safe(STYLE),
            script: safe(SCRIPT),
            data: safe(&data::json(content.unit, &cards.views, context)?),
            version: env!("CARGO_PKG_VERSION"),
            command: content.command,
            command_line: &context.command_line,
            archives: content.archives,
            source: &context.source,
            span: overview.span.map(|span| span.map(|time| time.to_string())),
            numbers: numbers(content, of_archive),
            total: &content.total,
            looks_ahead: content.looks_ahead.as_deref(),
            shown: cards.views.len(),
            shown_findings: cards.findings,
            of: content.wanted,
            timeline: overview
                .span
                .filter(|_| !content.novelty.is_empty())
                .map(|span| Timeline::new(span, content.warmup, &content.novelty, marks)),
            cards: safe(&cards.markup),
            principals: tables::principals(&context.principals, &cards.views),
            actions: tables::actions(&cards.views),
            places: PlacesTable::new(coverage),
            coverage: CoverageView::with_faults(coverage, limits::MOST_FAULTS),
            faults_left_out: coverage.fault_count - coverage.faults.len().min(limits::MOST_FAULTS) as u64,
            unfinished: unfinished(&coverage.unfinished),
            gaps: coverage.places.values().map(|place| place.gaps().count()).sum(),
            settings: settings(&content.settings),
        })
    }
}

/// The numbers of the answer, each with what it counts. The first ones, `of_archive` of them, are those of the archive before filters.
fn numbers(content: &Content<'_>, of_archive: usize) -> [(String, u64); 5] {
    let overview = content.context.overview;
    let all = [
        (["account", "accounts"], overview.accounts),
        (["principal", "principals"], overview.principals),
        (["event", "events"], overview.events),
        (["finding", "findings"], content.findings),
        content.groups,
    ];
    let mut before = (0..).map(|index| if index < of_archive { ", before filters" } else { "" });
    all.map(|([one, many], number)| {
        let name = if number == 1 { one } else { many };
        (format!("{name}{}", before.next().unwrap_or_default()), number)
    })
}

/// The settings as names and texts; those that were not set are left out.
fn settings(settings: &Value) -> Vec<(String, String)> {
    let fields = settings.as_object().into_iter().flatten();
    let text = |value: &Value| match value {
        Value::Null | Value::Bool(false) => None,
        Value::Bool(true) => Some("yes".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        Value::Object(fields) if fields.is_empty() => None,
        other => Some(other.to_string()),
    };
    fields.filter_map(|(name, value)| Some((name.replace('_', "-"), text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_script_and_style_ends_their_elements() {
        for text in [SCRIPT, STYLE] {
            let text = text.to_ascii_lowercase();
            assert!(!["</script", "<script", "<!--", "</style"].iter().any(|end| text.contains(end)));
        }
    }

    #[test]
    fn script_and_style_use_nothing_that_the_policy_forbids_or_that_runs_texts() {
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            ".style.",
        ] {
            assert!(!SCRIPT.contains(forbidden), "{forbidden}");
        }
        for network in ["fetch(", "XMLHttpRequest", "import(", "http:", "https:"] {
            assert!(!SCRIPT.contains(network), "{network}");
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    #[test]
    fn settings_that_were_not_set_are_left_out() {
        let given = serde_json::json!({"warmup": "30d", "from": null, "only_success": false, "account": [], "top": 3});
        assert_eq!(
            settings(&given),
            [("top".to_owned(), "3".to_owned()), ("warmup".to_owned(), "30d".to_owned())]
        );
    }
}
