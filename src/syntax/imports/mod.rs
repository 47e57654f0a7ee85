//! The only way to name something of another module: reuse its import, extend one, or add one.
//!
//! ```text
//! import { db as database } from "@/db"     + { "@/db", db }      -> no edit, the name is `database`
//! import { a } from "./m"                   + { "./m", b }        -> import { a, b } from "./m"
//! ```
//!
//! The name that comes back is the one to write. New lines go below what must stay on top (directives, shebang, licence,
//! docstring, `from __future__`) and after the last import, in the style of the file. The edits are
//! [`Edit::shared`], so two units that need the same import bring it once.

mod es;
mod header;
mod py;

use crate::edit::Edit;

use super::source::{Source, named, walk_below};
use super::style::Style;

/// Ranks before and behind those of all statements, and that of statements which stay in the order of the plan.
const FIRST: &str = " ";
const BETWEEN: &str = "m";
const LAST: &str = "~";

/// What of the module is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportName<'a> {
    /// The default export.
    Default,
    /// A named export.
    Named(&'a str),
    /// The whole module: `import * as x`, `import x`.
    Namespace,
}

/// One wanted name.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    /// The specifier as it would be written.
    pub module: &'a str,
    /// Other specifiers of the same module: the relative one beside an aliased one. Taken when the file already
    /// imports by it, or writes its other imports that way.
    pub also: &'a [&'a str],
    /// What is wanted.
    pub name: ImportName<'a>,
    /// Only as a type, so that the import vanishes when compiled.
    pub type_only: bool,
    /// The name it should have here; `None` for its own. Required for [`ImportName::Default`] and
    /// [`ImportName::Namespace`] of a module whose last part is no name.
    pub local: Option<&'a str>,
    /// Where the name will be used, to find out whether something there hides it.
    pub at: Option<usize>,
    /// A package of the same kind, whose group of imports a new one joins (Python).
    pub beside: Option<&'a str>,
}

impl<'a> ImportRequest<'a> {
    /// A named export as a value.
    pub fn named(module: &'a str, name: &'a str) -> Self {
        let name = ImportName::Named(name);
        Self { module, also: &[], name, type_only: false, local: None, at: None, beside: None }
    }

    /// The module's last part as a name: `openai` of `openai`, `usage` of `./lib/usage.js`.
    fn own_name(&self) -> String {
        match self.name {
            ImportName::Named(name) => name.to_owned(),
            ImportName::Default | ImportName::Namespace => {
                let last = self.module.rsplit(['/', '.']).find(|p| !p.is_empty() && !is_extension(p));
                last.unwrap_or(self.module).replace('-', "_")
            }
        }
    }

    fn wanted_local(&self) -> String {
        self.local.map_or_else(|| self.own_name(), str::to_owned)
    }

    /// Whether a specifier found in the file means this module.
    fn is_module(&self, specifier: &str) -> bool {
        let bare = |s: &'_ str| -> String {
            let cut =
                s.rsplit_once('.').filter(|(head, end)| is_extension(end) && !head.ends_with(['.', '/']));
            let s = cut.map_or(s, |(head, _)| head);
            s.strip_suffix("/index").unwrap_or(s).to_owned()
        };
        std::iter::once(&self.module).chain(self.also).any(|m| bare(m) == bare(specifier))
    }
}

fn is_extension(part: &str) -> bool {
    matches!(part, "js" | "ts" | "mjs" | "cjs" | "jsx" | "tsx")
}

/// Why a name cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportRefusal {
    /// Something else has the name.
    #[error("`{name}` already means something else at line {line}")]
    NameTaken {
        /// The name.
        name: String,
        /// 1-based line.
        line: usize,
    },
    /// The name is imported, but something nearer hides it where it is needed.
    #[error("`{name}` is hidden by another `{name}` at line {line}")]
    Hidden {
        /// The name.
        name: String,
        /// 1-based line.
        line: usize,
    },
    /// The name is imported as a type among other types.
    #[error("`{name}` is imported as a type only at line {line}, together with other types")]
    TypeOnly {
        /// The name.
        name: String,
        /// 1-based line.
        line: usize,
    },
    /// The module's language has no such import.
    #[error("{0}")]
    NotPossible(String),
}

/// The edits that make one name available, and the name.
pub fn get_or_import(
    source: &Source<'_>,
    style: &Style,
    request: &ImportRequest<'_>,
) -> Result<(Vec<Edit>, String), ImportRefusal> {
    let (edits, mut names) = get_or_import_all(source, style, std::slice::from_ref(request))?;
    Ok((edits, names.pop().unwrap_or_default()))
}

/// The same for several names; new names of one module share one statement. The names are in the order of the requests.
pub fn get_or_import_all(
    source: &Source<'_>,
    style: &Style,
    requests: &[ImportRequest<'_>],
) -> Result<(Vec<Edit>, Vec<String>), ImportRefusal> {
    if source.is_python() { py::import(source, requests) } else { es::import(source, style, requests) }
}

/// A name that is free in the file, or the reason why not.
fn free(source: &Source<'_>, name: &str) -> Result<(), ImportRefusal> {
    match source.uses_name(name) {
        Some(at) => Err(ImportRefusal::NameTaken { name: name.to_owned(), line: line_of(source, at) }),
        None => Ok(()),
    }
}

/// Refuses when the top-level statement around `at` declares the name itself.
fn visible(source: &Source<'_>, name: &str, at: Option<usize>) -> Result<(), ImportRefusal> {
    let Some(at) = at else { return Ok(()) };
    let mut hidden = None;
    let root = source.root();
    let around = named(root).into_iter().find(|n| n.byte_range().contains(&at));
    let Some(around) = around else { return Ok(()) };
    let outer = around.parent();
    walk_below(around, &mut |node, above| {
        let declares = above.or(outer).is_some_and(|p| match p.kind() {
            "variable_declarator" | "default_parameter" | "typed_default_parameter" => {
                p.child_by_field_name("name") == Some(node)
            }
            "required_parameter" | "optional_parameter" => p.child_by_field_name("pattern") == Some(node),
            "function_declaration" | "class_declaration" | "function_definition" | "class_definition" => {
                p.child_by_field_name("name") == Some(node) && p != around
            }
            "formal_parameters" | "parameters" | "lambda_parameters" | "array_pattern" | "rest_pattern"
            | "catch_clause" => true,
            "arrow_function" => p.child_by_field_name("parameter") == Some(node),
            "assignment" => p.child_by_field_name("left") == Some(node),
            "typed_parameter" => p.named_child(0) == Some(node),
            "pair_pattern" => p.child_by_field_name("value") == Some(node),
            _ => node.kind() == "shorthand_property_identifier_pattern",
        });
        let is_name = matches!(node.kind(), "identifier" | "shorthand_property_identifier_pattern");
        if declares && is_name && source.of(node) == name && hidden.is_none() && scope_of(node).contains(&at)
        {
            hidden = Some(node.start_byte());
        }
    });
    match hidden {
        Some(at) => Err(ImportRefusal::Hidden { name: name.to_owned(), line: line_of(source, at) }),
        None => Ok(()),
    }
}

/// The range in which a declared name can be seen: its function, or its block.
fn scope_of(node: tree_sitter::Node<'_>) -> std::ops::Range<usize> {
    let mut scope = node;
    while let Some(parent) = scope.parent() {
        scope = parent;
        let kind = scope.kind();
        if matches!(
            kind,
            "arrow_function"
                | "method_definition"
                | "lambda"
                | "catch_clause"
                | "statement_block"
                | "function_definition"
        ) || kind.starts_with("function")
            || kind.starts_with("generator_function")
        {
            // The name of a function belongs to the scope around it.
            if scope.child_by_field_name("name") != Some(node) {
                break;
            }
        }
    }
    scope.byte_range()
}

fn line_of(source: &Source<'_>, at: usize) -> usize {
    source.slice(0..at).matches('\n').count() + 1
}

/// The specifier to write: of the alternatives the one that is written like the file's own imports.
fn specifier<'a>(request: &ImportRequest<'a>, existing: &[&str]) -> &'a str {
    let is_relative = |s: &str| s.starts_with('.');
    let first = |s: &str| s.split(['/', '.']).next().unwrap_or_default().to_owned();
    let like = |candidate: &str| {
        let alike = existing.iter().filter(|e| {
            if is_relative(candidate) {
                is_relative(e)
            } else {
                !is_relative(e) && first(e) == first(candidate)
            }
        });
        alike.count()
    };
    // Of two with equal support the first, which is the caller's preference.
    let best = std::iter::once(&request.module).chain(request.also).copied().rev().max_by_key(|c| like(c));
    best.unwrap_or(request.module)
}

/// Where a new element stands in a list: sorted if the list is, else at the end. Gives the index it comes before.
fn sorted_index<T: AsRef<str>>(names: &[T], new: &str) -> usize {
    if is_sorted(names) {
        names.iter().take_while(|n| sort_key(n.as_ref()) < sort_key(new)).count()
    } else {
        names.len()
    }
}

/// An edit that brings a new element of a list: what several bring to one place of a sorted list comes out sorted.
fn sorted_among<T: AsRef<str>>(edit: Edit, names: &[T], new: &str) -> Edit {
    if is_sorted(names) { edit.ranked(sort_key(new)) } else { edit }
}

fn is_sorted<T: AsRef<str>>(names: &[T]) -> bool {
    names.len() > 1 && names.windows(2).all(|w| sort_key(w[0].as_ref()) <= sort_key(w[1].as_ref()))
}

fn sort_key(name: &str) -> String {
    name.to_lowercase()
}

#[cfg(test)]
mod tests;
