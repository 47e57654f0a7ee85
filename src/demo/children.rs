//! Programs that the demo starts: each in a process group of its own, stopped by that group's id, its output in a file.
//!
//! Package managers and development servers start processes of their own, so ending the one that was started is not enough.
//! A group is asked to end, given a moment, and then ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

/// How long a group may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);
/// How much of the output is shown when something went wrong.
const TAIL: usize = 12;

/// Why a program did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It cannot be started.
    #[error("cannot start `{command}`: {source}")]
    Start {
        /// Which.
        command: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("`{command}` ended with {status}")]
    Failed {
        /// Which.
        command: String,
        /// How.
        status: ExitStatus,
        /// The last lines it printed.
        tail: Vec<String>,
        /// All it printed.
        log: PathBuf,
    },
}

/// A program that runs until it is stopped; dropping it ends the process that was started.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    command: String,
    log: PathBuf,
}

impl Child {
    /// Starts a command in a folder; what it prints is added to `log`.
    pub fn start(
        command: &[String],
        folder: &Path,
        env: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<Self, ChildError> {
        let text = command.join(" ");
        let failed = |source| ChildError::Start { command: text.clone(), source };
        let output = std::fs::OpenOptions::new().create(true).append(true).open(log).map_err(failed)?;
        let (program, first) = on_this_system(command.first().map_or("", String::as_str));
        let mut starting = Command::new(program);
        starting
            .args(first)
            .args(command.iter().skip(1))
            .current_dir(folder)
            .envs(env)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .kill_on_drop(true);
        #[cfg(unix)]
        starting.process_group(0);
        let process = starting.spawn().map_err(failed)?;
        Ok(Self { process, command: text, log: log.to_owned() })
    }

    /// Waits until it has ended, which is a failure unless it says that it was none.
    pub async fn ended(&mut self) -> Result<(), ChildError> {
        let status = self
            .process
            .wait()
            .await
            .map_err(|source| ChildError::Start { command: self.command.clone(), source })?;
        if status.success() {
            return Ok(());
        }
        Err(ChildError::Failed {
            command: self.command.clone(),
            status,
            tail: tail(&self.log),
            log: self.log.clone(),
        })
    }

    /// Asks it and all it started to end, waits a moment, and ends them.
    pub async fn stop(mut self) {
        let Some(id) = self.process.id() else { return };
        signal_group(id, false);
        let ended = tokio::time::timeout(GRACE, self.process.wait()).await.is_ok();
        // The one that was started may be gone before those that it started.
        signal_group(id, true);
        if !ended {
            drop(self.process.kill().await);
        }
    }
}

/// Runs a command to its end, or to the moment it is to `stop`, when it is ended and `None` is returned.
pub async fn run_to_end(
    command: &[String],
    folder: &Path,
    env: &BTreeMap<String, String>,
    log: &Path,
    stop: impl Future<Output = ()>,
) -> Option<Result<(), ChildError>> {
    let mut child = match Child::start(command, folder, env, log) {
        Ok(child) => child,
        Err(error) => return Some(Err(error)),
    };
    tokio::select! {
        ended = child.ended() => return Some(ended),
        () = stop => {}
    }
    child.stop().await;
    None
}

#[cfg(unix)]
fn signal_group(id: u32, now: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if now { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // An error means that the group is gone.
        let _ended_before = kill_process_group(group, signal);
    }
}

#[cfg(windows)]
fn signal_group(id: u32, _now: bool) {
    let id = id.to_string();
    let ending = std::process::Command::new("taskkill").args(["/T", "/F", "/PID", &id]).output();
    // An error means that it is gone.
    drop(ending);
}

/// A program as this system starts it: scripts such as `npm` need a shell on Windows.
pub(super) fn on_this_system(program: &str) -> (String, Vec<String>) {
    if cfg!(windows) && !program.contains('/') {
        return ("cmd".to_owned(), vec!["/C".to_owned(), program.to_owned()]);
    }
    (program.to_owned(), Vec::new())
}

/// The last lines of a file that say something.
fn tail(log: &Path) -> Vec<String> {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines.iter().skip(lines.len().saturating_sub(TAIL)).map(|line| (*line).to_owned()).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn a_failure_shows_the_end_of_what_was_printed() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = shell("for i in $(seq 30); do echo line $i; done; exit 3");
        let outcome =
            run_to_end(&script, folder.path(), &BTreeMap::new(), &log, std::future::pending()).await;
        let Some(Err(ChildError::Failed { status, tail, .. })) = outcome else { panic!("{outcome:?}") };
        assert_eq!(status.code(), Some(3));
        assert_eq!((tail.len(), tail.last().map(String::as_str)), (TAIL, Some("line 30")));
    }

    #[tokio::test]
    async fn stopping_ends_also_what_the_program_started() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = shell("sleep 600 & echo $! > grandchild; echo ready; wait");
        let child = Child::start(&script, folder.path(), &BTreeMap::new(), &log).unwrap();
        let path = folder.path().join("grandchild");
        while std::fs::read_to_string(&log).unwrap_or_default().trim() != "ready" {
            tokio::task::yield_now().await;
        }
        let grandchild = std::fs::read_to_string(path).unwrap();
        child.stop().await;
        let pid = rustix::process::Pid::from_raw(grandchild.trim().parse().unwrap()).unwrap();
        // Whoever inherits an ended process needs a moment to take note of it.
        let gone = async {
            while is_running(pid) {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(GRACE, gone).await.is_ok());
    }

    fn is_running(pid: rustix::process::Pid) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
        match state {
            Ok(state) => !state.contains(") Z"),
            Err(_) => rustix::process::test_kill_process(pid).is_ok(),
        }
    }
}
