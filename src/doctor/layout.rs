//! Where an object lies: the folders by which archives are known.

use crate::model::is_account_id;
use crate::names::named;
use crate::source::ObjectKey;

named! {
    /// How the objects of an archive are laid out.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Layout {
        /// `AWSLogs/<account>/…`
        AwsLogs = "aws-logs",
        /// `AWSLogs/<organization>/<account>/…`
        Organization = "aws-logs-of-organization",
        /// `EKSLogs/<account>/<cluster>/…`
        EksExport = "eks-export",
        /// Tables of Security Lake: `region=…/accountId=…/eventDay=…`
        SecurityLake = "security-lake",
        /// Names that CloudTrail gives, without its folders.
        Flat = "cloudtrail-names",
        /// `…/YYYY/MM/DD/[HH/]`, as Firehose and other exports have it.
        Days = "days",
        /// Anything else.
        Other = "other",
    }
}

impl Layout {
    /// The layout of an object with this path, which begins with that of the archive.
    pub(super) fn of(path: &str) -> Self {
        let mut parts = path.split('/');
        if parts.clone().any(|part| part == "EKSLogs") {
            return Self::EksExport;
        }
        if parts.any(|part| part == "AWSLogs") {
            let below = parts.next().unwrap_or_default();
            let is_organization = below.starts_with("o-") && parts.next().is_some_and(is_account_id);
            return if is_organization { Self::Organization } else { Self::AwsLogs };
        }
        let key = ObjectKey::parse(path);
        if lake_value(path, "accountId").is_some() && lake_value(path, "region").is_some() {
            Self::SecurityLake
        } else if key.is_of_cloudtrail() {
            Self::Flat
        } else if key.delivered.is_some() {
            Self::Days
        } else {
            Self::Other
        }
    }
}

/// The value of a folder `NAME=VALUE`, as Security Lake has them.
pub(super) fn lake_value<'p>(path: &'p str, name: &str) -> Option<&'p str> {
    path.split('/').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// What is before the folder `AWSLogs` or `EKSLogs` in a path, without the slash, and what is below that folder. None if there is none.
pub(super) fn split_at_tree(path: &str) -> Option<(&str, &str)> {
    let mut start = 0;
    for part in path.split('/') {
        if part == "AWSLogs" || part == "EKSLogs" {
            let below = path.get(start + part.len()..).unwrap_or_default();
            return Some((path[..start].trim_end_matches('/'), below.trim_matches('/')));
        }
        start += part.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_names_tell_the_layout() {
        let name = "111122223333_CloudTrail_us-east-1_20240301T0000Z_0123456789abcdef.json.gz";
        for (path, expected) in [
            (format!("x/AWSLogs/111122223333/CloudTrail/us-east-1/2024/03/01/{name}"), Layout::AwsLogs),
            (
                format!("AWSLogs/o-ab12cd34ef/111122223333/CloudTrail/us-east-1/2024/03/01/{name}"),
                Layout::Organization,
            ),
            ("EKSLogs/111122223333/prod/2024/03/01/00/audit".to_owned(), Layout::EksExport),
            (
                "ext/region=us-east-1/accountId=111122223333/eventDay=20240301/a.parquet".to_owned(),
                Layout::SecurityLake,
            ),
            (name.to_owned(), Layout::Flat),
            ("hose/2024/03/01/00/part-1".to_owned(), Layout::Days),
            ("notes.txt".to_owned(), Layout::Other),
        ] {
            assert_eq!(Layout::of(&path), expected, "{path}");
        }
    }

    #[test]
    fn a_tree_has_a_place_before_it_and_below_it() {
        assert_eq!(split_at_tree("/a/b/AWSLogs/1/CloudTrail"), Some(("/a/b", "1/CloudTrail")));
        assert_eq!(split_at_tree("AWSLogs"), Some(("", "")));
        assert_eq!(split_at_tree("s3://b/EKSLogs/1"), Some(("s3://b", "1")));
        assert_eq!(split_at_tree("a/AWSLogs2/b"), None);
    }
}
