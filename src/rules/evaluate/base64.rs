//! Base64 in rules: decoding of values, and the texts that a Sigma rule searches for.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD_NO_PAD};
use base64::engine::{DecodePaddingMode, general_purpose};

/// Reads texts with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text that a value encodes; bytes that are no UTF-8 are replaced.
pub(super) fn decoded(text: &str) -> Option<String> {
    let bytes = LENIENT.decode(text.trim()).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The encoding of bytes, with padding.
pub(in crate::rules) fn encoded(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// What the encoding of a longer text contains if these bytes begin in it at a multiple of three, one behind it, or two behind
/// it: without the characters that depend on the bytes around.
pub(in crate::rules) fn encoded_anywhere(bytes: &[u8]) -> [String; 3] {
    [0, 1, 2].map(|before: usize| {
        let padded = [&vec![0; before], bytes].concat();
        let text = STANDARD_NO_PAD.encode(&padded);
        // The number of whole characters: each stands for six bits.
        let start = (before * 8).div_ceil(6);
        let end = padded.len() * 8 / 6;
        text.get(start..end).unwrap_or_default().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_the_encoding_of_any_text_around_it() {
        let parts = encoded_anywhere(b"secret");
        for before in 0..9 {
            for after in 0..4 {
                let text = ["x".repeat(before), "secret".to_owned(), "y".repeat(after)].concat();
                let whole = encoded(text.as_bytes());
                assert!(whole.contains(&parts[before % 3]), "{whole} {parts:?}");
            }
        }
    }
}
