//! The rule files that Falco comes with.
