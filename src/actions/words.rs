//! Words of action names: `DeleteDBSnapshots` is delete, db, snapshot.

/// The words of a name in camel case, in lower case and singular.
pub(super) fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let is_start = letter.is_ascii_uppercase() && starts_word(&letters, at);
        if (is_start || !letter.is_ascii_alphanumeric()) && !word.is_empty() {
            words.push(singular(&std::mem::take(&mut word)));
        }
        if letter.is_ascii_alphanumeric() {
            word.push(letter.to_ascii_lowercase());
        }
    }
    if !word.is_empty() {
        words.push(singular(&word));
    }
    words
}

/// Whether a capital starts a word: after a small letter or digit, or as the last capital of an abbreviation that is followed by
/// a word (`DBInstance`), but not by a plural's `s` (`APIs`).
fn starts_word(letters: &[char], at: usize) -> bool {
    let is_small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let follows_small = at > 0 && (is_small(at - 1) || letters[at - 1].is_ascii_digit());
    let is_plural = letters.get(at + 1) == Some(&'s') && !is_small(at + 2);
    follows_small || is_small(at + 1) && !is_plural
}

fn singular(word: &str) -> String {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 2 && stem.ends_with("ie") => format!("{}y", &stem[..stem.len() - 2]),
        Some(stem) if stem.len() > 2 && !stem.ends_with('s') => stem.to_owned(),
        _ => word.to_owned(),
    }
}

/// A run of words that a name may contain: `SnapshotAttribute` is in `ModifyDBSnapshotAttributes`. With a `$` at its end, the name
/// must end with it.
#[derive(Debug)]
pub(super) struct Noun {
    words: Vec<String>,
    is_last: bool,
}

impl Noun {
    /// Reads one.
    pub(super) fn new(text: &str) -> Self {
        let (name, is_last) = text.strip_suffix('$').map_or((text, false), |name| (name, true));
        Self { words: words(name), is_last }
    }

    /// Whether it is among the words of a name.
    pub(super) fn is_in(&self, words: &[String]) -> bool {
        if self.is_last {
            words.ends_with(&self.words)
        } else {
            words.windows(self.words.len().max(1)).any(|run| run == self.words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_words() {
        for (name, expected) in [
            ("DeleteDBSnapshots", "delete db snapshot"),
            ("SendSSHPublicKey", "send ssh public key"),
            ("UpdateIPSet", "update ip set"),
            ("ListAPIs", "list api"),
            ("AttachRolePolicies", "attach role policy"),
            ("CreateOpenIDConnectProvider", "create open id connect provider"),
            ("GetBucketAccess", "get bucket access"),
            ("PutS3Object2", "put s3 object2"),
            ("connect", "connect"),
            ("a-b", "a b"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn nouns_are_runs_of_whole_words() {
        let is_in = |noun: &str, name: &str| Noun::new(noun).is_in(&words(name));
        assert!(is_in("Log", "DeleteFlowLogs") && !is_in("Log", "UpdateLoginProfile"));
        assert!(is_in("SnapshotAttribute", "ModifyDBSnapshotAttribute"));
        assert!(!is_in("SnapshotAttribute", "ModifySnapshotTierAttribute"));
        assert!(is_in("Table$", "DeleteTable") && !is_in("Table$", "DeleteTableReplica"));
    }
}
