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
