//! Where things stand: without a wallet, with one on its way from empty to paid, with several, and without the network.

use serde_json::Value;

use crate::harness::{Stage, WORDS, finish, program};

/// The whole page of the program without a command, or with `status`.
fn page(stage: &Stage, words: &[&str]) -> String {
    let answer = stage.run(words);
    answer.expect_code(0);
    answer.stdout
}

fn next(stage: &Stage) -> String {
    let standing = stage.json(&["status"]);
    standing["next"][0]["command"].as_str().unwrap().to_owned()
}

#[test]
fn without_a_wallet_there_are_three_ways_to_begin() {
    let stage = Stage::new();
    let first = page(&stage, &[]);
    for way in ["practice", "new", "restore"] {
        assert!(first.contains(&format!("\n  {way} ")), "{first}");
    }
    let standing = stage.json(&["status"]);
    let ways: Vec<&str> =
        standing["next"].as_array().unwrap().iter().map(|step| step["command"].as_str().unwrap()).collect();
    assert_eq!(ways, ["fastness practice", "fastness new", "fastness restore"]);
    assert_eq!(standing["wallets"], Value::Array(Vec::new()));
    // The program alone says the same to a script.
    assert_eq!(stage.json(&[]), standing);
}

#[test]
fn one_wallet_says_what_it_holds_and_what_to_type_next() {
    let stage = Stage::with_wallet();
    let fresh = page(&stage, &[]);
    assert!(fresh.contains("main") && fresh.contains("never synced") && fresh.contains("never verified"), "{fresh}");
    assert!(fresh.contains("unknown"), "unknown is never zero: {fresh}");
    assert_eq!(next(&stage), "fastness sync");
    stage.json(&["sync"]);
    assert_eq!(next(&stage), "fastness receive");

    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.fund(&address, 100_000_000);
    stage.json(&["sync"]);
    assert_eq!(next(&stage), "fastness backup verify");
    std::fs::write(stage.path("paper"), WORDS).unwrap();
    stage.json(&["backup", "verify", "--words-file", "paper"]);
    assert_eq!(next(&stage), "fastness send ADDRESS AMOUNT");
    assert!(page(&stage, &["status"]).contains("verified "));

    stage.json(&[
        "send",
        &Stage::shop(),
        "0.4btc",
        "--fee-rate",
        "2",
        "--yes",
        "--max-total",
        "0.5btc",
        &stage.password(),
    ]);
    let sent = page(&stage, &[]);
    assert!(sent.contains("BTC, all of it on its way back to you as change"), "{sent}");
    assert!(sent.contains("1 transaction"), "{sent}");
    assert!(page(&stage, &["balance"]).contains("all of it on its way back to you as change"));
    assert!(next(&stage).starts_with("fastness track "), "{}", next(&stage));
    stage.mine(1);
    stage.json(&["sync"]);
    let settled = stage.json(&["status"]);
    assert_eq!(settled["wallets"][0]["networks"][0]["waiting"], 0, "{settled}");
    assert_eq!(next(&stage), "fastness send ADDRESS AMOUNT");
}

#[test]
fn several_wallets_are_a_table_whose_commands_name_them() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.restore("second", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let table = page(&stage, &["status"]);
    for text in ["main", "second", "0.500 000 00 BTC on regtest", "unknown on regtest", "never verified"] {
        assert!(table.contains(text), "{text}: {table}");
    }
    let standing = stage.json(&["status"]);
    let commands: Vec<&str> =
        standing["next"].as_array().unwrap().iter().map(|step| step["command"].as_str().unwrap()).collect();
    assert_eq!(commands, ["fastness backup verify -w main", "fastness sync -w second"]);
    let one = stage.json(&["status", "-w", "second"]);
    assert_eq!(one["wallets"].as_array().unwrap().len(), 1);
}

/// A command about one of several networks names it, so that typing it changes what is said next.
#[test]
fn a_wallet_on_several_networks_is_told_which_one_to_ask() {
    let stage = Stage::with_wallet();
    stage.json(&["account", "add", "-n", "signet", &stage.password()]);
    assert_eq!(next(&stage), "fastness sync -n signet");
    stage.json(&["sync", "-n", "regtest"]);
    assert_eq!(next(&stage), "fastness sync -n signet", "the one that was never asked");
}

/// A wallet's file that cannot be read is no watch-only wallet.
#[test]
fn a_wallet_whose_file_is_damaged_is_named_as_that() {
    let stage = Stage::with_wallet();
    std::fs::write(stage.path("home/wallets/main.keystore"), "damaged").unwrap();
    let page = page(&stage, &["status"]);
    assert!(page.contains("cannot be read") && !page.contains("watch-only"), "{page}");
    assert_eq!(next(&stage), "fastness wallets");
}

#[test]
fn a_home_without_anything_stays_as_it_was() {
    let stage = Stage::new();
    let absent = stage.path("absent");
    let mut command = program();
    command.arg("--home").arg(&absent).arg("status");
    let answer = finish(command);
    assert!(answer.code == 0 && answer.stdout.contains("No wallet yet"), "{answer:?}");
    assert!(!absent.exists(), "nothing is made by looking");
}
