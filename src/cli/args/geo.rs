//! Flags for geolocation databases.

use std::path::PathBuf;

use clap::Args;

use super::given;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Autonomous systems and countries")]
pub(crate) struct GeoArgs {
    /// Look up where calls came from in a MaxMind DB file (.mmdb), as MaxMind, DB-IP and IPinfo publish them (repeatable;
    /// the first that knows an address counts). Findings show the autonomous system and the country of their address; --dimension of
    /// scan takes asn and country, too
    #[arg(long, value_name = "FILE")]
    pub(crate) geo_db: Vec<PathBuf>,
}

impl GeoArgs {
    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self { geo_db: given(self.geo_db, below.geo_db) }
    }
}
