//! UTC instants, days and spans: parsing and printing.
//!
//! Converts text to plain integers and back. This module has no clock: an analysis of archived logs gives the
//! same answer whenever it runs.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// Microseconds in one second.
const MICROS: i64 = 1_000_000;
/// Seconds in one day.
const DAY_SECONDS: i64 = 86_400;

/// Seconds in an hour.
const HOUR_SECONDS: i64 = 3_600;

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// CloudTrail writes whole seconds. Microseconds keep the order of records from other sources, which have
/// fractions. Digits beyond the sixth are cut off.
///
/// ```
/// use firstseen::time::Timestamp;
///
/// let time = Timestamp::parse("2024-03-09T04:12:33+01:00").unwrap();
/// assert_eq!(time.to_string(), "2024-03-09T03:12:33Z");
/// assert!(Timestamp::parse("2024-03-09 04:12:33").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `micros` microseconds after the epoch (before it, if negative).
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The instant `seconds` seconds after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Midnight UTC of a calendar day, or `None` if there is no such day.
    pub fn from_date(year: i64, month: u32, day: u32) -> Option<Self> {
        let days = days_from_civil(year.try_into().ok()?, month, day)?;
        Some(Self::from_seconds(days * DAY_SECONDS))
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The UTC day and hour, 0 to 23, of this instant.
    pub fn day_and_hour(self) -> (Day, u8) {
        let hour = self.0.div_euclid(HOUR_SECONDS * MICROS);
        (Day(hour.div_euclid(24) as i32), hour.rem_euclid(24) as u8)
    }

    /// The UTC day of this instant.
    pub fn day(self) -> Day {
        Day(self.0.div_euclid(DAY_SECONDS * MICROS) as i32)
    }

    /// This instant plus `span`, saturating at the end of the range.
    #[must_use]
    pub fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.micros()))
    }

    /// This instant minus `span`, saturating at the start of the range.
    #[must_use]
    pub fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.micros()))
    }

    /// Time from `earlier` to this instant, in microseconds; negative if `earlier` is later.
    pub fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Parses the usual form of an event time: `YYYY-MM-DDTHH:MM:SS[.fraction](Z|±hh:mm)`.
    ///
    /// Returns `None` for anything else: leap seconds, spaces, and instants outside the years 1 to 9999 in
    /// UTC.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let seconds = parse_date_time(bytes.get(..19)?)?;
        let (fraction, rest) = parse_fraction(&bytes[19..])?;
        let offset = parse_offset(rest)?;
        Some(Self((seconds - offset) * MICROS + fraction)).filter(|time| time.is_written())
    }

    /// Parses an event time, including the forms of exports and other tools: a space in place of the `T`, no
    /// zone (read as UTC, which CloudTrail always uses), `z`, and an offset without a colon.
    ///
    /// ```
    /// use firstseen::time::{TimeForm, Timestamp};
    ///
    /// let (time, form) = Timestamp::parse_any_form("2024-03-09 04:12:33.5").unwrap();
    /// assert_eq!((time.to_string().as_str(), form), ("2024-03-09T04:12:33.5Z", TimeForm::WithoutZone));
    /// assert!(Timestamp::parse_any_form("9 March 2024").is_none());
    /// ```
    #[inline]
    pub fn parse_any_form(text: &str) -> Option<(Self, TimeForm)> {
        match Self::parse(text) {
            Some(time) => Some((time, TimeForm::Usual)),
            None => Self::parse_other_form(text),
        }
    }

    #[cold]
    fn parse_other_form(text: &str) -> Option<(Self, TimeForm)> {
        let bytes = text.as_bytes();
        let mut date_time: [u8; 19] = *bytes.first_chunk()?;
        if date_time[10] == b' ' {
            date_time[10] = b'T';
        }
        let seconds = parse_date_time(&date_time)?;
        let (fraction, zone) = parse_fraction(&bytes[19..])?;
        let (offset, form) = match *zone {
            [] => (0, TimeForm::WithoutZone),
            [b'z'] => (0, TimeForm::Other),
            [sign, h1, h0, m1, m0] => (parse_offset(&[sign, h1, h0, b':', m1, m0])?, TimeForm::Other),
            _ => (parse_offset(zone)?, TimeForm::Other),
        };
        let time = Self((seconds - offset) * MICROS + fraction);
        time.is_written().then_some((time, form))
    }

    /// Whether this instant can be printed and parsed again: it is in the years 1 to 9999.
    pub const fn is_written(self) -> bool {
        // 0001-01-01T00:00:00Z and 10000-01-01T00:00:00Z.
        -62_135_596_800 * MICROS <= self.0 && self.0 < 253_402_300_800 * MICROS
    }
}

/// The form of an event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeForm {
    /// The form that [`Timestamp::parse`] accepts.
    Usual,
    /// With a zone, but with a space in place of the `T`, with `z`, or with an offset without a colon.
    Other,
    /// Without a zone; read as UTC.
    WithoutZone,
}

impl Timestamp {
    /// Writes the text that is displayed. Reports are full of times, and a format string takes several times as long.
    fn written_to(self, memory: &mut [u8; LONGEST]) -> &str {
        let seconds = self.0.div_euclid(MICROS);
        let fraction = self.0.rem_euclid(MICROS);
        let clock = seconds.rem_euclid(DAY_SECONDS);
        let (year, month, day) = civil_from_days(seconds.div_euclid(DAY_SECONDS));
        *memory = *b"+000000-00-00T00:00:00.000000Z";
        for (number, places) in [
            (year.abs(), 1..7),
            (month, 8..10),
            (day, 11..13),
            (clock / 3_600, 14..16),
            (clock / 60 % 60, 17..19),
            (clock % 60, 20..22),
            (fraction, 23..29),
        ] {
            write_digits(number, &mut memory[places]);
        }
        if year < 0 {
            memory[0] = b'-';
        }
        let start = if (0..=9_999).contains(&year) { 3 } else { 0 };
        let zeros = memory[23..29].iter().rev().take_while(|digit| **digit == b'0').count();
        let zone = if fraction == 0 { 22 } else { 29 - zeros };
        memory[zone] = b'Z';
        str::from_utf8(&memory[start..=zone]).unwrap_or_default()
    }
}

/// Length of the longest text of a time.
const LONGEST: usize = "+294247-01-10T04:00:54.775807Z".len();

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC; the fraction is omitted if it is zero. Years that RFC 3339 does not have are written with a sign and six digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written_to(&mut [0; LONGEST]))
    }
}

/// Fills a place with the digits of a number.
fn write_digits(mut number: i64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// A UTC calendar day, counted from 1970-01-01.
///
/// ```
/// use firstseen::time::Day;
///
/// let day: Day = "2024-02-29".parse().unwrap();
/// assert_eq!(day.next().to_string(), "2024-03-01");
/// assert!("2023-02-29".parse::<Day>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

impl Day {
    /// The day `days` days after 1970-01-01.
    pub const fn from_number(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The day after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The Monday of this day's week.
    #[must_use]
    pub const fn monday(self) -> Self {
        // Day 0 was a Thursday.
        Self(self.0.saturating_sub((self.0 as i64 + 3).rem_euclid(7) as i32))
    }

    /// The first day of this day's month.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        let (_, _, day) = civil_from_days(i64::from(self.0));
        Self(self.0.saturating_sub(day as i32 - 1))
    }

    /// The start of an hour, 0 to 23, of this day.
    pub const fn hour(self, hour: u8) -> Timestamp {
        Timestamp((self.0 as i64 * 24 + hour as i64) * HOUR_SECONDS * MICROS)
    }

    /// The first instant of this day.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * DAY_SECONDS * MICROS)
    }

    /// The last microsecond of this day.
    pub const fn end(self) -> Timestamp {
        Timestamp((self.0 as i64 + 1) * DAY_SECONDS * MICROS - 1)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(i64::from(self.0));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl Serialize for Timestamp {
    /// The text that is displayed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.written_to(&mut [0; LONGEST]))
    }
}

impl Serialize for Day {
    /// The text that is displayed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Day {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        let bytes = text.as_bytes();
        parse_date(bytes)
            .and_then(|(year, month, day)| days_from_civil(year, month, day))
            .and_then(|days| i32::try_from(days).ok())
            .map(Self)
            .ok_or_else(|| TimeError::Instant(text.to_owned()))
    }
}

/// One end of a time window, as users write it: a whole day or an instant.
///
/// A window includes both ends. A day covers its first to its last instant, so
/// `--from 2024-03-01 --to 2024-03-01` is one whole day.
///
/// ```
/// use firstseen::time::Bound;
///
/// let bound: Bound = "2024-03-01".parse().unwrap();
/// assert_eq!(bound.start().to_string(), "2024-03-01T00:00:00Z");
/// assert_eq!(bound.end().to_string(), "2024-03-01T23:59:59.999999Z");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A whole UTC day.
    Day(Day),
    /// One instant.
    Instant(Timestamp),
}

impl Bound {
    /// The first instant of this bound.
    pub const fn start(self) -> Timestamp {
        match self {
            Self::Day(day) => day.start(),
            Self::Instant(time) => time,
        }
    }

    /// The last instant of this bound.
    pub const fn end(self) -> Timestamp {
        match self {
            Self::Day(day) => day.end(),
            Self::Instant(time) => time,
        }
    }
}

impl FromStr for Bound {
    type Err = TimeError;

    /// Accepts `2024-03-01`, `2024-03-01T10:00`, `2024-03-01 10:00:05` and RFC 3339, the last also without seconds, and with an offset such
    /// as `+0100` or `+01`; UTC unless an offset is given.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if text.len() == 10 {
            return text.parse().map(Self::Day);
        }
        // A date has hyphens, too.
        let zone = text
            .get(11..)
            .and_then(|clock| clock.find(['Z', 'z', '+', '-']))
            .map_or(text.len(), |at| 11 + at);
        let (local, zone) = (text[..zone].trim_end(), &text[zone..]);
        let seconds = if local.len() == 16 { ":00" } else { "" };
        let minutes = if zone.len() == 3 { ":00" } else { "" };
        let time = Timestamp::parse_any_form(&format!("{local}{seconds}{zone}{minutes}"));
        time.map(|(time, _)| Self::Instant(time)).ok_or_else(|| TimeError::Instant(text.to_owned()))
    }
}

/// A duration in whole seconds.
///
/// ```
/// use firstseen::time::Span;
///
/// assert_eq!("30d".parse::<Span>().unwrap(), Span::days(30));
/// assert_eq!("36h".parse::<Span>().unwrap().to_string(), "36h");
/// assert_eq!("7".parse::<Span>().unwrap(), Span::days(7));
/// assert_eq!("2 weeks".parse::<Span>().unwrap(), Span::days(14));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(i64);

impl Span {
    /// A span of `days` times 86,400 seconds.
    pub const fn days(days: u32) -> Self {
        Self(days as i64 * DAY_SECONDS)
    }

    /// A span of `minutes` times 60 seconds.
    pub const fn minutes(minutes: u32) -> Self {
        Self(minutes as i64 * 60)
    }

    /// A span of `hours` times 3,600 seconds.
    pub const fn hours(hours: u32) -> Self {
        Self(hours as i64 * HOUR_SECONDS)
    }

    /// The longest span within `micros` microseconds that is a whole number of the largest unit that fits:
    /// days, hours, minutes or seconds.
    ///
    /// ```
    /// use firstseen::time::Span;
    ///
    /// assert_eq!(Span::within(100_000_000_000).to_string(), "1d");
    /// assert_eq!(Span::within(80_000_000_000).to_string(), "22h");
    /// assert_eq!(Span::within(-1).to_string(), "0d");
    /// ```
    pub fn within(micros: i64) -> Self {
        let seconds = micros.max(0) / MICROS;
        let unit = [DAY_SECONDS, HOUR_SECONDS, 60, 1].into_iter().find(|unit| *unit <= seconds).unwrap_or(1);
        Self(seconds / unit * unit)
    }

    /// The span of `micros` microseconds, without fractions of a second.
    pub const fn of_micros(micros: i64) -> Self {
        Self(micros / MICROS)
    }

    /// The span in microseconds.
    pub const fn micros(self) -> i64 {
        self.0.saturating_mul(MICROS)
    }

    /// Whole days in this span, rounded up.
    pub const fn whole_days(self) -> i32 {
        ((self.0 + DAY_SECONDS - 1) / DAY_SECONDS) as i32
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, unit) = [(DAY_SECONDS, "d"), (3_600, "h"), (60, "m")]
            .into_iter()
            .find(|(size, _)| self.0 % size == 0)
            .unwrap_or((1, "s"));
        write!(f, "{}{unit}", self.0 / size)
    }
}

impl FromStr for Span {
    type Err = TimeError;

    /// Accepts a whole number and a unit, with or without spaces between them: `s`, `m`, `h`, `d` (the
    /// default) or `w`, or their names in any case, such as `30 days`; at most 1000 years. `M` is rejected,
    /// since it could mean months.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let malformed = || TimeError::Span(text.to_owned());
        let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = &text.trim()[digits.len()..];
        let seconds = match &*unit.to_ascii_lowercase() {
            "s" | "sec" | "secs" | "second" | "seconds" => 1,
            "m" | "min" | "mins" | "minute" | "minutes" if unit != "M" => 60,
            "h" | "hr" | "hrs" | "hour" | "hours" => HOUR_SECONDS,
            "" | "d" | "day" | "days" => DAY_SECONDS,
            "w" | "week" | "weeks" => 7 * DAY_SECONDS,
            _ => return Err(malformed()),
        };
        let digits = digits.trim_end();
        let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u32>().ok());
        let number = number.flatten().ok_or_else(malformed)?;
        let span = i64::from(number) * seconds;
        if span > 365_250 * DAY_SECONDS { Err(malformed()) } else { Ok(Self(span)) }
    }
}

/// The error for a time or span that cannot be parsed.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TimeError {
    /// Not a day and not an instant.
    #[error(
        "'{0}' is not a time: write a day, 2024-03-01, or an instant, 2024-03-01T10:00Z (UTC unless an offset such as +01:00 is given); \
         none is relative to now, so that a run can be repeated"
    )]
    Instant(String),
    /// Not a span.
    #[error(
        "'{0}' is not a span: write a number and a unit (s, m, h, d or w), such as 30d, 36h or '2 weeks'; up to 1000 years"
    )]
    Span(String),
}

/// Parses exactly `YYYY-MM-DDTHH:MM:SS` to seconds since the epoch.
#[inline]
fn parse_date_time(bytes: &[u8]) -> Option<i64> {
    let (start, end) = (bytes.get(..16)?, bytes.get(11..19)?);
    let [century, _, year, _, _, month, ..] = pairs(start, b"0000-00-")?;
    let [day, _, _, hour, _, _, minute, _] = pairs(&start[8..], b"00T00:00")?;
    let [.., second, _] = pairs(end, b"00:00:00")?;
    if bytes.len() != 19 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_from_civil(century * 100 + year, month, day)?;
    Some(days * DAY_SECONDS + i64::from(hour * 3_600 + minute * 60 + second))
}

/// Parses exactly `YYYY-MM-DD` to year, month and day, without checking them against the calendar.
fn parse_date(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let [century, _, year, _, _, month, ..] = pairs(bytes, b"0000-00-")?;
    let [.., day, _] = pairs(bytes.get(2..)?, b"00-00-00")?;
    (bytes.len() == 10).then_some((century * 100 + year, month, day))
}

/// For each of the first eight bytes, the number made of that digit and the next. Returns `None` unless there
/// are digits where `form` has zeros and the same bytes elsewhere. All bytes are handled at once for speed:
/// every record has a time.
#[inline]
fn pairs(bytes: &[u8], form: &[u8; 8]) -> Option<[u32; 8]> {
    const HIGH: u64 = 0x80 * 0x0101_0101_0101_0101;
    // Digits become their values, and matching bytes 0.
    let values = u64::from_le_bytes(*bytes.first_chunk()?) ^ u64::from_le_bytes(*form);
    // Adding this sets the highest bit of every byte that is too large.
    let room = u64::from_le_bytes(form.map(|byte| if byte == b'0' { 0x7f - 9 } else { 0x7f }));
    if (values.wrapping_add(room) | values) & HIGH != 0 {
        return None;
    }
    Some((values * 10 + (values >> 8)).to_le_bytes().map(u32::from))
}

/// Parses an optional `.digits` to microseconds; returns them and the rest.
#[inline]
fn parse_fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = bytes.strip_prefix(b".") else { return Some((0, bytes)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let micros = (0..6).fold(0, |sum, place| {
        let digit = if place < length { digits[place] - b'0' } else { 0 };
        sum * 10 + i64::from(digit)
    });
    Some((micros, &digits[length..]))
}

/// Parses `Z` or `±hh:mm`, up to 23:59, to seconds east of UTC (RFC 3339, "Internet Date/Time Format").
fn parse_offset(bytes: &[u8]) -> Option<i64> {
    match *bytes {
        [b'Z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h0, b':', m1, m0] => {
            let (hours, minutes) = (two_digits(h1, h0)?, two_digits(m1, m0)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours * 3_600 + minutes * 60);
            Some(if sign == b'+' { seconds } else { -seconds })
        }
        _ => None,
    }
}

fn two_digits(tens: u8, ones: u8) -> Option<u32> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| u32::from(tens) * 10 + u32::from(ones))
}

/// Days from 1970-01-01 to a Gregorian calendar day, for the years 1 to 9999.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
#[inline]
fn days_from_civil(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let month_length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if !(1..=9_999).contains(&year) || !(1..=month_length).contains(&day) {
        return None;
    }
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(i64::from(era * 146_097 + day_of_era) - 719_468)
}

/// The calendar day `days` days after 1970-01-01 (same source, `civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
