//! Where many addresses are, each looked up once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use super::database::Memory;
use super::{GeoDatabases, GeoError};
use crate::model::Location;

/// Where addresses are; those that no database knows are absent.
#[derive(Debug, Default)]
pub struct Locations(HashMap<IpAddr, Location>);

impl Locations {
    /// Whether no address is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where an address is.
    pub fn of(&self, address: IpAddr) -> Option<&Location> {
        self.0.get(&address.to_canonical())
    }
}

impl GeoDatabases {
    /// Looks addresses up. Of several databases, the first that knows the autonomous system of an address counts, and the
    /// first that knows its country.
    ///
    /// # Errors
    /// If a database is damaged.
    pub fn locate(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Result<Locations, GeoError> {
        if self.is_empty() {
            return Ok(Locations::default());
        }
        let mut known = HashMap::new();
        let mut memories: Vec<Memory> = self.iter().map(|_| Memory::default()).collect();
        for address in addresses {
            let address = address.to_canonical();
            if let Entry::Vacant(vacant) = known.entry(address) {
                vacant.insert(self.locate_one(address, &mut memories)?);
            }
        }
        known.retain(|_, location| *location != Location::default());
        Ok(Locations(known))
    }

    fn locate_one(&self, address: IpAddr, memories: &mut [Memory]) -> Result<Location, GeoError> {
        let mut location = Location::default();
        for (database, memory) in self.iter().zip(memories) {
            let Some(found) = database.locate(address, memory)? else { continue };
            if location.asn.is_none() {
                (location.asn, location.as_name) = (found.asn, found.as_name);
            }
            location.country = location.country.or(found.country);
        }
        Ok(location)
    }
}

/// The first address of a network; none if the text is something else, such as the name of a service.
///
/// ```
/// use firstseen::geo::first_address;
///
/// assert_eq!(first_address("203.0.113.0/24"), Some([203, 0, 113, 0].into()));
/// assert_eq!(first_address("athena.amazonaws.com"), None);
/// assert_eq!(first_address("203.0.113.7"), None);
/// ```
pub fn first_address(network: &str) -> Option<IpAddr> {
    let (address, length) = network.split_once('/')?;
    address.parse().ok().filter(|_| length.parse::<u8>().is_ok())
}
