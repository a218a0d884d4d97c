//! Audit events that a request quotes.
//!
//! An event may stand inside the request of another one, whose author wrote it. Where the beginning of the outer event is missing or damaged, what
//! follows the inner one still shows it: another member of an object around it. CloudTrail's requests have the members that
//! each API defines, so that nobody can put a record there.

use crate::decode::record::simd::nested_end;
use crate::decode::record::walk;

/// The beginning of an audit event as the API server writes it.
pub(super) const AUDIT_BEGINNING: &str = r#"{"kind":"Event","#;

/// If the value at `at` may be an audit event that another one quotes: where the outer one goes on.
pub(super) fn end_of_quote(text: &str, at: usize) -> Option<usize> {
    if !text[at..].starts_with(AUDIT_BEGINNING) {
        return None;
    }
    let end = nested_end(text.as_bytes(), at);
    end.map_or(Some(text.len()), |end| behind(text, end).err())
}

/// What is behind a value that ends at `end`. `Err` with the beginning of the next member, if it is inside of an object, directly or in lists and
/// objects, or with the end of the text, if it ends before that can be told; else `Ok` with the position up to which values are on no such object.
pub(super) fn behind(text: &str, end: usize) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let mut at = end;
    loop {
        at = walk::skip_blanks(text, at);
        match bytes.get(at) {
            Some(b'}' | b']') => at += 1,
            Some(b',') => {
                at = walk::skip_blanks(text, at + 1);
                match bytes.get(at) {
                    Some(b'"') => return Err(at),
                    Some(b'{' | b'[') => at = nested_end(bytes, at).ok_or(bytes.len())?,
                    _ => return Ok(at),
                }
            }
            _ => return Ok(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_member_shows_that_a_value_is_inside_an_object() {
        for (behind, is_inside) in [
            ("", false),
            ("\n{\"kind\":\"Event\"}", false),
            (",{}]}", false),
            ("]}\n", false),
            ("}}},\"stage\":1}", true),
            (",\"stage\":1}", true),
            ("\n ]\n },\n \"stage\": 1", true),
            (",{},[]]},\"stage\":1}", true),
            (",{\"cut\":", true),
            (" words", false),
        ] {
            let text = format!("{AUDIT_BEGINNING}1}}{behind}");
            assert_eq!(end_of_quote(&text, 0).is_some(), is_inside, "{behind}");
            assert_eq!(end_of_quote(&format!("{{}}{behind}"), 0), None, "{behind}");
        }
        assert!(end_of_quote(AUDIT_BEGINNING, 0).is_some());
    }
}
