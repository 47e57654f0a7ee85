//! Whether anything puts the user's id into a session.
//!
//! Some libraries hand over a session of name, e-mail and picture and leave the rest to the app. There `session.user.id` is
//! not there for anybody, and an event that names it would name everybody the same. So such an id counts only with
//! evidence: a function of the options that puts it there, sessions that are rows, a type of the app that says so. Without
//! any, the handler's own cast of it counts, and nothing else.

use std::sync::Arc;

use super::bindings_before;
use super::bound::from_call;
use super::provided::given;
use crate::catalog::{Auth, Entry, Identity as Source, IdentitySource, Kind, SessionId, Signed};
use crate::resolve::Def;
use crate::sites::Identity;
use crate::sites::cx::{Cx, is_callee, word_at};
use crate::sites::holds;
use crate::sites::signup::options::{self, Found};
use crate::syntax::{Expr, Facts, FunctionId, Path, Span};
use crate::workspace::{FileId, Language};

/// The ways of an entry to the signed-in user that count in a handler of this app.
pub(super) fn sources<'a>(
    cx: &Cx<'a>,
    entry: &'a Entry,
    handler: Option<(FileId, FunctionId)>,
) -> impl Iterator<Item = &'a Source> + use<'a> {
    let known = entry.auth.as_ref().filter(|_| lacking(cx, entry).is_none());
    let decorators = handler.map(|(file, function)| {
        let facts = cx.program.facts(file);
        let decorators = facts.function(function).decorators.iter();
        decorators.map(|d| cx.slice(file, d.span)).collect::<String>()
    });
    let said = |text: &String| decorators.as_ref().map_or_else(|| cx.says(text), |own| own.contains(text));
    let meant: Vec<&Source> = known
        .into_iter()
        .flat_map(|auth| &auth.identities)
        .filter(|source| !source.unless_said.iter().any(said))
        .collect();
    meant.into_iter()
}

/// Why an id in a session of this library names nobody, where nothing of the app puts it there.
pub(in crate::sites) fn lacking(cx: &Cx<'_>, entry: &Entry) -> Option<Arc<str>> {
    let auth = entry.auth.as_ref()?;
    match (&auth.session_id, &auth.signed) {
        (Some(rule), _) => cx.lacking(&entry.id, || find(cx, entry, rule).map(Arc::from)),
        (None, Some(signed)) => cx.lacking(&entry.id, || made_for_another(cx, auth, signed).map(Arc::from)),
        (None, None) => None,
    }
}

/// The call that makes a token for something else than a user's id, in words.
fn made_for_another(cx: &Cx<'_>, auth: &Auth, signed: &Signed) -> Option<String> {
    let word = signed.call.name.rsplit('.').next().unwrap_or_default();
    for file in cx.program.files_calling(word, &[word]).into_iter().filter(|file| cx.holds(*file)) {
        let facts = cx.program.facts(file);
        for id in facts.call_ids().filter(|id| is_callee(&signed.call, &cx.callee(file, *id))) {
            let call = facts.call(id);
            let Some(value) = call.option(&signed.keyword).or_else(|| call.args.first()) else { continue };
            if !is_id(cx, file, call.function, value, (auth, &signed.ids)) {
                let line = cx.line(file, call.span.start);
                return Some(format!(
                    "{}:{line} makes tokens for something else than the user's id; make them for the id, and run this again",
                    cx.path(file)
                ));
            }
        }
    }
    None
}

/// Whether a value is called as an id is, also as text or under a name of its own, or is whom another token is for.
fn is_id(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    value: &Expr,
    (auth, ids): (&Auth, &[String]),
) -> bool {
    match value.unawaited() {
        Expr::Call(id) => {
            let call = cx.program.facts(file).call(*id);
            let text = call.callee.as_name() == Some("str");
            let def = cx.callee(file, *id);
            let again = auth.identities.iter().any(|source| match &source.source {
                IdentitySource::Call(callee) => is_callee(callee, &def),
                _ => false,
            });
            let inner = || call.args.first().filter(|_| text);
            again || inner().is_some_and(|inner| is_id(cx, file, function, inner, (auth, ids)))
        }
        Expr::Path(path) => {
            let is = |last: &str, id: &String| {
                id.strip_prefix('*').map_or_else(|| id == last, |end| last.ends_with(end))
            };
            if path.last().is_some_and(|last| ids.iter().any(|id| is(last, id))) {
                return true;
            }
            let Some(name) = path.as_name() else { return false };
            match cx.program.name(file, function, name, path.span.start) {
                Def::Value(at, index, rest) if rest.is_empty() => {
                    let Some(bound) = cx.program.binding(at, index) else { return false };
                    let is_name = bound.value.as_path().is_some_and(|path| path.as_name().is_some());
                    !is_name && is_id(cx, at, bound.function, &bound.value, (auth, ids))
                }
                _ => false,
            }
        }
        _ => false,
    }
}

fn find(cx: &Cx<'_>, entry: &Entry, rule: &SessionId) -> Option<String> {
    let declared = is_declared(cx, rule);
    let given = cx.files.iter().any(|file| is_set_in(cx, *file, rule)) || by_options(cx, rule);
    let member =
        entry.auth.as_ref().and_then(|a| a.identities.first()?.user.id.first()).map_or("", String::as_str);
    let elsewhere = || cx.files.iter().find_map(|file| set_elsewhere(cx, *file, rule));
    if let Some(place) = (!given).then(elsewhere).flatten() {
        return Some(format!(
            "{place} puts the user's id elsewhere into the session than in `session.{member}`: set that, too, and run this again"
        ));
    }
    if !declared && !given {
        return Some(format!(
            "nothing puts the user's id into the session: let `{}` set `session.{member}`, and run this again",
            rule.callback
        ));
    }
    let typed = |file: &FileId| {
        matches!(cx.workspace().entry(*file).language, Some(Language::TypeScript | Language::Tsx))
    };
    (rule.undeclared && !declared && cx.files.iter().any(typed)).then(|| {
        format!(
            "the type of a session has no `{member}`: declare it (`declare module \"{}\"`), and run this again",
            rule.declared_in.first().map_or("", String::as_str)
        )
    })
}

/// Why the id in the session that a function reads names nobody.
pub(in crate::sites) fn lacking_at(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    at: u32,
) -> Option<String> {
    cx.entries(Kind::Auth).find_map(|entry| {
        let why = lacking(cx, entry)?;
        let session = raw(cx, entry, file, function, at)?;
        Some(format!("`{}` may be nobody's: {why}", session.id))
    })
}

/// What a session call of the library would give, evidence or not.
fn raw(cx: &Cx<'_>, entry: &Entry, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let calls = |auth: &Auth| {
        auth.identities.iter().find_map(|source| match &source.source {
            IdentitySource::Call(callee) => from_call(cx, entry, source, callee, file, function, at),
            _ => None,
        })
    };
    entry.auth.as_ref().and_then(calls)
}

/// The id under a name that a function gives it, with a type of its own that says it is there:
/// `const userId = (session.user as Account).id`.
pub(super) fn by_cast(cx: &Cx<'_>, file: FileId, function: FunctionId, at: u32) -> Option<Identity> {
    let facts = cx.program.facts(file);
    cx.entries(Kind::Auth).filter(|entry| lacking(cx, entry).is_some()).find_map(|entry| {
        let session = raw(cx, entry, file, function, at)?;
        let wanted = session.id.replace(['!', '?'], "");
        bindings_before(facts, function, at).find_map(|binding| {
            let [name] = binding.names.as_slice() else { return None };
            let value = binding.value.unawaited().as_path()?.dotted();
            let whole = if name.path.is_empty() { value } else { format!("{value}.{}", name.path.join(".")) };
            if whole != wanted || !cx.slice(file, binding.statement).contains(" as ") {
                return None;
            }
            let guarded = holds::end_of_guard(cx, file, binding.statement, &[&name.local], at);
            let sure = !session.nullable || guarded.is_some();
            let line = cx.line(file, binding.statement.start);
            let mut evidence = session.evidence.clone();
            evidence.push(format!("`{}` is said to be there (line {line})", name.local));
            // What was made sure of is the name, not the session behind it.
            let beside = |text: Option<String>| match text {
                Some(text) if session.nullable => Some(text.replace("?.", ".").replace('.', "?.")),
                text => text,
            };
            Some(Identity {
                id: name.local.clone(),
                ready_at: guarded.unwrap_or(binding.statement.end),
                nullable: !sure,
                // The name is this handler's own.
                source: crate::sites::IdentitySource::Record,
                evidence,
                email: beside(session.email.clone()),
                name: beside(session.name.clone()),
                ..session.clone()
            })
        })
    })
}

/// Whether a file holds the function that fills a session, and it puts the id there.
fn is_set_in(cx: &Cx<'_>, file: FileId, rule: &SessionId) -> bool {
    let name = rule.callback.rsplit('.').next().unwrap_or(&rule.callback);
    let says = cx.workspace().text(file).is_ok_and(|text| text.as_str().contains(name));
    let facts = says.then(|| cx.program.facts(file));
    facts.is_some_and(|facts| {
        let mut called = facts.function_ids().filter(|id| facts.function(*id).name == name);
        called.any(|id| puts_id(facts, id))
    })
}

/// The place of the function that fills a session, where it puts the id beside the user: whatever a type says then, the user
/// has none.
fn set_elsewhere(cx: &Cx<'_>, file: FileId, rule: &SessionId) -> Option<String> {
    let name = rule.callback.rsplit('.').next().unwrap_or(&rule.callback);
    let text = cx.workspace().text(file).ok()?;
    let speaks = rule.options.iter().any(|option| text.as_str().contains(&option.module));
    let facts = cx.program.facts(Some(file).filter(|_| speaks && text.as_str().contains(name))?);
    let mut called = facts.function_ids().filter(|id| facts.function(*id).name == name);
    let beside = called.find(|id| !puts_id(facts, *id) && puts_id_beside(facts, *id))?;
    Some(format!("{}:{}", cx.path(file), cx.line(file, facts.function(beside).span.start)))
}

/// Whether a function sets a member of the session itself to an id: `session.id = user.id`.
fn puts_id_beside(facts: &Facts, function: FunctionId) -> bool {
    let is_id = |value: &Expr| {
        value
            .as_path()
            .is_some_and(|path| matches!(path.last(), Some("id" | "sub")) && !path.segments.is_empty())
    };
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let set =
        facts.assigns.iter().filter(|a| inside(a.function)).any(|a| {
            a.target.segments.len() == 1 && a.target.root_name() == Some("session") && is_id(&a.value)
        });
    let mut returned = facts.returns.iter().filter(|(f, _)| *f == function);
    set || returned.any(|(_, value)| match value {
        Expr::Object(pairs) => pairs.iter().any(|(key, value)| key != "..." && key != "user" && is_id(value)),
        _ => false,
    })
}

/// Whether a function sets the id of a session's user, or gives back a session that has one.
fn puts_id(facts: &Facts, function: FunctionId) -> bool {
    let inside = |at: Option<FunctionId>| facts.enclosing(at).any(|id| id == function);
    let of_session = |path: &Path| {
        path.segments.first().is_some_and(|s| s == "user") && path.root_name().is_some_and(|r| r != "token")
    };
    let set =
        facts.assigns.iter().filter(|a| inside(a.function)).any(|a| match a.target.segments.as_slice() {
            [.., user, id] if user == "user" => id == "id",
            [.., user] if user == "user" => holds_id(&a.value, &of_session),
            _ => false,
        });
    // `Object.assign(session.user, { id: token.sub })`
    let merged =
        facts.calls.iter().filter(|c| inside(c.function) && c.callee.dotted() == "Object.assign").any(|c| {
            c.args.first().and_then(Expr::as_path).is_some_and(of_session)
                && c.args.iter().skip(1).any(|a| holds_id(a, &of_session))
        });
    let mut returned = facts.returns.iter().filter(|(f, _)| *f == function);
    let given =
        returned.any(|(_, value)| value.property("user").is_some_and(|user| holds_id(user, &of_session)));
    set || merged || given
}

/// Whether a value put in place of a session's user has an id: it says so, or it is somebody else than who was there.
fn holds_id(value: &Expr, of_session: &impl Fn(&Path) -> bool) -> bool {
    match value.unawaited() {
        Expr::Object(pairs) => pairs.iter().any(|(key, value)| match key.as_str() {
            "id" => true,
            "..." => holds_id(value, of_session),
            _ => false,
        }),
        Expr::Path(path) => !of_session(path),
        Expr::Binary(left, _, right) | Expr::Either(left, right) => {
            holds_id(left, of_session) || holds_id(right, of_session)
        }
        _ => false,
    }
}

/// Whether the options make sessions rows that hold the user, or name a function that puts the id there.
fn by_options(cx: &Cx<'_>, rule: &SessionId) -> bool {
    let keys: Vec<&str> = rule.callback.split('.').collect();
    given(cx, rule).iter().any(|(_, object)| {
        let tokens = rule.tokens.as_ref().is_some_and(|t| {
            let path: Vec<&str> = t.path.split('.').collect();
            options::text_at(cx, object, &path).is_some_and(|text| text.trim_matches(['"', '\'']) == t.is)
        });
        let rows = rule.rows.as_ref().is_some_and(|key| options::has_key(cx, object, key));
        rows && !tokens
            || match options::follow(cx, object, &keys) {
                Found::Function { file, body, .. } => function_at(cx, file, body),
                _ => false,
            }
    })
}

fn function_at(cx: &Cx<'_>, file: FileId, body: Span) -> bool {
    let facts = cx.program.facts(file);
    facts.function_ids().find(|id| facts.function(*id).body == body).is_some_and(|id| puts_id(facts, id))
}

/// Whether the app extends the library's type of a session by an id.
fn is_declared(cx: &Cx<'_>, rule: &SessionId) -> bool {
    let files = cx.workspace().files().filter(|(_, entry)| {
        matches!(entry.language, Some(Language::TypeScript | Language::Tsx)) && cx.app.owns(&entry.path)
    });
    let mut texts = files.filter_map(|(id, _)| cx.workspace().text(id).ok());
    texts.any(|text| rule.declared_in.iter().any(|module| declares_id(text.as_str(), module)))
}

/// Whether a text extends `Session` of a module by a user with an id, or its `User` where that is what a session holds.
fn declares_id(text: &str, module: &str) -> bool {
    let heads = ["\"", "'"].map(|quote| format!("declare module {quote}{module}{quote}"));
    let blocks =
        heads.iter().flat_map(|head| text.match_indices(head.as_str())).filter_map(|(at, _)| block(text, at));
    blocks.into_iter().any(|module| {
        let of = |name: &str| {
            let head = format!("interface {name}");
            module
                .match_indices(&head)
                .find(|(at, _)| word_at(module, at + "interface ".len(), name))
                .and_then(|(at, _)| block(module, at))
        };
        let has_id = |body: &str| {
            body.match_indices("id").any(|(at, _)| {
                word_at(body, at, "id")
                    && body.get(at + 2..).is_some_and(|rest| rest.trim_start().starts_with(':'))
            })
        };
        let named = |session: &str| {
            session
                .split_once("user")
                .is_some_and(|(_, rest)| word_at(rest, rest.find("User").unwrap_or(0), "User"))
        };
        let session = of("Session");
        session.is_some_and(has_id) || of("User").is_some_and(has_id) && session.is_some_and(named)
    })
}

/// What stands between the next curly bracket and the one that closes it.
fn block(text: &str, at: usize) -> Option<&str> {
    let open = at + text.get(at..)?.find('{')?;
    let mut depth = 0_usize;
    for (offset, c) in text.get(open..)?.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return text.get(open + 1..open + offset),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
