//! The noisiest principals and accounts, by number of findings.

use super::enumeration::Enumeration;

/// Maximum number of noisy principals and accounts listed.
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
    /// Computed from the numbers of findings of all principals and accounts.
    pub(super) fn new(of: &Enumeration<'b>, of_principal: &[usize], of_account: &[usize]) -> Self {
        let noisy_principal = |(findings, index): (usize, usize)| {
            let (account, principal) = of.principals[index];
            NoisyPrincipal { account, principal, findings }
        };
        let noisy_account =
            |(findings, index): (usize, usize)| NoisyAccount { account: of.accounts[index], findings };
        let with_findings = |counts: &[usize]| counts.iter().filter(|count| **count > 0).count();
        Self {
            principal_count: with_findings(of_principal),
            principals: noisiest(of_principal, NOISY_NAMED).into_iter().map(noisy_principal).collect(),
            account_count: with_findings(of_account),
            accounts: noisiest(of_account, NOISY_NAMED).into_iter().map(noisy_account).collect(),
        }
    }
}

/// The `most` highest counts above 0 with their indices, the highest first; of equal ones, the first.
pub(super) fn noisiest(counts: &[usize], most: usize) -> Vec<(usize, usize)> {
    let mut named: Vec<(usize, usize)> = Vec::with_capacity(most + 1);
    for (index, &count) in counts.iter().enumerate() {
        let is_low = named.len() == most && named.last().is_some_and(|(lowest, _)| count <= *lowest);
        if count > 0 && !is_low {
            let place = named.partition_point(|(known, _)| *known >= count);
            named.insert(place, (count, index));
            named.truncate(most);
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noisiest_come_first_and_equal_ones_by_name() {
        assert_eq!(noisiest(&[0, 2, 2, 1], 10), [(2, 1), (2, 2), (1, 3)]);
        let many: Vec<usize> = (0..30).map(|index| 1 + index % 15).collect();
        assert_eq!(noisiest(&many, 3), [(15, 14), (15, 29), (14, 13)]);
        assert_eq!(noisiest(&[], 3), []);
    }
}
