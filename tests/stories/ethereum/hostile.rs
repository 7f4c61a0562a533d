//! Hostile input: look-alikes, lost destinations, calldata of unknown meaning, names, absurd fees.

use super::node::{EvmStage, OURS, SHOP};

/// Begins and ends like the shop's address.
const LOOK_ALIKE: &str = "0x7099000000000000000000000000000000079C8a";

#[test]
fn a_look_alike_of_somebody_paid_before_is_a_stop() {
    let stage = EvmStage::new();
    stage.signed(&["send", SHOP, "1eth"]);
    let alike = format!("0x7099{}79c8", "0".repeat(32));
    let (code, said) = stage.refused(&["send", &alike, "1eth"]);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains("not the address it looks like"), "{said}");
    let named = format!("--to-unusual={alike}");
    stage.signed(&["send", &alike, "1eth", &named]);
    assert_ne!(LOOK_ALIKE, SHOP);
}

#[test]
fn destinations_that_lose_money_are_refused() {
    let (stage, coin) = EvmStage::with_coin();
    let zero = format!("0x{}", "0".repeat(40));
    let precompile = format!("0x{}9", "0".repeat(39));
    for to in [zero.as_str(), &precompile] {
        assert_eq!(stage.refused(&["send", to, "1eth"]).0, "ethereum.consent_missing", "{to}");
    }
    let (code, said) = stage.refused(&["send", &coin, "5 STG"]);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains("the contract of the token itself"), "{said}");
    assert_eq!(stage.anvil.nonce(OURS), 0);
}

#[test]
fn calldata_that_nobody_can_read_needs_its_digest() {
    let stage = EvmStage::new();
    let register = stage.anvil.deploy("Register", "");
    // On the machine that signs, the signature typed elsewhere is only a claim.
    let call = ["call", &register, "stake(uint256,address)", "5", SHOP];
    stage.json(&[&call[..], &["-o", "call.draft"]].concat());
    let (code, said) = stage.refused(&["sign", "call.draft"]);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains("--blind 0x"), "{said}");
    let digest = stage.json(&["inspect", "call.draft"])["review"]["calldata_digest"].as_str().unwrap().to_owned();
    let wrong = format!("--blind=0x{}", "0".repeat(64));
    assert_eq!(stage.refused(&["sign", "call.draft", &wrong]).0, "ethereum.consent_missing");
    let approve = stage.approve("call.draft");
    stage.signed(&["sign", "call.draft", "-o", "blind.signed", &format!("--blind={digest}"), &approve]);
    let typed = ["sign", "call.draft", "--signature", "stake(uint256,address)"];
    // The function is known, and no limit named the address in it.
    assert_eq!(stage.refused(&typed).0, "flow.payee_not_named");
    stage.signed(&[&typed[..], &["-o", "typed.signed", "--expect-to", &register, "--expect-to", SHOP]].concat());
    let lied = ["sign", "call.draft", "--signature", "claim(uint256,address)"];
    assert_eq!(stage.refused(&lied).0, "ethereum.consent_missing", "another function's bytes");
}

#[test]
fn words_that_could_mean_two_things_are_refused() {
    let stage = EvmStage::new();
    for (arguments, code) in [
        (&["send", "ana.eth", "1eth"][..], "address.not_an_evm_address"),
        (&["send", "0x70997970C51812dc3A010C7d01b50e0d17dc79c8", "1eth"], "address.checksum"),
        (&["send", SHOP, "1"], "amount.unit_missing"),
        (&["send", SHOP, "1btc"], "desk.usage"),
        (&["send", SHOP, "1eth", "--gas-price", "30"], "amount.unit_missing"),
        (&["send", SHOP, "1eth", "--fee-rate", "5"], "desk.other_options"),
        (&["send", SHOP, "1eth", "--memo", "hi"], "desk.other_options"),
        (&["send", SHOP, "1eth", "--gas-price", "30gwei", "--tip", "31gwei"], "ethereum.bad_request"),
        (&["send", SHOP, "1eth", "--gas-limit", "20999"], "ethereum.bad_request"),
        (&["send", SHOP, "1eth", "--gas-limit", "210001"], "ethereum.bad_request"),
        (&["send", SHOP, "1000eth"], "ethereum.insufficient_funds"),
    ] {
        assert_eq!(stage.refused(arguments).0, code, "{arguments:?}");
    }
    assert_eq!(stage.run(&["coins", "--json"]).error_code(), "desk.other_family");
    assert_eq!(stage.run(&["track", "0x1234", "--json"]).error_code(), "desk.usage");
    let fee = stage.run(&["send", SHOP, "0.0001eth", "--yes", "--expect-to", SHOP, &stage.stage.password(), "--json"]);
    assert_eq!(fee.error_code(), "ethereum.fee_too_high", "more than a tenth of the value");
    let dear = ["plan", SHOP, "5eth", "--gas-price", "3000gwei", "--json"];
    assert_eq!(stage.run(&dear).error_code(), "ethereum.fee_too_high", "more than 0.05 ETH");
    assert_eq!(stage.json(&["nonce", "status"])["next"], 0, "nothing of this holds a nonce");
}

#[test]
fn yes_agrees_only_with_a_limit_and_to_whom_is_expected() {
    let stage = EvmStage::new();
    let password = stage.stage.password();
    let answer = stage.run(&["send", SHOP, "1eth", "--yes", &password, "--json"]);
    assert_eq!(answer.error_code(), "flow.no_limits");
    let expected = ["send", SHOP, "1eth", "--yes", &password, "--expect-to", OURS, "--json"];
    assert_eq!(stage.run(&expected).error_code(), "flow.limit");
    assert_eq!(stage.anvil.nonce(OURS), 0);
}
