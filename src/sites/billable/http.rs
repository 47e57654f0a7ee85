//! Raw requests: where they go, and how.
//!
//! A function of the app's own that makes a request with an address it is handed is a client too: then the calls of that
//! function spend, each with its own address, and not the request inside.

use crate::catalog::{Kind, Request};
use crate::resolve::Def;
use crate::sites::cx::Cx;
use crate::sites::makers;
use crate::syntax::{Call, CallId, Expr, FunctionId, Param, Root};
use crate::workspace::FileId;

/// A request as far as the code says it.
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) method: String,
}

/// The request that a call makes: its own, or that of the function of the app's which it hands an address to.
pub(super) fn request(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<Sent> {
    let c = cx.program.facts(file).call(call);
    let own = request_of(cx, c).and_then(|known| Some((address(cx, file, c)?, known)));
    match own {
        Some(_) if wrapper_of(cx, file, c).is_some() => None,
        Some((url, known)) => Some(Sent { url, method: method_of(c, known) }),
        None => through_wrapper(cx, file, call).or_else(|| handed_on(cx, file, call)),
    }
}

/// What is known of the call by its last name.
fn request_of<'a>(cx: &Cx<'a>, call: &Call) -> Option<&'a Request> {
    let last = call.callee.last()?;
    cx.catalog.of(Kind::Http).filter_map(|e| e.http.as_ref()).flat_map(|h| &h.calls).find(|r| r.name == last)
}

/// Where an address may stand: among the first arguments, or in `url`.
fn addresses(call: &Call) -> impl Iterator<Item = &Expr> {
    call.args.iter().take(2).chain(call.option("url"))
}

fn address(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    let mut relative = None;
    for text in addresses(call).filter_map(|arg| cx.folded(file, call.function, arg)) {
        if text.contains('.') {
            return Some(text);
        }
        relative = relative.or_else(|| text.contains('/').then_some(text));
    }
    let relative = relative?;
    Some(format!("{}/{}", base(cx, file, call)?.trim_end_matches('/'), relative.trim_start_matches('/')))
}

/// Where the relative addresses of a call's client begin.
fn base(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<String> {
    let options = || cx.catalog.of(Kind::Http).filter_map(|e| e.http.as_ref()).flat_map(|h| &h.bases);
    makers::of_path(cx, file, call.function, &call.callee).into_iter().find_map(|(at, maker)| {
        let maker = cx.program.facts(at).call(maker);
        options().find_map(|option| cx.folded(at, maker.function, maker.option(option)?))
    })
}

fn method_of(call: &Call, known: &Request) -> String {
    let told = call.option("method").and_then(Expr::as_str);
    let first = call.args.first().and_then(Expr::as_str).filter(|m| known.names_method && !m.contains('/'));
    told.or(first).unwrap_or(&known.method).to_owned()
}

/// The function around a request whose parameter is a part of the address: ``fetch(`${BASE}${path}`)``.
fn wrapper_of(cx: &Cx<'_>, file: FileId, call: &Call) -> Option<FunctionId> {
    let function = call.function?;
    let params = &cx.program.facts(file).function(function).params;
    let parametric = addresses(call).any(|arg| match arg {
        Expr::Template(parts) => parts.iter().filter_map(|p| p.as_ref().err()).any(|h| is_param(params, h)),
        Expr::Binary(_, "+", right) => is_param(params, right),
        _ => false,
    });
    let fed = || {
        cx.callers(file, function)
            .iter()
            .any(|(at, id)| cx.program.facts(*at).call(*id).args.iter().any(is_end_of_address))
    };
    (parametric && fed()).then_some(function)
}

/// `"/chat/completions"`, also with holes further on.
fn is_end_of_address(arg: &Expr) -> bool {
    match arg {
        Expr::Str(text) => text.starts_with('/'),
        Expr::Template(parts) => matches!(parts.first(), Some(Ok(text)) if text.starts_with('/')),
        _ => false,
    }
}

fn is_param(params: &[Param], value: &Expr) -> bool {
    let Some(path) = value.as_path() else { return false };
    let Root::Name(name) = &path.root else { return false };
    path.segments.is_empty() && params.iter().any(|p| p.name() == Some(name))
}

/// The request that a function of the app's makes for a caller who hands it the whole address, and gives back as it was
/// answered: `withRetries(URL, options)`.
fn handed_on(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<Sent> {
    let c = cx.program.facts(file).call(call);
    let first = c.args.first()?;
    let (at, inner) = sender(cx, file, call)?;
    let known = request_of(cx, cx.program.facts(at).call(inner))?;
    let url = cx.folded(file, c.function, first)?;
    let told = c.option("method").and_then(Expr::as_str).map(str::to_owned);
    let method = told.unwrap_or_else(|| method_of(cx.program.facts(at).call(inner), known));
    url.contains("://").then_some(Sent { url, method })
}

/// The request behind a call of a function of the app's that takes the address first, as clients do, and comes back with
/// nothing but what the request was answered.
pub fn sender(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<(FileId, CallId)> {
    let Def::Function(at, function) = cx.callee(file, call) else { return None };
    let inside = cx.program.facts(at);
    let params = &inside.function(function).params;
    // A method is called without the object that it is given.
    let object = params.first().is_some_and(|p| matches!(p.name(), Some("self" | "cls")));
    let address = params.get(usize::from(object))?.name()?;
    let inner = inside.call_ids().find(|id| {
        let inner = inside.call(*id);
        let handed = || {
            addresses(inner).any(|arg| {
                is_param(params, arg) && arg.as_path().is_some_and(|p| p.root_name() == Some(address))
            })
        };
        inner.function == Some(function) && request_of(cx, inner).is_some() && handed()
    })?;
    let is_answer = |value: &Expr| match value.unawaited() {
        Expr::Call(id) => *id == inner || cx.callee(at, *id) == Def::Function(at, function),
        Expr::Path(path) if path.segments.is_empty() => inside.bindings.iter().any(|b| {
            b.function == Some(function)
                && b.names.iter().any(|n| n.path.is_empty() && Some(n.local.as_str()) == path.root_name())
                && b.value.unawaited().as_call() == Some(inner)
        }),
        _ => false,
    };
    let mut given =
        inside.returns.iter().filter(|(of, _)| *of == function).map(|(_, value)| value).peekable();
    (given.peek().is_some() && given.all(is_answer)).then_some((at, inner))
}

/// The request that a function of the app's makes for a caller who hands it the rest of the address.
fn through_wrapper(cx: &Cx<'_>, file: FileId, call: CallId) -> Option<Sent> {
    let c = cx.program.facts(file).call(call);
    // Cheap things first: the end of an address is handed over.
    let rest = cx.folded(file, c.function, c.args.iter().find(|a| is_end_of_address(a))?)?;
    let Def::Function(at, function) = cx.callee(file, call) else { return None };
    let inside = cx.program.facts(at);
    inside.calls.iter().filter(|inner| inner.function == Some(function)).find_map(|inner| {
        let known = request_of(cx, inner)?;
        wrapper_of(cx, at, inner)?;
        let base = address(cx, at, inner)?;
        let told = c.option("method").and_then(Expr::as_str).map(str::to_owned);
        Some(Sent { url: format!("{base}{rest}"), method: told.unwrap_or_else(|| method_of(inner, known)) })
    })
}
