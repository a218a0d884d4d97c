//! The input of a command: archives by name, and lists of files.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use firstseen::file;
use firstseen::report::for_shell;
use firstseen::source::{FileList, is_s3, is_stdin};

use super::super::exit::{Hint, UsageError};

#[derive(Clone, Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Folders, files, globs or s3://bucket/prefix with log objects; - for standard input; or baselines made by index
    #[arg(value_name = "ARCHIVE", required_unless_present = "files_from")]
    names: Vec<PathBuf>,
    /// Read the files listed in LIST, newline- or NUL-separated; - for standard input
    #[arg(long, value_name = "LIST", help_heading = "Lists of files")]
    files_from: Vec<PathBuf>,
    /// Treat the listed files as part of the archive at FOLDER and name them relative to it; baselines of several lists
    /// then merge into the baseline of FOLDER
    #[arg(long, value_name = "FOLDER", requires = "files_from", help_heading = "Lists of files")]
    archive_root: Option<PathBuf>,
}

impl ArchiveArgs {
    /// Archives by name.
    pub(crate) fn named(names: &[String]) -> Self {
        Self { names: names.iter().map(PathBuf::from).collect(), files_from: Vec::new(), archive_root: None }
    }

    /// The names given.
    pub(crate) fn names(&self) -> &[PathBuf] {
        &self.names
    }

    /// Whether any list is given.
    pub(crate) fn names_lists(&self) -> bool {
        !self.files_from.is_empty()
    }

    /// The archives as words of a command, quoted for a shell.
    pub(crate) fn words(&self) -> String {
        let lists = Some(self.list_words()).filter(|words| !words.is_empty());
        let words: Vec<String> = self.names.iter().map(|name| quoted(name)).chain(lists).collect();
        words.join(" ")
    }

    /// The lists as words of a command, quoted for a shell.
    pub(crate) fn list_words(&self) -> String {
        let lists = self.files_from.iter().map(|list| format!("--files-from {}", quoted(list)));
        let root = self.archive_root.iter().map(|root| format!("--archive-root {}", quoted(root)));
        lists.chain(root).collect::<Vec<_>>().join(" ")
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

fn quoted(path: &Path) -> String {
    for_shell(&path.to_string_lossy()).into_owned()
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
