//! Node and TypeScript module resolution over the workspace's files.
//!
//! `oxc_resolver` knows the rules (tsconfig paths, `exports`, index files); this file shows it the workspace as a file
//! system and takes away two traps met on real monorepos without `node_modules`: packages of the workspace are
//! presented under `node_modules/`, and a tsconfig that names another one that is not there is read without it (otherwise
//! every import of the project fails, relative ones too). An `exports` entry that points into an unbuilt `dist` falls
//! back to the package's source.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use oxc_resolver::{
    FileMetadata, FileSystem, ResolveError, ResolveOptions, ResolverGeneric, TsconfigDiscovery,
};

use super::Module;
use crate::catalog::aliases;
use crate::workspace::{FileId, Workspace};

/// The workspace's root as the resolver sees it.
const ROOT: &str = "/w";

pub(super) struct JavaScript {
    resolver: ResolverGeneric<WorkspaceFs>,
    index: Arc<Index>,
}

/// What the file system answers from.
struct Index {
    workspace: Workspace,
    dirs: BTreeSet<String>,
    /// Name of a workspace package -> its folder.
    packages: BTreeMap<String, String>,
}

impl JavaScript {
    pub(super) fn new(workspace: &Workspace) -> Self {
        let index = Arc::new(Index::new(workspace));
        let text = |items: &[&str]| items.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let options = ResolveOptions {
            tsconfig: Some(TsconfigDiscovery::Auto),
            extensions: text(&[
                ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte",
            ]),
            extension_alias: vec![
                (".js".to_owned(), text(&[".ts", ".tsx", ".js", ".jsx"])),
                (".mjs".to_owned(), text(&[".mts", ".mjs"])),
                (".cjs".to_owned(), text(&[".cts", ".cjs"])),
                (".jsx".to_owned(), text(&[".tsx", ".jsx"])),
            ],
            condition_names: text(&["source", "types", "import", "require", "node", "default"]),
            main_fields: text(&["source", "types", "module", "main"]),
            symlinks: false,
            builtin_modules: false,
            ..ResolveOptions::default()
        };
        let fs = WorkspaceFs { index: Arc::clone(&index) };
        Self { resolver: ResolverGeneric::new_with_file_system(fs, options), index }
    }

    /// See [`super::Program::compiler_option`].
    pub(super) fn compiler_option(&self, from: &str, names: &[&str]) -> Option<serde_json::Value> {
        let fs = WorkspaceFs { index: Arc::clone(&self.index) };
        let mut dirs = Path::new(from).ancestors().skip(1);
        let nearest = dirs.find_map(|dir| {
            let path = Path::new(ROOT).join(dir).join("tsconfig.json");
            self.index.file(&path).map(|_| path)
        })?;
        let mut chain = Vec::new();
        let mut open = vec![nearest];
        let mut seen = BTreeSet::new();
        // Of several that one extends the last one counts.
        while let Some(path) = open.pop() {
            if seen.insert(path.clone()) {
                chain.extend(fs.config_at(&path));
                open.extend(fs.all_extended(&path));
            }
        }
        let set = |name: &&str| {
            let pointer = format!("/compilerOptions/{name}");
            chain.iter().find_map(|config| config.pointer(&pointer)).cloned()
        };
        Some(names.iter().find_map(set).unwrap_or_default())
    }

    pub(super) fn resolve(&self, from: &str, specifier: &str) -> Module {
        let specifier = specifier.split(['?', '#']).next().filter(|s| !s.is_empty()).unwrap_or(specifier);
        let file = PathBuf::from(format!("{ROOT}/{from}"));
        // What only lists typed files says nothing of the others, and bundlers read its paths for those, too.
        let typed = ["js", "jsx", "mjs", "cjs"]
            .iter()
            .any(|end| file.extension().is_some_and(|e| e == *end))
            .then(|| file.with_extension("ts"));
        for file in [Some(file), typed].into_iter().flatten() {
            if let Ok(resolution) = self.resolver.resolve_file(&file, specifier)
                && let Some(id) = self.index.file(resolution.path())
            {
                return Module::File(id);
            }
        }
        if let Some(id) = self.by_convention(from, specifier) {
            return Module::File(id);
        }
        if let Some(id) = self.source_of_package(specifier) {
            return Module::File(id);
        }
        if let Some(package) = named_elsewhere(specifier) {
            return Module::Package(package.to_owned());
        }
        let own = specifier.starts_with(['.', '/', '~'])
            || specifier.starts_with("@/")
            || specifier.starts_with('#');
        if own { Module::Unknown } else { Module::Package(specifier.to_owned()) }
    }

    /// `$lib/db`: a prefix that the framework of the nearest folder with its mark gives a meaning.
    fn by_convention(&self, from: &str, specifier: &str) -> Option<FileId> {
        let workspace = &self.index.workspace;
        aliases().iter().filter_map(|alias| Some((alias, alias.rest(specifier)?))).find_map(
            |(alias, rest)| {
                let root = marked_above(workspace, from, &alias.marks)?;
                alias.folders.iter().find_map(|folder| {
                    let base = format!("{root}{folder}{rest}");
                    ENDINGS.iter().find_map(|end| workspace.find(&format!("{base}{end}")))
                })
            },
        )
    }

    /// `@scope/pkg/sub` of this workspace, whatever its `exports` say of a build that is not there.
    fn source_of_package(&self, specifier: &str) -> Option<FileId> {
        let (name, dir) = self.index.package_of(specifier)?;
        let sub = specifier.get(name.len()..)?.trim_start_matches('/');
        let sub = if sub.is_empty() { "index" } else { sub };
        let bases = [format!("{dir}/src/{sub}"), format!("{dir}/{sub}"), format!("{dir}/lib/{sub}")];
        let workspace = &self.index.workspace;
        bases.iter().find_map(|base| ENDINGS.iter().find_map(|e| workspace.find(&format!("{base}{e}"))))
    }
}

/// What may be left out of an import.
const ENDINGS: &[&str] = &["", ".ts", ".tsx", ".js", ".jsx", ".mjs", "/index.ts", "/index.tsx", "/index.js"];

/// The nearest folder above a path in which one of the files lies, with a slash behind it; empty for the root.
pub(super) fn marked_above<'p>(workspace: &Workspace, path: &'p str, marks: &[String]) -> Option<&'p str> {
    let mut dirs = path.rmatch_indices('/').filter_map(|(end, _)| path.get(..=end)).chain([""]);
    dirs.find(|dir| marks.iter().any(|mark| workspace.find(&format!("{dir}{mark}")).is_some()))
}

/// How a runtime without a manifest names a package in front of its name, with a version behind that.
pub(crate) const REGISTRIES: &[&str] = &[
    "npm:",
    "https://esm.sh/",
    "https://cdn.skypack.dev/",
    "https://cdn.jsdelivr.net/npm/",
    "https://unpkg.com/",
    "https://deno.land/x/",
];

/// `openai` of `npm:openai@6` and of `https://esm.sh/openai@6?target=deno`.
fn named_elsewhere(specifier: &str) -> Option<&str> {
    let rest = REGISTRIES.iter().find_map(|registry| specifier.strip_prefix(registry))?;
    let rest = rest.trim_start_matches('/');
    // The scope's own sign is the first letter.
    let end = rest.char_indices().skip(1).find(|(_, c)| *c == '@').map_or(rest.len(), |(at, _)| at);
    rest.get(..end).filter(|name| !name.is_empty())
}

impl Index {
    fn new(workspace: &Workspace) -> Self {
        let mut dirs = BTreeSet::new();
        let mut packages = BTreeMap::new();
        for (id, entry) in workspace.files() {
            let mut dir = entry.dir();
            while !dir.is_empty() && dirs.insert(dir.to_owned()) {
                dir = dir.rsplit_once('/').map_or("", |(up, _)| up);
            }
            if entry.name() == "package.json"
                && let Ok(text) = workspace.text(id)
                && let Ok(json) = serde_json::from_str::<serde_json::Value>(text.as_str())
                && let Some(name) = json.get("name").and_then(|n| n.as_str())
            {
                packages.entry(name.to_owned()).or_insert_with(|| entry.dir().to_owned());
            }
        }
        Self { workspace: workspace.clone(), dirs, packages }
    }

    /// The package a bare specifier starts with, and its folder.
    fn package_of<'a>(&'a self, specifier: &str) -> Option<(&'a str, &'a str)> {
        let parts = if specifier.starts_with('@') { 2 } else { 1 };
        let name = specifier.splitn(parts + 1, '/').take(parts).collect::<Vec<_>>().join("/");
        self.packages.get_key_value(&name).map(|(n, d)| (n.as_str(), d.as_str()))
    }

    /// The path relative to the workspace that an absolute one means; `node_modules/<package of ours>` is its folder.
    fn relative(&self, path: &Path) -> Option<String> {
        let path = path.strip_prefix(ROOT).ok()?.to_str()?;
        let Some((_, inside)) = path.rsplit_once("node_modules/") else { return Some(path.to_owned()) };
        let (name, dir) = self.package_of(inside)?;
        Some(format!("{dir}{}", inside.get(name.len()..)?).trim_start_matches('/').to_owned())
    }

    fn file(&self, path: &Path) -> Option<FileId> {
        self.workspace.find(&self.relative(path)?)
    }
}

/// Configurations that extend each other in a row; real ones have three or four.
const EXTENDS: usize = 32;

struct WorkspaceFs {
    index: Arc<Index>,
}

fn not_found() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl FileSystem for WorkspaceFs {
    fn new() -> Self {
        Self { index: Arc::new(Index::new(&Workspace::in_memory([]))) }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.read_to_string(path).map(String::into_bytes)
    }

    fn read_to_string(&self, path: &Path) -> io::Result<String> {
        let id = self.index.file(path).ok_or_else(not_found)?;
        let text = self.index.workspace.text(id).map_err(|_| not_found())?;
        let text = text.as_str().trim_start_matches('\u{feff}').to_owned();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.ends_with(".json") && name != "package.json" {
            let base = path.parent().unwrap_or(Path::new(ROOT));
            return Ok(without_missing(&text, |target| {
                self.extended(base, target).is_some_and(|next| self.chain_ends(next))
            }));
        }
        Ok(text)
    }

    fn metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        let relative = self.index.relative(path).ok_or_else(not_found)?;
        if self.index.workspace.find(&relative).is_some() {
            Ok(FileMetadata::new(true, false, false))
        } else if relative.is_empty() || self.index.dirs.contains(&relative) || path.ends_with("node_modules")
        {
            Ok(FileMetadata::new(false, true, false))
        } else {
            Err(not_found())
        }
    }

    fn symlink_metadata(&self, path: &Path) -> io::Result<FileMetadata> {
        self.metadata(path)
    }

    fn read_link(&self, _path: &Path) -> Result<PathBuf, ResolveError> {
        Err(not_found().into())
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }
}

impl WorkspaceFs {
    /// The file that `extends` names.
    fn extended(&self, base: &Path, target: &str) -> Option<PathBuf> {
        let joined = if target.starts_with('.') {
            let mut path = base.to_owned();
            for part in target.split('/') {
                match part {
                    "." | "" => {}
                    ".." => {
                        path.pop();
                    }
                    other => path.push(other),
                }
            }
            path
        } else {
            PathBuf::from(format!("{ROOT}/node_modules/{target}"))
        };
        let with = |end: &str| PathBuf::from(format!("{}{end}", joined.display()));
        ["", ".json", "/tsconfig.json"].map(with).into_iter().find(|path| self.index.file(path).is_some())
    }

    /// Whether following `extends` comes to an end soon: the resolver follows it by calling itself.
    fn chain_ends(&self, path: PathBuf) -> bool {
        let mut level = BTreeSet::from([path]);
        for _ in 0..EXTENDS {
            level = level.iter().flat_map(|path| self.all_extended(path)).collect();
            if level.is_empty() {
                return true;
            }
        }
        false
    }

    fn config_at(&self, path: &Path) -> Option<serde_json::Value> {
        let text = self.index.workspace.text(self.index.file(path)?).ok()?;
        config(text.as_str().trim_start_matches('\u{feff}'))
    }

    /// The files that one extends.
    fn all_extended(&self, path: &Path) -> Vec<PathBuf> {
        let json = self.config_at(path);
        let base = path.parent().unwrap_or(Path::new(ROOT));
        extends(json.as_ref()).iter().filter_map(|target| self.extended(base, target)).collect()
    }
}

/// A tsconfig's JSON, with its comments and commas.
fn config(text: &str) -> Option<serde_json::Value> {
    jsonc_parser::parse_to_serde_value(text, &jsonc_parser::ParseOptions::default()).ok().flatten()
}

/// What a tsconfig extends.
fn extends(json: Option<&serde_json::Value>) -> Vec<&str> {
    match json.and_then(|json| json.get("extends")) {
        Some(serde_json::Value::String(target)) => vec![target],
        Some(serde_json::Value::Array(targets)) => targets.iter().filter_map(|t| t.as_str()).collect(),
        _ => Vec::new(),
    }
}

/// The tsconfig without an `extends` whose target is missing or whose chain does not end, and without missing
/// `references` (to what a framework generates): any target missing fails the whole file otherwise.
fn without_missing(text: &str, exists: impl Fn(&str) -> bool) -> String {
    let Some(serde_json::Value::Object(mut map)) = config(text) else { return text.to_owned() };
    let missing = match map.get("extends") {
        Some(serde_json::Value::String(target)) => !exists(target.as_str()),
        Some(serde_json::Value::Array(targets)) => !targets.iter().all(|t| t.as_str().is_some_and(&exists)),
        _ => false,
    };
    if missing {
        map.remove("extends");
    }
    let mut changed = missing;
    if let Some(serde_json::Value::Array(references)) = map.get_mut("references") {
        let before = references.len();
        references.retain(|r| r.get("path").and_then(serde_json::Value::as_str).is_none_or(&exists));
        changed |= references.len() < before;
    }
    if changed { serde_json::Value::Object(map).to_string() } else { text.to_owned() }
}
