//! Dimensions: what of an event can be new for a principal, besides its action. The name, the meaning and the reader of each
//! are here.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::agent::{agent_family, is_console_server, is_in_cloud_shell, is_of_aws};
use crate::names::named;

named! {
    /// What of an event can be new for a principal, besides its action.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Dimension {
        /// The network of the caller: the /24 of an IPv4 address, the /48 of an IPv6 address; of an AWS service, its name.
        Network = "network",
        /// The family of the user agent: the program and the operating system, without versions.
        Agent = "agent",
        /// `awsRegion`; not of sign-ins.
        Region = "region",
        /// The long-term access key of the call. Temporary keys (`ASIA…`) have no value: each session has a new one.
        AccessKey = "access-key",
        /// The kind of the error, if the call failed: `access-denied`, `failed-sign-in`, …; else the code itself.
        Error = "error",
        /// The role that an AssumeRole call asked for.
        TargetRole = "target-role",
        /// The account in which the principal acted, if it is not its own.
        TargetAccount = "target-account",
        /// In a cluster: the user that impersonated the principal.
        Impersonator = "impersonator",
        /// The autonomous system of the caller's network, such as `AS64500`. Derived from [`Self::Network`].
        Asn = "asn",
        /// The country of the caller's network (ISO 3166-1 alpha-2). Derived from [`Self::Network`].
        Country = "country",
    }
}

impl Dimension {
    /// Those that are learnt from events and saved; all others are [derived](Self::origin) when a question is asked.
    pub const LEARNT: [Self; 8] = [
        Self::Network,
        Self::Agent,
        Self::Region,
        Self::AccessKey,
        Self::Error,
        Self::TargetRole,
        Self::TargetAccount,
        Self::Impersonator,
    ];

    /// The dimension from whose values those of this one are derived; `None` if it is learnt from events.
    pub const fn origin(self) -> Option<Self> {
        match self {
            Self::Asn | Self::Country => Some(Self::Network),
            _ => None,
        }
    }

    /// The learnt dimension with this published name.
    pub fn learnt_from_name(name: &str) -> Option<Self> {
        Self::from_name(name).filter(|dimension| dimension.origin().is_none())
    }
}

/// What dimensions read of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traits<'a> {
    /// Where the call came from: an address, a service name or `AWS Internal`.
    pub source_ip: Option<&'a str>,
    /// `userAgent`
    pub user_agent: Option<&'a str>,
    /// `awsRegion`, if it is the principal's choice.
    pub region: Option<&'a str>,
    /// The access key of the call.
    pub access_key_id: Option<&'a str>,
    /// `errorCode`, or the reason of a status; the kind of a failure that has neither.
    pub error_code: Option<&'a str>,
    /// The role that an AssumeRole call asked for.
    pub target_role: Option<&'a str>,
    /// The account whose log has the event, if it is not the principal's.
    pub target_account: Option<&'a str>,
    /// The user that impersonated the principal, as [`crate::model::Evidence::impersonated_by`] names it.
    pub impersonator: Option<&'a str>,
    /// Whether the caller is an AWS service that acts for itself.
    pub is_service: bool,
    /// Whether an AWS service made the call for the principal (`invokedBy`): address and agent are the service's.
    pub is_forwarded: bool,
    /// Whether the credentials are those of a console session.
    pub is_from_console: bool,
}

impl Traits<'_> {
    /// The same without what no dimension reads, so that more events have equal traits.
    #[must_use]
    pub fn reduced(self) -> Self {
        Self {
            source_ip: self.source_ip.filter(|_| !self.is_forwarded),
            user_agent: self.user_agent.filter(|_| !self.is_forwarded),
            access_key_id: self.access_key_id.filter(|key| !is_temporary_key(key)),
            ..self
        }
    }
}

/// Whether an access key is that of a session (IAM User Guide, "IAM identifiers", unique ID prefixes).
pub fn is_temporary_key(access_key_id: &str) -> bool {
    access_key_id.starts_with("ASIA")
}

impl Dimension {
    /// The value of an event in this dimension, if it has one. Events have no values in derived dimensions.
    ///
    /// ```
    /// use firstseen::model::{Dimension, Traits};
    ///
    /// let traits = Traits { source_ip: Some("203.0.113.7"), ..Traits::default() };
    /// assert_eq!(Dimension::Network.value(&traits).as_deref(), Some("203.0.113.0/24"));
    /// ```
    pub fn value<'t>(self, traits: &Traits<'t>) -> Option<Cow<'t, str>> {
        match self {
            Self::Network => network(traits),
            Self::Agent => agent(traits).map(agent_family),
            Self::Region => present(traits.region).map(Cow::Borrowed),
            Self::AccessKey => {
                present(traits.access_key_id).filter(|key| !is_temporary_key(key)).map(Cow::Borrowed)
            }
            Self::Error => present(traits.error_code).map(|code| Cow::Borrowed(error_kind(code))),
            Self::TargetRole => present(traits.target_role).map(Cow::Borrowed),
            Self::TargetAccount => present(traits.target_account).map(Cow::Borrowed),
            Self::Impersonator => present(traits.impersonator).map(Cow::Borrowed),
            Self::Asn | Self::Country => None,
        }
    }
}

/// The user agent, if it is that of the principal.
///
/// The services that AWS puts between a principal and an API call name themselves (AWS CloudTrail User Guide, `userAgent`:
/// "signin.amazonaws.com", "console.amazonaws.com", "AWS Internal").
fn agent<'t>(traits: &Traits<'t>) -> Option<&'t str> {
    let is_named = |agent: &&str| !agent.trim_matches(['[', ']', ' ']).is_empty();
    let agent = present(traits.user_agent).filter(is_named)?;
    let is_of_console = traits.is_from_console && is_console_server(agent);
    let is_own = traits.is_service || !traits.is_forwarded && !is_of_aws(agent) && !is_of_console;
    is_own.then_some(agent)
}

/// The network of a call, if it is that of the principal. In a console session the console's own servers make some of the calls,
/// and CloudShell runs in AWS.
fn network<'t>(traits: &Traits<'t>) -> Option<Cow<'t, str>> {
    let source = present(traits.source_ip)?;
    let is_in_aws = |agent| is_console_server(agent) || is_in_cloud_shell(agent);
    let is_behind_console = traits.is_from_console && present(traits.user_agent).is_none_or(is_in_aws);
    match source.parse() {
        _ if !traits.is_service && (traits.is_forwarded || is_behind_console) => None,
        Ok(address) => Some(Cow::Owned(network_of(address))),
        Err(_) => traits.is_service.then_some(Cow::Borrowed(source)),
    }
}

fn network_of(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{}/24", Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}

/// Kinds of errors, by parts of their codes. Services spell them differently: `AccessDenied`, `AccessDeniedException`,
/// `Client.UnauthorizedOperation`. The first that fits counts.
const ERROR_KINDS: [(&str, &[&str]); 7] = [
    ("access-denied", &["AccessDenied", "Unauthorized", "Forbidden", "NotAuthorized"]),
    ("throttled", &["Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded", "RateExceeded"]),
    ("expired", &["Expired"]),
    ("not-found", &["NotFound", "NoSuch", "DoesNotExist", "NotExist"]),
    ("exists", &["AlreadyExists", "Duplicate", "Conflict", "InUse"]),
    ("quota", &["LimitExceeded", "Quota", "Insufficient"]),
    ("invalid", &["Invalid", "Validation", "Malformed", "Missing", "BadRequest"]),
];

fn error_kind(code: &str) -> &str {
    let has = |(_, parts): &&(&str, &[&str])| parts.iter().any(|part| code.contains(part));
    ERROR_KINDS.iter().find(has).map_or(code, |(kind, _)| kind)
}

/// An empty text counts as absent.
fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// A set of dimensions that are learnt. It has no bits for derived ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimensions(u8);

impl Dimensions {
    /// All dimensions that are learnt.
    pub const ALL: Self = Self(u8::MAX >> (u8::BITS as usize - Dimension::LEARNT.len()));

    /// Whether it has none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a dimension is among them.
    pub const fn contains(self, dimension: Dimension) -> bool {
        dimension.origin().is_none() && self.0 >> dimension as u8 & 1 == 1
    }

    /// Whether all dimensions of another set are among them.
    pub const fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Its dimensions, in order.
    pub fn iter(self) -> impl Iterator<Item = Dimension> {
        Dimension::LEARNT.into_iter().filter(move |dimension| self.contains(*dimension))
    }
}

impl std::fmt::Display for Dimensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.iter().map(Dimension::name).collect();
        f.write_str(if names.is_empty() { "none" } else { "" })?;
        f.write_str(&names.join(", "))
    }
}

/// The dimensions that must be learnt to ask about these: of a derived one its [origin](Dimension::origin).
impl FromIterator<Dimension> for Dimensions {
    fn from_iter<I: IntoIterator<Item = Dimension>>(dimensions: I) -> Self {
        let learnt = dimensions.into_iter().map(|dimension| dimension.origin().unwrap_or(dimension));
        Self(learnt.fold(0, |set, dimension| set | 1 << dimension as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Traits<'static> = Traits {
        source_ip: Some("203.0.113.7"),
        user_agent: Some("aws-cli/2.15.30 Python/3.11.6 Linux/5.10"),
        region: None,
        access_key_id: None,
        error_code: None,
        target_role: None,
        target_account: None,
        impersonator: None,
        is_service: false,
        is_forwarded: false,
        is_from_console: false,
    };

    fn network_and_agent(traits: Traits<'_>) -> (Option<String>, Option<String>) {
        let value = |dimension: Dimension| dimension.value(&traits).map(Cow::into_owned);
        (value(Dimension::Network), value(Dimension::Agent))
    }

    #[test]
    fn networks_are_24_and_48_bits_long() {
        let network = |source| network_and_agent(Traits { source_ip: Some(source), ..USER }).0;
        assert_eq!(network("203.0.113.7").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network("2001:db8:1:2::3").as_deref(), Some("2001:db8:1::/48"));
        assert_eq!(network("::ffff:203.0.113.7").as_deref(), Some("203.0.113.0/24"));
        assert_eq!(network(""), None);
    }

    #[test]
    fn calls_that_aws_makes_for_a_principal_have_neither_network_nor_agent() {
        let service = "cloudformation.amazonaws.com";
        let by_name = Traits { source_ip: Some(service), user_agent: Some(service), ..USER };
        assert_eq!(network_and_agent(by_name), (None, None));
        assert_eq!(network_and_agent(Traits { is_forwarded: true, ..USER }), (None, None));
        let internal = Traits { source_ip: Some("AWS Internal"), user_agent: Some("AWS Internal/3"), ..USER };
        assert_eq!(network_and_agent(internal), (None, None));
        let itself = Traits { is_service: true, ..by_name };
        assert_eq!(network_and_agent(itself).0.as_deref(), Some(service));
    }

    #[test]
    fn brackets_around_nothing_are_no_agent() {
        for agent in ["[]", "[ ]", " ", ""] {
            let traits = Traits { user_agent: Some(agent), ..USER };
            assert_eq!(network_and_agent(traits).1, None, "{agent}");
        }
    }

    #[test]
    fn in_a_console_session_the_servers_of_the_console_have_no_network() {
        let console = Traits { is_from_console: true, ..USER };
        let with = |agent| network_and_agent(Traits { user_agent: Some(agent), ..console });
        let own = Some("203.0.113.0/24");
        let browser =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/122.0 Safari/537.36";
        assert_eq!(with(browser).0.as_deref(), own);
        for server in ["S3Console/0.4, aws-internal/3 aws-sdk-java/1.11.848", "AWS Internal", ""] {
            assert_eq!(with(server), (None, None), "{server}");
        }
        assert_eq!(network_and_agent(Traits { user_agent: None, ..console }).0, None);
        let (network, agent) =
            with("aws-cli/2.13.5 Linux/4.14.255-314-253.539.amzn2.x86_64 exec-env/CloudShell");
        assert_eq!((network, agent.as_deref()), (None, Some("aws-cli 2, Linux amzn, CloudShell")));
        // Credentials of a console session in a terminal.
        assert_eq!(network_and_agent(console).0.as_deref(), own);
    }

    #[test]
    fn only_long_term_keys_are_values() {
        let key = |id| Dimension::AccessKey.value(&Traits { access_key_id: Some(id), ..USER });
        assert_eq!(key("AKIAIOSFODNN7EXAMPLE").as_deref(), Some("AKIAIOSFODNN7EXAMPLE"));
        assert_eq!(key("ASIAIOSFODNN7EXAMPLE"), None);
    }

    #[test]
    fn errors_of_all_services_have_common_kinds() {
        let kind = |code| Dimension::Error.value(&Traits { error_code: Some(code), ..USER }).unwrap();
        assert_eq!(kind("Client.UnauthorizedOperation"), "access-denied");
        assert_eq!(kind("AccessDeniedException"), "access-denied");
        assert_eq!(kind("NoSuchEntityException"), "not-found");
        assert_eq!(kind("InvalidInstanceID.NotFound"), "not-found");
        assert_eq!(kind("InstanceLimitExceeded"), "quota");
        assert_eq!(kind("Odd"), "Odd");
    }

    #[test]
    fn a_set_has_the_dimensions_it_was_made_of() {
        let some: Dimensions = [Dimension::Region, Dimension::Network].into_iter().collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), [Dimension::Network, Dimension::Region]);
        assert!(Dimensions::ALL.covers(some) && !some.covers(Dimensions::ALL));
        assert!(Dimensions::ALL.iter().eq(Dimension::LEARNT));
        assert!(Dimensions::default().is_empty());
    }

    #[test]
    fn derived_dimensions_are_never_learnt() {
        let derived = || Dimension::ALL.into_iter().filter(|dimension| dimension.origin().is_some());
        assert!(Dimension::LEARNT.into_iter().chain(derived()).eq(Dimension::ALL));
        for dimension in derived() {
            let needed: Dimensions = [dimension].into_iter().collect();
            assert!(needed.iter().eq(dimension.origin()));
            assert!(!needed.contains(dimension) && !Dimensions::ALL.contains(dimension));
            assert_eq!(Dimension::learnt_from_name(dimension.name()), None);
            assert_eq!(dimension.value(&USER), None);
        }
        assert_eq!(Dimension::learnt_from_name("network"), Some(Dimension::Network));
    }
}
