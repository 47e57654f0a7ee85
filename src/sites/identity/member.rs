//! Users that stand in a member of the request (`req.user`), or in an imported object (`current_user`).

use super::bound::{User, member};
use super::{bindings_before, function_text, object, parameter, start_of};
use crate::catalog::{self, Entry, Role, UserFields};
use crate::sites::cx::{Cx, after, written_member};
use crate::sites::guard;
use crate::sites::handlers::Reached;
use crate::sites::holds;
use crate::sites::schema::names_user;
use crate::sites::{Identity, IdentitySource};
use crate::syntax::{Binding, Class, Facts, Function, FunctionId, Span};

/// `req.user`, set by a guard.
pub(super) fn from_member(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    of: Role,
    path: &str,
    at: u32,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let base = match parameter(facts, reached, of) {
        Some(name) => format!("{name}.{path}"),
        None => in_pattern(facts, reached, of, path)?,
    };
    let own = function_text(cx, reached.file, reached.function);
    let whole = cx.workspace().text(reached.file).ok()?;
    let (holder, last) = base.rsplit_once('.')?;
    let guard = guard::of_handler(cx, reached, path);
    let alias = aliased(facts, reached.function, &base, at);
    // Without a guard, a member that the handler never reads is not known to be set for its requests.
    let read = alias.is_some() || written_member(&own, holder, last).is_some();
    let everywhere = source.everywhere.iter().any(|text| cx.says(text));
    if guard.is_none() && !read && !everywhere {
        return None;
    }
    let texts = [own.as_str(), whole.as_str()];
    let user = alias
        .as_ref()
        .and_then(|(local, _)| alias_user(local, &base, &source.user, &own, source.members_known))
        .or_else(|| taken_apart(facts, reached.function, &base, &source.user, at))
        .or_else(|| member_user(cx, &base, path, source, &texts, guard.is_some()))?;
    let mut evidence = Vec::new();
    match &guard {
        Some(guard) => evidence.push(guard.why.clone()),
        None => evidence.push(format!("`{base}` may be missing: no guard in front of the handler was found")),
    }
    let bound = alias.as_ref().map(|(_, statement)| *statement);
    let bound = bound.or_else(|| binding_of(facts, reached.function, &base, &user.id, at));
    let (from, start) = match bound {
        Some(statement) => (statement, statement.end),
        None => (start_of(facts, reached.function), facts.function(reached.function).body.start),
    };
    let alias_name = alias.as_ref().map_or(base.as_str(), |(local, _)| local.as_str());
    let guarded = holds::end_of_guard(cx, reached.file, from, &[&base, alias_name], at);
    Some(Identity {
        id: user.id,
        email: user.email,
        name: user.name,
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or(start),
        nullable: !guard.as_ref().is_some_and(|g| g.sure) && guarded.is_none(),
        source: guard::on_request(guard.as_ref(), everywhere),
        evidence,
    })
}

/// The member by what a parameter that is taken apart has of it: `locals.user` of `({ locals })`.
fn in_pattern(facts: &Facts, reached: &Reached<'_>, of: Role, path: &str) -> Option<String> {
    let position = reached.found.handler.params.iter().position(|role| *role == of)?;
    let param = facts.function(reached.function).params.get(position)?;
    let (first, rest) = path.split_once('.')?;
    let taken = param.names.iter().find(|n| n.path.len() == 1 && n.path[0] == first)?;
    Some(format!("{}.{rest}", taken.local))
}

/// The name that the member is bound to before an offset: `const user = req.user`.
fn aliased(facts: &Facts, function: FunctionId, base: &str, at: u32) -> Option<(String, Span)> {
    bindings_before(facts, function, at).find_map(|binding| {
        let value = binding.value.unawaited().as_path()?.dotted();
        let rest =
            base.strip_prefix(value.as_str())?.strip_prefix('.').or_else(|| (value == base).then_some(""))?;
        let taken: Vec<&str> = rest.split('.').filter(|p| !p.is_empty()).collect();
        let name = binding.names.iter().find(|n| n.path.iter().eq(taken.iter()))?;
        Some((name.local.clone(), binding.statement))
    })
}

/// The user whose members are bound one by one: `const { id, email } = req.user`.
fn taken_apart(
    facts: &Facts,
    function: FunctionId,
    base: &str,
    fields: &UserFields,
    at: u32,
) -> Option<User> {
    bindings_before(facts, function, at).find_map(|binding| {
        let whole = binding.value.unawaited().as_path()?.dotted() == base;
        let find = |candidates: &[String]| {
            let named = |c: &String| binding.names.iter().find(|n| n.path.len() == 1 && n.path[0] == *c);
            candidates.iter().find_map(named).map(|n| n.local.clone())
        };
        let id = find(&fields.id).filter(|_| whole)?;
        Some(User { id, email: find(&fields.email), name: find(&fields.name) })
    })
}

/// The statement that binds a name to a member of the request's user.
fn binding_of(facts: &Facts, function: FunctionId, base: &str, name: &str, at: u32) -> Option<Span> {
    let mut bindings = bindings_before(facts, function, at);
    let binding = bindings.find(|b| {
        b.names.iter().any(|n| n.local == name)
            && b.value.unawaited().as_path().is_some_and(|path| path.dotted() == base)
    });
    binding.map(|b| b.statement)
}

/// The user under the name it is bound to, when the handler does not write the member itself.
fn alias_user(local: &str, base: &str, fields: &UserFields, own: &str, known: bool) -> Option<User> {
    if fields.id.iter().any(|c| written_member(own, base, c).is_some()) {
        return None;
    }
    let find = |candidates: &[String]| candidates.iter().find_map(|c| written_member(own, local, c));
    let first = || fields.id.first().filter(|_| known).map(|c| format!("{local}.{c}"));
    Some(User { id: find(&fields.id).or_else(first)?, email: find(&fields.email), name: find(&fields.name) })
}

/// The user behind a request member. The id's member is the one the code uses; without use, the one the guard sets.
fn member_user(
    cx: &Cx<'_>,
    base: &str,
    path: &str,
    source: &catalog::Identity,
    texts: &[&str],
    guarded: bool,
) -> Option<User> {
    let fields = &source.user;
    if fields.id.iter().all(String::is_empty) {
        // The member is the id: some check has to put it there, or it is whatever somebody else put there.
        let marked = format!("{base}!");
        let id = if texts.iter().any(|t| t.contains(&marked)) { marked } else { base.to_owned() };
        let (parent, last) = base.rsplit_once('.').unwrap_or((base, ""));
        let read = || texts.iter().any(|text| written_member(text, parent, last).is_some());
        let set = guarded && guard::is_set_by_check(cx, path) || !source.everywhere.is_empty() && read();
        return set.then_some(User { id, email: None, name: None });
    }
    let find = |candidates: &[String]| {
        texts.iter().find_map(|text| candidates.iter().find_map(|c| written_member(text, base, c)))
    };
    let id = find(&fields.id).or_else(|| {
        let elsewhere = || find_elsewhere(cx, base, &fields.id);
        let set = || {
            let keys = guard::members_set(cx, path)?;
            fields.id.iter().find(|c| keys.contains(c)).map(|c| format!("{base}.{c}"))
        };
        let known = || fields.id.first().filter(|_| source.members_known).map(|c| format!("{base}.{c}"));
        elsewhere().or_else(|| guarded.then(set).flatten()).or_else(known)
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

/// `flask_login.current_user`: imported, and in scope wherever the import is.
pub(super) fn from_object(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    symbol: &catalog::Symbol,
    reached: &Reached<'_>,
    at: u32,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let import = facts.imports.iter().find(|i| {
        let def = cx.program.name(reached.file, None, &i.local, i.span.start);
        after(symbol, &def).is_some_and(<[String]>::is_empty)
    })?;
    let whole = cx.workspace().text(reached.file).ok()?;
    let local = import.local.clone();
    if source.items {
        return from_items(cx, entry, source, reached, &local, at);
    }
    let find = |c: &[String]| c.first().map(|m| member(&local, m, Some(whole.as_str())));
    // An id every user has; whether there is more is for the app's own code to show.
    let shown = |c: &[String]| c.iter().find(|m| declares(cx, m)).map(|m| format!("{local}.{m}"));
    let id = find(&source.user.id)?;
    let start = start_of(facts, reached.function);
    let asks = source.asks.as_ref().map(|member| format!("{local}.{member}"));
    let checked = asks.as_ref().and_then(|asks| holds::end_of_guard(cx, reached.file, start, &[asks], at));
    let sure =
        checked.is_some() || !source.nullable || object::is_sure(cx, reached, source, (&local, &id), at);
    Some(Identity {
        id,
        email: shown(&source.user.email),
        name: shown(&source.user.name),
        auth: entry.id.clone(),
        ready_at: checked.unwrap_or(start.start),
        nullable: !sure,
        source: IdentitySource::Import { name: local, module: import.module.clone() },
        evidence: vec![format!("`{}` from `{}`", import.local, import.module)],
    })
}

/// `session["user_id"]`: an item that the handler reads, under the name it is bound to.
fn from_items(
    cx: &Cx<'_>,
    entry: &Entry,
    source: &catalog::Identity,
    reached: &Reached<'_>,
    local: &str,
    at: u32,
) -> Option<Identity> {
    let facts = cx.program.facts(reached.file);
    let own = function_text(cx, reached.file, reached.function);
    let form = source.user.id.iter().find_map(|key| {
        ["[\"{}\"]", "['{}']", ".get(\"{}\")", ".get('{}')"]
            .into_iter()
            .map(|form| format!("{local}{}", form.replace("{}", key)))
            .find(|form| own.contains(form.as_str()) && !own.contains(&format!("{form} =")))
    })?;
    let mut before = bindings_before(facts, reached.function, at);
    let bound = before.find_map(|binding| {
        let [name] = binding.names.as_slice() else { return None };
        let is_it = cx.slice(reached.file, binding.statement) == format!("{} = {form}", name.local);
        is_it.then(|| (name.local.clone(), binding.statement))
    });
    let start = start_of(facts, reached.function);
    let (id, from) = bound.unwrap_or((form, start));
    let guarded = holds::end_of_guard(cx, reached.file, from, &[&id], at);
    Some(Identity {
        evidence: vec![format!("`{id}` is kept in the session (line {})", cx.line(reached.file, from.start))],
        email: None,
        name: None,
        auth: entry.id.clone(),
        ready_at: guarded.unwrap_or(from.end),
        nullable: guarded.is_none(),
        source: IdentitySource::Followed,
        id,
    })
}

/// Whether a class of the app's users has a member of this name: a field, or with brackets a method. What a class of
/// anything else has says nothing of them.
fn declares(cx: &Cx<'_>, member: &str) -> bool {
    let (name, is_method) = member.strip_suffix("()").map_or((member, false), |name| (name, true));
    let with_classes = cx.program.files_where(name, |text| text.contains("class "));
    with_classes.into_iter().filter(|f| cx.holds(*f)).any(|file| {
        let facts = cx.program.facts(file);
        let is_user = |class: &Class| !class.bases.is_empty() && names_user(&class.name);
        if is_method {
            let of_user = |f: &Function| f.class.is_some_and(|class| is_user(facts.class(class)));
            return facts.functions.iter().any(|f| f.name == name && of_user(f));
        }
        let field =
            facts.classes.iter().filter(|c| is_user(c)).flat_map(|c| &c.fields).any(|f| f.name == name);
        let bound = |b: &Binding| {
            b.class.is_some_and(|class| is_user(facts.class(class)))
                && b.names.iter().any(|n| n.local == name)
        };
        field || facts.bindings.iter().any(bound)
    })
}
