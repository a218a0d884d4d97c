//! Helps diagnose why a bucket could not be reached: where credentials were looked for, and which host was contacted. Names of
//! variables and files, but never the content of a secret one.

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
/// credential provider chain" of the SDK for Rust), and what is missing. `instance` is the result for the last one.
pub(super) fn credentials(profile: &str, instance: &str) -> String {
    let file =
        |variable: &str, otherwise: &str| std::env::var(variable).unwrap_or_else(|_| otherwise.to_owned());
    let config = file("AWS_CONFIG_FILE", "~/.aws/config");
    let keys = file("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    let environment = state(&["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]);
    let identity = state(&["AWS_WEB_IDENTITY_TOKEN_FILE"]);
    let container = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    let container = if is_set(container) { container } else { "AWS_CONTAINER_CREDENTIALS_FULL_URI" };
    let container = state(&[container]);
    let says_nothing = !instance.to_lowercase().contains("imds");
    let instance = if says_nothing { "none" } else { instance };
    let instance = if is_set("AWS_EC2_METADATA_DISABLED") {
        "switched off by AWS_EC2_METADATA_DISABLED"
    } else {
        instance
    };
    format!(
        "no credentials were found. Tried, in this order: the environment ({environment}); the profile '{profile}' in {config} and \
         {keys} (keys, SSO, credential_process or a role: none); a web identity ({identity}); a container ({container}); the \
         metadata service of an EC2 instance ({instance})"
    )
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
