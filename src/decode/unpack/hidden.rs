//! Bytes that formats let readers pass over: names, comments, attributes, frames.
//!
//! Nothing reads them as logs. So they are a fault if they look as if they held records, plain, packed, or as base64.

use std::io::{self, Read};

use super::codec::Codec;
use super::utf16::Encoding;
use crate::decode::find::{encoded, traces};

/// Fewer bytes hold no value of interest, whatever they begin with: `pzstd` writes numbers of four bytes into frames.
const SHORTEST_VALUE: usize = 8;

/// Shorter names and fields hold no record.
const SHORTEST_RECORD: usize = 40;

/// The maximum length of a path (`PATH_MAX` of Linux).
pub(super) const LONGEST_PATH: usize = 4_096;

/// The detail of the fault of a name that hides something.
pub(super) const NAME_HIDES: &str =
    "a name holds something like records, which is not read, or is longer than any path";

/// The number of bytes examined at once.
const WINDOW: usize = 64 << 10;

/// The length of the end of a window that is examined again with the next one.
const OVERLAP: usize = traces::WINDOW;

/// Whether bytes that are otherwise ignored look like a text with records, or like a packing.
pub(super) fn looks_hidden(bytes: &[u8]) -> bool {
    let begins_value = matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'['));
    (begins_value && bytes.len() >= SHORTEST_VALUE) || begins_packed(bytes) || names_records(bytes)
}

/// Whether a name, or a field of numbers, looks like records or a packing. It may begin with a bracket.
pub(super) fn field_hides(bytes: &[u8]) -> bool {
    bytes.len() >= SHORTEST_RECORD && (begins_packed(bytes) || names_records(bytes))
}

/// Whether the name of a file looks like records, or is longer than that of any file.
pub(super) fn name_hides(name: &[u8]) -> bool {
    name.len() > LONGEST_PATH || field_hides(name)
}

/// Whether the extra field, the file name or the comment of a gzip header look like records.
pub(super) fn fields_hide([extra, name, comment]: [&[u8]; 3]) -> bool {
    field_hides(extra) || name_hides(name) || looks_hidden(comment)
}

/// Whether bytes may be the target of a link, and nothing else.
pub(super) fn is_path(bytes: &[u8]) -> bool {
    !name_hides(bytes) && !looks_hidden(bytes) && !bytes.iter().any(u8::is_ascii_control)
}

/// Whether a stream that is passed over looks like records or a packing. It is read to its end, in windows.
pub(super) fn stream_hides(stream: &mut dyn Read) -> io::Result<bool> {
    let mut window = Vec::new();
    let (mut has_begun, mut is_hidden) = (false, false);
    loop {
        let wanted = WINDOW - window.len();
        let is_end = (&mut *stream).take(wanted as u64).read_to_end(&mut window)? < wanted;
        let blanks = window.len() - window.trim_ascii_start().len();
        if !has_begun && blanks > 0 {
            window.drain(..blanks);
            if !is_end {
                continue;
            }
        }
        is_hidden |= if has_begun { names_records(&window) } else { looks_hidden(&window) };
        if is_end || is_hidden {
            io::copy(stream, &mut io::sink())?;
            return Ok(is_hidden);
        }
        has_begun = true;
        window.drain(..window.len().saturating_sub(OVERLAP));
    }
}

/// Whether bytes begin like a packing, or like a text whose characters take several bytes.
fn begins_packed(bytes: &[u8]) -> bool {
    Codec::of(bytes).is_some() || bytes.starts_with(b"PK\x03\x04") || Encoding::of(bytes).is_some()
}

/// Whether names of records, or base64 of a log, are anywhere in the bytes. Several names together count whatever quotes they
/// have.
fn names_records(bytes: &[u8]) -> bool {
    let has = |name: &&str| memchr::memmem::find(bytes, name.as_bytes()).is_some();
    ["\"eventSource\"", "\"eventName\"", "audit.k8s.io"].iter().any(has)
        || ["eventSource", "eventName", "eventTime"].iter().all(has)
        || encoded::has_words(&String::from_utf8_lossy(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str =
        r#"{"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"A"}"#;

    /// Base64 of 48 bytes that begin like JSON.
    const BASE64: &[u8] = b"eyJSZWNvcmRzIjpbeyJldmVudE5hbWUiOiJDcmVhdGVVc2VyIiwieCI6MX1dfSAg";

    #[test]
    fn records_are_seen_anywhere_in_a_stream() {
        for before in [0, 1, 7, WINDOW - 50, WINDOW - 1, WINDOW, 3 * WINDOW + 5] {
            for (filling, hidden) in
                [(b' ', EVENT.as_bytes()), (b' ', b"{\"a\": 1}"), (b'x', EVENT.as_bytes())]
            {
                let bytes = [&vec![filling; before][..], hidden, &[b'y'; 70_000]].concat();
                let mut stream = &bytes[..];
                assert!(stream_hides(&mut stream).unwrap(), "{before}");
                assert!(stream.is_empty());
            }
        }
        for (filling, length) in [(b' ', 0), (b' ', WINDOW), (b' ', WINDOW + 1), (b'x', 5 * WINDOW), (0, 9)] {
            assert!(!stream_hides(&mut &vec![filling; length][..]).unwrap());
        }
    }

    #[test]
    fn records_are_seen_in_every_encoding() {
        let wide: Vec<u8> = EVENT.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let escaped = format!("line {}", EVENT.replace('"', "\\\""));
        for hidden in [EVENT.as_bytes(), &wide, BASE64, escaped.as_bytes()] {
            assert!(looks_hidden(hidden) && name_hides(hidden) && !is_path(hidden));
        }
        for name in ["[slug].tsx", "{arch}/bin", "../../etc/ssl/certs/ca.pem", "a/eventName.js"] {
            assert!(!name_hides(name.as_bytes()), "{name}");
        }
        assert!(is_path(b"../a b/c.json") && !is_path(b"a\nb") && !is_path(&[b'a'; LONGEST_PATH + 1]));
        // The size of a frame.
        assert!(!looks_hidden(&[b'{', 0, 0, 0][..2]) && !looks_hidden(b"[]"));
    }
}
