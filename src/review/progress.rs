//! Something that takes a while: a line that moves on a terminal, and one plain line elsewhere.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Screen;

/// A line that moves until it is dropped.
#[derive(Debug)]
pub struct Progress(ProgressBar);

impl Progress {
    /// Says what is being done.
    pub fn start(screen: &mut Screen, what: &str) -> Self {
        if !screen.talks_to_terminal() {
            screen.say(what);
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:>4.dim}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
