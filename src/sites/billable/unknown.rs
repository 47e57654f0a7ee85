//! Calls of a client that is known to cost money, of which the knowledge base says neither that they cost nor that they
//! are free: a method that is newer than this build, say. They are never acted on, and never passed over in silence.
//!
//! Only providers that say which calls are free ([`Provider::free`]) take part; of the others the knowledge is not
//! complete enough to say anything.

use crate::catalog::{Entry, Kind, Provider};
use crate::resolve::Def;
use crate::sites::cx::{Cx, wild};
use crate::syntax::Call;
use crate::workspace::FileId;

/// Texts by which a file with a call of a client shows that was made elsewhere: the members in front of known methods.
pub(super) fn marks(provider: &Provider) -> Vec<String> {
    if provider.free.is_empty() {
        return Vec::new();
    }
    let heads = provider.calls.iter().filter_map(|call| call.path.rsplit_once('.'));
    let heads = heads.filter(|(head, _)| !head.contains('*') && !head.is_empty());
    heads.map(|(head, _)| format!(".{head}.")).collect()
}

/// The provider whose client a call is made on, and the members that are called.
pub(super) fn member<'a, 'd>(
    cx: &Cx<'a>,
    file: FileId,
    call: &Call,
    def: impl Fn() -> &'d Def,
) -> Option<(&'a Entry, String)> {
    // What is made with `new`, or is a name of the file's own, is no call of a client.
    let mut entries =
        cx.entries(Kind::Provider).filter(|e| e.provider.as_ref().is_some_and(|p| !p.free.is_empty()));
    let may = !call.is_new && (!call.callee.segments.is_empty() || is_imported(cx, file, call));
    entries.next().filter(|_| may)?;
    let Def::Outside(module, members) = def() else { return None };
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    cx.entries(Kind::Provider).find_map(|entry| {
        let provider = entry.provider.as_ref().filter(|p| !p.free.is_empty())?;
        let path = on_client(provider, module, &members).or_else(|| of_module(provider, module, &members))?;
        (!is_known(provider, &path)).then_some((entry, path))
    })
}

/// The unknown address of a provider's API that is written to, as `POST /v1/new`.
pub(super) fn address(provider: &Provider, method: &str, path: &str) -> Option<String> {
    let path = path.split(['?', '#']).next().unwrap_or(path).trim_end_matches('/');
    // Where no address is said to be free, nothing is known of addresses.
    let counts = provider.free.iter().any(|free| free.starts_with('/'))
        && method.eq_ignore_ascii_case("POST")
        && path.len() > 1;
    (counts && !provider.free.iter().any(|free| wild(free, path))).then(|| format!("POST {path}"))
}

fn is_imported(cx: &Cx<'_>, file: FileId, call: &Call) -> bool {
    let name = call.callee.root_name();
    name.is_some_and(|name| cx.program.facts(file).imports.iter().any(|i| i.local == name))
}

/// Members of a client that was made: `chat.completions.runTools`.
fn on_client(provider: &Provider, module: &str, members: &[&str]) -> Option<String> {
    provider.clients.iter().filter(|c| wild(&c.symbol.module, module)).find_map(|client| {
        let rest = if client.symbol.name == "*" {
            // The module is the client, and holds other things beside.
            members.strip_prefix(&["default"]).unwrap_or(members)
        } else {
            let name: Vec<&str> = client.symbol.name.split('.').collect();
            members.strip_prefix(name.as_slice())?.strip_prefix(&["()"])?
        };
        let enough = if client.symbol.name == "*" { rest.len() > 1 } else { !rest.is_empty() };
        // What is called on a result, and what makes something, is no call of the client.
        let plain = rest.iter().all(|m| *m != "()" && *m != "[]" && !m.starts_with(char::is_uppercase));
        (enough && plain).then(|| rest.join("."))
    })
}

/// A function of a module that has functions which cost: `generateSpeech`.
fn of_module(provider: &Provider, module: &str, members: &[&str]) -> Option<String> {
    let [name] = members.strip_prefix(&["default"]).unwrap_or(members) else { return None };
    let paid = provider.calls.iter().any(|call| !call.free && call.module.as_deref() == Some(module));
    (paid && !name.starts_with(char::is_uppercase) && *name != "()").then(|| (*name).to_owned())
}

fn is_known(provider: &Provider, path: &str) -> bool {
    let known = |rule: &str| rule == path || rule.strip_prefix("*.").is_some_and(|end| path.ends_with(end));
    provider.free.iter().any(|free| wild(free, path)) || provider.calls.iter().any(|call| known(&call.path))
}
