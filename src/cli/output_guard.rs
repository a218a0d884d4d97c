//! The inputs and outputs of a run. No output may replace an input or another output.
//!
//! Every output of every command is opened here. Files are identified by device and inode where the system has them, else
//! by their canonical path, so links and other spellings of a name make no difference.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use firstseen::source::{FileList, files_below, is_s3, is_stdin, links_below, mirrored_bucket};

use super::args::{ArchiveArgs, S3Args, warn_of_mirror};
use super::exit::{Hint, UsageError};
use super::output::{Output, Stream, behind_links, stream};
use super::saved_name::is_saved;

/// The inputs of a run, and the outputs opened so far.
#[derive(Debug, Default)]
pub(crate) struct OutputGuard {
    inputs: Vec<ClaimedInput>,
    outputs: Vec<ClaimedOutput>,
    streams: Vec<ClaimedStream>,
}

/// A file or folder that a run reads.
#[derive(Debug)]
struct ClaimedInput {
    /// Its role in messages, such as `archive`.
    what: &'static str,
    /// As given.
    name: PathBuf,
    id: Identity,
    /// Which files of a folder are read.
    reads: Reads,
}

/// Which files of a folder are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Everything,
    /// Files that end in `.yaml` and `.yml`.
    Rules,
}

/// A path taken by an output.
#[derive(Debug)]
struct ClaimedOutput {
    flag: &'static str,
    path: PathBuf,
    /// Whether it includes everything below.
    is_folder: bool,
}

/// A stream of this process, or a pipe or device, taken by an output.
#[derive(Debug)]
struct ClaimedStream {
    flag: &'static str,
    /// If it is one of this process.
    stream: Option<Stream>,
    /// The file behind it, unless it may be written to under several names.
    id: Option<Identity>,
}

impl OutputGuard {
    /// A guard without inputs and outputs.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds archives and baselines, lists of files, and the files listed.
    pub(crate) fn read_archives(&mut self, archives: &ArchiveArgs, lists: &[FileList]) {
        for name in archives.names() {
            self.read_archive(name);
        }
        for name in archives.list_files() {
            self.read("list of files", name);
        }
        for path in lists.iter().flat_map(|list| list.paths().iter().map(PathBuf::as_path).chain(list.root()))
        {
            self.read("archive", path);
        }
    }

    /// Adds an archive or a baseline by its name.
    pub(crate) fn read_archive(&mut self, name: &Path) {
        if is_stdin(name) {
            return self.read("archive", name);
        }
        if is_s3(name) {
            return;
        }
        self.read("archive", name);
        let pattern = name.to_str().filter(|name| name.contains(['*', '?', '[']));
        for path in pattern.and_then(|pattern| glob::glob(pattern).ok()).into_iter().flatten().flatten() {
            self.read("archive", &path);
        }
    }

    /// Adds input files. Missing files are ignored here; reading them reports the error.
    pub(crate) fn read_files<'p>(
        &mut self,
        what: &'static str,
        paths: impl IntoIterator<Item = &'p PathBuf>,
    ) {
        for path in paths {
            self.read(what, path);
        }
    }

    /// Adds rule files, or folders of them.
    pub(crate) fn read_rules<'p>(&mut self, paths: impl IntoIterator<Item = &'p PathBuf>) {
        self.read_files("rules", paths);
        for input in self.inputs.iter_mut().filter(|input| input.what == "rules") {
            input.reads = Reads::Rules;
        }
    }

    /// Takes the S3 mirror, which is both read and written: no output may be inside it, and it may not be inside an archive. That of a
    /// configuration file is passed over, with a warning, if no archive is a bucket; baselines need no such warning, since nothing is fetched for them.
    ///
    /// # Errors
    /// If it is an archive of this run, or inside one.
    pub(crate) fn take_mirror<'p>(
        &mut self,
        s3: &S3Args,
        archives: impl IntoIterator<Item = &'p PathBuf>,
    ) -> anyhow::Result<()> {
        let Some(mirror) = &s3.mirror else { return Ok(()) };
        let archives: Vec<&PathBuf> = archives.into_iter().collect();
        if s3.is_mirror_idle(archives.iter().copied()) {
            if archives.is_empty() || archives.iter().any(|name| !is_saved(name)) {
                warn_of_mirror("no archive is s3://…")?;
            }
            return Ok(());
        }
        let buckets: BTreeSet<String> =
            archives.into_iter().filter_map(|name| mirrored_bucket(name)).collect();
        check_folder("--mirror", mirror)?;
        for bucket in buckets {
            self.take("--mirror", &mirror.join(bucket), true)?;
        }
        self.read("mirror", mirror);
        Ok(())
    }

    /// The files besides archives that the run reads, with their roles, in order; of folders, the files below them.
    pub(crate) fn input_files(&self) -> Vec<(&'static str, PathBuf)> {
        let inputs = self.inputs.iter().filter(|input| !matches!(input.what, "archive" | "mirror"));
        inputs.flat_map(ClaimedInput::files).collect()
    }

    fn read(&mut self, what: &'static str, name: &Path) {
        let id = if is_stdin(name) { stdin_identity() } else { identity(name) };
        if let Ok(id) = id {
            self.inputs.push(ClaimedInput { what, name: name.to_owned(), id, reads: Reads::Everything });
        }
    }

    /// Opens the output of a flag; `None` is standard output.
    ///
    /// # Errors
    /// If it is an input, inside one or another output (wrong usage), or cannot be written.
    pub(crate) fn open(&mut self, flag: &'static str, path: Option<&Path>) -> anyhow::Result<Output> {
        let path = path.unwrap_or(Path::new("-"));
        self.take(flag, path, false)?;
        Output::open(path)
    }

    /// Opens the output of a flag, if given.
    ///
    /// # Errors
    /// As [`OutputGuard::open`].
    pub(crate) fn open_if_named(
        &mut self,
        flag: &'static str,
        path: Option<&Path>,
    ) -> anyhow::Result<Option<Output>> {
        path.map(|path| self.open(flag, Some(path))).transpose()
    }

    /// Takes a file, or a folder with everything in it.
    ///
    /// # Errors
    /// If it is in S3, is an input, or is inside one or another output.
    pub(crate) fn take(&mut self, flag: &'static str, path: &Path, is_folder: bool) -> anyhow::Result<()> {
        check_local(flag, path)?;
        if is_folder {
            check_folder(flag, path)?;
        } else if is_stream(path) {
            return self.take_stream(flag, path);
        }
        let place = real_place(path);
        self.check_inputs(flag, path, &place)?;
        if let Some(taken) = self.outputs.iter().find(|taken| taken.clashes(&place, is_folder)) {
            let what = match taken.path == place {
                true => format!("{flag} and {} name the same file, '{}'", taken.flag, path.display()),
                false => format!("{flag} '{}' and {} overlap", path.display(), taken.flag),
            };
            return Err(refused(what, OF_ITS_OWN));
        }
        let own = identity(path).ok();
        if let Some(taken) = self.streams.iter().find(|taken| own.is_some() && taken.id == own) {
            return Err(same_stream(flag, path, taken));
        }
        self.outputs.push(ClaimedOutput { flag, path: place, is_folder });
        Ok(())
    }

    /// Takes a stream of this process, a pipe or a device. Two outputs in it would be one text that is neither.
    fn take_stream(&mut self, flag: &'static str, path: &Path) -> anyhow::Result<()> {
        let own = ClaimedStream::new(flag, path);
        if let Some(taken) = self.streams.iter().find(|taken| taken.clashes(&own)) {
            return Err(same_stream(flag, path, taken));
        }
        let is_file = |taken: &&ClaimedOutput| own.id.is_some() && identity(&taken.path).ok() == own.id;
        if let Some(taken) = self.outputs.iter().find(is_file) {
            let what = format!("{flag} and {} name the same file, '{}'", taken.flag, path.display());
            return Err(refused(what, OF_ITS_OWN));
        }
        self.streams.push(own);
        Ok(())
    }

    /// Takes the folder of a baseline, which may be inside an archive: listing skips it.
    ///
    /// # Errors
    /// If it is in S3, or an archive itself.
    pub(crate) fn take_baseline(&mut self, path: &Path) -> anyhow::Result<()> {
        check_local("--output", path)?;
        check_folder("--output", path)?;
        let own = identity(path).ok();
        if let Some(input) = self.inputs.iter().find(|input| own.as_ref() == Some(&input.id)) {
            let (what, name) = (input.what, input.name.display());
            return Err(refused(
                format!("--output '{}' is an input of this run: {what} '{name}'", path.display()),
                "name another folder: this one would be replaced",
            ));
        }
        self.outputs.push(ClaimedOutput { flag: "--output", path: real_place(path), is_folder: true });
        Ok(())
    }

    fn check_inputs(&self, flag: &str, path: &Path, place: &Path) -> anyhow::Result<()> {
        const OUTSIDE: &str = "name a place outside it: an archive is evidence, and a later run would read what is written there";
        let own = identity(path).ok();
        let above: Vec<Identity> =
            place.ancestors().skip(1).filter_map(|folder| identity(folder).ok()).collect();
        let is_rules = is_rule_file(path);
        for ClaimedInput { what, name, id, reads } in &self.inputs {
            let (shown, name) = (path.display(), name.display());
            if own.as_ref() == Some(id) {
                let what = format!("{flag} '{shown}' is an input of this run: {what} '{name}'");
                return Err(refused(what, "name another file: this one would be replaced"));
            }
            if above.contains(id) && (*reads == Reads::Everything || is_rules) {
                return Err(refused(
                    format!("{flag} '{shown}' is inside an input of this run: {what} '{name}'"),
                    OUTSIDE,
                ));
            }
        }
        self.check_links(flag, path, own.as_ref(), &above)
    }

    /// Refuses an existing file that a link in an archive points to: listing follows links.
    fn check_links(
        &self,
        flag: &str,
        path: &Path,
        own: Option<&Identity>,
        above: &[Identity],
    ) -> anyhow::Result<()> {
        let Some(own) = own.filter(|_| path.is_file()) else { return Ok(()) };
        let folders =
            self.inputs.iter().filter(|input| input.reads == Reads::Everything && input.name.is_dir());
        let leads_here = |link: &PathBuf| identity(link).is_ok_and(|id| id == *own || above.contains(&id));
        match folders.flat_map(|input| links_below(&input.name)).find(leads_here) {
            Some(link) => Err(refused(
                format!(
                    "{flag} '{}' is an input of this run: the link '{}' points to it",
                    path.display(),
                    link.display()
                ),
                "name another file: this one would be replaced",
            )),
            None => Ok(()),
        }
    }
}

impl ClaimedInput {
    /// The file, or the files below the folder that are read, in the order of their names.
    fn files(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let is_folder = self.name.is_dir();
        let is_read =
            move |path: &PathBuf| !is_folder || self.reads == Reads::Everything || is_rule_file(path);
        files_below(&self.name).filter(is_read).map(|path| (self.what, path))
    }
}

impl ClaimedOutput {
    /// Whether another output would overlap this one.
    fn clashes(&self, place: &Path, is_folder: bool) -> bool {
        self.path == place
            || self.is_folder && place.starts_with(&self.path)
            || is_folder && self.path.starts_with(place)
    }
}

impl ClaimedStream {
    fn new(flag: &'static str, path: &Path) -> Self {
        let stream = stream(path);
        let opened = stream.map_or_else(|| path.to_owned(), Stream::path);
        Self { flag, stream, id: identity(&opened).ok().filter(|_| !is_shared(&opened)) }
    }

    /// Whether another output would be mixed with this one. Whoever sends stderr to where stdout goes wants both there.
    fn clashes(&self, other: &Self) -> bool {
        let is_stderr = |one: &Self| one.stream == Some(Stream::Stderr);
        let is_one_stream = self.stream.is_some() && self.stream == other.stream;
        let is_one_file = self.id.is_some() && self.id == other.id;
        is_one_stream || is_one_file && !is_stderr(self) && !is_stderr(other)
    }
}

/// Whether several outputs may go there: to nowhere, or to a terminal.
#[cfg(unix)]
fn is_shared(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|metadata| metadata.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_shared(_: &Path) -> bool {
    true
}

/// What to do if two outputs are one.
const OF_ITS_OWN: &str = "give each output a file of its own";

fn same_stream(flag: &str, path: &Path, taken: &ClaimedStream) -> anyhow::Error {
    let is_answer = taken.stream == Some(Stream::Stdout) && taken.flag == "--output";
    let what = match is_answer {
        true => format!("{flag} '{}' is where the answer goes", path.display()),
        false => format!("{flag} '{}' is where {} goes", path.display(), taken.flag),
    };
    refused(what, OF_ITS_OWN)
}

/// Refuses a stream, a pipe or a device where a folder is made, which would be named like it.
pub(super) fn check_folder(flag: &str, path: &Path) -> anyhow::Result<()> {
    if !is_stream(path) {
        return Ok(());
    }
    let what = format!("{flag} takes a folder here, not the stream or device '{}'", path.display());
    Err(refused(what, "name a new or empty folder; a single file of one format can go to a stream"))
}

/// Whether a file in a folder of rules is read.
fn is_rule_file(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "yaml" || end == "yml")
}

/// Refuses a place in S3, of which a local folder `s3:` would be made.
fn check_local(flag: &str, path: &Path) -> anyhow::Result<()> {
    if !is_s3(path) {
        return Ok(());
    }
    let what = format!("{flag} takes a local file or folder, not '{}'", path.display());
    Err(refused(what, "write to a local place, and copy it from there: nothing in a bucket is ever changed"))
}

fn refused(what: String, hint: &'static str) -> anyhow::Error {
    anyhow::Error::new(UsageError(what)).context(Hint(hint))
}

/// Whether writing replaces nothing: it is a stream of this process, a pipe or a device.
fn is_stream(path: &Path) -> bool {
    let is_special = |metadata: Metadata| !metadata.is_file() && !metadata.is_dir();
    stream(path).is_some() || path.metadata().is_ok_and(is_special)
}

/// The path where a file will be: the target of a link, else the name in the canonical folder.
fn real_place(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let path = behind_links(path);
    let absolute = std::path::absolute(&path).unwrap_or(path);
    // Folders that do not exist yet are appended to the last existing one.
    let real =
        |folder: &Path| Some((folder.canonicalize().ok()?, absolute.strip_prefix(folder).ok()?.to_owned()));
    let found = absolute.ancestors().skip(1).find_map(real);
    found.map_or_else(|| absolute.clone(), |(folder, rest)| folder.join(rest))
}

/// The identity of a file or folder.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<Identity> {
    path.metadata().map(|metadata| identity_of(&metadata))
}

#[cfg(unix)]
fn identity_of(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// The file behind standard input, if it is one.
#[cfg(unix)]
fn stdin_identity() -> io::Result<Identity> {
    use std::os::fd::AsFd;
    let stdin = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
    stdin.metadata().map(|metadata| identity_of(&metadata))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<Identity> {
    path.canonicalize()
}

#[cfg(not(unix))]
fn stdin_identity() -> io::Result<Identity> {
    Err(io::ErrorKind::Unsupported.into())
}
