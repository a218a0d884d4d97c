//! Rule files of Falco: rules, macros and lists, appended to and overridden, into conditions that can be held against events.
//!
//! Source: "Falco Rules" in Falco's documentation (elements, override, exceptions), and `rule_loader` of falcosecurity/falco.

mod compile;
mod element;
mod elements;
mod exceptions;
mod expansion;

pub(in crate::rules) use elements::Elements;
