//! What kind of code a place is in: code that serves users, or code that people run.
//!
//! Seeds, scripts, commands and development-only routes make users too, but nobody signs up there.

use crate::catalog::Kind;
use crate::ir::{Fact, Place};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::holds;
use crate::syntax::{Expr, FunctionId, FunctionKind};
use crate::workspace::FileId;

/// Why a function is not one through which somebody signs up, `None` when nothing speaks against it.
pub(super) fn aside(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<String> {
    let path = cx.path(file);
    if cx.is_aside(file) {
        return Some("test, seed or migration".into());
    }
    if is_script(path) {
        return Some(format!("`{path}` is run by people, not by sign-ups"));
    }
    let facts = cx.program.facts(file);
    for id in facts.enclosing(function) {
        let f = facts.function(id);
        if is_chore(&f.name) {
            return Some(format!("`{}` prepares data, nobody signs up through it", f.name));
        }
        let command = |path: &crate::syntax::Path| {
            let dotted = path.dotted().to_lowercase();
            ["command", "cli.", "click.", "typer", "manager.option", "fixture"]
                .iter()
                .any(|w| dotted.contains(w))
        };
        if f.decorators.iter().any(|d| command(&d.path)) {
            return Some(format!("`{}` is a command", f.name));
        }
    }
    None
}

/// Why code of a function runs when the program starts, and not because somebody asked for something.
pub(super) fn at_start(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<String> {
    const LOADED: &str = "it runs when the program starts";
    let facts = cx.program.facts(file);
    let Some(id) = function else { return Some(LOADED.to_owned()) };
    let f = facts.function(id);
    let frameworks = || cx.entries(Kind::Framework).filter_map(|e| e.framework.as_ref());
    let named = |name: &str| frameworks().any(|f| f.startup.iter().any(|known| known == name));
    let decorated = f.decorators.iter().filter_map(|d| d.path.last()).any(named);
    let is_method = f.class.is_some() && named(&f.name);
    let optional = || {
        let is_it =
            |value: &Expr| !f.name.is_empty() && value.as_path().and_then(|p| p.as_name()) == Some(&f.name);
        let given = |(key, value): &(String, Expr)| named(key) && is_it(value);
        f.class.is_none() && facts.calls.iter().any(|call| call.keywords.iter().any(given))
    };
    if decorated || is_method || optional() {
        return Some(format!("`{}` runs when the app starts", f.name));
    }
    // `app.listen(port, async () => { … })`, `connect().then(() => { … })`
    if let Some((call, _)) = f.argument_of {
        let call = facts.call(call);
        let last = call.callee.segments.last().map(String::as_str).unwrap_or_default();
        let starts = frameworks().any(|f| f.starts.iter().any(|member| member == last));
        return match last {
            _ if starts => Some(LOADED.to_owned()),
            "then" | "catch" | "finally" => at_start(cx, file, call.function),
            _ => None,
        };
    }
    // `(async () => { … })()`
    let text = cx.workspace().text(file).ok()?;
    let behind = text.as_str().get(f.span.end as usize..)?.trim_start();
    let called =
        f.name.is_empty() && behind.strip_prefix(')').is_some_and(|rest| rest.trim_start().starts_with('('));
    called.then(|| at_start(cx, file, f.parent)).flatten()
}

/// Files that are started by hand.
fn is_script(path: &str) -> bool {
    const FOLDERS: &[&str] =
        &["scripts", "script", "bin", "cli", "commands", "tools", "seeding", "dev", "demo", "loadtest"];
    let mut parts = path.split('/').rev();
    let name = parts.next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name).to_lowercase();
    let words = [
        "seed",
        "prestart",
        "initial_data",
        "init_db",
        "initdb",
        "bootstrap",
        "populate",
        "fake",
        "factory",
        "factories",
    ];
    matches!(stem.as_str(), "manage" | "cli" | "setup" | "fabfile" | "tasks_dev")
        || words.iter().any(|w| stem.contains(w))
        || parts.any(|folder| FOLDERS.contains(&folder))
}

/// Functions that fill a database.
fn is_chore(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let starts = [
        "seed",
        "initdb",
        "populate",
        "backfill",
        "migrate",
        "bootstrap",
        "setupgeneral",
        "fake",
        "mock",
        "import",
    ];
    let holds = [
        "fake",
        "dummy",
        "superuser",
        "testuser",
        "demodata",
        "firstadmin",
        "initialadmin",
        "defaultadmin",
        "defaultuser",
        "seeduser",
        "ensureadmin",
        "rootuser",
    ];
    starts.iter().any(|w| name.starts_with(w)) || holds.iter().any(|w| name.contains(w))
}

/// Whether a function is among the options of a call into the auth library, which then calls it for a request.
pub(super) fn is_auth_callback(cx: &Cx<'_>, file: FileId, function: FunctionId) -> bool {
    let facts = cx.program.facts(file);
    let f = facts.function(function);
    if f.kind != FunctionKind::Property {
        return false;
    }
    let around = facts.call_ids().filter(|id| {
        let call = facts.call(*id);
        call.function == f.parent && call.args_span.contains(f.span)
    });
    let Some(innermost) = around.min_by_key(|id| facts.call(*id).args_span.len()) else { return false };
    let Def::Outside(module, _) = cx.callee(file, innermost) else { return false };
    let literals = cx.entries(Kind::Auth).flat_map(|e| &e.literals);
    literals.into_iter().any(|l| module.starts_with(l.trim_matches(['"', '\''])))
}

/// Words of guests in a name or text.
pub(super) fn guest(text: &str) -> bool {
    let text = text.to_lowercase();
    ["guest", "anonymous", "anonuser", "anon_user", "temporaryuser"].iter().any(|w| text.contains(w))
}

/// Words of accounts that programs use, as a name or the member of a record: nobody signs up as one.
pub(super) fn machine(name: &str) -> bool {
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    ["machine", "serviceaccount", "isbot", "botuser", "systemuser"].iter().any(|w| name.contains(w))
}

/// What hangs a router into an app.
const MOUNTS: &[&str] = &["include_router", "use", "register", "route", "register_blueprint", "mount"];

/// Whether everything a file serves is mounted only under a condition on the environment: a route for development.
pub(super) fn only_in_development(cx: &Cx<'_>, file: FileId) -> Option<String> {
    let path = cx.path(file);
    let stem = path.rsplit('/').next().and_then(|n| n.split('.').next()).unwrap_or_default();
    let mut mounted = 0;
    let mut place = None;
    for at in cx.program.files_calling(stem, MOUNTS) {
        if at == file || !cx.holds(at) {
            continue;
        }
        let facts = cx.program.facts(at);
        for call in &facts.calls {
            let of_file = |arg: &Expr| match arg {
                Expr::Path(path) => matches!(
                    cx.program.origin(at, call.function, path),
                    Def::Value(f, ..) | Def::Namespace(f) | Def::Function(f, _) if f == file
                ),
                _ => false,
            };
            let method = call.callee.last().unwrap_or_default();
            if MOUNTS.contains(&method) && call.args.iter().any(of_file) {
                mounted += 1;
                if !holds::known(cx, at, call.span.start).iter().any(|(of, fact)| is_development(of, fact)) {
                    return None;
                }
                place = Some(format!("{}:{}", cx.path(at), cx.line(at, call.span.start)));
            }
        }
    }
    (mounted > 0)
        .then(|| format!("only mounted under a condition on the environment ({})", place.unwrap_or_default()))
}

/// Whether a condition that holds rules out that real users are served: the environment is a developer's, or it is not
/// the one of production.
fn is_development(of: &Place, fact: &Fact) -> bool {
    let written =
        std::iter::once(&of.root).chain(&of.keys).cloned().collect::<Vec<_>>().join(".").to_lowercase();
    let says = |text: &str, words: &[&str]| words.iter().any(|word| text.to_lowercase().contains(word));
    let about = says(&written, &["environment", "_env", "getenv", "debug", "local", "dev", "testing"]);
    match fact {
        Fact::Equals(value) => about && says(value, &["dev", "local", "test"]),
        Fact::Differs(value) => about && says(value, &["prod"]),
        Fact::There => says(&written, &["debug", "local", "dev", "testing"]),
        Fact::Gone => says(&written, &["production", "is_prod", "isprod"]),
        Fact::Is(_) | Fact::IsNot(_) => false,
    }
}

/// Whether a place is one where a login provider hands over: words of the calls and functions around it.
pub(super) fn from_provider(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> bool {
    let facts = cx.program.facts(file);
    facts.enclosing(function).any(|id| {
        let f = facts.function(id);
        let given_to = f.argument_of.map(|(call, _)| facts.call(call));
        let given_to = given_to.and_then(|c| c.callee.last()).map(str::to_lowercase).unwrap_or_default();
        let around = facts.calls.iter().filter(|c| c.span.contains(f.span)).filter_map(|c| c.callee.last());
        let wrapped = around.map(str::to_lowercase).any(|n| is_provider_word(&n));
        is_provider_word(&given_to) || is_provider_word(&f.name.to_lowercase()) || wrapped
    }) || is_provider_word(&cx.path(file).to_lowercase().replace("oauth2password", ""))
}

fn is_provider_word(text: &str) -> bool {
    ["oauth", "strategy", "google", "github", "facebook", "sociallogin", "social_login", "oidc", "callback/"]
        .iter()
        .any(|w| text.contains(w))
}
