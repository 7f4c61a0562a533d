//! Reading with limits: a private file must be plain, ours and tight; a public one must only be small enough.
//!
//! Every size is checked before memory is taken for it. Nothing here follows a link to a private file.

use std::{fs::File, io::Read, path::Path};

use rustix::{
    fs::{Access, FileType, Mode, OFlags, Stat, access, fstat, lstat, open},
    io::Errno,
    process::geteuid,
};

use super::{StoreError, shown, system};

/// Where the system shows the open descriptors of this process.
const DESCRIPTORS: [&str; 4] = ["/dev/fd", "/proc/self/fd", "/dev/stdin", "/proc/thread-self/fd"];

/// Reads a file that only we may read: regular, one link, no symbolic link, our own, mode 0600 or tighter, at most `max` bytes.
///
/// # Errors
/// Any of those does not hold, or the system refuses.
pub fn read_private(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let mut file = open_private(path, OFlags::RDONLY)?;
    check_size(path, &examined(path, &file)?, max)?;
    read_at_most(&mut file, path, max)
}

/// Opens what may be read only by us, for `flags`, and requires it to be a plain file of ours, closed to others.
///
/// # Errors
/// It is something else, or the system refuses.
pub(super) fn open_private(path: &Path, flags: OFlags) -> Result<File, StoreError> {
    let file = open_plain(path, flags)?;
    check_ours(path, &examined(path, &file)?, "600")?;
    Ok(file)
}

fn examined(path: &Path, file: &File) -> Result<Stat, StoreError> {
    fstat(file).map_err(|reason| system("examine", path, reason))
}

/// Opens a plain file under one name, whoever can read it.
fn open_plain(path: &Path, flags: OFlags) -> Result<File, StoreError> {
    // NONBLOCK so that opening a pipe returns at once; it means nothing for the plain file that is required below.
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = open(path, flags, Mode::RUSR | Mode::WUSR).map_err(|reason| refusal(path, reason))?;
    let file = File::from(file);
    check_plain(path, &examined(path, &file)?)?;
    Ok(file)
}

/// What stands in the way of opening a plain file: something else under its name, or the system.
fn refusal(path: &Path, reason: Errno) -> StoreError {
    let kind = lstat(path).map(|stat| FileType::from_raw_mode(stat.st_mode));
    match kind {
        Ok(kind) if kind != FileType::RegularFile => wrong_kind(path, kind_name(kind)),
        _ => system("open", path, reason),
    }
}

/// True if the folder of this path cannot be written to: a read-only medium, or no permission.
#[must_use]
pub fn is_read_only(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    matches!(access(folder, Access::WRITE_OK), Err(Errno::ROFS | Errno::ACCESS | Errno::PERM))
}

/// Requires the file at `path`, if there is one, to be a plain file of ours, closed to others. The file is not opened: to close
/// a second descriptor of a database would give up the locks that SQLite holds on it (POSIX, `fcntl`).
///
/// # Errors
/// It is something else.
pub fn check_private(path: &Path) -> Result<(), StoreError> {
    let stat = match lstat(path) {
        Err(Errno::NOENT) => return Ok(()),
        other => other.map_err(|reason| system("examine", path, reason))?,
    };
    check_plain(path, &stat)?;
    check_ours(path, &stat, "600")
}

/// Makes an empty file, closed to others from birth, if there is none. What cannot be made is found out on opening.
pub fn make_private(path: &Path) {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let _ = open(path, flags, Mode::RUSR | Mode::WUSR);
}

/// Reads a secret from a file or descriptor that a person named: a plain file of ours, closed to others, or an open
/// descriptor (`/dev/fd/3`), which may be a pipe; at most `max` bytes.
///
/// # Errors
/// It is something else, it is larger, or the system refuses.
pub fn read_secret(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    if !DESCRIPTORS.iter().any(|folder| path.starts_with(folder)) {
        return read_private(path, max);
    }
    let mut file = open_descriptor(path)?;
    let stat = examined(path, &file)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        check_ours(path, &stat, "600")?;
    }
    read_at_most(&mut file, path, max)
}

/// Opens what a descriptor of this process is, a pipe among others.
fn open_descriptor(path: &Path) -> Result<File, StoreError> {
    let file = open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty());
    Ok(file.map_err(|reason| system("open", path, reason))?.into())
}

/// What a person kept by themselves, and whether others can read it there.
#[derive(Debug)]
pub struct KeptSecret {
    /// The content.
    pub bytes: Vec<u8>,
    /// That the file is open to others, in the words of the refusal that it is for any other secret.
    pub exposed: Option<StoreError>,
}

/// Reads a backup that a person kept: as [`read_secret`], but a file of theirs that is open to others is read too, for a memory
/// stick may have no permissions, and what others have read is not made secret again by refusing it here.
///
/// # Errors
/// As [`read_secret`], without that one.
pub fn read_kept(path: &Path, max: u64) -> Result<KeptSecret, StoreError> {
    let is_descriptor = DESCRIPTORS.iter().any(|folder| path.starts_with(folder));
    let mut file = if is_descriptor { open_descriptor(path)? } else { open_plain(path, OFlags::RDONLY)? };
    let stat = examined(path, &file)?;
    let mut exposed = None;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        check_size(path, &stat, max)?;
        match check_ours(path, &stat, "600") {
            Err(loose @ StoreError::Loose { .. }) => exposed = Some(loose),
            other => other?,
        }
    }
    Ok(KeptSecret { bytes: read_at_most(&mut file, path, max)?, exposed })
}

/// Reads a file that a person named on the command line: any owner, any permission, a plain file or a pipe, at most `max` bytes.
///
/// # Errors
/// It is a directory or a device, it is larger than `max`, or the system refuses.
pub fn read_public(path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = open(path, flags, Mode::empty()).map_err(|reason| system("open", path, reason))?;
    let stat = fstat(&file).map_err(|reason| system("examine", path, reason))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => check_size(path, &stat, max)?,
        FileType::Fifo => {}
        other => return Err(wrong_kind(path, kind_name(other))),
    }
    read_at_most(&mut File::from(file), path, max)
}

/// Reads a stream (standard input) to its end, at most `max` bytes; `name` stands in errors.
///
/// # Errors
/// The stream is longer, or the system refuses.
pub fn read_stream(stream: &mut impl Read, name: &str, max: u64) -> Result<Vec<u8>, StoreError> {
    read_at_most(stream, Path::new(name), max)
}

fn read_at_most(source: &mut impl Read, path: &Path, max: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    source.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(|reason| system("read", path, reason))?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= max => Ok(bytes),
        _ => Err(StoreError::TooLarge { path: shown(path), limit: max }),
    }
}

/// A regular file under exactly one name: a second hard link would let another directory's owner keep the old content.
fn check_plain(path: &Path, stat: &Stat) -> Result<(), StoreError> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_nlink == 1 => Ok(()),
        FileType::RegularFile => Err(wrong_kind(path, "a file with several hard links")),
        other => Err(wrong_kind(path, kind_name(other))),
    }
}

/// Owned by us and closed to every other user; `fix` is the mode to recommend.
pub(super) fn check_ours(path: &Path, stat: &Stat, fix: &'static str) -> Result<(), StoreError> {
    if stat.st_uid != geteuid().as_raw() {
        let us = geteuid().as_raw();
        return Err(StoreError::ForeignOwner { path: shown(path), owner: stat.st_uid, us });
    }
    let mode = Mode::from_raw_mode(stat.st_mode);
    if mode.intersects(Mode::RWXG | Mode::RWXO) {
        return Err(StoreError::Loose { path: shown(path), mode: format!("{:04o}", mode.as_raw_mode()), fix });
    }
    Ok(())
}

fn check_size(path: &Path, stat: &Stat, max: u64) -> Result<(), StoreError> {
    match u64::try_from(stat.st_size) {
        Ok(size) if size <= max => Ok(()),
        _ => Err(StoreError::TooLarge { path: shown(path), limit: max }),
    }
}

fn wrong_kind(path: &Path, found: &'static str) -> StoreError {
    StoreError::WrongKind { path: shown(path), found, wanted: "a plain file" }
}

/// What a thing in a directory is called.
pub(super) const fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a directory",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "of an unknown kind",
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
