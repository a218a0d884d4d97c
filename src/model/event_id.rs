//! Ids of events. Nearly all are UUIDs, which are stored as 16 bytes instead of 36 characters on the heap.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU64;

use super::Text;

/// The id of an event; empty if its record has none. It sorts like its text and preserves that text exactly.
///
/// ```
/// use firstseen::model::EventId;
///
/// for text in ["c792d920-1557-4607-a68d-2593da9c4a4d", "C792D920-1557-4607-A68D-2593DA9C4A4D", "7", ""] {
///     assert_eq!(EventId::from(text).text(), text);
/// }
/// assert_eq!(size_of::<EventId>(), 16);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventId(Compact<Text>);

/// A borrowed event id, kept or from an incoming record.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct EventIdRef<'a>(Compact<&'a str>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Compact<T> {
    /// A lower-case UUID whose second half is not 0, which leaves room for the other variant.
    Uuid(u64, NonZeroU64),
    Text(T),
}

/// Length of the text of a UUID.
const LENGTH: usize = 36;

/// Positions of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

impl EventId {
    /// Whether the record has no id.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Compact::Text(text) if text.is_empty())
    }

    /// The id as the record has it.
    pub fn text(&self) -> Cow<'_, str> {
        match &self.0 {
            Compact::Uuid(..) => Cow::Owned(self.to_string()),
            Compact::Text(text) => Cow::Borrowed(text),
        }
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> EventIdRef<'_> {
        EventIdRef(match &self.0 {
            Compact::Uuid(first, second) => Compact::Uuid(*first, *second),
            Compact::Text(text) => Compact::Text(text),
        })
    }
}

impl<'a> EventIdRef<'a> {
    /// Its text; a UUID is written to `memory`.
    fn bytes<'b>(self, memory: &'b mut [u8; LENGTH]) -> &'b [u8]
    where
        'a: 'b,
    {
        match self.0 {
            Compact::Text(text) => text.as_bytes(),
            Compact::Uuid(first, second) => {
                let mut digits = (u128::from(first) << 64) | u128::from(second.get());
                for at in (0..LENGTH).rev() {
                    memory[at] = b'-';
                    if !HYPHENS.contains(&at) {
                        memory[at] = b"0123456789abcdef"[(digits & 15) as usize];
                        digits >>= 4;
                    }
                }
                memory
            }
        }
    }
}

/// The value of each byte as a hex digit; [`NONE`] if it is not one.
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut digit = 0;
    while digit < 16 {
        digits[b"0123456789abcdef"[digit as usize] as usize] = digit;
        digit += 1;
    }
    digits
};

const NONE: u8 = 0xF0;

/// The two halves of a UUID, if the text is one in the usual form.
fn uuid(text: &str) -> Option<(u64, NonZeroU64)> {
    let text: &[u8; LENGTH] = text.as_bytes().try_into().ok()?;
    if HYPHENS.iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let mut faults = 0;
    let mut add = |half: u64, bytes: &[u8]| {
        bytes.iter().fold(half, |half, byte| {
            let digit = DIGITS[usize::from(*byte)];
            faults |= digit;
            half << 4 | u64::from(digit)
        })
    };
    let (mut first, mut second) = (0, 0);
    for bytes in [&text[..8], &text[9..13], &text[14..18]] {
        first = add(first, bytes);
    }
    for bytes in [&text[19..23], &text[24..]] {
        second = add(second, bytes);
    }
    NonZeroU64::new(second).filter(|_| faults < NONE).map(|second| (first, second))
}

impl<'a> From<&'a str> for EventIdRef<'a> {
    fn from(text: &'a str) -> Self {
        Self(uuid(text).map_or(Compact::Text(text), |(first, second)| Compact::Uuid(first, second)))
    }
}

impl From<&str> for EventId {
    fn from(text: &str) -> Self {
        Self(match EventIdRef::from(text).0 {
            Compact::Uuid(first, second) => Compact::Uuid(first, second),
            Compact::Text(text) => Compact::Text(text.into()),
        })
    }
}

impl PartialEq<str> for EventId {
    fn eq(&self, text: &str) -> bool {
        self.borrowed() == EventIdRef::from(text)
    }
}

impl PartialEq<&str> for EventId {
    fn eq(&self, text: &&str) -> bool {
        self == *text
    }
}

impl Ord for EventIdRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            // Letters sort after digits, and hyphens are in the same places.
            (Compact::Uuid(a, b), Compact::Uuid(c, d)) => (a, b).cmp(&(c, d)),
            _ => self.bytes(&mut [0; LENGTH]).cmp(other.bytes(&mut [0; LENGTH])),
        }
    }
}

impl PartialOrd for EventIdRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for EventId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.borrowed().cmp(&other.borrowed())
    }
}

impl PartialOrd for EventId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Digits, hyphens and whole texts are UTF-8.
        out.pad(std::str::from_utf8(self.borrowed().bytes(&mut [0; LENGTH])).unwrap_or_default())
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text(), out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_like_their_texts_and_convert_back() {
        let texts = [
            "",
            "-",
            "00000000-0000-0000-0000-000000000000",
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-0001-0000-000000000000",
            "00000000-0000-0001-0000-00000000000A",
            "00000000-0000-0001-0000-00000000000a",
            "0000000000000-0001-0000-00000000000a",
            "c792d920-1557-4607-a68d-2593da9c4a4",
            "c792d920-1557-4607-a68d-2593da9c4a4d",
            "c792d920-1557-4607-a68d-2593da9c4a4é",
            "c792d920-1557-4607-a68d-2593da9c4a4ee",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "g",
        ];
        for left in texts {
            let id = EventId::from(left);
            assert_eq!((&*id.text(), id.is_empty()), (left, left.is_empty()));
            assert_eq!((id.to_string(), format!("{id:?}")), (left.to_owned(), format!("{left:?}")));
            for right in texts {
                let other = EventId::from(right);
                assert_eq!(id.cmp(&other), left.cmp(right), "{left} {right}");
                assert_eq!(id.borrowed().cmp(&right.into()), left.cmp(right), "{left} {right}");
                assert_eq!(id == *right, left == right, "{left} {right}");
                assert_eq!(id == other, left == right, "{left} {right}");
            }
        }
        assert!(matches!(EventId::from(texts[9]).0, Compact::Uuid(..)));
    }
}
