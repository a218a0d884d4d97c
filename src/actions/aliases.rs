//! Names of actions: CloudTrail's event sources and event names, and IAM's prefixes and actions for them.
//!
//! Sources: AWS Service Authorization Reference (prefixes), Amazon S3 User Guide ("Amazon S3 CloudTrail events", "Required
//! permissions for Amazon S3 API operations"), AWS Lambda Developer Guide and Amazon CloudFront Developer Guide ("Logging API calls
//! using CloudTrail"), AWS CloudTrail User Guide ("AWS Management Console sign-in events"), Amazon Bedrock API Reference (permissions of
//! "Converse", "ConverseStream", "StartAsyncInvoke", "InvokeModelWithBidirectionalStream").

/// Event sources whose first part is not IAM's prefix of the service.
const SERVICES: [(&str, &str); 5] = [
    ("amazonmq", "mq"),
    ("email", "ses"),
    ("monitoring", "cloudwatch"),
    ("rdsdata", "rds-data"),
    ("tagging", "tag"),
];

/// Events that IAM's actions have other names for: service, event, and the action that allows it.
const EVENTS: [(&str, &str, &str, &str); 40] = [
    ("bedrock", "Converse", "bedrock", "InvokeModel"),
    ("bedrock", "ConverseStream", "bedrock", "InvokeModelWithResponseStream"),
    ("bedrock", "InvokeModelWithBidirectionalStream", "bedrock", "InvokeModel"),
    ("bedrock", "StartAsyncInvoke", "bedrock", "InvokeModel"),
    ("lambda", "Invoke", "lambda", "InvokeFunction"),
    ("s3", "CompleteMultipartUpload", "s3", "PutObject"),
    ("s3", "CopyObject", "s3", "PutObject"),
    ("s3", "CreateMultipartUpload", "s3", "PutObject"),
    ("s3", "DeleteBucketCors", "s3", "PutBucketCORS"),
    ("s3", "DeleteBucketEncryption", "s3", "PutEncryptionConfiguration"),
    ("s3", "DeleteBucketLifecycle", "s3", "PutLifecycleConfiguration"),
    ("s3", "DeleteBucketPublicAccessBlock", "s3", "PutBucketPublicAccessBlock"),
    ("s3", "DeleteBucketReplication", "s3", "PutReplicationConfiguration"),
    ("s3", "DeleteBucketTagging", "s3", "PutBucketTagging"),
    ("s3", "DeleteObjects", "s3", "DeleteObject"),
    ("s3", "DeletePublicAccessBlock", "s3", "PutBucketPublicAccessBlock"),
    ("s3", "GetBucketEncryption", "s3", "GetEncryptionConfiguration"),
    ("s3", "GetBucketLifecycle", "s3", "GetLifecycleConfiguration"),
    ("s3", "GetBucketReplication", "s3", "GetReplicationConfiguration"),
    ("s3", "GetPublicAccessBlock", "s3", "GetBucketPublicAccessBlock"),
    ("s3", "HeadBucket", "s3", "ListBucket"),
    ("s3", "HeadObject", "s3", "GetObject"),
    ("s3", "ListBuckets", "s3", "ListAllMyBuckets"),
    ("s3", "ListMultipartUploads", "s3", "ListBucketMultipartUploads"),
    ("s3", "ListObjectVersions", "s3", "ListBucketVersions"),
    ("s3", "ListObjects", "s3", "ListBucket"),
    ("s3", "ListObjectsV2", "s3", "ListBucket"),
    ("s3", "ListParts", "s3", "ListMultipartUploadParts"),
    ("s3", "PutBucketAccelerateConfiguration", "s3", "PutAccelerateConfiguration"),
    ("s3", "PutBucketAnalyticsConfiguration", "s3", "PutAnalyticsConfiguration"),
    ("s3", "PutBucketEncryption", "s3", "PutEncryptionConfiguration"),
    ("s3", "PutBucketInventoryConfiguration", "s3", "PutInventoryConfiguration"),
    ("s3", "PutBucketLifecycle", "s3", "PutLifecycleConfiguration"),
    ("s3", "PutBucketMetricsConfiguration", "s3", "PutMetricsConfiguration"),
    ("s3", "PutBucketReplication", "s3", "PutReplicationConfiguration"),
    ("s3", "PutPublicAccessBlock", "s3", "PutBucketPublicAccessBlock"),
    ("s3", "SelectObjectContent", "s3", "GetObject"),
    ("s3", "UploadPart", "s3", "PutObject"),
    ("s3", "UploadPartCopy", "s3", "PutObject"),
    ("signin", "SwitchRole", "sts", "AssumeRole"),
];

/// Service and name of the events that IAM's actions have other names for.
pub(super) fn event_names() -> impl Iterator<Item = (&'static str, &'static str)> {
    EVENTS.iter().map(|(service, event, ..)| (*service, *event))
}

/// A name in a record, as IAM would write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ApiName<'a> {
    /// IAM's prefix of the service; empty if the name has none.
    pub(super) service: &'a str,
    /// The event's name without a version.
    pub(super) name: &'a str,
}

impl<'a> ApiName<'a> {
    /// Reads `iam.amazonaws.com:CreateUser`, `iam:CreateUser` or `CreateUser`.
    pub(super) fn new(action: &'a str) -> Self {
        let (source, name) = action.split_once(':').unwrap_or(("", action));
        let prefix = source.split('.').next().unwrap_or(source);
        let alias = SERVICES.iter().find(|(event, _)| prefix.eq_ignore_ascii_case(event));
        Self { service: alias.map_or(prefix, |(_, iam)| iam), name: without_version(name) }
    }

    /// Service and name of the action that allows this event, if it has another name.
    pub(super) fn alias(&self) -> Option<(&'static str, &'static str)> {
        let is_it = |(service, event, ..): &&(&str, &str, &str, &str)| {
            self.service.eq_ignore_ascii_case(service) && self.name.eq_ignore_ascii_case(event)
        };
        EVENTS.iter().find(is_it).map(|(_, _, service, name)| (*service, *name))
    }
}

/// Lambda and CloudFront put the version of their API behind the name: `ListFunctions20150331`, `GetFunction20150331v2`,
/// `CreateDistribution2020_05_31`.
pub(super) fn without_version(name: &str) -> &str {
    let numbers = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
    let minor =
        numbers.strip_suffix('v').map(|name| name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_'));
    let is_version = |stem: &&str| {
        let version: String = name[stem.len()..].chars().filter(|c| *c != '_').collect();
        let date = version.split('v').next().unwrap_or_default();
        date.len() == 8 && date.starts_with("20") && !stem.is_empty()
    };
    [Some(numbers), minor].into_iter().flatten().find(is_version).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::table::ActionTable;

    #[test]
    fn versions_are_not_part_of_a_name() {
        for (name, expected) in [
            ("ListFunctions20150331", "ListFunctions"),
            ("GetFunction20150331v2", "GetFunction"),
            ("CreateDistribution2020_05_31", "CreateDistribution"),
            ("ListObjectsV2", "ListObjectsV2"),
            ("GetRoute53", "GetRoute53"),
            ("20150331", "20150331"),
            ("v2", "v2"),
            ("é20150331v", "é"),
        ] {
            assert_eq!(without_version(name), expected);
        }
    }

    #[test]
    fn event_sources_become_prefixes() {
        let of = |action| ApiName::new(action);
        assert_eq!(of("monitoring.amazonaws.com:PutMetricAlarm").service, "cloudwatch");
        assert_eq!(of("iam.amazonaws.com:CreateUser"), of("iam:CreateUser"));
        assert_eq!(of("CreateUser"), ApiName { service: "", name: "CreateUser" });
    }

    #[test]
    fn every_alias_is_an_action_that_iam_has() {
        let table = ActionTable::get();
        for (service, event, iam_service, action) in EVENTS {
            assert!(table.find(iam_service, action).is_some(), "{iam_service}:{action}");
            let same = table.find(service, event);
            assert!(same.is_none(), "{service}:{event} needs no alias");
        }
        for (_, service) in SERVICES {
            assert!(table.actions().iter().any(|action| action.service == service), "{service}");
        }
    }
}
