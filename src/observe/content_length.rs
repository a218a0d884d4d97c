//! The length of a record, however it is laid out.

/// How many bytes show whether a record has spaces: behind its bracket, or around its first colon.
const HEAD: usize = 32;

/// The number of bytes of a JSON text, less white space between its tokens: tools that reformat records add such, and nothing else.
/// If the start of the text has none, it is taken to have none: that is what CloudTrail delivers, and nothing more is read of it.
pub(super) fn content_length(text: &str) -> usize {
    let text = text.as_bytes();
    // Of a known length the bytes are compared at once.
    let has_spaces = match text.first_chunk::<HEAD>() {
        Some(head) => head.iter().fold(false, |spaces, byte| spaces | (*byte <= b' ')),
        None => true,
    };
    if has_spaces { text.len() - spaces_between_tokens(text) } else { text.len() }
}

fn spaces_between_tokens(text: &[u8]) -> usize {
    let (mut spaces, mut in_string, mut is_escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = in_string,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => spaces += 1,
            _ => {}
        }
    }
    spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_between_tokens_does_not_count() {
        let compact = r#"{"eventVersion":"1.08","note":"a \" b: { \\","list":[1,{"x":null}]}"#;
        let spaced = compact
            .replace("\"1.08\",", " \"1.08\" ,\r\n\t")
            .replace("[1,", "[ 1,\n")
            .replace("null}", "null }\n");
        assert_eq!(spaced.len(), compact.len() + 9);
        assert_eq!(content_length(compact), compact.len());
        assert_eq!(content_length(&spaced), compact.len());
        let other = compact.replace(":\"1.08", ": \"1.08").replace("b: {", "b:  {");
        assert_eq!(content_length(&other), compact.len() + 1, "white space of a string counts");
    }
}
