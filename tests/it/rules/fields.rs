//! Fields of the Falco plugins: for each an event that it tells from another.
//!
//! Source: the lists of fields of the plugins cloudtrail 0.17.1 and k8saudit 0.18.0.

use serde_json::{Value, json};

use super::{matching, output_of, rules};
use crate::archive::{audit_event, record, with};

fn rule(condition: &str, output: &str, source: &str) -> String {
    format!(
        "- rule: r\n  condition: {condition}\n  output: \"{output}\"\n  priority: INFO\n  source: {source}\n"
    )
}

/// Checks that a field has this value in an event, and not in the one without the changes.
fn tells(field: &str, value: &str, plain: &Value, changes: Value) {
    let source = if field.starts_with("ka.") { "k8s_audit" } else { "aws_cloudtrail" };
    let changed = with(plain.clone(), changes);
    let is = rules(&rule(&format!("{field} = '{value}'"), &format!("%{field}"), source));
    assert_eq!(matching(&is, &changed), ["r"], "{field} is {}", output_of(&is, "r", &changed));
    assert!(matching(&is, plain).is_empty(), "{field}");
}

#[test]
fn every_field_of_cloudtrail_tells_events_apart() {
    let plain = record("2024-01-01T00:00:00Z", "eva", "iam:CreateUser");
    let is = |field: &str, value: &str, changes: Value| tells(field, value, &plain, changes);
    is("ct.addendum.reason", "UPDATED_DATA", json!({"addendum": {"reason": "UPDATED_DATA"}}));
    is(
        "ct.addendum.updatedfields",
        "responseElements",
        json!({"addendum": {"updatedFields": "responseElements"}}),
    );
    is("ct.addendum.originaleventid", "e", json!({"addendum": {"originalEventID": "e"}}));
    is("ct.addendum.originalrequestid", "q", json!({"addendum": {"originalRequestID": "q"}}));
    is("ct.additionaleventdata", r#"{"MFAUsed":"No"}"#, json!({"additionalEventData": {"MFAUsed": "No"}}));
    is("ct.edgedevicedetails", r#"{"type":"snowball"}"#, json!({"edgeDeviceDetails": {"type": "snowball"}}));
    is("ct.sessioncredentialfromconsole", "true", json!({"sessionCredentialFromConsole": "true"}));
    is("ct.sessioncredentialfromconsole", "true", json!({"sessionCredentialFromConsole": true}));
    is("ct.tlsdetails.tlsversion", "TLSv1.3", json!({"tlsDetails": {"tlsVersion": "TLSv1.3"}}));
    is("ct.tlsdetails.ciphersuite", "C", json!({"tlsDetails": {"cipherSuite": "C"}}));
    is(
        "ct.tlsdetails.clientprovidedhostheader",
        "h",
        json!({"tlsDetails": {"clientProvidedHostHeader": "h"}}),
    );
    for (field, key) in [
        ("ct.request.documentname", "documentName"),
        ("ct.request.reason", "reason"),
        ("ct.request.target", "target"),
        ("ecr.imagetag", "imageTag"),
        ("iam.role", "roleName"),
        ("iam.policy", "policyName"),
    ] {
        is(field, "v", json!({"requestParameters": {key: "v"}}));
    }
    let images = json!({"instancesSet": {"items": [{"imageId": "ami-1"}, {"imageId": "ami-2"}]}});
    is("ec2.imageids", "ami-2", json!({ "requestParameters": images }));
    is("ec2.imageids", "ami-2", json!({"requestParameters": {}, "responseElements": images}));
    let role =
        |arn: &str, id: &str| json!({"userIdentity": {"type": "AssumedRole", "arn": arn, "principalId": id}});
    is("ct.originaluser", "eva", role("arn:aws:sts::1:assumed-role/dev/eva", "AROA:other"));
    is("ct.originaluser", "eva", role("arn:aws:sts::1:odd", "AROA:eva"));
    is("ct.originaluser", "eva", json!({"userIdentity": {"type": "IAMUser", "userName": "eva"}}));
}

#[test]
fn every_field_of_kubernetes_tells_events_apart() {
    let plain = audit_event("2024-01-01T00:00:00Z", "eva", "create", "pods");
    let is = |field: &str, value: &str, changes: Value| tells(field, value, &plain, changes);
    for (field, annotation) in [
        ("ka.auth.openshift.decision", "authentication.openshift.io/decision"),
        ("ka.auth.openshift.username", "authentication.openshift.io/username"),
        ("ka.validations.admission.policy.failure", "validation.policy.admission.k8s.io/validation_failure"),
        ("ka.security.pod.violations", "pod-security.kubernetes.io/audit-violations"),
        ("ka.cluster.name", "cluster.name"),
        ("ka.cluster.name", "cluster_name"),
    ] {
        is(field, "v", json!({"annotations": {annotation: "v"}}));
    }
    is("ka.sourceips", "192.0.2.1", json!({"sourceIPs": ["192.0.2.2", "192.0.2.1"]}));
    is("ka.sourceips[1]", "192.0.2.1", json!({"sourceIPs": ["192.0.2.2", "192.0.2.1"]}));
    let subjects = json!([{"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"},
        {"kind": "ServiceAccount", "name": "s", "namespace": "n"}, {"kind": "ServiceAccount", "name": "bare"}]);
    let body = json!({"requestObject": {"subjects": subjects}});
    for (field, value) in [
        ("ka.req.binding.subjects.user_names", "u"),
        ("ka.req.binding.subjects.group_names", "g"),
        ("ka.req.binding.subjects.serviceaccount_names", "bare"),
        ("ka.req.binding.subjects.serviceaccount_ns_names", "n:s"),
        ("ka.req.binding.subject.has_name[g]", "true"),
        ("ka.req.binding.subject.has_name[x]", "false"),
    ] {
        is(field, value, body.clone());
    }
    let containers = json!([{"command": ["sh"], "args": ["-c", "x"]}, {"command": ["nc"]}]);
    let body = json!({"requestObject": {"spec": {"containers": containers}}});
    is("ka.req.pod.containers.args", "x", body.clone());
    is("ka.req.pod.containers.command", "nc", body.clone());
    is("ka.req.pod.containers.command[1]", "nc", body);
}

/// Checks what outputs show of fields of an event; `<NA>` if it does not have them.
fn shows(event: &Value, source: &str, fields: &[(&str, &str)]) {
    for (field, value) in fields {
        let shown = rules(&rule("evt.num > 0", &format!("%{field}"), source));
        assert_eq!(output_of(&shown, "r", event), *value, "{field}");
    }
}

#[test]
fn fields_of_every_event_are_shown() {
    let time = [
        ("evt.num", "1"),
        ("evt.time", "22:13:20.125000000"),
        ("evt.time.iso8601", "2023-11-14T22:13:20.125000000+0000"),
        ("evt.datetime", "2023-11-14 22:13:20.125000000"),
        ("jevt.time", "22:13:20.125000000"),
        ("jevt.time.iso8601", "2023-11-14T22:13:20.125000000+0000"),
        ("evt.rawtime", "1700000000125000000"),
    ];
    let call = record("2023-11-14T22:13:20Z", "eva", "iam:CreateUser");
    let call = with(call, json!({"userIdentity": {"type": "IAMUser", "userName": "eva"}}));
    shows(&call, "aws_cloudtrail", &time);
    let line = "eva via 198.51.100.7 → CreateUser";
    let of_calls = [("evt.pluginname", "cloudtrail"), ("ct.info", line), ("evt.plugininfo", line)];
    shows(&call, "aws_cloudtrail", &of_calls);
    let denied =
        with(call, json!({"eventName": "GetUser", "readOnly": "ABSENT", "errorCode": "AccessDenied"}));
    shows(&denied, "aws_cloudtrail", &[("ct.info", "eva via 198.51.100.7 !← GetUser")]);
    let request = audit_event("2023-11-14T22:13:20Z", "eva", "list", "pods");
    shows(&request, "k8s_audit", &time);
    let line = "eva list /api/v1/namespaces/shop/pods?limit=500";
    shows(&request, "k8s_audit", &[("evt.pluginname", "k8saudit"), ("evt.plugininfo", line)]);
}

#[test]
fn fields_of_calls_are_shown() {
    let plain = record("2023-11-14T22:13:20Z", "eva", "s3:GetObject");
    let tags = json!([{"key": "Team", "value": "web"}, {"key": "Name", "value": "web-1"}]);
    let sets = json!([{"resourceType": "volume", "tags": [{"key": "Name", "value": "disk"}]},
        {"resourceType": "instance", "tags": tags}]);
    let full = with(
        plain.clone(),
        json!({
            "eventCategory": "Data", "errorCode": "AccessDenied", "errorMessage": "no", "managementEvent": "true",
            "sourceIPAddress": "cloudformation.amazonaws.com",
            "additionalEventData": {"bytesTransferredIn": 3, "bytesTransferredOut": 40},
            "requestParameters": {"bucketName": "b", "key": "k/1", "tagSpecificationSet": {"items": sets}},
        }),
    );
    shows(
        &full,
        "aws_cloudtrail",
        &[
            ("ct.time", "2023-11-14T22:13:20Z"),
            ("ct.eventcategory", "Data"),
            ("ct.errormessage", "no"),
            ("ct.managementevent", "true"),
            ("ct.srcdomain", "cloudformation.amazonaws.com"),
            ("ct.user.principalid", "AIDAEVA"),
            ("ct.user.accountid", "111122223333"),
            ("s3.uri", "s3://b/k/1"),
            ("s3.bytes", "43"),
            ("s3.bytes.in", "3"),
            ("s3.bytes.out", "40"),
            ("s3.cnt.get", "1"),
            ("s3.cnt.put", "<NA>"),
            ("s3.cnt.other", "<NA>"),
            ("ec2.name", "web-1"),
        ],
    );
    shows(
        &plain,
        "aws_cloudtrail",
        &[
            ("ct.managementevent", "false"),
            ("ct.srcdomain", "<NA>"),
            ("ct.user", "<NA>"),
            ("s3.uri", "<NA>"),
            ("s3.bytes", "<NA>"),
            ("ec2.name", "<NA>"),
        ],
    );
    for (identity, user) in [
        (json!({"type": "Root", "userName": "ops"}), "ops"),
        (json!({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}), "ec2.amazonaws.com"),
        (json!({"type": "AssumedRole", "sessionContext": {"sessionIssuer": {"userName": "dev"}}}), "dev"),
        (json!({"type": "AssumedRole"}), "AssumedRole"),
        (json!({"type": "AWSAccount"}), "AWSAccount"),
        (json!({"type": "FederatedUser"}), "FederatedUser"),
        (json!({"type": "Unknown"}), "<NA>"),
    ] {
        let event = with(plain.clone(), json!({ "userIdentity": identity }));
        shows(&event, "aws_cloudtrail", &[("ct.user", user)]);
    }
}

#[test]
fn fields_of_pods_are_shown() {
    let plain = audit_event("2023-11-14T22:13:20Z", "eva", "create", "pods");
    let spec = json!({
        "containers": [{"image": "registry.example/web@sha256:0", "securityContext": {"privileged": false}},
            {"image": "sh:1", "securityContext": {"privileged": true}}],
        "volumes": [{"name": "root", "hostPath": {"path": "/var/lib"}}, {"name": "key", "secret": {}}],
    });
    let full = with(
        plain.clone(),
        json!({
            "auditID": "a", "impersonatedUser": {"username": "root"}, "requestObject": {"spec": spec},
            "objectRef": {"resource": "pods", "apiGroup": "g"}, "responseObject": {"metadata": {"name": "web-1"}},
            "responseStatus": {"code": 403, "reason": "Forbidden"},
        }),
    );
    shows(
        &full,
        "k8s_audit",
        &[
            ("ka.auditid", "a"),
            ("ka.impuser.name", "root"),
            ("ka.useragent", "kubectl/v1.31"),
            ("ka.response.code", "403"),
            ("ka.response.reason", "Forbidden"),
            ("ka.target.pod.name", "web-1"),
            ("ka.req.container.image.repository", "registry.example/web"),
            ("ka.req.container.privileged", "true"),
            ("ka.req.pod.volumes.volume_type", "(hostPath,secret)"),
            ("ka.req.volume.hostpath[/var/lib]", "true"),
            ("ka.req.volume.hostpath[/var/*]", "true"),
            ("ka.req.volume.hostpath[/etc*]", "false"),
        ],
    );
    shows(
        &plain,
        "k8s_audit",
        &[
            ("ka.impuser.name", "<NA>"),
            ("ka.target.pod.name", "<NA>"),
            ("ka.req.container.image.repository", "<NA>"),
            ("ka.req.container.privileged", "<NA>"),
            ("ka.req.pod.volumes.volume_type", "<NA>"),
            ("ka.req.volume.hostpath[/var/*]", "<NA>"),
        ],
    );
    let named = with(plain.clone(), json!({"objectRef": {"resource": "pods", "name": "db"}}));
    shows(&named, "k8s_audit", &[("ka.target.pod.name", "db")]);
    let other = with(plain, json!({"objectRef": {"resource": "secrets", "name": "db"}}));
    shows(&other, "k8s_audit", &[("ka.target.pod.name", "<NA>")]);
}

#[test]
fn transformers_and_other_fields_are_compared() {
    let event = with(
        record("2024-01-01T00:00:00Z", "eva", "iam:CreateUser"),
        json!({"requestParameters": {"userName": "EVA", "data": "aGVsbG8gV29ybGQ=", "path": "/etc/passwd", "n": "3"}}),
    );
    let request = |key: &str| format!("json.value[/requestParameters/{key}]");
    let (data, path) = (request("data"), request("path"));
    let holds = |condition: &str| {
        let rules = rules(&rule(condition, "x", "aws_cloudtrail"));
        !matching(&rules, &event).is_empty()
    };
    for condition in [
        format!("b64({data}) = 'hello World'"),
        format!("tolower(b64({data})) contains 'hello world'"),
        format!("basename({path}) = passwd"),
        format!("len({path}) = 11"),
        format!("len({path}) > val({})", request("n")),
        format!("b64({data}) bcontains 576f72"),
        format!("{path} bstartswith 2f657463"),
        "ct.user.arn endswith tolower(ct.request.username)".to_owned(),
        "ct.user.arn icontains val(ct.request.username)".to_owned(),
        "ct.recipientaccountid = val(ct.user.accountid)".to_owned(),
        "ct.name != val(ct.src)".to_owned(),
        "not b64(ct.name) exists".to_owned(),
    ] {
        assert!(holds(&condition), "{condition}");
    }
    for condition in [
        "ct.user.arn endswith val(ct.request.username)",
        "ct.name = val(ct.src)",
        "ct.name != val(ct.error)",
        "ct.error = val(ct.error)",
    ] {
        assert!(!holds(condition), "{condition}");
    }
    let shown = rules(&rule(
        "evt.num > 0",
        "%tolower(ct.request.username) %basename(json.value[/requestParameters/path]).",
        "aws_cloudtrail",
    ));
    assert_eq!(output_of(&shown, "r", &event), "eva passwd.");
}
