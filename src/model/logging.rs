//! What a call did to logging itself.

use crate::names::named;

named! {
    /// What a call did to the log of its target: a trail, an event data store or the audit log of a cluster.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum LoggingEffect {
        /// Nothing is logged from then on.
        Stopped = "stopped",
        /// The target was deleted, so nothing is logged from then on.
        Deleted = "deleted",
        /// Logging began, or began again.
        Started = "started",
        /// The target was created. A trail logs nothing until it is started.
        Created = "created",
        /// Fewer events are logged than there are, see the detail.
        Narrowed = "narrowed",
        /// Nothing that a call of this action can leave out is left out.
        Widened = "widened",
        /// Another setting, or one whose meaning is not known.
        Changed = "changed",
    }
}
