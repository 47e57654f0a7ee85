//! Names that need no declaration: globals of the languages, and modules of their runtimes.

use crate::workspace::Language;

const ECMASCRIPT: &str = include_str!("ecmascript-globals.txt");
const NODE: &str = include_str!("node-modules.txt");
const PYTHON: &str = include_str!("python-builtins.txt");
const PYTHON_MODULES: &str = include_str!("python-modules.txt");

/// Prefixes of the browser's many types.
const DOM: [&str; 3] = ["HTML", "SVG", "CSS"];

fn lists(list: &str, name: &str) -> bool {
    list.lines().any(|line| line == name)
}

/// Whether a name is there without a declaration.
pub(super) fn is_global(language: Language, name: &str) -> bool {
    if language == Language::Python {
        lists(PYTHON, name)
    } else {
        lists(ECMASCRIPT, name) || DOM.iter().any(|prefix| name.starts_with(prefix))
    }
}

/// The module of Node that a specifier names: `crypto` of `node:crypto` and of `crypto`, `fs` of `fs/promises`.
pub(super) fn node_module(specifier: &str) -> Option<&str> {
    let bare = specifier.strip_prefix("node:").unwrap_or(specifier);
    let first = bare.split('/').next().unwrap_or(bare);
    lists(NODE, first).then_some(first)
}

/// Whether a module is part of Python itself.
pub(super) fn is_python_module(module: &str) -> bool {
    lists(PYTHON_MODULES, module.split('.').next().unwrap_or(module))
}
