//! Placeholders in Sigma values with the modifier `expand`: `%admins%` stands for values that a file gives.

use std::collections::BTreeMap;

use crate::rules::error::{RuleError, similar};
use crate::yaml::Yaml;

/// Limit on the values that one text may stand for; more is a mistake.
const MAX_VALUES: usize = 10_000;

/// The values of each placeholder.
#[derive(Debug, Default)]
pub(in crate::rules) struct Placeholders(BTreeMap<String, Vec<String>>);

impl Placeholders {
    /// Adds those of a file: a map from names to a value or a list of values.
    pub(in crate::rules) fn add(&mut self, file: &str, documents: &[Yaml], errors: &mut Vec<RuleError>) {
        for document in documents.iter().filter(|document| !document.is_null()) {
            let Some(members) = document.map() else {
                let reason = "a file of placeholders is a map from names to lists of values";
                errors.push(RuleError::new(file, document.line, None, reason));
                continue;
            };
            for (key, value) in members {
                let values = value.list().unwrap_or(std::slice::from_ref(value));
                let values: Option<Vec<String>> =
                    values.iter().map(|value| value.text().map(str::to_owned)).collect();
                match (key.text(), values) {
                    (Some(name), Some(values)) => drop(self.0.insert(name.to_owned(), values)),
                    _ => {
                        let reason = "a placeholder has values that are no texts";
                        errors.push(RuleError::new(file, key.line, None, reason));
                    }
                }
            }
        }
    }

    /// The texts that a text with placeholders stands for.
    pub(super) fn expanded(&self, text: &str) -> Result<Vec<String>, String> {
        let mut all = vec![String::new()];
        let mut rest = text;
        loop {
            let found = rest.split_once('%').and_then(|(before, behind)| {
                let (name, behind) = behind.split_once('%')?;
                Some((before, name, behind))
            });
            let Some((before, name, behind)) = found else {
                all.iter_mut().for_each(|known| known.push_str(rest));
                return Ok(all);
            };
            let values = self.0.get(name).filter(|values| !values.is_empty()).ok_or_else(|| {
                let near = similar(name, self.0.keys().map(String::as_str));
                format!(
                    "placeholder '%{name}%' has no values{near}; --sigma-placeholders names a file with them"
                )
            })?;
            if all.len() * values.len() > MAX_VALUES {
                return Err(format!("'{text}' stands for more than {MAX_VALUES} values"));
            }
            let with = |known: &String| {
                values.iter().map(|value| [known, before, value].concat()).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(with).collect();
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::documents;

    #[test]
    fn placeholders_stand_for_all_their_values() {
        let mut placeholders = Placeholders::default();
        let mut errors = Vec::new();
        placeholders.add("p.yml", &documents("admins: [eva, bob]\nwhere: eu\n").unwrap(), &mut errors);
        assert_eq!(errors, []);
        assert_eq!(placeholders.expanded("%admins%@%where%!").unwrap(), ["eva@eu!", "bob@eu!"]);
        assert_eq!(placeholders.expanded("100%").unwrap(), ["100%"]);
        let why = placeholders.expanded("%admns%").unwrap_err();
        assert!(why.contains("'%admns%' has no values; did you mean 'admins'?"), "{why}");
        placeholders.add("p.yml", &documents("- a\n---\na: {b: c}\n").unwrap(), &mut errors);
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [1, 3]);
    }
}
