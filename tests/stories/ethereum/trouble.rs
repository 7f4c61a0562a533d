//! Nodes in trouble: a chain that turns back, silence after the bytes have left, another chain, a node that is down.

use serde_json::{Value, json};

use super::{
    node::{Anvil, ETHER, EvmStage, OURS, SHOP},
    proxy::{Moment, Then, proxy},
};

#[test]
fn after_a_reorg_the_same_bytes_are_sent_again() {
    let stage = EvmStage::new();
    let before = stage.anvil.balance(SHOP);
    stage.anvil.mine();
    let sent = stage.signed(&["send", SHOP, "1eth"]);
    assert_eq!(stage.tracked(&sent)["state"], "mined");
    // Blocks without it take the place of the last two.
    stage.anvil.rpc("anvil_reorg", &json!([2, []]));
    assert_eq!(stage.anvil.balance(SHOP), before);
    let answer = stage.run(&["track", sent["id"].as_str().unwrap(), "--json"]);
    answer.expect_code(5);
    assert!(answer.stdout.contains("\"reorged\""), "{answer:#?}");
    stage.anvil.mine();
    assert_eq!(stage.tracked(&sent)["state"], "mined", "the same bytes, sent again by track");
    assert_eq!((stage.anvil.balance(SHOP) - before, stage.anvil.nonce(OURS)), (ETHER, 1));
}

#[test]
fn silence_after_the_bytes_left_is_found_out_and_paid_once() {
    let stage = EvmStage::new();
    let before = stage.anvil.balance(SHOP);
    let proxy = proxy(stage.anvil.port(), |request, moment| {
        let is_deaf = request.contains("eth_sendRawTransaction") && moment == Moment::Answered;
        if is_deaf { Then::HangUp } else { Then::GoOn }
    });
    let mut command = crate::harness::program();
    command.current_dir(stage.stage.home.path()).arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "local", "--explorer", &proxy, "send", SHOP, "1eth", "--yes", "--max-fee=0.05eth"]);
    command.args([&stage.stage.password(), "--json"]);
    let answer = crate::harness::finish(command);
    answer.expect_code(0);
    let document: Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(document["data"]["verdict"], "accepted", "it was read back: {document}");
    assert_eq!(stage.anvil.balance(SHOP) - before, ETHER);
}

#[test]
fn a_transaction_of_one_chain_is_not_sent_to_another() {
    let stage = EvmStage::new();
    let other = Anvil::with(&["--chain-id", "1"]);
    stage.json(&["plan", SHOP, "1eth", "-o", "pay.draft"]);
    stage.signed(&["sign", "pay.draft", "-o", "pay.signed", "--expect-to", SHOP]);
    let mut command = crate::harness::program();
    command.current_dir(stage.stage.home.path()).arg("--home").arg(stage.stage.path("home"));
    command.args(["--explorer", &other.url(), "broadcast", "pay.signed", "--json"]);
    let answer = crate::harness::finish(command);
    assert_eq!(answer.error_code(), "explorer.no_answer", "{answer:#?}");
    assert!(answer.stdout.contains("another chain"), "{answer:#?}");
    assert_eq!(other.nonce(OURS), 0);

    let mut command = crate::harness::program();
    command.arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "local", "--explorer", &other.url(), "plan", SHOP, "1eth", "--json"]);
    let answer = crate::harness::finish(command);
    assert_eq!(answer.error_code(), "explorer.wrong_chain", "{answer:#?}");
    let file = std::fs::read_to_string(stage.stage.path("pay.signed")).unwrap();
    std::fs::write(stage.stage.path("moved.signed"), file.replace("eip155:31337", "eip155:1")).unwrap();
    let moved = stage.run(&["broadcast", "moved.signed", "--json"]);
    assert_eq!(moved.error_code(), "flow.not_signed");
}

#[test]
fn a_node_that_is_down_is_passed_over() {
    let stage = EvmStage::new();
    let dead = "http://127.0.0.1:1".to_owned();
    let url = stage.anvil.url();
    let mut command = crate::harness::program();
    command.arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "local", "--explorer", &dead, "--explorer", &url, "balance", "--json"]);
    let answer = crate::harness::finish(command);
    answer.expect_code(0);
    let answer = stage.run(&["--offline", "balance", "--json"]);
    assert_eq!((answer.code, answer.error_code().as_str()), (4, "explorer.no_network"));
}
