//! Aborts tasks of the runtime.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Aborts a task; a panic in it is propagated, since its effects are not known.
pub(super) fn abort(runtime: &Handle, task: JoinHandle<()>) {
    task.abort();
    if let Err(error) = runtime.block_on(task)
        && error.is_panic()
    {
        std::panic::resume_unwind(error.into_panic());
    }
}
