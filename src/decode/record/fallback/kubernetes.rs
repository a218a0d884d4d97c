//! The fields of a Kubernetes audit event that the fallback reader reads.

use serde::de::{IgnoredAny, MapAccess};

use super::RecordKind;
use super::members::{Code, FirstAndLast, Members, Object, Text};
use crate::event::{AuditRecord, KubernetesUser, Login, ObjectRef};

/// Kubernetes audit events.
pub(super) struct Kubernetes;

#[derive(Default)]
pub(super) struct Fields<'a> {
    audit_id: Text<'a>,
    stage: Text<'a>,
    verb: Text<'a>,
    request_uri: Text<'a>,
    user: Object<UserFields<'a>>,
    impersonated: Object<UserFields<'a>>,
    source_ips: FirstAndLast<'a>,
    user_agent: Text<'a>,
    object: Object<ObjectFields<'a>>,
    status: Object<StatusFields<'a>>,
    received: Text<'a>,
    stage_time: Text<'a>,
    timestamp: Text<'a>,
    annotations: Object<Annotations<'a>>,
}

#[derive(Default)]
struct UserFields<'a> {
    username: Text<'a>,
    uid: Text<'a>,
    extra: Object<Extra<'a>>,
}

#[derive(Default)]
struct Extra<'a> {
    arn: FirstAndLast<'a>,
    canonical_arn: FirstAndLast<'a>,
    session_name: FirstAndLast<'a>,
    access_key_id: FirstAndLast<'a>,
    principal_id: FirstAndLast<'a>,
    pod_name: FirstAndLast<'a>,
}

#[derive(Default)]
struct ObjectFields<'a> {
    resource: Text<'a>,
    subresource: Text<'a>,
    api_group: Text<'a>,
    namespace: Text<'a>,
}

#[derive(Default)]
struct StatusFields<'a> {
    code: Code,
    status: Text<'a>,
    reason: Text<'a>,
}

#[derive(Default)]
struct Annotations<'a> {
    decision: Text<'a>,
    login_decision: Text<'a>,
    login_name: Text<'a>,
}

impl RecordKind for Kubernetes {
    type Fields<'de> = Fields<'de>;
    type Record<'r> = AuditRecord<'r>;

    fn record<'r>(fields: &'r Fields<'_>) -> AuditRecord<'r> {
        let (object, status, annotations) = (&fields.object.0, &fields.status.0, &fields.annotations.0);
        AuditRecord {
            audit_id: fields.audit_id.get(),
            stage: fields.stage.get(),
            verb: fields.verb.get(),
            request_uri: fields.request_uri.get(),
            user: fields.user.0.user(),
            impersonated: fields.impersonated.0.user(),
            source_ip: fields.source_ips.last.get(),
            first_address: fields.source_ips.first.get(),
            user_agent: fields.user_agent.get(),
            object: ObjectRef {
                resource: object.resource.get(),
                subresource: object.subresource.get(),
                api_group: object.api_group.get(),
                namespace: object.namespace.get(),
            },
            code: status.code.0,
            status: status.status.get(),
            reason: status.reason.get(),
            received: fields.received.get(),
            stage_time: fields.stage_time.get(),
            timestamp: fields.timestamp.get(),
            decision: annotations.decision.get(),
            login: Login {
                decision: annotations.login_decision.get(),
                username: annotations.login_name.get(),
            },
        }
    }
}

impl UserFields<'_> {
    fn user(&self) -> KubernetesUser<'_> {
        let extra = &self.extra.0;
        KubernetesUser {
            username: self.username.get(),
            uid: self.uid.get(),
            arn: extra.arn.first.get(),
            canonical_arn: extra.canonical_arn.first.get(),
            session_name: extra.session_name.first.get(),
            access_key_id: extra.access_key_id.first.get(),
            principal_id: extra.principal_id.first.get(),
            pod_name: extra.pod_name.first.get(),
        }
    }
}

impl<'de> Members<'de> for Fields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "auditID" => self.audit_id = map.next_value()?,
            "stage" => self.stage = map.next_value()?,
            "verb" => self.verb = map.next_value()?,
            "requestURI" => self.request_uri = map.next_value()?,
            "user" => self.user = map.next_value()?,
            "impersonatedUser" => self.impersonated = map.next_value()?,
            "sourceIPs" => self.source_ips = map.next_value()?,
            "userAgent" => self.user_agent = map.next_value()?,
            "objectRef" => self.object = map.next_value()?,
            "responseStatus" => self.status = map.next_value()?,
            "requestReceivedTimestamp" => self.received = map.next_value()?,
            "stageTimestamp" => self.stage_time = map.next_value()?,
            "timestamp" => self.timestamp = map.next_value()?,
            "annotations" => self.annotations = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for UserFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "username" => self.username = map.next_value()?,
            "uid" => self.uid = map.next_value()?,
            "extra" => self.extra = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for Extra<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "arn" => self.arn = map.next_value()?,
            "canonicalArn" => self.canonical_arn = map.next_value()?,
            "sessionName" => self.session_name = map.next_value()?,
            "accessKeyId" => self.access_key_id = map.next_value()?,
            "principalId"
            | "sigs.k8s.io/aws-iam-authenticator/principalId"
            | "sigs_k8s_io/aws-iam-authenticator/principalId" => {
                self.principal_id = map.next_value()?;
            }
            "authentication.kubernetes.io/pod-name" | "authentication_kubernetes_io/pod-name" => {
                self.pod_name = map.next_value()?;
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for ObjectFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "resource" => self.resource = map.next_value()?,
            "subresource" => self.subresource = map.next_value()?,
            "apiGroup" => self.api_group = map.next_value()?,
            "namespace" => self.namespace = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for StatusFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "code" => self.code = map.next_value()?,
            "status" => self.status = map.next_value()?,
            "reason" => self.reason = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for Annotations<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "authorization.k8s.io/decision" | "authorization_k8s_io/decision" => {
                self.decision = map.next_value()?
            }
            "authentication.openshift.io/decision" | "authentication_openshift_io/decision" => {
                self.login_decision = map.next_value()?
            }
            "authentication.openshift.io/username" | "authentication_openshift_io/username" => {
                self.login_name = map.next_value()?
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}
