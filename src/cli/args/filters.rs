//! Flags that limit what is reported.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use firstseen::model::{LogSource, PrincipalKind};
use firstseen::query::{Filter, Pattern};
use firstseen::time::Bound;

use super::super::exit::{Hint, UsageError};
use super::given;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What is reported (these limit reporting, never learning)")]
pub(crate) struct FilterArgs {
    /// Report nothing before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<Bound>,
    /// Report nothing after this time; a day counts to its end. Implies --until, which limits learning
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Bound>,
    #[command(flatten)]
    pub(crate) whom: WhomArgs,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Of whom (these limit reporting, never learning)")]
pub(crate) struct WhomArgs {
    /// Only principals of this account (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "ID,…")]
    pub(crate) account: Vec<String>,
    /// Only first sightings in this region (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "REGION,…")]
    pub(crate) region: Vec<String>,
    /// Only findings from these records: of CloudTrail, or of the audit logs of Kubernetes clusters (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "SOURCE,…")]
    pub(crate) source: Vec<SourceArg>,
    /// Only this kind of principal (repeatable)
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND,…")]
    pub(crate) kind: Vec<KindArg>,
    /// Only principals whose key, or its part behind the last slash, matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub(crate) principal: Vec<Pattern>,
    /// Only matching actions, such as 'iam:*' or 'iam.amazonaws.com:Create*' (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) action: Vec<Pattern>,
    /// Learn these actions, but do not report them (repeatable)
    #[arg(long, value_delimiter = ',', value_name = "GLOB,…")]
    pub(crate) ignore_action: Vec<Pattern>,
    /// File with one --ignore-action glob a line; # begins a comment
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore_file: Vec<PathBuf>,
    /// Leave out calls that say they only read
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) only_mutating: Option<bool>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SourceArg {
    Cloudtrail,
    Eks,
    All,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindArg {
    Root,
    User,
    SsoRole,
    ServiceLinkedRole,
    Role,
    Federated,
    Service,
    Account,
    Anonymous,
    K8sIam,
    K8sUser,
    K8sServiceAccount,
    K8sSystemAccount,
    K8sNode,
    K8sControlPlane,
    K8sAws,
    K8sAnonymous,
    Unknown,
    All,
}

impl FilterArgs {
    /// These flags; what they leave open is as `below`.
    pub(crate) fn over(self, below: Self) -> Self {
        Self { from: self.from.or(below.from), to: self.to.or(below.to), whom: self.whom.over(below.whom) }
    }
}

impl WhomArgs {
    fn over(self, below: Self) -> Self {
        Self {
            account: given(self.account, below.account),
            region: given(self.region, below.region),
            source: given(self.source, below.source),
            kind: given(self.kind, below.kind),
            principal: given(self.principal, below.principal),
            action: given(self.action, below.action),
            ignore_action: given(self.ignore_action, below.ignore_action),
            ignore_file: given(self.ignore_file, below.ignore_file),
            only_mutating: self.only_mutating.or(below.only_mutating),
        }
    }

    /// The filter of findings.
    pub(crate) fn filter(&self) -> anyhow::Result<Filter> {
        let mut ignored_actions = self.ignore_action.clone();
        for file in &self.ignore_file {
            ignored_actions.extend(read_patterns(file)?);
        }
        let kinds: Option<Vec<PrincipalKind>> = self.kind.iter().map(|kind| kind.kind()).collect();
        let sources: Option<Vec<LogSource>> = self.source.iter().map(|source| source.source()).collect();
        Ok(Filter {
            sources: sources.unwrap_or_default(),
            accounts: self.account.clone(),
            regions: self.region.clone(),
            kinds: kinds.unwrap_or_default(),
            principals: self.principal.clone(),
            actions: self.action.clone(),
            ignored_actions,
            only_mutating: self.only_mutating.unwrap_or(false),
        })
    }
}

impl SourceArg {
    /// None stands for all of them.
    fn source(self) -> Option<LogSource> {
        match self {
            Self::Cloudtrail => Some(LogSource::CloudTrail),
            Self::Eks => Some(LogSource::Eks),
            Self::All => None,
        }
    }
}

impl KindArg {
    /// None stands for all of them.
    fn kind(self) -> Option<PrincipalKind> {
        Some(match self {
            Self::Root => PrincipalKind::Root,
            Self::User => PrincipalKind::User,
            Self::SsoRole => PrincipalKind::SsoRole,
            Self::ServiceLinkedRole => PrincipalKind::ServiceLinkedRole,
            Self::Role => PrincipalKind::Role,
            Self::Federated => PrincipalKind::Federated,
            Self::Service => PrincipalKind::Service,
            Self::Account => PrincipalKind::Account,
            Self::Anonymous => PrincipalKind::Anonymous,
            Self::K8sIam => PrincipalKind::K8sIam,
            Self::K8sUser => PrincipalKind::K8sUser,
            Self::K8sServiceAccount => PrincipalKind::K8sServiceAccount,
            Self::K8sSystemAccount => PrincipalKind::K8sSystemAccount,
            Self::K8sNode => PrincipalKind::K8sNode,
            Self::K8sControlPlane => PrincipalKind::K8sControlPlane,
            Self::K8sAws => PrincipalKind::K8sAws,
            Self::K8sAnonymous => PrincipalKind::K8sAnonymous,
            Self::Unknown => PrincipalKind::Unknown,
            Self::All => return None,
        })
    }
}

/// The globs of a file, one a line; blank lines and lines with `#` are passed over.
fn read_patterns(path: &Path) -> anyhow::Result<Vec<Pattern>> {
    let text = firstseen::file::read_text(path)
        .with_context(|| format!("cannot read '{}'", path.display()))
        .context(Hint("--ignore-file takes a text file with one glob a line"))?;
    text.lines()
        .map(str::trim)
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            line.parse().map_err(|error| {
                UsageError(format!("{}, line {}: {error}", path.display(), number + 1)).into()
            })
        })
        .collect()
}
