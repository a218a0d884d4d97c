//! Verifies fetched bytes against those in the store.
//!
//! There are two ways: a checksum of the whole object, which S3 has for every object since December 2024 (Amazon S3 user
//! guide, "Checking object integrity"), and the ETag, which is the MD5 of an object that was uploaded in one part and is not
//! encrypted with a KMS or customer key ("Object" in the API reference). MD5 takes more time than all CRCs together, so it is
//! only used without a checksum.

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::types::{ChecksumType, ServerSideEncryption};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crc_fast::CrcAlgorithm;
use md5::{Digest, Md5};

use crate::checksum::{Checksum, from_hex, hex};
use crate::source::log_object::Md5Sum;

/// The expected checksums of an object.
#[derive(Debug, Default)]
pub(super) struct ExpectedChecksums {
    /// Of the whole object: name and value as written by S3.
    checksums: Vec<(ChecksumKind, String)>,
    /// The MD5 that the listing and the response give as ETag.
    listed: Option<Md5Sum>,
    answered: Option<Md5Sum>,
    /// Whether an ETag of that form is not an MD5.
    is_encrypted: bool,
}

#[derive(Clone, Copy, Debug)]
enum ChecksumKind {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha256,
}

impl ChecksumKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC-32",
            Self::Crc32c => "CRC-32C",
            Self::Crc64Nvme => "CRC-64/NVME",
            Self::Sha256 => "SHA-256",
        }
    }

    /// In the form of S3: base64 of the big-endian number.
    fn of(self, bytes: &[u8]) -> String {
        let crc = |algorithm| crc_fast::checksum(algorithm, bytes);
        let short = |crc: u64| STANDARD.encode((crc as u32).to_be_bytes());
        match self {
            Self::Crc32 => short(crc(CrcAlgorithm::Crc32IsoHdlc)),
            Self::Crc32c => short(crc(CrcAlgorithm::Crc32Iscsi)),
            Self::Crc64Nvme => STANDARD.encode(crc(CrcAlgorithm::Crc64Nvme).to_be_bytes()),
            Self::Sha256 => STANDARD.encode(Checksum::of(bytes).as_bytes()),
        }
    }
}

impl ExpectedChecksums {
    /// From the response with the whole object, and the listing.
    pub(super) fn new(answer: &GetObjectOutput, listed: Option<Md5Sum>) -> Self {
        // A composite checksum is not one of the bytes; its value then ends in the number of parts, too.
        let is_whole = answer.checksum_type() != Some(&ChecksumType::Composite);
        let checksums = [
            (ChecksumKind::Crc64Nvme, answer.checksum_crc64_nvme()),
            (ChecksumKind::Crc32c, answer.checksum_crc32_c()),
            (ChecksumKind::Crc32, answer.checksum_crc32()),
            (ChecksumKind::Sha256, answer.checksum_sha256()),
        ];
        let checksums = checksums.into_iter().filter_map(|(sum, value)| Some((sum, value?.to_owned())));
        let is_encrypted = answer.sse_customer_algorithm().is_some()
            || answer.server_side_encryption().is_some_and(|kind| *kind != ServerSideEncryption::Aes256);
        Self {
            checksums: checksums.filter(|(_, value)| is_whole && !value.contains('-')).collect(),
            listed,
            answered: answer.e_tag().and_then(md5_of),
            is_encrypted,
        }
    }

    /// Verifies the whole object.
    ///
    /// # Errors
    /// What does not match, in words.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<(), String> {
        if let (Some(listed), Some(answered)) = (self.listed, self.answered)
            && listed != answered
        {
            let (listed, answered) = (hex(&listed), hex(&answered));
            return Err(format!("it was listed with the ETag {listed}, and came with {answered}"));
        }
        for (sum, kept) in &self.checksums {
            let found = sum.of(bytes);
            if found != *kept {
                let name = sum.name();
                return Err(format!(
                    "the {name} of the bytes that came is {found}, and the store keeps {kept}"
                ));
            }
        }
        let Some(etag) = self.listed.filter(|_| self.checksums.is_empty() && !self.is_encrypted) else {
            return Ok(());
        };
        let found: Md5Sum = Md5::digest(bytes).into();
        if found == etag {
            return Ok(());
        }
        let (found, etag) = (hex(&found), hex(&etag));
        Err(format!("the MD5 of the bytes that came is {found}, and the ETag {etag}"))
    }
}

/// The MD5 that an ETag may be: 32 hexadecimal digits. The ETag of several parts ends with `-` and their number.
pub(super) fn md5_of(etag: &str) -> Option<Md5Sum> {
    from_hex(etag.trim_start_matches("W/").trim_matches('"'))?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Check values of the CRC catalogue, in base64, and digests from RFC 1321 and FIPS 180.
    #[test]
    fn checksums_match_their_published_check_values() {
        let sums = [ChecksumKind::Crc32, ChecksumKind::Crc32c, ChecksumKind::Crc64Nvme]
            .map(|sum| sum.of(b"123456789"));
        let expected: [&[u8]; 3] = [
            &[0xcb, 0xf4, 0x39, 0x26],
            &[0xe3, 0x06, 0x92, 0x83],
            &[0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88],
        ];
        assert_eq!(sums, expected.map(|bytes| STANDARD.encode(bytes)));
        assert_eq!(ChecksumKind::Sha256.of(b""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }

    #[test]
    fn an_etag_is_a_checksum_if_it_is_an_md5() {
        let of = |etag: &str| GetObjectOutput::builder().e_tag(etag);
        let empty = md5_of("\"d41d8cd98f00b204e9800998ecf8427e\"");
        assert!(empty.is_some());
        let check = |answer: &GetObjectOutput, bytes: &[u8]| {
            ExpectedChecksums::new(answer, empty).check(bytes).is_ok()
        };
        let plain = of("d41d8cd98f00b204e9800998ecf8427e").build();
        assert!(check(&plain, b"") && !check(&plain, b"x"));
        assert!(!check(&of("\"00000000000000000000000000000000\"").build(), b""));
        let encrypted =
            of("").server_side_encryption(ServerSideEncryption::AwsKms).checksum_crc32("AAAAAA==").build();
        assert!(check(&encrypted, b"") && !check(&encrypted, b"x"));
        let without = of("").server_side_encryption(ServerSideEncryption::AwsKms).build();
        assert!(check(&without, b"x"));
        let parts = of("").checksum_type(ChecksumType::Composite).checksum_crc32("AAAAAA==").build();
        assert!(check(&parts, b"") && !check(&parts, b"x"));
        for etag in ["", "\"d41d8cd98f00b204e9800998ecf8427e-2\"", "\"zz1d8cd98f00b204e9800998ecf8427e\""] {
            assert_eq!(md5_of(etag), None, "{etag}");
        }
    }
}
