//! Which ARN belongs to a unique IAM id, according to records or an inventory.
//!
//! Some records name a caller only by its id (`AIDA…`, `AROA…`): those in other accounts' logs and of services. Others show the id
//! beside the ARN. The archive as a whole then proves whom the bare id names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::Text;

/// The ARNs that each unique id was seen beside. Grows only with the number of ids: of several ARNs for one id two are kept,
/// since they prove nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityLinks {
    /// By account and unique id.
    accounts: BTreeMap<Text, BTreeMap<Text, Arns>>,
}

/// The first ARN of an id in sorted order, and the second if there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arns {
    first: Text,
    second: Option<Text>,
}

impl IdentityLinks {
    /// Notes that this id of this account was seen beside this ARN, in a record or in an IAM inventory.
    ///
    /// ```
    /// use firstseen::observe::IdentityLinks;
    ///
    /// let mut links = IdentityLinks::default();
    /// links.add("111122223333", "AROAEXAMPLE1", "arn:aws:iam::111122223333:role/ci/Deploy");
    /// assert_eq!(links.arn("111122223333", "AROAEXAMPLE1"), Some("arn:aws:iam::111122223333:role/ci/Deploy"));
    /// // The user was renamed: who of the two is meant nobody can say.
    /// links.add("111122223333", "AROAEXAMPLE1", "arn:aws:iam::111122223333:role/Deploy");
    /// assert_eq!(links.arn("111122223333", "AROAEXAMPLE1"), None);
    /// ```
    pub fn add(&mut self, account: &str, unique_id: &str, arn: &str) {
        self.share(account, unique_id, &arn.into());
    }

    /// The same for a shared text; returns a shared text equal to the id.
    pub(super) fn share(&mut self, account: &str, unique_id: &str, arn: &Text) -> Text {
        if !self.accounts.contains_key(account) {
            self.accounts.insert(account.into(), BTreeMap::new());
        }
        let id = Text::from(unique_id);
        let Some(ids) = self.accounts.get_mut(account) else { return id };
        match ids.entry(id) {
            Entry::Occupied(mut known) => {
                known.get_mut().add(arn);
                known.key().clone()
            }
            Entry::Vacant(free) => {
                let id = free.key().clone();
                free.insert(Arns { first: arn.clone(), second: None });
                id
            }
        }
    }

    /// Adds other links. Commutative and associative.
    pub fn merge(&mut self, other: Self) {
        for (account, ids) in other.accounts {
            let into = self.accounts.entry(account).or_default();
            for (id, arns) in ids {
                match into.get_mut(&id) {
                    Some(known) => {
                        [Some(arns.first), arns.second].iter().flatten().for_each(|arn| known.add(arn))
                    }
                    None => {
                        into.insert(id, arns);
                    }
                }
            }
        }
    }

    /// The ARN of a unique id, if it was seen beside exactly one.
    pub fn arn(&self, account: &str, unique_id: &str) -> Option<&str> {
        self.accounts.get(account)?.get(unique_id)?.only()
    }

    /// Account, unique id and ARN of each link, in order. A contradictory id comes twice.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.ids().flat_map(|(account, id, arns)| arns.all().map(move |arn| (account, id, arn)))
    }

    /// The same without contradictory ids.
    pub fn certain(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.ids().filter_map(|(account, id, arns)| Some((account, id, arns.only()?)))
    }

    fn ids(&self) -> impl Iterator<Item = (&str, &str, &Arns)> {
        let accounts = self.accounts.iter();
        accounts.flat_map(|(account, ids)| ids.iter().map(move |(id, arns)| (&**account, &**id, arns)))
    }

    /// Whether nothing is proven.
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }
}

impl Arns {
    fn only(&self) -> Option<&str> {
        self.second.is_none().then_some(&*self.first)
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        [Some(&*self.first), self.second.as_deref()].into_iter().flatten()
    }

    /// Of all ARNs ever added, the two that sort first are kept, in whatever order they are added.
    fn add(&mut self, arn: &Text) {
        if *arn == self.first {
            return;
        }
        if *arn < self.first {
            self.second = Some(std::mem::replace(&mut self.first, arn.clone()));
        } else if self.second.as_ref().is_none_or(|second| arn < second) {
            self.second = Some(arn.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(arns: &[&str]) -> IdentityLinks {
        let mut links = IdentityLinks::default();
        arns.iter().for_each(|arn| links.add("1", "AIDAEXAMPLE", arn));
        links
    }

    #[test]
    fn proofs_do_not_depend_on_the_order_of_adding_and_merging() {
        let all = of(&["a", "b", "c", "d"]);
        for order in [["d", "c", "b", "a"], ["b", "d", "a", "c"], ["c", "a", "d", "b"]] {
            assert_eq!(of(&order), all);
            let [w, x, y, z] = order;
            let mut merged = of(&[w, x]);
            merged.merge(of(&[y, z]));
            assert_eq!(merged, all);
        }
        assert_eq!(all.iter().map(|(_, _, arn)| arn).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(all.certain().count(), 0);
    }

    #[test]
    fn an_id_is_proven_only_in_its_account() {
        let links = of(&["a", "a"]);
        assert_eq!(links.arn("1", "AIDAEXAMPLE"), Some("a"));
        assert_eq!((links.arn("2", "AIDAEXAMPLE"), links.arn("1", "AIDAOTHER1")), (None, None));
    }
}
