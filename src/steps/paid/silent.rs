//! Packages that an app spends with and of which no call was found: they are told, and never passed over in silence.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Kind, Symbol, unread_packages};
use crate::resolve::Module;
use crate::sites::cx::wild;
use crate::sites::{Detail, SiteKind};
use crate::steps::Todo;
use crate::steps::support::Kit;
use crate::syntax::{ExportTarget, Expr, Import, Imported, Path};
use crate::workspace::FileId;

/// One a package and file that no found call leads to.
pub(in crate::steps) fn todo(kit: &Kit<'_>) -> Vec<Todo> {
    let mut found: BTreeMap<(String, FileId), (u32, bool)> = BTreeMap::new();
    kit.cx.program.read(&kit.files);
    for file in kit.files.iter().copied().filter(|file| !kit.is_generated(*file)) {
        for import in &kit.cx.program.facts(file).imports {
            if let Some(known) = without_call(kit, file, import) {
                found.entry((import.module.clone(), file)).or_insert((import.span.start, known));
            }
        }
    }
    let told = found.into_iter().map(|((package, file), (at, known))| {
        let why = if known {
            "and no call that it makes was found; if the app spends with it, send the event after that call"
        } else {
            "of whose calls nothing is known here; send an event after each one that costs"
        };
        let line = kit.text(file).line_of(at as usize);
        let todo = Todo::chore(format!("the app imports `{package}` here, {why}")).at(kit.path(file), line);
        Todo { unmet: true, ..todo }
    });
    told.collect()
}

/// Whether a package that an import is of spends money and none of its calls was found: with whether its calls are known.
fn without_call(kit: &Kit<'_>, file: FileId, import: &Import) -> Option<bool> {
    if import.type_only || kit.cx.program.facts(file).has_directive("use client") {
        return None;
    }
    let outside = || matches!(kit.cx.program.module(file, &import.module, None), Module::Package(..));
    if unread_packages().iter().any(|package| wild(package, &import.module)) {
        return outside().then_some(false);
    }
    let makes = |symbol: &Symbol| {
        symbol.module == import.module
            && match &import.imported {
                Imported::Named(name) => *name == symbol.name,
                Imported::Default | Imported::Namespace => true,
                Imported::All => false,
            }
    };
    let providers = kit.entries(Kind::Provider).into_iter();
    let entries: Vec<_> = providers
        .filter(|e| e.provider.as_ref().is_some_and(|p| p.clients.iter().any(|client| makes(&client.symbol))))
        .collect();
    if entries.is_empty() || !outside() {
        return None;
    }
    let of_entry = |rule: &str| entries.iter().any(|e| rule.split('#').next() == Some(e.id.as_str()));
    let calling = kit.cx.sites.iter().filter_map(|site| match &site.detail {
        Detail::Billable(billable) if site.kind == SiteKind::Billable && of_entry(&billable.plan.rule) => {
            kit.cx.workspace.find(&site.file)
        }
        _ => None,
    });
    let calling: Vec<FileId> = calling.collect();
    // Beside calls that were found only a client counts that stays where it is made: others may be what is called there.
    let alone = calling.is_empty() || keeps(kit, file, &import.local) && !leads_to(kit, calling, file);
    alone.then_some(true)
}

/// Whether a file makes something of an imported class and hands it to nobody.
fn keeps(kit: &Kit<'_>, file: FileId, class: &str) -> bool {
    let facts = kit.cx.program.facts(file);
    let is_made = |value: &Expr| {
        let call = value.unawaited().as_call().map(|call| facts.call(call));
        call.is_some_and(|call| call.callee.root_name() == Some(class))
    };
    let handed = |name: &str| {
        let is_it = |value: &Expr| match value {
            Expr::Object(pairs) => {
                pairs.iter().any(|(_, v)| v.as_path().and_then(Path::as_name) == Some(name))
            }
            value => value.as_path().and_then(Path::as_name) == Some(name),
        };
        facts.calls.iter().flat_map(|c| c.args.iter().chain(c.keywords.iter().map(|(_, v)| v))).any(is_it)
            || facts.returns.iter().any(|(_, value)| is_it(value))
            || facts.assigns.iter().any(|a| is_it(&a.value))
            || facts.exports.iter().any(|e| matches!(&e.target, ExportTarget::Local(local) if local == name))
    };
    facts.bindings.iter().filter(|b| is_made(&b.value)).any(|b| b.names.iter().all(|n| !handed(&n.local)))
}

/// Whether one of the files is a file, or imports it through however many others: its client may be what they call.
fn leads_to(kit: &Kit<'_>, mut open: Vec<FileId>, to: FileId) -> bool {
    let mut seen = BTreeSet::new();
    while let Some(file) = open.pop() {
        if file == to {
            return true;
        }
        if seen.insert(file) {
            let facts = kit.cx.program.facts(file);
            let from = facts.imports.iter().map(|i| match &i.imported {
                Imported::Named(name) => (i.module.as_str(), Some(name.as_str())),
                _ => (i.module.as_str(), None),
            });
            let again = facts.exports.iter().filter_map(|e| match &e.target {
                ExportTarget::From { module, .. } | ExportTarget::All { module } => {
                    Some((module.as_str(), None))
                }
                _ => None,
            });
            let files = from.chain(again).filter_map(|(module, name)| {
                match kit.cx.program.module(file, module, name) {
                    Module::File(file) => Some(file),
                    _ => None,
                }
            });
            open.extend(files);
        }
    }
    false
}
