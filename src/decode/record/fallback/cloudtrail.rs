//! The fields of a CloudTrail record that the fallback reader reads.

use serde::de::{IgnoredAny, MapAccess};

use super::RecordKind;
use super::members::{Flag, Members, Object, Text};
use crate::event::{Created, ElementText, Identity, Issuer, OnBehalfOf, Record, Response};

/// CloudTrail records.
pub(super) struct CloudTrail;

#[derive(Default)]
pub(super) struct Fields<'a> {
    event_time: Text<'a>,
    event_source: Text<'a>,
    event_name: Text<'a>,
    event_type: Text<'a>,
    event_category: Text<'a>,
    event_id: Text<'a>,
    region: Text<'a>,
    source_ip: Text<'a>,
    user_agent: Text<'a>,
    error_code: Text<'a>,
    error_message: Text<'a>,
    recipient_account: Text<'a>,
    read_only: Flag,
    from_console: Flag,
    identity: Object<IdentityFields<'a>>,
    response: Object<ResponseFields<'a>>,
}

#[derive(Default)]
struct IdentityFields<'a> {
    identity_type: Text<'a>,
    principal_id: Text<'a>,
    arn: Text<'a>,
    account_id: Text<'a>,
    access_key_id: Text<'a>,
    user_name: Text<'a>,
    invoked_by: Text<'a>,
    credential_id: Text<'a>,
    on_behalf_of: Object<OnBehalfOfFields<'a>>,
    session: Object<SessionFields<'a>>,
}

#[derive(Default)]
struct OnBehalfOfFields<'a> {
    user_id: Text<'a>,
    identity_store: Text<'a>,
}

#[derive(Default)]
struct SessionFields<'a> {
    issuer: Object<NamedFields<'a>>,
    assumed_root: Flag,
}

/// `arn` and a unique id under one of its names.
#[derive(Default)]
struct NamedFields<'a> {
    arn: Text<'a>,
    principal_id: Text<'a>,
    role_id: Text<'a>,
    user_id: Text<'a>,
}

#[derive(Default)]
struct ResponseFields<'a> {
    role: Object<NamedFields<'a>>,
    user: Object<NamedFields<'a>>,
}

impl RecordKind for CloudTrail {
    type Fields<'de> = Fields<'de>;
    type Record<'r> = Record<'r>;

    fn record<'r>(fields: &'r Fields<'_>) -> Record<'r> {
        let identity = &fields.identity.0;
        let issuer = &identity.session.0.issuer.0;
        let on_behalf_of = &identity.on_behalf_of.0;
        let response = &fields.response.0;
        let event_name = fields.event_name.get();
        Record {
            event_time: fields.event_time.get(),
            event_source: fields.event_source.get(),
            event_name,
            event_type: fields.event_type.get(),
            event_category: fields.event_category.get(),
            event_id: fields.event_id.get(),
            region: fields.region.get(),
            source_ip: fields.source_ip.get(),
            user_agent: fields.user_agent.get(),
            error_code: fields.error_code.get(),
            error_message: fields.error_message.get(),
            recipient_account: fields.recipient_account.get(),
            read_only: fields.read_only.0,
            from_console: fields.from_console.0,
            identity: Identity {
                identity_type: identity.identity_type.get(),
                principal_id: identity.principal_id.get(),
                arn: identity.arn.get(),
                account_id: identity.account_id.get(),
                access_key_id: identity.access_key_id.get(),
                user_name: identity.user_name.get(),
                invoked_by: identity.invoked_by.get(),
                credential_id: identity.credential_id.get(),
                on_behalf_of: OnBehalfOf {
                    user_id: on_behalf_of.user_id.get(),
                    identity_store: on_behalf_of.identity_store.get(),
                },
                issuer: Issuer { arn: issuer.arn.get(), principal_id: issuer.principal_id.get() },
                assumed_root: identity.session.0.assumed_root.0,
                known: Default::default(),
            },
            request: ElementText::default(),
            response_text: ElementText::default(),
            resources: ElementText::default(),
            response: if Record::creates_principal(event_name) {
                let (role, user) = (&response.role.0, &response.user.0);
                Response {
                    sign_in: None,
                    role: Created { arn: role.arn.get(), id: role.role_id.get() },
                    user: Created { arn: user.arn.get(), id: user.user_id.get() },
                }
            } else {
                Response::default()
            },
        }
    }
}

impl<'de> Members<'de> for Fields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "eventTime" => self.event_time = map.next_value()?,
            "eventSource" => self.event_source = map.next_value()?,
            "eventName" => self.event_name = map.next_value()?,
            "eventType" => self.event_type = map.next_value()?,
            "eventCategory" => self.event_category = map.next_value()?,
            "eventID" => self.event_id = map.next_value()?,
            "awsRegion" => self.region = map.next_value()?,
            "sourceIPAddress" => self.source_ip = map.next_value()?,
            "userAgent" => self.user_agent = map.next_value()?,
            "errorCode" => self.error_code = map.next_value()?,
            "errorMessage" => self.error_message = map.next_value()?,
            "recipientAccountId" => self.recipient_account = map.next_value()?,
            "readOnly" => self.read_only = map.next_value()?,
            "sessionCredentialFromConsole" => self.from_console = map.next_value()?,
            "userIdentity" => self.identity = map.next_value()?,
            "responseElements" => self.response = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for IdentityFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "type" => self.identity_type = map.next_value()?,
            "principalId" => self.principal_id = map.next_value()?,
            "arn" => self.arn = map.next_value()?,
            "accountId" => self.account_id = map.next_value()?,
            "accessKeyId" => self.access_key_id = map.next_value()?,
            "userName" => self.user_name = map.next_value()?,
            "invokedBy" => self.invoked_by = map.next_value()?,
            "credentialId" => self.credential_id = map.next_value()?,
            "onBehalfOf" => self.on_behalf_of = map.next_value()?,
            "sessionContext" => self.session = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for OnBehalfOfFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "userId" => self.user_id = map.next_value()?,
            "identityStoreArn" => self.identity_store = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for SessionFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "sessionIssuer" => self.issuer = map.next_value()?,
            "assumedRoot" => self.assumed_root = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for NamedFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "arn" => self.arn = map.next_value()?,
            "principalId" => self.principal_id = map.next_value()?,
            "roleId" => self.role_id = map.next_value()?,
            "userId" => self.user_id = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'de> Members<'de> for ResponseFields<'de> {
    fn member<M: MapAccess<'de>>(&mut self, key: &str, map: &mut M) -> Result<(), M::Error> {
        match key {
            "role" => self.role = map.next_value()?,
            "user" => self.user = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}
