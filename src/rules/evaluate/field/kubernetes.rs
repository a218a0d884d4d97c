//! Fields of Kubernetes audit events.

use super::derived::OfContainers;
use super::{Derived, FieldReader, Scanned};

pub(super) const FIELDS: &[(&str, FieldReader)] = &[
    ("ka.auditid", FieldReader::Scanned(Scanned::AuditId)),
    ("ka.stage", FieldReader::Scanned(Scanned::Stage)),
    ("ka.auth.decision", FieldReader::Scanned(Scanned::Decision)),
    ("ka.auth.reason", FieldReader::At("/annotations/authorization.k8s.io~1reason")),
    ("ka.auth.openshift.decision", FieldReader::At("/annotations/authentication.openshift.io~1decision")),
    ("ka.auth.openshift.username", FieldReader::At("/annotations/authentication.openshift.io~1username")),
    (
        "ka.validations.admission.policy.failure",
        FieldReader::At("/annotations/validation.policy.admission.k8s.io~1validation_failure"),
    ),
    (
        "ka.security.pod.violations",
        FieldReader::At("/annotations/pod-security.kubernetes.io~1audit-violations"),
    ),
    ("ka.cluster.name", FieldReader::Derived(Derived::ClusterName)),
    ("ka.user.name", FieldReader::Scanned(Scanned::UserName)),
    ("ka.user.groups", FieldReader::List("user/groups/*")),
    ("ka.impuser.name", FieldReader::Scanned(Scanned::ImpersonatedName)),
    ("ka.verb", FieldReader::Scanned(Scanned::Verb)),
    ("ka.uri", FieldReader::Scanned(Scanned::RequestUri)),
    ("ka.uri.param", FieldReader::Derived(Derived::UriParameter)),
    ("ka.target.name", FieldReader::At("/objectRef/name")),
    ("ka.target.namespace", FieldReader::Scanned(Scanned::Namespace)),
    ("ka.target.resource", FieldReader::Scanned(Scanned::Resource)),
    ("ka.target.subresource", FieldReader::Scanned(Scanned::Subresource)),
    ("ka.target.pod.name", FieldReader::Derived(Derived::PodName)),
    ("ka.req.binding.subjects", FieldReader::List("requestObject/subjects/*")),
    ("ka.req.binding.subjects.user_names", FieldReader::Derived(Derived::SubjectNames("User"))),
    (
        "ka.req.binding.subjects.serviceaccount_names",
        FieldReader::Derived(Derived::SubjectNames("ServiceAccount")),
    ),
    (
        "ka.req.binding.subjects.serviceaccount_ns_names",
        FieldReader::Derived(Derived::ServiceAccountsOfNamespaces),
    ),
    ("ka.req.binding.subjects.group_names", FieldReader::Derived(Derived::SubjectNames("Group"))),
    ("ka.req.binding.subject.has_name", FieldReader::Derived(Derived::HasSubject)),
    ("ka.req.binding.role", FieldReader::At("/requestObject/roleRef/name")),
    ("ka.req.configmap.name", FieldReader::At("/objectRef/name")),
    ("ka.req.configmap.obj", FieldReader::At("/requestObject/data")),
    ("ka.req.container.image", FieldReader::At("/requestObject/spec/containers/0/image")),
    ("ka.req.container.image.repository", FieldReader::Derived(Derived::FirstRepository)),
    ("ka.req.container.privileged", FieldReader::Derived(Derived::AnyPrivileged)),
    ("ka.req.container.host_network", FieldReader::At("/requestObject/spec/hostNetwork")),
    ("ka.req.pod.host_ipc", FieldReader::At("/requestObject/spec/hostIPC")),
    ("ka.req.pod.host_network", FieldReader::At("/requestObject/spec/hostNetwork")),
    ("ka.req.pod.host_pid", FieldReader::At("/requestObject/spec/hostPID")),
    ("ka.req.pod.run_as_user", FieldReader::At("/requestObject/spec/securityContext/runAsUser")),
    ("ka.req.pod.run_as_group", FieldReader::At("/requestObject/spec/securityContext/runAsGroup")),
    ("ka.req.pod.fs_group", FieldReader::At("/requestObject/spec/securityContext/fsGroup")),
    (
        "ka.req.pod.supplemental_groups",
        FieldReader::List("requestObject/spec/securityContext/supplementalGroups/*"),
    ),
    ("ka.req.pod.volumes.hostpath", FieldReader::List("requestObject/spec/volumes/*/hostPath/path")),
    (
        "ka.req.pod.volumes.flexvolume_driver",
        FieldReader::List("requestObject/spec/volumes/*/flexVolume/driver"),
    ),
    ("ka.req.pod.volumes.volume_type", FieldReader::Derived(Derived::VolumeTypes)),
    ("ka.req.volume.hostpath", FieldReader::Derived(Derived::HasHostPath)),
    ("ka.req.role.rules", FieldReader::List("requestObject/rules/*")),
    ("ka.req.role.rules.apiGroups", FieldReader::List("requestObject/rules/*/apiGroups/*")),
    ("ka.req.role.rules.nonResourceURLs", FieldReader::List("requestObject/rules/*/nonResourceURLs/*")),
    ("ka.req.role.rules.verbs", FieldReader::List("requestObject/rules/*/verbs/*")),
    ("ka.req.role.rules.resources", FieldReader::List("requestObject/rules/*/resources/*")),
    ("ka.req.service.type", FieldReader::At("/requestObject/spec/type")),
    ("ka.req.service.ports", FieldReader::List("requestObject/spec/ports/*")),
    ("ka.resp.name", FieldReader::At("/responseObject/metadata/name")),
    ("ka.response.code", FieldReader::Scanned(Scanned::ResponseCode)),
    ("ka.response.reason", FieldReader::Scanned(Scanned::ResponseReason)),
    ("ka.useragent", FieldReader::Scanned(Scanned::UserAgent)),
    ("ka.sourceips", FieldReader::List("sourceIPs/*")),
];

/// The container lists of a pod, as they appear in field names.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// How to read a field of each container of a list.
#[derive(Clone, Copy)]
enum Part {
    /// Path in the container.
    At(&'static str),
    Derived(OfContainers),
}

/// The part of a field name after the list.
const PARTS: [(&str, Part); 15] = [
    ("image", Part::At("image")),
    ("image.repository", Part::Derived(OfContainers::Repositories)),
    ("host_port", Part::Derived(OfContainers::HostPorts)),
    ("privileged", Part::At("securityContext/privileged")),
    ("allow_privilege_escalation", Part::At("securityContext/allowPrivilegeEscalation")),
    ("read_only_fs", Part::At("securityContext/readOnlyRootFilesystem")),
    ("run_as_user", Part::At("securityContext/runAsUser")),
    ("run_as_group", Part::At("securityContext/runAsGroup")),
    ("eff_run_as_user", Part::Derived(OfContainers::EffectiveUsers)),
    ("eff_run_as_group", Part::Derived(OfContainers::EffectiveGroups)),
    ("proc_mount", Part::At("securityContext/procMount")),
    ("add_capabilities", Part::At("securityContext/capabilities/add/*")),
    ("name", Part::At("name")),
    ("args", Part::At("args/*")),
    ("command", Part::At("command/*")),
];

/// How to read a container field, with the container list at which its path begins.
pub(super) fn of_containers(name: &str) -> Option<(FieldReader, Option<&'static str>)> {
    let rest = name.strip_prefix("ka.req.pod.")?;
    let list = LISTS.into_iter().find(|list| rest.starts_with(&format!("{list}.")))?;
    let (_, part) = PARTS.into_iter().find(|(end, _)| rest[list.len() + 1..] == **end)?;
    Some(match part {
        Part::At(path) => (FieldReader::List(path), Some(list)),
        Part::Derived(of) => (FieldReader::Derived(Derived::OfContainers(of, list)), None),
    })
}

/// The names of the container fields.
pub(super) fn names() -> impl Iterator<Item = String> {
    LISTS
        .into_iter()
        .flat_map(|list| PARTS.into_iter().map(move |(end, _)| format!("ka.req.pod.{list}.{end}")))
}
