//! Chains: which digests belong to which trail, and what is missing between them.

use std::collections::{BTreeMap, BTreeSet};

use super::examination::Examination;
use super::nodes::Nodes;
use super::standing::{Standing, Weight};
use super::verdict::{Chain, ChainSummary, Class, Proof, Reason, Subject, Verdict};
use crate::model::Text;
use crate::source::DigestName;
use crate::time::{Span, Timestamp};

/// By how much the last digests of different chains may differ: each covers an hour, and may be delivered late.
const LATE: Span = Span::hours(2);

/// All chains, and the chain of each digest.
pub(super) struct Chains {
    pub(super) chains: Vec<Chain>,
    /// By the number of the digest.
    pub(super) of: Vec<Option<u32>>,
    /// The digests of each chain, by the end of their periods.
    members: Vec<Vec<usize>>,
}

impl Chains {
    pub(super) fn of(nodes: &Nodes<'_>, examination: &Examination) -> Self {
        let chain = |number: usize| nodes.nodes[number].name(examination).map(chain);
        let all: Vec<Option<Chain>> = (0..nodes.nodes.len()).map(chain).collect();
        let numbers: BTreeMap<&Chain, u32> =
            all.iter().flatten().collect::<BTreeSet<_>>().into_iter().zip(0..).collect();
        let of: Vec<Option<u32>> =
            all.iter().map(|chain| chain.as_ref().map(|chain| numbers[chain])).collect();
        let mut members = vec![Vec::new(); numbers.len()];
        for (number, chain) in of.iter().enumerate() {
            if let Some(chain) = chain {
                members[*chain as usize].push(number);
            }
        }
        for member in &mut members {
            member.sort_by_key(|number| (nodes.nodes[*number].end(), *number));
        }
        let chains = numbers.into_keys().cloned().collect();
        Self { chains, of, members }
    }

    /// A summary of each chain.
    pub(super) fn summaries(&self, nodes: &Nodes<'_>, standings: &[Standing]) -> Vec<ChainSummary> {
        let summary = |(chain, members): (&Chain, &Vec<usize>)| {
            let is_proven = |number: &&usize| standings[**number].proof == Some(Proof::Proven);
            ChainSummary {
                chain: chain.clone(),
                digests: members.len() as u64,
                proven: members.iter().filter(is_proven).count() as u64,
                covered: covered(nodes, standings, members),
            }
        };
        self.chains.iter().zip(&self.members).map(summary).collect()
    }

    /// The verdicts on what is missing: digests that others state, and periods. Nothing that ended by `from` is missing.
    pub(super) fn missing(
        &self,
        nodes: &Nodes<'_>,
        standings: &[Standing],
        from: Option<Timestamp>,
    ) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        for (number, members) in (0..).zip(&self.members) {
            let walk = ChainWalk { nodes, standings, chain: number, members, from };
            verdicts.extend(walk.missing());
        }
        let end = |members: &Vec<usize>| covered(nodes, standings, members).map(|(_, end)| end);
        let ends: Vec<Option<Timestamp>> = self.members.iter().map(end).collect();
        let last = ends.iter().flatten().max().copied();
        for (number, end) in (0..).zip(&ends) {
            // Backfill digests are rare.
            if let (Some(end), Some(last), false) = (*end, last, self.chains[number as usize].is_backfill)
                && end.plus(LATE) < last
            {
                let detail = "the trail was stopped or deleted, validation was switched off, or its last digests were removed";
                let verdict = Verdict {
                    chain: Some(number),
                    time: Some(end),
                    until: Some(last),
                    detail: Some(detail.to_owned()),
                    ..Verdict::new(Subject::Period, Class::Gap, Reason::ChainEnds)
                };
                verdicts.push(verdict);
            }
        }
        verdicts
    }
}

/// The start of the first and the end of the last period of some digests. Contradicted ones may say anything.
fn covered(nodes: &Nodes<'_>, standings: &[Standing], members: &[usize]) -> Option<(Timestamp, Timestamp)> {
    let relied = || members.iter().filter(|number| standings[**number].weight() > Weight::None);
    let digests = || relied().filter_map(|number| nodes.nodes[*number].digest);
    let start = digests().filter_map(|digest| digest.start).min()?;
    Some((start, digests().filter_map(|digest| digest.end).max()?))
}

/// The end of the last period before one that starts then; `ends` are in order.
fn end_before(ends: &[Timestamp], start: Option<Timestamp>) -> Option<Timestamp> {
    let before = start.map_or(ends.len(), |start| ends.partition_point(|end| *end <= start));
    ends[..before].last().copied()
}

fn chain(name: DigestName<'_>) -> Chain {
    Chain {
        account: name.account.to_owned(),
        region: name.region.to_owned(),
        trail: name.trail.to_owned(),
        home_region: name.home_region.to_owned(),
        is_backfill: name.is_backfill,
    }
}

/// The digests of one chain, in order of time.
struct ChainWalk<'w> {
    nodes: &'w Nodes<'w>,
    standings: &'w [Standing],
    chain: u32,
    members: &'w [usize],
    from: Option<Timestamp>,
}

impl ChainWalk<'_> {
    fn missing(&self) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        let mut stated: BTreeSet<Text> = BTreeSet::new();
        // The ends of earlier periods, in order, as the members are.
        let mut ends: Vec<Timestamp> = Vec::new();
        for number in self.members {
            let Some(digest) = self.nodes.nodes[*number].digest else { continue };
            let (start, before) = (digest.start, end_before(&ends, digest.start));
            // Times in digests that nothing vouches for may be anything.
            if self.standings[*number].weight() > Weight::None {
                ends.extend(digest.end);
            }
            match &digest.previous {
                None => verdicts.extend(before.and_then(|before| self.restart(before, start?))),
                Some(previous) => {
                    let is_there = !self.nodes.with_key(&previous.object).is_empty();
                    if is_there || self.is_too_early(&previous.object) {
                        continue;
                    }
                    if stated.insert(previous.object.clone()) {
                        verdicts.push(self.absent(*number, previous, before.is_none()));
                    }
                    verdicts.extend(before.and_then(|before| self.hole(before, start?)));
                }
            }
        }
        verdicts
    }

    /// Whether a digest ended before the copy is said to begin.
    fn is_too_early(&self, key: &str) -> bool {
        let ended = DigestName::parse(key).and_then(|name| name.ended);
        self.from.zip(ended).is_some_and(|(from, ended)| ended <= from)
    }

    fn absent(&self, successor: usize, previous: &super::digest::Previous, is_first: bool) -> Verdict {
        let first = "the oldest digest of its trail continues a chain that this copy does not have: \
                     older objects were not copied, or have expired, or were removed (--from TIME says where a copy begins)";
        let name = DigestName::parse(&previous.object);
        Verdict {
            object: Some(previous.object.clone()),
            chain: Some(self.chain),
            time: name.and_then(|name| name.ended),
            stated_in: self.nodes.nodes[successor].digest.map(|digest| digest.object.clone()),
            stated: previous.hash,
            detail: is_first.then(|| first.to_owned()),
            ..Verdict::new(Subject::Digest, Class::Absent, Reason::Missing)
        }
    }

    /// A period whose digests are missing. Only the last of them is stated by another digest; all others are only seen by the time.
    fn hole(&self, before: Timestamp, start: Timestamp) -> Option<Verdict> {
        let detail = "it lies inside a chain, which has a digest for every hour";
        let period = self.period(before, start, Class::Absent, Reason::DigestsMissing)?;
        Some(Verdict { detail: Some(detail.to_owned()), ..period })
    }

    fn restart(&self, before: Timestamp, start: Timestamp) -> Option<Verdict> {
        let detail = "the next digest starts a new chain, as after validation or logging was off; nothing shows whether digests \
                      before it were removed";
        let period = self.period(before, start, Class::Gap, Reason::ChainRestarts)?;
        Some(Verdict { detail: Some(detail.to_owned()), ..period })
    }

    fn period(&self, from: Timestamp, until: Timestamp, class: Class, reason: Reason) -> Option<Verdict> {
        // A copy that begins later need not have it.
        let is_wanted = self.from.is_none_or(|start| until > start);
        is_wanted.then(|| Verdict {
            chain: Some(self.chain),
            time: Some(from),
            until: Some(until),
            ..Verdict::new(Subject::Period, class, reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_before_another_ended_when_it_started_or_earlier() {
        let [one, two, three, four] = [1, 2, 3, 4].map(Timestamp::from_micros);
        let ends = [two, three, three];
        assert_eq!(end_before(&ends, Some(one)), None);
        assert_eq!(end_before(&ends, Some(two)), Some(two));
        assert_eq!(end_before(&ends, Some(four)), Some(three));
        assert_eq!(end_before(&ends, None), Some(three));
        assert_eq!(end_before(&[], None), None);
    }
}
