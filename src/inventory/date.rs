//! Parses creation times from IAM, in all forms that tools write.

use super::node::Node;
use crate::time::{Bound, Timestamp};

/// Texts that the CLI and the credential report write for a missing time.
const NONE: [&str; 3] = ["N/A", "not_supported", "no_information"];

/// Numbers from here on are milliseconds, smaller ones seconds: the year 5138 in seconds.
const MILLISECONDS_FROM: f64 = 1e11;

/// Parses the time of a value, if it has one.
pub(super) fn date(value: &Node) -> Result<Option<Timestamp>, ()> {
    match value {
        Node::Nothing => Ok(None),
        Node::Number(number) => of_number(*number).map(Some),
        Node::Text(text) => of_text(text.trim()),
        Node::Flag(_) | Node::List(_) | Node::Map(_) => Err(()),
    }
}

/// Parses a time in RFC 3339, with a space in place of the `T` (Python), as a number, or as `/Date(…)/`
/// (PowerShell).
pub(super) fn of_text(text: &str) -> Result<Option<Timestamp>, ()> {
    if text.is_empty() || NONE.contains(&text) {
        return Ok(None);
    }
    if let Ok(bound) = text.parse::<Bound>() {
        return Ok(Some(bound.start()));
    }
    let number = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")).unwrap_or(text);
    number.parse().map_err(|_| ()).and_then(of_number).map(Some)
}

fn of_number(number: f64) -> Result<Timestamp, ()> {
    let micros = if number.abs() < MILLISECONDS_FROM { number * 1e6 } else { number * 1e3 };
    let time = Timestamp::from_micros(micros.round() as i64);
    if number.is_finite() && time.is_written() { Ok(time) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_a_time_parse_to_the_same_instant() {
        for text in [
            "2024-01-01T00:00:00+00:00",
            "2024-01-01T00:00:00Z",
            "2024-01-01T00:00:00.000Z",
            "2024-01-01 00:00:00+00:00",
            "2024-01-01T01:00:00+01:00",
            "2024-01-01",
            "1704067200",
            "1704067200.0",
            "/Date(1704067200000)/",
        ] {
            assert_eq!(of_text(text), Ok(Some(Timestamp::from_seconds(1_704_067_200))), "{text}");
        }
        for number in [1_704_067_200.0, 1_704_067_200_000.0] {
            assert_eq!(date(&Node::Number(number)), Ok(Some(Timestamp::from_seconds(1_704_067_200))));
        }
    }

    #[test]
    fn a_missing_time_differs_from_an_invalid_one() {
        for text in ["", "N/A", "not_supported", "no_information"] {
            assert_eq!(of_text(text), Ok(None), "{text}");
        }
        for text in ["soon", "2024-13-01T00:00:00Z", "NaN", "inf", "-1e300", "9e99", "/Date()/"] {
            assert_eq!(of_text(text), Err(()), "{text}");
        }
        assert_eq!(date(&Node::Flag(true)), Err(()));
    }
}
