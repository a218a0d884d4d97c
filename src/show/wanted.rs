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

/// The error for an empty text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an event id, or OBJECT#RECORD")]
pub struct WantedError;

impl FromStr for Wanted {
    type Err = WantedError;

    /// Reads an event id or `OBJECT#RECORD`.
    ///
    /// ```
    /// use firstseen::show::Wanted;
    ///
    /// let place = Wanted::Record { object: "logs.zip!a/b.json".to_owned(), record: 3 };
    /// assert_eq!("logs.zip!a/b.json#3".parse(), Ok(place));
    /// assert_eq!("x#y".parse(), Ok(Wanted::Event("x#y".to_owned())));
    /// ```
    fn from_str(text: &str) -> Result<Self, WantedError> {
        let place = text.rsplit_once('#').and_then(|(object, record)| {
            let is_number = !record.is_empty() && record.bytes().all(|byte| byte.is_ascii_digit());
            let record = record.parse().ok().filter(|_| is_number && !object.is_empty())?;
            Some(Self::Record { object: object.to_owned(), record })
        });
        match place {
            Some(place) => Ok(place),
            None if text.is_empty() => Err(WantedError),
            None => Ok(Self::Event(text.to_owned())),
        }
    }
}
