//! How a new request handler comes by the signed-in user: the way the app's own handlers do.

use crate::catalog::Kind;
use crate::resolve::Module;
use crate::sites::cx::word_at;
use crate::sites::handlers::{Reached, handler_of};
use crate::sites::payer::in_handler;
use crate::sites::{Detail, Identity, IdentitySource};
use crate::steps::support::{Kit, names, user};
use crate::syntax::{Imported, Span};
use crate::workspace::FileId;

/// What a template of a handler needs to know of the user.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Signed {
    /// Import lines for the new file.
    pub imports: Vec<String>,
    /// Statement that fetches the session, if one does.
    pub setup: Option<String>,
    /// Expression that holds when nobody is signed in; nothing when the framework sees to that.
    pub missing: Option<String>,
    /// A parameter of the handler that the framework fills.
    pub param: Option<String>,
    /// Middleware in front of the handler.
    pub guard: Option<String>,
    /// The name the handler's request has in these expressions.
    pub request: String,
    /// Whoever pays, as the generated modules take it.
    pub user: String,
    /// The same without what stands around its members.
    pub fields: String,
}

/// The most common way of the app, preferring one that knows the email.
pub fn find(kit: &Kit<'_>) -> Option<(FileId, Identity)> {
    let mut found: Vec<(FileId, Identity)> = Vec::new();
    for site in kit.cx.sites {
        if let Detail::Billable(billable) = &site.detail
            && let (Some(identity), Some(handler)) = (&billable.plan.identity, &billable.plan.handler)
            && handler.framework == kit.framework.id
        {
            found.extend(own_way(handler.file, identity));
        }
    }
    found.extend(in_handlers(kit, |body| body.end));
    if found.is_empty() {
        // What handlers bind for themselves is in scope up to the last byte of their bodies.
        found = in_handlers(kit, |body| body.end.saturating_sub(1));
    }
    let worth = |(_, identity): &(FileId, Identity)| {
        let alike = found.iter().filter(|(_, i)| i.source == identity.source).count();
        let guarded = matches!(&identity.source, IdentitySource::RequestProperty { guard: Some(_), .. });
        (guarded, identity.email.is_some(), alike)
    };
    let best = found.iter().map(worth).max()?;
    found.iter().find(|f| worth(f) == best).cloned()
}

/// The way to the user that another handler can go as well. What a wrapper hands over, it has found itself; whom a record
/// of one handler belongs to says nothing of another, and what a call is given is not there either.
fn own_way(file: FileId, identity: &Identity) -> Option<(FileId, Identity)> {
    match &identity.source {
        IdentitySource::Record => None,
        IdentitySource::Handed { origin, .. } => {
            origin.as_deref().and_then(|(file, own)| own_way(*file, own))
        }
        IdentitySource::Call { given, .. } if !given.is_empty() => None,
        _ => Some((file, identity.clone())),
    }
}

/// Who is known in the app's handlers, each looked at from a place of its body.
fn in_handlers(kit: &Kit<'_>, place: impl Fn(Span) -> u32) -> Vec<(FileId, Identity)> {
    let cx = kit.graph();
    let mut found = Vec::new();
    kit.cx.program.read(&kit.files);
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        let facts = kit.cx.program.facts(*file);
        for function in facts.function_ids() {
            let Some(shape) = handler_of(cx, *file, function) else { continue };
            if shape.framework.id != kit.framework.id {
                continue;
            }
            let reached = Reached { file: *file, function, found: shape, calls: Vec::new() };
            let identity = in_handler(cx, &reached, place(facts.function(function).body));
            found.extend(identity.and_then(|identity| own_way(*file, &identity)));
        }
    }
    found
}

/// The user in a new file at `path`.
pub fn signed(kit: &Kit<'_>, path: &str) -> Option<Signed> {
    let (file, identity) = find(kit)?;
    let root = identity.id.split(['.', '!', '[', '?']).next().unwrap_or_default().to_owned();
    let user = user::literal(kit, &identity.id, identity.email.as_deref(), identity.name.as_deref());
    let mut signed = Signed {
        imports: Vec::new(),
        setup: None,
        missing: None,
        param: None,
        guard: None,
        request: if kit.is_python() { "request".to_owned() } else { root },
        fields: inside(&user),
        user,
    };
    let import_as = |what: &Imported, name: &str, from: &str, defined_in: Option<FileId>| -> Option<String> {
        let target = defined_in.or_else(|| match kit.cx.program.module(file, from, Some(name)) {
            Module::File(target) => Some(target),
            _ => None,
        });
        match target {
            Some(target) => names::import_line_from(kit, path, kit.path(target), what, name),
            None if kit.is_python() => Some(format!("from {from} import {name}")),
            None => Some(format!("import {{ {name} }} from \"{from}\";")),
        }
    };
    let import = |name: &str, from: &str, defined_in: Option<FileId>| {
        import_as(&Imported::Named(name.to_owned()), name, from, defined_in)
    };
    match &identity.source {
        IdentitySource::Call { text, binding, import: name, from, defined_in, .. } => {
            signed.imports.push(import(name, from, *defined_in)?);
            // `getSession(options)` takes its options along.
            for other in &kit.cx.program.facts(file).imports {
                let spoken =
                    || text.match_indices(&other.local).any(|(at, _)| word_at(text, at, &other.local));
                if other.local != *name && !other.local.is_empty() && spoken() {
                    signed.imports.extend(import_as(&other.imported, &other.local, &other.module, None));
                }
            }
            if kit.is_python() {
                signed.setup = Some(format!("{binding} = {text}"));
                signed.missing = identity.nullable.then(|| format!("{binding} is None"));
            } else {
                signed.setup = Some(format!("const {binding} = {text};"));
                signed.missing = Some(format!("!{}", optional(&identity.id)));
            }
        }
        IdentitySource::Parameter { text, imports } => {
            for (name, from) in imports {
                signed.imports.push(import(name, from, None)?);
            }
            signed.param = Some(text.clone());
        }
        IdentitySource::RequestProperty { guard, from, imported, defined_in } => match guard {
            Some(guard) => {
                // `passportConfig.isAuthenticated` comes with the module it is a member of.
                let root = guard.split('.').next().unwrap_or(guard);
                let itself = Imported::Named(root.to_owned());
                let what = imported.as_ref().unwrap_or(&itself);
                let from = from.as_deref().unwrap_or_default();
                signed.imports.push(import_as(what, root, from, *defined_in)?);
                signed.guard = Some(guard.clone());
            }
            None => signed.missing = Some(format!("!{}", optional(&identity.id))),
        },
        // Whom a new handler serves is not said by a record of another one, nor by a wrapper that is not around it.
        IdentitySource::Record | IdentitySource::Handed { .. } => return None,
        IdentitySource::Import { name, module } => {
            signed.imports.push(import(name, module, None)?);
        }
    }
    Some(signed)
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

/// Whether pages of the app are rendered on the server, so that a link may lead to a route that redirects.
pub fn has_pages(kit: &Kit<'_>) -> bool {
    let both = kit.framework.framework.as_ref().is_some_and(|f| f.side == crate::catalog::Side::Both);
    let markup = kit.entries(Kind::Ui).into_iter().filter_map(|e| e.ui.as_ref());
    both || markup.into_iter().any(|ui| ui.markup != crate::catalog::Markup::Jsx)
}
