//! Recognises answers of which only a part came.
//!
//! The parser of the SDK takes a document that ends between two elements for a whole one: objects of a list would be lost
//! without a trace.

use aws_sdk_s3::config::interceptors::AfterDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// Fails a request if its answer is a document without an end.
#[derive(Debug)]
pub(super) struct CheckEnd;

/// An answer without an end.
#[derive(Debug, thiserror::Error)]
#[error("the document has no end")]
struct NoEnd;

impl Intercept for CheckEnd {
    fn name(&self) -> &'static str {
        "CheckEnd"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        // The content of an object is not in memory here. A refusal is known by its status.
        match response.body().bytes() {
            Some(body) if response.status().is_success() && !has_end(body) => Err(NoEnd.into()),
            _ => Ok(()),
        }
    }
}

/// Whether a document has the end tag of its root. What is no document at all is left to the parser.
fn has_end(document: &[u8]) -> bool {
    let text = String::from_utf8_lossy(document);
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.is_empty() && !text.starts_with('<') {
        return true;
    }
    let Some(root) = root(text) else { return false };
    let Some((before, last)) = without_comments(text).rsplit_once('<') else { return false };
    let is_root = |tag: &str| tag.strip_prefix(root).is_some_and(|rest| rest.trim_start().starts_with('>'));
    match last.strip_prefix('/') {
        Some(tag) => last.ends_with('>') && is_root(tag),
        // An empty root is its own end.
        None => last.starts_with(root) && last.ends_with("/>") && !before.contains(&format!("<{root}")),
    }
}

/// The name of the first element.
fn root(text: &str) -> Option<&str> {
    let mut tags = text.split('<').skip(1);
    let tag = tags.find(|tag| !tag.starts_with(['?', '!']))?;
    Some(&tag[..tag.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'))?])
        .filter(|name| !name.is_empty())
}

/// A text without the comments at its end.
fn without_comments(text: &str) -> &str {
    let mut text = text;
    while let Some(start) = text.strip_suffix("-->").and_then(|text| text.rfind("<!--")) {
        text = text[..start].trim_end();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_ends_with_the_end_of_its_root() {
        for whole in [
            "<?xml version=\"1.0\"?>\n<List xmlns=\"x\"><Key>a</Key></List>\n",
            "<!-- x --><s:List><s:Key/></s:List ><!-- y -->\n<!-- z -->",
            "<List/>",
            "\u{feff}<?xml version=\"1.0\"?><List xmlns=\"x\" />",
            "<!DOCTYPE html><html><body></body></html>",
            "no document",
        ] {
            assert!(has_end(whole.as_bytes()), "{whole}");
        }
        let list =
            "<?xml version=\"1.0\"?>\n<List xmlns=\"x\"><Contents><Key>a</Key><List/></Contents></List>";
        for end in 0..list.len() {
            assert!(!has_end(&list.as_bytes()[..end]), "{}", &list[..end]);
        }
        assert!(!has_end(b"<List><Lists></Lists>"));
    }
}
