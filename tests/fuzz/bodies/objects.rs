//! No bytes of a log object make the decoder panic, or give more records than it counts: compressed objects, files in archives,
//! Parquet tables and all carriers. What is found is interpreted as a run would do it, and shown without its secrets.

use firstseen::decode::{self, Decoder};
use firstseen::event::{AnyRecord, AuditSettings, Cluster};
use firstseen::model::PrincipalKey;
use firstseen::secrets::{Masked, masked};

/// Whether records were found. Panics if the decoder does, or counts other records than it gives.
pub(crate) fn check(data: &[u8]) -> bool {
    let mut given = 0;
    let decoded = Decoder::new(1 << 20).decode(data, |found| {
        given += 1;
        let Masked { text, count } = masked(found.text);
        assert!(count > 0 || text == found.text);
        match found.record {
            Ok(AnyRecord::CloudTrail(record)) => {
                let _ = record.interpret(PrincipalKey::default());
                let _ = decode::insight(found.text);
            }
            Ok(AnyRecord::Kubernetes(record)) => {
                let key = PrincipalKey::default();
                let _ = record.interpret(Cluster::default(), AuditSettings { key, namespace_in_key: false });
            }
            Err(_) => {}
        }
    });
    assert_eq!(given, decoded.records);
    given > 0
}
