//! Manifests: what a folder depends on, whatever file says so.
//!
//! In: the texts of `package.json`, `pyproject.toml`, `requirements*.txt`, `Pipfile`, `setup.cfg`, `Cargo.toml`. Out: one
//! [`Manifest`] a file, with the line of each dependency for the evidence. A manifest that does not parse yields what
//! can be read of it by lines, never an error: a fingerprint of a broken project is still a fingerprint.

use std::collections::BTreeMap;

use crate::catalog::Ecosystem;
use crate::workspace::{SourceText, Workspace};

/// One dependency.
#[derive(Debug, Clone)]
pub(super) struct Dependency {
    /// Name; for Python in its normal form (lower case, `-`).
    pub(super) name: String,
    /// The version as written, empty when none is.
    pub(super) spec: String,
    /// 1-based line.
    pub(super) line: usize,
    /// For development only.
    pub(super) dev: bool,
}

/// One manifest.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent statement of a manifest")]
#[derive(Debug)]
pub(super) struct Manifest {
    /// Its file.
    pub(super) file: String,
    /// The folder it speaks for.
    pub(super) dir: String,
    pub(super) ecosystem: Ecosystem,
    /// The package's name.
    pub(super) name: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
    /// Scripts by name.
    pub(super) scripts: BTreeMap<String, String>,
    /// It lists the packages of a workspace.
    pub(super) workspace_root: bool,
    /// `packageManager` of package.json.
    pub(super) package_manager: Option<String>,
    /// It offers modules to others.
    pub(super) offers_modules: bool,
    /// It offers a command.
    pub(super) offers_command: bool,
    /// It is published for other projects to install: it leaves dependencies to them and is not private.
    pub(super) published: bool,
    /// Tables of pyproject.toml, dotted, two deep.
    pub(super) tables: Vec<String>,
}

impl Manifest {
    fn new(file: &str, ecosystem: Ecosystem) -> Self {
        let dir = file.rsplit_once('/').map_or("", |(d, _)| d);
        // `requirements/base.txt` speaks for the folder above.
        let dir = match dir.rsplit_once('/') {
            Some((above, "requirements" | "reqs")) => above,
            None if matches!(dir, "requirements" | "reqs") => "",
            _ => dir,
        };
        Self {
            file: file.to_owned(),
            dir: dir.to_owned(),
            ecosystem,
            name: None,
            dependencies: Vec::new(),
            scripts: BTreeMap::new(),
            workspace_root: false,
            package_manager: None,
            offers_modules: false,
            offers_command: false,
            published: false,
            tables: Vec::new(),
        }
    }

    /// The dependency with this name; a trailing `*` stands for any ending.
    pub(super) fn dependency(&self, name: &str) -> Option<&Dependency> {
        self.dependencies.iter().find(|d| match name.strip_suffix('*') {
            Some(start) => d.name.starts_with(start),
            None => d.name == name,
        })
    }
}

/// Every manifest of the repository, sorted by file.
pub(super) fn read_all(ws: &Workspace) -> Vec<Manifest> {
    let mut manifests = Vec::new();
    for (id, entry) in ws.files() {
        let name = entry.name();
        let read: fn(&str, &SourceText) -> Manifest = match name {
            "package.json" => package_json,
            "pyproject.toml" => pyproject,
            "Pipfile" => pipfile,
            "Cargo.toml" => cargo_toml,
            "setup.cfg" | "setup.py" => setup,
            _ if is_requirements(&entry.path) => requirements,
            _ => continue,
        };
        let Ok(text) = ws.text(id) else { continue };
        if name == "setup.py" && !is_setup(text.as_str()) {
            continue;
        }
        manifests.push(read(&entry.path, &text));
    }
    workspaces_of_pnpm(ws, &mut manifests);
    manifests
}

/// `pnpm-workspace.yaml` makes a folder the root of a workspace, and holds versions that manifests refer to by `catalog:`.
fn workspaces_of_pnpm(ws: &Workspace, manifests: &mut [Manifest]) {
    let listings = ws.files().filter(|(_, f)| f.name() == "pnpm-workspace.yaml");
    for (text, dir) in listings.filter_map(|(id, f)| Some((ws.text(id).ok()?, f.dir()))) {
        let versions: BTreeMap<&str, &str> = text
            .as_str()
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(name, spec)| (name.trim_matches(['"', '\'']), spec.trim().trim_matches(['"', '\''])))
            .collect();
        for manifest in manifests.iter_mut().filter(|m| m.ecosystem == Ecosystem::Npm) {
            manifest.workspace_root |= manifest.dir == dir;
            for dependency in manifest.dependencies.iter_mut().filter(|d| d.spec.starts_with("catalog:")) {
                if let Some(spec) = versions.get(dependency.name.as_str()) {
                    dependency.spec = (*spec).to_owned();
                }
            }
        }
    }
}

/// Whether a `setup.py` is what a package is installed with, and not a module that happens to be called so.
pub(crate) fn is_setup(text: &str) -> bool {
    ["setuptools", "distutils", "skbuild"].iter().any(|tool| text.contains(tool)) && text.contains("setup(")
}

fn is_requirements(path: &str) -> bool {
    let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
    let listed = dir.rsplit('/').next().is_some_and(|d| d == "requirements" || d == "reqs");
    let extension = std::path::Path::new(name).extension();
    extension.is_some_and(|e| e == "txt" || e == "in") && (name.starts_with("requirements") || listed)
}

fn line_with(text: &SourceText, needle: &str, from: usize) -> usize {
    let found = text.as_str().get(from..).and_then(|t| t.find(needle));
    found.map_or(1, |at| text.line_of(from + at))
}

fn package_json(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Npm);
    let body = text.as_str().trim_start_matches('\u{feff}');
    let Ok(json) = serde_json::from_str::<serde_json::Value>(body) else { return manifest };
    let string = |key: &str| json.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    manifest.name = string("name");
    manifest.package_manager = string("packageManager");
    manifest.workspace_root = json.get("workspaces").is_some();
    manifest.offers_modules =
        ["exports", "module", "types", "typings", "main"].iter().any(|k| json.get(k).is_some());
    manifest.offers_command = json.get("bin").is_some();
    let private = json.get("private").and_then(serde_json::Value::as_bool) == Some(true);
    manifest.published = !private && json.get("peerDependencies").is_some();
    for (key, dev) in [("dependencies", false), ("devDependencies", true), ("optionalDependencies", false)] {
        // Names come in the order of the text, so each is looked for behind the one before.
        let mut at = text.as_str().find(&format!("\"{key}\"")).unwrap_or(0);
        for (name, spec) in json.get(key).and_then(|v| v.as_object()).into_iter().flatten() {
            let found = text.as_str().get(at..).and_then(|rest| rest.find(&format!("\"{name}\"")));
            at += found.unwrap_or(0);
            manifest.dependencies.push(Dependency {
                line: if found.is_some() { text.line_of(at) } else { 1 },
                name: name.clone(),
                spec: spec.as_str().unwrap_or_default().to_owned(),
                dev,
            });
        }
    }
    for (name, script) in json.get("scripts").and_then(|v| v.as_object()).into_iter().flatten() {
        manifest.scripts.insert(name.clone(), script.as_str().unwrap_or_default().to_owned());
    }
    manifest
}

/// The normal form of a Python package's name.
fn normal(name: &str) -> String {
    name.trim().to_ascii_lowercase().replace(['_', '.'], "-")
}

/// A dependency as pip writes it: `name[extra]>=1,<2; marker`.
fn pip_dependency(written: &str, line: usize, dev: bool) -> Option<Dependency> {
    let written = written.split(['#', ';']).next().unwrap_or_default().trim();
    let end =
        written.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(written.len());
    let (name, spec) = written.split_at_checked(end)?;
    if name.is_empty() {
        return None;
    }
    let spec = spec.trim_start();
    let spec = if spec.starts_with('[') { spec.split_once(']').map_or("", |(_, s)| s) } else { spec };
    Some(Dependency { name: normal(name), spec: spec.trim().to_owned(), line, dev })
}

fn requirements(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Pypi);
    let name = file.rsplit('/').next().unwrap_or(file);
    let dev = ["dev", "test", "lint", "docs", "local", "ci"].iter().any(|word| name.contains(word));
    for (i, line) in text.as_str().trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.starts_with('-') || line.contains("://") {
            let egg = line.split_once("#egg=").map(|(_, e)| e);
            manifest.dependencies.extend(egg.and_then(|e| pip_dependency(e, i + 1, dev)));
        } else {
            manifest.dependencies.extend(pip_dependency(line, i + 1, dev));
        }
    }
    manifest
}

fn pyproject(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Pypi);
    let body = text.as_str().trim_start_matches('\u{feff}');
    let Ok(table) = toml::from_str::<toml::Table>(body) else { return manifest };
    for (key, value) in &table {
        manifest.tables.push(key.clone());
        for below in value.as_table().into_iter().flat_map(toml::Table::keys) {
            manifest.tables.push(format!("{key}.{below}"));
        }
    }
    let lookup = |path: &[&str]| -> Option<toml::Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key)).cloned()
    };
    manifest.name = lookup(&["project", "name"])
        .or_else(|| lookup(&["tool", "poetry", "name"]))
        .and_then(|v| v.as_str().map(str::to_owned));
    manifest.workspace_root = lookup(&["tool", "uv", "workspace"]).is_some();
    manifest.offers_command = lookup(&["project", "scripts"]).is_some();
    let mut add = |written: &str, dev: bool| {
        let short = written.split(['[', '>', '<', '=', '~', '!', ' ', ';']).next().unwrap_or(written);
        let line = line_with(text, short, 0);
        manifest.dependencies.extend(pip_dependency(written, line, dev));
    };
    let strings = |value: Option<toml::Value>| -> Vec<String> {
        let list = value.and_then(|v| v.as_array().cloned()).unwrap_or_default();
        list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    for written in strings(lookup(&["project", "dependencies"])) {
        add(&written, false);
    }
    for (groups, dev) in [
        (lookup(&["project", "optional-dependencies"]), true),
        (lookup(&["dependency-groups"]), true),
        (lookup(&["tool", "pdm", "dev-dependencies"]), true),
    ] {
        for (_, list) in groups.and_then(|g| g.as_table().cloned()).unwrap_or_default() {
            for written in strings(Some(list)) {
                add(&written, dev);
            }
        }
    }
    for written in strings(lookup(&["tool", "uv", "dev-dependencies"])) {
        add(&written, true);
    }
    let mut poetry = vec![
        (lookup(&["tool", "poetry", "dependencies"]), false),
        (lookup(&["tool", "poetry", "dev-dependencies"]), true),
    ];
    let groups = lookup(&["tool", "poetry", "group"]).and_then(|g| g.as_table().cloned()).unwrap_or_default();
    poetry.extend(groups.into_iter().map(|(_, g)| (g.get("dependencies").cloned(), true)));
    for (list, dev) in poetry {
        for (name, spec) in list.and_then(|l| l.as_table().cloned()).unwrap_or_default() {
            let spec = spec.as_str().or_else(|| spec.get("version")?.as_str()).unwrap_or_default();
            add(&format!("{name} {spec}"), dev);
        }
    }
    manifest
}

/// Tables `name = "spec"` or `name = { version = "…" }` under a heading, by line.
fn table_lines<'a>(
    text: &'a SourceText,
    headings: &'a [(&'a str, bool)],
) -> impl Iterator<Item = Dependency> + 'a {
    let mut current: Option<bool> = None;
    text.as_str().lines().enumerate().filter_map(move |(i, line)| {
        let line = line.trim();
        if line.starts_with('[') {
            current = headings.iter().find(|(h, _)| *h == line).map(|(_, dev)| *dev);
            return None;
        }
        let (dev, (name, spec)) = (current?, line.split_once('=')?);
        let spec = spec.split('"').find(|s| s.contains(|c: char| c.is_ascii_digit())).unwrap_or_default();
        let name = name.trim().trim_matches('"').split('.').next().unwrap_or_default();
        Some(Dependency { name: name.to_owned(), spec: spec.to_owned(), line: i + 1, dev })
    })
}

fn pipfile(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Pypi);
    manifest.dependencies = table_lines(text, &[("[packages]", false), ("[dev-packages]", true)])
        .map(|d| Dependency { name: normal(&d.name), ..d })
        .collect();
    manifest
}

fn cargo_toml(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Crates);
    let headings =
        [("[dependencies]", false), ("[dev-dependencies]", true), ("[workspace.dependencies]", false)];
    manifest.dependencies = table_lines(text, &headings).collect();
    manifest.workspace_root = text.as_str().contains("[workspace]");
    if let Ok(table) = toml::from_str::<toml::Table>(text.as_str()) {
        manifest.name = table.get("package").and_then(|p| p.get("name")?.as_str().map(str::to_owned));
        for key in table.keys() {
            manifest.tables.push(key.clone());
        }
    }
    manifest
}

/// `setup.cfg` and `setup.py`: quoted or listed names, read by line because the file is a program.
fn setup(file: &str, text: &SourceText) -> Manifest {
    let mut manifest = Manifest::new(file, Ecosystem::Pypi);
    let mut inside = false;
    for (i, line) in text.as_str().lines().enumerate() {
        let starts = line.trim_start().starts_with("install_requires");
        if starts {
            inside = true;
        }
        if !inside {
            continue;
        }
        let part = if starts { line.split_once('=').map_or("", |(_, r)| r) } else { line };
        for word in part.split(['[', ',', ']']).map(|w| w.trim().trim_matches(['"', '\''])) {
            manifest.dependencies.extend(pip_dependency(word, i + 1, false));
        }
        inside = !(line.contains(']') || (line.trim().is_empty() && !starts));
    }
    manifest
}
