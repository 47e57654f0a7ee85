//! Calls that look paid and cost the app nothing: the model runs on this machine, or the user brings a key.
//!
//! What made the client (or the model that is handed to the call) is looked up, and with it the address it talks to and
//! the key it talks with. Billing such a call would charge a user for what the app never paid, so it is shown with the
//! reason and not selected; also when the user's key only goes first and the app's own is the fallback, unless the code says
//! by an expression in scope at the call which of the two it is (see [`own_key`]).

use super::cx::{Cx, wild};
use super::explain::untrusted;
use super::makers;
use super::own_key;
use crate::catalog::{Entry, Kind, Provider, Symbol};
use crate::resolve::Def;
use crate::syntax::{Call, CallId, Expr, FunctionId, Path, Root};
use crate::workspace::FileId;

/// Values followed from a call back to what made its client.
const MAX_HOPS: usize = 6;

/// Hosts of this machine and of the container beside it.
const LOCAL: &[&str] =
    &["://localhost", "://127.0.0.1", "://0.0.0.0", "://[::1]", "://host.docker.internal", "://ollama"];

/// Words in a name that say whose key it is.
const OWNERS: &[&str] = &[
    "user",
    "account",
    "session",
    "profile",
    "owner",
    "team",
    "org",
    "workspace",
    "tenant",
    "member",
    "customer",
    "credential",
];

/// Names a request goes by.
const REQUESTS: &[&str] = &["req", "request", "body", "payload", "input", "form"];

/// Why a call is not billed.
pub(super) struct Exempt {
    /// In a few words.
    pub(super) short: &'static str,
    /// With the place.
    pub(super) why: String,
    /// The app pays nevertheless, where the user has no key.
    pub(super) partly: bool,
}

/// Why a paid call costs the app nothing, when it does not.
pub(super) fn exempt(cx: &Cx<'_>, file: FileId, id: CallId, provider: &Entry) -> Option<Exempt> {
    let knowledge = provider.provider.as_ref()?;
    let facts = cx.program.facts(file);
    let call = facts.call(id);
    let mut makers = vec![(file, id)];
    makers.extend(makers::of_path(cx, file, call.function, &call.callee));
    if let Some(model) = call.option("model") {
        makers.extend(makers::of_value(cx, file, call.function, model));
    }
    makers
        .iter()
        .find_map(|(at, maker)| {
            let maker_call = cx.program.facts(*at).call(*maker);
            let place = format!("{}:{}", cx.path(*at), cx.line(*at, maker_call.span.start));
            local_model(cx, *at, *maker, &place)
                .or_else(|| local_address(cx, *at, maker_call, knowledge, &place))
                .or_else(|| users_key(cx, *at, maker_call, knowledge, &place))
        })
        .or_else(|| assigned_key(cx, file, call, knowledge))
        .or_else(|| chosen_key(cx, file, id, knowledge))
}

/// The user's key of a client that the code chooses: with each of the user's the app pays nothing, with one of them it may.
fn chosen_key(cx: &Cx<'_>, file: FileId, id: CallId, provider: &Provider) -> Option<Exempt> {
    let call = cx.program.facts(file).call(id);
    let client = Expr::Path(call.callee.clone());
    let subjects = std::iter::once(&client).chain(call.option("model"));
    subjects.into_iter().find_map(|subject| {
        let keys: Vec<Option<Exempt>> = makers::choices(cx, file, call.function, subject)
            .iter()
            .map(|choice| {
                makers::of_value(cx, choice.file, choice.function, &choice.value).into_iter().find_map(
                    |(at, maker)| {
                        let maker = cx.program.facts(at).call(maker);
                        let place = format!("{}:{}", cx.path(at), cx.line(at, maker.span.start));
                        users_key(cx, at, maker, provider, &place)
                    },
                )
            })
            .collect();
        let always = keys.iter().all(|key| key.as_ref().is_some_and(|key| !key.partly));
        let first = keys.into_iter().flatten().next()?;
        if always {
            return Some(first);
        }
        Some(Exempt {
            short: "but the user's own key may pay for it",
            why: format!("{}; where the code chooses another client, the app may pay", first.why),
            partly: true,
        })
    })
}

/// The user's key that a client is given after it was made: `client.apiKey = body.key`.
fn assigned_key(cx: &Cx<'_>, file: FileId, call: &Call, provider: &Provider) -> Option<Exempt> {
    let client = call.callee.root_name()?;
    let mut assigns = cx.program.facts(file).assigns.iter().filter(|assign| {
        let member = assign.target.segments.last();
        assign.target.root_name() == Some(client)
            && member.is_some_and(|member| provider.key_options().any(|option| option == member))
    });
    assigns.find_map(|assign| {
        let key = whose(cx, file, assign.function, &assign.value, 0)?;
        let line = cx.line(file, assign.statement.start);
        Some(Exempt {
            short: "but the user's own key may pay for it",
            why: format!("the user's own key when there is one (`{}` at {}:{line})", key.expr, cx.path(file)),
            partly: true,
        })
    })
}

fn local_model(cx: &Cx<'_>, file: FileId, maker: CallId, place: &str) -> Option<Exempt> {
    let def = cx.callee(file, maker);
    let local = cx
        .entries(Kind::Provider)
        .filter_map(|e| e.provider.as_ref())
        .flat_map(|p| &p.local_models)
        .any(|symbol| is_made(symbol, &def));
    local.then(|| Exempt {
        short: "but the model runs on a machine of the app's own",
        why: format!(
            "the model runs on a machine of the app's own (made at {place}), so nobody charges for it"
        ),
        partly: false,
    })
}

/// Whether a call makes what a symbol names, whatever members lie in between.
pub(super) fn is_made(symbol: &Symbol, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    let name = members.iter().find(|m| *m != "default" && *m != "()").map_or("default", String::as_str);
    wild(&symbol.module, module) && wild(&symbol.name, name)
}

fn local_address(
    cx: &Cx<'_>,
    file: FileId,
    maker: &Call,
    provider: &Provider,
    place: &str,
) -> Option<Exempt> {
    let given = provider.address_options().filter_map(|option| Some((option, maker.option(option)?)));
    given.into_iter().find_map(|(option, value)| {
        let address = cx.folded(file, maker.function, value)?;
        let host = LOCAL.iter().find(|host| address.contains(**host))?;
        let host = host.trim_start_matches("://");
        Some(Exempt {
            short: "but the model runs on this machine",
            why: format!(
                "`{option}` points at {host} ({place}): a model of the app's own, nobody charges for it"
            ),
            partly: false,
        })
    })
}

fn users_key(cx: &Cx<'_>, file: FileId, maker: &Call, provider: &Provider, place: &str) -> Option<Exempt> {
    let options = own_key::keys(maker, provider);
    let headers = maker.option("headers").and_then(|headers| match headers {
        Expr::Object(pairs) => pairs.iter().find(|(name, _)| is_key(name)).map(|(_, value)| value),
        _ => None,
    });
    let key = options.chain(headers).find_map(|value| whose(cx, file, maker.function, value, 0))?;
    let first = if key.always { "" } else { " when there is one" };
    Some(Exempt {
        short: "but the user's own key pays for it",
        why: format!(
            "uses the user's own key{first} (`{}` at {place}): the user pays the provider",
            key.expr
        ),
        partly: !key.always,
    })
}

/// A key that is not the app's.
pub(super) struct Key {
    expr: String,
    /// There is no other one behind it.
    pub(super) always: bool,
}

/// The user's key in an expression, `None` when it is the app's own or cannot be followed.
pub(super) fn whose(
    cx: &Cx<'_>,
    file: FileId,
    function: Option<FunctionId>,
    value: &Expr,
    hops: usize,
) -> Option<Key> {
    if hops > MAX_HOPS {
        return None;
    }
    let next = |value: &Expr| whose(cx, file, function, value, hops + 1);
    match value.unawaited() {
        Expr::Binary(left, _, right) | Expr::Either(left, right) => {
            let (left, right) = (next(left), next(right));
            let always = left.is_some() && right.is_some();
            left.or(right).map(|key| Key { always, ..key })
        }
        Expr::Template(parts) => parts.iter().filter_map(|p| p.as_ref().err()).find_map(next),
        Expr::Call(id) => of_call(cx, file, function, *id, hops),
        // `f()!`
        Expr::Path(Path { root: Root::Call(id), segments, .. }) if segments.is_empty() => {
            of_call(cx, file, function, *id, hops)
        }
        Expr::Path(path) => of_path(cx, file, function, path, hops),
        _ => None,
    }
}

/// `req.headers.get("x-api-key")`, `decrypt(user.apiKey)`
fn of_call(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, id: CallId, hops: usize) -> Option<Key> {
    let facts = cx.program.facts(file);
    let call = facts.call(id);
    let sent = function.and_then(|f| untrusted::part_of(cx, file, f, &Expr::Call(id)));
    let named = call.args.first().and_then(Expr::as_str).is_some_and(is_key);
    if sent.is_some() && named {
        return Some(Key { expr: cx.slice(file, call.span), always: true });
    }
    call.args.iter().find_map(|arg| whose(cx, file, function, arg, hops + 1))
}

fn of_path(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>, path: &Path, hops: usize) -> Option<Key> {
    let root = path.root_name()?;
    let key = || Key { expr: path.dotted(), always: true };
    let named = path.segments.iter().any(|s| is_key(s));
    let says = |words: &[&str]| {
        let root = plain(root);
        words.iter().any(|word| root.contains(word))
    };
    match cx.program.name(file, function, root, path.span.start) {
        Def::Param(at, owner, position, _) => {
            if named && (says(OWNERS) || REQUESTS.contains(&plain(root).as_str())) {
                return Some(key());
            }
            if !path.segments.is_empty() {
                return None;
            }
            // `clientFor(apiKey)`: what every caller hands in.
            let keys: Vec<Option<Key>> = cx
                .callers(at, owner)
                .iter()
                .map(|(from, call)| {
                    let call = cx.program.facts(*from).call(*call);
                    whose(cx, *from, call.function, call.args.get(position)?, hops + 1)
                })
                .collect();
            if keys.is_empty() {
                None
            } else {
                keys.into_iter().collect::<Option<Vec<Key>>>()?.into_iter().next()
            }
        }
        Def::Value(at, index, _) => {
            let binding = cx.program.binding(at, index)?;
            // What is made when the app starts is the app's.
            let inside = binding.function?;
            if path.segments.is_empty() {
                let taken = binding.names.iter().find(|n| n.local == root).and_then(|n| n.path.last());
                // `const { prompt: apiKey } = await req.json()`
                let is_named = taken.is_some_and(|last| is_key(last) || is_key(root));
                if is_named && is_of_request(cx, at, inside, &binding.value) {
                    return Some(key());
                }
                return whose(cx, at, binding.function, &binding.value, hops + 1);
            }
            (named && (says(OWNERS) || is_of_request(cx, at, inside, &binding.value))).then(key)
        }
        _ => None,
    }
}

/// Whether a value comes from the request, or was looked up by who sent it.
fn is_of_request(cx: &Cx<'_>, file: FileId, function: FunctionId, value: &Expr) -> bool {
    if untrusted::part_of(cx, file, function, value).is_some() {
        return true;
    }
    let Some(id) = value.as_call() else { return false };
    let text = plain(&cx.slice(file, cx.program.facts(file).call(id).span));
    OWNERS.iter().any(|word| text.contains(word))
}

/// Whether a name says that it is a key: `apiKey`, `OPENAI_API_KEY`, `Authorization`, `x-goog-api-key`.
fn is_key(name: &str) -> bool {
    let name = plain(name);
    name.ends_with("key") || name.ends_with("token") || name == "authorization"
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).flat_map(char::to_lowercase).collect()
}
