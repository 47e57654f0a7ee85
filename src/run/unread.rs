//! Code that was not looked into: whoever reads the report should know where nothing could be found.

use crate::steps::{Cause, Todo};
use crate::workspace::{Language, Workspace, is_aside};

/// What is said of it, once for each reason.
pub(super) fn todo(workspace: &Workspace) -> Vec<Todo> {
    let one = |path: &str, why: &str| {
        let text = format!("not looked into ({why}): a paid call or a sign-up in there is not found");
        Todo { file: Some(path.to_owned()), cause: Cause::Unread, ..Todo::chore(text) }
    };
    let is_code = |path: &str| Language::of(path).is_some_and(Language::is_code) && !is_aside(path);
    let skipped = workspace.skipped().iter().filter(|file| is_code(&file.path));
    let skipped = skipped.map(|file| one(&file.path, file.reason.as_str()));
    let unreadable =
        workspace.files().filter(|(id, file)| is_code(&file.path) && workspace.text(*id).is_err());
    let unreadable = unreadable.map(|(_, file)| one(&file.path, "it cannot be read as text"));
    skipped.chain(unreadable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::fold;

    #[test]
    fn what_was_not_looked_into_is_said_once_for_each_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("a file");
        write("a.js", b"export const a = 1;\n");
        write("b.min.js", b"let b=1");
        write("c.min.js", b"let c=1");
        write("d.js", &[0xe9, 0x0a]);
        write("e.test.min.js", b"let e=1");
        write("f.bin", &[0xe9, 0x0a]);
        let root = camino::Utf8Path::from_path(folder.path()).expect("a path in UTF-8");
        let left = fold(&todo(&Workspace::open(root).expect("a workspace")));
        let said: Vec<String> = left.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "b.min.js, c.min.js: not looked into (minified): a paid call or a sign-up in there is not found",
                "d.js: not looked into (it cannot be read as text): a paid call or a sign-up in there is not found",
            ]
        );
        assert!(left.iter().all(|one| !one.unmet && one.cause == Cause::Unread));
    }
}
