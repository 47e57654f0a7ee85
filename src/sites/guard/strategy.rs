//! What a sign-in strategy of the app puts on the request: the value that its method gives back.
//!
//! ```text
//! class ByToken extends Strategy(Token) {
//!   async validate(claims) { return this.users.find(claims.sub); }   // a row: it has an `id` and no `sub`
//! }
//! ```

use std::collections::BTreeSet;

use crate::catalog::Kind;
use crate::resolve::Def;
use crate::sites::cx::{Cx, is_callee};
use crate::sites::signup::user_key;
use crate::syntax::{ClassId, Expr, FunctionId, Root};
use crate::workspace::FileId;

/// Functions of the app followed from a strategy's method to what they give back.
const HOPS: usize = 3;

/// What one strategy puts there.
#[derive(Debug, Default)]
struct Put {
    /// Members of an object that is written out.
    keys: BTreeSet<String>,
    /// It may be a record of the app's own.
    record: bool,
    /// It may be what was in the token.
    claims: bool,
}

impl Put {
    /// Whether an id may be there under a name. A record has its key for one.
    fn has(&self, cx: &Cx<'_>, member: &str) -> bool {
        let is_key = || match user_key(cx).as_deref() {
            // A document has its id under both names.
            Some("id" | "_id") | None => matches!(member, "id" | "_id"),
            Some(key) => key == member,
        };
        self.claims || self.keys.contains(member) || self.record && is_key()
    }
}

/// The names out of some under which a user's id may stand in a member of the request. All of them where the app has no
/// strategy that puts it there.
pub(in crate::sites) fn ids(cx: &Cx<'_>, member: &str, names: &[String]) -> Vec<String> {
    let put = put(cx, member);
    let may = |name: &&String| put.is_empty() || put.iter().any(|put| put.has(cx, name));
    names.iter().filter(may).cloned().collect()
}

/// Members that every strategy writes out.
pub(super) fn members(cx: &Cx<'_>, member: &str) -> Option<Vec<String>> {
    let put = put(cx, member);
    let (first, rest) = put.split_first()?;
    let everywhere = first.keys.iter().filter(|key| rest.iter().all(|put| put.keys.contains(*key)));
    Some(everywhere.cloned().collect::<Vec<_>>()).filter(|keys| !keys.is_empty())
}

/// What each strategy of the app puts into a member of the request.
fn put(cx: &Cx<'_>, member: &str) -> Vec<Put> {
    let known = cx.entries(Kind::Auth).filter_map(|e| e.auth.as_ref()).flat_map(|a| &a.strategies);
    let mut all: Vec<Put> = Vec::new();
    for strategy in known.filter(|s| s.sets == member) {
        for file in cx.program.files_calling(&strategy.base.name, &[&strategy.base.name]) {
            let facts = cx.program.facts(file);
            let extends = |class: ClassId| {
                facts.class(class).bases.iter().any(|base| {
                    matches!(base.root, Root::Call(call) if is_callee(&strategy.base, &cx.callee(file, call)))
                })
            };
            let methods = facts.function_ids().filter(|id| {
                let f = facts.function(*id);
                f.name == strategy.method && f.class.is_some_and(extends)
            });
            for method in methods {
                let mut put = Put::default();
                follow(cx, (file, method), 0, &mut put);
                all.push(put);
            }
        }
    }
    all
}

fn follow(cx: &Cx<'_>, (file, function): (FileId, FunctionId), hops: usize, put: &mut Put) {
    let facts = cx.program.facts(file);
    for (_, value) in facts.returns.iter().filter(|(of, _)| *of == function) {
        add(cx, (file, function), value, hops, put);
    }
}

fn add(cx: &Cx<'_>, (file, function): (FileId, FunctionId), value: &Expr, hops: usize, put: &mut Put) {
    let facts = cx.program.facts(file);
    match value.unawaited() {
        Expr::Object(pairs) => {
            for (key, value) in pairs {
                if key == "..." {
                    add(cx, (file, function), value, hops, put);
                } else {
                    put.keys.insert(key.clone());
                }
            }
        }
        Expr::Path(path) => {
            let name = path.as_name();
            let def = name.map(|name| cx.program.name(file, Some(function), name, path.span.start));
            match def {
                // Only the first function is handed the token's claims; what others are handed is not looked up.
                Some(Def::Param(..)) => put.claims = true,
                Some(Def::Value(at, index, rest)) if at == file && rest.is_empty() && hops < HOPS => {
                    match cx.program.binding(file, index) {
                        Some(bound) => add(cx, (file, function), &bound.value, hops + 1, put),
                        None => put.record = true,
                    }
                }
                _ => put.record = true,
            }
        }
        Expr::Call(call) => match cx.callee(file, *call) {
            Def::Function(at, callee) if hops < HOPS && !facts.call(*call).args.is_empty() => {
                let before = (put.keys.len(), put.record, put.claims);
                follow(cx, (at, callee), hops + 1, put);
                put.record |= before == (put.keys.len(), put.record, put.claims);
            }
            _ => put.record = true,
        },
        Expr::Either(left, right) => {
            add(cx, (file, function), left, hops, put);
            add(cx, (file, function), right, hops, put);
        }
        Expr::Null | Expr::Bool(_) => {}
        _ => put.record = true,
    }
}
