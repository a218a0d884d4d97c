//! Renders one call as a CloudTrail record, with the keys in CloudTrail's order.

use super::population::{Action, IdentityType, SynthPrincipal};
use super::random::Random;
use crate::time::Timestamp;

/// Regions with activity.
pub(super) const REGIONS: [&str; 3] = ["us-east-1", "eu-west-1", "ap-southeast-2"];
const AGENTS: [&str; 4] = [
    "aws-cli/2.15.30 Python/3.11.8 Linux/6.1.0 exe/x86_64",
    "Boto3/1.34.64 md/Botocore#1.34.64 ua/2.0 os/linux#5.10.0 md/arch#x86_64 lang/python#3.11.6",
    "aws-sdk-go-v2/1.26.0 os/linux lang/go#1.22.1 md/GOOS#linux md/GOARCH#amd64 api/s3#1.53.0",
    "[Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0 Safari/537.36]",
];

/// An action with its time and region.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) action: Action,
    pub(super) time: Timestamp,
    pub(super) region: &'a str,
    pub(super) fails: bool,
}

/// A record's JSON text and its event id.
#[derive(Clone)]
pub(super) struct Rendered {
    pub(super) json: String,
    pub(super) event_id: String,
}

/// Renders the record of one call.
pub(super) fn render(who: &SynthPrincipal, call: &Call<'_>, random: &mut Random) -> Rendered {
    let Call { action, time, region, fails } = call;
    let event_id = random.uuid();
    let request_id = random.uuid();
    let identity = identity(who, *time, random);
    let by_service = matches!(who.sort, IdentityType::Service | IdentityType::ServiceEvent);
    let (ip, agent) = if by_service {
        (who.name.clone(), who.name.clone())
    } else {
        let ip = format!("198.51.100.{}", random.below(254) + 1);
        (ip, random.pick(&AGENTS).to_owned())
    };
    let error = if *fails {
        format!(
            r#""errorCode":"AccessDenied","errorMessage":"User is not authorized to perform: {}","#,
            action.name
        )
    } else {
        String::new()
    };
    let parameters = parameters(action, random);
    let response = if action.read_only || *fails {
        "null".to_owned()
    } else {
        format!(r#"{{"requestId":"{request_id}","_return":true}}"#)
    };
    let (account, source, name, read_only) = (&who.account, action.source, action.name, action.read_only);
    let json = format!(
        r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"{time}","eventSource":"{source}","eventName":"{name}","awsRegion":"{region}","sourceIPAddress":"{ip}","userAgent":"{agent}",{error}"requestParameters":{parameters},"responseElements":{response},"requestID":"{request_id}","eventID":"{event_id}","readOnly":{read_only},"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management","tlsDetails":{{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_128_GCM_SHA256","clientProvidedHostHeader":"{source}"}}}}"#
    );
    Rendered { json, event_id }
}

fn parameters(action: &Action, random: &mut Random) -> String {
    const HEX: &str = "0123456789abcdef";
    let token = random.text(HEX, 64);
    let target = random.text(HEX, 17);
    let service = action.source.split('.').next().unwrap_or_default();
    let policy = if random.one_in(4) {
        r#","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:*\"],\"Resource\":\"*\"}]}""#
    } else {
        ""
    };
    format!(
        r#"{{"resource":"{service}-{target}","filterSet":{{"items":[{{"name":"tag:Name","valueSet":{{"items":[{{"value":"prod [blue]"}}]}}}}]}},"clientToken":"{token}"{policy}}}"#
    )
}

fn identity(who: &SynthPrincipal, time: Timestamp, random: &mut Random) -> String {
    const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let SynthPrincipal { account, name, id, key, .. } = who;
    let access_key = format!("ASIA{}", random.text(UPPER, 16));
    let short = name.rsplit('/').next().unwrap_or(name);
    let attributes = format!(r#""attributes":{{"creationDate":"{time}","mfaAuthenticated":"false"}}"#);
    let role = |id: &str, principal_id: &str, session: &str| {
        format!(
            r#"{{"type":"AssumedRole","principalId":"{principal_id}:{session}","arn":"arn:aws:sts::{account}:assumed-role/{short}/{session}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"{id}","arn":"{key}","accountId":"{account}","userName":"{short}"}},{attributes}}}}}"#
        )
    };
    match who.sort {
        IdentityType::Root => format!(
            r#"{{"type":"Root","principalId":"{account}","arn":"{key}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"sessionIssuer":{{}},"webIdFederationData":{{}},{attributes}}}}}"#
        ),
        IdentityType::User => format!(
            r#"{{"type":"IAMUser","principalId":"{id}","arn":"{key}","accountId":"{account}","accessKeyId":"AKIA{}","userName":"{short}"}}"#,
            &id[4..20]
        ),
        IdentityType::Role | IdentityType::ServiceLinkedRole => role(id, id, "session-1"),
        IdentityType::SsoRole => role(id, id, "jo@example.org"),
        IdentityType::InstanceRole => {
            let instance = format!("{account}:aws:ec2-instance");
            role(&instance, &instance, "i-0123456789abcdef0")
        }
        IdentityType::Federated => format!(
            r#"{{"type":"FederatedUser","principalId":"{account}:{name}","arn":"{key}","accountId":"{account}","accessKeyId":"{access_key}","sessionContext":{{"sessionIssuer":{{"type":"IAMUser","principalId":"{id}","arn":"arn:aws:iam::{account}:user/issuer","accountId":"{account}","userName":"issuer"}},{attributes}}}}}"#
        ),
        IdentityType::WebIdentity => format!(
            r#"{{"type":"WebIdentityUser","principalId":"{key}","userName":"{name}","identityProvider":"example.com"}}"#
        ),
        IdentityType::IdentityCenter => format!(
            r#"{{"type":"IdentityCenterUser","accountId":"{account}","onBehalfOf":{{"userId":"{id}","identityStoreArn":"arn:aws:identitystore::{account}:identitystore/d-1234567890"}},"credentialId":"{}"}}"#,
            random.uuid()
        ),
        IdentityType::Service => format!(r#"{{"type":"AWSService","invokedBy":"{name}"}}"#),
        IdentityType::ServiceEvent => format!(r#"{{"accountId":"{account}","invokedBy":"{name}"}}"#),
        IdentityType::OtherAccount => {
            format!(r#"{{"type":"AWSAccount","principalId":"{id}:{name}","accountId":"777788889999"}}"#)
        }
        IdentityType::Anonymous => {
            r#"{"type":"AWSAccount","principalId":"","accountId":"anonymous"}"#.to_owned()
        }
    }
}
