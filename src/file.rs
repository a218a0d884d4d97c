//! Opens files for reading: regular files only, and without blocking on a pipe.
//!
//! A path may lead to a pipe without a writer, a terminal, a socket or a link to a device. Opening or reading
//! one of these can block forever. So files are opened without blocking, and the file type is checked before
//! the first byte is read.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens a regular file, following links, and returns it with its metadata.
///
/// # Errors
/// If the path cannot be opened, or is a folder, a pipe, a socket or a device.
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
        // Opening a pipe waits for a writer, and opening a terminal can make it the controlling terminal of
        // the process. Neither flag affects regular files.
        options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32);
    }
    let file = options.open(path).map_err(|error| reason(path, error))?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(irregular(&metadata)) }
}

/// The content of a regular file.
///
/// # Errors
/// As [`open`], and read errors.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let (mut file, metadata) = open(path)?;
    let mut content =
        Vec::with_capacity(usize::try_from(metadata.len()).map_or(0, |size| size.min(MOST_ROOM)));
    file.read_to_end(&mut content)?;
    Ok(content)
}

/// Reads bytes at a position of a file, whatever else reads it; returns their number.
///
/// # Errors
/// If reading fails.
pub fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, buffer, position);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, buffer, position);
}

/// The content of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`read`], and if there are more.
///
/// ```
/// use std::path::Path;
///
/// assert!(firstseen::file::read_within(Path::new("Cargo.toml"), 1 << 20).is_ok());
/// let error = firstseen::file::read_within(Path::new("Cargo.toml"), 10).unwrap_err();
/// assert_eq!(error.to_string(), "it is larger than 10 bytes");
/// ```
pub fn read_within(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    content_within(open(path)?.0, most)
}

/// The rest of a file, if it is not longer than `most` bytes.
fn content_within(file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            match most >> 20 {
                0 => format!("it is larger than {most} bytes"),
                mib => format!("it is larger than {mib} MiB"),
            },
        ));
    }
    Ok(content)
}

/// The content of a file named on the command line, of at most 1 GiB: a regular file, the pipe that a shell passes as
/// `/dev/fd/63` for `<(command)`, or `/dev/stdin`. A pipe is read until its writer closes it.
///
/// # Errors
/// As [`read_within`]; a pipe with any other name is refused.
pub fn read_named(path: &Path) -> io::Result<Vec<u8>> {
    read_named_within(path, LARGEST)
}

fn read_named_within(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if !is_handed_over(path) {
        return read_within(path, most);
    }
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(irregular(&file.metadata()?));
    }
    content_within(file, most)
}

/// As [`read_named`], as text, of at most 64 MiB.
///
/// # Errors
/// As [`read_named`], and if the content is not UTF-8.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = String::from_utf8(read_named_within(path, LARGEST_TEXT)?);
    text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("it is no UTF-8: {error}")))
}

/// Whether a path names a file descriptor that the process inherited.
pub fn is_handed_over(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.parent() == Some(Path::new(folder)))
}

/// Lists of files and signatures of digests grow with the archive: some ten million of them.
const LARGEST: u64 = 1 << 30;

/// Settings, rules and tables of labels have some megabytes at most. What parses them takes many times their size.
const LARGEST_TEXT: u64 = 64 << 20;

/// Upper limit of the buffer allocated before reading: the size in the metadata may be wrong.
const MOST_ROOM: usize = 64 << 20;

/// The error for a file that is not regular.
fn irregular(metadata: &Metadata) -> io::Error {
    let what = kind(metadata);
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is a {what} and no regular file"))
}

/// The system's error for opening a socket does not say that it is one.
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
