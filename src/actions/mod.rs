//! What actions are good for (placeholder until the table is merged).

use crate::names::named;

named! {
    /// What an action is good for.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Class {
        /// Permissions.
        Permissions = "permissions",
        /// Credentials.
        Credentials = "credentials",
        /// Logging.
        Logging = "logging",
        /// Exposure.
        Exposure = "exposure",
        /// Execution.
        Execution = "execution",
        /// Destruction.
        Destruction = "destruction",
        /// Reconnaissance.
        Reconnaissance = "reconnaissance",
    }
}

/// The class of an action.
pub fn class_of(_action: &str, _read_only: Option<bool>) -> Option<Class> {
    None
}
