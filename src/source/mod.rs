//! Lists the log objects of archives in delivery order, and reads their bytes.
//!
//! Knows folders, files, buckets and object names; knows nothing of gzip, JSON or events. What cannot be listed is a fault
//! in the coverage and does not stop the listing; a missing archive is an error.

mod account;
mod described;
mod digest_name;
mod error;
mod file_list;
mod files;
mod find;
mod given;
mod key_parts;
mod large_body;
mod listing;
mod local;
mod log_object;
mod object_key;
mod probe;
#[cfg_attr(not(feature = "s3"), path = "no_s3.rs")]
mod s3;
mod s3_name;
mod s3_settings;
mod stdin;
mod supply;

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::{self, Cursor, Read};
use std::path::{Component, Path, PathBuf};

use crate::checksum::Hasher;
use crate::coverage::{FaultKind, ObjectSkip};
use crate::model::Text;
use account::AccountCounters;
use log_object::Location;
use stdin::Stdin;

pub use account::ArchiveAccount;
pub use described::DescribedObject;
pub use digest_name::DigestName;
pub use error::{ArchiveError, ReadError, S3Problem, S3ProblemKind, is_of_missing_archive};
pub use file_list::FileList;
pub use files::{files_below, links_below};
pub use given::GivenArchive;
pub use large_body::{LARGE, LargeBody};
pub use listing::{Listing, ReadWindow};
pub use log_object::{LogObject, SkippedObject};
pub use object_key::ObjectKey;
pub use probe::{MissingAccess, Permission, Probe, ProbeError, ProbedObject, probe};
pub use s3_name::mirrored_bucket;
pub use s3_settings::{
    AccessKey, DEFAULT_CONCURRENCY, DEFAULT_ROLE_SESSION_NAME, S3Access, S3Role, S3Settings,
};
pub use supply::{Supplied, Supply, Traffic};

/// The archives of one run.
#[derive(Debug)]
pub struct Archives {
    names: Vec<String>,
    roots: Vec<Root>,
    /// The clusters of archives, in the order of their numbers.
    clusters: Vec<Option<String>>,
    /// What was read, in the same order.
    accounts: Vec<AccountCounters>,
    own_files: OwnFiles,
    /// Polled while waiting for standard input: whether to give up.
    interrupted: fn() -> bool,
    s3: Option<s3::Session>,
}

/// Names of the files in a folder that are known not to be logs, since this program provably wrote them.
pub type OwnFiles = fn(&Path) -> Vec<OsString>;

/// The location of an archive.
#[derive(Debug)]
enum Root {
    Local(local::Root),
    /// Standard input, as one object. It can be read once.
    Stdin,
    S3(s3::Bucket),
    /// It could not be opened, which is a fault.
    Missing(ArchiveError),
}

impl Root {
    /// What of its own path says of which cluster its logs are.
    fn above(&self) -> Option<Text> {
        match self {
            Self::Local(root) => root.above(),
            Self::S3(bucket) => bucket.above(),
            Self::Stdin | Self::Missing(_) => None,
        }
    }
}

impl Archives {
    /// Finds the roots of archives given as folders, files, globs or `s3://bucket/prefix`; buckets are reached as the AWS
    /// SDKs reach them by default.
    ///
    /// # Errors
    /// Same as [`Archives::open_with`].
    pub fn open(names: &[PathBuf]) -> Result<Self, ArchiveError> {
        Self::open_with(names, &S3Settings::default())
    }

    /// Finds the roots of archives given as folders, files, globs or `s3://bucket/prefix`. Archives are numbered by
    /// name, so that the order in which they are given does not matter; a name given twice counts once.
    ///
    /// # Errors
    /// If one of them does not exist, matches nothing or cannot be reached.
    pub fn open_with(names: &[PathBuf], settings: &S3Settings) -> Result<Self, ArchiveError> {
        let given: Vec<GivenArchive> = names.iter().cloned().map(GivenArchive::at).collect();
        Self::open_all(&given, &[], settings)
    }

    /// Like [`Archives::open_with`], for archives that may have a label and access of their own, and with lists of files as further
    /// archives, or as parts of one; `-` is standard input.
    ///
    /// # Errors
    /// Same as [`Archives::open_with`], except for archives that [may be missing](GivenArchive::may_be_missing), of which one is enough. A
    /// missing file of a list is a fault in the coverage.
    pub fn open_all(
        given: &[GivenArchive],
        lists: &[FileList],
        settings: &S3Settings,
    ) -> Result<Self, ArchiveError> {
        let mut opening = ArchiveOpener { settings, s3: None };
        let archive = |archive| NamedArchive::Archive(archive, Vec::new());
        let mut named: Vec<(String, NamedArchive<'_>)> =
            given.iter().map(|given| (given.name(), archive(given))).collect();
        named.extend(lists.iter().map(|list| (list.name.clone(), NamedArchive::Lists(vec![list]))));
        named.sort_by(|left, right| left.0.cmp(&right.0));
        named.dedup_by(|later, first| {
            let is_same = later.0 == first.0;
            if let (
                true,
                NamedArchive::Archive(_, lists) | NamedArchive::Lists(lists),
                NamedArchive::Lists(more),
            ) = (is_same, &mut first.1, &mut later.1)
            {
                lists.append(more);
            }
            is_same
        });
        let root = |(_, named): &(String, NamedArchive<'_>)| match named {
            NamedArchive::Archive(archive, lists) => opening.root_or_missing(archive).map(|mut root| {
                if let Root::Local(root) = &mut root {
                    root.add_missing(lists);
                }
                root
            }),
            NamedArchive::Lists(lists) => Ok(Root::Local(local::Root::of_lists(lists))),
        };
        let roots = named.iter().map(root).collect::<Result<Vec<Root>, _>>()?;
        let roots = unless_all_are_missing(roots)?;
        let cluster = |(_, named): &(String, NamedArchive<'_>)| match named {
            NamedArchive::Archive(archive, _) => archive.cluster.clone(),
            NamedArchive::Lists(_) => None,
        };
        let clusters = named.iter().map(cluster).collect();
        Ok(Self {
            names: named.into_iter().map(|(name, ..)| name).collect(),
            accounts: roots.iter().map(|_| AccountCounters::default()).collect(),
            roots,
            clusters,
            own_files: |_| Vec::new(),
            interrupted: settings.interrupted,
            s3: opening.s3,
        })
    }

    /// One archive that needs no session.
    fn of_root(name: String, root: Root, settings: &S3Settings) -> Self {
        Self {
            names: vec![name],
            roots: vec![root],
            clusters: Vec::new(),
            accounts: Vec::new(),
            own_files: |_| Vec::new(),
            interrupted: settings.interrupted,
            s3: None,
        }
    }

    /// Archives whose folders have files to skip: those that `own_files` names. A folder with such files is counted, and its
    /// other files are read. Without this the content of every file decides.
    #[must_use]
    pub fn passing_over(self, own_files: OwnFiles) -> Self {
        Self { own_files, ..self }
    }

    /// The cluster of an archive's Kubernetes audit events that do not name one, if it was given with the archive.
    pub fn cluster(&self, archive: u32) -> Option<&str> {
        let index = archive.checked_sub(1)?;
        self.clusters.get(index as usize)?.as_deref()
    }

    /// The names of the archives as given, in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Size of an object as stored.
    ///
    /// # Errors
    /// Any system error.
    pub fn size(&self, object: &LogObject) -> Result<u64, ReadError> {
        match self.root(object)? {
            Root::Local(root) => Ok(root.size(object)?),
            Root::Stdin => Err(ReadError::from(io::Error::other("standard input has no size"))),
            Root::S3(bucket) => Ok(bucket.size(object)),
            Root::Missing(error) => Err(error.into()),
        }
    }

    fn root(&self, object: &LogObject) -> Result<&Root, ReadError> {
        self.root_of(object.archive)
    }

    fn root_of(&self, archive: u32) -> Result<&Root, ReadError> {
        let root = archive.checked_sub(1).and_then(|index| self.roots.get(index as usize));
        root.ok_or_else(|| ReadError { kind: FaultKind::Read, detail: "no such archive".to_owned() })
    }

    /// Lists every object of every archive, with `threads` threads. `found` is called with their number from time to
    /// time and returns whether to go on.
    ///
    /// # Errors
    /// If there is not a single file, or an archive cannot be listed at all.
    pub fn list(
        &self,
        window: &ReadWindow,
        threads: usize,
        found: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Listing, ArchiveError> {
        let mut listing = self.list_local(window, threads, found);
        if let Some(session) = &self.s3 {
            session.list(self.buckets(), window, &mut listing, found);
        }
        if listing.is_empty() {
            let names: Vec<String> = self.names.iter().map(|name| format!("'{name}'")).collect();
            return Err(ArchiveError::NoObjects { names: names.join(", ") });
        }
        listing.objects.sort_unstable_by(LogObject::delivery_order);
        Ok(listing)
    }

    /// The objects of all archives, to be read. Those on disk are all listed first; those in S3 are listed while the first
    /// ones are read.
    ///
    /// # Errors
    /// Same as [`Archives::list`].
    pub fn supply(
        &self,
        window: &ReadWindow,
        threads: usize,
        found: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Supply<'_>, ArchiveError> {
        if let Some(session) = &self.s3 {
            let mut local = self.list_local(window, threads, found);
            local.objects.sort_unstable_by(LogObject::delivery_order);
            let stream = session.stream(self.buckets(), window, local, found);
            return Ok(Supply::streamed(self, stream));
        }
        Ok(Supply::listed(self, self.list(window, threads, found)?))
    }

    /// The objects of a listing, to be read.
    pub fn supply_listed(&self, listing: Listing) -> Supply<'_> {
        if let Some(session) = &self.s3 {
            return Supply::streamed(self, session.stream_listed(self.buckets(), listing));
        }
        Supply::listed(self, listing)
    }

    fn list_local(&self, window: &ReadWindow, threads: usize, found: &mut dyn FnMut(u64) -> bool) -> Listing {
        let mut listing = Listing::default();
        files::list(&self.folders(), self.own_files, threads, &mut listing, found);
        for (number, root) in (1..).zip(&self.roots) {
            match root {
                Root::Stdin => {
                    listing.coverage.objects.listed += 1;
                    let (path, kept) = (Text::from("stdin"), Location::File { planned: 0 });
                    listing.objects.push(LogObject {
                        archive: number,
                        path,
                        delivered: None,
                        above: None,
                        kept,
                    });
                }
                Root::Missing(error) => listing.coverage.fault(error.fault(number)),
                Root::Local(_) | Root::S3(_) => {}
            }
        }
        let objects = std::mem::take(&mut listing.objects);
        for object in objects {
            if window.admits(object.delivered) {
                listing.objects.push(object);
            } else {
                listing.skip(object, ObjectSkip::OutsideWindow);
            }
        }
        listing
    }

    /// The S3 traffic so far; `None` without an S3 archive. It depends on the network, so it is not part of a result.
    pub fn traffic(&self) -> Option<Traffic> {
        self.s3.as_ref().map(s3::Session::traffic)
    }

    /// By which name it is known what was listed of an archive: its own; of a part, which a list of files names, that and which list.
    pub fn listed_as(&self, number: u32) -> String {
        let name =
            number.checked_sub(1).and_then(|at| self.names().get(at as usize)).cloned().unwrap_or_default();
        match self.root_of(number) {
            Ok(Root::Local(root)) if root.is_in_parts => {
                let mut hasher = Hasher::default();
                for path in &root.starts {
                    hasher.add(path.as_os_str().as_encoded_bytes());
                    hasher.add(&[0]);
                }
                let list = hasher.finish().to_string();
                format!("{name}{}{})", PART_OF_ARCHIVE, &list[..8])
            }
            _ => name,
        }
    }

    /// What was read of each archive so far, in the order of their numbers.
    pub fn accounts(&self) -> Vec<ArchiveAccount> {
        self.accounts.iter().map(AccountCounters::account).collect()
    }

    /// The access key id with which buckets are read; `None` without an S3 archive, and without credentials. It is no secret.
    pub fn access_key(&self) -> Option<AccessKey> {
        self.s3.as_ref().and_then(s3::Session::access_key)
    }

    /// Reads one object's stored bytes into `buffer`, replacing its content.
    ///
    /// # Errors
    /// Any system error; the buffer then holds what could be read.
    pub fn read(&self, object: &LogObject, buffer: &mut Vec<u8>) -> Result<(), ReadError> {
        match self.root(object).inspect_err(|_| buffer.clear())? {
            Root::Local(root) => Ok(root.read(object, buffer)?),
            Root::Stdin => {
                buffer.clear();
                Stdin::open(self.interrupted)?.read_to_end(buffer)?;
                Ok(())
            }
            Root::S3(bucket) => bucket.read(object, buffer),
            Root::Missing(error) => Err(error.into()),
        }
    }

    /// Like [`Archives::read`], but an object of more than [`LARGE`] bytes is returned to be read piecemeal.
    ///
    /// # Errors
    /// Same as [`Archives::read`].
    pub fn open_or_read(
        &self,
        object: &LogObject,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<LargeBody>, ReadError> {
        match self.root(object).inspect_err(|_| buffer.clear())? {
            Root::Local(root) => Ok(root.open_or_read(object, buffer)?.map(LargeBody::File)),
            Root::Stdin => {
                buffer.clear();
                let mut stdin = Stdin::open(self.interrupted)?;
                stdin.by_ref().take(LARGE + 1).read_to_end(buffer)?;
                if buffer.len() as u64 <= LARGE {
                    return Ok(None);
                }
                let stream = Cursor::new(std::mem::take(buffer)).chain(stdin);
                Ok(Some(LargeBody::Stream(Box::new(stream))))
            }
            Root::S3(bucket) => {
                bucket.read(object, buffer)?;
                Ok(LargeBody::take_if_large(buffer))
            }
            Root::Missing(error) => Err(error.into()),
        }
    }

    /// The archives on disk with their numbers.
    fn folders(&self) -> Vec<(u32, &local::Root)> {
        let mut folders = Vec::new();
        for (number, root) in (1..).zip(&self.roots) {
            match root {
                Root::Local(root) => folders.push((number, root)),
                Root::Stdin | Root::S3(_) | Root::Missing(_) => {}
            }
        }
        folders
    }

    /// The archives in S3 with their numbers.
    fn buckets(&self) -> impl Iterator<Item = (u32, &s3::Bucket)> {
        (1..).zip(&self.roots).filter_map(|(number, root)| match root {
            Root::Local(_) | Root::Stdin | Root::Missing(_) => None,
            Root::S3(bucket) => Some((number, bucket)),
        })
    }
}

/// Stands between the name of an archive and that of a list of files of it.
pub const PART_OF_ARCHIVE: &str = " (list of files ";

/// The meaning of an archive's name.
enum NamedArchive<'n> {
    /// One that is read in full, and the lists of parts of it.
    Archive(&'n GivenArchive, Vec<&'n FileList>),
    /// Several are parts of one archive.
    Lists(Vec<&'n FileList>),
}

/// What is needed to open archives.
struct ArchiveOpener<'a> {
    settings: &'a S3Settings,
    s3: Option<s3::Session>,
}

/// The roots, unless there is none of them.
fn unless_all_are_missing(mut roots: Vec<Root>) -> Result<Vec<Root>, ArchiveError> {
    if roots.iter().all(|root| matches!(root, Root::Missing(_)))
        && let Some(Root::Missing(error)) = roots.pop()
    {
        return Err(error);
    }
    Ok(roots)
}

impl ArchiveOpener<'_> {
    /// The root of an archive that may be missing.
    fn root_or_missing(&mut self, archive: &GivenArchive) -> Result<Root, ArchiveError> {
        match self.root(archive) {
            Err(error) if archive.may_be_missing && error.is_of_one_archive() => Ok(Root::Missing(error)),
            root => root,
        }
    }

    fn root(&mut self, archive: &GivenArchive) -> Result<Root, ArchiveError> {
        let location = &archive.location;
        if s3_name(location).is_some() {
            return self.bucket(archive);
        }
        if is_stdin(location) {
            return Ok(Root::Stdin);
        }
        if looks_like_s3(location) {
            let meant = s3_name::meant(&location.to_string_lossy());
            let meant = meant.map_or(String::new(), |meant| format!("; this one is {meant}"));
            let detail = format!("a bucket is written s3://bucket/prefix{meant}");
            let problem = S3Problem { kind: S3ProblemKind::Name, detail };
            // As it was written: a name would have one slash of two.
            return Err(ArchiveError::S3 { name: location.display().to_string(), problem });
        }
        let named = |error: ArchiveError| match &archive.label {
            Some(_) => error.called(archive.described()),
            None => error,
        };
        local::Root::open(location).map(Root::Local).map_err(named)
    }

    fn bucket(&mut self, archive: &GivenArchive) -> Result<Root, ArchiveError> {
        self.session(archive)?.open(archive).map(Root::S3)
    }

    /// The session, which the first bucket starts.
    fn session(&mut self, archive: &GivenArchive) -> Result<&mut s3::Session, ArchiveError> {
        let session = match self.s3.take() {
            Some(session) => session,
            None => s3::Session::start(self.settings, &archive.described())?,
        };
        Ok(self.s3.insert(session))
    }
}

/// Whether a name means standard input.
pub fn is_stdin(name: &Path) -> bool {
    name == Path::new("-")
}

/// A name that means a bucket.
fn s3_name(name: &Path) -> Option<&str> {
    name.to_str().filter(|name| name.starts_with("s3://"))
}

/// Whether a name was meant as a bucket but is not a valid one, and no such file exists.
fn looks_like_s3(name: &Path) -> bool {
    s3_name::is_meant(&name.to_string_lossy()) && !name.exists()
}

/// Whether a name means a bucket, and not a file or folder.
pub fn is_s3(name: &Path) -> bool {
    s3_name(name).is_some()
}

/// The name of an archive, without trailing slashes and a leading `./`, which do not change its meaning.
fn shown_name(name: &Path) -> String {
    if let Some(name) = s3_name(name) {
        return name.trim_end_matches('/').to_owned();
    }
    let plain = normalized(name);
    if plain.as_os_str().is_empty() { ".".to_owned() } else { shown_text(plain.as_os_str()).into_owned() }
}

/// A path without parts that do not change its meaning.
fn normalized(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}

/// A name as text. Bytes that are not UTF-8 are written as `\xFF`, so that different names stay different.
fn shown_text(name: &OsStr) -> Cow<'_, str> {
    if let Some(text) = name.to_str() {
        return Cow::Borrowed(text);
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    Cow::Owned(text)
}

/// The bytes of the name that an object is shown with, which shows bytes that are not UTF-8 as `\xFF`. A name of UTF-8 that has such a
/// text itself is not told from that if the text stands for other bytes.
///
/// ```
/// use firstseen::source::name_bytes;
///
/// assert_eq!(*name_bytes(r"a\xFF.json"), *b"a\xFF.json");
/// assert_eq!(*name_bytes(r"a\x41.json"), *br"a\x41.json");
/// ```
pub fn name_bytes(shown: &str) -> Cow<'_, [u8]> {
    let bytes = unescaped_bytes(shown);
    // Only bytes that are not UTF-8 are shown so.
    match std::str::from_utf8(&bytes) {
        Ok(_) => Cow::Borrowed(shown.as_bytes()),
        Err(_) => Cow::Owned(bytes),
    }
}

/// The bytes of a text that shows non-UTF-8 bytes as `\xFF`.
fn unescaped_bytes(shown: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(shown.len());
    let mut rest = shown;
    while let Some((before, after)) = rest.split_once("\\x") {
        bytes.extend(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        // Others are UTF-8 by themselves.
        match byte.filter(|byte| !byte.is_ascii()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.extend(b"\\x");
                rest = after;
            }
        }
    }
    bytes.extend(rest.as_bytes());
    bytes
}

/// The path for a text that shows non-UTF-8 bytes as `\xFF`; `None` if there are no such bytes.
#[cfg(unix)]
fn unescaped(shown: &str) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = unescaped_bytes(shown);
    (bytes != shown.as_bytes()).then(|| PathBuf::from(std::ffi::OsString::from_vec(bytes)))
}

#[cfg(not(unix))]
fn unescaped(_shown: &str) -> Option<PathBuf> {
    None
}
