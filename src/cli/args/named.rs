//! Flags whose values are published names of the library. The help for each value is declared here, its name in the library.

/// Declares the type of a flag as a newtype of the library's enum. With `or "name"` the flag accepts one more value, stored
/// as `None`.
macro_rules! named_arg {
    ($(#[$about:meta])* $arg:ident($kind:ident) { $($member:ident => $help:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $arg(pub(crate) $kind);

        impl clap::ValueEnum for $arg {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self($kind::$member)),+]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                let help = match self.0 {
                    $($kind::$member => $help,)+
                };
                Some(clap::builder::PossibleValue::new(self.0.name()).help(help))
            }
        }
    };
    (
        $(#[$about:meta])*
        $arg:ident($kind:ident or $none:literal => $none_help:literal) { $($member:ident => $help:literal,)+ }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) struct $arg(pub(crate) Option<$kind>);

        impl clap::ValueEnum for $arg {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self(Some($kind::$member)),)+ Self(None)]
            }

            fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
                let (name, help) = match self.0 {
                    $(Some($kind::$member) => ($kind::$member.name(), $help),)+
                    None => ($none, $none_help),
                };
                Some(clap::builder::PossibleValue::new(name).help(help))
            }
        }
    };
}

pub(crate) use named_arg;
