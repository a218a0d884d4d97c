//! Finds the records in a text.
//!
//! A [`text`] is a [JSON stream](json_stream), a [`table`], or plain text with embedded JSON ([`loose`]) or base64
//! ([`encoded`]). Lines that were split are joined first ([`partial_lines`]).
//! Wrappers of known carriers are recognised by their field names ([`envelope`], [`inner`]); everything else
//! is searched ([`finder`]), and unreadable traces of records are reported ([`traces`], [`flattened`]). Behind damage, reading goes
//! on ([`damaged`]). Records go to a [`sink`].

mod damaged;
pub(in crate::decode) mod encoded;
pub(in crate::decode) mod envelope;
mod finder;
mod flattened;
mod inner;
pub(in crate::decode) mod json_stream;
mod loose;
mod nested;
pub(in crate::decode) mod origin;
pub(in crate::decode) mod partial_lines;
mod quoted;
mod rebuilt;
pub(in crate::decode) mod sink;
pub(in crate::decode) mod table;
pub(in crate::decode) mod text;
pub(in crate::decode) mod traces;
