//! Traced credentials as a flowchart of Mermaid.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::TraceReport;
use super::words::{
    cluster_uses, contradicts, credential, issuance, issued_instead, more_issued, origin, owner_created,
    session, status_change, status_changes, uses,
};
use crate::trace::Credential;

pub(super) fn write(report: &TraceReport<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "flowchart TD")?;
    let mut numbers: HashMap<&Credential, usize> = HashMap::new();
    for (number, row) in report.traced.rows.iter().enumerate() {
        numbers.insert(&row.credential, number);
        let mut lines = vec![credential(row)];
        lines.extend(origin(row));
        lines.extend(issued_instead(row));
        lines.extend(row.owner_created.as_ref().map(owner_created));
        let (changes, earlier) = status_changes(row);
        lines.extend(earlier);
        lines.extend(changes.map(|(status, event)| status_change(status, event)));
        lines.extend(row.contradictions.iter().map(|contradiction| contradicts(row, contradiction)));
        lines.extend(row.used.as_ref().map(uses));
        lines.extend(row.used.as_ref().and_then(session));
        lines.extend(row.used_in_clusters.as_ref().map(|used| format!("in clusters {}", cluster_uses(used))));
        lines.extend(more_issued(row.left_out));
        let label: Vec<String> = lines.iter().map(|line| escaped(line)).collect();
        writeln!(out, "    n{number}[\"{}\"]", label.join("<br/>"))?;
        let before = row.parent.as_ref().and_then(|parent| numbers.get(parent));
        if let Some(before) = before {
            let event = row.issuance.as_ref().map_or_else(|| "session".to_owned(), issuance);
            let arrow = if row.is_inferred { "-.->" } else { "-->" };
            writeln!(out, "    n{before} {arrow}|\"{}\"| n{number}", escaped(&event))?;
        }
        if row.is_traced {
            writeln!(out, "    style n{number} stroke-width:4px")?;
        }
    }
    Ok(())
}

/// A text as part of a quoted label: all but plain characters are written as entity codes, which Mermaid shows as the character (Mermaid
/// documentation, "Entity codes to escape characters"). Invisible ones are made visible first.
fn escaped(text: &str) -> String {
    let text = crate::report::for_terminal(text);
    let mut label = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || " .,:/_-()+=@".contains(c) {
            label.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(label, "#{};", u32::from(c));
        }
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_hold_no_markup() {
        assert_eq!(escaped("role/a-b, s@x"), "role/a-b, s@x");
        assert_eq!(escaped("\"]-->x<b>#`"), "#34;#93;--#62;x#60;b#62;#35;#96;");
        assert_eq!(escaped("\u{202e}"), "#92;u#123;202e#125;");
    }
}
