//! Events as Parquet files in folders by account and day, as Hive names them: `account=111122223333/day=2024-03-01/events.parquet`.

use std::collections::BTreeMap;
use std::io;

use super::event_table::EventTable;
use super::row::EventRow;
use crate::checksum::Checksum;
use crate::events::Event;
use crate::report::row::named;
use crate::time::Day;

/// Appends bytes to the file at a relative path, which is created with its folders.
pub type Append<'a> = dyn FnMut(&str, &[u8]) -> io::Result<()> + 'a;

/// What may be in memory at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Bytes of rows of all files.
    bytes: usize,
    /// Files that are open, and groups of rows in them: each is described in memory until its file ends.
    groups: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 512 << 20, groups: 4096 }
    }
}

/// The folder of events without an account, as Hive names it.
const NO_ACCOUNT: &str = "__HIVE_DEFAULT_PARTITION__";

/// The files of the current day. Events come in order, so that a day is complete when the next begins.
#[derive(Default)]
pub(super) struct Partitions {
    limits: Limits,
    day: Option<Day>,
    /// By account.
    tables: BTreeMap<String, EventTable>,
    /// Bytes of rows in memory.
    held: usize,
    /// Groups of rows in the open files.
    groups: usize,
    /// How many files an account may have of this day already: those that had to end before it did.
    ended: u32,
}

impl Partitions {
    /// Adds an event, the next in order.
    pub(super) fn add(
        &mut self,
        event: &Event<'_>,
        row: &EventRow<'_>,
        append: &mut Append<'_>,
    ) -> io::Result<()> {
        let day = event.time.day();
        if self.day != Some(day) {
            self.end_day(append)?;
            self.day = Some(day);
        }
        let account = named(&event.who.account).unwrap_or_default();
        if !self.tables.contains_key(account) {
            let table = EventTable::default();
            self.held += table.size();
            self.tables.insert(account.to_owned(), table);
        }
        let mut bytes = Vec::new();
        if let Some(table) = self.tables.get_mut(account) {
            let before = table.size();
            table.add(row, &mut bytes)?;
            self.held = self.held - before + table.size();
        }
        if !bytes.is_empty() {
            self.groups += 1;
            append(&path(account, day, self.ended), &bytes)?;
        }
        if self.held >= self.limits.bytes { self.write_rows(append) } else { Ok(()) }
    }

    /// Writes the rows that are in memory; if there are too many files or groups, ends all files.
    fn write_rows(&mut self, append: &mut Append<'_>) -> io::Result<()> {
        if self.groups + self.tables.len() > self.limits.groups {
            self.end_files(append)?;
            self.ended += 1;
            return Ok(());
        }
        let Some(day) = self.day else { return Ok(()) };
        self.held = 0;
        for (account, table) in &mut self.tables {
            let mut bytes = Vec::new();
            table.write_rest(&mut bytes)?;
            self.held += table.size();
            if !bytes.is_empty() {
                self.groups += 1;
                append(&path(account, day, self.ended), &bytes)?;
            }
        }
        Ok(())
    }

    fn end_files(&mut self, append: &mut Append<'_>) -> io::Result<()> {
        (self.held, self.groups) = (0, 0);
        let Some(day) = self.day else { return Ok(()) };
        for (account, table) in std::mem::take(&mut self.tables) {
            let mut bytes = Vec::new();
            table.end(&mut bytes)?;
            append(&path(&account, day, self.ended), &bytes)?;
        }
        Ok(())
    }

    /// Ends all files of the day.
    pub(super) fn end_day(&mut self, append: &mut Append<'_>) -> io::Result<()> {
        self.end_files(append)?;
        self.ended = 0;
        Ok(())
    }
}

/// The path of a file; `ended` files of the account and day are before it.
fn path(account: &str, day: Day, ended: u32) -> String {
    let number = if ended == 0 { String::new() } else { format!("-{}", ended + 1) };
    format!("account={}/day={day}/events{number}.parquet", folder(account))
}

/// The folder of an account, which comes from logs and may be any text. No two accounts have the same one, also where case does not
/// count: all but digits, small letters and `-` is escaped as Hive does it. Behind the start of a name that is too long for a file
/// system is its checksum, after a `.` that no other name has.
fn folder(account: &str) -> String {
    const LONGEST: usize = 160;
    if account.is_empty() {
        return NO_ACCOUNT.to_owned();
    }
    let is_plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'-';
    let escaped =
        |byte: u8| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let name: String = account.bytes().take(LONGEST + 1).map(escaped).collect();
    if name.len() <= LONGEST {
        return name;
    }
    format!("{}.{}", &name[..LONGEST], Checksum::of(account.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use parquet::file::reader::FileReader;
    use parquet::file::serialized_reader::SerializedFileReader;
    use serde_json::json;

    use super::*;
    use crate::events::{EventRequest, Events, collect};
    use crate::learn::LearnSettings;
    use crate::report::as_it_is;
    use crate::report::events::row::RowForm;
    use crate::scan::Silent;
    use crate::source::Archives;

    /// Events of these accounts, one after another, on one day.
    fn events(accounts: impl Iterator<Item = usize>) -> Events {
        let record = |(number, account): (usize, usize)| {
            json!({
                "eventVersion": "1.11", "eventTime": format!("2024-03-01T{:02}:{:02}:00Z", number / 60, number % 60),
                "eventSource": "s3.amazonaws.com", "eventName": "GetObject", "eventID": format!("id-{number}"),
                "userIdentity": {"type": "Unknown", "accountId": format!("{account:012}"), "principalId": "p"},
            })
        };
        let records: Vec<_> = accounts.enumerate().map(record).collect();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), json!({ "Records": records }).to_string()).unwrap();
        let archives = Archives::open(&[folder.path().to_owned()]).unwrap();
        let request = EventRequest { memory: 1 << 20, ..EventRequest::default() };
        let make = || tempfile::tempfile();
        collect(&archives, &LearnSettings::default(), &request, &make, &Silent).unwrap().resolved()
    }

    /// The number of rows of each file.
    fn written(events: &Events, limits: Limits) -> BTreeMap<String, i64> {
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let append: &mut Append<'_> = &mut |path, bytes| {
            assert!(!bytes.is_empty());
            files.entry(path.to_owned()).or_default().extend(bytes);
            Ok(())
        };
        let mut partitions = Partitions { limits, ..Partitions::default() };
        let add = &mut |event: &Event<'_>| {
            partitions.add(event, &EventRow::new(event, &[], as_it_is, RowForm::Json), append)?;
            assert!(partitions.groups <= limits.groups + 1);
            Ok(())
        };
        events.for_each(add).unwrap();
        partitions.end_day(append).unwrap();
        let rows = |bytes: Vec<u8>| {
            SerializedFileReader::new(bytes::Bytes::from(bytes))
                .unwrap()
                .metadata()
                .file_metadata()
                .num_rows()
        };
        files.into_iter().map(|(path, bytes)| (path, rows(bytes))).collect()
    }

    #[test]
    fn files_end_early_if_there_are_too_many_and_no_row_is_lost() {
        let events = events((0..600).map(|number| number % 30));
        let all = written(&events, Limits::default());
        assert!(all.len() == 30 && all.values().all(|rows| *rows == 20), "{all:?}");
        // Rows are written often: many groups, but few files.
        let often = written(&events, Limits { bytes: 1, groups: 1_000_000 });
        assert_eq!(often, all);
        let few = written(&events, Limits { bytes: 100_000, groups: 40 });
        assert!(few.len() > 30 && few.values().sum::<i64>() == 600, "{few:?}");
        assert!(few.contains_key("account=000000000007/day=2024-03-01/events.parquet"));
        assert!(few.contains_key("account=000000000007/day=2024-03-01/events-2.parquet"));
    }

    #[test]
    fn no_account_leads_out_of_the_folder() {
        let day = Day::from_number(19_783);
        assert_eq!(path("111122223333", day, 0), "account=111122223333/day=2024-03-01/events.parquet");
        assert_eq!(path("../a b", day, 0), "account=%2E%2E%2Fa%20b/day=2024-03-01/events.parquet");
        assert_eq!(path("", day, 1), "account=__HIVE_DEFAULT_PARTITION__/day=2024-03-01/events-2.parquet");
    }

    #[test]
    fn no_two_accounts_have_the_same_folder() {
        let long = "a".repeat(200);
        let accounts = [
            "",
            NO_ACCOUNT,
            "a",
            "A",
            "%41",
            "a.b",
            &long,
            &format!("{long}b"),
            &format!("{long}B"),
            &"é".repeat(300),
        ];
        let folders: BTreeSet<String> = accounts.iter().map(|account| folder(account)).collect();
        let any_case: BTreeSet<String> = folders.iter().map(|folder| folder.to_lowercase()).collect();
        assert_eq!(any_case.len(), accounts.len(), "{folders:?}");
        assert!(folders.iter().all(|folder| folder.len() < 240 && folder.is_ascii()), "{folders:?}");
    }
}
