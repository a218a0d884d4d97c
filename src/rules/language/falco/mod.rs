//! Compiles Falco's rule files (rules, macros and lists, with append and override) to conditions that can be
//! evaluated on events.
//!
//! Source: "Falco Rules" in Falco's documentation (elements, override, exceptions), and `rule_loader` of falcosecurity/falco.

mod compile;
mod element;
mod elements;
mod exceptions;
mod expansion;

pub(in crate::rules) use elements::Elements;
