//! An incident in lines, the most important of those that apply.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::Range;

use super::bits::rounded;
use super::member_view::values;
use super::words::{most_surprising, of_new_value_briefly, of_part, of_surprise, placed_network};
use crate::actions::{Class, short_name};
use crate::model::{
    Arn, Dimension, PrincipalKind, cluster_of_key, is_of_cluster, is_service_account, is_temporary_key,
    last_part, without_cluster,
};
use crate::query::{
    Episode, EpisodeFinding, FindingKind, Incident, Link, LinkKind, PartName, Reason, Surprise, Weights,
};
use crate::report::count::counted;
use crate::report::last_word_for_shell;
use crate::report::row::{NOT_NAMED, named};
use crate::report::width::width;

/// The most lines of an incident, without that of its command.
const LINES: usize = 7;

/// The most columns of a line that can be cut.
const COLUMNS: usize = 137;

/// How many items of a list are shown.
const LISTED: usize = 3;

/// A line, and how soon it is left out if there are too many: those with the highest number first.
struct Line {
    order: u8,
    content: Content,
}

impl Line {
    fn is_besides(&self) -> bool {
        matches!(self.content, Content::Besides)
    }

    fn is_origin(&self) -> bool {
        matches!(self.content, Content::Origin(_))
    }
}

enum Content {
    Text(String),
    /// A new network or agent.
    Origin(String),
    /// A new action.
    Action(String),
    /// What else was new, which depends on how many actions are shown by themselves. It goes on in the next such line.
    Besides,
}

/// When the first actions are left out: a list names more of them.
const ACTIONS: [u8; LISTED] = [0, 6, 8];

/// When the lines of what else was new are left out, if that has actions with a class.
const BESIDES: [u8; 2] = [3, 5];

/// When that line is left out otherwise.
const BESIDES_WITHOUT_CLASS: u8 = 4;

/// The most actions that are named there.
const NAMED: usize = 16;

/// The lines of an incident below its head, not cleaned yet.
pub(super) fn incident_lines(
    incident: &Incident<'_>,
    weights: &Weights,
    trace_source: Option<&str>,
) -> Vec<String> {
    let episode = incident.leading();
    let actions = most_surprising(episode);
    let mut lines = all_lines(incident, &actions, (weights, trace_source));
    if let Some(origin) = new_origin(incident).filter(|_| needs_room(&lines)) {
        let place = lines.iter().position(Line::is_origin).unwrap_or_default();
        lines.retain(|line| !line.is_origin());
        lines.insert(place, Line { order: 1, content: Content::Origin(origin) });
    }
    while lines.len() > LINES - 1 {
        let last = (0..lines.len()).max_by_key(|index| (lines[*index].order, *index));
        lines.remove(last.unwrap_or_default());
    }
    let shown = lines.iter().filter(|line| matches!(line.content, Content::Action(_))).count();
    let most = lines.iter().filter(|line| line.is_besides()).count();
    let mut besides = besides(incident, &actions, (shown, most)).into_iter();
    let text = |line: Line| match line.content {
        Content::Text(text) | Content::Action(text) | Content::Origin(text) => Some(text),
        Content::Besides => besides.next(),
    };
    lines.into_iter().filter_map(text).collect()
}

/// Whether actions with a class would be left out, and can be named if network and agent share a line.
fn needs_room(lines: &[Line]) -> bool {
    let names_more = lines.iter().any(|line| line.is_besides() && line.order == BESIDES[0]);
    let wanted = lines.iter().filter(|line| line.order <= BESIDES[1]).count();
    let before = lines.iter().filter(|line| line.order < BESIDES[0] && !line.is_origin()).count();
    names_more && wanted > LINES - 1 && before + 2 < LINES
}

/// All lines that apply, before any is left out.
fn all_lines(
    incident: &Incident<'_>,
    actions: &[(&EpisodeFinding<'_>, &Surprise)],
    (weights, trace_source): (&Weights, Option<&str>),
) -> Vec<Line> {
    let episode = incident.leading();
    let line =
        |order: u8, text: Option<String>| text.map(|text| Line { order, content: Content::Text(text) });
    let origin = |order: u8, name| {
        let text = reason(incident, weights, name)?;
        Some(Line { order, content: Content::Origin(text) })
    };
    let history = reason(incident, weights, PartName::History).map(|text| format!("history: {text}"));
    let of_actions = ACTIONS.into_iter().zip(actions).map(|(order, (one, surprise))| Line {
        order,
        content: Content::Action(action(episode, (one, surprise), weights)),
    });
    let orders = match names_by_class(actions, 1).is_empty() {
        false => &BESIDES[..],
        true => &[BESIDES_WITHOUT_CLASS],
    };
    let besides = besides(incident, actions, (1, orders.len())).len();
    let of_besides = orders[..besides].iter().map(|order| Line { order: *order, content: Content::Besides });
    let first = [
        line(0, Some(who_and_when(incident))),
        line(1, reason(incident, weights, PartName::Known)),
        origin(1, PartName::Network),
        origin(3, PartName::Agent),
        line(1, reason(incident, weights, PartName::Impersonator)),
        line(3, known_origin(incident)),
    ];
    let last = [
        line(7, history),
        line(3, rules(incident)),
        line(2, order_of_principals(incident)),
        line(1, keys(incident, trace_source)),
    ];
    let first = first.into_iter().flatten().chain(of_actions).chain(of_besides);
    first.chain(last.into_iter().flatten()).collect()
}

/// The score of an incident with its parts.
pub(super) fn score_in_words(incident: &Incident<'_>) -> String {
    let score = incident.published_score();
    let parts: Vec<String> = incident
        .parts()
        .map(|(_, part)| format!("{} {:.2}", part.name().name(), rounded(part.bits)))
        .collect();
    match &parts[..] {
        [] => format!("{score:.2} bits"),
        parts => format!("{score:.2} bits = {}", parts.join(" + ")),
    }
}

/// The principal of the episode with the highest score, and the time of the incident.
fn who_and_when(incident: &Incident<'_>) -> String {
    let episode = incident.leading();
    let who = episode.who;
    let key = named(&who.key).unwrap_or(NOT_NAMED);
    let is_new = match episode.is_new_principal {
        false => String::new(),
        true if episode.first_seen == episode.start() => ", not seen in this archive before".to_owned(),
        true => format!(", first seen in this archive on {}", episode.first_seen.day()),
    };
    let Range { start, end } = incident.span();
    let until = if end > start { format!(" to {end}") } else { String::new() };
    let account = named(&who.account).map_or(String::new(), |account| format!(" (account {account})"));
    let people: BTreeSet<&str> = people(episode).collect();
    let people = match people.is_empty() {
        true => String::new(),
        false => format!(" of {}", listed(people.into_iter())),
    };
    format!("{} {key}{account}{people}{is_new}, {start}{until}", who.kind.name())
}

/// The people whose sessions of an Identity Center role an episode is about, if its principal is the role, which they share.
pub(super) fn people<'e>(episode: &'e Episode<'_>) -> impl Iterator<Item = &'e str> {
    let is_shared = episode.who.kind == PrincipalKind::SsoRole && Arn::parse(&episode.who.key).is_some();
    let findings = episode.findings.iter().filter(move |_| is_shared);
    findings.filter_map(|one| one.finding.evidence?.session_name())
}

/// What a part was computed from, if the score has it.
fn reason(incident: &Incident<'_>, weights: &Weights, name: PartName) -> Option<String> {
    let (index, part) = incident.part(name)?;
    let text = of_part(part, &incident.episodes[index], weights);
    Some(cut(&format!("{}{text}", whose(incident, index))))
}

/// Whose a part is, if it is not that of the leading episode.
fn whose(incident: &Incident<'_>, index: usize) -> String {
    let who = &incident.episodes[index].who.key;
    let name = || named(who).map_or(NOT_NAMED, known_as);
    if index == incident.lead { String::new() } else { format!("of {}: ", name()) }
}

/// A new network and a new agent in one line, without what else is known of them.
fn new_origin(incident: &Incident<'_>) -> Option<String> {
    let mut parts = [incident.part(PartName::Network)?, incident.part(PartName::Agent)?];
    // What says whose it is holds for what follows it.
    parts.sort_by_key(|(index, _)| *index != incident.lead);
    let [first, second] = parts.map(|(index, _)| index);
    let [one, other] = parts.map(|(index, part)| of_new_value_briefly(part, &incident.episodes[index]));
    let whose_other = if second == first { String::new() } else { whose(incident, second) };
    Some(cut(&format!("{}{one}; {whose_other}{other}", whose(incident, first))))
}

/// Networks and agents without a part of their own.
fn known_origin(incident: &Incident<'_>) -> Option<String> {
    let episode = incident.leading();
    let mut texts = Vec::new();
    for dimension in [Dimension::Network, Dimension::Agent] {
        let values = values(episode, dimension);
        let is_said = |value: &Cow<'_, str>| value_with_part(incident, dimension) == Some(&**value);
        if !has_part(incident, dimension) && !values.iter().all(is_said) {
            let shown = |value: &Cow<'_, str>| match dimension {
                Dimension::Network => placed_network(value, episode),
                _ => value.clone().into_owned(),
            };
            let values: Vec<String> = values.iter().map(shown).collect();
            texts.push(format!("{} {}", dimension.name(), listed(values.iter().map(|value| &**value))));
        }
    }
    (!texts.is_empty()).then(|| cut(&format!("from {}", texts.join(", "))))
}

/// Whether the score has a part for new values of the leading episode in a dimension.
fn has_part(incident: &Incident<'_>, dimension: Dimension) -> bool {
    let part = PartName::of_dimension(dimension).and_then(|name| incident.part(name));
    part.is_some_and(|(index, _)| index == incident.lead)
}

/// The new value for which the score has a part, of whichever episode.
fn value_with_part<'i>(incident: &'i Incident<'_>, dimension: Dimension) -> Option<&'i str> {
    match &incident.part(PartName::of_dimension(dimension)?)?.1.reason {
        Reason::NewValue { value, .. } => Some(value),
        _ => None,
    }
}

/// A new action with its outcome, its class, how rare it was and, if the episode has several networks, from which it came.
fn action(
    episode: &Episode<'_>,
    (one, surprise): (&EpisodeFinding<'_>, &Surprise),
    weights: &Weights,
) -> String {
    let finding = &one.finding;
    let action = short_name(finding.known_action().unwrap_or(NOT_NAMED));
    let error = || finding.evidence.and_then(|evidence| evidence.error_code()).unwrap_or("no error code");
    let outcome = match finding.failed {
        Some(true) => format!(" failed ({})", error()),
        Some(false) if finding.kind == FindingKind::FirstSuccess => {
            " succeeded for the first time".to_owned()
        }
        Some(false) => " succeeded".to_owned(),
        None => String::new(),
    };
    let class = surprise.class.map_or(String::new(), |class| format!(" [{}]", class.name()));
    let success = finding.later_success();
    let success = success.map_or(String::new(), |success| format!("; first success {}", success.time));
    let is_of_several = values(episode, Dimension::Network).len() > 1;
    let network = one.origin.network.filter(|_| is_of_several);
    let network = network.map_or(String::new(), |network| format!(" from {network}"));
    cut(&format!("{action}{outcome}{network}{success}{class}: {}", of_surprise(surprise, weights)))
}

/// Further new actions than those shown, and new values that have no part, in at most so many lines. Actions with a class are named, as
/// far as they fit.
fn besides(
    incident: &Incident<'_>,
    actions: &[(&EpisodeFinding<'_>, &Surprise)],
    (shown, most): (usize, usize),
) -> Vec<String> {
    let names = names_by_class(actions, shown);
    let further = actions.len().saturating_sub(shown);
    let values = values_without_part(incident);
    let with = |named: usize| {
        let more = (further > named).then(|| counted((further - named) as u64, "more new action"));
        wrapped("besides: ", names[..named].iter().cloned().chain(more).chain(values.clone()).collect())
    };
    let fits = |lines: &Vec<String>| lines.len() <= most && lines.iter().all(|line| width(line) <= COLUMNS);
    let fitting = (0..=names.len()).rev().map(with).find(fits);
    fitting.unwrap_or_else(|| vec![cut(&with(0).join(" "))])
}

/// The names of the actions that have a class and are not shown: of each class one first, and reconnaissance last.
fn names_by_class(actions: &[(&EpisodeFinding<'_>, &Surprise)], shown: usize) -> Vec<String> {
    let mut of_class: BTreeMap<Class, usize> = BTreeMap::new();
    let mut ordered = Vec::new();
    for (index, (one, surprise)) in actions.iter().enumerate() {
        let Some(class) = surprise.class else { continue };
        let earlier = of_class.entry(class).or_default();
        let is_failure = one.finding.failed == Some(true) && one.finding.later_success().is_none();
        let name = short_name(one.finding.known_action().unwrap_or(NOT_NAMED));
        let name = if is_failure { format!("{name} failed") } else { name };
        ordered.push(((class == Class::Reconnaissance, *earlier, index), name));
        *earlier += 1;
    }
    ordered.retain(|((_, _, index), _)| *index >= shown);
    ordered.sort_unstable();
    ordered.into_iter().map(|(_, name)| name).take(NAMED).collect()
}

/// New values of dimensions that have no part.
fn values_without_part(incident: &Incident<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    for dimension in Dimension::ALL.into_iter().filter(|dimension| !has_part(incident, *dimension)) {
        let of_dimension = incident.leading().findings.iter().map(|one| &one.finding);
        let values: BTreeSet<&str> = of_dimension
            .filter(|finding| finding.kind.dimension() == Some(dimension))
            .filter_map(|finding| finding.value.map(|value| &**value))
            .filter(|value| value_with_part(incident, dimension) != Some(value))
            .collect();
        if !values.is_empty() {
            let name = dimension.name().replace('-', " ");
            texts.push(format!("new {name} {}", listed(values.into_iter())));
        }
    }
    texts
}

/// Items of a list in lines, none of which is longer than necessary; no line if there are none.
fn wrapped(start: &str, items: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            None => lines.push(format!("{start}{item}")),
            // A comma may follow.
            Some(line) if width(line) + width(&item) + 3 <= COLUMNS => line.push_str(&format!(", {item}")),
            Some(line) => {
                line.push(',');
                lines.push(format!("  {item}"));
            }
        }
    }
    lines
}

/// The rules that events of all episodes matched, the highest priority first.
fn rules(incident: &Incident<'_>) -> Option<String> {
    let mut found: BTreeSet<(_, &str)> = BTreeSet::new();
    for (rule, _) in incident.episodes.iter().flat_map(|episode| &episode.rules) {
        found.insert((rule.priority, &rule.name));
    }
    let names: Vec<String> =
        found.iter().map(|(priority, name)| format!("{} {name}", priority.name())).collect();
    (!names.is_empty()).then(|| cut(&format!("rules: {}", listed(names.iter().map(|name| &**name)))))
}

/// The access keys of all episodes, and the command that traces the first.
fn keys(incident: &Incident<'_>, trace_source: Option<&str>) -> Option<String> {
    let keys = access_keys(incident);
    let first = keys.first()?;
    let name = if keys.len() == 1 { "key" } else { "keys" };
    let command = trace_source
        .map_or(String::new(), |source| format!(": firstseen trace {source} {}", last_word_for_shell(first)));
    Some(format!("{name} {}{command}", listed(keys.iter().copied())))
}

/// The access keys of all episodes, those of the one with the highest score first. Tokens of clusters cannot be traced.
pub(super) fn access_keys<'i>(incident: &'i Incident<'_>) -> Vec<&'i str> {
    let leading = std::iter::once(incident.leading());
    let (mut keys, mut seen) = (Vec::new(), HashSet::new());
    for episode in leading.chain(&incident.episodes) {
        let evidence = episode.findings.iter().filter_map(|one| one.finding.evidence);
        let of_aws = |key: &&str| !is_of_cluster(key);
        for key in evidence.filter_map(|evidence| evidence.access_key_id()).filter(of_aws) {
            if seen.insert(key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// The principals of several episodes, in the order in which they fell, with what joins each to an earlier one or else to a later one.
fn order_of_principals(incident: &Incident<'_>) -> Option<String> {
    let episodes = incident.episodes.len();
    if episodes < 2 {
        return None;
    }
    let key = |index: usize| &*incident.episodes[index].who.key;
    // A cluster that all have in common is said once.
    let clusters: BTreeSet<Option<&str>> = (0..episodes).map(|index| cluster_of(key(index))).collect();
    let common = clusters.first().copied().flatten().filter(|_| clusters.len() == 1);
    let short = |index: usize| match (named(key(index)), cluster_of(key(index)).filter(|_| common.is_none()))
    {
        (None, _) => NOT_NAMED.to_owned(),
        (Some(key), None) => known_as(key).to_owned(),
        (Some(key), Some(cluster)) => format!("{} in {cluster}", known_as(key)),
    };
    let mut of_name: BTreeMap<String, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (index, episode) in incident.episodes.iter().enumerate() {
        of_name.entry(short(index)).or_default().insert(episode.who.account_and_key());
    }
    // Principals of one name are told apart by kind and account.
    let name = |index: usize| {
        let (short, who) = (short(index), incident.episodes[index].who);
        match named(&who.account).filter(|_| of_name[&short].len() > 1) {
            Some(account) => format!("{} {short} of {account}", who.kind.name()),
            None => short,
        }
    };
    let why = |index: usize| {
        // The first one is joined by what comes after it, and others may be, too.
        let joins_earlier = |link: &&Link<'_>| link.from.max(link.to) == index;
        let joins = |link: &&Link<'_>| index > 0 && [link.from, link.to].contains(&index);
        let links = || incident.links.iter();
        let link = links().find(joins_earlier).or_else(|| links().find(joins));
        let other = |link: &Link<'_>| name(link.from + link.to - index);
        link.map_or(String::new(), |link| {
            format!(" ({})", joined_by(incident, link, link.to == index, &other(link)))
        })
    };
    let members: Vec<String> = (0..episodes).map(|index| format!("{}{}", name(index), why(index))).collect();
    let members = listed(members.iter().map(|member| &**member));
    let place = common.map_or(String::new(), |cluster| format!(" in {cluster}"));
    let places = incident.places();
    let sign_ins = match episodes - places {
        0 => String::new(),
        some => format!(" and {}", counted(some as u64, "sign-in")),
    };
    Some(cut(&format!("{}{sign_ins}{place}: {members}", counted(places as u64, "episode"))))
}

/// What tells who a principal is: the name of a user or role, namespace and name of a service account, the subject that an identity provider
/// vouched for, the name of a user of SAML, else the whole key without the cluster.
fn known_as(key: &str) -> &str {
    let identity = without_cluster(key);
    match Arn::parse(identity).and_then(|arn| arn.typed_resource()) {
        // Provider, audience and subject.
        Some(("oidc-provider", path)) => path.splitn(3, ':').nth(2).unwrap_or(path),
        Some(_) => last_part(identity),
        // The hash of a SAML provider, in Base64, and the name of the user.
        None if identity.contains("=:") => identity.split_once("=:").map_or(identity, |(_, user)| user),
        None => identity.strip_prefix("system:serviceaccount:").unwrap_or(identity),
    }
}

/// The name of the cluster in a key, if it is known.
fn cluster_of(key: &str) -> Option<&str> {
    named(cluster_of_key(key)?)
}

/// What joins an episode to another one in a few words; `is_to` if the other one gave or acted.
fn joined_by(incident: &Incident<'_>, link: &Link<'_>, is_to: bool, other: &str) -> String {
    match (link.kind, is_to) {
        (LinkKind::AccessKey, _) => format!("same key {}", link.value),
        (LinkKind::IssuedKey, true) if is_of_cluster(link.value) => {
            format!("token requested by {other}")
        }
        (LinkKind::IssuedKey, false) if is_of_cluster(link.value) => {
            format!("requested the token that {other} used")
        }
        (LinkKind::IssuedToken, true) => format!("first acted after {other} requested a token for it"),
        (LinkKind::IssuedToken, false) => format!("requested a token for {other}, new after that"),
        // A temporary key goes to who asked for it, another to the user whose key it is: "given" would leave open who had it.
        (LinkKind::AccessEntry, true) => format!("admitted by {other}"),
        (LinkKind::AccessEntry, false) => format!("admitted {other} to the cluster"),
        (LinkKind::Impersonation, true) => format!("impersonated by {other}"),
        (LinkKind::Impersonation, false) => format!("acted as {other}"),
        (LinkKind::IssuedKey, true) if is_temporary_key(link.value) => format!("session begun by {other}"),
        (LinkKind::IssuedKey, false) if is_temporary_key(link.value) => {
            format!("began the session of {other}")
        }
        (LinkKind::IssuedKey, true) => format!("key created by {other}"),
        (LinkKind::IssuedKey, false) => format!("created the key of {other}"),
        (LinkKind::Creation, true) if is_service_account(link.value) => format!("created by {other}"),
        (LinkKind::Creation, false) if is_service_account(link.value) => format!("created {other}"),
        (LinkKind::Creation, true) => format!("created or opened by {other}"),
        (LinkKind::Creation, false) => format!("created or opened {other}"),
        (LinkKind::AssumedRole, is_to) => match (incident.is_assumed(link), is_to) {
            (true, true) => format!("assumed by {other}"),
            (true, false) => format!("assumed {other}"),
            (false, true) => format!("asked for by {other}"),
            (false, false) => format!("asked for {other}"),
        },
        (LinkKind::Network, _) => format!("same network {}", link.value),
    }
}

/// The first items of a list, and how many more there are.
fn listed<'t>(items: impl ExactSizeIterator<Item = &'t str>) -> String {
    let all = items.len();
    let mut text = items.take(LISTED).collect::<Vec<_>>().join(", ");
    if all > LISTED {
        text.push_str(&format!(" and {} more", all - LISTED));
    }
    text
}

/// A text cut to the width of a line: after a clause or else a word, so that no number or address reads as another. Only a word that is most of
/// the line is cut itself.
fn cut(text: &str) -> String {
    if width(text) <= COLUMNS {
        return text.to_owned();
    }
    // Room for a blank and the mark.
    let fitting = fitting(text, COLUMNS - 2);
    let blanks =
        || text.match_indices(' ').map(|(at, _)| &text[..at]).take_while(|kept| kept.len() <= fitting.len());
    let after_clause = blanks().filter(|kept| kept.ends_with([';', ','])).last();
    let after_clause = after_clause.filter(|kept| width(kept) >= COLUMNS * 3 / 4);
    let after_word = || blanks().last().filter(|kept| width(kept) >= COLUMNS / 2);
    if let Some(kept) = after_clause.or_else(after_word) {
        return format!("{kept} …");
    }
    let of_number = |c: char| c.is_ascii_hexdigit() || ".:,/".contains(c);
    match fitting.trim_end_matches(of_number) {
        stem if width(stem) >= COLUMNS / 2 => format!("{stem}…"),
        _ => format!("{fitting}…"),
    }
}

/// The longest start of a text that has no more than these columns.
fn fitting(text: &str, most: usize) -> &str {
    let mut columns = 0;
    let is_beyond = |(_, c): &(usize, char)| {
        columns += width(c.encode_utf8(&mut [0; 4]));
        columns > most
    };
    text.char_indices().find(is_beyond).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_to_the_columns_of_a_line() {
        assert_eq!(cut("short"), "short");
        for long in
            ["a".repeat(500), "名".repeat(500), "1".repeat(500), format!("rules: {}", "x".repeat(500))]
        {
            let text = cut(&long);
            assert!(text.ends_with('…') && !text.ends_with(" …"), "{text}");
            assert!((COLUMNS - 2..=COLUMNS).contains(&width(&text)), "{text}");
        }
    }

    #[test]
    fn a_text_is_cut_after_a_clause_or_a_word() {
        let reason = "of 130 principals had done it before, 109 of 1,300 of its family; 203.0.113.24 and 2001:db8::1234/48 were";
        for start in 0..COLUMNS - 10 {
            let text = format!("{} {reason} {reason}", "x".repeat(start));
            let cut = cut(&text);
            let kept = cut.strip_suffix(" …").unwrap();
            assert!(width(&cut) <= COLUMNS && text[kept.len()..].starts_with(' '), "{cut}");
            assert!(width(kept) >= COLUMNS / 2, "{cut}");
        }
        let clause = format!("{}: 109 of 130 principals had done it before", "x".repeat(COLUMNS - 60));
        assert_eq!(cut(&format!("{clause}, 109 of 1,300 of its family")), format!("{clause}, …"));
        // An address in a word that is cut is left out as a whole.
        let long = format!("{}@203.0.113.200", "x".repeat(COLUMNS - 5));
        assert_eq!(cut(&long), format!("{}@…", "x".repeat(COLUMNS - 5)));
    }

    #[test]
    fn a_short_name_tells_who_it_is() {
        let provider = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
        let subject = "repo:octo-org/fork:ref:refs/heads/main";
        assert_eq!(known_as(&format!("{provider}:sts.amazonaws.com:{subject}")), subject);
        assert_eq!(known_as("k8s:prod/arn:aws:iam::111122223333:user/ci/builder"), "builder");
        assert_eq!(known_as("arn:aws:iam::111122223333:user/ci/builder"), "builder");
        assert_eq!(known_as("k8s:prod/oidc:team/jo"), "oidc:team/jo");
        assert_eq!(known_as("Zk3okhaQ7hg5rT1x2c4v6b8n0m0=:jo@example.org"), "jo@example.org");
        assert_eq!(known_as("k8s:-/system:serviceaccount:shop:web"), "shop:web");
        assert_eq!(known_as("k8s:-/system:anonymous"), "system:anonymous");
        assert_eq!(["k8s:prod/a/b", "k8s:-/a", "a"].map(cluster_of), [Some("prod"), None, None]);
        let root = "arn:aws:iam::111122223333:root";
        assert_eq!(known_as(root), root);
    }

    #[test]
    fn a_list_says_how_many_are_not_shown() {
        assert_eq!(listed(["a", "b"].into_iter()), "a, b");
        assert_eq!(listed(["a", "b", "c", "d", "e"].into_iter()), "a, b, c and 2 more");
    }
}
