//! Records whose caller is flattened: Splunk, SQL engines and log shippers write `userIdentity.arn` as a member of the record, or
//! `userIdentity` as a text. Such a record would be one of nobody, and all callers would be the same. So it is with parts of an audit
//! event: its user, whom that impersonates, the object, and the result.

use crate::decode::record::{audit, walk};
use crate::event::Record;

/// Whether a record without a caller has one after all, in another form.
#[inline]
pub(super) fn hides_caller(record: &Record<'_>, text: &str, at: usize) -> bool {
    record.identity.is_absent() && has_flattened_caller(text, at)
}

#[cold]
fn has_flattened_caller(text: &str, at: usize) -> bool {
    let mut is_flattened = false;
    let _ = walk::member_spans(text, at + 1, |key, (start, end)| {
        is_flattened |= is_part_of_caller(key, &text[start..end]);
    });
    is_flattened
}

/// Whether this member is a part of the caller of a CloudTrail record, or the caller in another form than an object.
pub(super) fn is_part_of_caller(key: &str, value: &str) -> bool {
    if key == "userIdentity" {
        // Any other text is a value of the wrong type, and says nothing.
        return is_other_form(value) && ["arn", "ype", "rincipal"].iter().any(|part| value.contains(part));
    }
    key.len() > "userIdentity".len() && letters_of(key).starts_with("useridentity") && !is_empty(value)
}

/// Which part of an audit event this member has in another form than an object, or which it is a member of.
pub(super) fn flattened_part(key: &str, value: &str) -> Option<usize> {
    match audit::part(key) {
        Some(part) => is_other_form(value).then_some(part),
        None => audit::part_of(key).filter(|_| !is_empty(value)),
    }
}

/// Which part of an audit event this member has as an object.
pub(super) fn whole_part(key: &str, value: &str) -> Option<usize> {
    audit::part(key).filter(|_| value.starts_with('{') && !is_empty(value))
}

/// Whether a value is anything but an object or nothing.
fn is_other_form(value: &str) -> bool {
    !value.starts_with('{') && !is_empty(value)
}

fn is_empty(value: &str) -> bool {
    matches!(value, "null" | r#""""# | "[]" | "{}")
}

/// The letters and digits of a name in lower case.
fn letters_of(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}
