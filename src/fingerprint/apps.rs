//! Which folders are deployable apps, and what each is made of.
//!
//! A folder with a manifest is a unit. A unit is an app when an entry of `frameworks/` holds for its own files, unless
//! other units import it as a library or it is a sample, a test or documentation. The code of an app is its folder and
//! those of the workspace packages it depends on, directly or not.

use std::collections::{BTreeMap, BTreeSet};

use super::evaluate::{Pick, Scope};
use super::hits::Hits;
use super::manifest::Manifest;
use super::{App, Env, Evidence, below, commands, env, env_files};
use crate::catalog::{AppLanguage, Catalog, Ecosystem, HandlerShape, Kind, Side, deployed};
use crate::workspace::{Language, Workspace, is_no_app};

/// Every app, sorted by root.
pub(super) fn find(ws: &Workspace, catalog: &Catalog, manifests: &[Manifest], hits: &Hits) -> Vec<App> {
    let units = Units::of(ws, manifests);
    let mut found: Vec<(&str, Vec<Pick<'_>>)> = Vec::new();
    for dir in units.dirs.iter().filter(|d| !is_no_app(d)) {
        let scope = Scope {
            ws,
            hits,
            folders: vec![dir.clone()],
            foreign: units.dirs.iter().filter(|d| *d != dir && below(dir, d)).cloned().collect(),
            manifests: units.manifests_for(dir, &[]),
        };
        let mut frameworks = scope.pick_all(catalog, Kind::Framework, &[]);
        frameworks.retain(|pick| !is_within(pick));
        if !frameworks.is_empty() && !units.is_library(dir) {
            found.push((dir, frameworks));
        }
    }
    let dirs: Vec<&str> = found.iter().map(|(d, _)| *d).collect();
    let served = found.iter().any(|(_, picks)| !browser_only(picks));
    let deployed = deployed_folders(ws);
    found
        .iter()
        .map(|(dir, frameworks)| {
            let used = units.used_by(dir);
            let mut foreign = units.foreign(dir, &dirs, &used);
            foreign.extend(deployed.iter().filter(|d| below(dir, d)).cloned());
            let mut folders = vec![(*dir).to_owned()];
            folders.extend(
                used.iter().filter(|u| !below(dir, u) || foreign.iter().any(|f| below(f, u))).cloned(),
            );
            let scope = Scope { ws, hits, manifests: units.manifests_for(dir, &used), folders, foreign };
            let behind = found.iter().any(|(other, picks)| other != dir && is_server(picks));
            assemble(&scope, catalog, dir, frameworks, (served, behind))
        })
        .collect()
}

/// What the whole repository is made of, for the code that belongs to no app.
pub(super) fn elsewhere(ws: &Workspace, catalog: &Catalog, manifests: &[Manifest], hits: &Hits) -> App {
    let folders = vec![String::new()];
    let manifests = manifests.iter().collect();
    let scope = Scope { ws, hits, folders: folders.clone(), foreign: Vec::new(), manifests };
    let kinds = [Kind::Framework, Kind::Auth, Kind::Provider];
    let mut picks: Vec<Pick<'_>> = Vec::new();
    for kind in kinds {
        let more = scope.pick_all(catalog, kind, &picks);
        picks.extend(more);
    }
    let entries: BTreeSet<String> = picks.iter().map(|pick| pick.entry.id.clone()).collect();
    App { root: ".".to_owned(), entries: entries.into_iter().collect(), folders, ..App::default() }
}

/// Folders of functions that are deployed on their own.
fn deployed_folders(ws: &Workspace) -> Vec<String> {
    let folder = |path: &str| deployed().iter().find_map(|kind| Some(kind.unit(path)?.0.to_owned()));
    let found: BTreeSet<String> = ws.files().filter_map(|(_, file)| folder(&file.path)).collect();
    found.into_iter().collect()
}

/// Whether a framework makes an app of nothing: it answers in the server of another one.
fn is_within(pick: &Pick<'_>) -> bool {
    pick.entry.framework.as_ref().is_some_and(|f| f.side == Side::Within)
}

fn browser_only(frameworks: &[Pick<'_>]) -> bool {
    let sides = frameworks.iter().filter_map(|p| p.entry.framework.as_ref()).map(|f| f.side);
    sides.into_iter().all(|s| !s.serves())
}

fn is_server(frameworks: &[Pick<'_>]) -> bool {
    frameworks.iter().filter_map(|p| p.entry.framework.as_ref()).any(|f| f.side == Side::Server)
}

/// Whether an app leaves serving to another one: it runs in the browser only, or its framework can serve and nothing of
/// it does.
fn is_client(scope: &Scope<'_>, frameworks: &[Pick<'_>]) -> bool {
    let dir = scope.folders.first().map_or("", String::as_str);
    let own = |path: &'_ str| -> Option<String> {
        let inside = below(dir, path) && !scope.foreign.iter().any(|f| below(f, path));
        inside.then(|| path.get(dir.len()..).unwrap_or_default().trim_start_matches('/').to_owned())
    };
    frameworks.iter().filter_map(|p| p.entry.framework.as_ref()).all(|framework| match framework.side {
        Side::Client | Side::Within => true,
        Side::Server => false,
        Side::Both => !framework.handlers.iter().any(|handler| match &handler.shape {
            HandlerShape::FileExport { files, exports, .. } => {
                let pages = exports.iter().all(|e| e == "default");
                !pages && scope.ws.files().any(|(_, f)| own(&f.path).is_some_and(|p| files.match_path(&p)))
            }
            HandlerShape::Directive { text } => scope.ws.files().any(|(id, f)| {
                own(&f.path).is_some()
                    && f.language.is_some_and(Language::is_code)
                    && scope.ws.text(id).is_ok_and(|t| t.as_str().contains(text.as_str()))
            }),
            // Other shapes are told by what stands in the code: taken as serving.
            _ => matches!(handler.shape, HandlerShape::Wrapped { .. } | HandlerShape::RouteCall { .. }),
        }),
    })
}

/// `served`: some app of the repository answers requests; `behind`: another one is a server and nothing else.
fn assemble(
    scope: &Scope<'_>,
    catalog: &Catalog,
    dir: &str,
    frameworks: &[Pick<'_>],
    (served, behind): (bool, bool),
) -> App {
    let mut picks: Vec<Pick<'_>> = frameworks.to_vec();
    // The packages of the workspace that an app uses count, too.
    picks.extend(scope.pick_all(catalog, Kind::Framework, &[]).into_iter().filter(is_within));
    let mut evidence = Vec::new();
    let mut values = |field: &'static str, found: &[Pick<'_>]| -> Vec<String> {
        for pick in found {
            evidence.extend(pick.reasons.iter().map(|r| Evidence {
                field,
                value: pick.entry.value().to_owned(),
                file: r.file.clone(),
                line: r.line,
                why: r.why.clone(),
            }));
        }
        let distinct: BTreeSet<String> = found.iter().map(|p| p.entry.value().to_owned()).collect();
        distinct.into_iter().collect()
    };
    let framework_values = values("frameworks", frameworks);
    let mut kind = |kind: Kind, field: &'static str| {
        let found = scope.pick_all(catalog, kind, &picks);
        let names = values(field, &found);
        picks.extend(found);
        names
    };
    let auth = kind(Kind::Auth, "auth");
    let orm = kind(Kind::Orm, "orm");
    let providers = kind(Kind::Provider, "providers");
    picks.extend(scope.pick_all(catalog, Kind::Worker, &picks));
    picks.extend(scope.pick_all(catalog, Kind::Host, &picks));
    let one = |kind: Kind, rank: &dyn Fn(&Pick<'_>) -> u32| {
        scope.pick_all(catalog, kind, &picks).into_iter().rev().max_by_key(|p| rank(p))
    };
    let ui = one(Kind::Ui, &|p| p.entry.ui.as_ref().map_or(0, |u| u.rank));
    // A browser bundle holds no secret: beside a server app, its way to read settings is not the repository's.
    let client = behind && is_client(scope, frameworks);
    let style = if served && browser_only(frameworks) {
        None
    } else {
        one(Kind::Env, &|p| p.entry.env.as_ref().map_or(0, |e| e.rank))
    };
    let ui_value = ui.as_ref().and_then(|p| values("ui", std::slice::from_ref(p)).pop());
    let style_value = style.as_ref().and_then(|p| values("env", std::slice::from_ref(p)).pop());
    let (languages, reasons) = languages(scope, frameworks);
    let site = style.as_ref().and_then(|p| env::site(scope, p.entry, &providers));
    let files = env_files::find(scope, dir);
    picks.extend(ui);
    picks.extend(style);
    let commands = commands::find(scope, catalog, dir, &languages);
    evidence.extend(reasons);
    evidence.extend(commands.evidence);
    let mut entries: Vec<String> = picks.iter().map(|p| p.entry.id.clone()).chain(commands.entry).collect();
    entries.sort();
    entries.dedup();
    App {
        root: if dir.is_empty() { ".".to_owned() } else { dir.to_owned() },
        name: name(scope, dir),
        languages,
        // Packages for billing are added where the server is.
        package_manager: commands.manager.filter(|_| !client),
        frameworks: framework_values,
        auth,
        orm,
        ui: ui_value,
        env: Env { style: style_value, files, site, local: None },
        providers,
        tests: commands.tests,
        typecheck: commands.typecheck,
        evidence,
        entries,
        folders: scope.folders.clone(),
        foreign: scope.foreign.clone(),
        payer: crate::answers::PayerAnswer::default(),
    }
}

fn name(scope: &Scope<'_>, dir: &str) -> String {
    let own = scope.manifests.iter().filter(|m| m.dir == dir).find_map(|m| m.name.clone());
    let folder = if dir.is_empty() { scope.ws.root().file_name().unwrap_or("app") } else { dir };
    own.unwrap_or_else(|| folder.rsplit('/').next().unwrap_or(folder).to_owned())
}

/// The languages of the app's own code, among those its frameworks are written for.
fn languages(scope: &Scope<'_>, frameworks: &[Pick<'_>]) -> (Vec<AppLanguage>, Vec<Evidence>) {
    let possible: BTreeSet<AppLanguage> =
        frameworks.iter().flat_map(|p| p.entry.languages.iter().copied()).collect();
    let mut counts: BTreeMap<AppLanguage, (usize, &str)> = BTreeMap::new();
    let own = scope.folders.first().map_or("", String::as_str);
    for (_, file) in scope.ws.files() {
        let language = match file.language {
            Some(Language::TypeScript | Language::Tsx) => AppLanguage::Typescript,
            Some(Language::JavaScript) => AppLanguage::Javascript,
            Some(Language::Python) => AppLanguage::Python,
            Some(Language::Rust) => AppLanguage::Rust,
            _ => continue,
        };
        let outside = !below(own, &file.path) || scope.foreign.iter().any(|f| below(f, &file.path));
        if possible.contains(&language) && !outside && !file.is_aside() && !file.path.contains("/public/") {
            counts.entry(language).or_insert((0, file.path.as_str())).0 += 1;
        }
    }
    let total: usize = counts.values().map(|(n, _)| n).sum();
    counts.retain(|_, (n, _)| *n * 3 >= total);
    let reason = |(language, (count, first)): (&AppLanguage, &(usize, &str))| Evidence {
        field: "languages",
        value: language.as_str().to_owned(),
        file: (*first).to_owned(),
        line: 1,
        why: format!("the first of {count} files"),
    };
    (counts.keys().copied().collect(), counts.iter().map(reason).collect())
}

/// The folders with manifests.
struct Units<'a> {
    dirs: Vec<String>,
    manifests: &'a [Manifest],
}

impl<'a> Units<'a> {
    fn of(ws: &Workspace, manifests: &'a [Manifest]) -> Self {
        let mut dirs: BTreeSet<String> = manifests.iter().map(|m| m.dir.clone()).collect();
        if dirs.is_empty()
            || ws.files().any(|(_, f)| f.dir().is_empty() && f.language.is_some_and(Language::is_code))
        {
            dirs.insert(String::new());
        }
        Self { dirs: dirs.into_iter().collect(), manifests }
    }

    fn own(&self, dir: &str) -> impl Iterator<Item = &'a Manifest> {
        let dir = dir.to_owned();
        self.manifests.iter().filter(move |m| m.dir == dir)
    }

    /// Manifests that speak for a unit: its own, those of the packages it uses, and those above from which it inherits:
    /// the root of its workspace, or, without one of its own, the nearest.
    fn manifests_for(&self, dir: &str, used: &[String]) -> Vec<&'a Manifest> {
        let mut all: Vec<&Manifest> = self.own(dir).collect();
        for package in used {
            all.extend(self.own(package));
        }
        for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi, Ecosystem::Crates] {
            let has_own = self.own(dir).any(|m| m.ecosystem == ecosystem);
            for above in ancestors(dir) {
                let theirs = self.own(above).filter(|m| m.ecosystem == ecosystem);
                all.extend(theirs.filter(|m| !has_own || m.workspace_root));
            }
        }
        all
    }

    /// The units a unit depends on by name, directly or not.
    fn used_by(&self, dir: &str) -> Vec<String> {
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut queue = vec![dir.to_owned()];
        while let Some(current) = queue.pop() {
            for manifest in self.own(&current) {
                for dependency in &manifest.dependencies {
                    let of_same = |m: &&Manifest| m.ecosystem == manifest.ecosystem && m.dir != dir;
                    let target = self.manifests.iter().filter(of_same).find(|m| {
                        m.name
                            .as_deref()
                            .is_some_and(|n| n == dependency.name || n.replace('_', "-") == dependency.name)
                    });
                    if let Some(target) = target
                        && used.insert(target.dir.clone())
                    {
                        queue.push(target.dir.clone());
                    }
                }
            }
        }
        used.into_iter().collect()
    }

    /// Folders inside an app's own that are not its code: other apps, and units of the workspace it does not use.
    fn foreign(&self, dir: &str, apps: &[&str], used: &[String]) -> Vec<String> {
        let workspace = self.own(dir).any(|m| m.workspace_root);
        let is_foreign = |d: &str| {
            let app = apps.contains(&d);
            let unused = (workspace || is_no_app(d)) && !used.iter().any(|u| u == d);
            d != dir && below(dir, d) && (app || unused)
        };
        self.dirs.iter().filter(|d| is_foreign(d)).cloned().collect()
    }

    /// Whether others import it: it offers modules, is a dependency of another unit, and nothing starts it;
    /// or it is made for other projects to install.
    fn is_library(&self, dir: &str) -> bool {
        self.own(dir).any(|m| {
            let starts = m.scripts.keys().any(|k| k == "start" || k == "preview" || k == "deploy");
            let imported = m.name.as_ref().is_some_and(|name| {
                let others = self.manifests.iter().filter(|o| o.dir != dir && o.ecosystem == m.ecosystem);
                others.flat_map(|o| &o.dependencies).any(|d| d.name == *name)
            });
            let tool = m.offers_command && m.offers_modules;
            m.ecosystem == Ecosystem::Npm && (m.published || !starts && (imported || tool))
        })
    }
}

/// The folders above, nearest first, the root last.
pub(super) fn ancestors(dir: &str) -> impl Iterator<Item = &str> {
    std::iter::successors((!dir.is_empty()).then_some(dir), |d| d.rsplit_once('/').map(|(above, _)| above))
        .skip(1)
        .chain((!dir.is_empty()).then_some(""))
}
