//! The walk: which files belong to the project.
//!
//! `.gitignore` rules count even outside a checkout. Hidden files are seen (`.env.example`), `.git` is not. Vendored,
//! generated-by-name, minified and very large files are left out and reported, never silently.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Mutex;

use camino::Utf8Path;
use ignore::{WalkBuilder, WalkState};

use super::{Language, MAX_FILE_BYTES};

/// Folders nobody integrates, even when a project forgets to ignore them.
const NEVER_ENTERED: &[&str] = &[
    ".git",
    "node_modules",
    ".credyt",
    "__pycache__",
    ".venv",
    "venv",
    ".next",
    ".nuxt",
    ".svelte-kit",
    ".turbo",
    "site-packages",
    "bower_components",
    ".yarn",
    ".pnpm-store",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
];

/// Marks of files that a tool writes, in their names.
const GENERATED: &[&str] = &[".generated.", ".gen.", "_pb2.py", "_pb2_grpc.py", "_pb.js", "_pb.ts", ".pb.ts"];

/// Files up to this size are not looked into for how long their lines are.
const SMALL: u64 = 16 * 1024;
/// How much of a file tells how long its lines are.
const HEAD: u64 = 64 * 1024;
/// Mean length of a line in code that nobody wrote by hand; long texts in code do not come near it.
const LONG: u64 = 1000;

/// Lines of the usual length that a file made by a tool does not have: more than a licence at its head.
const WRITTEN: usize = 30;

/// A file left out of the analysis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Relative to the root.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// Over [`MAX_FILE_BYTES`].
    TooLarge,
    /// Minified by its name (`*.min.js`), or by the length of its lines.
    Minified,
    /// Written by a tool, by its name (`*.generated.ts`).
    Generated,
}

impl SkipReason {
    /// In a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "over 1 MiB",
            Self::Minified => "minified",
            Self::Generated => "generated",
        }
    }
}

/// What a walk found, sorted by path.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<(String, u64)>,
    pub(super) skipped: Vec<Skipped>,
}

pub(super) fn walk(root: &Utf8Path) -> Found {
    let found = Mutex::new(Found::default());
    let builder = |path: &Utf8Path| {
        let mut b = WalkBuilder::new(path);
        b.hidden(false).require_git(false).git_global(false).follow_links(false);
        b.filter_entry(|e| {
            let name = e.file_name().to_string_lossy();
            !(e.file_type().is_some_and(|t| t.is_dir()) && NEVER_ENTERED.contains(&name.as_ref()))
        });
        b.threads(std::thread::available_parallelism().map_or(2, usize::from).min(4));
        b
    };
    builder(root).build_parallel().run(|| {
        Box::new(|entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            if !entry.file_type().is_some_and(|t| t.is_file()) {
                return WalkState::Continue;
            }
            let Some(path) = entry.path().strip_prefix(root).ok().and_then(|p| p.to_str()) else {
                return WalkState::Continue;
            };
            let size = entry.metadata().map_or(0, |m| m.len());
            let dense = || is_dense(entry.path(), size);
            record(&found, path.replace('\\', "/"), size, dense);
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_default();
    add_ignored_manifests(root, &mut found);
    add_ignored_env_files(root, &mut found);
    found.files.sort();
    found.files.dedup();
    found.skipped.sort();
    found
}

fn record(found: &Mutex<Found>, path: String, size: u64, dense: impl Fn() -> bool) {
    let name = path.rsplit('/').next().unwrap_or(&path);
    let language = Language::of(&path);
    // Whatever is no code is only looked at where an entry names it.
    let code = language.is_some_and(Language::is_code);
    let reason = if code && name.contains(".min.") {
        Some(SkipReason::Minified)
    } else if code && GENERATED.iter().any(|mark| name.contains(mark)) {
        Some(SkipReason::Generated)
    } else if size > MAX_FILE_BYTES && language.is_some() && !is_lock_file(name) {
        Some(SkipReason::TooLarge)
    } else if code && size > SMALL && dense() {
        Some(SkipReason::Minified)
    } else {
        None
    };
    // A poisoned lock means a panic elsewhere, which will be reported there.
    if let Ok(mut found) = found.lock() {
        match reason {
            Some(reason) => found.skipped.push(Skipped { path, reason }),
            None => found.files.push((path, size)),
        }
    }
}

/// Whether lines are so long, on average, that nobody wrote them. A file with many lines of the usual length was written by
/// somebody, a picture in one line of it or not.
fn is_dense(path: &std::path::Path, size: u64) -> bool {
    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let lines = head.split(|byte| *byte == b'\n').count() as u64;
    if read.is_err() || size.min(HEAD) / lines <= LONG {
        return false;
    }
    let Ok(all) = std::fs::read(path) else { return true };
    // However long a comment is, it is no code.
    let code: Vec<&[u8]> =
        all.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !is_comment(line)).collect();
    let size: usize = code.iter().map(|line| line.len() + 1).sum();
    let usual = |line: &&&[u8]| !line.is_empty() && (line.len() as u64) < LONG;
    size as u64 / (code.len() as u64).max(1) > LONG && code.iter().filter(usual).count() < WRITTEN
}

/// Whether a line holds a comment and nothing else, in any of the languages.
fn is_comment(line: &[u8]) -> bool {
    let closes = |line: &[u8]| line.windows(2).position(|two| two == b"*/").map(|at| at + 2);
    line.starts_with(b"//")
        || line.starts_with(b"#")
        || (line.starts_with(b"/*") && closes(line) == Some(line.len()))
}

/// Lock files are never read, only their presence counts, so their size does not.
fn is_lock_file(name: &str) -> bool {
    name.contains("lock")
}

/// Names of what says which packages an app has.
const MANIFESTS: &[&str] = &["package.json", "pyproject.toml", "requirements.txt"];

/// A manifest beside code is the app's whatever its `.gitignore` says: `*.txt` there keeps no tracked file out.
fn add_ignored_manifests(root: &Utf8Path, found: &mut Found) {
    let is_code = |path: &str| Language::of(path).is_some_and(Language::is_code);
    let mut dirs: BTreeSet<&str> = BTreeSet::from([""]);
    for (path, _) in found.files.iter().filter(|(path, _)| is_code(path)) {
        let mut dir = path.as_str();
        while let Some((above, _)) = dir.rsplit_once('/') {
            dir = above;
            if !dirs.insert(dir) {
                break;
            }
        }
    }
    let known: BTreeSet<&str> = found.files.iter().map(|(path, _)| path.as_str()).collect();
    let join =
        |dir: &str, name: &&str| if dir.is_empty() { (*name).to_owned() } else { format!("{dir}/{name}") };
    let all = dirs.iter().flat_map(|dir| MANIFESTS.iter().map(move |name| join(dir, name)));
    let about = |path: String| {
        let found = root.join(&path).symlink_metadata().ok()?;
        Some((path, found.len())).filter(|(_, size)| found.is_file() && *size <= MAX_FILE_BYTES)
    };
    let more: Vec<(String, u64)> =
        all.filter(|path| !known.contains(path.as_str())).filter_map(about).collect();
    found.files.extend(more);
}

/// `.env` and its siblings are usually ignored by git, yet it matters that they exist: a real key may only go there.
fn add_ignored_env_files(root: &Utf8Path, found: &mut Found) {
    let mut dirs: Vec<String> = vec![String::new()];
    dirs.extend(found.files.iter().filter_map(|(path, _)| {
        let (dir, name) = path.rsplit_once('/')?;
        matches!(name, "package.json" | "pyproject.toml" | "requirements.txt" | "Cargo.toml" | "manage.py")
            .then(|| dir.to_owned())
    }));
    for dir in dirs {
        let Ok(entries) = root.join(&dir).read_dir_utf8() else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.starts_with(".env") && entry.file_type().is_ok_and(|t| t.is_file()) {
                let path = if dir.is_empty() { name.to_owned() } else { format!("{dir}/{name}") };
                let size = entry.metadata().map_or(0, |m| m.len());
                if !found.files.iter().any(|(p, _)| *p == path) {
                    found.files.push((path, size));
                }
            }
        }
    }
}
