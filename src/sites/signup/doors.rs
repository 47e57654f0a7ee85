//! From the insert of a user to the door through which the user came.
//!
//! An insert in a handler is its own door. An insert in a function of the app's is followed to its callers:
//!
//! - one handler calls it: that handler is the door, because the request, the answer and the error style are at hand;
//! - several handlers call it: the function itself is taken (one place for all of them), unless seeds, tests or scripts
//!   go through it too, or its insert gives no id: then each handler is a door;
//! - callers that cannot be followed to handlers (signals, managers, dynamic calls): the function itself.

use super::inserts::{Indirect, Insert};
use super::models::Model;
use super::options;
use super::place;
use super::value::{Fields, Named, below, fields, named};
use crate::catalog::Gives;
use crate::sites::SignupHow;
use crate::sites::cx::Cx;
use crate::sites::handlers::handler_of;
use crate::syntax::{CallId, Expr, FunctionId, FunctionKind, ResultUse, Span};
use crate::workspace::{FileId, Language};

/// Calls followed upwards before giving up.
const MAX_HOPS: usize = 5;

/// Where a step would act, and why.
pub(super) struct Door {
    pub(super) file: FileId,
    pub(super) function: Option<FunctionId>,
    pub(super) how: SignupHow,
    pub(super) region: Span,
    pub(super) statement: Span,
    pub(super) call: Span,
    /// The body of the function that gets the record, where there is one.
    pub(super) callback: Option<Span>,
    pub(super) fields: Fields,
    pub(super) in_handler: bool,
    /// Through what it is reached, in words.
    pub(super) evidence: Vec<String>,
    /// Why it is not to be preselected.
    pub(super) against: Option<String>,
    /// Visitors without an account get their customer only when they spend.
    pub(super) later: bool,
    /// The member of the answer that says what went wrong, where nothing is thrown.
    pub(super) failed_by: Option<String>,
    /// No record may come to exist although nothing went wrong.
    pub(super) may_skip: bool,
}

/// A caller of the function that holds an insert, or of one above it.
struct Caller {
    file: FileId,
    call: CallId,
    /// The handler it stands in.
    handler: Option<FunctionId>,
    /// The calls from the insert's function up to this one.
    chain: Vec<(FileId, CallId)>,
    against: Option<String>,
}

/// The doors of an insert.
pub(super) fn doors(
    cx: &Cx<'_>,
    models: &[Model<'_>],
    insert: &Insert<'_>,
    indirect: &[Indirect],
) -> Vec<Door> {
    let facts = cx.program.facts(insert.file);
    let is_script = cx.workspace().entry(insert.file).language.is_some_and(Language::is_ecmascript);
    let own = own_door(cx, models, insert);
    if own.against.is_some() || own.in_handler {
        return vec![own];
    }
    let Some(service) = callable(cx, insert.file, insert.function) else { return vec![own] };
    let mut callers = Vec::new();
    climb(cx, insert.file, service, &[], &mut callers);
    for known in indirect.iter().filter(|i| (i.file, i.function) == (insert.file, service)) {
        callers.push(caller(cx, known.at, known.call, &[]));
    }
    let aside = callers.iter().filter(|c| c.against.is_some()).count();
    // The fewest words that are true of all of them.
    let starts = callers.iter().filter_map(|c| c.against.as_deref()).any(|why| why.contains(" starts"));
    let from = if starts {
        "seeds, tests or scripts, or when the program starts"
    } else {
        "seeds, tests or scripts"
    };
    let serving: Vec<&Caller> = callers.iter().filter(|c| c.against.is_none()).collect();
    let at_handlers = !serving.is_empty() && serving.iter().all(|c| c.handler.is_some());
    let symbol = &facts.function(service).symbol;
    let id_here = own.fields.id.is_some();
    // Nothing can be awaited in it, and its callers can.
    let given_back = facts.call(insert.call).result == ResultUse::Returned;
    let waits_for_none = is_script && !facts.function(service).is_async && !given_back;
    if at_handlers && (serving.len() == 1 || aside > 0 || !id_here || waits_for_none) {
        let doors: Vec<Door> = serving
            .iter()
            .map(|caller| {
                let mut door = caller_door(cx, models, insert, service, caller);
                door.evidence.push(format!(
                    "`{symbol}` makes the record ({}:{})",
                    cx.path(insert.file),
                    cx.line(insert.file, insert.statement.start)
                ));
                if aside > 0 {
                    door.evidence.push(format!("`{symbol}` is also called from {from}"));
                }
                door
            })
            .collect();
        // A handler that does not get the id is worse than the function that has it.
        if !id_here || doors.iter().all(|d| d.fields.id.is_some()) {
            return doors;
        }
    }
    let mut own = own;
    for caller in &serving {
        let at = format!(
            "{}:{}",
            cx.path(caller.file),
            cx.line(caller.file, cx.program.facts(caller.file).call(caller.call).span.start)
        );
        own.evidence.push(if caller.handler.is_some() {
            format!("reached from a handler ({at})")
        } else {
            format!("called at {at}")
        });
    }
    own.evidence.truncate(6);
    if serving.is_empty() {
        own.against = unreached(cx, insert.file, service, (aside > 0).then_some(from));
    } else if serving
        .iter()
        .all(|c| place::from_provider(cx, c.file, cx.program.facts(c.file).call(c.call).function))
    {
        own.how = SignupHow::OauthCallback;
    }
    own.in_handler = at_handlers;
    if own.fields.bind.is_none()
        && own.callback.is_none()
        && let Some(last) = options::before_return(cx, own.file, own.statement)
    {
        own.statement = last;
        own.region.end = last.end;
    }
    vec![own]
}

/// Nobody calls it: only tests and scripts do, or it is dead, or the calls cannot be followed.
fn unreached(cx: &Cx<'_>, file: FileId, service: FunctionId, aside: Option<&str>) -> Option<String> {
    let facts = cx.program.facts(file);
    let f = facts.function(service);
    if let Some(from) = aside {
        return Some(format!("`{}` is only called from {from}", f.symbol));
    }
    // Methods, callbacks and hooks are called by what cannot be followed.
    let dynamic = f.class.is_some()
        || f.argument_of.is_some()
        || f.kind == FunctionKind::Property
        || !f.decorators.is_empty();
    let mentioned = dynamic
        || f.name.is_empty()
        || cx.program.files_with_word(&f.name).iter().any(|at| *at != file && cx.holds(*at))
        || cx.slice(file, Span { start: 0, end: u32::MAX }).matches(f.name.as_str()).count() > 1;
    (!mentioned).then(|| format!("nothing calls `{}`", f.symbol))
}

/// The function around a place that others can call.
fn callable(cx: &Cx<'_>, file: FileId, function: Option<FunctionId>) -> Option<FunctionId> {
    let facts = cx.program.facts(file);
    facts
        .enclosing(function)
        .find(|id| !facts.function(*id).name.is_empty() && !cx.program.callers(file, *id).is_empty())
        .or_else(|| facts.enclosing(function).find(|id| !facts.function(*id).name.is_empty()))
        .or(function)
}

fn climb(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    below: &[(FileId, CallId)],
    found: &mut Vec<Caller>,
) {
    if below.len() >= MAX_HOPS || found.len() > 24 {
        return;
    }
    for (at, call) in cx.program.callers(file, function) {
        let inside = cx.program.facts(at).call(call).function;
        let recursive = cx.program.facts(at).enclosing(inside).any(|id| (at, id) == (file, function));
        if recursive || found.iter().any(|c| (c.file, c.call) == (at, call)) {
            continue;
        }
        let here = caller(cx, at, call, below);
        let open = here.handler.is_none() && here.against.is_none();
        let above = inside.filter(|_| open).and_then(|f| callable(cx, at, Some(f)));
        let before = found.len();
        if let Some(above) = above {
            climb(cx, at, above, &here.chain, found);
        }
        // A caller in between stands for itself only when nothing above it is known.
        if found.len() == before {
            found.push(here);
        }
    }
}

/// A call as a way to the insert.
fn caller(cx: &Cx<'_>, file: FileId, call: CallId, below: &[(FileId, CallId)]) -> Caller {
    let facts = cx.program.facts(file);
    let inside = facts.call(call).function;
    let handler = facts
        .enclosing(inside)
        .find(|id| handler_of(cx, file, *id).is_some() || place::is_auth_callback(cx, file, *id));
    let against = place::aside(cx, file, inside)
        .or_else(|| (!cx.holds(file)).then(|| "outside of the app".to_owned()))
        .or_else(|| handler.and_then(|_| place::only_in_development(cx, file)))
        .or_else(|| if handler.is_none() { place::at_start(cx, file, inside) } else { None });
    let chain = below.iter().copied().chain([(file, call)]).collect();
    Caller { file, call, handler, chain, against }
}

/// Whether a record says, by its name or a member that is set, that no person is behind it.
fn for_programs(insert: &Insert<'_>) -> bool {
    let named = matches!(&insert.named, Named::Record(name) if place::machine(name));
    let says = |(key, value): &(String, Expr)| place::machine(key) && *value == Expr::Bool(true);
    named || insert.written.iter().any(says)
}

/// Callers from which on a function that makes a user or finds one is how requests learn who is there, and no sign-in.
const MANY_CALLERS: usize = 4;

fn at_every_request(cx: &Cx<'_>, insert: &Insert<'_>) -> bool {
    let calls = |function| cx.callers(insert.file, function).len();
    insert.upsert && insert.function.is_some_and(|function| calls(function) >= MANY_CALLERS)
}

/// The insert itself as the place.
fn own_door(cx: &Cx<'_>, models: &[Model<'_>], insert: &Insert<'_>) -> Door {
    let facts = cx.program.facts(insert.file);
    let model = &models[insert.model];
    let handler = facts.enclosing(insert.function).find(|id| handler_of(cx, insert.file, *id).is_some());
    let provider = place::from_provider(cx, insert.file, insert.function);
    let how = match (handler.is_some(), provider) {
        (_, true) => SignupHow::OauthCallback,
        (true, _) => SignupHow::Handler,
        (false, _) if insert.upsert => SignupHow::FirstLoginUpsert,
        (false, _) => SignupHow::Service,
    };
    let (statement, region, named, function) = out_of_transaction(cx, insert);
    let symbol = handler.or(insert.function).map_or(String::new(), |f| facts.function(f).symbol.clone());
    let text = facts
        .enclosing(insert.function)
        .next()
        .map_or_else(String::new, |f| cx.slice(insert.file, facts.function(f).span));
    let guest = place::guest(&symbol)
        || (place::guest(&text)
            && insert.written.iter().any(|(_, v)| {
                matches!(v, Expr::Str(t) if place::guest(t))
                    || v.text_parts().is_some_and(|t| place::guest(&t))
            }));
    let against = place::aside(cx, insert.file, insert.function)
        .or_else(|| if handler.is_none() { place::at_start(cx, insert.file, insert.function) } else { None })
        .or_else(|| handler.and_then(|_| place::only_in_development(cx, insert.file)))
        .or_else(|| insert.many.then(|| "makes many users at once".to_owned()))
        .or_else(|| for_programs(insert).then(|| "makes an account that a program uses".to_owned()))
        .or_else(|| at_every_request(cx, insert).then(|| "runs at requests of many kinds".to_owned()));
    let at = |f: FunctionId| in_function(cx, insert.file, f);
    Door {
        file: insert.file,
        function: handler.or(insert.function),
        how,
        region,
        statement,
        call: facts.call(insert.call).span,
        callback: insert.callback,
        fields: fields(cx, (insert.file, function), model, &named, &insert.written, insert.only.as_deref()),
        in_handler: handler.is_some(),
        evidence: handler.map(|h| format!("{}, a request handler", at(h))).into_iter().collect(),
        against,
        later: guest,
        failed_by: insert.failed_by.clone(),
        may_skip: insert.may_skip,
    }
}

/// An insert inside a transaction's function counts when the transaction does: the statement is then the outer one.
fn out_of_transaction(cx: &Cx<'_>, insert: &Insert<'_>) -> (Span, Span, Named, Option<FunctionId>) {
    let stay = (insert.statement, insert.region, insert.named.clone(), insert.function);
    let facts = cx.program.facts(insert.file);
    let Some(inner) = insert.function else { return stay };
    let f = facts.function(inner);
    let Some((outer, _)) = f.argument_of else { return stay };
    let call = facts.call(outer);
    let transacts = call.callee.last().is_some_and(|l| l.to_lowercase().contains("transaction"));
    if !transacts {
        return stay;
    }
    match returned(cx, insert.file, inner, &insert.named, insert.call) {
        Some(path) => {
            let binding = facts.bindings.iter().find(|b| super::models::holds(&b.value, outer));
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match binding.map(|b| below(&b.names, &path)) {
                Some(Named::Nothing) | None => stay,
                Some(named) => (call.statement, call.statement, named, call.function),
            }
        }
        None => stay,
    }
}

/// Where the record is in what a function returns: `[]` when it is the value itself, `None` when it cannot be told.
fn returned(
    cx: &Cx<'_>,
    file: FileId,
    function: FunctionId,
    record: &Named,
    call: CallId,
) -> Option<Vec<String>> {
    let facts = cx.program.facts(file);
    let f = facts.function(function);
    let c = facts.call(call);
    if c.function == Some(function) && c.result == ResultUse::Returned {
        return match record {
            Named::Unbound(Gives::List) => Some(vec!["0".into()]),
            Named::Unbound(Gives::Data) => Some(vec!["data".into()]),
            Named::Unbound(_) => Some(Vec::new()),
            _ => None,
        };
    }
    let Named::Record(name) = record else { return None };
    let text = cx.workspace().text(file).ok()?;
    let tree = cx.program.tree(file)?;
    let body = tree.root_node().descendant_for_byte_range(f.body.start as usize, f.body.end as usize)?;
    let mut paths = Vec::new();
    let mut nodes = vec![body];
    while let Some(node) = nodes.pop() {
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            let kind = child.kind();
            if kind == "return_statement" {
                let value = child.named_child(0).map(|n| text.slice(n.byte_range()));
                if let Some(path) = value.and_then(|v| record_in(v, name)) {
                    paths.push(path);
                }
            } else if !kind.contains("function") && kind != "method_definition" {
                nodes.push(child);
            }
        }
    }
    paths.dedup();
    match paths.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Where a name is in a returned expression: the expression itself, or a member of an object.
fn record_in(value: &str, name: &str) -> Option<Vec<String>> {
    let value = value.trim();
    let bare = value.strip_prefix("await ").unwrap_or(value).trim();
    let plain = ["", ".toObject()", ".toJSON()", ".get()", "!"];
    if plain.iter().any(|end| bare.strip_suffix(end) == Some(name)) {
        return Some(Vec::new());
    }
    let inside = bare.strip_prefix('{')?.strip_suffix('}')?;
    inside.split(',').find_map(|part| {
        let part = part.trim();
        let (key, value) = part.split_once(':').map_or((part, part), |(k, v)| (k.trim(), v.trim()));
        (value == name).then(|| vec![key.trim_matches(['"', '\'']).to_owned()])
    })
}

/// What names the record at the last call of a chain, following what each function returns.
fn handed_up(cx: &Cx<'_>, insert: &Insert<'_>, service: FunctionId, chain: &[(FileId, CallId)]) -> Named {
    let mut record = insert.named.clone();
    let (mut file, mut function, mut call) = (insert.file, service, insert.call);
    for (at, next) in chain {
        let Some(path) = returned(cx, file, function, &record, call) else { return Named::Nothing };
        let facts = cx.program.facts(*at);
        record = if path.is_empty() {
            named(facts, *next, Gives::Record)
        } else {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let binding = facts.bindings.iter().find(|b| super::models::holds(&b.value, *next));
            binding.map_or(Named::Nothing, |b| below(&b.names, &path))
        };
        let Some(above) = callable(cx, *at, facts.call(*next).function) else { return record };
        (file, function, call) = (*at, above, *next);
    }
    record
}

/// The call in a handler as the place.
fn caller_door(
    cx: &Cx<'_>,
    models: &[Model<'_>],
    insert: &Insert<'_>,
    service: FunctionId,
    caller: &Caller,
) -> Door {
    let facts = cx.program.facts(caller.file);
    let call = facts.call(caller.call);
    let model = &models[insert.model];
    let named = handed_up(cx, insert, service, &caller.chain);
    let mut written: Vec<(String, Expr)> = call.keywords.clone();
    for arg in &call.args {
        match arg {
            Expr::Object(pairs) => written.extend(pairs.iter().cloned()),
            Expr::Path(path) => {
                if let Some(last) = path.last() {
                    written.push((last.to_owned(), arg.clone()));
                }
            }
            _ => {}
        }
    }
    // What is handed in names the email; an id handed in would be somebody else's.
    written.retain(|(key, _)| Some(key) == model.email.as_ref());
    let fields = fields(cx, (caller.file, call.function), model, &named, &written, insert.only.as_deref());
    let provider = place::from_provider(cx, caller.file, call.function);
    let handler = caller.handler.or(call.function);
    let symbol = handler.map_or(String::new(), |f| facts.function(f).symbol.clone());
    let service_symbol = cx.program.facts(insert.file).function(service).symbol.clone();
    let guest = place::guest(&symbol) || place::guest(&service_symbol);
    Door {
        file: caller.file,
        function: handler,
        how: if provider { SignupHow::OauthCallback } else { SignupHow::Handler },
        region: call.statement,
        statement: call.statement,
        call: call.span,
        callback: None,
        fields,
        in_handler: true,
        evidence: handler
            .map(|h| format!("{}, a request handler", in_function(cx, caller.file, h)))
            .into_iter()
            .collect(),
        against: caller.against.clone(),
        later: guest,
        failed_by: None,
        may_skip: insert.may_skip,
    }
}

/// Where a function is, in words.
fn in_function(cx: &Cx<'_>, file: FileId, function: FunctionId) -> String {
    let f = cx.program.facts(file).function(function);
    let line = cx.line(file, f.span.start);
    if f.symbol.is_empty() {
        format!("in the function at line {line}")
    } else {
        format!("in `{}` (line {line})", f.symbol)
    }
}
