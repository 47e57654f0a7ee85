//! Where an app declares its settings, by the declarations of its env style.
//!
//! Candidates are the files of the app that a declaration's globs or literals choose; they are parsed and their facts
//! matched against the declaration. Among several places the one that holds the key of a provider of the app wins, then the
//! one with the most settings, the app's own folder before its packages.

use super::EnvSite;
use super::below;
use super::evaluate::Scope;
use crate::catalog::{Declaration, DeclarationShape, Entry, Symbol};
use crate::syntax::{Call, Class, Expr, Facts, Imported, Span, facts};
use crate::workspace::{FileId, Language, SourceText};
use rayon::prelude::*;

/// What outweighs every number of settings.
const HOLDS_KEY: usize = 10_000;

/// The declaration of an app whose style is `entry`.
pub(super) fn site(scope: &Scope<'_>, entry: &Entry, providers: &[String]) -> Option<EnvSite> {
    let style = entry.env.as_ref()?;
    style.declarations.iter().find_map(|declaration| {
        let mut best: Option<(usize, EnvSite)> = None;
        let read = |id: FileId| {
            let file = scope.ws.entry(id);
            let (language, text) = (file.language?, scope.ws.text(id).ok()?);
            let module = facts(language, text.as_str());
            Some((file, places(&module, declaration, &text, language), text))
        };
        let found = candidates(scope, entry, declaration).into_par_iter().filter_map(read);
        for (file, places, text) in found.collect::<Vec<_>>() {
            for place in places {
                let own = scope.folders.first().is_none_or(|f| below(f, &file.path));
                let declared = text.slice(place.span.range());
                if !declaration.is_for(declared) {
                    continue;
                }
                let key = if holds_key(declared, providers) { HOLDS_KEY } else { 0 };
                let weight = key + place.settings * 2 + usize::from(own);
                if best.as_ref().is_none_or(|(w, _)| weight > *w) {
                    let line = text.line_of(place.span.start as usize);
                    let end_line = text.line_of((place.span.end as usize).saturating_sub(1));
                    let site = EnvSite {
                        file: file.path.clone(),
                        line,
                        symbol: place.symbol,
                        end_line,
                        span: place.span,
                    };
                    best = Some((weight, site));
                }
            }
        }
        best.map(|(_, site)| site)
    })
}

/// Whether settings hold the key of one of these providers: `OPENAI_API_KEY`, `openai_api_key`.
fn holds_key(declared: &str, providers: &[String]) -> bool {
    let names = declared.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let secrets =
        names.map(str::to_ascii_lowercase).filter(|n| ["key", "token"].iter().any(|end| n.ends_with(end)));
    secrets.into_iter().any(|name| providers.iter().any(|p| name.starts_with(&p.replace('-', "_"))))
}

fn candidates(scope: &Scope<'_>, entry: &Entry, declaration: &Declaration) -> Vec<FileId> {
    let within = |path: &str| {
        scope.folders.iter().any(|f| below(f, path)) && !scope.foreign.iter().any(|f| below(f, path))
    };
    let relative = |path: &str| -> Option<String> {
        let folder = scope.folders.iter().filter(|f| below(f, path)).max_by_key(|f| f.len())?;
        Some(if folder.is_empty() { path.to_owned() } else { path.get(folder.len() + 1..)?.to_owned() })
    };
    let named = scope
        .ws
        .files()
        .filter(|(_, f)| f.is_code() && within(&f.path))
        .filter(|(_, f)| !f.is_aside() || f.name().contains(".config."))
        .filter(|(_, f)| {
            declaration.files.is_empty()
                || relative(&f.path).is_some_and(|r| declaration.files.match_path(&r))
        })
        .map(|(id, _)| id);
    let chosen = |text: &SourceText| entry.literals.iter().any(|l| text.as_str().contains(l.as_str()));
    let holds = |id: &FileId| entry.literals.is_empty() || scope.ws.text(*id).is_ok_and(|t| chosen(&t));
    named.collect::<Vec<_>>().into_par_iter().filter(holds).collect()
}

/// A declaration found in a module.
struct Place {
    span: Span,
    symbol: Option<String>,
    /// How many settings it holds.
    settings: usize,
}

fn places(module: &Facts, declaration: &Declaration, text: &SourceText, language: Language) -> Vec<Place> {
    match &declaration.shape {
        DeclarationShape::Call { symbols, globals, key, argument } => module
            .calls
            .iter()
            .filter(|call| calls(module, call, symbols, globals))
            .map(|call| {
                let options = call.args.get(*argument);
                let keyed = if key.is_empty() { options } else { options.and_then(|o| o.property(key)) };
                let settings = keyed.map_or(0, |o| if let Expr::Object(pairs) = o { pairs.len() } else { 1 });
                let binding = module.bindings.iter().find(|b| b.statement.contains(call.span));
                let symbol = binding.and_then(|b| Some(b.names.first()?.local.clone()));
                let symbol = symbol.or_else(|| call.callee.last().map(str::to_owned));
                Place { span: binding.map_or(call.statement, |b| b.statement), symbol, settings }
            })
            .collect(),
        DeclarationShape::Class { bases } => {
            let derived =
                |class: &Class| class.bases.iter().any(|b| names_symbol(module, &b.dotted(), bases));
            module.classes.iter().filter(|c| derived(c)).map(|c| of_class(c, c.fields.len())).collect()
        }
        DeclarationShape::ReadingClass { reads } => module
            .classes
            .iter()
            .map(|c| of_class(c, count(text.slice(c.span.range()), reads)))
            .filter(|p| p.settings > 0)
            .collect(),
        DeclarationShape::ReadingObject { reads } => module
            .bindings
            .iter()
            .filter(|b| b.function.is_none())
            .map(|b| Place {
                span: b.statement,
                symbol: b.names.first().map(|n| n.local.clone()),
                settings: count(text.slice(b.statement.range()), reads),
            })
            .filter(|p| p.settings > 1)
            .chain(exported_object(module, text, reads))
            .collect(),
        DeclarationShape::ReadingStatement { reads } => {
            let constant =
                |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let statements: Vec<_> = module
                .bindings
                .iter()
                .filter(|b| language == Language::Python && b.function.is_none() && b.class.is_none())
                .filter(|b| count(text.slice(b.statement.range()), reads) > 0)
                .filter(|b| b.names.first().is_some_and(|n| constant(&n.local)))
                .collect();
            let settings = statements.len();
            // The last one is where the next belongs.
            let last = statements.last();
            last.map(|b| Place {
                span: b.statement,
                symbol: b.names.first().map(|n| n.local.clone()),
                settings,
            })
            .into_iter()
            .collect()
        }
    }
}

fn of_class(class: &Class, settings: usize) -> Place {
    Place { span: class.span, symbol: Some(class.name.clone()), settings }
}

/// `module.exports = { … }` or `export default { … }` that reads the environment.
fn exported_object(module: &Facts, text: &SourceText, reads: &[String]) -> Option<Place> {
    let assigned = module.assigns.iter().map(|a| (a.target.dotted(), a.statement));
    let exported = module.exports.iter().map(|e| (e.name.clone(), e.span));
    let of = |(name, span): (String, Span)| Place {
        settings: count(text.slice(span.range()), reads),
        span,
        symbol: Some(name),
    };
    assigned.chain(exported).map(of).filter(|p| p.settings > 1).max_by_key(|p| p.settings)
}

fn count(text: &str, reads: &[String]) -> usize {
    reads.iter().map(|r| text.matches(r.as_str()).count()).sum()
}

fn calls(module: &Facts, call: &Call, symbols: &[Symbol], globals: &[String]) -> bool {
    let callee = call.callee.dotted();
    globals.contains(&callee) || names_symbol(module, &callee, symbols)
}

/// Whether a dotted path of this module names one of the symbols, through the module's imports.
fn names_symbol(module: &Facts, dotted: &str, symbols: &[Symbol]) -> bool {
    let (root, rest) = dotted.split_once('.').unwrap_or((dotted, ""));
    module.imports.iter().filter(|i| i.local == root).any(|import| {
        symbols.iter().filter(|s| s.module == import.module).any(|symbol| {
            let (export, members) = symbol.name.split_once('.').unwrap_or((&symbol.name, ""));
            match &import.imported {
                Imported::Named(name) => name == export && members == rest,
                Imported::Default => export == "default" && members == rest,
                Imported::Namespace => symbol.name == rest || (export == "default" && members == rest),
                Imported::All => false,
            }
        })
    })
}
