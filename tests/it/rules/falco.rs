//! Falco's rules: for each an event that it matches, and a near miss that it does not.
//!
//! Falco's rule files are not part of this repository. The events are always checked against conditions
//! written here, and also against the unchanged files where they are available.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use firstseen::learn::LearnSettings;
use firstseen::model::Language;
use firstseen::rules::RuleSet;
use serde_json::{Value, json};

use super::{compile, file, matching, rules};
use crate::archive::{Archive, audit_event, record, settings, with};

fn shared(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path)
}

/// The name of a rule, an event that it matches, and one that it does not.
type Case = (&'static str, Value, Value);

/// The rules of a Falco file, with changes from a second file.
fn falco_rules(name: &str, changes: &str) -> RuleSet {
    let text = fs::read_to_string(shared(&format!("falco-rules/{name}"))).unwrap();
    let (rules, errors) = compile(&[&text, changes]);
    assert_eq!(errors, Vec::<String>::new());
    rules
}

/// A CloudTrail event with these request parameters and changes.
fn call(action: &str, request: Value, changes: Value) -> Value {
    with(with(record("2024-01-01T00:00:00Z", "eva", action), json!({"requestParameters": request})), changes)
}

/// A request to a cluster with this body and these changes.
fn request(verb: &str, resource: &str, body: Value, changes: Value) -> Value {
    let event = audit_event("2024-01-01T00:00:00Z", "eva", verb, resource);
    with(with(event, json!({"requestObject": body})), changes)
}

fn failed() -> Value {
    json!({"errorCode": "AccessDenied"})
}

/// Checks each rule with an event that it must match and one that it must not. Returns the names of the
/// rules.
fn check_cases(rules: &RuleSet, cases: &[Case]) -> BTreeSet<String> {
    for (name, hit, miss) in cases {
        assert!(matching(rules, hit).contains(&(*name).to_owned()), "{name} does not match {hit}");
        assert!(!matching(rules, miss).contains(&(*name).to_owned()), "{name} matches {miss}");
    }
    cases.iter().map(|(name, ..)| (*name).to_owned()).collect()
}

fn names(rules: &RuleSet) -> BTreeSet<String> {
    rules.rules().iter().map(|rule| rule.metadata().name.to_string()).collect()
}

fn plain_call(action: &str, changes: Value) -> Value {
    call(action, json!({"name": "x"}), changes)
}

fn cloudtrail_cases() -> Vec<Case> {
    let login = |sort: &str, mfa: &str| {
        let result = json!({"ConsoleLogin": "Success"});
        let more = json!({"responseElements": result, "additionalEventData": {"MFAUsed": mfa}, "userIdentity": {"type": sort}});
        call("signin:ConsoleLogin", Value::Null, more)
    };
    let without_mfa = |who: &str, name: &str| {
        call("iam:DeactivateMFADevice", json!({"userName": name}), json!({"userIdentity": {"type": who}}))
    };
    let block = |block: Value| {
        call(
            "s3:PutBucketPublicAccessBlock",
            json!({"publicAccessBlock": "", "PublicAccessBlockConfiguration": block}),
            json!({}),
        )
    };
    let vain = |action: &str| plain_call(action, failed());
    let done = |action: &str| plain_call(action, json!({}));
    let of = |name, action| (name, done(action), vain(action));
    vec![
        ("Console Login Through Assume Role", login("AssumedRole", "No"), login("IAMUser", "No")),
        ("Console Login Without MFA", login("IAMUser", "No"), login("IAMUser", "Yes")),
        ("Console Root Login Without MFA", login("Root", "No"), login("IAMUser", "No")),
        ("Deactivate MFA for Root User", without_mfa("Root", "AWS ROOT USER"), without_mfa("Root", "bob")),
        of("Create AWS user", "iam:CreateUser"),
        of("Create Group", "iam:CreateGroup"),
        of("Delete Group", "iam:DeleteGroup"),
        ("ECS Service Created", done("ecs:CreateService"), done("servicediscovery:CreateService")),
        ("ECS Task Run or Started", done("ecs:StartTask"), done("ecs:StopTask")),
        of("Create Lambda Function", "lambda:CreateFunction20150331"),
        of("Update Lambda Function Code", "lambda:UpdateFunctionCode20150331v2"),
        of("Update Lambda Function Configuration", "lambda:UpdateFunctionConfiguration20150331v2"),
        of("Run Instances", "ec2:RunInstances"),
        (
            "Run Instances in Non-approved Region",
            done("ec2:RunInstances"),
            plain_call("ec2:RunInstances", json!({"awsRegion": "us-east-0"})),
        ),
        of("Delete Bucket Encryption", "s3:DeleteBucketEncryption"),
        (
            "Delete Bucket Public Access Block",
            block(json!({"BlockPublicAcls": true, "BlockPublicPolicy": false})),
            block(json!({"BlockPublicAcls": true, "BlockPublicPolicy": true})),
        ),
        of("Put Bucket ACL", "s3:PutBucketAcl"),
        of("Put Bucket Policy", "s3:PutBucketPolicy"),
        of("CloudTrail Trail Created", "cloudtrail:CreateTrail"),
        of("CloudTrail Logging Disabled", "cloudtrail:StopLogging"),
    ]
}

#[test]
#[ignore = "needs the rules of Falco in ../shared/data; .ci/run asks for it where they are"]
fn every_cloudtrail_rule_matches_its_event_and_not_a_near_miss() {
    let rules = falco_rules("aws_cloudtrail_rules.yaml", "");
    assert_eq!(check_cases(&rules, &cloudtrail_cases()), names(&rules));
    // These two are disabled by default.
    let enabled = "- rule: All Cloudtrail Events\n  enabled: true\n- rule: List Buckets\n  enabled: true\n";
    let rules = falco_rules("aws_cloudtrail_rules.yaml", enabled);
    assert_eq!(rules.rules().len(), 22);
    let [done, vain] = [json!({}), failed()].map(|changes| plain_call("s3:ListBuckets", changes));
    check_cases(&rules, &[("List Buckets", done, vain)]);
    let other = plain_call("sts:GetCallerIdentity", json!({}));
    assert_eq!(matching(&rules, &other), ["All Cloudtrail Events"]);
}

/// Changes that let every rule for clusters match: by default some need a list from the user.
const CLUSTER_CHANGES: &str = "\
- macro: allowed_k8s_containers
  condition: (ka.req.pod.containers.image.repository in (my/image))
- macro: consider_all_events
  condition: (jevt.rawtime exists)
- macro: allowed_full_admin_users
  condition: (jevt.rawtime=0)
- macro: allow_all_k8s_nodes
  condition: (jevt.rawtime=0)
- list: allowed_k8s_nodes
  items: [known-node]
";

fn pod(spec: Value) -> Value {
    json!({"spec": spec})
}

fn named(name: &str, resource: &str, namespace: &str) -> Value {
    json!({"objectRef": {"name": name, "resource": resource, "namespace": namespace}})
}

fn subresource(name: &str) -> Value {
    json!({"objectRef": {"resource": "pods", "namespace": "shop", "subresource": name}})
}

fn status(code: u16) -> Value {
    json!({"responseStatus": {"code": code}})
}

fn by(user: &str) -> Value {
    json!({"user": {"username": user}})
}

/// Rules that match the creation or deletion of a resource, and not the same request if it failed.
fn activities() -> Vec<Case> {
    let of = |name, verb, resource| {
        let event = request(verb, resource, json!({}), json!({}));
        (name, event.clone(), with(event, status(403)))
    };
    vec![
        of("K8s Deployment Created", "create", "deployments"),
        of("K8s Deployment Deleted", "delete", "deployments"),
        of("K8s Service Created", "create", "services"),
        of("K8s Service Deleted", "delete", "services"),
        of("K8s ConfigMap Created", "create", "configmaps"),
        of("K8s ConfigMap Deleted", "delete", "configmaps"),
        of("K8s Namespace Created", "create", "namespaces"),
        of("K8s Namespace Deleted", "delete", "namespaces"),
        of("K8s Serviceaccount Created", "create", "serviceaccounts"),
        of("K8s Serviceaccount Deleted", "delete", "serviceaccounts"),
        of("K8s Role Created", "create", "roles"),
        of("K8s Role Deleted", "delete", "roles"),
        of("K8s ClusterRole Created", "create", "clusterroles"),
        of("K8s ClusterRole Deleted", "delete", "clusterroles"),
        of("K8s RoleBinding Created", "create", "rolebindings"),
        of("K8s RoleBinding Deleted", "delete", "rolebindings"),
        of("K8s ClusterRoleBinding Created", "create", "clusterrolebindings"),
        of("K8s ClusterRoleBinding Deleted", "delete", "clusterrolebindings"),
        of("K8s Secret Created", "create", "secrets"),
        of("K8s Secret Deleted", "delete", "secrets"),
        of("K8s Secret Get Successfully", "get", "secrets"),
    ]
}

fn cluster_cases() -> Vec<Case> {
    let created = |resource: &str, body: Value| request("create", resource, body, json!({}));
    let container = |more: Value| {
        pod(json!({"containers": [{"image": "my/image:1"}, with(json!({"image": "x"}), more)]}))
    };
    let role = |verbs: Value, resources: Value| json!({"rules": [{"verbs": verbs, "resources": resources}]});
    let get = |uri: &str| {
        let event = request("get", "pods", json!({}), by("system:anonymous"));
        with(event, json!({"requestURI": uri}))
    };
    let shell = |stage: &str| {
        with(request("create", "pods", Value::Null, subresource("exec")), json!({"stage": stage}))
    };
    let secret = |code| with(request("get", "secrets", Value::Null, json!({})), status(code));
    let node = |name: &str, code: u16| {
        with(request("create", "nodes", json!({}), named(name, "nodes", "")), status(code))
    };
    let mut cases = vec![
        (
            "Disallowed K8s User",
            created("pods", Value::Null),
            request("create", "pods", Value::Null, by("minikube")),
        ),
        (
            "Create Disallowed Pod",
            created("pods", pod(json!({"containers": [{"image": "other/image"}]}))),
            created("pods", pod(json!({"containers": [{"image": "my/image"}]}))),
        ),
        (
            "Create Privileged Pod",
            created("pods", container(json!({"securityContext": {"privileged": true}}))),
            created("pods", container(json!({"securityContext": {"privileged": false}}))),
        ),
        (
            "Create Sensitive Mount Pod",
            created(
                "pods",
                pod(json!({"containers": [{"image": "x"}], "volumes": [{"hostPath": {"path": "/etc"}}]})),
            ),
            created(
                "pods",
                pod(json!({"containers": [{"image": "x"}], "volumes": [{"hostPath": {"path": "/data"}}]})),
            ),
        ),
        (
            "Create HostNetwork Pod",
            created("pods", pod(json!({"hostNetwork": true, "containers": [{"image": "x"}]}))),
            created("pods", pod(json!({"hostNetwork": false, "containers": [{"image": "x"}]}))),
        ),
        (
            "Create HostPid Pod",
            created("pods", pod(json!({"hostPID": true, "containers": [{"image": "x"}]}))),
            created("pods", pod(json!({"containers": [{"image": "x"}]}))),
        ),
        (
            "Create HostIPC Pod",
            created("pods", pod(json!({"hostIPC": true, "containers": [{"image": "x"}]}))),
            created("pods", pod(json!({"containers": [{"image": "x"}]}))),
        ),
        (
            "Create NodePort Service",
            created("services", pod(json!({"type": "NodePort"}))),
            created("services", pod(json!({"type": "ClusterIP"}))),
        ),
        (
            "Create/Modify Configmap With Private Credentials",
            request("patch", "configmaps", json!({"data": {"x": "aws_access_key_id=1"}}), json!({})),
            request("patch", "configmaps", json!({"data": {"x": "color=blue"}}), json!({})),
        ),
        ("Anonymous Request Allowed", get("/api/v1/pods"), get("/healthz")),
        ("Attach/Exec Pod", shell("ResponseStarted"), shell("ResponseComplete")),
        (
            "port-forward",
            request("create", "pods", Value::Null, subresource("portforward")),
            request("create", "pods", Value::Null, subresource("log")),
        ),
        (
            "EphemeralContainers Created",
            request("patch", "pods", Value::Null, subresource("ephemeralcontainers")),
            request("get", "pods", Value::Null, subresource("ephemeralcontainers")),
        ),
        (
            "Create Disallowed Namespace",
            request("create", "namespaces", Value::Null, named("foo", "namespaces", "")),
            request("create", "namespaces", Value::Null, named("default", "namespaces", "")),
        ),
        (
            "Pod Created in Kube Namespace",
            request(
                "create",
                "pods",
                pod(json!({"containers": [{"image": "x"}]})),
                named("p", "pods", "kube-system"),
            ),
            request(
                "create",
                "pods",
                pod(json!({"containers": [{"image": "gke.gcr.io/kube-proxy:1"}]})),
                named("p", "pods", "kube-system"),
            ),
        ),
        (
            "Service Account Created in Kube Namespace",
            request("create", "serviceaccounts", json!({}), named("evil", "serviceaccounts", "kube-public")),
            request(
                "create",
                "serviceaccounts",
                json!({}),
                named("coredns", "serviceaccounts", "kube-public"),
            ),
        ),
        (
            "System ClusterRole Modified/Deleted",
            request("delete", "clusterroles", Value::Null, named("system:node", "clusterroles", "")),
            request("delete", "clusterroles", Value::Null, named("system:coredns", "clusterroles", "")),
        ),
        (
            "Attach to cluster-admin Role",
            created("clusterrolebindings", json!({"roleRef": {"name": "cluster-admin"}})),
            created("clusterrolebindings", json!({"roleRef": {"name": "view"}})),
        ),
        (
            "ClusterRole With Wildcard Created",
            created("clusterroles", role(json!(["get"]), json!(["*"]))),
            created("clusterroles", role(json!(["get"]), json!(["pods"]))),
        ),
        (
            "ClusterRole With Write Privileges Created",
            created("roles", role(json!(["get", "patch"]), json!(["pods"]))),
            created("roles", role(json!(["get", "list"]), json!(["pods"]))),
        ),
        (
            "ClusterRole With Pod Exec Created",
            created("roles", role(json!(["get"]), json!(["pods/exec"]))),
            created("roles", role(json!(["get"]), json!(["pods/log"]))),
        ),
        ("K8s Secret Get Unsuccessfully Tried", secret(403), secret(200)),
        (
            "All K8s Audit Events",
            created("pods", Value::Null),
            with(created("pods", Value::Null), json!({"stage": "RequestReceived"})),
        ),
        (
            "Full K8s Administrative Access",
            request("get", "pods", Value::Null, by("kubernetes-admin")),
            request("get", "pods", Value::Null, by("eva")),
        ),
        (
            "Ingress Object without TLS Certificate Created",
            created("ingresses", pod(json!({"rules": []}))),
            created("ingresses", pod(json!({"rules": [], "tls": [{"secretName": "x"}]}))),
        ),
        ("Untrusted Node Successfully Joined the Cluster", node("evil", 201), node("known-node", 201)),
        ("Untrusted Node Unsuccessfully Tried to Join the Cluster", node("evil", 403), node("evil", 201)),
    ];
    cases.extend(activities());
    cases
}

#[test]
#[ignore = "needs the rules of Falco in ../shared/data; .ci/run asks for it where they are"]
fn every_kubernetes_rule_matches_its_event_and_not_a_near_miss() {
    let rules = falco_rules("k8s_audit_rules.yaml", CLUSTER_CHANGES);
    assert_eq!(check_cases(&rules, &cluster_cases()), names(&rules));
}

/// For each of Falco's rules for CloudTrail, a condition that distinguishes its events.
const OF_CLOUDTRAIL: [(&str, &str); 20] = [
    ("Console Login Through Assume Role", "ct.name = ConsoleLogin and ct.user.identitytype = AssumedRole"),
    (
        "Console Login Without MFA",
        "ct.user.identitytype != AssumedRole and json.value[/additionalEventData/MFAUsed] = No",
    ),
    (
        "Console Root Login Without MFA",
        "ct.user.identitytype = Root and json.value[/responseElements/ConsoleLogin] = Success",
    ),
    (
        "Deactivate MFA for Root User",
        "ct.user.identitytype = Root and ct.request.username endswith 'ROOT USER'",
    ),
    ("Create AWS user", "ct.name = CreateUser and not ct.error exists"),
    ("Create Group", "ct.name = CreateGroup and not ct.error exists"),
    ("Delete Group", "ct.name = DeleteGroup and not ct.error exists"),
    ("ECS Service Created", "ct.src startswith ecs. and ct.name = CreateService"),
    ("ECS Task Run or Started", "ct.shortsrc = ecs and ct.name in (RunTask, StartTask)"),
    ("Create Lambda Function", "ct.name startswith CreateFunction and not ct.error exists"),
    ("Update Lambda Function Code", "ct.name contains FunctionCode and not ct.error exists"),
    (
        "Update Lambda Function Configuration",
        "ct.name glob 'UpdateFunctionConfiguration*' and not ct.error exists",
    ),
    ("Run Instances", "ct.name = RunInstances and not ct.error exists"),
    ("Run Instances in Non-approved Region", "ct.name = RunInstances and not ct.region in (us-east-0)"),
    ("Delete Bucket Encryption", "ct.name regex 'Delete.*Encryption' and not ct.error exists"),
    (
        "Delete Bucket Public Access Block",
        "json.value[/requestParameters/PublicAccessBlockConfiguration/BlockPublicPolicy] = false",
    ),
    ("Put Bucket ACL", "ct.name = PutBucketAcl and not ct.error in (AccessDenied)"),
    ("Put Bucket Policy", "ct.name = PutBucketPolicy and ct.request.name = x and not ct.error exists"),
    ("CloudTrail Trail Created", "ct.src = cloudtrail.amazonaws.com and not ct.error exists"),
    ("CloudTrail Logging Disabled", "ct.name iglob stoplogging and not ct.error exists"),
];

/// The same for clusters, except for `activities`.
const OF_CLUSTERS: [(&str, &str); 27] = [
    ("Disallowed K8s User", "ka.user.name exists and not ka.user.name in (minikube)"),
    (
        "Create Disallowed Pod",
        "ka.verb = create and not ka.req.pod.containers.image.repository in (my/image)",
    ),
    ("Create Privileged Pod", "ka.req.pod.containers.privileged intersects (true)"),
    ("Create Sensitive Mount Pod", "ka.req.pod.volumes.hostpath intersects (/etc, /root)"),
    ("Create HostNetwork Pod", "ka.req.pod.host_network = true"),
    ("Create HostPid Pod", "ka.req.pod.host_pid = true"),
    ("Create HostIPC Pod", "ka.req.pod.host_ipc = true"),
    ("Create NodePort Service", "ka.req.service.type = NodePort"),
    ("Create/Modify Configmap With Private Credentials", "ka.req.configmap.obj icontains AWS_ACCESS_KEY"),
    (
        "Anonymous Request Allowed",
        "ka.user.name = system:anonymous and ka.auth.decision = allow and ka.uri != /healthz",
    ),
    ("Attach/Exec Pod", "ka.stage = ResponseStarted and ka.target.subresource in (exec, attach)"),
    ("port-forward", "ka.target.subresource = portforward"),
    ("EphemeralContainers Created", "ka.verb != get and ka.target.subresource = ephemeralcontainers"),
    ("Create Disallowed Namespace", "ka.target.resource = namespaces and ka.target.name != default"),
    (
        "Pod Created in Kube Namespace",
        "ka.target.namespace startswith kube- and not ka.req.pod.containers.image[0] contains kube-proxy",
    ),
    (
        "Service Account Created in Kube Namespace",
        "ka.target.namespace = kube-public and ka.target.name = evil",
    ),
    ("System ClusterRole Modified/Deleted", "ka.verb = delete and ka.target.name in (system:node)"),
    ("Attach to cluster-admin Role", "ka.req.binding.role = cluster-admin"),
    ("ClusterRole With Wildcard Created", "ka.req.role.rules.resources intersects ('*')"),
    ("ClusterRole With Write Privileges Created", "ka.req.role.rules.verbs intersects (patch, delete)"),
    ("ClusterRole With Pod Exec Created", "ka.req.role.rules.resources intersects (pods/exec)"),
    ("K8s Secret Get Unsuccessfully Tried", "ka.target.resource = secrets and ka.response.code >= 400"),
    ("All K8s Audit Events", "jevt.value[/stage] = ResponseComplete"),
    ("Full K8s Administrative Access", "ka.user.name endswith -admin"),
    ("Ingress Object without TLS Certificate Created", "not jevt.value[/requestObject/spec/tls] exists"),
    (
        "Untrusted Node Successfully Joined the Cluster",
        "ka.response.code startswith 2 and not ka.target.name in (known-node)",
    ),
    (
        "Untrusted Node Unsuccessfully Tried to Join the Cluster",
        "ka.target.resource = nodes and not ka.response.code startswith 2",
    ),
];

/// Rules with these names and conditions.
fn rules_of<'a>(source: &str, conditions: impl IntoIterator<Item = (&'a str, String)>) -> RuleSet {
    let rule = |(name, condition): (&str, String)| json!({"rule": name, "condition": condition, "output": "x", "priority": "INFO", "source": source});
    rules(&Value::from_iter(conditions.into_iter().map(rule)).to_string())
}

#[test]
fn cloudtrail_conditions_distinguish_events() {
    let conditions = OF_CLOUDTRAIL.map(|(name, condition)| (name, condition.to_owned()));
    let rules = rules_of("aws_cloudtrail", conditions);
    assert_eq!(check_cases(&rules, &cloudtrail_cases()), names(&rules));
}

#[test]
fn kubernetes_conditions_distinguish_events() {
    let activity = |(name, hit, _): Case| {
        let (verb, resource) = (&hit["verb"], &hit["objectRef"]["resource"]);
        (name, format!("ka.verb = {verb} and ka.target.resource = {resource} and ka.response.code < 300"))
    };
    let others = OF_CLUSTERS.map(|(name, condition)| (name, condition.to_owned()));
    let rules = rules_of("k8s_audit", others.into_iter().chain(activities().into_iter().map(activity)));
    assert_eq!(check_cases(&rules, &cluster_cases()), names(&rules));
}

/// For each of Falco's own traces, the rules that Falco's test suite expects to match; none for a trace that
/// must not match.
const TRACES: [(&str, &[&str]); 26] = [
    ("some-user_creates_namespace_foo", &["Disallowed K8s User", "Create Disallowed Namespace"]),
    ("minikube_creates_namespace_foo", &["Create Disallowed Namespace"]),
    ("anonymous_creates_namespace_foo", &["Anonymous Request Allowed", "Create Disallowed Namespace"]),
    ("create_nginx_pod_privileged", &["Create Privileged Pod"]),
    ("create_nginx_pod_privileged_2nd_container", &["Create Privileged Pod"]),
    ("create_nginx_pod_no_secctx_1st_container_privileged_2nd_container", &["Create Privileged Pod"]),
    ("create_nginx_pod_unprivileged", &[]),
    ("create_nginx_pod_sensitive_mount", &["Create Sensitive Mount Pod"]),
    ("create_nginx_pod_sensitive_mount_2nd_container", &["Create Sensitive Mount Pod"]),
    ("create_nginx_pod_unsensitive_mount", &[]),
    ("create_nginx_pod_hostnetwork", &["Create HostNetwork Pod"]),
    ("create_nginx_pod_nohostnetwork", &[]),
    ("create_nginx_service_nodeport", &["Create NodePort Service"]),
    ("create_nginx_service_nonodeport", &[]),
    ("create_configmap_sensitive_values", &["Create/Modify Configmap With Private Credentials"]),
    ("create_configmap_no_sensitive_values", &[]),
    ("attach_pod", &["Attach/Exec Pod"]),
    ("exec_pod", &["Attach/Exec Pod"]),
    ("create_pod_kube_system_namespace", &["Pod Created in Kube Namespace"]),
    ("create_serviceaccount_kube_public_namespace", &["Service Account Created in Kube Namespace"]),
    ("modify_cluster_role_node_problem_detector", &["System ClusterRole Modified/Deleted"]),
    ("delete_cluster_role_kube_aggregator", &["System ClusterRole Modified/Deleted"]),
    ("attach_cluster_admin_role", &["Attach to cluster-admin Role"]),
    ("create_cluster_role_wildcard_verbs", &["ClusterRole With Wildcard Created"]),
    ("create_cluster_role_write_privileges", &["ClusterRole With Write Privileges Created"]),
    ("create_cluster_role_pod_exec", &["ClusterRole With Pod Exec Created"]),
];

#[test]
#[ignore = "needs the rules and traces of Falco in ../shared/data; .ci/run asks for it where they are"]
fn falcos_own_traces_match_the_expected_rules() {
    let (rules, traces) = (falco_rules("k8s_audit_rules.yaml", ""), shared("k8s-falco/k8s_audit"));
    // Rules that match every activity are left out.
    let streams = |name: &String| !name.starts_with("K8s ");
    let settings = LearnSettings { rules: Some(Arc::new(rules)), ..settings() };
    let found = |trace: &str| -> BTreeSet<String> {
        let text = fs::read(traces.join(format!("{trace}.json"))).unwrap();
        let baseline = Archive::new().object("audit.json", &text).ingest(&settings).baseline;
        let names = baseline.hits.iter().map(|hit| baseline.rules[hit.rule as usize].name.to_string());
        names.filter(streams).collect()
    };
    let expected = |rules: &[&str]| rules.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let table = |of: &dyn Fn(&str, &[&str]) -> BTreeSet<String>| -> BTreeMap<&str, BTreeSet<String>> {
        TRACES.iter().map(|(trace, rules)| (*trace, of(trace, rules))).collect()
    };
    assert_eq!(table(&|trace, _| found(trace)), table(&|_, rules| expected(rules)));
}

#[test]
fn a_rule_without_a_source_is_refused() {
    let text = "- rule: r\n  condition: evt.num > 0\n  output: x\n  priority: INFO\n";
    let (rules, errors) = RuleSet::compile(&[file("a.yaml", Language::Falco, text)]);
    assert!(rules.rules().is_empty());
    assert!(errors[0].to_string().contains("it has no source"));
}
