//! What a module says, language by language, in one vocabulary.
//!
//! [`facts`] turns the text of a module into [`Facts`]: imports, exports, functions, classes, bindings, calls. It is one
//! walk over the tree without queries, because building a query costs milliseconds a pattern and a walk is faster than
//! any query (measured: 0.8 s against 1.8 s on a large tree). Nothing here knows a framework or billing by name.

mod builder;
mod facts;
mod free;
pub mod imports;
mod lower;
mod node;
mod parse;
pub mod place;
mod py;
pub mod scope;
pub mod source;
pub mod style;
mod ts;

pub use facts::{
    Assign, Binding, BindingKind, Call, CallId, Class, ClassId, Decorator, Export, ExportTarget, Expr, Facts,
    Field, Function, FunctionId, FunctionKind, Import, ImportKind, Imported, Param, Path, PatternName,
    ResultUse, Root, Span,
};
pub use free::{all_names, free_names};
pub use lower::body;
#[cfg(test)]
pub(crate) use lower::body_of;
pub use parse::{Tree, error_spans, grammar, parse};

use crate::workspace::Language;

/// The facts of one module; empty for languages whose modules are not parsed.
pub fn facts(language: Language, text: &str) -> Facts {
    parse(language, text).map_or_else(Facts::default, |tree| facts_of(language, &tree, text))
}

/// The facts of a module that is parsed already.
pub fn facts_of(language: Language, tree: &Tree, text: &str) -> Facts {
    if language.is_ecmascript() { ts::facts(tree, text) } else { py::facts(tree, text) }
}
