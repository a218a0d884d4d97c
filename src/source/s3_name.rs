//! Names of archives in S3: `s3://bucket[/prefix]`, where the bucket may be the ARN of an access point, and what was meant by other
//! ways to name a bucket.

use std::borrow::Cow;
use std::path::Path;

/// How an access point is written.
const ACCESS_POINT: &str = "s3://arn:aws:s3:REGION:ACCOUNT:accesspoint/NAME[/prefix]";

/// A bucket, or an access point, and what is named in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct S3Name<'n> {
    /// The name of the bucket, or the ARN of the access point with `accesspoint:NAME`, which has no `/`.
    pub(super) bucket: Cow<'n, str>,
    /// Without slashes at its end.
    #[cfg_attr(not(feature = "s3"), allow(dead_code, reason = "only buckets have keys"))]
    pub(super) key: &'n str,
}

impl<'n> S3Name<'n> {
    /// Parses `s3://bucket[/prefix]`.
    ///
    /// # Errors
    /// If it names no bucket; what to write instead, in words.
    pub(super) fn parse(name: &'n str) -> Result<Self, String> {
        let path = name.strip_prefix("s3://").unwrap_or(name).trim_end_matches('/');
        let (bucket, key) = match path.strip_prefix("arn:") {
            Some(arn) => access_point(arn).ok_or_else(|| of_no_access_point(path))?,
            None => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (Cow::Borrowed(bucket), key)
            }
        };
        if bucket.is_empty() {
            return Err("the name of the bucket is missing".to_owned());
        }
        if bucket.contains(['*', '?']) {
            return Err("patterns are for files; a bucket takes a prefix".to_owned());
        }
        Ok(Self { bucket, key })
    }

    /// The Region in the ARN of an access point.
    #[cfg_attr(not(feature = "s3"), allow(dead_code, reason = "only buckets are reached in a Region"))]
    pub(super) fn region(&self) -> Option<&str> {
        self.bucket.strip_prefix("arn:")?.split(':').nth(2)
    }
}

/// The folder of a bucket in a mirror.
pub fn mirrored_bucket(name: &Path) -> Option<String> {
    let name = name.to_str().filter(|name| name.starts_with("s3://"))?;
    Some(S3Name::parse(name).ok()?.bucket.replace(':', "%3A"))
}

/// The access point of an ARN without `arn:`, which may be followed by a prefix.
fn access_point(arn: &str) -> Option<(Cow<'static, str>, &str)> {
    let mut fields = arn.splitn(5, ':');
    let (partition, service) = (fields.next()?, fields.next()?);
    let (region, account, resource) = (fields.next()?, fields.next()?, fields.next()?);
    let name = resource.strip_prefix("accesspoint").and_then(|rest| rest.strip_prefix([':', '/']))?;
    let (name, key) = name.split_once('/').unwrap_or((name, ""));
    let is_whole = service == "s3" && ![region, account, name].contains(&"") && !name.contains(':');
    is_whole.then(|| (format!("arn:{partition}:s3:{region}:{account}:accesspoint:{name}").into(), key))
}

/// What to write instead of an ARN that is not that of an access point.
fn of_no_access_point(arn: &str) -> String {
    if let Some(bucket) = bucket_of_arn(arn) {
        return format!("a bucket is written s3://bucket/prefix; this one is {bucket}");
    }
    if arn.contains(":accesspoint") && arn.split(':').nth(3) == Some("") {
        return "an access point of several Regions needs another kind of signature; name a bucket behind it"
            .to_owned();
    }
    format!("this is not the ARN of an access point, which is written {ACCESS_POINT}")
}

/// `s3://bucket/prefix` for `arn:aws:s3:::bucket/prefix`.
fn bucket_of_arn(arn: &str) -> Option<String> {
    let mut fields = arn.splitn(6, ':');
    let is_of_s3 = fields.next()? == "arn" && fields.next()?.starts_with("aws") && fields.next()? == "s3";
    let has_no_place = fields.next()?.is_empty() && fields.next()?.is_empty();
    let resource = fields.next()?.trim_end_matches(['*', '/']);
    (is_of_s3 && has_no_place && !resource.is_empty()).then(|| format!("s3://{resource}"))
}

/// Whether a name was meant as a bucket.
pub(super) fn is_meant(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["s3:/", "arn:aws", "https://", "http://"].iter().any(|start| name.starts_with(start))
}

/// The `s3://bucket/prefix` that another way to name a bucket stands for.
pub(super) fn meant(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("s3:/") {
        let rest = name[name.len() - rest.len()..].trim_start_matches('/');
        return (!rest.is_empty()).then(|| format!("s3://{rest}"));
    }
    if lower.starts_with("arn:") {
        let is_access_point = S3Name::parse(name).is_ok();
        return if is_access_point { Some(format!("s3://{name}")) } else { bucket_of_arn(name) };
    }
    of_url(name)
}

/// The bucket that the URL of an object, of a bucket or of a page of the console shows.
fn of_url(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let (rest, query) = rest.split('#').next()?.split_once('?').unwrap_or((rest, ""));
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.to_ascii_lowercase();
    let path = decoded(path.trim_end_matches('/'));
    if host.ends_with("console.aws.amazon.com") {
        let rest = ["s3/buckets/", "s3/object/"].iter().find_map(|start| path.strip_prefix(start))?;
        let bucket = rest.split('/').next()?;
        let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap_or_default();
        return Some(joined(bucket, &decoded(prefix)));
    }
    let host = host.strip_suffix(".cn").unwrap_or(&host).strip_suffix(".amazonaws.com")?;
    // `s3`, `s3.eu-west-1`, `s3-eu-west-1` or `s3.dualstack.eu-west-1`, with the bucket before it or in the path.
    if host == "s3" || host.starts_with("s3.") || host.starts_with("s3-") {
        let (bucket, prefix) = path.split_once('/').unwrap_or((&path, ""));
        return (!bucket.is_empty()).then(|| joined(bucket, prefix));
    }
    let end = [".s3.", ".s3-"].iter().filter_map(|mark| host.rfind(mark)).max();
    let bucket = host.strip_suffix(".s3").or_else(|| end.map(|end| &host[..end]))?;
    Some(joined(bucket, &path))
}

fn joined(bucket: &str, prefix: &str) -> String {
    let prefix = prefix.trim_end_matches('/');
    if prefix.is_empty() { format!("s3://{bucket}") } else { format!("s3://{bucket}/{prefix}") }
}

/// A part of a URL without its escapes.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_bucket_and_a_prefix() {
        fn parsed(name: &str) -> Result<(String, String), String> {
            S3Name::parse(name).map(|name| (name.bucket.into_owned(), name.key.to_owned()))
        }
        let of = |bucket: &str, key: &str| Ok((bucket.to_owned(), key.to_owned()));
        assert_eq!(parsed("s3://b"), of("b", ""));
        assert_eq!(parsed("s3://b/x//y/"), of("b", "x//y"));
        assert_eq!(parsed("s3://b/a?b*/x"), of("b", "a?b*/x"));
        let arn = "arn:aws:s3:eu-west-1:111122223333:accesspoint";
        let point = format!("{arn}:my-ap");
        for name in [format!("s3://{arn}/my-ap"), format!("s3://{point}")] {
            assert_eq!(parsed(&format!("{name}/")), of(&point, ""));
            assert_eq!(parsed(&format!("{name}/AWSLogs/1")), of(&point, "AWSLogs/1"));
        }
        assert_eq!(S3Name::parse(&format!("s3://{point}")).unwrap().region(), Some("eu-west-1"));
        assert_eq!(
            mirrored_bucket(Path::new("s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/x/y")).as_deref(),
            Some("arn%3Aaws%3As3%3Aeu-west-1%3A111122223333%3Aaccesspoint%3Ax")
        );
        for (name, said) in [
            ("s3://", "is missing"),
            ("s3:///x", "is missing"),
            ("s3://b*/x", "patterns are for files"),
            ("s3://arn:aws:s3:::b/AWSLogs", "this one is s3://b/AWSLogs"),
            ("s3://arn:aws:s3::111122223333:accesspoint/x.mrap", "several Regions"),
            ("s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/", "not the ARN of an access point"),
            ("s3://arn:aws:iam::111122223333:role/x", "not the ARN of an access point"),
        ] {
            let found = parsed(name).unwrap_err();
            assert!(found.contains(said), "{name}: {found}");
        }
    }

    #[test]
    fn other_ways_to_name_a_bucket_lead_to_its_name() {
        for (name, expected) in [
            ("S3://My-Bucket/AWSLogs", Some("s3://My-Bucket/AWSLogs")),
            ("s3:/b/x", Some("s3://b/x")),
            ("arn:aws:s3:::b/AWSLogs/*", Some("s3://b/AWSLogs")),
            ("arn:aws-cn:s3:::b", Some("s3://b")),
            (
                "arn:aws:s3:eu-west-1:111122223333:accesspoint/x/p",
                Some("s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/x/p"),
            ),
            ("https://b.s3.eu-west-1.amazonaws.com/AWSLogs/a%20b/", Some("s3://b/AWSLogs/a b")),
            ("https://my.b.s3.amazonaws.com", Some("s3://my.b")),
            ("https://b.s3-eu-west-1.amazonaws.com/x", Some("s3://b/x")),
            ("http://s3.dualstack.us-east-1.amazonaws.com/b/x", Some("s3://b/x")),
            ("https://b.s3.cn-north-1.amazonaws.com.cn/x", Some("s3://b/x")),
            (
                "https://eu-west-1.console.aws.amazon.com/s3/buckets/b?region=eu-west-1&prefix=AWSLogs/1/&tab=x",
                Some("s3://b/AWSLogs/1"),
            ),
            (
                "https://s3.console.aws.amazon.com/s3/object/b?prefix=x%2Fy.json.gz",
                Some("s3://b/x/y.json.gz"),
            ),
            ("https://example.com/b", None),
            ("arn:aws:iam::111122223333:role/x", None),
            ("s3:/", None),
        ] {
            assert!(is_meant(name));
            assert_eq!(meant(name).as_deref(), expected, "{name}");
        }
    }
}
