//! Handlers to which only the signed-in get because the app's settings say so of all of them.
//!
//! ```text
//! API = {"ALLOWED": ["permissions.SignedIn"]}      # of every view that has no list of its own
//! ```

use crate::catalog::{Symbol, Vouching};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::handlers::Reached;
use crate::syntax::{ClassId, Expr};
use crate::workspace::FileId;

/// Classes that a class extends, from one to the next, before giving up.
const MAX_BASES: usize = 8;

/// Whether the settings let only the signed-in to a handler that says nothing else itself.
pub(super) fn by_default(
    cx: &Cx<'_>,
    reached: &Reached<'_>,
    rule: &Vouching,
    (symbols, unless): (&[Symbol], &[String]),
) -> bool {
    reached.found.framework.id == rule.framework
        && !decides(cx, reached, rule, unless)
        && is_set(cx, rule, symbols)
}

/// Whether a handler, or a class of the app around it, says itself who gets to it.
fn decides(cx: &Cx<'_>, reached: &Reached<'_>, rule: &Vouching, unless: &[String]) -> bool {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    let by_decorator = f.decorators.iter().any(|d| {
        d.path.last() == Some(rule.field.as_str()) || d.keywords.iter().any(|(key, _)| *key == rule.field)
    });
    by_decorator || f.class.is_some_and(|class| class_decides(cx, (reached.file, class), rule, unless, 0))
}

fn class_decides(
    cx: &Cx<'_>,
    (file, id): (FileId, ClassId),
    rule: &Vouching,
    unless: &[String],
    hops: usize,
) -> bool {
    let facts = cx.program.facts(file);
    let class = facts.class(id);
    let own = class.fields.iter().any(|field| field.name == rule.field)
        || facts.functions.iter().any(|f| f.class == Some(id) && unless.contains(&f.name));
    let base = |path| match cx.def(file, None, path) {
        Def::Class(at, base) => hops >= MAX_BASES || class_decides(cx, (at, base), rule, unless, hops + 1),
        _ => false,
    };
    own || class.bases.iter().any(base)
}

/// Whether the setting is there, and names one of these wherever it is.
fn is_set(cx: &Cx<'_>, rule: &Vouching, symbols: &[Symbol]) -> bool {
    let names: Vec<String> = symbols.iter().map(|s| format!("{}.{}", s.module, s.name)).collect();
    let is = |item: &Expr| item.as_str().is_some_and(|name| names.iter().any(|known| known == name));
    let files = cx.program.files_with_word(&rule.setting);
    let bindings =
        files.into_iter().filter(|file| cx.holds(*file)).flat_map(|file| &cx.program.facts(file).bindings);
    let mut found = bindings.filter_map(|binding| binding.value.property(&rule.setting)).peekable();
    found.peek().is_some() && found.all(|value| matches!(value, Expr::List(items) if items.iter().any(is)))
}
