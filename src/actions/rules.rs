//! Which class an action of an AWS API has: rules over its service, access level, lists and the words of its name. The first rule
//! that matches decides.
//!
//! The rules are about kinds of actions, not about single ones. Sources: the AWS Service Authorization Reference (access levels);
//! policy_sentry (lists); MITRE ATT&CK, matrix "IaaS" (techniques `T…`); Rhino Security Labs, "AWS IAM Privilege Escalation";
//! Stratus Red Team and Amazon GuardDuty's finding types (documented abuse).

use super::Class;
use super::Class::{Credentials, Destruction, Execution, Exposure, Logging, Permissions, Reconnaissance};
use super::table::AccessLevel;
use super::table::List::{self, CredentialsExposure, PrivilegeEscalation, ResourcePolicies};

/// Which calls a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// Those that change something.
    Changes,
    /// Those that only read.
    Reads,
    /// All.
    All,
}

/// One rule. Empty texts match everything; the others are lists, separated by blanks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    /// The class of the actions that it matches.
    pub(super) class: Class,
    /// Which calls it is about.
    pub(super) calls: Calls,
    /// IAM's prefixes of services.
    pub(super) services: &'static str,
    /// First words of names. `Batch` and `Admin` in front of one are passed over.
    pub(super) verbs: &'static str,
    /// What the name contains, see [`Noun`](super::words::Noun).
    pub(super) nouns: &'static str,
    /// What it does not contain.
    pub(super) without: &'static str,
    /// A list that the action is on.
    pub(super) list: Option<List>,
    /// Its access level.
    pub(super) level: Option<AccessLevel>,
    /// Why: what such actions do, and who says so.
    pub(super) reason: &'static str,
}

const fn rule(class: Class, calls: Calls, reason: &'static str) -> Rule {
    let any = "";
    Rule {
        class,
        calls,
        services: any,
        verbs: any,
        nouns: any,
        without: any,
        list: None,
        level: None,
        reason,
    }
}

/// Services of identities and of what these may do.
const IDENTITY: &str = "iam sso sso-directory sso-oauth identitystore identity-sync organizations account rolesanywhere sts \
     verifiedpermissions";

/// Services that record what happens or detect what should not.
const DETECTION: &str = "cloudtrail cloudtrail-data config guardduty securityhub macie macie2 access-analyzer detective inspector \
     inspector2 securitylake auditmanager security-ir oam";

/// Services that filter traffic.
const FIREWALLS: &str = "waf waf-regional wafv2 shield network-firewall fms";

/// Events that IAM has no action for and whose words do not say what they are, mostly no calls of an API: service, event, class, reason.
///
/// Source: AWS CloudTrail User Guide, "AWS Management Console sign-in events" and "Non-API events captured by CloudTrail"; IAM
/// Identity Center User Guide, "Understanding IAM Identity Center sign-in events"; Amazon EBS User Guide, "Share an Amazon EBS snapshot";
/// IAM Roles Anywhere User Guide, "Authentication for Roles Anywhere" (CreateSession).
pub(super) const EVENTS: &[(&str, &str, Option<Class>, &str)] = &[
    ("signin", "ConsoleLogin", Some(Credentials), SIGN_IN),
    ("signin", "AuthorizeOAuth2Access", Some(Credentials), SIGN_IN),
    ("signin", "UserAuthentication", Some(Credentials), SIGN_IN),
    ("sso", "Federate", Some(Credentials), SIGN_IN),
    ("sso", "Authenticate", Some(Credentials), SIGN_IN),
    ("rolesanywhere", "CreateSession", Some(Credentials), SESSION),
    ("signin", "PasswordRecoveryRequested", Some(Credentials), RECOVERY),
    ("signin", "PasswordRecoveryCompleted", Some(Credentials), RECOVERY),
    ("signin", "PasswordUpdated", Some(Credentials), RECOVERY),
    ("signin", "EmailUpdated", Some(Credentials), RECOVERY),
    ("signin", "CheckMfa", None, STEP),
    ("signin", "CredentialChallenge", None, STEP),
    ("signin", "CredentialVerification", None, STEP),
    ("signin", "RenewRole", None, STEP),
    ("signin", "ExitRole", None, STEP),
    ("sso", "RegisterClient", None, STEP),
    ("sso", "StartDeviceAuthorization", None, STEP),
    ("sso-oauth", "RegisterClient", None, STEP),
    ("sso-oauth", "StartDeviceAuthorization", None, STEP),
    ("ec2", "SharedSnapshotCopyInitiated", Some(Exposure), SHARED),
    ("ec2", "SharedSnapshotVolumeCreated", Some(Exposure), SHARED),
];

const SIGN_IN: &str = "begins a session, which is a credential (ATT&CK T1078.004)";
const SESSION: &str = "returns credentials of a role (ATT&CK T1550)";
const RECOVERY: &str = "replaces a credential of the root user (ATT&CK T1098)";
const STEP: &str = "a step of signing in, and nothing more";
const SHARED: &str = "another account copies a shared snapshot (ATT&CK T1537)";

/// All rules, in order.
pub(super) const RULES: &[Rule] = &[
    // Credentials: creates, replaces or returns a secret.
    Rule {
        list: Some(CredentialsExposure),
        ..rule(Credentials, Calls::All, "returns credentials (list credentials-exposure of policy_sentry)")
    },
    Rule {
        verbs: "Assume",
        ..rule(Credentials, Calls::All, "returns credentials of a role (ATT&CK T1550, T1548.005)")
    },
    Rule {
        verbs: "Get Retrieve Request Issue Download",
        nouns: "SecretValue$ Password$ PasswordData$ Credential Token$ ApiKey$ DefaultKeyPair$ PrivateKey",
        without: "Policy Report Random ChangeToken Provider",
        ..rule(Credentials, Calls::All, "returns a secret (ATT&CK T1528, T1552, T1555.006)")
    },
    Rule {
        services: "ssm",
        verbs: "Get",
        nouns: "Parameter",
        ..rule(Credentials, Calls::All, "returns parameters, which hold secrets (ATT&CK T1552, T1555.006)")
    },
    Rule {
        services: "s3",
        verbs: "Get",
        nouns: "DataAccess$",
        ..rule(Credentials, Calls::All, "returns credentials of an S3 access grant (ATT&CK T1550)")
    },
    Rule {
        verbs: "Export Issue",
        nouns: "Certificate$",
        ..rule(Credentials, Calls::All, "returns a private key or signs one (ATT&CK T1552.004, T1649)")
    },
    Rule {
        nouns: "Presigned",
        ..rule(Credentials, Calls::All, "returns a URL that needs no sign-in (ATT&CK T1550)")
    },
    Rule {
        verbs: "Create Update Reset Set Put Import Upload Enable Deactivate Change Add Send Generate Rotate Resync Activate \
                Associate Modify Restore",
        nouns: "AccessKey LoginProfile Password Credential Secret ApiKey Token KeyPair SSHPublicKey MFA MFADevice \
                SigningCertificate KeysAndCertificate",
        without: "Policy Report ChangeToken Preference DataKeyPair",
        ..rule(
            Credentials,
            Calls::All,
            "creates or replaces a credential (ATT&CK T1098.001, T1098.004, T1556.006)",
        )
    },
    // Logging and detection: stops, deletes, narrows or redirects logs, alarms, detectors.
    Rule {
        services: DETECTION,
        verbs: "Delete Stop Disable Remove Disassociate Leave Update Put Create Archive Decline Suspend Deregister Reset Set \
                Modify Cancel Reject",
        without: "Evaluation SampleFinding Tag Query",
        ..rule(
            Logging,
            Calls::Changes,
            "changes a service that records or detects (ATT&CK T1562.001, T1562.008)",
        )
    },
    Rule {
        services: FIREWALLS,
        verbs: "Delete Disable Disassociate Remove Update Stop",
        ..rule(Logging, Calls::Changes, "changes a filter of traffic (ATT&CK T1562.007)")
    },
    Rule {
        verbs: "Delete Stop Disable Remove Suspend Disassociate Deregister Cancel Detach Reset",
        nouns: "Log Logging Trail Alarm Detector Recorder Audit Monitor Monitoring SubscriptionFilter MetricFilter MetricStream \
                Retention DeliveryChannel ActivityStream Guardrail WebACL Firewall Analyzer",
        ..rule(
            Logging,
            Calls::Changes,
            "stops or deletes logs, alarms or detectors (ATT&CK T1562.001, T1562.008)",
        )
    },
    Rule {
        verbs: "Put Update Modify Set Change",
        nouns: "Logging Trail EventSelector InsightSelector RetentionPolicy LogRetention ActivityStream SubscriptionFilter \
                DeliveryChannel Guardrail QueryLogConfig",
        ..rule(Logging, Calls::Changes, "narrows or redirects logs (ATT&CK T1562.008)")
    },
    Rule {
        services: "events",
        verbs: "Delete Disable Remove",
        nouns: "Rule Target",
        ..rule(Logging, Calls::Changes, "stops reactions to events (ATT&CK T1562.001)")
    },
    Rule {
        services: "organizations",
        verbs: "Leave",
        ..rule(Logging, Calls::Changes, "leaves the organization's controls (ATT&CK T1562; Stratus Red Team)")
    },
    Rule {
        services: "controltower",
        verbs: "Delete Disable Deregister Reset",
        ..rule(Logging, Calls::Changes, "ends controls of an organization (ATT&CK T1562)")
    },
    // Destruction of accounts comes before other changes of identities.
    Rule {
        verbs: "Close",
        nouns: "Account",
        ..rule(Destruction, Calls::Changes, "closes an account (ATT&CK T1531)")
    },
    // Permissions: changes who may do what.
    Rule {
        services: IDENTITY,
        ..rule(
            Permissions,
            Calls::Changes,
            "changes identities or what they may do (ATT&CK T1098.003, T1136.003)",
        )
    },
    Rule {
        verbs: "Create Update Put Add Attach Associate Set Replace Modify Register Enable Import",
        nouns: "Role InstanceProfile AccessEntry AccessPolicy PermissionSet PermissionsBoundary GroupMembership \
                PodIdentityAssociation IAMPolicyAssignment DelegatedAdministrator AdminAccount AccessGrant IdentityProvider UserToGroup",
        ..rule(
            Permissions,
            Calls::Changes,
            "gives rights to a principal (ATT&CK T1098.003; Rhino Security Labs)",
        )
    },
    Rule {
        verbs: "Activate Enable",
        nouns: "OrganizationsAccess",
        ..rule(
            Permissions,
            Calls::Changes,
            "lets a service act in all accounts of the organization (ATT&CK T1098.003)",
        )
    },
    Rule {
        verbs: "Create Register Invite",
        nouns: "User$ Admin$",
        ..rule(Permissions, Calls::Changes, "creates an account of a person (ATT&CK T1136.003)")
    },
    Rule {
        verbs: "Grant",
        ..rule(Permissions, Calls::Changes, "gives rights to a principal (ATT&CK T1098.003)")
    },
    // Exposure: makes a resource reachable from outside, or its data leave.
    Rule {
        level: Some(AccessLevel::PermissionsManagement),
        without: "Invoke",
        ..rule(Exposure, Calls::Changes, "access level permissions-management, outside of identity services")
    },
    Rule {
        list: Some(ResourcePolicies),
        ..rule(
            Exposure,
            Calls::Changes,
            "changes the policy of a resource (list resource-policies of policy_sentry)",
        )
    },
    Rule {
        verbs: "Create Update Put Set Modify Add Delete Disable Enable Authorize Accept Associate Open",
        nouns: "SnapshotAttribute ImageAttribute LaunchPermission SnapshotAccess ResourceShare DataShare PortfolioShare Sharing \
                Public PublicAccess ResourcePolicy BucketAcl ObjectAcl UrlConfig",
        without: "PublicKey",
        ..rule(Exposure, Calls::Changes, "shares a resource or makes it public (ATT&CK T1537, T1133)")
    },
    Rule {
        services: "ebs",
        verbs: "Get List",
        nouns: "SnapshotBlock ChangedBlock",
        ..rule(Exposure, Calls::All, "reads the data of a snapshot (ATT&CK T1530)")
    },
    Rule {
        services: "ram",
        ..rule(Exposure, Calls::Changes, "shares resources with other accounts (ATT&CK T1537)")
    },
    Rule {
        services: "ec2 rds redshift elasticache directconnect networkmanager",
        verbs: "Authorize Create Modify Replace Update Attach Accept Associate Enable",
        nouns: "SecurityGroupIngress SecurityGroupEgress SecurityGroupRule NetworkAclEntry InternetGateway VpcPeering PeeringAttachment \
                VpnConnection ClientVpn VpcEndpointService TrafficMirror Route$ Address$ SerialConsoleAccess",
        ..rule(Exposure, Calls::Changes, "opens a way through the network (ATT&CK T1562.007, T1133, T1040)")
    },
    Rule {
        services: "ec2",
        verbs: "Delete Replace",
        nouns: "NetworkAcl",
        ..rule(Exposure, Calls::Changes, "opens a way through the network (ATT&CK T1562.007)")
    },
    Rule {
        services: "route53 route53domains lightsail servicediscovery",
        verbs: "Change Create Register Transfer Update Associate Enable Disable",
        nouns: "ResourceRecordSet HostedZone Domain DomainEntry DomainNameserver VPCAssociationAuthorization",
        ..rule(Exposure, Calls::Changes, "changes where names lead (ATT&CK T1584.001, T1583.001)")
    },
    Rule {
        verbs: "Export Start Create",
        nouns: "Export ExportTask ExportJob StoreImageTask",
        ..rule(Exposure, Calls::Changes, "exports data (ATT&CK T1537)")
    },
    Rule {
        verbs: "Copy",
        nouns: "Snapshot Image Backup RecoveryPoint",
        ..rule(Exposure, Calls::Changes, "copies data to another place (ATT&CK T1537)")
    },
    Rule {
        verbs: "Put Create Update",
        nouns: "BucketReplication ReplicationConfiguration",
        ..rule(Exposure, Calls::Changes, "sends a copy of data elsewhere (ATT&CK T1537)")
    },
    Rule {
        services: "transfer",
        verbs: "Create Start",
        nouns: "Server",
        ..rule(Exposure, Calls::Changes, "opens a server for files (ATT&CK T1537)")
    },
    // Destruction: deletes data or what serves it, or prevents recovery.
    Rule {
        verbs: "Terminate Purge Destroy",
        without: "Session Execution Connection Job",
        ..rule(Destruction, Calls::Changes, "ends a resource (ATT&CK T1485, T1489)")
    },
    Rule {
        verbs: "Delete Deregister Drop Empty",
        nouns: "Snapshot$ Volume$ Instance$ Cluster$ Bucket$ Object$ Table$ Backup$ RecoveryPoint$ FileSystem$ Vault$ Archive$ \
                Stack$ StackSet$ Repository$ Image$ Database$ Keyspace$ Domain$ Stream$ Queue$ Secret$ Collection$ HostedZone$ \
                Dataset$ Datastore$ Ledger$ Index$ Vector$ Graph$ UserPool$ IdentityPool$ Function$ Service$ Application$ Environment$ \
                AutoScalingGroup$ Workspace$ BackupPlan BackupSelection StackInstance CustomKeyStore",
        without: "RouteTable PolicyTable MulticastDomain ReservedInstance Statistic",
        ..rule(Destruction, Calls::Changes, "deletes data or what serves it (ATT&CK T1485, T1490)")
    },
    Rule {
        services: "kms",
        verbs: "Schedule Disable Delete Import Disconnect Update",
        nouns: "KeyDeletion Key$ KeyMaterial CustomKeyStore",
        ..rule(Destruction, Calls::Changes, "makes what a key encrypts unreadable (ATT&CK T1485, T1486)")
    },
    Rule {
        verbs: "Put Update Modify Delete Disable Reset Stop",
        nouns: "BucketVersioning BucketLifecycle BucketEncryption LifecycleConfiguration EncryptionByDefault DefaultKmsKeyId \
                ObjectLock ObjectRetention ObjectLegalHold VaultLock BackupPlan BackupSelection BackupVaultLock ContinuousBackup \
                RecoveryPointLifecycle TerminationProtection InstanceAutomatedBackup",
        ..rule(
            Destruction,
            Calls::Changes,
            "can delete, encrypt or leave unrecoverable (ATT&CK T1485, T1486, T1490)",
        )
    },
    // Execution: runs code with somebody's rights, or uses the account's capacity.
    Rule {
        verbs: "Run Execute",
        without: "Query Statement Transaction Policy",
        ..rule(Execution, Calls::Changes, "runs something (ATT&CK T1648, T1651, T1609, T1578.002)")
    },
    Rule {
        services: "bedrock bedrock-mantle",
        verbs: "Invoke Converse Retrieve Start Create",
        nouns: "InvokeModel Converse RetrieveAndGenerate AsyncInvoke$ Inference$",
        ..rule(Execution, Calls::All, "runs a model (ATT&CK T1496.004)")
    },
    Rule { verbs: "Invoke", ..rule(Execution, Calls::All, "runs something (ATT&CK T1648, T1496)") },
    // CloudTrail's data events of these calls say that they only read (Amazon SES Developer Guide, "Logging Amazon SES API calls").
    Rule {
        services: "ses",
        verbs: "Send",
        nouns: "Email$ Bounce$",
        ..rule(Execution, Calls::All, "sends mail in the account's name (ATT&CK T1496.004, T1566)")
    },
    Rule {
        services: "sms-voice mobiletargeting social-messaging",
        verbs: "Send",
        nouns: "Message",
        ..rule(Execution, Calls::All, "sends messages in the account's name (ATT&CK T1496.003, T1566)")
    },
    Rule {
        verbs: "Send",
        nouns: "Command",
        ..rule(Execution, Calls::Changes, "runs commands on machines (ATT&CK T1651)")
    },
    Rule {
        verbs: "Start Resume Submit Open Retry Redrive",
        nouns: "Session Command Tunnel AutomationExecution ChangeRequestExecution Instance Execution Build BuildBatch Job JobRun \
                JobFlow Task Notebook Pipeline Workflow WorkflowRun Application Fleet Server CodeInterpreter",
        without: "Query Export Import Replication Backup Restore Copy Report Transcription StateChange Analysis Scan Detection \
                  Migration Recommendation Refresh Telemetry Audit",
        ..rule(Execution, Calls::Changes, "runs something (ATT&CK T1648, T1651, T1021.007)")
    },
    Rule {
        services: "cloudshell cloud9",
        verbs: "Create Start",
        ..rule(Execution, Calls::Changes, "opens a shell (ATT&CK T1059.009)")
    },
    Rule {
        verbs: "Create Update Publish Put Register Modify",
        nouns: "Function$ FunctionCode$ FunctionConfiguration$ LayerVersion EventSourceMapping Stack$ StackSet$ StackInstance$ \
                ChangeSet$ TaskDefinition$ TaskSet$ DevEndpoint NotebookInstance TrainingJob ProcessingJob TransformJob \
                JobDefinition$ ComputeEnvironment$ StateMachine$ LaunchTemplate LaunchConfiguration$ Fleet$ SpotInstance \
                SpotFleet AutoScalingGroup$ InstanceAttribute AgentRuntime CodeInterpreter Agent$ AgentActionGroup",
        ..rule(
            Execution,
            Calls::Changes,
            "makes code or machines run (ATT&CK T1648, T1578.002, T1610, T1525)",
        )
    },
    Rule {
        services: "codebuild codepipeline datapipeline codedeploy glue emr-serverless elasticmapreduce batch databrew imagebuilder",
        verbs: "Create Update Put Add Register Import",
        nouns: "Project$ Pipeline$ PipelineDefinition$ Job$ JobFlowStep Step$ Workflow$ Trigger$ Webhook Application$ Deployment$ \
                Cluster$ Studio$ Component$ Recipe$",
        ..rule(Execution, Calls::Changes, "makes code run (ATT&CK T1648, T1072)")
    },
    Rule {
        services: "ssm",
        verbs: "Create Update Register",
        nouns: "Association Document$ MaintenanceWindow",
        without: "Status",
        ..rule(Execution, Calls::Changes, "makes commands run on machines (ATT&CK T1651)")
    },
    Rule {
        services: "events scheduler pipes",
        verbs: "Put Create Update",
        nouns: "Rule$ Target$ Schedule$ Pipe$",
        ..rule(Execution, Calls::Changes, "makes code run when something happens (ATT&CK T1546)")
    },
    Rule {
        services: "ecs lightsail apprunner ecr ecr-public eks elasticbeanstalk gamelift sagemaker",
        verbs: "Create Put Update",
        nouns: "Service$ Instance$ ContainerService ContainerServiceDeployment Image$ Environment$ ApplicationVersion$ Build$ \
                Cluster$ Nodegroup$ Pipeline$",
        ..rule(Execution, Calls::Changes, "makes containers or machines run (ATT&CK T1610, T1525, T1578.002)")
    },
    Rule {
        list: Some(PrivilegeEscalation),
        ..rule(
            Execution,
            Calls::Changes,
            "runs code with the rights of a role (list privilege-escalation of policy_sentry)",
        )
    },
    Rule {
        services: "servicequotas ec2 ses sms-voice bedrock",
        verbs: "Request Create Put Set Update Verify",
        nouns: "ServiceQuotaIncrease EmailIdentity DomainIdentity DomainDkim EmailAddress AccountDetail AccountSending \
                SpendLimitOverride FoundationModelAgreement FoundationModelEntitlement UseCaseForModelAccess",
        ..rule(Execution, Calls::Changes, "uses more of the account's capacity (ATT&CK T1496)")
    },
    // Reconnaissance: reads about identities, permissions, detection and the account as a whole.
    Rule {
        services: "iam sso sso-directory identitystore organizations account rolesanywhere sts verifiedpermissions cloudtrail config \
                   guardduty securityhub macie macie2 access-analyzer detective inspector inspector2 securitylake auditmanager \
                   servicequotas resource-explorer-2 tag",
        ..rule(
            Reconnaissance,
            Calls::Reads,
            "reads about identities, detection or the account (ATT&CK T1087.004, T1069.003, T1526)",
        )
    },
    Rule {
        nouns: "Quota Limit AccountAttribute AccountSetting AccountSummary SendStatistic Account$ AccountSendingEnabled \
                FoundationModel ModelInvocationLogging CostAndUsage CostForecast InstanceAttribute",
        ..rule(Reconnaissance, Calls::Reads, "reads what the account has and may use (ATT&CK T1580, T1526)")
    },
    Rule {
        nouns: "Secret AccessKey Credential AccessEntry AccessPolicy",
        ..rule(
            Reconnaissance,
            Calls::Reads,
            "reads who has access, or where secrets are (ATT&CK T1069.003, T1087.004)",
        )
    },
];
