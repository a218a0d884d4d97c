//! Reports, with proof, what every principal did for the first time, from archived CloudTrail and Kubernetes
//! audit logs.
//!
//! Data flows one way, through a waist:
//!
//! ```text
//! source ─► decode ─► event ─► observe ─► BASELINE ─► query ─► report
//! └──── scan drives, learn learns ────────┘
//! ```
//!
//! Most modules use the types of [`model`]: principals, ARNs, evidence. [`source`] lists and reads an
//! archive, [`decode`] finds the records in its objects, [`event`] interprets them, [`observe`] numbers
//! principals and actions, [`rules`] decide which events are known to matter, and [`baseline`] remembers who
//! did what. [`scan`] drives all of this on all cores and shows every record to a visitor. [`show`] finds
//! the records that findings point to, [`trace`] follows credentials, and [`verify`] compares log files with the digests of CloudTrail.
//! [`learn`] is the visitor that fills a baseline; [`index`] keeps a saved baseline up to date, and [`plan`] divides archives so that several
//! machines can index them. All questions are pure
//! functions of a baseline ([`query`]); [`events`] shows the records themselves, while a baseline is learnt beside them; [`report`] writes the answers. [`coverage`] lists everything that
//! could not be read. IAM data comes from separate files ([`inventory`]), as do
//! the places of addresses ([`geo`]). [`store`] saves all of it, with a
//! [`catalog`] of the result of each object, so that more objects can be added later. [`actions`] says what kind of thing an
//! action does. [`config`] and [`labels`] parse the text files in which a user says what a run does, and which incidents are known.
//!
//! ```no_run
//! use firstseen::learn::{LearnSettings, learn};
//! use firstseen::query::{Question, first_seen};
//! use firstseen::scan::Silent;
//! use firstseen::source::Archives;
//! use firstseen::time::Span;
//!
//! let archives = Archives::open(&["fixtures/small-archive".into()])?;
//! let settings = LearnSettings { threads: 2, ..LearnSettings::default() };
//! let learnt = learn(&archives, &settings, &Silent)?;
//! let question = Question { warmup: Span::days(90), ..Question::default() };
//! let baseline = learnt.baseline.resolved(settings.principal_key);
//! for finding in first_seen(&baseline, &question) {
//!     println!("{} {} {}", finding.time, finding.principal(), finding.action);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod model;

pub mod actions;

pub mod source;

pub mod decode;

pub mod event;

pub mod observe;

pub mod rules;

pub mod baseline;

pub mod inventory;

pub mod geo;

pub mod scan;

pub mod doctor;
pub mod plan;
pub mod show;
pub mod verify;

pub mod trace;

pub mod learn;

pub mod store;

pub mod index;

pub mod query;

pub mod config;
pub mod labels;

pub mod events;

pub mod report;

pub mod bench;
pub mod catalog;
pub mod checksum;
pub mod coverage;
pub mod file;
pub mod guard;
mod json_string;
pub mod line;
pub mod memory;
pub mod names;
mod parquet_headers;
pub mod secrets;
pub mod synth;
pub mod table;
pub mod time;
pub mod yaml;
