//! Which class an action in a Kubernetes cluster has: `verb group/resource[/subresource]`.
//!
//! Sources: MITRE ATT&CK, matrix "Containers" (techniques `T…`); Kubernetes documentation, "Role Based Access Control Good
//! Practices" (privilege escalation risks); Microsoft, "Threat Matrix for Kubernetes" (`MS-TA…`).

use super::Class;
use super::Class::{Credentials, Destruction, Execution, Exposure, Logging, Permissions, Reconnaissance};

/// One rule; verbs and resources are separated by blanks, `*` stands for any verb, and a resource that ends in `/*` for all of its
/// group.
struct Rule {
    class: Class,
    verbs: &'static str,
    resources: &'static str,
    reason: &'static str,
}

const READS: &str = "get list watch";
const CHANGES: &str = "create update patch";
const ALL_CHANGES: &str = "create update patch delete deletecollection";
const DELETIONS: &str = "delete deletecollection";

/// All rules; the first that matches decides.
///
/// Not among them are `impersonate`, `escalate` and `bind`: roles have these verbs, but no request does. The verb of an audit event is that of
/// the request, and who was impersonated is the principal. Nor are reviews of others (`tokenreviews`, `subjectaccessreviews`), which webhooks
/// and aggregated API servers ask for all the time.
const RULES: [Rule; 25] = [
    Rule {
        class: Execution,
        verbs: "*",
        resources: "core/pods/exec core/pods/attach core/pods/portforward core/pods/proxy core/nodes/proxy core/services/proxy",
        reason: "runs commands in a container or reaches into it (ATT&CK T1609)",
    },
    Rule {
        class: Execution,
        verbs: CHANGES,
        resources: "core/pods/ephemeralcontainers",
        reason: "runs a container in a pod (ATT&CK T1609)",
    },
    Rule {
        class: Credentials,
        verbs: "create",
        resources: "core/serviceaccounts/token certificates.k8s.io/certificatesigningrequests management.cattle.io/tokens \
                    oauth.openshift.io/oauthaccesstokens oauth.openshift.io/oauthauthorizetokens",
        reason: "returns a credential (ATT&CK T1528, T1649)",
    },
    Rule {
        class: Credentials,
        verbs: READS,
        resources: "core/secrets",
        reason: "returns secrets (ATT&CK T1552.007)",
    },
    Rule {
        class: Credentials,
        verbs: CHANGES,
        resources: "core/secrets external-secrets.io/* bitnami.com/sealedsecrets secrets.hashicorp.com/* \
                    secrets-store.csi.x-k8s.io/secretproviderclasses oauth.openshift.io/oauthclients",
        reason: "creates or replaces a secret (ATT&CK T1098)",
    },
    Rule {
        class: Permissions,
        verbs: ALL_CHANGES,
        resources: "rbac.authorization.k8s.io/* authorization.openshift.io/* management.cattle.io/globalroles \
                    management.cattle.io/globalrolebindings management.cattle.io/roletemplates \
                    management.cattle.io/clusterroletemplatebindings management.cattle.io/projectroletemplatebindings",
        reason: "changes who may do what (ATT&CK T1098.006)",
    },
    Rule {
        class: Permissions,
        verbs: CHANGES,
        resources: "core/serviceaccounts certificates.k8s.io/certificatesigningrequests/approval \
                    certificates.k8s.io/certificatesigningrequests/status user.openshift.io/* management.cattle.io/users",
        reason: "creates an identity (ATT&CK T1136, T1098)",
    },
    Rule {
        class: Permissions,
        verbs: ALL_CHANGES,
        resources: "config.openshift.io/oauths management.cattle.io/authconfigs",
        reason: "changes how users sign in (ATT&CK T1556)",
    },
    Rule {
        class: Permissions,
        verbs: "create",
        resources: "security.openshift.io/securitycontextconstraints",
        reason: "lets pods run with more rights (ATT&CK T1098.006)",
    },
    Rule {
        class: Permissions,
        verbs: CHANGES,
        resources: "iam.services.k8s.aws/* iam.aws.crossplane.io/* iam.aws.upbound.io/*",
        reason: "makes a controller change who may do what in an AWS account (ATT&CK T1098)",
    },
    Rule {
        class: Logging,
        verbs: ALL_CHANGES,
        resources: "admissionregistration.k8s.io/* auditregistration.k8s.io/*",
        reason: "changes what checks or records requests (ATT&CK T1562.001; MS-TA9015)",
    },
    Rule {
        class: Logging,
        verbs: "update patch delete deletecollection",
        resources: "kyverno.io/* templates.gatekeeper.sh/* constraints.gatekeeper.sh/* config.gatekeeper.sh/* \
                    policies.kubewarden.io/* policy/podsecuritypolicies security.openshift.io/securitycontextconstraints",
        reason: "changes what checks requests (ATT&CK T1562.001)",
    },
    Rule {
        class: Logging,
        verbs: "update patch delete deletecollection",
        resources: "config.openshift.io/apiservers operator.openshift.io/kubeapiservers \
                    operator.openshift.io/openshiftapiservers operator.openshift.io/authentications \
                    logging.openshift.io/* observability.openshift.io/* cilium.io/tracingpolicies \
                    cilium.io/tracingpoliciesnamespaced",
        reason: "changes what is recorded (ATT&CK T1562.008)",
    },
    Rule {
        class: Logging,
        verbs: DELETIONS,
        resources: "core/events events.k8s.io/events",
        reason: "deletes events (ATT&CK T1070; MS-TA9022)",
    },
    Rule {
        class: Exposure,
        verbs: CHANGES,
        resources: "networking.k8s.io/ingresses extensions/ingresses gateway.networking.k8s.io/* networking.istio.io/gateways \
                    route.openshift.io/routes traefik.io/ingressroutes traefik.containo.us/ingressroutes \
                    projectcontour.io/httpproxies k8s.nginx.org/virtualservers getambassador.io/mappings",
        reason: "makes a service reachable from outside (ATT&CK T1133)",
    },
    Rule {
        class: Exposure,
        verbs: "update patch delete deletecollection",
        resources: "networking.k8s.io/networkpolicies cilium.io/ciliumnetworkpolicies \
                    cilium.io/ciliumclusterwidenetworkpolicies crd.projectcalico.org/networkpolicies \
                    crd.projectcalico.org/globalnetworkpolicies projectcalico.org/networkpolicies \
                    projectcalico.org/globalnetworkpolicies policy.networking.k8s.io/* k8s.ovn.org/egressfirewalls \
                    security.istio.io/authorizationpolicies security.istio.io/peerauthentications",
        reason: "opens a way through the network (ATT&CK T1562.007)",
    },
    Rule {
        class: Exposure,
        verbs: CHANGES,
        resources: "snapshot.storage.k8s.io/volumesnapshots snapshot.storage.k8s.io/volumesnapshotcontents",
        reason: "copies data (ATT&CK T1074)",
    },
    Rule {
        class: Exposure,
        verbs: CHANGES,
        resources: "apiregistration.k8s.io/apiservices",
        reason: "sends requests, with the identity of who makes them, to another server (ATT&CK T1557)",
    },
    Rule {
        class: Destruction,
        verbs: DELETIONS,
        resources: "core/namespaces core/pods core/nodes core/persistentvolumes core/persistentvolumeclaims core/secrets \
                    core/configmaps core/services core/replicationcontrollers apps/* batch/* apiextensions.k8s.io/* \
                    snapshot.storage.k8s.io/* velero.io/* oadp.openshift.io/* apps.openshift.io/* kubevirt.io/* \
                    project.openshift.io/projects",
        reason: "deletes workloads or data (ATT&CK T1485; MS-TA9038)",
    },
    Rule {
        class: Execution,
        verbs: CHANGES,
        resources: "core/pods core/replicationcontrollers apps/deployments apps/daemonsets apps/statefulsets apps/replicasets \
                    batch/jobs batch/cronjobs apps.openshift.io/deploymentconfigs apps.openshift.io/deploymentconfigs/instantiate \
                    build.openshift.io/builds build.openshift.io/buildconfigs build.openshift.io/buildconfigs/instantiate \
                    build.openshift.io/buildconfigs/instantiatebinary",
        reason: "makes containers run (ATT&CK T1610, T1053.007)",
    },
    Rule {
        class: Execution,
        verbs: "*",
        resources: "subresources.kubevirt.io/virtualmachineinstances/console subresources.kubevirt.io/virtualmachineinstances/vnc \
                    subresources.kubevirt.io/virtualmachineinstances/portforward \
                    subresources.kubevirt.io/virtualmachines/portforward",
        reason: "reaches into a virtual machine (ATT&CK T1609)",
    },
    Rule {
        class: Execution,
        verbs: CHANGES,
        resources: "machineconfiguration.openshift.io/machineconfigs machineconfiguration.openshift.io/kubeletconfigs \
                    machine.openshift.io/machines machine.openshift.io/machinesets cluster.x-k8s.io/machines \
                    cluster.x-k8s.io/machinesets cluster.x-k8s.io/machinedeployments upgrade.cattle.io/plans",
        reason: "runs code on nodes, or makes nodes (ATT&CK T1610, T1578)",
    },
    Rule {
        class: Execution,
        verbs: CHANGES,
        resources: "argoproj.io/workflows argoproj.io/cronworkflows argoproj.io/workflowtemplates \
                    argoproj.io/clusterworkflowtemplates argoproj.io/applications argoproj.io/applicationsets \
                    tekton.dev/tasks tekton.dev/taskruns tekton.dev/pipelines tekton.dev/pipelineruns \
                    helm.toolkit.fluxcd.io/helmreleases kustomize.toolkit.fluxcd.io/kustomizations \
                    sparkoperator.k8s.io/sparkapplications sparkoperator.k8s.io/scheduledsparkapplications \
                    kubeflow.org/* ray.io/rayjobs ray.io/rayclusters serving.knative.dev/services helm.cattle.io/helmcharts \
                    helm.cattle.io/helmchartconfigs k3s.cattle.io/addons fleet.cattle.io/bundles fleet.cattle.io/gitrepos \
                    work.open-cluster-management.io/manifestworks operators.coreos.com/subscriptions \
                    operators.coreos.com/catalogsources operators.coreos.com/installplans \
                    operators.coreos.com/clusterserviceversions kubevirt.io/virtualmachines \
                    kubevirt.io/virtualmachineinstances apps.kruise.io/* batch.volcano.sh/jobs actions.github.com/* \
                    actions.summerwind.dev/*",
        reason: "makes a controller run containers (ATT&CK T1610)",
    },
    Rule {
        class: Reconnaissance,
        verbs: "create",
        resources: "authorization.k8s.io/selfsubjectaccessreviews authorization.k8s.io/selfsubjectrulesreviews \
                    authentication.k8s.io/selfsubjectreviews",
        reason: "asks what one may do (ATT&CK T1069)",
    },
    Rule {
        class: Reconnaissance,
        verbs: READS,
        resources: "rbac.authorization.k8s.io/* authorization.openshift.io/* core/serviceaccounts user.openshift.io/* \
                    oauth.openshift.io/oauthclients security.openshift.io/securitycontextconstraints",
        reason: "reads who may do what (ATT&CK T1069, T1087)",
    },
];

/// Whether an action is of Kubernetes: it has a blank, which names of AWS APIs have not.
pub(super) fn is_kubernetes(action: &str) -> bool {
    action.contains(' ')
}

/// The class of an action, and why.
pub(super) fn decide(action: &str) -> Option<(Class, &'static str)> {
    let (verb, object) = action.split_once(' ')?;
    let resource = object.split(" in ").next().unwrap_or(object);
    let rule = RULES.iter().find(|rule| rule.matches(verb, resource))?;
    Some((rule.class, rule.reason))
}

impl Rule {
    fn matches(&self, verb: &str, resource: &str) -> bool {
        let has_verb = self.verbs.split(' ').any(|known| known == "*" || known == verb);
        let is_it = |known: &str| match known.strip_suffix('*') {
            Some(group) => resource.starts_with(group),
            None => known == resource,
        };
        has_verb && self.resources.split_ascii_whitespace().any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_in_a_cluster_have_classes() {
        let class = |action| decide(action).map(|(class, _)| class.name());
        for (action, expected) in [
            ("create core/pods/exec in shop", Some("execution")),
            ("get core/nodes/proxy", Some("execution")),
            ("patch core/pods/ephemeralcontainers", Some("execution")),
            ("create apps/deployments", Some("execution")),
            ("list core/secrets", Some("credentials")),
            ("create core/serviceaccounts/token", Some("credentials")),
            ("create rbac.authorization.k8s.io/clusterrolebindings", Some("permissions")),
            ("update certificates.k8s.io/certificatesigningrequests/approval", Some("permissions")),
            ("patch admissionregistration.k8s.io/validatingwebhookconfigurations", Some("logging")),
            ("deletecollection core/events in shop", Some("logging")),
            ("create networking.k8s.io/ingresses", Some("exposure")),
            ("delete networking.k8s.io/networkpolicies", Some("exposure")),
            ("delete core/persistentvolumes", Some("destruction")),
            ("deletecollection apps/statefulsets", Some("destruction")),
            ("create certificates.k8s.io/certificatesigningrequests", Some("credentials")),
            ("create core/pods/portforward", Some("execution")),
            ("create authorization.k8s.io/selfsubjectaccessreviews", Some("reconnaissance")),
            ("create authorization.k8s.io/selfsubjectrulesreviews", Some("reconnaissance")),
            ("create authentication.k8s.io/selfsubjectreviews", Some("reconnaissance")),
            ("create authorization.k8s.io/subjectaccessreviews", None),
            ("create authentication.k8s.io/tokenreviews", None),
            ("list rbac.authorization.k8s.io/roles", Some("reconnaissance")),
            ("create argoproj.io/workflows", Some("execution")),
            ("patch helm.toolkit.fluxcd.io/helmreleases in shop", Some("execution")),
            ("update external-secrets.io/externalsecrets", Some("credentials")),
            ("delete kyverno.io/clusterpolicies", Some("logging")),
            ("create kyverno.io/clusterpolicies", None),
            ("create snapshot.storage.k8s.io/volumesnapshots", Some("exposure")),
            ("delete snapshot.storage.k8s.io/volumesnapshots", Some("destruction")),
            ("create apiregistration.k8s.io/apiservices", Some("exposure")),
            ("delete velero.io/backups", Some("destruction")),
            ("update config.openshift.io/apiservers", Some("logging")),
            ("patch operator.openshift.io/kubeapiservers", Some("logging")),
            ("update security.openshift.io/securitycontextconstraints", Some("logging")),
            ("create security.openshift.io/securitycontextconstraints", Some("permissions")),
            ("create authorization.openshift.io/clusterrolebindings", Some("permissions")),
            ("patch config.openshift.io/oauths", Some("permissions")),
            ("create management.cattle.io/globalrolebindings", Some("permissions")),
            ("create user.openshift.io/identities", Some("permissions")),
            ("update oauth.openshift.io/oauthclients", Some("credentials")),
            ("create management.cattle.io/tokens", Some("credentials")),
            ("create machineconfiguration.openshift.io/machineconfigs", Some("execution")),
            ("create build.openshift.io/buildconfigs/instantiate", Some("execution")),
            ("get subresources.kubevirt.io/virtualmachineinstances/console", Some("execution")),
            ("create upgrade.cattle.io/plans", Some("execution")),
            ("delete project.openshift.io/projects", Some("destruction")),
            ("create project.openshift.io/projectrequests", None),
            ("list route.openshift.io/routes", None),
            ("create velero.io/backups", None),
            ("get core/configmaps", None),
            ("list core/pods", None),
            ("get /api", None),
        ] {
            assert_eq!(class(action), expected, "{action}");
        }
    }
}
