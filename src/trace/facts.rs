//! What is collected of an archive: every credential, the event that issued it, and a summary of its use.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Credential, EventPlace, Holder, Issuance};
use crate::model::{Arn, Text, is_temporary_key};
use crate::time::Timestamp;

/// How many networks of a credential are kept, and how many ARNs: an attacker may come from any number.
const NAMES_KEPT: usize = 32;

/// Everything collected.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The use of access keys, by their ids.
    pub(super) uses: HashMap<Text, Use>,
    /// The event that issued each credential.
    pub(super) issued: BTreeMap<Credential, Issuance>,
    /// The events that created users.
    pub(super) users: BTreeMap<CreatedUser, Issuance>,
    /// The credentials that the traced event used, or else issued.
    pub(super) of_event: BTreeSet<Credential>,
    /// Whether the traced event was met.
    pub(super) has_met_event: bool,
    /// Whether any record says that its credentials are of a console session, as those since version 1.08 do.
    pub(super) tells_console: bool,
    /// Objects that are not those that were indexed: archive and path.
    pub(super) changed: BTreeSet<(u32, Text)>,
}

/// A user that was created: account, name, time, and its id, which is empty if the event does not say it.
pub(super) type CreatedUser = (Text, Text, Timestamp, Text);

/// What was done with an access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The first event.
    pub first: EventPlace,
    /// Who made it.
    pub holder: Holder,
    /// Time of the last event.
    pub last: Timestamp,
    /// Whether the credentials are those of a console session.
    pub is_from_console: bool,
    /// Actions by name, without copies of records.
    pub actions: BTreeMap<Text, ActionUse>,
    /// Where the calls came from: networks, as in the dimension `network`.
    pub networks: Names,
    /// The ARNs of those who used it: more than one contradict each other.
    pub arns: Names,
}

/// How often an action was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionUse {
    /// Number of events.
    pub count: u64,
    /// Failed ones among them.
    pub errors: u64,
}

/// Names; of many only the first in sorted order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The names.
    pub kept: BTreeSet<Text>,
    /// Whether there are more.
    pub has_more: bool,
}

impl Names {
    /// Adds a name.
    pub(super) fn add(&mut self, name: Text) {
        self.kept.insert(name);
        if self.kept.len() > NAMES_KEPT {
            self.kept.pop_last();
            self.has_more = true;
        }
    }
}

impl Facts {
    /// The event that created the user for whom a long-term key or a password is: of several the last one before it. None if that
    /// user has another id than the one who used the key: a name can be given to another user later.
    pub(super) fn owner_created(&self, credential: &Credential) -> Option<&Issuance> {
        let is_of_session = matches!(credential, Credential::Key(key) if is_temporary_key(key));
        if is_of_session || matches!(credential, Credential::SignIn(_)) {
            return None;
        }
        let (account, name) = match (self.issued.get(credential), self.uses.get(credential.id())) {
            (Some(issuance), _) => {
                (issuance.account.clone(), issuance.issued_to.as_deref()?.strip_prefix("user/")?)
            }
            (None, used) => {
                let arn = Arn::parse(used?.holder.arn.as_deref()?)?;
                (arn.account.into(), arn.iam_name("user")?)
            }
        };
        let user =
            |micros| (account.clone(), Text::from(name), Timestamp::from_micros(micros), Text::from(""));
        let after = self.time(credential)?.micros().saturating_add(1);
        let (user, creation) = self.users.range(user(i64::MIN)..user(after)).next_back()?;
        let caller = self.uses.get(credential.id()).and_then(|used| used.holder.principal_id.as_ref());
        let is_another = caller.is_some_and(|caller| !user.3.is_empty() && *caller != user.3);
        (!is_another).then_some(creation)
    }
}

impl Use {
    /// Number of events, and of failed ones.
    pub fn counts(&self) -> ActionUse {
        self.actions.values().fold(ActionUse::default(), |sum, action| ActionUse {
            count: sum.count + action.count,
            errors: sum.errors + action.errors,
        })
    }
}
