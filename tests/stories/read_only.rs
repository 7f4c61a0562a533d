//! A write-protected home, such as one on a stick: it looks, tells an address, and signs to another place.

use std::{
    fs::{Permissions, set_permissions},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    process::Command,
};

use crate::harness::{Answer, Stage, finish};

/// The superuser may write everywhere, so that the program then runs as another user (`nobody`).
const NOBODY: u32 = 65_534;

struct ReadOnly {
    stage: Stage,
    is_root: bool,
}

impl ReadOnly {
    fn new() -> Self {
        let stage = Stage::with_coins(&[50_000_000]);
        stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
        // What SQLite left beside its file belongs to the user that writes.
        let ledger = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
        ledger.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        drop(ledger);
        let is_root = rustix::process::geteuid().is_root();
        if is_root {
            let owned =
                Command::new("chown").arg("-R").arg(NOBODY.to_string()).arg(stage.home.path()).status().unwrap();
            assert!(owned.success());
        }
        for (folder, mode) in [("home/wallets", 0o500), ("home", 0o500)] {
            set_permissions(stage.path(folder), Permissions::from_mode(mode)).unwrap();
        }
        Self { stage, is_root }
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        let mut command = self.stage.command(arguments);
        if self.is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        finish(command)
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        for folder in ["home", "home/wallets"] {
            let _ = set_permissions(self.stage.path(folder), Permissions::from_mode(0o700));
            let _ = chown(self.stage.path(folder), None, None);
        }
    }
}

#[test]
fn a_home_that_cannot_be_written_to_looks_and_signs_to_another_place() {
    let home = ReadOnly::new();
    for command in ["balance", "history", "coins", "addresses", "wallets", "show"] {
        home.run(&["--offline", command, "--json"]).expect_code(0);
    }
    let received = home.run(&["receive", "--json"]);
    received.expect_code(0);
    assert!(received.stdout.contains("not_noted"), "{received:?}");
    let signed = home.run(&[
        "sign",
        "pay.draft",
        "-o",
        "pay.signed",
        "--yes",
        "--expect-to",
        &Stage::shop(),
        &home.stage.password(),
    ]);
    signed.expect_code(0);
    assert!(home.stage.path("pay.signed").exists());
    let child = home.run(&["child", "hex", "--secret-to-stdout", "--json", &home.stage.password()]);
    child.expect_code(0);
    assert!(child.stdout.contains("not_noted"), "{child:?}");
    // What has to be written down is not done.
    for refused in [&["receive", "--new", "--json"][..], &["sync", "--json"]] {
        let answer = home.run(refused);
        assert_eq!((answer.code, answer.error_code().as_str()), (1, "ledger.file"), "{refused:?}: {answer:?}");
        assert!(answer.stdout.contains("readonly") || answer.stdout.contains("read-only"), "{answer:?}");
    }
}
