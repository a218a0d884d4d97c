//! Parquet: tables of Amazon Security Lake, with CloudTrail events in OCSF classes (API Activity and related ones), and tables
//! with whole events as texts ([`texts`]).
//!
//! Each row of Security Lake is turned back into the text of a CloudTrail record, with the fields that it has, and read as
//! one. Sources: Security Lake User Guide ("OCSF source identification", source versions 1 and 2), OCSF
//! 1.0.0-rc.2 and 1.1.0. The two versions have the ARN and the id of the caller in different fields, so these
//! are recognised by their format.

mod pages;
mod texts;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, MapAccessor, Row};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Value, json};

use super::ceiling::Ceiling;
use super::find::json_stream;
use super::find::sink::Contents;
use super::find::traces::TraceKind;
use super::record::scanner::KeyPredictors;
use super::{DecodeFault, DecodeFaults, Decoded, FoundRecord, Verdict};
use crate::coverage::{FaultKind, ObjectSkip, Position};
use crate::guard::guarded;
use crate::memory::Reservation;
use crate::parquet_headers;
use crate::time::Timestamp;
use pages::ROWS_AT_ONCE;

/// What a row counts at least: a few bytes of a file can be billions of rows.
const OF_A_ROW: u64 = 16;

/// Visits every record of a Parquet file, until the rows exceed `limit` bytes as JSON.
pub(in crate::decode) fn decode(
    bytes: &[u8],
    ceiling: &Ceiling,
    depth: u32,
    predictors: &mut KeyPredictors,
    visit: &mut dyn FnMut(FoundRecord<'_>),
) -> Decoded {
    let limit = ceiling.limit;
    let mut rows = match Rows::open(bytes, ceiling) {
        Ok(rows) => rows,
        Err((kind, detail)) => return broken(kind, detail),
    };
    let mut decoded = Decoded::nothing(Verdict::Other(ObjectSkip::NotALog));
    let mut traces = Traces::default();
    let (mut number, mut read, mut foreign) = (0, 0, 0);
    let lost = loop {
        let row = match rows.next() {
            Ok(Some(RowContent::Text(row))) => row,
            Ok(Some(RowContent::Audit)) => {
                traces.add(format!("row {number}: {}", TraceKind::OcsfAudit.detail()));
                String::new()
            }
            Ok(Some(RowContent::Foreign)) => {
                foreign += 1;
                String::new()
            }
            Ok(None) => break None,
            Err(detail) => break Some(broken(FaultKind::PackingBroken, detail)),
        };
        let first = decoded.records;
        let found = json_stream::records(&row, depth + 1, ceiling, predictors, |found| {
            let index = first + found.index_in_file;
            visit(FoundRecord { index_in_file: index, index_in_object: index, ..found });
        });
        decoded.add_row(found, number, &mut traces);
        number += 1;
        decoded.json_bytes += row.len() as u64;
        read += OF_A_ROW + row.len() as u64;
        if read > limit {
            break Some(broken(FaultKind::TooLarge, format!("more than {limit} bytes come out of it")));
        }
    };
    decoded.faults.extend(traces.fault());
    let is_foreign = foreign > 0 && foreign == number;
    if decoded.records > 0 || (rows.kind == TableContent::Ocsf && !is_foreign) {
        decoded.verdict = Verdict::Records;
    } else {
        decoded.others = 0;
        let is_unread = rows.kind == TableContent::Fields && decoded.faults.is_empty() && lost.is_none();
        decoded.faults.extend(is_unread.then(|| unread(TraceKind::Columns.detail().to_owned())));
    }
    if let Some(lost) = lost {
        decoded.add(lost);
    }
    decoded
}

impl Decoded {
    /// Adds what was found in a row.
    fn add_row(&mut self, mut found: Contents, number: u64, traces: &mut Traces) {
        self.records += found.records;
        self.others += u64::from(found.records == 0);
        let (listed, more) = found.all_faults(true).into_parts();
        for fault in listed {
            let detail = format!("row {number}: {}", fault.detail);
            if fault.kind == FaultKind::UnknownCarrier {
                traces.add(detail);
            } else {
                self.faults.push(DecodeFault { position: Position::Whole, detail, ..fault });
            }
        }
        self.faults.add_unlisted(more);
        self.found.merge(found.found);
    }
}

/// Rows with traces of records that cannot be read: one fault for all.
#[derive(Default)]
struct Traces {
    first: Option<String>,
    count: u64,
}

impl Traces {
    fn add(&mut self, detail: String) {
        self.first.get_or_insert(detail);
        self.count += 1;
    }

    fn fault(self) -> Option<DecodeFault> {
        let rows = if self.count > 1 { format!(" ({} rows)", self.count) } else { String::new() };
        self.first.map(|first| unread(format!("{first}{rows}")))
    }
}

fn unread(detail: String) -> DecodeFault {
    DecodeFault { kind: FaultKind::UnknownCarrier, position: Position::Whole, inner: None, detail }
}

fn broken(kind: FaultKind, detail: String) -> Decoded {
    let detail = format!("Parquet: {detail}");
    let fault = DecodeFault { kind, position: Position::Whole, inner: None, detail };
    Decoded { faults: DecodeFaults::from_iter([fault]), ..Decoded::nothing(Verdict::NotJson) }
}

/// What a table holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TableContent {
    /// It has the columns of API Activity.
    Ocsf,
    /// It has columns with single fields of events, and rows.
    Fields,
    /// Any other.
    Other,
}

impl TableContent {
    fn of(table: &FileMetaData) -> Self {
        let is_ocsf = |column: &TypePtr| {
            let is_operation = |field: &TypePtr| field.name() == "operation";
            column.name() == "api" && column.is_group() && column.get_fields().iter().any(is_operation)
        };
        if table.schema().get_fields().iter().any(is_ocsf) {
            Self::Ocsf
        } else if table.num_rows() > 0 && texts::are_fields(table.schema_descr().columns()) {
            Self::Fields
        } else {
            Self::Other
        }
    }
}

/// What a row holds.
enum RowContent {
    /// A record, or texts that may hold some.
    Text(String),
    /// A request to a Kubernetes cluster, in OCSF.
    Audit,
    /// API Activity of another product than CloudTrail.
    Foreign,
}

impl RowContent {
    /// The content of a row of API Activity, which other sources and those of customers write, too.
    fn of_activity(row: &Row) -> Self {
        if text(row, "metadata.product.version").is_some_and(|version| version.starts_with("audit.k8s.io/")) {
            return Self::Audit;
        }
        match text(row, "metadata.product.name") {
            Some(name) if name != "CloudTrail" => Self::Foreign,
            _ => Self::Text(record(row).to_string()),
        }
    }
}

/// The rows of a file. The library may panic on malicious files.
struct Rows {
    kind: TableContent,
    /// The memory reserved for the rows.
    #[allow(dead_code, reason = "it is held, and not looked at")]
    hold: Option<Reservation>,
    /// `None` if no column can hold records.
    rows: Option<RowIter<'static>>,
}

impl Rows {
    /// Opens a file, unless decoding a row would exceed the memory limit.
    fn open(bytes: &[u8], ceiling: &Ceiling) -> Result<Self, (FaultKind, String)> {
        let broken = |detail| (FaultKind::PackingBroken, detail);
        if !parquet_headers::footer(bytes).is_some_and(parquet_headers::is_sound) {
            return Err(broken("its table of contents is cut off, or outrageous".to_owned()));
        }
        let bytes = Bytes::copy_from_slice(bytes);
        let file = bytes.clone();
        let reader = catch_panic(|| SerializedFileReader::new(bytes)).map_err(broken)?;
        let table = reader.metadata().file_metadata();
        // Texts in such a table are what events quote, such as user agents.
        let is_own = table.created_by().is_some_and(|program| program.starts_with("firstseen "));
        if is_own {
            return Ok(Self { kind: TableContent::Other, hold: None, rows: None });
        }
        let kind = catch_panic(|| Ok(TableContent::of(table))).map_err(broken)?;
        let columns = match kind {
            TableContent::Ocsf => api_columns(table.schema()),
            TableContent::Fields | TableContent::Other => texts::columns(table.schema()),
        };
        if columns.is_empty() {
            return Ok(Self { kind, hold: None, rows: None });
        }
        let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
        let needed = catch_panic(|| Ok(pages::row_memory(&file, &reader, &names, ceiling.limit)))
            .and_then(|needed| needed)
            .map_err(broken)?;
        if needed > ceiling.limit {
            let detail =
                format!("a row takes up to {needed} bytes to decode, and the ceiling is {}", ceiling.limit);
            return Err((FaultKind::TooLarge, detail));
        }
        // A text is copied to JSON, and out of it.
        let hold = ceiling.reserve_copy(needed.saturating_mul(2));
        let rows = catch_panic(|| {
            let wanted = projection(reader.metadata().file_metadata().schema(), columns.clone());
            RowIter::from_file_into(Box::new(reader)).with_batch_size(ROWS_AT_ONCE).project(Some(wanted))
        });
        Ok(Self { kind, hold, rows: Some(rows.map_err(broken)?) })
    }

    /// The content of the next row.
    fn next(&mut self) -> Result<Option<RowContent>, String> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        let kind = self.kind;
        let content = |row: Row| match kind {
            TableContent::Ocsf => RowContent::of_activity(&row),
            TableContent::Fields | TableContent::Other => {
                RowContent::Text(texts::event_texts(&row).unwrap_or_default())
            }
        };
        catch_panic(|| Ok(rows.next().transpose()?.map(content)))
    }
}

/// The columns of API Activity that are read.
const COLUMNS: [&str; 9] =
    ["time", "time_dt", "metadata", "api", "actor", "src_endpoint", "http_request", "cloud", "unmapped"];

fn api_columns(schema: &Type) -> Vec<TypePtr> {
    let is_wanted = |field: &&TypePtr| COLUMNS.contains(&field.name());
    schema.get_fields().iter().filter(is_wanted).cloned().collect()
}

/// A schema with only some of its columns.
fn projection(schema: &Type, columns: Vec<TypePtr>) -> Type {
    let projection = Type::group_type_builder(schema.name()).with_fields(columns).build();
    projection.unwrap_or_else(|_| schema.clone())
}

/// Calls the library and turns a panic into an error.
fn catch_panic<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    guarded(call).map_or_else(
        || Err("it contradicts itself".to_owned()),
        |result| result.map_err(|error| reason(&error.to_string())),
    )
}

/// The message of an error; in words if it is about a compression that the library was built without.
fn reason(message: &str) -> String {
    match message.rsplit_once("Disabled feature at compile time: ") {
        Some((_, compression)) => {
            format!("compressed with {compression}, which is not read: write it with zstd, gzip or Snappy")
        }
        None => message.to_owned(),
    }
}

/// Restores the CloudTrail record of a row.
fn record(row: &Row) -> Value {
    let text = |path: &str| text(row, path);
    let either = |paths: [&str; 2]| paths.into_iter().find_map(text);
    let ids: Vec<String> =
        ["actor.user.uid", "actor.user.uuid", "actor.user.uid_alt"].into_iter().filter_map(text).collect();
    let is_arn = |id: &&String| id.starts_with("arn:");
    let (arn, id) = (ids.iter().find(is_arn), ids.iter().find(|id| !is_arn(id)));
    let issuer = text("actor.session.issuer");
    let role_id = id.and_then(|id| id.split_once(':')).map(|(head, _)| head);
    let time = either(["time", "time_dt"]);
    let time = time.as_deref().and_then(|micros| micros.parse().ok()).map(Timestamp::from_micros);
    json!({
        "eventVersion": text("metadata.product.version"),
        "eventTime": time.map(|time| time.to_string()),
        "eventSource": text("api.service.name"),
        "eventName": text("api.operation"),
        "eventType": either(["metadata.event_code", "unmapped.eventType"]),
        "eventCategory": text("metadata.product.feature.name"),
        "eventID": text("metadata.uid"),
        "awsRegion": text("cloud.region"),
        "sourceIPAddress": either(["src_endpoint.ip", "src_endpoint.domain"]),
        "userAgent": text("http_request.user_agent"),
        "errorCode": text("api.response.error"),
        "errorMessage": text("api.response.message"),
        "readOnly": text("unmapped.readOnly"),
        "recipientAccountId": either(["cloud.account.uid", "cloud.account_uid"]),
        "userIdentity": {
            "type": text("actor.user.type"),
            "principalId": id,
            "arn": arn,
            "accountId": either(["actor.user.account.uid", "actor.user.account_uid"]),
            "accessKeyId": text("actor.user.credential_uid"),
            "userName": text("actor.user.name"),
            "credentialId": text("unmapped.userIdentity.credentialId"),
            "onBehalfOf": {
                "userId": text("unmapped.userIdentity.onBehalfOf.userId"),
                "identityStoreArn": text("unmapped.userIdentity.onBehalfOf.identityStoreArn"),
            },
            "invokedBy": text("actor.invoked_by"),
            "sessionContext": {"sessionIssuer": {"arn": issuer, "principalId": role_id}},
        },
    })
}

/// The text at a path of names; times as microseconds. The last name may be a map key that contains dots.
fn text(row: &Row, path: &str) -> Option<String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let (_, field) = row.get_column_iter().find(|(column, _)| *column == name)?;
    let found = match (field, rest) {
        (Field::Group(row), Some(rest)) => return text(row, rest),
        (Field::MapInternal(map), Some(key)) => {
            let (keys, values) = (map.get_keys(), map.get_values());
            let at = (0..map.len()).find(|at| keys.get_string(*at).is_ok_and(|known| known == key))?;
            values.get_string(at).ok()?.clone()
        }
        (Field::Str(text), None) => text.clone(),
        (Field::Bool(flag), None) => flag.to_string(),
        // OCSF times are milliseconds.
        (Field::Long(number) | Field::TimestampMillis(number), None) => {
            number.checked_mul(1_000)?.to_string()
        }
        (Field::TimestampMicros(micros), None) => micros.to_string(),
        _ => return None,
    };
    Some(found).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use crate::coverage::ObjectSkip;
    use crate::decode::{Decoder, Verdict};

    const SCHEMA: &str = "message lake {
        required int64 time;
        required group metadata {
            optional binary uid (UTF8);
            optional group product { optional binary name (UTF8); optional binary version (UTF8); }
        }
        required group api {
            required binary operation (UTF8);
            required group service { required binary name (UTF8); }
            optional group response { optional binary error (UTF8); }
        }
        required group actor {
            required group user {
                required binary type (UTF8);
                required binary uid (UTF8);
                required binary uid_alt (UTF8);
                required group account { required binary uid (UTF8); }
            }
            optional group session { optional binary issuer (UTF8); }
        }
        required group cloud { required binary region (UTF8); }
    }";

    /// A file with one row.
    fn file() -> Vec<u8> {
        file_of(["CloudTrail", "1.08"])
    }

    /// A file with one row of a product in a version.
    fn file_of([product, version]: [&str; 2]) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let texts = [
            "event-1",
            product,
            version,
            "CreateUser",
            "iam.amazonaws.com",
            "AccessDenied",
            "AssumedRole",
            "arn:aws:sts::111122223333:assumed-role/deploy/jo",
            "AROAEXAMPLE:jo",
            "111122223333",
            "arn:aws:iam::111122223333:role/ci/deploy",
            "eu-west-1",
        ];
        let mut texts = texts.into_iter();
        let mut is_time = true;
        while let Some(mut column) = group.next_column().unwrap() {
            if is_time {
                column.typed::<Int64Type>().write_batch(&[1_767_225_600_123], None, None).unwrap();
            } else {
                let column = column.typed::<ByteArrayType>();
                let level = column.get_descriptor().max_def_level();
                let text = ByteArray::from(texts.next().unwrap());
                let levels = [level];
                column.write_batch(&[text], (level > 0).then_some(&levels[..]), None).unwrap();
            }
            is_time = false;
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<String>, Verdict, usize) {
        let mut records = Vec::new();
        let decoded = Decoder::new(1 << 20).decode(bytes, |found| {
            let record = found.record.unwrap().cloudtrail().unwrap();
            let identity = &record.identity;
            let texts = [
                record.event_time,
                record.event_source,
                record.event_name,
                record.event_id,
                record.error_code,
                record.region,
                identity.identity_type,
                identity.arn,
                identity.issuer.arn,
                identity.unique_id(),
                identity.account_id,
            ];
            records.push(texts.map(|text| text.unwrap_or("-")).join(" "));
        });
        (records, decoded.verdict, decoded.faults.len())
    }

    #[test]
    fn rows_of_other_products_are_no_records_of_cloudtrail() {
        let eks = read(&file_of(["Amazon EKS", "audit.k8s.io/v1"]));
        assert_eq!((eks.0.as_slice(), eks.2), ([].as_slice(), 1), "a request to a cluster is a fault");
        let other = read(&file_of(["Okta", "1"]));
        assert_eq!(other, (vec![], Verdict::Other(ObjectSkip::NotALog), 0));
    }

    #[test]
    fn a_row_becomes_a_record_again() {
        let expected = "2026-01-01T00:00:00.123Z iam.amazonaws.com CreateUser event-1 AccessDenied eu-west-1 AssumedRole \
            arn:aws:sts::111122223333:assumed-role/deploy/jo arn:aws:iam::111122223333:role/ci/deploy AROAEXAMPLE 111122223333";
        assert_eq!(read(&file()), (vec![expected.to_owned()], Verdict::Records, 0));
    }

    #[test]
    fn damage_is_a_fault_and_other_tables_are_skipped() {
        let file = file();
        for length in [4, 12, file.len() / 2, file.len() - 1] {
            let (records, _, faults) = read(&file[..length]);
            assert_eq!((records.len(), faults), (0, 1), "{length}");
        }
        for at in (4..file.len()).step_by(7) {
            let mut damaged = file.clone();
            damaged[at] ^= 0x55;
            read(&damaged);
        }
        let schema = Arc::new(parse_message_type("message other { required int64 x; }").unwrap());
        let mut bytes = Vec::new();
        SerializedFileWriter::new(&mut bytes, schema, Default::default()).unwrap().close().unwrap();
        assert_eq!(read(&bytes).1, Verdict::Other(ObjectSkip::NotALog));
    }
}
