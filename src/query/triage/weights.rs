//! The constants of the score: name, default and meaning of each, declared once.

use std::fmt;

use thiserror::Error;

use crate::names::shortened;

/// Declares the constants of the score. `docs/ranking.md` has the reasons; a test compares its table with this list.
macro_rules! weights {
    ($($(#[doc = $about:literal])+ $name:ident = $default:literal,)+) => {
        /// The constants of the score.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Weights {
            $($(#[doc = $about])+ pub $name: f64,)+
        }

        impl Default for Weights {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        impl Weights {
            /// The names of the constants, in order.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Each constant with its value, in order.
            pub fn values(&self) -> impl Iterator<Item = (&'static str, f64)> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }

            fn get_mut(&mut self, name: &str) -> Option<&mut f64> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)+
                    _ => None,
                }
            }
        }
    };
}

weights! {
    /// Weight of the size of an episode, in bits for each doubling of its surprise.
    size = 10.0,
    /// The surprise, in bits, that doubles the size.
    size_unit = 2.5,
    /// Weight of how seldom episodes were as large before.
    history = 1.0,
    /// Weight of the part for a new network.
    network = 1.0,
    /// Weight of the part for a new agent.
    agent = 1.0,
    /// Weight of the part for a new impersonator.
    impersonator = 1.0,
    /// Bits for each doubling of the active hours in which a principal kept its networks, agents or impersonators.
    steadiness = 2.0,
    /// Bits for each halving of the share of principals that had a network, agent or impersonator.
    rarity = 1.0,
    /// How much each other principal that had the same new value within the window weakens its rarity.
    others = 0.5,
    /// How many such others count.
    others_max = 6.0,
    /// Imaginary observations that a narrower group takes over from the wider one.
    prior = 4.0,
    /// The smallest probability of an action.
    floor = 0.000_976_562_5,
    /// Weight of actions with a class other than reconnaissance.
    class = 1.0,
    /// Weight of reconnaissance.
    reconnaissance = 0.5,
    /// Weight of actions without a class.
    unclassified = 0.2,
    /// Bits by which each doubling of the number of ordinary changes weakens every new action of the episode.
    crowd = 2.0,
    /// The number of ordinary changes that weaken nothing.
    crowd_free = 4.0,
    /// How much each action of the same class that the principal had done before weakens a new one.
    used = 0.25,
    /// How many such actions count.
    used_max = 8.0,
    /// How much each member of the family that began the action within the window weakens it.
    mates = 1.0,
    /// How many such members count.
    mates_max = 6.0,
    /// Factor for an action of a service that the principal had used, if it has a class other than reconnaissance.
    familiar_class = 0.85,
    /// The same for other actions.
    familiar = 0.7,
    /// Factor for what stays in use after the episode. Looks ahead.
    stays = 0.25,
    /// Exponent by which further actions of one service count less.
    in_service = 3.0,
    /// Exponent by which further services count less.
    services = 0.5,
    /// Half the width of the window for others and mates, in days.
    window_days = 7.0,
    /// Bits for each entry of the user's own list that an episode touches.
    known_asset = 10.0,
    /// Bits for calls from outside the user's own networks, if the list has any.
    foreign_network = 5.0,
}

/// A constant that cannot be set.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum WeightError {
    /// There is no constant with this name.
    #[error("'{0}' is not a constant of the score")]
    Unknown(String),
    /// The value is not allowed.
    #[error("{name} cannot be {}: it must be {}", Number(.value), Allowed(.name))]
    OutOfRange {
        /// The name of the constant.
        name: &'static str,
        /// The value.
        value: f64,
    },
}

/// A number in as few digits as it takes: `1e308` rather than a one with 308 zeros.
struct Number<'n>(&'n f64);

impl fmt::Display for Number<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0.to_string();
        if plain.len() > 20 { write!(out, "{:e}", self.0) } else { out.write_str(&plain) }
    }
}

/// The allowed values of the constant with this name.
struct Allowed<'n>(&'n str);

impl fmt::Display for Allowed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = if ABOVE_ZERO.contains(&self.0) { "above 0 and at most" } else { "from 0 to" };
        write!(out, "{from} {}", most(self.0))
    }
}

/// The largest value of a constant.
fn most(name: &str) -> f64 {
    if name == "floor" { 1.0 } else { MOST }
}

/// Constants that are divisors or probabilities: 0 would make a score infinite.
const ABOVE_ZERO: [&str; 3] = ["size_unit", "floor", "crowd_free"];

/// The largest value of constants other than the floor: enough for any reason, and no sum of parts overflows.
const MOST: f64 = 1000.0;

impl Weights {
    /// Sets a constant by its name.
    ///
    /// # Errors
    /// If there is none with this name, or if the value is not a number from 0 to 1000; the divisors and the floor must be above
    /// 0, and the floor at most 1.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), WeightError> {
        let known = Self::NAMES.iter().find(|known| **known == name);
        let (Some(known), Some(place)) = (known, self.get_mut(name)) else {
            return Err(WeightError::Unknown(shortened(name).into_owned()));
        };
        let is_allowed = (0.0..=most(name)).contains(&value) && !(value == 0.0 && ABOVE_ZERO.contains(&name));
        if !is_allowed {
            return Err(WeightError::OutOfRange { name: known, value });
        }
        *place = value;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_all_constants() {
        let documentation = include_str!("../../../docs/ranking.md");
        let rows = documentation.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
        let rows: Vec<(&str, f64)> =
            rows.filter_map(|(name, rest)| Some((name, rest.split(" | ").next()?.parse().ok()?))).collect();
        assert_eq!(rows, Weights::default().values().collect::<Vec<_>>());
    }

    #[test]
    fn a_constant_is_set_by_its_name() {
        let mut weights = Weights::default();
        weights.set("history", 0.0).unwrap();
        assert_eq!(weights, Weights { history: 0.0, ..Weights::default() });
        assert_eq!(weights.set("histories", 1.0), Err(WeightError::Unknown("histories".to_owned())));
    }

    #[test]
    fn an_error_says_which_values_are_allowed() {
        let error = |name, value| Weights::default().set(name, value).unwrap_err().to_string();
        assert_eq!(error("size_unit", 0.0), "size_unit cannot be 0: it must be above 0 and at most 1000");
        assert_eq!(error("floor", 2.0), "floor cannot be 2: it must be above 0 and at most 1");
        assert_eq!(error("size", -1.0), "size cannot be -1: it must be from 0 to 1000");
        assert_eq!(error("size", 1e308), "size cannot be 1e308: it must be from 0 to 1000");
        assert_eq!(error("size", -5e-324), "size cannot be -5e-324: it must be from 0 to 1000");
        assert_eq!(error("size", f64::INFINITY), "size cannot be inf: it must be from 0 to 1000");
    }

    #[test]
    fn values_that_would_make_a_score_infinite_are_refused() {
        for (name, value) in [
            ("size", -1.0),
            ("size", f64::NAN),
            ("size", f64::INFINITY),
            ("size_unit", 0.0),
            ("floor", 0.0),
            ("floor", 2.0),
        ] {
            assert!(Weights::default().set(name, value).is_err(), "{name} {value}");
        }
    }
}
