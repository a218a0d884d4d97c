//! SHA-256, the checksum used in CloudTrail's digest files.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// A SHA-256 checksum.
///
/// ```
/// use firstseen::checksum::Checksum;
///
/// let empty = Checksum::of(b"");
/// assert_eq!(empty.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Checksum([u8; 32]);

impl Checksum {
    /// Computes the checksum of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The bytes of the checksum.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads to the end; returns the checksum and the number of bytes.
    ///
    /// # Errors
    /// If reading fails.
    pub fn of_all(from: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        let mut chunk = vec![0; 1 << 18];
        let mut size = 0;
        loop {
            match from.read(&mut chunk) {
                Ok(0) => return Ok((hasher.finish(), size)),
                Ok(read) => {
                    hasher.add(&chunk[..read]);
                    size += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The checksums that the objects of some archives had when they were read.
#[derive(Clone, Debug, Default)]
pub struct IndexedObjects {
    /// By path: which of the archives, and the checksum. An object may have been read more than once.
    checksums: HashMap<String, Vec<(u32, Checksum)>>,
    is_elsewhere: bool,
}

impl IndexedObjects {
    /// Objects by archive and path.
    pub fn new<'o>(objects: impl IntoIterator<Item = (u32, &'o str, Checksum)>) -> Self {
        let mut checksums: HashMap<String, Vec<(u32, Checksum)>> = HashMap::new();
        for (archive, path, checksum) in objects {
            checksums.entry(path.to_owned()).or_default().push((archive, checksum));
        }
        Self { checksums, is_elsewhere: false }
    }

    /// The same for archives that are not numbered as those that were read.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        Self { is_elsewhere: true, ..self }
    }

    /// Whether the archives are not numbered as those that were read.
    pub fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.checksums.is_empty()
    }

    /// The checksums of an object of an archive; its path may continue inside it after a `!`.
    pub fn of(&self, archive: u32, path: &str) -> Vec<Checksum> {
        let ends = path.match_indices('!').map(|(at, _)| at).chain([path.len()]);
        let known = ends.filter_map(|end| self.checksums.get(&path[..end])).flatten();
        let known = known.filter(|(number, _)| self.is_elsewhere || *number == archive);
        known.map(|(_, checksum)| *checksum).collect()
    }
}

/// Computes a checksum incrementally.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes added.
    pub fn finish(self) -> Checksum {
        Checksum(self.0.finalize().into())
    }
}

impl fmt::Display for Checksum {
    /// Lowercase hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// The error for a text that is not a checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hexadecimal digits")]
pub struct ChecksumError;

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let bytes = from_hex(text).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or(ChecksumError)
    }
}

/// Bytes in lower-case hexadecimal.
///
/// ```
/// assert_eq!(firstseen::checksum::hex(&[0, 255]), "00ff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes that a text of pairs of hexadecimal digits means; `None` if it is no such text.
///
/// ```
/// use firstseen::checksum::from_hex;
///
/// assert_eq!(from_hex("00fF"), Some(vec![0, 255]));
/// assert!(["0", "0g", "+1"].iter().all(|text| from_hex(text).is_none()));
/// ```
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: &u8| Some(char::from(*digit).to_digit(16)? as u8);
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?)).collect()
}
