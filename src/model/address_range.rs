//! Ranges of IP addresses.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use thiserror::Error;

/// A range of IP addresses in CIDR form (RFC 4632, RFC 4291); a single address is a range of one.
///
/// ```
/// use firstseen::model::AddressRange;
///
/// let office: AddressRange = "203.0.113.0/24".parse().unwrap();
/// assert!(office.contains("203.0.113.7") && !office.contains("198.51.100.7"));
/// assert!(office.contains("::ffff:203.0.113.7") && !office.contains("ec2.amazonaws.com"));
/// assert!("203.0.113.0/40".parse::<AddressRange>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressRange(IpNet);

/// A text that is not a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("'{0}' is neither an IP address nor a range such as 203.0.113.0/24")]
pub struct AddressRangeError(String);

impl AddressRange {
    /// Whether a text is an address of this range. Other texts, such as service names, are in no range.
    pub fn contains(&self, address: &str) -> bool {
        let contains =
            |address: IpAddr| self.0.contains(&address) || self.0.contains(&address.to_canonical());
        address.parse::<IpAddr>().is_ok_and(contains)
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<Self, AddressRangeError> {
        let range = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        range.map(Self).map_err(|_| AddressRangeError(text.chars().take(100).collect()))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
