//! The fast path: walks the keys of a record, takes the texts that matter as slices and jumps over the rest.
//!
//! What it jumps over is not checked: a record whose brackets and strings are balanced counts, whatever stands in
//! the values that nobody reads. Anything out of the ordinary in what it does read ends the walk with a
//! [`Surprise`], and the record goes to the careful reader.

use super::lanes::{nested_end, quote_or_backslash};
use crate::event::{Created, Identity, Issuer, Record, Response};

/// The walk met something that the careful reader has to look at: an escape, a malformed part or the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Surprise;

type Walk<T> = Result<T, Surprise>;

/// Reads the record that begins with the `{` at `start`; gives it and the position behind its `}`.
pub(super) fn record(text: &str, start: usize) -> Walk<(Record<'_>, usize)> {
    let mut record = Record::default();
    let mut response = None;
    let mut scanner = Scanner::new(text, start);
    scanner.object(|scanner, key| {
        match key {
            "eventTime" => record.event_time = scanner.text()?,
            "eventSource" => record.event_source = scanner.text()?,
            "eventName" => record.event_name = scanner.text()?,
            "eventType" => record.event_type = scanner.text()?,
            "eventCategory" => record.event_category = scanner.text()?,
            "eventID" => record.event_id = scanner.text()?,
            "awsRegion" => record.region = scanner.text()?,
            "sourceIPAddress" => record.source_ip = scanner.text()?,
            "userAgent" => record.user_agent = scanner.text()?,
            "errorCode" => record.error_code = scanner.text()?,
            "errorMessage" => record.error_message = scanner.text()?,
            "recipientAccountId" => record.recipient_account = scanner.text()?,
            "readOnly" => record.read_only = scanner.flag()?,
            "userIdentity" => record.identity = scanner.identity()?,
            "responseElements" => {
                response = Some(scanner.at);
                scanner.skip()?;
            }
            _ => scanner.skip()?,
        }
        Ok(())
    })?;
    if let Some(start) = response
        && Record::reads_response(record.event_name)
    {
        record.response = Scanner::new(text, start).response()?;
    }
    Ok((record, scanner.at))
}

/// Calls `member` with each key from `at` on and the position of its value, up to the `}` that ends the object;
/// gives the position behind it.
pub(super) fn members(text: &str, at: usize, mut member: impl FnMut(&str, usize)) -> Walk<usize> {
    let mut scanner = Scanner::new(text, at);
    scanner.members(|scanner, key| {
        member(key, scanner.at);
        scanner.skip()
    })?;
    Ok(scanner.at)
}

/// Position behind the value of any kind that begins at `at`.
pub(super) fn value_end(text: &str, at: usize) -> Walk<usize> {
    let mut scanner = Scanner::new(text, at);
    scanner.skip()?;
    Ok(scanner.at)
}

/// The first key of the object that begins with the `{` at `start` and the position of its value.
pub(super) fn first_key(text: &str, start: usize) -> Walk<(&str, usize)> {
    let mut scanner = Scanner::new(text, start + 1);
    let key = scanner.key()?;
    Ok((key, scanner.at))
}

/// Position of the first byte at or after `at` that is no JSON white space.
pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    let mut scanner = Scanner::new(text, at);
    scanner.blanks();
    scanner.at
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, at: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Walk<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(Surprise)
        }
    }

    /// A key, its colon and the blanks around them; ends at the value.
    #[inline]
    fn key(&mut self) -> Walk<&'a str> {
        self.blanks();
        let key = self.string()?;
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        Ok(key)
    }

    /// A string without escapes.
    #[inline]
    fn string(&mut self) -> Walk<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        let end = quote_or_backslash(self.bytes, start).ok_or(Surprise)?;
        if self.bytes[end] != b'"' {
            return Err(Surprise);
        }
        self.at = end + 1;
        self.text.get(start..end).ok_or(Surprise)
    }

    /// Walks an object; `member` is called at each value and must go behind it.
    #[inline]
    fn object(&mut self, member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        self.expect(b'{')?;
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        self.members(member)
    }

    /// Walks members up to the `}` behind them.
    #[inline]
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        loop {
            let key = self.key()?;
            member(self, key)?;
            self.blanks();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Surprise),
            }
        }
    }

    /// As `object`, but passes over a value that is none.
    #[inline]
    fn object_or_other(&mut self, member: impl FnMut(&mut Self, &'a str) -> Walk<()>) -> Walk<()> {
        if self.peek() == Some(b'{') { self.object(member) } else { self.skip() }
    }

    /// A text; any other value counts as none.
    #[inline]
    fn text(&mut self) -> Walk<Option<&'a str>> {
        if self.peek() == Some(b'"') { self.string().map(Some) } else { self.skip().map(|()| None) }
    }

    /// `true`, `false` or their texts; any other value counts as none.
    fn flag(&mut self) -> Walk<Option<bool>> {
        let start = self.at;
        self.skip()?;
        Ok(match &self.bytes[start..self.at] {
            b"true" | b"\"true\"" => Some(true),
            b"false" | b"\"false\"" => Some(false),
            _ => None,
        })
    }

    /// Goes behind a value of any kind.
    #[inline]
    fn skip(&mut self) -> Walk<()> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'{' | b'[') => {
                self.at = nested_end(self.bytes, self.at).ok_or(Surprise)?;
                Ok(())
            }
            _ => self.skip_scalar(),
        }
    }

    #[inline]
    fn skip_string(&mut self) -> Walk<()> {
        self.at += 1;
        loop {
            let hit = quote_or_backslash(self.bytes, self.at).ok_or(Surprise)?;
            if self.bytes[hit] == b'"' {
                self.at = hit + 1;
                return Ok(());
            }
            self.at = hit + 2;
        }
    }

    /// A number, `true`, `false` or `null`.
    #[inline]
    fn skip_scalar(&mut self) -> Walk<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E')) {
            self.at += 1;
        }
        if self.at == start { Err(Surprise) } else { Ok(()) }
    }

    fn identity(&mut self) -> Walk<Identity<'a>> {
        let mut identity = Identity::default();
        self.object_or_other(|scanner, key| {
            match key {
                "type" => identity.identity_type = scanner.text()?,
                "principalId" => identity.principal_id = scanner.text()?,
                "arn" => identity.arn = scanner.text()?,
                "accountId" => identity.account_id = scanner.text()?,
                "accessKeyId" => identity.access_key_id = scanner.text()?,
                "invokedBy" => identity.invoked_by = scanner.text()?,
                "sessionContext" => identity.issuer = scanner.session_context()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(identity)
    }

    fn session_context(&mut self) -> Walk<Issuer<'a>> {
        let mut issuer = Issuer::default();
        self.object_or_other(|scanner, key| {
            match key {
                "sessionIssuer" => issuer = scanner.issuer()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(issuer)
    }

    fn issuer(&mut self) -> Walk<Issuer<'a>> {
        let mut issuer = Issuer::default();
        self.object_or_other(|scanner, key| {
            match key {
                "arn" => issuer.arn = scanner.text()?,
                "principalId" => issuer.principal_id = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(issuer)
    }

    fn response(&mut self) -> Walk<Response<'a>> {
        let mut response = Response::default();
        self.object_or_other(|scanner, key| {
            match key {
                "ConsoleLogin" => response.console_login = scanner.text()?,
                "role" => response.role = scanner.created("roleId")?,
                "user" => response.user = scanner.created("userId")?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(response)
    }

    fn created(&mut self, id_key: &str) -> Walk<Created<'a>> {
        let mut created = Created::default();
        self.object_or_other(|scanner, key| {
            match key {
                "arn" => created.arn = scanner.text()?,
                _ if key == id_key => created.id = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(created)
    }
}
