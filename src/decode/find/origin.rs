//! Where records are from, as what carries them says: the account, and the name of the Kubernetes cluster, which audit events do not have.
//!
//! Sources: CloudWatch Logs User Guide ("Subscription filters", "Supported logs and discovered fields"), Azure Monitor Logs table reference
//! (`_ResourceId`), OpenTelemetry semantic conventions (`k8s.cluster.name`), Elastic Common Schema (`orchestrator.cluster.name`), the data
//! model of OpenShift's collector (`openshift.cluster_id`), Datadog ("Unified service tagging", `kube_cluster_name`); labels of Loki, fields of
//! Splunk and of collectors have the names that their owners chose, most often `cluster` and `cluster_name`.

use std::borrow::Cow;
use std::rc::Rc;

use crate::decode::record::json::Json;
use crate::decode::record::walk;
use crate::event::{account_and_log_group, cluster_of_log_group};

/// Where a carrier says that its records are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierOrigin {
    /// The AWS account, or the subscription of Azure.
    pub account: Option<Box<str>>,
    /// The Kubernetes cluster.
    pub cluster: Option<Box<str>>,
    certainty: Certainty,
}

/// How certain it is that a member names the cluster; the first is the most certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Certainty {
    /// The cloud that runs the cluster names it.
    Resource,
    /// `k8s.cluster.name`, `openshift.cluster_id`
    Kubernetes,
    /// `cluster_name`
    Name,
    /// `cluster`
    Word,
}

/// Longer members are not examined for the name of a cluster: labels and tags are short.
const LONGEST: usize = 8 << 10;

/// Longer names of clusters are cut.
const LONGEST_NAME: usize = 200;

/// The maximum depth of groups of labels: `resource.attributes`, `orchestrator.cluster`.
const DEEPEST_GROUP: u32 = 3;

impl CarrierOrigin {
    /// The `owner` and the `logGroup` of a subscription.
    pub(super) fn of_log_group(account: &str, log_group: &str) -> Self {
        Self {
            account: Some(account.into()),
            cluster: cluster_of_log_group(log_group).map(Box::from),
            certainty: Certainty::Resource,
        }
    }

    /// The `@log` of Logs Insights.
    pub(super) fn of_insights(log: &str) -> Option<Self> {
        account_and_log_group(log).map(|(account, log_group)| Self::of_log_group(account, log_group))
    }

    /// `/subscriptions/<id>/…/providers/Microsoft.ContainerService/managedClusters/<cluster>`, in any case; the same of clusters that Azure Arc
    /// connects.
    fn of_azure(resource_id: &str) -> Option<Self> {
        const PROVIDERS: [&str; 2] =
            ["/microsoft.containerservice/managedclusters/", "/microsoft.kubernetes/connectedclusters/"];
        let resource_id = resource_id.to_ascii_lowercase();
        let (before, cluster) = PROVIDERS.iter().find_map(|provider| resource_id.split_once(provider))?;
        let cluster = cluster_name(cluster.split('/').next()?)?;
        let subscription = before.trim_start_matches('/').strip_prefix("subscriptions/");
        let account = subscription.and_then(|rest| rest.split('/').next()).filter(|id| !id.is_empty());
        Some(Self { account: account.map(Box::from), cluster: Some(cluster), certainty: Certainty::Resource })
    }

    /// `arn:<partition>:eks:<region>:<account>:cluster/<name>`
    fn of_eks_arn(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':').skip(1);
        let (service, _, account, resource) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let cluster = cluster_name(resource.strip_prefix("cluster/")?)?;
        let account = Some(account).filter(|account| !account.is_empty()).map(Box::from);
        (service == "eks").then_some(Self { account, cluster: Some(cluster), certainty: Certainty::Resource })
    }

    fn of_name(name: &str, certainty: Certainty) -> Option<Self> {
        let named = || Some(Self { account: None, cluster: Some(cluster_name(name)?), certainty });
        Self::of_eks_arn(name).or_else(named)
    }

    /// This origin inside another one, which says what this one does not. A label inside does not outweigh a resource around it.
    pub(super) fn within(self, outer: Option<&Rc<Self>>) -> Rc<Self> {
        let Some(outer) = outer else { return Rc::new(self) };
        let is_label = self.certainty > Certainty::Resource;
        let is_outweighed = is_label && outer.certainty == Certainty::Resource && outer.cluster.is_some();
        if is_outweighed || self.cluster.is_none() && self.account.is_none() {
            return Rc::clone(outer);
        }
        let certainty = if self.cluster.is_some() { self.certainty } else { outer.certainty };
        Rc::new(Self {
            account: self.account.or_else(|| outer.account.clone()),
            cluster: self.cluster.or_else(|| outer.cluster.clone()),
            certainty,
        })
    }

    /// The more certain of two, else the first.
    pub(super) fn better(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(if other.certainty < one.certainty { other } else { one }),
            (one, other) => one.or(other),
        }
    }
}

/// The name of a cluster as it is shown in principals, where a `/` would end it.
fn cluster_name(name: &str) -> Option<Box<str>> {
    let name = name.trim();
    let name = &name[..walk::floor(name, LONGEST_NAME)];
    let is_name = !name.is_empty() && name != "-" && !name.contains(|c: char| c.is_control() || c == '\\');
    is_name.then(|| name.replace('/', "_").into())
}

/// What a member of a carrier says of where its records are from. `value` is its JSON text.
pub(super) fn of_member(key: &str, value: &str) -> Option<CarrierOrigin> {
    if value.len() > LONGEST || !may_tell(key) {
        return None;
    }
    of_member_in("", key, value, 0)
}

/// The same for a cell of a table, by the name of its column.
pub(super) fn of_cell(column: &str, cell: &str) -> Option<CarrierOrigin> {
    if cell.len() > LONGEST {
        return None;
    }
    match cell.as_bytes().first()? {
        b'{' | b'[' => of_member_in("", column, cell, 0),
        _ => of_text("", column, cell),
    }
}

/// What the members of an object say, if any says something.
#[cold]
pub(super) fn of_object(text: &str, at: usize) -> Option<CarrierOrigin> {
    let mut best = None;
    let _ = walk::member_spans(text, at + 1, |key, (start, end)| {
        best = CarrierOrigin::better(best.take(), of_member(key, &text[start..end]));
    });
    best
}

/// What the labels before a line say, as `logcli` writes them: `{cluster="prod", job="audit"}`.
pub(super) fn of_labels(labels: &str) -> Option<CarrierOrigin> {
    let labels = labels.strip_prefix('{')?.strip_suffix('}')?;
    let mut best = None;
    for label in labels[..walk::floor(labels, LONGEST)].split("\", ") {
        let Some((name, value)) = label.split_once("=\"") else { continue };
        best = CarrierOrigin::better(best, of_text("", name.trim(), value.trim_end_matches('"')));
    }
    best
}

/// Whether a member or column of this name may say where records are from.
pub(in crate::decode) fn may_tell(key: &str) -> bool {
    is_group(key) || is_resource_id(key) || certainty_of(key).is_some()
}

/// Members that hold labels, tags or attributes.
pub(super) fn is_group(key: &str) -> bool {
    matches!(
        key,
        "labels"
            | "fields"
            | "stream"
            | "metric"
            | "tags"
            | "ddtags"
            | "resource"
            | "attributes"
            | "openshift"
            | "orchestrator"
            | "cluster"
            | "k8s"
            | "kubernetes"
            | "aks_metadata"
    )
}

fn is_resource_id(key: &str) -> bool {
    let letters = key.bytes().rev().filter(u8::is_ascii_alphanumeric);
    let known = b"resourceid".iter().rev();
    key.len() >= known.len() && letters.zip(known).all(|(byte, known)| byte.eq_ignore_ascii_case(known))
}

/// How certain it is that a label of this name is the name of a cluster, if it may be one.
fn certainty_of(key: &str) -> Option<Certainty> {
    if key.len() > 60 || !(key.contains("luster") || key.contains("LUSTER")) {
        return None;
    }
    let letters: String = key
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    let mut name = &*letters;
    while let Some(rest) = ["fields", "labels", "stream", "resource", "attributes", "tag"]
        .iter()
        .find_map(|of| name.strip_prefix(of))
    {
        name = rest;
    }
    match name {
        "openshiftclusterid" => return Some(Certainty::Kubernetes),
        "clustername" => return Some(Certainty::Name),
        "cluster" => return Some(Certainty::Word),
        _ => {}
    }
    let of_kubernetes = ["k8s", "kube", "kubernetes", "orchestrator", "openshift", "eks", "aks"];
    let rest = name.strip_suffix("name").unwrap_or(name).strip_suffix("cluster")?;
    of_kubernetes.contains(&rest).then_some(Certainty::Kubernetes)
}

/// A member, which is in a group of labels of this name, or in none.
fn of_member_in(group: &str, key: &str, value: &str, depth: u32) -> Option<CarrierOrigin> {
    match value.as_bytes().first()? {
        b'"' => of_text(group, key, &text_of(value)?),
        b'{' | b'[' if depth >= DEEPEST_GROUP || !is_group(key) => None,
        b'{' => {
            let mut best = None;
            let _ = walk::member_spans(value, 1, |name, (start, end)| {
                let found = of_member_in(key, name, &value[start..end], depth + 1);
                best = CarrierOrigin::better(best.take(), found);
            });
            best
        }
        b'[' => {
            let mut best = None;
            for element in elements(value) {
                let found = match element.as_bytes().first() {
                    Some(b'"') => of_tag(&text_of(element)?),
                    Some(b'{') => of_attribute(element),
                    _ => None,
                };
                best = CarrierOrigin::better(best, found);
            }
            best
        }
        _ => None,
    }
}

fn of_text(group: &str, key: &str, text: &str) -> Option<CarrierOrigin> {
    if is_resource_id(key) {
        return CarrierOrigin::of_azure(text);
    }
    match (group, key) {
        (_, "ddtags" | "tags") => {
            return text.split(',').map(of_tag).fold(None, CarrierOrigin::better);
        }
        ("openshift", "cluster_id") => return CarrierOrigin::of_name(text, Certainty::Kubernetes),
        ("cluster", "name") => return CarrierOrigin::of_name(text, Certainty::Name),
        _ => {}
    }
    CarrierOrigin::of_name(text, certainty_of(key)?)
}

/// `cluster_name:prod`, as Datadog writes tags.
fn of_tag(tag: &str) -> Option<CarrierOrigin> {
    let (name, value) = tag.trim().split_once(':')?;
    CarrierOrigin::of_name(value, certainty_of(name)?)
}

/// `{"key":"k8s.cluster.name","value":{"stringValue":"prod"}}`, as OpenTelemetry writes attributes.
fn of_attribute(text: &str) -> Option<CarrierOrigin> {
    let (mut key, mut value) = (None, None);
    let _ = walk::member_spans(text, 1, |name, (start, end)| match name {
        "key" => key = text_of(&text[start..end]),
        "value" => value = text.get(start..end),
        _ => {}
    });
    let (key, value) = (key?, value?);
    let mut found = None;
    if value.starts_with('{') {
        let _ = walk::member_spans(value, 1, |name, (start, end)| {
            if name == "stringValue" {
                found = text_of(&value[start..end]).and_then(|text| of_text("", &key, &text));
            }
        });
    }
    found
}

/// The content of a JSON string.
fn text_of(literal: &str) -> Option<Cow<'_, str>> {
    Json::new(literal).non_empty_string()
}

/// The elements of a list, as far as it is well-formed.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut at = walk::skip_blanks(list, 1);
    std::iter::from_fn(move || {
        let start = at;
        let end = walk::lenient_value_end(list, start).ok()?;
        at = walk::skip_blanks(list, end);
        if list.as_bytes().get(at) == Some(&b',') {
            at = walk::skip_blanks(list, at + 1);
        }
        list.get(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(key: &str, value: &str) -> Option<String> {
        Some(of_member(key, value)?.cluster?.into())
    }

    #[test]
    fn members_of_carriers_name_clusters() {
        for (key, value) in [
            ("cluster", r#""prod""#),
            ("_cluster", r#""prod""#),
            ("cluster_name", r#""prod""#),
            ("clusterName", r#""prod""#),
            ("k8s.cluster.name", r#""prod""#),
            ("k8s_cluster_name", r#""prod""#),
            ("kube_cluster_name", r#""prod""#),
            ("orchestrator.cluster.name", r#""prod""#),
            ("openshift.cluster_id", r#""prod""#),
            ("fields.cluster", r#""prod""#),
            ("labels", r#"{"job":"audit","cluster":"prod"}"#),
            ("stream", r#"{"k8s_cluster_name":"prod"}"#),
            ("fields", r#"{"cluster_name":"prod"}"#),
            ("openshift", r#"{"sequence":1,"cluster_id":"prod"}"#),
            ("orchestrator", r#"{"cluster":{"name":"prod","id":"x"}}"#),
            ("resource", r#"{"attributes":[{"key":"k8s.cluster.name","value":{"stringValue":"prod"}}]}"#),
            ("resource", r#"{"attributes":{"k8s.cluster.name":"prod"}}"#),
            ("tags", r#"["env:x","kube_cluster_name:prod"]"#),
            ("ddtags", r#""env:x,cluster_name:prod""#),
            (
                "_ResourceId",
                r#""/subscriptions/s/resourcegroups/g/providers/Microsoft.ContainerService/managedClusters/PROD""#,
            ),
            (
                "aks_metadata",
                r#"{"resource_id":"/SUBSCRIPTIONS/S/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/PROD"}"#,
            ),
            ("cluster", r#""arn:aws:eks:eu-west-1:111122223333:cluster/prod""#),
        ] {
            assert_eq!(cluster(key, value).as_deref(), Some("prod"), "{key} {value}");
        }
    }

    #[test]
    fn other_members_name_none() {
        for (key, value) in [
            ("cluster", "7"),
            ("cluster", r#""""#),
            ("cluster_uuid", r#""prod""#),
            ("clusterrole", r#""admin""#),
            ("cluster_id", r#""prod""#),
            ("name", r#""prod""#),
            ("labels", r#"{"labels":{"labels":{"labels":{"cluster":"prod"}}}}"#),
            ("resourceId", r#""/subscriptions/s/providers/Microsoft.Storage/storageAccounts/x""#),
            ("tags", r#"["cluster"]"#),
            ("annotations", r#"{"cluster":"prod"}"#),
        ] {
            assert_eq!(cluster(key, value), None, "{key} {value}");
        }
    }

    #[test]
    fn an_origin_says_the_account_where_it_can() {
        let azure = of_member(
            "resourceId",
            r#""/SUBSCRIPTIONS/AB-1/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/X""#,
        );
        let azure = azure.unwrap();
        assert_eq!((azure.account.as_deref(), azure.cluster.as_deref()), (Some("ab-1"), Some("x")));
        let eks = of_member("cluster_name", r#""arn:aws:eks:eu-west-1:111122223333:cluster/x""#).unwrap();
        assert_eq!((eks.account.as_deref(), eks.cluster.as_deref()), (Some("111122223333"), Some("x")));
    }

    #[test]
    fn the_innermost_origin_counts_unless_a_resource_is_around_a_label() {
        let label = |name: &str| of_member("cluster", &format!("{name:?}")).unwrap();
        let group = CarrierOrigin::of_log_group("111122223333", "/aws/eks/prod/cluster").within(None);
        let other = CarrierOrigin::of_log_group("111122223333", "other").within(None);
        assert_eq!(label("a").within(Some(&label("b").within(None))).cluster.as_deref(), Some("a"));
        assert_eq!(label("a").within(Some(&group)).cluster.as_deref(), Some("prod"));
        let both = label("a").within(Some(&other));
        assert_eq!((both.account.as_deref(), both.cluster.as_deref()), (Some("111122223333"), Some("a")));
    }

    #[test]
    fn a_name_of_a_cluster_has_no_slash() {
        assert_eq!(cluster("cluster", r#""dev/prod""#).as_deref(), Some("dev_prod"));
        assert_eq!(cluster("cluster", r#""a\nb""#), None);
        assert_eq!(cluster("cluster", &format!("{:?}", "é".repeat(300))).unwrap().len(), 200);
    }

    #[test]
    fn labels_of_logcli_name_clusters() {
        let cluster = |labels| of_labels(labels)?.cluster.map(String::from);
        assert_eq!(cluster(r#"{cluster="prod", job="a"}"#).as_deref(), Some("prod"));
        assert_eq!(cluster(r#"{job="a", cluster_name="prod"}"#).as_deref(), Some("prod"));
        assert_eq!(cluster("{}"), None);
    }
}
