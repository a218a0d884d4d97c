//! Families of principals: roles or users of the same name, whatever their account, environment, Region or random suffix.

use std::borrow::Cow;

use crate::model::{Arn, ObservedPrincipal, PrincipalKind, is_account_id, last_part, without_cluster};

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
const REGION_AREAS: [&str; 7] = ["us", "eu", "ap", "sa", "ca", "me", "af"];

/// The family of a principal: the name of its role or user without numbers, environments, Regions and random parts. Other
/// principals are named as they are, services without account numbers.
pub(super) fn family(who: &ObservedPrincipal) -> String {
    let key = who.arn.as_deref().unwrap_or(&who.key);
    if let Some((what, name)) = named_identity(key) {
        return format!("{what}/{}", essence(name));
    }
    let name = without_cluster(key);
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

/// A name without its parts that differ between deployments.
fn essence(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !is_incidental(part)).collect();
    parts.join("-")
}

/// Whether a part of a name tells deployments apart, not purposes.
fn is_incidental(part: &str) -> bool {
    let is_number = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_environment = ENVIRONMENTS.iter().any(|word| part.eq_ignore_ascii_case(word));
    is_number || is_environment || is_region_area(part) || is_random(part)
}

fn is_region_area(part: &str) -> bool {
    let area = part.strip_suffix(|last: char| last.is_ascii_digit()).unwrap_or(part);
    REGION_AREAS.contains(&area)
}

/// Whether a part looks like a random id: hexadecimal digits, or capitals and digits.
fn is_random(part: &str) -> bool {
    let has_digit = part.bytes().any(|byte| byte.is_ascii_digit());
    let is_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_capital = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'Z'));
    let is_short_id = part.len() >= 4 && has_digit && (is_hex || is_capital);
    is_short_id || part.len() >= 8 && is_hex || part.len() >= 10 && is_capital
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
        assert_eq!(pod, "k8s-service-account system:serviceaccount:shop:cart");
    }
}
