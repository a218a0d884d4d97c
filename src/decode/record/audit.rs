//! Kubernetes audit events: the fast path, which walks the keys and skips unused values.
//!
//! As with CloudTrail records, anything unusual in a used value ends the walk, and the event goes to the
//! fallback reader.

use super::walk::{Scanner, Walk};
use crate::event::{AuditRecord, KubernetesUser, ObjectRef};

/// The beginning of every event from the API server. Tools that rewrite events may have another key order.
const USUAL_START: &str = r#"{"kind":"Event","#;

/// Whether an object begins like an event from the API server.
#[inline]
pub(in crate::decode) fn begins_as_usual(text: &str) -> bool {
    text.starts_with(USUAL_START)
}

/// Reads the event that begins with the `{` at `start`; returns it and the position after its `}`.
pub(in crate::decode) fn record(text: &str, start: usize) -> Walk<(AuditRecord<'_>, usize)> {
    let mut record = AuditRecord::default();
    let mut scanner = Scanner::new(text, start);
    scanner.object_or_other(|scanner, key| {
        match key {
            "auditID" => record.audit_id = scanner.text()?,
            "stage" => record.stage = scanner.text()?,
            "verb" => record.verb = scanner.text()?,
            "requestURI" => record.request_uri = scanner.text()?,
            "user" => record.user = scanner.user()?,
            "impersonatedUser" => record.impersonated = scanner.user()?,
            "sourceIPs" => record.source_ip = scanner.first_and_last()?.last,
            "userAgent" => record.user_agent = scanner.text()?,
            "objectRef" => record.object = scanner.object_ref()?,
            "responseStatus" => (record.code, record.reason) = scanner.status()?,
            "requestReceivedTimestamp" => record.received = scanner.text()?,
            "stageTimestamp" => record.stage_time = scanner.text()?,
            "timestamp" => record.timestamp = scanner.text()?,
            "annotations" => record.decision = scanner.decision()?,
            _ => scanner.skip()?,
        }
        Ok(())
    })?;
    Ok((record, scanner.at))
}

/// The audit id in a truncated text, which helps to find the event elsewhere.
pub(in crate::decode) fn audit_id_of_cut(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("\"auditID\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (id, _) = rest.split_once('"')?;
    (id.len() <= 64).then_some(id)
}

impl<'a> Scanner<'a> {
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
                "principalId" | "sigs.k8s.io/aws-iam-authenticator/principalId" => {
                    user.principal_id = scanner.first_and_last()?.first;
                }
                "authentication.kubernetes.io/pod-name" => user.pod_name = scanner.first_and_last()?.first,
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

    fn status(&mut self) -> Walk<(Option<u16>, Option<&'a str>)> {
        let (mut code, mut reason) = (None, None);
        self.object_or_other(|scanner, key| {
            match key {
                "code" => {
                    let start = scanner.at;
                    scanner.skip()?;
                    code = scanner.text[start..scanner.at].parse().ok().filter(|code| *code > 0);
                }
                "reason" => reason = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok((code, reason))
    }

    fn decision(&mut self) -> Walk<Option<&'a str>> {
        let mut decision = None;
        self.object_or_other(|scanner, key| {
            match key {
                "authorization.k8s.io/decision" => decision = scanner.text()?,
                _ => scanner.skip()?,
            }
            Ok(())
        })?;
        Ok(decision)
    }
}
