//! Routers that no app mounts: what is left of a route that was written anew, say. No request reaches them.
//!
//! Only a router that serves nothing by itself can be dead, and only when its file is imported nowhere and the file does
//! not hand it to anything. An app that finds its routers by their folder has none that could be told dead.

use super::cx::{Cx, after};
use super::handlers::Reached;
use crate::catalog::{Framework, HandlerShape};
use crate::resolve::{Def, Module};
use crate::syntax::{Call, ExportTarget, Expr, Facts, FunctionId, Path};
use crate::workspace::{FileId, Language};

/// Why no request reaches a handler, when none does.
pub(super) fn why_not(cx: &Cx<'_>, reached: &Reached<'_>) -> Option<String> {
    let framework = reached.found.framework.framework.as_ref()?;
    let (file, function, router) = router(cx, reached)?;
    let Def::Value(at, index, members) = cx.program.origin(file, function, &router) else { return None };
    let binding = cx.program.binding(at, index)?;
    let name = binding.names.iter().find(|n| n.path.is_empty()).filter(|_| members.is_empty())?.local.clone();
    let made = cx.callee(at, binding.value.as_call()?);
    let is_part = framework.parts.iter().any(|s| after(s, &made).is_some_and(<[String]>::is_empty));
    if framework.serves_default && is_default(cx.program.facts(at), &name) {
        return None;
    }
    if !is_part || is_handed_on(cx.program.facts(at), &name) || is_found(cx, framework) || is_imported(cx, at)
    {
        return None;
    }
    let line = cx.line(at, binding.statement.start);
    Some(format!("no request reaches it: nothing mounts the router `{name}` ({}:{line})", cx.path(at)))
}

/// The router that a handler is registered on, where that is written.
fn router(cx: &Cx<'_>, reached: &Reached<'_>) -> Option<(FileId, Option<FunctionId>, Path)> {
    let without_method = |path: &Path| {
        let mut router = path.clone();
        router.segments.pop().map(|_| router)
    };
    if let Some((file, call)) = reached.found.route {
        let call = cx.program.facts(file).call(call);
        return Some((file, call.function, without_method(&call.callee)?));
    }
    let HandlerShape::RouterDecorator { methods, .. } = &reached.found.handler.shape else { return None };
    let function = cx.program.facts(reached.file).function(reached.function);
    let decorator =
        function.decorators.iter().find(|d| d.path.segments.last().is_some_and(|m| methods.contains(m)))?;
    Some((reached.file, function.parent, without_method(&decorator.path)?))
}

/// Whether a router goes anywhere in its own file: into a call (`app.use(router)`), another value, or out of a function.
fn is_handed_on(facts: &Facts, name: &str) -> bool {
    let calls = facts.calls.iter().any(|c: &Call| {
        let mounts = c.callee.root_name() == Some(name) && c.callee.segments.iter().any(|m| m == "routes");
        mounts || c.args.iter().chain(c.keywords.iter().map(|(_, v)| v)).any(|value| holds(value, name))
    });
    calls
        || facts.bindings.iter().any(|b| holds(&b.value, name))
        || facts
            .assigns
            .iter()
            .any(|a| !matches!(a.target.root_name(), Some("module" | "exports")) && holds(&a.value, name))
        || facts.returns.iter().any(|(_, value)| holds(value, name))
}

/// Whether a router is what its file exports by default.
fn is_default(facts: &Facts, name: &str) -> bool {
    facts.exports.iter().any(|export| match &export.target {
        ExportTarget::Local(local) => export.name == "default" && local == name,
        ExportTarget::Value(value) => export.name == "default" && holds(value, name),
        ExportTarget::From { .. } | ExportTarget::All { .. } => false,
    })
}

/// Whether a name stands in a value.
fn holds(value: &Expr, name: &str) -> bool {
    match value.unawaited() {
        Expr::Path(path) => path.root_name() == Some(name),
        Expr::List(items) => items.iter().any(|item| holds(item, name)),
        Expr::Object(pairs) => pairs.iter().any(|(_, item)| holds(item, name)),
        Expr::Binary(left, _, right) | Expr::Either(left, right) => holds(left, name) || holds(right, name),
        _ => false,
    }
}

fn is_found(cx: &Cx<'_>, framework: &Framework) -> bool {
    framework.finds_parts.iter().any(|text| cx.says(text))
}

/// Whether some file brings this one in.
fn is_imported(cx: &Cx<'_>, file: FileId) -> bool {
    let path = cx.path(file);
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // What a manifest names is a door of its package.
    let manifest = |name: &str| {
        matches!(name, "package.json" | "pyproject.toml" | "setup.py" | "setup.cfg" | "Procfile")
    };
    let mut manifests = cx.workspace().files().filter(|(_, e)| manifest(e.name()));
    if manifests.any(|(id, _)| cx.workspace().text(id).is_ok_and(|t| t.as_str().contains(name))) {
        return true;
    }
    let stem = name.split('.').next().unwrap_or(name);
    // `routes/index.js` and `routers/__init__.py` are brought in by the name of their folder.
    let word =
        if matches!(stem, "index" | "__init__") { folder.rsplit('/').next().unwrap_or(stem) } else { stem };
    // The index knows words; a name with other signs in it is searched by its first one.
    let word = word.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).max_by_key(|w| w.len());
    let Some(word) = word.filter(|w| w.len() > 1) else { return true };
    let python = cx.workspace().entry(file).language == Some(Language::Python);
    let is_it = |from: FileId, module: &str, name: Option<&str>| matches!(cx.program.module(from, module, name), Module::File(to) if to == file);
    let says = |text: &str| python || in_a_specifier(text, word);
    cx.program.files_where(word, says).into_iter().filter(|from| *from != file).any(|from| {
        let facts = cx.program.facts(from);
        let imported = facts.imports.iter().any(|i| {
            let name = match &i.imported {
                crate::syntax::Imported::Named(name) => Some(name.as_str()),
                _ => None,
            };
            is_it(from, &i.module, name)
        });
        let exported = facts.exports.iter().any(|e| match &e.target {
            ExportTarget::From { module, .. } | ExportTarget::All { module } => is_it(from, module, None),
            ExportTarget::Local(_) | ExportTarget::Value(_) => false,
        });
        // `require("./routes/images")` in the middle of an expression.
        let required = |c: &Call| {
            let called = matches!(c.callee.as_name(), Some("require" | "import"));
            called && c.args.first().and_then(Expr::as_str).is_some_and(|module| is_it(from, module, None))
        };
        imported || exported || facts.calls.iter().any(required)
    })
}

/// Whether a word may stand in a quoted path of an ECMAScript module: after a quote or a separator.
fn in_a_specifier(text: &str, word: &str) -> bool {
    let before = |at: usize| text.get(..at).unwrap_or_default();
    text.match_indices(word).any(|(at, _)| before(at).ends_with(['/', '"', '\'', '`', '-', '.', '@', '~']))
}
