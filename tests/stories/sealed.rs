//! What a sealed process refuses to begin with, and what it leaves alone: sockets, other descriptors, files of the home.

use std::{
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt, net::UnixStream},
    },
    path::Path,
};

use crate::harness::{Stage, finish};

const LIMIT: &str = "--max-fee=100000sat";

/// A draft that pays the shop, beside the home.
fn planned(stage: &Stage) -> String {
    let draft = stage.path("draft").display().to_string();
    stage.run(&["plan", &Stage::shop(), "0.0001btc", "-o", &draft]).expect_code(0);
    draft
}

#[test]
fn a_socket_is_no_place_to_read_from_or_write_to() {
    let stage = Stage::with_wallet();
    for place in ["input", "output", "error"] {
        let mut command = stage.command(&["backup", "words", "--words-to-stdout", &stage.password(), "--json"]);
        let (ours, theirs) = UnixStream::pair().unwrap();
        let theirs = OwnedFd::from(theirs);
        match place {
            "input" => command.stdin(theirs),
            "output" => command.stdout(theirs),
            _ => command.stderr(theirs),
        };
        let answer = finish(command);
        answer.expect_code(1);
        if place == "output" {
            let mut said = String::new();
            std::io::Read::read_to_string(&mut &ours, &mut said).unwrap();
            assert!(said.contains("seal.socket") && !said.contains("develop"), "{said}");
        } else {
            assert_eq!(answer.error_code(), "seal.socket");
            assert!(answer.stdout.contains(&format!("standard {place} is a socket")), "{}", answer.stdout);
        }
    }
}

#[test]
fn a_payment_is_sent_with_a_socket_as_standard_error() {
    let stage = Stage::with_coins(&[1_000_000]);
    let shop = Stage::shop();
    let mut command = stage.command(&[
        "send",
        &shop,
        "0.0001btc",
        LIMIT,
        "--expect-to",
        &Stage::shop(),
        "--yes",
        &stage.password(),
        "--json",
    ]);
    let (_ours, theirs) = UnixStream::pair().unwrap();
    command.stderr(OwnedFd::from(theirs));
    finish(command).expect_code(0);
}

#[test]
fn a_descriptor_for_secrets_is_only_read_from() {
    let stage = Stage::with_wallet();
    let words = ["backup", "words", "--words-to-stdout", "--json", "--password-fd", "7"];
    let run = |redirection: &str| {
        let command = stage.command(&words);
        let mut shell = std::process::Command::new("bash");
        shell.env_clear().arg("-c").arg(format!("exec {redirection}; exec \"$@\"")).arg("bash");
        shell.arg(command.get_program()).args(command.get_args()).current_dir(stage.home.path());
        shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
        finish(shell)
    };
    assert_eq!(run("7<>password").error_code(), "seal.writable_descriptor");
    run("7<password").expect_code(0);
}

#[test]
fn signing_to_a_file_writes_that_file_and_nothing_else_of_the_home() {
    let stage = Stage::with_coins(&[1_000_000]);
    let draft = planned(&stage);
    let before = listing(&stage);
    let signed = stage.path("home/signed").display().to_string();
    let words = ["sign", &draft, "-o", &signed, LIMIT, "--expect-to", &Stage::shop(), "--yes", &stage.password()];
    let data = stage.json(&words);
    assert_eq!((data["file"].as_str(), data["text"].as_str()), (Some(signed.as_str()), None));
    let mut after = listing(&stage);
    after.retain(|(name, _)| name != "signed");
    assert_eq!(after, before);
    assert_eq!(stage.run(&[&words[..], &["--json"]].concat()).error_code(), "store.exists");
    stage.run(&["broadcast", &signed]).expect_code(0);
}

#[test]
fn every_form_of_a_signed_file_can_be_sent() {
    let stage = Stage::with_coins(&[1_000_000]);
    let draft = planned(&stage);
    let mut ids = Vec::new();
    for form in ["--raw", "--psbt", "--offline"] {
        let path = stage.path(form).display().to_string();
        let data = stage.json(&[
            "sign",
            &draft,
            "-o",
            &path,
            LIMIT,
            "--expect-to",
            &Stage::shop(),
            "--yes",
            &stage.password(),
            form,
        ]);
        ids.push(data["id"].as_str().unwrap().to_owned());
        let printed =
            stage.run(&["sign", &draft, LIMIT, "--expect-to", &Stage::shop(), "--yes", &stage.password(), form]);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), printed.stdout, "{form}");
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    stage.run(&["broadcast", &stage.path("--psbt").display().to_string()]).expect_code(0);
}

/// What may not stand where a file of ours belongs, made at that place.
fn stand_in(path: &Path, what: &str) {
    let kept = path.with_extension("kept");
    if path.exists() {
        std::fs::rename(path, &kept).unwrap();
    } else {
        std::fs::write(&kept, "").unwrap();
    }
    match what {
        "a symbolic link" => std::os::unix::fs::symlink(&kept, path).unwrap(),
        "a pipe" => mkfifo(path),
        "a file with several hard links" => std::fs::hard_link(&kept, path).unwrap(),
        "open to others" => {
            std::fs::copy(&kept, path).unwrap();
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o644)).unwrap();
        }
        _ => std::fs::create_dir(path).unwrap(),
    }
}

fn mkfifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

#[test]
fn nothing_but_plain_files_of_ours_closed_to_others_is_used() {
    let kinds = ["a symbolic link", "a pipe", "a file with several hard links", "open to others", "a directory"];
    let backup = ["backup", "words", "--words-to-stdout"];
    let verify = ["backup", "verify", "--words-file", "words"];
    let files: [(&str, &[&str]); 6] = [
        ("home/ledger.db", &["balance", "--offline"]),
        ("home/config.toml", &["balance", "--offline"]),
        ("home/explorers.json", &["sync"]),
        ("home/requests.log", &["sync"]),
        ("password", &backup),
        ("words", &verify),
    ];
    for kind in kinds {
        for (name, words) in files {
            let stage = Stage::with_wallet();
            std::fs::write(stage.path("words"), crate::harness::WORDS).unwrap();
            stand_in(&stage.path(name), kind);
            let answer = stage.run(&[words, &[&stage.password(), "--json"]].concat());
            if (name, kind) == ("words", "open to others") {
                // A backup on a stick without permissions is a backup still.
                answer.expect_code(0);
                assert!(answer.stderr.contains("warning[words_open_to_others]"), "{answer:?}");
                continue;
            }
            answer.expect_code(1);
            let code = if kind == "open to others" { "store.loose_permissions" } else { "store.wrong_kind" };
            assert_eq!(answer.error_code(), code, "{name} as {kind}");
            assert!(answer.stdout.contains(kind) && answer.stdout.contains("run `"), "{name}: {}", answer.stdout);
        }
    }
}

/// Name, content and modification time of every file of the home.
fn listing(stage: &Stage) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(stage.path("home")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        // SQLite's own index of its log is made anew by every reader.
        if entry.path().is_file() && !name.ends_with("-shm") && !name.ends_with("-wal") {
            found.push((name, std::fs::read(entry.path()).unwrap()));
        }
    }
    found.sort();
    found
}
