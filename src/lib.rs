//! Says, with proof, what every principal did for the first time, from archived CloudTrail and Kubernetes audit logs.
//!
//! Data flows one way, through a waist:
//!
//! ```text
//! source ─► decode ─► event ─► observe ─► BASELINE ─► query ─► report
//! └────────── ingest wires this half ────┘
//! ```
//!
//! All rooms may speak of [`model`]: principals, ARNs, evidence. An archive is listed and read by [`source`], [`decode`] finds the records in its objects, [`event`] reads their
//! meaning, [`observe`] gives numbers to principals and actions, [`rules`] say which events are known to matter, and
//! [`baseline`] remembers who did what. All questions are pure functions of a baseline ([`query`]); [`report`] writes the
//! answers down. Whatever could not be read stands in the [`coverage`]. What IAM knew comes
//! from files of its own ([`inventory`]). [`store`] saves all of it, with a [`ledger`] of what
//! each object gave, so that more can be added later.
//!
//! ```no_run
//! use firstseen::ingest::{IngestSettings, Silent, ingest};
//! use firstseen::query::{Anchor, Filter, FindingKind, Question, first_seen};
//! use firstseen::source::Archives;
//! use firstseen::time::Span;
//!
//! let archives = Archives::open(&["fixtures/small-archive".into()])?;
//! let settings = IngestSettings { threads: 2, ..IngestSettings::default() };
//! let ingested = ingest(&archives, &settings, &Silent)?;
//! let question = Question {
//!     warmup: Span::days(30),
//!     forget: None,
//!     anchor: Anchor::Principal,
//!     report: FindingKind::OF_SIGHTINGS.to_vec(),
//!     from: None,
//!     to: None,
//!     until: None,
//!     only_success: false,
//!     every_hit: false,
//!     filter: Filter::default(),
//! };
//! let baseline = ingested.baseline.joined(settings.principal_key);
//! for finding in first_seen(&baseline, &question) {
//!     println!("{} {} {}", finding.time, finding.principal(), finding.action);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod model;

pub mod source;

pub mod decode;

pub mod event;

pub mod observe;

pub mod rules;

pub mod baseline;

pub mod inventory;

pub mod ingest;

pub mod store;

pub mod query;

pub mod report;

pub mod bench;
pub mod checksum;
pub mod coverage;
pub mod file;
pub mod ledger;
pub mod memory;
mod names;
pub mod synth;
pub mod time;
pub mod yaml;
