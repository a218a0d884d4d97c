//! The fields of rules, with their names in Falco's plugins, and how each is read from an event.
//!
//! Sources: `extract.go` and `fields.go` of the plugins cloudtrail, k8saudit and json in falcosecurity/plugins; the names
//! `aws.*` are those of Sysdig's Cloud Connector. All are listed in `docs/rules.md`.

mod cloudtrail;
mod derived;
mod kubernetes;
mod scanned;

use super::comparison::size_of_value;
use super::event_context::{EventContext, Value};
use super::path::Path;
use crate::model::LogSource;
use crate::rules::error::{FieldError, similar};
pub(in crate::rules) use derived::Derived;
use derived::TimeParts;
pub(in crate::rules) use scanned::Scanned;

/// The name of a field, with its argument in brackets.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) struct FieldName {
    pub(in crate::rules) name: String,
    pub(in crate::rules) argument: Option<String>,
}

/// How to find the value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::rules) enum Field {
    /// Among the texts scanned for every record.
    Scanned(Scanned),
    /// At a path in the record.
    At(Path),
    /// At a path in the record, for a search in the texts of objects, too.
    Searched(Path),
    /// Whether the record has the key at a path, also with `null`: a text if so.
    Present(Path),
    /// The numbers at a path, as [`decimal`](super::decimal::decimal) writes them.
    Numbers(Path),
    /// Derived, with the argument in brackets.
    Derived(Derived, Option<Box<str>>),
}

/// Which argument a field takes in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    None,
    /// Optional: the index of an item.
    Index,
    /// Required.
    Needed,
}

/// How to read a field of the tables.
#[derive(Clone, Copy, Debug)]
enum FieldReader {
    Scanned(Scanned),
    /// A JSON pointer.
    At(&'static str),
    /// A path with `*` for every item of a list.
    List(&'static str),
    Derived(Derived),
}

fn unknown(name: &str, source: LogSource) -> FieldError {
    let known: Vec<String> = names(source).collect();
    let near = similar(name, known.iter().map(String::as_str));
    FieldError {
        reason: format!("events of {} have no field '{name}'{near}", source.name()),
        is_unknown: true,
    }
}

impl FieldReader {
    fn takes(self) -> Argument {
        match self {
            Self::List(_) => Argument::Index,
            Self::Derived(derived) => derived.takes(),
            Self::Scanned(_) | Self::At(_) => Argument::None,
        }
    }
}

impl Argument {
    fn check(self, name: &str, argument: Option<&str>) -> Result<(), String> {
        match (self, argument) {
            (Self::None, Some(argument)) => Err(format!("'{name}' takes no argument '[{argument}]'")),
            (Self::Needed, None) => Err(format!("'{name}' needs an argument, as in {name}[x]")),
            (Self::Index, Some(argument)) if argument.parse::<u32>().is_err() => {
                Err(format!("'{name}' takes the index of an item, not '{argument}'"))
            }
            _ => Ok(()),
        }
    }
}

/// Fields of events of any source.
const COMMON: &[(&str, FieldReader)] = &[
    ("evt.num", FieldReader::Derived(Derived::Number)),
    ("evt.time", FieldReader::Derived(Derived::Time(TimeParts::Clock))),
    ("evt.time.iso8601", FieldReader::Derived(Derived::Time(TimeParts::Iso8601))),
    ("evt.time.s", FieldReader::Derived(Derived::Time(TimeParts::ClockInSeconds))),
    ("evt.datetime", FieldReader::Derived(Derived::Time(TimeParts::DateAndClock))),
    ("evt.datetime.s", FieldReader::Derived(Derived::Time(TimeParts::DateAndClockInSeconds))),
    ("evt.rawtime", FieldReader::Derived(Derived::Nanoseconds)),
    ("evt.rawtime.s", FieldReader::Derived(Derived::Seconds)),
    ("evt.rawtime.ns", FieldReader::Derived(Derived::NanosecondsOfSecond)),
    ("evt.source", FieldReader::Derived(Derived::Source)),
    ("evt.is_async", FieldReader::Derived(Derived::IsAsync)),
    ("evt.asynctype", FieldReader::Derived(Derived::Never)),
    ("evt.hostname", FieldReader::Derived(Derived::Never)),
    ("evt.plugininfo", FieldReader::Derived(Derived::Summary)),
    ("evt.pluginname", FieldReader::Derived(Derived::Plugin)),
    ("json.rawtime", FieldReader::Derived(Derived::Nanoseconds)),
    ("json.obj", FieldReader::Derived(Derived::Record)),
    ("jevt.rawtime", FieldReader::Derived(Derived::Nanoseconds)),
    ("jevt.time", FieldReader::Derived(Derived::Time(TimeParts::Clock))),
    ("jevt.time.iso8601", FieldReader::Derived(Derived::Time(TimeParts::Iso8601))),
    ("jevt.obj", FieldReader::Derived(Derived::Record)),
];

/// Fields of events in Falco that depend on when it reads them.
const NOT_IN_LOGS: [&str; 3] = ["evt.reltime", "evt.reltime.s", "evt.reltime.ns"];

/// Fields that take a JSON pointer to a value.
const POINTERS: [&str; 2] = ["json.value", "jevt.value"];

/// How many keys of a path count as one more part of a condition.
const KEYS_OF_PART: usize = 8;

fn tables(source: LogSource) -> [&'static [(&'static str, FieldReader)]; 2] {
    match source {
        LogSource::CloudTrail => [COMMON, cloudtrail::FIELDS],
        LogSource::Kubernetes => [COMMON, kubernetes::FIELDS],
    }
}

/// All field names of a source.
pub(in crate::rules) fn names(source: LogSource) -> impl Iterator<Item = String> {
    let of_containers = Some(kubernetes::names()).filter(|_| source == LogSource::Kubernetes);
    let known = tables(source).into_iter().flatten().map(|(name, _)| *name).chain(POINTERS);
    known.map(str::to_owned).chain(of_containers.into_iter().flatten())
}

impl Field {
    /// How much it holds beside its check, see `Condition::size`: nothing, unless its path is longer than those of events.
    pub(in crate::rules) fn size(&self) -> usize {
        match self {
            Self::Scanned(_) => 0,
            Self::At(path) | Self::Searched(path) | Self::Present(path) | Self::Numbers(path) => {
                path.len() / KEYS_OF_PART
            }
            Self::Derived(_, argument) => argument.as_deref().map_or(0, |text| size_of_value(text) - 1),
        }
    }

    /// The field with a name.
    ///
    /// # Errors
    /// If the name is unknown or its argument is invalid.
    pub(in crate::rules) fn of(named: &FieldName, source: LogSource) -> Result<Self, FieldError> {
        let FieldName { name, argument } = named;
        let argument = argument.as_deref();
        if POINTERS.contains(&&**name) {
            let pointer =
                argument.ok_or_else(|| format!("'{name}' needs a JSON pointer, as in {name}[/a/b]"))?;
            return Ok(Self::at(Path::pointer(pointer), source));
        }
        if NOT_IN_LOGS.contains(&&**name) {
            let reason = "it is the time since Falco began to read, which logs do not have";
            return Err(FieldError::from(format!("there is no '{name}' here: {reason}")));
        }
        let known = tables(source).into_iter().flatten().find(|(known, _)| **known == **name);
        let (reading, list) = match known {
            Some((_, reading)) => (*reading, None),
            None => kubernetes::of_containers(name)
                .filter(|_| source == LogSource::Kubernetes)
                .ok_or_else(|| unknown(name, source))?,
        };
        reading.takes().check(name, argument)?;
        let index = argument.and_then(|argument| argument.parse().ok());
        Ok(match reading {
            FieldReader::Scanned(scanned) => Self::Scanned(scanned),
            FieldReader::At(pointer) => Self::at(Path::pointer(pointer), source),
            FieldReader::List(path) => Self::At(match list {
                Some(list) => Path::list(&format!("requestObject/spec/{list}/*/{path}"), index),
                None => Path::list(path, index),
            }),
            FieldReader::Derived(derived) => Self::Derived(derived, argument.map(Box::from)),
        })
    }

    /// The field for a path: a scanned text if the path leads to one.
    pub(in crate::rules) fn at(path: Path, source: LogSource) -> Self {
        let scanned = path.keys().and_then(|keys| Scanned::at(&keys, source));
        scanned.map_or(Self::At(path), Self::Scanned)
    }

    /// The field to search for a part of a text, and whether its values are in one case already: texts in objects are found, too, and of words
    /// fewer are looked at.
    pub(in crate::rules) fn searched(self, any_case: bool) -> (Self, bool) {
        match self {
            Self::At(path) => (Self::Searched(path), false),
            Self::Derived(Derived::Words, _) if any_case => (Self::Derived(Derived::Lowered, None), true),
            Self::Derived(Derived::Words, _) => (Self::Derived(Derived::Searched, None), false),
            other => (other, false),
        }
    }

    /// Whether it is a number in Falco, wherever there is a value.
    pub(in crate::rules) fn is_number(&self) -> bool {
        matches!(self, Self::Derived(derived, _) if derived.is_number())
    }

    /// The value of this field.
    pub(in crate::rules) fn value<'a>(&'a self, event: &'a EventContext<'_>) -> Value<'a> {
        match self {
            Self::Scanned(scanned) => scanned.value(event),
            Self::At(path) => path.value(event),
            Self::Searched(path) => path.searched(event),
            Self::Present(path) => Value::some(path.is_present(event).then_some("")),
            Self::Numbers(path) => path.numbers(event),
            Self::Derived(derived, argument) => derived.value(argument.as_deref(), event),
        }
    }

    /// Cost of reading the value, for ordering checks.
    pub(in crate::rules) fn cost(&self) -> u8 {
        match self {
            Self::Scanned(_) | Self::Derived(Derived::Number, _) => 0,
            Self::At(_) | Self::Searched(_) | Self::Present(_) | Self::Numbers(_) | Self::Derived(..) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str, source: LogSource) -> Result<Field, FieldError> {
        let named = crate::rules::language::condition::field(text).unwrap().field;
        Field::of(&named, source)
    }

    #[test]
    fn a_pointer_to_a_scanned_text_uses_the_scanned_text() {
        let source = LogSource::CloudTrail;
        assert_eq!(field("json.value[/userIdentity/type]", source), field("ct.user.identitytype", source));
        assert_eq!(field("jevt.value[eventName]", source), Ok(Field::Scanned(Scanned::EventName)));
        assert!(matches!(field("json.value[/requestParameters/x]", source), Ok(Field::At(_))));
    }

    #[test]
    fn wrong_names_and_arguments_are_reported() {
        let why = |text| field(text, LogSource::CloudTrail).unwrap_err().reason;
        assert_eq!(why("ct.nme"), "events of cloudtrail have no field 'ct.nme'; did you mean 'ct.name'?");
        assert_eq!(why("ka.verb"), "events of cloudtrail have no field 'ka.verb'");
        assert_eq!(why("ct.name[0]"), "'ct.name' takes no argument '[0]'");
        assert_eq!(why("json.value"), "'json.value' needs a JSON pointer, as in json.value[/a/b]");
        let why = |text| field(text, LogSource::Kubernetes).unwrap_err().reason;
        assert_eq!(why("ka.uri.param"), "'ka.uri.param' needs an argument, as in ka.uri.param[x]");
        assert!(why("ka.req.pod.containers.image[x]").contains("the index of an item"));
    }

    #[test]
    fn every_field_is_documented() {
        let text = include_str!("../../../../docs/rules.md");
        for source in [LogSource::CloudTrail, LogSource::Kubernetes] {
            for name in names(source) {
                assert!(text.contains(&format!("`{name}`")), "{name} is missing in docs/rules.md");
            }
        }
    }
}
