//! Ctrl-C in an interactive run: stopped by the user, status 3, the terminal as it was.
//!
//! At a prompt the key itself ends the prompt (`RunError::Stopped`) and the run unwinds; this handler is for the time
//! between prompts. A write in progress is a journalled transaction, so leaving in the middle of it loses nothing, but
//! it is let finish: it takes milliseconds, and the user did approve it.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::run::Exit;

/// Time for a prompt or a write to end the run in its own way.
const GRACE: Duration = Duration::from_millis(300);

/// The handler in force; letting go of it changes nothing.
pub(super) struct Handler(Arc<AtomicBool>);

impl Handler {
    /// From now on somebody else ends the process when the signal comes.
    pub(super) fn hand_over(self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Starts to listen. When that is impossible, Ctrl-C ends the process as it always does.
pub(super) fn handle() -> Handler {
    let handler = Handler(Arc::default());
    let handed_over = Arc::clone(&handler.0);
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return handler;
    };
    // Registered before the first prompt: from then on the signal does not kill the process.
    let Ok(signal) = runtime.block_on(async { first_signal() }) else { return handler };
    thread::spawn(move || {
        runtime.block_on(wait(signal));
        thread::sleep(GRACE);
        if handed_over.load(Ordering::Acquire) {
            return;
        }
        // Still alive: nobody was at a prompt. The cursor may be hidden by a progress line.
        drop(console::Term::stderr().show_cursor());
        #[expect(clippy::exit, reason = "a signal ends the process from outside of its call stack")]
        process::exit(Exit::Stopped as i32);
    });
    handler
}

#[cfg(unix)]
fn first_signal() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(unix)]
async fn wait(mut signal: tokio::signal::unix::Signal) {
    signal.recv().await;
}

#[cfg(windows)]
fn first_signal() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

#[cfg(windows)]
async fn wait(mut signal: tokio::signal::windows::CtrlC) {
    signal.recv().await;
}
