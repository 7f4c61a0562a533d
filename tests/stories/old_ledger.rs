//! A ledger that an earlier version wrote opens, is brought to today's version once, and shows the same.
//!
//! The file and what that version showed of it are in tests/vectors/ledger-v9: three payments, one of them replaced by a
//! dearer one, a frozen coin, labels, and a payment that waits.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use serde_json::Value;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/ledger-v9");

/// What a command shows of that ledger, without how long ago it was asked.
fn shown(home: &std::path::Path, words: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fastness"));
    command.args(words).args(["-w", "main", "-n", "regtest", "--json"]).env("FASTNESS_HOME", home);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut data = document["data"].take();
    for account in data.get_mut("accounts").and_then(Value::as_array_mut).into_iter().flatten() {
        account["asked_seconds_ago"] = Value::Null;
    }
    data
}

fn kept(name: &str) -> Value {
    serde_json::from_slice(&fs::read(format!("{VECTORS}/{name}.json")).unwrap()).unwrap()
}

fn old_home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let path = home.path().join("ledger.db");
    fs::write(&path, fs::read(format!("{VECTORS}/ledger.db")).unwrap()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    home
}

/// What was shown then: rows of a history say more today.
fn as_then(mut shown: Value) -> Value {
    for row in shown.get_mut("transactions").and_then(Value::as_array_mut).into_iter().flatten() {
        let row = row.as_object_mut().unwrap();
        assert!(row.remove("direction").is_some() && row.remove("counterparties").is_some(), "{row:?}");
    }
    shown
}

#[test]
fn a_ledger_of_the_version_before_shows_the_same() {
    let home = old_home();
    let path = home.path().join("ledger.db");
    for turn in ["migrated", "again", "rebuilt"] {
        for (name, words) in [
            ("balance", &["balance"][..]),
            ("history", &["history"]),
            ("coins", &["coins"]),
            ("addresses", &["addresses", "--change"]),
        ] {
            assert_eq!(as_then(shown(home.path(), words)), kept(name), "{turn}: {name}");
        }
        let version: u32 = rusqlite::Connection::open(&path)
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 17, "{turn}");
        let rebuilt = shown(home.path(), &["doctor", "--rebuild-ledger"]);
        assert_eq!((&rebuilt["accounts"], &rebuilt["changed"]), (&4.into(), &false.into()), "{rebuilt}");
    }
    let history = as_then(shown(home.path(), &["history", "--limit", "2"]));
    let all = kept("history");
    assert_eq!(history["transactions"].as_array().unwrap(), &all["transactions"].as_array().unwrap()[..2]);
    let largest = shown(home.path(), &["coins", "--limit", "1"]);
    assert_eq!(largest["coins"].as_array().unwrap()[0], kept("coins")["coins"][0]);
}

#[test]
fn amounts_that_a_liar_invented_do_not_keep_an_old_ledger_shut() {
    let home = old_home();
    let database = rusqlite::Connection::open(home.path().join("ledger.db")).unwrap();
    database.execute("UPDATE coins SET value = ?1, keychain = 0, idx = 1", [i64::MAX]).unwrap();
    drop(database);
    assert_eq!(shown(home.path(), &["coins"])["coins"][0]["amount"]["smallest"], i64::MAX.to_string());
    shown(home.path(), &["balance"]);
    shown(home.path(), &["addresses"]);
    shown(home.path(), &["doctor", "--rebuild-ledger"]);
    assert_eq!(shown(home.path(), &["balance"]), kept("balance"));
}

#[test]
fn addresses_that_were_given_out_and_never_paid_are_listed_alone() {
    let stage = crate::harness::Stage::with_coins(&[50_000_000]);
    let waiting = stage.json(&["receive", "--new"])["address"].clone();
    let unused = stage.json(&["addresses", "--unused"]);
    let unused = unused["addresses"].as_array().unwrap();
    assert_eq!(unused.iter().map(|row| &row["address"]).collect::<Vec<_>>(), [&waiting]);
    let both = stage.run(&["addresses", "--unused", "--find", waiting.as_str().unwrap()]);
    assert_eq!(both.code, 2, "{both:?}");
}
