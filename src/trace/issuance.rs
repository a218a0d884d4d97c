//! Reads which credential an event issued, and to whom.

use std::borrow::Cow;

use super::{Credential, Via};
use crate::decode::{Json, issued, target_role};
use crate::event::{Event, Record, is_sign_in};
use crate::model::{Arn, Text, last_part};
use crate::time::Timestamp;

/// The call by which a user changes the own password.
pub(super) const OWN_PASSWORD: &str = "ChangePassword";

/// A credential in the event that issued it.
pub(super) struct IssuedCredential {
    pub(super) credential: Credential,
    /// For whom: the ARN of a session, role or user, or `user/NAME`.
    pub(super) to: Option<Text>,
    /// The unique id of that session.
    pub(super) to_id: Option<Text>,
    pub(super) via: Via,
    /// When it expires, if the event says so.
    pub(super) expires: Option<Timestamp>,
}

impl IssuedCredential {
    /// A credential of which nothing else is known.
    const fn new(credential: Credential) -> Self {
        Self { credential, to: None, to_id: None, via: Via::Nothing, expires: None }
    }
}

/// What an event issued, if anything. `text` is its record, and `place` names it if it has no id.
///
/// Sources: AWS CloudTrail User Guide, "AWS Management Console sign-in events" (ConsoleLogin, SwitchRole) and, of IAM Identity Center,
/// "Understanding IAM Identity Center sign-in events" (Federate, GetRoleCredentials); IAM User Guide, "Logging IAM and AWS STS API calls";
/// IAM Roles Anywhere User Guide, "CreateSession API".
pub(super) fn issued_credential(
    event: &Event<'_>,
    record: &Record<'_>,
    text: &str,
    place: impl FnOnce() -> String,
) -> Option<IssuedCredential> {
    if event.failed {
        return None;
    }
    let event_text = || match record.event_id.filter(|id| !id.is_empty()) {
        Some(id) => Text::from(id),
        None => Text::from(place()),
    };
    let own = || record.identity.arn.filter(|arn| !arn.is_empty()).map(Text::from);
    Some(match (event.source, &*event.name) {
        (source, "ConsoleLogin") if is_sign_in(source) => {
            let credential = Credential::SignIn(event_text());
            IssuedCredential { to: own(), ..IssuedCredential::new(credential) }
        }
        (source, "SwitchRole") if is_sign_in(source) => {
            let from = texts(text, &["additionalEventData", "SwitchFrom"]);
            let via = from.map_or(Via::Nothing, |from| Via::Switch(Text::from(&*from)));
            IssuedCredential { to: own(), via, ..IssuedCredential::new(Credential::SignIn(event_text())) }
        }
        ("sso.amazonaws.com", "Federate" | "GetRoleCredentials") => {
            let of_details = |name| texts(text, &["serviceEventDetails", name]);
            let of_request = |name| texts(text, &["requestParameters", name]);
            let account = of_details("account_id").or_else(|| of_request("accountId"))?;
            let set = of_details("role_name").or_else(|| of_request("roleName"))?;
            let via = Via::Portal(Text::from(&*account), Text::from(&*set));
            IssuedCredential { to: own(), via, ..IssuedCredential::new(Credential::SignIn(event_text())) }
        }
        (_, "CreateLoginProfile" | "UpdateLoginProfile") => {
            let user = issued(record, text)?;
            let credential = Credential::Password(event_text());
            IssuedCredential { to: Some(Text::from(&*user)), ..IssuedCredential::new(credential) }
        }
        ("iam.amazonaws.com", OWN_PASSWORD) => {
            let to = Some(Text::from(format!("user/{}", own_user(record)?)));
            let credential = Credential::Password(event_text());
            IssuedCredential { to, ..IssuedCredential::new(credential) }
        }
        ("rolesanywhere.amazonaws.com", "CreateSession") => {
            let key = issued(record, text)?;
            let set = Json::new(text).member("responseElements")?.member("credentialSet")?.items();
            let of_set = |path: &[&str]| texts(set.first()?.as_str(), path);
            let to = of_set(&["assumedRoleUser", "arn"]).or_else(|| of_set(&["roleArn"]));
            let expiration = of_set(&["credentials", "expiration"]);
            IssuedCredential {
                credential: Credential::Key(Text::from(&*key)),
                to: to.map(|to| Text::from(&*to)),
                to_id: of_set(&["assumedRoleUser", "assumedRoleId"]).map(|id| Text::from(&*id)),
                via: Via::Nothing,
                expires: expiration.and_then(|text| written_time(&text)).or_else(|| expiry(event.time, text)),
            }
        }
        ("iam.amazonaws.com" | "sts.amazonaws.com", name) => {
            // Users and roles that were created are no credentials.
            let key = issued(record, text).filter(|key| !key.contains(['/', ':']))?;
            let to = holder(name, record, text);
            let via = portal(to.as_deref(), name);
            let credential = Credential::Key(Text::from(&*key));
            IssuedCredential {
                credential,
                to: to.map(|to| Text::from(&*to)),
                to_id: texts(text, &["responseElements", "assumedRoleUser", "assumedRoleId"])
                    .map(|id| Text::from(&*id)),
                via,
                expires: expiry(event.time, text),
            }
        }
        _ => return None,
    })
}

/// Name, ARN and id of the user that an event created; the id is empty if the event does not say it.
pub(super) fn created_user(event: &Event<'_>, record: &Record<'_>) -> Option<[Text; 3]> {
    let is_creation = !event.failed && event.source == "iam.amazonaws.com" && event.name == "CreateUser";
    let arn = record.response.user.arn.filter(|_| is_creation)?;
    let name = Arn::parse(arn)?.iam_name("user")?;
    Some([name, arn, record.response.user.id.unwrap_or_default()].map(Text::from))
}

/// The user whose password an event deleted; of the caller if it names nobody (IAM API Reference, "DeleteLoginProfile").
pub(super) fn ended_password(event: &Event<'_>, record: &Record<'_>, text: &str) -> Option<Text> {
    if event.failed || event.source != "iam.amazonaws.com" || event.name != "DeleteLoginProfile" {
        return None;
    }
    let named = texts(text, &["requestParameters", "userName"]);
    named.map(|user| Text::from(&*user)).or_else(|| own_user(record).map(Text::from))
}

/// The name of the IAM user who called.
fn own_user<'a>(record: &Record<'a>) -> Option<&'a str> {
    Arn::parse(record.identity.arn?)?.iam_name("user")
}

/// When issued credentials expire: as the response says, else after the duration that was asked for.
fn expiry(issued: Timestamp, text: &str) -> Option<Timestamp> {
    let expiration = texts(text, &["responseElements", "credentials", "expiration"]);
    expiration.and_then(|text| written_time(&text)).or_else(|| {
        let request = Json::new(text).member("requestParameters")?;
        let seconds: u32 = request.member("durationSeconds")?.as_str().parse().ok()?;
        Some(Timestamp::from_micros(issued.micros().checked_add(i64::from(seconds) * 1_000_000)?))
    })
}

/// A time as responses have it: `Mar 9, 2024, 1:30:00 PM`, with other commas and spaces, too, or as events have it.
fn written_time(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let is_between = |c: char| c == ',' || c.is_whitespace();
    let words: Vec<&str> = text.split(is_between).filter(|word| !word.is_empty()).collect();
    let [month, day, year, clock, half] = words[..] else {
        return Timestamp::parse_any_form(text).map(|(time, _)| time);
    };
    let month = 1 + MONTHS.iter().position(|known| *known == month)?;
    let (hour, rest) = clock.split_once(':')?;
    let noon = match half {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    let hour = hour.parse::<u8>().ok().filter(|hour| *hour <= 12)? % 12 + noon;
    Timestamp::parse(&format!("{year}-{month:02}-{day:0>2}T{hour:02}:{rest}Z"))
}

/// For whom a key was issued.
fn holder<'t>(name: &str, record: &Record<'t>, text: &'t str) -> Option<Cow<'t, str>> {
    let response = |path: &[&str]| texts(text, &[&["responseElements"], path].concat());
    match name {
        "CreateAccessKey" => {
            let user = response(&["accessKey", "userName"])?;
            Some(Cow::Owned(format!("user/{user}")))
        }
        "GetFederationToken" => response(&["federatedUser", "arn"]),
        "GetSessionToken" => record.identity.arn.map(Cow::Borrowed),
        "AssumeRoot" => {
            let account = texts(text, &["requestParameters", "targetPrincipal"])?;
            Some(account)
        }
        _ => response(&["assumedRoleUser", "arn"]).or_else(|| target_role(record, text)),
    }
}

/// The portal of Identity Center, if it is where a session of such a role comes from.
fn portal(session: Option<&str>, name: &str) -> Via {
    let of_session = session.and_then(account_and_permission_set).filter(|_| name == "AssumeRoleWithSAML");
    of_session.map_or(Via::Nothing, |(account, set)| Via::Portal(Text::from(account), Text::from(set)))
}

/// Account and permission set of a role of Identity Center, or of its session: role names are
/// `AWSReservedSSO_<permission set>_<16 hex digits>` (IAM Identity Center User Guide, "Referencing permission sets").
pub(super) fn account_and_permission_set(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(arn)?;
    let role = arn.assumed_role().map_or(last_part(arn.resource), |(role, _)| last_part(role));
    Some((arn.account, role.strip_prefix("AWSReservedSSO_")?.rsplit_once('_')?.0))
}

/// The text at a path in a record.
pub(super) fn texts<'t>(text: &'t str, path: &[&str]) -> Option<Cow<'t, str>> {
    path.iter().try_fold(Json::new(text), |json, name| json.member(name))?.non_empty_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_responses_are_read() {
        let read = |text: &str| written_time(text).map(|time| time.to_string());
        for text in [
            "Mar 9, 2024 1:30:00 PM",
            "Mar 9, 2024, 1:30:00\u{202f}PM",
            "2024-03-09T13:30:00Z",
            "2024-03-09 13:30:00",
            "Mar 09, 2024 01:30:00 PM",
        ] {
            assert_eq!(read(text).as_deref(), Some("2024-03-09T13:30:00Z"), "{text}");
        }
        assert_eq!(read("Dec 31, 2023 12:00:01 AM").as_deref(), Some("2023-12-31T00:00:01Z"));
        for text in [
            "",
            "Mar 9, 2024 1:30:00",
            "Foo 9, 2024 1:30:00 PM",
            "Mar 99, 2024 1:30:00 PM",
            "Mar 9, 2024 99:30:00 PM",
            "Mar 9, 2024 13:30:00 AM",
            "a b c d e",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
