//! Whether an entry holds for a scope of files and manifests, and why.

use rayon::prelude::*;

use super::hits::{Hits, import_forms, in_globs, undeclared_forms};
use super::manifest::Manifest;
use super::{below, version};
use crate::catalog::{
    Catalog, Condition, Dependency, Ecosystem, Entry, ImportPattern, Kind, PICKED, TextPattern, When,
    glob::Globs,
};
use crate::workspace::{FileId, Workspace};

/// What an entry is evaluated against.
pub(super) struct Scope<'a> {
    pub(super) ws: &'a Workspace,
    pub(super) hits: &'a Hits,
    /// Folders, the app's own first.
    pub(super) folders: Vec<String>,
    /// Folders below that do not count.
    pub(super) foreign: Vec<String>,
    /// Manifests that count, the app's own first.
    pub(super) manifests: Vec<&'a Manifest>,
}

/// One condition that holds.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) why: String,
}

/// An entry that is picked.
#[derive(Debug, Clone)]
pub(super) struct Pick<'c> {
    pub(super) entry: &'c Entry,
    pub(super) reasons: Vec<Reason>,
}

impl Scope<'_> {
    /// The path of a file relative to the folder of the scope it lies in; `None` outside.
    fn relative<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.foreign.iter().any(|f| below(f, path)) {
            return None;
        }
        let folder = self.folders.iter().filter(|f| below(f, path)).max_by_key(|f| f.len())?;
        if folder.is_empty() { Some(path) } else { path.strip_prefix(folder.as_str())?.strip_prefix('/') }
    }

    fn dependency(&self, wanted: &Dependency) -> Option<Reason> {
        for name in &wanted.names {
            for manifest in self.manifests.iter().filter(|m| m.ecosystem == wanted.from) {
                let Some(found) = manifest.dependency(name) else { continue };
                // Python's groups are used for anything, so only `package.json` tells development apart.
                let development = found.dev && !wanted.dev && wanted.from == Ecosystem::Npm;
                let (min, below) = (wanted.min.as_deref(), wanted.below.as_deref());
                if !development && version::within(&found.spec, min, below) {
                    let why = format!("{} {}", found.name, found.spec).trim_end().to_owned();
                    return Some(Reason { file: manifest.file.clone(), line: found.line, why });
                }
            }
        }
        None
    }

    /// A package that the code imports and no manifest declares: it comes with another one, or by hand.
    fn undeclared(&self, wanted: &Dependency) -> Option<Reason> {
        undeclared_forms(wanted).into_iter().find_map(|form| {
            self.with_literal(&form).find_map(|(id, _)| {
                let text = self.ws.text(id).ok()?;
                let body = text.as_str();
                let at =
                    body.match_indices(form.as_str()).map(|(at, _)| at).find(|at| is_import(body, *at))?;
                let name = form.trim_matches(['"', '\'']).trim_end_matches('/');
                let name =
                    name.trim_start_matches("from ").trim_start_matches("import ").trim_end_matches(" as");
                let why = format!("`{}`, imported", name.trim().trim_end_matches('.'));
                Some(Reason { file: self.ws.entry(id).path.clone(), line: text.line_of(at), why })
            })
        })
    }

    fn file(&self, globs: &Globs) -> Option<Reason> {
        self.ws.files().find_map(|(_, f)| {
            let relative = self.relative(&f.path)?;
            let hit = globs.match_path(relative);
            let plain = hit && (!f.is_aside() || relative.contains(".config."));
            plain.then(|| Reason { file: f.path.clone(), line: 1, why: relative.to_owned() })
        })
    }

    /// The files of the scope with a literal, by path.
    fn with_literal<'s>(&'s self, literal: &'s str) -> impl Iterator<Item = (FileId, &'s str)> + 's {
        self.hits.files(literal).iter().filter_map(|id| {
            let path = self.ws.entry(*id).path.as_str();
            Some((*id, self.relative(path)?))
        })
    }

    fn text(&self, wanted: &TextPattern) -> Option<Reason> {
        for literal in &wanted.any {
            for (id, relative) in self.with_literal(literal) {
                if !in_globs(&wanted.globs, relative) {
                    continue;
                }
                let Ok(text) = self.ws.text(id) else { continue };
                let body = text.as_str();
                if !sides_hold(body, &wanted.with, &wanted.without) {
                    continue;
                }
                let counts = |at: usize| {
                    let next = body.get(at + literal.len()..).unwrap_or_default();
                    !wanted.unless_next.iter().any(|u| next.starts_with(u.as_str()))
                };
                let mut places =
                    body.match_indices(literal.as_str()).map(|(at, _)| at).filter(|at| counts(*at));
                let Some(first) = places.next() else { continue };
                let others = wanted.any.iter().filter(|l| *l != literal);
                let total =
                    1 + places.count() + others.map(|l| body.matches(l.as_str()).count()).sum::<usize>();
                if total >= wanted.at_least {
                    let line = text.line_of(first);
                    return Some(Reason {
                        file: self.ws.entry(id).path.clone(),
                        line,
                        why: format!("`{literal}`"),
                    });
                }
            }
        }
        None
    }

    fn import(&self, wanted: &ImportPattern) -> Option<Reason> {
        for module in &wanted.modules {
            for form in import_forms(module) {
                for (id, _) in self.with_literal(&form) {
                    let Ok(text) = self.ws.text(id) else { continue };
                    let body = text.as_str();
                    if !sides_hold(body, &wanted.with, &wanted.without) {
                        continue;
                    }
                    let import =
                        body.match_indices(form.as_str()).map(|(at, _)| at).find(|at| is_import(body, *at));
                    if let Some(at) = import {
                        let line = text.line_of(at);
                        let why = format!("`{}`", module.trim_end_matches("/*").trim_end_matches(".*"));
                        return Some(Reason { file: self.ws.entry(id).path.clone(), line, why });
                    }
                }
            }
        }
        None
    }

    fn holds(&self, kind: Kind, condition: &Condition) -> Option<Reason> {
        let found = match &condition.when {
            // What makes an app one of a framework's is declared.
            When::Dependency(d) if kind == Kind::Framework => self.dependency(d),
            When::Dependency(d) => self.dependency(d).or_else(|| self.undeclared(d)),
            When::File(f) => self.file(&f.globs),
            When::Text(t) => self.text(t),
            When::Import(i) => self.import(i),
        }?;
        let why = condition.why.replace("{found}", &found.why).replace("{file}", &found.file);
        Some(Reason { why, ..found })
    }

    /// The entry with its reasons, when enough speaks for it.
    fn pick<'c>(&self, entry: &'c Entry) -> Option<Pick<'c>> {
        let mut score = 0.0;
        let mut reasons = Vec::new();
        for condition in &entry.detect {
            match self.holds(entry.kind, condition) {
                Some(reason) => {
                    score += condition.weight;
                    if condition.weight > 0.0 {
                        reasons.push(reason);
                    }
                }
                None if condition.required => return None,
                None => {}
            }
        }
        // Weights are decimal fractions; their sum may fall short by rounding.
        (score >= PICKED - 1e-9).then_some(Pick { entry, reasons })
    }

    /// Every entry of a kind that holds. `context` are entries of other kinds that were picked before.
    pub(super) fn pick_all<'c>(
        &self,
        catalog: &'c Catalog,
        kind: Kind,
        context: &[Pick<'c>],
    ) -> Vec<Pick<'c>> {
        let entries: Vec<&Entry> = catalog.of(kind).collect();
        let mut picks: Vec<Pick<'c>> = entries.into_par_iter().filter_map(|e| self.pick(e)).collect();
        let implied: Vec<Pick<'c>> = picks
            .iter()
            .flat_map(|p| p.entry.implies.iter().map(|id| (id, &p.reasons)))
            .filter(|(id, _)| !picks.iter().any(|p| p.entry.id == **id))
            .filter_map(|(id, reasons)| Some(Pick { entry: catalog.get(id)?, reasons: reasons.clone() }))
            .collect();
        picks.extend(implied);
        let standing =
            |picks: &[Pick<'c>], id: &String| picks.iter().chain(context).any(|p| p.entry.id == *id);
        let all = picks.clone();
        picks.retain(|p| p.entry.requires.is_empty() || p.entry.requires.iter().any(|id| standing(&all, id)));
        let all = picks.clone();
        picks.retain(|p| !p.entry.excluded_by.iter().any(|id| standing(&all, id)));
        picks.sort_by(|a, b| a.entry.id.cmp(&b.entry.id));
        picks.dedup_by(|a, b| a.entry.id == b.entry.id);
        picks
    }
}

fn sides_hold(body: &str, with: &[String], without: &[String]) -> bool {
    (with.is_empty() || with.iter().any(|w| body.contains(w.as_str())))
        && !without.iter().any(|w| body.contains(w.as_str()))
}

/// Whether the string at `at` stands in an import: its line (or the end of a statement over several) says so.
fn is_import(body: &str, at: usize) -> bool {
    let start = body.get(..at).and_then(|b| b.rfind('\n')).map_or(0, |n| n + 1);
    let line = body.get(start..).and_then(|b| b.lines().next()).unwrap_or_default().trim_start();
    let before = body.get(start..at).unwrap_or_default();
    line.starts_with("import")
        || line.starts_with("from ")
        || before.contains("from ")
        || before.contains("require(")
        || before.contains("import(")
}
