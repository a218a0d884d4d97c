//! No digest, list of public keys or side file makes the verification panic. The input is these three, with a NUL between them.

use std::fs;

use firstseen::scan::{ScanSettings, Silent};
use firstseen::source::Archives;
use firstseen::verify::{Examination, PublicKeys, SideFiles, VerifySettings};

const DIGEST: &str = "111122223333_CloudTrail-Digest_us-east-1_trail_us-east-1_20240101T000000Z.json";

/// Whether the digest is proven by its signature. Panics if the verification does.
pub(crate) fn check(data: &[u8]) -> bool {
    let mut parts = data.splitn(3, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (digest, keys_file, side_file) = (part(), part(), part());
    let mut keys = PublicKeys::default();
    let _ = keys.add(keys_file);
    let mut side_files = SideFiles::default();
    side_files.add(side_file);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(DIGEST), digest).unwrap();
    let archives = Archives::open(&[folder.path().to_owned()]).unwrap();
    let examination = Examination::of(&archives, &ScanSettings::default(), &Silent).unwrap();
    let verification = examination.verify(&VerifySettings { keys, side_files, from: None, threads: 1 });
    verification.is_ok_and(|verification| verification.chains.iter().any(|chain| chain.proven > 0))
}
