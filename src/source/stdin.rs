//! Standard input as a reader that does not delay the end of a run: it may be endless, and may stall.

use std::fs::File;
use std::io::{self, Read};

/// Standard input, with no other reader.
pub(super) struct Stdin {
    input: File,
    /// Polled while waiting for input: whether to give up.
    interrupted: fn() -> bool,
}

impl Stdin {
    /// # Errors
    /// If it is closed.
    pub(super) fn open(interrupted: fn() -> bool) -> io::Result<Self> {
        Ok(Self { input: input()?, interrupted })
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if (self.interrupted)() {
                return Err(io::Error::other("interrupted"));
            }
            if is_ready(&self.input)? {
                return self.input.read(buffer);
            }
        }
    }
}

#[cfg(unix)]
fn input() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn input() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Waits for a while; returns whether there is something to read, including the end.
#[cfg(unix)]
fn is_ready(input: &File) -> io::Result<bool> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    match poll(&mut [PollFd::new(input, PollFlags::IN)], Some(&PATIENCE)) {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn is_ready(_input: &File) -> io::Result<bool> {
    Ok(true)
}
