//! Room for code that is nested deeply: how far down code is read does not depend on the stack of whoever asks.
//!
//! The readers of code call themselves for what stands inside of what they read, down to a depth that is bounded. A build
//! without optimisations takes some ten kilobytes a level for that, more than the stack of a usual thread has.

use std::thread;

/// Stack of a thread that reads code. Only what is used of it is ever taken.
const STACK: usize = 512 << 20;

/// Stack of each thread of the pool, which reads one file after the other.
const POOL_STACK: usize = 128 << 20;

/// Calls of an app's functions in one another that are followed; real code stays below a hundred.
pub(crate) const MAX_CALLS: usize = 400;

/// Runs something with room on the stack; where the system has no such thread, in this one.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // Only the first in a process makes the pool, and one that is there already is as good.
    drop(rayon::ThreadPoolBuilder::new().stack_size(POOL_STACK).build_global());
    let work = std::sync::Mutex::new(Some(work));
    let take = || work.lock().ok().and_then(|mut work| work.take());
    let ran = thread::scope(|scope| {
        let started =
            thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || take().map(|work| work()));
        started.ok().map(thread::ScopedJoinHandle::join)
    });
    match ran {
        Some(Ok(Some(value))) => value,
        Some(Err(panic)) => std::panic::resume_unwind(panic),
        Some(Ok(None)) | None => match take() {
            Some(work) => work(),
            None => unreachable!("what was not run is still there"),
        },
    }
}
