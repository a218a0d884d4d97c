//! One database.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{LookupResult, MaxMindDbError, Reader, WithinOptions};

use super::GeoError;
use super::record::{AS_NAME, AS_NUMBER, COUNTRY, as_number, country_code};
use super::value::Value;
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
    pub(super) fn locate(&self, address: IpAddr, memory: &mut Memory) -> Result<Option<Location>, GeoError> {
        let found = match self.reader.lookup(address) {
            // An IPv6 address, in a database of IPv4 addresses.
            Err(MaxMindDbError::InvalidInput { .. }) => return Ok(None),
            found => found.map_err(|error| self.damaged(&error))?,
        };
        let Some(offset) = found.offset() else { return Ok(None) };
        if let Some(known) = memory.known.get(&offset) {
            return Ok(Some(known.clone()));
        }
        let location = Record::of(&found).map_err(|error| self.damaged(&error))?.location(&mut memory.texts);
        memory.known.insert(offset, location.clone());
        Ok(Some(location))
    }

    /// The dimensions of which the first networks have values.
    fn sample(&self) -> Result<Vec<Dimension>, GeoError> {
        let (mut has_number, mut has_country, mut known) = (false, false, HashSet::new());
        // Networks without data and other names of IPv4 networks count, too: a damaged tree may have any number of them.
        let options = WithinOptions::default().include_networks_without_data().include_aliased_networks();
        let networks = self.reader.networks(options).map_err(|error| self.damaged(&error))?;
        for network in networks.take(MOST_SAMPLED) {
            let network = network.map_err(|error| self.damaged(&error))?;
            // Many networks have the same record.
            if !network.offset().is_some_and(|offset| known.insert(offset)) {
                continue;
            }
            let record = Record::of(&network).map_err(|error| self.damaged(&error))?;
            has_number |= record.number().is_some();
            has_country |= record.country().is_some();
            if has_number && has_country {
                break;
            }
        }
        let found = [(Dimension::Asn, has_number), (Dimension::Country, has_country)];
        Ok(found.into_iter().filter(|(_, is_found)| *is_found).map(|(dimension, _)| dimension).collect())
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

/// What was read of one database. Many networks have the same record, which is read once.
#[derive(Debug, Default)]
pub(super) struct Memory {
    texts: SharedTexts,
    /// By the offset of the record.
    known: HashMap<usize, Location>,
}

/// A record of a network.
struct Record<'r>(Value<'r>);

impl<'r> Record<'r> {
    /// The record that was found; an empty one if there is none.
    fn of(found: &LookupResult<'r, Vec<u8>>) -> Result<Self, MaxMindDbError> {
        Ok(Self(found.decode()?.unwrap_or(Value::Other)))
    }

    fn location(&self, texts: &mut SharedTexts) -> Location {
        let number = self.number();
        Location {
            asn: number.map(|number| texts.get(&format!("AS{number}"))),
            as_name: number.and_then(|_| self.name()).map(|name| texts.get(name)),
            country: self.country().map(|country| texts.get(&country)),
        }
    }

    fn number(&self) -> Option<u32> {
        let number = |value: &Value<'_>| match value {
            Value::Number(number) => u32::try_from(*number).ok(),
            value => value.text().and_then(as_number),
        };
        self.first(&AS_NUMBER, number).filter(|number| *number > 0)
    }

    fn name(&self) -> Option<&'r str> {
        self.first(&AS_NAME, Value::text).filter(|name| !name.is_empty())
    }

    fn country(&self) -> Option<String> {
        self.first(&COUNTRY, |value| value.text().and_then(country_code))
    }

    /// The first value among several paths.
    fn first<T>(&self, paths: &[&[&str]], value: impl Fn(&Value<'r>) -> Option<T>) -> Option<T> {
        paths.iter().find_map(|path| value(self.0.at(path)?))
    }
}
