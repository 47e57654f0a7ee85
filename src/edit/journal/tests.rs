//! Transactions on a real folder: what is written, what comes back, and what an interruption leaves.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;

use camino::{Utf8Path, Utf8PathBuf};
use proptest::prelude::*;

use super::*;
use crate::edit::{ChangeSet, Edit, EditUnit, NewFile, Outcome};
use crate::workspace::Workspace;

mod always;
mod hostile;

/// A folder with some files, removed at the end.
struct App {
    _dir: tempfile::TempDir,
    root: Utf8PathBuf,
}

impl App {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(dir.path()).unwrap().canonicalize_utf8().unwrap();
        let app = Self { _dir: dir, root };
        for (path, text) in files {
            app.write(path, text);
        }
        app
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Every file and folder but the journal's, with the bytes.
    fn tree(&self) -> BTreeMap<String, Option<Vec<u8>>> {
        walkdir::WalkDir::new(&self.root)
            .min_depth(1)
            .into_iter()
            .filter_entry(|e| e.file_name() != FOLDER)
            .map(|e| e.unwrap())
            .map(|e| (e.path().to_string_lossy().into_owned(), std::fs::read(e.path()).ok()))
            .collect()
    }

    /// All text the journal keeps.
    fn journal_text(&self) -> String {
        walkdir::WalkDir::new(self.root.join(FOLDER))
            .into_iter()
            .map(|e| std::fs::read(e.unwrap().path()).unwrap_or_default())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect()
    }

    fn journal(&self) -> Journal {
        Journal::open(&self.root, &self.root).unwrap()
    }

    fn plan(&self, unit: EditUnit) -> Outcome {
        let mut set = ChangeSet::new();
        set.push(unit).unwrap();
        set.outcome(&Workspace::open(&self.root).unwrap()).unwrap()
    }

    fn apply(&self, step: &str, unit: EditUnit) -> JournalEntry {
        self.journal().apply(&self.root, step, now(), &self.plan(unit)).unwrap().unwrap()
    }

    fn undo(&self, which: &Which) -> Result<Option<Undone>, JournalError> {
        self.journal().undo(which, HandEdits::Refuse, now())
    }
}

fn now() -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000).unwrap()
}

fn unit() -> EditUnit {
    EditUnit::new("unit", "test")
}

fn ins(at: usize, text: &str) -> Edit {
    Edit::insertion(at, text, "test")
}

/// One step that changes a file, replaces in another, fills an env file and makes two folders.
fn everything() -> EditUnit {
    unit()
        .edit("src/a.ts", ins(2, "22\r\n"))
        .edits("b.py", [Edit::replacement(0..1, "Bee", "test"), Edit::deletion(2..4, "test"), ins(5, "!")])
        .edit(".env", ins(11, "KEY=key_secret\n").masking("key_secret"))
        .create("lib/credyt/client.ts", NewFile::new("export {}\n", "test"))
        .create("lib/credyt/usage.ts", NewFile::new("export {}", "test"))
}

const FILES: &[(&str, &str)] =
    &[("src/a.ts", "1\n3\r\n"), ("b.py", "b\tcde"), (".env", "DB=hunter2\n"), ("same.txt", "same")];

#[test]
fn apply_writes_exactly_what_was_planned_and_undo_brings_every_byte_back() {
    let app = App::new(FILES);
    let before = app.tree();
    let entry = app.apply("key", everything().for_site("env:.env"));
    assert_eq!(app.read("src/a.ts"), "1\n22\r\n3\r\n");
    assert_eq!(app.read("b.py"), "Bee\te!");
    assert_eq!(app.read(".env"), "DB=hunter2\nKEY=key_secret\n");
    assert_eq!(entry.folders, ["lib", "lib/credyt"]);
    assert_eq!(app.read(".credyt/.gitignore"), "*\n");
    let status = app.journal().entries().unwrap();
    assert_eq!(status, [entry]);
    assert_eq!((status[0].step.as_str(), status[0].sites.as_slice()), ("key", &["env:.env".to_owned()][..]));
    let undone = app.undo(&Which::Last).unwrap().unwrap();
    assert_eq!(undone.files.len(), 5);
    assert_eq!(app.tree(), before);
    assert!(!app.root.join(FOLDER).exists(), "nothing is in force, so nothing of ours stays");
    assert_eq!(app.undo(&Which::Last).unwrap(), None);
}

#[test]
fn a_file_in_utf_16_is_undone_to_its_bytes_by_steps_in_any_order() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let app = App::new(&[]);
    let path = app.root.join("requirements.txt");
    std::fs::write(&path, wide("\u{feff}flask\r\nopenai\r\n")).unwrap();
    let before = app.tree();
    app.apply("key", unit().edit("requirements.txt", ins(10, "credyt\r\n")));
    let between = std::fs::read(&path).unwrap();
    assert_eq!(between, wide("\u{feff}flask\r\ncredyt\r\nopenai\r\n"));
    app.apply("events", unit().edit("requirements.txt", ins(26, "redis\r\n")));
    app.undo(&Which::Step("key".to_owned())).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), wide("\u{feff}flask\r\nopenai\r\nredis\r\n"));
    app.undo(&Which::All).unwrap();
    assert_eq!(app.tree(), before);
}

#[test]
fn the_journal_holds_no_secret_and_no_other_line_of_an_env_file() {
    let app = App::new(FILES);
    app.apply("key", everything());
    let text = app.journal_text();
    assert!(text.contains("\"path\": \".env\""));
    assert!(!text.contains("key_secret") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_file_changed_since_planning_is_refused_by_name_and_nothing_is_written() {
    let app = App::new(FILES);
    let outcome = app.plan(everything());
    app.write("src/a.ts", "mine\n");
    let before = app.tree();
    let error = app.journal().apply(&app.root, "key", now(), &outcome).unwrap_err();
    assert!(matches!(&error, JournalError::ChangedSincePlanned { file } if file == "src/a.ts"), "{error}");
    assert!(error.is_refusal());
    assert_eq!(app.tree(), before);
    assert!(!app.root.join(FOLDER).exists());
}

#[test]
fn undo_refuses_naming_the_file_that_was_edited_since() {
    let app = App::new(FILES);
    app.apply("key", everything());
    app.write("b.py", "mine");
    let before = app.tree();
    let error = app.undo(&Which::Last).unwrap_err();
    assert!(matches!(&error, JournalError::ChangedSinceApplied { file, .. } if file == "b.py"), "{error}");
    assert_eq!(app.tree(), before);
}

#[test]
fn a_folder_that_someone_put_a_file_in_stays() {
    let app = App::new(FILES);
    app.apply("key", everything());
    app.write("lib/mine.ts", "mine");
    app.undo(&Which::Last).unwrap();
    assert!(app.root.join("lib/mine.ts").exists() && !app.root.join("lib/credyt").exists());
}

#[test]
fn an_earlier_step_is_undone_around_what_a_later_one_did() {
    let app = App::new(&[("a.ts", "1\n2\n3\n")]);
    app.apply("one", unit().edit("a.ts", Edit::replacement(2..3, "two", "test")));
    app.apply("two", unit().edits("a.ts", [ins(0, "0\n"), ins(8, "4\n")]));
    assert_eq!(app.read("a.ts"), "0\n1\ntwo\n3\n4\n");
    app.undo(&Which::Step("one".into())).unwrap();
    assert_eq!(app.read("a.ts"), "0\n1\n2\n3\n4\n");
    assert_eq!(app.journal().entries().unwrap().len(), 1);
    app.undo(&Which::Step("two".into())).unwrap();
    assert_eq!(app.read("a.ts"), "1\n2\n3\n");
}

#[test]
fn a_step_that_another_builds_upon_is_refused_until_that_one_is_undone() {
    let app = App::new(&[("a.ts", "1\n")]);
    app.apply(
        "one",
        unit().edit("a.ts", ins(2, "import { x }\n")).create("n.ts", NewFile::new("n\n", "test")),
    );
    app.apply("two", unit().edits("a.ts", [ins(12, ", y")]).edit("n.ts", ins(0, "m\n")));
    let error = app.undo(&Which::Step("one".into())).unwrap_err();
    assert!(matches!(&error, JournalError::BuiltUpon { by, .. } if by == "two"), "{error}");
    app.undo(&Which::Last).unwrap();
    app.undo(&Which::Step("one".into())).unwrap();
    assert_eq!(app.read("a.ts"), "1\n");
    assert!(!app.root.join("n.ts").exists());
}

#[test]
fn undo_all_is_one_transaction_over_every_step() {
    let app = App::new(FILES);
    let before = app.tree();
    app.apply("key", everything());
    app.apply("more", unit().edit("lib/credyt/usage.ts", ins(9, "\n")).edit("src/a.ts", ins(0, "0\n")));
    let undone = app.undo(&Which::All).unwrap().unwrap();
    assert_eq!(undone.entries.iter().map(|e| e.step.as_str()).collect::<Vec<_>>(), ["more", "key"]);
    assert_eq!(app.tree(), before);
}

#[test]
fn a_step_that_is_not_applied_cannot_be_undone() {
    let app = App::new(FILES);
    assert!(matches!(app.undo(&Which::Step("key".into())), Err(JournalError::NotApplied(_))));
    assert_eq!(app.undo(&Which::All).unwrap(), None);
}

#[test]
fn status_tells_files_that_were_edited_since() {
    let app = App::new(FILES);
    let entry = app.apply("key", everything());
    app.write("b.py", "mine");
    std::fs::remove_file(app.root.join("lib/credyt/usage.ts")).unwrap();
    let states = app.journal().states(&entry).unwrap();
    let of = |path: &str| states.iter().find(|(p, _)| p == path).unwrap().1;
    assert_eq!(of("src/a.ts"), FileState::AsApplied);
    assert_eq!(of("b.py"), FileState::Edited);
    assert_eq!(of("lib/credyt/usage.ts"), FileState::Missing);
}

#[cfg(unix)]
#[test]
fn permission_bits_and_links_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = App::new(&[("real/run.py", "a\n")]);
    let real = app.root.join("real/run.py");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o750)).unwrap();
    std::os::unix::fs::symlink("real/run.py", app.root.join("run.py")).unwrap();
    // The walk does not follow links, a caller may all the same name one.
    let mut set = ChangeSet::new();
    set.push(unit().edit("run.py", ins(2, "b\n"))).unwrap();
    let outcome = set.outcome(&Workspace::in_memory([("run.py", "a\n")])).unwrap();
    app.journal().apply(&app.root, "key", now(), &outcome).unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a\nb\n");
    assert!(app.root.join("run.py").is_symlink());
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o750);
    app.undo(&Which::Last).unwrap();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "a\n");
    assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o750);
}

#[cfg(unix)]
#[test]
fn a_new_file_with_a_secret_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let app = App::new(&[]);
    app.apply("key", unit().create(".env.local", NewFile::new("K=s3\n", "test").masking("s3")));
    let mode = std::fs::metadata(app.root.join(".env.local")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn links_that_leave_the_repository_are_refused() {
    let outside = App::new(&[("a.ts", "a\n")]);
    let app = App::new(&[("b.ts", "b\n")]);
    std::os::unix::fs::symlink(outside.root.join("a.ts"), app.root.join("a.ts")).unwrap();
    std::os::unix::fs::symlink(&outside.root, app.root.join("dir")).unwrap();
    let ws = Workspace::in_memory([("a.ts", "a\n")]);
    for unit in [unit().edit("a.ts", ins(0, "x")), unit().create("dir/new.ts", NewFile::new("x", "test"))] {
        let mut set = ChangeSet::new();
        set.push(unit).unwrap();
        let outcome = set.outcome(&ws).unwrap();
        let error = app.journal().apply(&app.root, "key", now(), &outcome).unwrap_err();
        assert!(matches!(error, JournalError::LeavesRoot { .. }), "{error}");
    }
    assert_eq!(outside.read("a.ts"), "a\n");
}

#[test]
fn an_app_inside_a_repository_keeps_its_own_journal_and_can_change_files_beside_it() {
    let repo = App::new(&[("apps/web/a.ts", "a\n"), ("packages/db/schema.prisma", "model\n")]);
    let before = repo.tree();
    let app = Journal::open(&repo.root, &repo.root.join("apps/web")).unwrap();
    let outcome = repo
        .plan(unit().edit("apps/web/a.ts", ins(2, "b\n")).edit("packages/db/schema.prisma", ins(6, "x\n")));
    let entry = app.apply(&repo.root, "customer", now(), &outcome).unwrap().unwrap();
    let paths: Vec<_> = entry.files.iter().map(|f| f.path.as_str()).collect();
    assert_eq!((entry.root.as_str(), paths), ("../..", vec!["a.ts", "../../packages/db/schema.prisma"]));
    assert!(repo.root.join("apps/web/.credyt").is_dir() && !repo.root.join(".credyt").exists());
    app.undo(&Which::Last, HandEdits::Refuse, now()).unwrap();
    assert_eq!(repo.tree(), before);
}

/// Fails from the n-th change of the disk on (`dead`), or only at it; a write that fails leaves half of the bytes.
#[derive(Debug)]
struct Faulty {
    left: Rc<Cell<usize>>,
    dead: bool,
}

impl Faulty {
    fn turn(&self) -> io::Result<()> {
        match self.left.get() {
            0 if self.dead => Err(io::Error::other("killed")),
            0 => Ok(()),
            1 => {
                self.left.set(0);
                Err(io::Error::other("failed"))
            }
            n => {
                self.left.set(n - 1);
                Ok(())
            }
        }
    }
}

impl Disk for Faulty {
    fn create_dir(&self, path: &Utf8Path) -> io::Result<()> {
        self.turn()?;
        SystemDisk.create_dir(path)
    }
    fn remove_dir(&self, path: &Utf8Path) -> io::Result<()> {
        self.turn()?;
        SystemDisk.remove_dir(path)
    }
    fn write(&self, path: &Utf8Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let first = self.left.get() == 1;
        if let Err(e) = self.turn() {
            if first {
                std::fs::write(path, &bytes[..bytes.len() / 2])?;
            }
            return Err(e);
        }
        // Waiting for the disk proves nothing here and takes most of the time.
        if mode == Mode::Default { std::fs::write(path, bytes) } else { SystemDisk.write(path, bytes, mode) }
    }
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        self.turn()?;
        SystemDisk.rename(from, to)
    }
    fn adopt(&self, _: &Utf8Path, _: &Utf8Path) -> io::Result<()> {
        Ok(())
    }
    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        self.turn()?;
        SystemDisk.remove_file(path)
    }
    fn sync_dir(&self, _: &Utf8Path) -> io::Result<()> {
        self.turn()
    }
}

type Tree = BTreeMap<String, Option<Vec<u8>>>;

/// Files with the same content under a root of their own.
fn relative(app: &App, tree: &Tree) -> Tree {
    tree.iter().map(|(p, b)| (p.replace(app.root.as_str(), ""), b.clone())).collect()
}

/// Interrupts `act` at its n-th change of the disk for every n, until it runs through, and recovers in every way.
fn at_every_instant(
    prepare: impl Fn(&App),
    act: impl Fn(&App, &Journal) -> bool,
    before: &Tree,
    after: &Tree,
) {
    for finish in [true, false] {
        for dead in [true, false] {
            for n in 1.. {
                let app = App::new(FILES);
                prepare(&app);
                let left = Rc::new(Cell::new(n));
                let disk = Faulty { left: Rc::clone(&left), dead };
                let ok = act(&app, &Journal::with_disk(&app.root, &app.root, Box::new(disk)).unwrap());
                if left.get() > 0 {
                    assert!(ok);
                    break;
                }
                let what = format!("n = {n}, finish = {finish}, dead = {dead}, ok = {ok}");
                let journal = app.journal();
                let Some(unfinished) = journal.unfinished().unwrap() else {
                    let tree = relative(&app, &app.tree());
                    assert!(tree == *before || tree == *after, "{what}");
                    continue;
                };
                // Recovery is interrupted as well, at every one of its instants, then done.
                for m in if dead { 1 } else { 1000 }.. {
                    let left = Rc::new(Cell::new(m));
                    let disk = Faulty { left: Rc::clone(&left), dead };
                    let shaky = Journal::with_disk(&app.root, &app.root, Box::new(disk)).unwrap();
                    let recovered = if finish {
                        shaky.finish(&unfinished).map(drop)
                    } else {
                        shaky.roll_back(&unfinished)
                    };
                    if recovered.is_ok() || m > 1000 || journal.unfinished().unwrap().is_none() {
                        break;
                    }
                }
                assert!(journal.unfinished().unwrap().is_none(), "{what}");
                assert_eq!(&relative(&app, &app.tree()), if finish { after } else { before }, "{what}");
            }
        }
    }
}

#[test]
fn apply_killed_at_any_instant_can_be_finished_or_rolled_back_exactly() {
    let app = App::new(FILES);
    let before = relative(&app, &app.tree());
    app.apply("key", everything());
    let after = relative(&app, &app.tree());
    let act = |app: &App, journal: &Journal| {
        journal.apply(&app.root, "key", now(), &app.plan(everything())).is_ok()
    };
    at_every_instant(|_| (), act, &before, &after);
}

#[test]
fn undo_killed_at_any_instant_can_be_finished_or_rolled_back_exactly() {
    let app = App::new(FILES);
    let after = relative(&app, &app.tree());
    app.apply("key", everything());
    let before = relative(&app, &app.tree());
    let prepare = |app: &App| drop(app.apply("key", everything()));
    at_every_instant(
        prepare,
        |_, journal| journal.undo(&Which::All, HandEdits::Refuse, now()).is_ok(),
        &before,
        &after,
    );
}

#[test]
fn an_interrupted_run_stops_the_next_one_until_it_is_settled() {
    let app = App::new(FILES);
    let outcome = app.plan(everything());
    for n in 1.. {
        let disk = Faulty { left: Rc::new(Cell::new(n)), dead: true };
        let journal = Journal::with_disk(&app.root, &app.root, Box::new(disk)).unwrap();
        drop(journal.apply(&app.root, "key", now(), &outcome));
        if app.journal().unfinished().unwrap().is_some() {
            break;
        }
    }
    let next = app.journal().apply(&app.root, "more", now(), &outcome);
    assert!(matches!(next, Err(JournalError::Unfinished { step }) if step == "key"));
    assert!(matches!(app.undo(&Which::Last), Err(JournalError::Unfinished { .. })));
    app.write("b.py", "mine");
    let unfinished = app.journal().unfinished().unwrap().unwrap();
    let error = app.journal().roll_back(&unfinished).unwrap_err();
    assert!(
        matches!(&error, JournalError::ChangedSinceInterrupted { file, .. } if file == "b.py"),
        "{error}"
    );
}

/// Lines with every kind of end, tabs, a byte order mark or none, a final line end or none.
fn text() -> impl Strategy<Value = String> {
    let line = ("[ab\té]{0,6}", prop_oneof![Just("\n"), Just("\r\n"), Just("")]);
    (any::<bool>(), proptest::collection::vec(line, 0..8)).prop_map(|(bom, lines)| {
        let text: String = lines.into_iter().map(|(line, end)| line + end).collect();
        if bom { format!("\u{feff}{text}") } else { text }
    })
}

/// Disjoint edits of a text, from cut points and new texts.
fn edits_of(text: &str, cuts: &[(usize, String)]) -> Vec<Edit> {
    let mut points: Vec<usize> = cuts.iter().map(|(at, _)| at % (text.len() + 1)).collect();
    for point in &mut points {
        while !text.is_char_boundary(*point) {
            *point -= 1;
        }
    }
    points.sort_unstable();
    let pairs = points.chunks(2).filter(|pair| pair.len() == 2).map(|pair| pair[0]..pair[1]);
    pairs.zip(cuts).map(|(range, (_, new))| Edit::replacement(range, new.clone(), "test")).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn untouched_bytes_stay_and_undo_is_the_inverse(
        text in text(),
        cuts in proptest::collection::vec((any::<usize>(), "[xy\r\n]{0,4}"), 0..10),
    ) {
        let edits = edits_of(&text, &cuts);
        let app = App::new(&[("a.txt", &text)]);
        let outcome = app.plan(unit().edits("a.txt", edits.clone()));
        let after = outcome.file("a.txt").map_or(text.as_str(), |f| f.after().as_str()).to_owned();
        // From the back, each edit splices in place: what is left over is exactly the untouched bytes.
        let mut expected = text.clone();
        for edit in edits.iter().rev() {
            expected.replace_range(edit.range(), edit.text());
        }
        prop_assert_eq!(&after, &expected);
        let applied = app.journal().apply(&app.root, "s", now(), &outcome).unwrap();
        prop_assert_eq!(app.read("a.txt"), after);
        if applied.is_some() {
            app.undo(&Which::Last).unwrap();
        }
        prop_assert_eq!(app.read("a.txt"), text);
    }

    #[test]
    fn units_one_by_one_equal_units_together_and_any_order_of_undo_is_exact(
        text in text(),
        cuts in proptest::collection::vec((any::<usize>(), "[xy\n]{1,4}"), 0..8),
        order in any::<u64>(),
    ) {
        let edits = edits_of(&text, &cuts);
        let together = App::new(&[("a.txt", &text)]);
        let outcome = together.plan(unit().edits("a.txt", edits.clone()));
        let expected = outcome.file("a.txt").map_or(text.as_str(), |f| f.after().as_str()).to_owned();
        // One by one, from the last to the first, so that the ranges stay those of the original text.
        let one_by_one = App::new(&[("a.txt", &text)]);
        let mut steps = Vec::new();
        for (i, edit) in edits.iter().enumerate().rev() {
            let outcome = one_by_one.plan(unit().edit("a.txt", edit.clone()));
            if one_by_one.journal().apply(&one_by_one.root, &format!("s{i}"), now(), &outcome).unwrap().is_some() {
                steps.push(format!("s{i}"));
            }
        }
        prop_assert_eq!(one_by_one.read("a.txt"), expected);
        let mut seed = order;
        while !steps.is_empty() {
            let at = (seed % steps.len() as u64) as usize;
            seed = seed.rotate_right(7);
            let undone = one_by_one.undo(&Which::Step(steps[at].clone()));
            match undone {
                Ok(_) => drop(steps.remove(at)),
                // Touching edits have no order-free inverse; the newest can always go.
                Err(JournalError::BuiltUpon { .. }) => {
                    one_by_one.undo(&Which::Last).unwrap();
                    steps.pop();
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            }
        }
        prop_assert_eq!(one_by_one.read("a.txt"), text);
    }
}
