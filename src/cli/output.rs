//! Where output goes: stdout, or a file that appears only when it is complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

use super::exit::Hint;
use super::signals;

/// An opened output.
pub(crate) enum Output {
    /// Standard output.
    Stdout,
    /// A pipe or device, written as it is.
    Special(File),
    /// A file, written beside its place and renamed into it.
    Beside { temporary: NamedTempFile, path: PathBuf },
}

impl Output {
    /// Opens an output before the long run, so that a bad path fails at once.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else { return Ok(Self::Stdout) };
        let cannot = || format!("cannot write '{}'", path.display());
        match path.metadata() {
            Ok(metadata) if metadata.is_dir() => {
                anyhow::bail!("cannot write '{}': it is a folder", path.display())
            }
            // Renaming over a device would replace it.
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self::Special(File::options().write(true).open(path).with_context(cannot)?));
            }
            _ => {}
        }
        // A link keeps its place; the file it names is replaced.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let hint = Hint("name a file in a folder that exists and that you may write to");
        if !folder.is_dir() {
            let missing = anyhow::anyhow!("there is no folder '{}'", folder.display());
            return Err(missing.context(cannot()).context(hint));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".firstseen-").suffix(".partial");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let temporary = builder.tempfile_in(folder).with_context(cannot).context(hint)?;
        signals::remove_at_end(temporary.path());
        Ok(Self::Beside { temporary, path })
    }

    /// Writes everything, and puts the file into its place.
    pub(crate) fn write(self, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let buffered = |out: &mut dyn Write| {
            let mut out = BufWriter::with_capacity(1 << 16, out);
            content(&mut out)?;
            out.flush()
        };
        match self {
            Self::Stdout => buffered(&mut io::stdout().lock()).context("cannot write to stdout"),
            Self::Special(mut file) => buffered(&mut file).context("cannot write the output"),
            Self::Beside { mut temporary, path } => {
                let cannot = || format!("cannot write '{}'", path.display());
                buffered(temporary.as_file_mut()).with_context(cannot)?;
                temporary.as_file().sync_all().with_context(cannot)?;
                temporary.persist(&path).with_context(cannot)?;
                Ok(())
            }
        }
    }
}
