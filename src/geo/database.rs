//! One database. The only place that knows the crate `maxminddb`.

use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};

use super::GeoError;
use super::record::{AS_NAME, AS_NUMBER, AsNumber, COUNTRY, country_code};
use crate::checksum::Checksum;
use crate::file;
use crate::model::{Dimension, Location, SharedTexts};
use crate::time::Day;

/// Limit on the size of a file, in GiB. The largest databases have about 2 GB.
const MOST_GIB: u64 = 4;

/// How many networks are looked at to see which fields the records of a database have. Nearly all have all of them.
const MOST_SAMPLED: usize = 10_000;

/// In seconds.
const DAY: u64 = 86_400;

/// 9999-12-31, in days since 1970-01-01.
const LAST_DAY: i32 = 2_932_896;

/// A database in memory.
#[derive(Debug)]
pub struct GeoDatabase {
    path: PathBuf,
    reader: Reader<Vec<u8>>,
    kind: String,
    built: Day,
    checksum: Checksum,
    dimensions: Vec<Dimension>,
}

impl GeoDatabase {
    pub(super) fn open(path: &Path) -> Result<Self, GeoError> {
        let content = read(path)?;
        let checksum = Checksum::of(&content);
        let form = |reason: String| GeoError::Form { path: path.to_owned(), reason };
        let reader = Reader::from_source(content).map_err(|error| form(error.to_string()))?;
        let (kind, built) = (reader.metadata().database_type.clone(), day(reader.metadata().build_epoch));
        let built = built.ok_or_else(|| form("it was built after the year 9999".to_owned()))?;
        let mut database =
            Self { path: path.to_owned(), reader, kind, built, checksum, dimensions: Vec::new() };
        database.dimensions = database.sample()?;
        if database.dimensions.is_empty() {
            return Err(GeoError::Foreign { path: database.path, kind: database.kind });
        }
        Ok(database)
    }

    /// The type of the database, from its metadata: `GeoLite2-ASN`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The UTC day on which it was built, from its metadata.
    pub fn built(&self) -> Day {
        self.built
    }

    /// Checksum of the file.
    pub fn checksum(&self) -> &Checksum {
        &self.checksum
    }

    /// The dimensions of which it has values: [`Dimension::Asn`], [`Dimension::Country`] or both.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// What it knows about an address; none if it has no record of it.
    pub(super) fn locate(
        &self,
        address: IpAddr,
        texts: &mut SharedTexts,
    ) -> Result<Option<Location>, GeoError> {
        let found = match self.reader.lookup(address) {
            // An IPv6 address, in a database of IPv4 addresses.
            Err(MaxMindDbError::InvalidInput { .. }) => return Ok(None),
            found => found.map_err(|error| self.damaged(&error))?,
        };
        if !found.has_data() {
            return Ok(None);
        }
        location(&found, texts).map(Some).map_err(|error| self.damaged(&error))
    }

    /// The dimensions of which the first networks have values.
    fn sample(&self) -> Result<Vec<Dimension>, GeoError> {
        let (mut texts, mut seen) = (SharedTexts::default(), Location::default());
        // Networks without data and other names of IPv4 networks count, too: a damaged tree may have any number of them.
        let options = WithinOptions::default().include_networks_without_data().include_aliased_networks();
        let networks = self.reader.networks(options).map_err(|error| self.damaged(&error))?;
        for network in networks.take(MOST_SAMPLED) {
            let network = network.map_err(|error| self.damaged(&error))?;
            let location = location(&network, &mut texts).map_err(|error| self.damaged(&error))?;
            seen.asn = seen.asn.or(location.asn);
            seen.country = seen.country.or(location.country);
            if seen.asn.is_some() && seen.country.is_some() {
                break;
            }
        }
        let has_values = |dimension: &Dimension| seen.value(*dimension).is_some();
        Ok(Dimension::ALL.into_iter().filter(has_values).collect())
    }

    fn damaged(&self, error: &MaxMindDbError) -> GeoError {
        GeoError::Damaged { path: self.path.clone(), reason: error.to_string() }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, GeoError> {
    let open = |source| GeoError::Open { path: path.to_owned(), source };
    let (file, metadata) = file::open(path).map_err(open)?;
    let most = MOST_GIB << 30;
    let mut content = Vec::new();
    if metadata.len() <= most {
        file.take(most + 1).read_to_end(&mut content).map_err(open)?;
    }
    if metadata.len() > most || content.len() as u64 > most {
        return Err(GeoError::TooLarge { path: path.to_owned(), most: MOST_GIB });
    }
    Ok(content)
}

/// The day of an instant in seconds since the epoch, up to the year 9999.
fn day(seconds: u64) -> Option<Day> {
    i32::try_from(seconds / DAY).ok().filter(|day| *day <= LAST_DAY).map(Day::from_number)
}

/// The record of a network, if there is one.
type Found<'r> = LookupResult<'r, Vec<u8>>;

fn location(found: &Found<'_>, texts: &mut SharedTexts) -> Result<Location, MaxMindDbError> {
    let number = first(&AS_NUMBER, |path| field::<AsNumber>(found, path))?.filter(|number| number.0 > 0);
    let name = match number {
        Some(_) => first(&AS_NAME, |path| field::<&str>(found, path))?.filter(|name| !name.is_empty()),
        None => None,
    };
    let country = first(&COUNTRY, |path| Ok(field::<&str>(found, path)?.and_then(country_code)))?;
    Ok(Location {
        asn: number.map(|AsNumber(number)| texts.get(&format!("AS{number}"))),
        as_name: name.map(|name| texts.get(name)),
        country: country.map(|country| texts.get(&country)),
    })
}

/// The first value among several paths.
fn first<T>(
    paths: &[&[&str]],
    value: impl Fn(&[&str]) -> Result<Option<T>, MaxMindDbError>,
) -> Result<Option<T>, MaxMindDbError> {
    paths.iter().find_map(|path| value(path).transpose()).transpose()
}

/// The value at a path of a record; none if there is none, or one of another type.
fn field<'r, T: serde::Deserialize<'r>>(
    found: &Found<'r>,
    path: &[&str],
) -> Result<Option<T>, MaxMindDbError> {
    let path: Vec<PathElement<'_>> = path.iter().map(|key| PathElement::Key(key)).collect();
    match found.decode_path(&path) {
        Err(MaxMindDbError::Decoding { .. }) => Ok(None),
        value => value,
    }
}
