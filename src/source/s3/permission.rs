//! Which permission is missing, from what S3 answers.

use crate::coverage::FaultKind;
use crate::source::{Permission, ReadError, S3Problem, S3ProblemKind};

impl Permission {
    /// What lists a bucket.
    pub(super) fn to_list(bucket: String) -> Self {
        Self { action: "s3:ListBucket", resource: Some(bucket) }
    }

    /// What is missing if a bucket cannot be listed for this reason.
    pub(super) fn of_problem(problem: &S3Problem, bucket: String, roles: &[String]) -> Option<Self> {
        match (problem.kind, roles) {
            (S3ProblemKind::AccessDenied, _) => Some(Self::to_list(bucket)),
            // Which one of a chain was refused, only its owner knows.
            (S3ProblemKind::Role, [role]) => {
                Some(Self { action: "sts:AssumeRole", resource: Some(role.clone()) })
            }
            (S3ProblemKind::Role, _) => Some(Self { action: "sts:AssumeRole", resource: None }),
            _ => None,
        }
    }

    /// What is missing if an object below `objects` cannot be read for this reason.
    pub(super) fn of_object(error: &ReadError, objects: String) -> Option<Self> {
        match error.kind {
            FaultKind::AccessDenied => Some(Self { action: "s3:GetObject", resource: Some(objects) }),
            FaultKind::KmsDenied => Some(Self { action: "kms:Decrypt", resource: key_in(&error.detail) }),
            _ => None,
        }
    }
}

/// The ARN of a KMS key in a text.
fn key_in(text: &str) -> Option<String> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || ":/_-".contains(c));
    let words = text.split(is_end).map(|word| word.trim_end_matches([':', '-', '/']));
    words
        .filter(|word| word.starts_with("arn:aws"))
        .find(|word| word.split(':').nth(2) == Some("kms"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_in_the_text_of_a_refusal() {
        let key = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        let text = format!(
            "AccessDenied: User: arn:aws:sts::111122223333:assumed-role/x/y is not authorized to perform: kms:Decrypt on resource: \
             {key} because no identity-based policy allows it"
        );
        assert_eq!(key_in(&text).as_deref(), Some(key));
        assert_eq!(key_in("kms:Decrypt denied"), None);
    }

    #[test]
    fn a_refusal_names_the_permission() {
        let problem = |kind| S3Problem { kind, detail: String::new() };
        let of = |kind, roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
            Permission::of_problem(&problem(kind), "arn:aws:s3:::b".to_owned(), &roles)
                .map(|permission| (permission.action, permission.resource))
        };
        let bucket = || Some("arn:aws:s3:::b".to_owned());
        assert_eq!(of(S3ProblemKind::AccessDenied, &[]), Some(("s3:ListBucket", bucket())));
        assert_eq!(of(S3ProblemKind::Role, &["r"]), Some(("sts:AssumeRole", Some("r".to_owned()))));
        assert_eq!(of(S3ProblemKind::Role, &["r", "s"]), Some(("sts:AssumeRole", None)));
        assert_eq!(of(S3ProblemKind::NoBucket, &[]), None);
    }
}
