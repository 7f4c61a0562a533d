//! What `doctor` says of homes and files that are missing, open to others or damaged, and that it leaves them so.
//!
//! Tests only.

use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

fn marks(root: &Path) -> Vec<(&'static str, Mark)> {
    files(root).iter().map(|check| (check.name, check.mark)).collect()
}

#[test]
fn a_missing_home_is_noted_and_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("none");
    assert_eq!(marks(&root), [("home", Mark::Note)]);
    assert!(!root.exists());
}

#[test]
fn code_that_the_loader_puts_inside_is_told() {
    let set = |name: &str| (name == "LD_PRELOAD").then(|| OsString::from("/tmp/spy.so"));
    let checks = preloaded(set);
    assert_eq!((checks.len(), checks[0].mark), (1, Mark::Note));
    assert!(checks[0].meaning.contains("/tmp/spy.so"), "{}", checks[0].meaning);
    assert!(preloaded(|_| Some(OsString::new())).is_empty());
}

#[test]
fn a_home_open_to_others_is_bad() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
    assert_eq!(marks(dir.path()), [("home", Mark::Bad)]);
    assert!(!dir.path().join("wallets").exists());
}

#[test]
fn damaged_files_are_found_and_left_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::open(Some(&dir.path().join("home"))).unwrap();
    let root = home.root().to_owned();
    let whole = [("home", Mark::Good), ("wallets", Mark::Good), ("ledger", Mark::Note), ("config", Mark::Good)];
    assert_eq!(marks(&root), whole);
    fs::write(root.join("ledger.db"), "not a database").unwrap();
    fs::write(root.join("config.toml"), "walet = 1").unwrap();
    fs::write(root.join("wallets/main.keystore"), "{}").unwrap();
    let found = marks(&root);
    for name in ["ledger", "config", "wallet"] {
        assert!(found.contains(&(name, Mark::Bad)), "{name}: {found:?}");
    }
    assert_eq!(fs::read(root.join("ledger.db")).unwrap(), b"not a database");
}
