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
