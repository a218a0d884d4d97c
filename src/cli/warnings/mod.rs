//! Warnings about an answer: filters that match nothing, windows without events, a warmup that hides findings, and input
//! without events.

mod clusters;
mod empty_input;
mod question;
mod unmatched;
mod warmup;

pub(crate) use clusters::{clusters_of_regions, unnamed_clusters};
pub(crate) use empty_input::{lost, no_event, not_opened, nothing_found, refuse_nothing, refuse_nothing_in};
pub(crate) use question::{
    hiding_filters, impossible_kinds, returns_without_region, unseen_incidents, window, without_rules,
};
pub(crate) use unmatched::{unmatched_in, unmatched_known};
pub(crate) use warmup::{learnt_in_warmup, nothing_ranked, warmup, warmups};
