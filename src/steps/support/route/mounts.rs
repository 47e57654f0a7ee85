//! What is mounted where: the routers of the app, and the path in front of each. Found once for a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{HandlerShape, Mounting};
use crate::resolve::{Def, Module};
use crate::steps::support::Kit;
use crate::syntax::{Call, Expr, Imported};
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
        let in_app = |files: &BTreeSet<FileId>| -> Vec<FileId> {
            kit.files.iter().copied().filter(|file| files.contains(file)).collect()
        };
        let mut of = BTreeMap::new();
        for file in in_app(&mounting) {
            for call in &kit.cx.program.facts(file).calls {
                if let Some(target) = mounted(kit, file, call).filter(|target| *target != file) {
                    of.entry(target).or_insert_with(|| (file, path_of(kit, call)));
                }
            }
        }
        // What sets an app up needs no word that is known here.
        let callers = if kit.is_python() {
            kit.files.clone()
        } else {
            in_app(&verbs(kit).flat_map(with_word).chain(mounting).collect())
        };
        Self { own, of, callers }
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

/// The file that holds the router of this name, where there is one.
pub(super) fn own_file(kit: &Kit<'_>, name: &str) -> Option<FileId> {
    all(kit).own.get(name).copied()
}

/// Whether a file is one of the routers that were added.
pub(super) fn is_own(kit: &Kit<'_>, file: FileId) -> bool {
    all(kit).own.values().any(|own| *own == file)
}

/// Files in which something may be mounted or registered, in file order.
pub(super) fn callers<'k>(kit: &'k Kit<'_>) -> impl Iterator<Item = FileId> + 'k {
    all(kit).callers.iter().copied()
}

/// Whether the router of a file is mounted somewhere.
pub(super) fn is_mounted(kit: &Kit<'_>, path: &str) -> bool {
    kit.cx.workspace.find(path).is_some_and(|target| all(kit).of.contains_key(&target))
}

/// Members that register a handler.
fn verbs<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let handlers = kit.framework.framework.iter().flat_map(|f| &f.handlers);
    handlers.flat_map(|h| match &h.shape {
        HandlerShape::RouteCall { methods, .. } => methods.as_slice(),
        _ => &[],
    })
}

/// How the framework's apps register routes.
pub(super) fn mounting<'a>(kit: &Kit<'a>) -> &'a Mounting {
    static NONE: Mounting = Mounting {
        roots: Vec::new(),
        folders: Vec::new(),
        catch_all: Vec::new(),
        ends: Vec::new(),
        option: None,
        functions: false,
    };
    kit.framework.framework.as_ref().map_or(&NONE, |framework| &framework.mounting)
}

/// Members that mount a router.
pub(super) fn mounts<'a>(kit: &Kit<'a>) -> impl Iterator<Item = &'a String> {
    let routes = kit.framework.framework.iter().flat_map(|f| &f.routes);
    routes.filter_map(|r| r.mount.as_ref()).flat_map(|m| &m.after)
}

/// The file whose router a call mounts: the value of one of its arguments comes from another file of the app.
pub(super) fn mounted(kit: &Kit<'_>, file: FileId, call: &Call) -> Option<FileId> {
    if !call.callee.segments.last().is_some_and(|m| mounts(kit).any(|known| known == m)) {
        return None;
    }
    let facts = kit.cx.program.facts(file);
    // `app.use(router.routes())` hands over what a router gives.
    let given = |arg: &Expr| match arg {
        Expr::Path(path) => Some(path.clone()),
        Expr::Call(id) => {
            let mut path = facts.call(*id).callee.clone();
            path.segments.pop().is_some().then_some(path)
        }
        _ => None,
    };
    call.args.iter().filter_map(given).find_map(|path| {
        let path = &path;
        let root = path.root_name()?;
        let import = facts.imports.iter().find(|i| i.local == root)?;
        let name = match &import.imported {
            Imported::Named(name) => name.as_str(),
            _ => root,
        };
        let Module::File(target) = kit.cx.program.module(file, &import.module, Some(name)) else {
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
            Def::Function(at, _) if at != file && mounting(kit).functions => Some(at),
            Def::Outside(_, members) if members.last().is_some_and(|m| m == "()") => Some(target),
            _ => None,
        }
    })
}

/// The path that a call which mounts a router says.
fn path_of(kit: &Kit<'_>, call: &Call) -> Option<String> {
    match call.args.first() {
        Some(Expr::Str(path)) => Some(path.clone()),
        _ => option_of(kit, call).and_then(|value| prefix_of(kit, value)),
    }
}

/// The option of a call that says a router's path.
pub(super) fn option_of<'c>(kit: &Kit<'_>, call: &'c Call) -> Option<&'c Expr> {
    let name = mounting(kit).option.as_deref()?;
    let objects = call.args.iter().filter_map(|arg| match arg {
        Expr::Object(pairs) => Some(pairs),
        _ => None,
    });
    let mut options = call.keywords.iter().chain(objects.flatten());
    options.find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The path that a router says where it is made.
pub(super) fn own_path(kit: &Kit<'_>, file: FileId) -> Option<String> {
    let facts = kit.cx.program.facts(file);
    let framework = kit.framework.framework.as_ref()?;
    let makers: Vec<&str> = framework.parts.iter().filter_map(|s| s.name.rsplit('.').next()).collect();
    facts.bindings.iter().find_map(|binding| {
        let call = facts.call(binding.value.as_call()?);
        let of_import = |i: &&crate::syntax::Import| call.callee.root_name() == Some(i.local.as_str());
        let made = call.callee.last().is_some_and(|last| makers.contains(&last))
            || facts.imports.iter().find(of_import).is_some_and(|i| i.imported == Imported::Default);
        option_of(kit, call).filter(|_| made)?.as_str().map(str::to_owned)
    })
}

/// The path in front of everything registered in a file: where its router is mounted.
pub(super) fn outer_path(kit: &Kit<'_>, file: FileId) -> String {
    let mut path = String::new();
    let mut at = file;
    for _ in 0..NESTED {
        let Some((by, own)) = all(kit).of.get(&at) else { break };
        path.insert_str(0, own.as_deref().unwrap_or_default());
        at = *by;
    }
    path
}

/// A prefix written as text, or as a member with a default of its own (`settings.API_PREFIX`).
fn prefix_of(kit: &Kit<'_>, value: &Expr) -> Option<String> {
    if let Some(text) = value.as_str() {
        return Some(text.to_owned());
    }
    let member = value.as_path()?.last()?.to_owned();
    kit.files.iter().find_map(|f| {
        let facts = kit.cx.program.facts(*f);
        let fields = facts.classes.iter().flat_map(|c| &c.fields);
        fields
            .filter(|field| field.name == member)
            .find_map(|field| field.value.as_ref()?.as_str().map(str::to_owned))
    })
}
