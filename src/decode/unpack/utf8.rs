//! Converts the bytes of a text from any supported encoding to UTF-8.

use std::borrow::Cow;
use std::io::Read;

use super::utf16::{Encoding, Transcoder};
use crate::coverage::{FaultKind, Position};
use crate::decode::DecodeFault;

/// Bytes as text, without a byte order mark. Invalid UTF-8 becomes U+FFFD, and is a fault if the text is a
/// log, except for a character left incomplete by a known truncation. UTF-16 and UTF-32 become UTF-8.
pub(in crate::decode) fn text(bytes: &[u8], cut: bool, limit: u64) -> (Cow<'_, str>, Option<DecodeFault>) {
    if let Some(encoding) = Encoding::of(bytes) {
        return transcoded(bytes, encoding, cut);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let error = match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => return (Cow::Borrowed(text), None),
        Err(error) => error,
    };
    let valid = error.valid_up_to();
    if cut && error.error_len().is_none() {
        return (String::from_utf8_lossy(&bytes[..valid]), None);
    }
    let detail = "invalid UTF-8, read as U+FFFD";
    (Cow::Owned(lossy(bytes, limit)), Some(invalid_text_fault(valid, detail)))
}

fn invalid_text_fault(at: usize, detail: &str) -> DecodeFault {
    let position = Position::Byte(at as u64);
    DecodeFault { kind: FaultKind::InvalidUtf8, position, inner: None, detail: detail.to_owned() }
}

/// The text with U+FFFD for invalid UTF-8, up to `limit` bytes.
fn lossy(bytes: &[u8], limit: u64) -> String {
    let mut mended = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        mended.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            mended.push('\u{fffd}');
        }
        if mended.len() as u64 > limit {
            break;
        }
    }
    mended
}

/// Converts a text in UTF-16 or UTF-32.
fn transcoded(bytes: &[u8], encoding: Encoding, cut: bool) -> (Cow<'_, str>, Option<DecodeFault>) {
    let mut stream = Transcoder::new(bytes, encoding);
    let mut text = String::new();
    // Reading from memory cannot fail, and the output is UTF-8.
    let _ = stream.read_to_string(&mut text);
    let fault = (stream.is_odd() && !cut).then(|| invalid_text_fault(0, Transcoder::<&[u8]>::ODD));
    (Cow::Owned(text), fault)
}
