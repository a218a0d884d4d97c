//! Parts of the names that AWS gives to log objects.

/// A name without `.json` or `.json.gz`.
pub(super) fn json_stem(name: &str) -> Option<&str> {
    name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".json")
}

/// Whether a text may be a Region. New ones appear, so only the characters are checked.
pub(super) fn is_region(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
