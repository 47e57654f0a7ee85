//! How a new request handler comes by the signed-in user: the way the app's own handlers do.

mod along;
mod checks;
mod example;

use std::collections::BTreeSet;

use crate::catalog::{Carried, Entry, Framework, Kind, Role};
use crate::sites::cx::after;
use crate::sites::handlers::handler_of;
use crate::sites::{Identity, IdentitySource, asserted, is_asked_for};
use crate::steps::paid;
use crate::steps::support::{Kit, names, user};
use crate::syntax::source::Source;
use crate::syntax::{Decorator, FunctionId, Imported, PatternName, Span};
use crate::workspace::FileId;
use along::{Along, Bringing, can_import, import_line, package_line};
pub(super) use example::{Example, is_own};

/// Where a new handler is written.
#[derive(Debug, Clone, Copy)]
pub struct Home<'p> {
    /// The file's path.
    pub path: &'p str,
    /// The file that mounts it, and therefore imports it.
    pub mounted_in: Option<FileId>,
    /// The file, where it is one of the app's that is there already: its own names are in scope.
    pub within: Option<FileId>,
}

/// Why a new handler does not know the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unknown {
    /// No handler shows how.
    Nobody,
    /// The way needs something that only this file has.
    Local {
        /// Its name there.
        name: String,
        /// The file.
        file: FileId,
        /// 1-based line.
        line: usize,
    },
}

/// Something on the way to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Statements, in canonical form.
    Code(String),
    /// Where this holds nobody is signed in.
    Unless(String),
    /// `const payload = verify(token)`, where a call that throws says that nobody is.
    Attempt {
        /// The name or pattern it is bound to.
        binding: String,
        /// The call.
        call: String,
    },
}

/// What a template of a handler needs to know of the user.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Signed {
    /// Import lines for the new file.
    pub imports: Vec<String>,
    /// What fetches the session, if anything does.
    #[serde(skip)]
    pub setup: Vec<Step>,
    /// Expression that holds when nobody is signed in; nothing when the framework sees to that.
    pub missing: Option<String>,
    /// A parameter of the handler that the framework fills.
    pub param: Option<String>,
    /// Middleware in front of the handler.
    pub guard: Option<String>,
    /// Decorators of the handler that let only the signed-in through, as written.
    pub decorators: Vec<String>,
    /// The name the handler's request has in these expressions, where they use it.
    pub request: Option<String>,
    /// What is taken of a request that is taken apart.
    pub members: Vec<String>,
    /// Its type as the app writes it, where that is not the framework's usual one; empty where it leaves it out.
    pub request_type: Option<String>,
    /// The name of the handler's response, where the user is kept with it.
    pub response: Option<String>,
    /// Whoever pays, as the generated modules take it.
    pub user: String,
    /// The same without what stands around its members.
    pub fields: String,
    /// Every name in all of that: locals of the template take others.
    #[serde(skip)]
    pub names: BTreeSet<String>,
    /// The type arguments with which the neighbour's router is made: `<Env>`.
    pub made_of: String,
    /// The handler it was learned from.
    #[serde(skip)]
    pub shown_by: Option<(FileId, Option<FunctionId>)>,
}

/// The framework whose handlers show how the user is known: the server's own, else another that the app has beside it.
pub fn framework<'a>(kit: &Kit<'a>) -> &'a Entry {
    example::ranked(kit).first().map_or(kit.framework, |example| example.framework)
}

/// The user in a new handler: as in the most common way of the app that can be gone there, preferring one that knows the
/// e-mail.
pub fn signed(kit: &Kit<'_>, home: &Home<'_>) -> Result<Signed, Unknown> {
    let mut why = Unknown::Nobody;
    let mut go = |example: &Example<'_>| {
        if home.within.is_some_and(|file| file != example.file) {
            return None;
        }
        match of_example(kit, home, example) {
            Ok(signed) => return Some(signed),
            // The best example says what is missing.
            Err(unknown) if why == Unknown::Nobody && example.handles => why = unknown,
            Err(_) => {}
        }
        None
    };
    if let Some(signed) = example::ranked(kit).iter().find_map(&mut go) {
        return Ok(signed);
    }
    // What a handler is known to hold at its end may be more than who is signed in.
    example::earliest(kit).iter().find_map(go).ok_or(why)
}

fn of_example(kit: &Kit<'_>, home: &Home<'_>, example: &Example<'_>) -> Result<Signed, Unknown> {
    // Behind the check that nobody is missing, nothing is asked for with `?.`.
    let plain = |text: &String| text.replace("?.", ".");
    let mut known = example.clone();
    known.identity.id = plain(&known.identity.id);
    let beside = |text: &String| sure_of(&known.identity.id, text);
    known.identity.email = known.identity.email.as_ref().map(beside);
    let example = &known;
    let Example { file, function, identity, .. } = example;
    let mut signed = Signed { shown_by: Some((*file, *function)), ..Signed::default() };
    match &identity.source {
        IdentitySource::Call { text, binding, statement } => {
            called(kit, home, example, (text, binding, *statement), &mut signed)?;
        }
        IdentitySource::Parameter { text, .. } => {
            let along = parameter(kit, home, *file, text)?;
            signed.imports = along.imports;
            signed.names = along.names;
            signed.param = Some(text.clone());
            if identity.nullable {
                signed.missing = Some(signed_out(kit, *file, *function, identity));
            }
        }
        IdentitySource::RequestProperty { guard, from, imported, defined_in, sure, .. } => {
            held(kit, home, example, &mut signed)?;
            match guard {
                Some(guard) if !decorated(kit, home, example, Some(guard), &mut signed)? => {
                    let import = (from.as_deref(), imported.as_ref(), *defined_in);
                    signed.imports.extend(guarding(kit, home, guard, import)?);
                    signed.guard = Some(guard.clone());
                }
                _ => {}
            }
            if guard.is_none() || !sure {
                signed.missing = Some(signed_out(kit, *file, *function, identity));
            }
        }
        IdentitySource::Followed => {
            held(kit, home, example, &mut signed)?;
            signed.missing = Some(signed_out(kit, *file, *function, identity));
        }
        // Whom a new handler serves is not said by a record of another one, nor by a wrapper that is not around it.
        IdentitySource::Record | IdentitySource::Handed { .. } => return Err(Unknown::Nobody),
        IdentitySource::Import { name, module } => {
            let facts = kit.cx.program.facts(*file);
            let import = facts.imports.iter().find(|i| i.local == *name && i.module == *module);
            let line = import.and_then(|import| import_line(kit, *file, home.path, import));
            signed.imports.extend(Some(line.ok_or(Unknown::Nobody)?));
            signed.missing = asked(kit, identity);
        }
    }
    // However the user is taken: it is the guards in front that make sure of them.
    decorated(kit, home, example, None, &mut signed)?;
    carried(kit, home, example, &mut signed)?;
    made_of(kit, home, example, &mut signed)?;
    if example.framework.framework.as_ref().and_then(|f| f.writing.as_ref()).is_some_and(|w| w.vouches) {
        signed.missing = None;
    }
    signed.imports.dedup();
    let identity = &claimed(kit, example, &signed);
    // As the checks of the balance and the events write it: one person is one customer.
    let id = if kit.is_python() { identity.id.clone() } else { paid::user_id(kit, identity) };
    signed.user = user::literal(kit, &id, identity.email.as_deref(), identity.name.as_deref());
    signed.fields = inside(&signed.user);
    Ok(signed)
}

/// A member of the user where the id is known to be there: what holds the id is there as well, and of what is further down
/// nothing is known. `user?.address?.text` is `user.address?.text` beside `user.id`.
fn sure_of(id: &str, text: &str) -> String {
    let holders = id.matches('.').count();
    let parts = text.split('.').enumerate();
    let parts = parts.map(|(at, part)| if at < holders { part.trim_end_matches('?') } else { part });
    parts.collect::<Vec<_>>().join(".")
}

/// The user as a new handler may read it: where no test of its own makes sure of them, the type of the request may still
/// leave them out.
fn claimed(kit: &Kit<'_>, example: &Example<'_>, signed: &Signed) -> Identity {
    let identity = example.identity.clone();
    let Some(function) = example.function.filter(|_| signed.missing.is_none() && signed.request.is_some())
    else {
        return identity;
    };
    let there = |text: String| asserted(kit.graph(), example.file, function, &text);
    Identity { id: there(identity.id), email: identity.email.map(there), ..identity }
}

/// `const session = await auth()`, with what it needs.
fn called(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example<'_>,
    (call, binding, statement): (&str, &str, Span),
    signed: &mut Signed,
) -> Result<(), Unknown> {
    let identity = &example.identity;
    // The call of a function below the handler stands in another place.
    let text = kit.text(example.file);
    if !text.as_str().get(statement.range()).is_some_and(|s| s.contains(call.trim_start_matches("await "))) {
        return Err(Unknown::Nobody);
    }
    let along = collect(kit, home, example.file, statement)?;
    let root = root_of(&identity.id);
    if !binding.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).any(|word| word == root) {
        return Err(Unknown::Nobody);
    }
    let facts = kit.cx.program.facts(example.file);
    let made =
        facts.bindings.iter().find(|b| b.statement == statement).and_then(|b| b.value.unawaited().as_call());
    // Whom a record belongs to that one request asks for says nothing of another request.
    let args = made.map(|made| facts.call(made).args.as_slice()).unwrap_or_default();
    let asked_for = |function| args.iter().any(|arg| is_asked_for(kit.graph(), example.file, function, arg));
    if example.function.is_some_and(asked_for) {
        return Err(Unknown::Nobody);
    }
    let needed = [Some(&identity.id), identity.email.as_ref(), identity.name.as_ref()];
    let needed: Vec<&str> = needed.into_iter().flatten().map(|text| root_of(text)).collect();
    let names = facts.bindings.iter().find(|b| b.statement == statement).map(|b| b.names.as_slice());
    let binding =
        names.and_then(|names| pattern(binding, names, &needed)).unwrap_or_else(|| binding.to_owned());
    let binding = binding.as_str();
    let language = kit.cx.workspace.entry(example.file).language.ok_or(Unknown::Nobody)?;
    let source = Source::parse(language, text.as_str()).ok_or(Unknown::Nobody)?;
    let call = along::canonical_lines(kit, &source, statement.start, call);
    let bound = if made.is_some_and(|made| checks::throws(kit, example.file, made)) {
        Step::Attempt { binding: binding.to_owned(), call }
    } else if kit.is_python() {
        Step::Code(format!("{binding} = {call}"))
    } else {
        Step::Code(format!("const {binding} = {call};"))
    };
    signed.missing = if kit.is_python() {
        asked(kit, identity).or_else(|| identity.nullable.then(|| format!("{binding} is None")))
    } else {
        Some(format!("!{}", optional(&identity.id)))
    };
    bring(signed, along);
    signed.setup.push(bound);
    Ok(())
}

/// Takes what comes along.
fn bring(signed: &mut Signed, along: Along) {
    signed.setup.extend(along.statements);
    signed.imports.extend(along.imports);
    signed.names.extend(along.names);
    signed.members.extend(along.members);
    signed.response = along.response.or_else(|| signed.response.take());
    if let Some(request) = along.request {
        signed.request = Some(request.name);
        signed.request_type = request.of_type;
    }
}

/// The user is held by something in scope there: the request, what was taken of it, an object of the framework's.
fn held(kit: &Kit<'_>, home: &Home<'_>, example: &Example<'_>, signed: &mut Signed) -> Result<(), Unknown> {
    let Example { file, function, identity, .. } = example;
    let function = function.ok_or(Unknown::Nobody)?;
    let facts = kit.cx.program.facts(*file);
    let root = root_of(&identity.id);
    if facts.function(function).params.iter().any(|p| p.name() == Some(root)) {
        return on_request(kit, home, example, signed);
    }
    let text = kit.text(*file);
    let language = kit.cx.workspace.entry(*file).language.ok_or(Unknown::Nobody)?;
    let source = Source::parse(language, text.as_str()).ok_or(Unknown::Nobody)?;
    let at = facts.function(function).body.end.saturating_sub(1);
    let mut bringing = Bringing::new(kit, *file, facts, &source, home, at);
    bringing.name(root, at)?;
    let mut along = bringing.finish();
    // What the last of it makes sure of is asked in other words below.
    if let Some(Step::Unless(test)) = along.statements.last()
        && test.contains(root)
    {
        along.statements.pop();
    }
    bring(signed, along);
    Ok(())
}

/// Brings along the decorators that are given guards, and the guard where it is one itself. Whether there are any.
fn decorated(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example<'_>,
    guard: Option<&str>,
    signed: &mut Signed,
) -> Result<bool, Unknown> {
    let Some(framework) = example.framework.framework.as_ref() else { return Ok(false) };
    let guards =
        |d: &Decorator| Some(d.path.dotted().as_str()) == guard || is_one_of(kit, example, d, framework);
    let found = decorators(kit, example);
    if !found.iter().any(guards) {
        return Ok(false);
    }
    for decorator in found.iter().filter(|d| guards(d)) {
        let text = kit.graph().slice(example.file, decorator.span);
        if signed.decorators.contains(&text) {
            continue;
        }
        let along = collect(kit, home, example.file, decorator.span)?;
        signed.imports.extend(along.imports);
        signed.names.extend(along.names);
        signed.decorators.push(text);
    }
    Ok(true)
}

fn is_one_of(kit: &Kit<'_>, example: &Example<'_>, decorator: &Decorator, framework: &Framework) -> bool {
    let def = kit.graph().def(example.file, None, &decorator.path);
    framework.guard_decorators.iter().any(|s| after(s, &def).is_some_and(<[String]>::is_empty))
}

/// The decorators around a handler, those of its class first.
fn decorators(kit: &Kit<'_>, example: &Example<'_>) -> Vec<Decorator> {
    let facts = kit.cx.program.facts(example.file);
    let Some(function) = example.function.map(|f| facts.function(f)) else { return Vec::new() };
    let of_class = function.class.map(|class| facts.class(class).decorators.as_slice()).unwrap_or_default();
    of_class.iter().chain(&function.decorators).cloned().collect()
}

/// What else the neighbour says of itself: `@authentication_classes([…])`, or a field of its class.
fn carried(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example<'_>,
    signed: &mut Signed,
) -> Result<(), Unknown> {
    let writing = example.framework.framework.as_ref().and_then(|f| f.writing.as_ref());
    let facts = kit.cx.program.facts(example.file);
    let Some(function) = example.function.map(|f| facts.function(f)) else { return Ok(()) };
    for Carried { decorator, field } in writing.iter().flat_map(|w| &w.carried) {
        let name = decorator.name.as_str();
        let own = function.decorators.iter().find(|d| {
            let def = kit.graph().def(example.file, None, &d.path);
            after(decorator, &def).is_some_and(<[String]>::is_empty)
        });
        let of_class = function.class.iter().flat_map(|class| &facts.class(*class).fields);
        let of_class = of_class.into_iter().find(|f| Some(&f.name) == field.as_ref());
        let (span, text) = if let Some(own) = own {
            (own.span, kit.graph().slice(example.file, own.span))
        } else if let Some(of_class) = of_class {
            let written = kit.graph().slice(example.file, of_class.span);
            let value = written.split_once('=').map(|(_, value)| value.trim()).unwrap_or_default();
            let line = package_line(kit, &decorator.module, &Imported::Named(name.to_owned()), name);
            signed.imports.extend(line);
            (of_class.span, format!("@{name}({value})"))
        } else {
            continue;
        };
        let along = collect(kit, home, example.file, span)?;
        signed.imports.extend(along.imports);
        signed.names.extend(along.names);
        signed.decorators.push(text);
    }
    Ok(())
}

/// The type arguments of the router that the neighbour is registered on: `<Env>` of `new Hono<Env>()`.
fn made_of(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example<'_>,
    signed: &mut Signed,
) -> Result<(), Unknown> {
    let found = example.function.and_then(|f| handler_of(kit.graph(), example.file, f));
    let Some((file, call)) = found.and_then(|found| found.route) else { return Ok(()) };
    let facts = kit.cx.program.facts(file);
    let Some(router) = facts.call(call).callee.root_name() else { return Ok(()) };
    let mut bound = facts.bindings.iter().filter(|b| b.names.iter().any(|n| n.local == router));
    let Some(made) = bound.find_map(|b| b.value.as_call()) else { return Ok(()) };
    let span = facts.call(made).span;
    let written = kit.graph().slice(file, span);
    if let Some((before, rest)) = written.split_once('<')
        && let Some((inside, _)) = rest.rsplit_once(">(")
    {
        let start = span.start + before.len() as u32;
        let along = collect(kit, home, file, Span { start, end: start + inside.len() as u32 + 2 })?;
        signed.imports.extend(along.imports);
        signed.names.extend(along.names);
        signed.made_of = format!("<{inside}>");
    }
    Ok(())
}

/// How the auth library has it asked whether nobody is signed in.
fn asked(kit: &Kit<'_>, identity: &Identity) -> Option<String> {
    let auth = kit.cx.catalog.get(&identity.auth)?.auth.as_ref()?;
    let user = identity.id.rsplit_once('.').map_or(identity.id.as_str(), |(user, _)| user);
    Some(auth.signed_out.as_ref()?.replace("{{ user }}", user))
}

/// Expression that holds where the user is not there.
fn signed_out(kit: &Kit<'_>, file: FileId, function: Option<FunctionId>, identity: &Identity) -> String {
    if let Some(asked) = asked(kit, identity) {
        return asked;
    }
    let id = identity.id.as_str();
    let root = root_of(id);
    let facts = kit.cx.program.facts(file);
    let params = function.map(|f| facts.function(f).params.as_slice()).unwrap_or_default();
    if kit.is_python() {
        let is_object = facts.imports.iter().any(|i| i.local == root);
        if let Some((object, key)) = id.split_once('[').filter(|(object, _)| !object.contains('.')) {
            let key = key.trim_end_matches(']');
            return if is_object { format!("{key} not in {object}") } else { format!("not {object}") };
        }
        let user = match id.rsplit_once('.') {
            Some((user, _)) if !is_object || user.contains('.') => user,
            _ => id,
        };
        return format!("{user} is None");
    }
    // The request is there, and so is what carries the user.
    let depth = id.matches('.').count();
    let is_param = params.iter().any(|p| p.names.iter().any(|n| n.local == root));
    let sure = if is_param { 1.max(depth.saturating_sub(1)) } else { 0 };
    format!("!{}", optional_after(id, sure))
}

/// A user who may be missing, asked for at a place.
#[derive(Debug, Clone)]
pub struct There {
    /// Expression that holds where they are there.
    pub test: String,
    /// The user where it holds.
    pub identity: Identity,
}

/// How a handler asks for a user who may be missing; nothing where that cannot be asked in one expression, and where a user
/// who is signed in would be taken for a visitor: of what nobody was seen to fill that is not known.
pub fn there(kit: &Kit<'_>, file: FileId, function: FunctionId, identity: &Identity) -> Option<There> {
    match &identity.source {
        IdentitySource::RequestProperty { filled, .. } if !filled => return None,
        IdentitySource::Record | IdentitySource::Handed { .. } => return None,
        _ => {}
    }
    let python = kit.is_python();
    if !python && identity.id.contains(['(', '[']) {
        return None;
    }
    let plain = |text: &String| text.replace(['?', '!'], "");
    let id = if python { identity.id.clone() } else { plain(&identity.id) };
    let known = Identity { id: id.clone(), nullable: false, ..identity.clone() };
    let test = opposite(&signed_out(kit, file, Some(function), &known));
    let beside = |text: &String| if python { text.clone() } else { sure_of(&id, text) };
    let (email, name) = (identity.email.as_ref().map(beside), identity.name.as_ref().map(beside));
    Some(There { test, identity: Identity { email, name, ..known } })
}

/// The opposite of what [`signed_out`] gives.
fn opposite(test: &str) -> String {
    if let Some(rest) = test.strip_prefix("not ").or_else(|| test.strip_prefix('!')) {
        return rest.to_owned();
    }
    match test.strip_suffix(" is None") {
        Some(user) => format!("{user} is not None"),
        None => test.replacen(" not in ", " in ", 1),
    }
}

/// What the code at a range of a file needs elsewhere.
fn collect(kit: &Kit<'_>, home: &Home<'_>, file: FileId, range: Span) -> Result<Along, Unknown> {
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or(Unknown::Nobody)?;
    let source = Source::parse(language, text.as_str()).ok_or(Unknown::Nobody)?;
    let mut bringing = Bringing::new(kit, file, kit.cx.program.facts(file), &source, home, range.start);
    bringing.code(range)?;
    Ok(bringing.finish())
}

/// A parameter that the framework fills, as it is written in a file.
fn parameter(kit: &Kit<'_>, home: &Home<'_>, file: FileId, written: &str) -> Result<Along, Unknown> {
    let facts = kit.cx.program.facts(file);
    let text = kit.text(file);
    let mut params = facts.functions.iter().flat_map(|f| &f.params);
    let param = params.find(|p| text.as_str().get(p.span.range()) == Some(written)).ok_or(Unknown::Nobody)?;
    collect(kit, home, file, param.span)
}

/// The user is kept with the request or the response: the new handler's are called and typed as the example's.
fn on_request(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example<'_>,
    signed: &mut Signed,
) -> Result<(), Unknown> {
    let Example { file, function, identity, .. } = example;
    let function = function.ok_or(Unknown::Nobody)?;
    let found = handler_of(kit.graph(), *file, function).ok_or(Unknown::Nobody)?;
    let facts = kit.cx.program.facts(*file);
    let root = root_of(&identity.id);
    let params = &facts.function(function).params;
    let position = params.iter().position(|p| p.name() == Some(root)).ok_or(Unknown::Nobody)?;
    let of_type = params.get(position).and_then(|p| along::own_type(p.annotation_text.as_deref()?));
    match along::role(found.handler, facts, function, position) {
        Some(Role::Request | Role::Context) => {
            signed.request = Some(root.to_owned());
            // A neighbour that leaves its type out can do so because the app allows it.
            signed.request_type =
                params.get(position).filter(|p| p.annotation_text.is_none()).map(|_| String::new());
            if let Some(param) = params.get(position).filter(|_| of_type.is_some()) {
                let along = collect(kit, home, *file, param.span)?;
                signed.imports.extend(along.imports);
                signed.names.extend(along.names);
                signed.request_type = of_type;
            }
        }
        Some(Role::Response) => signed.response = Some(root.to_owned()),
        // `@CurrentUser() user: User`: a decorator fills it.
        _ => {
            let param = params.get(position).ok_or(Unknown::Nobody)?;
            let text = kit.graph().slice(*file, param.span);
            if !text.starts_with('@') {
                return Err(Unknown::Nobody);
            }
            let along = collect(kit, home, *file, param.span)?;
            signed.imports.extend(along.imports);
            signed.names.extend(along.names);
            signed.param = Some(text);
        }
    }
    Ok(())
}

/// The import of the middleware in front of the handler.
fn guarding(
    kit: &Kit<'_>,
    home: &Home<'_>,
    guard: &str,
    (from, imported, defined_in): (Option<&str>, Option<&Imported>, Option<FileId>),
) -> Result<Option<String>, Unknown> {
    // `passportConfig.isAuthenticated` comes with the module it is a member of.
    let root = guard.split('.').next().unwrap_or(guard);
    let Some(what) = imported else {
        return local_guard(kit, home, defined_in.ok_or(Unknown::Nobody)?, root);
    };
    if let Some(within) = home.within {
        let known = kit.cx.program.facts(within).imports.iter().any(|i| i.local == root);
        return if known { Ok(None) } else { Err(Unknown::Nobody) };
    }
    let line = match (defined_in, from) {
        (Some(target), _) => names::import_line_from(kit, home.path, kit.path(target), what, root),
        (None, Some(package)) if !package.starts_with('.') => package_line(kit, package, what, root),
        _ => None,
    };
    line.map(Some).ok_or(Unknown::Nobody)
}

/// A guard that is declared in the file whose routes it guards.
fn local_guard(kit: &Kit<'_>, home: &Home<'_>, file: FileId, name: &str) -> Result<Option<String>, Unknown> {
    if home.within == Some(file) {
        return Ok(None);
    }
    let facts = kit.cx.program.facts(file);
    let exported = facts.exports.iter().any(|e| e.name == name);
    let line =
        names::import_line_from(kit, home.path, kit.path(file), &Imported::Named(name.to_owned()), name);
    if exported && can_import(kit, file, home) && line.is_some() {
        return Ok(line);
    }
    let declared = facts.functions.iter().find(|f| f.name == name).map(|f| f.span.start);
    let bound = || facts.bindings.iter().find(|b| b.names.iter().any(|n| n.local == name));
    let at = declared.or_else(|| bound().map(|b| b.statement.start)).unwrap_or_default();
    Err(Unknown::Local { name: name.to_owned(), file, line: kit.text(file).line_of(at as usize) })
}

/// `session` of `session!.user.id`.
fn root_of(path: &str) -> &str {
    path.split(['.', '!', '[', '?']).next().unwrap_or(path)
}

/// A pattern with nothing in it but the names that are needed: `{ data: { user } }`; nothing for a plain name, and where more
/// than members are taken.
fn pattern(written: &str, names: &[PatternName], needed: &[&str]) -> Option<String> {
    let taken = |name: &&PatternName| needed.contains(&name.local.as_str());
    let names: Vec<&PatternName> = names.iter().filter(taken).collect();
    let plain = !written.contains(['=', '.', '[']) && written.starts_with('{');
    let [name] = names.as_slice() else { return None };
    let (last, above) = name.path.split_last().filter(|_| plain)?;
    let inner = if *last == name.local { last.clone() } else { format!("{last}: {}", name.local) };
    let around = |inner: String, part: &String| format!("{part}: {{ {inner} }}");
    Some(format!("{{ {} }}", above.iter().rev().fold(inner, around)))
}

/// What stands between the outer brackets.
fn inside(user: &str) -> String {
    let inside = user.split_once(['(', '{']).map_or("", |(_, rest)| rest);
    inside.strip_suffix([')', '}']).unwrap_or(inside).trim().to_owned()
}

/// `session.user.id` as `session?.user?.id`.
fn optional(path: &str) -> String {
    optional_after(path, 0)
}

/// The same, where the first members are there for certain: `event.locals.user?.id` after two.
fn optional_after(path: &str, sure: usize) -> String {
    // What a call gives is asked, and not what is called.
    let (called, path) = path.split_at(path.rfind(')').map_or(0, |at| at + 1));
    let plain = path.replace(['!', '?'], "");
    let parts: Vec<&str> = plain.split('.').collect();
    let sure = if called.is_empty() { sure } else { 0 };
    let joined = parts.iter().enumerate().map(|(at, part)| match at {
        0 => (*part).to_owned(),
        at if at <= sure => format!(".{part}"),
        _ => format!("?.{part}"),
    });
    format!("{called}{}", joined.collect::<String>())
}

/// The app's own best way to the user, with the file of the handler that shows it.
pub fn best(kit: &Kit<'_>) -> Option<(FileId, Identity)> {
    let best = example::ranked(kit).first()?;
    Some((best.file, best.identity.clone()))
}

/// A way to the user that a handler of the app shows.
#[derive(Debug)]
pub struct Shown {
    /// Its file.
    pub file: FileId,
    /// The handler; nothing where a wrapper around it finds the user.
    pub function: Option<FunctionId>,
    /// The user there.
    pub identity: Identity,
}

/// The app's own ways to the user, the best first.
pub fn shown(kit: &Kit<'_>) -> impl Iterator<Item = Shown> {
    example::ranked(kit).iter().map(|example| Shown {
        file: example.file,
        function: example.function,
        identity: example.identity.clone(),
    })
}

/// Whether pages of the app are rendered on the server, so that a link may lead to a route that redirects. Whoever is known
/// by a header alone is nobody where a browser opens an address by itself.
pub fn has_pages(kit: &Kit<'_>) -> bool {
    if example::ranked(kit).first().is_some_and(|example| by_header(kit, example)) {
        return false;
    }
    let both = kit.framework.framework.as_ref().is_some_and(|f| f.side == crate::catalog::Side::Both);
    let markup = kit.entries(Kind::Ui).into_iter().filter_map(|e| e.ui.as_ref());
    both || markup.into_iter().any(|ui| ui.markup != crate::catalog::Markup::Jsx)
}

/// Whether a handler asks who somebody is by a header of the request, and by no cookie.
fn by_header(kit: &Kit<'_>, example: &Example<'_>) -> bool {
    let Some(function) = example.function else { return false };
    let span = kit.cx.program.facts(example.file).function(function).span;
    let text: String = kit.graph().slice(example.file, span).to_ascii_lowercase();
    let text: String = text.replace(['"', '\'', '`', ' '], "");
    READ_HEADERS.iter().any(|read| text.contains(read)) && !text.contains("cookie")
}

/// How a handler reads the header that says who asks: in small letters, without quotes and spaces. To a provider the same
/// header is sent, in other words.
const READ_HEADERS: &[&str] = &[
    "get(authorization",
    "header(authorization",
    "headers.authorization",
    "headers[authorization",
    "getheader(event,authorization",
];

#[cfg(test)]
mod tests {
    use super::sure_of;

    #[test]
    fn only_what_holds_the_id_is_there_for_certain() {
        for (id, text, expected) in [
            ("session.user.id", "session?.user?.email", "session.user.email"),
            ("user.id", "user?.primaryAddress?.email", "user.primaryAddress?.email"),
            ("userId", "user?.email", "user?.email"),
        ] {
            assert_eq!(sure_of(id, text), expected);
        }
    }
}
