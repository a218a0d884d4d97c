//! Converts texts in UTF-16 and UTF-32 to UTF-8 while they are read; `>` in Windows PowerShell 5 writes
//! UTF-16.
//!
//! They are recognised by the byte order mark (Unicode 16, section 23.8), or by the zeros beside a first
//! bracket.

use std::io::{self, Read};

/// The width of a unit and its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) struct Encoding {
    width: usize,
    is_little: bool,
}

impl Encoding {
    /// The encoding of a text with this beginning; `None` for UTF-8.
    pub(in crate::decode) fn of(head: &[u8]) -> Option<Self> {
        let encoding = |width, is_little| Some(Self { width, is_little });
        match *head {
            [0xff, 0xfe, 0, 0, ..] | [b'{' | b'[', 0, 0, 0, ..] => encoding(4, true),
            [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'{' | b'[', ..] => encoding(4, false),
            [0xff, 0xfe, ..] => encoding(2, true),
            [0xfe, 0xff, ..] => encoding(2, false),
            [b'{' | b'[', 0, next, 0, ..] if next != 0 => encoding(2, true),
            [0, b'{' | b'[', 0, next, ..] if next != 0 => encoding(2, false),
            _ => None,
        }
    }

    fn unit(self, bytes: &[u8]) -> u32 {
        let fold = |unit: u32, byte: &u8| unit << 8 | u32::from(*byte);
        if self.is_little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) }
    }
}

/// Reads a text as UTF-8, without its byte order mark.
pub(super) struct Transcoder<R> {
    stream: R,
    encoding: Encoding,
    /// Bytes of an incomplete unit.
    pending: Vec<u8>,
    /// The first half of a surrogate pair.
    high: Option<u32>,
    ready: Vec<u8>,
    at: usize,
    is_first: bool,
    is_odd: bool,
    has_ended: bool,
}

/// The number of bytes read at once.
const CHUNK: usize = 64 << 10;

impl<R: Read> Transcoder<R> {
    /// The fault of a text if [`Transcoder::is_odd`].
    pub(in crate::decode) const ODD: &str = "invalid UTF-16 or UTF-32, read as U+FFFD";

    pub(in crate::decode) fn new(stream: R, encoding: Encoding) -> Self {
        Self {
            stream,
            encoding,
            pending: Vec::new(),
            high: None,
            ready: Vec::new(),
            at: 0,
            is_first: true,
            is_odd: false,
            has_ended: false,
        }
    }

    /// Whether any unit so far was invalid.
    pub(super) fn is_odd(&self) -> bool {
        self.is_odd
    }

    fn refill(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.at = 0;
        let start = self.pending.len();
        self.pending.resize(start + CHUNK, 0);
        let read = self.stream.read(&mut self.pending[start..]);
        self.pending.truncate(start + *read.as_ref().unwrap_or(&0));
        self.has_ended = read? == 0;
        let pending = std::mem::take(&mut self.pending);
        let mut units = pending.chunks_exact(self.encoding.width);
        for unit in &mut units {
            self.unit(self.encoding.unit(unit));
        }
        self.pending = units.remainder().to_vec();
        if self.has_ended && (self.high.take().is_some() || !self.pending.is_empty()) {
            self.pending.clear();
            self.push_replacement();
        }
        Ok(())
    }

    fn unit(&mut self, unit: u32) {
        if std::mem::take(&mut self.is_first) && unit == 0xfeff {
            return;
        }
        let is_pair = self.encoding.width == 2;
        match (self.high.take(), unit) {
            (Some(high), 0xdc00..=0xdfff) => self.push(0x1_0000 + ((high - 0xd800) << 10) + (unit - 0xdc00)),
            (high, _) => {
                if high.is_some() {
                    self.push_replacement();
                }
                match unit {
                    0xd800..=0xdbff if is_pair => self.high = Some(unit),
                    unit => self.push(unit),
                }
            }
        }
    }

    fn push(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(character) => self.ready.extend(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => self.push_replacement(),
        }
    }

    fn push_replacement(&mut self) {
        self.is_odd = true;
        self.ready.extend("\u{fffd}".as_bytes());
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() && !self.has_ended && !buffer.is_empty() {
            self.refill()?;
        }
        let ready = &self.ready[self.at..];
        let read = ready.len().min(buffer.len());
        buffer[..read].copy_from_slice(&ready[..read]);
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Option<(String, bool)> {
        let mut stream = Transcoder::new(bytes, Encoding::of(bytes)?);
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        Some((String::from_utf8(text).unwrap(), stream.is_odd()))
    }

    fn wide(units: impl Iterator<Item = u32>, width: usize, is_little: bool) -> Vec<u8> {
        let bytes = |unit: u32| {
            let bytes = unit.to_be_bytes()[4 - width..].to_vec();
            if is_little { bytes.into_iter().rev().collect::<Vec<u8>>() } else { bytes }
        };
        units.flat_map(bytes).collect()
    }

    proptest! {
        #[test]
        fn every_text_is_decoded_unchanged(text in "\\PC{0,40}", is_little: bool, has_mark: bool) {
            let text = format!("{{\"{text}");
            let marked = if has_mark { format!("\u{feff}{text}") } else { text.clone() };
            let narrow = wide(marked.encode_utf16().map(u32::from), 2, is_little);
            prop_assert_eq!(read(&narrow), Some((text.clone(), false)));
            let broad = wide(marked.chars().map(u32::from), 4, is_little);
            prop_assert_eq!(read(&broad), Some((text, false)));
        }
    }

    #[test]
    fn invalid_units_are_replaced_and_reported() {
        let odd = |units: &[u32]| read(&wide([0xfeff].iter().chain(units).copied(), 2, true)).unwrap();
        assert_eq!(odd(&[0xd83d, 0x41]), ("\u{fffd}A".to_owned(), true));
        assert_eq!(odd(&[0xdc00]), ("\u{fffd}".to_owned(), true));
        assert_eq!(odd(&[0xd83d]), ("\u{fffd}".to_owned(), true));
        assert_eq!(read(b"\xff\xfeA\0B"), Some(("A\u{fffd}".to_owned(), true)));
        assert_eq!(read(b"{\"a\""), None);
        assert_eq!(read(b"\0\0"), None);
    }
}
