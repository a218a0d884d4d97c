//! Families of principals: roles or users of the same name, whatever their account, environment, Region or random suffix.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::model::{
    Arn, ObservedPrincipal, PrincipalKind, is_account_id, last_part, service_account_parts, without_cluster,
};

/// Words for the environments of a deployment.
const ENVIRONMENTS: [&str; 15] = [
    "dev",
    "test",
    "tst",
    "stage",
    "staging",
    "stg",
    "prod",
    "production",
    "prd",
    "qa",
    "uat",
    "sandbox",
    "sbx",
    "int",
    "preprod",
];

/// The first part of Region names (`us-east-1`), which may carry a digit in names made for a Region (`eu1`).
const REGION_AREAS: [&str; 11] = ["us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "eusc"];

/// What follows an area in the Regions of partitions of their own (`us-gov-west-1`).
const PARTITION_AREAS: [(&str, &str); 6] =
    [("us", "gov"), ("us", "iso"), ("us", "isob"), ("us", "isof"), ("eu", "isoe"), ("eusc", "de")];

/// The second part of Region names, which may carry a digit, too.
const COMPASS: [&str; 9] =
    ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "central"];

/// The family of a principal: the name of its role or user without numbers, environments, Regions and random parts; of a service account
/// of a cluster namespace and name without these. Other principals are named as they are, services without account numbers.
pub(super) fn family(who: &ObservedPrincipal) -> String {
    let key = who.arn.as_deref().unwrap_or(&who.key);
    if let Some((what, name)) = named_identity(key) {
        return format!("{what}/{}", essence(name));
    }
    let name = without_cluster(key);
    if let Some((namespace, account)) = service_account_parts(name) {
        return format!("{} {}:{}", who.kind.name(), essence(namespace), essence(account));
    }
    if let Some(source) = source_of_subject(name) {
        return format!("{} {source}", who.kind.name());
    }
    let name =
        if who.kind == PrincipalKind::Service { without_account_ids(name) } else { Cow::Borrowed(name) };
    format!("{} {name}", who.kind.name())
}

/// Type and name of a role, user or session in an ARN; of a session the name of its role.
fn named_identity(key: &str) -> Option<(&str, &str)> {
    let arn = Arn::of_principal(key)?;
    if let Some((role, _)) = arn.assumed_role() {
        return Some(("role", last_part(role)));
    }
    let (what, path) = arn.typed_resource()?;
    let is_identity =
        ["role", "user", "federated-user"].contains(&what) && ["iam", "sts"].contains(&arn.service);
    is_identity.then(|| (what, last_part(path)))
}

/// The provider, audience and repository or project of a subject that a pipeline has by its branch, tag or environment:
/// `…:repo:ORGANISATION/NAME:ref:refs/heads/main` of GitHub, `…:project_path:GROUP/NAME:ref_type:branch:ref:main` of GitLab.
fn source_of_subject(key: &str) -> Option<&str> {
    let (_, identity) = Arn::parse(key)?.typed_resource().filter(|(what, _)| *what == "oidc-provider")?;
    let colons: Vec<usize> = identity.match_indices(':').map(|(at, _)| at).take(4).collect();
    let [_, subject, _, end] = colons[..] else { return None };
    let is_of_pipeline = |what: &&str| identity[subject + 1..].starts_with(*what);
    ["repo:", "project_path:"].iter().any(is_of_pipeline).then(|| &identity[..end])
}

/// A name without its parts that differ between deployments. One that has no others is its own.
fn essence(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut area = None;
    let mut before = "";
    for (index, part) in name.split(['-', '_', '.']).enumerate() {
        if area.is_some_and(|area| continues_region(area, part)) {
            continue;
        }
        area = Some(part).filter(|part| is_region_area(part));
        if !is_incidental(part) && !is_generated(index, before, part) {
            parts.push(without_number_of_request(without_hash(part)));
        }
        before = part;
    }
    if parts.iter().all(|part| part.is_empty()) { name.to_owned() } else { parts.join("-") }
}

/// Whether a part of a name tells deployments apart, not purposes.
fn is_incidental(part: &str) -> bool {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_environment = ENVIRONMENTS.iter().any(|word| part.eq_ignore_ascii_case(word));
    is_number || is_environment || is_region_area(part) || is_random(part)
}

fn is_region_area(part: &str) -> bool {
    REGION_AREAS.iter().any(|area| without_digit(part).eq_ignore_ascii_case(area))
}

/// Whether a part that comes after an area belongs to the name of the same Region.
fn continues_region(area: &str, part: &str) -> bool {
    let is_partition =
        |(of, next): &(&str, &str)| area.eq_ignore_ascii_case(of) && part.eq_ignore_ascii_case(next);
    COMPASS.iter().any(|word| without_digit(part).eq_ignore_ascii_case(word))
        || PARTITION_AREAS.iter().any(is_partition)
}

fn without_digit(part: &str) -> &str {
    part.strip_suffix(|last: char| last.is_ascii_digit()).unwrap_or(part)
}

/// Whether a part looks like a random id: hexadecimal digits, or capitals and digits.
fn is_random(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    let is_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_capital = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z'));
    let is_short_id = part.len() >= 4 && has_digit && (is_hex || is_capital);
    is_short_id || part.len() >= 8 && is_hex || part.len() >= 10 && is_capital
}

/// How long the suffix of a resource is that CloudFormation names.
const STACK_SUFFIX: RangeInclusive<usize> = 12..=13;

/// Whether a part of a name is random because of where it is: what CloudFormation adds to the names of a stack and of a resource in it
/// (`STACK-RESOURCE-kVwdrSDT60ET`), and Lambda's console to that of a function (`FUNCTION-role-x8f2kq1z`).
fn is_generated(index: usize, before: &str, part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.bytes().any(|byte| is(&byte));
    let has_digit = has(u8::is_ascii_digit);
    let is_alphanumeric = part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let of_function = before == "role" && part.len() == 8 && has_digit && !has(u8::is_ascii_uppercase);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let least = if has_digit { 3 } else { 4 };
    let of_stack =
        index >= 2 && STACK_SUFFIX.contains(&part.len()) && is_mixed && changes_of_case(part) >= least;
    is_alphanumeric && (of_function || of_stack)
}

/// How often capitals, small letters and digits follow each other, but for words that begin with a capital: many times in a random text.
fn changes_of_case(text: &str) -> usize {
    let class = |byte: &u8| match byte {
        b'A'..=b'Z' => 0,
        b'a'..=b'z' => 1,
        _ => 2,
    };
    let classes: Vec<u8> = text.as_bytes().iter().map(class).collect();
    let is_change = |at: &usize| {
        let begins_word = classes[*at - 1] == 0 && classes[*at] == 1 && (*at < 2 || classes[*at - 2] != 0);
        classes[*at - 1] != classes[*at] && !begins_word
    };
    (1..classes.len()).filter(is_change).count()
}

/// A part of a name without the eight hexadecimal digits that the CDK adds to the name of a resource (`HandlerServiceRole87580313`). What
/// is before them has capitals and small letters: numbers of people and accounts are no hashes.
fn without_hash(part: &str) -> &str {
    let Some((word, hash)) = part.len().checked_sub(8).and_then(|at| part.split_at_checked(at)) else {
        return part;
    };
    let is_hash = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
        && hash.bytes().any(|byte| byte.is_ascii_digit());
    let has = |is: fn(char) -> bool| word.contains(is);
    let is_word = word.ends_with(|last: char| last.is_ascii_alphabetic())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_uppercase());
    if is_hash && is_word { word } else { part }
}

/// `pr` of `pr1234`: previews of a pull request or merge request.
fn without_number_of_request(part: &str) -> &str {
    let word = part.trim_end_matches(|last: char| last.is_ascii_digit());
    if ["pr", "mr"].iter().any(|request| word.eq_ignore_ascii_case(request)) { word } else { part }
}

/// A text with its runs of twelve digits replaced by `#`.
fn without_account_ids(text: &str) -> Cow<'_, str> {
    if !text.split(|c: char| !c.is_ascii_digit()).any(is_account_id) {
        return Cow::Borrowed(text);
    }
    let parts = text.split_inclusive(|c: char| !c.is_ascii_digit());
    let replaced = parts.map(|part| match part.strip_suffix(|c: char| !c.is_ascii_digit()) {
        Some(digits) if is_account_id(digits) => format!("#{}", &part[digits.len()..]),
        None if is_account_id(part) => "#".to_owned(),
        _ => part.to_owned(),
    });
    Cow::Owned(replaced.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family_of(kind: PrincipalKind, key: &str) -> String {
        family(&ObservedPrincipal { account: "111122223333".into(), key: key.into(), kind, arn: None })
    }

    #[test]
    fn roles_of_one_purpose_are_one_family_in_all_accounts() {
        for name in
            ["app/deploy-prod-eu1", "deploy-dev", "deploy-111122223333", "deploy_0a1b2c3d", "deploy-X7Q2K9"]
        {
            let key = format!("arn:aws:iam::444455556666:role/{name}");
            assert_eq!(family_of(PrincipalKind::Role, &key), "role/deploy", "{name}");
        }
        let session = "arn:aws:sts::111122223333:assumed-role/deploy-test/jo";
        assert_eq!(family_of(PrincipalKind::Role, session), "role/deploy");
        let cluster = "k8s:prod/arn:aws:iam::111122223333:role/deploy";
        assert_eq!(family_of(PrincipalKind::K8sIam, cluster), "role/deploy");
    }

    #[test]
    fn regions_tell_deployments_apart_as_a_whole() {
        for region in [
            "us-east-1",
            "eu-west-1",
            "ap-southeast-2",
            "EU-Central-1",
            "il-central-1",
            "mx-central-1",
            "cn-northwest-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "eu-isoe-west-1",
            "eusc-de-east-1",
            "US",
        ] {
            for name in [format!("deploy-{region}"), format!("{region}-deploy")] {
                let key = format!("arn:aws:iam::444455556666:role/{name}");
                assert_eq!(family_of(PrincipalKind::Role, &key), "role/deploy", "{name}");
            }
        }
        // Compass words and others mean something else by themselves.
        for name in ["west-wing", "gov-portal", "north-us", "us-reader-east"] {
            let key = format!("arn:aws:iam::444455556666:role/{name}");
            let expected = name.replace("us-", "").replace("-us", "");
            assert_eq!(family_of(PrincipalKind::Role, &key), format!("role/{expected}"));
        }
    }

    #[test]
    fn a_name_of_which_nothing_is_left_is_its_own_family() {
        for name in ["12345678", "prod", "dev-eu-west-1", "-prod-", "_", "0a1b2c3d"] {
            let key = format!("arn:aws:iam::444455556666:role/{name}");
            assert_eq!(family_of(PrincipalKind::Role, &key), format!("role/{name}"));
        }
    }

    #[test]
    fn what_is_made_for_each_deployment_is_one_family() {
        for (names, family) in [
            (["Shop-HandlerRole-kVwdrSDT60ET", "Shop-HandlerRole-Ab3dEf9hIjKlM"], "Shop-HandlerRole"),
            (
                ["Shop-HandlerServiceRole87580313-QsKxWrTbNvZy", "Shop-HandlerServiceRoleA1B2C3D4"],
                "Shop-HandlerServiceRole",
            ),
            (["resize-role-x8f2kq1z", "resize-role-q0w9e8r7"], "resize-role"),
            (["pr-1234-api", "pr77-api"], "pr-api"),
        ] {
            for name in names {
                let key = format!("arn:aws:iam::444455556666:role/service-role/{name}");
                assert_eq!(family_of(PrincipalKind::Role, &key), format!("role/{family}"), "{name}");
            }
        }
        for name in [
            "Shop-Role-AWSBackupRole",
            "Shop-Role-IAMRoleForEC",
            "Shop-ServiceRole1",
            "Shop-Deploy-ServiceRole12",
            "user12345678",
            "A12345678",
            "data-role-database",
            "mapper-role-Reader12",
            "prd1-x",
            "apr12",
        ] {
            let key = format!("arn:aws:iam::444455556666:role/{name}");
            assert_eq!(family_of(PrincipalKind::Role, &key), format!("role/{name}"));
        }
    }

    #[test]
    fn pipelines_of_one_repository_are_one_family() {
        let family_of = |account: &str, subject: &str| {
            let provider = "oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com";
            family_of(PrincipalKind::Federated, &format!("arn:aws:iam::{account}:{provider}:{subject}"))
        };
        let main = family_of("111122223333", "repo:octo-org/fork:ref:refs/heads/main");
        assert_eq!(main, family_of("444455556666", "repo:octo-org/fork:environment:prod"));
        assert_ne!(main, family_of("111122223333", "repo:octo-org/other:ref:refs/heads/main"));
        let of_pod = family_of("111122223333", "system:serviceaccount:shop:cart");
        assert!(of_pod.ends_with("system:serviceaccount:shop:cart"), "{of_pod}");
    }

    #[test]
    fn words_are_not_taken_for_random_ids() {
        for name in ["deadbeef-reader", "AUDIT", "team7", "face"] {
            let key = format!("arn:aws:iam::444455556666:user/{name}");
            let expected =
                if name.starts_with("dead") { "user/reader".to_owned() } else { format!("user/{name}") };
            assert_eq!(family_of(PrincipalKind::User, &key), expected);
        }
    }

    #[test]
    fn other_principals_are_named_as_they_are() {
        let service = family_of(PrincipalKind::Service, "config.amazonaws.com/111122223333");
        assert_eq!(service, "service config.amazonaws.com/#");
        let pod = family_of(PrincipalKind::K8sServiceAccount, "k8s:prod/system:serviceaccount:shop:cart");
        assert_eq!(pod, "k8s-service-account shop:cart");
        let node = family_of(PrincipalKind::K8sNode, "k8s:prod/system:node:n1");
        assert_eq!(node, "k8s-node system:node:n1");
    }

    #[test]
    fn service_accounts_of_one_purpose_are_one_family() {
        for name in ["spark:job-1e7b456b", "spark:job-0a1b2c3d", "spark-dev:job-prod-77"] {
            let key = format!("k8s:prod/system:serviceaccount:{name}");
            assert_eq!(family_of(PrincipalKind::K8sServiceAccount, &key), "k8s-service-account spark:job");
        }
    }
}
