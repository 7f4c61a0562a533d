//! A new file that one process makes and another fills: the first never has the content, the second can reach no other file.
//!
//! Until it is placed it has no name (O_TMPFILE), so that a crash of either leaves nothing; where the file system has no such
//! files, it has a temporary name, which is taken away again. It never overwrites.

use std::{
    fs::File,
    io::Write,
    os::fd::AsRawFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, linkat, open},
    io::Errno,
};

use super::{
    StoreError, WriteRule,
    atomic::{Temp, compare, create_temp, folder, move_into_place, sync_directory},
    read::{check_ours, kind_name},
    shown, system,
};

/// A file on its way to its place.
pub struct NewFile {
    target: PathBuf,
    held: Held,
}

/// How it is held until then.
enum Held {
    /// Without a name.
    Unnamed(File),
    /// Under a temporary one.
    Named(Temp),
}

/// An empty file, closed to others, that another process of this user holds and this one fills.
#[derive(Debug)]
pub struct EmptyFile {
    path: PathBuf,
    file: File,
}

impl NewFile {
    /// Makes it, 0600 and empty, in the folder of `target`, where nothing may be yet.
    ///
    /// # Errors
    /// Something is there, or the system refuses.
    pub fn begin(target: &Path) -> Result<Self, StoreError> {
        if target.symlink_metadata().is_ok() {
            return Err(StoreError::Exists { path: shown(target) });
        }
        let held = match unnamed(folder(target)) {
            Some(file) => Held::Unnamed(file),
            None => Held::Named(create_temp(folder(target), target).map_err(StoreError::not_written)?),
        };
        Ok(Self { target: target.to_owned(), held })
    }

    /// Where a process of the same user opens it, as long as this one runs.
    #[must_use]
    pub fn reach(&self) -> PathBuf {
        match &self.held {
            Held::Unnamed(file) => PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())),
            Held::Named(temp) => temp.path.clone(),
        }
    }

    /// Gives it its name, once it was filled.
    ///
    /// # Errors
    /// It is empty, something has the name by now, or the system refuses; then nothing is there. With
    /// [`StoreError::Unconfirmed`] it is in place, and only the disk's word for it is missing.
    pub fn place(self) -> Result<(), StoreError> {
        let target = self.target.as_path();
        let file = match &self.held {
            Held::Unnamed(file) => file,
            Held::Named(temp) => &temp.file,
        };
        if fstat(file).map_err(|reason| system("examine", target, reason))?.st_size == 0 {
            return Err(StoreError::ReadBack { path: shown(target) });
        }
        match self.held {
            Held::Unnamed(file) => link(&file, target)?,
            Held::Named(mut temp) => {
                move_into_place(&temp.path, target, WriteRule::New).map_err(StoreError::not_written)?;
                temp.moved = true;
            }
        }
        sync_directory(folder(target)).map_err(|error| error.unconfirmed(target))
    }
}

/// A file without a name, where the file system has such files and the system shows descriptors as paths.
#[cfg(target_os = "linux")]
fn unnamed(directory: &Path) -> Option<File> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(open(directory, flags, Mode::RUSR | Mode::WUSR).ok()?);
    descriptor(&file).exists().then_some(file)
}

/// No other system has them.
#[cfg(not(target_os = "linux"))]
fn unnamed(_directory: &Path) -> Option<File> {
    None
}

fn descriptor(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// A link never takes the place of another file (`linkat`).
fn link(file: &File, target: &Path) -> Result<(), StoreError> {
    linkat(CWD, descriptor(file), CWD, target, AtFlags::SYMLINK_FOLLOW).map_err(|reason| match reason {
        Errno::EXIST => StoreError::Exists { path: shown(target) },
        other => system("put in place", target, other).not_written(),
    })
}

impl EmptyFile {
    /// Opens what [`NewFile::reach`] names. A sealed process does so before its seal: afterwards it can open nothing.
    ///
    /// # Errors
    /// It is not an empty plain file of ours, closed to others; or the system refuses.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // NONBLOCK, so that opening a pipe returns at once.
        let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
        let file = File::from(open(path, flags, Mode::empty()).map_err(|reason| system("open", path, reason))?);
        let found = fstat(&file).map_err(|reason| system("examine", path, reason))?;
        let kind = FileType::from_raw_mode(found.st_mode);
        let is_empty = kind == FileType::RegularFile && found.st_size == 0 && found.st_nlink <= 1;
        if !is_empty {
            return Err(StoreError::WrongKind { path: shown(path), found: kind_name(kind), wanted: "an empty file" });
        }
        check_ours(path, &found, "600")?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Fills it: written, flushed, read back and compared.
    ///
    /// # Errors
    /// It reads back differently, or the system refuses.
    pub fn fill(mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.file.write_all(bytes).map_err(|reason| system("write", &self.path, reason))?;
        self.file.sync_all().map_err(|reason| system("flush", &self.path, reason))?;
        compare(&mut self.file, &self.path, bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn named(target: &Path) -> NewFile {
        let held = Held::Named(create_temp(folder(target), target).unwrap());
        NewFile { target: target.to_owned(), held }
    }

    /// Both ways of holding it, whatever this file system has.
    const BOTH: [fn(&Path) -> NewFile; 2] = [|target| NewFile::begin(target).unwrap(), named];

    #[test]
    fn another_process_fills_it_and_it_gets_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sheet");
        for begin in BOTH {
            let file = begin(&target);
            EmptyFile::open(&file.reach()).unwrap().fill(b"words").unwrap();
            assert!(!target.exists());
            file.place().unwrap();
            assert_eq!(fs::read(&target).unwrap(), b"words");
            assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o7777, 0o600);
            assert_eq!(names(dir.path()), ["sheet"]);
            fs::remove_file(&target).unwrap();
        }
    }

    #[test]
    fn what_is_not_filled_or_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sheet");
        for begin in BOTH {
            let file = begin(&target);
            assert!(matches!(file.place(), Err(StoreError::ReadBack { .. })));
            assert!(names(dir.path()).is_empty());
        }
        for begin in BOTH {
            let file = begin(&target);
            EmptyFile::open(&file.reach()).unwrap().fill(b"words").unwrap();
            drop(file);
            assert!(names(dir.path()).is_empty());
        }
        assert!(matches!(NewFile::begin(&dir.path().join("absent/sheet")), Err(StoreError::Missing { .. })));
    }

    #[test]
    fn nothing_is_overwritten_also_not_what_came_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("sheet");
        for begin in BOTH {
            let file = begin(&target);
            EmptyFile::open(&file.reach()).unwrap().fill(b"words").unwrap();
            fs::write(&target, "mine").unwrap();
            assert!(matches!(file.place(), Err(StoreError::Exists { .. })));
            assert_eq!(fs::read(&target).unwrap(), b"mine");
            assert_eq!(names(dir.path()), ["sheet"]);
            assert!(matches!(NewFile::begin(&target), Err(StoreError::Exists { .. })));
            fs::remove_file(&target).unwrap();
        }
    }

    #[test]
    fn only_an_empty_plain_file_closed_to_others_is_filled() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        assert!(matches!(EmptyFile::open(&path), Err(StoreError::Loose { .. })));
        fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        EmptyFile::open(&path).unwrap();
        fs::hard_link(&path, dir.path().join("other")).unwrap();
        assert!(matches!(EmptyFile::open(&path), Err(StoreError::WrongKind { .. })));
        fs::remove_file(dir.path().join("other")).unwrap();
        fs::write(&path, "full").unwrap();
        assert!(matches!(EmptyFile::open(&path), Err(StoreError::WrongKind { .. })));
        assert!(EmptyFile::open(Path::new("/dev/null")).is_err() && EmptyFile::open(dir.path()).is_err());
    }
}
