//! Users in a bound value: `const session = await auth()`, also when the call is the app's own session reader.

use super::{bindings_before, function_text, parameter, reaches_verifier};
use crate::catalog::{self, Entry, Kind, Role, UserFields, payer_words};
use crate::resolve::Def;
use crate::sites::cx::{Cx, is_callee, written_member};
use crate::sites::handlers::Reached;
use crate::sites::holds;
use crate::sites::signup::guest_flag;
use crate::sites::{Identity, IdentitySource};
use crate::syntax::{Binding, CallId, Expr, FunctionId, PatternName};
use crate::workspace::FileId;

/// Members that usually are a user's id, where the code has to confirm it.
const ID_MEMBERS: &[&str] = &[
    "user.id",
    "user.userId",
    "user._id",
    "userId",
    "user_id",
    "id",
    "_id",
    "sub",
    "uid",
    "payload.sub",
    "payload.userId",
    "payload.id",
    "data.user.id",
];

/// `const session = await auth()` in the handler or around it.
pub(super) fn from_call(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    callee: &catalog::Callee,
    file: FileId,
    function: FunctionId,
    at: u32,
) -> Option<Identity> {
    let facts = cx.program.facts(file);
    for binding in bindings_before(facts, function, at) {
        let Some(call) = binding.value.as_call() else { continue };
        if !is_callee(callee, &cx.callee(file, call)) && !is_auto_imported(cx, file, call, callee) {
            continue;
        }
        let text = function_text(cx, file, function);
        if let Some(user) = user_of(&binding.names, &source.user, Some(&text)) {
            return Some(bound_identity(cx, entry, source.nullable, file, call, binding, user, at));
        }
    }
    None
}

/// A name that the framework brings into scope without an import.
fn is_auto_imported(cx: &Cx<'_>, file: FileId, call: CallId, callee: &catalog::Callee) -> bool {
    let facts = cx.program.facts(file);
    let call = facts.call(call);
    callee.made.is_none()
        && call.callee.as_name() == Some(callee.name.as_str())
        && cx.entries(Kind::Framework).any(|e| e.framework.as_ref().is_some_and(|f| f.auto_imports))
        && cx.def(file, call.function, &call.callee) == Def::Unknown
}

/// `const session = await getSession()` where `getSession` is the app's own and reaches a token check.
pub(super) fn from_session_reader(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    reader_binding(cx, reached.file, reached.function, at)
}

pub(super) fn reader_binding(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let facts = cx.program.facts(file);
    for binding in bindings_before(facts, function, at) {
        let Some(call) = binding.value.as_call() else { continue };
        let Def::Function(reader_file, reader) = cx.callee(file, call) else { continue };
        let Some((entry, _)) = reaches_verifier(cx, reader_file, reader) else { continue };
        if gives_organisation(cx, binding) {
            continue;
        }
        let fields = UserFields {
            id: ID_MEMBERS.iter().map(|m| (*m).to_owned()).collect(),
            email: vec!["user.email".to_owned(), "email".to_owned()],
            name: vec!["user.name".to_owned(), "name".to_owned()],
        };
        let text = function_text(cx, file, function);
        let user = confirmed_user(cx, file, binding, &fields, &text, (reader_file, reader));
        if let Some(user) = user {
            return Some(bound_identity(cx, entry, true, file, call, binding, user, at));
        }
    }
    None
}

/// `const team = await getTeam()`: what a reader gives under the name of an organisation of the app's is no user.
fn gives_organisation(cx: &Cx<'_>, binding: &Binding) -> bool {
    let payers = cx.payers();
    let is_one = |noun: &str| payers.organisations.iter().any(|o| o.noun == noun);
    let [name] = binding.names.as_slice() else { return false };
    payers.is_open() && name.path.is_empty() && payer_words().noun(&name.local).is_some_and(is_one)
}

/// Expressions of a user.
pub(super) struct User {
    pub(super) id: String,
    pub(super) email: Option<String>,
    pub(super) name: Option<String>,
}

/// The user in a bound value, by the fields the entry names. With a text, members are taken as the code writes them
/// (`session.user!.id`) when it does.
pub(super) fn user_of(names: &[PatternName], fields: &UserFields, text: Option<&str>) -> Option<User> {
    let find = |candidates: &[String]| {
        candidates.iter().find_map(|candidate| {
            names.iter().find_map(|name| {
                let rest = rest_of(candidate, &name.path)?;
                Some(member(&name.local, &rest, text))
            })
        })
    };
    Some(User { id: find(&fields.id)?, email: find(&fields.email), name: find(&fields.name) })
}

/// The same, but a member counts only when the code shows that it exists.
fn confirmed_user(
    cx: &Cx<'_>,
    file: FileId,
    binding: &Binding,
    fields: &UserFields,
    text: &str,
    reader: (FileId, FunctionId),
) -> Option<User> {
    let whole = cx.workspace().text(file).ok()?;
    let reader_text = function_text(cx, reader.0, reader.1);
    let find = |candidates: &[String]| {
        for name in &binding.names {
            for candidate in candidates {
                let Some(rest) = rest_of(candidate, &name.path) else { continue };
                if rest.is_empty() {
                    let looks = candidates.iter().any(|c| c == &name.local) && name.local != "user";
                    if looks {
                        return Some(name.local.clone());
                    }
                    continue;
                }
                for text in [text, whole.as_str()] {
                    if let Some(written) = written_member(text, &name.local, &rest) {
                        return Some(written);
                    }
                }
                // The reader's own annotation or returned object says what there is.
                let last = rest.rsplit('.').next().unwrap_or(&rest);
                let shown = [
                    format!("{{ {last} "),
                    format!("{last}: "),
                    format!(" {last},"),
                    format!("{{ {last} }}"),
                ];
                if name.path.is_empty()
                    && !rest.contains('.')
                    && shown.iter().any(|s| reader_text.contains(s))
                {
                    return Some(format!("{}.{rest}", name.local));
                }
            }
        }
        None
    };
    Some(User { id: find(&fields.id)?, email: find(&fields.email), name: None })
}

/// What is left of a member path after the part a pattern already took.
pub(super) fn rest_of(candidate: &str, taken: &[String]) -> Option<String> {
    let parts: Vec<&str> = candidate.split('.').filter(|p| !p.is_empty()).collect();
    let matches = taken.len() <= parts.len() && taken.iter().zip(&parts).all(|(t, p)| t == p);
    matches.then(|| parts[taken.len()..].join("."))
}

pub(super) fn member(local: &str, rest: &str, text: Option<&str>) -> String {
    if rest.is_empty() {
        return local.to_owned();
    }
    text.and_then(|t| written_member(t, local, rest)).unwrap_or_else(|| format!("{local}.{rest}"))
}

#[expect(clippy::too_many_arguments, reason = "each is one fact of the place")]
pub(super) fn bound_identity(
    cx: &Cx<'_>,
    entry: &Entry,
    nullable: bool,
    file: FileId,
    call: CallId,
    binding: &Binding,
    user: User,
    at: u32,
) -> Identity {
    let facts = cx.program.facts(file);
    let c = facts.call(call);
    let names: Vec<&str> = binding.names.iter().map(|n| n.local.as_str()).collect();
    let guarded = holds::end_of_guard(cx, file, binding.statement, &names, at);
    let line = cx.line(file, c.span.start);
    let mut evidence = vec![format!("`{}` names the user (line {line})", cx.slice(file, c.span))];
    if guarded.is_some() {
        evidence.push(format!("checked before use (line {})", cx.line(file, guarded.unwrap_or(at))));
    }
    let awaited = if c.awaited { "await " } else { "" };
    // Guests have an address that the library made up.
    let guests = guest_flag(cx, entry).is_some();
    Identity {
        id: user.id,
        email: user.email.filter(|_| !guests),
        name: user.name.filter(|_| !guests),
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or(binding.statement.end),
        nullable: nullable && guarded.is_none(),
        source: IdentitySource::Call {
            text: format!("{awaited}{}", cx.slice(file, c.span)),
            binding: binding_text(cx, file, binding),
            statement: binding.statement,
        },
        evidence,
    }
}

fn binding_text(cx: &Cx<'_>, file: FileId, binding: &Binding) -> String {
    let whole = cx.slice(file, binding.statement);
    let head = whole.split('=').next().unwrap_or_default().trim();
    let head = ["const ", "let ", "var "].iter().find_map(|k| head.strip_prefix(k)).unwrap_or(head);
    head.split(':').next().filter(|_| !head.starts_with('{')).unwrap_or(head).trim().to_owned()
}

pub(super) fn from_getter(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    of: Role,
    method: &str,
    key: &str,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let object = parameter(facts, reached, of)?;
    for binding in facts.bindings.iter().filter(|b| b.function == Some(reached.function)) {
        let Some(call) = binding.value.as_call() else { continue };
        let c = facts.call(call);
        let same = c.callee.root_name() == Some(object.as_str())
            && c.callee.segments.last().is_some_and(|m| m == method)
            && c.args.first().and_then(Expr::as_str) == Some(key);
        if same && let Some(user) = user_of(&binding.names, &source.user, None) {
            return Some(bound_identity(
                cx,
                entry,
                source.nullable,
                reached.file,
                call,
                binding,
                user,
                u32::MAX,
            ));
        }
    }
    None
}
