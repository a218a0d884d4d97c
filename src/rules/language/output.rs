//! The output of a rule: text with fields such as `%ct.user`.

use super::condition::{FieldTerm, Word};
use crate::model::{LogSource, OutputPart};
use crate::names::shortened;
use crate::rules::error::ConditionError;
use crate::rules::evaluate::event_context::EventContext;
use crate::rules::evaluate::field::FieldName;
use crate::rules::evaluate::transformer::{TransformedField, Transformer};

/// An output: its parts, and its fields in order.
#[derive(Clone, Debug, Default)]
pub(in crate::rules) struct Output {
    pub(in crate::rules) parts: Vec<OutputPart>,
    fields: Vec<TransformedField>,
}

impl Output {
    /// Parses a template.
    ///
    /// # Errors
    /// If a text in the form of a field is not a valid field.
    pub(in crate::rules) fn parse(template: &str, source: LogSource) -> Result<Self, ConditionError> {
        let mut output = Self { parts: Vec::new(), fields: Vec::new() };
        let template = template.trim();
        let mut rest = template;
        let mut text = String::new();
        while let Some(at) = rest.find('%') {
            text.push_str(&rest[..at]);
            let place = template.len() - rest.len() + at;
            rest = &rest[at + 1..];
            let Some((parsed, length)) = transformed(rest) else {
                if let Some(reason) = no_field(rest) {
                    return Err(ConditionError::new(template[..place].chars().count() + 1, reason));
                }
                text.push('%');
                continue;
            };
            let place = template[..place].chars().count() + 1;
            let term = parsed.map_err(|reason| ConditionError::new(place, reason))?;
            let field = term.compiled(source).map_err(|error| ConditionError::of_field(place, error))?;
            if !text.is_empty() {
                output.parts.push(OutputPart::Text(one_line(&std::mem::take(&mut text)).into()));
            }
            let FieldTerm { field: name, transformers } = term;
            let argument = name.argument.map_or(String::new(), |argument| format!("[{argument}]"));
            let named = format!("{}{argument}", name.name);
            let wrap = |inner, transformer: &Transformer| format!("{}({inner})", transformer.name());
            output.parts.push(OutputPart::Field(transformers.iter().fold(named, wrap).into()));
            output.fields.push(field);
            rest = &rest[length..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            output.parts.push(OutputPart::Text(one_line(&text).into()));
        }
        Ok(output)
    }

    /// The values of the fields in an event.
    pub(in crate::rules) fn values(
        &self,
        event: &EventContext<'_>,
    ) -> impl Iterator<Item = Option<Box<str>>> {
        self.fields.iter().map(|field| field.value(event).shown())
    }
}

/// A field, or what is wrong.
type Parsed = Result<FieldTerm, String>;

/// Limit on nested transformers; more are not legitimate.
const MAX_TRANSFORMERS: usize = 20;

/// The field at the start of a text, possibly in transformers, and the length of all; none if the text does not start with the
/// form of either.
fn transformed(text: &str) -> Option<(Parsed, usize)> {
    let mut transformers = Vec::new();
    let mut rest = text;
    while let Some((name, inner)) = rest.split_once('(') {
        let Some(transformer) = Transformer::from_name(name) else { break };
        transformers.insert(0, transformer);
        rest = inner.trim_start();
        if transformers.len() > MAX_TRANSFORMERS {
            let reason = format!("more than {MAX_TRANSFORMERS} transformers are nested");
            return Some((Err(reason), text.len() - rest.len()));
        }
    }
    let before = text.len() - rest.len();
    let Some((name, length)) = field(rest) else {
        let reason = || format!("expected a field in {}()", transformers.last().map_or("", |it| it.name()));
        return (!transformers.is_empty()).then(|| (Err(reason()), before));
    };
    rest = &rest[length..];
    for _ in &transformers {
        match rest.trim_start().strip_prefix(')') {
            Some(behind) => rest = behind,
            None => {
                return Some((Err("a bracket of a transformer is not closed".to_owned()), before + length));
            }
        }
    }
    Some((name.map(|field| FieldTerm { field, transformers }), text.len() - rest.len()))
}

/// Why what follows a percent sign is no field, if it is written like one. Falco refuses any other percent sign, too, which is taken for a text
/// here.
fn no_field(text: &str) -> Option<String> {
    let width = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (width, name) = text.split_at(width);
    if !width.is_empty() {
        let is_field = transformed(name).is_some();
        return is_field.then(|| format!("a width before a field, as in '%{width}', is not supported"));
    }
    let length = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
    let name = shortened(&name[..length]);
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| format!("'%{name}' is no field"))
}

/// The field at the start of a text, and its length; none if the text does not start with the form of a
/// field. Dots at its end are those of a sentence.
fn field(text: &str) -> Option<(Result<FieldName, String>, usize)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.".contains(c))).unwrap_or(text.len());
    let word = text[..end].split("..").next().unwrap_or_default().trim_end_matches('.');
    if !word.starts_with(|c: char| c.is_ascii_alphabetic()) || !word.contains('.') {
        return None;
    }
    let (name, length) = (word.to_owned(), word.len());
    Some(match text[length..].strip_prefix('[').map(|inner| inner.split_once(']')) {
        Some(Some((argument, _))) => {
            let length = length + argument.len() + 2;
            (Ok(FieldName { name, argument: Some(Word::of(argument).text) }), length)
        }
        Some(None) => (Err(format!("the bracket behind '{name}' is not closed")), length),
        None => (Ok(FieldName { name, argument: None }), length),
    })
}

/// The text in one line, without the line breaks of the file's layout.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !line.ends_with(' ') {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(template: &str) -> String {
        let shown = |part: &OutputPart| match part {
            OutputPart::Text(text) => format!("'{text}'"),
            OutputPart::Field(name) => format!("<{name}>"),
        };
        match Output::parse(template, LogSource::CloudTrail) {
            Ok(output) => output.parts.iter().map(shown).collect(),
            Err(flaw) => format!("{}: {}", flaw.at, flaw.reason),
        }
    }

    #[test]
    fn fields_are_found_in_text() {
        assert_eq!(
            parts("by %ct.user.arn, 5% (x=%json.value[/a/b])."),
            "'by '<ct.user.arn>', 5% (x='<json.value[/a/b]>').'"
        );
        assert_eq!(parts("%ct.user in\n %ct.region."), "<ct.user>' in '<ct.region>'.'");
        assert_eq!(
            parts("%ct.user... %ct.user...and %ct.name-x"),
            "<ct.user>'... '<ct.user>'...and '<ct.name>'-x'"
        );
        assert_eq!(parts("%tolower(ct.region).console"), "<tolower(ct.region)>'.console'");
        assert_eq!(parts("100% 5%, %%"), "'100% 5%, %%'");
        assert_eq!(parts("%toupper( b64(ct.name) )!"), "<toupper(b64(ct.name))>'!'");
    }

    #[test]
    fn an_invalid_field_is_an_error() {
        assert_eq!(
            parts("by %ct.usr"),
            "4: events of cloudtrail have no field 'ct.usr'; did you mean 'ct.user'?"
        );
        assert_eq!(parts("by %nofield."), "4: '%nofield' is no field");
        assert_eq!(parts("by %20ct.name"), "4: a width before a field, as in '%20', is not supported");
        // A known field at its start is not what was meant.
        assert_eq!(
            parts("by %ct.user.agent"),
            "4: events of cloudtrail have no field 'ct.user.agent'; did you mean 'ct.useragent'?"
        );
        for field in ["ct.request.bucketname", "ct.name.x", "ct.region.Then"] {
            let reason = format!("1: events of cloudtrail have no field '{field}'");
            assert!(parts(&format!("%{field}.")).starts_with(&reason), "{field}");
            assert!(parts(&format!("%len({field})")).starts_with(&reason), "{field}");
        }
        assert_eq!(parts("x %tolower(ct.name"), "3: a bracket of a transformer is not closed");
        assert_eq!(parts("x %tolower(y)"), "3: expected a field in tolower()");
        assert_eq!(parts(&format!("%{}", "len(".repeat(5000))), "1: more than 20 transformers are nested");
        assert_eq!(parts("%json.value[\"/a\"]"), "<json.value[/a]>");
        assert_eq!(parts("%json.value[/a"), "1: the bracket behind 'json.value' is not closed");
    }
}
