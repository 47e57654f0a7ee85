//! Long diffs go through the user's pager, so that nothing that is approved has scrolled away unread.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::foreground;
use super::screen::{Screen, ScreenError};
use super::text::Text;

/// Lines of the terminal that are left for the heading and the prompt.
const ROOM: usize = 8;

/// How `less` is started where nobody says otherwise: colours, the text stays on the screen above the prompt, and the line
/// at the bottom says what its keys are.
const LESS: &str = r"-R -X -Ps space\: more   b\: back   /\: search   q\: done, to the question $";

/// Prints the lines, through `$PAGER` (or `less`) when they do not fit on the terminal; whether a pager showed them.
pub(super) fn show(screen: &mut Screen, lines: &[Text]) -> Result<bool, ScreenError> {
    let fits = lines.len() + ROOM <= screen.height();
    let paged = !fits && screen.is_paged() && page(&screen.painted(lines));
    if !paged {
        screen.report_lines(lines)?;
    }
    Ok(paged)
}

/// Whether a pager showed it.
fn page(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    let mut words = pager.split_whitespace();
    let Some(program) = words.next() else { return false };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    let _lent = foreground::lend();
    let Ok(mut child) = command.spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // A reader that quits early is no fault.
        drop(input.write_all(text.as_bytes()));
    }
    child.wait().is_ok_and(|status| status.success())
}
