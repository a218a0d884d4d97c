//! What records say of the use of a credential that the event which issued or ended it contradicts. One of them is forged, wrong or missing,
//! or the id of the key was used again.

use super::{ClusterUse, Issuance, KeyStatus, StatusChanges, Use};
use crate::model::{Arn, Text, last_part};
use crate::time::{Span, Timestamp};

/// How far the clocks of services may differ, and how long a change may take to have effect everywhere.
const TOLERANCE: Span = Span::minutes(5);

/// A contradiction between the use of a credential and the event that issued it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// It was used before it was issued.
    UsedBeforeIssued,
    /// Its first record says that its session was created before it was issued, at this time.
    CreatedBeforeIssued(Timestamp),
    /// It was used after it had been deleted, at this time.
    UsedAfterDeletion(Timestamp),
    /// It was used after it had been made inactive, at this time, and not active again.
    UsedWhileInactive(Timestamp),
    /// It was used after it had expired, at this time.
    UsedAfterExpiry(Timestamp),
    /// It was used by somebody for whom it was not issued: the first of these ARNs.
    UsedByAnother(Text),
    /// It was used by several: two of the ARNs. The event that issued it does not say for whom.
    UsedBySeveral(Text, Text),
}

impl Contradiction {
    /// Its published name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UsedBeforeIssued => "used-before-issued",
            Self::CreatedBeforeIssued(_) => "created-before-issued",
            Self::UsedAfterDeletion(_) => "used-after-deletion",
            Self::UsedWhileInactive(_) => "used-while-inactive",
            Self::UsedAfterExpiry(_) => "used-after-expiry",
            Self::UsedByAnother(_) => "used-by-another",
            Self::UsedBySeveral(..) => "used-by-several",
        }
    }
}

/// The contradictions of a credential: that it was used, also in clusters, before or after it could be, and those of its use in AWS.
pub(super) fn contradictions(
    issuance: Option<&Issuance>,
    (used, in_clusters): (Option<&Use>, Option<&ClusterUse>),
    changes: Option<&StatusChanges>,
) -> Vec<Contradiction> {
    let firsts = [used.map(|used| used.first.time), in_clusters.map(|used| used.first.time)];
    let first = firsts.into_iter().flatten().min();
    let last = used.map(|used| used.last).max(in_clusters.map(|used| used.last));
    let before = issuance.zip(first).filter(|(issuance, first)| first.plus(TOLERANCE) < issuance.event.time);
    let expires = issuance.and_then(|issuance| issuance.expires);
    let after = expires.zip(last).filter(|(expires, last)| *last > expires.plus(TOLERANCE));
    let created = used.and_then(|used| created_before(issuance?, used));
    let found = [
        before.map(|_| Contradiction::UsedBeforeIssued),
        created.map(Contradiction::CreatedBeforeIssued),
        after.map(|(expires, _)| Contradiction::UsedAfterExpiry(expires)),
    ];
    let by_others = used.and_then(|used| use_by_others(issuance, used));
    let ended = changes.zip(last).and_then(|(changes, last)| use_after_end(changes, last));
    found.into_iter().flatten().chain(by_others).chain(ended).collect()
}

/// When the session of a use was created, if that was before its credential was issued.
fn created_before(issuance: &Issuance, used: &Use) -> Option<Timestamp> {
    used.session.created.filter(|created| created.plus(TOLERANCE) < issuance.event.time)
}

/// What a last use contradicts in the changes of a key, if anything. Earlier uses are not compared: only the first and the last are kept.
fn use_after_end(changes: &StatusChanges, last: Timestamp) -> Option<Contradiction> {
    let is_used_after = |time: &Timestamp| last > time.plus(TOLERANCE);
    let mut by_time = changes.iter().map(|(status, event)| (status, event.event.time));
    let deleted = by_time.find(|(status, _)| *status == KeyStatus::Deleted).map(|(_, time)| time);
    let inactive = changes.iter().rev().take_while(|(status, _)| *status != KeyStatus::Active).last();
    let deleted = deleted.filter(is_used_after).map(Contradiction::UsedAfterDeletion);
    let inactive = inactive.map(|(_, event)| event.event.time).filter(is_used_after);
    deleted.or(inactive.map(Contradiction::UsedWhileInactive))
}

/// Whether somebody used a credential for whom it was not issued, or several did.
fn use_by_others(issuance: Option<&Issuance>, used: &Use) -> Option<Contradiction> {
    let is_another = |arn: &&Text| issuance.and_then(|issuance| is_for(issuance, arn)) == Some(false);
    let another = used.arns.kept.iter().find(is_another).map(|arn| Contradiction::UsedByAnother(arn.clone()));
    let mut arns = used.arns.kept.iter();
    another.or_else(|| {
        let (one, other) = arns.next().zip(arns.next())?;
        Some(Contradiction::UsedBySeveral(one.clone(), other.clone()))
    })
}

/// Whether a credential was issued for an ARN, if the event says for whom. The ARN of a session does not have the path of its role.
fn is_for(issuance: &Issuance, arn: &str) -> Option<bool> {
    let to = issuance.issued_to.as_deref()?;
    let by = Arn::parse(arn)?;
    if let Some(name) = to.strip_prefix("user/") {
        return Some(by.account == &*issuance.account && by.iam_name("user") == Some(name));
    }
    let to_arn = Arn::parse(to)?;
    Some(match to_arn.iam_name("role") {
        Some(role) => {
            let session = by.assumed_role().map(|(role, _)| last_part(role));
            by.account == to_arn.account && session == Some(role)
        }
        None => to == arn,
    })
}
