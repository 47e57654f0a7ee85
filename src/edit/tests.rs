//! Behaviour of the room as its users see it: units in, texts and diffs out.

use super::*;
use crate::workspace::Workspace;

/// A set of units over one file `a.ts`, each given as its edits.
fn set(units: Vec<Vec<Edit>>) -> Result<ChangeSet, Conflict> {
    let mut set = ChangeSet::new();
    for (i, edits) in units.into_iter().enumerate() {
        set.push(EditUnit::new(format!("unit {i}"), "test").edits("a.ts", edits))?;
    }
    Ok(set)
}

#[track_caller]
fn check(before: &str, units: Vec<Vec<Edit>>, after: &str) {
    let ws = Workspace::in_memory([("a.ts", before)]);
    let outcome = set(units).expect("no conflict").outcome(&ws).expect("fits");
    let got = outcome.file("a.ts").map_or(before, |f| f.after().as_str());
    assert_eq!(got, after);
}

fn ins(at: usize, text: &str) -> Edit {
    Edit::insertion(at, text, format!("needs {text:?}"))
}

fn rep(range: std::ops::Range<usize>, text: &str) -> Edit {
    Edit::replacement(range, text, format!("wants {text:?}"))
}

#[test]
fn insertions_at_one_offset_stand_in_the_order_of_the_plan() {
    check("ab", vec![vec![ins(1, "2"), ins(1, "1")], vec![ins(1, "0")]], "a210b");
}

#[test]
fn an_insertion_at_the_edge_of_a_replacement_stays_outside() {
    check("abc", vec![vec![rep(1..2, "X")], vec![ins(1, "<"), ins(2, ">")]], "a<X>c");
}

#[test]
fn shared_edits_are_made_once_and_others_as_often_as_they_are_asked_for() {
    check("ab", vec![vec![ins(1, "i").shared()], vec![ins(1, "i").shared()]], "aib");
    check("ab", vec![vec![ins(1, ")")], vec![ins(1, ")")]], "a))b");
    check("abc", vec![vec![rep(1..2, "X")], vec![rep(1..2, "X")]], "aXc");
}

#[test]
fn a_conflicting_unit_is_refused_whole_and_both_reasons_are_told() {
    let mut set = set(vec![vec![rep(1..4, "X")]]).unwrap();
    let unit = EditUnit::new("late", "test").edit("b.ts", ins(0, "b")).edit("a.ts", rep(3..5, "Y"));
    let conflict = set.push(unit).unwrap_err();
    assert_eq!((conflict.file.as_str(), conflict.at), ("a.ts", Some(3)));
    assert!(conflict.to_string().contains("\"unit 0\" (wants \"X\")"), "{conflict}");
    assert!(conflict.to_string().contains("\"late\" (wants \"Y\")"), "{conflict}");
    assert_eq!(set.units().len(), 1);
}

#[test]
fn an_insertion_inside_a_replaced_range_conflicts_even_within_one_unit() {
    assert!(set(vec![vec![rep(1..4, "X"), ins(2, "Y")]]).is_err());
}

#[test]
fn two_units_may_create_the_same_file_only_with_the_same_text() {
    let unit = |text: &str| EditUnit::new("u", "w").create("lib/x.ts", NewFile::new(text, "client"));
    let mut set = ChangeSet::new();
    set.push(unit("one\n")).unwrap();
    set.push(unit("one\n")).unwrap();
    assert!(set.push(unit("two\n")).unwrap_err().to_string().contains("lib/x.ts"));
    let outcome = set.outcome(&Workspace::in_memory([])).unwrap();
    assert_eq!(outcome.files()[0].after().as_str(), "one\n");
    let taken = Workspace::in_memory([("lib/x.ts", "mine")]);
    assert!(matches!(set.outcome(&taken), Err(OutcomeError::Exists { .. })));
}

#[test]
fn ranked_insertions_at_one_place_stand_in_the_order_of_their_ranks() {
    let ws = Workspace::in_memory([("a.ts", "x\n")]);
    let line = |name: &str| ins(0, &format!("import {name}\n"));
    let after = |edits: Vec<Vec<Edit>>| {
        set(edits).unwrap().outcome(&ws).unwrap().files()[0].after().as_str().to_owned()
    };
    let (a, b) = (line("a").ranked("a"), line("b").ranked("b"));
    assert_eq!(after(vec![vec![b.clone()], vec![a.clone()]]), "import a\nimport b\nx\n");
    assert_eq!(after(vec![vec![b], vec![line("c")], vec![a]]), "import b\nimport c\nimport a\nx\n");
}

#[test]
fn edits_that_do_not_fit_the_file_are_typed_errors() {
    let ws = Workspace::in_memory([("a.ts", "é")]);
    let outcome = |edits| set(vec![edits]).unwrap().outcome(&ws);
    assert!(matches!(outcome(vec![ins(1, "x")]), Err(OutcomeError::Range { .. })), "inside of a character");
    assert!(matches!(outcome(vec![rep(0..9, "x")]), Err(OutcomeError::Range { .. })));
    assert!(matches!(
        set(vec![vec![ins(0, "x")]]).unwrap().outcome(&Workspace::in_memory([])),
        Err(OutcomeError::Missing { .. })
    ));
}

#[test]
fn a_hunk_belongs_to_its_units_and_takes_their_other_hunks_along() {
    let lines = (1..=40).map(|i| format!("line {i:02}")).collect::<Vec<_>>().join("\n") + "\n";
    let ws = Workspace::in_memory([("a.ts", lines.as_str()), ("b.ts", "b\n")]);
    let at = |line: usize| (line - 1) * 8;
    let mut set = ChangeSet::new();
    let import = || ins(0, "import x\n").shared();
    let first = set.push(EditUnit::new("one", "w").edits("a.ts", [import(), ins(at(20), "one\n")])).unwrap();
    let two = EditUnit::new("two", "w").edits("a.ts", [import(), ins(at(38), "two\n")]);
    let second = set.push(two.edit("b.ts", ins(0, "2\n"))).unwrap();
    let outcome = set.outcome(&ws).unwrap();
    let hunk = |file, hunk| HunkRef { file, hunk };
    assert_eq!(outcome.hunks().count(), 4);
    assert_eq!(outcome.units_of(hunk(0, 0)).len(), 2, "the import is both units'");
    assert_eq!(outcome.units_of(hunk(0, 1)), [first]);
    assert_eq!(outcome.hunks_that_go_with(hunk(0, 2)), [hunk(0, 0), hunk(1, 0)]);
    let selection = set.without_hunks(&outcome, &[hunk(0, 2)]);
    assert_eq!(selection.dropped, [second]);
    let left = selection.kept.outcome(&ws).unwrap();
    assert!(left.file("b.ts").is_none());
    assert!(left.file("a.ts").unwrap().after().as_str().starts_with("import x\nline 01"));
}

#[test]
fn a_unit_that_needs_a_file_goes_with_the_unit_that_creates_it() {
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("client", "w").create("c.ts", NewFile::new("c\n", "w"))).unwrap();
    let user = set.push(EditUnit::new("use", "w").edit("a.ts", ins(0, "c\n")).needs("c.ts")).unwrap();
    assert_eq!(set.select(|id| id.index() != 0).dropped.len(), 2);
    assert_eq!(set.select(|id| id.index() != 1).dropped, [user]);
}

#[test]
fn what_rests_on_changed_files_goes_with_their_change() {
    let mut set = ChangeSet::new();
    set.push(
        EditUnit::new("client", "w").edit("c.ts", ins(0, "c\n")).create("d.ts", NewFile::new("d\n", "w")),
    )
    .unwrap();
    let base = set.paths();
    set.push(EditUnit::new("use", "w").edit("a.ts", ins(0, "c\n"))).unwrap();
    set.rest_on(&base);
    set.push(EditUnit::new("answers", "w").create("e.toml", NewFile::new("e\n", "w")).always()).unwrap();
    let titles = |left_out: usize| -> Vec<String> {
        let kept = set.select(|id| id.index() != left_out).kept;
        kept.units().map(|(_, unit)| unit.title().to_owned()).collect()
    };
    assert_eq!(titles(0), ["answers"]);
    assert_eq!(titles(1), ["client", "answers"]);
    assert_eq!(titles(2), ["client", "use", "answers"], "it is no choice");
}

#[test]
fn unified_diff_is_exact_for_crlf_and_a_missing_final_newline() {
    let ws = Workspace::in_memory([("a.ts", "one\r\ntwo")]);
    let outcome = set(vec![vec![ins(8, "\r\nthree")]]).unwrap().outcome(&ws).unwrap();
    let diff = outcome.files()[0].diff();
    assert_eq!(
        diff.unified(),
        "--- a/a.ts\n+++ b/a.ts\n@@ -1,2 +1,3 @@\n one\r\n-two\n\\ No newline at end of file\n+two\r\n+three\n\\ No newline at end of file\n"
    );
    assert_eq!((diff.added, diff.removed), (2, 1));
}

#[test]
fn changed_words_are_marked() {
    let ws = Workspace::in_memory([("a.ts", "import { a } from \"x\";\n")]);
    let outcome = set(vec![vec![ins(10, ", b")]]).unwrap().outcome(&ws).unwrap();
    let added = outcome.files()[0].diff().hunks[0].lines.last().unwrap().clone();
    assert_eq!(added.kind, LineKind::Added);
    let marked: String = added.spans.iter().filter(|s| s.emphasis).map(|s| s.text.as_str()).collect();
    assert!(marked.contains('b') && !marked.contains("import"), "{added:?}");
}

#[test]
fn a_new_file_is_all_added_lines() {
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("u", "w").create("x.py", NewFile::new("a = 1\nb = 2\n", "w"))).unwrap();
    let outcome = set.outcome(&Workspace::in_memory([])).unwrap();
    assert_eq!(
        outcome.files()[0].diff().unified(),
        "--- /dev/null\n+++ b/x.py\n@@ -0,0 +1,2 @@\n+a = 1\n+b = 2\n"
    );
}

#[test]
fn the_diff_of_an_env_file_shows_no_value_but_the_ones_that_are_not_secret() {
    let ws = Workspace::in_memory([(".env", "DB=postgres://u:pw@h\n# OLD=abc\nPLAIN=\n")]);
    let mut set = ChangeSet::new();
    let edit = ins(31, "CREDYT_API_KEY=key_1234\nCREDYT_API_URL=http://x\n").masking("key_1234");
    set.push(EditUnit::new("key", "w").edit(".env", edit)).unwrap();
    let outcome = set.outcome(&ws).unwrap();
    let file = &outcome.files()[0];
    assert!(file.is_secret());
    assert!(file.after().as_str().contains("key_1234"), "the file itself has the value");
    assert_eq!(
        file.diff().unified(),
        "--- a/.env\n+++ b/.env\n@@ -1,3 +1,5 @@\n DB=********\n # OLD=********\n+CREDYT_API_KEY=********\n\
         +CREDYT_API_URL=http://x\n PLAIN=\n"
    );
}

#[test]
fn text_of_a_file_with_secrets_is_never_overwritten() {
    let ws = Workspace::in_memory([(".env.local", "CREDYT_API_KEY=old\n")]);
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("key", "w").edit(".env.local", rep(15..18, "new").secret())).unwrap();
    assert!(matches!(set.outcome(&ws), Err(OutcomeError::OverwritesSecret { .. })));
}

#[track_caller]
fn checked(path: &str, before: &str, edit: Edit) -> Result<(), Vec<CheckError>> {
    let mut set = ChangeSet::new();
    set.push(EditUnit::new("the unit", "w").edit(path, edit)).unwrap();
    set.outcome(&Workspace::in_memory([(path, before)])).unwrap().check()
}

#[test]
fn a_change_that_parses_is_accepted_in_every_language() {
    for (path, before, edit) in [
        ("a.ts", "const a = 1;\n", ins(13, "const b: number = 2;\n")),
        ("a.jsx", "const a = <p>x</p>;\n", ins(13, "<b/>")),
        ("a.py", "\u{feff}def f():\r\n    pass\r\n", ins(23, "\r\nx = 1\r\n")),
        ("schema.prisma", "model User {\n  id Int @id\n}\n", ins(26, "  credytId String?\n")),
        ("package.json", "{\"a\": 1}", ins(7, ", \"b\": 2")),
        ("tsconfig.json", "{ // note\n\"a\": [1,], }", ins(18, "2")),
        ("pyproject.toml", "a = [1]\n", ins(6, ", 2")),
        ("notes.txt", "(((", ins(0, "((")),
    ] {
        assert_eq!(checked(path, before, edit), Ok(()), "{path}");
    }
}

#[test]
fn a_change_that_breaks_a_file_is_refused_naming_file_line_and_unit() {
    for (path, before, edit, line) in [
        ("a.ts", "const a = 1;\nconst b = 2;\n", ins(13, "if (a {\n"), 2),
        ("a.py", "def f():\n    pass\n", ins(18, "\n    return (\n"), 3),
        ("schema.prisma", "model User {\n  id Int @id\n}\n", ins(26, "  }{\n"), 3),
        ("package.json", "{\"a\": 1}", ins(7, " \"b\" 2"), 1),
        ("pyproject.toml", "a = [1]\n", ins(6, "2 2"), 1),
    ] {
        let errors = checked(path, before, edit).unwrap_err();
        let CheckError::Broken { file, line: at, units } = &errors[0] else { panic!("{errors:?}") };
        assert_eq!((file.as_str(), *at, units[0].as_str()), (path, line, "the unit"), "{path}");
    }
}

#[test]
fn a_file_that_has_an_error_already_may_be_changed_elsewhere_but_not_there() {
    let before = "const ok = 1;\nconst x = = ) 3;\n";
    assert_eq!(checked("a.ts", before, ins(0, "const y = 2;\n")), Ok(()));
    let errors = checked("a.ts", before, rep(26..27, "5")).unwrap_err();
    assert!(matches!(&errors[0], CheckError::InsideError { line: 2, .. }), "{errors:?}");
}
