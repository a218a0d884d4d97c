//! How surprising the new actions of an episode are, each and in all.

use super::population::{Among, Done, Population};
use super::{Part, Reason, Surprise, Weights};
use crate::actions::Class;
use crate::time::{Span, Timestamp};

/// A new action of an episode, before it is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct NewAction {
    pub(super) action: u32,
    /// Its first sighting: before the episode if that is about its first success.
    pub(super) first: Timestamp,
    pub(super) class: Option<Class>,
    /// Whether the record says that it only reads.
    pub(super) is_read_only: bool,
    /// Whether the principal did it on a later day, too.
    pub(super) stays: bool,
}

/// What the actions of one episode have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'q> {
    pub(super) population: &'q Population,
    pub(super) weights: &'q Weights,
    pub(super) as_of_then: bool,
    pub(super) principal: u32,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Context<'_> {
    /// The times from and before which others count as beginning the same: a week before the episode and, unless nothing later
    /// may be looked at, after it.
    pub(super) fn window(&self) -> [Timestamp; 2] {
        let micros = (self.weights.window_days * Span::days(1).micros() as f64) as i64;
        let shift = |time: Timestamp, by: i64| Timestamp::from_micros(time.micros().saturating_add(by));
        let is_past_only = self.as_of_then || micros == 0;
        [shift(self.start, -micros), if is_past_only { self.start } else { shift(self.end, micros) }]
    }

    /// Judges the new actions of an episode.
    pub(super) fn surprises(&self, actions: &[NewAction]) -> Vec<Surprise> {
        let crowd = self.crowd(ordinary_changes(actions));
        actions.iter().map(|action| self.surprise(action, crowd)).collect()
    }

    /// The bits that each action loses in an episode of many ordinary changes: a correction for many tries.
    fn crowd(&self, ordinary_changes: u32) -> f64 {
        self.weights.crowd * (f64::from(ordinary_changes) / self.weights.crowd_free).max(1.0).log2()
    }

    fn surprise(&self, new: &NewAction, crowd: f64) -> Surprise {
        let (population, weights) = (self.population, self.weights);
        let done = Done { principal: self.principal, action: new.action, first: new.first };
        let among = population.among(done, self.start);
        let mates = population.mates(done, self.window());
        let is_telling = new.class.is_some_and(|class| class != Class::Reconnaissance);
        let used = new.class.map_or(0, |class| population.used(self.principal, class, self.start));
        let used = used - u32::from(new.class.is_some() && new.first < self.start);
        let is_service_familiar = population.is_service_familiar(self.principal, new.action, self.start);
        let stays = (!self.as_of_then).then_some(new.stays);
        let mut bits = (rarity(&among, weights) - crowd).max(0.0);
        bits *= match new.class {
            Some(Class::Reconnaissance) => weights.reconnaissance,
            Some(_) => weights.class,
            None => weights.unclassified,
        };
        if is_telling {
            bits /= 1.0 + weights.used * f64::from(used).min(weights.used_max);
        }
        bits /= 1.0 + weights.mates * f64::from(mates).min(weights.mates_max);
        if stays == Some(true) {
            bits *= weights.stays;
        }
        if is_service_familiar {
            bits *= if is_telling { weights.familiar_class } else { weights.familiar };
        }
        Surprise {
            bits,
            class: new.class,
            among_all: among.all,
            among_kind: among.kind,
            among_family: among.family,
            mates,
            used,
            is_service_familiar,
            stays,
        }
    }

    /// The part of a score for the new actions of an episode.
    pub(super) fn size(&self, actions: &[NewAction], surprises: &[Surprise]) -> Part<'static> {
        let service = |action: &NewAction| self.population.service(action.action);
        let mut bits: Vec<(u32, f64)> = actions
            .iter()
            .zip(surprises)
            .map(|(action, surprise)| (service(action), surprise.bits))
            .collect();
        bits.sort_by(|(left, more), (right, less)| left.cmp(right).then(less.total_cmp(more)));
        let mut services: Vec<f64> = bits
            .chunk_by(|(left, _), (right, _)| left == right)
            .map(|service| diminishing(service.iter().map(|(_, bits)| *bits), self.weights.in_service))
            .collect();
        services.sort_by(|left, right| right.total_cmp(left));
        let count = services.len() as u32;
        let surprise = diminishing(services.into_iter(), self.weights.services);
        Part {
            bits: self.weights.size * (1.0 + surprise / self.weights.size_unit).log2(),
            reason: Reason::Size {
                actions: actions.len() as u32,
                services: count,
                ordinary_changes: ordinary_changes(actions),
                surprise,
            },
        }
    }
}

/// Changes without a class: the everyday work of people and deployments.
fn ordinary_changes(actions: &[NewAction]) -> u32 {
    actions.iter().filter(|action| action.class.is_none() && !action.is_read_only).count() as u32
}

/// Sums numbers, the largest first, the n-th divided by n to the power of `exponent`.
fn diminishing(numbers: impl Iterator<Item = f64>, exponent: f64) -> f64 {
    (1..).zip(numbers).map(|(rank, number)| number / f64::from(rank).powf(exponent)).sum()
}

/// The bits of an action by how many did it before: the share among all principals, corrected by that among its kind and family.
fn rarity(among: &Among, weights: &Weights) -> f64 {
    // Half a principal of one who did it, so that nothing is impossible.
    let all = among.all.share(0.5, 1.0);
    let kind = among.kind.share(all, weights.prior);
    let family = among.family.share(kind, weights.prior).min(1.0);
    -(family + weights.floor * (1.0 - family)).log2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Count;

    fn bits(all: [u32; 2], kind: [u32; 2], family: [u32; 2]) -> f64 {
        let count = |[some, all]: [u32; 2]| Count { some, all };
        rarity(&Among { all: count(all), kind: count(kind), family: count(family) }, &Weights::default())
    }

    #[test]
    fn an_action_is_rarer_the_fewer_did_it() {
        assert!(bits([0, 1000], [0, 100], [0, 0]) > bits([1, 1000], [0, 100], [0, 0]));
        assert!(bits([1, 1000], [1, 100], [0, 0]) < bits([1, 1000], [0, 100], [0, 0]));
        assert!(bits([1, 1000], [1, 100], [9, 9]) < 1.0);
        assert!(bits([0, 1_000_000], [0, 1_000_000], [0, 0]) <= 10.0);
        assert!(bits([0, 0], [0, 0], [0, 0]) >= 0.0);
    }

    #[test]
    fn further_numbers_count_less() {
        assert_eq!(diminishing([8.0, 8.0].into_iter(), 3.0), 9.0);
        assert_eq!(diminishing(std::iter::empty(), 0.5), 0.0);
    }
}
