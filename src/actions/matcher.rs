//! Finds the rule that decides the class of a call.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::Class;
use super::aliases::ApiName;
use super::rules::{Calls, EVENTS, RULES, Rule};
use super::table::{AccessLevel, ActionTable, KnownAction};
use super::words::{Noun, words};

/// First words of calls that only read, for actions without an access level.
const READING: [&str; 13] = [
    "describe", "get", "head", "list", "lookup", "search", "select", "query", "scan", "simulate", "preview",
    "estimate", "check",
];

/// First words that say how a call does something, not what.
const PREFIXES: [&str; 2] = ["batch", "admin"];

/// A rule with its texts split.
#[derive(Debug)]
struct SplitRule {
    rule: &'static Rule,
    services: Vec<&'static str>,
    verbs: Vec<String>,
    nouns: Vec<(&'static str, Noun)>,
    without: Vec<Noun>,
}

static SPLIT_RULES: LazyLock<Vec<SplitRule>> = LazyLock::new(|| RULES.iter().map(SplitRule::new).collect());

/// A call of an AWS API, as far as its name says what it is.
pub(super) struct Call<'a> {
    api: ApiName<'a>,
    known: Option<&'static KnownAction>,
    words: Vec<String>,
    is_read: bool,
}

/// What decided the class of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    /// A rule, and the noun that was in the name.
    Rule(&'static Rule, Option<&'static str>),
    /// An event that is known by name: its class and the reason.
    Event(Option<Class>, &'static str),
}

impl<'a> Call<'a> {
    /// Reads the name of an action; `read_only` is what the record says of the call.
    pub(super) fn new(action: &'a str, table: &'static ActionTable, read_only: Option<bool>) -> Self {
        let api = ApiName::new(action);
        let known = table
            .find(api.service, api.name)
            .or_else(|| api.alias().and_then(|(service, name)| table.find(service, name)));
        let mut words = words(api.name);
        if words.len() > 1 && PREFIXES.contains(&&*words[0]) {
            words.remove(0);
        }
        let mut call = Self { api, known, words, is_read: false };
        call.is_read = read_only.unwrap_or_else(|| call.seems_to_read());
        call
    }

    /// The name in IAM's spelling.
    pub(super) fn iam_name(&self) -> String {
        match (self.known, self.api.service) {
            (Some(known), _) => known.full_name(),
            (None, "") => self.api.name.to_owned(),
            (None, service) => format!("{service}:{}", self.api.name),
        }
    }

    /// The access level, if the table has it.
    pub(super) fn level(&self) -> Option<AccessLevel> {
        self.known.and_then(|known| known.level)
    }

    /// Whether the table has it.
    pub(super) const fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// What decides its class; `None` if no rule matches. Tags have no class.
    pub(super) fn decide(&self) -> Option<Decision> {
        let event = EVENTS.iter().find(|(service, name, ..)| {
            self.api.service.eq_ignore_ascii_case(service) && self.api.name.eq_ignore_ascii_case(name)
        });
        if let Some((_, _, class, reason)) = event {
            return Some(Decision::Event(*class, reason));
        }
        if self.level() == Some(AccessLevel::Tagging) || matches!(self.verb(), "tag" | "untag") {
            return None;
        }
        SPLIT_RULES.iter().find_map(|rule| rule.decide(self))
    }

    fn verb(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }

    /// Whether the level, else the verb, says that it only reads. A few reads have the level permissions-management.
    fn seems_to_read(&self) -> bool {
        let has_verb = READING.contains(&self.verb());
        match self.level() {
            Some(AccessLevel::List | AccessLevel::Read) => true,
            Some(AccessLevel::Write | AccessLevel::Tagging) => false,
            Some(AccessLevel::PermissionsManagement) | None => has_verb,
        }
    }
}

impl SplitRule {
    fn new(rule: &'static Rule) -> Self {
        let nouns = |texts: &'static str| texts.split_ascii_whitespace().map(|text| (text, Noun::new(text)));
        Self {
            rule,
            services: rule.services.split_ascii_whitespace().collect(),
            verbs: rule.verbs.split_ascii_whitespace().map(|verb| words(verb).concat()).collect(),
            nouns: nouns(rule.nouns).collect(),
            without: nouns(rule.without).map(|(_, noun)| noun).collect(),
        }
    }

    fn decide(&self, call: &Call<'_>) -> Option<Decision> {
        let Self { rule, services, verbs, nouns, without } = self;
        let is_about_call = match rule.calls {
            Calls::All => true,
            Calls::Changes => !call.is_read,
            Calls::Reads => call.is_read,
        };
        let has_service = services.is_empty()
            || services.iter().any(|service| call.api.service.eq_ignore_ascii_case(service));
        let has_verb = verbs.is_empty() || verbs.iter().any(|verb| verb == call.verb());
        let is_on = rule.list.is_none_or(|list| call.known.is_some_and(|known| known.is_on(list)));
        let has_level = rule.level.is_none_or(|level| call.level() == Some(level));
        if !(is_about_call && has_service && has_verb && is_on && has_level)
            || without.iter().any(|noun| noun.is_in(&call.words))
        {
            return None;
        }
        let noun = nouns.iter().find(|(_, noun)| noun.is_in(&call.words)).map(|(text, _)| *text);
        (nouns.is_empty() || noun.is_some()).then_some(Decision::Rule(rule, noun))
    }
}

impl Decision {
    /// The class; an event that is known by name may have none.
    pub(super) const fn class(&self) -> Option<Class> {
        match self {
            Self::Rule(rule, _) => Some(rule.class),
            Self::Event(class, _) => *class,
        }
    }

    /// Whether it is about this event alone.
    pub(super) const fn is_exact(&self) -> bool {
        matches!(self, Self::Event(..))
    }

    /// What decided, in words: `ssm, Get, Parameter: returns parameters …`.
    pub(super) fn reason(&self, call: &Call<'_>) -> Cow<'static, str> {
        let (rule, noun) = match self {
            Self::Event(_, reason) => return (*reason).into(),
            Self::Rule(rule, noun) => (rule, noun),
        };
        let service = (!rule.services.is_empty()).then_some(call.api.service);
        let verb = (!rule.verbs.is_empty()).then(|| capitalized(call.verb()));
        let noun = noun.map(|noun| noun.trim_end_matches('$'));
        let matched: Vec<&str> = [service, verb.as_deref(), noun].into_iter().flatten().collect();
        match matched.is_empty() {
            true => rule.reason.into(),
            false => format!("{}: {}", matched.join(", "), rule.reason).into(),
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or(String::new(), |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
}
