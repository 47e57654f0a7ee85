//! Long diffs go through the user's pager, so that nothing that is approved has scrolled away unread.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::screen::{Screen, ScreenError};
use super::text::Text;

/// Lines of the terminal that are left for the heading and the prompt.
const ROOM: usize = 8;

/// Prints the lines, through `$PAGER` (or `less`) when they do not fit on the terminal.
pub(super) fn show(screen: &mut Screen, lines: &[Text]) -> Result<(), ScreenError> {
    let fits = lines.len() + ROOM <= screen.height();
    if fits || !screen.is_paged() || !page(&screen.painted(lines)) {
        screen.report_lines(lines)?;
    }
    Ok(())
}

/// Whether a pager showed it.
fn page(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next() else { return false };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // Colours, and the text stays on the screen above the prompt.
        command.env("LESS", "-RX");
    }
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // A reader that quits early is no fault.
        drop(input.write_all(text.as_bytes()));
    }
    child.wait().is_ok_and(|status| status.success())
}
