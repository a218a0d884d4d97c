//! Parquet of Amazon Security Lake: CloudTrail events in OCSF classes (API Activity and related ones).
//!
//! Each row is turned back into the text of a CloudTrail record, with the fields that it has, and read as
//! one. Sources: Security Lake User Guide ("OCSF source identification", source versions 1 and 2), OCSF
//! 1.0.0-rc.2 and 1.1.0. The two versions have the ARN and the id of the caller in different fields, so these
//! are recognised by their format.

mod footer;
mod pages;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::reader::RowIter;
use parquet::record::{Field, MapAccessor, Row};
use parquet::schema::types::{Type, TypePtr};
use serde_json::{Value, json};

use super::ceiling::Ceiling;
use super::find::json_stream;
use super::record::scanner::KeyPredictors;
use super::{DecodeFault, Decoded, FoundRecord, Verdict};
use crate::coverage::{FaultKind, ObjectSkip, Position};
use crate::guard::guarded;
use crate::memory::Reservation;
use crate::time::Timestamp;
use pages::ROWS_AT_ONCE;

/// Visits every record of a Parquet file, until the records exceed `limit` bytes as JSON.
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
    if !rows.has_api {
        return Decoded::nothing(Verdict::Other(ObjectSkip::NotALog));
    }
    let mut decoded = Decoded { verdict: Verdict::Records, ..Decoded::empty() };
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => return decoded,
            Err(detail) => {
                decoded.add(broken(FaultKind::PackingBroken, detail));
                return decoded;
            }
        };
        let first = decoded.records;
        let found = json_stream::records(&row, depth + 1, ceiling, predictors, |found| {
            let index = first + found.index_in_file;
            visit(FoundRecord { index_in_file: index, index_in_object: index, ..found });
        });
        decoded.records += found.records;
        decoded.others += found.others;
        decoded.json_bytes += row.len() as u64;
        if decoded.json_bytes > limit {
            decoded.add(broken(FaultKind::TooLarge, format!("more than {limit} bytes come out of it")));
            return decoded;
        }
    }
}

fn broken(kind: FaultKind, detail: String) -> Decoded {
    let detail = format!("Parquet: {detail}");
    let fault = DecodeFault { kind, position: Position::Whole, inner: None, detail };
    Decoded { faults: vec![fault], ..Decoded::nothing(Verdict::NotJson) }
}

/// The rows of a file. The library may panic on malicious files.
struct Rows {
    /// Whether the file has the columns of API Activity.
    has_api: bool,
    /// The memory reserved for the rows.
    #[allow(dead_code, reason = "it is held, and not looked at")]
    hold: Option<Reservation>,
    rows: Option<RowIter<'static>>,
}

impl Rows {
    /// Opens a file, unless decoding a row would exceed the memory limit.
    fn open(bytes: &[u8], ceiling: &Ceiling) -> Result<Self, (FaultKind, String)> {
        let broken = |detail| (FaultKind::PackingBroken, detail);
        if !footer::is_sound(bytes) {
            return Err(broken("its table of contents is cut off, or outrageous".to_owned()));
        }
        let bytes = Bytes::copy_from_slice(bytes);
        let file = bytes.clone();
        let reader = catch_panic(|| SerializedFileReader::new(bytes)).map_err(broken)?;
        let wanted = projection(reader.metadata().file_metadata().schema());
        let has_api = wanted.get_fields().iter().any(|field| field.name() == "api");
        if !has_api {
            return Ok(Self { has_api, hold: None, rows: None });
        }
        let needed = catch_panic(|| Ok(pages::row_memory(&file, &reader, &COLUMNS, ceiling.limit)))
            .and_then(|needed| needed)
            .map_err(broken)?;
        if needed > ceiling.limit {
            let detail =
                format!("a row takes up to {needed} bytes to decode, and the ceiling is {}", ceiling.limit);
            return Err((FaultKind::TooLarge, detail));
        }
        let hold = ceiling.reserve_copy(needed);
        let rows = catch_panic(|| {
            RowIter::from_file_into(Box::new(reader)).with_batch_size(ROWS_AT_ONCE).project(Some(wanted))
        });
        Ok(Self { has_api, hold, rows: Some(rows.map_err(broken)?) })
    }

    /// The next row as the text of a record.
    fn next(&mut self) -> Result<Option<String>, String> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        catch_panic(|| Ok(rows.next().transpose()?.map(|row| record(&row).to_string())))
    }
}

/// The columns of API Activity that are read.
const COLUMNS: [&str; 9] =
    ["time", "time_dt", "metadata", "api", "actor", "src_endpoint", "http_request", "cloud", "unmapped"];

/// The columns of a schema that are read.
fn projection(schema: &Type) -> Type {
    let is_wanted = |field: &&TypePtr| COLUMNS.contains(&field.name());
    let fields: Vec<TypePtr> = schema.get_fields().iter().filter(is_wanted).cloned().collect();
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build();
    projection.unwrap_or_else(|_| schema.clone())
}

/// Calls the library and turns a panic into an error.
fn catch_panic<T>(call: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, String> {
    guarded(call).map_or_else(
        || Err("it contradicts itself".to_owned()),
        |result| result.map_err(|error| error.to_string()),
    )
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
        required group metadata { optional binary uid (UTF8); }
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
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let mut bytes = Vec::new();
        let properties = Arc::new(WriterProperties::builder().build());
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let texts = [
            "event-1",
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
