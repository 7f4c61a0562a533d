//! Scripts: many senders at once, and the same command twice.

use std::process::{Child, Stdio};

use super::node::{ETHER, EvmStage, OURS, SHOP};
use crate::harness::answer;

fn send(stage: &EvmStage, amount: &str, more: &[&str]) -> Child {
    let password = stage.stage.password();
    let mut words = vec!["send", SHOP, amount, "--yes", "--max-fee=0.05eth", password.as_str(), "--json"];
    words.extend(more);
    stage.command(&words).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn eight_senders_at_once_have_eight_nonces() {
    let stage = EvmStage::new();
    let before = stage.anvil.balance(SHOP);
    let running: Vec<Child> = (1..=8).map(|number| send(&stage, &format!("0.{number}eth"), &[])).collect();
    for child in running {
        answer(child.wait_with_output().unwrap()).expect_code(0);
    }
    assert_eq!(stage.anvil.nonce(OURS), 8, "8 of 8, contiguous");
    assert_eq!(stage.anvil.balance(SHOP) - before, ETHER / 10 * 36);
}

#[test]
fn the_same_wish_twice_is_said_to_be_there() {
    let stage = EvmStage::new();
    stage.anvil.automine(&serde_json::json!(false));
    let first = stage.signed(&["send", SHOP, "1eth"]);
    let (code, said) = stage.refused(&["send", SHOP, "1eth"]);
    assert_eq!(code, "flow.same_payment");
    assert!(said.contains(first["id"].as_str().unwrap()), "{said}");
    let again = stage.signed(&["send", SHOP, "1eth", "--again"]);
    assert_eq!(again["nonce"], 1);

    stage.signed(&["send", SHOP, "2eth", "--once", "invoice 17"]);
    stage.anvil.automine(&serde_json::json!(true));
    stage.anvil.mine();
    let (code, _) = stage.refused(&["send", SHOP, "2eth", "--once", "invoice 17"]);
    assert_eq!(code, "flow.key_used", "a key names one payment, mined or not");
    for amount in ["1eth", "2eth"] {
        let (code, said) = stage.refused(&["send", SHOP, amount]);
        assert_eq!(code, "flow.paid_lately", "in a block, and not a day old: {said}");
    }
    stage.signed(&["send", SHOP, "1eth", "--again"]);
    let ledger = rusqlite::Connection::open(stage.stage.path("home/ledger.db")).unwrap();
    ledger.execute("UPDATE evm_outbox SET created = created - 90000", []).unwrap();
    stage.signed(&["send", SHOP, "2eth"]);
}
