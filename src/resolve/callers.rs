//! Who calls a function, found on demand.
//!
//! A caller must spell the function's name (or import its module's default under another), so only files that contain
//! the name are looked into, and each candidate call is confirmed by resolving its callee.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::program::{Def, Program};
use crate::syntax::{CallId, Expr, FunctionId, Imported};
use crate::workspace::{FileEntry, FileId, Language};

impl Program {
    /// Calls of a function of the app, in file order. A function handed over as a value (`router.post("/x", handler)`)
    /// is not a call: see [`Program::handed_over`].
    pub fn callers(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId)> {
        self.callers_among(file, function, |_| true)
    }

    /// The same among some files only: what is left out is not even parsed.
    pub fn callers_among(
        &self,
        file: FileId,
        function: FunctionId,
        keep: impl Fn(FileId) -> bool,
    ) -> Vec<(FileId, CallId)> {
        let target = Def::Function(file, function);
        let name = self.facts(file).function(function).name.clone();
        let names = self.names_elsewhere(file, &name);
        self.candidates(file, &names, keep)
            .into_par_iter()
            .flat_map_iter(|candidate| {
                let facts = self.facts(candidate);
                let known = self.locally_known(candidate, &names);
                let ids = facts.call_ids().filter(|id| {
                    let call = facts.call(*id);
                    call.callee.last().is_some_and(|l| known.contains(l))
                        && self.resolve_path(candidate, call.function, &call.callee) == target
                });
                ids.map(move |id| (candidate, id)).collect::<Vec<_>>()
            })
            .collect()
    }

    /// Calls that take the function as an argument, with the argument's position: `(file, call, position)`.
    pub fn handed_over(&self, file: FileId, function: FunctionId) -> Vec<(FileId, CallId, usize)> {
        self.handed_over_among(file, function, |_| true)
    }

    /// The same among some files only: what is left out is not even parsed.
    pub fn handed_over_among(
        &self,
        file: FileId,
        function: FunctionId,
        keep: impl Fn(FileId) -> bool,
    ) -> Vec<(FileId, CallId, usize)> {
        let target = Def::Function(file, function);
        let name = self.facts(file).function(function).name.clone();
        let names = self.names_elsewhere(file, &name);
        let mut found: Vec<_> = self
            .candidates(file, &names, keep)
            .into_par_iter()
            .flat_map_iter(|candidate| {
                let facts = self.facts(candidate);
                let known = self.locally_known(candidate, &names);
                let mut hits = Vec::new();
                for id in facts.call_ids() {
                    let call = facts.call(id);
                    // `Thread(target=work)`: keywords count on after the arguments.
                    let keywords = call.keywords.iter().map(|(_, value)| value);
                    for (position, arg) in call.args.iter().chain(keywords).enumerate() {
                        let Expr::Path(path) = arg else { continue };
                        if path.last().is_some_and(|l| known.contains(l))
                            && self.resolve_path(candidate, call.function, path) == target
                        {
                            hits.push((candidate, id, position));
                        }
                    }
                }
                hits
            })
            .collect();
        let f = self.facts(file).function(function);
        if let Some((call, position)) = f.argument_of {
            found.push((file, call, position));
        }
        found
    }

    /// The names in a file that may stand for one of the exported names: themselves, and what imports call them.
    fn locally_known(&self, file: FileId, names: &[String]) -> BTreeSet<String> {
        let imports = self.facts(file).imports.iter().filter(|i| match &i.imported {
            Imported::Named(name) => names.contains(name),
            Imported::Default => names.iter().any(|n| n == "default"),
            Imported::Namespace | Imported::All => false,
        });
        names.iter().cloned().chain(imports.map(|i| i.local.clone())).collect()
    }

    /// Names under which other modules may know the function: its own and those it is exported as.
    fn names_elsewhere(&self, file: FileId, name: &str) -> Vec<String> {
        let mut names = vec![name.to_owned()];
        for export in &self.facts(file).exports {
            if let crate::syntax::ExportTarget::Local(local) = &export.target
                && local == name
                && export.name != name
            {
                names.push(export.name.clone());
            }
        }
        names.retain(|n| !n.is_empty());
        names
    }

    /// Files that may speak of a function of `file` by one of the names: those of the same family of languages.
    fn candidates(&self, file: FileId, names: &[String], keep: impl Fn(FileId) -> bool) -> Vec<FileId> {
        let family = |id: FileId| self.workspace().entry(id).language.is_some_and(Language::is_ecmascript);
        let own = family(file);
        // A function without a name is not spelt anywhere.
        let mut found = if names.is_empty() { Vec::new() } else { self.files_with(names) };
        found.retain(|id| *id == file || (family(*id) == own && keep(*id)));
        found
    }

    /// Code files in whose text one of the names stands as a word.
    fn files_with(&self, names: &[String]) -> Vec<FileId> {
        let names: Vec<u32> = names.iter().filter(|n| *n != "default").map(|n| hash(n.as_bytes())).collect();
        let words = self.words();
        let has = |file: &[u32]| names.is_empty() || names.iter().any(|n| file.binary_search(n).is_ok());
        words.iter().filter(|(_, w)| has(w)).map(|(id, _)| *id).collect()
    }

    /// Code files in whose text a name stands as a word.
    pub fn files_with_word(&self, name: &str) -> Vec<FileId> {
        self.files_with(&[name.to_owned()])
    }

    /// The identifiers of every code file, as sorted hashes: made once, so that each search for callers is a look-up. A
    /// collision only costs a look into one more file.
    fn words(&self) -> &[(FileId, Vec<u32>)] {
        if let Some(words) = self.words.get() {
            return words;
        }
        // Made outside of the lock: a thread that waits for its share may pick up work that needs the index too.
        let code = |e: &FileEntry| e.language.is_some_and(Language::is_code);
        let files: Vec<FileId> =
            self.workspace().files().filter(|(_, e)| code(e)).map(|(id, _)| id).collect();
        let words = files
            .into_par_iter()
            .map(|id| (id, self.workspace().text(id).map_or_else(|_| Vec::new(), |t| words_of(t.bytes()))))
            .collect();
        self.words.get_or_init(|| words)
    }
}

fn words_of(bytes: &[u8]) -> Vec<u32> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$' || *b >= 0x80;
    let mut words: Vec<u32> = bytes.split(|b| !is_word(b)).filter(|w| w.len() > 1).map(hash).collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193))
}
