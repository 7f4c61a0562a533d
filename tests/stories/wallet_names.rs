//! A wallet's name that was typed wrongly: an error of every command, which names the wallets that are here.

use crate::harness::{Stage, finish, program};

/// The least that each command wants to hear, by the words of the command line.
const COMMANDS: &[&[&str]] = &[
    &["practice", "--yes"],
    &["wallets"],
    &["show"],
    &["password"],
    &["backup", "words", "--words-to-stdout"],
    &["backup", "verify"],
    &["child", "words", "--secret-to-stdout"],
    &["child", "list"],
    &["backup", "sheet"],
    &["recover", "words", "--fingerprint=24581326"],
    &["account", "add"],
    &["account", "list"],
    &["account", "export"],
    &["receive"],
    &["addresses"],
    &["sync"],
    &["status"],
    &["balance"],
    &["history"],
    &["tx", "ID"],
    &["coins"],
    &["contacts", "list"],
    &["label", "SHOP", "a note"],
    &["labels", "list"],
    &["fees"],
    &["plan", "SHOP", "0.1btc", "-o", "draft"],
    &["inspect", "draft"],
    &["sign", "draft"],
    &["broadcast", "draft"],
    &["track", "ID"],
    &["watch", "--once"],
    &["send", "SHOP", "0.1btc"],
    &["bump", "ID"],
    &["cancel", "ID"],
    &["call", "EVM", "f()"],
    &["deploy", "draft"],
    &["message", "sign", "hello"],
    &["message", "verify", "EVM", "0x00", "hello"],
    &["delegate", "EVM"],
    &["token", "list"],
    &["nft", "send", "EVM", "1", "EVM"],
    &["nonce", "status"],
    &["sweep"],
    &["networks"],
    &["explorers"],
    &["privacy", "report"],
    &["doctor"],
    &["errors"],
    &["completions", "bash"],
    &["man"],
];

/// They make the wallet that they name.
const MAKE: &[&str] = &["new", "restore"];

/// The commands of the program, as its help lists them.
fn commands() -> Vec<String> {
    let mut help = program();
    help.arg("--help");
    let page = finish(help).stdout;
    let list = page.split_once("Commands:").unwrap().1.split_once("Options:").unwrap().0.to_owned();
    let names = list.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test]
fn every_command_refuses_a_wallet_that_is_not_here() {
    let stage = Stage::with_wallet();
    let id = "11".repeat(32);
    let shop = Stage::shop();
    let evm = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    let known = commands();
    assert!(known.len() > 30, "{known:?}");
    for name in known.iter().filter(|name| !MAKE.contains(&name.as_str())) {
        let forms: Vec<_> = COMMANDS.iter().filter(|words| words.first() == Some(&name.as_str())).collect();
        assert!(!forms.is_empty(), "`{name}` is not walked");
        for words in forms {
            let words = words.iter().map(|word| match *word {
                "ID" => id.as_str(),
                "SHOP" => shop.as_str(),
                "EVM" => evm,
                other => other,
            });
            let words: Vec<&str> = words.chain(["--wallet=mian", "--json"]).collect();
            let answer = stage.run(&words);
            assert_eq!((answer.code, answer.error_code().as_str()), (2, "desk.which_wallet"), "{words:?}");
            assert!(answer.stdout.contains("there is no wallet `mian`; there is main"), "{answer:?}");
        }
    }
}

#[test]
fn so_does_a_name_of_the_configuration() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("home/config.toml"), "wallet = \"mian\"\n").unwrap();
    for command in ["receive", "balance", "sync"] {
        assert_eq!(stage.run(&[command, "--json"]).error_code(), "desk.which_wallet", "{command}");
    }
}

#[test]
fn what_a_page_says_next_is_about_the_same_wallet_and_network() {
    let stage = Stage::with_coins(&[50_000_000]);
    let file = stage.path("words");
    std::fs::write(
        &file,
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
    )
    .unwrap();
    let words = format!("--words-file={}", file.display());
    let mut restore = program();
    restore.arg("--home").arg(stage.path("home"));
    restore.args(["restore", "--wallet=other", "--network=bitcoin", "--yes", &words, &stage.password()]);
    finish(restore).expect_code(0);
    let pay = ["send", &Stage::shop(), "0.1btc", "--fee-rate", "2", "--yes", "--max-fee=5000sat", &stage.password()];
    let page = stage.run(&[&pay[..], &["--wallet=main"]].concat()).stdout;
    let next = page.lines().find(|line| line.trim_start().starts_with("Next")).unwrap().trim_start();
    let next: Vec<&str> = next.split_whitespace().skip(2).collect();
    assert!(next.starts_with(&["track"]) && next.ends_with(&["--wallet", "main"]), "{page}");
    // Without `--network`: the wallet's own is meant, and no other network is asked.
    let mut track = program();
    track.arg("--home").arg(stage.path("home")).args(&next).args(["--explorer", &stage.server.url(), "--json"]);
    finish(track).expect_code(0);
    let mut unnamed = program();
    unnamed.arg("--home").arg(stage.path("home")).args(["track", next[1], "--json"]);
    assert_eq!(finish(unnamed).error_code(), "desk.which_wallet", "of two networks none is guessed");
}

#[test]
fn names_and_addresses_are_taken_back_as_they_were_shown() {
    let stage = Stage::with_coins(&[50_000_000]);
    assert_eq!(stage.json(&["receive", "--account=main/segwit-0"])["account"], "main/segwit-0");
    assert_eq!(stage.run(&["receive", "--account=other/segwit-0", "--json"]).error_code(), "ledger.no_account");
    let mut balance = program();
    balance.arg("--home").arg(stage.path("home")).args(["--network=bitcoin", "balance", "--json"]);
    assert_eq!(finish(balance).error_code(), "account.wrong_network", "no account there is no empty balance");
}
