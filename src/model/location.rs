//! Where the network of an address is.

use super::{Dimension, Text};

/// What geolocation databases say about an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// The autonomous system that announces the network, such as `AS64500`.
    pub asn: Option<Text>,
    /// The name of that autonomous system. It is for people: databases spell it differently, and names change.
    pub as_name: Option<Text>,
    /// The country (ISO 3166-1 alpha-2).
    pub country: Option<Text>,
}

impl Location {
    /// Its value in a dimension that is derived from networks.
    pub fn value(&self, dimension: Dimension) -> Option<&Text> {
        match dimension {
            Dimension::Asn => self.asn.as_ref(),
            Dimension::Country => self.country.as_ref(),
            _ => None,
        }
    }

    /// The autonomous system with its name: `AS64500 Example`.
    pub fn named_asn(&self) -> Option<String> {
        let name = self.as_name.as_ref().map_or(String::new(), |name| format!(" {name}"));
        self.asn.as_ref().map(|asn| format!("{asn}{name}"))
    }
}
