//! `demo` from outside. The package manager is a script here: what it installs and starts is not the demo's doing, but that
//! it is started rightly, reached, and stopped with all it started, is.

#![expect(clippy::unwrap_used, reason = "a fault in the set-up is to fail the test right there")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::common::Program;

fn demo(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Program::Tool.command(folder);
    command.args(["demo", "--yes", "--dir"]).arg(folder.join("demo")).args(arguments);
    command
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").current_dir(folder).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_sample_app_is_copied_and_integrated_in_a_commit_of_its_own_and_can_be_undone() {
    for (app, name) in [("nextjs", "sketchroom"), ("express", "blurb"), ("fastapi", "fresco")] {
        let scratch = tempfile::tempdir().unwrap();
        let output = demo(scratch.path(), &["--app", app, "--no-start"]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{app}: {said}");
        let folder = scratch.path().join("demo").join(name);
        assert!(said.contains(&*folder.canonicalize().unwrap().to_string_lossy()), "says where: {said}");
        assert!(said.contains("Step 7 of 7"), "{said}");
        assert!(said.contains("Nothing was started"), "{said}");
        assert_eq!(git(&folder, &["log", "--format=%s"]), "The sample app\n");
        assert!(git(&folder, &["status", "--porcelain"]).contains("credyt.toml"));
        let undone = Program::Tool.command(&folder).args(["undo", "--all", "--yes"]).output().unwrap();
        assert!(undone.status.success());
        assert_eq!(git(&folder, &["status", "--porcelain"]), "");

        let again = demo(scratch.path(), &["--app", app, "--no-start"]).output().unwrap();
        assert_eq!(again.status.code(), Some(5), "never into a folder with something in it");
    }
}

#[test]
fn without_a_terminal_it_asks_for_the_flag() {
    let scratch = tempfile::tempdir().unwrap();
    let output = Program::Tool.command(scratch.path()).args(["demo"]).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`--yes`"));
}

/// A demo that runs; what it printed is read line by line.
#[cfg(unix)]
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
    said: String,
}

#[cfg(unix)]
impl Running {
    /// With these scripts as the only programs, besides those that every system has.
    fn start(folder: &Path, scripts: &[(&str, &str)]) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = folder.join("bin");
        std::fs::create_dir(&bin).unwrap();
        for (name, script) in scripts {
            let path = bin.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let mut command = demo(folder, &[]);
        command.env("PATH", &bin).env("TOOL", env!("CARGO_BIN_EXE_credyt-integrate"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines, said: String::new() }
    }

    /// Reads on until a line holds the text.
    fn until(&mut self, text: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "no `{text}` in: {}", self.said);
            self.said.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Asks it to end; the status, the rest of stdout, and all of stderr.
    fn stop(mut self) -> (i32, String, String) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let (mut rest, mut errors) = (String::new(), String::new());
        self.lines.read_to_string(&mut rest).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest, errors)
    }
}

/// What follows a label in the list of addresses.
fn address(line: &str) -> String {
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[cfg(unix)]
fn reachable(address: &str) -> bool {
    let port: u16 = address.rsplit(':').next().unwrap().parse().unwrap();
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[cfg(unix)]
#[test]
fn the_app_is_started_reached_and_stopped_with_everything_it_started() {
    let scratch = tempfile::tempdir().unwrap();
    // A sandbox stands for the app: something that answers, started by a script that waits for it.
    let npm = r#"case "$*" in
        --version) echo 11.0.0 ;;
        "run --silent dev -- --port "*) "$TOOL" sandbox --quiet --port "$6" & wait ;;
        *) echo "$*: $CREDYT_API_URL $REPLICATE_BASE_URL" ;;
    esac"#;
    let mut running = Running::start(scratch.path(), &[("node", "echo v22.1.0"), ("npm", npm)]);
    running.until("is running, integrated");
    let app = address(&running.until("  app "));
    let sandbox = address(&running.until("  sandbox "));
    running.until("Ctrl-C stops everything");
    assert!(running.said.contains(&format!("Sign up at {app}/register")), "{}", running.said);
    assert!(reachable(&app) && reachable(&sandbox));
    let log = std::fs::read_to_string(scratch.path().join("demo/install.log")).unwrap();
    assert!(
        log.contains(&format!("ci --no-audit --no-fund --loglevel=error: {sandbox} http://127.0.0.1:")),
        "{log}"
    );
    assert!(log.contains("db:migrate"), "{log}");

    let inner = std::fs::read_to_string(scratch.path().join("demo/app.log")).unwrap();
    let inner = inner.lines().find_map(|line| line.strip_prefix("Sandbox ready at ")).unwrap().to_owned();
    let (status, rest, errors) = running.stop();
    assert_eq!(status, 0, "{errors}");
    assert!(rest.contains("Stopped. The integrated app stays in "), "{rest}");
    assert!(![&app, &sandbox, &inner].into_iter().any(|address| reachable(address)));
}

#[cfg(unix)]
#[test]
fn without_the_runtime_it_says_so_and_what_there_is_all_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let mut running = Running::start(scratch.path(), &[]);
    running.until("What there is all the same:");
    let sandbox = address(&running.until("  sandbox "));
    running.until("Ctrl-C stops the sandbox.");
    assert!(reachable(&sandbox));
    let (status, _, errors) = running.stop();
    assert_eq!(status, 0, "{errors}");
    assert!(
        errors.contains("Sketchroom cannot be run: Node.js 20.19 or newer is not installed here"),
        "{errors}"
    );
}

#[cfg(unix)]
#[test]
fn when_packages_cannot_be_had_it_shows_what_the_package_manager_said() {
    let scratch = tempfile::tempdir().unwrap();
    let npm = r#"[ "$1" = --version ] && { echo 11.0.0; exit; }; echo "no route to the registry"; exit 7"#;
    let mut running = Running::start(scratch.path(), &[("node", "echo v22.1.0"), ("npm", npm)]);
    running.until("Ctrl-C stops the sandbox.");
    let (status, _, errors) = running.stop();
    assert_eq!(status, 0, "{errors}");
    assert!(errors.contains("no route to the registry"), "{errors}");
    assert!(errors.contains("is the package registry reachable"), "{errors}");
}
