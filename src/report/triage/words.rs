//! What a score was computed from, in words for a report. Texts are as in the log; who prints them cleans them.

use crate::actions::short_name;
use crate::model::{Dimension, is_of_cluster, is_service_account, is_temporary_key};
use crate::query::{
    Count, Episode, EpisodeFinding, Finding, Incident, Link, LinkKind, Part, PartName, Reason, Surprise,
    Weights,
};
use crate::report::count::{counted, grouped};
use crate::report::row::{NOT_NAMED, location_in_words, named};

/// `3 of 1,616`
fn some_of(count: Count) -> String {
    format!("{} of {}", grouped(count.some.into()), grouped(count.all.into()))
}

/// What a new action is rare among: `3 of 1,616 principals had done it before`.
pub(super) fn of_surprise(surprise: &Surprise, weights: &Weights) -> String {
    let mut text = match surprise.among_all {
        Count { all: 0, .. } => "no other principal was known before".to_owned(),
        all => format!("{} principals had done it before", some_of(all)),
    };
    if surprise.among_family.all > 0 {
        text.push_str(&format!(", {} of its family", some_of(surprise.among_family)));
    }
    if surprise.mates > 0 {
        let window = window(weights);
        text.push_str(&format!("; {} of its family began it {window}", surprise.mates));
    }
    if surprise.stays == Some(true) {
        text.push_str("; it kept doing this on later days");
    }
    text
}

/// What a part of an episode's score was computed from.
pub(super) fn of_part(part: &Part<'_>, episode: &Episode<'_>, weights: &Weights) -> String {
    match &part.reason {
        Reason::Size { actions, services, .. } => {
            let most = most_surprising(episode).first().map(|(one, surprise)| {
                let action = one.finding.known_action().unwrap_or(NOT_NAMED);
                let why = of_surprise(surprise, weights);
                format!("; the most surprising one is {}: {why}", short_name(action))
            });
            let services = counted(u64::from(*services), "service");
            let actions = counted(u64::from(*actions), "new action");
            format!("{actions} in {services}{}", most.unwrap_or_default())
        }
        Reason::History { among_all, own, .. } => of_history(*among_all, *own),
        Reason::NewValue { part: name, value, .. } => {
            let why = of_new_value(&part.reason, episode, weights);
            match name {
                PartName::Network => format!("network {}: {why}", placed_network(value, episode)),
                _ => format!("{} {value}: {why}", name.name()),
            }
        }
        Reason::Known(assets) => {
            let names: Vec<&str> = assets.iter().map(|asset| &*asset.name).collect();
            format!("by the list of --known: {}", names.join(", "))
        }
    }
}

/// How seldom episodes were as surprising before.
fn of_history(among_all: Count, own: Count) -> String {
    let earlier = match among_all {
        Count { all: 0, .. } => return "no episode with new actions had ended before".to_owned(),
        all => format!("{} earlier episodes were as surprising", some_of(all)),
    };
    match own {
        Count { all: 0, .. } => format!("{earlier}; this principal had none of them"),
        own => format!("{earlier}, {} of this principal", some_of(own)),
    }
}

/// A new network, agent or impersonator, and who had it before.
pub(super) fn of_new_value_briefly(part: &Part<'_>, episode: &Episode<'_>) -> String {
    let Reason::NewValue { part: name, value, among_all, .. } = &part.reason else { return String::new() };
    let what = match name {
        PartName::Network => placed_network(value, episode),
        _ => value.to_string(),
    };
    format!("{} {what}: {}", name.name(), had_before(*name, *among_all))
}

/// Who had a network, agent or impersonator before.
fn had_before(part: PartName, among_all: Count) -> String {
    match (part, among_all) {
        (PartName::Impersonator, Count { some: 0, .. }) => {
            "impersonated nobody before this episode".to_owned()
        }
        (PartName::Impersonator, all) => format!("impersonated {} principals before", some_of(all)),
        (_, Count { some: 0, .. }) => "never seen in this archive before this episode".to_owned(),
        (_, all) => format!("{} principals had it before", some_of(all)),
    }
}

/// How rare a new network, agent or impersonator is, and how seldom the principal had a new one.
fn of_new_value(reason: &Reason<'_>, episode: &Episode<'_>, weights: &Weights) -> String {
    let Reason::NewValue { part, among_all, recent_others, active_hours, earlier_new, stays, .. } = reason
    else {
        return String::new();
    };
    let mut text = had_before(*part, *among_all);
    let (who, what) = (episode.who.kind.name(), part.name());
    text.push_str(&match (active_hours, earlier_new) {
        (0, _) if episode.first_seen < episode.start() => {
            format!(", and this {who} had been active in no earlier hour")
        }
        (0, _) => format!(", and this {who} had not been active before"),
        (_, 0) if *part == PartName::Impersonator => {
            format!(", and this {who} had none in {}", hours(*active_hours))
        }
        (_, 0) => format!(", and this {who} had no {what} in {}", hours(*active_hours)),
        (1, 1) => format!(", and this {who} had been active in only 1 hour before"),
        (_, 1) => format!(", and this {who} had a new {what} in only 1 of {}", hours(*active_hours)),
        (_, new) => {
            format!(
                ", and this {who} had a new {what} in {} of {}",
                grouped((*new).into()),
                hours(*active_hours)
            )
        }
    });
    if *recent_others > 0 {
        let (others, window) = (counted((*recent_others).into(), "other principal"), window(weights));
        text.push_str(&format!("; {others} first had it {window}"));
    }
    if *stays == Some(true) {
        text.push_str("; it was still in use later");
    }
    text
}

fn hours(number: u32) -> String {
    counted(number.into(), "active hour")
}

/// How far the first times of others may be apart from an episode to count: `within a week of this`.
fn window(weights: &Weights) -> String {
    match weights.window_days {
        7.0 => "within a week of this".to_owned(),
        1.0 => "within a day of this".to_owned(),
        days => format!("within {days} days of this"),
    }
}

/// A network and where the address is from which the episode came, if that is known: `203.0.113.0/24 (AS64500 Example, DE)`.
pub(super) fn placed_network(network: &str, episode: &Episode<'_>) -> String {
    let is_in = |finding: &&Finding<'_>| {
        let own = finding.traits().and_then(|traits| Dimension::Network.value(&traits));
        own.is_some_and(|own| own == network)
    };
    let mut findings = episode.findings.iter().map(|one| &one.finding).filter(is_in);
    match findings.find_map(|finding| finding.location) {
        Some(location) => format!("{network} ({})", location_in_words(location)),
        None => network.to_owned(),
    }
}

/// The new actions of an episode, the most surprising first.
pub(super) fn most_surprising<'e, 'b>(
    episode: &'e Episode<'b>,
) -> Vec<(&'e EpisodeFinding<'b>, &'e Surprise)> {
    let surprises = |one: &'e EpisodeFinding<'b>| one.surprise.as_ref().map(|surprise| (one, surprise));
    let mut actions: Vec<_> = episode.findings.iter().filter_map(surprises).collect();
    actions.sort_by(|(_, left), (_, right)| right.bits.total_cmp(&left.bits));
    actions
}

/// What joins two episodes of an incident.
pub(super) fn of_link(link: &Link<'_>, incident: &Incident<'_>) -> String {
    let name = |index: usize| named(&incident.episodes[index].who.key).unwrap_or(NOT_NAMED);
    let (from, to) = (name(link.from), name(link.to));
    match link.kind {
        LinkKind::AccessKey => format!("{to} used the access key {} that {from} had used", link.value),
        LinkKind::IssuedKey if is_of_cluster(link.value) => {
            format!("{to} used the token {} that {from} had requested", link.value)
        }
        LinkKind::IssuedKey if !is_temporary_key(link.value) => {
            format!("{to} used the access key {} that {from} had issued", link.value)
        }
        LinkKind::IssuedKey => format!("{to} used the access key {} that {from} had been given", link.value),
        LinkKind::Creation if is_service_account(link.value) => format!("{from} created {to}"),
        LinkKind::Creation => format!("{from} created or opened {to}"),
        LinkKind::IssuedToken => {
            format!("{from} requested a token for {to}, which acted for the first time after that")
        }
        LinkKind::AccessEntry => format!("{from} admitted {to} to its cluster"),
        LinkKind::Impersonation => format!("{from} acted as {to}"),
        LinkKind::AssumedRole if incident.is_assumed(link) => format!("{from} assumed {to}"),
        LinkKind::AssumedRole => format!("{from} asked for {to}"),
        LinkKind::Network => format!("{to} came from {}, as {from} did", link.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_616_000].map(grouped), ["0", "999", "1,000", "1,616,000"]);
        assert_eq!((counted(1, "event"), counted(2_000, "event")), ("1 event".into(), "2,000 events".into()));
    }

    #[test]
    fn the_window_is_that_of_the_weights() {
        let of = |window_days| window(&Weights { window_days, ..Weights::default() });
        assert_eq!(
            [7.0, 1.0, 2.5, 30.0].map(of),
            [
                "within a week of this",
                "within a day of this",
                "within 2.5 days of this",
                "within 30 days of this"
            ]
        );
    }
}
