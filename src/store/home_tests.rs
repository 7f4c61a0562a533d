//! Homes that are private from birth, those that are refused, and names that never leave the directory.
//!
//! Tests only.

use std::os::unix::fs::{PermissionsExt, symlink};

use proptest::prelude::*;

use super::*;

#[test]
fn directories_are_private_from_birth() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(Some(&dir.path().join("a/b"))).unwrap();
    for path in [home.root().to_owned(), home.wallets_path(), dir.path().join("a")] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700, "{}", path.display());
    }
}

#[test]
fn loose_foreign_or_linked_homes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("h");
    Home::open(Some(&path)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o750)).unwrap();
    let message = Home::open(Some(&path)).unwrap_err().to_string();
    assert!(message.contains("chmod 700"), "{message}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    symlink(&path, dir.path().join("soft")).unwrap();
    let linked = Home::open(Some(&dir.path().join("soft")));
    assert!(matches!(linked, Err(StoreError::WrongKind { .. })), "{linked:?}");
    fs::write(dir.path().join("file"), b"").unwrap();
    assert!(matches!(Home::open(Some(&dir.path().join("file"))), Err(StoreError::WrongKind { .. })));
}

#[test]
fn the_option_beats_the_variable() {
    let chosen = choose(Some(Path::new("/a")), Some("/b".into())).unwrap();
    assert_eq!(chosen, Path::new("/a"));
    assert_eq!(choose(None, Some("/b".into())).unwrap(), Path::new("/b"));
    assert_ne!(choose(None, Some(OsString::new())).unwrap_or_default(), Path::new(""));
}

#[test]
fn lists_only_what_can_be_a_wallet() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(Some(&dir.path().join("h"))).unwrap();
    for name in ["b.keystore", "a.keystore", "A.keystore", ".keystore", "c.txt", ".fastness-1-1.tmp", "x y.keystore"] {
        fs::write(home.wallets_path().join(name), b"").unwrap();
    }
    let names: Vec<_> = home.wallets().unwrap().into_iter().map(String::from).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn hostile_names_are_refused() {
    let long = "a".repeat(65);
    for name in ["", ".", "..", "../a", "a/b", "/etc/passwd", "a.b", "A", "a b", "a\0b", "\u{e9}", "~", "a\n", &long] {
        assert!(name.parse::<WalletName>().is_err(), "{name:?}");
    }
    assert!("a".repeat(64).parse::<WalletName>().is_ok());
}

proptest! {
    #[test]
    fn no_name_leaves_the_directory(name in "\\PC{0,70}") {
        if let Ok(name) = name.parse::<WalletName>() {
            let home = Home { root: PathBuf::from("/h") };
            let path = home.keystore_path(&name);
            prop_assert_eq!(path.parent(), Some(Path::new("/h/wallets")));
            prop_assert_eq!(path.components().count(), 4);
        }
    }
}
