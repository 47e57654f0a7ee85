//! What is mounted where: the routers of the app, and the path in front of each.

use crate::resolve::{Def, Module};
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr};
use crate::workspace::FileId;

/// The file that holds the router of this name, wherever it is: it uses the generated modules and nothing else does.
pub(super) fn own_file(kit: &Kit<'_>, name: &str) -> Option<FileId> {
    let used = ["createPortalUrl", "formatBalance", "readWebhook"].map(|f| kit.function(f));
    kit.files.iter().copied().filter(|f| !kit.is_generated(*f)).find(|f| {
        let stem = kit.cx.workspace.entry(*f).name().split('.').next().unwrap_or_default().to_owned();
        let text = kit.text(*f);
        stem == name && used.iter().any(|n| text.as_str().contains(n.as_str()))
    })
}

/// Whether a file is one of the routers that were added.
pub(super) fn is_own(kit: &Kit<'_>, file: FileId) -> bool {
    let routes = kit.framework.framework.iter().flat_map(|f| &f.routes);
    routes.filter(|r| r.mount.is_some()).any(|r| own_file(kit, &r.file) == Some(file))
}

/// Whether the router of a file is mounted somewhere.
pub(super) fn is_mounted(kit: &Kit<'_>, path: &str) -> bool {
    let Some(target) = kit.cx.workspace.find(path) else { return false };
    kit.files.iter().any(|file| {
        let facts = kit.cx.program.facts(*file);
        facts.calls.iter().any(|call| mounted(kit, *file, call) == Some(target))
    })
}

/// Members that mount a router.
fn mounts<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let routes = kit.framework.framework.iter().flat_map(|f| &f.routes);
    routes.filter_map(|r| r.mount.as_ref()).flat_map(|m| &m.after)
}

/// Members that register a handler.
pub(super) fn verbs(kit: &Kit<'_>, member: &str) -> bool {
    let handlers = kit.framework.framework.iter().flat_map(|f| &f.handlers);
    handlers.into_iter().any(|h| match &h.shape {
        crate::catalog::HandlerShape::RouteCall { methods, .. } => methods.iter().any(|m| m == member),
        _ => false,
    })
}

/// The file whose router a call mounts: the value of one of its arguments comes from another file of the app.
pub(super) fn mounted(kit: &Kit<'_>, file: FileId, call: &Call) -> Option<FileId> {
    if !call.callee.segments.last().is_some_and(|m| mounts(kit).any(|known| known == m)) {
        return None;
    }
    let facts = kit.cx.program.facts(file);
    call.args.iter().filter_map(Expr::as_path).find_map(|path| {
        let root = path.root_name()?;
        let import = facts.imports.iter().find(|i| i.local == root)?;
        let Module::File(target) = kit.cx.program.module(file, &import.module, Some(root)) else {
            return None;
        };
        if kit.is_python() {
            return (target != file).then_some(target);
        }
        match kit.cx.program.resolve_path(file, call.function, path) {
            Def::Value(at, index, _) if at != file => {
                let made = kit.cx.program.binding(at, index)?.value.as_call();
                made.map(|_| at)
            }
            Def::Outside(_, members) if members.last().is_some_and(|m| m == "()") => Some(target),
            _ => None,
        }
    })
}

/// The path in front of everything registered in a file: where its router is mounted.
pub(super) fn outer_path(kit: &Kit<'_>, file: FileId, depth: usize) -> String {
    if depth > 3 {
        return String::new();
    }
    for other in kit.files.iter().filter(|f| **f != file) {
        let facts = kit.cx.program.facts(*other);
        for call in &facts.calls {
            if mounted(kit, *other, call) != Some(file) {
                continue;
            }
            let own = match call.args.first() {
                Some(Expr::Str(path)) => Some(path.clone()),
                _ => call
                    .keywords
                    .iter()
                    .find(|(k, _)| k == "prefix")
                    .and_then(|(_, v)| prefix_of(kit, *other, v)),
            };
            return format!("{}{}", outer_path(kit, *other, depth + 1), own.unwrap_or_default());
        }
    }
    String::new()
}

/// A prefix written as text, or as a member with a default of its own (`settings.API_PREFIX`).
fn prefix_of(kit: &Kit<'_>, file: FileId, value: &Expr) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let member = value.as_path()?.last()?.to_owned();
    let _ = file;
    kit.files.iter().find_map(|f| {
        let facts = kit.cx.program.facts(*f);
        let fields = facts.classes.iter().flat_map(|c| &c.fields);
        fields
            .filter(|field| field.name == member)
            .find_map(|field| field.value.as_ref()?.as_str().map(str::to_owned))
    })
}
