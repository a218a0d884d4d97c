//! Integration tests through the public API and the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod archive;
mod budget;
mod commands;
mod coverage;
mod dimensions;
mod embedded;
mod events;
mod explain;
mod export;
mod fields;
mod findings;
mod geo;
mod hostile;
mod indexing;
mod inventory;
mod known;
mod kubernetes;
mod large;
mod laws;
mod lists;
mod measurements;
mod minimum;
mod naive;
mod naive_score;
mod netflix;
mod outputs;
mod page;
mod principals;
mod process;
mod program;
mod reopened;
mod root;
mod rules;
#[cfg(feature = "s3")]
mod s3;
mod scale;
mod shapes;
mod show;
mod sources;
mod stored;
mod synthetic;
mod terminal;
mod timesketch;
mod trace;
mod triage;
mod triage_known;
mod triage_labels;
mod triage_reports;
mod tuning;
mod verify;
mod visitors;
mod warnings;
mod workbook;
