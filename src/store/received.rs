//! The table `received`: one row for each request to a cluster of which only the first stage is known.

use super::error::TableError;
use super::single_events;
use super::table::Table;
use crate::baseline::{ReceivedRequest, ReceivedRequests};
use crate::model::{PrincipalKind, Stage};
use crate::observe::Fingerprint;
use crate::table::Column;

/// The columns beside those of all single events.
const OWN: &str = "    required binary principal_kind (STRING);
    required int64 id_hash;
    required int64 content_hash;
    required int64 count;
";

pub(super) fn schema() -> String {
    single_events::schema_with(OWN)
}

pub(super) fn columns(requests: &ReceivedRequests) -> Vec<Column<'_>> {
    let events = requests.values().map(|request| &request.event);
    let own = vec![
        Column::Text(events.clone().map(|event| Some(event.who.kind.name())).collect()),
        Column::Hash(requests.keys().map(|fingerprint| Some(fingerprint.parts().0 as i64)).collect()),
        Column::Hash(requests.keys().map(|fingerprint| Some(fingerprint.parts().1.into())).collect()),
        Column::Long(requests.values().map(|request| Some(request.count as i64)).collect()),
    ];
    single_events::columns_with(events, own)
}

pub(super) fn read(table: &Table) -> Result<ReceivedRequests, TableError> {
    let kinds = table.text_column("principal_kind")?;
    let ids: Vec<i64> = table.numbers("id_hash")?;
    let contents: Vec<u32> = table.numbers("content_hash")?;
    let counts: Vec<u64> = table.numbers("count")?;
    let mut requests = ReceivedRequests::new();
    for (row, mut event) in single_events::read(table, PrincipalKind::Unknown)?.into_iter().enumerate() {
        let kind = PrincipalKind::from_name(kinds.needed(row)?);
        event.who.kind = kind.ok_or_else(|| TableError::value("principal_kind"))?;
        let fingerprint = Fingerprint::from_parts((ids[row] as u64, contents[row]));
        if !fingerprint.is_received() || event.sighting.stage != Stage::Received {
            return Err("a request of it has more than its first stage".into());
        }
        requests.insert(fingerprint, ReceivedRequest { event, count: counts[row] });
    }
    Ok(requests)
}
