//! Outputs: a stream, or a file that appears only once it is complete.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::exit::Hint;
use super::signals;

/// An opened output.
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// A pipe or device, written directly.
    Special(File),
    /// A file, written under a temporary name in the same folder and then renamed. A file that was there before hands on its permissions.
    Replaced { temporary: NamedTempFile, path: PathBuf, permissions: Option<Permissions> },
}

impl Output {
    /// Opens an output. This happens before anything is read, so a bad path fails at once. Whether the output is allowed
    /// is up to [`OutputGuard`](super::output_guard::OutputGuard).
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot write '{}'", path.display());
        let hint = Hint("name a file in an existing folder that you can write to");
        match stream(path) {
            Some(Stream::Stdout) => return Ok(Self::Stdout),
            Some(Stream::Stderr) => return Ok(Self::Stderr),
            Some(Stream::Other(_)) => {
                return Ok(Self::Special(File::options().append(true).open(path).with_context(cannot)?));
            }
            None => {}
        }
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                return Err(anyhow::anyhow!("it is a folder").context(cannot()).context(hint));
            }
            // Renaming over a device would replace it.
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self::Special(File::options().write(true).open(path).with_context(cannot)?));
            }
            Ok(metadata) if metadata.permissions().readonly() => {
                let hint = Hint("name another file, or make this one writable: chmod u+w");
                return Err(anyhow::anyhow!("it is read-only").context(cannot()).context(hint));
            }
            _ => {}
        }
        let permissions = path.metadata().ok().map(|metadata| metadata.permissions());
        // The target of a link is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| behind_links(path));
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            let shown = folder.display();
            let missing = match folder.exists() {
                true => anyhow::anyhow!("'{shown}' is not a folder"),
                false => anyhow::anyhow!("the folder '{shown}' does not exist"),
            };
            return Err(missing.context(cannot()).context(hint));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".firstseen-").suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temporary = builder.tempfile_in(folder).with_context(cannot).context(hint)?;
        signals::remove_at_end(temporary.path());
        Ok(Self::Replaced { temporary, path, permissions })
    }

    /// Whether it is shown to somebody as it is written.
    pub(crate) fn is_terminal(&self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
            Self::Special(file) => file.is_terminal(),
            Self::Replaced { .. } => false,
        }
    }

    /// Writes everything, then moves the file into place.
    pub(crate) fn write(self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let buffered = |out: &mut dyn Write| {
            let mut out = BufWriter::with_capacity(1 << 16, out);
            content(&mut out)?;
            out.flush()
        };
        match self {
            Self::Stdout => buffered(&mut io::stdout().lock()).context("cannot write to stdout"),
            Self::Stderr => buffered(&mut io::stderr().lock()).context("cannot write to stderr"),
            Self::Special(mut file) => buffered(&mut file).context("cannot write the output"),
            Self::Replaced { mut temporary, path, permissions } => {
                let cannot = || format!("cannot write '{}'", path.display());
                if let Some(permissions) = permissions {
                    temporary.as_file().set_permissions(permissions).with_context(cannot)?;
                }
                buffered(temporary.as_file_mut()).with_context(cannot)?;
                temporary.as_file().sync_all().with_context(cannot)?;
                temporary.persist(&path).with_context(cannot)?;
                Ok(())
            }
        }
    }
}

/// The place that a name leads to through links, also if nothing is there yet.
pub(super) fn behind_links(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const MOST_LINKS: usize = 40;
    let mut place = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = place.read_link() else { break };
        place = place.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    place
}

/// A stream of this process. The stream may be a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
    /// Any other open file, by its number.
    Other(u32),
}

impl Stream {
    /// A name of the open file.
    pub(super) fn path(self) -> PathBuf {
        let number = match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Other(number) => number,
        };
        PathBuf::from(format!("/dev/fd/{number}"))
    }
}

/// The stream that a name refers to: `-`, `/dev/stdout`, `/dev/stderr`, `/dev/fd/N` or `/proc/self/fd/N`. A file that a
/// shell redirected it to is appended to, never replaced.
pub(super) fn stream(path: &Path) -> Option<Stream> {
    let number = match path.to_str()? {
        "-" | "/dev/stdout" => "1",
        "/dev/stderr" => "2",
        name => name.strip_prefix("/dev/fd/").or_else(|| name.strip_prefix("/proc/self/fd/"))?,
    };
    match number.parse::<u32>() {
        Ok(1) => Some(Stream::Stdout),
        Ok(2) => Some(Stream::Stderr),
        Ok(number) => Some(Stream::Other(number)),
        Err(_) => None,
    }
}
