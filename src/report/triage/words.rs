//! What a score was computed from, in words for a report. Texts are as in the log; who prints them cleans them.

use crate::query::{Count, Episode, EpisodeFinding, Link, LinkKind, Part, RankedIncident, Reason, Surprise};
use crate::report::row::{NOT_NAMED, named};

/// A whole number with commas: `1,616`.
pub(in crate::report) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 action`, `1,616 actions`.
pub(in crate::report) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// `3 of 1,616`
fn some_of(count: Count) -> String {
    format!("{} of {}", grouped(count.some.into()), grouped(count.all.into()))
}

/// An action without the domain of its service: `iam:CreateAccessKey`.
pub(super) fn short_action(action: &str) -> String {
    action.replacen(".amazonaws.com:", ":", 1)
}

/// What a new action is rare among: `3 of 1,616 principals had done it before`.
pub(super) fn of_surprise(surprise: &Surprise) -> String {
    let mut text = match surprise.among_all {
        Count { all: 0, .. } => "no other principal was known before".to_owned(),
        all => format!("{} principals had done it before", some_of(all)),
    };
    if surprise.among_family.all > 0 {
        text.push_str(&format!(", {} of its family", some_of(surprise.among_family)));
    }
    if surprise.mates > 0 {
        text.push_str(&format!("; {} of its family began it at about the same time", surprise.mates));
    }
    if surprise.stays == Some(true) {
        text.push_str("; it went on doing it on later days");
    }
    text
}

/// What a part of an episode's score was computed from.
pub(super) fn of_part(part: &Part<'_>, episode: &Episode<'_>) -> String {
    match &part.reason {
        Reason::Size { actions, services, .. } => {
            let most = most_surprising(episode).first().map(|(one, surprise)| {
                let action = one.finding.known_action().unwrap_or(NOT_NAMED);
                format!("; the most surprising one is {}: {}", short_action(action), of_surprise(surprise))
            });
            let services = counted(u64::from(*services), "service");
            let actions = counted(u64::from(*actions), "new action");
            format!("{actions} in {services}{}", most.unwrap_or_default())
        }
        Reason::History { among_all, own, .. } => of_history(*among_all, *own),
        Reason::NewValue { value, .. } => {
            format!("{} {value}: {}", part.name().name(), of_new_value(&part.reason, episode))
        }
        Reason::Known(assets) => {
            let names: Vec<&str> = assets.iter().map(|asset| &*asset.name).collect();
            format!("named in the list of assets: {}", names.join(", "))
        }
    }
}

/// How seldom episodes were as surprising before.
fn of_history(among_all: Count, own: Count) -> String {
    let earlier = match among_all {
        Count { all: 0, .. } => return "no episode came before".to_owned(),
        all => format!("{} earlier episodes were as surprising", some_of(all)),
    };
    match own {
        Count { all: 0, .. } => format!("{earlier}; this principal had none"),
        own => format!("{earlier}, {} of this principal", some_of(own)),
    }
}

/// How rare a new network or agent is, and how seldom the principal had a new one.
pub(super) fn of_new_value(reason: &Reason<'_>, episode: &Episode<'_>) -> String {
    let Reason::NewValue { part, among_all, recent_others, active_hours, earlier_new, stays, .. } = reason
    else {
        return String::new();
    };
    let mut text = match among_all {
        Count { some: 0, .. } => "never seen in this archive before".to_owned(),
        all => format!("{} principals had it before", some_of(*all)),
    };
    let (who, what) = (episode.who.kind.name(), part.name());
    text.push_str(&match (active_hours, earlier_new) {
        (0, _) => format!(", and this {who} had not been active before"),
        (_, 0) => format!(", and this {who} had no {what} in {}", hours(*active_hours)),
        (_, 1) => format!(", and this {who} had no new {what} after its first of {}", hours(*active_hours)),
        (_, new) => {
            format!(
                ", and this {who} had a new {what} in {} of {}",
                grouped((*new).into()),
                hours(*active_hours)
            )
        }
    });
    if *recent_others > 0 {
        text.push_str(&format!("; {} first had it at about the same time", others(*recent_others)));
    }
    if *stays == Some(true) {
        text.push_str("; it went on having it later");
    }
    text
}

fn hours(number: u32) -> String {
    counted(number.into(), "active hour")
}

fn others(number: u32) -> String {
    counted(number.into(), "other principal")
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
pub(super) fn of_link(link: &Link<'_>, incident: &RankedIncident<'_>) -> String {
    let name = |index: usize| named(&incident.episodes[index].who.key).unwrap_or(NOT_NAMED);
    let (from, to) = (name(link.from), name(link.to));
    // Of an episode that overlaps another the later one may be the first to act.
    let (actor, other) = if from == link.value { (to, from) } else { (from, to) };
    match link.kind {
        LinkKind::AccessKey => format!("{to} used the access key {} that {from} had used", link.value),
        LinkKind::Creation => format!("{actor} created {other}"),
        LinkKind::AssumedRole => format!("{actor} assumed {other}"),
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
    fn actions_are_shortened_by_the_domain_only() {
        assert_eq!(short_action("iam.amazonaws.com:CreateUser"), "iam:CreateUser");
        assert_eq!(short_action("get core/pods in shop"), "get core/pods in shop");
    }
}
