//! Opens files to be read: regular ones only, and without ever waiting for somebody to write into a pipe.
//!
//! Where a file is expected there may be a pipe that nobody writes to, a terminal, a socket or a link to a device. To open such
//! a thing, or to read from it, can take for ever. So nothing is opened in a way that waits, and what was opened is asked
//! what it is before the first byte is read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file, through links, and says what the system knows of it.
///
/// # Errors
/// If it cannot be opened, or is a folder, a pipe, a socket or a device.
///
/// ```
/// use std::path::Path;
///
/// assert!(firstseen::file::open(Path::new("Cargo.toml")).is_ok());
/// assert_eq!(firstseen::file::open(Path::new("src")).unwrap_err().to_string(), "it is a folder and no regular file");
/// ```
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // To open a pipe waits for a writer; a terminal that is opened becomes that of the process. Neither flag changes
        // anything for a regular file.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    let file = options.open(path).map_err(|error| reason(path, error))?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(irregular(&metadata)) }
}

/// The content of a regular file.
///
/// # Errors
/// As [`open`], and whatever reading says.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, metadata) = open(path)?;
    let mut content =
        Vec::with_capacity(usize::try_from(metadata.len()).map_or(0, |size| size.min(MOST_ROOM)));
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// The content of a file that somebody named on the command line: a regular one, or the pipe that a shell hands over as
/// `/dev/fd/63` for `<(command)`, or `/dev/stdin`. Such a pipe is read until whoever writes to it ends.
///
/// # Errors
/// As [`read`]; a pipe of any other name is refused.
pub fn read_named(path: &Path) -> io::Result<Vec<u8>> {
    if !is_handed_over(path) {
        return read(path);
    }
    let mut content = Vec::new();
    let mut file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(irregular(&file.metadata()?));
    }
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// As [`read_named`], of a text.
///
/// # Errors
/// As [`read_named`], and if the bytes are no UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_named(path)?);
    text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("it is no UTF-8: {error}")))
}

/// Whether a name stands for something that the process was started with.
pub fn is_handed_over(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)))
}

/// Room made for a file before it is read: its size is only what the system says.
const MOST_ROOM: usize = 64 << 20;

/// Why there is something that is not read.
fn irregular(metadata: &Metadata) -> io::Error {
    let what = kind(metadata);
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is a {what} and no regular file"))
}

/// To open a socket is an error by itself, with a number that says little.
fn reason(path: &Path, error: io::Error) -> io::Error {
    match path.metadata() {
        Ok(metadata) if !metadata.is_file() && error.kind() != io::ErrorKind::PermissionDenied => {
            irregular(&metadata)
        }
        _ => error,
    }
}

#[cfg(unix)]
fn kind(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "folder",
        () if kind.is_fifo() => "pipe",
        () if kind.is_socket() => "socket",
        () => "device",
    }
}

#[cfg(not(unix))]
fn kind(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { "folder" } else { "device" }
}
