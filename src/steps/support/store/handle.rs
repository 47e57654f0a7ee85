//! The value of the app that the database is reached through: a client, a session factory, an engine.

use crate::catalog::{Link, Symbol};
use crate::resolve::{Def, Module};
use crate::sites::cx::{after, wild};
use crate::steps::support::{Kit, names};
use crate::syntax::{Binding, ExportTarget, Expr, Facts, Imported, Path, Root, Span};
use crate::workspace::FileId;

/// A name of the app with the line that imports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// As the lines call it.
    pub(super) local: String,
    /// Its import, for a file beside the generated modules.
    pub(super) import: String,
    /// Where it is.
    pub(super) file: FileId,
}

/// The handle of a link: of several the one that most files import.
pub(super) fn find(kit: &Kit<'_>, link: &Link) -> Option<Named> {
    let mut best: Option<(usize, Named)> = None;
    for file in kit.files.iter().copied().filter(|f| !kit.is_generated(*f)) {
        let facts = kit.cx.program.facts(file);
        for binding in facts.bindings.iter().filter(|b| b.function.is_none() && b.class.is_none()) {
            let [name] = binding.names.as_slice() else { continue };
            if !name.path.is_empty() || !is_made(kit, file, facts, binding, &link.handles) {
                continue;
            }
            let text = kit.text(file);
            let declared = text.slice(binding.statement.range());
            let has = |word: &String| declared.contains(word.as_str());
            if link.without.iter().any(has) || !(link.with.is_empty() || link.with.iter().any(has)) {
                continue;
            }
            let Some(what) = exported(kit, facts, &name.local) else { continue };
            let Some(import) = names::import_line(kit, kit.path(file), &what, &name.local) else { continue };
            let uses = uses(kit, file, &what);
            if best.as_ref().is_none_or(|(most, _)| uses > *most) {
                best = Some((uses, Named { local: name.local.clone(), import, file }));
            }
        }
    }
    best.map(|(_, named)| named)
}

/// The model as the lines call it.
pub(super) fn model(kit: &Kit<'_>, file: FileId, name: &str) -> Option<Named> {
    let facts = kit.cx.program.facts(file);
    // `module.exports = model("User", schema)`: the file is the model.
    let is_file = || {
        let holds = |target: &ExportTarget| match target {
            ExportTarget::Value(value) => value
                .as_call()
                .is_some_and(|call| facts.call(call).args.iter().any(|arg| arg.as_str() == Some(name))),
            _ => false,
        };
        let found = facts.exports.iter().any(|e| e.name == "default" && holds(&e.target));
        found.then_some(Imported::Default)
    };
    let what = exported(kit, facts, name).or_else(is_file)?;
    let import = names::import_line(kit, kit.path(file), &what, name)?;
    Some(Named { local: name.to_owned(), import, file })
}

fn is_made(kit: &Kit<'_>, file: FileId, facts: &Facts, binding: &Binding, makers: &[Symbol]) -> bool {
    let Some(name) = binding.names.first() else { return false };
    let path =
        Path { root: Root::Name(name.local.clone()), segments: Vec::new(), span: Span { start: 0, end: 0 } };
    let called = |def: &Def| {
        makers.iter().any(|m| after(m, def).is_some_and(|rest| rest.first().is_some_and(|r| r == "()")))
    };
    if called(&kit.cx.program.resolve_path(file, None, &path)) {
        return true;
    }
    // Generated code is often not in the repository: `new Client()` of a module that cannot be found.
    let mut values = vec![&binding.value];
    while let Some(value) = values.pop() {
        match value.unawaited() {
            Expr::Binary(left, _, right) | Expr::Either(left, right) => values.extend([&**left, &**right]),
            Expr::Call(id) => {
                let callee = &facts.call(*id).callee;
                let Some(import) =
                    facts.imports.iter().find(|i| Some(i.local.as_str()) == callee.root_name())
                else {
                    continue;
                };
                let is = |m: &Symbol| {
                    callee.segments.is_empty()
                        && wild(&m.module, &import.module)
                        && import.imported == Imported::Named(m.name.clone())
                };
                if makers.iter().any(is) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

/// How another file gets a name of the module level.
fn exported(kit: &Kit<'_>, facts: &Facts, local: &str) -> Option<Imported> {
    if kit.is_python() {
        let is_there =
            facts.bindings.iter().any(|b| {
                b.function.is_none() && b.class.is_none() && b.names.iter().any(|n| n.local == local)
            }) || facts.classes.iter().any(|c| c.parent.is_none() && c.name == local);
        return is_there.then(|| Imported::Named(local.to_owned()));
    }
    facts.exports.iter().find_map(|export| {
        let own = match &export.target {
            ExportTarget::Local(name) => name == local,
            ExportTarget::Value(Expr::Path(path)) => path.as_name() == Some(local),
            _ => false,
        };
        own.then(|| match export.name.as_str() {
            "default" => Imported::Default,
            name => Imported::Named(name.to_owned()),
        })
    })
}

/// How many files import it.
fn uses(kit: &Kit<'_>, target: FileId, what: &Imported) -> usize {
    let imports = |file: &&FileId| {
        kit.cx.program.facts(**file).imports.iter().any(|import| {
            let name = match &import.imported {
                Imported::Named(name) => Some(name.as_str()),
                _ => None,
            };
            import.imported == *what
                && kit.cx.program.module(**file, &import.module, name) == Module::File(target)
        })
    };
    kit.files.iter().filter(imports).count()
}
