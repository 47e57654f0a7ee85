//! From a sample app to one that is integrated, installed and built, and to the key under which its results are kept.
//!
//! Integrating takes a moment and is done each time; installing and building take minutes and are done only when a test has to
//! run. The key covers everything a result depends on: the integrated files with the lock file, the description, these tests, the
//! sandbox they talk to, the versions of the dependencies of both, and the app's runtimes.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::app::App;
use crate::process::{integrated, output, run};

/// What of this project decides over a result besides the integrated app.
const SOURCES: &[&str] =
    &["tests/e2e", "tests/typecheck/apps.sh", "src/sandbox", "src/credyt", "Cargo.toml", "Cargo.lock"];

/// Settings of the integration, which the machine must not set.
const SETTINGS: &[&str] = &["CREDYT_API_KEY", "CREDYT_API_URL", "CREDYT_RETURN_URL", "CREDYT_WEBHOOK_SECRET"];

/// Keeps other runs away from the apps below `target/` until the file is dropped: two would take each other's ground away.
pub(crate) fn alone() -> Result<File> {
    let folder = target().join("e2e");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("lock");
    let lock = File::create(&path).with_context(|| path.display().to_string())?;
    if lock.try_lock().is_err() {
        writeln!(std::io::stderr(), "Another run uses {}; waiting for its end.", folder.display())?;
        lock.lock()?;
    }
    Ok(lock)
}

/// An app that is integrated, and perhaps not yet installed.
pub(crate) struct Prepared {
    pub(crate) app: &'static App,
    home: PathBuf,
    key: String,
}

/// The runtimes of an app that this machine lacks, in words.
pub(crate) fn missing(app: &App) -> Result<Option<String>> {
    let missing = output(shell("missing", app))?;
    let missing = missing.trim();
    Ok((!missing.is_empty()).then(|| format!("not installed here: {missing}")))
}

/// Integrates a fresh copy of the app.
pub(crate) fn integrate(app: &'static App) -> Result<Prepared> {
    let home = target().join("e2e").join(app.name);
    let copy = home.join("integrated");
    if copy.exists() {
        std::fs::remove_dir_all(&copy).with_context(|| copy.display().to_string())?;
    }
    copy_fixture(&root().join("fixtures").join(app.fixture), &copy)?;
    if !app.answers.is_empty() {
        std::fs::write(copy.join("credyt.toml"), app.answers)?;
    }
    git(&copy, &["init", "--quiet"])?;
    git(&copy, &["add", "--all"])?;
    git(
        &copy,
        &["-c", "user.name=e2e", "-c", "user.email=e2e@localhost", "commit", "--quiet", "-m", "Before"],
    )?;
    let mut tool = Command::new(env!("CARGO_BIN_EXE_credyt-integrate"));
    tool.args(["run", "--yes", "--offline", "--json"]).current_dir(&copy);
    integrated(tool)?;
    git(&copy, &["add", "--all"])?;
    let tree = git(&copy, &["write-tree"])?;
    let mut key = Sha256::new();
    key.update(&tree);
    key.update(output(shell("versions", app))?);
    key.update(own_sources()?);
    let key = key.finalize().iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Ok(Prepared { app, home, key })
}

impl Prepared {
    /// The folder of the installed and built app.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.join("app")
    }

    /// A file or folder of this run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Whether a test passed before with everything as it is now.
    pub(crate) fn has_passed(&self, test: &str) -> bool {
        self.stamp(test).exists()
    }

    /// Remembers that a test passed.
    pub(crate) fn pass(&self, test: &str) -> Result<()> {
        let stamp = self.stamp(test);
        std::fs::create_dir_all(stamp.parent().expect("a stamp lies in a folder"))?;
        Ok(std::fs::write(stamp, "")?)
    }

    fn stamp(&self, test: &str) -> PathBuf {
        self.home.join("passed").join(&self.key).join(test.replace("::", "."))
    }

    /// Installs and builds the app, unless that is done.
    pub(crate) fn build(&self) -> Result<()> {
        let built = self.home.join("built");
        if std::fs::read_to_string(&built).is_ok_and(|key| key == self.key) {
            return Ok(());
        }
        drop(std::fs::remove_file(&built));
        let log = self.home.join("build.log");
        drop(std::fs::remove_file(&log));
        run(with_home(shell("install", self.app), &self.home), &log)?;
        lay_out(&self.home.join("integrated"), &self.folder())?;
        run(with_home(shell("added", self.app), &self.home), &log)?;
        // Nothing is called while building; addresses are only checked for their form.
        let nowhere = ("provider".to_owned(), "http://127.0.0.1:9".to_owned());
        std::fs::create_dir_all(self.home.join("data"))?;
        for command in self.app.build {
            run(self.command(command, &BTreeMap::from([nowhere.clone()])), &log)?;
        }
        Ok(std::fs::write(built, &self.key)?)
    }

    /// A command of the app in its folder, with its variables.
    pub(crate) fn command(&self, words: &[&str], values: &BTreeMap<String, String>) -> Command {
        let mut values = values.clone();
        values.insert("home".to_owned(), self.home.to_string_lossy().into_owned());
        let fill = |text: &str| crate::person::fill(text, &values);
        let (program, arguments) = words.split_first().expect("a command has a program");
        let mut command = Command::new(fill(program));
        command.args(arguments.iter().map(|word| fill(word))).current_dir(self.folder());
        for name in ["NODE_OPTIONS", "PYTHONPATH"].iter().chain(SETTINGS) {
            command.env_remove(name);
        }
        command.env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true").env("PRISMA_HIDE_UPDATE_MESSAGE", "1");
        command.env("NEXT_TELEMETRY_DISABLED", "1").env("NO_COLOR", "1").env("PYTHONUNBUFFERED", "1");
        command.envs(self.app.env.iter().map(|(name, value)| (name, fill(value))));
        command
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where builds go.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn shell(command: &str, app: &App) -> Command {
    let mut shell = Command::new("bash");
    shell.arg(root().join("tests/e2e/app.sh")).args([command, app.fixture]);
    shell
}

fn with_home(mut shell: Command, home: &Path) -> Command {
    shell.arg(home);
    shell
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let mut git = Command::new("git");
    git.current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .args(arguments);
    output(git)
}

/// Copies the app, but not what its own `.gitignore` leaves out.
fn copy_fixture(from: &Path, to: &Path) -> Result<()> {
    let walk = ignore::WalkBuilder::new(from).hidden(false).parents(false).require_git(false).build();
    for entry in walk {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_some_and(|kind| kind.is_dir()) {
            std::fs::create_dir_all(&target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| target.display().to_string())?;
        }
    }
    Ok(())
}

/// Puts the integrated files in place of all that is there, but for installed packages.
fn lay_out(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if entry.file_name() == "node_modules" {
            continue;
        }
        let path = entry.path();
        if entry.file_type()?.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
    }
    let mut copy = Command::new("cp");
    copy.arg("-R").arg(from.join(".")).arg(to);
    output(copy)?;
    ensure!(to.join(".git").exists(), "{} was not copied", from.display());
    Ok(())
}

/// Everything in `SOURCES`, with names.
fn own_sources() -> Result<Vec<u8>> {
    let mut all = Vec::new();
    for source in SOURCES {
        for entry in walkdir::WalkDir::new(root().join(source)).sort_by_file_name() {
            let entry = entry?;
            if entry.file_type().is_file() {
                all.extend(entry.path().strip_prefix(root())?.to_string_lossy().as_bytes());
                all.extend(std::fs::read(entry.path())?);
            }
        }
    }
    Ok(all)
}
