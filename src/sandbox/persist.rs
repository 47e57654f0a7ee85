//! The state file and the seed file: the only files the sandbox touches.
//!
//! The state is written to a new file beside the old one and renamed over it, so a reader and a crash see one or the other.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::store::{CLOCK_LIMIT, Store};

/// The form of the state file; another number is another form.
const VERSION: u32 = 1;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{} is not a {what}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// Where it is wrong.
        reason: String,
    },
    /// Another sandbox has it.
    #[error("{} is the state of another sandbox that is running; stop that one or choose another file", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The state cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

#[derive(Serialize)]
struct Written<'s> {
    version: u32,
    state: &'s Store,
}

#[derive(Deserialize)]
struct Kept {
    version: u32,
    state: Store,
}

/// The kept state; `None` when there is no file yet.
pub(crate) fn load(path: &Path) -> Result<Option<Store>, StateError> {
    let what = "sandbox state file";
    if let Err(error) = std::fs::metadata(path)
        && error.kind() == std::io::ErrorKind::NotFound
    {
        return Ok(None);
    }
    let kept: Kept = read_json(path, what)?;
    if kept.version != VERSION {
        let reason =
            format!("it has version {}, this program reads {VERSION}; choose another file", kept.version);
        return Err(StateError::Content { path: path.to_owned(), what, reason });
    }
    if !(0..=CLOCK_LIMIT).contains(&kept.state.clock_offset) {
        let reason = "its clock is out of range".to_owned();
        return Err(StateError::Content { path: path.to_owned(), what, reason });
    }
    Ok(Some(kept.state))
}

/// Keeps other sandboxes off the state file until it is let go, by a locked file beside it: the state file itself is
/// replaced with each change.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock, or says who has it.
    pub(crate) fn take(state: &Path) -> Result<Self, StateError> {
        let mut path = state.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| StateError::Write { path: path.clone(), source };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::Busy { path: state.to_owned() }),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

/// Replaces the state file.
pub(crate) fn save(path: &Path, store: &Store) -> Result<(), StateError> {
    let failed = |source| StateError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    let text = serde_json::to_vec(&Written { version: VERSION, state: store })
        .map_err(|error| failed(error.into()))?;
    file.write_all(&text).map_err(failed)?;
    file.as_file().sync_data().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<T, StateError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| StateError::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text).map_err(|error| StateError::Content {
        path: path.to_owned(),
        what,
        reason: error.to_string(),
    })
}
