//! A paper wallet is swept: the key is read in a sealed child, and everything it can spend comes to this wallet.

use std::fs;

use bitcoin::secp256k1::Secp256k1;
use fastness::chain::bitcoin::sweep::scripts;

use crate::harness::{Stage, address_of, key_of, with_key};

/// The test-net private key whose secret is 1.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

fn words(password: &str) -> Vec<&str> {
    vec!["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat", password]
}

/// A wallet, and so many satoshi behind each address of this kind of the key.
fn with_paper(place: usize, amounts: &[u64]) -> Stage {
    let stage = Stage::with_wallet();
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    let (_, script) = scripts(key)[place].clone();
    {
        let chain = stage.server.chain();
        let mut chain = chain.lock().unwrap();
        for (number, sat) in (1usize..).zip(amounts) {
            chain.faucet(script.clone(), *sat).unwrap();
            // A chain of payments of the faucet is not longer than nodes relay.
            if number % 20 == 0 {
                chain.mine(1, None).unwrap();
            }
        }
    }
    stage.mine(1);
    fs::write(stage.path("paper"), format!("{WIF}\n")).unwrap();
    stage
}

/// Another wallet's account in the place of ours in the ledger.
fn changed_ledger(stage: &Stage, change: Change) {
    stage.restore("other", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    let db = rusqlite::Connection::open(stage.path("home/ledger.db")).unwrap();
    let of = |wallet: &str| -> String {
        let sql = "SELECT descriptor FROM accounts WHERE wallet = ?1 AND network = 'regtest' AND name = 'segwit-0'";
        db.query_row(sql, [wallet], |row| row.get(0)).unwrap()
    };
    let (other, main) = (of("other"), of("main"));
    db.execute("DELETE FROM accounts WHERE wallet = 'other' AND network = 'regtest'", []).unwrap();
    let changed = match change {
        Change::Key => with_key(&main, key_of(&other)),
        Change::KeyAndMaster => other,
    };
    let sql = "UPDATE accounts SET descriptor = ?1 WHERE wallet = 'main' AND network = 'regtest' AND name = 'segwit-0'";
    db.execute(sql, [changed]).unwrap();
}

/// What is changed of an account.
enum Change {
    Key,
    KeyAndMaster,
}

#[test]
fn a_changed_ledger_takes_nothing_of_a_sweep() {
    for change in [Change::Key, Change::KeyAndMaster] {
        let stage = with_paper(2, &[1_000_000]);
        changed_ledger(&stage, change);
        let refused = stage.run(&[words(&stage.password()).as_slice(), &["--wallet=main", "--json"]].concat());
        assert_eq!((refused.code, refused.error_code().as_str()), (8, "flow.ledger_lies"), "{refused:?}");
        assert!(stage.server.chain().lock().unwrap().mempool_txids().is_empty());
    }
}

#[test]
fn a_sweep_needs_the_wallets_password_or_a_typed_address() {
    let stage = with_paper(2, &[1_000_000]);
    let without = ["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat"];
    let refused = stage.run(&without);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("--password-f"), "{refused:?}");
    assert!(stage.server.chain().lock().unwrap().mempool_txids().is_empty());
    let typed = format!("--expect-to={}", Stage::shop());
    let swept = stage.run(&[&without[..], &[typed.as_str()]].concat());
    swept.expect_code(0);
    stage.mine(1);
    let got = stage.chain_balance(&Stage::shop());
    assert!((999_000..1_000_000).contains(&got), "{got}");
}

#[test]
fn coins_that_cost_more_than_they_bring_are_left_out_and_named() {
    let amounts = [&[546; 25][..], &[1_000_000]].concat();
    let stage = with_paper(2, &amounts);
    let password = stage.password();
    let words =
        ["sweep", "--key-file", "paper", "--fee-rate", "20", "--yes", "--max-fee", "5000sat", &password, "--json"];
    let swept = stage.run(&words);
    swept.expect_code(0);
    assert!(swept.stderr.contains("25 coins of 13,650 sat together"), "{swept:?}");
    let data: serde_json::Value = serde_json::from_str(&swept.stdout).unwrap();
    assert_eq!((&data["data"]["left_out"]["coins"], &data["data"]["also"]), (&25.into(), &serde_json::json!([])));
    stage.mine(1);
    stage.json(&["sync"]);
    let fee = 1_000_000 - stage.confirmed();
    assert!((2_000..2_400).contains(&fee), "{fee}");
}

#[test]
fn a_key_with_more_coins_than_one_transaction_holds_is_swept_in_several() {
    let place = scripts_of_the_key().iter().position(|script| script.is_p2pkh()).unwrap();
    let stage = with_paper(place, &[10_000; 700]);
    let password = stage.password();
    let limit = ["--yes", "--max-fee", "300000sat", &password];
    let swept = stage.json(&[&["sweep", "--key-file", "paper", "--fee-rate", "2"], &limit[..]].concat());
    assert_eq!((swept["verdict"].as_str(), swept["also"].as_array().unwrap().len()), (Some("accepted"), 1), "{swept}");
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!(stage.json(&["coins"])["coins"].as_array().unwrap().len(), 2);
    let fee = 7_000_000 - stage.confirmed();
    assert!((206_000..210_000).contains(&fee), "{fee}");
}

fn scripts_of_the_key() -> Vec<bitcoin::ScriptBuf> {
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    scripts(key).into_iter().map(|(_, script)| script).collect()
}

#[test]
fn a_paper_wallet_is_swept() {
    let stage = Stage::with_wallet();
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    for (_, script) in scripts(key) {
        stage.fund(&address_of(&script), 1_000_000);
    }
    fs::write(stage.path("paper"), format!("{WIF}\n")).unwrap();
    let swept = stage.json(&words(&stage.password()));
    assert_eq!(swept["verdict"], "accepted");
    stage.mine(1);
    stage.json(&["sync"]);
    let got = stage.confirmed();
    assert!((3_998_000..4_000_000).contains(&got), "{got}");

    let again = stage.run(&[words(&stage.password()).as_slice(), &["--json"]].concat());
    assert_eq!(again.error_code(), "bitcoin.nothing_to_sweep");
    fs::write(stage.path("paper"), "not a key\n").unwrap();
    let bad = stage.run(&[words(&stage.password()).as_slice(), &["--json"]].concat());
    assert_eq!(bad.error_code(), "keystore.private_key");
}

#[test]
fn young_block_rewards_of_a_key_are_left_out_and_named() {
    let stage = Stage::with_wallet();
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    let (_, script) = scripts(key)[2].clone();
    stage.fund(&address_of(&script), 1_000_000);
    stage.server.chain().lock().unwrap().mine(1, Some(script)).unwrap();
    let block = stage.server.chain().lock().unwrap().tip().0 + 100;
    fs::write(stage.path("paper"), format!("{WIF}\n")).unwrap();
    let swept = stage.run(&words(&stage.password()));
    swept.expect_code(0);
    assert!(swept.stderr.contains(&format!("from block {block} on")), "{swept:?}");
    stage.mine(1);
    stage.json(&["sync"]);
    assert!((999_000..1_000_000).contains(&stage.confirmed()), "the paid coin and no reward");
}
