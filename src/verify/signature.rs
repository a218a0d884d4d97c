//! Public keys and signatures: RSA with PKCS#1 v1.5 padding and SHA-256 (AWS CloudTrail User Guide, "Validating CloudTrail log
//! file integrity").

use md5::{Digest, Md5};
use rsa::Pkcs1v15Sign;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePublicKey;

use crate::checksum::{Checksum, hex};

/// The beginning of a signed SHA-256 checksum: RFC 8017, 9.2, note 1.
const SHA256_PREFIX: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// A public key.
#[derive(Clone, Debug)]
pub(super) struct PublicKey(rsa::PublicKey);

impl PublicKey {
    /// Reads a key in either of the two DER forms that AWS gives: PKCS#1, or SubjectPublicKeyInfo.
    pub(super) fn from_der(der: &[u8]) -> Option<Self> {
        let key = rsa::PublicKey::from_pkcs1_der(der);
        key.ok().or_else(|| rsa::PublicKey::from_public_key_der(der).ok()).map(Self)
    }

    /// Whether a signature is one of this text by this key.
    pub(super) fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: Box::new(SHA256_PREFIX) };
        let hashed = Checksum::of(text.as_bytes());
        self.0.verify(scheme, hashed.as_bytes(), signature).is_ok()
    }
}

/// The fingerprint of a key: MD5 of its DER form as given, in lower-case hexadecimal. It selects a key and proves nothing.
pub(super) fn fingerprint(der: &[u8]) -> String {
    hex(&Md5::digest(der))
}
