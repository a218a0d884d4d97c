//! What to show: an event by its id, or a record by its place.

use std::str::FromStr;

/// A record that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The event with this `eventID` or `auditID`.
    Event(String),
    /// The record at a place, as findings name it in `object` and `record`.
    Record {
        /// Path of the object; of the file in it, and of the piece of that.
        object: String,
        /// Index of the record there.
        record: u32,
    },
}

/// Why a text names nothing to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// It is empty.
    #[error("write an event id, or OBJECT#RECORD")]
    Empty,
    /// The place of a record without its object.
    #[error("it names no object: write an event id, or OBJECT#RECORD")]
    NoObject,
    /// The place of a record that no object can have.
    #[error("no object has so many records: RECORD is at most {}", u32::MAX)]
    TooLarge,
}

impl FromStr for Wanted {
    type Err = WantedError;

    /// Reads an event id, or a place: `OBJECT#RECORD`, or `OBJECT record RECORD` as reports print it.
    ///
    /// ```
    /// use firstseen::show::Wanted;
    ///
    /// let place = Wanted::Record { object: "logs.zip!a/b.json".to_owned(), record: 3 };
    /// assert_eq!("logs.zip!a/b.json#3".parse(), Ok(place.clone()));
    /// assert_eq!("logs.zip!a/b.json record 3".parse(), Ok(place));
    /// assert_eq!("x#y".parse(), Ok(Wanted::Event("x#y".to_owned())));
    /// assert!("logs.zip#99999999999".parse::<Wanted>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, WantedError> {
        let place = text.rsplit_once('#').or_else(|| text.rsplit_once(" record "));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match place.filter(|(_, record)| is_number(record)) {
            Some(("", _)) => Err(WantedError::NoObject),
            Some((object, record)) => {
                let record = record.parse().map_err(|_| WantedError::TooLarge)?;
                Ok(Self::Record { object: object.to_owned(), record })
            }
            None if text.is_empty() => Err(WantedError::Empty),
            None => Ok(Self::Event(text.to_owned())),
        }
    }
}

/// What a text may have been before it was printed, if it is not as it was: escapes of invisible characters (`\u{200b}`) undone, and then
/// also the `'` left out that keeps a spreadsheet from taking a cell for a formula.
///
/// ```
/// use firstseen::show::before_printing;
///
/// let names: Vec<String> = before_printing(r"'-z\u{200b}w.json").collect();
/// assert_eq!(names, ["'-z\u{200b}w.json", "-z\u{200b}w.json"]);
/// assert_eq!(before_printing("a.json").count(), 0);
/// ```
pub fn before_printing(text: &str) -> impl Iterator<Item = String> + use<> {
    let visible = without_escapes(text);
    let cell: String =
        text.split_inclusive([';', '|']).map(|part| part.strip_prefix('\'').unwrap_or(part)).collect();
    let of_cell = without_escapes(&cell);
    let of_cell = Some(of_cell).filter(|name| *name != visible && name != text);
    Some(visible).filter(|name| name != text).into_iter().chain(of_cell)
}

/// A text with the characters that `\u{…}` stands for.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(r"\u{") {
        plain.push_str(before);
        let escape = after.split_once('}').filter(|(digits, _)| digits.len() <= 6);
        let found = escape.and_then(|(digits, behind)| {
            Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, behind))
        });
        rest = if let Some((c, behind)) = found {
            plain.push(c);
            behind
        } else {
            plain.push_str(r"\u{");
            after
        };
    }
    plain.push_str(rest);
    plain
}
