//! Tables with whole events as texts: results of Lake and Athena, output of Firehose and of collectors.
//!
//! As in tables of CSV ([`table`]), cells decide, not the names of columns. Tables of single fields are recognised
//! but not read.

use std::collections::HashSet;

use parquet::basic::Type as PhysicalType;
use parquet::record::{Field, Row};
use parquet::schema::types::{ColumnDescPtr, Type, TypePtr};
use serde_json::{Map, Value};

use crate::decode::find::table::{EVENT_COLUMNS, QUOTING_COLUMNS, TableKind, table_kind};

/// Shorter texts cannot hold a record.
const SHORTEST: usize = 40;

/// The columns of a schema that may hold events as texts, also in lists and structs.
pub(super) fn columns(schema: &Type) -> Vec<TypePtr> {
    schema.get_fields().iter().filter(|column| may_hold_events(column)).cloned().collect()
}

fn may_hold_events(column: &Type) -> bool {
    !is_one_of(column.name(), &QUOTING_COLUMNS)
        && match column {
            Type::PrimitiveType { physical_type, .. } => *physical_type == PhysicalType::BYTE_ARRAY,
            Type::GroupType { fields, .. } => fields.iter().any(|column| may_hold_events(column)),
        }
}

/// The texts of a row that may hold events, as JSON: what a column known to hold events has, as in answers of `LookupEvents`, and all
/// others as members of `row`. Equal texts count once. `None` if there are none.
pub(super) fn event_texts(row: &Row) -> Option<String> {
    let (mut read, mut others, mut seen) = (Map::new(), Map::new(), HashSet::new());
    for (name, field) in row.get_column_iter() {
        if plain(field).is_some_and(|text| !seen.insert(text)) {
            continue;
        }
        match texts(field) {
            Some(text) if read.is_empty() && is_one_of(name, &EVENT_COLUMNS) => {
                read.insert("CloudTrailEvent".to_owned(), text);
            }
            Some(text) => drop(others.insert(name.clone(), text)),
            None => {}
        }
    }
    if !others.is_empty() {
        read.insert("row".to_owned(), Value::Object(others));
    }
    (!read.is_empty()).then(|| Value::Object(read).to_string())
}

/// The long texts in a value.
fn texts(field: &Field) -> Option<Value> {
    let list = |texts: Vec<Value>| (!texts.is_empty()).then_some(Value::Array(texts));
    match field {
        Field::ListInternal(fields) => list(fields.elements().iter().filter_map(texts).collect()),
        Field::MapInternal(map) => list(map.entries().iter().filter_map(|(_, value)| texts(value)).collect()),
        Field::Group(row) => {
            let read = row.get_column_iter().filter(|(name, _)| !is_one_of(name, &QUOTING_COLUMNS));
            let read: Map<String, Value> =
                read.filter_map(|(name, field)| Some((name.clone(), texts(field)?))).collect();
            (!read.is_empty()).then_some(Value::Object(read))
        }
        _ => plain(field).map(Value::from),
    }
}

/// A value that is a long text.
fn plain(field: &Field) -> Option<&str> {
    let text = match field {
        Field::Str(text) => text,
        Field::Bytes(bytes) => bytes.as_utf8().ok()?,
        _ => return None,
    };
    (text.len() >= SHORTEST).then_some(text)
}

/// Whether columns hold single fields of events.
pub(super) fn are_fields(columns: &[ColumnDescPtr]) -> bool {
    let columns = columns.iter().filter(|column| !is_one_of(column.name(), &EVENT_COLUMNS));
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | ' ');
    let names: Vec<String> =
        columns.map(|column| column.path().string().replace(|c| !is_plain(c), "_")).collect();
    let has = |name: &str| names.iter().any(|column| is_one_of(column, &[name]));
    let is_audit = has("auditid") && ["verb", "stage", "requesturi"].into_iter().any(has);
    is_audit || matches!(table_kind(&names.join(",")), Some(TableKind::Fields { .. }))
}

/// Whether a name is one of some in small letters.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    let name = name.to_ascii_lowercase();
    names.contains(&&*name) || names.contains(&&*name.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use crate::coverage::ObjectSkip;
    use crate::decode::{Decoded, Decoder, Verdict};

    /// A table by another program. Each column has its values; in lists, all belong to the first row.
    fn table(columns: &str, values: &[&[Option<&str>]]) -> Vec<u8> {
        table_by("Athena", columns, values)
    }

    fn table_by(program: &str, columns: &str, values: &[&[Option<&str>]]) -> Vec<u8> {
        let schema = Arc::new(parse_message_type(&format!("message t {{ {columns} }}")).unwrap());
        let properties = Arc::new(WriterProperties::builder().set_created_by(program.to_owned()).build());
        let mut bytes = Vec::new();
        let mut writer = SerializedFileWriter::new(&mut bytes, schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for values in values {
            let mut column = group.next_column().unwrap().unwrap();
            let typed = column.typed::<ByteArrayType>();
            let descriptor = typed.get_descriptor().clone();
            let level = descriptor.max_def_level();
            let levels: Vec<i16> =
                values.iter().map(|value| if value.is_some() { level } else { 0 }).collect();
            let repetitions: Vec<i16> =
                (0..values.len()).map(|at| if at == 0 { 0 } else { descriptor.max_rep_level() }).collect();
            let texts: Vec<ByteArray> = values.iter().flatten().map(|text| ByteArray::from(*text)).collect();
            typed.write_batch(&texts, Some(&levels), Some(&repetitions)).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.close().unwrap();
        bytes
    }

    fn event(name: &str) -> String {
        format!(
            r#"{{"userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ada"}},"eventTime":"2026-01-10T10:00:00Z","eventSource":"iam.amazonaws.com","eventName":"{name}"}}"#
        )
    }

    fn read(bytes: &[u8]) -> (String, Decoded) {
        let mut names = Vec::new();
        let decoded = Decoder::new(1 << 20).decode(bytes, |found| {
            assert_eq!(found.index_in_object as usize, names.len());
            names.push(found.record.unwrap().cloudtrail().unwrap().event_name.unwrap_or("-").to_owned());
        });
        assert_eq!(decoded.records as usize, names.len());
        (names.join(" "), decoded)
    }

    fn faults(decoded: &Decoded) -> Vec<String> {
        decoded.faults.iter().map(|fault| format!("{} {}", fault.kind.name(), fault.detail)).collect()
    }

    const TEXT: &str = "optional binary";

    #[test]
    fn whole_events_in_text_columns_are_read() {
        let (a, b) = (event("A"), event("B"));
        let rows: &[Option<&str>] = &[Some(&a), None, Some(&b)];
        for (columns, path) in [
            (format!("{TEXT} eventjson (UTF8);"), ""),
            (format!("{TEXT} CloudTrailEvent;"), ""),
            (format!("{TEXT} message (JSON);"), "row.message| 2"),
            (format!("{TEXT} raw;"), "row.raw| 2"),
            (format!("optional group api {{ {TEXT} body (UTF8); }}"), "row.api.body| 2"),
        ] {
            let (names, decoded) = read(&table(&columns, &[rows]));
            assert_eq!((names.as_str(), faults(&decoded)), ("A B", vec![]), "{columns}");
            assert_eq!((decoded.verdict, decoded.others), (Verdict::Records, 1), "{columns}");
            let found: Vec<String> =
                decoded.found.listed().map(|(path, records)| format!("{path} {records}")).collect();
            assert_eq!(found.join(", "), path, "{columns}");
        }
    }

    #[test]
    fn events_in_lists_and_wrappers_are_read() {
        let (a, b) = (event("A"), event("B"));
        let list = format!(
            "optional group logEvents (LIST) {{ repeated group list {{ optional group element {{ {TEXT} message (UTF8); }} }} }}"
        );
        assert_eq!(read(&table(&list, &[&[Some(&a), Some(&b), Some(&a)]])).0, "A B A");
        let wrapper = format!(r#"{{"Records":[{a},{b}]}}"#);
        assert_eq!(read(&table(&format!("{TEXT} eventjson;"), &[&[Some(&wrapper)]])).0, "A B");
    }

    #[test]
    fn equal_texts_of_a_row_count_once_and_quoted_requests_do_not() {
        let (a, b) = (event("A"), event("B"));
        let columns = format!(
            "{TEXT} eventjson; {TEXT} raw; {TEXT} x; {TEXT} requestparameters; {TEXT} response_elements;"
        );
        let quoted = [Some(b.as_str())];
        let rows = table(&columns, &[&[Some(&a)], &[Some(&a)], &[Some(&a)], &quoted, &quoted]);
        assert_eq!(read(&rows).0, "A");
    }

    #[test]
    fn a_broken_event_is_a_fault_of_its_row() {
        let a = event("A");
        let (names, decoded) =
            read(&table(&format!("{TEXT} eventjson;"), &[&[Some(&a), Some(&a[..a.len() - 9]), Some(&a)]]));
        assert_eq!(names, "A A");
        assert_eq!(faults(&decoded), ["json-truncated row 1: the JSON text ends too early"]);
    }

    #[test]
    fn columns_of_fields_are_a_fault_if_there_are_rows() {
        let (time, source, name) = ("2026-01-10T10:00:00Z", "iam.amazonaws.com", "CreateUser");
        let rows: &[&[Option<&str>]] = &[&[Some(time)], &[Some(source)], &[Some(name)]];
        for columns in [
            format!("{TEXT} eventtime; {TEXT} eventsource; {TEXT} eventname;"),
            format!("{TEXT} eventTime (UTF8); {TEXT} eventSource (UTF8); {TEXT} eventName (UTF8);"),
            format!("optional group detail {{ {TEXT} event_time; {TEXT} event_source; {TEXT} event_name; }}"),
            format!("{TEXT} requesturi; {TEXT} stage; {TEXT} auditid;"),
        ] {
            let (names, decoded) = read(&table(&columns, rows));
            assert_eq!(names, "", "{columns}");
            let faults = faults(&decoded);
            assert!(
                faults.len() == 1 && faults[0].starts_with("unknown-carrier a table of single fields"),
                "{columns} {faults:?}"
            );
            let (_, decoded) = read(&table(&columns, &[&[], &[], &[]]));
            assert_eq!((decoded.verdict, decoded.faults.len()), (Verdict::Other(ObjectSkip::NotALog), 0));
        }
        // The whole event is there, too.
        let whole = event("A");
        let columns = format!("{TEXT} eventtime; {TEXT} eventsource; {TEXT} eventname; {TEXT} eventjson;");
        let (names, decoded) = read(&table(&columns, &[rows[0], rows[1], rows[2], &[Some(&whole)]]));
        assert_eq!((names.as_str(), faults(&decoded)), ("A", vec![]));
    }

    #[test]
    fn traces_in_many_rows_are_one_fault() {
        let ocsf = r#"{"metadata":{"product":{"name":"CloudTrail","vendor_name":"AWS"}},"time":1,"x":"2026-01-10T10:00:00Z"}"#;
        let (names, decoded) = read(&table(&format!("{TEXT} message;"), &[&[Some(ocsf), None, Some(ocsf)]]));
        assert_eq!(names, "");
        assert_eq!(
            faults(&decoded),
            ["unknown-carrier row 0: OCSF events as JSON; they are read from Parquet only (2 rows)"]
        );
    }

    #[test]
    fn other_tables_and_those_of_this_program_are_no_logs() {
        let words = "[INFO] the server was started and listens on port 8080, with {x}";
        let forged = event("A");
        let own = concat!("firstseen ", env!("CARGO_PKG_VERSION"));
        for bytes in [
            table(&format!("{TEXT} message; {TEXT} key;"), &[&[Some(words)], &[Some("k")]]),
            table(&format!("{TEXT} eventname; {TEXT} x;"), &[&[Some(words)], &[None]]),
            table_by(own, &format!("{TEXT} user_agent;"), &[&[Some(&forged)]]),
        ] {
            let (names, decoded) = read(&bytes);
            assert_eq!((names.as_str(), faults(&decoded)), ("", vec![]));
            assert_eq!((decoded.verdict, decoded.others), (Verdict::Other(ObjectSkip::NotALog), 0));
        }
    }

    #[test]
    fn damage_never_panics_and_rows_are_limited() {
        let a = event("A");
        let file = table(&format!("{TEXT} eventjson;"), &[&[Some(&a), Some(&a)]]);
        for length in [4, 12, file.len() / 2, file.len() - 1] {
            assert_eq!(read(&file[..length]).1.faults.len(), 1, "{length}");
        }
        for at in (4..file.len()).step_by(7) {
            let mut damaged = file.clone();
            damaged[at] ^= 0x55;
            Decoder::new(1 << 20).decode(&damaged, |_| {});
        }
        let none = vec![None; 100_000];
        let (_, decoded) = read(&table(&format!("{TEXT} eventjson;"), &[&none]));
        assert!(faults(&decoded)[0].starts_with("too-large Parquet: more than"), "{:?}", decoded.faults);
    }
}
