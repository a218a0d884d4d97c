//! Flags that limit what is reported.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use firstseen::config::list_lines_without_comments;
use firstseen::model::{LogSource, PrincipalKind, without_escapes};
use firstseen::query::{Filter, Pattern};
use firstseen::time::Bound;

use super::super::exit::{Hint, UsageError};
use super::super::text_file::read_text;
use super::named::named_arg;
use super::{given, refuse_empty};

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Reported period (--to also limits what is learnt)")]
pub(crate) struct FilterArgs {
    /// Report nothing before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Bound>,
    /// Report nothing after this time; a day counts to its end. Also limits learning, unless --read-to is given
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Bound>,
    #[command(flatten)]
    pub(crate) whom: PrincipalArgs,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Filters (limit what is reported, not what is learnt)")]
pub(crate) struct PrincipalArgs {
    /// Only principals in this account (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "ID,…")]
    pub(crate) account: Vec<String>,
    /// Only first sightings in this region (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "REGION,…")]
    pub(crate) region: Vec<String>,
    /// Only findings from this log source (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SOURCE,…")]
    pub(crate) source: Vec<SourceArg>,
    /// Only this kind of principal (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) principal_kind: Vec<KindArg>,
    /// Only principals whose key, or the part after its last slash, matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) principal: Vec<Pattern>,
    /// Only matching actions, such as 'iam:*' or 'iam.amazonaws.com:Create*' (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) action: Vec<Pattern>,
    /// Learn these actions, but do not report them (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) ignore_action: Vec<Pattern>,
    /// File with one --ignore-action glob per line; # starts a comment, at the start of a line or after a blank
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore_file: Vec<PathBuf>,
    /// Leave out calls marked as read-only
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) only_mutating: Option<bool>,
}

named_arg! {
    /// A log source, or all of them.
    SourceArg(LogSource or "all" => "Both") {
        CloudTrail => "AWS CloudTrail",
        Kubernetes => "Kubernetes audit logs, from EKS or any other cluster",
    }
}

/// A kind of principal by its published name, or all kinds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KindArg(Option<PrincipalKind>);

impl ValueEnum for KindArg {
    fn value_variants<'a>() -> &'a [Self] {
        const VALUES: [KindArg; PrincipalKind::ALL.len() + 1] = {
            let mut values = [KindArg(None); PrincipalKind::ALL.len() + 1];
            let mut at = 0;
            while at < PrincipalKind::ALL.len() {
                values[at] = KindArg(Some(PrincipalKind::ALL[at]));
                at += 1;
            }
            values
        };
        &VALUES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.map_or("all", PrincipalKind::name)))
    }
}

impl FilterArgs {
    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self { from: self.from.or(below.from), to: self.to.or(below.to), whom: self.whom.or(below.whom) }
    }
}

impl PrincipalArgs {
    fn or(self, below: Self) -> Self {
        Self {
            account: given(self.account, below.account),
            region: given(self.region, below.region),
            source: given(self.source, below.source),
            principal_kind: given(self.principal_kind, below.principal_kind),
            principal: given(self.principal, below.principal),
            action: given(self.action, below.action),
            ignore_action: given(self.ignore_action, below.ignore_action),
            ignore_file: given(self.ignore_file, below.ignore_file),
            only_mutating: self.only_mutating.or(below.only_mutating),
        }
    }

    /// Refuses empty values, which would match nothing, or everything. An empty action that is ignored is none: it replaces a list of a file.
    pub(crate) fn refuse_empty(&self) -> Result<(), UsageError> {
        for (flag, names) in [("--account", &self.account), ("--region", &self.region)] {
            refuse_empty(flag, names.iter().map(String::as_str))?;
        }
        for (flag, patterns) in [("--principal", &self.principal), ("--action", &self.action)] {
            refuse_empty(flag, patterns.iter().map(Pattern::as_str))?;
        }
        Ok(())
    }

    /// The filter of findings.
    pub(crate) fn filter(&self) -> anyhow::Result<Filter> {
        self.refuse_empty()?;
        let mut ignored_actions = self.ignore_action.clone();
        for file in &self.ignore_file {
            ignored_actions.extend(read_patterns(file)?);
        }
        let kinds: Option<Vec<PrincipalKind>> =
            self.principal_kind.iter().map(|KindArg(kind)| *kind).collect();
        let sources: Option<Vec<LogSource>> = self.source.iter().map(|source| source.0).collect();
        Ok(Filter {
            sources: sources.unwrap_or_default(),
            accounts: as_recorded(&self.account),
            regions: as_recorded(&self.region),
            kinds: kinds.unwrap_or_default(),
            principals: self.principal.clone(),
            actions: self.action.clone(),
            ignored_actions,
            only_mutating: self.only_mutating.unwrap_or(false),
        })
    }
}

/// Names as records have them: printed ones have escapes of what cannot be seen.
fn as_recorded(names: &[String]) -> Vec<String> {
    names.iter().map(|name| without_escapes(name)).collect()
}

/// Reads a list of globs.
fn read_patterns(path: &Path) -> anyhow::Result<Vec<Pattern>> {
    let text = read_text(path, Hint("--ignore-file takes a text file with one glob per line"))?;
    let parsed = |(number, line): (usize, &str)| {
        line.parse().map_err(|error| UsageError(format!("{}, line {number}: {error}", path.display())).into())
    };
    list_lines_without_comments(&text).map(parsed).collect()
}
