//! Who pays: the expression that names the signed-in user in a handler, and what makes it trustworthy.
//!
//! Only what the auth knowledge vouches for counts: the value of a session call, a request member that a guard sets, an
//! injected dependency that reaches a token check. An id from a body, query or header is never an identity, whatever it is
//! called. The member that is the id is read off the code, not guessed: `session.userId` only where the code says so.

use super::cx::{Cx, after, is_callee, written_member};
use super::guard;
use super::handlers::Reached;
use super::{Identity, IdentitySource};
use crate::catalog::{self, Entry, Kind, Role, UserFields, Verifier};
use crate::resolve::{Def, Module};
use crate::syntax::{Binding, CallId, Class, Expr, Facts, FunctionId, PatternName, Span};
use crate::workspace::FileId;

/// Calls followed from a session function down to the token check.
const VERIFIER_HOPS: usize = 4;

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

/// The identity that can be used in a handler at an offset; the first that fits in the order of the entries.
pub fn in_handler(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    let values: Vec<&str> = cx.entries(Kind::Framework).map(Entry::value).collect();
    for entry in cx.entries(Kind::Auth) {
        let Some(auth) = &entry.auth else { continue };
        for source in &auth.identities {
            let fits = source.frameworks.is_empty()
                || source.frameworks.iter().any(|f| values.contains(&f.as_str()));
            if fits && let Some(identity) = from_source(cx, entry, source, reached, at) {
                return Some(identity);
            }
        }
    }
    from_session_reader(cx, reached, at)
}

/// The identity that a function which is no handler has from its own session call.
pub fn in_function(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    for entry in cx.entries(Kind::Auth) {
        let Some(auth) = &entry.auth else { continue };
        for source in &auth.identities {
            if let catalog::IdentitySource::Call(callee) = &source.source
                && let Some(identity) = from_call(cx, entry, source, callee, file, function, at)
            {
                return Some(identity);
            }
        }
    }
    reader_binding(cx, file, function, at)
}

fn from_source(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    at: u32,
) -> Option<Identity> {
    match &source.source {
        catalog::IdentitySource::Call(callee) => {
            from_call(cx, entry, source, callee, reached.file, reached.function, at)
        }
        catalog::IdentitySource::Member { of, path } => from_member(cx, entry, source, reached, *of, path),
        catalog::IdentitySource::Getter { of, method, key } => {
            from_getter(cx, entry, source, reached, *of, method, key)
        }
        catalog::IdentitySource::Object(symbol) => from_object(cx, entry, source, symbol, reached, at),
        catalog::IdentitySource::Injected { marker, callee } => {
            injected(cx, entry, source, marker, callee.as_ref(), reached)
        }
        catalog::IdentitySource::Decorated { symbols, of, path } => {
            let facts = cx.program.facts(reached.file);
            let f = facts.function(reached.function);
            let decorated = f.decorators.iter().any(|d| {
                let def = cx.def(reached.file, f.parent, &d.path);
                symbols.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
            });
            decorated.then(|| from_member(cx, entry, source, reached, *of, path)).flatten().map(
                |mut identity| {
                    identity.nullable = false;
                    identity
                },
            )
        }
    }
}

/// `const session = await auth()` in the handler or around it.
fn from_call(
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
fn from_session_reader(cx: &Cx<'_>, reached: &Reached<'_>, at: u32) -> Option<Identity> {
    reader_binding(cx, reached.file, reached.function, at)
}

fn reader_binding(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let facts = cx.program.facts(file);
    for binding in bindings_before(facts, function, at) {
        let Some(call) = binding.value.as_call() else { continue };
        let Def::Function(reader_file, reader) = cx.callee(file, call) else { continue };
        let Some((entry, _)) = reaches_verifier(cx, reader_file, reader) else { continue };
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

/// Expressions of a user.
struct User {
    id: String,
    email: Option<String>,
    name: Option<String>,
}

/// The user in a bound value, by the fields the entry names. With a text, members are taken as the code writes them
/// (`session.user!.id`) when it does.
fn user_of(names: &[PatternName], fields: &UserFields, text: Option<&str>) -> Option<User> {
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
fn rest_of(candidate: &str, taken: &[String]) -> Option<String> {
    let parts: Vec<&str> = candidate.split('.').filter(|p| !p.is_empty()).collect();
    let matches = taken.len() <= parts.len() && taken.iter().zip(&parts).all(|(t, p)| t == p);
    matches.then(|| parts[taken.len()..].join("."))
}

fn member(local: &str, rest: &str, text: Option<&str>) -> String {
    if rest.is_empty() {
        return local.to_owned();
    }
    text.and_then(|t| written_member(t, local, rest)).unwrap_or_else(|| format!("{local}.{rest}"))
}

#[expect(clippy::too_many_arguments, reason = "each is one fact of the place")]
fn bound_identity(
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
    let guarded = guard::end_of_guard(cx, file, binding.statement, &names, at);
    let (import, from, defined_in) = imported_name(cx, file, c.callee.root_name().unwrap_or_default());
    let line = cx.line(file, c.span.start);
    let mut evidence = vec![format!("`{}` names the user (line {line})", cx.slice(file, c.span))];
    if guarded.is_some() {
        evidence.push(format!("checked before use (line {})", cx.line(file, guarded.unwrap_or(at))));
    }
    let awaited = if c.awaited { "await " } else { "" };
    Identity {
        id: user.id,
        email: user.email,
        name: user.name,
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or(binding.statement.end),
        nullable: nullable && guarded.is_none(),
        source: IdentitySource::Call {
            text: format!("{awaited}{}", cx.slice(file, c.span)),
            binding: binding_text(cx, file, binding),
            import,
            from,
            defined_in,
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

/// Where a local name comes from: `(name, module as written, file of the app)`.
fn imported_name(cx: &Cx<'_>, file: FileId, local: &str) -> (String, String, Option<FileId>) {
    let facts = cx.program.facts(file);
    let import = facts.imports.iter().find(|i| i.local == local);
    let module = import.map_or_else(String::new, |i| i.module.clone());
    let defined_in = import.and_then(|i| match cx.program.module(file, &i.module, None) {
        Module::File(id) => Some(id),
        _ => None,
    });
    (local.to_owned(), module, defined_in)
}

/// `req.user`, set by a guard.
fn from_member(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    of: Role,
    path: &str,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let base = format!("{}.{path}", parameter(facts, reached, of)?);
    let own = function_text(cx, reached.file, reached.function);
    let whole = cx.workspace().text(reached.file).ok()?;
    let guard = guard::of_handler(cx, reached, path);
    let user = member_user(cx, &base, path, &source.user, &[&own, whole.as_str()], guard.is_some())?;
    let mut evidence = Vec::new();
    match &guard {
        Some(guard) => evidence.push(guard.why.clone()),
        None => evidence.push(format!("`{base}` may be missing: no guard in front of the handler was found")),
    }
    let guarded =
        guard::end_of_guard(cx, reached.file, start_of(facts, reached.function), &[&base], u32::MAX);
    Some(Identity {
        id: user.id,
        email: user.email,
        name: user.name,
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or_else(|| facts.function(reached.function).body.start),
        nullable: guard.is_none() && guarded.is_none(),
        source: IdentitySource::RequestProperty {
            guard: guard.as_ref().and_then(|g| g.name.clone()),
            from: guard.as_ref().and_then(|g| g.from.clone()),
            defined_in: guard.as_ref().and_then(|g| g.defined_in),
        },
        evidence,
    })
}

/// The user behind a request member. The id's member is the one the code uses; without use, the one the guard sets.
fn member_user(
    cx: &Cx<'_>,
    base: &str,
    path: &str,
    fields: &UserFields,
    texts: &[&str],
    guarded: bool,
) -> Option<User> {
    let find = |candidates: &[String]| {
        texts.iter().find_map(|text| candidates.iter().find_map(|c| written_member(text, base, c)))
    };
    let id = find(&fields.id).or_else(|| {
        let elsewhere = || find_elsewhere(cx, base, &fields.id);
        let set = || {
            guard::members_set(cx, path)
                .and_then(|keys| fields.id.iter().find(|c| keys.contains(c)).map(|c| format!("{base}.{c}")))
        };
        elsewhere().or_else(|| guarded.then(set).flatten())
    })?;
    let keys = guard::members_set(cx, path);
    let email = find(&fields.email).or_else(|| {
        let has = |c: &&String| keys.as_ref().is_some_and(|k| k.contains(*c));
        let prefix = id.rsplit_once('.').map_or(base, |(prefix, _)| prefix);
        fields.email.iter().find(has).map(|c| format!("{prefix}.{c}"))
    });
    Some(User { id, email, name: find(&fields.name) })
}

/// How other files write the member.
fn find_elsewhere(cx: &Cx<'_>, base: &str, candidates: &[String]) -> Option<String> {
    let last = base.rsplit('.').next().unwrap_or(base);
    cx.program.files_with_word(last).into_iter().filter(|f| cx.holds(*f)).find_map(|file| {
        let text = cx.workspace().text(file).ok()?;
        candidates.iter().find_map(|c| written_member(text.as_str(), base, c))
    })
}

fn from_getter(
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

/// `flask_login.current_user`: imported, and in scope wherever the import is.
fn from_object(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    symbol: &catalog::Symbol,
    reached: &Reached<'_>,
    _at: u32,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let import = facts.imports.iter().find(|i| {
        let def = cx.program.name(reached.file, None, &i.local, i.span.start);
        after(symbol, &def).is_some_and(<[String]>::is_empty)
    })?;
    let whole = cx.workspace().text(reached.file).ok()?;
    let local = import.local.clone();
    let find = |c: &[String]| c.first().map(|m| member(&local, m, Some(whole.as_str())));
    Some(Identity {
        id: find(&source.user.id)?,
        email: find(&source.user.email),
        name: find(&source.user.name),
        auth: entry.id.clone(),
        ready_at: facts.function(reached.function).body.start,
        nullable: source.nullable && guard::of_handler(cx, reached, "").is_none(),
        source: IdentitySource::Import { name: local, module: import.module.clone() },
        evidence: vec![format!("`{}` from `{}`", import.local, import.module)],
    })
}

/// `current_user: User = Depends(get_current_user)`, `user: CurrentUser`.
fn injected(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    marker: &catalog::Symbol,
    callee: Option<&catalog::Callee>,
    reached: &Reached<'_>,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let f = facts.function(reached.function);
    for param in &f.params {
        let Some(name) = param.name() else { continue };
        let Some((file, dependency, of_type)) = dependency_of(cx, reached.file, param, marker) else {
            continue;
        };
        let vouched = match callee {
            Some(callee) => is_callee(callee, &dependency),
            None => match dependency {
                Def::Function(at, id) => reaches_verifier(cx, at, id).is_some(),
                _ => false,
            },
        };
        if !vouched {
            continue;
        }
        let Some(user) = user_of_type(cx, file, name, of_type.as_deref(), reached, &source.user) else {
            continue;
        };
        let text = cx.slice(reached.file, param.span);
        let line = cx.line(reached.file, param.span.start);
        return Some(Identity {
            id: user.id,
            email: user.email,
            name: user.name,
            auth: entry.id.clone(),
            ready_at: f.body.start,
            nullable: of_type.as_deref().is_some_and(|t| t.contains("None") || t.starts_with("Optional")),
            source: IdentitySource::Parameter { imports: names_in(facts, &text), text },
            evidence: vec![format!("`{name}` is injected after a token check (line {line})")],
        });
    }
    None
}

/// What a parameter's marker injects: the dependency, the file it is written in, and the declared type.
fn dependency_of(
    cx: &Cx<'_>,
    file: FileId,
    param: &crate::syntax::Param,
    marker: &catalog::Symbol,
) -> Option<(FileId, Def, Option<String>)> {
    let marked = |at: FileId, expr: &Expr| {
        let facts = cx.program.facts(at);
        let call = facts.call(expr.as_call()?);
        let def = cx.def(at, call.function, &call.callee);
        let is_marker = after(marker, &def).is_some_and(<[String]>::is_empty);
        let inner = is_marker.then(|| call.args.first()?.as_path().cloned()).flatten()?;
        Some(cx.def(at, call.function, &inner))
    };
    if let Some(def) = param.default.as_ref().and_then(|d| marked(file, d)) {
        return Some((file, def, param.annotation_text.clone()));
    }
    let annotated = |at: FileId, expr: &Expr| {
        let Expr::Index(_, args) = expr else { return None };
        let def = args.iter().skip(1).find_map(|a| marked(at, a))?;
        let of_type = args.first().and_then(Expr::as_path).map(crate::syntax::Path::dotted);
        Some((at, def, of_type))
    };
    match param.annotation.as_ref()? {
        index @ Expr::Index(..) => annotated(file, index),
        Expr::Path(path) => match cx.def(file, None, path) {
            Def::Value(at, index, _) => annotated(at, &cx.program.binding(at, index)?.value.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// The user's members of a parameter with this type.
fn user_of_type(
    cx: &Cx<'_>,
    file: FileId,
    param: &str,
    of_type: Option<&str>,
    reached: &Reached<'_>,
    fields: &UserFields,
) -> Option<User> {
    let text = function_text(cx, reached.file, reached.function);
    let bare = of_type.map(|t| t.split(['|', '[']).next().unwrap_or(t).trim().to_owned());
    match bare.as_deref() {
        Some("str" | "int" | "UUID" | "uuid.UUID") => {
            let is_id = ["user_id", "uid", "userid", "current_user_id"].contains(&param)
                || param.ends_with("user_id");
            return is_id.then(|| User { id: param.to_owned(), email: None, name: None });
        }
        Some("dict" | "Dict") => {
            let key = ["id", "user_id", "sub", "uid"].iter().find_map(|k| {
                [format!("{param}[\"{k}\"]"), format!("{param}['{k}']")]
                    .into_iter()
                    .find(|w| text.contains(w))
            })?;
            return Some(User { id: key, email: None, name: None });
        }
        _ => {}
    }
    let class = bare.and_then(|name| {
        match cx.program.name(file, None, name.rsplit('.').next().unwrap_or(&name), u32::MAX) {
            Def::Class(at, id) => Some((at, id)),
            _ => match cx.program.name(reached.file, None, &name, u32::MAX) {
                Def::Class(at, id) => Some((at, id)),
                _ => None,
            },
        }
    });
    if let Some((at, id)) = class {
        let members = all_fields(cx, at, id, 0);
        let has = |name: &str| members.iter().any(|m| m == name);
        // A record that belongs to a user names the user by a foreign key; its own id is not the user's.
        let id = ["user_id", "owner_id"].iter().find(|m| has(m)).copied().or_else(|| {
            fields
                .id
                .iter()
                .map(String::as_str)
                .find(|m| has(m))
                .or_else(|| written_member(&text, param, "id").map(|_| "id"))
        })?;
        let email = fields.email.iter().find(|m| has(m));
        let name = fields.name.iter().find(|m| has(m));
        let of = |m: &String| format!("{param}.{m}");
        return Some(User { id: format!("{param}.{id}"), email: email.map(of), name: name.map(of) });
    }
    let id = fields.id.iter().find_map(|m| written_member(&text, param, m))?;
    Some(User { id, email: None, name: None })
}

fn all_fields(cx: &Cx<'_>, file: FileId, id: crate::syntax::ClassId, hops: usize) -> Vec<String> {
    let facts = cx.program.facts(file);
    let class: &Class = facts.class(id);
    let mut members: Vec<String> = class.fields.iter().map(|f| f.name.clone()).collect();
    if hops < 5 {
        for base in &class.bases {
            if let Def::Class(at, base) = cx.def(file, class.parent, base) {
                members.extend(all_fields(cx, at, base, hops + 1));
            }
        }
    }
    members
}

/// Names of a parameter's text that the module imports, with their modules.
fn names_in(facts: &Facts, text: &str) -> Vec<(String, String)> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let mut found: Vec<(String, String)> = words
        .filter_map(|w| {
            facts.imports.iter().find(|i| i.local == w).map(|i| (i.local.clone(), i.module.clone()))
        })
        .collect();
    found.dedup();
    found
}

/// Whether a function of the app reaches a token check, and by which entry's knowledge.
pub fn reaches_verifier<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: FunctionId,
) -> Option<(&'a Entry, &'a Verifier)> {
    cx.verifier(file, function)
}

/// The search behind [`reaches_verifier`], which keeps what it found.
pub(super) fn find_verifier<'a>(
    cx: &Cx<'a>,
    file: FileId,
    function: FunctionId,
    hops: usize,
) -> Option<(&'a Entry, &'a Verifier)> {
    if hops > VERIFIER_HOPS {
        return None;
    }
    let facts = cx.program.facts(file);
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let verifiers = || {
        cx.entries(Kind::Auth)
            .flat_map(|e| e.auth.iter().flat_map(move |a| a.verifiers.iter().map(move |v| (e, v))))
    };
    for id in facts.call_ids().filter(|id| inside(facts.call(*id).function)) {
        match cx.callee(file, id) {
            def @ Def::Outside(..) => {
                if let Some(found) = verifiers().find(|(_, v)| is_callee(&v.call, &def)) {
                    return Some(found);
                }
            }
            Def::Function(at, inner) if (at, inner) != (file, function) => {
                if let Some(found) = find_verifier(cx, at, inner, hops + 1) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    // Dependencies of dependencies: what a parameter injects counts as called.
    for param in &facts.function(function).params {
        let mut exprs: Vec<(FileId, Expr)> = Vec::new();
        exprs.extend(param.default.clone().map(|d| (file, d)));
        match &param.annotation {
            Some(Expr::Index(_, args)) => exprs.extend(args.iter().cloned().map(|a| (file, a))),
            Some(Expr::Path(path)) => {
                if let Def::Value(at, index, _) = cx.def(file, None, path)
                    && let Some(binding) = cx.program.binding(at, index)
                    && let Expr::Index(_, args) = &binding.value
                {
                    exprs.extend(args.iter().cloned().map(|a| (at, a)));
                }
            }
            _ => {}
        }
        for (at, expr) in exprs {
            let Some(call) = expr.as_call() else { continue };
            let facts = cx.program.facts(at);
            let Some(inner) = facts.call(call).args.first().and_then(Expr::as_path) else { continue };
            if let Def::Function(to, id) = cx.def(at, None, inner)
                && let Some(found) = find_verifier(cx, to, id, hops + 1)
            {
                return Some(found);
            }
        }
    }
    None
}

/// Bindings of a function and those around it that stand before an offset, nearest first.
fn bindings_before(facts: &Facts, function: FunctionId, at: u32) -> impl Iterator<Item = &Binding> {
    let around: Vec<FunctionId> = facts.enclosing(Some(function)).collect();
    let fits = move |b: &&Binding| {
        b.function.is_some_and(|f| around.contains(&f))
            && b.statement.start < at
            && (at == u32::MAX || b.scope.has(at))
    };
    facts.bindings.iter().rev().filter(fits)
}

/// The name of a handler's parameter with a role.
pub fn parameter(facts: &Facts, reached: &Reached<'_>, of: Role) -> Option<String> {
    let f = facts.function(reached.function);
    let by_position =
        reached.found.handler.params.iter().position(|r| *r == of).and_then(|at| f.params.get(at)?.name());
    let by_name = || {
        let named = reached.found.handler.named_params.iter().filter(|n| n.role == of);
        named.into_iter().find_map(|n| {
            f.params.iter().find(|p| {
                n.annotation
                    .as_deref()
                    .is_some_and(|a| p.annotation_text.as_deref().is_some_and(|t| t.contains(a)))
                    || n.name.as_deref().is_some_and(|name| p.name() == Some(name))
            })
        })
    };
    by_position.or_else(|| by_name().and_then(crate::syntax::Param::name)).map(str::to_owned)
}

fn function_text(cx: &Cx<'_>, file: FileId, function: FunctionId) -> String {
    cx.slice(file, cx.program.facts(file).function(function).span)
}

fn start_of(facts: &Facts, function: FunctionId) -> Span {
    let body = facts.function(function).body;
    Span { start: body.start, end: body.start }
}
