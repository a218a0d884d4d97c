//! The subject of a row or a group of rows.

use crate::baseline::{Baseline, Behaviour};
use crate::model::PrincipalKind;
use crate::names::named;

named! {
    /// How an answer is grouped.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub enum By {
        /// One group for each account, with its principals combined.
        Account = "account",
        /// One group for each principal. The default.
        #[default]
        Principal = "principal",
        /// One group for each action.
        Action = "action",
    }
}

/// The account, principal and action that are fixed; the others are `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject<'b> {
    /// The account; `-` if the records name none.
    pub account: Option<&'b str>,
    /// The principal in its account, and its kind.
    pub principal: Option<(&'b str, PrincipalKind)>,
    /// `eventSource:eventName`
    pub action: Option<&'b str>,
}

impl<'b> Subject<'b> {
    /// The subject that all behaviours of a group share, given one of them.
    pub(super) fn group(baseline: &'b Baseline, by: By, behaviour: &Behaviour) -> Self {
        let whole = Self::behaviour(baseline, behaviour);
        match by {
            By::Account => Self { account: whole.account, ..Self::default() },
            By::Principal => Self { action: None, ..whole },
            By::Action => Self { action: whole.action, ..Self::default() },
        }
    }

    /// The subject that all behaviours of a row share: for an account the action, else everything.
    pub(super) fn row(baseline: &'b Baseline, by: By, behaviour: &Behaviour) -> Self {
        let whole = Self::behaviour(baseline, behaviour);
        if by == By::Account { Self { principal: None, ..whole } } else { whole }
    }

    fn behaviour(baseline: &'b Baseline, behaviour: &Behaviour) -> Self {
        let principal = &baseline.principals[behaviour.principal as usize];
        Self {
            account: Some(&principal.account),
            principal: Some((&principal.key, principal.kind)),
            action: Some(&baseline.actions[behaviour.action as usize]),
        }
    }
}

/// The number of each principal's account, in the order of accounts.
pub(super) fn account_numbers(baseline: &Baseline) -> Vec<u32> {
    let mut number = 0;
    let same = baseline.principals.chunk_by(|left, right| left.account == right.account);
    let numbers = same.flat_map(|account| {
        number += 1;
        std::iter::repeat_n(number - 1, account.len())
    });
    numbers.collect()
}
