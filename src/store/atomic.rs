//! Writing a file whole or not at all: after any crash the old content or the new one is there, never neither.
//!
//! Files are 0600 from birth. It never overwrites without being told to, and removes only the temporary file it made.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::{CWD, Mode, OFlags, open};

use super::{StoreError, shown, system};

/// What may stand at the target before a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRule {
    /// Nothing: an existing file is an error and stays as it is.
    New,
    /// Anything that can be renamed over: the old content is replaced in one step.
    Replace,
}

/// Distinguishes the temporary files of one process.
static COUNTER: AtomicU64 = AtomicU64::new(0);
/// Names tried for a temporary file; more leftovers than this are a fault of their own.
const ATTEMPTS: usize = 1000;

/// A temporary file that disappears unless it was moved into place.
pub(super) struct Temp {
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) moved: bool,
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.moved {
            // A failure leaves a 0600 file under a name that is never read.
            let _ = rustix::fs::unlink(&self.path);
        }
    }
}

/// Writes `bytes` to `path`: a new 0600 file beside it, flushed, read back and compared, moved into place, directory flushed.
///
/// # Errors
/// The target exists under [`WriteRule::New`], the content reads back differently, or the system refuses; then what was at
/// `path` is unchanged. With [`StoreError::Unconfirmed`] the new file is in place, and only the disk's word for it is missing.
pub fn atomic_write(path: &Path, bytes: &[u8], rule: WriteRule) -> Result<(), StoreError> {
    let directory = folder(path);
    let mut temp = create_temp(directory, path).map_err(StoreError::not_written)?;
    let placed = fill(&mut temp, path, bytes).and_then(|()| move_into_place(&temp.path, path, rule));
    // A call that failed may have been carried out all the same: what is said is what is there.
    if let Err(error) = placed
        && !temp.is_at(path)
    {
        return Err(error.not_written());
    }
    temp.moved = true;
    sync_directory(directory).map_err(|error| error.unconfirmed(path))
}

/// The folder that holds this name.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Puts the content into the temporary file, flushes it, and compares what is there.
fn fill(temp: &mut Temp, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    temp.file.write_all(bytes).map_err(|reason| system("write", path, reason))?;
    temp.file.sync_all().map_err(|reason| system("flush", path, reason))?;
    compare(&mut temp.file, path, bytes)
}

impl Temp {
    /// True if the name belongs to this very file.
    fn is_at(&self, path: &Path) -> bool {
        let (ours, named) = (rustix::fs::fstat(&self.file), rustix::fs::lstat(path));
        matches!((ours, named), (Ok(ours), Ok(named)) if (ours.st_dev, ours.st_ino) == (named.st_dev, named.st_ino))
    }
}

/// Takes the next free name: another container's process may have our number, and a killed one may have left its file.
pub(super) fn create_temp(directory: &Path, target: &Path) -> Result<Temp, StoreError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..ATTEMPTS {
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".fastness-{}-{count}.tmp", std::process::id()));
        match open(&path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok(Temp { path, file: file.into(), moved: false }),
            Err(rustix::io::Errno::EXIST) => {}
            Err(reason) => return Err(system("write", target, reason)),
        }
    }
    Err(system("make a temporary file beside", target, rustix::io::Errno::AGAIN))
}

pub(super) fn compare(file: &mut File, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut found = Vec::with_capacity(bytes.len());
    file.rewind().map_err(|reason| system("read back", path, reason))?;
    file.read_to_end(&mut found).map_err(|reason| system("read back", path, reason))?;
    if found == bytes { Ok(()) } else { Err(StoreError::ReadBack { path: shown(path) }) }
}

pub(super) fn move_into_place(temp: &Path, path: &Path, rule: WriteRule) -> Result<(), StoreError> {
    let moved = match rule {
        WriteRule::Replace => rustix::fs::rename(temp, path),
        WriteRule::New => rename_to_nothing(temp, path),
    };
    moved.map_err(|reason| match reason {
        rustix::io::Errno::EXIST => StoreError::Exists { path: shown(path) },
        other => system("put in place", path, other),
    })
}

/// Moves only if nothing is at `path`, in one step of the kernel.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn rename_to_nothing(temp: &Path, path: &Path) -> rustix::io::Result<()> {
    match rustix::fs::renameat_with(CWD, temp, CWD, path, rustix::fs::RenameFlags::NOREPLACE) {
        // Some file systems do not know the flag; a hard link refuses an existing name as well.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => link_once(temp, path),
        other => other,
    }
}

/// Moves only if nothing is at `path`, in one step of the kernel.
#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn rename_to_nothing(temp: &Path, path: &Path) -> rustix::io::Result<()> {
    link_once(temp, path)
}

/// Gives the file its name, then takes the temporary one away.
fn link_once(temp: &Path, path: &Path) -> rustix::io::Result<()> {
    rustix::fs::linkat(CWD, temp, CWD, path, rustix::fs::AtFlags::empty())?;
    rustix::fs::unlink(temp)
}

/// Flushes the directory, so that the new name survives a power cut.
pub(super) fn sync_directory(directory: &Path) -> Result<(), StoreError> {
    File::open(directory)
        .and_then(|dir| dir.sync_all())
        .map_err(|reason| system("flush the directory", directory, reason))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn new_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w");
        atomic_write(&path, b"first", WriteRule::New).unwrap();
        assert_eq!(atomic_write(&path, b"second", WriteRule::New), Err(StoreError::Exists { path: shown(&path) }));
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(names(dir.path()), ["w"]);
        atomic_write(&path, b"third", WriteRule::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"third");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(names(dir.path()), ["w"]);
    }

    #[test]
    fn a_hard_link_is_as_careful_as_a_rename() {
        let dir = tempfile::tempdir().unwrap();
        let (temp, path) = (dir.path().join("t"), dir.path().join("w"));
        fs::write(&temp, b"new").unwrap();
        fs::write(&path, b"old").unwrap();
        assert_eq!(link_once(&temp, &path), Err(rustix::io::Errno::EXIST));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        fs::remove_file(&path).unwrap();
        link_once(&temp, &path).unwrap();
        assert_eq!(names(dir.path()), ["w"]);
    }

    #[test]
    fn failure_leaves_the_old_file_and_no_litter() {
        let dir = tempfile::tempdir().unwrap();
        // A directory cannot be renamed over by a file: the write fails at its last step.
        let path = dir.path().join("w");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"old").unwrap();
        assert!(matches!(atomic_write(&path, b"new", WriteRule::Replace), Err(StoreError::NotWritten { .. })));
        assert_eq!(names(dir.path()), ["w"]);
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"old");
        let nowhere = dir.path().join("none/w");
        assert_eq!(atomic_write(&nowhere, b"", WriteRule::New), Err(StoreError::Missing { path: shown(&nowhere) }));
    }

    #[test]
    fn leftovers_of_a_killed_process_are_neither_used_nor_removed() {
        let dir = tempfile::tempdir().unwrap();
        let next = COUNTER.load(Ordering::Relaxed);
        let left = |count: u64| dir.path().join(format!(".fastness-{}-{count}.tmp", std::process::id()));
        (next..next + 100).for_each(|count| fs::write(left(count), b"left").unwrap());
        atomic_write(&dir.path().join("w"), b"new", WriteRule::New).unwrap();
        assert_eq!(names(dir.path()).len(), 101);
        assert_eq!(fs::read(left(next)).unwrap(), b"left");
    }

    #[test]
    fn a_file_knows_whether_it_is_in_place() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("w"), dir.path().join("other"));
        let temp = create_temp(dir.path(), &path).unwrap();
        assert!(!temp.is_at(&path));
        fs::write(&other, b"").unwrap();
        assert!(!temp.is_at(&other));
        fs::rename(&temp.path, &path).unwrap();
        assert!(temp.is_at(&path));
    }

    #[test]
    fn a_difference_on_disk_is_noticed() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"abc").unwrap();
        assert_eq!(compare(&mut file, Path::new("f"), b"abc"), Ok(()));
        assert!(matches!(compare(&mut file, Path::new("f"), b"abd"), Err(StoreError::ReadBack { .. })));
        assert!(matches!(compare(&mut file, Path::new("f"), b"ab"), Err(StoreError::ReadBack { .. })));
    }

    #[test]
    fn many_writers_of_new_have_one_winner() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("w");
        let wins: usize = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..16u8)
                .map(|id| {
                    let path = &path;
                    scope.spawn(move || usize::from(atomic_write(path, &[id; 64], WriteRule::New).is_ok()))
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
        let content = fs::read(&path).unwrap();
        assert!(content.len() == 64 && content.iter().all(|byte| *byte == content[0]));
        assert_eq!(names(dir.path()), ["w"]);
    }
}
