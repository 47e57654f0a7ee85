//! How the app logs an error, learned from its own calls.

use crate::resolve::Module;
use crate::steps::support::{Kit, names};
use crate::syntax::{Expr, Imported};
use crate::template::{Lang, Log, ModuleSystem};

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

/// A logger that modules of the app import: from one of the app's own modules, or (Python) from a package.
fn own_logger(kit: &Kit<'_>) -> Option<Log> {
    let mut best: Option<(usize, Log)> = None;
    let mut seen: Vec<(String, usize, Option<Log>)> = Vec::new();
    for file in kit.files.iter().filter(|f| !kit.is_generated(**f)) {
        for import in &kit.cx.program.facts(*file).imports {
            if !matches!(import.local.as_str(), "logger" | "log") || import.function.is_some() {
                continue;
            }
            let (key, statement) = match kit.cx.program.module(*file, &import.module, Some(&import.local)) {
                Module::File(target) => {
                    let path = kit.path(target).to_owned();
                    (path.clone(), names::import_line(kit, &path, &import.imported, &import.local))
                }
                Module::Package(package)
                    if kit.is_python() && import.imported == Imported::Named("logger".to_owned()) =>
                {
                    (package.clone(), Some(format!("from {package} import logger")))
                }
                _ => continue,
            };
            if let Some(entry) = seen.iter_mut().find(|(k, _, _)| *k == key) {
                entry.1 += 1;
                continue;
            }
            let error = error_call(kit, &import.local);
            let end = if kit.is_python() { "" } else { ";" };
            let info = format!("{}.info({{message}}){end}", import.local);
            let log = statement.map(|import| Log { import: Some(import), setup: None, error, info });
            seen.push((key, 1, log));
        }
    }
    for (_, count, log) in seen {
        if let Some(log) = log
            && best.as_ref().is_none_or(|(n, _)| count > *n)
        {
            best = Some((count, log));
        }
    }
    best.map(|(_, log)| log)
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
