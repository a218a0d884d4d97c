//! Requests that two servers log: the API server of a cluster, and an aggregated one to which it hands them on.
//!
//! OpenShift serves some groups of its API by servers of their own, which log every request once more, under the same audit id. Sources:
//! kubernetes/kube-aggregator (`proxyHandler`), kubernetes/apimachinery (`AppendForwardedForHeader`), OpenShift documentation ("Viewing
//! audit logs"). The rules are in `docs/method.md`, "Kubernetes".

use std::fmt::Write;

use super::kubernetes::percent_decoded;
use super::{AuditRecord, is_like_iam, present};

/// The groups that `openshift-apiserver` and `oauth-apiserver` serve, without the `.openshift.io` at their end.
const GROUPS: [&str; 11] = [
    "apps",
    "authorization",
    "build",
    "image",
    "oauth",
    "project",
    "quota",
    "route",
    "security",
    "template",
    "user",
];

/// The folders of the logs of aggregated servers, as OpenShift names them.
const SERVERS: [&str; 2] = ["openshift-apiserver", "oauth-apiserver"];

/// Whether the path of a log says that an aggregated server wrote it. Clients reach it through the API server of the cluster only.
pub fn is_of_aggregated_server(path: &str) -> bool {
    path.split(['/', '\\', '!']).any(|part| SERVERS.contains(&part))
}

impl<'a> AuditRecord<'a> {
    /// Whether an aggregated server may log this request, too. IAM identities are left out, since what an aggregated server is told
    /// of a user need not name them.
    pub fn may_be_aggregated(&self) -> bool {
        let group = self.object.api_group.and_then(|group| group.strip_suffix(".openshift.io"));
        group.is_some_and(|group| GROUPS.contains(&group))
            && present(self.object.resource).is_some()
            && !self.user.is_iam()
            && present(self.effective_user()).is_some_and(|name| !is_like_iam(name))
    }

    /// What all servers that log this request say alike, besides its id and the first address: the verb, path and parameters, whatever
    /// their order and encoding, the object, the agent and the effective user.
    pub fn common_to_servers(&self) -> Option<String> {
        if !self.may_be_aggregated() {
            return None;
        }
        let object = &self.object;
        let mut common = String::new();
        let texts = [
            self.verb,
            self.user_agent,
            self.effective_user(),
            object.resource,
            object.subresource,
            object.api_group,
            object.namespace,
        ];
        for text in texts.map(Option::unwrap_or_default) {
            // With its length, so that no two lists of texts give the same.
            let _ = write!(common, "{} {text} ", text.len());
        }
        let (path, query) = self.request_uri.unwrap_or_default().split_once('?').unwrap_or_default();
        let path = if path.is_empty() { self.request_uri.unwrap_or_default() } else { path };
        push_escaped(&mut common, path, false);
        let mut parameters: Vec<String> =
            query.split('&').filter(|part| !part.is_empty()).map(parameter).collect();
        parameters.sort_unstable();
        parameters.iter().for_each(|parameter| common.push_str(parameter));
        Some(common)
    }

    /// The user whose rights count.
    pub(super) fn effective_user(&self) -> Option<&'a str> {
        present(self.impersonated.username).or(self.user.username)
    }
}

/// A parameter in one encoding.
fn parameter(written: &str) -> String {
    let (name, value) = written.split_once('=').unwrap_or((written, ""));
    let mut parameter = String::from("&");
    push_escaped(&mut parameter, name, true);
    parameter.push('=');
    push_escaped(&mut parameter, value, true);
    parameter
}

/// Adds a text with everything escaped but letters, digits and slashes. `+` is a blank in parameters.
fn push_escaped(out: &mut String, written: &str, is_parameter: bool) {
    let written = if is_parameter { written.replace('+', "%20") } else { written.to_owned() };
    for byte in percent_decoded(&written).iter() {
        match byte {
            b'/' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{KubernetesUser, ObjectRef};

    fn record(uri: &'static str) -> AuditRecord<'static> {
        AuditRecord {
            verb: Some("list"),
            request_uri: Some(uri),
            user: KubernetesUser { username: Some("alice"), ..KubernetesUser::default() },
            object: ObjectRef {
                resource: Some("routes"),
                api_group: Some("route.openshift.io"),
                ..ObjectRef::default()
            },
            ..AuditRecord::default()
        }
    }

    #[test]
    fn servers_write_parameters_in_another_order_and_encoding() {
        let common = |uri| record(uri).common_to_servers().unwrap();
        let outer = common("/apis/route.openshift.io/v1/routes?limit=500&labelSelector=app=web%20x");
        assert_eq!(outer, common("/apis/route.openshift.io/v1/routes?labelSelector=app%3Dweb+x&limit=500"));
        for other in [
            "/apis/route.openshift.io/v1/routes?limit=500",
            "/apis/route.openshift.io/v1/routes",
            "/apis/route.openshift.io/v1/routes?limit=500&limit=500&labelSelector=app=web%20x",
            "/apis/route.openshift.io/v2/routes?limit=500&labelSelector=app=web%20x",
            "/apis/route.openshift.io/v1/routes?limit=500%26labelSelector=app=web%20x",
        ] {
            assert_ne!(outer, common(other), "{other}");
        }
    }

    #[test]
    fn servers_agree_on_the_effective_user() {
        let uri = "/apis/route.openshift.io/v1/routes";
        let mut outer = record(uri);
        outer.impersonated.username = Some("bob");
        let mut inner = record(uri);
        assert_ne!(outer.common_to_servers(), inner.common_to_servers());
        inner.user.username = Some("bob");
        assert_eq!(outer.common_to_servers(), inner.common_to_servers());
    }

    #[test]
    fn other_requests_are_logged_once() {
        let is_any = |change: fn(&mut AuditRecord<'static>)| {
            let mut record = record("/apis/route.openshift.io/v1/routes");
            change(&mut record);
            record.may_be_aggregated()
        };
        assert!(is_any(|_| ()));
        assert!(!is_any(|record| record.object.api_group = Some("config.openshift.io")));
        assert!(!is_any(|record| record.object.api_group = Some("apps")));
        assert!(!is_any(|record| record.object.resource = None));
        assert!(!is_any(|record| record.user.username = Some("arn:aws:iam::111122223333:role/a")));
        assert!(!is_any(|record| record.user.arn = Some("arn:aws:iam::111122223333:role/a")));
    }

    #[test]
    fn folders_name_aggregated_servers() {
        for (path, is_one) in [
            ("audit_logs/openshift-apiserver/master-0-audit.log.gz", true),
            ("must-gather.tar!audit_logs/oauth-apiserver/audit.log", true),
            ("openshift-apiserver.log", false),
            ("kube-apiserver/audit.log", false),
        ] {
            assert_eq!(is_of_aggregated_server(path), is_one, "{path}");
        }
    }
}
