//! Messages of a run: what it says on stderr beside its answer.

use std::io::{self, StderrLock, Write};

/// Stderr. What cannot be written there is lost: an answer is complete without it, and its status says what it is worth.
pub(crate) struct Messages(StderrLock<'static>);

/// Stderr for messages.
pub(crate) fn messages() -> Messages {
    Messages(io::stderr().lock())
}

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}
