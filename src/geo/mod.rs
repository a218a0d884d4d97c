//! Geolocation databases in the MaxMind DB format (`.mmdb`): the autonomous system and country of an address.
//!
//! The files are the user's: nothing of them is downloaded, and nothing is saved. Source of the format: MaxMind DB File Format
//! Specification 2.0.

mod database;
mod error;
mod locations;
mod record;
mod value;

use std::path::PathBuf;

use crate::model::Dimension;

pub use database::GeoDatabase;
pub use error::GeoError;
pub use locations::{Locations, first_address};

/// The databases of a run, in the order in which they are asked.
#[derive(Debug, Default)]
pub struct GeoDatabases(Vec<GeoDatabase>);

impl GeoDatabases {
    /// Opens databases. They are read into memory.
    ///
    /// # Errors
    /// If a file cannot be read, is no MaxMind DB, is damaged, or has neither autonomous systems nor countries.
    pub fn open(paths: &[PathBuf]) -> Result<Self, GeoError> {
        paths.iter().map(|path| GeoDatabase::open(path)).collect::<Result<_, _>>().map(Self)
    }

    /// The databases, in order.
    pub fn iter(&self) -> impl Iterator<Item = &GeoDatabase> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them has values of a dimension.
    pub fn have(&self, dimension: Dimension) -> bool {
        self.iter().any(|database| database.dimensions().contains(&dimension))
    }
}
