//! A local copy of the objects that were read: `DIR/<bucket>/<key>`.
//!
//! Each object is written beside its place and renamed, and then recorded in the side file
//! `DIR/.firstseen-mirror/<bucket>.jsonl` with its S3 metadata. Only what is recorded there, with its size, ETag and
//! SHA-256, counts as stored; so an interrupted run resumes, and an object that changed on either side is fetched again.
//! What it replaces is moved aside, never lost: logs do not change by themselves.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::lock;
use super::object_metadata::ObjectMetadata;
use crate::checksum::Checksum;
use crate::file;

/// The folder of side files.
const SIDE: &str = ".firstseen-mirror";

/// Most file systems limit names to 255 bytes.
const LONGEST_NAME: usize = 200;

/// The copy of one bucket.
#[derive(Debug)]
pub(super) struct Mirror {
    /// `DIR/<bucket>`
    folder: PathBuf,
    /// `DIR/.firstseen-mirror`
    side: PathBuf,
    /// The stored objects, by key.
    known: HashMap<String, MirroredObject>,
    /// Keys listed in this run.
    listed: Mutex<HashSet<String>>,
    entries: Mutex<SideFile>,
}

/// What is known of a stored object.
#[derive(Debug)]
struct MirroredObject {
    size: u64,
    etag: Option<String>,
    sha256: String,
}

/// The end of a side file.
#[derive(Debug)]
struct SideFile {
    file: File,
    /// Whether the last line may be cut.
    is_torn: bool,
}

/// A line of the side file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    size: u64,
    sha256: String,
    etag: Option<String>,
    version_id: Option<String>,
    last_modified: Option<String>,
    storage_class: Option<String>,
    #[serde(default)]
    metadata: Vec<(String, String)>,
}

impl Mirror {
    /// Opens or creates the copy of a bucket.
    pub(super) fn open(folder: &Path, bucket: &str) -> io::Result<Self> {
        let side = folder.join(SIDE);
        fs::create_dir_all(&side)?;
        let path = side.join(format!("{}.jsonl", file_name(bucket)));
        let known = match file::open(&path) {
            Ok((file, _)) => known(BufReader::new(file))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => HashMap::new(),
            Err(error) => return Err(error),
        };
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::other("another run keeps objects of this bucket there"),
        })?;
        let entries = SideFile { is_torn: !ends_in_newline(&path)?, file };
        Ok(Self {
            folder: folder.join(file_name(bucket)),
            side,
            known,
            listed: Mutex::default(),
            entries: Mutex::new(entries),
        })
    }

    /// The bytes of an object, if the stored copy matches the listing.
    pub(super) fn read(&self, key: &str, size: u64, etag: Option<&str>) -> Option<Vec<u8>> {
        let known = self.known.get(key)?;
        // Some stores list no ETag.
        if known.size != size || (etag.is_some() && known.etag.as_deref() != etag) {
            return None;
        }
        let bytes = file::read(&self.folder.join(relative(key))).ok()?;
        (Checksum::of(&bytes).to_string() == known.sha256).then_some(bytes)
    }

    /// Notes that an object is in the bucket.
    pub(super) fn note_listed(&self, key: &str) {
        if self.known.contains_key(key) {
            lock(&self.listed).insert(key.to_owned());
        }
    }

    /// Keys below a prefix that an earlier run stored but that were not listed in this one.
    pub(super) fn unlisted(&self, prefix: &str) -> Vec<&str> {
        let listed = lock(&self.listed);
        let is_gone = |key: &&str| key.starts_with(prefix) && !listed.contains(*key);
        let mut gone: Vec<&str> = self.known.keys().map(String::as_str).filter(is_gone).collect();
        gone.sort_unstable();
        gone
    }

    /// Stores a complete object; returns whether it replaced something else.
    pub(super) fn keep(
        &self,
        key: &str,
        bytes: &[u8],
        metadata: Option<&ObjectMetadata>,
    ) -> io::Result<bool> {
        let path = self.folder.join(relative(key));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let checksum = Checksum::of(bytes).to_string();
        // The same name each time, so that an interrupted run leaves nothing permanent.
        let beside = self.side.join(format!("{}.part", Checksum::of(path.as_os_str().as_encoded_bytes())));
        let put = || {
            fs::write(&beside, bytes)?;
            let is_replaced = self.move_aside(&path, &checksum)?;
            fs::rename(&beside, &path).map(|()| is_replaced)
        };
        let is_replaced = put().inspect_err(|_| {
            let _ = fs::remove_file(&beside);
        })?;
        lock(&self.entries).add(&entry(key, bytes.len() as u64, checksum.clone(), metadata))?;
        Ok(is_replaced)
    }

    /// Keeps the previous file of a key, whoever wrote it, under its checksum; returns whether there was one.
    fn move_aside(&self, path: &Path, new: &str) -> io::Result<bool> {
        let old = match file::read(path) {
            Ok(old) => Checksum::of(&old).to_string(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        if old == new {
            return Ok(false);
        }
        let folder = self.side.join("replaced");
        fs::create_dir_all(&folder)?;
        fs::rename(path, folder.join(old)).map(|()| true)
    }
}

impl SideFile {
    fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = Vec::new();
        if self.is_torn {
            // A cut line must not spoil the next one.
            line.push(b'\n');
        }
        serde_json::to_writer(&mut line, entry)?;
        line.push(b'\n');
        self.is_torn = true;
        self.file.write_all(&line)?;
        self.is_torn = false;
        Ok(())
    }
}

fn entry(key: &str, size: u64, sha256: String, metadata: Option<&ObjectMetadata>) -> Entry {
    let of =
        |what: fn(&ObjectMetadata) -> &Option<String>| metadata.and_then(|metadata| what(metadata).clone());
    Entry {
        key: key.to_owned(),
        size,
        sha256,
        etag: of(|metadata| &metadata.etag),
        version_id: of(|metadata| &metadata.version),
        last_modified: of(|metadata| &metadata.last_modified),
        storage_class: of(|metadata| &metadata.storage_class),
        metadata: metadata.map(|metadata| metadata.user_metadata.clone()).unwrap_or_default(),
    }
}

/// The content of a side file; if a key is given twice, the last line counts. An object whose line cannot be read will
/// be fetched again.
fn known(file: impl BufRead) -> io::Result<HashMap<String, MirroredObject>> {
    let mut known = HashMap::new();
    for line in file.split(b'\n') {
        if let Ok(Entry { key, size, etag, sha256, .. }) = serde_json::from_slice(&line?) {
            known.insert(key, MirroredObject { size, etag, sha256 });
        }
    }
    Ok(known)
}

fn ends_in_newline(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The path of an object below the folder of its bucket: its key, except for parts that would leave that folder or that
/// no file system can hold, and for a `/` at its end, which is part of the name. Different keys have different paths.
fn relative(key: &str) -> PathBuf {
    let (name, is_named_as_folder) = match key.strip_suffix('/') {
        Some(name) => (name, true),
        None => (key, false),
    };
    let mut path: PathBuf = name.split('/').map(file_name).collect();
    if is_named_as_folder {
        path.as_mut_os_string().push("%2F");
    }
    path
}

/// A part of a key as the name of a file or folder.
fn file_name(part: &str) -> String {
    file_name_on(part, cfg!(windows))
}

/// The same on Windows or another system. Windows has more characters and names that no file can have.
fn file_name_on(part: &str, is_windows: bool) -> String {
    let is_plain = |c: char| {
        let is_reserved = is_windows && matches!(c, '<' | '>' | '"' | '|' | '?' | '*');
        !c.is_control() && !is_reserved && !matches!(c, '%' | '\\' | ':')
    };
    let mut name = String::with_capacity(part.len());
    for c in part.chars() {
        if is_plain(c) {
            name.push(c);
        } else {
            let mut utf8 = [0; 4];
            for byte in c.encode_utf8(&mut utf8).bytes() {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    match &*name {
        "" => "%".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        // Reserved names of this program, and names that are too long.
        own if own.starts_with(".firstseen-") => format!("%2E{}", &own[1..]),
        long if long.len() > LONGEST_NAME => format!("%{}", Checksum::of(part.as_bytes())),
        _ if is_windows => on_windows(name),
        _ => name,
    }
}

/// A name that Windows neither changes nor takes for a device: it drops dots and blanks at the end of names, and `NUL.json` is a device.
fn on_windows(mut name: String) -> String {
    if name.ends_with(['.', ' '])
        && let Some(last) = name.pop()
    {
        let _ = write!(name, "%{:02X}", u32::from(last));
    }
    if is_device(&name) {
        let first = name.remove(0);
        name.insert_str(0, &format!("%{:02X}", u32::from(first)));
    }
    name
}

/// Whether Windows takes a name for a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let numbered = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let is_numbered = numbered.is_some_and(|rest| {
        let mut signs = rest.chars();
        matches!(signs.next(), Some('0'..='9' | '¹' | '²' | '³')) && signs.next().is_none()
    });
    is_numbered || ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&&*stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_map_to_distinct_paths_inside_the_mirror() {
        let long = "x".repeat(300);
        let keys = [
            "AWSLogs/1/a.json.gz",
            "../../etc/passwd",
            "/etc/passwd",
            "a//b",
            "a/./b",
            "a/b",
            "a/b/",
            "a/b/c",
            "a/b%2F",
            "a/b//",
            "/",
            "../",
            "a/../b",
            "..",
            ".",
            "",
            "%2E%2E",
            "%",
            "a\\b",
            "c:\\x",
            ".firstseen-mirror/x.jsonl",
            "a\0b",
            "a\nb",
            &long,
        ];
        let mut seen = std::collections::HashSet::new();
        for key in keys {
            let path = relative(key);
            assert!(path.is_relative(), "{key:?}");
            let plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
            assert!(path.components().all(plain), "{key:?} became {path:?}");
            let key_parts = key.strip_suffix('/').unwrap_or(key).split('/');
            assert_eq!(path.components().count(), key_parts.count(), "{key:?}");
            assert!(!path.starts_with(SIDE));
            assert!(seen.insert(path), "{key:?} shares its path");
        }
        assert_eq!(relative("AWSLogs/1/a.json.gz"), Path::new("AWSLogs/1/a.json.gz"));
        assert_eq!(relative("AWSLogs/1/a.json.gz/"), Path::new("AWSLogs/1/a.json.gz%2F"));
    }

    #[test]
    fn names_on_windows_are_those_of_files() {
        let names = [
            ("a<b>.json", "a%3Cb%3E.json"),
            ("\"|?*", "%22%7C%3F%2A"),
            ("logs.", "logs%2E"),
            ("logs ", "logs%20"),
            ("...", "..%2E"),
            ("NUL", "%4EUL"),
            ("nul.json.gz", "%6Eul.json.gz"),
            ("Com1 .txt", "%43om1 .txt"),
            ("LPT\u{b2}", "%4CPT\u{b2}"),
            ("CONOUT$", "%43ONOUT$"),
        ];
        for (part, expected) in names {
            assert_eq!(file_name_on(part, true), expected);
            assert_eq!(file_name_on(part, false), part, "other systems have such names");
        }
        for part in ["COM", "COM12", "CONSOLE", "x.NUL", "111122223333_CloudTrail_x.json.gz", "%43ON"] {
            assert_eq!(file_name_on(part, true), file_name_on(part, false));
        }
    }

    #[test]
    fn a_truncated_line_loses_one_object() {
        let file = "{\"key\":\"a\",\"size\":1,\"sha256\":\"\"}\n{\"key\":\"b\",\"si\n{\"key\":\"a\",\"size\":2,\"sha256\":\"\"}\n";
        let known = known(file.as_bytes()).unwrap();
        assert_eq!(known.len(), 1);
        assert_eq!(known["a"].size, 2);
    }
}
