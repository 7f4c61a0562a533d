//! Scripts: many senders at once, killed at any moment, and the same command twice.

use std::{
    process::{Child, Stdio},
    thread,
    time::Duration,
};

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
    assert_eq!(code, "flow.same_payment", "a key names one payment, mined or not");
    for amount in ["1eth", "2eth"] {
        let (code, said) = stage.refused(&["send", SHOP, amount]);
        assert_eq!(code, "flow.paid_lately", "in a block, and not a day old: {said}");
    }
    stage.signed(&["send", SHOP, "1eth", "--again"]);
    let ledger = rusqlite::Connection::open(stage.stage.path("home/ledger.db")).unwrap();
    ledger.execute("UPDATE evm_outbox SET created = created - 90000", []).unwrap();
    stage.signed(&["send", SHOP, "2eth"]);
}

/// Kill -9 at some moment of a send, then the same command to its end: the same transaction or one, never two.
fn kill_and_repeat(stage: &EvmStage, rounds: u64) {
    let mut spent = stage.anvil.balance(SHOP);
    for round in 0..rounds {
        let amount = format!("0.000{:04}eth", round + 1);
        // From before the plan to after the broadcast; a run takes about a second in a debug build.
        let mut child = send(stage, &amount, &[]);
        thread::sleep(Duration::from_millis((round * 37) % 1_200));
        // One that had come to its end had told it: the same command would be a new payment.
        child.kill().unwrap();
        let ended = child.wait().unwrap().success();
        if ended {
            assert_eq!(stage.anvil.balance(SHOP) - spent, u128::from(round + 1) * ETHER / 10_000_000);
            spent = stage.anvil.balance(SHOP);
            continue;
        }
        // What is left of the sealed child ends with its input, or signs into a closed pipe.
        thread::sleep(Duration::from_millis(20));
        let repeated = answer(send(stage, &amount, &[]).wait_with_output().unwrap());
        repeated.expect_code(0);
        let now = stage.anvil.balance(SHOP);
        let wei = u128::from(round + 1) * ETHER / 10_000_000;
        assert_eq!(now - spent, wei, "round {round} paid twice: {repeated:#?}");
        spent = now;
    }
}

#[test]
fn a_killed_send_that_is_run_again_pays_once() {
    let rounds = std::env::var("FASTNESS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(12);
    kill_and_repeat(&EvmStage::new(), rounds);
}
