//! What the name of a file promises. Other content is then a loss, not just another file.

/// What a name promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamePromise {
    /// A log.
    Log,
    /// A packing or a table, which may hold one.
    Packed,
    /// An encrypted log.
    Encrypted,
    /// A part of a log.
    Part,
}

/// Endings of logs.
const LOGS: [&str; 4] = [".json", ".jsonl", ".ndjson", ".gz"];

/// Endings of packings and tables that mostly hold logs where there are logs. Archives and CSV are not among them: they often hold something else.
const PACKINGS: [&str; 8] = [".zst", ".zstd", ".bz2", ".xz", ".parquet", ".orc", ".snappy", ".hsnappy"];

/// Endings that programs add to encrypted files.
const ENCRYPTED: [&str; 8] = ["gpg", "pgp", "asc", "enc", "age", "aes", "encrypted", "crypt"];

/// Endings that programs add to files that are not complete.
const PARTS: [&str; 5] = ["part", "partial", "filepart", "crdownload", "download"];

/// Endings of small files about another file.
const ABOUT_OTHERS: [&str; 7] = ["md5", "sha1", "sha256", "sha512", "sig", "minisig", "txt"];

impl NamePromise {
    /// What the name at the end of a path promises, if anything.
    ///
    /// ```
    /// use firstseen::coverage::NamePromise;
    ///
    /// assert_eq!(NamePromise::of("logs/a.json"), Some(NamePromise::Log));
    /// assert_eq!(NamePromise::of("logs/a.json.gz.gpg"), Some(NamePromise::Encrypted));
    /// assert_eq!(NamePromise::of("logs/README.txt"), None);
    /// ```
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '!']).next()?.to_ascii_lowercase();
        let name = without_number(&name);
        let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
        let ends = |name: &str, endings: &[&str]| endings.iter().any(|end| name.ends_with(end));
        let (stem, added) = match end {
            end if ENCRYPTED.contains(&end) => (stem, Some(Self::Encrypted)),
            end if PARTS.contains(&end) || numbers_a_part(end) => (stem, Some(Self::Part)),
            _ => (name, None),
        };
        if ends(stem, &LOGS) {
            return Some(added.unwrap_or(Self::Log));
        }
        if ends(stem, &PACKINGS) {
            return Some(added.unwrap_or(Self::Packed));
        }
        let is_log = has_name_of_cloudtrail(stem) && !ABOUT_OTHERS.contains(&end);
        is_log.then_some(added.unwrap_or(Self::Log))
    }

    /// The text of the fault if the promise is not kept.
    pub const fn broken(self) -> &'static str {
        match self {
            Self::Log => "the content is not JSON",
            Self::Packed => "the content is neither what the name says nor JSON",
            Self::Encrypted => "the content is not JSON: it seems to be encrypted, decrypt it first",
            Self::Part => "the content is not JSON: it seems to be a part of a file, join its parts first",
        }
    }
}

/// The name without the number that tells it from others of this name in its archive: `b.json#2`.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('#') {
        Some((name, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            name
        }
        _ => name,
    }
}

/// Whether an ending is that of a part of a file: of `split` (`aa`, `ab` …), or a number (`001`).
fn numbers_a_part(end: &str) -> bool {
    match end.as_bytes() {
        [b'a' | b'b', b'a'..=b'z'] => true,
        digits => (1..=4).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit),
    }
}

/// Whether a name in small letters has the beginning of a name that CloudTrail gives its logs in it:
/// `<account>_cloudtrail[-<kind>]_<region>_<yyyymmdd>t<hhmm>z`.
fn has_name_of_cloudtrail(name: &str) -> bool {
    const TIME: &[u8] = b"ddddddddtddddz";
    let fits = |(byte, shape): (&u8, &u8)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape };
    let is_account = |text: &str| text.bytes().rev().take_while(u8::is_ascii_digit).count() >= 12;
    name.match_indices("_cloudtrail").any(|(at, found)| {
        let mut parts = name[at + found.len()..].split('_');
        let is_kind = parts.next().is_some_and(|kind| kind.is_empty() || kind.starts_with('-'));
        let has_region = parts.next().is_some_and(|region| !region.is_empty());
        let time = parts.next().unwrap_or_default().as_bytes();
        let is_time = time.len() >= TIME.len() && time.iter().zip(TIME).all(fits);
        is_account(&name[..at]) && is_kind && has_region && is_time
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "111122223333_CloudTrail_us-east-1_20260101T0000Z_abcdefghijklmnop";

    #[test]
    fn logs_are_recognized_by_their_endings() {
        for (name, promise) in [
            ("x/a.json", NamePromise::Log),
            ("A.JSON.GZ", NamePromise::Log),
            ("a.zip!b.ndjson", NamePromise::Log),
            ("a.tar!b.jsonl#2", NamePromise::Log),
            ("a.json.zst", NamePromise::Packed),
            ("a.bz2", NamePromise::Packed),
            ("a.xz", NamePromise::Packed),
            ("p.parquet", NamePromise::Packed),
            ("p.gz.parquet", NamePromise::Packed),
            ("a.hsnappy", NamePromise::Packed),
            ("a.json.gz.enc", NamePromise::Encrypted),
            ("x.json.gz.ab", NamePromise::Part),
            ("x.json.001", NamePromise::Part),
            ("x.zst.part", NamePromise::Part),
        ] {
            assert_eq!(NamePromise::of(name), Some(promise), "{name}");
        }
    }

    #[test]
    fn the_name_of_a_log_of_cloudtrail_counts_whatever_was_added_to_it() {
        for (name, promise) in [
            (NAME.to_owned(), NamePromise::Log),
            (format!("copy of {NAME}.json.old"), NamePromise::Log),
            (format!("{NAME}.json.gz.gpg"), NamePromise::Encrypted),
            (format!("{NAME}.age"), NamePromise::Encrypted),
            (format!("{NAME}.part"), NamePromise::Part),
            (NAME.replace("CloudTrail", "CloudTrail-Insight"), NamePromise::Log),
        ] {
            assert_eq!(NamePromise::of(&name), Some(promise), "{name}");
        }
    }

    #[test]
    fn other_names_promise_nothing() {
        for name in [
            "README.txt",
            "a.csv",
            "logs.zip",
            "logs.tar",
            "keys.gpg",
            "notes.part",
            "xab",
            "x.json.md",
            "a.json/README",
            &format!("{NAME}.json.gz.sha256"),
            &format!("{NAME}.zip!README"),
            "1111_CloudTrail_us-east-1_20260101T0000Z_abc",
            "111122223333_CloudTrail_us-east-1_soon",
            "111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20260101T000000Z",
        ] {
            assert_eq!(NamePromise::of(name), None, "{name}");
        }
    }
}
