//! Where records lie, and which of them are in force.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};

use camino::{Utf8Path, Utf8PathBuf};

use super::disk::{self, Disk, Mode, SystemDisk};
use super::guard::{self, untrusted};
use super::record::JournalEntry;
use super::{FOLDER, JournalError, Unfinished};

const FORMAT: u32 = 1;

/// The journal of one app.
#[derive(Debug)]
pub struct Journal {
    pub(super) app: Utf8PathBuf,
    /// No file outside of it is read or written.
    pub(super) limit: Utf8PathBuf,
    pub(super) disk: Box<dyn Disk>,
}

impl Journal {
    /// The journal of the app in a folder. It covers the git repository that holds the app; without one, what lies below
    /// `root`. Opening it reads and writes nothing, but refuses a folder with links in it.
    pub fn open(root: &Utf8Path, app: &Utf8Path) -> Result<Self, JournalError> {
        Self::with_disk(root, app, Box::new(SystemDisk))
    }

    /// The same over another disk, for tests.
    pub fn with_disk(root: &Utf8Path, app: &Utf8Path, disk: Box<dyn Disk>) -> Result<Self, JournalError> {
        let real =
            |path: &Utf8Path| path.canonicalize_utf8().map_err(|_| JournalError::NotAFolder(path.to_owned()));
        let app = real(app)?;
        let limit = guard::limit(&app, &real(root)?);
        let journal = Self { app, limit, disk };
        guard::check_folder(&journal.folder())?;
        Ok(journal)
    }

    /// The applied steps that are in force, oldest first.
    pub fn entries(&self) -> Result<Vec<JournalEntry>, JournalError> {
        let log = self.log()?;
        let undone: BTreeSet<u32> = log.iter().flat_map(|e| e.undoes.iter().copied()).collect();
        Ok(log.into_iter().filter(|e| e.undoes.is_empty() && !undone.contains(&e.id)).collect())
    }

    /// The transaction that was cut short, if there is one.
    pub fn unfinished(&self) -> Result<Option<Unfinished>, JournalError> {
        let mut pending = self.records(true)?;
        let unfinished = pending.pop();
        if let Some(entry) = &unfinished
            && (!pending.is_empty() || self.log()?.last().is_some_and(|last| last.id >= entry.id))
        {
            return Err(untrusted(&self.pending_path(entry.id), "is not the last record"));
        }
        Ok(unfinished.map(Unfinished::new))
    }

    /// Every committed record, undone or not, oldest first.
    pub(super) fn log(&self) -> Result<Vec<JournalEntry>, JournalError> {
        let log = self.records(false)?;
        guard::check_gaps(&self.folder(), &log)?;
        Ok(log)
    }

    pub(super) fn next_id(&self) -> Result<u32, JournalError> {
        Ok(self.log()?.last().map_or(1, |e| e.id + 1))
    }

    pub(super) fn folder(&self) -> Utf8PathBuf {
        self.app.join(FOLDER)
    }

    pub(super) fn records_dir(&self) -> Utf8PathBuf {
        self.folder().join("journal")
    }

    pub(super) fn staging(&self, id: u32) -> Utf8PathBuf {
        self.folder().join("staging").join(format!("{id:06}"))
    }

    pub(super) fn committed_path(&self, id: u32) -> Utf8PathBuf {
        self.records_dir().join(format!("{id:06}.json"))
    }

    pub(super) fn pending_path(&self, id: u32) -> Utf8PathBuf {
        self.records_dir().join(format!("{id:06}.pending.json"))
    }

    /// Removes what a run left that was cut before its first record: texts that were staged, an empty folder.
    pub fn sweep(&self) {
        let left = self.folder().join("staging").is_dir() || !self.records_dir().is_dir();
        if self.folder().is_dir()
            && left
            && let Ok(lock) = self.lock()
        {
            self.tidy();
            drop(lock);
        }
    }

    /// Makes the folder and takes the lock, which ends with the process at the latest.
    pub(super) fn lock(&self) -> Result<File, JournalError> {
        guard::check_folder(&self.folder())?;
        self.make_dir(&self.folder())?;
        let ignore = self.folder().join(".gitignore");
        if disk::read(&ignore).map_err(JournalError::io("read", &ignore))?.as_deref() != Some(b"*\n") {
            self.write(&ignore, b"*\n", Mode::Default)?;
        }
        let path = self.folder().join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        disk::never_through_a_link(&mut options);
        let file = options.open(&path).map_err(JournalError::io("open", &path))?;
        match try_for_a_while(&file) {
            Ok(()) => Ok(file),
            Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::Busy),
            Err(std::fs::TryLockError::Error(source)) => Err(JournalError::Io { what: "lock", path, source }),
        }
    }

    /// Removes what a transaction left behind, and the whole folder when nothing is in force any more. A failure is
    /// no fault: the same is tried again next time.
    pub(super) fn tidy(&self) {
        let clean = || -> Result<(), JournalError> {
            if self.unfinished()?.is_some() {
                return Ok(());
            }
            self.remove_tree(&self.folder().join("staging"))?;
            if !self.entries()?.is_empty() || self.log()?.last().is_some_and(|last| last.apart) {
                return Ok(());
            }
            // Oldest first: an undoing without what it undoes says nothing, the other way round would revive a step.
            for entry in self.log()? {
                self.remove_file(&self.committed_path(entry.id))?;
            }
            self.remove_tree(&self.records_dir())?;
            let ours = |name: &str| matches!(name, ".gitignore" | "lock");
            if names_in(&self.folder()).iter().all(|n| ours(n)) {
                self.remove_file(&self.folder().join("lock"))?;
                // While anything of ours is left, git has to ignore it.
                self.remove_tree(&self.folder())?;
            }
            Ok(())
        };
        drop(clean());
    }

    fn records(&self, pending: bool) -> Result<Vec<JournalEntry>, JournalError> {
        let dir = self.records_dir();
        let mut entries = Vec::new();
        for name in names_in(&dir) {
            let Some(stem) = name.strip_suffix(".json") else { continue };
            let (stem, is_pending) = stem.strip_suffix(".pending").map_or((stem, false), |s| (s, true));
            let digits = stem.len() == 6 && stem.bytes().all(|b| b.is_ascii_digit());
            let Some(id) = stem.parse::<u32>().ok().filter(|_| digits && is_pending == pending) else {
                continue;
            };
            let path = dir.join(&name);
            let Some(bytes) = disk::read(&path).map_err(JournalError::io("read", &path))? else { continue };
            let bad = |reason: String| JournalError::Record { path: path.clone(), reason };
            let entry: JournalEntry = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
            if entry.version != FORMAT {
                return Err(bad(format!("format {} instead of {FORMAT}", entry.version)));
            }
            guard::check_record(&entry, id).map_err(|why| untrusted(&path, why))?;
            entries.push(entry);
        }
        entries.sort_by_key(|e| e.id);
        Ok(entries)
    }

    // The disk, with the path in every error.

    pub(super) fn make_dir(&self, path: &Utf8Path) -> Result<(), JournalError> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(parent) = path.parent()
            && !parent.is_dir()
        {
            self.make_dir(parent)?;
        }
        self.disk.create_dir(path).map_err(JournalError::io("create", path))
    }

    pub(super) fn write(&self, path: &Utf8Path, bytes: &[u8], mode: Mode) -> Result<(), JournalError> {
        self.disk.write(path, bytes, mode).map_err(JournalError::io("write", path))
    }

    pub(super) fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> Result<(), JournalError> {
        self.disk.rename(from, to).map_err(JournalError::io("write", to))?;
        self.sync_parent(to)
    }

    pub(super) fn remove_file(&self, path: &Utf8Path) -> Result<(), JournalError> {
        if path.symlink_metadata().is_err() {
            return Ok(());
        }
        self.disk.remove_file(path).map_err(JournalError::io("remove", path))?;
        self.sync_parent(path)
    }

    pub(super) fn sync_parent(&self, path: &Utf8Path) -> Result<(), JournalError> {
        let parent = path.parent().unwrap_or(path);
        self.disk.sync_dir(parent).map_err(JournalError::io("sync", parent))
    }

    /// Removes a folder of ours with everything in it. A link is removed and not followed.
    pub(super) fn remove_tree(&self, dir: &Utf8Path) -> Result<(), JournalError> {
        if !is_real_dir(dir) {
            return Ok(());
        }
        for name in names_in(dir) {
            let path = dir.join(name);
            if is_real_dir(&path) {
                self.remove_tree(&path)?;
            } else {
                self.remove_file(&path)?;
            }
        }
        self.disk.remove_dir(dir).map_err(JournalError::io("remove", dir))
    }
}

/// Whether a path is a folder, and no link to one.
pub(super) fn is_real_dir(path: &Utf8Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Names in a folder, sorted; none when it cannot be read.
pub(super) fn names_in(dir: &Utf8Path) -> Vec<String> {
    let entries = dir.read_dir_utf8().into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|e| e.file_name().to_owned()).collect();
    names.sort();
    names
}

pub(super) fn new_entry(id: u32, step: &str, at: jiff::Timestamp, root: String) -> JournalEntry {
    JournalEntry {
        version: FORMAT,
        id,
        step: step.to_owned(),
        at,
        root,
        sites: Vec::new(),
        undoes: Vec::new(),
        apart: false,
        files: Vec::new(),
        folders: Vec::new(),
    }
}

/// Tries the lock for a tenth of a second: a program that this one is just starting holds its open files for the moment
/// between the fork and the exec, and that is not another run.
fn try_for_a_while(file: &std::fs::File) -> Result<(), std::fs::TryLockError> {
    const TRIES: u32 = 20;
    for _ in 1..TRIES {
        match file.try_lock() {
            Err(std::fs::TryLockError::WouldBlock) => {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            other => return other,
        }
    }
    file.try_lock()
}
