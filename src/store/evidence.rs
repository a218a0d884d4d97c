//! The evidence columns, shared by the tables of sightings.

use super::error::TableError;
use super::reading::{SharedPaths, TextColumn, path};
use super::table::Table;
use crate::model::{Sighting, SightingTexts, Stage};
use crate::table::Column;
use crate::time::Timestamp;

/// The columns of one sighting in each row of a table.
#[derive(Clone, Copy)]
pub(super) struct SightingSchema {
    /// The prefix of their names.
    prefix: &'static str,
    /// Whether each row has the sighting, in schema syntax.
    presence: &'static str,
}

/// The first or only sighting.
pub(super) const FIRST: SightingSchema = SightingSchema { prefix: "", presence: "required" };

/// The first success.
pub(super) const SUCCESS: SightingSchema = SightingSchema { prefix: "success_", presence: "optional" };

impl SightingSchema {
    /// The columns in schema syntax, in the order of [`columns`].
    pub(super) fn schema(self) -> String {
        let Self { prefix, presence } = self;
        let text = |name: &str| format!("    optional binary {prefix}{name} (STRING);\n");
        let texts: String = Sighting::TEXTS.iter().map(|(name, _)| text(name)).collect();
        let stage = text("stage");
        format!(
            "    {presence} binary {prefix}event_id (STRING);
    {presence} int64 {prefix}archive;
    {presence} binary {prefix}object (STRING);
    {presence} int64 {prefix}record;
    optional boolean {prefix}read_only;
{texts}{stage}"
        )
    }

    fn name(self, column: &str) -> String {
        format!("{}{column}", self.prefix)
    }
}

/// The values of the columns.
pub(super) fn columns(sightings: Vec<Option<&Sighting>>) -> Vec<Column<'_>> {
    let text = |of: fn(&Sighting) -> Option<&str>| {
        Column::Text(sightings.iter().map(|seen| seen.and_then(of)).collect())
    };
    let number = |of: fn(&Sighting) -> u32| {
        Column::Long(sightings.iter().map(|seen| seen.map(|seen| i64::from(of(seen)))).collect())
    };
    let mut columns = vec![
        Column::Ids(sightings.iter().map(|seen| seen.map(|seen| &seen.event_id)).collect()),
        number(|seen| seen.archive),
        text(|seen| Some(&seen.object)),
        number(|seen| seen.record),
        Column::Flag(sightings.iter().map(|seen| seen.and_then(|seen| seen.read_only)).collect()),
    ];
    columns.extend(Sighting::TEXTS.map(|(_, of)| text(of)));
    columns.push(text(stage));
    columns
}

/// The stage, unless it is the last one.
fn stage(sighting: &Sighting) -> Option<&str> {
    Some(sighting.stage).filter(|stage| *stage != Stage::Complete).map(Stage::name)
}

/// The columns of an open table.
pub(super) struct SightingColumns {
    event_id: TextColumn,
    archive: Vec<Option<i64>>,
    object: TextColumn,
    record: Vec<Option<i64>>,
    read_only: Vec<Option<bool>>,
    /// In the order of [`Sighting::TEXTS`].
    texts: Vec<TextColumn>,
    stage: TextColumn,
}

impl SightingColumns {
    pub(super) fn open(table: &Table, columns: SightingSchema) -> Result<Self, TableError> {
        let text = |name| table.text_column(columns.name(name));
        Ok(Self {
            texts: Sighting::TEXTS.iter().map(|(name, _)| text(name)).collect::<Result<_, TableError>>()?,
            stage: text("stage")?,
            event_id: text("event_id")?,
            archive: table.longs(&columns.name("archive"))?,
            object: text("object")?,
            record: table.longs(&columns.name("record"))?,
            read_only: table.flags(&columns.name("read_only"))?,
        })
    }

    pub(super) fn is_there(&self, row: usize) -> bool {
        self.archive[row].is_some()
    }

    pub(super) fn sighting(
        &self,
        row: usize,
        time: Timestamp,
        failed: bool,
        paths: &mut SharedPaths,
    ) -> Result<Sighting, TableError> {
        let number = |numbers: &[Option<i64>], name| {
            numbers[row].and_then(|number| u32::try_from(number).ok()).ok_or_else(|| TableError::value(name))
        };
        let stage = match self.stage.get(row)? {
            None => Stage::Complete,
            Some(name) => Stage::from_name(name).ok_or_else(|| TableError::value("stage"))?,
        };
        let SharedPaths { paths, texts } = paths;
        let mut kept = [const { None }; SightingTexts::COUNT];
        for (text, column) in kept.iter_mut().zip(&self.texts) {
            *text = column.get(row)?.map(|text| texts.get(text));
        }
        Ok(Sighting {
            time,
            event_id: self.event_id.needed(row)?.into(),
            archive: number(&self.archive, "archive")?,
            object: path(paths, self.object.needed(row)?),
            record: number(&self.record, "record")?,
            failed,
            read_only: self.read_only[row],
            stage,
            texts: SightingTexts::new(kept),
        })
    }
}
