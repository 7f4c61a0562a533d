//! A paper wallet is swept: the key is read in a sealed child, and everything it can spend comes to this wallet.

use std::fs;

use bitcoin::secp256k1::Secp256k1;
use fastness::chain::bitcoin::sweep::scripts;

use crate::harness::{Stage, address_of};

/// The test-net private key whose secret is 1.
const WIF: &str = "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA";

#[test]
fn a_paper_wallet_is_swept() {
    let stage = Stage::with_wallet();
    let key = bitcoin::PrivateKey::from_wif(WIF).unwrap().public_key(&Secp256k1::new()).inner;
    for (_, script) in scripts(key) {
        stage.fund(&address_of(&script), 1_000_000);
    }
    fs::write(stage.path("paper"), format!("{WIF}\n")).unwrap();
    let swept = stage.json(&["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat"]);
    assert_eq!(swept["verdict"], "accepted");
    stage.mine(1);
    stage.json(&["sync"]);
    let got = stage.confirmed();
    assert!((3_998_000..4_000_000).contains(&got), "{got}");

    let again =
        stage.run(&["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat", "--json"]);
    assert_eq!(again.error_code(), "bitcoin.nothing_to_sweep");
    fs::write(stage.path("paper"), "not a key\n").unwrap();
    let bad =
        stage.run(&["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat", "--json"]);
    assert_eq!(bad.error_code(), "keystore.secret_length");
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
    let words = ["sweep", "--key-file", "paper", "--fee-rate", "2", "--yes", "--max-fee", "5000sat"];
    let swept = stage.run(&words);
    swept.expect_code(0);
    assert!(swept.stderr.contains(&format!("from block {block} on")), "{swept:?}");
    stage.mine(1);
    stage.json(&["sync"]);
    assert!((999_000..1_000_000).contains(&stage.confirmed()), "the paid coin and no reward");
}
