//! Enums whose members have published names: each member, its meaning and its name are declared once. Also the known name that a
//! misspelt one resembles.

use std::borrow::Cow;

/// Declares an enum with published names, and its `ALL`, `name` and `from_name`.
///
/// Two members with the same name do not compile: `from_name` could never return the second.
macro_rules! named {
    (
        $(#[$about:meta])*
        $visibility:vis enum $kind:ident {
            $($(#[$about_member:meta])* $member:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        $visibility enum $kind {
            $($(#[$about_member])* $member,)+
        }

        impl $kind {
            /// All members, in order.
            $visibility const ALL: [Self; [$($name),+].len()] = [$(Self::$member),+];

            /// The member with this published name.
            #[deny(unreachable_patterns)]
            $visibility fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$member),)+
                    _ => None,
                }
            }

            /// The published name.
            $visibility const fn name(self) -> &'static str {
                match self {
                    $(Self::$member => $name,)+
                }
            }
        }
    };
}

pub(crate) use named;

/// Limit on the length of names to compare, in bytes. Longer names are not legitimate, and comparing them is
/// slow.
const LONGEST: usize = 100;

/// The most similar known name, if it differs in only a few letters.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let known = known.filter(|known| known.len().max(name.len()) <= LONGEST);
    let (far, near) = known.map(|known| (strsim::levenshtein(name, known), known)).min()?;
    (far <= 1 + name.len() / 5).then_some(near)
}

/// Limit on the length of a name or value in an error, in characters; what is longer is a mistake.
const MOST_SHOWN: usize = 100;

/// A name or value from a file as an error shows it, which may be of any length.
///
/// ```
/// use firstseen::names::shortened;
///
/// assert_eq!(shortened("warmup"), "warmup");
/// assert_eq!(shortened(&"x".repeat(3_000_000)), "x".repeat(100) + "…");
/// ```
pub fn shortened(name: &str) -> Cow<'_, str> {
    match name.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => Cow::Owned(format!("{}…", &name[..end])),
        None => Cow::Borrowed(name),
    }
}

/// The known name that a misspelt one resembles, if any, as the end of a sentence.
pub fn did_you_mean(similar: Option<&str>) -> String {
    similar.map_or(String::new(), |similar| format!("; did you mean '{similar}'?"))
}

#[cfg(test)]
mod tests {
    named! {
        /// Whether something exists.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Presence {
            /// It exists.
            There = "there",
            /// It does not exist.
            NotThere = "not-there",
        }
    }

    #[test]
    fn from_name_accepts_only_published_names() {
        assert_eq!(Presence::ALL.map(Presence::name), ["there", "not-there"]);
        for one in Presence::ALL {
            assert_eq!(Presence::from_name(one.name()), Some(one));
        }
        for text in ["There", "", "not_there", "there "] {
            assert_eq!(Presence::from_name(text), None);
        }
    }
}
