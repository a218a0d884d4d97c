//! The policy of the page: what a browser may run and load.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::checksum::Checksum;

/// The content of the `Content-Security-Policy`: this script and this style, and nothing else (CSP Level 3, "Hash usage").
/// Even texts that got past the escaping could neither run nor load anything. No script may turn text into markup (Trusted Types).
pub(super) fn content(script: &str, style: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Checksum::of(text.as_bytes()).as_bytes());
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'",
        hash(script),
        hash(style)
    )
}
