//! Interprets the folders below a prefix of a bucket by name: which to descend into, which to skip, and where the days of
//! a Region begin.
//!
//! `[prefix/]AWSLogs/[o-…/]<account>/<folder>/<region>/YYYY/MM/DD/<name>`: AWS CloudTrail User Guide, "CloudTrail log file
//! names". `[prefix/]EKSLogs/<account>/<cluster>/YYYY/MM/DD/HH/<name>` is a common layout of cluster audit logs, with a
//! cluster in place of the Region. A prefix may be anything, so only what follows these two is known; the rest is found out
//! by listing.

use crate::coverage::ObjectSkip;
use crate::model::{is_account_id, last_part};
use crate::source::ReadWindow;
use crate::source::object_key::{service, skip_in};
use crate::time::Day;

/// What the folders below a prefix are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// Anything.
    Unknown,
    /// Accounts, or organizations that contain accounts.
    Accounts,
    /// Folders of services.
    Services,
    /// Regions.
    Regions,
    /// Years, months and days.
    Days,
    /// A part of the days, or anything else below.
    Leaf,
}

/// What is below a prefix, which is empty or ends in `/`.
pub(super) fn level(prefix: &str) -> Level {
    if let Some(level) = clusters(prefix) {
        return level;
    }
    let mut parts = prefix.split_terminator('/').skip_while(|part| *part != "AWSLogs").skip(1);
    let account = match parts.find(|part| !part.starts_with("o-")) {
        Some(account) => account,
        None if prefix.split_terminator('/').any(|part| part == "AWSLogs") => return Level::Accounts,
        None => return Level::Unknown,
    };
    if !is_account_id(account) {
        return Level::Unknown;
    }
    match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => Level::Services,
        (Some(_), None, _) => Level::Regions,
        (Some(_), Some(region), None) if region.contains(|c: char| c.is_ascii_alphabetic()) => Level::Days,
        _ => Level::Leaf,
    }
}

/// What is below a prefix with cluster audit logs.
fn clusters(prefix: &str) -> Option<Level> {
    let mut parts = prefix.split_terminator('/').skip_while(|part| *part != "EKSLogs");
    parts.next()?;
    let Some(account) = parts.next() else { return Some(Level::Accounts) };
    if !is_account_id(account) {
        return Some(Level::Unknown);
    }
    Some(match (parts.next(), parts.next()) {
        (None, _) => Level::Regions,
        (Some(_), None) => Level::Days,
        _ => Level::Leaf,
    })
}

/// Why a folder is skipped except for objects named like logs.
pub(super) fn skip(level: Level, folder: &str) -> Option<ObjectSkip> {
    let is_of_service = match level {
        Level::Services => true,
        // Flow logs in the Hive layout, which has no plain account folder.
        Level::Unknown => folder.starts_with("aws-service="),
        _ => false,
    };
    service(folder).filter(|_| is_of_service)
}

/// Whether an object is listed: always, except objects in the folder of another service that are named as that service does.
pub(super) fn is_listed(within: Option<&str>, key: &str) -> bool {
    let name = last_part(key);
    within.is_none_or(|folder| !name.is_empty() && skip_in(folder, name).is_none())
}

/// The Region folder that contains a prefix.
pub(super) fn region_above(prefix: &str) -> Option<&str> {
    let ends = prefix.match_indices('/').map(|(at, _)| &prefix[..=at]);
    ends.into_iter().find(|above| level(above) == Level::Days)
}

/// Whether folders are years, so that their parent holds days.
pub(super) fn are_years<'f>(mut folders: impl Iterator<Item = &'f str>) -> bool {
    let is_year = |folder: &str| {
        let digits = folder.len() == 4 && folder.bytes().all(|byte| byte.is_ascii_digit());
        digits && (folder.starts_with("19") || folder.starts_with("20"))
    };
    folders.next().is_some_and(is_year) && folders.all(is_year)
}

/// The part of a folder of days that is worth listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    /// Keys up to this one are excluded.
    pub(super) start_after: Option<String>,
    /// The listing ends before this key.
    pub(super) stop_at: Option<String>,
}

impl Range {
    /// The days that a window admits, below a prefix.
    pub(super) fn new(prefix: &str, window: &ReadWindow) -> Self {
        let key = |day: i64| {
            let day = Day::from_number(i32::try_from(day).ok()?);
            day.start().is_written().then(|| day.to_string().replace('-', "/"))
        };
        let (first, last) = window.days();
        Self {
            // `…/2024/03/09` is before every key in that folder.
            start_after: first.and_then(key).map(|day| format!("{prefix}{day}")),
            stop_at: last.and_then(|last| key(last + 1)).map(|day| format!("{prefix}{day}")),
        }
    }

    /// Whether it excludes anything.
    pub(super) fn is_limited(&self) -> bool {
        *self != Self::default()
    }

    /// Whether a key, and so every later one, is beyond the end.
    pub(super) fn ends_before(&self, key: &str) -> bool {
        self.stop_at.as_deref().is_some_and(|stop| key >= stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Span, Timestamp};

    #[test]
    fn a_prefix_determines_the_level_below_it() {
        for (prefix, expected) in [
            ("", Level::Unknown),
            ("logs/2024/", Level::Unknown),
            ("x/AWSLogs/", Level::Accounts),
            ("AWSLogs/o-ab12cd34ef/", Level::Accounts),
            ("o-ab12cd34ef/AWSLogs/o-ab12cd34ef/", Level::Accounts),
            ("AWSLogs/111122223333/", Level::Services),
            ("o-ab/AWSLogs/o-ab/111122223333/", Level::Services),
            ("AWSLogs/111122223333/CloudTrail/", Level::Regions),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/", Level::Days),
            ("AWSLogs/111122223333/CloudTrail/eu-west-1/2024/", Level::Leaf),
            ("AWSLogs/something/", Level::Unknown),
            ("AWSLogs/111122223333/other/2024/", Level::Leaf),
            ("x/EKSLogs/", Level::Accounts),
            ("EKSLogs/111122223333/", Level::Regions),
            ("EKSLogs/111122223333/prod/", Level::Days),
            ("EKSLogs/111122223333/prod/2024/", Level::Leaf),
            ("EKSLogs/prod/", Level::Unknown),
        ] {
            assert_eq!(level(prefix), expected, "{prefix}");
        }
    }

    #[test]
    fn folders_of_other_services_are_skipped() {
        assert_eq!(skip(Level::Services, "Config"), Some(ObjectSkip::Config));
        assert_eq!(skip(Level::Services, "CloudTrail"), None);
        assert_eq!(skip(Level::Services, "CloudTrail-Digest"), Some(ObjectSkip::Digest));
        assert_eq!(skip(Level::Services, "CloudTrail-restored"), None);
        assert_eq!(skip(Level::Unknown, "aws-service=vpcflowlogs"), Some(ObjectSkip::FlowLogs));
        assert_eq!(skip(Level::Unknown, "Config"), None);
    }

    #[test]
    fn a_prefix_of_days_has_a_region_above_it() {
        let region = "x/AWSLogs/111122223333/CloudTrail/eu-west-1/";
        assert_eq!(region_above(&format!("{region}2024/03/")), Some(region));
        assert_eq!(region_above("x/2024/03/"), None);
    }

    #[test]
    fn years_are_four_digits() {
        assert!(are_years(["2023", "2024"].into_iter()));
        for folders in [&[][..], &["2024", "x"], &["20245"], &["a\u{f1}b"], &["3024"]] {
            assert!(!are_years(folders.iter().copied()), "{folders:?}");
        }
    }

    #[test]
    fn a_window_becomes_a_key_range_with_slack() {
        let time = |text: &str| Timestamp::parse(text);
        let window = ReadWindow {
            read_from: time("2024-03-02T10:00:00Z"),
            read_to: time("2024-12-30T23:59:59Z"),
            slack: Span::days(2),
        };
        let range = Range::new("p/", &window);
        assert_eq!(range.start_after.as_deref(), Some("p/2024/02/29"));
        assert_eq!(range.stop_at.as_deref(), Some("p/2025/01/02"));
        assert!(!range.ends_before("p/2025/01/01/x"));
        assert!(range.ends_before("p/2025/01/02/x"));
        assert!(!Range::new("p/", &ReadWindow::default()).is_limited());
    }
}
