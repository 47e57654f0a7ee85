//! Who the terminal belongs to: this program, or the pager or editor that it started.
//!
//! Ctrl-C goes to every program of a terminal. While a child owns it the key is the child's: `less` stops reading, an editor
//! does what it does. Leaving then would leave the child behind, on a terminal that the shell reads, too.

use std::sync::atomic::{AtomicUsize, Ordering};

static OWNERS: AtomicUsize = AtomicUsize::new(0);

/// Makes the terminal a child's until it is dropped.
#[derive(Debug)]
pub(super) struct Lent(());

/// The terminal is a child's from now on.
pub(super) fn lend() -> Lent {
    OWNERS.fetch_add(1, Ordering::AcqRel);
    Lent(())
}

impl Drop for Lent {
    fn drop(&mut self) {
        OWNERS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether a child owns the terminal, so that Ctrl-C is not for this program.
pub fn is_lent() -> bool {
    OWNERS.load(Ordering::Acquire) > 0
}
