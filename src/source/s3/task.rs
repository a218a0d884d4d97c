//! Tasks of the runtime come to an end.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Ends a task; a panic in it is one here, since what it did is not known.
pub(super) fn end(runtime: &Handle, task: JoinHandle<()>) {
    task.abort();
    if let Err(error) = runtime.block_on(task)
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
