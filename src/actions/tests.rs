//! What class actions of all kinds have, by name alone.

use super::*;

/// Checks changes of `class`, written as in records.
#[track_caller]
fn are(class: Class, actions: &[&str]) {
    for action in actions {
        assert_eq!(class_of(action, Some(false)), Some(class), "{action}: {:?}", describe(action));
    }
}

#[test]
fn changes_of_identities_are_permissions() {
    are(
        Class::Permissions,
        &[
            "iam.amazonaws.com:CreateUser",
            "iam.amazonaws.com:AttachRolePolicy",
            "iam.amazonaws.com:CreateSAMLProvider",
            "organizations.amazonaws.com:InviteAccountToOrganization",
            "sso.amazonaws.com:CreateAccountAssignment",
            "eks.amazonaws.com:CreateAccessEntry",
            "ec2.amazonaws.com:AssociateIamInstanceProfile",
            "rds.amazonaws.com:AddRoleToDBCluster",
            "transfer.amazonaws.com:CreateUser",
        ],
    );
}

#[test]
fn secrets_that_are_made_or_returned_are_credentials_whether_read_or_changed() {
    are(
        Class::Credentials,
        &[
            "iam.amazonaws.com:CreateAccessKey",
            "iam.amazonaws.com:DeactivateMFADevice",
            "secretsmanager.amazonaws.com:PutSecretValue",
            "ec2.amazonaws.com:ImportKeyPair",
            "ec2-instance-connect.amazonaws.com:SendSSHPublicKey",
            "apigateway.amazonaws.com:CreateApiKey",
            "signin.amazonaws.com:ConsoleLogin",
            "signin.amazonaws.com:SwitchRole",
        ],
    );
    for action in [
        "secretsmanager:GetSecretValue",
        "secretsmanager:BatchGetSecretValue",
        "ssm:GetParametersByPath",
        "ec2:GetPasswordData",
        "sts:AssumeRole",
        "sts:AssumeRoot",
        "ecr:GetAuthorizationToken",
        "signin:GetSigninToken",
    ] {
        assert_eq!(class_of(action, Some(true)), Some(Class::Credentials), "{action}");
    }
    for action in ["secretsmanager:GetRandomPassword", "secretsmanager:ListSecrets", "waf:GetChangeToken"] {
        assert_ne!(class_of(action, Some(true)), Some(Class::Credentials), "{action}");
    }
}

#[test]
fn what_weakens_records_and_detectors_is_logging() {
    are(
        Class::Logging,
        &[
            "cloudtrail.amazonaws.com:StopLogging",
            "cloudtrail.amazonaws.com:PutEventSelectors",
            "guardduty.amazonaws.com:CreateFilter",
            "config.amazonaws.com:DeleteDeliveryChannel",
            "logs.amazonaws.com:DeleteLogGroup",
            "logs.amazonaws.com:PutRetentionPolicy",
            "monitoring.amazonaws.com:DeleteAlarms",
            "ec2.amazonaws.com:DeleteFlowLogs",
            "wafv2.amazonaws.com:DeleteWebACL",
            "events.amazonaws.com:RemoveTargets",
            "organizations.amazonaws.com:LeaveOrganization",
        ],
    );
    for action in ["config:PutEvaluations", "logs:CreateLogGroup", "monitoring:PutMetricAlarm"] {
        assert_eq!(class_of(action, Some(false)), None, "{action}");
    }
}

#[test]
fn ways_in_and_out_are_exposure() {
    are(
        Class::Exposure,
        &[
            "s3.amazonaws.com:PutBucketPolicy",
            "ebs.amazonaws.com:GetSnapshotBlock",
            "ebs.amazonaws.com:ListChangedBlocks",
            "s3.amazonaws.com:DeleteBucketPublicAccessBlock",
            "s3.amazonaws.com:PutBucketReplication",
            "ec2.amazonaws.com:ModifyImageAttribute",
            "rds.amazonaws.com:ModifyDBSnapshotAttribute",
            "rds.amazonaws.com:StartExportTask",
            "lambda.amazonaws.com:AddPermission20150331v2",
            "lambda.amazonaws.com:CreateFunctionUrlConfig",
            "ec2.amazonaws.com:AuthorizeSecurityGroupIngress",
            "ec2.amazonaws.com:CreateVpcPeeringConnection",
            "ec2.amazonaws.com:CreateTrafficMirrorSession",
            "route53.amazonaws.com:ChangeResourceRecordSets",
            "ram.amazonaws.com:CreateResourceShare",
        ],
    );
}

#[test]
fn what_runs_code_or_uses_capacity_is_execution() {
    are(
        Class::Execution,
        &[
            "ec2.amazonaws.com:RunInstances",
            "ssm.amazonaws.com:SendCommand",
            "ssm.amazonaws.com:StartSession",
            "lambda.amazonaws.com:UpdateFunctionCode20150331v2",
            "lambda.amazonaws.com:Invoke",
            "ecs.amazonaws.com:ExecuteCommand",
            "cloudformation.amazonaws.com:CreateStack",
            "codebuild.amazonaws.com:StartBuild",
            "states.amazonaws.com:StartExecution",
            "events.amazonaws.com:PutTargets",
            "servicequotas.amazonaws.com:RequestServiceQuotaIncrease",
            "sms-voice.amazonaws.com:SetTextMessageSpendLimitOverride",
        ],
    );
    for action in
        ["athena:StartQueryExecution", "ecs:SubmitTaskStateChange", "elasticache:CreateReplicationGroup"]
    {
        assert_eq!(class_of(action, Some(false)), None, "{action}");
    }
}

#[test]
fn what_runs_models_or_sends_messages_is_execution_whatever_the_record_says() {
    let models = [
        "bedrock:InvokeModel",
        "bedrock:InvokeModelWithResponseStream",
        "bedrock:InvokeModelWithBidirectionalStream",
        "bedrock:Converse",
        "bedrock:ConverseStream",
        "bedrock:StartAsyncInvoke",
        "bedrock:RetrieveAndGenerate",
        "bedrock-mantle:CreateInference",
    ];
    let messages = [
        "mobiletargeting:SendMessages",
        "mobiletargeting:SendUsersMessages",
        "sms-voice:SendTextMessage",
        "sms-voice:SendVoiceMessage",
        "social-messaging:SendWhatsAppMessage",
        "ses:SendEmail",
        "email.amazonaws.com:SendRawEmail",
        "ses:SendBulkEmail",
        "ses:SendTemplatedEmail",
        "ses:SendBulkTemplatedEmail",
        "ses:SendCustomVerificationEmail",
        "ses:SendBounce",
    ];
    for action in models.into_iter().chain(messages) {
        for read_only in [Some(true), Some(false), None] {
            assert_eq!(class_of(action, read_only), Some(Class::Execution), "{action} {read_only:?}");
        }
        let ActionDescription { class, is_known, .. } = describe(action);
        assert_eq!((class, is_known), (Some(Class::Execution), true), "{action}");
    }
    for action in ["bedrock:GetAsyncInvoke", "bedrock:ListAsyncInvokes", "bedrock:CreateInferenceProfile"] {
        assert_eq!(describe(action).class, None, "{action}");
    }
}

/// Records say `readOnly` in ways that do not follow from what a call does: data events of SES, sessions of roles.
#[test]
fn what_uses_or_gives_rights_has_the_class_of_its_description_whatever_the_record_says() {
    for action in [
        "bedrock:InvokeAgent",
        "bedrock-agentcore:InvokeGateway",
        "ecr:GetAuthorizationToken",
        "lambda:Invoke",
        "managedblockchain:Invoke",
        "rolesanywhere:CreateSession",
        "s3:GetDataAccess",
        "sagemaker:InvokeEndpoint",
        "secretsmanager:GetSecretValue",
        "signin:CreateOAuth2Token",
        "ssm:GetParameter",
        "sso:GetRoleCredentials",
        "sts:AssumeRole",
        "sts:GetFederationToken",
        // Uses of data have no class.
        "dynamodb:PutItem",
        "kms:Decrypt",
        "s3:GetObject",
        "sns:Publish",
        "sqs:SendMessage",
    ] {
        let described = describe(action);
        for read_only in [Some(true), Some(false)] {
            assert_eq!(class_of(action, read_only), described.class, "{action} {read_only:?}");
        }
    }
    for action in ["rolesanywhere:CreateSession", "s3:GetDataAccess"] {
        assert_eq!(describe(action).class, Some(Class::Credentials), "{action}");
    }
}

#[test]
fn lost_data_is_destruction() {
    are(
        Class::Destruction,
        &[
            "s3.amazonaws.com:DeleteBucket",
            "s3.amazonaws.com:DeleteObjects",
            "s3.amazonaws.com:PutBucketLifecycle",
            "ec2.amazonaws.com:TerminateInstances",
            "ec2.amazonaws.com:DeleteSnapshot",
            "rds.amazonaws.com:DeleteDBInstance",
            "kms.amazonaws.com:ScheduleKeyDeletion",
            "kms.amazonaws.com:DeleteImportedKeyMaterial",
            "backup.amazonaws.com:DeleteRecoveryPoint",
        ],
    );
    for action in ["ec2:DeleteRouteTable", "sqs:DeleteMessage", "ec2:DeleteTags"] {
        assert_eq!(class_of(action, Some(false)), None, "{action}");
    }
}

#[test]
fn reads_of_identities_and_limits_are_reconnaissance() {
    for action in ["iam:ListUsers", "sts:GetCallerIdentity", "guardduty:ListDetectors", "ses:GetSendQuota"] {
        assert_eq!(class_of(action, Some(true)), Some(Class::Reconnaissance), "{action}");
    }
    for action in ["ec2:DescribeInstances", "s3:GetObject", "logs:FilterLogEvents"] {
        assert_eq!(class_of(action, Some(true)), None, "{action}");
    }
}

#[test]
fn the_record_says_whether_a_call_reads_else_the_level_else_the_verb() {
    assert_eq!(class_of("iam:ListUsers", None), Some(Class::Reconnaissance));
    assert_eq!(class_of("iam:CreateUser", None), Some(Class::Permissions));
    assert_eq!(class_of("iam:CreateUser", Some(true)), Some(Class::Reconnaissance));
    assert_eq!(class_of("iam:DescribeNovelty", None), Some(Class::Reconnaissance));
    assert_eq!(class_of("iam:InventNovelty", None), Some(Class::Permissions));
    assert_eq!(class_of("glue:GetQuery", None), None);
}

#[test]
fn any_text_has_a_description() {
    for action in ["", ":", "a", "::", "é:É", "iam:", ":CreateUser", " ", "create ", "iam:20150331"] {
        let _ = describe(action);
        let _ = class_of(action, None);
    }
}

#[test]
fn a_description_names_what_decided() {
    let of = |action| {
        let ActionDescription { name, reason, is_known, .. } = describe(action);
        (name, reason.into_owned(), is_known)
    };
    let user = of("iam.amazonaws.com:createuser");
    assert_eq!(user.0, "iam:CreateUser");
    assert!(user.1.starts_with("iam: changes identities") && user.2, "{user:?}");
    let buckets = of("s3.amazonaws.com:ListBuckets");
    assert_eq!((&*buckets.0, &*buckets.1), ("s3:ListAllMyBuckets", "no rule matches"));
    let unknown = of("newservice:DeleteDatabase");
    assert_eq!(unknown.0, "newservice:DeleteDatabase");
    assert!(unknown.1.starts_with("Delete, Database: ") && !unknown.2, "{unknown:?}");
}

#[test]
fn a_misspelt_name_resembles_a_known_one() {
    assert_eq!(similar_action("iam.amazonaws.com:CreatUser").as_deref(), Some("iam:CreateUser"));
    assert_eq!(similar_action("asumerole").as_deref(), Some("AssumeRole"));
    assert_eq!(similar_action("iam:SomethingElseEntirely"), None);
    // What is not misspelt has no better spelling, whether or not an archive has it.
    assert_eq!(similar_action("iam.amazonaws.com:CreateUser"), None);
    assert_eq!(similar_action("AssumeRole"), None);
}

#[test]
fn every_rule_decides_some_known_action() {
    let reasons: std::collections::BTreeSet<String> = ActionTable::get()
        .actions()
        .iter()
        .flat_map(|action| {
            let name = action.full_name();
            [Some(true), Some(false)].map(|read_only| {
                match Call::new(&name, ActionTable::get(), read_only).decide() {
                    Some(matcher::Decision::Rule(rule, _)) => format!("{rule:?}"),
                    _ => String::new(),
                }
            })
        })
        .collect();
    for rule in rules::RULES {
        assert!(reasons.contains(&format!("{rule:?}")), "{rule:?} decides nothing");
    }
}

#[test]
fn the_examples_of_the_documentation_have_their_classes() {
    let text = include_str!("../../docs/ranking.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| class | actions that |")).skip(2);
    let mut classes = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').collect();
        let quoted = |cell: usize| cells[cell].split('`').skip(1).step_by(2);
        let class = quoted(1).next().and_then(Class::from_name).expect("a class");
        for action in quoted(3) {
            assert_eq!(describe(action).class, Some(class), "{action}");
        }
        classes.push(class);
    }
    assert_eq!(classes, Class::ALL);
}

#[test]
fn what_organizations_and_sign_ins_add_has_the_class_of_what_it_does() {
    are(
        Class::Logging,
        &[
            "controltower.amazonaws.com:DisableControl",
            "controltower.amazonaws.com:DeregisterOrganizationalUnit",
        ],
    );
    are(
        Class::Permissions,
        &[
            "cloudformation.amazonaws.com:ActivateOrganizationsAccess",
            "eks.amazonaws.com:CreatePodIdentityAssociation",
        ],
    );
    assert_eq!(describe("bedrock:GetModelInvocationLoggingConfiguration").class, Some(Class::Reconnaissance));
    for step in [
        "sso.amazonaws.com:RegisterClient",
        "sso.amazonaws.com:StartDeviceAuthorization",
        "controltower.amazonaws.com:EnableControl",
    ] {
        assert_eq!(describe(step).class, None, "{step}");
    }
}
