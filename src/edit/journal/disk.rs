//! The operations that change the disk, one trait, so that a test can fail or kill at any of them.
//!
//! Reads are not part of it: an interrupted read changes nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};

use camino::Utf8Path;

/// Permission bits of a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// What the system gives new files.
    Default,
    /// Readable by the owner only.
    Private,
    /// Exactly these bits (ignored where the system has none).
    Bits(u32),
}

/// Changes to the disk. Each call either happens or does not, except [`Disk::write`], which may leave a part.
pub trait Disk: std::fmt::Debug {
    /// Makes one folder.
    fn create_dir(&self, path: &Utf8Path) -> io::Result<()>;
    /// Removes one empty folder.
    fn remove_dir(&self, path: &Utf8Path) -> io::Result<()>;
    /// Writes a file and waits until it is on the disk. Only used for files that nobody else knows of.
    fn write(&self, path: &Utf8Path, bytes: &[u8], mode: Mode) -> io::Result<()>;
    /// Moves a file, replacing what stands there, in one instant.
    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()>;
    /// Gives a file that nobody else knows of the owner, group and extended attributes of another one. An error when it
    /// cannot have the same.
    fn adopt(&self, path: &Utf8Path, like: &Utf8Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Utf8Path) -> io::Result<()>;
    /// Waits until the names in a folder are on the disk.
    fn sync_dir(&self, path: &Utf8Path) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create_dir(&self, path: &Utf8Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn remove_dir(&self, path: &Utf8Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn write(&self, path: &Utf8Path, bytes: &[u8], mode: Mode) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        never_through_a_link(&mut options);
        #[cfg(unix)]
        if mode != Mode::Default {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        #[cfg(unix)]
        if let Mode::Bits(bits) = mode {
            use std::os::unix::fs::PermissionsExt as _;
            file.set_permissions(fs::Permissions::from_mode(bits))?;
        }
        file.sync_all()
    }

    fn rename(&self, from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    #[cfg(unix)]
    fn adopt(&self, path: &Utf8Path, like: &Utf8Path) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
        let (mine, theirs) = (fs::metadata(path)?, fs::metadata(like)?);
        let differs = |a: u32, b: u32| (a != b).then_some(b);
        let (owner, group) = (differs(mine.uid(), theirs.uid()), differs(mine.gid(), theirs.gid()));
        if owner.is_some() || group.is_some() {
            chown(path, owner, group)?;
            // A change of the owner takes the set-id bits away.
            fs::set_permissions(path, fs::Permissions::from_mode(mine.permissions().mode() & 0o7777))?;
        }
        attributes::copy(like, path)
    }

    #[cfg(not(unix))]
    fn adopt(&self, _path: &Utf8Path, _like: &Utf8Path) -> io::Result<()> {
        Ok(())
    }

    fn remove_file(&self, path: &Utf8Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Utf8Path) -> io::Result<()> {
        if cfg!(unix) { File::open(path)?.sync_all() } else { Ok(()) }
    }
}

/// Makes an open fail when the path is a link, where the system can say so.
pub(super) fn never_through_a_link(options: &mut OpenOptions) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Extended attributes.
#[cfg(unix)]
mod attributes {
    use std::ffi::CStr;
    use std::io;

    use camino::Utf8Path;
    use rustix::fs::{XattrFlags, getxattr, getxattr_query, listxattr, listxattr_query, setxattr};
    use rustix::io::Errno;

    /// Copies them; those that only the system sets are left to it.
    pub(super) fn copy(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
        let size = match listxattr_query(from.as_std_path()) {
            Ok(0) | Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
            size => size?,
        };
        let mut names = vec![0; size];
        let size = listxattr(from.as_std_path(), &mut names[..])?;
        names.truncate(size);
        for name in names.split_inclusive(|byte| *byte == 0) {
            let Ok(name) = CStr::from_bytes_with_nul(name) else { continue };
            let copied = copy_one(from, to, name);
            if !name.to_bytes().starts_with(b"security.") {
                copied?;
            }
        }
        Ok(())
    }

    fn copy_one(from: &Utf8Path, to: &Utf8Path, name: &CStr) -> io::Result<()> {
        let size = getxattr_query(from.as_std_path(), name)?;
        let mut value = vec![0; size];
        let size = getxattr(from.as_std_path(), name, &mut value[..])?;
        value.truncate(size);
        Ok(setxattr(to.as_std_path(), name, &value, XattrFlags::empty())?)
    }
}

/// The bytes of a file, `None` when there is none.
pub(super) fn read(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// The permission bits of a file that exists.
pub(super) fn mode_of(path: &Utf8Path) -> Option<Mode> {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        Some(Mode::Bits(metadata.permissions().mode() & 0o7777))
    }
    #[cfg(not(unix))]
    {
        drop(metadata);
        Some(Mode::Default)
    }
}
