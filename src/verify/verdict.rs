//! The verdicts: plain data.

use std::collections::BTreeMap;

use super::names::log_place;
use crate::checksum::Checksum;
use crate::coverage::Coverage;
use crate::model::Text;
use crate::names::named;
use crate::time::Timestamp;

named! {
    /// What a verdict is about.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Subject {
        /// A digest.
        Digest = "digest",
        /// A log file.
        Log = "log",
        /// A period without digests of a trail.
        Period = "period",
    }
}

named! {
    /// The class of a verdict.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Class {
        /// It is what the digests say; [`Proof`] says what that is worth.
        Verified = "verified",
        /// It is not what the digests say.
        Mismatch = "mismatch",
        /// A digest names it, and it is not there.
        Absent = "absent",
        /// Its content could not be read.
        Unreadable = "unreadable",
        /// It is there, and no digest lists it.
        Unlisted = "unlisted",
        /// It is as listed, but only in digests that are themselves contradicted.
        Unvouched = "unvouched",
        /// No digest covers this period, and none claims to.
        Gap = "gap",
    }
}

impl Class {
    /// Whether the digests contradict what is there, or it could not be checked.
    pub const fn is_contradiction(self) -> bool {
        match self {
            Self::Mismatch | Self::Absent | Self::Unreadable | Self::Unvouched => true,
            Self::Verified | Self::Unlisted | Self::Gap => false,
        }
    }
}

named! {
    /// What the verdict [`Class::Verified`] is worth.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Proof {
        /// Nothing contradicts it; whoever can write the bucket could have made it so.
        Consistent = "consistent",
        /// A signature of CloudTrail proves it, given that the public keys are those of CloudTrail.
        Proven = "proven",
    }
}

named! {
    /// Why a verdict is as it is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Reason {
        /// A signature of it is valid.
        SignatureValid = "signature-valid",
        /// Its content has the hash that the digest that lists it, or the next digest, states.
        HashMatches = "hash-matches",
        /// The last digest before a gap or of its trail: no other states its hash, and no signature proves it.
        EndOfChain = "end-of-chain",
        /// Its content has another hash than the digest that lists it, or the next digest, states.
        HashDiffers = "hash-differs",
        /// The signature given for it is not valid.
        SignatureInvalid = "signature-invalid",
        /// The signature given for it is another than the next digest states, and no key can tell which of them is wrong: a digest has one.
        SignatureDiffers = "signature-differs",
        /// What it states of the digest before it is wrong: a valid signature proves that digest, or the signature that it carries
        /// does not fit the hash that it states.
        WrongStatement = "wrong-statement",
        /// Another digest continues the same chain or has the same key; nothing confirms this one.
        Fork = "fork",
        /// A genuine digest under the name of another.
        WrongPlace = "wrong-place",
        /// It has the name of a digest and is none.
        NotADigest = "not-a-digest",
        /// Bytes after the gzip member that CloudTrail wrote: another member.
        ExtraMember = "extra-member",
        /// Bytes after the gzip member that CloudTrail wrote.
        TrailingBytes = "trailing-bytes",
        /// The stored bytes could not be read or inflated.
        NotReadable = "not-readable",
        /// A digest names it, and nothing with its name or content is there.
        Missing = "missing",
        /// The digest that lists it is contradicted.
        DigestContradicted = "digest-contradicted",
        /// A digest covers the time of its delivery, and does not list it.
        LeftOut = "left-out",
        /// It was delivered after the last digest of its account and Region.
        AfterLastDigest = "after-last-digest",
        /// It was delivered before the first digest of its account and Region.
        BeforeFirstDigest = "before-first-digest",
        /// No digest covers the time of its delivery, though there are earlier and later ones.
        InGap = "in-gap",
        /// The digest of the time of its delivery is there, and could not be read.
        DigestUnreadable = "digest-unreadable",
        /// There is no digest of its account and Region, or its name does not say them.
        NoChain = "no-chain",
        /// The digests of this period are missing: the next one continues a chain.
        DigestsMissing = "digests-missing",
        /// The next digest starts a new chain, as after validation or logging was switched off.
        ChainRestarts = "chain-restarts",
        /// There is no later digest of this trail, while other trails have later ones.
        ChainEnds = "chain-ends",
    }
}

/// One verdict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Verdict {
    /// What it is about.
    pub subject: Subject,
    /// The class.
    pub class: Class,
    /// What [`Class::Verified`] is worth.
    pub proof: Option<Proof>,
    /// Why.
    pub reason: Reason,
    /// The archive of the object, from 1; `None` if it is not there.
    pub archive: Option<u32>,
    /// The path of the object below its archive; its key in S3 if it is not there. `None` for a period.
    pub object: Option<Text>,
    /// The end of the period that a digest covers, the delivery time of a log file, or the start of a period without digests.
    pub time: Option<Timestamp>,
    /// The end of a period without digests.
    pub until: Option<Timestamp>,
    /// The trail that it belongs to, as an index into [`Verification::chains`].
    pub chain: Option<u32>,
    /// The key of the digest that lists a log file, or that states the hash of a digest.
    pub stated_in: Option<Text>,
    /// The SHA-256 stated there.
    pub stated: Option<Checksum>,
    /// The SHA-256 of the content that is there.
    pub found: Option<Checksum>,
    /// The SHA-256 of the bytes of a log file as stored, if it was wanted: they are what the verdict is about.
    pub as_stored: Option<Checksum>,
    /// More, in words. May contain text from the archive: clean it before showing it.
    pub detail: Option<String>,
}

impl Verdict {
    /// Whether it says [`Reason::NoChain`] because the name of a log file does not say its account, Region and time.
    pub fn is_of_unplaced_log(&self) -> bool {
        self.reason == Reason::NoChain && self.object.as_deref().is_some_and(|path| log_place(path).is_none())
    }

    /// A verdict on something, without details.
    pub(super) fn new(subject: Subject, class: Class, reason: Reason) -> Self {
        Self {
            subject,
            class,
            proof: None,
            reason,
            archive: None,
            object: None,
            time: None,
            until: None,
            chain: None,
            stated_in: None,
            stated: None,
            found: None,
            as_stored: None,
            detail: None,
        }
    }
}

/// The digests of one trail in one account and Region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chain {
    /// The account.
    pub account: String,
    /// The Region whose log files are listed.
    pub region: String,
    /// The trail.
    pub trail: String,
    /// The home Region of the trail.
    pub home_region: String,
    /// Whether these list log files that the ordinary digests missed.
    pub is_backfill: bool,
}

/// A chain, and what was found of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSummary {
    /// Which chain.
    pub chain: Chain,
    /// Number of digests that are there.
    pub digests: u64,
    /// Those of them that are proven.
    pub proven: u64,
    /// The start of the first and the end of the last period covered.
    pub covered: Option<(Timestamp, Timestamp)>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Verification {
    /// All chains, in order.
    pub chains: Vec<ChainSummary>,
    /// All verdicts: by subject, then by chain and time for digests and periods, and by archive and path for log files.
    pub verdicts: Vec<Verdict>,
    /// The number of verdicts by subject, class and worth.
    pub counts: BTreeMap<(Subject, Class, Option<Proof>), u64>,
    /// The number of public keys given.
    pub keys: usize,
    /// Remarks about the answer. May contain text from the archive: clean it before showing it.
    pub remarks: Vec<String>,
    /// What was read.
    pub coverage: Coverage,
}

impl Verification {
    /// Whether anything is contradicted, or could not be checked.
    pub fn is_contradicted(&self) -> bool {
        self.counts.keys().any(|(_, class, _)| class.is_contradiction())
    }
}
