//! What one operator of several says alone: it ends no waiting, frees no nonce, and prevents no replacement.

use serde_json::{Value, json};

use super::{
    node::{EvmStage, OURS, SHOP},
    relay::{Relay, Turn, run},
};
use crate::harness::Answer;

/// A block that no chain has yet.
const AHEAD: &str = "0x100000";

fn data(answer: &Answer) -> Value {
    serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone()
}

/// A node that says of every transaction that it is in a block of its own, far ahead of the others.
fn forger(node: &str) -> Relay {
    let hash = format!("0x{}", "66".repeat(32));
    Relay::start(node, move |question, ask| {
        let parameter = question["params"][0].clone();
        let mut reply = ask();
        match question["method"].as_str().unwrap_or_default() {
            "eth_getTransactionReceipt" => {
                reply["result"] = json!({"transactionHash": parameter, "blockHash": hash, "blockNumber": AHEAD,
                    "status": "0x1", "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "contractAddress": null});
            }
            "eth_getBlockByNumber" if parameter == AHEAD => {
                reply["result"] = json!({"hash": hash, "number": AHEAD, "timestamp": "0x1", "transactions": []});
            }
            "eth_blockNumber" => reply["result"] = json!("0x100009"),
            _ => {}
        }
        Turn::Reply(reply)
    })
}

fn silent(node: &str) -> Relay {
    Relay::start(node, |_, _| Turn::HangUp)
}

/// A payment that waits in the pool.
fn waiting(stage: &EvmStage) -> String {
    stage.anvil.automine(&json!(false));
    stage.signed(&["send", SHOP, "1eth"])["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_forged_receipt_ends_no_waiting_frees_no_nonce_and_stops_no_replacement() {
    let stage = EvmStage::new();
    let id = waiting(&stage);
    let url = stage.anvil.url();
    let (liar, honest, other) = (forger(&url), Relay::honest(&url), Relay::honest(&url));
    let nodes = [&liar, &honest, &other];
    let waited = run(&stage, &nodes, &["track", &id, "--wait", "1", "--timeout", "0", "--json"]);
    assert_eq!(waited.code, 5, "{waited:#?}");
    assert_eq!(data(&waited)["evidence"], "said", "{waited:#?}");
    let open = data(&run(&stage, &nodes, &["nonce", "status", "--json"]))["open"].clone();
    assert_eq!((&open[0]["nonce"], &open[0]["state"]), (&json!(0), &json!("sent")), "{open}");
    let password = stage.stage.password();
    let cancel =
        ["cancel", &id, "--gas-price=30gwei", "--tip=20gwei", "--yes", "--max-fee=0.05eth", &password, "--json"];
    run(&stage, &nodes, &cancel).expect_code(0);
    stage.anvil.mine();
    assert_eq!(stage.anvil.nonce(OURS), 1);
    assert_eq!(stage.anvil.balance(SHOP) % super::node::ETHER, 0, "nothing arrived");
}

#[test]
fn a_receipt_of_two_ends_the_waiting_and_so_does_the_only_node_that_was_named() {
    let stage = EvmStage::new();
    let id = waiting(&stage);
    let url = stage.anvil.url();
    let (liar, honest, other) = (forger(&url), Relay::honest(&url), Relay::honest(&url));
    stage.anvil.mine();
    let wait = ["track", &id, "--wait", "1", "--timeout", "0", "--json"];
    let two = run(&stage, &[&honest, &other], &wait);
    assert_eq!((two.code, &data(&two)["evidence"]), (0, &json!("agreed")), "{two:#?}");
    let down = silent(&url);
    let one = run(&stage, &[&honest, &down], &wait);
    assert_eq!((one.code, &data(&one)["evidence"]), (5, &json!("said")), "{one:#?}");
    assert_eq!(run(&stage, &[&honest], &wait).code, 0, "who names one node alone takes its word");
    let forged = run(&stage, &[&liar, &down], &wait);
    assert_eq!(forged.code, 5, "{forged:#?}");
}

#[test]
fn a_nonce_that_one_alone_calls_used_gives_up_no_payment() {
    let stage = EvmStage::new();
    let id = waiting(&stage);
    let url = stage.anvil.url();
    let liar = Relay::start(&url, |question, ask| {
        let mut reply = ask();
        match question["method"].as_str().unwrap_or_default() {
            "eth_getTransactionCount" => reply["result"] = json!("0x9"),
            "eth_getTransactionByHash" | "eth_getTransactionReceipt" => reply["result"] = json!(null),
            _ => {}
        }
        Turn::Reply(reply)
    });
    let down = silent(&url);
    let tracked = run(&stage, &[&liar, &down], &["track", &id, "--json"]);
    assert_eq!(data(&tracked)["evidence"], "said", "{tracked:#?}");
    let honest = Relay::honest(&url);
    let open = data(&run(&stage, &[&honest], &["nonce", "status", "--json"]))["open"].clone();
    assert_eq!((&open[0]["nonce"], &open[0]["state"]), (&json!(0), &json!("sent")), "{open}");
}
