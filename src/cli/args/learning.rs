//! Flags for input and learning.

use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::baseline::HitRetention;
use firstseen::catalog::LearningScope;
use firstseen::learn::LearnSettings;
use firstseen::model::{Dimensions, PrincipalKey};
use firstseen::report::{flag_for_shell, path_for_shell};
use firstseen::scan::{DEFAULT_MAX_OBJECT_SIZE, DEFAULT_MEMORY};
use firstseen::source::ReadWindow;
use firstseen::time::{Bound, Span, Timestamp};

use super::super::exit::UsageError;
use super::super::threads;
use super::given;
use super::named::named_arg;

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Input and learning")]
pub(crate) struct LearningArgs {
    /// What identifies a principal [default: arn]
    #[arg(long, value_enum)]
    pub(crate) principal_key: Option<KeyArg>,
    /// Cluster name for Kubernetes audit events whose path and wrapper do not name one
    #[arg(long, value_name = "NAME", value_parser = cluster_name)]
    pub(crate) k8s_cluster: Option<String>,
    /// Treat the same action in different Kubernetes namespaces as different actions
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) k8s_namespace_in_key: Option<bool>,
    /// Do not learn from events before this time: 2024-03-01 or 2024-03-01T10:00:00Z. --from limits what is reported
    #[arg(long, value_name = "TIME")]
    pub(crate) read_from: Option<Bound>,
    /// Do not learn from events after this time; a day counts to its end. --to limits what is reported
    #[arg(long, value_name = "TIME")]
    pub(crate) read_to: Option<Bound>,
    /// Do not open objects delivered more than this outside --read-from and --read-to [default: 2d]
    #[arg(long, value_name = "SPAN")]
    pub(crate) delivery_slack: Option<Span>,
    /// Do not decompress any object beyond this many bytes [units: K, M, G] [default: 4G]
    #[arg(long, value_name = "BYTES", value_parser = byte_count)]
    pub(crate) max_object_size: Option<u64>,
    /// Also read an IAM inventory: the output of aws iam get-account-authorization-details, list-roles, list-users or
    /// get-credential-report, or a folder of such files (repeatable)
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) iam_inventory: Vec<PathBuf>,
}

named_arg! {
    /// What identifies a principal.
    KeyArg(PrincipalKey) {
        Arn => "ARN of the role or user",
        Id => "Unique id (AROA…, AIDA…): a re-created role is a new principal",
        Session => "Full session ARN",
        AccessKey => "Access key id",
        SsoUser => "Like arn, but Identity Center sessions by permission set and user, regardless of the role's suffix",
    }
}

/// The name of a cluster. Without a name it would be that of no cluster.
pub(crate) fn cluster_name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err("write the name of a cluster, such as prod".to_owned());
    }
    Ok(text.to_owned())
}

impl LearningArgs {
    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        Self {
            principal_key: self.principal_key.or(below.principal_key),
            k8s_cluster: self.k8s_cluster.or(below.k8s_cluster),
            k8s_namespace_in_key: self.k8s_namespace_in_key.or(below.k8s_namespace_in_key),
            read_from: self.read_from.or(below.read_from),
            read_to: self.read_to.or(below.read_to),
            delivery_slack: self.delivery_slack.or(below.delivery_slack),
            max_object_size: self.max_object_size.or(below.max_object_size),
            iam_inventory: given(self.iam_inventory, below.iam_inventory),
        }
    }

    /// The key that identifies principals.
    pub(crate) fn key(&self) -> PrincipalKey {
        self.principal_key.map_or(PrincipalKey::Arn, |key| key.0)
    }

    /// How long before and after its events an object may be delivered.
    pub(crate) fn slack(&self) -> Span {
        self.delivery_slack.unwrap_or(Span::days(2))
    }

    /// The learning settings of a run. `to` (of `--to`) also ends learning, unless `--read-to` is given.
    pub(crate) fn settings(&self, to: Option<Bound>, wanted_threads: Option<u16>) -> LearnSettings {
        LearnSettings {
            threads: threads(wanted_threads),
            window: ReadWindow {
                read_from: self.read_from.map(Bound::start),
                read_to: self.read_to.or(to).map(Bound::end),
                slack: self.slack(),
            },
            principal_key: self.key(),
            namespace_in_key: self.k8s_namespace_in_key.unwrap_or(false),
            cluster: self.k8s_cluster.clone(),
            max_object_size: self.max_object_size.unwrap_or(DEFAULT_MAX_OBJECT_SIZE),
            memory: DEFAULT_MEMORY,
            rules: None,
            rules_from: None,
            hits: HitRetention::All,
            dimensions: Dimensions::default(),
        }
    }
}

impl LearningArgs {
    /// Refuses settings that differ from those of the baseline at `path`. `--read-to` is not checked if the question leaves
    /// out later events.
    pub(crate) fn check(
        &self,
        path: &Path,
        learnt: &LearningScope,
        leaves_out_later: bool,
    ) -> anyhow::Result<()> {
        let time = |time: Option<Timestamp>| time.map_or("no limit".to_owned(), |time| time.to_string());
        let read_to = self.read_to.filter(|_| !leaves_out_later).map(Bound::end);
        let settings = [
            (
                "--principal-key",
                self.principal_key.map(|key| key.0.name().to_owned()),
                learnt.principal_key.name().to_owned(),
            ),
            (
                "--k8s-namespace-in-key",
                self.k8s_namespace_in_key.map(|wanted| wanted.to_string()),
                learnt.namespace_in_key.to_string(),
            ),
            (
                "--read-from",
                self.read_from.map(|read_from| time(Some(read_from.start()))),
                time(learnt.read_from),
            ),
            ("--read-to", read_to.map(|read_to| time(Some(read_to))), time(learnt.read_to)),
            (
                "--delivery-slack",
                self.delivery_slack.map(|slack| slack.to_string()),
                learnt.delivery_slack.to_string(),
            ),
            (
                "--max-object-size",
                self.max_object_size.map(|size| size.to_string()),
                learnt.max_object_size.to_string(),
            ),
        ];
        for (flag, wanted, learnt) in settings {
            if let Some(wanted) = wanted.filter(|wanted| *wanted != learnt) {
                return Err(UsageError(format!(
                    "the baseline '{}' was learnt with {flag} {learnt}, but a flag, file or preset asks for {wanted}",
                    path.display()
                ))
                .into());
            }
        }
        Ok(())
    }
}

impl LearningArgs {
    /// The command that makes a baseline from the archives of the named ones, with the settings of these flags and all
    /// others unchanged.
    pub(crate) fn index_command(
        &self,
        names: &[PathBuf],
        learnt: &LearningScope,
        (archives, access): (&[String], &str),
        leaves_out_later: bool,
    ) -> String {
        let key = self.principal_key.map_or(learnt.principal_key, |key| key.0);
        let is_same_key = key == learnt.principal_key;
        let name = names
            .first()
            .and_then(|name| name.file_stem())
            .map_or("case".into(), |stem| stem.to_string_lossy());
        let new = format!("{name}-{}.baseline", if is_same_key { "2" } else { key.name() });
        let output = names.first().map_or_else(|| PathBuf::from(&new), |name| name.with_file_name(&new));
        let mut words = vec!["firstseen index".to_owned()];
        words.extend(archives.iter().map(|archive| path_for_shell(archive).into_owned()));
        words.extend(access.strip_prefix(' ').map(str::to_owned));
        words.push(format!("-o {}", path_for_shell(&output.to_string_lossy())));
        let mut flag = |name: &str, value: Option<String>, usual: Option<String>| {
            let value = value.filter(|value| Some(value) != usual.as_ref());
            words.extend(value.map(|value| flag_for_shell(name, &value)));
        };
        flag("--principal-key", Some(key.name().to_owned()), Some(PrincipalKey::Arn.name().to_owned()));
        let shown = |time: Timestamp| time.to_string();
        flag("--read-from", self.read_from.map(Bound::start).or(learnt.read_from).map(shown), None);
        let read_to = self.read_to.filter(|_| !leaves_out_later).map(Bound::end);
        flag("--read-to", read_to.or(learnt.read_to).map(shown), None);
        let slack = self.delivery_slack.unwrap_or(learnt.delivery_slack);
        flag("--delivery-slack", Some(slack.to_string()), Some(Span::days(2).to_string()));
        let size = self.max_object_size.unwrap_or(learnt.max_object_size);
        flag("--max-object-size", Some(size.to_string()), Some(DEFAULT_MAX_OBJECT_SIZE.to_string()));
        if self.k8s_namespace_in_key.unwrap_or(learnt.namespace_in_key) {
            words.push("--k8s-namespace-in-key".to_owned());
        }
        if learnt.rules.is_some() {
            words.push("and the same rules as before".to_owned());
        }
        words.join(" ")
    }
}

/// `4096`, `64K`, `512M`, `4G`.
pub(crate) fn byte_count(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" => 1 << 10,
        "M" | "MB" => 1 << 20,
        "G" | "GB" => 1 << 30,
        _ => return Err("write a number and K, M or G".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "write a number and K, M or G".to_owned())?;
    let bytes = number.checked_mul(unit).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| format!("out of range: write at least 1 byte, and at most {}G", u64::MAX >> 30))
}

const _: () = assert!(DEFAULT_MAX_OBJECT_SIZE == 4 << 30, "the default in --help");
