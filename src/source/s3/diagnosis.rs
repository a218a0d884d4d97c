//! Helps diagnose why a bucket could not be reached: where credentials were looked for, and which host was contacted. Names of
//! variables and files, but never the content of a secret one.

use std::path::PathBuf;
use std::time::Duration;

use super::failure::{BETWEEN_REASONS, INSTANCE, PROFILE};
use crate::source::S3Access;

/// Whether an environment variable is set and not empty.
fn is_set(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Lists which of the variables are not set.
fn state(names: &[&str]) -> String {
    let (set, unset): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| is_set(name));
    match (set.is_empty(), unset.is_empty()) {
        (true, _) => format!("{} not set", unset.join(" and ")),
        (false, true) => format!("{} set", set.join(" and ")),
        (false, false) => format!("{} set, {} not set", set.join(" and "), unset.join(" and ")),
    }
}

/// The places where the default chain looks for credentials, in order (AWS SDKs and Tools reference guide, "Default
/// credential provider chain" of the SDK for Rust), and what is missing. `reasons` has those that some of them give.
pub(super) fn credentials(profile: &str, reasons: &str) -> String {
    let reason = |source: &str| {
        let mut reasons = reasons.split(BETWEEN_REASONS);
        reasons.find_map(|reason| reason.strip_prefix(source)?.strip_prefix(": "))
    };
    let [config, keys] = FILES.map(File::shown);
    let of_profile = reason(PROFILE).map_or("none".to_owned(), |reason| without_name(profile, reason));
    let environment = state(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    let identity = state(&["AWS_WEB_IDENTITY_TOKEN_FILE"]);
    let container = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    let container = if is_set(container) { container } else { "AWS_CONTAINER_CREDENTIALS_FULL_URI" };
    let container = state(&[container]);
    let instance = reason(INSTANCE).unwrap_or("none");
    let instance = if is_set("AWS_EC2_METADATA_DISABLED") {
        "switched off by AWS_EC2_METADATA_DISABLED"
    } else {
        instance
    };
    format!(
        "no credentials were found. Tried, in this order: the environment ({environment}); the profile '{profile}' in {config} and \
         {keys} (keys, SSO, credential_process or a role: {of_profile}); a web identity ({identity}); a container ({container}); the \
         metadata service of an EC2 instance ({instance})"
    )
}

/// Why a profile that was asked for has no credentials, from what the SDK says.
pub(super) fn profile(name: &str, said: &str) -> String {
    let reason = said.strip_prefix("the credential provider was not enabled").unwrap_or(said);
    let [config, keys] = FILES.map(File::shown);
    match reason.trim_start_matches(": ") {
        "" => format!("profile '{name}': there is none in {config} or {keys}, or it has no credentials"),
        reason => format!("profile '{name}': {}", without_name(name, reason)),
    }
}

/// What the SDK says of a profile that is missing: itself, or one that it refers to.
fn without_name(profile: &str, reason: &str) -> String {
    let [config, keys] = FILES.map(File::shown);
    match reason.strip_prefix(&format!("profile `{profile}` was not defined")) {
        Some(_) => format!("it is not defined in {config} or {keys}"),
        None => reason.to_owned(),
    }
}

/// A file with profiles: its variable, and its place in the home folder.
#[derive(Clone, Copy)]
struct File(&'static str, &'static str);

const FILES: [File; 2] =
    [File("AWS_CONFIG_FILE", ".aws/config"), File("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials")];

impl File {
    /// As users name it.
    fn shown(self) -> String {
        std::env::var(self.0).unwrap_or_else(|_| format!("~/{}", self.1))
    }

    fn path(self) -> Option<PathBuf> {
        let named = std::env::var_os(self.0).map(PathBuf::from);
        named.or_else(|| Some(std::env::home_dir()?.join(self.1)))
    }
}

/// That the program which was to give the credentials of the profile in use has not ended, if it has one.
pub(super) fn hanging_program(access: &S3Access, waited: Duration) -> Option<String> {
    let named = access.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
    let has_keys = access.profile.is_none() && is_set("AWS_ACCESS_KEY_ID");
    if access.anonymous || has_keys {
        return None;
    }
    let profile = named.as_deref().unwrap_or("default");
    let texts = FILES.into_iter().filter_map(|file| crate::file::read_text(&file.path()?).ok());
    let program = texts.into_iter().find_map(|text| credential_process(&text, profile))?;
    let seconds = waited.as_secs();
    Some(format!("its credential_process, {program}, has not ended after {seconds} seconds"))
}

/// The program of a profile's `credential_process`, without its arguments, which may be secret.
fn credential_process(config: &str, profile: &str) -> Option<String> {
    let is_profile = |line: &str| {
        let name = line.strip_prefix('[').and_then(|line| line.split(']').next()).map(str::trim);
        let name = name.map(|name| name.strip_prefix("profile ").unwrap_or(name).trim());
        name.is_some_and(|name| name.trim_matches(['"', '\'']) == profile)
    };
    let mut lines = config.lines().map(str::trim).skip_while(|line| !is_profile(line)).skip(1);
    let value = lines.by_ref().take_while(|line| !line.starts_with('[')).find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "credential_process").then(|| value.trim())
    })?;
    let program = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split_whitespace().next()?,
    };
    Some(program.to_owned())
}

/// The Region of the requests, and its origin.
pub(super) fn region(access: &S3Access, region: &str) -> String {
    let variable = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find(|name| is_set(name));
    let says = match (&access.region, variable) {
        (Some(_), _) => "--aws-region",
        (None, Some(variable)) if !access.anonymous => variable,
        _ if access.anonymous => "nobody: it is where to begin",
        _ => "the profile, or where to begin if it names none",
    };
    format!("Region {region}, from {says}")
}

/// The proxy in use, by the name of its variable.
pub(super) fn proxy() -> Option<&'static str> {
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .find(|name| is_set(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_of_a_profile_is_named_without_its_arguments() {
        let config = "[default]\nregion = x\n[profile a]\ncredential_process = /bin/get --token secret\n\
                      [profile \"b c\"]\ncredential_process=\"/opt/my tool\" x\n[d]\ncredential_process = get";
        let of = |profile| credential_process(config, profile);
        assert_eq!(of("a").as_deref(), Some("/bin/get"));
        assert_eq!(of("b c").as_deref(), Some("/opt/my tool"));
        assert_eq!(of("d").as_deref(), Some("get"));
        assert_eq!((of("default"), of("e")), (None, None));
    }

    #[test]
    fn a_missing_profile_is_told_from_one_that_it_refers_to() {
        let said = |reason: &str| profile("p", &format!("the credential provider was not enabled{reason}"));
        assert!(said("").contains("there is none in"));
        assert!(said(": profile `p` was not defined: x").contains("profile 'p': it is not defined in"));
        assert_eq!(said(": profile `q` was not defined: x"), "profile 'p': profile `q` was not defined: x");
    }
}
