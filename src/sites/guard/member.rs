//! What a guard puts on the request: assignments to members of the handler's own request, told from those to anything
//! else that happens to have a member of that name.

use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::syntax::{Assign, CallId, Expr, Path, Root};
use crate::workspace::FileId;

/// Whether an assignment sets this member of the request: `req.userId = …`, and not `clause.userId = …` on a filter.
pub(super) fn is_set_by(cx: &Cx<'_>, file: FileId, assign: &Assign, member: &str) -> bool {
    let is_it = |set: &[String]| !member.is_empty() && set.iter().eq(member.split('.'));
    of_request(cx, file, assign).is_some_and(is_it)
}

/// The member of a parameter that an assignment sets; nothing when it sets a member of anything else.
pub(super) fn of_request<'a>(cx: &Cx<'_>, file: FileId, assign: &'a Assign) -> Option<&'a [String]> {
    let target = &assign.target;
    is_handed(cx, file, assign, target).then_some(target.segments.as_slice())
}

/// Whether a path starts at a parameter, or at a name for what one gives: `const request = context.getRequest()`.
fn is_handed(cx: &Cx<'_>, file: FileId, assign: &Assign, path: &Path) -> bool {
    let Some(name) = path.root_name() else { return false };
    let is_param = |path: &Path| {
        let name = path.root_name();
        let def = name.map(|name| cx.program.name(file, assign.function, name, path.span.start));
        matches!(def, Some(Def::Param(..)))
    };
    match cx.program.name(file, assign.function, name, path.span.start) {
        Def::Param(..) => true,
        Def::Value(at, index, _) if at == file => {
            cx.program.binding(file, index).is_some_and(|binding| match binding.value.unawaited() {
                Expr::Path(value) => is_param(value),
                Expr::Call(call) => is_param(first_of(cx, file, *call)),
                _ => false,
            })
        }
        _ => false,
    }
}

/// What a chain of calls starts with.
fn first_of<'a>(cx: &Cx<'a>, file: FileId, call: CallId) -> &'a Path {
    let facts = cx.program.facts(file);
    let mut callee = &facts.call(call).callee;
    while let Root::Call(inner) = callee.root {
        callee = &facts.call(inner).callee;
    }
    callee
}

/// The members that a statement says its value has: `… as { id: string; email?: string }` has an `id`.
pub(super) fn cast(statement: &str) -> Option<Vec<String>> {
    let (_, written) = statement.rsplit_once(" as {")?;
    let (inside, _) = written.split_once('}')?;
    let members = inside.split([';', ',', '\n']).filter_map(|member| {
        let (name, _) = member.split_once(':')?;
        let name = name.trim().trim_start_matches("readonly ");
        (!name.ends_with('?') && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
            .then(|| name.to_owned())
    });
    let members: Vec<String> = members.collect();
    (!members.is_empty()).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_says_what_is_there_and_not_what_may_be() {
        let said = |text: &str| cast(text).unwrap_or_default();
        assert_eq!(said("req.user = verify(t) as { id: string; email?: string };"), ["id"]);
        assert_eq!(said("req.user = (v as unknown) as {\n  id: string,\n  role: 'a'\n}"), ["id", "role"]);
        assert!(said("req.user = verify(t) as User").is_empty());
    }
}
