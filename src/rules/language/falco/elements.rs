//! Rules, macros and lists of all files together: later elements append to earlier ones, override parts of
//! them or replace them.

use std::collections::BTreeMap;

use super::element::{Element, LocatedText};
use super::exceptions::{self, Addition, Exception};
use crate::rules::error::RuleError;
use crate::rules::language::condition::Word;
use crate::yaml::Yaml;

/// The supported version of Falco's engine. Versions before 0.26.0 were written as a single number.
const ENGINE_VERSION: (u32, u32, u32) = (0, 62, 0);

/// All elements read.
#[derive(Debug, Default)]
pub(in crate::rules) struct Elements {
    pub(super) lists: BTreeMap<String, Vec<Word>>,
    pub(super) macros: BTreeMap<String, LocatedText>,
    pub(super) rules: BTreeMap<String, RuleDraft>,
}

/// A rule before it is compiled.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RuleDraft {
    pub(super) file: Box<str>,
    pub(super) line: usize,
    pub(super) condition: LocatedText,
    pub(super) output: LocatedText,
    pub(super) description: String,
    pub(super) priority: LocatedText,
    pub(super) source: Option<LocatedText>,
    pub(super) tags: Vec<String>,
    pub(super) enabled: bool,
    pub(super) exceptions: Vec<Exception>,
    /// `skip-if-unknown-filter`: silently skipped if a field is unknown.
    pub(super) may_be_left_out: bool,
}

/// What an element does to an earlier one with the same name.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Override {
    Append,
    Replace,
}

const RULE_KEYS: [&str; 16] = [
    "rule",
    "desc",
    "condition",
    "output",
    "priority",
    "source",
    "tags",
    "enabled",
    "exceptions",
    "append",
    "override",
    "warn_evttypes",
    "skip-if-unknown-filter",
    "capture",
    "capture_duration",
    "maturity",
];

impl Elements {
    /// Adds the elements of a file. An error in one element does not affect the others.
    pub(in crate::rules) fn add(&mut self, file: &str, documents: &[Yaml], errors: &mut Vec<RuleError>) {
        for document in documents {
            let Some(items) = document.list() else {
                if !document.is_null() {
                    let sigma =
                        if document.get("detection").is_some() { "; --sigma reads Sigma's" } else { "" };
                    let reason = format!("a rule file is a list of rules, macros and lists{sigma}");
                    errors.push(RuleError::new(file, document.line, None, reason));
                }
                continue;
            };
            for item in items.iter().filter(|item| !item.is_null()) {
                errors.extend(self.element(file, item).err());
            }
        }
    }

    fn element(&mut self, file: &str, yaml: &Yaml) -> Result<(), RuleError> {
        let sorts = ["rule", "macro", "list", "required_engine_version", "required_plugin_versions"];
        let sort = sorts.into_iter().find(|sort| yaml.get(sort).is_some());
        let name = sort.and_then(|sort| yaml.get(sort)?.text()).unwrap_or_default().to_owned();
        let changes = if yaml.get("append").or(yaml.get("override")).is_some() { "change of " } else { "" };
        let title = sort.map_or("an element".to_owned(), |sort| format!("{changes}{sort} '{name}'"));
        let element = Element { file, yaml, title };
        if matches!(sort, Some("rule" | "macro" | "list"))
            && (name.is_empty() || name.contains(char::is_control))
        {
            return Err(element.error(yaml.line, "it needs a name"));
        }
        match sort {
            Some("rule") => self.rule(name, &element),
            Some("macro") => self.macro_(name, &element),
            Some("list") => self.list(name, &element),
            Some("required_engine_version") => engine_version(&name, &element),
            // Plugins are not loaded; their fields are built in.
            Some(_) => Ok(()),
            None => Err(element.error(yaml.line, "it is neither a rule nor a macro nor a list")),
        }
    }

    fn list(&mut self, name: String, element: &Element<'_>) -> Result<(), RuleError> {
        element.only(&["list", "items", "append", "override"])?;
        let items =
            element.texts("items")?.ok_or_else(|| element.error(element.yaml.line, "it has no items"))?;
        let items = items.iter().map(|item| Word::of(item));
        match change(element, "items")? {
            Some(Override::Append) => known(&mut self.lists, &name, element)?.extend(items),
            _ => drop(self.lists.insert(name, items.collect())),
        }
        Ok(())
    }

    fn macro_(&mut self, name: String, element: &Element<'_>) -> Result<(), RuleError> {
        element.only(&["macro", "condition", "append", "override"])?;
        let condition = element.text("condition")?;
        let condition = condition.ok_or_else(|| element.error(element.yaml.line, "it has no condition"))?;
        match change(element, "condition")? {
            Some(Override::Append) => known(&mut self.macros, &name, element)?.append(condition),
            _ => drop(self.macros.insert(name, condition)),
        }
        Ok(())
    }

    fn rule(&mut self, name: String, element: &Element<'_>) -> Result<(), RuleError> {
        element.only(&RULE_KEYS)?;
        let keys: Vec<&str> =
            element.yaml.map().unwrap_or_default().iter().filter_map(|(key, _)| key.text()).collect();
        // The old syntax to enable or disable a rule.
        if let (["rule", "enabled"] | ["enabled", "rule"], Some(enabled)) =
            (&keys[..], element.flag("enabled")?)
        {
            known(&mut self.rules, &name, element)?.enabled = enabled;
            return Ok(());
        }
        if element.yaml.get("override").is_some() || element.flag("append")? == Some(true) {
            let rule = known(&mut self.rules, &name, element)?;
            let mut changed = rule.clone();
            changed.change(element)?;
            *rule = changed;
            return Ok(());
        }
        let rule = RuleDraft::new(element)?;
        self.rules.insert(name, rule);
        Ok(())
    }
}

impl RuleDraft {
    fn new(element: &Element<'_>) -> Result<Self, RuleError> {
        let needed = |key: &str| {
            let text = element.text(key)?;
            text.ok_or_else(|| element.error(element.yaml.line, format!("it has no {key}")))
        };
        let mut exceptions = Vec::new();
        exceptions::add(&mut exceptions, element, Addition::New)?;
        Ok(Self {
            file: element.file.into(),
            line: element.yaml.line,
            condition: needed("condition")?,
            output: needed("output")?,
            description: element.text("desc")?.map(|it| it.text).unwrap_or_default(),
            priority: needed("priority")?,
            source: element.text("source")?,
            tags: element.texts("tags")?.unwrap_or_default(),
            enabled: element.flag("enabled")?.unwrap_or(true),
            exceptions,
            may_be_left_out: element.flag("skip-if-unknown-filter")?.unwrap_or(false),
        })
    }

    /// Appends to the rule, or replaces parts of it.
    fn change(&mut self, element: &Element<'_>) -> Result<(), RuleError> {
        for (key, into) in [("condition", &mut self.condition), ("output", &mut self.output)] {
            match (element.text(key)?, change(element, key)?) {
                (Some(text), Some(Override::Append)) => into.append(text),
                (Some(text), _) => *into = text,
                (None, _) => {}
            }
        }
        if let Some(text) = element.text("desc")? {
            match change(element, "desc")? {
                Some(Override::Append) => {
                    self.description.push(' ');
                    self.description.push_str(&text.text);
                }
                _ => self.description = text.text,
            }
        }
        if let Some(tags) = element.texts("tags")? {
            match change(element, "tags")? {
                Some(Override::Append) => self.tags.extend(tags),
                _ => self.tags = tags,
            }
        }
        let mut addition = Addition::Appended;
        if change(element, "exceptions")? == Some(Override::Replace) {
            self.exceptions.clear();
            addition = Addition::New;
        }
        exceptions::add(&mut self.exceptions, element, addition)?;
        if let Some(source) = element.text("source")? {
            let is_same = self.source.as_ref().is_some_and(|own| own.text == source.text);
            if element.yaml.get("override").is_some() || !is_same {
                let reason = "the source of a rule cannot be changed; write another rule";
                return Err(source.wrong(&element.title, reason.to_owned()));
            }
        }
        for key in ["priority", "enabled", "skip-if-unknown-filter"] {
            let word = element.yaml.get("override").and_then(|overrides| overrides.get(key)?.text());
            if word == Some("append") {
                return Err(
                    element.error(element.yaml.line, format!("'{key}' can be replaced, not appended to"))
                );
            }
        }
        self.priority = element.text("priority")?.unwrap_or_else(|| self.priority.clone());
        self.enabled = element.flag("enabled")?.unwrap_or(self.enabled);
        self.may_be_left_out = element.flag("skip-if-unknown-filter")?.unwrap_or(self.may_be_left_out);
        Ok(())
    }
}

/// The earlier element with a name.
fn known<'e, T>(
    elements: &'e mut BTreeMap<String, T>,
    name: &str,
    element: &Element<'_>,
) -> Result<&'e mut T, RuleError> {
    let missing = || element.error(element.yaml.line, "it changes one that was not there before it");
    elements.get_mut(name).ok_or_else(missing)
}

/// The override of a key: `append: true` and `override: {key: append}` append, `override: {key: replace}`
/// replaces.
fn change(element: &Element<'_>, key: &str) -> Result<Option<Override>, RuleError> {
    let appends = element.flag("append")? == Some(true);
    let Some(overrides) = element.yaml.get("override") else {
        return Ok(appends.then_some(Override::Append));
    };
    if appends {
        return Err(element.error(overrides.line, "append and override exclude each other"));
    }
    let Some(members) = overrides.map() else {
        return Err(element.error(overrides.line, "override takes keys, each with append or replace"));
    };
    for (key, _) in members {
        let name = key.text().unwrap_or("(no text)");
        if element.yaml.get(name).is_none() {
            return Err(element.error(key.line, format!("it overrides '{name}' and does not give it")));
        }
    }
    for (given, _) in element.yaml.map().unwrap_or_default() {
        let name = given.text().unwrap_or_default();
        let names_it = matches!(name, "rule" | "macro" | "list" | "override");
        if !names_it && overrides.get(name).is_none() {
            let reason = format!("'{name}' is given, and override does not say what becomes of it");
            return Err(element.error(given.line, reason));
        }
    }
    match overrides.get(key) {
        None => Ok(None),
        Some(word) => match word.text() {
            Some("append") => Ok(Some(Override::Append)),
            Some("replace") => Ok(Some(Override::Replace)),
            _ => Err(element.error(word.line, format!("override of '{key}' is neither append nor replace"))),
        },
    }
}

fn engine_version(text: &str, element: &Element<'_>) -> Result<(), RuleError> {
    let mut numbers = text.split('.').map(|number| number.parse::<u32>().ok());
    let version = match (numbers.next().flatten(), numbers.next(), numbers.next()) {
        (Some(number), None, None) => Some((0, number, 0)),
        (Some(major), Some(Some(minor)), Some(Some(patch))) => Some((major, minor, patch)),
        _ => None,
    };
    let (_, known, _) = ENGINE_VERSION;
    match version {
        Some(version) if version <= ENGINE_VERSION => Ok(()),
        Some(_) => Err(element
            .error(element.yaml.line, format!("this program reads rules of engine 0.{known}.0 and before"))),
        None => Err(element.error(element.yaml.line, "it is no version such as 10 or 0.26.0")),
    }
}
