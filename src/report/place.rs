//! The location of an object, in a form that users can open: the archive as given, and the object below it.

use std::borrow::Cow;

use crate::model::is_account_id;

/// The name of an archive by its number, counted from 1.
pub(super) fn archive_name(archives: &[String], number: u32) -> Option<&str> {
    archives.get((number as usize).checked_sub(1)?).map(String::as_str)
}

/// The name of the archive of an object, and the URI of the object if it is in a bucket.
pub(super) fn of_object<'a>(
    archives: &'a [String],
    number: u32,
    object: &str,
) -> (Option<&'a str>, Option<String>) {
    let archive = archive_name(archives, number);
    (archive, archive.and_then(|archive| object_uri(archive, object)))
}

/// The URI of an object in a bucket, as the AWS CLI accepts it: `s3://bucket/key`, without the path inside
/// the object. None for files.
///
/// `archive` is the archive as given, `s3://bucket` or `s3://bucket/prefix`; `object` is the path below it,
/// or the name of the object if the archive is a single object.
pub(super) fn object_uri(archive: &str, object: &str) -> Option<String> {
    archive.strip_prefix("s3://")?;
    let key = container(object);
    let folder = match archive.rsplit_once('/') {
        // The archive is the object itself.
        Some((folder, name)) if name == key && folder.len() > "s3://".len() => folder,
        _ => archive,
    };
    Some(format!("{folder}/{key}"))
}

/// An object as shown to users: its URI if it is in a bucket, its path with the name of its archive if there
/// are several, else its path below the archive.
pub(super) fn shown_object<'a>(archives: &'a [String], number: u32, object: &'a str) -> Cow<'a, str> {
    let Some(archive) = archive_name(archives, number) else { return Cow::Borrowed(object) };
    if let Some(uri) = object_uri(archive, object) {
        return Cow::Owned(uri + &object[container(object).len()..]);
    }
    if archives.len() < 2 || archive == "-" {
        return Cow::Borrowed(object);
    }
    let literal = archive.find(['*', '?', '[']).map(|wildcard| &archive[..wildcard]);
    let folder = match (literal, archive.rsplit_once('/')) {
        (Some(literal), _) => literal.rfind('/').map_or("", |slash| &literal[..slash]),
        (None, Some((folder, name))) if name == container(object) => folder,
        (None, None) if archive == container(object) => "",
        _ => archive,
    };
    let folder_end = folder.trim_end_matches('/');
    if folder.is_empty() { Cow::Borrowed(object) } else { Cow::Owned(format!("{folder_end}/{object}")) }
}

/// The account whose log an object is, as its path says: `AWSLogs/[o-…/]<account>/…`, or `<account>_CloudTrail…` as its name.
pub(super) fn account_of_log(object: &str) -> Option<&str> {
    let mut below = object.split(['/', '!']).skip_while(|part| *part != "AWSLogs").skip(1);
    let name = object.rsplit(['/', '!']).find_map(|name| name.split_once("_CloudTrail"));
    let of_folder = below.find(|part| !part.starts_with("o-"));
    of_folder.into_iter().chain(name.map(|(account, _)| account)).find(|account| is_account_id(account))
}

/// The object of a path that may continue inside it after a `!`: the part before the first `!` that follows a
/// name with an extension or precedes an `@`.
pub(super) fn container(object: &str) -> &str {
    let mut marks = object.match_indices('!').map(|(at, _)| at);
    let is_end = |at: &usize| {
        let name = object[..*at].rsplit('/').next().unwrap_or_default();
        name.contains('.') || object[at + 1..].starts_with('@')
    };
    marks.find(is_end).map_or(object, |at| &object[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_the_object_in_the_bucket() {
        let uri = |archive: &str, object: &str| object_uri(archive, object);
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(uri("s3://b", "AWSLogs/a.json.gz"), shown("s3://b/AWSLogs/a.json.gz"));
        assert_eq!(uri("s3://b/pre/fix", "a.json.gz"), shown("s3://b/pre/fix/a.json.gz"));
        assert_eq!(uri("s3://b/pre/a.json.gz", "a.json.gz"), shown("s3://b/pre/a.json.gz"));
        assert_eq!(uri("s3://b/a.zip", "a.zip!c/d.json"), shown("s3://b/a.zip"));
        assert_eq!(uri("s3://b", "b"), shown("s3://b/b"));
        assert_eq!(uri("s3://b/p", "x.tar!y.json!@4096"), shown("s3://b/p/x.tar"));
        assert_eq!(uri("s3://b/p", "export!@4096"), shown("s3://b/p/export"));
        assert_eq!(uri("s3://b/p", "wow!/2024/x.json.gz"), shown("s3://b/p/wow!/2024/x.json.gz"));
        assert_eq!(uri("logs", "a.json.gz"), None);
    }

    #[test]
    fn a_path_names_the_account_of_its_log() {
        let name = "111122223333_CloudTrail_us-east-1_20240305T0000Z_x.json.gz";
        for path in [
            "a/AWSLogs/111122223333/CloudTrail/x",
            "AWSLogs/o-1a2b/111122223333/x",
            name,
            &format!("a.zip!b/{name}"),
        ] {
            assert_eq!(account_of_log(path), Some("111122223333"), "{path}");
        }
        for path in ["111122223333/x.json", "AWSLogs/aws-waf-logs/x.json", "x_CloudTrail_y.json"] {
            assert_eq!(account_of_log(path), None, "{path}");
        }
    }

    #[test]
    fn objects_of_several_archives_are_shown_with_their_archive() {
        let archives = ["-", "a", "b/c.json", "d/*/x", "s3://e/f", "/", "."].map(str::to_owned);
        let shown = |number, object| shown_object(&archives, number, object).into_owned();
        assert_eq!(shown(1, "stdin"), "stdin");
        assert_eq!(shown(2, "x/y.json"), "a/x/y.json");
        assert_eq!(shown(3, "c.json"), "b/c.json");
        assert_eq!(shown(4, "m/x/y.json"), "d/m/x/y.json");
        assert_eq!(shown(5, "g.zip!h.json"), "s3://e/f/g.zip!h.json");
        assert_eq!(shown(6, "x"), "/x");
        assert_eq!(shown(7, "x"), "./x");
        assert_eq!(shown(9, "x"), "x");
        assert_eq!(shown_object(&archives[1..2], 1, "x"), "x");
    }
}
