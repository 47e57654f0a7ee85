//! Whoever owns the record that a request is about: the payer where visitors spend and an owner pays.
//!
//! A public chatbot, a shared link or a job has no signed-in user, yet the record it loads says whose it is. The owner is
//! a member of that record which refers to the user model; it is read from the app's own data, never from the request.

use super::cx::Cx;
use super::identity::bindings_before;
use super::schema::{Model, names_user};
use super::{Identity, IdentitySource, guard};
use crate::catalog::{Kind, Owner};
use crate::resolve::Def;
use crate::syntax::{CallId, Expr, Facts, FunctionId, PatternName, Root};
use crate::workspace::FileId;

/// Functions of the app that are looked into for what they return.
const MAX_HOPS: usize = 3;

/// A record type whose records belong to users.
#[derive(Debug, Clone)]
pub struct Owned {
    /// What the code may call it: the model, its table, the client's member.
    names: Vec<String>,
    /// The member that names the owner.
    member: String,
    /// It may be empty.
    optional: bool,
}

/// The record types of an app that refer to its user model.
pub fn owned(cx: &Cx<'_>) -> Vec<Owned> {
    if cx.app.auth.is_empty() && cx.entries(Kind::Auth).next().is_none() {
        return Vec::new();
    }
    let models = super::schema::declared(cx.program, cx.catalog, cx.app);
    let mut users: Vec<String> = models.iter().filter(|m| names_user(&m.name)).flat_map(names_of).collect();
    let libraries = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).flat_map(|o| &o.users);
    users.extend(libraries.filter(|s| !s.name.contains('(')).map(|s| s.name.clone()));
    if users.is_empty() {
        return Vec::new();
    }
    // A key names the table, which is usually the plural.
    users.extend(users.clone().iter().map(|n| format!("{}s", n.to_lowercase())));
    let users: Vec<String> = users.iter().map(|n| regex::escape(n)).collect();
    let users = format!("(?:{})", users.join("|"));
    let owned = models.iter().filter(|m| !names_user(&m.name)).filter_map(|model| {
        let orm = cx.catalog.get(&model.orm)?.orm.as_ref()?;
        let text = cx.slice(model.file, model.span);
        orm.owners.iter().find_map(|owner| {
            let (member, optional) = member_of(owner, &users, &text)?;
            Some(Owned { names: names_of(model), member, optional })
        })
    });
    owned.collect()
}

/// The member of a declaration that refers to the user, and whether it may be empty.
fn member_of(owner: &Owner, users: &str, text: &str) -> Option<(String, bool)> {
    let pattern = regex::Regex::new(&owner.column.replace("{user}", users)).ok()?;
    let column = pattern.captures(text)?.get(1)?.as_str();
    let says = |pattern: &String| {
        let pattern = pattern.replace("{column}", &regex::escape(column));
        regex::Regex::new(&pattern).is_ok_and(|o| o.is_match(text))
    };
    let optional =
        owner.optional.as_ref().is_some_and(says) || owner.required.as_ref().is_some_and(|r| !says(r));
    let member = owner.member.as_ref().map_or_else(|| column.to_owned(), |m| m.replace("{column}", column));
    Some((member, optional))
}

fn names_of(model: &Model) -> Vec<String> {
    let mut first_low = model.name.clone();
    if let Some(first) = first_low.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    let mut names = vec![model.name.clone(), first_low];
    names.extend(model.bound.clone());
    names.extend(model.table.clone());
    names.sort();
    names.dedup();
    names
}

/// The owner of a record that a function has loaded before an offset; of several, the one it loads first.
pub fn in_function(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let facts = cx.program.facts(file);
    let mut bindings: Vec<_> = bindings_before(facts, function, at).collect();
    bindings.sort_by_key(|b| b.statement.start);
    bindings.into_iter().find_map(|binding| {
        let local = binding.names.iter().find(|n| is_record(n))?.local.clone();
        let (record, certain) = record(cx, file, &binding.value, 0)?;
        let id = format!("{local}.{}", record.member);
        let guarded = guard::end_of_guard(cx, file, binding.statement, &[&local], at);
        let has_owner =
            !record.optional || guard::end_of_guard(cx, file, binding.statement, &[&id], at).is_some();
        let line = cx.line(file, binding.statement.start);
        Some(Identity {
            id,
            email: None,
            name: None,
            auth: String::new(),
            ready_at: guarded.unwrap_or(binding.statement.end),
            nullable: !(has_owner && (certain || guarded.is_some())),
            source: IdentitySource::Record,
            evidence: vec![format!("`{local}` is loaded by the app, and belongs to a user (line {line})")],
        })
    })
}

/// The value itself, the first of a list, or the `data` of an answer.
fn is_record(name: &PatternName) -> bool {
    match name.path.as_slice() {
        [] => true,
        [one] => one == "0" || one == "data",
        _ => false,
    }
}

/// The owned record that an expression loads, and whether there always is one.
fn record<'c>(cx: &'c Cx<'_>, file: FileId, value: &Expr, hops: usize) -> Option<(&'c Owned, bool)> {
    if hops > MAX_HOPS {
        return None;
    }
    let facts = cx.program.facts(file);
    match value.unawaited() {
        Expr::Call(id) => {
            if let Def::Function(at, function) = cx.callee(file, *id) {
                return returned(cx, at, function, hops);
            }
            read(cx, facts, *id)
        }
        Expr::Path(path) => {
            let name = path.as_name()?;
            let Def::Value(at, index, _) = cx.program.name(file, None, name, path.span.start) else {
                return None;
            };
            let binding = cx.program.binding(at, index)?.clone();
            record(cx, at, &binding.value, hops + 1)
        }
        Expr::Binary(left, _, right) | Expr::Either(left, right) => {
            record(cx, file, left, hops + 1).or_else(|| record(cx, file, right, hops + 1))
        }
        _ => None,
    }
}

fn returned<'c>(
    cx: &'c Cx<'_>,
    file: FileId,
    function: FunctionId,
    hops: usize,
) -> Option<(&'c Owned, bool)> {
    let facts = cx.program.facts(file);
    facts.returns.iter().filter(|(f, _)| *f == function).find_map(|(_, value)| match value.unawaited() {
        Expr::Path(path) => {
            let Def::Value(at, index, _) =
                cx.program.name(file, Some(function), path.as_name()?, path.span.start)
            else {
                return None;
            };
            let binding = cx.program.binding(at, index)?.clone();
            record(cx, at, &binding.value, hops + 1).map(|(record, _)| (record, false))
        }
        value => record(cx, file, value, hops + 1),
    })
}

/// The record that a chain of library calls reads: it speaks of an owned model and ends in a method that loads one.
fn read<'c>(cx: &'c Cx<'_>, facts: &Facts, call: CallId) -> Option<(&'c Owned, bool)> {
    let mut words: Vec<&str> = Vec::new();
    let mut next = Some(call);
    while let Some(id) = next {
        let call = facts.call(id);
        words.extend(call.callee.segments.iter().map(String::as_str));
        words.extend(call.callee.root_name());
        for arg in &call.args {
            words.extend(arg.as_str().filter(|s| !s.contains(' ')));
            words.extend(arg.as_path().and_then(crate::syntax::Path::root_name));
            // `session.exec(select(Bot).where(…))`
            if let Expr::Call(inner) = arg {
                words.extend(inner_words(facts, *inner));
            }
        }
        next = match call.callee.root {
            Root::Call(inner) => Some(inner),
            _ => None,
        };
    }
    let orms: Vec<_> = cx.entries(Kind::Orm).filter_map(|e| e.orm.as_ref()).collect();
    let holds = |names: &[String]| words.iter().any(|w| names.iter().any(|n| n == w));
    let certain = orms.iter().any(|o| holds(&o.reads_certain));
    if !certain && !orms.iter().any(|o| holds(&o.reads)) {
        return None;
    }
    cx.owned().iter().find(|o| holds(&o.names)).map(|o| (o, certain))
}

fn inner_words(facts: &Facts, call: CallId) -> Vec<&str> {
    let mut words = Vec::new();
    let mut next = Some(call);
    while let Some(id) = next {
        let call = facts.call(id);
        words.extend(call.args.iter().filter_map(|a| a.as_path().and_then(crate::syntax::Path::root_name)));
        next = match call.callee.root {
            Root::Call(inner) => Some(inner),
            _ => None,
        };
    }
    words
}
