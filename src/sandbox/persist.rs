//! The state file and the seed file: the only files the sandbox touches.
//!
//! The state is written to a new file beside the old one and renamed over it, so a reader and a crash see one or the other.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::store::Store;

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
    Ok(Some(kept.state))
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
