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

/// The partition of a Region, by the beginning of its name.
pub(super) fn partition(region: &str) -> &'static str {
    const BY_START: [(&str, &str); 7] = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-isof-", "aws-iso-f"),
        ("eusc-", "aws-eusc"),
    ];
    let of = BY_START.iter().find(|(start, _)| region.starts_with(start));
    of.map_or("aws", |(_, partition)| partition)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_in_one_partition() {
        for (region, expected) in [
            ("eu-west-1", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
        ] {
            assert_eq!(partition(region), expected, "{region}");
        }
    }
}
