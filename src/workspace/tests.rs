use super::*;

#[test]
fn a_manifest_beside_code_is_seen_whatever_the_rules_of_git_say() {
    let dir = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(dir.path()).unwrap();
    for (path, text) in [
        (".gitignore", "*.txt\n"),
        ("requirements.txt", "fastapi\n"),
        ("notes.txt", "x"),
        ("api/requirements.txt", "flask\n"),
        ("api/src/main.py", "x = 1\n"),
        ("docs/requirements.txt", "mkdocs\n"),
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    }
    let workspace = Workspace::open(root).unwrap();
    let paths: Vec<&str> = workspace.files().map(|(_, f)| f.path.as_str()).collect();
    assert_eq!(paths, [".gitignore", "api/requirements.txt", "api/src/main.py", "requirements.txt"]);
}

#[test]
fn walk_honours_gitignore_and_still_sees_env_files() {
    let dir = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(dir.path()).unwrap();
    for (path, text) in [
        (".gitignore", ".env\nout/\n"),
        (".env", "A=1\n"),
        ("out/x.ts", "x"),
        ("src/a.ts", "a"),
        ("node_modules/p/index.js", "p"),
        ("src/lib.min.js", "m"),
        ("src/prices.generated.ts", "g"),
        ("src/vendor.js", &"var a=f(1,[2,{b:c}]);".repeat(2000)),
        ("src/texts.js", &format!("a(\"{}\");\n", "word ".repeat(100)).repeat(80)),
    ] {
        std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        std::fs::write(root.join(path), text).unwrap();
    }
    let ws = Workspace::open(root).unwrap();
    let paths: Vec<_> = ws.files().map(|(_, f)| f.path.clone()).collect();
    assert_eq!(paths, [".env", ".gitignore", "src/a.ts", "src/texts.js"]);
    let skipped = |path: &str, reason| Skipped { path: path.into(), reason };
    assert_eq!(
        ws.skipped(),
        [
            skipped("src/lib.min.js", SkipReason::Minified),
            skipped("src/prices.generated.ts", SkipReason::Generated),
            skipped("src/vendor.js", SkipReason::Minified),
        ]
    );
}

#[test]
fn a_long_comment_is_no_reason_to_leave_code_out() {
    let dir = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(dir.path()).unwrap();
    let long = "x".repeat(300_000);
    for (path, text) in [
        ("a.py", format!("# {long}\nimport os\n")),
        ("b.ts", format!("const a = 1;\n/* {long} */\n  // {long}\n")),
        ("c.js", format!("/* a licence */\n{}", "var a=f(1,[2,{b:c}]);".repeat(2000))),
        ("d.js", format!("/* {long} */{}\n", "f(1);".repeat(9000))),
    ] {
        std::fs::write(root.join(path), text).unwrap();
    }
    let ws = Workspace::open(root).unwrap();
    let paths: Vec<_> = ws.files().map(|(_, f)| f.path.as_str()).collect();
    assert_eq!(paths, ["a.py", "b.ts"]);
}

#[test]
fn an_overlay_adds_replaces_and_removes_without_touching_its_origin() {
    let ws = Workspace::in_memory([("a.ts", "one"), ("b.ts", "two")]);
    let next = ws.with_changes([
        ("a.ts".to_owned(), Some(b"uno".to_vec())),
        ("b.ts".to_owned(), None),
        ("c/d.py".to_owned(), Some(b"tres".to_vec())),
    ]);
    assert_eq!(next.text_at("a.ts").unwrap().as_str(), "uno");
    assert!(next.find("b.ts").is_none());
    assert_eq!(next.entry(next.find("c/d.py").unwrap()).language, Some(Language::Python));
    assert!(next.has_dir("c") && !next.has_dir("d"));
    assert_eq!(ws.text_at("a.ts").unwrap().as_str(), "one");
}

#[test]
fn lines_count_from_one_and_survive_crlf_and_bom() {
    let text = SourceText::new(b"\xEF\xBB\xBFone\r\ntwo\r\n".to_vec());
    assert_eq!((text.bom_len(), text.line_ending()), (3, LineEnding::CrLf));
    assert_eq!(text.line_of(0), 1);
    assert_eq!(text.line(2), "two");
    assert_eq!(text.line_of(text.line_start(2)), 2);
    assert_eq!(text.slice(0..1), "", "a range inside the mark cuts a character");
}

#[test]
fn a_file_that_is_not_utf8_is_an_error_that_names_it() {
    let ws = Workspace::in_memory([]).with_changes([("x.py".to_owned(), Some(vec![0xff, 0xfe, b'a']))]);
    let err = ws.text(ws.find("x.py").unwrap()).unwrap_err();
    assert!(err.to_string().contains("`x.py` is not UTF-8"));
}

#[test]
fn utf_16_is_read_by_its_mark_and_written_back_alike() {
    let text = "\u{feff}fastapi==0.1\r\nopenai==1.0\r\n";
    for order in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(order).collect();
        let read = SourceText::new(bytes.clone());
        assert_eq!((read.as_str(), read.bytes()), (text, bytes.as_slice()));
        assert_eq!((read.line_of(text.len() - 1), read.line_ending()), (2, LineEnding::CrLf));
        let more = format!("{text}credyt-api==0.2.0\r\n");
        let written: Vec<u8> = more.encode_utf16().flat_map(order).collect();
        assert_eq!(read.with_text(more).bytes(), written);
    }
    // Bytes that only look like it are no text.
    assert!(!SourceText::new(b"\xFF\xFEa".to_vec()).is_text());
}

#[test]
fn a_new_file_that_git_would_ignore_is_told_with_the_rules() {
    let ws = Workspace::in_memory([
        (".gitignore", "credyt*\n/out/\n"),
        ("a.ts", ""),
        ("packages/web/.gitignore", "!credyt.toml\n"),
    ]);
    for (path, rules) in [
        ("lib/credyt/client.ts", Some(".gitignore")),
        ("out/x.ts", Some(".gitignore")),
        ("packages/out/x.ts", None),
        ("packages/web/credyt.toml", None),
        ("packages/api/credyt.toml", Some(".gitignore")),
        ("lib/billing.ts", None),
    ] {
        assert_eq!(ws.ignoring(path).as_deref(), rules, "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_whose_path_is_not_utf8_is_named_as_that() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
    std::fs::create_dir(&odd).unwrap();
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&odd, &link).unwrap();
    let error = Workspace::open(Utf8Path::from_path(&link).unwrap()).unwrap_err();
    assert!(matches!(error, WorkspaceError::NotUtf8Path(_)), "{error}");
}

#[test]
fn a_file_that_somebody_wrote_is_read_though_one_line_of_it_is_long() {
    let dir = tempfile::tempdir().expect("a folder");
    let root = Utf8Path::from_path(dir.path()).expect("a UTF-8 path");
    let picture = format!("export const LOGO = \"{}\";\n", "A".repeat(90_000));
    let lines = "export const one = 1;\n".repeat(60);
    std::fs::write(root.join("first.js"), format!("{picture}{lines}")).expect("written");
    std::fs::write(root.join("last.js"), format!("{lines}{picture}")).expect("written");
    std::fs::write(root.join("bundle.js"), format!("/*\n * A licence.\n */\n{picture}")).expect("written");
    let workspace = Workspace::open(root).expect("opened");
    let names: Vec<&str> = workspace.files().map(|(_, entry)| entry.path.as_str()).collect();
    assert_eq!(names, ["first.js", "last.js"]);
}
