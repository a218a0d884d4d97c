//! The reasons of verdicts in words.

use crate::verify::{Reason, Verdict};

/// The reason of a verdict in words, as the rest of a sentence.
pub(super) fn reason(verdict: &Verdict) -> &'static str {
    match verdict.reason {
        Reason::SignatureValid => "its signature is valid",
        Reason::HashMatches => "its hash is the one stated",
        Reason::EndOfChain => "no other digest states its hash, and no signature proves it",
        Reason::HashDiffers => "its SHA-256 is not the one stated",
        Reason::SignatureInvalid => "the signature given for it is not valid",
        Reason::SignatureDiffers => "the signature given for it is not the one that the next digest states",
        Reason::WrongStatement => "what it states of the digest before it is wrong",
        Reason::Fork => "another digest continues the same chain, and nothing confirms this one",
        Reason::WrongPlace => "it is another digest under this name",
        Reason::NotADigest => "it is named like a digest but is not one",
        Reason::ExtraMember => "data was added to the file",
        Reason::TrailingBytes => "bytes were added to the file",
        Reason::NotReadable => "it could not be read",
        Reason::Missing => "a digest lists it, but it is missing",
        Reason::DigestContradicted => "it is as listed, but the digest that lists it is contradicted",
        Reason::LeftOut => "a digest covers the time of its delivery and does not list it",
        Reason::AfterLastDigest => "it was delivered after the last digest",
        Reason::BeforeFirstDigest => "it was delivered before the first digest",
        Reason::InGap => "it was delivered in a period without digests",
        Reason::DigestUnreadable => "the digest of the time of its delivery could not be read",
        Reason::NoChain if verdict.is_of_unplaced_log() => {
            "its name does not say its account, Region and time of delivery"
        }
        Reason::NoChain => "there are no digests of its account and Region, or none that can be relied on",
        Reason::DigestsMissing => "the digests of this period are missing",
        Reason::ChainRestarts => "the chain of digests starts anew",
        Reason::ChainEnds => "there are no later digests of this trail",
    }
}
