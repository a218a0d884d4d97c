//! The evidence of an event: from its record, and as kept.

use std::borrow::Cow;

use super::{EventId, SharedTexts, Text};
use crate::names::named;
use crate::time::Timestamp;

/// Declares the texts of evidence once each: meaning, name, and type in an incoming record.
///
/// They are saved and compared in this order. `rare` texts, which few sightings have, are stored apart, because an archive of
/// many principals is full of sightings.
macro_rules! evidence_texts {
    ($(#[doc = $about:literal] $(common $common:ident)? $(rare $rare:ident)?: $incoming:ty,)+) => {
        /// The evidence of an event, from its record.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Evidence<'a> {
            /// `eventID` or `auditID`; empty if the record has none.
            pub event_id: &'a str,
            /// The stage of the request. CloudTrail records are of complete requests.
            pub stage: Stage,
            $(#[doc = $about] pub $($common)? $($rare)?: Option<$incoming>,)+
        }

        /// The texts of the evidence of a kept sighting.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct SightingTexts {
            $($($common: Option<Text>,)?)+
            rare: Option<Box<RareTexts>>,
        }

        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        struct RareTexts {
            $($($rare: Option<Text>,)?)+
        }

        impl Evidence<'_> {
            /// Its texts in order. An empty one counts as absent.
            pub fn texts(&self) -> [Option<&str>; SightingTexts::COUNT] {
                [$(self.$($common)? $($rare)?.as_deref()),+].map(|text| text.filter(|text| !text.is_empty()))
            }
        }

        impl SightingTexts {
            /// Number of texts.
            pub const COUNT: usize = [$(stringify!($($common)? $($rare)?)),+].len();

            /// The place of [`Evidence::issued`], the last one.
            const ISSUED: usize = Self::COUNT - 1;

            /// Makes one from its texts in order.
            pub fn new(texts: [Option<Text>; Self::COUNT]) -> Self {
                let [$($($common)? $($rare)?),+] = texts;
                let rare = RareTexts { $($($rare,)?)+ };
                let rare = (rare != RareTexts::default()).then(|| Box::new(rare));
                Self { $($($common,)?)+ rare }
            }
        }

        /// The texts of evidence, borrowed from wherever they are.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct EvidenceTexts<'a> {
            $(#[doc = $about] pub $($common)? $($rare)?: Option<&'a str>,)+
        }

        impl<'a> EvidenceTexts<'a> {
            /// Names texts that come in order.
            pub fn new(texts: [Option<&'a str>; SightingTexts::COUNT]) -> Self {
                let [$($($common)? $($rare)?),+] = texts;
                Self { $($($common)? $($rare)?),+ }
            }
        }

        impl Sighting {
            /// Its texts in order, each with its name.
            pub const TEXTS: [(&'static str, fn(&Self) -> Option<&str>); SightingTexts::COUNT] =
                [$((stringify!($($common)? $($rare)?), Self::$($common)? $($rare)?)),+];

            $(#[doc = $about]
            pub fn $($common)? $($rare)?(&self) -> Option<&str> {
                $(self.texts.$common.as_deref())?
                $(self.texts.rare.as_ref()?.$rare.as_deref())?
            })+
        }
    };
}

evidence_texts! {
    /// `awsRegion`
    common region: &'a str,
    /// Where the call came from: an address, a service name or `AWS Internal`.
    common source_ip: &'a str,
    /// `userAgent`
    common user_agent: &'a str,
    /// `errorCode`, or the reason of a status.
    rare error_code: Cow<'a, str>,
    /// Access key the call was signed with.
    common access_key_id: &'a str,
    /// Session name of the role or federated session; the pod that uses a service account.
    common session_name: &'a str,
    /// Unique id of the IAM identity that acted.
    common principal_id: &'a str,
    /// The real user, if the call was made as another.
    rare impersonated_by: Cow<'a, str>,
    /// The URI of a request to a Kubernetes cluster. For a call on behalf of an IAM Identity Center user: that user.
    rare detail: Cow<'a, str>,
    /// Addresses from which a request to a cluster was passed on to [`Self::source_ip`], as the client or its proxies claim.
    rare forwarded_for: Cow<'a, str>,
    /// What the call issued: the id of the access key that it returned, or the user or role that it created or opened.
    rare issued: Cow<'a, str>,
}

impl SightingTexts {
    /// Keeps the texts of evidence, shared with those of other sightings. What a call issued is not shared: each call issues something
    /// else.
    pub fn keep(evidence: &Evidence<'_>, shared: &mut SharedTexts) -> Self {
        let texts = evidence.texts();
        Self::new(std::array::from_fn(|place| {
            let text = texts[place]?;
            Some(if place == Self::ISSUED { text.into() } else { shared.get_in_row(place, text) })
        }))
    }
}

/// The evidence of a kept sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the call was completed.
    pub time: Timestamp,
    /// `eventID`; empty if the record has none.
    pub event_id: EventId,
    /// Number of the archive, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: Text,
    /// Index of the record in the object.
    pub record: u32,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// The stage of the request.
    pub stage: Stage,
    /// The other texts of its record.
    pub texts: SightingTexts,
}

named! {
    /// The stage at which a request was logged. Later stages have more information.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Stage {
        /// The response is complete.
        #[default]
        Complete = "ResponseComplete",
        /// The server failed to answer.
        Panic = "Panic",
        /// A long response has begun.
        Started = "ResponseStarted",
        /// The request was received; its result is not known.
        Received = "RequestReceived",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_shares_its_texts_except_what_was_issued() {
        let mut texts = SharedTexts::default();
        let kept = ["eu-west-1", "eu-west-2", "eu-west-1"].map(|region| {
            let (region, source_ip) = (Some(region), Some("eu-west-1"));
            let issued = Some(Cow::Borrowed("key"));
            SightingTexts::keep(&Evidence { region, source_ip, issued, ..Evidence::default() }, &mut texts)
        });
        let regions = kept.each_ref().map(|kept| kept.region.as_deref().unwrap());
        assert_eq!(regions, ["eu-west-1", "eu-west-2", "eu-west-1"]);
        assert!(std::ptr::eq(regions[0], regions[2]));
        assert!(std::ptr::eq(regions[0], kept[1].source_ip.as_deref().unwrap()));
        let issued = kept.each_ref().map(|kept| kept.rare.as_ref().unwrap().issued.as_deref().unwrap());
        assert_eq!(issued, ["key"; 3]);
        assert!(!std::ptr::eq(issued[0], issued[1]));
    }
}
