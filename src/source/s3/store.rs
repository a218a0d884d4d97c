//! The stores that buckets are in.

use crate::source::S3Access;

/// Within which a bucket's name is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Store {
    /// A partition of AWS.
    Partition(&'static str),
    /// Another store. Some have names for each customer, so only those reached in the same way are the same.
    Other(Box<(String, S3Access)>),
}
