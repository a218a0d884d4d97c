//! What the user says matters: own networks, and assets such as principals, roles, actions and matches of rules. Off by default.

use std::borrow::Borrow;

use thiserror::Error;

use super::{EpisodeFinding, KnownAsset, Part, Reason, Weights};
use crate::model::{AddressRange, AddressRangeError, Dimension, RuleMetadata};
use crate::names::shortened;
use crate::query::{Finding, FindingKind, Pattern, PatternError};

/// The user's own list. Empty lists say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownAssets {
    /// Own networks: calls from other addresses are foreign.
    pub networks: Vec<AddressRange>,
    /// Principals that matter, such as emergency accounts.
    pub principals: Vec<Pattern>,
    /// Roles that matter: as principals, and as roles that a call assumes.
    pub roles: Vec<Pattern>,
    /// Actions that matter.
    pub actions: Vec<Pattern>,
    /// Rules that matter, such as one about reads of a certain secret: each event that one matches counts as a finding.
    pub rules: Vec<Pattern>,
}

/// An entry that cannot be added to a list.
#[derive(Debug, Error)]
pub enum KnownAssetError {
    /// There is no list with this name.
    #[error("'{0}' is not a list of known assets")]
    Unknown(String),
    /// Not a range of addresses.
    #[error(transparent)]
    Network(#[from] AddressRangeError),
    /// Not a glob.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl KnownAssets {
    /// The names of the lists.
    pub const LISTS: &'static [&'static str] = &["networks", "principals", "roles", "actions", "rules"];

    /// Adds an entry to a list by its name: a range of addresses to `networks`, a glob to the others.
    ///
    /// # Errors
    /// If there is no list with this name, or if the entry is not of its form.
    pub fn add(&mut self, list: &str, entry: &str) -> Result<(), KnownAssetError> {
        let patterns = match list {
            "networks" => {
                self.networks.push(entry.parse()?);
                return Ok(());
            }
            "principals" => &mut self.principals,
            "roles" => &mut self.roles,
            "actions" => &mut self.actions,
            "rules" => &mut self.rules,
            _ => return Err(KnownAssetError::Unknown(shortened(list).into_owned())),
        };
        patterns.push(entry.parse()?);
        Ok(())
    }

    /// The number of entries of each list that has any.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let Self { networks, principals, roles, actions, rules } = self;
        let counts = [networks.len(), principals.len(), roles.len(), actions.len(), rules.len()];
        Self::LISTS.iter().copied().zip(counts).filter(|(_, count)| *count > 0)
    }

    /// The entries of `rules` that are not among these rules.
    pub fn rules_not_among<'a>(
        &'a self,
        rules: &'a [impl Borrow<RuleMetadata>],
    ) -> impl Iterator<Item = &'a Pattern> {
        let is_found = |pattern: &Pattern| rules.iter().any(|rule| pattern.matches_rule(rule.borrow()));
        self.rules.iter().filter(move |pattern| !is_found(pattern))
    }

    /// The entries of `rules` that name only rules that report nothing of their own, since they serve correlations.
    pub fn rules_without_reports<'a>(
        &'a self,
        rules: &'a [impl Borrow<RuleMetadata>],
    ) -> impl Iterator<Item = &'a Pattern> {
        let is_silent = |pattern: &&Pattern| {
            let mut named =
                rules.iter().map(Borrow::borrow).filter(|rule| pattern.matches_rule(rule)).peekable();
            named.peek().is_some() && named.all(|rule| !rule.reports)
        };
        self.rules.iter().filter(is_silent)
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a rule is in the list.
    pub(super) fn names_rule(&self, rule: &RuleMetadata) -> bool {
        self.rules.iter().any(|pattern| pattern.matches_rule(rule))
    }

    /// The part of a score for the entries that apply to an episode, if there are any.
    pub(super) fn part<'b>(&self, of_episode: &[EpisodeFinding<'b>], weights: &Weights) -> Option<Part<'b>> {
        let mut assets: Vec<KnownAsset> = Vec::new();
        let findings = || of_episode.iter().map(|one| &one.finding);
        if let Some(address) = of_episode.iter().find_map(|one| self.foreign_address(one)) {
            let name = format!("{address} is outside the own networks");
            assets.push(KnownAsset { name, bits: weights.foreign_network });
        }
        let mut touch =
            |kind: &str, patterns: &[Pattern], touches: &dyn Fn(&Pattern, &Finding<'_>) -> bool| {
                for pattern in
                    patterns.iter().filter(|pattern| findings().any(|finding| touches(pattern, finding)))
                {
                    let name = format!("{kind} {}", pattern.as_str());
                    assets.push(KnownAsset { name, bits: weights.known_asset });
                }
            };
        touch("principal", &self.principals, &|pattern, finding| pattern.matches(finding.who));
        touch("role", &self.roles, &|pattern, finding| {
            let is_assumed = finding.kind == FindingKind::of_dimension(Dimension::TargetRole)
                && finding.value.is_some_and(|role| pattern.matches_principal(role));
            is_assumed || pattern.matches(finding.who)
        });
        touch("action", &self.actions, &|pattern, finding| pattern.matches_action(finding.action));
        touch("rule", &self.rules, &|pattern, finding| {
            finding.matched().iter().any(|one| pattern.matches_rule(one.rule))
        });
        let bits = assets.iter().map(|asset| asset.bits).sum();
        (bits > 0.0).then_some(Part { bits, reason: Reason::Known(assets) })
    }

    /// The address of a call of the principal itself that came from none of the own networks.
    fn foreign_address<'b>(&self, one: &EpisodeFinding<'b>) -> Option<&'b str> {
        let address = one.own_address()?;
        let is_address = address.parse::<std::net::IpAddr>().is_ok();
        let is_own =
            self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address));
        (is_address && !is_own).then_some(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_list_takes_entries_by_its_name() {
        let mut known = KnownAssets::default();
        for (count, list) in (1..).zip(KnownAssets::LISTS) {
            known.add(list, "10.0.0.0/8").unwrap();
            assert_eq!(known.counts().last(), Some((*list, 1)));
            assert_eq!(known.counts().count(), count);
        }
    }

    #[test]
    fn entries_of_another_form_are_refused() {
        let mut known = KnownAssets::default();
        assert!(matches!(known.add("network", "10.0.0.0/8"), Err(KnownAssetError::Unknown(_))));
        assert!(matches!(known.add("networks", "office"), Err(KnownAssetError::Network(_))));
        assert!(matches!(known.add("roles", "[a"), Err(KnownAssetError::Pattern(_))));
        assert!(known.is_empty());
    }
}
