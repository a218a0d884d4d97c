//! Kubernetes audit events: the fast path, which walks the keys and skips unused values.
//!
//! Collectors replace dots in names by `_` (Elastic Agent, Fluent Bit), so names of annotations and of `extra` are read in both forms.
//!
//! As with CloudTrail records, anything unusual in a used value ends the walk, and the event goes to the
//! fallback reader.

use super::walk::{FirstAndLast, NeedsFallback, Scanner, Walk};
use crate::event::{AuditRecord, KubernetesUser, Login, ObjectRef};

/// The beginning of every event from the API server. Tools that rewrite events may have another key order.
const USUAL_START: &str = r#"{"kind":"Event","#;

/// Whether an object begins like an event from the API server.
#[inline]
pub(in crate::decode) fn begins_as_usual(text: &str) -> bool {
    text.starts_with(USUAL_START)
}

/// An event, as it was read.
#[derive(Debug)]
pub(in crate::decode) struct ReadEvent<'a> {
    pub(in crate::decode) record: AuditRecord<'a>,
    /// The position after its `}`.
    pub(in crate::decode) end: usize,
    /// Whether it has no members but those that the API server writes. Collectors add others.
    pub(in crate::decode) is_plain: bool,
}

/// Reads the event that begins with the `{` at `start`.
pub(in crate::decode) fn record(text: &str, start: usize) -> Walk<ReadEvent<'_>> {
    let mut record = AuditRecord::default();
    let mut is_plain = true;
    let mut scanner = Scanner::new(text, start);
    scanner.object_or_other(|scanner, key| {
        match key {
            "auditID" => record.audit_id = scanner.text()?,
            "stage" => record.stage = scanner.text()?,
            "verb" => record.verb = scanner.text()?,
            "requestURI" => record.request_uri = scanner.text()?,
            "user" => record.user = scanner.user()?,
            "impersonatedUser" => record.impersonated = scanner.only_object(Scanner::user)?,
            "sourceIPs" => {
                let FirstAndLast { first, last } = scanner.first_and_last()?;
                (record.first_address, record.source_ip) = (first, last);
            }
            "userAgent" => record.user_agent = scanner.text()?,
            "objectRef" => record.object = scanner.only_object(Scanner::object_ref)?,
            "responseStatus" => {
                (record.code, record.status, record.reason) = scanner.only_object(Scanner::status)?;
            }
            "requestReceivedTimestamp" => record.received = scanner.text()?,
            "stageTimestamp" => record.stage_time = scanner.text()?,
            "timestamp" => record.timestamp = scanner.text()?,
            "annotations" => (record.decision, record.login) = scanner.annotations()?,
            "kind"
            | "apiVersion"
            | "level"
            | "requestObject"
            | "responseObject"
            | "metadata"
            | "authenticationMetadata" => scanner.skip()?,
            _ if is_flattened(key) => return Err(NeedsFallback),
            _ => {
                is_plain = false;
                scanner.skip()?;
            }
        }
        Ok(())
    })?;
    Ok(ReadEvent { record, end: scanner.at, is_plain })
}

/// Members of an event whose parts decide who did what with which result. Without one of them, the event would say something else: that
/// nobody acted or the real user, that a path was requested, or that it succeeded.
const PARTS: [(&str, &[&str]); 4] = [
    ("user", &["username"]),
    ("impersonatedUser", &["username"]),
    ("objectRef", &["resource"]),
    ("responseStatus", &["code", "status"]),
];

/// How many parts there are.
pub(in crate::decode) const PART_COUNT: usize = PARTS.len();

/// Which of the parts has this name as a whole.
pub(in crate::decode) fn part(key: &str) -> Option<usize> {
    PARTS.iter().position(|(name, _)| key == *name)
}

/// Which of the parts is flattened if there is a member of this name, such as `objectRef.resource` or `object_ref_resource`.
pub(in crate::decode) fn part_of(key: &str) -> Option<usize> {
    let letters = || key.bytes().filter(u8::is_ascii_alphanumeric);
    PARTS.iter().position(|(name, members)| {
        let is_it = |member: &&str| {
            let known = name.bytes().chain(member.bytes());
            letters().map(|byte| byte.to_ascii_lowercase()).eq(known.map(|byte| byte.to_ascii_lowercase()))
        };
        key.len() > name.len() && members.iter().any(is_it)
    })
}

/// Whether a member that is not read is a flattened part of the event. Nearly all begin with another letter.
fn is_flattened(key: &str) -> bool {
    matches!(key.as_bytes().first(), Some(b'i' | b'I' | b'o' | b'O' | b'r' | b'R')) && part_of(key).is_some()
}

/// The code of a response: a number, or the text of one.
pub(super) fn status_code(number: &str) -> Option<u16> {
    let whole = || whole_code(number.parse().ok()?);
    number.parse().ok().or_else(whole).filter(|code| *code > 0)
}

/// A code that was written as a number with a fraction, which is 0.
pub(super) fn whole_code(number: f64) -> Option<u16> {
    let is_code = number.fract() == 0.0 && (1.0..=f64::from(u16::MAX)).contains(&number);
    // It is in range, and whole.
    is_code.then_some(number as u16)
}

/// The audit id in a truncated text, which helps to find the event elsewhere.
pub(in crate::decode) fn audit_id_of_cut(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\"auditID\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (id, _) = rest.split_once('"')?;
    (id.len() <= 64).then_some(id)
}

impl<'a> Scanner<'a> {
    /// Reads an object, if it is one or there is nothing. In another form it needs to be examined.
    fn only_object<T: Default>(&mut self, read: fn(&mut Self) -> Walk<T>) -> Walk<T> {
        let start = self.at;
        if self.peek() == Some(b'{') {
            return read(self);
        }
        self.skip()?;
        let is_nothing = matches!(&self.text[start..self.at], "null" | "[]" | "\"\"");
        if is_nothing { Ok(T::default()) } else { Err(NeedsFallback) }
    }

    fn user(&mut self) -> Walk<KubernetesUser<'a>> {
        let mut user = KubernetesUser::default();
        self.object_or_other(|scanner, key| {
            match key {
                "username" => user.username = scanner.text()?,
                "uid" => user.uid = scanner.text()?,
                "extra" => scanner.extra(&mut user)?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(user)
    }

    fn extra(&mut self, user: &mut KubernetesUser<'a>) -> Walk<()> {
        let KubernetesUser { username, uid, .. } = *user;
        *user = KubernetesUser { username, uid, ..KubernetesUser::default() };
        self.object_or_other(|scanner, key| {
            match key {
                "arn" => user.arn = scanner.first_and_last()?.first,
                "canonicalArn" => user.canonical_arn = scanner.first_and_last()?.first,
                "sessionName" => user.session_name = scanner.first_and_last()?.first,
                "accessKeyId" => user.access_key_id = scanner.first_and_last()?.first,
                "principalId"
                | "sigs.k8s.io/aws-iam-authenticator/principalId"
                | "sigs_k8s_io/aws-iam-authenticator/principalId" => {
                    user.principal_id = scanner.first_and_last()?.first;
                }
                "authentication.kubernetes.io/pod-name" | "authentication_kubernetes_io/pod-name" => {
                    user.pod_name = scanner.first_and_last()?.first;
                }
                _ => scanner.skip()?,
            }
            Ok(())
        })
    }

    fn object_ref(&mut self) -> Walk<ObjectRef<'a>> {
        let mut object = ObjectRef::default();
        self.object_or_other(|scanner, key| {
            match key {
                "resource" => object.resource = scanner.text()?,
                "subresource" => object.subresource = scanner.text()?,
                "apiGroup" => object.api_group = scanner.text()?,
                "namespace" => object.namespace = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(object)
    }

    fn status(&mut self) -> Walk<(Option<u16>, Option<&'a str>, Option<&'a str>)> {
        let (mut code, mut status, mut reason) = (None, None, None);
        self.object_or_other(|scanner, key| {
            match key {
                "code" => {
                    let start = scanner.at;
                    let text = scanner.text()?;
                    code = status_code(text.unwrap_or(&scanner.text[start..scanner.at]));
                }
                "status" => status = scanner.text()?,
                "reason" => reason = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok((code, status, reason))
    }

    fn annotations(&mut self) -> Walk<(Option<&'a str>, Login<'a>)> {
        let (mut decision, mut login) = (None, Login::default());
        self.object_or_other(|scanner, key| {
            match key {
                "authorization.k8s.io/decision" | "authorization_k8s_io/decision" => {
                    decision = scanner.text()?
                }
                "authentication.openshift.io/decision" | "authentication_openshift_io/decision" => {
                    login.decision = scanner.text()?
                }
                "authentication.openshift.io/username" | "authentication_openshift_io/username" => {
                    login.username = scanner.text()?
                }
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok((decision, login))
    }
}
