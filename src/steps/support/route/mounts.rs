//! What is mounted where: the routers of the app, and the path in front of each. Found once for a plan, in the files that
//! call what mounts.

use std::collections::{BTreeMap, BTreeSet};

use crate::resolve::{Def, Module};
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr};
use crate::workspace::FileId;

/// Routers above one router; more are a circle or no app.
const NESTED: usize = 4;

/// The routers of an app.
#[derive(Debug, Default)]
pub(in crate::steps::support) struct Mounts {
    /// Files of the routers that were added, by the name their route has.
    own: BTreeMap<String, FileId>,
    /// For each router that is mounted, the file that does, and the path it says.
    of: BTreeMap<FileId, (FileId, Option<String>)>,
    /// Files in which something may be mounted or registered, in file order.
    callers: Vec<FileId>,
}

impl Mounts {
    fn find(kit: &Kit<'_>) -> Self {
        let routes = || kit.framework.framework.iter().flat_map(|f| &f.routes).filter(|r| r.mount.is_some());
        let own = routes().filter_map(|r| Some((r.file.clone(), find_own(kit, &r.file)?))).collect();
        let with_word = |word: &String| kit.cx.program.files_with_word(word);
        let mounting: BTreeSet<FileId> = mounts(kit).flat_map(with_word).collect();
        let mut callers = mounting.clone();
        callers.extend(verbs(kit).flat_map(with_word));
        let in_app = |files: BTreeSet<FileId>| {
            files.into_iter().filter(|file| kit.files.binary_search(file).is_ok()).collect::<Vec<_>>()
        };
        let mut of = BTreeMap::new();
        for file in in_app(mounting) {
            for call in &kit.cx.program.facts(file).calls {
                if let Some(target) = mounted(kit, file, call).filter(|target| *target != file) {
                    of.entry(target).or_insert_with(|| (file, path_of(kit, call)));
                }
            }
        }
        Self { own, of, callers: in_app(callers) }
    }
}

fn all<'k>(kit: &'k Kit<'_>) -> &'k Mounts {
    kit.mounts.get_or_init(|| Mounts::find(kit))
}

/// The file that holds the router of this name, wherever it is: it uses the generated modules and nothing else does.
fn find_own(kit: &Kit<'_>, name: &str) -> Option<FileId> {
    let used = ["createPortalUrl", "formatBalance", "readWebhook"].map(|f| kit.function(f));
    let named = |f: &FileId| kit.cx.workspace.entry(*f).name().split('.').next() == Some(name);
    kit.files.iter().copied().filter(|f| named(f) && !kit.is_generated(*f)).find(|f| {
        let text = kit.text(*f);
        used.iter().any(|n| text.as_str().contains(n.as_str()))
    })
}

/// The file of the router that was added under this name.
pub(super) fn own_file(kit: &Kit<'_>, name: &str) -> Option<FileId> {
    all(kit).own.get(name).copied()
}

/// Whether a file is one of the routers that were added.
pub(super) fn is_own(kit: &Kit<'_>, file: FileId) -> bool {
    all(kit).own.values().any(|own| *own == file)
}

/// The app's own files in which something may be mounted or registered, in file order.
pub(super) fn callers<'k>(kit: &'k Kit<'_>) -> impl Iterator<Item = FileId> + 'k {
    all(kit).callers.iter().copied().filter(|f| !kit.is_generated(*f) && !is_own(kit, *f))
}

/// Whether the router of a file is mounted somewhere.
pub(super) fn is_mounted(kit: &Kit<'_>, path: &str) -> bool {
    kit.cx.workspace.find(path).is_some_and(|target| all(kit).of.contains_key(&target))
}

/// Members that mount a router.
fn mounts<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let routes = kit.framework.framework.iter().flat_map(|f| &f.routes);
    routes.filter_map(|r| r.mount.as_ref()).flat_map(|m| &m.after)
}

/// Members that register a handler.
fn verbs<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let handlers = kit.framework.framework.iter().flat_map(|f| &f.handlers);
    handlers.flat_map(|h| match &h.shape {
        crate::catalog::HandlerShape::RouteCall { methods, .. } => methods.as_slice(),
        _ => &[],
    })
}

/// Whether a member registers a handler.
pub(super) fn is_verb(kit: &Kit<'_>, member: &str) -> bool {
    verbs(kit).any(|verb| verb == member)
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
pub(super) fn outer_path(kit: &Kit<'_>, file: FileId) -> String {
    let mut path = String::new();
    let mut at = file;
    for _ in 0..NESTED {
        let Some((above, own)) = all(kit).of.get(&at) else { break };
        path.insert_str(0, own.as_deref().unwrap_or_default());
        at = *above;
    }
    path
}

/// The path that a mounting call says.
fn path_of(kit: &Kit<'_>, call: &Call) -> Option<String> {
    match call.args.first() {
        Some(Expr::Str(path)) => Some(path.clone()),
        _ => call.keywords.iter().find(|(k, _)| k == "prefix").and_then(|(_, v)| prefix_of(kit, v)),
    }
}

/// A prefix written as text, or as a member with a default of its own (`settings.API_PREFIX`).
fn prefix_of(kit: &Kit<'_>, value: &Expr) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let member = value.as_path()?.last()?.to_owned();
    let in_app = |f: &FileId| kit.files.binary_search(f).is_ok();
    kit.cx.program.files_with_word(&member).into_iter().filter(in_app).find_map(|f| {
        let facts = kit.cx.program.facts(f);
        let fields = facts.classes.iter().flat_map(|c| &c.fields);
        fields
            .filter(|field| field.name == member)
            .find_map(|field| field.value.as_ref()?.as_str().map(str::to_owned))
    })
}
