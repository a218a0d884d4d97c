//! x
pub mod baseline;
pub mod coverage;
pub mod decode;
pub mod event;
pub mod ingest;
pub mod observe;
pub mod query;
pub mod source;
pub mod time;
