//! What the name of a CloudTrail digest says: the trail that it belongs to, and the end of the hour that it covers.

use super::key_parts::{is_region, json_stem};
use crate::model::{is_account_id, last_part};
use crate::time::Timestamp;

/// What the name of a digest says.
///
/// `<account>_CloudTrail-Digest_<region>_<trail>_<home region>_<YYYYMMDD>T<HHMMSS>Z[_backfill].json[.gz]`: AWS CloudTrail User
/// Guide, "CloudTrail digest file structure".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigestName<'a> {
    /// Twelve digits, as text.
    pub account: &'a str,
    /// The Region whose log files it lists.
    pub region: &'a str,
    /// The name of the trail.
    pub trail: &'a str,
    /// The home Region of the trail.
    pub home_region: &'a str,
    /// The end of the period that it covers, if that is a time.
    pub ended: Option<Timestamp>,
    /// Whether it lists log files that the ordinary digests missed.
    pub is_backfill: bool,
}

impl<'a> DigestName<'a> {
    /// Parses the last part of a path. A trail's name may contain `_`, so the name is read from both ends.
    ///
    /// ```
    /// use firstseen::source::DigestName;
    ///
    /// let name = "111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1_20240309T041200Z.json.gz";
    /// let name = DigestName::parse(name).unwrap();
    /// assert_eq!((name.region, name.trail, name.home_region), ("eu-west-1", "my_trail", "us-east-1"));
    /// assert_eq!(name.ended.unwrap().to_string(), "2024-03-09T04:12:00Z");
    /// ```
    pub fn parse(path: &'a str) -> Option<Self> {
        let name = last_part(path);
        let stem = json_stem(name)?;
        let plain = stem.strip_suffix("_backfill");
        let (account, rest) = plain.unwrap_or(stem).split_once("_CloudTrail-Digest_")?;
        let (region, rest) = rest.split_once('_')?;
        let (rest, time) = rest.rsplit_once('_')?;
        let (trail, home_region) = rest.rsplit_once('_')?;
        let time_fits = time.len() == 16 && time.ends_with('Z') && time.as_bytes()[8] == b'T';
        let fits = is_account_id(account)
            && is_region(region)
            && !trail.is_empty()
            && is_region(home_region)
            && time_fits;
        let is_backfill = plain.is_some();
        fits.then(|| Self { account, region, trail, home_region, ended: second(time), is_backfill })
    }
}

/// `YYYYMMDDTHHMMSSZ`
fn second(text: &str) -> Option<Timestamp> {
    let part = |range: std::ops::Range<usize>| text.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(9..11)?, part(11..13)?, part(13..15)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}
