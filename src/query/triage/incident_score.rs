//! The score of an incident: that of its leading episode, with the network and the agent of whoever was the same intruder.
//!
//! Where somebody comes from is often known of one principal, such as a person who signs in, and what was done there of another, such as the
//! role.

use super::incident::join;
use super::sign_in::only_signs_in;
use super::{Episode, Incident, Link, LinkKind, Part, PartName, published_bits};
use crate::model::LogSource;
use crate::query::Severity;

/// The parts that count from whichever episode has most of them.
const ORIGINS: [PartName; 2] = [PartName::Network, PartName::Agent];

impl<'b> Incident<'b> {
    /// An incident of some episodes, which links join.
    pub(super) fn new(episodes: Vec<Episode<'b>>, links: Vec<Link<'b>>) -> Self {
        let is_of_aws = |index: usize| episodes[index].who.kind.source() == LogSource::CloudTrail;
        let same =
            |link: &&Link<'b>| link.kind.is_same_intruder() && is_of_aws(link.from) && is_of_aws(link.to);
        let groups = join(episodes.len(), &mut links.iter().filter(same).copied().collect());
        let lead = lead(&episodes, &groups);
        let same_as_lead = (0..episodes.len()).filter(|index| groups[*index] == groups[lead]).collect();
        let (guests, others): (Vec<usize>, Vec<usize>) =
            (0..episodes.len()).partition(|index| only_signs_in(&episodes[*index]));
        let sign_ins = if others.is_empty() { Vec::new() } else { guests };
        Self { episodes, links, lead, same_as_lead, sign_ins }
    }

    /// The parts of its score, each with the index of the episode that has it.
    pub fn parts(&self) -> impl Iterator<Item = (usize, &Part<'b>)> {
        let own = self.leading().parts.iter().filter(|part| !ORIGINS.contains(&part.name()));
        let mut parts: Vec<(usize, &Part<'b>)> = own.map(|part| (self.lead, part)).collect();
        for name in ORIGINS {
            let all = self
                .same_as_lead
                .iter()
                .filter_map(|index| Some((*index, self.episodes[*index].part(name)?)));
            parts.extend(all.reduce(|best, next| if next.1.bits > best.1.bits { next } else { best }));
        }
        parts.sort_by_key(|(_, part)| part.name());
        parts.into_iter()
    }

    /// The part of its score with this name and the index of the episode that has it, if there is one.
    pub fn part(&self, name: PartName) -> Option<(usize, &Part<'b>)> {
        self.parts().find(|(_, part)| part.name() == name)
    }

    /// Its score in bits: the sum of its parts.
    pub fn score(&self) -> f64 {
        self.parts().map(|(_, part)| part.bits).sum()
    }

    /// Its score as published: the sum of its parts, each in hundredths of a bit.
    pub fn published_score(&self) -> f64 {
        published_bits(self.parts().map(|(_, part)| part.bits))
    }

    /// Its severity, by its score as published: each step takes [`SEVERITY_STEP`] more bits.
    pub fn severity(&self) -> Severity {
        severity_of(self.published_score())
    }

    /// Whether an episode only says how the principal of another one signed in.
    pub fn is_sign_in(&self, index: usize) -> bool {
        self.sign_ins.binary_search(&index).is_ok()
    }

    /// How many episodes there are to read: sign-ins are told with what they began.
    pub fn places(&self) -> usize {
        self.episodes.len() - self.sign_ins.len()
    }
}

/// The leading episode: the one that gives the incident the highest score; of several the one with the highest score of its own, and of
/// these the first. Episodes of one group are of the same intruder.
fn lead(episodes: &[Episode<'_>], groups: &[usize]) -> usize {
    let mut origins = vec![[0.0_f64; ORIGINS.len()]; episodes.len()];
    for (episode, group) in episodes.iter().zip(groups) {
        for (best, name) in origins[*group].iter_mut().zip(ORIGINS) {
            *best = episode.part(name).map_or(*best, |part| best.max(part.bits));
        }
    }
    let score = |index: usize| {
        let own = episodes[index].parts.iter().filter(|part| !ORIGINS.contains(&part.name()));
        let own: f64 = own.map(|part| part.bits).sum();
        (own + origins[groups[index]].iter().sum::<f64>(), episodes[index].score())
    };
    let scores: Vec<(f64, f64)> = (0..episodes.len()).map(score).collect();
    let best = (0..scores.len()).reduce(|best, next| if scores[next] > scores[best] { next } else { best });
    best.unwrap_or_default()
}

impl LinkKind {
    /// Whether what it joins is what one intruder did as several principals. Whoever was created or opened may be somebody else, and in a
    /// cluster networks and agents are those of few programs.
    fn is_same_intruder(self) -> bool {
        matches!(self, Self::AccessKey | Self::IssuedKey | Self::AssumedRole | Self::Network)
    }
}

/// The bits between two severities of an incident.
pub const SEVERITY_STEP: f64 = 20.0;

/// The severity of a score as published.
fn severity_of(score: f64) -> Severity {
    let steps = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    let reached = (1..=4).rev().zip(steps).find(|(step, _)| score >= f64::from(*step) * SEVERITY_STEP);
    reached.map_or(Severity::Informational, |(_, severity)| severity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severity_is_that_of_the_score_as_printed() {
        assert_eq!(severity_of(20.0), Severity::Low);
        assert_eq!(severity_of(published_bits([16.184, 3.81])), Severity::Informational);
        assert_eq!(severity_of(80.0), Severity::Critical);
        assert_eq!(severity_of(79.99), Severity::High);
    }
}
