//! Enums whose members have published names: each member, what it means and its name are declared once.

/// Declares such an enum, with `ALL`, `name` and `from_name`.
///
/// Two members of one name do not compile: the second could never be found.
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
            /// All of them, in their order.
            $visibility const ALL: [Self; [$($name),+].len()] = [$(Self::$member),+];

            /// The one of this published name.
            #[deny(unreachable_patterns)]
            $visibility fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$member),)+
                    _ => None,
                }
            }

            /// Its published name.
            $visibility const fn name(self) -> &'static str {
                match self {
                    $(Self::$member => $name,)+
                }
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    named! {
        /// Whether it is there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        enum Presence {
            /// It is.
            There = "there",
            /// It is not, and nobody knows why.
            NotThere = "not-there",
        }
    }

    #[test]
    fn a_name_finds_its_member_and_no_other_text_does() {
        assert_eq!(Presence::ALL.map(Presence::name), ["there", "not-there"]);
        for one in Presence::ALL {
            assert_eq!(Presence::from_name(one.name()), Some(one));
        }
        for text in ["There", "", "not_there", "there "] {
            assert_eq!(Presence::from_name(text), None);
        }
    }
}
