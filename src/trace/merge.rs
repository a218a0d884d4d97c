//! Joins the facts of several workers. The result does not depend on which worker read what.

use super::counts::sum_up;
use super::earliest::keep;
use super::facts::{CreatedUser, Facts, Use};
use super::{Credential, Issuance};

impl Facts {
    /// Adds the facts of another worker.
    pub(super) fn merge(&mut self, other: Self) {
        for (key, more) in other.uses {
            match self.uses.get_mut(&key) {
                Some(known) => known.merge(more),
                None => {
                    self.uses.insert(key, more);
                }
            }
        }
        for (key, more) in other.cluster_uses {
            match self.cluster_uses.get_mut(&key) {
                Some(known) => known.merge(more),
                None => drop(self.cluster_uses.insert(key, more)),
            }
        }
        for (key, more) in other.status_changes {
            self.status_changes.entry(key).or_default().merge(more);
        }
        self.ended_passwords.extend(other.ended_passwords);
        for (credential, issuance) in other.issued {
            self.add_issuance(credential, issuance);
        }
        for (user, creation) in other.users {
            self.add_user(user, creation);
        }
        self.changed.extend(other.changed);
        self.of_event.extend(other.of_event);
        self.has_met_event |= other.has_met_event;
        self.has_met_request |= other.has_met_request;
        self.tells_console |= other.tells_console;
    }

    /// Adds the event that issued a credential. Of several, such as those in the logs of both accounts, the one that names the
    /// caller's access key counts, then the first.
    pub(super) fn add_issuance(&mut self, credential: Credential, issuance: Issuance) {
        keep(self.issued.entry(credential), issuance);
    }

    /// Adds the event that created a user.
    pub(super) fn add_user(&mut self, user: CreatedUser, creation: Issuance) {
        keep(self.users.entry(user), creation);
    }
}

impl Use {
    /// Adds the use of the same key in other objects.
    pub(super) fn merge(&mut self, other: Self) {
        if other.first < self.first {
            self.first = other.first;
            self.holder = other.holder;
            self.session = other.session;
        }
        self.last = self.last.max(other.last);
        self.is_from_console |= other.is_from_console;
        sum_up(&mut self.actions, other.actions);
        self.networks.merge(other.networks);
        self.arns.merge(other.arns);
    }
}
