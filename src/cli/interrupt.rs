//! Ctrl-C in an interactive run: stopped by the user, status 3, the terminal as it was.
//!
//! At a prompt the key itself ends the prompt (`RunError::Stopped`) and the run unwinds; this handler is for the time
//! between prompts, and for a prompt that hides what is typed, which only the signal ends. A write in progress is a
//! journalled transaction, so leaving in the middle of it loses nothing, but it is let finish: it takes milliseconds, and
//! the user did approve it. While a pager or an editor owns the terminal the key is theirs.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::review::is_lent;
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
    let Ok(mut signal) = runtime.block_on(async { first_signal() }) else { return handler };
    let terminal = TerminalState::now();
    thread::spawn(move || {
        loop {
            runtime.block_on(wait(&mut signal));
            if is_lent() {
                continue;
            }
            thread::sleep(GRACE);
            if handed_over.load(Ordering::Acquire) {
                return;
            }
            // Still alive: nobody was at a prompt that ends by itself. The cursor may be hidden by a progress line.
            terminal.restore();
            let stderr = console::Term::stderr();
            drop(stderr.show_cursor());
            drop(stderr.write_line(
                "\nStopped. What was approved stays; `credyt-integrate status` says what that is.",
            ));
            #[expect(clippy::exit, reason = "a signal ends the process from outside of its call stack")]
            process::exit(Exit::Stopped as i32);
        }
    });
    handler
}

/// How the terminal takes what is typed: a prompt that hides it changes that.
#[cfg(unix)]
struct TerminalState(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl TerminalState {
    fn now() -> Self {
        Self(rustix::termios::tcgetattr(std::io::stdin()).ok())
    }

    fn restore(&self) {
        if let Some(state) = &self.0 {
            // Nothing can be done about a terminal that is gone.
            let _ =
                rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, state);
        }
    }
}

#[cfg(not(unix))]
struct TerminalState;

#[cfg(not(unix))]
impl TerminalState {
    fn now() -> Self {
        Self
    }

    fn restore(&self) {}
}

#[cfg(unix)]
fn first_signal() -> std::io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(unix)]
async fn wait(signal: &mut tokio::signal::unix::Signal) {
    signal.recv().await;
}

#[cfg(windows)]
fn first_signal() -> std::io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

#[cfg(windows)]
async fn wait(signal: &mut tokio::signal::windows::CtrlC) {
    signal.recv().await;
}
