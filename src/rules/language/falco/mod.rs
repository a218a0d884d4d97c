//! Rule files of Falco: rules, macros and lists, appended to and overridden, into conditions that can be held against events.
//!
//! Source: "Falco Rules" in Falco's documentation (elements, override, exceptions), and `rule_loader` of falcosecurity/falco.

mod compile;
mod elements;
mod exceptions;
mod filling;
mod reading;

pub(in crate::rules) use elements::Elements;
