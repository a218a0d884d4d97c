//! Who makes the noise: principals and accounts by their findings.

use std::cmp::Reverse;

use super::enumeration::{Enumeration, Noted};

/// So many noisy principals and accounts are named.
pub const NOISY_NAMED: usize = 10;

/// Principals and accounts with findings, the noisiest first; equal ones by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noise<'b> {
    /// How many principals have findings.
    pub principal_count: usize,
    /// The first [`NOISY_NAMED`] of them.
    pub principals: Vec<NoisyPrincipal<'b>>,
    /// How many accounts have findings.
    pub account_count: usize,
    /// The first [`NOISY_NAMED`] of them.
    pub accounts: Vec<NoisyAccount<'b>>,
}

/// A principal with its findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoisyPrincipal<'b> {
    /// Account of the principal; `-` if unknown.
    pub account: &'b str,
    /// The principal in its account.
    pub principal: &'b str,
    /// Number of its findings.
    pub findings: usize,
}

/// An account with the findings of its principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoisyAccount<'b> {
    /// The account; `-` if unknown.
    pub account: &'b str,
    /// Number of its findings.
    pub findings: usize,
}

impl<'b> Noise<'b> {
    pub(super) fn new(of: &Enumeration<'b>, reported: &[&Noted]) -> Self {
        let principals = ranked(of.principals.len(), reported.iter().map(|noted| noted.principal));
        let accounts = ranked(of.accounts.len(), reported.iter().map(|noted| noted.account));
        let noisy_principal = |&(findings, index): &(usize, usize)| {
            let (account, principal) = of.principals[index];
            NoisyPrincipal { account, principal, findings }
        };
        let noisy_account =
            |&(findings, index): &(usize, usize)| NoisyAccount { account: of.accounts[index], findings };
        Self {
            principal_count: principals.len(),
            principals: principals.iter().take(NOISY_NAMED).map(noisy_principal).collect(),
            account_count: accounts.len(),
            accounts: accounts.iter().take(NOISY_NAMED).map(noisy_account).collect(),
        }
    }
}

/// Counts and numbers of those that occur; the first [`NOISY_NAMED`] of them in their order, the others in any.
fn ranked(names: usize, occurrences: impl Iterator<Item = u32>) -> Vec<(usize, usize)> {
    let mut counts = vec![0; names];
    for index in occurrences {
        counts[index as usize] += 1;
    }
    let mut ranked: Vec<(usize, usize)> =
        counts.into_iter().zip(0..).filter(|(findings, _)| *findings > 0).collect();
    let order = |&(findings, index): &(usize, usize)| (Reverse(findings), index);
    if ranked.len() > NOISY_NAMED {
        ranked.select_nth_unstable_by_key(NOISY_NAMED, order);
    }
    let named = ranked.len().min(NOISY_NAMED);
    ranked[..named].sort_unstable_by_key(order);
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noisiest_come_first_and_equal_ones_by_name() {
        assert_eq!(ranked(4, [3, 1, 1, 2, 2].into_iter()), [(2, 1), (2, 2), (1, 3)]);
        let many = (0..30_u32).flat_map(|index| vec![index; 1 + index as usize % 15]);
        let first: Vec<_> = ranked(30, many).into_iter().take(3).collect();
        assert_eq!(first, [(15, 14), (15, 29), (14, 13)]);
    }
}
