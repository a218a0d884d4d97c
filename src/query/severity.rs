//! How severe something is: plain data. `judge.rs` decides it for a finding, the score for an incident.

use crate::names::named;

named! {
    /// The severity of a finding or an incident. The rules are in `docs/formats.md`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Severity {
        /// For information. The default of a minimum: all findings have at least this severity.
        #[default]
        Informational = "informational",
        /// Worth a look.
        Low = "low",
        /// Investigate soon.
        Medium = "medium",
        /// Investigate now.
        High = "high",
        /// Act at once.
        Critical = "critical",
    }
}
