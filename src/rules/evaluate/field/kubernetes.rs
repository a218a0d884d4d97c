//! Fields of audit events of Kubernetes.

use super::derived::OfContainers;
use super::{Derived, Reading, Scanned};

pub(super) const FIELDS: &[(&str, Reading)] = &[
    ("ka.auditid", Reading::Scanned(Scanned::AuditId)),
    ("ka.stage", Reading::Scanned(Scanned::Stage)),
    ("ka.auth.decision", Reading::Scanned(Scanned::Decision)),
    ("ka.auth.reason", Reading::At("/annotations/authorization.k8s.io~1reason")),
    ("ka.user.name", Reading::Scanned(Scanned::UserName)),
    ("ka.user.groups", Reading::List("user/groups/*")),
    ("ka.impuser.name", Reading::Scanned(Scanned::ImpersonatedName)),
    ("ka.verb", Reading::Scanned(Scanned::Verb)),
    ("ka.uri", Reading::Scanned(Scanned::RequestUri)),
    ("ka.uri.param", Reading::Derived(Derived::UriParameter)),
    ("ka.target.name", Reading::At("/objectRef/name")),
    ("ka.target.namespace", Reading::Scanned(Scanned::Namespace)),
    ("ka.target.resource", Reading::Scanned(Scanned::Resource)),
    ("ka.target.subresource", Reading::Scanned(Scanned::Subresource)),
    ("ka.target.pod.name", Reading::Derived(Derived::PodName)),
    ("ka.req.binding.subjects", Reading::List("requestObject/subjects/*")),
    ("ka.req.binding.role", Reading::At("/requestObject/roleRef/name")),
    ("ka.req.configmap.name", Reading::At("/objectRef/name")),
    ("ka.req.configmap.obj", Reading::At("/requestObject/data")),
    ("ka.req.container.image", Reading::At("/requestObject/spec/containers/0/image")),
    ("ka.req.container.image.repository", Reading::Derived(Derived::FirstRepository)),
    ("ka.req.container.privileged", Reading::Derived(Derived::AnyPrivileged)),
    ("ka.req.container.host_network", Reading::At("/requestObject/spec/hostNetwork")),
    ("ka.req.pod.host_ipc", Reading::At("/requestObject/spec/hostIPC")),
    ("ka.req.pod.host_network", Reading::At("/requestObject/spec/hostNetwork")),
    ("ka.req.pod.host_pid", Reading::At("/requestObject/spec/hostPID")),
    ("ka.req.pod.run_as_user", Reading::At("/requestObject/spec/securityContext/runAsUser")),
    ("ka.req.pod.run_as_group", Reading::At("/requestObject/spec/securityContext/runAsGroup")),
    ("ka.req.pod.fs_group", Reading::At("/requestObject/spec/securityContext/fsGroup")),
    (
        "ka.req.pod.supplemental_groups",
        Reading::List("requestObject/spec/securityContext/supplementalGroups/*"),
    ),
    ("ka.req.pod.volumes.hostpath", Reading::List("requestObject/spec/volumes/*/hostPath/path")),
    ("ka.req.pod.volumes.flexvolume_driver", Reading::List("requestObject/spec/volumes/*/flexVolume/driver")),
    ("ka.req.pod.volumes.volume_type", Reading::Derived(Derived::VolumeTypes)),
    ("ka.req.volume.hostpath", Reading::Derived(Derived::HasHostPath)),
    ("ka.req.role.rules", Reading::List("requestObject/rules/*")),
    ("ka.req.role.rules.apiGroups", Reading::List("requestObject/rules/*/apiGroups/*")),
    ("ka.req.role.rules.nonResourceURLs", Reading::List("requestObject/rules/*/nonResourceURLs/*")),
    ("ka.req.role.rules.verbs", Reading::List("requestObject/rules/*/verbs/*")),
    ("ka.req.role.rules.resources", Reading::List("requestObject/rules/*/resources/*")),
    ("ka.req.service.type", Reading::At("/requestObject/spec/type")),
    ("ka.req.service.ports", Reading::List("requestObject/spec/ports/*")),
    ("ka.resp.name", Reading::At("/responseObject/metadata/name")),
    ("ka.response.code", Reading::Scanned(Scanned::ResponseCode)),
    ("ka.response.reason", Reading::Scanned(Scanned::ResponseReason)),
    ("ka.useragent", Reading::Scanned(Scanned::UserAgent)),
];

/// The lists of containers that a pod has, each a part of the names of fields.
const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

/// How a field of each container of a list is read.
#[derive(Clone, Copy)]
enum Part {
    /// A path in the container.
    At(&'static str),
    Derived(OfContainers),
}

/// What stands behind the list in the names of such fields.
const PARTS: [(&str, Part); 13] = [
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
];

/// How a field of containers is read, with the list of containers that its path begins at.
pub(super) fn of_containers(name: &str) -> Option<(Reading, Option<&'static str>)> {
    let rest = name.strip_prefix("ka.req.pod.")?;
    let list = LISTS.into_iter().find(|list| rest.starts_with(&format!("{list}.")))?;
    let (_, part) = PARTS.into_iter().find(|(end, _)| rest[list.len() + 1..] == **end)?;
    Some(match part {
        Part::At(path) => (Reading::List(path), Some(list)),
        Part::Derived(of) => (Reading::Derived(Derived::OfContainers(of, list)), None),
    })
}

/// The names of these fields.
pub(super) fn names() -> impl Iterator<Item = String> {
    LISTS
        .into_iter()
        .flat_map(|list| PARTS.into_iter().map(move |(end, _)| format!("ka.req.pod.{list}.{end}")))
}
