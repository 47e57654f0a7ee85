//! A repository that brings a `.credyt` of its own: nothing outside of it is read, written or removed.

use super::*;

/// A repository at `clone`, and beside it a home that must stay as it is.
fn clone() -> (App, Utf8PathBuf) {
    let world = App::new(&[
        ("home/.bashrc", "alias x=y\n"),
        ("home/photo.jpg", "JPEG"),
        ("clone/a.ts", "1\n"),
        ("clone/.git/HEAD", "ref: refs/heads/main\n"),
    ]);
    std::fs::create_dir(world.root.join("home/empty")).unwrap();
    let app = world.root.join("clone");
    (world, app)
}

fn home(world: &App) -> Vec<(String, Option<Vec<u8>>)> {
    world.tree().into_iter().filter(|(path, _)| path.contains("/home")).collect()
}

/// Everything a command does with a journal.
fn use_it(app: &Utf8Path) -> Result<(), JournalError> {
    let journal = Journal::open(app, app)?;
    journal.sweep();
    if let Some(unfinished) = journal.unfinished()? {
        journal.roll_back(&unfinished)?;
    }
    journal.undo(&Which::All, HandEdits::Keep, now())?;
    let mut set = ChangeSet::new();
    set.push(unit().edit("a.ts", ins(2, "2\n"))).unwrap();
    let outcome = set.outcome(&Workspace::in_memory([("a.ts", "1\n")])).unwrap();
    journal.apply(app, "key", now(), &outcome)?;
    Ok(())
}

#[cfg(unix)]
#[test]
fn no_link_in_the_folder_is_followed() {
    for (at, to) in [
        ("", "home"),
        ("", "home/empty"),
        ("staging", "home"),
        ("staging/000001", "home"),
        ("journal", "home"),
        (".gitignore", "home/.bashrc"),
        ("lock", "home/new"),
        ("journal/000001.json", "home/photo.jpg"),
    ] {
        let (world, app) = clone();
        let before = home(&world);
        let link = if at.is_empty() { app.join(FOLDER) } else { app.join(FOLDER).join(at) };
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(world.root.join(to), &link).unwrap();
        let error = use_it(&app).unwrap_err();
        assert!(matches!(&error, JournalError::Untrusted { .. }) && error.is_refusal(), "{at}: {error}");
        assert_eq!(home(&world), before, "{at}");
    }
}

/// A record as somebody might write it, with what `change` says otherwise.
fn record(change: impl FnOnce(&mut JournalEntry)) -> JournalEntry {
    let file = JournalFile {
        path: "a.ts".to_owned(),
        before: None,
        after: Some(hash(b"1\n")),
        added: 1,
        removed: 0,
        edits: Vec::new(),
        mode: None,
        secret: false,
    };
    let mut entry = JournalEntry {
        version: 1,
        id: 1,
        step: "key".to_owned(),
        at: now(),
        root: ".".to_owned(),
        sites: Vec::new(),
        undoes: Vec::new(),
        apart: false,
        files: vec![file],
        folders: Vec::new(),
    };
    change(&mut entry);
    entry
}

fn bring(app: &Utf8Path, name: &str, entry: &JournalEntry) {
    let folder = app.join(FOLDER).join("journal");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(name), serde_json::to_vec(entry).unwrap()).unwrap();
}

#[test]
fn a_record_is_refused_that_this_program_would_not_have_written() {
    type Change = fn(&mut JournalEntry);
    let edit =
        |start, end, removed: &str| JournalEdit { start, end, inserted: 1, removed: removed.to_owned() };
    let cases: [(&str, Change); 9] = [
        ("a path outside", |e| e.files[0].path = "../home/photo.jpg".to_owned()),
        ("an absolute root", |e| e.root = "/".to_owned()),
        ("a root by name", |e| e.root = "../clone".to_owned()),
        ("git's own files", |e| e.files[0].path = ".git/hooks/post-checkout".to_owned()),
        ("a folder outside", |e| e.folders = vec!["../home/empty".to_owned()]),
        ("another number", |e| e.id = 7),
        ("undoing what is to come", |e| e.undoes = vec![1]),
        ("ranges upside down", |e| {
            e.files[0].edits = vec![JournalEdit { start: 5, end: 1, inserted: 1, removed: String::new() }];
        }),
        ("the root above the repository", |e| {
            e.root = "..".to_owned();
            e.files[0].path = "../home/photo.jpg".to_owned();
            e.files[0].after = Some(hash(b"JPEG"));
        }),
    ];
    for pending in [false, true] {
        for (what, change) in cases {
            let (world, app) = clone();
            let before = world.tree();
            bring(&app, if pending { "000001.pending.json" } else { "000001.json" }, &record(change));
            let error = use_it(&app).unwrap_err();
            assert!(matches!(&error, JournalError::Untrusted { .. }), "{what}: {error}");
            assert_eq!(world.tree(), before, "{what}");
        }
    }
    let (_world, app) = clone();
    bring(&app, "000001.json", &record(|e| e.files[0].edits = vec![edit(0, 3, "four")]));
    assert!(matches!(use_it(&app), Err(JournalError::Untrusted { .. })));
}

#[test]
fn a_record_that_is_missing_in_the_middle_is_noticed() {
    let app = App::new(&[("a.ts", "1\n")]);
    for step in ["one", "two", "three"] {
        app.apply(step, unit().edit("a.ts", ins(0, "0\n")));
    }
    std::fs::remove_file(app.root.join(".credyt/journal/000002.json")).unwrap();
    let error = app.undo(&Which::All).unwrap_err();
    assert!(error.to_string().contains("000002.json` is missing"), "{error}");
    assert_eq!(app.read("a.ts"), "0\n0\n0\n1\n");
}

#[test]
fn what_a_cut_left_before_the_first_record_is_swept() {
    let app = App::new(&[]);
    app.write(".credyt/.gitignore", "*\n");
    app.write(".credyt/lock", "");
    app.write(".credyt/staging/000001/0.after", "CREDYT_API_KEY=key_test_secret\n");
    app.journal().sweep();
    assert!(!app.root.join(FOLDER).exists());
    app.apply("key", unit().create("a.ts", NewFile::new("a\n", "test")));
    app.write(".credyt/staging/000002/0.after", "CREDYT_API_KEY=key_test_secret\n");
    app.journal().sweep();
    assert!(!app.root.join(".credyt/staging").exists());
    assert_eq!(app.journal().entries().unwrap().len(), 1);
}
