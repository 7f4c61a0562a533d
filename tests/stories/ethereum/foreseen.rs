//! What nodes are asked before anything is signed: whether there is code, what would come of the call, what it costs beside gas.

use serde_json::{Value, json};

use super::node::{Anvil, ETHER, EvmStage, OURS, SHOP, word};
use crate::harness::{Answer, finish, program};

/// Token code by hand: `balanceOf` answers what is stored for the owner, everything else answers one word, or nothing.
fn token(answer: u8) -> String {
    // PUSH1 0 CALLDATALOAD PUSH1 e0 SHR PUSH4 balanceOf EQ PUSH1 19 JUMPI PUSH1 answer PUSH1 0 MSTORE PUSH1 20 PUSH1 0
    // RETURN JUMPDEST PUSH1 4 CALLDATALOAD SLOAD PUSH1 0 MSTORE PUSH1 20 PUSH1 0 RETURN
    format!("0x60003560e01c6370a082311460195760{answer:02x}60005260206000f35b6004355460005260206000f3")
}

fn put(stage: &EvmStage, address: &str, code: &str) {
    stage.anvil.rpc("anvil_setCode", &json!([address, code]));
}

const PLACE: &str = "0x7000000000000000000000000000000000000099";

fn transfer(amount: u64) -> [String; 5] {
    ["call".to_owned(), PLACE.to_owned(), "transfer(address,uint256)".to_owned(), SHOP.to_owned(), amount.to_string()]
}

#[test]
fn right_contract_wrong_network_is_a_stop_that_is_agreed_to_by_name() {
    let (stage, coin) = EvmStage::with_coin();
    // The same wallet and the same token list on a chain where nothing is at that address.
    stage.anvil.rpc("anvil_setCode", &json!([coin, "0x"]));
    let (code, said) = stage.refused(&["send", SHOP, "25 STG"]);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains("no code") && said.contains(&format!("--no-code {coin}")), "{said}");
    let (code, said) = stage.refused(&["call", SHOP, "stake(uint256)", "5", "--value", "1eth"]);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains("wrong network"), "{said}");
    assert_eq!(stage.anvil.nonce(OURS), 0);

    // Coins without calldata go to an address without code, and to one that was named.
    stage.signed(&["send", SHOP, "1eth"]);
    let other = format!("--no-code={OURS}");
    assert_eq!(stage.refused(&["call", SHOP, "stake(uint256)", "5", &other]).0, "ethereum.consent_missing");
    stage.signed(&["call", SHOP, "stake(uint256)", "5", &format!("--no-code={SHOP}")]);
}

#[test]
fn the_draft_carries_what_nodes_said_and_another_machine_stops_by_it() {
    let stage = EvmStage::new();
    let named = format!("--no-code={SHOP}");
    stage.json(&["call", SHOP, "stake(uint256)", "5", "-o", "none.draft", &named]);
    let path = stage.stage.home.path().join("none.draft");
    let mut draft: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(draft["context"]["code"], "none");
    let typed = ["--signature", "stake(uint256)"];
    let (code, said) = stage.refused(&[&["sign", "none.draft"][..], &typed].concat());
    assert!(code == "ethereum.consent_missing" && said.contains("--no-code"), "{said}");
    // Where no node was asked, nothing is claimed, and that is said.
    draft["context"].as_object_mut().unwrap().retain(|key, _| key != "code" && key != "simulated");
    std::fs::write(stage.stage.home.path().join("bare.draft"), draft.to_string()).unwrap();
    let page = stage.run(&["inspect", "bare.draft"]);
    assert!(page.stdout.contains("not simulated") && page.stdout.contains("code"), "{page:#?}");
    let register = stage.anvil.deploy("Register", "");
    stage.json(&["call", &register, "stake(uint256,address)", "5", SHOP, "-o", "good.draft"]);
    let page = stage.run(&["inspect", "good.draft"]);
    assert!(page.stdout.contains("simulated, and it goes through"), "{page:#?}");
}

#[test]
fn a_call_that_reverts_stops_with_its_reason() {
    let stage = EvmStage::new();
    let register = stage.anvil.deploy("Register", "");
    let (code, said) = stage.refused(&["call", &register, "fail()"]);
    assert_eq!(code, "ethereum.would_fail");
    assert!(said.contains("it reverts: the register is closed"), "{said}");
    let gas = ["call", &register, "fail()", "--gas-limit", "60000"];
    let (code, said) = stage.refused(&gas);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains(&format!("--may-fail {register}")), "{said}");
    let view = stage.run(&["call", &register, "fail()", "--view", "--json"]);
    assert_eq!(view.error_code(), "ethereum.reverted");
    assert!(view.stdout.contains("reverted: the register is closed"), "{view:#?}");
    let sent = stage.signed(&[&gas[..], &[&format!("--may-fail={register}")]].concat());
    let place = stage.run(&["track", sent["id"].as_str().unwrap()]);
    assert!(place.stdout.contains("FAILED") && place.stdout.contains("the register is closed"), "{place:#?}");
}

#[test]
fn errors_of_the_standard_and_of_a_named_signature_are_read() {
    let stage = EvmStage::new();
    // PUSH4 selector PUSH1 e0 SHL PUSH1 0 MSTORE PUSH1 7 PUSH1 4 MSTORE PUSH1 24 PUSH1 0 REVERT
    let failing = |selector: &str| format!("0x63{selector}60e01b600052600760045260246000fd");
    for (selector, expected) in [
        ("7e273289", "ERC721NonexistentToken(tokenId = 7)"),
        ("4e487b71", "a panic of the contract (panic 0x07)"),
        ("deadbeef", "an error of the contract's own, 0xdeadbeef"),
    ] {
        put(&stage, PLACE, &failing(selector));
        let view = stage.run(&["call", PLACE, "f()", "--view", "--json"]);
        assert!(view.stdout.contains(&format!("reverted: {expected}")), "{selector}: {view:#?}");
    }
    let named = alloy_primitives::hex::encode(&alloy_primitives::keccak256("Closed(uint256)")[..4]);
    put(&stage, PLACE, &failing(&named));
    let view = stage.run(&["call", PLACE, "f()", "--view", "--error", "Closed(uint256 until)", "--json"]);
    assert!(view.stdout.contains("reverted: Closed(until = 7)"), "{view:#?}");
    put(&stage, PLACE, "0x60006000fd");
    let view = stage.run(&["call", PLACE, "f()", "--view", "--json"]);
    assert!(view.stdout.contains("the contract gives no reason"), "{view:#?}");
}

#[test]
fn a_token_that_says_no_or_moves_nothing_is_a_stop() {
    let stage = EvmStage::new();
    let slot = |owner: &str| format!("0x{}", word(owner));
    stage.anvil.rpc("anvil_setStorageAt", &json!([PLACE, slot(OURS), slot("64")]));
    for (answer, amount, expected) in [
        (0, 5, "the token answers false"),
        (2, 5, "neither true nor false"),
        (1, 5, "would get 0 smallest units, not 5"),
        (1, 101, "the account has 100 smallest units of the token, and this sends 101"),
    ] {
        put(&stage, PLACE, &token(answer));
        let call = transfer(amount);
        let call: Vec<&str> = call.iter().map(String::as_str).collect();
        let (code, said) = stage.refused(&call);
        assert_eq!(code, "ethereum.consent_missing", "{said}");
        assert!(said.contains(expected) && said.contains("--may-fail"), "{expected}: {said}");
    }
    assert_eq!(stage.anvil.nonce(OURS), 0);
    let (honest, _) = EvmStage::with_coin();
    honest.signed(&["send", SHOP, "5 STG"]);
}

/// An oracle of an OP-stack chain: 0.004 ether for layer-1 data, and 0.0008 for the operator.
const ORACLE: &str =
    "0x60003560e01c6349948e0e14601f576602d79883d2000060005260206000f35b660e35fa931a000060005260206000f3";

fn run(stage: &EvmStage, arguments: &[&str]) -> Answer {
    let mut command = program();
    command.current_dir(stage.stage.home.path()).arg("--home").arg(stage.stage.path("home"));
    command.args(["--network", "optimism-sepolia", "--explorer", &stage.anvil.url()]).args(arguments);
    finish(command)
}

#[test]
fn fees_beside_gas_are_in_every_total() {
    let anvil = Anvil::with(&["--chain-id", "11155420"]);
    anvil.rpc("anvil_setCode", &json!(["0x420000000000000000000000000000000000000F", ORACLE]));
    let stage = EvmStage::on(anvil);
    let plan = run(&stage, &["plan", SHOP, "1eth", "--max-fee=0.05eth", "--json"]);
    plan.expect_code(0);
    let review = serde_json::from_str::<Value>(&plan.stdout).unwrap()["data"]["review"].clone();
    let wei = |value: &Value| value["smallest"].as_str().unwrap().parse::<u128>().unwrap();
    let (gas, beside) = (wei(&review["fee"]["worst"]), wei(&review["fee"]["beside_gas"]));
    assert_eq!(beside, (800_000_000_000_000 + 4_000_000_000_000_000) * 5 / 4, "with a quarter more");
    assert_eq!(wei(&review["worst_total"]), ETHER + gas + beside, "{review:#}");
    let page = run(&stage, &["plan", SHOP, "1eth", "--max-fee=0.05eth"]);
    assert!(page.stdout.contains("beside gas") && page.stdout.contains("0.006"), "{page:#?}");
    let low = run(&stage, &["plan", SHOP, "1eth", "--max-fee=0.005eth", "--json"]);
    assert_eq!(low.error_code(), "ethereum.fee_too_high", "the limit counts all fees");

    let password = stage.stage.password();
    let all = ["send", SHOP, "all", "--yes", "--max-fee=0.05eth", &password, "--json"];
    run(&stage, &all).expect_code(0);
    assert!(stage.anvil.balance(OURS) >= beside, "room is left for them");
}
