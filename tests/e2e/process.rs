//! Commands that end, and servers that are stopped by their own process id.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// How long a server may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How much of a log is shown when something failed.
const SHOWN_LINES: usize = 40;

/// Runs a command to its end; its output goes to the log and is shown when it fails.
pub(crate) fn run(mut command: Command, log: &Path) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .stdout(append(log)?)
        .stderr(append(log)?)
        .status()
        .with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}\n{}", tail(log));
    Ok(())
}

/// What a command prints.
pub(crate) fn output(command: Command) -> Result<String> {
    ended_with(command, &[0])
}

/// The same of a run that may leave a paid call to a person (status 6): what could be written is.
pub(crate) fn integrated(command: Command) -> Result<String> {
    ended_with(command, &[0, 6])
}

fn ended_with(mut command: Command, statuses: &[i32]) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let well = output.status.code().is_some_and(|code| statuses.contains(&code));
    ensure!(well, "{command:?} ended with {}\n{out}{err}", output.status);
    Ok(out.into_owned())
}

/// The end of a log.
pub(crate) fn tail(log: &Path) -> String {
    last_lines(&printed(log))
}

fn printed(log: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(log).unwrap_or_default()).into_owned()
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(SHOWN_LINES);
    lines.get(from..).unwrap_or_default().iter().map(|line| format!("  | {line}\n")).collect()
}

fn append(log: &Path) -> Result<File> {
    File::options().create(true).append(true).open(log).with_context(|| log.display().to_string())
}

/// A running server, stopped when dropped.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts it and waits until `address` answers anything.
    pub(crate) async fn start(mut command: Command, address: &str, log: &Path) -> Result<Self> {
        drop(std::fs::remove_file(log));
        let child = command
            .stdin(Stdio::null())
            .stdout(append(log)?)
            .stderr(append(log)?)
            .spawn()
            .with_context(|| format!("{command:?}"))?;
        let mut server = Self { child, log: log.to_owned() };
        let deadline = Instant::now() + READY_WITHIN;
        while reqwest::get(address).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                bail!("{command:?} ended with {status}\n{}", server.printed_since(0));
            }
            ensure!(
                Instant::now() < deadline,
                "{address} does not answer after {READY_WITHIN:?}\n{}",
                server.printed_since(0)
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(server)
    }

    /// Everything it printed.
    pub(crate) fn printed(&self) -> String {
        printed(&self.log)
    }

    /// The end of what it printed after the first so many bytes.
    pub(crate) fn printed_since(&self, start: usize) -> String {
        last_lines(self.printed().get(start..).unwrap_or_default())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to stop.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
