//! Events as Parquet files in folders by account and day, as Hive names them: `account=111122223333/day=2024-03-01/events.parquet`.

use std::collections::BTreeMap;
use std::io;

use super::event_table::EventTable;
use crate::events::Event;
use crate::report::row::named;
use crate::table::ROWS_PER_GROUP;
use crate::time::Day;

/// Appends bytes to the file at a relative path, which is created with its folders.
pub type Append<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

/// Rows of all files that may be in memory.
const MOST_ROWS: usize = 4 * ROWS_PER_GROUP;

/// The folder of events without an account, as Hive names it.
const NO_ACCOUNT: &str = "__HIVE_DEFAULT_PARTITION__";

/// The files of the current day. Events come in order, so that a day is complete when the next begins.
pub(super) struct Partitions<'a> {
    archives: &'a [String],
    day: Option<Day>,
    /// By account.
    tables: BTreeMap<String, EventTable<'a>>,
    rows: usize,
}

impl<'a> Partitions<'a> {
    /// `archives` are the names of the archives, by number.
    pub(super) fn new(archives: &'a [String]) -> Self {
        Self { archives, day: None, tables: BTreeMap::new(), rows: 0 }
    }

    /// Adds an event, the next in order.
    pub(super) fn add(&mut self, event: &Event<'_>, append: &mut Append<'_>) -> io::Result<()> {
        let day = event.time.day();
        if self.day != Some(day) {
            self.end_day(append)?;
            self.day = Some(day);
        }
        let account = named(&event.who.account).unwrap_or_default();
        if !self.tables.contains_key(account) {
            self.tables.insert(account.to_owned(), EventTable::new(self.archives)?);
        }
        let mut bytes = Vec::new();
        if let Some(table) = self.tables.get_mut(account) {
            table.add(event, &mut bytes)?;
        }
        self.rows += 1;
        if !bytes.is_empty() {
            append(&path(account, day), &bytes)?;
        }
        if self.rows >= MOST_ROWS { self.write_groups(day, append) } else { Ok(()) }
    }

    /// Writes what is in memory.
    fn write_groups(&mut self, day: Day, append: &mut Append<'_>) -> io::Result<()> {
        self.rows = 0;
        for (account, table) in &mut self.tables {
            let mut bytes = Vec::new();
            table.write_rest(&mut bytes)?;
            append(&path(account, day), &bytes)?;
        }
        Ok(())
    }

    /// Ends all files of the day.
    pub(super) fn end_day(&mut self, append: &mut Append<'_>) -> io::Result<()> {
        self.rows = 0;
        let Some(day) = self.day else { return Ok(()) };
        for (account, table) in std::mem::take(&mut self.tables) {
            let mut bytes = Vec::new();
            table.end(&mut bytes)?;
            append(&path(&account, day), &bytes)?;
        }
        Ok(())
    }
}

/// The path of a file. An account comes from logs and may be any text: what Hive does not allow in names of folders, and anything else
/// that is not a plain letter or digit, is escaped.
fn path(account: &str, day: Day) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let escaped =
        |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    // No file system allows longer names.
    const LONGEST: usize = 64;
    let account: String = account.bytes().take(LONGEST).map(escaped).collect();
    let account = if account.is_empty() { NO_ACCOUNT } else { &account };
    format!("account={account}/day={day}/events.parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_leads_out_of_the_folder() {
        let day = Day::from_number(19_783);
        assert_eq!(path("111122223333", day), "account=111122223333/day=2024-03-01/events.parquet");
        assert_eq!(path("../a b", day), "account=%2E%2E%2Fa%20b/day=2024-03-01/events.parquet");
        assert_eq!(path("", day), "account=__HIVE_DEFAULT_PARTITION__/day=2024-03-01/events.parquet");
    }
}
