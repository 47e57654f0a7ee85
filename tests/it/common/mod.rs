//! A project in a folder of its own, and the program run in it without anything of the machine's own settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A program of this package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// What users run.
    Tool,
    /// The same command line over the made-up survey and steps of `program.rs`.
    Shell,
}

impl Program {
    fn path(self) -> PathBuf {
        let tool = Path::new(env!("CARGO_BIN_EXE_credyt-integrate"));
        match self {
            Self::Tool => tool.to_owned(),
            Self::Shell => {
                let shell = tool.with_file_name("examples").join("shell");
                assert!(
                    shell.exists(),
                    "{} is missing; `cargo test` or `cargo build --examples` makes it",
                    shell.display()
                );
                shell
            }
        }
    }

    /// Ready to run in a folder: no colours, no pager, no settings of the machine.
    pub(crate) fn command(self, folder: &Path) -> Command {
        let mut command = Command::new(self.path());
        command.current_dir(folder);
        for name in ["CLICOLOR_FORCE", "COLUMNS", "VISUAL", "LESS"] {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").env("PAGER", "cat").env("EDITOR", "true").env("TERM", "xterm-256color");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }
}

/// The made-up app: two paid calls, far enough apart to be two hunks.
pub(crate) const APP: &str = "\
export function header() {
  return \"hello\";
}

export async function handler(user: { id: string }) {
  const first = await spend();
  return first;
}

function unrelated() {
  const a = 1;
  const b = 2;
  const c = 3;
  return a + b + c;
}

export async function later(user: { id: string }) {
  const second = await spend();
  return second;
}
";

/// A project, gone when dropped.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// These files, committed.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self::without_git(files);
        project.git(&["init", "-q", "-b", "main"]);
        project.commit();
        project
    }

    /// The made-up app, committed.
    pub(crate) fn app() -> Self {
        Self::new(&[("app.ts", APP)])
    }

    /// A copy of a sample app, committed.
    pub(crate) fn fixture(name: &str) -> Self {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        let project = Self::without_git(&[]);
        for entry in walkdir::WalkDir::new(&fixture) {
            let entry = entry.expect("the fixture can be read");
            if entry.file_type().is_file() {
                let path = entry.path().strip_prefix(&fixture).expect("inside of it");
                let text = std::fs::read(entry.path()).expect("a file of the fixture");
                project.write(path.to_str().expect("a UTF-8 path"), text);
            }
        }
        project.git(&["init", "-q", "-b", "main"]);
        project.commit();
        project
    }

    /// These files, in no repository.
    pub(crate) fn without_git(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "core.autocrlf=false"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "before"]);
    }

    /// What git sees as changed.
    pub(crate) fn changes(&self) -> String {
        self.git(&["status", "--porcelain", "--untracked-files=all"])
    }

    /// Runs the made-up steps.
    pub(crate) fn shell(&self, arguments: &[&str]) -> Ran {
        self.run(Program::Shell, arguments)
    }

    /// Runs the program itself.
    pub(crate) fn tool(&self, arguments: &[&str]) -> Ran {
        self.run(Program::Tool, arguments)
    }

    fn run(&self, program: Program, arguments: &[&str]) -> Ran {
        let output = program.command(self.path()).args(arguments).output().expect("the program runs");
        Ran::new(&output, self.path())
    }
}

/// What a run printed and how it ended, without the folder's name.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) status: i32,
}

impl Ran {
    fn new(output: &Output, folder: &Path) -> Self {
        let folder = folder.canonicalize().expect("the folder exists");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&*folder.to_string_lossy(), "[DIR]");
        let status = output.status.code().expect("not killed");
        Self { out: text(&output.stdout), err: text(&output.stderr), status }
    }

    /// Everything, for a snapshot.
    pub(crate) fn transcript(&self) -> String {
        format!("status: {}\n--- stdout\n{}--- stderr\n{}", self.status, self.out, self.err)
    }

    /// Stdout as the one document it has to be.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e} in {}", self.transcript()))
    }
}
