//! The input of a command: archives by name, and lists of files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use firstseen::file;
use firstseen::report::{flag_for_shell, path_for_shell};
use firstseen::source::{FileList, GivenArchive, is_s3, is_stdin};

use super::super::exit::{Hint, OwnedHint, UsageError};
use super::super::saved_name::is_saved;
use super::{AccessArgs, S3Args};

#[derive(Clone, Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Folders, files, globs or s3://bucket/prefix with log objects; - for standard input; or baselines made by index
    #[arg(value_name = "ARCHIVE", required_unless_present_any = ["files_from", "config"])]
    names: Vec<PathBuf>,
    /// Read the files listed in LIST, newline- or NUL-separated; - for standard input
    #[arg(long, value_name = "LIST", help_heading = "Lists of files")]
    files_from: Vec<PathBuf>,
    /// Treat the listed files as part of the archive at FOLDER and name them relative to it; baselines of several lists
    /// then merge into the baseline of FOLDER
    #[arg(long, value_name = "FOLDER", requires = "files_from", help_heading = "Lists of files")]
    archive_root: Option<PathBuf>,
    /// The last ones of `names`, which a configuration file describes.
    #[arg(skip)]
    configured: Vec<ConfiguredArchive>,
    /// How the buckets among them are reached, for commands that are printed.
    #[arg(skip)]
    access: AccessArgs,
}

/// An archive that a configuration file describes.
#[derive(Clone, Debug)]
pub(crate) struct ConfiguredArchive {
    /// Without the access of the run.
    pub(crate) archive: GivenArchive,
    pub(crate) access: AccessArgs,
    /// The file, and the line of the table.
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
}

impl ConfiguredArchive {
    /// The archive, with access of its own and, where it says nothing, that of the run.
    fn given(&self, s3: &S3Args) -> anyhow::Result<GivenArchive> {
        if !is_s3(&self.archive.location) {
            return Ok(self.archive.clone());
        }
        let access = self.access.clone().over(s3.access.clone()).access();
        let access = access.map_err(|reason| self.wrong(&reason))?;
        Ok(GivenArchive { access: Some(access), ..self.archive.clone() })
    }

    /// The archives that a baseline names: those of a file, else at this place. Whoever made the baseline may have named any bucket: nothing
    /// is asked of one that is neither in a file nor on the command line, unless flags say how buckets are accessed.
    ///
    /// # Errors
    /// If there is such a bucket, or settings of a file do not fit those of the run (wrong usage).
    pub(crate) fn find(
        configured: &[Self],
        names: &[String],
        s3: &S3Args,
    ) -> anyhow::Result<Vec<GivenArchive>> {
        let find = |name: &String| match configured.iter().find(|known| known.archive.name() == *name) {
            Some(known) => known.given(s3),
            None if is_s3(name.as_ref()) && s3.access.words().is_empty() => {
                let what = format!("the baseline says that its logs are in the bucket '{name}'");
                let flag = flag_for_shell("--archive", name);
                Err(anyhow::Error::new(UsageError(what)).context(OwnedHint(format!(
                    "to read the bucket, add {flag}; nothing is asked of one that only a baseline names"
                ))))
            }
            None => Ok(GivenArchive::at(name.into())),
        };
        names.iter().map(find).collect()
    }

    /// A usage error at its place in the file.
    fn wrong(&self, reason: &str) -> anyhow::Error {
        let Self { file, line, .. } = self;
        UsageError(format!("{}, line {line}: {reason}", file.display())).into()
    }
}

impl ArchiveArgs {
    /// Archives by name.
    pub(crate) fn of(names: Vec<PathBuf>) -> Self {
        let access = AccessArgs::default();
        Self { names, files_from: Vec::new(), archive_root: None, configured: Vec::new(), access }
    }

    /// Archives by name, as a plan has them.
    pub(crate) fn named(names: &[String], configured: &[ConfiguredArchive]) -> Self {
        let of_file = |name: &String| configured.iter().find(|known| known.archive.name() == *name);
        let configured: Vec<_> = names.iter().filter_map(of_file).cloned().collect();
        let elsewhere = names.iter().filter(|name| of_file(name).is_none()).map(PathBuf::from);
        let names = elsewhere.chain(configured.iter().map(|known| known.archive.location.clone())).collect();
        Self { configured, ..Self::of(names) }
    }

    /// These archives and those of a configuration file, which are not read if all that is named are baselines. `s3` says how the buckets
    /// among them are reached.
    ///
    /// # Errors
    /// If nothing is named at all, or a name comes twice (wrong usage).
    pub(crate) fn and(&self, configured: &[ConfiguredArchive], s3: &S3Args) -> anyhow::Result<Self> {
        s3.access.check_endpoint().map_err(UsageError)?;
        let mut all = Self { access: s3.access.clone(), ..self.clone() };
        if self.names.is_empty() && self.files_from.is_empty() && configured.is_empty() {
            let what = "no archive is named".to_owned();
            return Err(anyhow::Error::new(UsageError(what)).context(Hint(
                "name a folder, a file, a glob or s3://bucket/prefix, or describe archives in the file of --config, as [[archive]]",
            )));
        }
        if !self.names.is_empty() && self.names.iter().all(|name| is_saved(name)) {
            return Ok(all);
        }
        let given: Vec<String> =
            self.names.iter().cloned().map(|name| GivenArchive::at(name).name()).collect();
        for archive in configured {
            let GivenArchive { location, .. } = &archive.archive;
            let name = archive.archive.name();
            if given.contains(&name) {
                return Err(archive.wrong(&format!(
                    "the archive '{name}' is also named on the command line: name it once, or give this one a label"
                )));
            }
            if is_saved(location) {
                return Err(archive.wrong(&format!(
                    "'{}' is a baseline, not an archive: name it on the command line",
                    location.display()
                )));
            }
            all.names.push(location.clone());
            all.configured.push(archive.clone());
        }
        Ok(all)
    }

    /// Where the archives are.
    pub(crate) fn names(&self) -> &[PathBuf] {
        &self.names
    }

    /// The archives named on the command line.
    fn on_the_line(&self) -> &[PathBuf] {
        &self.names[..self.names.len() - self.configured.len()]
    }

    /// The archives, each with its access.
    ///
    /// # Errors
    /// If settings of a file do not fit those of the run (wrong usage).
    pub(crate) fn given(&self, s3: &S3Args) -> anyhow::Result<Vec<GivenArchive>> {
        let on_the_line = self.on_the_line().iter().cloned().map(|name| Ok(GivenArchive::at(name)));
        on_the_line.chain(self.configured.iter().map(|archive| archive.given(s3))).collect()
    }

    /// Whether any list is given.
    pub(crate) fn names_lists(&self) -> bool {
        !self.files_from.is_empty()
    }

    /// The archives as words of a command, quoted for a shell, with the flags that say how the buckets among them are reached.
    pub(crate) fn words(&self) -> String {
        let lists = Some(self.list_words()).filter(|words| !words.is_empty());
        let words: Vec<String> = self.on_the_line().iter().map(|name| quoted(name)).chain(lists).collect();
        format!("{}{}", words.join(" "), self.access_words(&[]))
    }

    /// The flags that say how buckets are reached, each with a blank before it; none if no archive is a bucket, nor any of those that were
    /// read for a baseline.
    fn access_words(&self, recorded: &[String]) -> String {
        let is_bucket = |name: &String| is_s3(name.as_ref());
        let has_buckets = self.names.iter().any(|name| is_s3(name)) || recorded.iter().any(is_bucket);
        if has_buckets { self.access.words() } else { String::new() }
    }

    /// The same for `firstseen trace`, which takes archives or one baseline, with the file of `--config`, which may describe the archives of a
    /// baseline; none for lists, for several baselines, or if the source cannot be read again. `recorded` are the archives that were read: the
    /// buckets of a baseline must be named.
    pub(crate) fn trace_source(&self, config: Option<&Path>, recorded: &[String]) -> Option<String> {
        let has_lists = !self.files_from.is_empty() || self.archive_root.is_some();
        let is_unfit = |name: &PathBuf| is_stdin(name) || self.on_the_line().len() > 1 && is_saved(name);
        match (self.on_the_line(), &self.configured[..]) {
            _ if has_lists => None,
            ([], [first, ..]) => Some(format!("--config {}{}", quoted(&first.file), self.access_words(&[]))),
            (names @ [_, ..], []) if !names.iter().any(is_unfit) => {
                let config = config.map(|file| format!("--config {}", quoted(file)));
                let is_of_buckets = config.is_none() && names.iter().all(|name| is_saved(name));
                let buckets = if is_of_buckets { recorded_buckets(recorded) } else { String::new() };
                let names = names.iter().map(|name| quoted(name).to_string());
                let words = names.chain(config).collect::<Vec<_>>().join(" ");
                Some(format!("{words}{buckets}{}", self.access_words(recorded)))
            }
            _ => None,
        }
    }

    /// The command that makes one baseline of all that is named, for a command that takes one baseline and reads its archives; none if they
    /// cannot be read again: the baseline of a list without a folder does not know where its files are.
    pub(crate) fn one_baseline(&self, name: &str) -> Option<String> {
        if self.names.iter().chain(&self.files_from).any(|name| is_stdin(name)) {
            return None;
        }
        let is_list = !self.files_from.is_empty();
        let saved = self.names.iter().filter(|name| is_saved(name)).count();
        let command = match saved {
            0 if is_list && self.archive_root.is_none() => return None,
            0 => "index",
            _ if saved == self.names.len() && !is_list => "merge",
            _ => return None,
        };
        Some(format!("firstseen {command} {} -o {name}", self.words()))
    }

    /// The baseline that this command makes, as the source of `firstseen trace`.
    pub(crate) fn traced_baseline(&self, name: &str, recorded: &[String]) -> String {
        let is_of_lists = !self.files_from.is_empty();
        let buckets = if is_of_lists { String::new() } else { recorded_buckets(recorded) };
        format!("{name}{buckets}{}", self.access_words(recorded))
    }

    /// The file that describes an archive, as words of a command; absent for one of the command line.
    pub(crate) fn configuration_of(&self, archive: &GivenArchive) -> Option<String> {
        let mut configured = self.configured.iter();
        let known = configured.find(|known| known.archive.name() == archive.name())?;
        Some(format!("--config {}", quoted(&known.file)))
    }

    /// The lists as words of a command, quoted for a shell.
    pub(crate) fn list_words(&self) -> String {
        let lists = self.files_from.iter().map(|list| format!("--files-from {}", quoted(list)));
        let root = self.archive_root.iter().map(|root| format!("--archive-root {}", quoted(root)));
        let config = self.configured.first().map(|archive| format!("--config {}", quoted(&archive.file)));
        lists.chain(root).chain(config).collect::<Vec<_>>().join(" ")
    }

    /// The list files.
    pub(crate) fn list_files(&self) -> &[PathBuf] {
        &self.files_from
    }

    /// Reads the lists. Standard input can be read only once.
    pub(crate) fn lists(&self) -> anyhow::Result<Vec<FileList>> {
        let from_stdin = self.names.iter().chain(&self.files_from).filter(|name| is_stdin(name));
        if from_stdin.count() > 1 {
            return Err(UsageError("standard input can be only one archive or list".to_owned()).into());
        }
        self.files_from.iter().map(|path| self.list(path)).collect()
    }

    fn list(&self, path: &Path) -> anyhow::Result<FileList> {
        let (name, paths) = read_list(path)?;
        let Some(root) = &self.archive_root else { return Ok(FileList::archive(name, paths)) };
        if is_s3(root) || is_stdin(root) {
            let what = format!("--archive-root takes a local folder, not '{}'", root.display());
            return Err(UsageError(what).into());
        }
        FileList::part_of(root, &paths).map_err(|outside| {
            let (outside, root) = (outside.display(), root.display());
            let what = format!("the list '{name}' names '{outside}', which is not below '{root}'");
            let hint = Hint("write paths as find FOLDER does: each starts with the folder of --archive-root");
            anyhow::Error::new(UsageError(what)).context(hint)
        })
    }
}

/// The archives of a baseline as words of a command, each with a blank before it, if there are buckets among them: these must be named.
fn recorded_buckets(recorded: &[String]) -> String {
    let has_buckets = recorded.iter().any(|name| is_s3(name.as_ref()));
    let named = recorded.iter().filter(|_| has_buckets);
    named.map(|name| format!(" --archive {}", quoted(name.as_ref()))).collect()
}

fn quoted(path: &Path) -> String {
    path_for_shell(&path.to_string_lossy()).into_owned()
}

/// The name of a list, and the paths in it.
fn read_list(path: &Path) -> anyhow::Result<(String, Vec<PathBuf>)> {
    let mut content = Vec::new();
    let read = if is_stdin(path) {
        io::stdin().lock().read_to_end(&mut content).map(drop)
    } else {
        file::read_named(path).map(|bytes| content = bytes)
    };
    let name = path.display().to_string();
    read.with_context(|| format!("cannot read the list '{name}'"))
        .context(Hint("--files-from takes a file with one path per line, as find writes it"))?;
    let paths: Vec<PathBuf> =
        names(&content).into_iter().filter(|name| !name.is_empty()).map(path_of).collect();
    if let Some(odd) = paths.iter().find(|path| is_s3(path) || is_stdin(path)) {
        let what = format!("the list '{name}' names '{}': lists take local files only", odd.display());
        return Err(UsageError(what).into());
    }
    if paths.is_empty() {
        return Err(UsageError(format!("the list '{name}' names no file")).into());
    }
    Ok((name, paths))
}

/// The names in a list. A trailing `\r` is part of a NUL-terminated name, but not of a line.
fn names(content: &[u8]) -> Vec<&[u8]> {
    if content.contains(&0) {
        return content.split(|byte| *byte == 0).collect();
    }
    content.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

#[cfg(unix)]
fn path_of(name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(std::ffi::OsStr::from_bytes(name))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(name).into_owned())
}
