//! What the path of a log object says: account, region, delivery time and the service that wrote it.
//!
//! Reads only the tail of a path, since prefixes are free text. The analysis never trusts a path: it serves as
//! provenance, for the order of reading and to skip objects without events. A name that does not fully match the
//! documented pattern says nothing.

use std::borrow::Cow;

use super::digest_name::DigestName;
use super::key_parts::{is_region, json_stem};
use crate::coverage::{Delivery, ObjectSkip};
use crate::model::{Text, is_account_id, last_part};
use crate::time::Timestamp;

/// What the path of a log object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectKey<'a> {
    /// Twelve digits, as text.
    pub account: Option<&'a str>,
    /// The region the object was delivered for; the events in it may name another.
    pub region: Option<&'a str>,
    /// The Kubernetes cluster whose audit log this is.
    pub cluster: Option<&'a str>,
    /// When the object was delivered, to the minute. If its name does not say, or names another day than its folder
    /// `YYYY/MM/DD`, the start of the folder's day.
    pub delivered: Option<Timestamp>,
    /// Whether `delivered` gives the hour, too, and is not only the start of a day.
    pub gives_hour: bool,
    /// Why the object has no events, if its name and its documented folder say so.
    pub skip: Option<ObjectSkip>,
}

impl<'a> ObjectKey<'a> {
    /// Whether this is a name that CloudTrail itself gives its logs.
    pub const fn is_of_cloudtrail(&self) -> bool {
        self.account.is_some() && self.region.is_some()
    }

    /// The account and Region that the object was delivered for, under which coverage counts it. The Region of a Kubernetes
    /// cluster's audit log is `eks/<cluster>`.
    pub fn place(&self) -> Option<(&'a str, Cow<'a, str>)> {
        let of_cluster = || self.cluster.map(|name| Cow::Owned(format!("eks/{name}")));
        Some((self.account?, self.region.map(Cow::Borrowed).or_else(of_cluster)?))
    }

    /// The day and, if known, the hour of its delivery. Days before 1970 are none.
    pub fn delivery(&self) -> Option<Delivery> {
        let (day, hour) = self.delivered?.day_and_hour();
        (day.number() >= 0).then_some(Delivery { day, hour: self.gives_hour.then_some(hour) })
    }

    /// Parses a path with `/` as separator.
    ///
    /// ```
    /// use firstseen::source::ObjectKey;
    ///
    /// let key = ObjectKey::parse(
    ///     "x/AWSLogs/111122223333/CloudTrail/eu-west-1/2024/03/09/\
    ///      111122223333_CloudTrail_eu-west-1_20240309T0412Z_0123456789abcdef.json.gz");
    /// assert_eq!(key.region, Some("eu-west-1"));
    /// assert_eq!(key.delivered.unwrap().to_string(), "2024-03-09T04:12:00Z");
    /// assert_eq!(key.skip, None);
    /// ```
    pub fn parse(path: &'a str) -> Self {
        let name = last_part(path);
        let folder = day_folder(path);
        let (day, gives_hour) = (folder.map(|(day, _)| day), folder.is_some_and(|(_, is_hour)| is_hour));
        if let Some(key) = log_file(name) {
            let skip = service_folder(path).and_then(|folder| skip_in(folder, name));
            // A name that contradicts its folder must not upset the order of the others.
            let contradicts = |day: &Timestamp| key.delivered.map(Timestamp::day) != Some(day.day());
            return match day.filter(contradicts) {
                Some(day) => Self { delivered: Some(day), gives_hour, skip, ..key },
                None => Self { skip, ..key },
            };
        }
        if let Some((account, cluster)) = cluster(path) {
            return Self {
                account: Some(account),
                cluster: Some(cluster),
                delivered: day,
                gives_hour,
                ..Self::default()
            };
        }
        let skip = service_folder(path).and_then(|folder| skip_in(folder, name));
        Self { skip, delivered: day, gives_hour, ..Self::default() }
    }

    /// Parses a path below an archive whose own path ends with these [`folders_of_clusters`].
    pub(super) fn parse_below(above: Option<&'a str>, path: &'a str) -> Self {
        let key = Self::parse(path);
        let Some(above) = above.filter(|_| key.account.is_none()) else { return key };
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders);
        let all = || above.split('/').chain(folders.split('/')).filter(|part| !part.is_empty());
        let Some((account, cluster)) = cluster_of_folders(all().skip(1)) else { return key };
        let day =
            day_of_folders(folders.rsplit('/').chain(above.rsplit('/')).filter(|part| !part.is_empty()));
        Self {
            account: Some(account),
            cluster: Some(cluster),
            delivered: day.map(|(day, _)| day),
            gives_hour: day.is_some_and(|(_, is_hour)| is_hour),
            ..key
        }
    }
}

/// `…/YYYY/MM/DD/<name>` or `…/YYYY/MM/DD/HH/<name>`: the start of the day or the hour, for an object whose name says no
/// more; and whether it is the hour. Firehose names its folders in the second way.
fn day_folder(path: &str) -> Option<(Timestamp, bool)> {
    day_of_folders(path.rsplit('/').skip(1))
}

/// The day or hour of an object's folders, the innermost first. Azure writes names before their numbers: `y=2026/m=03/d=01/h=00/m=00`.
fn day_of_folders<'p>(folders: impl Iterator<Item = &'p str>) -> Option<(Timestamp, bool)> {
    let mut folders = folders.peekable();
    let is_of_azure =
        folders.peek().is_some_and(|folder| folder.starts_with("m=") || folder.starts_with("h="));
    let names = if is_of_azure { ["h=", "d=", "m=", "y="] } else { [""; 4] };
    if is_of_azure && folders.peek().is_some_and(|folder| folder.starts_with("m=")) {
        folders.next();
    }
    let mut folders = folders.zip(names).map(|(folder, name)| folder.strip_prefix(name).unwrap_or_default());
    let last: [Option<&str>; 4] = std::array::from_fn(|_| folders.next());
    let number = |text: &str, digits: usize| {
        let fits = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<u32>().ok())?
    };
    let date = |year, month, day| {
        Timestamp::from_date(i64::from(number(year, 4)?), number(month, 2)?, number(day, 2)?)
    };
    if let [Some(hour), Some(day), Some(month), Some(year)] = last
        && let (Some(day), Some(hour @ 0..24)) = (date(year, month, day), number(hour, 2))
    {
        return Some((day.day().hour(hour as u8), true));
    }
    date(last[2]?, last[1]?, last[0]?).map(|day| (day, false))
}

/// `EKSLogs/<account>/<cluster>/…`: the account and the cluster.
fn cluster(path: &str) -> Option<(&str, &str)> {
    let (folders, _) = path.rsplit_once('/')?;
    cluster_of_folders(folders.split('/').skip_while(|part| *part != EKS_FOLDER).skip(1))
}

/// The account and the cluster, given the folders below `EKSLogs`.
fn cluster_of_folders<'p>(mut folders: impl Iterator<Item = &'p str>) -> Option<(&'p str, &'p str)> {
    let account = folders.next().filter(|part| is_account_id(part))?;
    Some((account, folders.next().filter(|cluster| !cluster.is_empty())?))
}

/// The folder with the audit logs of clusters.
const EKS_FOLDER: &str = "EKSLogs";

/// What of an archive's own path says of which cluster its logs are: the folders from the last `EKSLogs` on.
pub(super) fn folders_of_clusters(root: &str) -> Option<Text> {
    let mut folders: Vec<&str> = root.rsplit('/').filter(|part| !part.is_empty()).collect();
    folders.truncate(folders.iter().position(|part| *part == EKS_FOLDER)? + 1);
    folders.reverse();
    Some(folders.join("/").into())
}

/// `<account>_CloudTrail[-<Kind>]_<region>_<YYYYMMDD>T<HHMM>Z[_]<unique>.json[.gz]`
///
/// AWS CloudTrail User Guide, "CloudTrail log file names"; one documented example lacks the second last `_`.
fn log_file(name: &str) -> Option<ObjectKey<'_>> {
    let stem = json_stem(name)?;
    let (account, rest) = stem.split_once('_')?;
    let (folder, rest) = rest.split_once('_')?;
    let (region, rest) = rest.split_once('_')?;
    if !matches!(
        folder,
        "CloudTrail" | "CloudTrail-NetworkActivity" | "CloudTrail-Insight" | "CloudTrail-Aggregated"
    ) {
        return None;
    }
    let delivered = delivery_minute(rest.get(..14)?)?;
    let unique = rest[14..].trim_start_matches('_');
    let fits = is_account_id(account) && is_region(region) && is_unique(unique);
    fits.then_some(ObjectKey {
        account: Some(account),
        region: Some(region),
        cluster: None,
        delivered: Some(delivered),
        gives_hour: true,
        skip: None,
    })
}

/// `AWSLogs/[<org>/]<account>/<folder>/…`: the folder, which is `CloudTrail` or a sibling of it. Flow logs may also lie in
/// `AWSLogs/aws-account-id=<account>/aws-service=vpcflowlogs/…` (Amazon VPC user guide, "Flow log files").
fn service_folder(path: &str) -> Option<&str> {
    let (folders, _) = path.rsplit_once('/')?;
    let mut parts = folders.split('/');
    parts.find(|part| *part == "AWSLogs")?;
    parts.find(|part| is_account_id(part) || part.starts_with("aws-account-id="))?;
    parts.next()
}

/// Why an object in the folder of a service has no events, if the names of both say so. A name with a part that says
/// CloudTrail is that of a log, whatever its folder.
pub(super) fn skip_in(folder: &str, name: &str) -> Option<ObjectSkip> {
    let reason = service(folder)?;
    let says_log = |part: &str| {
        let is_of_cloudtrail = part.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("CloudTrail"));
        is_of_cloudtrail && part != folder
    };
    let is_known = reason != ObjectSkip::Digest || DigestName::parse(name).is_some();
    (is_known && !name.split('_').any(says_log)).then_some(reason)
}

/// Why the folder of a service has no events, if its name is a documented one. Any other folder may have some.
pub(super) fn service(folder: &str) -> Option<ObjectSkip> {
    match folder {
        "CloudTrail-Digest" => Some(ObjectSkip::Digest),
        "CloudTrail-Aggregated" => Some(ObjectSkip::Aggregated),
        "CloudTrail-Lake" => Some(ObjectSkip::LakeResult),
        "Config" => Some(ObjectSkip::Config),
        "elasticloadbalancing" => Some(ObjectSkip::LoadBalancer),
        "vpcflowlogs" | "aws-service=vpcflowlogs" => Some(ObjectSkip::FlowLogs),
        "GuardDuty" => Some(ObjectSkip::GuardDuty),
        "WAFLogs" => Some(ObjectSkip::Waf),
        "BedrockModelInvocationLogs"
        | "CloudFront"
        | "VpcLattice"
        | "globalaccelerator"
        | "network-firewall"
        | "redshift"
        | "vpcdnsquerylogs" => Some(ObjectSkip::OtherService),
        _ => None,
    }
}

fn is_unique(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `YYYYMMDDTHHMMZ`
fn delivery_minute(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| -> Option<u32> {
        let digits = text.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    if text.get(8..9)? != "T" || text.get(13..14)? != "Z" {
        return None;
    }
    let day = Timestamp::from_date(i64::from(number(0..4)?), number(4..6)?, number(6..8)?)?;
    let (hour, minute) = (number(9..11)?, number(11..13)?);
    (hour < 24 && minute < 60)
        .then(|| Timestamp::from_micros(day.micros() + i64::from(hour * 60 + minute) * 60_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_partition_are_parsed() {
        for region in ["us-gov-west-1", "cn-northwest-1", "eusc-de-east-1", "us-iso-east-1", "mx-central-1"] {
            let path = format!("a/111122223333_CloudTrail_{region}_20240309T0412Z_0123456789abcdef.json");
            assert_eq!(ObjectKey::parse(&path).region, Some(region));
        }
    }

    #[test]
    fn a_leading_zero_belongs_to_the_account() {
        let key = ObjectKey::parse("000123456789_CloudTrail_us-east-1_20240309T0412ZaBc.json.gz");
        assert_eq!(key.account, Some("000123456789"));
    }

    #[test]
    fn a_network_activity_object_is_not_skipped() {
        let key =
            ObjectKey::parse("111122223333_CloudTrail-NetworkActivity_us-east-1_20240309T0412Z_aB1.json.gz");
        assert_eq!((key.skip, key.delivered.is_some()), (None, true));
    }

    #[test]
    fn objects_of_other_services_are_recognized() {
        let skip = |path: &str| ObjectKey::parse(path).skip;
        let below = |folder: &str, name: &str| {
            skip(&format!("p/AWSLogs/o-ab12/111122223333/{folder}/us-east-1/{name}"))
        };
        let digest = "111122223333_CloudTrail-Digest_eu-west-1_my_trail.x_us-east-1_20240309T041200Z";
        for name in [format!("{digest}.json.gz"), format!("{digest}_backfill.json.gz")] {
            assert_eq!(below("CloudTrail-Digest", &name), Some(ObjectSkip::Digest));
            assert_eq!(skip(&name), None);
        }
        let aggregated = "111122223333_CloudTrail-Aggregated_us-east-1_20240309T0412Z_aB1.json.gz";
        assert_eq!(below("CloudTrail-Aggregated", aggregated), Some(ObjectSkip::Aggregated));
        assert_eq!(skip(aggregated), None);
        assert_eq!(below("Config", "x.gz"), Some(ObjectSkip::Config));
        assert_eq!(below("elasticloadbalancing", "x.gz"), Some(ObjectSkip::LoadBalancer));
        assert_eq!(below("vpcdnsquerylogs", "x.gz"), Some(ObjectSkip::OtherService));
        for folder in ["CloudTrail", "CloudTrail-restored", "mine", "us-east-1"] {
            assert_eq!(below(folder, "x.gz"), None);
        }
        for name in ["1_CloudTrail_x.gz", "1_cloudtrail-Insight_y", "CloudTrail", "1_CloudTrail-Digest_x"] {
            assert_eq!(below("vpcflowlogs", name), None, "{name}");
        }
        let configured = "111122223333_Config_us-east-1_ConfigHistory_AWS::CloudTrail::Trail_1.json.gz";
        assert_eq!(below("Config", configured), Some(ObjectSkip::Config));
    }

    #[test]
    fn a_folder_gives_the_delivery_day_if_the_name_does_not() {
        let delivered = |path: &str| ObjectKey::parse(path).delivered.map(|time| time.to_string());
        assert_eq!(delivered("x/2024/03/09/renamed.json.gz").as_deref(), Some("2024-03-09T00:00:00Z"));
        let dated = |day| format!("2024/03/09/111122223333_CloudTrail_us-east-1_{day}T0412Z_aB1.json.gz");
        assert_eq!(delivered(&dated("20240309")).as_deref(), Some("2024-03-09T04:12:00Z"));
        assert_eq!(delivered(&dated("20991231")).as_deref(), Some("2024-03-09T00:00:00Z"));
        for path in
            ["2024/13/09/a.json", "24/03/09/a.json", "2024/03/9/a.json", "2024/03/09/b/a.json", "03/09/a"]
        {
            assert_eq!(delivered(path), None, "{path}");
        }
    }

    #[test]
    fn the_hour_of_delivery_is_known_only_if_a_name_gives_it() {
        let hour = |path: &str| ObjectKey::parse(path).delivery().and_then(|delivery| delivery.hour);
        let name = "111122223333_CloudTrail_us-east-1_20240309T0412Z_aB1.json.gz";
        assert_eq!(hour(name), Some(4));
        assert_eq!(hour(&format!("2024/03/09/{name}")), Some(4));
        assert_eq!(hour("x/2024/03/09/05/firehose-1"), Some(5));
        for path in ["x/2024/03/09/renamed.json.gz".to_owned(), format!("2024/03/10/{name}")] {
            assert!(ObjectKey::parse(&path).delivery().is_some(), "{path}");
            assert_eq!(hour(&path), None, "{path}");
        }
        assert_eq!(ObjectKey::parse("1969/12/31/x.json").delivery(), None);
    }

    #[test]
    fn the_path_of_an_audit_log_names_account_cluster_and_hour() {
        let key = ObjectKey::parse("p/EKSLogs/000123456789/prod/2026/01/02/03/x-1-2026-01-02-03-04-05-uuid");
        assert_eq!((key.account, key.cluster, key.region), (Some("000123456789"), Some("prod"), None));
        assert_eq!(key.delivered.map(|time| time.to_string()).as_deref(), Some("2026-01-02T03:00:00Z"));
        for path in ["EKSLogs/000123456789/x.gz", "EKSLogs/prod/2026/x.gz", "AWSLogs/000123456789/prod/x"] {
            assert_eq!(ObjectKey::parse(path).cluster, None, "{path}");
        }
    }

    #[test]
    fn the_path_of_an_archive_names_the_cluster_of_what_is_below() {
        let whole = "/logs/EKSLogs/000123456789/prod/2026/01/02/03/x-1-2026-01-02-03-04-05-uuid";
        let expected = ObjectKey::parse(whole);
        for (slash, _) in whole.match_indices('/').skip(2) {
            let (root, path) = (&whole[..slash], &whole[slash + 1..]);
            let above = folders_of_clusters(root);
            assert!(above.is_some(), "{root}");
            assert_eq!(ObjectKey::parse_below(above.as_deref(), path), expected, "{root}");
        }
        assert_eq!(folders_of_clusters("/logs/AWSLogs"), None);
        // What is within the archive is closer to the object.
        let other = "copy/EKSLogs/111122223333/dev/x";
        assert_eq!(ObjectKey::parse_below(Some("EKSLogs/000123456789/prod"), other), ObjectKey::parse(other));
        let trail = "a/111122223333_CloudTrail_us-east-1_20240309T0412Z_0123456789abcdef.json.gz";
        assert_eq!(ObjectKey::parse_below(Some("EKSLogs/000123456789/prod"), trail), ObjectKey::parse(trail));
    }

    #[test]
    fn a_name_that_matches_only_in_part_is_ignored() {
        for path in [
            "",
            "/",
            "111122223333_CloudTrail_us-east-1_20240309T0412Z_.json.gz",
            "111122223333_CloudTrail_us-east-1_20241309T0412Z_aB1.json.gz",
            "111122223333_CloudTrail_us-east-1_+0240309T0412Z_aB1.json.gz",
            "11112222333_CloudTrail_us-east-1_20240309T0412Z_aB1.json.gz",
            "111122223333_CloudTrail_us-east-1_2024030\u{e9}T0412Z_aB1.json.gz",
            "not_CloudTrail-Digest_a_b_c_d.json",
            "events.json",
        ] {
            assert_eq!(ObjectKey::parse(path), ObjectKey::default(), "{path}");
        }
    }
}
