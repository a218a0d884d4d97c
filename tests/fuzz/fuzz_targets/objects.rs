//! No bytes of a log object make the decoder panic, or give more records than it counts: compressed objects, files in archives,
//! Parquet tables and all carriers. What is found is interpreted as a run would do it.

#![no_main]

use firstseen::decode::{self, Decoder};
use firstseen::event::{AnyRecord, AuditSettings, Cluster};
use firstseen::model::PrincipalKey;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    Decoder::new(1 << 20).decode(data, |found| match found.record {
        Ok(AnyRecord::CloudTrail(record)) => {
            let _ = record.interpret(PrincipalKey::default());
            let _ = decode::insight(found.text);
        }
        Ok(AnyRecord::Kubernetes(record)) => {
            let key = PrincipalKey::default();
            let _ = record.interpret(Cluster::default(), AuditSettings { key, namespace_in_key: false });
        }
        Err(_) => {}
    });
});
