//! The population of a synthetic archive: accounts, principals of every identity type, and their habits.

use super::PLANTED_AFTER_DAYS;
use super::random::Random;

/// An API action.
#[derive(Clone, Copy, Debug)]
pub(super) struct Action {
    pub(super) source: &'static str,
    pub(super) name: &'static str,
    pub(super) read_only: bool,
}

const fn action(source: &'static str, name: &'static str, read_only: bool) -> Action {
    Action { source, name, read_only }
}

/// Everyday actions.
const HABITS: [Action; 20] = [
    action("s3.amazonaws.com", "GetObject", true),
    action("s3.amazonaws.com", "PutObject", false),
    action("s3.amazonaws.com", "ListObjects", true),
    action("s3.amazonaws.com", "HeadObject", true),
    action("ec2.amazonaws.com", "DescribeInstances", true),
    action("ec2.amazonaws.com", "DescribeSecurityGroups", true),
    action("ec2.amazonaws.com", "RunInstances", false),
    action("ec2.amazonaws.com", "TerminateInstances", false),
    action("sts.amazonaws.com", "AssumeRole", true),
    action("sts.amazonaws.com", "GetCallerIdentity", true),
    action("kms.amazonaws.com", "Decrypt", true),
    action("kms.amazonaws.com", "GenerateDataKey", true),
    action("logs.amazonaws.com", "CreateLogStream", false),
    action("logs.amazonaws.com", "DescribeLogGroups", true),
    action("dynamodb.amazonaws.com", "DescribeTable", true),
    action("lambda.amazonaws.com", "ListFunctions20150331", true),
    action("ecr.amazonaws.com", "GetAuthorizationToken", true),
    action("autoscaling.amazonaws.com", "DescribeAutoScalingGroups", true),
    action("ssm.amazonaws.com", "UpdateInstanceInformation", false),
    action("elasticloadbalancing.amazonaws.com", "DescribeTargetHealth", true),
];

/// Actions of an intruder, which are nobody's habit.
const PLANTED: [Action; 8] = [
    action("iam.amazonaws.com", "CreateAccessKey", false),
    action("iam.amazonaws.com", "AttachUserPolicy", false),
    action("cloudtrail.amazonaws.com", "StopLogging", false),
    action("secretsmanager.amazonaws.com", "GetSecretValue", true),
    action("ec2.amazonaws.com", "ModifySnapshotAttribute", false),
    action("s3.amazonaws.com", "PutBucketPolicy", false),
    action("ec2.amazonaws.com", "AuthorizeSecurityGroupIngress", false),
    action("iam.amazonaws.com", "ListUsers", true),
];

/// Kinds of `userIdentity`, by `type` and the fields that go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdentityType {
    Root,
    User,
    Role,
    SsoRole,
    ServiceLinkedRole,
    InstanceRole,
    Federated,
    WebIdentity,
    IdentityCenter,
    Service,
    ServiceEvent,
    OtherAccount,
    Anonymous,
}

/// One principal of the archive.
#[derive(Debug)]
pub(super) struct SynthPrincipal {
    pub(super) sort: IdentityType,
    pub(super) account: String,
    /// Name of the user, role or service.
    pub(super) name: String,
    /// Unique id.
    pub(super) id: String,
    /// Its principal under the default key.
    pub(super) key: String,
    /// Its habitual actions.
    pub(super) habits: Vec<Action>,
    /// Whether it appears only with a planted action.
    pub(super) late: bool,
}

/// A first-seen action that an analysis must find.
#[derive(Debug)]
pub(super) struct Planted {
    pub(super) principal: usize,
    pub(super) action: Action,
    pub(super) day: u32,
}

/// All accounts and principals of the archive.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) accounts: Vec<String>,
    pub(super) principals: Vec<SynthPrincipal>,
    pub(super) planted: Vec<Planted>,
}

impl Population {
    pub(super) fn new(random: &mut Random, days: u32) -> Self {
        // One account has leading zeros, which careless tools lose.
        let accounts: Vec<String> =
            ["000123456789", "111122223333", "444455556666"].map(String::from).to_vec();
        let mut principals = Vec::new();
        for account in &accounts {
            for (sort, name) in [
                (IdentityType::Root, "root"),
                (IdentityType::User, "alice"),
                (IdentityType::User, "ci/builder"),
                (IdentityType::Role, "team/ci/Deploy"),
                (IdentityType::Role, "app-api"),
                (IdentityType::Role, "data-pipeline"),
                (IdentityType::SsoRole, "AWSReservedSSO_AdministratorAccess_0123456789abcdef"),
                (IdentityType::ServiceLinkedRole, "AWSServiceRoleForAutoScaling"),
                (IdentityType::InstanceRole, "aws:ec2-instance"),
                (IdentityType::Federated, "broker"),
                (IdentityType::WebIdentity, "pipeline"),
                (IdentityType::IdentityCenter, "jo"),
                (IdentityType::Service, "autoscaling.amazonaws.com"),
                (IdentityType::ServiceEvent, "rds.amazonaws.com"),
                (IdentityType::OtherAccount, "auditor"),
                (IdentityType::Anonymous, ""),
            ] {
                principals.push(SynthPrincipal::new(sort, account, name, random));
            }
        }
        let mut planted = Vec::new();
        if days > PLANTED_AFTER_DAYS + 1 {
            for action in PLANTED {
                let actors: Vec<usize> = (0..principals.len())
                    .filter(|index| {
                        matches!(
                            principals[*index].sort,
                            IdentityType::Root
                                | IdentityType::User
                                | IdentityType::Role
                                | IdentityType::SsoRole
                        )
                    })
                    .collect();
                let principal = actors[random.below(actors.len())];
                let day = PLANTED_AFTER_DAYS + random.below((days - PLANTED_AFTER_DAYS) as usize) as u32;
                planted.push(Planted { principal, action, day });
            }
            let mut backdoor = SynthPrincipal::new(IdentityType::User, &accounts[1], "backup-svc", random);
            backdoor.late = true;
            let day = days - 1;
            planted.push(Planted { principal: principals.len(), action: PLANTED[7], day });
            principals.push(backdoor);
        }
        Self { accounts, principals, planted }
    }

    /// A random principal of this account.
    pub(super) fn someone(&self, account: &str, random: &mut Random) -> &SynthPrincipal {
        let here: Vec<&SynthPrincipal> =
            self.principals.iter().filter(|who| who.account == account && !who.late).collect();
        random.pick(&here)
    }
}

impl SynthPrincipal {
    fn new(sort: IdentityType, account: &str, name: &str, random: &mut Random) -> Self {
        const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let prefix =
            if matches!(sort, IdentityType::User | IdentityType::IdentityCenter) { "AIDA" } else { "AROA" };
        let id = format!("{prefix}{}", random.text(UPPER, 17));
        let iam = format!("arn:aws:iam::{account}");
        let key = match sort {
            IdentityType::Root => format!("{iam}:root"),
            IdentityType::User => format!("{iam}:user/{name}"),
            IdentityType::Role | IdentityType::InstanceRole => format!("{iam}:role/{name}"),
            IdentityType::SsoRole => format!("{iam}:role/aws-reserved/sso.amazonaws.com/{name}"),
            IdentityType::ServiceLinkedRole => {
                format!("{iam}:role/aws-service-role/autoscaling.amazonaws.com/{name}")
            }
            IdentityType::Federated => format!("arn:aws:sts::{account}:federated-user/{name}"),
            IdentityType::WebIdentity => {
                format!("arn:aws:iam::{account}:oidc-provider/example.com:app:{name}")
            }
            IdentityType::IdentityCenter | IdentityType::OtherAccount => id.clone(),
            IdentityType::Service | IdentityType::ServiceEvent => name.to_owned(),
            IdentityType::Anonymous => "AWSAccount".to_owned(),
        };
        let habits = (0..3 + random.below(5)).map(|_| HABITS[random.below(HABITS.len())]).collect();
        Self { sort, account: account.to_owned(), name: name.to_owned(), id, key, habits, late: false }
    }

    /// One of its habitual actions; the first ones are the most frequent.
    pub(super) fn habit(&self, random: &mut Random) -> Action {
        let bound = 1 + random.below(self.habits.len());
        self.habits[random.below(bound)]
    }
}
