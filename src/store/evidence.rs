//! The columns of evidence, which tables of sightings share.

use super::error::Flaw;
use super::reading::{Paths, Texts, path};
use super::table::{Column, Table};
use crate::model::{RareEvidence, Sighting, Stage};
use crate::time::Timestamp;

/// The columns of the evidence that sightings are, in the order of [`FIRST`].
pub(super) fn columns(sightings: Vec<Option<&Sighting>>) -> [Column<'_>; 15] {
    let text = |of: fn(&Sighting) -> Option<&str>| {
        Column::Text(sightings.iter().map(|seen| seen.and_then(of)).collect())
    };
    let number = |of: fn(&Sighting) -> u32| {
        Column::Long(sightings.iter().map(|seen| seen.map(|seen| i64::from(of(seen)))).collect())
    };
    [
        Column::Ids(sightings.iter().map(|seen| seen.map(|seen| &seen.event_id)).collect()),
        number(|seen| seen.archive),
        Column::Text(sightings.iter().map(|seen| seen.map(|seen| &*seen.object)).collect()),
        number(|seen| seen.record),
        Column::Flag(sightings.iter().map(|seen| seen.and_then(|seen| seen.read_only)).collect()),
        text(|seen| seen.region.as_deref()),
        text(|seen| seen.source_ip.as_deref()),
        text(|seen| seen.user_agent.as_deref()),
        text(Sighting::error_code),
        text(|seen| seen.access_key_id.as_deref()),
        text(|seen| seen.session_name.as_deref()),
        text(|seen| seen.principal_id.as_deref()),
        text(Sighting::impersonated_by),
        text(Sighting::detail),
        Column::Text(sightings.iter().map(|seen| seen.and_then(stage)).collect()),
    ]
}

/// The stage, unless it is the last one.
fn stage(sighting: &Sighting) -> Option<&'static str> {
    Some(sighting.stage).filter(|stage| *stage != Stage::Complete).map(Stage::name)
}

/// Columns of the first sighting.
pub(super) const FIRST: [&str; 15] = [
    "event_id",
    "archive",
    "object",
    "record",
    "read_only",
    "region",
    "source_ip",
    "user_agent",
    "error_code",
    "access_key_id",
    "session_name",
    "principal_id",
    "impersonated_by",
    "detail",
    "stage",
];

/// Columns of the first success.
pub(super) const SUCCESS: [&str; 15] = [
    "success_event_id",
    "success_archive",
    "success_object",
    "success_record",
    "success_read_only",
    "success_region",
    "success_source_ip",
    "success_user_agent",
    "success_error_code",
    "success_access_key_id",
    "success_session_name",
    "success_principal_id",
    "success_impersonated_by",
    "success_detail",
    "success_stage",
];

/// The columns of evidence, of first sightings or of first successes.
pub(super) struct Evidence {
    event_id: Texts,
    archive: Vec<Option<i64>>,
    object: Texts,
    record: Vec<Option<i64>>,
    read_only: Vec<Option<bool>>,
    texts: [Texts; 10],
}

impl Evidence {
    pub(super) fn open(table: &Table, names: &[&'static str; 15]) -> Result<Self, Flaw> {
        let [event_id, archive, object, record, read_only, texts @ ..] = names;
        let mut columns = Vec::with_capacity(texts.len());
        for name in texts {
            columns.push(table.text_column(name)?);
        }
        Ok(Self {
            event_id: table.text_column(event_id)?,
            archive: table.longs(archive)?,
            object: table.text_column(object)?,
            record: table.longs(record)?,
            read_only: table.flags(read_only)?,
            texts: columns.try_into().map_err(|_| Flaw::from("its columns are not those of this version"))?,
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
        paths: &mut Paths,
    ) -> Result<Sighting, Flaw> {
        let number = |numbers: &[Option<i64>], name| {
            numbers[row].and_then(|number| u32::try_from(number).ok()).ok_or_else(|| Flaw::value(name))
        };
        let [
            region,
            source_ip,
            user_agent,
            error_code,
            access_key_id,
            session_name,
            principal_id,
            impersonated_by,
            detail,
            stage,
        ] = &self.texts;
        let stage = match stage.get(row)? {
            None => Stage::Complete,
            Some(name) => Stage::from_name(name).ok_or_else(|| Flaw::value("stage"))?,
        };
        let Paths { paths, texts } = paths;
        let mut text = |column: &Texts| Ok::<_, Flaw>(column.get(row)?.map(|text| texts.get(text)));
        Ok(Sighting {
            time,
            event_id: self.event_id.needed(row)?.into(),
            archive: number(&self.archive, "archive")?,
            object: path(paths, self.object.needed(row)?),
            record: number(&self.record, "record")?,
            failed,
            read_only: self.read_only[row],
            region: text(region)?,
            source_ip: text(source_ip)?,
            user_agent: text(user_agent)?,
            access_key_id: text(access_key_id)?,
            session_name: text(session_name)?,
            principal_id: text(principal_id)?,
            stage,
            rare: RareEvidence {
                error_code: text(error_code)?,
                impersonated_by: text(impersonated_by)?,
                detail: text(detail)?,
            }
            .present(),
        })
    }
}
