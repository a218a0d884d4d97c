//! Flags that name rules.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use firstseen::model::Language;
use firstseen::report::{for_terminal, path_for_shell};
use firstseen::rules::{BUILTIN_RULES, Placeholders, RuleError, RuleFile, RuleSet};

use super::super::exit::{Hint, UsageError};
use super::super::messages::messages;
use super::super::settings::FileArgs;
use super::super::text_file::read_text;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Match every event against the Falco rules in FILE, or in all .yaml and .yml files below FOLDER (repeatable). Later
    /// files can append to earlier ones and override them
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(crate) rules: Vec<PathBuf>,
    /// Match every event against Sigma rules for CloudTrail and Kubernetes audit logs (repeatable)
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(crate) sigma: Vec<PathBuf>,
    /// Read the values of placeholders such as %admins% in Sigma rules (modifier expand) from FILE, a YAML map from names
    /// to lists (repeatable)
    #[arg(long, value_name = "FILE", requires = "sigma")]
    pub(crate) sigma_placeholders: Vec<PathBuf>,
    /// Match every event against the built-in rules; rules from files can override them
    #[arg(long)]
    pub(crate) builtin_rules: bool,
    /// Leave out rules that cannot be used, with a message, instead of refusing to run
    #[arg(long)]
    pub(crate) skip_unsupported: bool,
}

impl RuleArgs {
    /// Whether any rules are named.
    pub(crate) fn are_named(&self) -> bool {
        self.builtin_rules || !self.rules.is_empty() || !self.sigma.is_empty()
    }

    /// Whether they are named by a configuration file only, which may serve archives and baselines alike.
    pub(crate) fn are_of_file(&self, files: &FileArgs) -> bool {
        let names = [
            ("rules", !self.rules.is_empty()),
            ("sigma", !self.sigma.is_empty()),
            ("builtin-rules", self.builtin_rules),
        ];
        self.are_named() && names.iter().all(|(key, is_named)| !is_named || files.sets(key))
    }

    /// The named files and folders.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.rules.iter().chain(&self.sigma).chain(&self.sigma_placeholders)
    }

    /// These flags, as words of a command to copy.
    pub(crate) fn words(&self) -> Vec<String> {
        let switch = |name: &str, is_on: bool| is_on.then(|| format!("--{name}"));
        let files = [
            ("rules", &self.rules),
            ("sigma", &self.sigma),
            ("sigma-placeholders", &self.sigma_placeholders),
        ];
        let word =
            |name: &str, path: &PathBuf| format!("--{name} {}", path_for_shell(&path.display().to_string()));
        let files =
            files.into_iter().flat_map(|(name, paths)| paths.iter().map(move |path| word(name, path)));
        let builtin = switch("builtin-rules", self.builtin_rules).into_iter();
        let skip = switch("skip-unsupported", self.skip_unsupported && self.are_named());
        builtin.chain(files).chain(skip).collect()
    }

    /// Reads and compiles the named rules.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Arc<RuleSet>>> {
        if !self.are_named() {
            return Ok(None);
        }
        let mut files = Vec::new();
        if self.builtin_rules {
            files.extend(BUILTIN_RULES.map(|(name, text)| RuleFile {
                name: name.to_owned(),
                language: Language::Falco,
                text: text.to_owned(),
            }));
        }
        for (paths, language) in [(&self.rules, Language::Falco), (&self.sigma, Language::Sigma)] {
            for path in paths {
                read(path, language, &mut files)?;
            }
        }
        let (set, left_out) = RuleSet::compile_with(&files, &self.placeholders()?);
        let is_refused = |error: &RuleError| !self.skip_unsupported && !error.is_allowed;
        let refused: Vec<&RuleError> = left_out.iter().filter(|error| is_refused(error)).collect();
        for error in &left_out {
            let word = if is_refused(error) { "cannot be used" } else { "left out" };
            writeln!(messages(), "{word}: {}", for_terminal(&error.to_string()))?;
        }
        for warning in set.warnings() {
            writeln!(messages(), "warning: {}", for_terminal(&warning.to_string()))?;
        }
        if !refused.is_empty() {
            let error = UsageError(format!("{} cannot be used", counted(&refused)));
            return Err(anyhow::Error::new(error).context(Hint("--skip-unsupported runs with the others")));
        }
        if set.rules().is_empty() {
            let error = UsageError("there are no rules to match events against".to_owned());
            return Err(anyhow::Error::new(error).context(Hint("name a file with enabled rules")));
        }
        Ok(Some(Arc::new(set)))
    }
}

/// How many rules, and documents with an unknown number of rules, have errors.
fn counted(errors: &[&RuleError]) -> String {
    let documents = errors.iter().filter(|error| error.is_of_document).count();
    let of_documents = match documents {
        1 => "all rules of 1 document".to_owned(),
        _ => format!("all rules of {documents} documents"),
    };
    match (errors.len() - documents, documents) {
        (rules, 0) => format!("{rules} of the rules"),
        (0, _) => of_documents,
        (rules, _) => format!("{rules} of the rules and {of_documents}"),
    }
}

/// What `--sigma-placeholders` takes.
const PLACEHOLDERS: Hint = Hint(
    "--sigma-placeholders takes a YAML file with lines such as admins: [eva, bob]; docs/rules.md describes it",
);

impl RuleArgs {
    /// The values of placeholders in Sigma rules. Without them rules would mean something else, so an error is never passed over.
    fn placeholders(&self) -> anyhow::Result<Placeholders> {
        let mut placeholders = Placeholders::default();
        for path in &self.sigma_placeholders {
            let text = read_text(path, PLACEHOLDERS)?;
            placeholders
                .add(&path.display().to_string(), text)
                .map_err(|error| anyhow::Error::new(UsageError(error.to_string())).context(PLACEHOLDERS))?;
        }
        Ok(placeholders)
    }
}

/// Reads a file, or all rule files below a folder, in the order of their names.
fn read(path: &Path, language: Language, files: &mut Vec<RuleFile>) -> anyhow::Result<()> {
    let hint = match path.exists() {
        true => Hint("name a rule file, or a folder that contains rule files"),
        false => Hint(
            "name a rule file, or a folder that contains rule files; --builtin-rules, without a value, takes the built-in rules",
        ),
    };
    if !path.is_dir() {
        let text = read_text(path, hint)?;
        files.push(RuleFile { name: path.display().to_string(), language, text });
        return Ok(());
    }
    let before = files.len();
    read_folder(path, language, files)?;
    if files.len() == before {
        let error = UsageError(format!("there is no .yaml or .yml file below '{}'", path.display()));
        return Err(anyhow::Error::new(error).context(hint));
    }
    Ok(())
}

fn read_folder(folder: &Path, language: Language, files: &mut Vec<RuleFile>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read '{}'", folder.display());
    let entries = fs::read_dir(folder).with_context(cannot)?;
    let mut paths =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>().with_context(cannot)?;
    paths.sort();
    for path in paths {
        let is_rules = path.extension().is_some_and(|end| end == "yaml" || end == "yml");
        // A link to a folder could form a cycle.
        if path.is_dir() && !path.is_symlink() {
            read_folder(&path, language, files)?;
        } else if is_rules && path.is_file() {
            read(&path, language, files)?;
        }
    }
    Ok(())
}
