//! Where credentials came from and went: who issued which key, session or password to whom, and what was done with it.
//!
//! A visitor collects facts (`facts`): every credential, the event that issued it, and a summary of its use. `links` decides by
//! which credential each one was issued, and `forest` selects those that belong to what is traced, as trees from the first
//! credential down. Memory grows with the number of credentials, not of events. Knows nothing of questions or output.

mod clusters;
mod contradiction;
mod counts;
mod earliest;
mod facts;
mod forest;
mod issuance;
mod links;
mod merge;
mod owner;
mod session;
mod start;
mod status;
mod timeline;
mod visitor;

use std::collections::BTreeSet;

use crate::checksum::IndexedObjects;
use crate::coverage::Coverage;
use crate::model::{ObservedPrincipal, Text, before_printing};
use crate::observe::Deduplicator;
use crate::scan::{Progress, ScanError, ScanSettings, Scanned, scan};
use crate::source::Archives;
use crate::time::Timestamp;
use facts::Facts;
use forest::Forest;
use links::Links;
use visitor::Tracer;

pub use clusters::ClusterUse;
pub use contradiction::Contradiction;
pub use counts::{ActionUse, Names};
pub use facts::Use;
pub use forest::TraceRow;
pub use owner::{IssuedKey, OwnerCreation};
pub use session::Session;
pub use status::{KeyStatus, StatusChanges};

/// What is traced.
#[derive(Clone, Copy, Debug)]
pub struct TraceQuestion<'q> {
    /// An access key id, a session (its ARN, `AROA…:session` or name), an event (its id) or a principal (its ARN, unique id or name).
    pub wanted: &'q str,
    /// Only credentials of these accounts are traced; of all if empty.
    pub accounts: &'q [String],
    /// How much of the trees is returned.
    pub limits: TraceLimits,
}

/// How much of the trees is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceLimits {
    /// How many levels below a traced credential; levels above it do not count.
    pub depth: u32,
    /// How many credentials in all.
    pub rows: usize,
}

/// Something that lets its holder act.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Credential {
    /// An access key, by its id.
    Key(Text),
    /// A sign-in to the console or to the portal of Identity Center, by its event.
    SignIn(Text),
    /// A password that an event set.
    Password(Text),
}

impl Credential {
    /// Its published kind.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Key(_) => "access-key",
            Self::SignIn(_) => "sign-in",
            Self::Password(_) => "password",
        }
    }

    /// The id of the access key, or of the event.
    pub const fn id(&self) -> &Text {
        match self {
            Self::Key(id) | Self::SignIn(id) | Self::Password(id) => id,
        }
    }
}

/// The place and time of an event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventPlace {
    /// When it was completed.
    pub time: Timestamp,
    /// `eventID`; empty if the record has none.
    pub event_id: Text,
    /// Which of the archives, counted from 1.
    pub archive: u32,
    /// Path of its object below the archive's root.
    pub object: Text,
    /// Index of the record there.
    pub record: u32,
}

/// Who holds or issues a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The principal under the default key.
    pub who: ObservedPrincipal,
    /// The ARN as the record has it: of a session, that of the session.
    pub arn: Option<Text>,
    /// `principalId`: of a session `AROA…:session`.
    pub principal_id: Option<Text>,
    /// The name of the session.
    pub session: Option<Text>,
    /// The service that made the call (`invokedBy`).
    pub service: Option<Text>,
}

/// The event that issued a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// The event.
    pub event: EventPlace,
    /// `eventSource:eventName`
    pub action: Text,
    /// The account whose log has it.
    pub account: Text,
    /// Who called.
    pub caller: Holder,
    /// The access key of the call.
    pub caller_key: Option<Text>,
    /// When the session of the caller was created, if the record says so; of calls with an access key, only that of sign-ins.
    pub caller_session: Option<Timestamp>,
    /// For whom it was issued: the ARN of a session, role or user, or `user/NAME`.
    pub issued_to: Option<Text>,
    /// The unique id of that session, `AROA…:session`, if the record has it.
    pub issued_to_id: Option<Text>,
    /// What leads to the credential before it, if there is no key: see [`Via`].
    pub via: Via,
    /// When it expires, if the event says so.
    pub expires: Option<Timestamp>,
}

/// What leads to an earlier credential, besides the access key of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// Nothing.
    #[default]
    Nothing,
    /// Whoever switched to the role in the console: the ARN of that identity.
    Switch(Text),
    /// The portal of Identity Center: account and permission set of the session.
    Portal(Text, Text),
}

/// Why a credential is the first of its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A long-term key whose creation is not in the archive.
    LongTermKey,
    /// A sign-in with a password, or in another way that no record in the archive issued.
    SignIn,
    /// A service issued it by itself.
    Service(Text),
    /// Its caller proved its identity to an identity provider.
    Federated,
    /// Its caller is in an account whose log is not in the archive, or is redacted.
    OtherAccount,
    /// Its caller used no credential that the archive knows.
    UnknownCaller,
    /// Credentials of an instance, which the archive does not have the event for.
    Instance(Text),
    /// A session whose issuing event is not in the archive.
    NotIssuedHere,
    /// It was issued by a credential that it issued itself, as far as records can be believed.
    Circular,
}

/// What a trace found.
#[derive(Debug)]
pub struct Traced {
    /// The credentials, each after the one that issued it.
    pub rows: Vec<TraceRow>,
    /// How many credentials match what is traced.
    pub matched: usize,
    /// Their accounts: several if a name is given in several.
    pub accounts: BTreeSet<Text>,
    /// How many more belong to the trees.
    pub left_out: u64,
    /// Whether an event with the traced id was found, though it used and issued no credential.
    pub is_event_without_credential: bool,
    /// Whether that event is a request to a cluster.
    pub is_request_to_cluster: bool,
    /// Objects that were read and are not those that were indexed: which of the archives, and the path.
    pub changed: Vec<(u32, Text)>,
    /// Archive and path of every listed object, if any are known that were indexed.
    pub listed: Vec<(u32, Text)>,
    /// What was read, skipped and lost.
    pub coverage: Coverage,
}

/// Traces credentials back to the first one, and on to everything that was issued with them. Objects are compared with those that were
/// indexed, if any are known.
///
/// # Errors
/// Same as [`scan`].
pub fn trace(
    archives: &Archives,
    settings: &ScanSettings,
    question: &TraceQuestion<'_>,
    indexed: &IndexedObjects,
    progress: &dyn Progress,
) -> Result<Traced, ScanError> {
    let settings = &ScanSettings { checksums: !indexed.is_empty(), ..*settings };
    let deduplicator = Deduplicator::default();
    // What nothing has as it is may be as it was printed.
    let names: Vec<String> =
        std::iter::once(question.wanted.to_owned()).chain(before_printing(question.wanted)).collect();
    let visitor = |number| Tracer::new(number, &names, archives, (&deduplicator, indexed));
    let Scanned { visitors, mut listing, .. } = scan(archives, settings, &visitor, progress)?;
    let collected: Vec<_> = visitors.into_iter().map(Tracer::collected).collect();
    let duplicates = deduplicator.finish();
    let mut coverage = std::mem::take(&mut listing.coverage);
    let listed = if indexed.is_empty() { Vec::new() } else { listing.into_paths() };
    // Every stage of a request to a cluster is a record that counts.
    let of_clusters: u64 = collected.iter().map(|worker| worker.copies_in_clusters(&duplicates)).sum();
    let copies = duplicates.duplicates - of_clusters;
    coverage.records.counted -= copies;
    coverage.records.duplicates += copies;
    let mut facts = Facts::default();
    for worker in collected {
        facts.merge(worker.into_facts(&duplicates));
    }
    coverage.sort();
    let starts = names.iter().map(|name| facts.starts(name, question.accounts));
    let starts = starts.into_iter().find(|starts| !starts.is_empty()).unwrap_or_default();
    let accounts = starts.iter().filter_map(|start| facts.account(start)).map(Text::from).collect();
    let links = Links::new(&facts);
    let Forest { rows, left_out } = Forest::new(&facts, &links, &starts, question.limits);
    let is_event_without_credential = facts.has_met_event;
    let is_request_to_cluster = facts.has_met_request;
    let changed = facts.changed.into_iter().collect();
    let matched = starts.len();
    Ok(Traced {
        rows,
        matched,
        accounts,
        left_out,
        is_event_without_credential,
        is_request_to_cluster,
        changed,
        listed,
        coverage,
    })
}
