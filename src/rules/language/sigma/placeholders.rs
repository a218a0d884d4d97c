//! Placeholders in Sigma values with the modifier `expand`: `%admins%` stands for values that a file gives.

use std::collections::BTreeMap;

use crate::rules::error::{RuleError, similar};
use crate::yaml::{self, Yaml};

/// Limit on the values that one text may stand for; more is a mistake.
const MAX_VALUES: usize = 10_000;

/// The values of the placeholders in Sigma rules.
#[derive(Clone, Debug, Default)]
pub struct Placeholders {
    values: BTreeMap<String, Vec<String>>,
    /// The contents of the files.
    texts: Vec<String>,
}

impl Placeholders {
    /// Adds those of a file: a YAML map from names to a value or a list of values. A name that is known gets the new values.
    ///
    /// # Errors
    /// If the text is no such map.
    pub fn add(&mut self, file: &str, text: String) -> Result<(), RuleError> {
        let wrong = |line, reason| RuleError::new(file, line, None, reason);
        let documents = yaml::documents(&text).map_err(|error| wrong(error.line, error.reason))?;
        for document in documents.iter().filter(|document| !document.is_null()) {
            let members = document.map().ok_or_else(|| {
                wrong(document.line, "it is no map from names of placeholders to lists of values".to_owned())
            })?;
            for (key, value) in members {
                let name = key.text().unwrap_or_default();
                let values = value.list().unwrap_or(std::slice::from_ref(value));
                let text = |value: &Yaml| {
                    let text = value.text().map(str::to_owned);
                    text.ok_or_else(|| {
                        wrong(value.line, format!("placeholder '{name}' has a value that is no text"))
                    })
                };
                let values = values.iter().map(text).collect::<Result<_, _>>()?;
                self.values.insert(name.to_owned(), values);
            }
        }
        self.texts.push(text);
        Ok(())
    }

    /// The contents of the files.
    pub(in crate::rules) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// The texts that a text with placeholders stands for.
    pub(super) fn expanded(&self, text: &str) -> Result<Vec<String>, String> {
        let mut all = vec![String::new()];
        let mut rest = text;
        loop {
            let (before, named) = before_sign(rest);
            let Some((name, behind)) = named.map(before_sign) else {
                all.iter_mut().for_each(|known| known.push_str(&before));
                return Ok(all);
            };
            let Some(behind) = behind else {
                // The last sign is plain, too.
                all.iter_mut().for_each(|known| known.extend([&before, "%", &name]));
                return Ok(all);
            };
            let values = self.values.get(&name).ok_or_else(|| {
                let near = similar(&name, self.values.keys().map(String::as_str));
                format!(
                    "placeholder '%{name}%' has no values{near}; --sigma-placeholders names a file with them"
                )
            })?;
            if values.is_empty() {
                return Err(format!(
                    "the list of placeholder '%{name}%' is empty; give it at least one value"
                ));
            }
            if all.len() * values.len() > MAX_VALUES {
                return Err(format!("'{text}' stands for more than {MAX_VALUES} values"));
            }
            let with = |known: &String| {
                values.iter().map(|value| [&**known, &before, value].concat()).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
            rest = behind;
        }
    }
}

/// The text before a percent sign that is not escaped, and what follows that sign, if there is one. `\%` is a plain sign, and so is `\\%`, as the
/// specification writes it. Other backslashes stay, since they may escape wildcards.
fn before_sign(text: &str) -> (String, Option<&str>) {
    let mut before = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['%', '\\']) {
        before.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(behind) = rest.strip_prefix('%') {
            return (before, Some(behind));
        }
        if let Some(behind) = rest.strip_prefix(r"\%").or_else(|| rest.strip_prefix(r"\\%")) {
            before.push('%');
            rest = behind;
            continue;
        }
        let escape = if rest.starts_with(r"\\") { 2 } else { 1 };
        before.push_str(&rest[..escape]);
        rest = &rest[escape..];
    }
    before.push_str(rest);
    (before, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_all_their_values() {
        let mut placeholders = Placeholders::default();
        placeholders.add("p.yml", "admins: [eva, bob]\nwhere: eu\n".to_owned()).unwrap();
        assert_eq!(placeholders.expanded("%admins%@%where%!").unwrap(), ["eva@eu!", "bob@eu!"]);
        assert_eq!(placeholders.expanded("100%").unwrap(), ["100%"]);
        for (text, expected) in [
            (r"\%plain%where%", "%plaineu"),
            (r"\\%plain%where%", "%plaineu"),
            (r"\%where\%", "%where%"),
            (r"%where%\%where%", "eu%where%"),
            (r"100% \%", "100% %"),
            (r"a\*\\b\\\%c\", r"a\*\\b\\%c\"),
            ("%", "%"),
            ("", ""),
        ] {
            assert_eq!(placeholders.expanded(text).unwrap(), [expected], "{text}");
        }
        placeholders.add("q.yml", "none: []\n".to_owned()).unwrap();
        let why = placeholders.expanded("%none%").unwrap_err();
        assert_eq!(why, "the list of placeholder '%none%' is empty; give it at least one value");
        let why = placeholders.expanded("%admns%").unwrap_err();
        assert!(why.contains("'%admns%' has no values; did you mean 'admins'?"), "{why}");
    }

    #[test]
    fn an_error_names_file_line_and_placeholder() {
        let why = |text: &str| Placeholders::default().add("p.yml", text.to_owned()).unwrap_err().to_string();
        assert_eq!(why("- a\n"), "p.yml, line 1: it is no map from names of placeholders to lists of values");
        assert_eq!(
            why("a: [b]\nc:\n- d\n- {e: f}\n"),
            "p.yml, line 4: placeholder 'c' has a value that is no text"
        );
        assert!(why("a: [b\n").starts_with("p.yml, line "));
    }
}
