//! One transaction: stage, record, write, mark; and the two ways out of one that was cut short.

use std::io::ErrorKind;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::disk::{self, Mode};
use super::record::{JournalEntry, JournalFile, file_record, hash};
use super::store::{Journal, is_real_dir, new_entry};
use super::{JournalError, guard};
use crate::edit::Outcome;

/// A transaction that was cut short. It can be finished or rolled back, both exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    entry: JournalEntry,
}

impl Unfinished {
    pub(super) fn new(entry: JournalEntry) -> Self {
        Self { entry }
    }

    /// What it was about to do.
    pub fn entry(&self) -> &JournalEntry {
        &self.entry
    }
}

/// One file of a transaction, with both texts; `None` for a file that is not there.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) record: JournalFile,
    pub(super) real: Utf8PathBuf,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

/// Which of the two texts a file shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Side {
    fn hash_of(self, file: &JournalFile) -> Option<&str> {
        match self {
            Self::Before => file.before.as_deref(),
            Self::After => file.after.as_deref(),
        }
    }

    fn staged_name(self, index: usize) -> String {
        match self {
            Self::Before => format!("{index}.before"),
            Self::After => format!("{index}.after"),
        }
    }
}

impl Journal {
    /// Writes an outcome as one transaction: all of it or nothing. `root` is the root of the workspace the outcome was
    /// planned on. Refuses when a file is not what it was when planned. `None` when the outcome changes nothing.
    pub fn apply(
        &self,
        root: &Utf8Path,
        step: &str,
        at: jiff::Timestamp,
        outcome: &Outcome,
    ) -> Result<Option<JournalEntry>, JournalError> {
        if outcome.is_empty() {
            return Ok(None);
        }
        let root = root.canonicalize_utf8().map_err(|_| JournalError::NotAFolder(root.to_owned()))?;
        let Ok(inner) = self.app.strip_prefix(&root) else {
            return Err(JournalError::LeavesRoot { file: self.app.to_string() });
        };
        // The journal may cover less than what was looked at, never more.
        let bound = if self.limit.starts_with(&root) { &self.limit } else { &root };
        let above = self.app.strip_prefix(bound).unwrap_or(inner);
        let mut entry = new_entry(0, step, at, up(above));
        entry.sites = outcome.sites();
        let mut targets: Vec<Target> = Vec::new();
        for file in outcome.files() {
            let path = from_app(inner, Utf8Path::new(file.path()));
            let real = self.resolve(bound, &path)?;
            if let Some(twin) = targets.iter().find(|t| t.real == real) {
                return Err(JournalError::SameFile { first: twin.record.path.clone(), second: path });
            }
            let mut record = file_record(path, file);
            record.mode = bits(&real);
            let before = record.before.is_some().then(|| file.before().bytes().to_vec());
            targets.push(Target { record, real, before, after: Some(file.after().bytes().to_vec()) });
        }
        let changed = |file: &str| JournalError::ChangedSincePlanned { file: file.to_owned() };
        self.commit(entry, &targets, &changed).map(Some)
    }

    /// Completes an interrupted transaction.
    pub fn finish(&self, unfinished: &Unfinished) -> Result<JournalEntry, JournalError> {
        let lock = self.lock()?;
        let entry = unfinished.entry.clone();
        self.drive_all(&entry, Side::After)?;
        self.rename(&self.pending_path(entry.id), &self.committed_path(entry.id))?;
        self.tidy();
        drop(lock);
        Ok(entry)
    }

    /// Puts everything back as it was before an interrupted transaction.
    pub fn roll_back(&self, unfinished: &Unfinished) -> Result<(), JournalError> {
        let lock = self.lock()?;
        self.drive_all(&unfinished.entry, Side::Before)?;
        self.remove_file(&self.pending_path(unfinished.entry.id))?;
        self.tidy();
        drop(lock);
        Ok(())
    }

    /// Runs a transaction from its texts. The entry's id, files and folders are filled in here.
    pub(super) fn commit(
        &self,
        mut entry: JournalEntry,
        targets: &[Target],
        changed: &dyn Fn(&str) -> JournalError,
    ) -> Result<JournalEntry, JournalError> {
        let lock = self.lock()?;
        let prepared = self.prepare(&mut entry, targets, changed);
        if let Err(error) = prepared {
            self.tidy();
            return Err(error);
        }
        let files: Vec<(usize, &JournalFile, &Utf8Path)> =
            targets.iter().enumerate().map(|(i, t)| (i, &t.record, t.real.as_path())).collect();
        let mut done = 0;
        let written = files.iter().try_for_each(|file| {
            done += 1;
            self.drive(entry.id, *file, Side::After, changed)
        });
        let written = written.and_then(|()| self.remove_folders(&entry));
        if let Err(error) = written {
            // The last one may or may not have been written, the ones after it were not touched.
            let back = files.iter().take(done).rev().try_for_each(|file| {
                self.drive(entry.id, *file, Side::Before, &|f| JournalError::ChangedSinceInterrupted {
                    file: f.to_owned(),
                    step: entry.step.clone(),
                })
            });
            let back = back
                .and_then(|()| self.remove_folders(&entry))
                .and_then(|()| self.remove_file(&self.pending_path(entry.id)));
            if back.is_ok() {
                self.tidy();
                return Err(JournalError::RolledBack(Box::new(error)));
            }
            return Err(error);
        }
        self.rename(&self.pending_path(entry.id), &self.committed_path(entry.id))?;
        self.tidy();
        drop(lock);
        Ok(entry)
    }

    /// Everything up to the instant before the first file of the user is touched.
    fn prepare(
        &self,
        entry: &mut JournalEntry,
        targets: &[Target],
        changed: &dyn Fn(&str) -> JournalError,
    ) -> Result<(), JournalError> {
        if let Some(earlier) = self.unfinished()? {
            return Err(JournalError::Unfinished { step: earlier.entry.step });
        }
        for target in targets {
            if read(&target.real)? != target.before {
                return Err(changed(&target.record.path));
            }
        }
        entry.id = self.next_id()?;
        entry.files = targets.iter().map(|t| t.record.clone()).collect();
        entry.folders = self.missing_folders(targets);
        let staging = self.staging(entry.id);
        self.remove_tree(&staging)?;
        self.make_dir(&staging)?;
        self.make_dir(&self.records_dir())?;
        for (index, target) in targets.iter().enumerate() {
            for (side, bytes) in [(Side::Before, &target.before), (Side::After, &target.after)] {
                if let Some(bytes) = bytes {
                    self.write(&staging.join(side.staged_name(index)), bytes, Mode::Private)?;
                }
            }
        }
        self.disk.sync_dir(&staging).map_err(JournalError::io("sync", &staging))?;
        let text = serde_json::to_string_pretty(entry)
            .map_err(|e| JournalError::Record { path: self.records_dir(), reason: e.to_string() })?;
        let temp = staging.join("record");
        self.write(&temp, text.as_bytes(), Mode::Default)?;
        self.rename(&temp, &self.pending_path(entry.id))
    }

    /// Brings every file of a recorded transaction to one side, after a look at all of them.
    fn drive_all(&self, entry: &JournalEntry, side: Side) -> Result<(), JournalError> {
        let changed = |file: &str| JournalError::ChangedSinceInterrupted {
            file: file.to_owned(),
            step: entry.step.clone(),
        };
        let root = self.root_of(entry)?;
        let mut files = Vec::new();
        for (index, file) in entry.files.iter().enumerate() {
            let real = self.resolve(&root, &file.path)?;
            let now = read(&real)?.map(|b| hash(&b));
            if now != file.before && now != file.after {
                return Err(changed(&file.path));
            }
            files.push((index, file, real));
        }
        for (index, file, real) in &files {
            self.drive(entry.id, (*index, file, real), side, &changed)?;
        }
        self.remove_folders(entry)
    }

    /// Brings one file to one side, unless it is there already.
    fn drive(
        &self,
        id: u32,
        (index, file, real): (usize, &JournalFile, &Utf8Path),
        side: Side,
        changed: &dyn Fn(&str) -> JournalError,
    ) -> Result<(), JournalError> {
        let now = read(real)?.map(|b| hash(&b));
        if now.as_deref() == side.hash_of(file) {
            return Ok(());
        }
        if now != file.before && now != file.after {
            return Err(changed(&file.path));
        }
        let Some(wanted) = side.hash_of(file) else { return self.remove_file(real) };
        let staged = self.staging(id).join(side.staged_name(index));
        let bytes = read(&staged)?.unwrap_or_default();
        if hash(&bytes) != wanted {
            return Err(JournalError::Record { path: staged, reason: "its text is gone".to_owned() });
        }
        self.put(id, file, real, &bytes)
    }

    /// Temp and rename, keeping the permission bits.
    fn put(&self, id: u32, file: &JournalFile, real: &Utf8Path, bytes: &[u8]) -> Result<(), JournalError> {
        let mode = match (disk::mode_of(real), file.mode, file.secret) {
            (Some(mode), _, _) => mode,
            (None, Some(bits), _) => Mode::Bits(bits & 0o777),
            (None, None, true) => Mode::Private,
            (None, None, false) => Mode::Default,
        };
        let parent = real.parent().unwrap_or(real);
        self.make_dir(parent)?;
        let temp = self.staging(id).join("put");
        let write = |temp: &Utf8Path| -> Result<(), JournalError> {
            self.write(temp, bytes, mode)?;
            if real.exists() {
                let lost = |_| JournalError::Owner { file: real.to_owned() };
                self.disk.adopt(temp, real).map_err(lost)?;
            }
            Ok(())
        };
        write(&temp)?;
        match self.disk.rename(&temp, real) {
            Ok(()) => self.sync_parent(real),
            // The app's folder and this file are on two file systems: the temporary file has to be beside it.
            Err(e) if e.kind() == ErrorKind::CrossesDevices => {
                let beside = parent.join(format!(".credyt-{id:06}.tmp"));
                write(&beside)?;
                self.rename(&beside, real)
            }
            Err(source) => Err(JournalError::Io { what: "write", path: real.to_owned(), source }),
        }
    }

    /// Removes folders that some transaction made and that are empty now, deepest first.
    fn remove_folders(&self, entry: &JournalEntry) -> Result<(), JournalError> {
        let mut folders: Vec<String> = entry.folders.clone();
        folders.extend(self.log()?.into_iter().flat_map(|e| e.folders));
        folders.sort();
        folders.dedup();
        for folder in folders.iter().rev() {
            // A link on the way leads to a folder that no step made.
            let Ok(dir) = self.resolve(&self.limit, folder) else { continue };
            let made = self.spelled(folder).is_some_and(|spelled| spelled == dir) && is_real_dir(&dir);
            if made && super::store::names_in(&dir).is_empty() {
                self.disk.remove_dir(&dir).map_err(JournalError::io("remove", &dir))?;
                self.sync_parent(&dir)?;
            }
        }
        Ok(())
    }

    /// Folders that have to be made, seen from the app, outermost first.
    fn missing_folders(&self, targets: &[Target]) -> Vec<String> {
        let mut folders = Vec::new();
        for target in targets.iter().filter(|t| t.after.is_some()) {
            let parents = Utf8Path::new(&target.record.path).ancestors().skip(1);
            folders.extend(parents.filter(|p| !self.app.join(p).exists()).map(ToString::to_string));
        }
        folders.sort();
        folders.dedup();
        folders
    }

    /// The folder that a record's files lie below: some folders up, as the record says, and never above the limit.
    pub(super) fn root_of(&self, entry: &JournalEntry) -> Result<Utf8PathBuf, JournalError> {
        let root = guard::ups(&entry.root).and_then(|ups| self.app.ancestors().nth(ups));
        match root {
            Some(root) if root.starts_with(&self.limit) => Ok(root.to_owned()),
            _ => Err(guard::untrusted(
                &self.committed_path(entry.id),
                format!("is about files outside of `{}`", self.limit),
            )),
        }
    }

    /// A path seen from the app, as it is spelled; `None` when it does not start at the app.
    fn spelled(&self, path: &str) -> Option<Utf8PathBuf> {
        let mut full = self.app.clone();
        for component in Utf8Path::new(path).components() {
            match component {
                Utf8Component::Normal(name) => full.push(name),
                Utf8Component::ParentDir => {
                    full.pop();
                }
                Utf8Component::CurDir => {}
                Utf8Component::RootDir | Utf8Component::Prefix(_) => return None,
            }
        }
        Some(full)
    }

    /// The file on the disk behind a path seen from the app: links are followed as long as they stay below `root`.
    pub(super) fn resolve(&self, root: &Utf8Path, path: &str) -> Result<Utf8PathBuf, JournalError> {
        let leaves = || JournalError::LeavesRoot { file: path.to_owned() };
        let full = self.spelled(path).ok_or_else(leaves)?;
        let there = full.ancestors().find(|p| p.symlink_metadata().is_ok()).unwrap_or(root);
        let rest = full.strip_prefix(there).map_err(|_| leaves())?.to_owned();
        // A link that points nowhere has no real place.
        let real = there.canonicalize_utf8().map_err(|_| leaves())?;
        let real = if rest.as_str().is_empty() { real } else { real.join(rest) };
        let inside = real.strip_prefix(root).map_err(|_| leaves())?;
        if inside.components().any(|name| guard::is_reserved(name.as_str())) {
            Err(leaves())
        } else {
            Ok(real)
        }
    }
}

pub(super) fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>, JournalError> {
    disk::read(path).map_err(JournalError::io("read", path))
}

pub(super) fn bits(path: &Utf8Path) -> Option<u32> {
    match disk::mode_of(path)? {
        Mode::Bits(bits) => Some(bits),
        Mode::Default | Mode::Private => None,
    }
}

/// `..` for each folder between the root and the app, `.` when they are the same.
fn up(inner: &Utf8Path) -> String {
    let ups: Vec<&str> = inner.components().map(|_| "..").collect();
    if ups.is_empty() { ".".to_owned() } else { ups.join("/") }
}

/// A path below the root, seen from the app at `inner` below the root.
fn from_app(inner: &Utf8Path, path: &Utf8Path) -> String {
    let common = inner.components().zip(path.components()).take_while(|(a, b)| a == b).count();
    let ups = inner.components().skip(common).map(|_| "..".to_owned());
    let downs = path.components().skip(common).map(|c| c.as_str().to_owned());
    ups.chain(downs).collect::<Vec<_>>().join("/")
}
