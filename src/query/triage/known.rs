//! What the user says matters: own networks, and assets such as principals, roles, actions and matches of rules. Off by default.

use super::{EpisodeFinding, KnownAsset, Part, Reason, Weights};
use crate::model::{AddressRange, Dimension, RuleMetadata};
use crate::query::{Finding, FindingKind, Pattern};

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

impl KnownAssets {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a rule is in the list.
    pub(super) fn names_rule(&self, rule: &RuleMetadata) -> bool {
        self.rules.iter().any(|pattern| pattern.matches_text(&rule.name, false))
    }

    /// The part of a score for the entries that apply to an episode, if there are any.
    pub(super) fn part<'b>(&self, findings: &[EpisodeFinding<'b>], weights: &Weights) -> Option<Part<'b>> {
        let mut assets: Vec<KnownAsset> = Vec::new();
        let findings = || findings.iter().map(|one| &one.finding);
        if let Some(address) = findings().find_map(|finding| self.foreign_address(finding)) {
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
            finding.matched().iter().any(|one| pattern.matches_text(&one.rule.name, false))
        });
        let bits = assets.iter().map(|asset| asset.bits).sum();
        (bits > 0.0).then_some(Part { bits, reason: Reason::Known(assets) })
    }

    /// The address of a call that came from none of the own networks.
    fn foreign_address<'b>(&self, finding: &Finding<'b>) -> Option<&'b str> {
        let address = finding.evidence?.source_ip()?;
        let is_address = address.parse::<std::net::IpAddr>().is_ok();
        let is_own =
            self.networks.is_empty() || self.networks.iter().any(|network| network.contains(address));
        (is_address && !is_own).then_some(address)
    }
}
