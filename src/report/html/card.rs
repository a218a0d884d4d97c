//! A group of findings as the template of a card takes it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Value, json};

use super::limits::MOST_ROWS;
use crate::model::{Dimension, Traits};
use crate::report::triage::rounded;

/// A group of findings: its published fields, and what only a page has.
#[derive(Serialize)]
pub(super) struct Card<'v> {
    #[serde(flatten)]
    view: &'v Value,
    /// The parts of its score as pieces of a bar, from left to right.
    bar: Vec<Segment<'v>>,
    /// The bits at the right end of the bar.
    scale: f64,
    /// How many of its findings are not listed.
    findings_left_out: usize,
    /// Whether its findings are shown without a click.
    is_open: bool,
}

/// A part of a score as a piece of a bar, in bits.
#[derive(Debug, PartialEq, Serialize)]
struct Segment<'v> {
    part: &'v str,
    from: f64,
    bits: f64,
}

/// How many cards show their findings without a click.
const OPEN: u64 = 5;

impl<'v> Card<'v> {
    /// The card of a group from [`prepare`]; `scale` are the bits at the right end of its bar.
    pub(super) fn new(view: &'v Value, findings_left_out: usize, scale: f64) -> Self {
        let is_open = view["rank"].as_u64().is_some_and(|rank| rank <= OPEN);
        Self { view, bar: bar(&view["reasons"]), scale, findings_left_out, is_open }
    }
}

/// The parts of a score side by side.
fn bar(reasons: &Value) -> Vec<Segment<'_>> {
    let mut end = 0.0;
    let segments = reasons.as_array().into_iter().flatten().filter_map(|reason| {
        let (part, bits) = (reason["part"].as_str()?, reason["bits"].as_f64()?);
        // Without the rounding errors of binary fractions.
        let from = rounded(end);
        end += bits;
        Some(Segment { part, from, bits })
    });
    segments.collect()
}

/// Adds to the findings of a group what a page shows of them, and leaves out those beyond the most rows of a card. Returns
/// how many are left out, with those that the group does not have any more.
pub(super) fn prepare(view: &mut Value) -> usize {
    let before = view["left_out"]["findings"].as_u64().unwrap_or_default() as usize;
    before + prepare_rows(view)
}

fn prepare_rows(view: &mut Value) -> usize {
    let Some(findings) = view["findings"].as_array_mut() else { return 0 };
    let left_out = findings.len().saturating_sub(MOST_ROWS);
    findings.truncate(MOST_ROWS);
    let mut before = Value::Null;
    for finding in findings {
        let is_same = |name: &str| finding[name] == before[name];
        let is_event_as_before =
            !finding["object"].is_null() && ["archive", "object", "record"].into_iter().all(is_same);
        let is_agent_as_before = is_same("user_agent");
        before = finding.clone();
        finding["is_event_as_before"] = json!(is_event_as_before);
        finding["is_agent_as_before"] = json!(is_agent_as_before);
        let [network, agent] = [Dimension::Network, Dimension::Agent]
            .map(|dimension| value(finding, dimension).map(Cow::into_owned));
        for (name, value) in [("network", network), ("agent", agent)] {
            if let Some(value) = value {
                finding[name] = json!(value);
            }
        }
    }
    left_out
}

/// The network or agent of a finding's event.
pub(super) fn value(finding: &Value, dimension: Dimension) -> Option<Cow<'_, str>> {
    dimension.value(&Traits {
        source_ip: finding["source_ip"].as_str(),
        user_agent: finding["user_agent"].as_str(),
        ..Traits::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_side_by_side() {
        let reasons = json!([{"part": "size", "bits": 7.1}, {"part": "history", "bits": 0.2}, {"part": "agent", "bits": 3.0}]);
        let places: Vec<(f64, f64)> = bar(&reasons).iter().map(|piece| (piece.from, piece.bits)).collect();
        assert_eq!(places, [(0.0, 7.1), (7.1, 0.2), (7.3, 3.0)]);
    }

    #[test]
    fn a_finding_has_the_network_of_its_address() {
        let mut view =
            json!({"findings": [{"source_ip": "203.0.113.7"}, {"source_ip": "ec2.amazonaws.com"}]});
        assert_eq!(prepare(&mut view), 0);
        assert_eq!(view["findings"][0]["network"], "203.0.113.0/24");
        assert_eq!(view["findings"][1].get("agent"), None);
    }

    #[test]
    fn what_is_as_in_the_row_before_is_known() {
        let mut view = json!({"findings": [
            {}, {},
            {"object": "a", "record": 1, "user_agent": "x"}, {"object": "a", "record": 1, "user_agent": "x"},
            {"object": "a", "record": 2, "user_agent": "x"}, {"object": "b", "record": 2, "user_agent": "y"},
        ]});
        prepare(&mut view);
        let found = |name: &str| -> Vec<bool> {
            view["findings"].as_array().unwrap().iter().map(|finding| finding[name] == true).collect()
        };
        assert_eq!(found("is_event_as_before"), [false, false, false, true, false, false]);
        assert_eq!(found("is_agent_as_before"), [true, true, false, true, true, false]);
    }

    #[test]
    fn a_card_lists_so_many_findings_and_counts_the_rest() {
        let mut view = json!({"findings": vec![json!({}); MOST_ROWS + 3]});
        assert_eq!(prepare(&mut view), 3);
        assert_eq!(view["findings"].as_array().unwrap().len(), MOST_ROWS);
    }
}
