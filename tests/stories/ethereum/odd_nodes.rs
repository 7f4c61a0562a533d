//! Nodes whose single answers are odd: a payment goes through at a sane fee, or stops before anything is signed.

use serde_json::{Value, json};

use super::{
    node::{Anvil, ETHER, EvmStage, OURS, SHOP},
    relay::Relay,
};
use crate::harness::{Answer, finish, program};

/// The program with this node alone.
fn run(stage: &EvmStage, node: &Relay, arguments: &[&str]) -> Answer {
    let mut command = program();
    command.current_dir(stage.stage.home.path()).arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "local", "--explorer", &node.url]).args(arguments);
    finish(command)
}

#[test]
fn odd_answers_about_fees_stop_nothing_and_a_named_price_needs_none() {
    let stage = EvmStage::new();
    let password = stage.stage.password();
    let odd = |history: Value| {
        Relay::changing(&stage.anvil.url(), move |method, result| match method {
            "eth_feeHistory" => *result = history.clone(),
            "eth_gasPrice" => *result = json!(null),
            _ => {}
        })
    };
    let pay = ["send", SHOP, "0.1eth", "--yes", "--max-fee=0.01eth", "--again", &password, "--json"];
    let histories = [json!(null), json!({"reward": [[], []], "baseFeePerGas": ["0x0"]}), json!([1])];
    for (turn, history) in histories.into_iter().enumerate() {
        let node = odd(history);
        run(&stage, &node, &pay).expect_code(0);
        assert_eq!(stage.anvil.nonce(OURS), turn as u128 + 1);
    }
    // A header whose numbers make no price, and yet a price was named.
    let headless = Relay::changing(&stage.anvil.url(), |method, result| {
        if method == "eth_getBlockByNumber" && result.is_object() {
            result["gasUsed"] = json!("0xffffffffffff");
        }
    });
    assert_eq!(run(&stage, &headless, &pay).error_code(), "explorer.no_answer");
    run(&stage, &headless, &[&pay[..], &["--gas-price=3gwei", "--tip=1gwei"]].concat()).expect_code(0);
    run(&stage, &headless, &[&pay[..], &["--gas-price=3gwei"]].concat()).expect_code(0);
    assert_eq!(stage.anvil.nonce(OURS), 5);

    // A replacement with a price of its own needs none either.
    stage.anvil.automine(&json!(false));
    let sent = stage.signed(&["send", SHOP, "0.2eth", "--gas-price=3gwei", "--tip=1gwei"]);
    let id = sent["id"].as_str().unwrap().to_owned();
    let bump = ["bump", &id, "--yes", "--max-fee=0.01eth", &password, "--json"];
    assert_eq!(run(&stage, &headless, &bump).error_code(), "explorer.no_answer");
    let bumped = run(&stage, &headless, &[&bump[..], &["--gas-price=6gwei", "--tip=2gwei"]].concat());
    bumped.expect_code(0);
    let cancel =
        ["cancel", &id, "--yes", "--max-fee=0.01eth", &password, "--json", "--gas-price=12gwei", "--tip=4gwei"];
    run(&stage, &headless, &cancel).expect_code(0);
    stage.anvil.automine(&json!(true));
    stage.anvil.mine();
    assert_eq!(stage.anvil.nonce(OURS), 6, "one of the three was mined");
}

#[test]
fn a_chain_at_its_first_block_is_no_liar() {
    let anvil = Anvil::with(&["--chain-id", "11155111"]);
    anvil.fund(OURS, ETHER);
    let stage = EvmStage::on(anvil);
    let password = stage.stage.password();
    let mut command = program();
    command.arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "sepolia", "--explorer", &stage.anvil.url(), "send", SHOP, "0.1eth"]);
    command.args(["--yes", "--max-fee=0.05eth", &password, "--json"]);
    finish(command).expect_code(0);
}
