//! How a new request handler comes by the signed-in user: the way the app's own handlers do.

mod along;
mod example;

use std::collections::BTreeSet;

use crate::catalog::{Kind, Role};
use crate::sites::handlers::handler_of;
use crate::sites::{Identity, IdentitySource};
use crate::steps::support::{Kit, names, user};
use crate::syntax::source::Source;
use crate::syntax::{Imported, Span};
use crate::workspace::FileId;
use along::{Along, Bringing, can_import, import_line, package_line};
pub(super) use example::Example;

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

/// What a template of a handler needs to know of the user.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Signed {
    /// Import lines for the new file.
    pub imports: Vec<String>,
    /// Statements that fetch the session, if any do.
    pub setup: Option<String>,
    /// Expression that holds when nobody is signed in; nothing when the framework sees to that.
    pub missing: Option<String>,
    /// A parameter of the handler that the framework fills.
    pub param: Option<String>,
    /// Middleware in front of the handler.
    pub guard: Option<String>,
    /// The name the handler's request has in these expressions, where they use it.
    pub request: Option<String>,
    /// Its type as the app writes it, where that is not the framework's usual one.
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
}

/// The user in a new handler: as in the most common way of the app that can be gone there, preferring one that knows the
/// e-mail.
pub fn signed(kit: &Kit<'_>, home: &Home<'_>) -> Result<Signed, Unknown> {
    let mut why = Unknown::Nobody;
    for example in example::ranked(kit) {
        if home.within.is_some_and(|file| file != example.file) {
            continue;
        }
        match of_example(kit, home, example) {
            Ok(signed) => return Ok(signed),
            // The best example says what is missing.
            Err(unknown) if why == Unknown::Nobody => why = unknown,
            Err(_) => {}
        }
    }
    Err(why)
}

fn of_example(kit: &Kit<'_>, home: &Home<'_>, example: &Example) -> Result<Signed, Unknown> {
    let Example { file, identity, .. } = example;
    let user = user::literal(kit, &identity.id, identity.email.as_deref(), identity.name.as_deref());
    let mut signed = Signed { fields: inside(&user), user, ..Signed::default() };
    match &identity.source {
        IdentitySource::Call { text, binding, statement } => {
            called(kit, home, example, (text, binding, *statement), &mut signed)?;
        }
        IdentitySource::Parameter { text, .. } => {
            let along = parameter(kit, home, *file, text)?;
            signed.imports = along.imports;
            signed.names = along.names;
            signed.param = Some(text.clone());
        }
        IdentitySource::RequestProperty { guard, from, imported, defined_in } => {
            on_request(kit, home, example, &mut signed)?;
            match guard {
                Some(guard) => {
                    let import = (from.as_deref(), imported.as_ref(), *defined_in);
                    signed.imports.extend(guarding(kit, home, guard, import)?);
                    signed.guard = Some(guard.clone());
                }
                None => signed.missing = Some(format!("!{}", optional(&identity.id))),
            }
        }
        // Whom a new handler serves is not said by a record of another one, nor by a wrapper that is not around it.
        IdentitySource::Record | IdentitySource::Handed { .. } => return Err(Unknown::Nobody),
        IdentitySource::Import { name, module } => {
            let facts = kit.cx.program.facts(*file);
            let import = facts.imports.iter().find(|i| i.local == *name && i.module == *module);
            let line = import.and_then(|import| import_line(kit, *file, home.path, import));
            signed.imports.extend(Some(line.ok_or(Unknown::Nobody)?));
        }
    }
    signed.imports.dedup();
    Ok(signed)
}

/// `const session = await auth()`, with what it needs.
fn called(
    kit: &Kit<'_>,
    home: &Home<'_>,
    example: &Example,
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
    let (bound, missing) = if kit.is_python() {
        (format!("{binding} = {call}"), identity.nullable.then(|| format!("{binding} is None")))
    } else {
        (format!("const {binding} = {call};"), Some(format!("!{}", optional(&identity.id))))
    };
    signed.setup = Some(along.statements.iter().chain([&bound]).cloned().collect::<Vec<_>>().join("\n"));
    signed.missing = missing;
    signed.imports = along.imports;
    signed.names = along.names;
    if let Some(request) = along.request {
        signed.request = Some(request.name);
        signed.request_type = request.of_type;
    }
    Ok(())
}

/// What the code at a range of a file needs elsewhere.
fn collect(kit: &Kit<'_>, home: &Home<'_>, file: FileId, range: Span) -> Result<Along, Unknown> {
    let text = kit.text(file);
    let language = kit.cx.workspace.entry(file).language.ok_or(Unknown::Nobody)?;
    let source = Source::parse(language, text.as_str()).ok_or(Unknown::Nobody)?;
    let mut bringing = Bringing::new(kit, file, kit.cx.program.facts(file), &source, home);
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
fn on_request(kit: &Kit<'_>, home: &Home<'_>, example: &Example, signed: &mut Signed) -> Result<(), Unknown> {
    let Example { file, function, identity } = example;
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
            if let Some(param) = params.get(position).filter(|_| of_type.is_some()) {
                let along = collect(kit, home, *file, param.span)?;
                signed.imports.extend(along.imports);
                signed.names.extend(along.names);
                signed.request_type = of_type;
            }
        }
        Some(Role::Response) => signed.response = Some(root.to_owned()),
        _ => return Err(Unknown::Nobody),
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

/// What stands between the outer brackets.
fn inside(user: &str) -> String {
    let inside = user.split_once(['(', '{']).map_or("", |(_, rest)| rest);
    inside.strip_suffix([')', '}']).unwrap_or(inside).trim().to_owned()
}

/// `session.user.id` as `session?.user?.id`.
fn optional(path: &str) -> String {
    path.replace(['!', '?'], "").replace('.', "?.")
}

/// The app's own best way to the user, with the file of the handler that shows it.
pub fn best(kit: &Kit<'_>) -> Option<(FileId, Identity)> {
    let best = example::ranked(kit).first()?;
    Some((best.file, best.identity.clone()))
}

/// Whether pages of the app are rendered on the server, so that a link may lead to a route that redirects.
pub fn has_pages(kit: &Kit<'_>) -> bool {
    let both = kit.framework.framework.as_ref().is_some_and(|f| f.side == crate::catalog::Side::Both);
    let markup = kit.entries(Kind::Ui).into_iter().filter_map(|e| e.ui.as_ref());
    both || markup.into_iter().any(|ui| ui.markup != crate::catalog::Markup::Jsx)
}
