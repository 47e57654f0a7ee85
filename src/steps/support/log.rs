//! How the app logs an error, learned from its own calls.

use crate::resolve::{Def, Module};
use crate::steps::support::{Kit, names};
use crate::syntax::{Expr, Function, Import, Imported, Param, Path, Root};
use crate::template::{Lang, Log, ModuleSystem};
use crate::workspace::FileId;

/// The app's logger, or what the language offers.
pub(super) fn context(kit: &Kit<'_>) -> Log {
    own_logger(kit).unwrap_or_else(|| match kit.lang {
        Lang::Python => Log {
            import: Some("import logging".to_owned()),
            setup: Some("logger = logging.getLogger(__name__)".to_owned()),
            error: "logger.exception({message})".to_owned(),
            info: "logger.info({message})".to_owned(),
        },
        _ => Log {
            import: None,
            setup: None,
            error: "console.error({message}, {error});".to_owned(),
            info: "console.info({message});".to_owned(),
        },
    })
}

/// Methods of which a logger has all or none.
const LEVELS: &[&str] = &["debug", "info", "warn", "warning", "error", "exception", "critical", "log"];

/// A logger of the app, as one of its files imports it.
struct Candidate<'a> {
    file: FileId,
    import: &'a Import,
    /// What the imported name stands for.
    def: Def,
    /// How many files import it.
    uses: usize,
}

/// The logger that most modules of the app import: from one of the app's own modules, or (Python) from a package.
///
/// A name alone proves nothing, `log` may be a function that sends messages. What is taken is an object of which the code
/// shows that it has the method, in a module that the generated ones can import.
fn own_logger(kit: &Kit<'_>) -> Option<Log> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        let facts = kit.cx.program.facts(*file);
        let named = |i: &&Import| matches!(i.local.as_str(), "logger" | "log") && i.function.is_none();
        for import in facts.imports.iter().filter(named) {
            let def = kit.cx.program.name(*file, None, &import.local, import.span.start);
            match candidates.iter_mut().find(|c| c.def == def && c.import.local == import.local) {
                Some(known) => known.uses += 1,
                None => candidates.push(Candidate { file: *file, import, def, uses: 1 }),
            }
        }
    }
    // Of those used alike, the first one in the order of the files.
    candidates.sort_by_key(|c| std::cmp::Reverse(c.uses));
    candidates.iter().filter(|c| has_method(kit, c)).find_map(|c| {
        let import = Some(import_of(kit, c)?);
        let error = error_call(kit, &c.import.local);
        let end = if kit.is_python() { "" } else { ";" };
        let info = format!("{}.info({{message}}){end}", c.import.local);
        Some(Log { import, setup: None, error, info })
    })
}

/// The line that brings a logger into a generated module; `None` where it cannot be brought.
fn import_of(kit: &Kit<'_>, candidate: &Candidate<'_>) -> Option<String> {
    let import = candidate.import;
    match kit.cx.program.module(candidate.file, &import.module, Some(&import.local)) {
        Module::File(target) => {
            let path = kit.path(target);
            let own = names::package_of(kit, kit.dir_or_root());
            if names::package_of(kit, path) == own {
                return names::import_line(kit, path, &import.imported, &import.local)
                    .filter(|_| !kit.is_python() || is_importable(kit, candidate.file, path));
            }
            // Another package of the workspace is imported by its name, as the app does.
            let by_name = !import.module.starts_with('.') && !kit.is_python();
            let beside = by_name && names::package_of(kit, kit.path(candidate.file)) == own;
            let named = import.imported == Imported::Named(import.local.clone());
            let line = || format!("import {{ {} }} from \"{}\";", import.local, import.module);
            (beside && named && !is_commonjs(kit)).then(line)
        }
        Module::Package(package)
            if kit.is_python() && import.imported == Imported::Named("logger".to_owned()) =>
        {
            Some(format!("from {package} import logger"))
        }
        _ => None,
    }
}

/// Whether a Python module can be named in an import, and belongs to the package that the generated modules stand in: some
/// file of that package imports it.
fn is_importable(kit: &Kit<'_>, importer: FileId, path: &str) -> bool {
    let top = |path: &str| {
        let inside = path.strip_prefix(kit.cx.app.dir()).unwrap_or(path).trim_start_matches('/');
        inside.split_once('/').map_or("", |(top, _)| top).to_owned()
    };
    let is_name = |part: &str| {
        let mut letters = part.chars();
        letters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
            && letters.all(|c| c == '_' || c.is_alphanumeric())
    };
    let ours = top(&format!("{}/x", kit.dir_or_root()));
    let same = ours == top(kit.path(importer)) || ours == top(path) || top(path).is_empty();
    same && path.trim_end_matches(".py").split('/').all(is_name)
}

/// Whether the code shows that what is imported has the method that logs an error, and that it takes what it is given.
fn has_method(kit: &Kit<'_>, candidate: &Candidate<'_>) -> bool {
    let method = if kit.is_python() { "exception" } else { "error" };
    let path = Path {
        root: Root::Name(candidate.import.local.clone()),
        segments: vec![method.to_owned()],
        span: candidate.import.span,
    };
    match kit.cx.program.resolve_path(candidate.file, None, &path) {
        Def::Function(at, id) => takes_an_error(kit, kit.cx.program.facts(at).function(id)),
        // A package made it: that it is a logger is shown by the app's use of it.
        Def::Outside(..) => is_called(kit, candidate, LEVELS),
        Def::Value(.., rest) if !rest.is_empty() => is_called(kit, candidate, &[method]),
        _ => false,
    }
}

/// A method of the app's own that can be called as `error("message", error)`, and whose failure cannot go unseen.
fn takes_an_error(kit: &Kit<'_>, method: &Function) -> bool {
    let params = &method.params;
    if kit.is_python() {
        return !method.is_async && params.len() > usize::from(method.class.is_some());
    }
    let takes = |position: usize, kinds: &[&str]| {
        let is_rest = |p: &Param| matches!(p.names.as_slice(), [one] if one.path == ["..."]);
        match params.get(position).or_else(|| params.last().filter(|p| is_rest(p))) {
            Some(param) if is_rest(param) => {
                let kind = param.annotation_text.as_deref().unwrap_or("any[]");
                matches!(kind, "any[]" | "unknown[]" | "Array<any>" | "Array<unknown>")
            }
            Some(param) => {
                let kind = param.annotation_text.as_deref().unwrap_or("any");
                param.name().is_some() && kind.split('|').any(|kind| kinds.contains(&kind.trim()))
            }
            None => false,
        }
    };
    !method.is_async && takes(0, &["string", "any", "unknown"]) && takes(1, &["any", "unknown"])
}

/// Whether a file of the app calls one of these methods on it.
fn is_called(kit: &Kit<'_>, candidate: &Candidate<'_>, methods: &[&str]) -> bool {
    let local = candidate.import.local.as_str();
    kit.files.iter().filter(|f| !kit.is_generated(**f)).any(|file| {
        let facts = kit.cx.program.facts(*file);
        let mut calls = facts.calls.iter().filter(|c| {
            c.callee.root_name() == Some(local)
                && matches!(c.callee.segments.as_slice(), [one] if methods.contains(&one.as_str()))
        });
        calls.any(|c| kit.cx.program.name(*file, c.function, local, c.span.start) == candidate.def)
    })
}

/// `logger.error({ err }, "message")` where the app's own calls give the object first, else the message first.
fn error_call(kit: &Kit<'_>, logger: &str) -> String {
    if kit.is_python() {
        return format!("{logger}.exception({{message}})");
    }
    let calls = kit.files.iter().filter(|f| !kit.is_generated(**f)).flat_map(|file| {
        let facts = std::sync::Arc::clone(kit.cx.program.facts(*file));
        let own = facts.calls.iter().filter(|c| c.callee.root_name() == Some(logger));
        own.filter(|c| c.args.len() > 1).map(|c| c.args[0].clone()).collect::<Vec<_>>()
    });
    let firsts: Vec<Expr> = calls.collect();
    let object_first = firsts.iter().find_map(|first| match first {
        Expr::Object(pairs) => pairs.iter().map(|(key, _)| key).find(|k| k.starts_with("err")).cloned(),
        _ => None,
    });
    match object_first {
        Some(key) if key == "error" => format!("{logger}.error({{ error }}, {{message}});"),
        Some(key) => format!("{logger}.error({{ {key}: {{error}} }}, {{message}});"),
        None => format!("{logger}.error({{message}}, {{error}});"),
    }
}

/// Whether modules are brought in with `require`.
pub(super) fn is_commonjs(kit: &Kit<'_>) -> bool {
    kit.lang == Lang::JavaScript && kit.module == ModuleSystem::Cjs
}

#[cfg(test)]
mod tests;
