//! The evidence of an event: as its record gives it, and as it is kept.

use std::borrow::Cow;

use super::{EventId, Text};
use crate::names::named;
use crate::time::Timestamp;

/// Declares the texts of evidence, each once: its meaning, its name, and its type in a record that comes in.
///
/// Their order is that in which they are saved and compared. Few sightings have a `rare` text; these stand apart once they are
/// kept, because an archive of many principals is full of sightings.
macro_rules! evidence_texts {
    ($(#[doc = $about:literal] $(common $common:ident)? $(rare $rare:ident)?: $incoming:ty,)+) => {
        /// The proof of an event, as its record gives it.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Evidence<'a> {
            /// `eventID` or `auditID`; empty if the record has none.
            pub event_id: &'a str,
            /// How far the request had come. Records of CloudTrail tell of complete ones.
            pub stage: Stage,
            $(#[doc = $about] pub $($common)? $($rare)?: Option<$incoming>,)+
        }

        /// The texts of the evidence of a sighting that is kept.
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
            /// Its texts in their order. An empty one counts as absent.
            pub fn texts(&self) -> [Option<&str>; SightingTexts::COUNT] {
                [$(self.$($common)? $($rare)?.as_deref()),+].map(|text| text.filter(|text| !text.is_empty()))
            }
        }

        impl SightingTexts {
            /// Number of texts.
            pub const COUNT: usize = [$(stringify!($($common)? $($rare)?)),+].len();

            /// Texts that are given in their order.
            pub fn new(texts: [Option<Text>; Self::COUNT]) -> Self {
                let [$($($common)? $($rare)?),+] = texts;
                let rare = RareTexts { $($($rare,)?)+ };
                let rare = (rare != RareTexts::default()).then(|| Box::new(rare));
                Self { $($($common,)?)+ rare }
            }
        }

        impl Sighting {
            /// Its texts in their order, each with its name.
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
    /// Who really acted, if it was in another's name.
    rare impersonated_by: Cow<'a, str>,
    /// The URI of a request to a Kubernetes cluster. Of a call made for a person of IAM Identity Center: who that is.
    rare detail: Cow<'a, str>,
}

/// The evidence of a sighting that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the call was completed.
    pub time: Timestamp,
    /// `eventID`; empty if the record has none.
    pub event_id: EventId,
    /// Which of the given archives, counted from 1.
    pub archive: u32,
    /// Path of the log object below the archive's root.
    pub object: Text,
    /// Index of the record in the object.
    pub record: u32,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether the call only read, if the record says so.
    pub read_only: Option<bool>,
    /// How far the request had come.
    pub stage: Stage,
    /// What else its record tells.
    pub texts: SightingTexts,
}

named! {
    /// How far a request had come when it was logged; the later, the more is known of it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Stage {
        /// It has been answered.
        #[default]
        Complete = "ResponseComplete",
        /// Answering it went wrong.
        Panic = "Panic",
        /// The answer has begun, and is a long one.
        Started = "ResponseStarted",
        /// It has come in. How it went on is not known.
        Received = "RequestReceived",
    }
}
