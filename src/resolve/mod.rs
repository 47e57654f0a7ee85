//! What a name means across files: modules, definitions, and who calls whom.
//!
//! Nothing is guessed silently: a module is a file of the workspace, an outside package, or [`Module::Unknown`]; a
//! definition that cannot be followed is [`Def::Unknown`]. Facts are made once per file, on demand; callers are found
//! on demand too, by looking only into files that contain the function's name.

mod callers;
mod classes;
mod dispatch;
mod javascript;
mod program;
mod python;
mod values;
mod words;

pub(crate) use javascript::REGISTRIES;
pub use program::{Def, Program};
pub use words::{camel, has_word, is_method_call, is_word, names_callee};

use crate::workspace::FileId;

/// What a module specifier names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Module {
    /// A file of the workspace.
    File(FileId),
    /// An outside package (or one of its inner modules), as written.
    Package(String),
    /// Looks like one of the app's own, but no file is there (generated, or an alias nobody declares).
    Unknown,
}

#[cfg(test)]
mod tests;
