//! The net under every step: what a step would write is read back, with our own parsers and resolver, before it is shown.
//!
//! In goes a change set that parses; out come the [`Fault`]s of what it writes. [`catch`] withdraws the units at fault,
//! with everything that needs them, until nothing is at fault any more; each fault is a `todo` then. The contract:
//!
//! - **Only what is written is judged.** A name in the app's own lines that resolves to nothing is the app's affair; the
//!   same name in a line of ours is a fault. What our lines do to the app's names (hide one, declare one twice) is ours.
//! - **Only what is known is judged.** A module of which not everything is seen (a star import, a package's types, a
//!   file without a grammar) exports what anybody asks of it.
//! - **Nothing is repaired here.** A fault is found where it would have been written and says in plain words why; the
//!   step that caused it is mended, not its result.
//!
//! ```text
//! ChangeSet -> Outcome -> Planned (after-text, scopes, meanings) -> Fault* -> ChangeSet without the units at fault
//! ```
//!
//! The checks, one a file: [`imports`] (each leads to a module and to a name of it), [`names`] (each is bound where it
//! stands, and hides nothing), [`load`] (each module can be loaded where it lands), [`members`] (each is there),
//! [`callers`] (each new module is called by something), [`unused`] (each import is used).

mod callers;
mod imports;
mod known;
mod load;
mod members;
mod names;
mod planned;
mod unused;
mod withdraw;

pub use withdraw::{Caught, Withdrawn, catch};

use crate::catalog::Catalog;
use crate::edit::{Outcome, UnitId};
use crate::fingerprint::App;
use crate::resolve::Program;

use planned::Planned;

/// What kind of fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// An import names no module: an empty specifier.
    EmptyModule,
    /// An import names a file that is not there.
    NoModule,
    /// An import names a package that no manifest lists.
    NoPackage,
    /// An import names something that the module does not export.
    NoExport,
    /// A name that nothing declares.
    Unbound,
    /// A name is used above its declaration.
    Early,
    /// A name meant for a module's means something nearer.
    Captured,
    /// A new declaration hides or repeats one that is used.
    Clash,
    /// A module imports the file that starts the server.
    Entry,
    /// Modules need each other while they load.
    Cycle,
    /// A module of a runtime that the landing place does not have.
    Runtime,
    /// A member that the value does not have.
    NoMember,
    /// A member of a value that may be null.
    MaybeNull,
    /// A new module that nothing calls.
    NoCaller,
    /// An import that nothing uses, which strict compilers and linters refuse.
    Unused,
}

/// Something in a planned text that would not work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// The file, relative to the workspace's root.
    pub file: String,
    /// 1-based line: of the file as it is where it exists, of the planned text where it is new.
    pub line: usize,
    /// The units that would write it.
    pub units: Vec<UnitId>,
    /// The reason, the end of a sentence that begins "the line is not written:".
    pub why: String,
}

/// What the net knows of the app around a change.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// The app as it is, with the meaning of its names.
    pub before: &'a Program,
    /// What was recognised in it.
    pub app: &'a App,
    /// What is known of frameworks.
    pub catalog: &'a Catalog,
}

/// Everything in a change that would not work; empty for a sound one. Sorted by file and line.
pub fn faults(ground: &Ground<'_>, outcome: &Outcome) -> Vec<Fault> {
    let planned = Planned::new(ground, outcome);
    let checks: [fn(&Planned<'_>) -> Vec<Fault>; 6] =
        [imports::check, names::check, load::check, members::check, callers::check, unused::check];
    let mut faults: Vec<Fault> = checks.iter().flat_map(|check| check(&planned)).collect();
    faults.sort_by(|a, b| (&a.file, a.line, a.kind, &a.why).cmp(&(&b.file, b.line, b.kind, &b.why)));
    faults.dedup();
    faults
}

#[cfg(test)]
mod tests;
