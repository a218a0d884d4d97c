//! The meaning of a Kubernetes audit event: who asked the API server for what, and the result.
//!
//! Sources: `audit.k8s.io/v1` (kubernetes/apiserver), aws-iam-authenticator (the `extra` of users that are IAM identities),
//! EKS User Guide ("Control plane logging", "Default roles and users"). The rules are in `docs/method.md`, "Kubernetes".

use std::borrow::Cow;

use super::{Event, NoEvent, Principal, present};
use crate::model::{
    Arn, Evidence, PrincipalKey, PrincipalKind, Stage, Traits, is_account_id, is_unique_id, service_account,
    sso_name,
};
use crate::secrets::masked_url;
use crate::time::{TimeForm, Timestamp};

/// The relevant texts of one Kubernetes audit event. An empty text counts as absent, as does a value of the wrong type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// `auditID`: one for each request, which is logged once for each of its stages.
    pub audit_id: Option<&'a str>,
    /// `stage`, for example `ResponseComplete`
    pub stage: Option<&'a str>,
    /// `verb`, for example `create`
    pub verb: Option<&'a str>,
    /// `requestURI`
    pub request_uri: Option<&'a str>,
    /// `user`: the real user.
    pub user: KubernetesUser<'a>,
    /// `impersonatedUser`: the user it acts as. All of it comes from headers of the request.
    pub impersonated: KubernetesUser<'a>,
    /// The last of `sourceIPs`, the only one that a client cannot forge.
    pub source_ip: Option<&'a str>,
    /// The first of `sourceIPs`: what the client or a proxy claims, if there are several.
    pub first_address: Option<&'a str>,
    /// `userAgent`
    pub user_agent: Option<&'a str>,
    /// `objectRef`; empty if the request is not for a resource.
    pub object: ObjectRef<'a>,
    /// `responseStatus.code`
    pub code: Option<u16>,
    /// `responseStatus.status`: `Success` or `Failure`
    pub status: Option<&'a str>,
    /// `responseStatus.reason`
    pub reason: Option<&'a str>,
    /// `requestReceivedTimestamp`
    pub received: Option<&'a str>,
    /// `stageTimestamp`
    pub stage_time: Option<&'a str>,
    /// `timestamp`, which old events have instead of both
    pub timestamp: Option<&'a str>,
    /// `annotations["authorization.k8s.io/decision"]`: `allow` or `forbid`
    pub decision: Option<&'a str>,
    /// What the server of OpenShift's logins found.
    pub login: Login<'a>,
}

/// Annotations of OpenShift's `oauth-server`, which signs people in (OpenShift 4.11 and later).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Login<'a> {
    /// `annotations["authentication.openshift.io/decision"]`: `allow`, `deny` or `error`
    pub decision: Option<&'a str>,
    /// `annotations["authentication.openshift.io/username"]`: who signed in or, if that was refused, the name that was typed.
    pub username: Option<&'a str>,
}

/// A user as the API server knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KubernetesUser<'a> {
    /// `username`
    pub username: Option<&'a str>,
    /// `uid`; `aws-iam-authenticator:<account>:<unique id>` for IAM identities, formerly `heptio-authenticator-aws:…`
    pub uid: Option<&'a str>,
    /// First of `extra.arn`: the ARN of the user or session
    pub arn: Option<&'a str>,
    /// First of `extra.canonicalArn`: the ARN of the user or role; that of a role lacks its path
    pub canonical_arn: Option<&'a str>,
    /// First of `extra.sessionName`
    pub session_name: Option<&'a str>,
    /// First of `extra.accessKeyId`
    pub access_key_id: Option<&'a str>,
    /// First of `extra.principalId`, or of the same with the authenticator's prefix
    pub principal_id: Option<&'a str>,
    /// First of `extra["authentication.kubernetes.io/pod-name"]`: the pod that uses a service account
    pub pod_name: Option<&'a str>,
}

impl KubernetesUser<'_> {
    /// Whether nothing says who it is.
    pub fn is_absent(&self) -> bool {
        self.username.is_none() && self.uid.is_none()
    }
}

/// The relevant texts of `objectRef`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef<'a> {
    /// `resource`, for example `pods`
    pub resource: Option<&'a str>,
    /// `subresource`, for example `exec`
    pub subresource: Option<&'a str>,
    /// `apiGroup`; absent for the core group
    pub api_group: Option<&'a str>,
    /// `namespace`
    pub namespace: Option<&'a str>,
}

impl ObjectRef<'_> {
    /// The user name of the service account with a name in its namespace.
    pub fn service_account(&self, name: &str) -> Option<String> {
        present(self.namespace).map(|namespace| service_account(namespace, name))
    }
}

/// The cluster that logged an audit event. The event itself does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cluster<'c> {
    /// The account it belongs to.
    pub account: Option<&'c str>,
    /// Its name.
    pub name: Option<&'c str>,
}

/// How an audit event is interpreted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// What identifies a principal.
    pub key: PrincipalKey,
    /// Whether the same action in another namespace is another action.
    pub namespace_in_key: bool,
}

impl<'a> AuditRecord<'a> {
    /// When the request came in, and the form of that time; `None` if it is missing or unreadable.
    pub fn time(&self) -> Option<(Timestamp, TimeForm)> {
        let times = [self.received, self.stage_time, self.timestamp];
        times.into_iter().find_map(present).and_then(Timestamp::parse_any_form)
    }

    /// Whether anything in this record shows that it is one.
    pub fn looks_like_one(&self) -> bool {
        present(self.audit_id).is_some() && (self.verb.is_some() || self.stage.is_some())
    }

    /// All texts that are the same for all stages of a request, each in a fixed position. The impersonated user is not
    /// known yet when the request comes in.
    pub fn texts(&self) -> [Option<&'a str>; 11] {
        let Self { user, object, .. } = self;
        [
            self.received.or(self.timestamp),
            self.verb,
            self.request_uri,
            self.source_ip,
            self.user_agent,
            user.username,
            user.uid,
            object.resource,
            object.subresource,
            object.api_group,
            object.namespace,
        ]
    }

    /// The stage of the request. A record without a stage is taken for the last one.
    pub fn stage(&self) -> Stage {
        self.stage.and_then(Stage::from_name).unwrap_or_default()
    }

    /// Reads the meaning of this record.
    ///
    /// ```
    /// use firstseen::event::{AuditRecord, AuditSettings, Cluster, KubernetesUser, ObjectRef};
    ///
    /// let record = AuditRecord {
    ///     verb: Some("get"),
    ///     user: KubernetesUser { username: Some("system:serviceaccount:shop:web"), ..Default::default() },
    ///     object: ObjectRef { resource: Some("pods"), subresource: Some("exec"), ..Default::default() },
    ///     received: Some("2026-01-01T10:00:00.123456Z"),
    ///     code: Some(101),
    ///     ..AuditRecord::default()
    /// };
    /// let cluster = Cluster { account: Some("111122223333"), name: Some("prod") };
    /// let event = record.interpret(cluster, AuditSettings::default()).unwrap();
    /// assert_eq!(event.principal.key, "k8s:prod/system:serviceaccount:shop:web");
    /// assert_eq!(event.name, "create core/pods/exec");
    /// ```
    ///
    /// # Errors
    /// The reason why the record is not an event.
    pub fn interpret(&self, cluster: Cluster<'a>, settings: AuditSettings) -> Result<Event<'a>, NoEvent> {
        let action = self.action(settings.namespace_in_key).ok_or(NoEvent::NoAction)?;
        let (time, time_form) = self.time().ok_or(NoEvent::BadTime)?;
        Ok(Event {
            time,
            time_form,
            principal: self.principal(cluster, settings.key),
            source: "",
            name: Cow::Owned(action),
            failed: self.failed(),
            read_only: self.read_only(),
            creation: None,
        })
    }

    /// The evidence for the event of this record.
    pub fn evidence(&self) -> Evidence<'a> {
        let real = &self.user;
        Evidence {
            event_id: self.audit_id.unwrap_or_default(),
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            error_code: self.error_code(),
            access_key_id: real.access_key_id,
            session_name: present(real.session_name).or(real.pod_name),
            principal_id: real.unique_id(),
            impersonated_by: self.impersonator(),
            detail: self.detail(),
            stage: self.stage(),
            ..Evidence::default()
        }
    }

    /// What dimensions read of the event of this record; `error_code` is that of its evidence, and the impersonator is left to the
    /// caller.
    pub fn traits<'t>(&self, error_code: Option<&'t str>) -> Traits<'t>
    where
        'a: 't,
    {
        Traits {
            source_ip: self.source_ip,
            user_agent: self.user_agent,
            access_key_id: self.user.access_key_id,
            error_code,
            ..Traits::default()
        }
    }

    /// The identity of the real user, if it impersonated another.
    pub fn impersonator(&self) -> Option<Cow<'a, str>> {
        self.is_impersonated().then(|| self.user.identity(PrincipalKey::Arn))
    }

    fn is_impersonated(&self) -> bool {
        present(self.impersonated.username).is_some()
    }

    /// The request; with the name that was typed if it is a login that was refused.
    fn detail(&self) -> Option<Cow<'a, str>> {
        let uri = self.request_uri.map(masked_url);
        let Some((_, name)) = self.refused_login() else { return uri };
        Some(Cow::Owned(format!("{} as {name}", uri.unwrap_or_default())))
    }

    /// The decision on a login, and who signed in or wanted to.
    ///
    /// Admission webhooks and policies may write annotations of any name, too, but not of requests for a path, which no admission sees.
    /// And who signs in is anonymous before.
    fn login(&self) -> Option<(&'a str, &'a str)> {
        let is_of_path = present(self.object.resource).is_none();
        let is_anonymous = present(self.user.username).is_none_or(|name| name == ANONYMOUS);
        let decided = || present(self.login.decision).zip(present(self.login.username));
        decided().filter(|_| is_of_path && is_anonymous && !self.is_impersonated())
    }

    /// Who signed in with this request.
    fn signed_in(&self) -> Option<&'a str> {
        self.login().filter(|(decision, _)| *decision == "allow").map(|(_, name)| name)
    }

    /// Why a login was refused, and the name that was typed. Forms are answered with a redirection, whatever the decision. Without a
    /// name nobody tried: the request was sent on to the form.
    fn refused_login(&self) -> Option<(&'a str, &'a str)> {
        self.login().filter(|(decision, _)| matches!(*decision, "deny" | "error"))
    }

    /// `verb group/resource[/subresource]`, or `verb /path` for a request without a resource.
    fn action(&self, namespace_in_key: bool) -> Option<String> {
        let verb = present(self.verb)?;
        let ObjectRef { resource, subresource, api_group, namespace } = &self.object;
        let Some(resource) = present(*resource) else {
            let path = present(self.request_uri)?.split(['?', '#']).next().unwrap_or_default();
            return Some(format!("{verb} {path}"));
        };
        let verb = if self.opens_a_stream() || self.asks_a_node_to_run() { "create" } else { verb };
        let mut action = format!("{verb} {}/{resource}", present(*api_group).unwrap_or("core"));
        if let Some(subresource) = present(*subresource) {
            action.push('/');
            action.push_str(subresource);
        }
        if let Some(namespace) = present(*namespace).filter(|_| namespace_in_key) {
            action.push_str(" in ");
            action.push_str(namespace);
        }
        Some(action)
    }

    /// Whether this is an exec, an attach or a port-forward. Their verb depends on the client's protocol: `create` (SPDY)
    /// or `get` (WebSocket).
    fn opens_a_stream(&self) -> bool {
        matches!(self.object.subresource, Some("exec" | "attach" | "portforward"))
            && matches!(self.verb, Some("create" | "get"))
    }

    /// Whether this makes the kubelet of a node run a command or reach into a container, through the proxy to its API. The verb only says
    /// which HTTP method was used, and the kubelet takes several.
    fn asks_a_node_to_run(&self) -> bool {
        if !self.is_proxied("nodes") {
            return false;
        }
        let Some(path) = self.request_uri.and_then(|uri| uri.split(['?', '#']).next()) else { return false };
        let path = percent_decoded(path);
        let mut parts = path.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b"."));
        let is_behind_proxy =
            parts.any(|part| part == b"nodes") && parts.next().is_some() && parts.next() == Some(b"proxy");
        // What is encoded twice, leads back or is no such path may be anything.
        let is_odd = !is_behind_proxy || path.contains(&b'%') || parts.clone().any(|part| part == b"..");
        is_odd || parts.next().is_some_and(|part| KUBELET_RUNS.iter().any(|known| known.as_bytes() == part))
    }

    /// Whether this goes to a server in the cluster through the API server.
    fn is_proxied(&self, resource: &str) -> bool {
        let object = &self.object;
        present(object.api_group).is_none()
            && object.resource == Some(resource)
            && object.subresource == Some("proxy")
    }

    /// Whether this asks who somebody is, or what somebody may do. The question is created, and nothing is stored.
    fn asks_for_a_review(&self) -> bool {
        let ObjectRef { resource, subresource, api_group, .. } = &self.object;
        let is_review = matches!(
            (*api_group, *resource),
            (
                Some("authorization.k8s.io"),
                Some(
                    "selfsubjectaccessreviews"
                        | "selfsubjectrulesreviews"
                        | "subjectaccessreviews"
                        | "localsubjectaccessreviews"
                )
            ) | (Some("authentication.k8s.io"), Some("tokenreviews" | "selfsubjectreviews"))
        );
        is_review && present(*subresource).is_none() && self.verb == Some("create")
    }

    fn read_only(&self) -> Option<bool> {
        if self.opens_a_stream() || self.asks_a_node_to_run() {
            return Some(false);
        }
        if self.asks_for_a_review() {
            return Some(true);
        }
        // The verbs of requests without a resource are HTTP methods in lower case.
        let only_asks = matches!(present(self.verb)?, "get" | "list" | "watch" | "head" | "options");
        // What a server in a pod does when it is asked, nobody knows.
        let is_unknown = only_asks && (self.is_proxied("pods") || self.is_proxied("services"));
        (!is_unknown).then_some(only_asks)
    }

    /// Denied, answered with an error, or not answered as far as this record shows.
    fn failed(&self) -> bool {
        self.code.map_or(self.status == Some(FAILURE), |code| code >= 400)
            || self.decision == Some("forbid")
            || self.refused_login().is_some()
            || matches!(self.stage(), Stage::Panic | Stage::Received)
    }

    /// The reason of a status that is an error, or its code; of a login the decision.
    pub fn error_code(&self) -> Option<Cow<'a, str>> {
        if !self.failed() {
            return None;
        }
        let code = || self.code.map(|code| Cow::Owned(code.to_string()));
        let otherwise = match self.stage() {
            Stage::Received => NO_RESPONSE,
            Stage::Panic => "Panic",
            _ if self.decision == Some("forbid") => "Forbidden",
            _ => FAILURE,
        };
        let refused = || self.refused_login().map(|(decision, _)| Cow::Borrowed(decision));
        present(self.reason)
            .map(Cow::Borrowed)
            .or_else(refused)
            .or_else(code)
            .or(Some(Cow::Borrowed(otherwise)))
    }

    /// The effective identity: the impersonated user, if there is one.
    fn principal(&self, cluster: Cluster<'a>, key: PrincipalKey) -> Principal<'a> {
        if self.is_impersonated() {
            return self.impersonated.named_principal(cluster);
        }
        if let Some(name) = self.signed_in() {
            let user = KubernetesUser { username: Some(name), ..KubernetesUser::default() };
            // Whatever the name is: no component signs in with a form.
            let who = user.named_principal(cluster);
            let is_taken = ["system:", "user:"].iter().any(|prefix| name.starts_with(prefix)) || name == "-";
            let key = match is_taken {
                true => Cow::Owned(cluster.scoped(&format!("user:{name}"))),
                false => who.key,
            };
            return Principal { key, kind: PrincipalKind::K8sUser, ..who };
        }
        let who = &self.user;
        let scoped = |identity: &str| cluster.scoped(identity);
        let usual = who.identity(PrincipalKey::Arn);
        let chosen = who.identity(key);
        Principal {
            account: who.account().or(cluster.account).unwrap_or("-"),
            arn: (chosen != usual).then(|| Cow::Owned(scoped(&usual))),
            key: Cow::Owned(scoped(&chosen)),
            kind: who.kind(),
            // The authenticator's ARN of a role lacks its path.
            identity_link: None,
        }
    }
}

/// First parts of the paths of a kubelet's API that run commands or reach into containers (kubernetes/kubernetes, `pkg/kubelet/server`).
const KUBELET_RUNS: [&str; 6] = ["run", "exec", "attach", "portForward", "cri", "checkpoint"];

/// The bytes that a percent-encoded text stands for. What is no escape stays.
pub(super) fn percent_decoded(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return Cow::Borrowed(text.as_bytes());
    }
    let bytes = text.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| *byte == b'%' && digits.bytes().all(|c| c.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(escaped) => {
                decoded.push(escaped);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}

/// The name of a user who is not identified.
const ANONYMOUS: &str = "system:anonymous";

/// Whether a name has the form of an IAM identity.
pub(super) fn is_like_iam(name: &str) -> bool {
    Arn::parse(name).is_some() || is_unique_id(name) || name.starts_with("sso:")
}

/// `status` of a response that is an error.
const FAILURE: &str = "Failure";

/// The error code of a request whose response was not logged.
const NO_RESPONSE: &str = "NoResponse";

/// The prefix of the uid of an IAM identity: the current and the former name of the authenticator.
const AUTHENTICATORS: [&str; 2] = ["aws-iam-authenticator:", "heptio-authenticator-aws:"];

/// The uid of an IAM identity without its prefix: `<account>:<unique id>`.
fn iam_uid(uid: Option<&str>) -> Option<&str> {
    AUTHENTICATORS.iter().find_map(|name| uid?.strip_prefix(name))
}

impl Cluster<'_> {
    /// The key of a principal with this identity.
    fn scoped(&self, identity: &str) -> String {
        format!("k8s:{}/{identity}", self.name.unwrap_or("-"))
    }
}

impl<'a> KubernetesUser<'a> {
    /// Who is known by name only: an impersonated user. The one who impersonates it chooses the rest (`Impersonate-Extra-arn`,
    /// `Impersonate-Uid`), which so proves no IAM identity; nor does a name in the form of one.
    fn named_principal(&self, cluster: Cluster<'a>) -> Principal<'a> {
        let named = Self { username: self.username, ..Self::default() };
        let name = present(self.username).unwrap_or("-");
        let mark = if is_like_iam(name) { "user:" } else { "" };
        Principal {
            account: cluster.account.unwrap_or("-"),
            key: Cow::Owned(cluster.scoped(&format!("{mark}{name}"))),
            arn: None,
            kind: named.kind(),
            identity_link: None,
        }
    }

    /// The identity in its cluster: the IAM identity behind the user if the record has it, else the user's name.
    fn identity(&self, key: PrincipalKey) -> Cow<'a, str> {
        let chosen = match key {
            PrincipalKey::Arn => None,
            PrincipalKey::Id => self.unique_id().map(Cow::Borrowed),
            PrincipalKey::Session => present(self.arn).map(Cow::Borrowed),
            PrincipalKey::AccessKey => present(self.access_key_id).map(Cow::Borrowed),
            PrincipalKey::SsoUser => self.sso_user(),
        };
        let arn = || present(self.canonical_arn).map(Cow::Borrowed).or_else(|| role_of(present(self.arn)?));
        // Scrubbed AWS identities have a name instead of account and id.
        let administrative = || iam_uid(self.uid)?.strip_prefix("administrative:");
        let name = || present(self.username).or_else(administrative).or(present(self.uid));
        chosen.or_else(arn).or_else(|| name().map(Cow::Borrowed)).unwrap_or(Cow::Borrowed("-"))
    }

    /// `sso:<permission set>/<user>` for a session of an Identity Center role.
    fn sso_user(&self) -> Option<Cow<'a, str>> {
        let role = present(self.canonical_arn).or(present(self.arn))?;
        let session = present(self.session_name).or_else(|| Some(self.arn?.rsplit_once('/')?.1))?;
        let mut parts = role.split('/').skip(1);
        parts.find_map(|part| sso_name(part, session)).map(Cow::Owned)
    }

    /// The unique id of this identity, which IAM never reuses.
    fn unique_id(&self) -> Option<&'a str> {
        let of_uid = || iam_uid(self.uid)?.split_once(':').map(|(_, id)| id);
        let id = present(self.principal_id).or_else(of_uid)?;
        let head = id.split(':').next().unwrap_or(id);
        head.starts_with('A').then_some(head)
    }

    /// The account of the IAM identity.
    fn account(&self) -> Option<&'a str> {
        let of_uid = || iam_uid(self.uid)?.split(':').next();
        let of_arn = || Some(Arn::parse(present(self.canonical_arn).or(present(self.arn))?)?.account);
        of_uid().filter(|id| is_account_id(id)).or_else(|| of_arn().filter(|id| is_account_id(id)))
    }

    pub(super) fn is_iam(&self) -> bool {
        iam_uid(self.uid).is_some() || present(self.canonical_arn).or(present(self.arn)).is_some()
    }

    fn kind(&self) -> PrincipalKind {
        let name = present(self.username).unwrap_or_default();
        let account = name.strip_prefix("system:serviceaccount:");
        match name {
            // Nodes are IAM identities, too.
            _ if name.starts_with("system:node:") => PrincipalKind::K8sNode,
            "" | ANONYMOUS | "system:unauthenticated" if !self.is_iam() => PrincipalKind::K8sAnonymous,
            _ if account.is_some_and(|account| account.starts_with("kube-system:")) => {
                PrincipalKind::K8sSystemAccount
            }
            _ if account.is_some() => PrincipalKind::K8sServiceAccount,
            _ if name.starts_with("eks:") => PrincipalKind::K8sAws,
            "system:apiserver" | "system:apiserver-proxy" => PrincipalKind::K8sControlPlane,
            _ if name.starts_with("system:kube-") || name.starts_with("system:cloud-controller") => {
                PrincipalKind::K8sControlPlane
            }
            _ if self.is_iam() => PrincipalKind::K8sIam,
            // The administrator of OpenShift and k3s: a person with a certificate.
            "system:admin" => PrincipalKind::K8sUser,
            // A node that joins the cluster with a token.
            _ if name.starts_with("system:bootstrap:") => PrincipalKind::K8sNode,
            _ if COMPONENTS.contains(&name) => PrincipalKind::K8sControlPlane,
            _ => PrincipalKind::K8sUser,
        }
    }
}

/// Users that are components of a cluster, by their whole names: others with the prefix `system:` may be made by whoever may approve
/// certificates or impersonate. Sources: kubernetes/apiserver (`system:aggregator`), apiserver-network-proxy, OpenShift documentation,
/// k3s and RKE2 (certificates of the server), Azure Kubernetes Service.
const COMPONENTS: [&str; 9] = [
    "aksService",
    "system:aggregator",
    "system:k3s-controller",
    "system:k3s-supervisor",
    "system:konnectivity-server",
    "system:monitoring",
    "system:openshift-master",
    "system:rke2-controller",
    "system:rke2-supervisor",
];

/// `arn:P:iam::A:role/R` of `arn:P:sts::A:assumed-role/R/session`; other ARNs stay as they are.
fn role_of(arn: &str) -> Option<Cow<'_, str>> {
    let parts = Arn::parse(arn)?;
    let Some((role, _)) = parts.assumed_role() else { return Some(Cow::Borrowed(arn)) };
    Some(Cow::Owned(format!("arn:{}:iam::{}:role/{role}", parts.partition, parts.account)))
}

/// The account and the log group in the `@log` of Logs Insights: `<account>:<log group>` (CloudWatch Logs User Guide, "Supported logs
/// and discovered fields").
pub fn account_and_log_group(log: &str) -> Option<(&str, &str)> {
    log.split_once(':').filter(|(account, _)| is_account_id(account))
}

/// The name of the cluster in the name of its log group: `/aws/eks/<cluster>/cluster` (EKS User Guide, "Control plane
/// logging").
pub fn cluster_of_log_group(log_group: &str) -> Option<&str> {
    let name = log_group.strip_prefix("/aws/eks/")?.strip_suffix("/cluster")?;
    (!name.is_empty() && !name.contains('/')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROD: Cluster<'static> = Cluster { account: Some("111122223333"), name: Some("prod") };

    fn iam_user() -> KubernetesUser<'static> {
        KubernetesUser {
            username: Some("admin"),
            uid: Some("aws-iam-authenticator:444455556666:AROAEXAMPLE"),
            arn: Some(
                "arn:aws:sts::444455556666:assumed-role/AWSReservedSSO_Ops_0123456789abcdef/jo@example.org",
            ),
            canonical_arn: Some("arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_0123456789abcdef"),
            session_name: Some("jo@example.org"),
            access_key_id: Some("ASIAEXAMPLE"),
            principal_id: Some("AROAEXAMPLE:jo@example.org"),
            pod_name: None,
        }
    }

    fn record() -> AuditRecord<'static> {
        AuditRecord {
            audit_id: Some("a"),
            verb: Some("list"),
            request_uri: Some("/api/v1/namespaces/shop/secrets?limit=500"),
            user: iam_user(),
            object: ObjectRef { resource: Some("secrets"), namespace: Some("shop"), ..Default::default() },
            code: Some(200),
            received: Some("2026-01-01T10:00:00.000001Z"),
            ..AuditRecord::default()
        }
    }

    fn event(record: &AuditRecord<'static>) -> Event<'static> {
        record.interpret(PROD, AuditSettings::default()).unwrap()
    }

    fn named(username: &'static str) -> KubernetesUser<'static> {
        KubernetesUser { username: Some(username), ..KubernetesUser::default() }
    }

    #[test]
    fn an_iam_identity_is_named_by_its_arn_not_by_its_username() {
        let key = |key| {
            let settings = AuditSettings { key, namespace_in_key: false };
            record().interpret(PROD, settings).unwrap().principal
        };
        let usual = key(PrincipalKey::Arn);
        assert_eq!(usual.key, "k8s:prod/arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_0123456789abcdef");
        assert_eq!(
            (usual.account, usual.kind, usual.arn.clone()),
            ("444455556666", PrincipalKind::K8sIam, None)
        );
        assert_eq!(key(PrincipalKey::Id).key, "k8s:prod/AROAEXAMPLE");
        assert_eq!(key(PrincipalKey::Id).arn, Some(usual.key));
        assert_eq!(key(PrincipalKey::AccessKey).key, "k8s:prod/ASIAEXAMPLE");
        assert_eq!(key(PrincipalKey::SsoUser).key, "k8s:prod/sso:Ops/jo@example.org");
        let mut old = record();
        old.user = KubernetesUser { arn: iam_user().arn, ..named("admin") };
        assert_eq!(
            event(&old).principal.key,
            "k8s:prod/arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_0123456789abcdef"
        );
        old.user =
            KubernetesUser { uid: Some("aws-iam-authenticator:administrative:x"), ..Default::default() };
        assert_eq!(event(&old).principal.key, "k8s:prod/x");
        let evidence = record().evidence();
        assert_eq!(
            (evidence.access_key_id, evidence.principal_id),
            (Some("ASIAEXAMPLE"), Some("AROAEXAMPLE"))
        );
    }

    #[test]
    fn the_former_name_of_the_authenticator_is_recognized() {
        for uid in [
            "aws-iam-authenticator:444455556666:AROAEXAMPLE",
            "heptio-authenticator-aws:444455556666:AROAEXAMPLE",
        ] {
            let mut record = record();
            record.user = KubernetesUser { uid: Some(uid), ..named("platform:jo") };
            let settings = AuditSettings { key: PrincipalKey::Id, namespace_in_key: false };
            let who = record.interpret(PROD, settings).unwrap().principal;
            assert_eq!((&*who.key, who.account), ("k8s:prod/AROAEXAMPLE", "444455556666"), "{uid}");
            assert_eq!(who.kind, PrincipalKind::K8sIam);
            assert_eq!(record.evidence().principal_id, Some("AROAEXAMPLE"));
        }
    }

    #[test]
    fn what_the_impersonator_says_of_the_impersonated_user_proves_no_iam_identity() {
        for key in PrincipalKey::ALL {
            let mut record = record();
            record.user = named("system:serviceaccount:ci:runner");
            record.impersonated = KubernetesUser { username: Some("anything-at-all"), ..iam_user() };
            let settings = AuditSettings { key, namespace_in_key: false };
            let who = record.interpret(PROD, settings).unwrap().principal;
            assert_eq!((&*who.key, who.account), ("k8s:prod/anything-at-all", "111122223333"), "{key:?}");
            assert_eq!((who.kind, who.arn), (PrincipalKind::K8sUser, None));
            let evidence = record.evidence();
            assert_eq!(evidence.impersonated_by.as_deref(), Some("system:serviceaccount:ci:runner"));
            assert_eq!(
                (evidence.access_key_id, evidence.session_name, evidence.principal_id),
                (None, None, None)
            );
        }
        let mut record = record();
        record.impersonated = named("arn:aws:iam::444455556666:role/admin");
        let who = event(&record).principal;
        assert_eq!(
            (&*who.key, who.kind),
            ("k8s:prod/user:arn:aws:iam::444455556666:role/admin", PrincipalKind::K8sUser)
        );
        assert_eq!(Arn::of_principal(&who.key), None);
        // What the record says of the real user was proven to the API server.
        let by = record.evidence().impersonated_by.unwrap();
        assert_eq!(by, "arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_0123456789abcdef");
    }

    #[test]
    fn reviews_change_nothing() {
        let read_only = |verb, group, resource| {
            let mut record = record();
            record.verb = Some(verb);
            record.object = ObjectRef { resource: Some(resource), api_group: group, ..ObjectRef::default() };
            event(&record).read_only
        };
        let authorization = Some("authorization.k8s.io");
        assert_eq!(read_only("create", authorization, "selfsubjectaccessreviews"), Some(true));
        assert_eq!(read_only("create", authorization, "selfsubjectrulesreviews"), Some(true));
        assert_eq!(read_only("create", authorization, "subjectaccessreviews"), Some(true));
        assert_eq!(read_only("create", Some("authentication.k8s.io"), "tokenreviews"), Some(true));
        assert_eq!(read_only("create", Some("example.org"), "tokenreviews"), Some(false));
        assert_eq!(read_only("create", None, "tokenreviews"), Some(false));
        assert_eq!(read_only("create", authorization, "roles"), Some(false));
    }

    #[test]
    fn proxies_are_read_only_as_far_as_it_is_known() {
        let asked = |verb, resource, uri| {
            let mut record = record();
            (record.verb, record.request_uri) = (Some(verb), Some(uri));
            record.object =
                ObjectRef { resource: Some(resource), subresource: Some("proxy"), ..Default::default() };
            let event = event(&record);
            (event.name.into_owned(), event.read_only)
        };
        let node = |path: &str| asked("get", "nodes", format!("/api/v1/nodes/n1/proxy{path}").leak());
        for path in [
            "/run/kube-system/etcd/etcd?cmd=id",
            "/exec/a/b/c?command=id",
            "/attach/a/b/c",
            "/portForward/a/b",
            "/cri/exec/x",
            "//run/a",
            "/./run/a",
            "/%72un/a",
            "/%2572un/a",
            "/metrics/../run/a",
            "/../proxy/run/a",
        ] {
            assert_eq!(node(path), ("create core/nodes/proxy".to_owned(), Some(false)), "{path}");
        }
        for path in [
            "",
            "/",
            "/metrics/cadvisor",
            "/stats/summary",
            "/pods",
            "/healthz",
            "/runningpods/",
            "/metrics?a=/run/",
        ] {
            assert_eq!(node(path), ("get core/nodes/proxy".to_owned(), Some(true)), "{path}");
        }
        for uri in [
            "/api/v1/nodes/proxy-1/proxy/run/a",
            "/api/v1/%6eodes/n1/%70roxy/run/a",
            "//api/v1/nodes/n1/proxy/run",
        ] {
            assert_eq!(asked("get", "nodes", uri).1, Some(false), "{uri}");
        }
        assert_eq!(asked("get", "nodes", "/api/v1/nodes/proxy-1/proxy/metrics").1, Some(true));
        assert_eq!(asked("create", "nodes", "/api/v1/nodes/n1:10250/proxy/run/a/b/c").1, Some(false));
        let service = "/api/v1/namespaces/a/services/b/proxy/run/x";
        assert_eq!(asked("get", "services", service), ("get core/services/proxy".to_owned(), None));
        assert_eq!(asked("get", "pods", "/api/v1/namespaces/a/pods/b/proxy/").1, None);
        assert_eq!(asked("create", "pods", "/api/v1/namespaces/a/pods/b/proxy/").1, Some(false));
    }

    #[test]
    fn no_detail_has_the_secrets_of_a_url() {
        let mut record = record();
        record.request_uri = Some("/api/v1/secrets?access_token=eyJh&limit=5");
        assert_eq!(record.evidence().detail.unwrap(), "/api/v1/secrets?access_token=(masked)&limit=5");
    }

    #[test]
    fn an_impersonated_request_belongs_to_the_effective_user_and_names_the_real_one() {
        let mut record = record();
        record.impersonated = named("bob");
        let principal = event(&record).principal;
        assert_eq!((&*principal.key, principal.account), ("k8s:prod/bob", "111122223333"));
        let by = record.evidence().impersonated_by.unwrap();
        assert_eq!(by, "arn:aws:iam::444455556666:role/AWSReservedSSO_Ops_0123456789abcdef");
        record.impersonated = named("");
        assert_eq!(record.evidence().impersonated_by, None);
    }

    #[test]
    fn usernames_determine_the_kind() {
        for (name, kind) in [
            ("system:node:ip-10-0-0-1.ec2.internal", PrincipalKind::K8sNode),
            ("system:serviceaccount:kube-system:coredns", PrincipalKind::K8sSystemAccount),
            ("system:serviceaccount:kube-system2:x", PrincipalKind::K8sServiceAccount),
            ("system:serviceaccount:shop:web", PrincipalKind::K8sServiceAccount),
            ("system:kube-controller-manager", PrincipalKind::K8sControlPlane),
            ("system:apiserver", PrincipalKind::K8sControlPlane),
            ("eks:support-engineer", PrincipalKind::K8sAws),
            ("system:anonymous", PrincipalKind::K8sAnonymous),
            ("", PrincipalKind::K8sAnonymous),
            ("system:admin", PrincipalKind::K8sUser),
            ("system:k3s-controller", PrincipalKind::K8sControlPlane),
            ("system:openshift-master", PrincipalKind::K8sControlPlane),
            ("system:aggregator", PrincipalKind::K8sControlPlane),
            ("system:foo", PrincipalKind::K8sUser),
            ("aksService", PrincipalKind::K8sControlPlane),
            ("system:bootstrap:abcdef", PrincipalKind::K8sNode),
            ("masterclient", PrincipalKind::K8sUser),
            ("kube:admin", PrincipalKind::K8sUser),
            ("jo", PrincipalKind::K8sUser),
        ] {
            assert_eq!(named(name).kind(), kind, "{name}");
        }
        assert_eq!(iam_user().kind(), PrincipalKind::K8sIam);
    }

    #[test]
    fn actions_consist_of_verb_group_and_resource() {
        let action = |change: fn(&mut AuditRecord<'static>)| {
            let mut record = record();
            change(&mut record);
            event(&record).name.into_owned()
        };
        assert_eq!(action(|_| ()), "list core/secrets");
        assert_eq!(action(|record| record.object.api_group = Some("apps")), "list apps/secrets");
        let path = action(|record| {
            record.object = ObjectRef::default();
            record.request_uri = Some("/healthz?verbose");
        });
        assert_eq!(path, "list /healthz");
        for verb in ["get", "create"] {
            let mut exec = record();
            exec.verb = Some(verb);
            (exec.object.resource, exec.object.subresource) = (Some("pods"), Some("exec"));
            let event = event(&exec);
            assert_eq!((&*event.name, event.read_only), ("create core/pods/exec", Some(false)));
        }
        let settings = AuditSettings { namespace_in_key: true, ..Default::default() };
        assert_eq!(record().interpret(PROD, settings).unwrap().name, "list core/secrets in shop");
    }

    #[test]
    fn a_request_failed_by_its_code_its_decision_or_a_missing_response() {
        let code = |change: fn(&mut AuditRecord<'static>)| {
            let mut record = record();
            change(&mut record);
            (event(&record).failed, record.evidence().error_code.map(Cow::into_owned))
        };
        assert_eq!(code(|_| ()), (false, None));
        assert_eq!(code(|record| record.code = Some(409)), (true, Some("409".to_owned())));
        let forbidden = code(|record| (record.code, record.reason) = (Some(403), Some("Forbidden")));
        assert_eq!(forbidden, (true, Some("Forbidden".to_owned())));
        let undecided = code(|record| (record.code, record.decision) = (None, Some("forbid")));
        assert_eq!(undecided, (true, Some("Forbidden".to_owned())));
        let without_code = code(|record| (record.code, record.status) = (None, Some("Failure")));
        assert_eq!(without_code, (true, Some("Failure".to_owned())));
        let with_code = code(|record| (record.code, record.status) = (Some(200), Some("Failure")));
        assert_eq!(with_code, (false, None));
        let unanswered = code(|record| (record.code, record.stage) = (None, Some("RequestReceived")));
        assert_eq!(unanswered, (true, Some(NO_RESPONSE.to_owned())));
    }

    fn login(code: u16, decision: &'static str, username: Option<&'static str>) -> AuditRecord<'static> {
        AuditRecord {
            verb: Some("post"),
            request_uri: Some("/login/ldap"),
            user: named("system:anonymous"),
            object: ObjectRef::default(),
            code: Some(code),
            login: Login { decision: Some(decision), username },
            ..record()
        }
    }

    #[test]
    fn a_refused_login_failed_and_shows_the_name_that_was_typed() {
        for (code, decision) in [(302, "deny"), (302, "error"), (401, "deny")] {
            let refused = login(code, decision, Some("admin"));
            let (event, evidence) = (event(&refused), refused.evidence());
            assert_eq!((event.failed, evidence.error_code.as_deref()), (true, Some(decision)));
            assert_eq!(evidence.detail.as_deref(), Some("/login/ldap as admin"));
            assert_eq!(
                (&*event.principal.key, event.principal.kind),
                ("k8s:prod/system:anonymous", PrincipalKind::K8sAnonymous)
            );
        }
        // The way to the form.
        let sent_on = login(302, "deny", None);
        assert_eq!((event(&sent_on).failed, sent_on.evidence().error_code), (false, None));
        assert_eq!(sent_on.evidence().detail.as_deref(), Some("/login/ldap"));
    }

    #[test]
    fn a_login_is_of_the_user_who_signed_in() {
        let who = |record: &AuditRecord<'static>| event(record).principal;
        let user = who(&login(302, "allow", Some("admin")));
        assert_eq!((&*user.key, user.kind), ("k8s:prod/admin", PrincipalKind::K8sUser));
        let node = who(&login(302, "allow", Some("system:node:a")));
        assert_eq!((&*node.key, node.kind), ("k8s:prod/user:system:node:a", PrincipalKind::K8sUser));
        assert_eq!(&*who(&login(302, "allow", Some("-"))).key, "k8s:prod/user:-");
        assert_eq!(&*who(&login(302, "allow", Some("user:system:a"))).key, "k8s:prod/user:user:system:a");
        let role = who(&login(302, "allow", Some("arn:aws:iam::444455556666:role/admin")));
        assert_eq!(&*role.key, "k8s:prod/user:arn:aws:iam::444455556666:role/admin");
        // What an admission policy of this name may write.
        let mut of_policy = login(201, "allow", Some("admin"));
        of_policy.user = named("mallory");
        assert_eq!(who(&of_policy).key, "k8s:prod/mallory");
        of_policy.user = named("system:anonymous");
        of_policy.object = record().object;
        assert_eq!(who(&of_policy).key, "k8s:prod/system:anonymous");
        of_policy.login.decision = Some("deny");
        assert!(!event(&of_policy).failed);
    }

    #[test]
    fn old_events_have_only_a_timestamp() {
        let mut old = record();
        (old.received, old.timestamp) = (None, Some("2017-09-11T19:55:05Z"));
        assert_eq!(event(&old).time.to_string(), "2017-09-11T19:55:05Z");
        old.timestamp = None;
        assert_eq!(old.interpret(PROD, AuditSettings::default()), Err(NoEvent::BadTime));
    }

    #[test]
    fn a_log_group_names_its_cluster() {
        assert_eq!(cluster_of_log_group("/aws/eks/prod-1/cluster"), Some("prod-1"));
        for other in ["/aws/eks//cluster", "/aws/eks/a/b/cluster", "/aws/lambda/x", ""] {
            assert_eq!(cluster_of_log_group(other), None, "{other}");
        }
    }
}
