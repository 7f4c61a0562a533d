//! Files that are read and those that are refused: kind, owner, mode and size.
//!
//! Tests only.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use super::*;

fn file(dir: &Path, name: &str, mode: u32) -> std::path::PathBuf {
    let path = dir.join(name);
    fs::write(&path, b"0123456789").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn refuses_every_mode_that_lets_others_in() {
    let dir = tempfile::tempdir().unwrap();
    for mode in 0..0o1000 {
        let path = file(dir.path(), "f", 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(mode | 0o400)).unwrap();
        let loose = matches!(read_private(&path, 10), Err(StoreError::Loose { .. }));
        assert_eq!(loose, mode & 0o077 != 0, "{mode:o}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn names_the_chmod_to_run() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "f", 0o644);
    let message = read_private(&path, 10).unwrap_err().to_string();
    assert!(message.contains("chmod 600") && message.contains("0644"), "{message}");
}

#[test]
fn refuses_links_pipes_and_directories() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "plain", 0o600);
    assert_eq!(read_private(&path, 10).unwrap(), b"0123456789");
    symlink(&path, dir.path().join("soft")).unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    for name in ["soft", "dir", "pipe"] {
        let refused = read_private(&dir.path().join(name), 10);
        assert!(matches!(refused, Err(StoreError::WrongKind { .. })), "{name}: {refused:?}");
    }
    fs::hard_link(&path, dir.path().join("hard")).unwrap();
    assert!(matches!(read_private(&path, 10), Err(StoreError::WrongKind { .. })));
    assert!(matches!(read_private(&dir.path().join("none"), 10), Err(StoreError::Missing { .. })));
}

#[test]
fn a_secret_comes_from_a_closed_file_or_a_descriptor() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "f", 0o600);
    assert_eq!(read_secret(&path, 10).unwrap(), b"0123456789");
    let open = File::open(&path).unwrap();
    let descriptor = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&open));
    assert_eq!(read_secret(Path::new(&descriptor), 10).unwrap(), b"0123456789");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    for path in [path.as_path(), Path::new(&descriptor)] {
        assert!(matches!(read_secret(path, 10), Err(StoreError::Loose { .. })));
    }
    let (reader, mut writer) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut writer, b"piped").unwrap();
    drop(writer);
    let descriptor = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&reader));
    assert_eq!(read_secret(Path::new(&descriptor), 10).unwrap(), b"piped");
}

#[test]
fn every_refusal_names_the_command_that_mends_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "plain", 0o600);
    symlink(&path, dir.path().join("soft")).unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, dir.path().join("pipe"), FileType::Fifo, Mode::RUSR, 0).unwrap();
    let said = |name: &str| check_private(&dir.path().join(name)).unwrap_err().to_string();
    assert!(said("soft").contains("run `cp --remove-destination "), "{}", said("soft"));
    assert!(said("pipe").contains("run `rm "), "{}", said("pipe"));
    assert!(said("dir").contains("run `mv "), "{}", said("dir"));
    fs::hard_link(&path, dir.path().join("hard")).unwrap();
    assert!(said("hard").contains("run `cp -p "), "{}", said("hard"));
    assert_eq!(check_private(&dir.path().join("none")), Ok(()));
}

#[test]
fn bounds_every_source() {
    let dir = tempfile::tempdir().unwrap();
    let path = file(dir.path(), "f", 0o600);
    assert!(matches!(read_private(&path, 9), Err(StoreError::TooLarge { .. })));
    assert!(matches!(read_public(&path, 9), Err(StoreError::TooLarge { .. })));
    assert_eq!(read_public(&path, 10).unwrap().len(), 10);
    assert!(matches!(read_stream(&mut std::io::repeat(0), "-", 1000), Err(StoreError::TooLarge { .. })));
    assert!(matches!(read_public(Path::new("/dev/zero"), 10), Err(StoreError::WrongKind { .. })));
}

#[test]
fn a_backup_that_others_can_read_is_read_and_said_also_by_its_descriptor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("words");
    for (mode, is_exposed) in [(0o600, false), (0o644, true)] {
        fs::write(&path, "words").unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        let opened = File::open(&path).unwrap();
        let descriptor = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&opened));
        for named in [path.as_path(), Path::new(&descriptor)] {
            let kept = read_kept(named, 10).unwrap();
            assert_eq!((kept.bytes.as_slice(), kept.exposed.is_some()), (b"words".as_slice(), is_exposed), "{named:?}");
        }
    }
    assert!(matches!(read_kept(&path, 3), Err(StoreError::TooLarge { .. })));
}
