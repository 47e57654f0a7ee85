//! A decorator on a function.

use std::ops::Range;

use super::Refusal;
use crate::edit::Edit;
use crate::syntax::source::{Source, children};

/// Where among the decorators that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecoratorPlace {
    /// Above all others: sees the call first.
    Outermost,
    /// Right above the function: runs inside of the others.
    Innermost,
}

/// Adds a decorator (`@name(...)`) to the function or method around a range.
pub fn add_decorator(
    source: &Source<'_>,
    function: &Range<usize>,
    text: &str,
    place: DecoratorPlace,
    why: &str,
) -> Result<Vec<Edit>, Refusal> {
    let mut node = source.node(function).ok_or(Refusal::NotFound("function"))?;
    while !matches!(
        node.kind(),
        "function_definition" | "method_definition" | "class_definition" | "class_declaration"
    ) {
        node = node.parent().ok_or(Refusal::NotFound("function"))?;
    }
    let holder = node.parent().filter(|p| matches!(p.kind(), "decorated_definition" | "class_body"));
    // Python holds decorators around the function, TypeScript beside a method.
    let decorators: Vec<_> = match holder {
        Some(holder) if holder.kind() == "decorated_definition" => {
            children(holder).into_iter().filter(|c| c.kind() == "decorator").collect()
        }
        Some(_) => {
            let mut before = Vec::new();
            let mut at = node.prev_named_sibling();
            while let Some(decorator) = at.filter(|n| n.kind() == "decorator") {
                before.insert(0, decorator);
                at = decorator.prev_named_sibling();
            }
            before
        }
        None => Vec::new(),
    };
    if decorators.iter().any(|d| source.of(*d) == text) {
        return Err(Refusal::AlreadyThere(text.to_owned()));
    }
    let at = match (place, decorators.first()) {
        (DecoratorPlace::Outermost, Some(first)) => first.start_byte(),
        _ => node.start_byte(),
    };
    if !source.is_first_on_line(at) {
        return Err(Refusal::SharedLine);
    }
    Ok(vec![Edit::insertion(at, format!("{text}{}{}", source.newline(), source.indent_at(at)), why)])
}
