//! What a handler itself says of a user that a guard vouches for.

use crate::sites::cx::Cx;
use crate::sites::handlers::Reached;
use crate::syntax::{Expr, FunctionId, Path};
use crate::workspace::FileId;

/// Whether the handler falls back on somebody that is kept in another place: `req.user.id || req.session.userId` says that
/// there may be no `req.user`, whatever stands in front of the handler.
pub(super) fn is_doubted(cx: &Cx<'_>, reached: &Reached<'_>, id: &str) -> bool {
    let id = plain(id);
    let Some((holder, _)) = id.split_once('.').and_then(|(root, rest)| {
        let first = rest.split('.').next()?;
        Some((format!("{root}.{first}"), rest))
    }) else {
        return false;
    };
    let facts = cx.program.facts(reached.file);
    let own = |function: &Option<FunctionId>| facts.enclosing(*function).any(|f| f == reached.function);
    facts.bindings.iter().filter(|binding| own(&binding.function)).any(|binding| {
        let mut operands = Vec::new();
        alternatives(cx, reached.file, &binding.value, &mut operands);
        let elsewhere = |path: &String| path.contains('.') && !is_below(path, &holder);
        operands.contains(&id) && operands.iter().any(elsewhere)
    })
}

/// The members between which `||`, `??` and `or` choose.
fn alternatives(cx: &Cx<'_>, file: FileId, value: &Expr, found: &mut Vec<String>) {
    match value.unawaited() {
        Expr::Binary(left, "||" | "??", right) => {
            alternatives(cx, file, left, found);
            alternatives(cx, file, right, found);
        }
        Expr::Path(Path { span, .. }) => found.push(plain(&cx.slice(file, *span))),
        _ => {}
    }
}

fn is_below(path: &str, holder: &str) -> bool {
    path.strip_prefix(holder).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A member as it is written without marks of what may be missing.
pub fn plain(path: &str) -> String {
    path.chars().filter(|c| !matches!(c, '?' | '!') && !c.is_whitespace()).collect()
}
