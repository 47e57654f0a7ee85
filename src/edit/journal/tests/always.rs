//! Undo always has a way: after any steps, undoings, edits by hand and checkouts it is exact, or it names the one file
//! that somebody edited and undoes the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn keep(app: &App) -> Undone {
    app.journal().undo(&Which::All, HandEdits::Keep, now()).unwrap().unwrap()
}

fn step(name: &str) -> Which {
    Which::Step(name.to_owned())
}

#[test]
fn what_was_undone_in_the_middle_is_in_nobodys_way() {
    let app = App::new(&[("a.ts", "1\n2\n")]);
    app.apply("gating", unit().edit("a.ts", ins(2, "gate\n")));
    app.apply("balance", unit().edit("a.ts", ins(7, "balance\n")));
    app.apply("costs", unit().edit("a.ts", ins(15, "costs\n")));
    app.undo(&step("balance")).unwrap();
    assert_eq!(app.read("a.ts"), "1\ngate\ncosts\n2\n");
    app.apply("balance", unit().edit("a.ts", ins(13, "again\n")));
    app.undo(&step("costs")).unwrap();
    app.undo(&step("gating")).unwrap();
    assert_eq!(app.read("a.ts"), "1\nagain\n2\n");
    app.undo(&Which::All).unwrap();
    assert_eq!(app.read("a.ts"), "1\n2\n");
    assert!(!app.root.join(FOLDER).exists());
}

#[test]
fn only_a_step_in_force_is_named_as_being_in_the_way() {
    let app = App::new(&[("a.ts", "1\n")]);
    app.apply("one", unit().edit("a.ts", ins(2, "import { x }\n")));
    app.apply("two", unit().edit("a.ts", ins(12, ", y")));
    app.apply("three", unit().edit("a.ts", ins(12, ", z")));
    app.undo(&step("three")).unwrap();
    let error = app.undo(&step("one")).unwrap_err();
    assert!(matches!(&error, JournalError::BuiltUpon { by, .. } if by == "two"), "{error}");
    app.undo(&step("two")).unwrap();
    app.undo(&step("one")).unwrap();
    assert_eq!(app.read("a.ts"), "1\n");
}

#[test]
fn a_checkout_of_the_bytes_from_before_is_an_undo() {
    let app = App::new(FILES);
    let before = app.tree();
    app.apply("key", everything());
    for (path, text) in FILES {
        app.write(path, text);
    }
    std::fs::remove_dir_all(app.root.join("lib")).unwrap();
    app.apply("key", everything());
    app.undo(&Which::All).unwrap();
    assert_eq!(app.tree(), before);
    assert!(!app.root.join(FOLDER).exists(), "both runs are closed");
}

#[test]
fn what_was_put_aside_is_undone_when_it_comes_back() {
    for which in [Which::All, Which::Last, step("one")] {
        let app = App::new(&[("a.ts", "1\n")]);
        app.apply("one", unit().edit("a.ts", ins(2, "one\n")).create("new.ts", NewFile::new("n\n", "w")));
        // Only what git tracks is put aside.
        app.write("a.ts", "1\n");
        app.write(".git/refs/stash", "id\n");
        assert!(app.undo(&Which::All).unwrap().unwrap().apart);
        assert!(!app.root.join("new.ts").exists() && app.root.join(FOLDER).exists());
        app.write("a.ts", "1\none\n");
        assert_eq!(app.journal().in_effect().unwrap().len(), 1);
        assert!(!app.undo(&which).unwrap().unwrap().apart);
        assert_eq!(app.read("a.ts"), "1\n");
        assert!(!app.root.join(FOLDER).exists(), "nothing is left that could come back");
    }
}

#[test]
fn a_commit_that_brings_an_undone_step_back_is_undone_with_the_rest() {
    let app = App::new(&[("a.ts", "1\n"), ("b.ts", "1\n")]);
    app.apply("one", unit().edit("a.ts", ins(2, "one\n")));
    app.apply("two", unit().edit("b.ts", ins(2, "two\n")));
    app.undo(&step("one")).unwrap();
    app.write("a.ts", "1\none\n");
    app.undo(&Which::All).unwrap();
    assert_eq!((app.read("a.ts"), app.read("b.ts")), ("1\n".to_owned(), "1\n".to_owned()));
}

#[test]
fn a_file_that_somebody_edited_can_be_left_while_the_rest_is_undone() {
    let app = App::new(FILES);
    app.apply("key", everything());
    app.write("b.py", "mine");
    let error = app.undo(&Which::All).unwrap_err();
    assert!(matches!(&error, JournalError::ChangedSinceApplied { file, .. } if file == "b.py"), "{error}");
    let undone = keep(&app);
    assert_eq!(undone.kept, ["b.py"]);
    assert_eq!((app.read("b.py"), app.read("src/a.ts")), ("mine".to_owned(), "1\n3\r\n".to_owned()));
    assert!(!app.root.join("lib").exists() && !app.root.join(FOLDER).exists());
}

#[test]
fn a_file_that_was_removed_alone_is_named() {
    let app = App::new(FILES);
    app.apply("key", everything());
    std::fs::remove_file(app.root.join("lib/credyt/usage.ts")).unwrap();
    let before = app.tree();
    let error = app.undo(&Which::All).unwrap_err();
    assert!(
        matches!(&error, JournalError::ChangedSinceApplied { file, .. } if file == "lib/credyt/usage.ts"),
        "{error}"
    );
    assert_eq!(app.tree(), before);
    assert_eq!(keep(&app).kept, ["lib/credyt/usage.ts"]);
    assert_eq!(app.read("src/a.ts"), "1\n3\r\n");
}

#[test]
fn a_step_over_an_edit_by_hand_can_be_undone_alone() {
    let app = App::new(&[("a.ts", "1\n")]);
    app.apply("one", unit().edit("a.ts", ins(2, "one\n")));
    app.write("a.ts", "1\none\nmine\n");
    app.apply("two", unit().edit("a.ts", ins(0, "two\n")));
    assert!(matches!(app.undo(&Which::All), Err(JournalError::ChangedSinceApplied { .. })));
    app.undo(&step("two")).unwrap();
    assert_eq!(app.read("a.ts"), "1\none\nmine\n");
    app.apply("two", unit().edit("a.ts", ins(0, "two\n")));
    assert_eq!(keep(&app).kept, ["a.ts"]);
    assert_eq!(app.read("a.ts"), "1\none\nmine\n", "what can be undone of a file is");
}

#[cfg(unix)]
#[test]
fn extended_attributes_stay() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let app = App::new(&[("a.ts", "1\n")]);
    let path = app.root.join("a.ts");
    if setxattr(path.as_std_path(), "user.note", b"mine", XattrFlags::empty()).is_err() {
        // A file system that has none.
        return;
    }
    app.apply("one", unit().edit("a.ts", ins(2, "one\n")));
    let mut value = [0_u8; 8];
    assert_eq!(getxattr(path.as_std_path(), "user.note", &mut value[..]), Ok(4));
    assert_eq!(&value[..4], b"mine");
}

#[cfg(unix)]
#[test]
fn a_file_stays_its_owners() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let app = App::new(&[("a.ts", "1\n")]);
    let path = app.root.join("a.ts");
    if chown(&path, Some(12345), Some(12345)).is_err() {
        // Only root can give files away.
        return;
    }
    app.apply("one", unit().edit("a.ts", ins(2, "one\n")));
    let metadata = std::fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (12345, 12345));
}

/// Something that happens to the app.
#[derive(Debug, Clone)]
enum Event {
    /// A step inserts (and sometimes replaces) in some files and may make one.
    Apply {
        step: u8,
        at: usize,
        take: usize,
        files: u8,
    },
    Undo(Option<u8>),
    Edit {
        file: u8,
    },
    Commit,
    /// Back to the original, or to the last commit.
    Checkout {
        commit: bool,
        file: Option<u8>,
    },
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        5 => (0..4_u8, 0..40_usize, 0..4_usize, 1..8_u8)
            .prop_map(|(step, at, take, files)| Event::Apply { step, at, take, files }),
        4 => proptest::option::weighted(0.7, 0..4_u8).prop_map(Event::Undo),
        1 => (0..3_u8).prop_map(|file| Event::Edit { file }),
        1 => Just(Event::Commit),
        1 => (any::<bool>(), proptest::option::of(0..3_u8))
            .prop_map(|(commit, file)| Event::Checkout { commit, file }),
    ]
}

const NAMES: [&str; 3] = ["a.txt", "src/b.txt", "new/c.txt"];

type Texts = BTreeMap<&'static str, Option<String>>;

/// What the world is, beside the journal.
struct World {
    app: App,
    /// What each file would be without any step.
    base: Texts,
    original: Texts,
    commit: Option<(Texts, Texts)>,
    edits: usize,
    /// Files that were edited by hand at some time.
    touched: BTreeSet<&'static str>,
    /// A commit that may hold steps was checked out since the journal began.
    back: bool,
}

impl World {
    fn new() -> Self {
        let app = App::new(&[("a.txt", "one two three four five"), ("src/b.txt", "l1\nl2\r\nl3\n")]);
        let mut world = Self {
            app,
            base: Texts::new(),
            original: Texts::new(),
            commit: None,
            edits: 0,
            touched: BTreeSet::new(),
            back: false,
        };
        world.original = world.texts();
        world.base.clone_from(&world.original);
        world
    }

    fn texts(&self) -> Texts {
        NAMES.iter().map(|name| (*name, std::fs::read_to_string(self.app.root.join(name)).ok())).collect()
    }

    fn set(&self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.app.write(name, text),
            None => drop(std::fs::remove_file(self.app.root.join(name))),
        }
    }

    /// The journal, over a disk that does not wait.
    fn journal(&self) -> Journal {
        let disk = Faulty { left: Rc::new(Cell::new(usize::MAX)), dead: false };
        Journal::with_disk(&self.app.root, &self.app.root, Box::new(disk)).unwrap()
    }

    fn apply(&self, step: u8, at: usize, take: usize, files: u8) {
        let mut change = unit();
        for (index, name) in NAMES.iter().enumerate().filter(|(index, _)| files & (1 << index) != 0) {
            let text = std::fs::read_to_string(self.app.root.join(name));
            change = match text {
                Ok(text) => {
                    let start = at.min(text.len());
                    let range = start..(start + take).min(text.len());
                    change.edit(*name, Edit::replacement(range, format!("<{step}>"), "test"))
                }
                Err(_) if index == 2 => change.create(*name, NewFile::new(format!("({step})"), "test")),
                Err(_) => change,
            };
        }
        let outcome = self.app.plan(change);
        self.journal().apply(&self.app.root, &format!("s{step}"), now(), &outcome).unwrap();
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Apply { step, at, take, files } => self.apply(*step, *at, *take, *files),
            Event::Undo(step) => {
                let before = self.texts();
                let which = step.map_or(Which::Last, |step| Which::Step(format!("s{step}")));
                match self.journal().undo(&which, HandEdits::Refuse, now()) {
                    Ok(_) => {}
                    Err(error) => {
                        let named = error.is_refusal() || matches!(error, JournalError::NotApplied(_));
                        assert!(named, "{error}");
                        assert_eq!(self.texts(), before, "a refusal changes nothing");
                    }
                }
            }
            Event::Edit { file } => {
                let name = NAMES[usize::from(*file)];
                self.edits += 1;
                let text = format!("mine {}\n", self.edits);
                self.set(name, Some(&text));
                self.base.insert(name, Some(text));
                self.touched.insert(name);
            }
            Event::Commit => self.commit = Some((self.texts(), self.base.clone())),
            Event::Checkout { commit, file } => {
                let original = || (self.original.clone(), self.original.clone());
                self.back |= *commit;
                let (texts, base) = self.commit.clone().filter(|_| *commit).unwrap_or_else(original);
                for (index, name) in NAMES.iter().enumerate() {
                    if file.is_none_or(|file| usize::from(file) == index) {
                        self.set(name, texts[name].as_deref());
                        self.base.insert(name, base[name].clone());
                        if file.is_some() {
                            // One file alone is as good as edited, and what its step did to the others is then done by half,
                            // so that any of them may be named.
                            self.touched.extend(NAMES);
                        }
                    }
                }
            }
        }
        if self.journal().entries().unwrap().is_empty() {
            // The journal is gone, and with it what it knew of a commit.
            if !self.back {
                assert_eq!(self.texts(), self.base, "nothing of any step is left");
            }
            self.base = self.texts();
            self.commit = None;
            self.back = false;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 160 } else { 2000 }))]

    #[test]
    fn undo_all_is_exact_or_names_what_was_edited(events in proptest::collection::vec(event(), 1..14)) {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
        }
        match world.journal().undo(&Which::All, HandEdits::Refuse, now()) {
            Ok(_) => prop_assert_eq!(world.texts(), world.base),
            Err(JournalError::ChangedSinceApplied { file, .. }) => {
                prop_assert!(world.touched.contains(file.as_str()), "{}", file);
                let undone = world.journal().undo(&Which::All, HandEdits::Keep, now()).unwrap().unwrap();
                prop_assert!(undone.kept.contains(&file));
                let texts = world.texts();
                for (name, base) in &world.base {
                    if !undone.kept.iter().any(|kept| kept == name) {
                        prop_assert_eq!(&texts[name], base);
                    }
                }
                prop_assert!(world.journal().entries().unwrap().is_empty());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        }
    }
}
