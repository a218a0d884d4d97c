//! Events as a Parquet file: the fields of [`EventRow`](super::EventRow), typed, sorted by time.

use std::io::{self, Write};

use super::row::outcome;
use crate::events::Event;
use crate::report::place::{archive_name, object_uri};
use crate::report::row::named;
use crate::table::{Column, ListBuffer, ROWS_PER_GROUP, StreamedTable, TextBuffer};

/// Declares the columns: the schema, the buffers of one group of rows, and how an event fills them.
macro_rules! columns {
    ($(($name:ident, $schema:literal, $buffer:ty, $column:ident, $fill:expr))+) => {
        /// The columns, in Parquet's language of schemas.
        pub(super) const SCHEMA: &str =
            concat!("message events {\n", $("    ", $schema, "\n",)+ "}");

        /// Rows of one group.
        #[derive(Default)]
        struct Group {
            $($name: $buffer,)+
        }

        impl Group {
            fn add(&mut self, event: &Event<'_>, archives: &[String]) {
                $({
                    let fill: fn(&Event<'_>, &[String], &mut $buffer) = $fill;
                    fill(event, archives, &mut self.$name);
                })+
            }

            /// The columns; numbers and flags are moved.
            fn columns(&mut self) -> Vec<Column<'_>> {
                vec![$(columns!(@$column &mut self.$name)),+]
            }

            fn clear(&mut self) {
                $(self.$name.clear();)+
            }
        }
    };
    (@Copied $buffer:expr) => { Column::Copied($buffer) };
    (@CopiedUnique $buffer:expr) => { Column::CopiedUnique($buffer) };
    (@Lists $buffer:expr) => { Column::Lists($buffer) };
    (@Long $buffer:expr) => { Column::Long(std::mem::take($buffer)) };
    (@Int $buffer:expr) => { Column::Int(std::mem::take($buffer)) };
    (@Flag $buffer:expr) => { Column::Flag(std::mem::take($buffer)) };
}

type Longs = Vec<Option<i64>>;
type Ints = Vec<Option<i32>>;
type Flags = Vec<Option<bool>>;

/// A number of an archive or record as the format has it.
fn int(number: u32) -> Option<i32> {
    Some(i32::try_from(number).unwrap_or(i32::MAX))
}

columns! {
    (time, "required int64 time (TIMESTAMP(MICROS,true));", Longs, Long,
        |event, _, to| to.push(Some(event.time.micros())))
    (account, "optional binary account (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(named(&event.who.account)))
    (principal, "optional binary principal (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(named(&event.who.key)))
    (principal_kind, "required binary principal_kind (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(Some(event.who.kind.name())))
    (action, "required binary action (STRING);", TextBuffer, Copied, |event, _, to| to.push(Some(event.action)))
    (first_sighting, "required boolean first_sighting;", Flags, Flag,
        |event, _, to| to.push(Some(event.is_first_sighting)))
    (outcome, "required binary outcome (STRING);", TextBuffer, Copied, |event, _, to| to.push(Some(outcome(event))))
    (error_code, "optional binary error_code (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.error_code()))
    (error_message, "optional binary error_message (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.error_message()))
    (region, "optional binary region (STRING);", TextBuffer, Copied, |event, _, to| to.push(event.region()))
    (source_ip, "optional binary source_ip (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.source_ip()))
    (user_agent, "optional binary user_agent (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.user_agent()))
    (access_key_id, "optional binary access_key_id (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.access_key_id()))
    (session_name, "optional binary session_name (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.session_name()))
    (read_only, "optional boolean read_only;", Flags, Flag, |event, _, to| to.push(event.read_only))
    (resources, "optional group resources (LIST) { repeated group list { required binary element (STRING); } }",
        ListBuffer, Lists, |event, _, to| to.push(event.resources().iter().copied()))
    (event_id, "optional binary event_id (STRING);", TextBuffer, CopiedUnique,
        |event, _, to| to.push(Some(event.event_id()).filter(|id| !id.is_empty())))
    (recipient_account, "optional binary recipient_account (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.recipient_account()))
    (principal_id, "optional binary principal_id (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.principal_id()))
    (principal_arn, "optional binary principal_arn (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.who.arn.as_deref()))
    (source, "required binary source (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(Some(event.who.kind.source().name())))
    (impersonated_by, "optional binary impersonated_by (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.impersonated_by()))
    (linked_principal, "optional binary linked_principal (STRING);", TextBuffer, Copied,
        |event, _, to| to.push(event.linked.map(|linked| &*linked.key)))
    (detail, "optional binary detail (STRING);", TextBuffer, Copied, |event, _, to| to.push(event.detail()))
    (issued, "optional binary issued (STRING);", TextBuffer, Copied, |event, _, to| to.push(event.issued()))
    (archive, "required int32 archive;", Ints, Int, |event, _, to| to.push(int(event.archive)))
    (object, "required binary object (STRING);", TextBuffer, Copied, |event, _, to| to.push(Some(event.object)))
    (record, "required int32 record;", Ints, Int, |event, _, to| to.push(int(event.record)))
    (archive_name, "optional binary archive_name (STRING);", TextBuffer, Copied,
        |event, archives, to| to.push(archive_name(archives, event.archive)))
    (object_uri, "optional binary object_uri (STRING);", TextBuffer, Copied, |event, archives, to| {
        let uri = archive_name(archives, event.archive).and_then(|archive| object_uri(archive, event.object));
        to.push(uri.as_deref());
    })
}

/// A file of events, written group by group.
pub(super) struct EventTable<'a> {
    archives: &'a [String],
    table: StreamedTable,
    group: Group,
    rows: usize,
}

impl<'a> EventTable<'a> {
    /// `archives` are the names of the archives, by number.
    pub(super) fn new(archives: &'a [String]) -> io::Result<Self> {
        let mut group = Group::default();
        let table = StreamedTable::sorted_by_first(SCHEMA, &group.columns())?;
        Ok(Self { archives, table, group, rows: 0 })
    }

    /// Adds an event, the next in order.
    pub(super) fn add(&mut self, event: &Event<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.group.add(event, self.archives);
        self.rows += 1;
        if self.rows == ROWS_PER_GROUP { self.write_group(out) } else { Ok(()) }
    }

    fn write_group(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.table.group(&self.group.columns(), out)?;
        self.group.clear();
        self.rows = 0;
        Ok(())
    }

    /// Writes the rows that are in memory.
    pub(super) fn write_rest(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows > 0 { self.write_group(out) } else { Ok(()) }
    }

    /// Writes the rest, and the end of the file.
    pub(super) fn end(mut self, out: &mut dyn Write) -> io::Result<()> {
        self.write_rest(out)?;
        self.table.end(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::EventRow;

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
