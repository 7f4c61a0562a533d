//! Contracts: allowances and their end, NFTs of both kinds, calls by signature, views, deployments, failures with reasons.

use serde_json::json;

use super::node::{ETHER, EvmStage, OURS, SHOP, code, word};

#[test]
fn an_allowance_is_given_seen_and_taken_away() {
    let (stage, coin) = EvmStage::with_coin();
    let sent = stage.signed(&["token", "approve", SHOP, "40 STG"]);
    assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
    let open = stage.json(&["token", "allowances"]);
    assert_eq!(open["allowances"][0]["amount"]["smallest"], "40000000", "{open}");
    assert_eq!(open["allowances"][0]["unlimited"], false);

    stage.signed(&["token", "revoke", SHOP, &coin]);
    assert_eq!(stage.json(&["token", "allowances"])["allowances"], json!([]));
}

#[test]
fn an_unlimited_allowance_names_its_spender_twice() {
    let (stage, _) = EvmStage::with_coin();
    let approve = ["token", "approve", SHOP, "unlimited STG"];
    let (code, said) = stage.refused(&approve);
    assert_eq!(code, "ethereum.consent_missing");
    assert!(said.contains(&format!("--allow-unlimited {SHOP}")), "{said}");
    let other = format!("--allow-unlimited={OURS}");
    assert_eq!(stage.refused(&[&approve[..], &[other.as_str()]].concat()).0, "ethereum.consent_missing");
    let named = format!("--allow-unlimited={SHOP}");
    stage.signed(&[&approve[..], &[named.as_str()]].concat());
    let open = stage.json(&["token", "allowances"]);
    assert_eq!(open["allowances"][0]["unlimited"], true, "{open}");
}

#[test]
fn nfts_of_both_standards_change_hands() {
    let stage = EvmStage::new();
    let picture = stage.anvil.deploy("Picture", &word(OURS));
    stage.signed(&["nft", "send", &picture, "7", SHOP]);
    let owner = stage.anvil.call(&picture, &format!("0x6352211e{}", word("7")));
    assert_eq!(owner, format!("0x{}", word(SHOP)));

    let items = stage.anvil.deploy("Items", &word(OURS));
    stage.signed(&["nft", "send", &items, "3", SHOP, "--count", "60"]);
    let left = stage.anvil.call(&items, &format!("0x00fdd58e{}{}", word(SHOP), word("3")));
    assert_eq!(left, format!("0x{}", word("3c")));
    let (code, said) = stage.refused(&["nft", "send", &items, "3", SHOP, "--count", "41"]);
    assert_eq!(code, "ethereum.would_fail");
    assert!(said.contains("not yours"), "{said}");
    assert_eq!(stage.json(&["nonce", "status"])["next"], 2, "a refused call gives its nonce back");
}

#[test]
fn a_contract_is_deployed_called_and_asked() {
    let stage = EvmStage::new();
    std::fs::write(stage.stage.path("register.bin"), code("Register").trim_start_matches("0x")).unwrap();
    let planned = stage.json(&["deploy", "register.bin", "-o", "register.draft"]);
    stage.json(&["nonce", "release", "0..5"]);
    let sent = stage.signed(&["deploy", "register.bin"]);
    let status = stage.tracked(&sent);
    // Told before and after, and so it is.
    let told = [&planned["review"]["creates"], &sent["creates"], &status["created"]]
        .map(|told| told.as_str().unwrap().to_lowercase());
    assert!(told[0] == told[1] && told[1] == told[2], "{told:?}");
    let register: alloy_primitives::Address = status["created"].as_str().unwrap().parse().unwrap();
    let register = register.to_string();

    let stake = ["call", &register, "stake(uint256,address)", "100", SHOP, "--value", "0.1eth"];
    let sent = stage.signed(&stake);
    assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
    assert_eq!(stage.anvil.balance(&register), ETHER / 10);
    let pair = stage.json(&["call", &register, "pair() returns (uint256 number, address where)", "--view"]);
    assert_eq!((&pair["answer"][0]["value"], &pair["answer"][1]["value"]), (&json!("100"), &json!(register)));

    let coin = code("Coin");
    let constructed = ["deploy", &coin, "--constructor", "constructor(uint256,address)", "5000000", OURS];
    let status = stage.tracked(&stage.signed(&constructed));
    assert_eq!(stage.anvil.coins(status["created"].as_str().unwrap(), OURS), 5_000_000);
}

#[test]
fn a_call_that_would_fail_is_not_sent_and_one_that_failed_says_why() {
    let stage = EvmStage::new();
    let register = stage.anvil.deploy("Register", "");
    let (code, said) = stage.refused(&["call", &register, "fail()"]);
    assert_eq!(code, "ethereum.would_fail");
    assert!(said.contains("the register is closed"), "{said}");
    assert_eq!(stage.anvil.nonce(OURS), 0);

    // Two drafts for the same coins: both are planned while there is enough.
    let (stage, coin) = EvmStage::with_coin();
    for (amount, name) in [("600000 STG", "first"), ("600001 STG", "second")] {
        stage.json(&["plan", SHOP, amount, "-o", &format!("{name}.draft")]);
        stage.signed(&["sign", &format!("{name}.draft"), "-o", &format!("{name}.signed"), "--expect-to", SHOP]);
    }
    stage.json(&["broadcast", "first.signed"]);
    let second = stage.json(&["broadcast", "second.signed"]);
    let answer = stage.run(&["track", second["id"].as_str().unwrap(), "--json"]);
    answer.expect_code(1);
    assert!(answer.stdout.contains("not enough coins"), "{answer:#?}");
    assert_eq!(stage.anvil.coins(&coin, SHOP), 600_000_000_000);
}

/// What an aggregator answers is signed as it is, after its calldata was read here.
#[test]
fn a_call_of_another_program_is_read_and_sent_as_it_is() {
    let (stage, coin) = EvmStage::with_coin();
    let data = format!("0xa9059cbb{}{}", word(SHOP), word("5"));
    let planned = stage.json(&["call", &coin, &data, "-o", "raw.draft"]);
    assert_eq!(planned["review"]["certainty"], "known", "{planned}");
    stage.json(&["nonce", "release", "0"]);
    for (number, json) in [
        json!({"to": coin, "data": data, "value": "0x0"}),
        json!({"method": "eth_sendTransaction", "params": [{"from": OURS, "to": coin, "input": data}]}),
    ]
    .iter()
    .enumerate()
    {
        std::fs::write(stage.stage.path("call.json"), json.to_string()).unwrap();
        let sent = stage.signed(&["call", "call.json", "--again"]);
        assert_eq!(stage.tracked(&sent)["outcome"]["outcome"], "success");
        assert_eq!(stage.anvil.coins(&coin, SHOP), 5 * (number as u128 + 1));
    }
    std::fs::write(stage.stage.path("theirs.json"), json!({"from": SHOP, "to": coin, "data": data}).to_string())
        .unwrap();
    assert_eq!(stage.refused(&["call", "theirs.json"]).0, "desk.usage");
    // Nothing that was typed is left out without a word.
    let (code, said) = stage.refused(&["call", &coin, &data, "5"]);
    assert!(code == "desk.usage" && said.contains("has its arguments in it"), "{code}: {said}");
    let (code, said) = stage.refused(&["call", "call.json", "--value", "1eth"]);
    assert!(code == "desk.usage" && said.contains("leave out --value"), "{code}: {said}");
    // What nobody here can read is agreed to by its digest only.
    assert_eq!(stage.refused(&["call", SHOP, "0xdeadbeef"]).0, "ethereum.consent_missing");
}

/// What nodes, cast and ethers print is explained like the bytes themselves; a changed member is found out by its hash.
#[test]
fn a_transaction_in_the_json_of_other_programs_is_explained() {
    let stage = EvmStage::new();
    let sent = stage.signed(&["send", SHOP, "1.5eth"]);
    let json = stage.anvil.rpc("eth_getTransactionByHash", &serde_json::json!([sent["id"]]));
    std::fs::write(stage.stage.path("node.json"), json.to_string()).unwrap();
    let inspected = stage.json(&["inspect", "node.json"]);
    assert_eq!(
        (&inspected["id"], &inspected["review"]["action"]),
        (&sent["id"], &format!("Send 1.5 ETH to {SHOP}").into())
    );
    let mut changed = json;
    changed["value"] = "0x1".into();
    std::fs::write(stage.stage.path("node.json"), changed.to_string()).unwrap();
    let refused = stage.run(&["inspect", "node.json", "--json"]);
    assert_eq!(refused.error_code(), "ethereum.bad_request", "{refused:?}");
    for member in ["r", "s", "v", "yParity", "hash"] {
        changed.as_object_mut().unwrap().remove(member);
    }
    std::fs::write(stage.stage.path("node.json"), changed.to_string()).unwrap();
    let unsigned = stage.run(&["inspect", "node.json"]);
    unsigned.expect_code(0);
    assert!(unsigned.stdout.contains("not signed"), "{unsigned:?}");
}
