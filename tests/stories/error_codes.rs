//! Error codes that no other story makes happen: each with the exit code and the hint that `docs/errors.md` has for it.

use std::{
    os::unix::fs::{PermissionsExt, chown},
    process::{Command, Stdio},
};

use crate::harness::{
    Answer, PASSWORD, Stage, WORDS, answer, finish, program,
    terminal::{Session, USUAL},
};

const LIST: &str = include_str!("../../docs/errors.md");

/// That the answer is the failure with this code: its exit code and its hint, as the list has them.
#[track_caller]
fn is(answer: &Answer, code: &str) {
    let row = LIST.lines().find(|line| line.starts_with(&format!("| `{code}` |"))).expect("a code of the list");
    let mut cells = row.trim_matches('|').splitn(3, '|').map(str::trim);
    let (exit, hint) = (cells.nth(1).unwrap(), cells.next().unwrap());
    assert_eq!((answer.error_code().as_str(), answer.code.to_string().as_str()), (code, exit), "{answer:?}");
    let document: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["error"]["hint"], hint, "{code}");
}

fn config(stage: &Stage, text: &str) {
    std::fs::write(stage.path("home/config.toml"), text).unwrap();
}

/// Without the options that every other story has.
fn bare(arguments: &[&str]) -> Answer {
    let mut command = program();
    command.args(arguments);
    finish(command)
}

/// Under a shell, or another program that sets limits or injects errors.
fn under(stage: &Stage, wrapper: &[&str], arguments: &[&str]) -> Answer {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).arg(env!("CARGO_BIN_EXE_fastness")).arg("--home").arg(stage.path("home"));
    command.args(["--network", "regtest"]).args(arguments);
    command.current_dir(stage.home.path()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    answer(command.spawn().unwrap().wait_with_output().unwrap())
}

#[test]
fn homes_and_files_that_cannot_be_used() {
    is(&bare(&["--home", "/dev/null/x", "wallets", "--json"]), "store.system");
    let stage = Stage::with_wallet();
    let verify = ["backup", "verify", "--words-file", "words", &stage.password(), "--json"];
    std::fs::write(stage.path("words"), WORDS).unwrap();
    stage.run(&verify).expect_code(0);
    // Only root can give a file away.
    if rustix::process::geteuid().is_root() {
        chown(stage.path("words"), Some(65_534), None).unwrap();
        is(&stage.run(&verify), "store.foreign_owner");
        chown(stage.path("words"), Some(0), None).unwrap();
    }
    let ledger = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
    ledger.pragma_update(None, "user_version", 999).unwrap();
    is(&stage.run(&["balance", "--offline", "--json"]), "ledger.newer");
    is(&Stage::new().run(&["receive", "--json"]), "desk.no_wallet");
    is(&Stage::new().run(&["receive", "--json", "--wallet=x"]), "desk.no_wallet");
}

#[test]
fn settings_that_cannot_be_used() {
    let stage = Stage::with_wallet();
    config(&stage, "[[chain]]\nid = 4242\nname = \"mine\"\nsymbol = \"M\"\nclass = \"test\"\n");
    let mut command = program();
    command.arg("--home").arg(stage.path("home")).args(["-n", "mine", "balance", "--json"]);
    let found = finish(command);
    is(&found, "explorer.no_endpoint");
    config(&stage, "[core.regtest]\ncookie_file = \"absent\"\n");
    let mut command = program();
    command.arg("--home").arg(stage.path("home")).args([
        "-n",
        "regtest",
        "--explorer",
        "core+http://127.0.0.1:1",
        "sync",
        "--json",
    ]);
    is(&finish(command), "explorer.no_cookie");
}

#[test]
fn accounts_and_wallets_that_are_not_made() {
    let stage = Stage::with_wallet();
    let descriptor = "wpkh(tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmN/<0;1>/*)";
    is(&stage.run(&["account", "add", "--wallet", "v", "--descriptor", descriptor, "--json"]), "account.private_key");
    std::fs::write(stage.path("words"), WORDS).unwrap();
    let restore =
        ["restore", "--wallet=x", "--words-file", "words", "--yes", "--expect-fingerprint=00000000", "--json"];
    is(&stage.run(&[&restore[..], &[&stage.password()]].concat()), "wallet.other_fingerprint");
    assert!(!stage.path("home/wallets/x.keystore").exists());
    let new = ["new", "--wallet=x", &stage.password(), "--json"];
    is(&under(&stage, &["setsid", "-w"], &new), "desk.words_to_pipe");
    stage.json(&["contacts", "add", "carol", &Stage::shop()]);
    is(&stage.run(&["plan", "carol", "0.1btc", "--fee-rate", "1", "--json"]), "contact.without_sign");
}

/// scrypt with N = 2^18 takes 256 MiB (docs/formats/sealed-file.md).
#[test]
fn a_machine_without_the_memory_or_the_walls() {
    let stage = Stage::with_wallet();
    let words = ["backup", "words", "--words-to-stdout", &stage.password(), "--json"];
    let limited = ["bash", "-c", "ulimit -v 250000; exec \"$@\"", "limited"];
    is(&under(&stage, &limited, &words), "keystore.memory");
    for (inject, code) in [
        ("inject=seccomp:error=EINVAL", "seal.system_calls"),
        ("inject=landlock_restrict_self:error=EPERM", "seal.files"),
    ] {
        is(&under(&stage, &["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject], &words), code);
    }
    let url = stage.server.url();
    let sync = ["sync", "--explorer", &url, "--json"];
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=epoll_create1:error=EMFILE"];
    is(&under(&stage, &strace, &sync), "explorer.cannot_start");
}

/// A file whose name is on the disk only after a failed sync of its folder may be there or not.
#[test]
fn a_disk_that_does_not_say_whether_it_wrote() {
    let stage = Stage::with_wallet();
    let add = ["explorers", "add", "https://b.example", "--json"];
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=2"];
    is(&under(&stage, &strace, &add), "store.unconfirmed");
}

/// What a person answers at a terminal, where the failure is a line of the page.
#[test]
fn answers_that_end_a_command() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("words"), WORDS).unwrap();
    std::fs::set_permissions(stage.path("words"), PermissionsExt::from_mode(0o600)).unwrap();
    let ends = |mut session: Session, code: &str| {
        let exit: u32 = LIST
            .lines()
            .find(|line| line.starts_with(&format!("| `{code}` |")))
            .unwrap()
            .split('|')
            .nth(2)
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        assert_eq!(session.exit_code(), exit, "{}", session.screen());
        assert!(session.screen().contains(&format!("[{code}]")), "{}", session.screen());
        session.left_well();
    };
    let restore = ["restore", "--wallet=second", "--words-file", "words"];
    let mut session = Session::start(&stage, USUAL, &restore);
    session.wait_for("Type yes if this is your wallet");
    session.line("no");
    ends(session, "wallet.declined");
    let mut session = Session::start(&stage, USUAL, &[&restore[..], &["--passphrase"]].concat());
    session.wait_for("Passphrase");
    session.hidden("one").wait_for("again");
    session.hidden("two");
    ends(session, "desk.entries_differ");
    let mut session = Session::start(&stage, USUAL, &restore);
    session.wait_for("Type yes if this is your wallet");
    session.control('d');
    ends(session, "desk.input_ended");
    let mut session = Session::start(&stage, USUAL, &restore);
    session.wait_for("Type yes if this is your wallet");
    session.line(&"y".repeat(2_100));
    ends(session, "desk.line_too_long");
    assert!(!stage.path("home/wallets/second.keystore").exists() && !PASSWORD.is_empty());
}
