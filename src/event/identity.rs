//! Who acted: turns `userIdentity` into a stable principal.
//!
//! The rules and their pitfalls are in `docs/method.md`, "Principals". The unique id alone is not enough: the principal
//! id of an EC2 instance identity role begins with the account id, which is the root user's principal id.

use std::borrow::Cow;

use super::{hash_of_texts, present};
use crate::model::{Arn, PrincipalKey, PrincipalKind, is_account_id, is_unique_id, last_part, sso_name};

/// The relevant texts of `userIdentity`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// `type`, for example `AssumedRole`; can be missing.
    pub identity_type: Option<&'a str>,
    /// `principalId`
    pub principal_id: Option<&'a str>,
    /// `arn`
    pub arn: Option<&'a str>,
    /// `accountId`: the account of the caller
    pub account_id: Option<&'a str>,
    /// `accessKeyId`
    pub access_key_id: Option<&'a str>,
    /// `userName`: the name of a user or role, or what was typed at sign-in.
    pub user_name: Option<&'a str>,
    /// `invokedBy`: the service that made the call
    pub invoked_by: Option<&'a str>,
    /// `credentialId`: the bearer token used for the call.
    pub credential_id: Option<&'a str>,
    /// `onBehalfOf`: the IAM Identity Center user.
    pub on_behalf_of: OnBehalfOf<'a>,
    /// `sessionContext.sessionIssuer`
    pub issuer: Issuer<'a>,
    /// `sessionContext.assumedRoot`, a boolean or its text: a session that `AssumeRoot` opened.
    pub assumed_root: Option<bool>,
    /// What follows from the texts, if already determined: neighbouring records often have the same caller.
    pub known: DerivedIdentity,
}

impl Identity<'_> {
    /// Whether nothing says who acted.
    #[inline]
    pub fn is_absent(&self) -> bool {
        // Nearly all have a type, and comparing the rest takes longer.
        self.identity_type.is_none() && *self == Self::default()
    }
}

/// What follows from the texts of an identity, if already determined. It adds no information.
#[derive(Clone, Copy, Debug, Default)]
pub struct DerivedIdentity(Option<DerivedParts>);

#[derive(Clone, Copy, Debug)]
struct DerivedParts {
    fingerprint: u64,
    kind: PrincipalKind,
    id_place: IdPlace,
}

/// Where a record has the unique id that belongs to an ARN.
#[derive(Clone, Copy, Debug)]
enum IdPlace {
    Nowhere,
    Issuer,
    /// This many bytes at the start of `principalId`: all of it, or the part before its colon.
    PrincipalId(usize),
}

impl PartialEq for DerivedIdentity {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for DerivedIdentity {}

/// The texts of `onBehalfOf`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnBehalfOf<'a> {
    /// `userId`: the user's id in the identity store.
    pub user_id: Option<&'a str>,
    /// `identityStoreArn`
    pub identity_store: Option<&'a str>,
}

/// The relevant texts of `sessionContext.sessionIssuer`; the object may be present but empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Issuer<'a> {
    /// `arn`, with the role's path
    pub arn: Option<&'a str>,
    /// `principalId`, the role's unique id
    pub principal_id: Option<&'a str>,
}

/// Stands for a name that the record does not have.
const NOBODY: &str = "-";

/// The principal as a stable identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The account, as text; `-` if the record names none.
    pub account: &'a str,
    /// What identifies the principal in that account.
    pub key: Cow<'a, str>,
    /// Kind of principal.
    pub kind: PrincipalKind,
    /// Its name under the key `arn`, if the key is another.
    pub arn: Option<Cow<'a, str>>,
    /// The identity link in its record.
    pub identity_link: Option<IdentityLink<'a>>,
}

/// A unique IAM id and the ARN beside it: both name the same user or role of the principal's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityLink<'a> {
    /// `AIDA…` or `AROA…`
    pub unique_id: &'a str,
    /// The ARN of the user or role.
    pub arn: &'a str,
}

/// What AWS writes instead of an unknown name typed at a failed sign-in: it may be a password.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// The unique id of the role in `AROA…` or `AROA…:session`.
fn role_id(principal_id: &str) -> Option<&str> {
    let head = principal_id.split(':').next()?;
    (head.starts_with("AROA") && is_unique_id(head)).then_some(head)
}

impl<'a> Identity<'a> {
    /// The principal behind this identity. `recipient` is the account whose log contains it.
    ///
    /// ```
    /// use firstseen::event::{Identity, Issuer};
    /// use firstseen::model::PrincipalKey;
    ///
    /// let identity = Identity {
    ///     identity_type: Some("AssumedRole"),
    ///     arn: Some("arn:aws:sts::111122223333:assumed-role/Deploy/jo"),
    ///     account_id: Some("111122223333"),
    ///     issuer: Issuer { arn: Some("arn:aws:iam::111122223333:role/ci/Deploy"), principal_id: None },
    ///     ..Identity::default()
    /// };
    /// let principal = identity.principal(None, PrincipalKey::Arn);
    /// assert_eq!(principal.key, "arn:aws:iam::111122223333:role/ci/Deploy");
    /// assert_eq!(principal.kind.name(), "role");
    /// assert_eq!(identity.session_name(), Some("jo"));
    /// ```
    pub fn principal(&self, recipient: Option<&'a str>, key: PrincipalKey) -> Principal<'a> {
        let chosen = match key {
            PrincipalKey::Arn => None,
            PrincipalKey::Id => self.unique_id().or(self.person()).map(Cow::Borrowed),
            PrincipalKey::Session => self.session().map(Cow::Borrowed),
            PrincipalKey::AccessKey => present(self.access_key_id).map(Cow::Borrowed),
            PrincipalKey::SsoUser => {
                let other = || self.person().or_else(|| self.foreign_session()).map(Cow::Borrowed);
                self.sso_user().map(Cow::Owned).or_else(other)
            }
        };
        let arn = |chosen: &Cow<'a, str>| {
            Some(self.default_key()).filter(|usual| usual != chosen && usual != NOBODY)
        };
        Principal {
            account: present(self.account_id).or(recipient).unwrap_or(NOBODY),
            arn: chosen.as_ref().and_then(arn),
            key: chosen.unwrap_or_else(|| self.default_key()),
            kind: self.kind(),
            identity_link: self.identity_link(),
        }
    }

    /// The best name in the record. The type is the last resort, since it names nobody.
    fn default_key(&self) -> Cow<'a, str> {
        let best = self.role_arn().or(present(self.arn)).or(self.person()).or_else(|| self.id_or_role_id());
        if let Some(best) = best {
            return Cow::Borrowed(best);
        }
        let identity_type = present(self.identity_type);
        if let Some(name) = present(self.user_name).filter(|name| *name != HIDDEN) {
            return Cow::Owned(format!("{}/{name}", identity_type.unwrap_or(NOBODY)));
        }
        let other = present(self.invoked_by).or(present(self.credential_id)).or(identity_type);
        Cow::Borrowed(other.unwrap_or(NOBODY))
    }

    /// The IAM Identity Center user who acts, or for whom a role or a service acts.
    fn person(&self) -> Option<&'a str> {
        present(self.on_behalf_of.user_id)
    }

    /// `principalId`; for a role session that of the role. An account id names only its root user.
    fn id_or_role_id(&self) -> Option<&'a str> {
        let id = present(self.principal_id)?;
        let names_somebody = self.identity_type == Some("Root") || !is_account_id(id);
        names_somebody.then(|| role_id(id).unwrap_or(id))
    }

    /// The name of one session: the session's ARN, else `<id>:<session>`, which other accounts are shown.
    fn session(&self) -> Option<&'a str> {
        let id = || present(self.principal_id).filter(|id| self.person().is_none() && id.contains(':'));
        present(self.arn).or_else(id)
    }

    /// `AROA…:session` of a role about which the record shows nothing else. Other records may tell whether it is an Identity
    /// Center role, with the session as its user.
    fn foreign_session(&self) -> Option<&'a str> {
        let is_shown = present(self.arn).or(self.role_arn()).is_some();
        present(self.principal_id).filter(|id| !is_shown && id.contains(':') && role_id(id).is_some())
    }

    /// The unique id and the ARN of this user or role, if the record has both.
    fn identity_link(&self) -> Option<IdentityLink<'a>> {
        let id_place = self.known.0.map_or_else(|| self.id_place(), |known| known.id_place);
        let unique_id = match id_place {
            IdPlace::Nowhere => return None,
            IdPlace::Issuer => self.issuer.principal_id?,
            IdPlace::PrincipalId(length) => self.principal_id?.get(..length)?,
        };
        Some(IdentityLink { unique_id, arn: self.role_arn().or(present(self.arn))? })
    }

    fn id_place(&self) -> IdPlace {
        let id = match (self.role_arn(), present(self.issuer.principal_id)) {
            (Some(_), Some(id)) if is_unique_id(id) => return IdPlace::Issuer,
            (Some(_), None) => self.principal_id.and_then(|id| id.split(':').next()),
            (None, _) if present(self.arn).is_some() => self.principal_id,
            _ => None,
        };
        id.filter(|id| is_unique_id(id)).map_or(IdPlace::Nowhere, |id| IdPlace::PrincipalId(id.len()))
    }

    /// ARN of the role behind a role session.
    fn role_arn(&self) -> Option<&'a str> {
        if self.identity_type == Some("AssumedRole") { present(self.issuer.arn) } else { None }
    }

    /// The unique id of this principal, which IAM never reuses, if the record has it.
    pub fn unique_id(&self) -> Option<&'a str> {
        let id = match self.identity_type {
            Some("AssumedRole") => present(self.issuer.principal_id).or(present(self.principal_id))?,
            Some("IAMUser" | "Role") => present(self.principal_id)?,
            // Callers from other accounts are redacted to `AIDA…` or `AROA…:session`.
            Some("AWSAccount") => present(self.principal_id)?,
            _ => present(self.principal_id).filter(|id| is_unique_id(id) || role_id(id).is_some())?,
        };
        let head = id.split(':').next().unwrap_or(id);
        // `111122223333:aws:ec2-instance` is not a unique id, and the part before the colon would be that of root.
        head.starts_with('A').then_some(head)
    }

    /// A hash of all texts.
    pub fn fingerprint(&self) -> u64 {
        self.known.0.map_or_else(|| hash_of_texts(0, self.texts()), |known| known.fingerprint)
    }

    /// The same with what follows from its texts, to avoid determining it for each record.
    #[must_use]
    pub fn with_known(self) -> Self {
        let derived =
            DerivedParts { fingerprint: self.fingerprint(), kind: self.kind(), id_place: self.id_place() };
        Self { known: DerivedIdentity(Some(derived)), ..self }
    }

    /// All texts, each in a fixed position.
    pub fn texts(&self) -> [Option<&'a str>; 12] {
        [
            self.identity_type,
            self.principal_id,
            self.arn,
            self.account_id,
            self.access_key_id,
            self.invoked_by,
            self.issuer.arn,
            self.issuer.principal_id,
            self.user_name,
            self.credential_id,
            self.on_behalf_of.user_id,
            self.on_behalf_of.identity_store,
        ]
    }

    /// Whether the root user acts itself, or someone in its place; not a service for it.
    pub(super) fn is_root_itself(&self) -> bool {
        self.kind() == PrincipalKind::Root && present(self.invoked_by).is_none()
    }

    /// The session's name: the last part of the session ARN, else of the principal id.
    pub fn session_name(&self) -> Option<&'a str> {
        if !matches!(self.identity_type, Some("AssumedRole" | "FederatedUser" | "AWSAccount")) {
            return None;
        }
        let of_arn = present(self.arn).and_then(|arn| arn.rsplit_once('/'));
        let of_id = || present(self.principal_id).and_then(|id| id.rsplit_once(':'));
        of_arn.or_else(of_id).map(|(_, name)| name).filter(|name| !name.is_empty())
    }

    /// A description of the user and identity store that the call was made for.
    pub(super) fn on_behalf_of(&self) -> Option<Cow<'a, str>> {
        let person = self.person()?;
        let store = present(self.on_behalf_of.identity_store).map(|store| format!(" of {store}"));
        Some(Cow::Owned(format!("on behalf of {person}{}", store.unwrap_or_default())))
    }

    /// `sso:<permission set>/<user>` for a session of an Identity Center role
    /// (`…/AWSReservedSSO_<permission set>_<16 hex digits>`).
    fn sso_user(&self) -> Option<String> {
        sso_name(last_part(self.role_arn()?), self.session_name()?)
    }

    fn kind(&self) -> PrincipalKind {
        self.known.0.map_or_else(|| self.kind_of_texts(), |known| known.kind)
    }

    fn kind_of_texts(&self) -> PrincipalKind {
        match self.identity_type {
            Some("AssumedRole" | "Role") => {
                role_kind(present(self.issuer.arn).or(present(self.arn)).unwrap_or_default())
            }
            Some("IAMUser") => PrincipalKind::User,
            Some("Root" | "root") => PrincipalKind::Root,
            Some("AWSService") => PrincipalKind::Service,
            Some("AWSAccount") => match self.account_id {
                // Both spellings are found in unsigned requests to S3.
                Some("anonymous" | "ANONYMOUS_PRINCIPAL") => PrincipalKind::Anonymous,
                _ => PrincipalKind::Account,
            },
            Some("FederatedUser" | "SAMLUser" | "WebIdentityUser" | "Directory" | "IdentityCenterUser") => {
                PrincipalKind::Federated
            }
            // An Identity Center user, whom newer records call `IdentityCenterUser`.
            Some("Unknown" | "") | None if self.person().is_some() => PrincipalKind::Federated,
            // Service events have no type, only the service.
            None | Some("") if present(self.arn).is_none() && present(self.invoked_by).is_some() => {
                PrincipalKind::Service
            }
            _ => PrincipalKind::Unknown,
        }
    }
}

/// The kind of a role, by the path of its ARN. Called for nearly every caller: it must not search long.
fn role_kind(arn: &str) -> PrincipalKind {
    let (path, name) = arn.rsplit_once('/').unwrap_or(("", arn));
    // In session ARNs, the role is one part further up.
    let role = path.rsplit_once('/').map_or("", |(_, role)| role);
    if name.starts_with("AWSReservedSSO_") || role.starts_with("AWSReservedSSO_") {
        PrincipalKind::SsoRole
    } else if name.starts_with("AWSServiceRoleFor")
        && Arn::parse(arn).is_some_and(|arn| arn.resource.starts_with("role/aws-service-role/"))
    {
        PrincipalKind::ServiceLinkedRole
    } else {
        PrincipalKind::Role
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(arn: &'static str, issuer_id: &'static str, session_arn: &'static str) -> Identity<'static> {
        Identity {
            identity_type: Some("AssumedRole"),
            arn: Some(session_arn),
            account_id: Some("111122223333"),
            issuer: Issuer { arn: Some(arn), principal_id: Some(issuer_id) },
            ..Identity::default()
        }
    }

    fn keys(identities: &[Identity<'static>], key: PrincipalKey) -> Vec<String> {
        identities.iter().map(|identity| identity.principal(None, key).key.into_owned()).collect()
    }

    #[test]
    fn root_instance_role_and_federated_user_are_three_principals() {
        let root = Identity {
            identity_type: Some("Root"),
            principal_id: Some("111122223333"),
            arn: Some("arn:aws:iam::111122223333:root"),
            ..Identity::default()
        };
        let instance = Identity {
            principal_id: Some("111122223333:aws:ec2-instance:i-0abc"),
            ..role(
                "arn:aws:iam::111122223333:role/aws:ec2-instance",
                "111122223333:aws:ec2-instance",
                "arn:aws:sts::111122223333:assumed-role/aws:ec2-instance/i-0abc",
            )
        };
        let federated = Identity {
            identity_type: Some("FederatedUser"),
            principal_id: Some("111122223333:jo"),
            arn: Some("arn:aws:sts::111122223333:federated-user/jo"),
            ..Identity::default()
        };
        for key in [PrincipalKey::Arn, PrincipalKey::Id, PrincipalKey::Session, PrincipalKey::AccessKey] {
            let mut keys = keys(&[root.clone(), instance.clone(), federated.clone()], key);
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), 3, "{key:?}: {keys:?}");
        }
        assert_eq!(instance.session_name(), Some("i-0abc"));
    }

    #[test]
    fn a_recreated_role_is_new_by_id_and_known_by_arn() {
        let arn = "arn:aws-us-gov:iam::111122223333:role/ci/Deploy";
        let session = "arn:aws-us-gov:sts::111122223333:assumed-role/Deploy/x";
        let both = [role(arn, "AROAONE", session), role(arn, "AROATWO", session)];
        assert_eq!(keys(&both, PrincipalKey::Arn), [arn, arn]);
        assert_eq!(keys(&both, PrincipalKey::Id), ["AROAONE", "AROATWO"]);
    }

    #[test]
    fn an_identity_center_user_survives_a_new_role_suffix() {
        let sso = |suffix: &str| {
            let role_name = format!("AWSReservedSSO_Admin_Access_{suffix}");
            let arn = format!("arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{role_name}");
            let session = format!("arn:aws:sts::111122223333:assumed-role/{role_name}/jo@example.org");
            role(arn.leak(), "AROASSO", session.leak())
        };
        let both = [sso("0123456789abcdef"), sso("fedcba9876543210")];
        assert_eq!(keys(&both, PrincipalKey::SsoUser), ["sso:Admin_Access/jo@example.org"; 2]);
        assert_eq!(both[0].principal(None, PrincipalKey::Arn).kind, PrincipalKind::SsoRole);
    }

    #[test]
    fn an_incomplete_identity_still_gives_a_principal() {
        let nobody = Identity::default();
        let principal = nobody.principal(Some("111122223333"), PrincipalKey::Arn);
        assert_eq!((principal.account, &*principal.key), ("111122223333", "-"));
        assert_eq!(nobody.principal(None, PrincipalKey::Id).account, "-");
        let service =
            Identity { invoked_by: Some("ec2.amazonaws.com"), arn: Some(""), ..Identity::default() };
        assert_eq!(service.principal(None, PrincipalKey::Arn).key, "ec2.amazonaws.com");
        assert_eq!(service.kind(), PrincipalKind::Service);
        let empty_issuer =
            Identity { issuer: Issuer::default(), ..role("", "", "arn:aws:sts::1:assumed-role/R/s") };
        assert_eq!(empty_issuer.principal(None, PrincipalKey::Arn).key, "arn:aws:sts::1:assumed-role/R/s");
    }

    #[test]
    fn service_linked_roles_are_recognized_by_path() {
        let arn = "arn:aws:iam::1:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        assert_eq!(role(arn, "AROA", "").kind(), PrincipalKind::ServiceLinkedRole);
        let lookalike = "arn:aws:iam::1:role/x/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS";
        assert_eq!(role(lookalike, "AROA", "").kind(), PrincipalKind::Role);
    }
}
