//! Which files spell a word: the index behind every search for callers.
//!
//! Made once, on the first search, by one parallel pass over the bytes of the code; each search then is a look-up that
//! reads no file. Words are kept as hashes: a collision only costs a look into one more file.

use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use super::program::Program;
use crate::workspace::{FileEntry, FileId};

/// Which files an index is about. Most searches are about the app alone, and tests are a good part of a repository.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Which {
    /// Those that are no evidence about the app, see [`FileEntry::is_aside`].
    Aside,
    /// All others.
    App,
}

/// The two indexes.
#[derive(Debug)]
pub(super) struct Indexes {
    app: OnceLock<Words>,
    aside: OnceLock<Words>,
    /// The hashes of the words of each file.
    files: Vec<OnceLock<Arc<[u32]>>>,
}

impl Indexes {
    /// Nothing is read yet.
    pub(super) fn new(files: usize) -> Self {
        let files = (0..files).map(|_| OnceLock::new()).collect();
        Self { app: OnceLock::new(), aside: OnceLock::new(), files }
    }

    /// The words of a file, once they were read.
    pub(super) fn of_file(&self, file: FileId) -> Option<&Arc<[u32]>> {
        self.files[file.index()].get()
    }

    /// The words of a file as another program has read them.
    pub(super) fn keep(&self, file: FileId, words: &Arc<[u32]>) {
        self.files[file.index()].get_or_init(|| Arc::clone(words));
    }
}

/// Pairs of a word's hash and a file that spells it, sorted.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<(u32, FileId)>);

impl Words {
    fn of(program: &Program, which: Which) -> Self {
        let workspace = program.workspace();
        let wanted = |e: &FileEntry| e.is_code() && e.is_aside() == (which == Which::Aside);
        let files: Vec<FileId> = workspace.files().filter(|(_, e)| wanted(e)).map(|(id, _)| id).collect();
        let pairs = files.into_par_iter().flat_map_iter(|id| {
            let read =
                || workspace.text(id).map(|text| words_of(text.as_str().as_bytes())).unwrap_or_default();
            let words = Arc::clone(program.words.files[id.index()].get_or_init(|| read().into()));
            (0..words.len()).map(move |at| (words[at], id))
        });
        let mut pairs: Vec<(u32, FileId)> = pairs.collect();
        pairs.par_sort_unstable();
        pairs.dedup();
        Self(pairs)
    }

    fn files(&self, word: &str) -> impl Iterator<Item = FileId> {
        let hash = hash(word.as_bytes());
        let start = self.0.partition_point(|(h, _)| *h < hash);
        self.0[start..].iter().take_while(move |(h, _)| *h == hash).map(|(_, id)| *id)
    }
}

impl Program {
    /// Code files of the app in whose text a name stands as a word, in file order. Files aside are not among them.
    pub fn files_with_word(&self, name: &str) -> Vec<FileId> {
        self.words(Which::App).files(name).collect()
    }

    /// Code files in whose text a word stands and one of the names is called, in file order.
    pub fn files_calling(&self, word: &str, names: &[impl AsRef<str>]) -> Vec<FileId> {
        let calls = |text: &str| names.iter().any(|name| spells(text, name.as_ref(), is_call));
        self.files_where(word, calls)
    }

    /// Code files in which something is assigned to a member of this name, in file order.
    pub fn files_assigning(&self, member: &str) -> Vec<FileId> {
        self.files_where(member, |text| spells(text, member, is_assignment))
    }

    /// Code files with a word whose text passes a look, in file order.
    pub fn files_where(&self, word: &str, passes: impl Fn(&str) -> bool) -> Vec<FileId> {
        let mut files = self.files_with_word(word);
        files.retain(|id| self.workspace().text(*id).is_ok_and(|text| passes(text.as_str())));
        files
    }

    /// Code files in whose text one of the names stands as a word, in file order.
    pub(super) fn files_with(&self, names: &[String], which: &[Which]) -> Vec<FileId> {
        let in_index =
            |which: &Which| names.iter().flat_map(|name| self.words(*which).files(name)).collect::<Vec<_>>();
        let mut files: Vec<FileId> = which.iter().flat_map(in_index).collect();
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Makes the index, where searches are about to start side by side: two that need it at once would make it twice.
    pub fn prepare_search(&self) {
        self.words(Which::App);
    }

    fn words(&self, which: Which) -> &Words {
        let index = match which {
            Which::App => &self.words.app,
            Which::Aside => &self.words.aside,
        };
        if let Some(words) = index.get() {
            return words;
        }
        // Made outside of the lock: a thread that waits for its share may pick up work that needs the index too.
        let words = Words::of(self, which);
        index.get_or_init(|| words)
    }
}

/// Places of the table that remembers which words a text has shown; most files have fewer different ones.
const SEEN: usize = 1 << 12;

/// The hashes (FNV-1a) of the identifiers in a text, most of them once: what the table forgets comes again.
fn words_of(bytes: &[u8]) -> Vec<u32> {
    let mut seen = vec![0_u32; SEEN];
    let mut words = Vec::new();
    let mut start = 0;
    let mut hash = BASIS;
    // A byte that ends a word stands behind the last one, too.
    for (at, byte) in bytes.iter().chain(b" ").enumerate() {
        if IN_WORD[usize::from(*byte)] {
            hash = mix(hash, *byte);
            continue;
        }
        // Words of one letter are everywhere and mean nothing.
        if at - start > 1 {
            let place = &mut seen[hash as usize % SEEN];
            if *place != hash {
                *place = hash;
                words.push(hash);
            }
        }
        start = at + 1;
        hash = BASIS;
    }
    words
}

/// Bytes of identifiers; those of characters beyond ASCII all count as such.
const IN_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric() || b == b'_' || b == b'$' || b >= 0x80;
        byte += 1;
    }
    table
};

/// Whether a character is one of identifiers.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// A name of several words in the manner of a script: `make-draft`, `make_draft` as `makeDraft`.
pub fn camel(name: &str) -> String {
    let mut words = name.split(['-', '_']);
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut joined, word| {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
        joined
    })
}

/// Whether a word stands somewhere on its own, with what follows it as wanted.
fn spells(text: &str, word: &str, follows: impl Fn(&str) -> bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + word.len()..).unwrap_or_default();
        !before.ends_with(is_word) && !after.starts_with(is_word) && follows(after)
    })
}

/// Whether a word stands anywhere in a text on its own.
pub fn has_word(text: &str, word: &str) -> bool {
    spells(text, word, |_| true)
}

/// Whether a callee may end here: `create(`, `create<T>(`, `create?.(`.
fn is_call(after: &str) -> bool {
    after.trim_start().starts_with(['(', '<', '?', '!'])
}

/// Whether the target of an assignment may end here.
fn is_assignment(after: &str) -> bool {
    let after = after.trim_start();
    after.starts_with(['=', ':', '?', '|']) && !after.starts_with("==") && !after.starts_with("=>")
}

/// Whether a text calls something of this name, hands it to a call, or gives it another name.
pub fn names_callee(text: &str, name: &str) -> bool {
    spells(text, name, |after| {
        is_call(after) || after.trim_start().starts_with([')', ',', ':']) || after.starts_with(" as ")
    })
}

/// Whether a word between two offsets is the name of a method that is called: `.create(`, `?.create<T>(`.
pub fn is_method_call(text: &str, start: usize, end: usize) -> bool {
    let before = text.get(..start).unwrap_or_default().trim_end();
    let after = text.get(end..).unwrap_or_default();
    before.ends_with('.') && !after.starts_with(is_word) && is_call(after)
}

const BASIS: u32 = 0x811c_9dc5;

fn mix(hash: u32, byte: u8) -> u32 {
    (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
}

fn hash(word: &[u8]) -> u32 {
    word.iter().fold(BASIS, |hash, byte| mix(hash, *byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn a_word_is_found_where_it_stands_on_its_own_and_nowhere_else() {
        let workspace = Workspace::in_memory([
            ("a.ts", "charge(user)"),
            ("b.ts", "recharge(user); charged"),
            ("c.py", "import größe\nx = wallet.charge\n"),
            ("notes.txt", "charge"),
            ("tests/a.ts", "charge"),
        ]);
        let program = Program::new(&workspace);
        let paths = |word: &str| -> Vec<String> {
            let files = program.files_with_word(word);
            files.into_iter().map(|id| workspace.entry(id).path.clone()).collect()
        };
        assert_eq!(paths("charge"), ["a.ts", "c.py"]);
        assert_eq!(paths("größe"), ["c.py"]);
        assert_eq!(paths("missing"), Vec::<String>::new());
    }

    #[test]
    fn calls_of_a_method_are_told_from_words_that_look_like_it() {
        let is = |text: &str| {
            let start = text.find("create").unwrap();
            is_method_call(text, start, start + "create".len())
        };
        for text in
            ["db.user.create({})", "db.user\n  .create<User>({})", "db.user?.create?.({})", "x. create ()"]
        {
            assert!(is(text), "{text}");
        }
        for text in
            ["create()", "db.user.createMany({})", "the create button", "db.user.create;", "recreate()"]
        {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn files_that_call_or_assign_are_told_from_those_that_mention() {
        let workspace = Workspace::in_memory([
            ("a.ts", "router.use(chat)"),
            ("b.ts", "const use = chat; reuse(chat)"),
            ("c.ts", "req.user = found"),
            ("d.ts", "if (req.user === found) {}"),
        ]);
        let program = Program::new(&workspace);
        let paths = |files: Vec<FileId>| -> Vec<String> {
            files.into_iter().map(|id| workspace.entry(id).path.clone()).collect()
        };
        assert_eq!(paths(program.files_calling("chat", &["use"])), ["a.ts"]);
        assert_eq!(paths(program.files_assigning("user")), ["c.ts"]);
    }

    #[test]
    fn files_of_several_words_come_once_and_in_order() {
        let workspace = Workspace::in_memory([("a.ts", "one two"), ("b.ts", "two"), ("c.ts", "one")]);
        let program = Program::new(&workspace);
        let files = program.files_with(&["two".to_owned(), "one".to_owned()], &[Which::App]);
        assert_eq!(files.len(), 3);
        assert!(files.is_sorted());
    }
}
