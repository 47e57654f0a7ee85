//! What every search for places shares: the program, the entries that were picked for the app, and how names of the
//! knowledge base are told in code.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};

use super::handlers::{self, Found};
use super::identity::flow::Course;
use super::identity::{self, Handed, Wrapped};
use super::owner::{self, Owned};
use super::payer::Payers;
use super::schema::{self, Model};
pub use crate::catalog::glob::wild;
use crate::catalog::{Callee, Catalog, Entry, Kind, Symbol, Verifier, glob::Globs};
use crate::fingerprint::App;
use crate::ir::Points;
use crate::resolve::{Def, Program};
use crate::syntax::{CallId, Field, FunctionId, Path, Root, Span};
use crate::workspace::{FileId, Workspace};

/// Characters up to which code is repeated as it stands.
const WRITTEN: usize = 60;

/// One app as the searches see it.
pub struct Cx<'a> {
    /// Names across files.
    pub program: &'a Program,
    /// Everything known.
    pub catalog: &'a Catalog,
    /// What was recognised in the app.
    pub app: &'a App,
    /// Code files of the app and of the packages it uses; tests, samples and generated code are not among them. Sorted.
    pub files: Vec<FileId>,
    memo: Memo<'a>,
}

/// The control flow of bodies, of functions and of modules.
type Bodies = BTreeMap<(FileId, Option<FunctionId>), Arc<Points>>;

/// What was asked once. Searches from different places climb through the same functions.
#[derive(Default)]
struct Memo<'a> {
    callees: Known<Def, CallId>,
    callers: Known<Arc<[(FileId, CallId)]>>,
    handed_over: Known<Arc<[(FileId, CallId, usize)]>>,
    handlers: Known<Option<Found<'a>>>,
    verifiers: Known<Option<(&'a Entry, &'a Verifier)>>,
    wrapped: Known<Arc<[Wrapped]>>,
    handed: Mutex<BTreeMap<String, Option<Arc<Handed>>>>,
    courses: Known<Course>,
    points: Mutex<Bodies>,
    spans: Mutex<BTreeMap<FileId, Arc<BTreeMap<Span, CallId>>>>,
    said: Mutex<BTreeMap<String, bool>>,
    lacking: Mutex<BTreeMap<String, Option<Arc<str>>>>,
    owned: OnceLock<Vec<Owned>>,
    added: OnceLock<Vec<(FileId, Field)>>,
    payers: OnceLock<Payers>,
    models: OnceLock<Vec<Model>>,
}

/// Answers by function, or by call. Two threads may find the same answer; no lock is held meanwhile.
struct Known<T, K = FunctionId>(Mutex<BTreeMap<(FileId, K), T>>);

impl<T, K> Default for Known<T, K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone, K: Ord> Known<T, K> {
    fn get(&self, key: (FileId, K), find: impl FnOnce() -> T) -> T {
        if let Some(known) = self.0.lock().ok().and_then(|k| k.get(&key).cloned()) {
            return known;
        }
        let found = find();
        if let Ok(mut known) = self.0.lock() {
            known.insert(key, found.clone());
        }
        found
    }
}

/// What is made once. Not under the cell's lock: a thread that waits for its share of the work may pick up work that needs
/// the same thing.
fn once<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    if let Some(known) = cell.get() {
        return known;
    }
    let made = make();
    cell.get_or_init(|| made)
}

impl<'a> Cx<'a> {
    /// The view of one app.
    pub fn new(program: &'a Program, catalog: &'a Catalog, app: &'a App) -> Self {
        let files = program
            .workspace()
            .files()
            .filter(|(_, e)| e.is_code() && app.owns(&e.path) && !is_aside(e))
            .map(|(id, _)| id)
            .collect();
        Self { program, catalog, app, files, memo: Memo::default() }
    }

    /// Whether a file is one of [`Cx::files`].
    pub fn holds(&self, file: FileId) -> bool {
        self.files.binary_search(&file).is_ok()
    }

    /// Whether the calls of a file are neither a user's spend nor a user's sign-up.
    pub fn is_aside(&self, file: FileId) -> bool {
        is_aside(self.workspace().entry(file))
    }

    /// Calls of a function from files that are not aside.
    pub fn callers(&self, file: FileId, function: FunctionId) -> Arc<[(FileId, CallId)]> {
        let find = || {
            let mut callers = self.program.callers_in_app(file, function);
            callers.retain(|(at, _)| !self.is_aside(*at));
            callers.into()
        };
        self.memo.callers.get((file, function), find)
    }

    /// Calls that take a function as an argument, from files that are not aside. One that does nothing but hand its own
    /// parameters on, `(req, res) => drafts.create(req, res)`, is as good as what it calls.
    pub fn handed_over(&self, file: FileId, function: FunctionId) -> Arc<[(FileId, CallId, usize)]> {
        let find = || {
            let mut takers = self.program.handed_over_in_app(file, function);
            let callers = self.callers(file, function);
            takers.extend(callers.iter().filter_map(|(at, call)| {
                let facts = self.program.facts(*at);
                let (taker, position) = facts.hands_on(*call)?;
                Some((*at, taker, position))
            }));
            takers.retain(|(at, ..)| !self.is_aside(*at));
            takers.into()
        };
        self.memo.handed_over.get((file, function), find)
    }

    /// What kind of handler a function is, `None` when it is none.
    pub fn handler(&self, file: FileId, function: FunctionId) -> Option<Found<'a>> {
        self.memo.handlers.get((file, function), || handlers::find_handler(self, file, function))
    }

    /// Whether a function reaches a token check, and by which entry's knowledge.
    pub fn verifier(&self, file: FileId, function: FunctionId) -> Option<(&'a Entry, &'a Verifier)> {
        self.memo.verifiers.get((file, function), || identity::find_verifier(self, file, function))
    }

    /// What wrappers of the app say of the signed-in user to a handler.
    pub(super) fn wrapped(
        &self,
        (file, function): (FileId, FunctionId),
        find: impl FnOnce() -> Arc<[Wrapped]>,
    ) -> Arc<[Wrapped]> {
        self.memo.wrapped.get((file, function), find)
    }

    /// The user in what a wrapper of the app hands to every handler in the same way.
    pub(super) fn handed_over_by(
        &self,
        wrapper: String,
        find: impl FnOnce() -> Option<Arc<Handed>>,
    ) -> Option<Arc<Handed>> {
        if let Some(known) = self.memo.handed.lock().ok().and_then(|k| k.get(&wrapper).cloned()) {
            return known;
        }
        let found = find();
        if let Ok(mut known) = self.memo.handed.lock() {
            known.insert(wrapper, found.clone());
        }
        found
    }

    /// What the names of a handler hold all through it.
    pub(super) fn course(&self, at: (FileId, FunctionId), find: impl FnOnce() -> Course) -> Course {
        self.memo.courses.get(at, find)
    }

    /// The control flow of a function, when somebody has asked for it before.
    pub(super) fn known_points(&self, file: FileId, function: Option<FunctionId>) -> Option<Arc<Points>> {
        self.memo.points.lock().ok()?.get(&(file, function)).cloned()
    }

    /// Keeps the control flow of a function.
    pub(super) fn keep_points(&self, file: FileId, function: Option<FunctionId>, made: &Arc<Points>) {
        if let Ok(mut known) = self.memo.points.lock() {
            known.insert((file, function), Arc::clone(made));
        }
    }

    /// The calls of a file by where they stand.
    pub(super) fn calls_by_span(&self, file: FileId) -> Arc<BTreeMap<Span, CallId>> {
        if let Some(known) = self.memo.spans.lock().ok().and_then(|k| k.get(&file).cloned()) {
            return known;
        }
        let facts = self.program.facts(file);
        let spans: BTreeMap<Span, CallId> = facts.call_ids().map(|id| (facts.call(id).span, id)).collect();
        let spans = Arc::new(spans);
        if let Ok(mut known) = self.memo.spans.lock() {
            known.insert(file, Arc::clone(&spans));
        }
        spans
    }

    /// Every record type of the app.
    pub(super) fn models(&self) -> &[Model] {
        once(&self.memo.models, || schema::declared(self.program, self.catalog, self.app)).as_slice()
    }

    /// Every property that the app adds to types of others.
    pub(super) fn added(&self) -> &[(FileId, Field)] {
        once(&self.memo.added, || identity::all_added(self)).as_slice()
    }

    /// Who could pay, and who does.
    pub fn payers(&self) -> &Payers {
        once(&self.memo.payers, || Payers::find(self))
    }

    /// The record types that belong to whoever pays.
    pub fn owned(&self) -> &[Owned] {
        once(&self.memo.owned, || owner::owned(self)).as_slice()
    }

    /// Why an entry's sessions do not hold the user's id, by the entry's id.
    pub(super) fn lacking(&self, entry: &str, find: impl FnOnce() -> Option<Arc<str>>) -> Option<Arc<str>> {
        if let Some(known) = self.memo.lacking.lock().ok().and_then(|k| k.get(entry).cloned()) {
            return known;
        }
        let found = find();
        if let Ok(mut known) = self.memo.lacking.lock() {
            known.insert(entry.to_owned(), found.clone());
        }
        found
    }

    /// Whether some code file of the app holds this text.
    pub fn says(&self, text: &str) -> bool {
        if let Some(said) = self.memo.said.lock().ok().and_then(|k| k.get(text).copied()) {
            return said;
        }
        let holds = |id: &FileId| self.workspace().text(*id).is_ok_and(|t| t.as_str().contains(text));
        let said = self.files.iter().any(holds);
        if let Ok(mut known) = self.memo.said.lock() {
            known.insert(text.to_owned(), said);
        }
        said
    }

    /// The files.
    pub fn workspace(&self) -> &'a Workspace {
        self.program.workspace()
    }

    /// The path of a file relative to the repository.
    pub fn path(&self, file: FileId) -> &'a str {
        &self.program.workspace().entry(file).path
    }

    /// The path relative to the app, `None` for files outside of its folder.
    pub fn path_in_app(&self, file: FileId) -> Option<&'a str> {
        let path = self.path(file);
        if self.app.dir().is_empty() {
            Some(path)
        } else {
            path.strip_prefix(self.app.dir())?.strip_prefix('/')
        }
    }

    /// The picked entries of a kind.
    pub fn entries(&self, kind: Kind) -> impl Iterator<Item = &'a Entry> + '_ {
        self.catalog.of(kind).filter(|e| self.app.entries.contains(&e.id))
    }

    /// Whether a file matches one of an entry's globs.
    pub fn matches(&self, file: FileId, globs: &Globs) -> bool {
        self.path_in_app(file).is_some_and(|path| globs.match_path(path))
    }

    /// What a path stands for.
    pub fn def(&self, file: FileId, function: Option<FunctionId>, path: &Path) -> Def {
        self.program.resolve_path(file, function, path)
    }

    /// What a call calls.
    pub fn callee(&self, file: FileId, call: CallId) -> Def {
        self.memo.callees.get((file, call), || {
            let call = self.program.facts(file).call(call);
            self.def(file, call.function, &call.callee)
        })
    }

    /// 1-based line of an offset.
    pub fn line(&self, file: FileId, offset: u32) -> usize {
        self.workspace().text(file).map_or(1, |t| t.line_of(offset as usize))
    }

    /// The text of a range of a file.
    pub fn slice(&self, file: FileId, span: Span) -> String {
        self.workspace().text(file).map_or_else(|_| String::new(), |t| t.slice(span.range()).to_owned())
    }

    /// A path as it is written, where that says more than its names: `Lesson(topic).explain`.
    pub fn written(&self, file: FileId, path: &Path) -> String {
        if !matches!(path.root, Root::Call(_)) {
            return path.dotted();
        }
        let text = self.slice(file, path.span);
        let short = text.chars().count() <= WRITTEN && !text.contains('\n') && !text.is_empty();
        if short { text.replace(['!', '?'], "") } else { path.dotted() }
    }
}

/// Files whose calls are neither a user's spend nor a user's sign-up: what is no evidence about the app, and what fills a
/// database beforehand.
fn is_aside(entry: &crate::workspace::FileEntry) -> bool {
    let (dir, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    let stem = name.split('.').next().unwrap_or(name);
    let filling =
        |word: &str| matches!(word, "seed" | "seeds" | "seeder" | "seeders" | "migrations" | "versions");
    entry.is_aside() || filling(stem) || dir.split('/').any(filling)
}

/// Members that remain of an outside definition after a symbol: `[]` when it is the symbol itself.
pub fn after<'d>(symbol: &Symbol, def: &'d Def) -> Option<&'d [String]> {
    let Def::Outside(module, members) = def else { return None };
    after_name(&symbol.module, &symbol.name, module, members)
}

/// Whether a definition is what a callee of the knowledge base means.
pub fn is_callee(callee: &Callee, def: &Def) -> bool {
    let Def::Outside(module, members) = def else { return false };
    let Some(rest) = after_name(&callee.module, &callee.name, module, members) else { return false };
    match &callee.made {
        None => rest.is_empty(),
        Some(made) => {
            rest.split_first().is_some_and(|(first, rest)| first == "()" && rest.iter().eq(made.split('.')))
        }
    }
}

fn after_name<'d>(module: &str, name: &str, in_module: &str, members: &'d [String]) -> Option<&'d [String]> {
    if name == "*" && wild(module, in_module) {
        return Some(members.get(1..).unwrap_or_default());
    }
    let wanted: Vec<&str> = name.split('.').collect();
    if wild(module, in_module)
        && members.len() >= wanted.len()
        && wanted.iter().zip(members).all(|(w, m)| w == m)
    {
        return Some(&members[wanted.len()..]);
    }
    // Python: `from jose import jwt` + `jwt.decode` is `jose.jwt` + `decode`.
    let inner = module.strip_prefix(in_module)?.strip_prefix('.')?;
    let wanted: Vec<&str> = inner.split('.').chain(name.split('.')).collect();
    (members.len() >= wanted.len() && wanted.iter().zip(members).all(|(w, m)| w == m || *w == "*"))
        .then(|| &members[wanted.len()..])
}

/// Whether an identifier-like word stands in a text at a place, on its own.
pub fn word_at(text: &str, at: usize, word: &str) -> bool {
    let bytes = text.as_bytes();
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
    text.get(at..).is_some_and(|t| t.starts_with(word))
        && (at == 0 || !is_word(bytes[at - 1]))
        && bytes.get(at + word.len()).is_none_or(|b| !is_word(*b))
}

/// Where `base.member.path` is written in a text, with whatever `?` and `!` the code has: the text as written, optional
/// chaining made plain except where the path itself says that a part may be missing (`address?.email`).
pub fn written_member(text: &str, base: &str, member: &str) -> Option<String> {
    for (at, _) in text.match_indices(base) {
        if !word_at(text, at, base.split(['.', '(']).next().unwrap_or(base))
            || (at > 0 && text.as_bytes()[at - 1] == b'.')
        {
            continue;
        }
        let mut end = at + base.len();
        let mut written = base.replace('?', "");
        let mut complete = true;
        for part in member.split('.') {
            let rest = text.get(end..).unwrap_or_default();
            let marks = rest.len() - rest.trim_start_matches(['?', '!']).len();
            let Some(tail) = rest.get(marks..).and_then(|r| r.strip_prefix('.')) else {
                complete = false;
                break;
            };
            if !word_at(text, end + marks + 1, part) {
                complete = false;
                break;
            }
            let _ = tail;
            if rest.get(..marks).is_some_and(|marks| marks.contains('!')) {
                written.push('!');
            }
            written.push('.');
            written.push_str(part);
            end += marks + 1 + part.len();
        }
        if complete {
            return Some(written);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::written_member;

    #[test]
    fn what_may_be_missing_stays_optional() {
        for (text, member, expected) in [
            ("a(user?.address?.email)", "address?.email", Some("user.address?.email")),
            ("a(user.address?.email)", "address?.email", Some("user.address?.email")),
            ("a(user?.id)", "id", Some("user.id")),
            ("a(user!.id)", "id", Some("user!.id")),
            ("a(user.address)", "address?.email", None),
        ] {
            assert_eq!(written_member(text, "user", member).as_deref(), expected, "{text}");
        }
    }
}
