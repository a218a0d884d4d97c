//! The partitions of AWS.

/// A partition.
struct Partition {
    name: &'static str,
    /// The beginning of the names of its Regions.
    start: &'static str,
    /// The Region in which its global services log.
    global: &'static str,
}

/// The partition of all other Regions.
const COMMERCIAL: Partition = Partition { name: "aws", start: "", global: "us-east-1" };

const OTHERS: [Partition; 7] = [
    Partition { name: "aws-cn", start: "cn-", global: "cn-north-1" },
    Partition { name: "aws-us-gov", start: "us-gov-", global: "us-gov-west-1" },
    Partition { name: "aws-iso", start: "us-iso-", global: "us-iso-east-1" },
    Partition { name: "aws-iso-b", start: "us-isob-", global: "us-isob-east-1" },
    Partition { name: "aws-iso-e", start: "eu-isoe-", global: "eu-isoe-west-1" },
    Partition { name: "aws-iso-f", start: "us-isof-", global: "us-isof-south-1" },
    Partition { name: "aws-eusc", start: "eusc-", global: "eusc-de-east-1" },
];

/// The partition of a Region, by the beginning of its name.
///
/// ```
/// use firstseen::model::partition_of;
///
/// assert_eq!(partition_of("us-isob-east-1"), "aws-iso-b");
/// assert_eq!(partition_of("eu-west-1"), "aws");
/// ```
pub fn partition_of(region: &str) -> &'static str {
    OTHERS.iter().find(|other| region.starts_with(other.start)).unwrap_or(&COMMERCIAL).name
}

/// The Region in which global services of a partition log; `us-east-1` if there is no such partition.
pub fn global_region(partition: &str) -> &'static str {
    OTHERS.iter().find(|other| other.name == partition).unwrap_or(&COMMERCIAL).global
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_in_one_partition() {
        for (region, partition) in [
            ("eu-west-1", "aws"),
            ("us-east-1", "aws"),
            ("", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
            ("eusc-de-east-1", "aws-eusc"),
        ] {
            assert_eq!(partition_of(region), partition, "{region}");
        }
        assert!(OTHERS.iter().chain([&COMMERCIAL]).all(|one| partition_of(one.global) == one.name));
        assert_eq!(global_region("aws-none"), "us-east-1");
    }
}
