//! Built-in rules: for each an event that it must match, and a near miss that it must not.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use firstseen::learn::LearnSettings;
use firstseen::model::Language;
use firstseen::rules::{BUILTIN_RULES, RuleSet};
use serde_json::{Value, json};

use super::{file, matching};
use crate::archive::{Archive, record, settings, with};

fn builtin_rules() -> RuleSet {
    let files: Vec<_> = BUILTIN_RULES.iter().map(|(name, text)| file(name, Language::Falco, text)).collect();
    let (rules, errors) = RuleSet::compile(&files);
    assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    rules
}

/// An event of a user with these request parameters and changes.
fn event(action: &str, request: Value, changes: Value) -> Value {
    let event = record("2024-01-01T00:00:00Z", "eva", action);
    with(with(event, json!({"requestParameters": request})), changes)
}

fn root() -> Value {
    json!({"type": "Root", "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333"})
}

/// A session of an EC2 instance.
fn instance() -> Value {
    let arn = "arn:aws:sts::111122223333:assumed-role/web/i-0123456789abcdef0";
    json!({"userIdentity": {"type": "AssumedRole", "arn": arn, "accountId": "111122223333"}})
}

fn policy(action: &str, resource: &str) -> Value {
    json!(format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":{action},"Resource":{resource}}}]}}"#
    ))
}

fn trust(whom: &str) -> Value {
    json!(format!(
        r#"{{"Statement":[{{"Effect":"Allow","Principal":{{{whom}}},"Action":"sts:AssumeRole"}}]}}"#
    ))
}

const OTHER_ACCOUNT: &str = r#""AWS": "arn:aws:iam::444455556666:root""#;
const SERVICE: &str = r#""Service": "ec2.amazonaws.com""#;

fn denied() -> Value {
    json!({"errorCode": "AccessDenied"})
}

/// A rule, an event that it matches, and one that it does not.
type Case = (&'static str, Value, Value);

/// A rule that matches a call and not the same call if denied.
fn call(rule: &'static str, action: &str, request: Value) -> Case {
    (rule, event(action, request.clone(), json!({})), event(action, request, denied()))
}

/// A rule that matches a call with one request and not with another.
fn asked(rule: &'static str, action: &str, request: Value, other: Value) -> Case {
    (rule, event(action, request, json!({})), event(action, other, json!({})))
}

fn cases() -> Vec<Case> {
    let plain = json!({});
    let login = |mfa: &str, sort: &str| {
        let identity =
            json!({"type": sort, "arn": "arn:aws:iam::111122223333:user/eva", "accountId": "111122223333"});
        let changes = json!({"userIdentity": identity, "responseElements": {"ConsoleLogin": "Success"}, "additionalEventData": {"MFAUsed": mfa}});
        event("signin:ConsoleLogin", Value::Null, changes)
    };
    let balancer = |request: Value, scheme: &str| {
        event(
            "elasticloadbalancing:CreateLoadBalancer",
            request,
            json!({"responseElements": {"loadBalancers": [{"scheme": scheme}]}}),
        )
    };
    let ingress = |port: u16, cidr: &str| {
        let ranges = json!({"items": [{"cidrIp": cidr}]});
        json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": ranges}]}})
    };
    let run = |sort: &str, most: u32| json!({"instanceType": sort, "instancesSet": {"items": [{"maxCount": most, "minCount": 1}]}});
    let selectors = |included: bool| json!({"trailName": "t", "eventSelectors": [{"includeManagementEvents": included, "readWriteType": "All"}]});
    vec![
        ("Root user acted", event("s3:ListBuckets", plain.clone(), json!({"userIdentity": root()})), {
            let by_service = with(root(), json!({"invokedBy": "backup.amazonaws.com"}));
            event("s3:ListBuckets", plain.clone(), json!({"userIdentity": by_service}))
        }),
        (
            "Root user created an access key",
            event("iam:CreateAccessKey", plain.clone(), json!({"userIdentity": root()})),
            event("iam:CreateAccessKey", plain.clone(), json!({})),
        ),
        call("IAM user created", "iam:CreateUser", json!({"userName": "bob"})),
        call(
            "IAM user added to group",
            "iam:AddUserToGroup",
            json!({"userName": "bob", "groupName": "admins"}),
        ),
        asked(
            "Administrator policy attached",
            "iam:AttachUserPolicy",
            json!({"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}),
            json!({"userName": "bob", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ),
        asked(
            "Administrator inline policy on a group",
            "iam:PutGroupPolicy",
            json!({"groupName": "g", "policyName": "p", "policyDocument": policy("\"*\"", "[ \"*\" ]")}),
            json!({"groupName": "g", "policyName": "p", "policyDocument": policy("\"s3:Get*\"", "\"*\"")}),
        ),
        asked(
            "Administrator inline policy on a user or role",
            "iam:PutRolePolicy",
            json!({"roleName": "r", "policyName": "p", "policyDocument": policy("[\"*\"]", "\"*\"")}),
            json!({"roleName": "r", "policyName": "p", "policyDocument": policy("\"*\"", "\"arn:aws:s3:::x\"")}),
        ),
        call(
            "MFA deactivated for a user",
            "iam:DeactivateMFADevice",
            json!({"userName": "bob", "serialNumber": "arn:x"}),
        ),
        asked(
            "Access key created for a named user",
            "iam:CreateAccessKey",
            json!({"userName": "bob"}),
            Value::Null,
        ),
        call("Console access enabled for a user", "iam:CreateLoginProfile", json!({"userName": "bob"})),
        call("Console password changed for a user", "iam:UpdateLoginProfile", json!({"userName": "bob"})),
        asked(
            "Role trust opened to another account",
            "iam:UpdateAssumeRolePolicy",
            json!({"roleName": "r", "policyDocument": trust(OTHER_ACCOUNT)}),
            json!({"roleName": "r", "policyDocument": trust(SERVICE)}),
        ),
        asked(
            "Cross-account role created",
            "iam:CreateRole",
            json!({"roleName": "r", "assumeRolePolicyDocument": trust(OTHER_ACCOUNT)}),
            json!({"roleName": "r", "assumeRolePolicyDocument": trust(SERVICE)}),
        ),
        call("Roles Anywhere trust anchor created", "rolesanywhere:CreateTrustAnchor", json!({"name": "a"})),
        call("Federation token requested", "sts:GetFederationToken", json!({"name": "x"})),
        ("Console sign-in without MFA", login("No", "IAMUser"), login("Yes", "IAMUser")),
        call("CloudTrail logging disabled", "cloudtrail:StopLogging", json!({"name": "t"})),
        call("CloudTrail trail deleted", "cloudtrail:DeleteTrail", json!({"name": "t"})),
        asked(
            "CloudTrail event selectors reduced",
            "cloudtrail:PutEventSelectors",
            selectors(false),
            selectors(true),
        ),
        call(
            "DNS query log deleted",
            "route53resolver:DeleteResolverQueryLogConfig",
            json!({"resolverQueryLogConfigId": "rqlc-1"}),
        ),
        call(
            "VPC flow log deleted",
            "ec2:DeleteFlowLogs",
            json!({"DeleteFlowLogsRequest": {"FlowLogId": {"content": "fl-1"}}}),
        ),
        (
            "Account tried to leave its organization",
            event("organizations:LeaveOrganization", Value::Null, denied()),
            event("organizations:DescribeOrganization", Value::Null, json!({})),
        ),
        call("Secret retrieved", "secretsmanager:GetSecretValue", json!({"secretId": "s"})),
        call(
            "Secrets retrieved in a batch",
            "secretsmanager:BatchGetSecretValue",
            json!({"secretIdList": ["a", "b"]}),
        ),
        asked(
            "Encrypted parameters retrieved in a batch",
            "ssm:GetParameters",
            json!({"names": ["/a", "/b"], "withDecryption": true}),
            json!({"names": ["/a", "/b"], "withDecryption": false}),
        ),
        (
            "Windows password of an instance requested",
            event("ec2:GetPasswordData", json!({"instanceId": "i-1"}), denied()),
            event("ec2:GetConsoleOutput", json!({"instanceId": "i-1"}), json!({})),
        ),
        (
            "Reconnaissance with instance credentials",
            event("sts:GetCallerIdentity", Value::Null, instance()),
            event("sts:GetCallerIdentity", Value::Null, json!({})),
        ),
        asked(
            "User data of an instance requested",
            "ec2:DescribeInstanceAttribute",
            json!({"attribute": "userData", "instanceId": "i-1"}),
            json!({"attribute": "instanceType", "instanceId": "i-1"}),
        ),
        asked(
            "Large or GPU instances launched",
            "ec2:RunInstances",
            run("p3.2xlarge", 1),
            run("t3.micro", 1),
        ),
        asked(
            "User data of an instance changed",
            "ec2:ModifyInstanceAttribute",
            json!({"instanceId": "i-1", "userData": "<sensitiveDataRemoved>"}),
            json!({"instanceId": "i-1", "instanceType": {"value": "t3.micro"}}),
        ),
        call(
            "Command sent to instances",
            "ssm:SendCommand",
            json!({"instanceIds": ["i-1"], "documentName": "AWS-RunShellScript"}),
        ),
        call("Session Manager session started", "ssm:StartSession", json!({"target": "i-1"})),
        call(
            "SSH key pushed to an instance",
            "ec2-instance-connect:SendSSHPublicKey",
            json!({"instanceId": "i-1"}),
        ),
        call("EC2 serial console enabled", "ec2:EnableSerialConsoleAccess", plain.clone()),
        call("Elastic IP allocated", "ec2:AllocateAddress", json!({"domain": "vpc"})),
        call(
            "Elastic IP associated",
            "ec2:AssociateAddress",
            json!({"allocationId": "eipalloc-1", "instanceId": "i-1"}),
        ),
        asked(
            "Remote access opened to the internet",
            "ec2:AuthorizeSecurityGroupIngress",
            ingress(22, "0.0.0.0/0"),
            ingress(443, "0.0.0.0/0"),
        ),
        (
            "Internet-facing load balancer created",
            balancer(json!({"name": "n"}), "internet-facing"),
            balancer(json!({"name": "n", "scheme": "internal"}), "internal"),
        ),
        asked(
            "HTTP target group without TLS",
            "elasticloadbalancing:CreateTargetGroup",
            json!({"name": "n", "protocol": "HTTP", "port": 80}),
            json!({"name": "n", "protocol": "HTTPS", "port": 443}),
        ),
        call("Bucket default encryption removed", "s3:DeleteBucketEncryption", json!({"bucketName": "b"})),
        asked(
            "Machine image (AMI) shared",
            "ec2:ModifyImageAttribute",
            json!({"imageId": "ami-1", "launchPermission": {"add": {"items": [{"userId": "444455556666"}]}}}),
            json!({"imageId": "ami-1", "launchPermission": {"remove": {"items": [{"userId": "444455556666"}]}}}),
        ),
        asked(
            "EBS snapshot shared",
            "ec2:ModifySnapshotAttribute",
            json!({"snapshotId": "snap-1", "createVolumePermission": {"add": {"items": [{"group": "all"}]}}}),
            json!({"snapshotId": "snap-1", "createVolumePermission": {"remove": {"items": [{"group": "all"}]}}}),
        ),
        asked(
            "Database snapshot shared",
            "rds:ModifyDBSnapshotAttribute",
            json!({"dBSnapshotIdentifier": "d", "attributeName": "restore", "valuesToAdd": ["444455556666"]}),
            json!({"dBSnapshotIdentifier": "d", "attributeName": "restore", "valuesToRemove": ["444455556666"]}),
        ),
        asked(
            "Lambda function made public",
            "lambda:AddPermission20150331v2",
            json!({"functionName": "f", "principal": "*"}),
            json!({"functionName": "f", "principal": "s3.amazonaws.com"}),
        ),
        asked(
            "Lambda layer added to a function",
            "lambda:UpdateFunctionConfiguration20150331v2",
            json!({"functionName": "f", "layers": ["arn:x"]}),
            json!({"functionName": "f", "memorySize": 512}),
        ),
        asked(
            "Lambda function code updated",
            "lambda:UpdateFunctionCode20150331v2",
            json!({"functionName": "f", "dryRun": false}),
            json!({"functionName": "f", "dryRun": true}),
        ),
        call(
            "Bedrock model access requested",
            "bedrock:PutFoundationModelEntitlement",
            json!({"modelId": "m"}),
        ),
    ]
}

#[test]
fn every_rule_matches_its_event_and_not_a_near_miss() {
    let rules = builtin_rules();
    let all: BTreeSet<String> = rules.rules().iter().map(|rule| rule.metadata().name.to_string()).collect();
    let mut met = BTreeSet::new();
    for (name, hit, miss) in cases() {
        assert!(matching(&rules, &hit).contains(&name.to_owned()), "{name} does not match {hit}");
        assert!(!matching(&rules, &miss).contains(&name.to_owned()), "{name} matches {miss}");
        met.insert(name.to_owned());
    }
    assert_eq!(met, all);
}

/// More events that a rule must match (`true`) or must not.
fn more_cases() -> Vec<(&'static str, bool, Value)> {
    let permission = |from: i32, to: i32, cidr: &str| json!({"ipProtocol": "tcp", "fromPort": from, "toPort": to, "ipRanges": {"items": [{"cidrIp": cidr}]}});
    let opened = |permissions: &[Value]| {
        let request = json!({"groupId": "sg-1", "ipPermissions": {"items": permissions}});
        event("ec2:AuthorizeSecurityGroupIngress", request, json!({}))
    };
    let everything =
        json!({"ipProtocol": "-1", "ipRanges": {}, "ipv6Ranges": {"items": [{"cidrIpv6": "::/0"}]}});
    let flat = |from: i32, to: i32| json!({"groupId": "sg-1", "ipProtocol": "tcp", "fromPort": from, "toPort": to, "cidrIp": "0.0.0.0/0"});
    let group = |document: &str| {
        event("iam:PutGroupPolicy", json!({"groupName": "g", "policyDocument": document}), json!({}))
    };
    let in_group = "Administrator inline policy on a group";
    let launched = |request: Value, response: Value| {
        let response = json!({"responseElements": {"instancesSet": {"items": [{"instanceType": response}]}}});
        event("ec2:RunInstances", request, response)
    };
    let large = "Large or GPU instances launched";
    let selectors = |fields: &str| json!({"trailName": "t", "advancedEventSelectors": [{"fieldSelectors": [{"field": "eventCategory", "equals": [fields]}]}]});
    let less = "CloudTrail event selectors reduced";
    let remote = "Remote access opened to the internet";
    vec![
        (remote, true, opened(&[permission(0, 65535, "0.0.0.0/0")])),
        (remote, true, opened(&[permission(443, 443, "0.0.0.0/0"), permission(20, 25, "0.0.0.0/0")])),
        (remote, true, opened(&[everything])),
        (remote, false, opened(&[permission(443, 443, "0.0.0.0/0"), permission(22, 22, "10.0.0.0/8")])),
        (remote, true, event("ec2:AuthorizeSecurityGroupIngress", flat(0, 65535), json!({}))),
        (remote, true, event("ec2:AuthorizeSecurityGroupIngress", flat(3389, 3389), json!({}))),
        (remote, false, event("ec2:AuthorizeSecurityGroupIngress", flat(443, 443), json!({}))),
        (
            in_group,
            true,
            group(r#"{"Statement":[{"Action":["s3:*","*"],"Resource":["*"],"Effect":"Allow"}]}"#),
        ),
        (
            in_group,
            false,
            group(
                r#"{"Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            ),
        ),
        ("Role trust opened to another account", true, {
            let document = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#;
            event(
                "iam:UpdateAssumeRolePolicy",
                json!({"roleName": "r", "policyDocument": document}),
                json!({}),
            )
        }),
        (large, true, launched(json!({"launchTemplate": {}}), json!("p4d.24xlarge"))),
        (large, true, launched(json!({"instanceType": "c5.18xlarge"}), json!("c5.18xlarge"))),
        (large, true, launched(json!({"instanceType": "m5.metal"}), json!("m5.metal"))),
        (large, false, launched(json!({"instanceType": "c5.2xlarge"}), json!("c5.2xlarge"))),
        (less, true, event("cloudtrail:PutEventSelectors", selectors("Data"), json!({}))),
        (less, false, event("cloudtrail:PutEventSelectors", selectors("Management"), json!({}))),
        (
            less,
            true,
            event("cloudtrail:UpdateTrail", json!({"name": "t", "isMultiRegionTrail": false}), json!({})),
        ),
        (
            less,
            false,
            event("cloudtrail:UpdateTrail", json!({"name": "t", "isMultiRegionTrail": true}), json!({})),
        ),
    ]
}

#[test]
fn rules_match_every_form_of_a_call() {
    let rules = builtin_rules();
    for (name, is_hit, event) in more_cases() {
        assert_eq!(matching(&rules, &event).contains(&name.to_owned()), is_hit, "{name}: {event}");
    }
}

#[test]
fn every_rule_is_in_the_documentation() {
    let text = include_str!("../../../docs/rules.md");
    for rule in builtin_rules().rules() {
        let head = rule.metadata();
        let row = format!("| {} | {} | {} |", head.name, head.priority, head.description);
        assert!(text.contains(&row), "docs/rules.md has no row {row}");
    }
}

#[test]
fn both_forms_of_root_are_root() {
    let identity = with(root(), json!({"type": "root"}));
    let event = event("s3:ListBuckets", json!({}), json!({"userIdentity": identity}));
    assert_eq!(matching(&builtin_rules(), &event), ["Root user acted"]);
}

#[test]
fn every_rule_has_tags_of_both_catalogs_and_a_description() {
    for rule in builtin_rules().rules() {
        let head = rule.metadata();
        let has = |start: &str| head.tags.iter().any(|tag| tag.starts_with(start));
        assert!(has("mitre_") && has("T1") && has("nist_800_190_"), "{}", head.name);
        assert!(head.description.ends_with('.') && head.output.len() > 4, "{}", head.name);
    }
}

/// The attack techniques of Stratus Red Team that are visible in CloudTrail: each is a tag of the rule that
/// finds it.
const TECHNIQUES: [&str; 35] = [
    "aws.credential-access.ec2-get-password-data",
    "aws.credential-access.ec2-steal-instance-credentials",
    "aws.credential-access.secretsmanager-batch-retrieve-secrets",
    "aws.credential-access.secretsmanager-retrieve-secrets",
    "aws.credential-access.ssm-retrieve-securestring-parameters",
    "aws.defense-evasion.cloudtrail-delete",
    "aws.defense-evasion.cloudtrail-event-selectors",
    "aws.defense-evasion.cloudtrail-stop",
    "aws.defense-evasion.dns-delete-logs",
    "aws.defense-evasion.organizations-leave",
    "aws.defense-evasion.vpc-remove-flow-logs",
    "aws.discovery.ec2-download-user-data",
    "aws.execution.ec2-launch-unusual-instances",
    "aws.execution.ec2-user-data",
    "aws.execution.ssm-send-command",
    "aws.execution.ssm-start-session",
    "aws.exfiltration.ec2-security-group-open-port-22-ingress",
    "aws.exfiltration.ec2-share-ami",
    "aws.exfiltration.ec2-share-ebs-snapshot",
    "aws.exfiltration.rds-share-snapshot",
    "aws.impact.bedrock-invoke-model",
    "aws.initial-access.console-login-without-mfa",
    "aws.lateral-movement.ec2-instance-connect",
    "aws.lateral-movement.ec2-serial-console-send-ssh-public-key",
    "aws.persistence.iam-backdoor-role",
    "aws.persistence.iam-backdoor-user",
    "aws.persistence.iam-create-admin-user",
    "aws.persistence.iam-create-backdoor-role",
    "aws.persistence.iam-create-user-login-profile",
    "aws.persistence.lambda-backdoor-function",
    "aws.persistence.lambda-layer-extension",
    "aws.persistence.lambda-overwrite-code",
    "aws.persistence.rolesanywhere-create-trust-anchor",
    "aws.persistence.sts-federation-token",
    "aws.privilege-escalation.iam-update-user-login-profile",
];

#[test]
fn each_attack_technique_has_an_event_and_a_rule_that_matches_it() {
    let rules = Arc::new(builtin_rules());
    let events: Vec<Value> = cases().into_iter().map(|(_, hit, _)| hit).collect();
    let settings = LearnSettings { rules: Some(rules.clone()), ..settings() };
    let baseline = Archive::new().delivered("20240101T0000", &events).ingest(&settings).baseline;
    let found = baseline.hits.iter().flat_map(|hit| &baseline.rules[hit.rule as usize].tags);
    let found: BTreeSet<&str> = found.map(|tag| &**tag).filter(|tag| tag.starts_with("aws.")).collect();
    assert_eq!(found, BTreeSet::from(TECHNIQUES));
}

#[test]
#[ignore = "needs the logs of Stratus Red Team in ../shared/data; .ci/run asks for it where they are"]
fn every_technique_in_the_public_attack_logs_is_found() {
    let logs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/stratus/detonation-logs");
    let settings = LearnSettings { rules: Some(Arc::new(builtin_rules())), ..settings() };
    for technique in TECHNIQUES {
        let log = std::fs::read(logs.join(format!("{technique}.json"))).unwrap();
        let baseline = Archive::new().object("log.json", &log).ingest(&settings).baseline;
        let mut found = baseline.hits.iter().map(|hit| &baseline.rules[hit.rule as usize]);
        assert!(
            found.any(|rule| rule.tags.iter().any(|tag| **tag == *technique)),
            "{technique} is not found"
        );
    }
    assert_eq!(std::fs::read_dir(logs).unwrap().count(), TECHNIQUES.len());
}
