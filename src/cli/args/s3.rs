//! Flags for access to S3.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use firstseen::report::flag_for_shell;
use firstseen::source::{DEFAULT_CONCURRENCY, S3Access, S3Role, S3Settings, is_s3};

use super::super::exit::UsageError;
use super::super::messages::messages;
use super::super::signals::interrupted;
use super::given;

/// How buckets are read.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Archives in S3 (s3://bucket/prefix)")]
pub(crate) struct S3Args {
    #[command(flatten)]
    pub(crate) access: AccessArgs,
    /// Maximum number of concurrent requests [default: 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    concurrency: Option<u16>,
    /// Keep objects, and the digests that go with them, as DIR/<bucket>/<key>; objects already there are not fetched again
    #[arg(long, value_name = "DIR")]
    pub(crate) mirror: Option<PathBuf>,
    /// Whether a configuration file names the mirror. Such a file may serve archives on disk, too.
    #[arg(skip)]
    mirror_is_of_file: bool,
}

/// How a bucket is reached, and as whom.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Archives in S3 (s3://bucket/prefix)")]
pub(crate) struct AccessArgs {
    /// Use this profile of the AWS configuration files [default: AWS_PROFILE, else the default chain]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Start with this AWS Region; the Region of a bucket elsewhere is found automatically [default: from environment or profile]
    #[arg(long, value_name = "REGION")]
    aws_region: Option<String>,
    /// Use this S3-compatible store instead of AWS, in path style. Not used for STS, which has AWS_ENDPOINT_URL_STS
    #[arg(long, value_name = "URL", value_parser = url)]
    endpoint_url: Option<String>,
    /// Put the bucket name in the path, not the host [default: only with an endpoint, or for names with dots]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    path_style: Option<bool>,
    /// Do not sign requests (for public buckets)
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    no_sign_request: Option<bool>,
    /// Pay for the requests, as requester-pays buckets require
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    request_payer: Option<bool>,
    /// Assume this role; several form a chain, each assumed with the credentials of the previous one
    #[arg(long, value_name = "ARN", value_parser = role_arn)]
    role_arn: Vec<String>,
    /// External id that the last role requires; or one for each role, empty for none
    #[arg(long, value_name = "ID", value_parser = external_id)]
    external_id: Vec<String>,
    /// Session name shown in CloudTrail for the assumed roles [default: firstseen-log-import]
    #[arg(long, value_name = "NAME", value_parser = session_name)]
    role_session_name: Option<String>,
}

const _: () = assert!(DEFAULT_CONCURRENCY == 64, "the default in --help");

impl S3Args {
    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        let upper = if self.mirror.is_some() { self.mirror_is_of_file } else { below.mirror_is_of_file };
        Self {
            access: self.access.or(below.access),
            concurrency: self.concurrency.or(below.concurrency),
            mirror: self.mirror.or(below.mirror),
            mirror_is_of_file: upper,
        }
    }

    /// Makes the mirror of a configuration file relative to its folder.
    pub(crate) fn place_mirror_in(&mut self, folder: &Path) {
        if let Some(mirror) = &mut self.mirror {
            *mirror = folder.join(&*mirror);
            self.mirror_is_of_file = true;
        }
    }

    /// Whether a configuration file names a mirror for which these archives have no objects.
    pub(crate) fn is_mirror_idle<'p>(&self, archives: impl IntoIterator<Item = &'p PathBuf>) -> bool {
        self.mirror_is_of_file && !archives.into_iter().any(|name| is_s3(name))
    }

    /// The same without the mirror of a configuration file, which is said with the reason; one of the command line stays.
    pub(crate) fn without_mirror_of_file(self, why: &str) -> io::Result<Self> {
        if !self.mirror_is_of_file {
            return Ok(self);
        }
        warn_of_mirror(why)?;
        Ok(Self { mirror: None, mirror_is_of_file: false, ..self })
    }

    /// The settings for reading the buckets among these archives.
    pub(crate) fn settings<'p>(
        &self,
        archives: impl IntoIterator<Item = &'p PathBuf>,
    ) -> anyhow::Result<S3Settings> {
        let is_idle = !archives.into_iter().any(|name| is_s3(name));
        let mirror = self.mirror.clone().filter(|_| !(is_idle && self.mirror_is_of_file));
        if mirror.is_some() && is_idle {
            return Err(
                UsageError("--mirror keeps objects from S3, but no archive is s3://…".to_owned()).into()
            );
        }
        if mirror.as_deref().is_some_and(is_s3) {
            return Err(UsageError("--mirror takes a local folder, not s3://…".to_owned()).into());
        }
        let defaults = S3Settings::default();
        Ok(S3Settings {
            access: self.access.access().map_err(UsageError)?,
            concurrency: self.concurrency.map_or(defaults.concurrency, usize::from),
            mirror,
            interrupted,
            ..defaults
        })
    }
}

/// Says that the mirror of a configuration file is not used, and why.
pub(crate) fn warn_of_mirror(why: &str) -> io::Result<()> {
    writeln!(messages(), "warning: mirror of --config is passed over: {why}")
}

impl AccessArgs {
    /// These flags; unset ones come from `below`.
    pub(crate) fn or(self, below: Self) -> Self {
        // An external id belongs to its role: both come from the same source.
        let ids_below = if self.role_arn.is_empty() { below.external_id } else { Vec::new() };
        Self {
            profile: self.profile.or(below.profile),
            aws_region: self.aws_region.or(below.aws_region),
            endpoint_url: self.endpoint_url.or(below.endpoint_url),
            path_style: self.path_style.or(below.path_style),
            no_sign_request: self.no_sign_request.or(below.no_sign_request),
            request_payer: self.request_payer.or(below.request_payer),
            role_arn: given(self.role_arn, below.role_arn),
            external_id: given(self.external_id, ids_below),
            role_session_name: self.role_session_name.or(below.role_session_name),
        }
    }

    /// These flags as words of another command, quoted for a shell, each with a blank before it. Without `--mirror`, which fills a folder.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        let mut add = |flag: &str, value: &str| {
            words.push_str(&format!(" {}", flag_for_shell(flag, value)));
        };
        let Self { profile, aws_region, endpoint_url, role_session_name, .. } = self;
        let texts = [
            ("--profile", profile),
            ("--aws-region", aws_region),
            ("--endpoint-url", endpoint_url),
            ("--role-session-name", role_session_name),
        ];
        for (flag, value) in texts {
            value.iter().for_each(|value| add(flag, value));
        }
        self.role_arn.iter().for_each(|arn| add("--role-arn", arn));
        self.external_id.iter().for_each(|id| add("--external-id", id));
        let switches = [
            ("--path-style", self.path_style),
            ("--no-sign-request", self.no_sign_request),
            ("--request-payer", self.request_payer),
        ];
        for (flag, value) in switches {
            match value {
                Some(true) => words.push_str(&format!(" {flag}")),
                Some(false) => words.push_str(&format!(" {flag}=false")),
                None => {}
            }
        }
        words
    }

    /// Those of one archive over those of the run. Without credentials, there is no profile and no role of the run either; and an archive
    /// with a profile or a role signs its requests.
    pub(crate) fn over(self, run: Self) -> Self {
        let is_anonymous = self.no_sign_request == Some(true);
        let signs = self.profile.is_some() || !self.role_arn.is_empty();
        let run = match (is_anonymous, signs) {
            (true, _) => Self { profile: None, role_arn: Vec::new(), external_id: Vec::new(), ..run },
            (false, true) => Self { no_sign_request: None, ..run },
            (false, false) => run,
        };
        self.or(run)
    }

    /// Refuses a password in the URL of a store, which would be printed with commands. The message does not have it.
    ///
    /// # Errors
    /// If there is one, in words.
    pub(crate) fn check_endpoint(&self) -> Result<(), String> {
        let rest = self.endpoint_url.as_deref().and_then(|url| url.split_once("://"));
        let host = rest.and_then(|(_, rest)| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        match host.contains('@') {
            true => Err("--endpoint-url takes no user and no password: requests are signed with credentials"
                .to_owned()),
            false => Ok(()),
        }
    }

    /// Starts in this Region, unless another is given.
    pub(crate) fn starting_in(self, region: &str) -> Self {
        Self { aws_region: self.aws_region.or_else(|| Some(region.to_owned())), ..self }
    }

    /// The Region to start with.
    pub(crate) fn region(&self) -> Option<&str> {
        self.aws_region.as_deref()
    }

    /// The same as a value.
    ///
    /// # Errors
    /// Flags that do not fit together, in words.
    pub(crate) fn access(&self) -> Result<S3Access, String> {
        self.check_endpoint()?;
        let anonymous = self.no_sign_request.unwrap_or(false);
        if anonymous && (self.profile.is_some() || !self.role_arn.is_empty()) {
            let what = "--no-sign-request uses no credentials: remove it, or --profile and --role-arn";
            return Err(what.to_owned());
        }
        let defaults = S3Access::default();
        Ok(S3Access {
            profile: self.profile.clone(),
            region: self.aws_region.clone(),
            endpoint_url: self.endpoint_url.clone(),
            path_style: self.path_style,
            anonymous,
            request_payer: self.request_payer.unwrap_or(false),
            roles: self.roles()?,
            role_session_name: self.role_session_name.clone().unwrap_or(defaults.role_session_name),
        })
    }

    fn roles(&self) -> Result<Vec<S3Role>, String> {
        let (roles, ids) = (&self.role_arn, &self.external_id);
        if ids.len() > 1 && ids.len() != roles.len() || roles.is_empty() && !ids.is_empty() {
            let what = format!(
                "{} --external-id for {} --role-arn: give one, for the last role, or one for each",
                ids.len(),
                roles.len()
            );
            return Err(what);
        }
        let first = roles.len() - ids.len();
        let id = |number: usize| number.checked_sub(first).and_then(|index| ids.get(index));
        Ok((0..)
            .zip(roles)
            .map(|(number, arn)| S3Role {
                arn: arn.clone(),
                external_id: id(number).filter(|id| !id.is_empty()).cloned(),
            })
            .collect())
    }
}

fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => Ok(text.to_owned()),
        _ => Err("write https://host or http://host:port".to_owned()),
    }
}

/// `arn:<partition>:iam::<account>:role/<path and name>`
fn role_arn(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    match parts[..] {
        ["arn", partition, "iam", "", account, role]
            if partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && role.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("write arn:aws:iam::123456789012:role/name".to_owned()),
    }
}

/// AWS STS API Reference, AssumeRole: 2 to 1224 of `[\w+=,.@:/-]`; empty for none.
fn external_id(text: &str) -> Result<String, String> {
    checked(text, 2..=1224, "+=,.@:/-_", text.is_empty())
}

/// AWS STS API Reference, AssumeRole: 2 to 64 of `[\w+=,.@-]`.
fn session_name(text: &str) -> Result<String, String> {
    checked(text, 2..=64, "+=,.@-_", false)
}

fn checked(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    signs: &str,
    is_fine: bool,
) -> Result<String, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c));
    if is_fine || (fits && length.contains(&text.len())) {
        return Ok(text.to_owned());
    }
    Err(format!("{} to {} letters, digits and {signs}", length.start(), length.end()))
}
