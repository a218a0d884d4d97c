//! Events as a Parquet file: the fields of [`EventRow`], typed, sorted by time.

use std::borrow::Cow;
use std::io::{self, Write};

use super::row::{EventRow, Resources};
use crate::table::{Column, ListBuffer, ROWS_PER_GROUP, StreamedTable, TextBuffer};
use crate::time::Timestamp;

/// Bytes of rows in memory beyond which a group ends. Usual rows do not reach it.
const MOST_BYTES: usize = 256 << 20;

/// Bytes that a file needs in memory even without rows.
const FIXED: usize = 4 << 10;

type Longs = Vec<Option<i64>>;
type Ints = Vec<Option<i32>>;
type Flags = Vec<Option<bool>>;

/// Declares the columns, which are the fields of a row: the schema, and the buffers of one group of rows.
macro_rules! columns {
    ($($name:ident: $repetition:ident $kind:ident,)+) => {
        /// The columns, in Parquet's language of schemas.
        pub(super) const SCHEMA: &str = concat!(
            "message events {\n",
            $("    ", stringify!($repetition), " ", columns!(@schema $kind $name), "\n",)+
            "}",
        );

        /// Rows of one group.
        #[derive(Default)]
        struct Group {
            $($name: columns!(@buffer $kind),)+
        }

        impl Group {
            fn add(&mut self, row: &EventRow<'_>) {
                $(self.$name.add(&row.$name);)+
            }

            /// Its columns; numbers and flags are moved.
            fn columns(&mut self) -> Vec<Column<'_>> {
                vec![$(columns!(@column $kind &mut self.$name)),+]
            }

            /// Bytes in memory.
            fn size(&self) -> usize {
                0 $(+ self.$name.size())+
            }
        }
    };
    (@schema time $name:ident) => { concat!("int64 ", stringify!($name), " (TIMESTAMP(MICROS,true));") };
    (@schema text $name:ident) => { concat!("binary ", stringify!($name), " (STRING);") };
    (@schema unique $name:ident) => { columns!(@schema text $name) };
    (@schema flag $name:ident) => { concat!("boolean ", stringify!($name), ";") };
    (@schema number $name:ident) => { concat!("int32 ", stringify!($name), ";") };
    (@schema texts $name:ident) => {
        concat!("group ", stringify!($name), " (LIST) { repeated group list { required binary element (STRING); } }")
    };
    (@buffer time) => { Longs };
    (@buffer text) => { TextBuffer };
    (@buffer unique) => { TextBuffer };
    (@buffer flag) => { Flags };
    (@buffer number) => { Ints };
    (@buffer texts) => { ListBuffer };
    (@column time $buffer:expr) => { Column::Long(std::mem::take($buffer)) };
    (@column text $buffer:expr) => { Column::Copied($buffer) };
    (@column unique $buffer:expr) => { Column::CopiedUnique($buffer) };
    (@column flag $buffer:expr) => { Column::Flag(std::mem::take($buffer)) };
    (@column number $buffer:expr) => { Column::Int(std::mem::take($buffer)) };
    (@column texts $buffer:expr) => { Column::Lists($buffer) };
}

columns! {
    time: required time,
    account: optional text,
    principal: optional text,
    principal_kind: required text,
    action: required text,
    first_sighting: required flag,
    outcome: required text,
    error_code: optional text,
    error_message: optional text,
    region: optional text,
    source_ip: optional text,
    user_agent: optional text,
    access_key_id: optional text,
    session_name: optional text,
    read_only: optional flag,
    resources: optional texts,
    event_id: optional unique,
    recipient_account: optional text,
    principal_id: optional text,
    principal_arn: optional text,
    source: required text,
    impersonated_by: optional text,
    linked_principal: optional text,
    detail: optional text,
    issued: optional text,
    archive: required number,
    object: required text,
    record: required number,
    archive_name: optional text,
    object_uri: optional text,
    forwarded_for: optional text,
}

/// The values of one column, which come from a field of this type.
trait Buffer<Field> {
    fn add(&mut self, field: &Field);
}

impl Buffer<Timestamp> for Longs {
    fn add(&mut self, time: &Timestamp) {
        self.push(Some(time.micros()));
    }
}

impl Buffer<u32> for Ints {
    fn add(&mut self, number: &u32) {
        self.push(Some(i32::try_from(*number).unwrap_or(i32::MAX)));
    }
}

impl Buffer<bool> for Flags {
    fn add(&mut self, flag: &bool) {
        self.push(Some(*flag));
    }
}

impl Buffer<Option<bool>> for Flags {
    fn add(&mut self, flag: &Option<bool>) {
        self.push(*flag);
    }
}

impl Buffer<&'static str> for TextBuffer {
    fn add(&mut self, text: &&'static str) {
        self.push(Some(text));
    }
}

impl Buffer<Cow<'_, str>> for TextBuffer {
    fn add(&mut self, text: &Cow<'_, str>) {
        self.push(Some(text));
    }
}

impl Buffer<Option<Cow<'_, str>>> for TextBuffer {
    fn add(&mut self, text: &Option<Cow<'_, str>>) {
        self.push(text.as_deref());
    }
}

impl Buffer<Option<Resources<'_>>> for ListBuffer {
    fn add(&mut self, resources: &Option<Resources<'_>>) {
        self.push(resources.iter().flat_map(Resources::arns));
    }
}

/// Bytes in memory.
trait Size {
    fn size(&self) -> usize;
}

impl<T> Size for Vec<T> {
    fn size(&self) -> usize {
        size_of_val(&self[..])
    }
}

/// A file of events, written group by group.
#[derive(Default)]
pub(super) struct EventTable {
    /// Begun with the first group.
    table: Option<StreamedTable>,
    group: Group,
    rows: usize,
}

impl EventTable {
    /// Bytes in memory, besides what is known of groups that were written.
    pub(super) fn size(&self) -> usize {
        FIXED + self.group.size()
    }

    /// Adds an event, the next in order.
    pub(super) fn add(&mut self, row: &EventRow<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.group.add(row);
        self.rows += 1;
        let is_full = self.rows == ROWS_PER_GROUP || self.group.size() >= MOST_BYTES;
        if is_full { self.write_rest(out) } else { Ok(()) }
    }

    fn table(&mut self) -> io::Result<&mut StreamedTable> {
        match &mut self.table {
            Some(table) => Ok(table),
            none => Ok(none.insert(StreamedTable::sorted_by_first(SCHEMA, &Group::default().columns())?)),
        }
    }

    /// Writes the rows that are in memory.
    pub(super) fn write_rest(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = std::mem::take(&mut self.group);
        self.rows = 0;
        self.table()?.group(&group.columns(), out)
    }

    /// Writes the rest, and the end of the file.
    pub(super) fn end(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.write_rest(out)?;
        // A file without rows has columns, too.
        self.table()?;
        self.table.map_or(Ok(()), |table| table.end(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_the_fields_of_a_row() {
        let fields = SCHEMA.lines().map(str::trim).filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let kind = words.next()?;
            let name = if kind == "group" { words.next()? } else { words.next()?.trim_end_matches(';') };
            (line != "message events {").then_some(name)
        });
        assert_eq!(fields.collect::<Vec<_>>(), EventRow::COLUMNS);
    }
}
