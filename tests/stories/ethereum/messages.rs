//! Messages: texts and typed data are shown whole, agreed to by their addressees, and signed by the account that they are for.

use serde_json::{Value, json};

use super::node::{EvmStage, OURS, SHOP};

const TOKEN: &str = "0x1111111111111111111111111111111111111111";
const PERMIT2: &str = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

fn members(list: &[(&str, &str)]) -> Value {
    list.iter().map(|(ty, name)| json!({"name": name, "type": ty})).collect()
}

/// Allowances of Permit2 for the shop: this many of one token, and then one more.
fn batch(many: usize, last: &str) -> Value {
    let detail = |amount: &str| json!({"token": TOKEN, "amount": amount, "expiration": "1900000000", "nonce": 0});
    let mut details = vec![detail("1"); many];
    details.push(detail(last));
    let domain = [("string", "name"), ("uint256", "chainId"), ("address", "verifyingContract")];
    let list = [("PermitDetails[]", "details"), ("address", "spender"), ("uint256", "sigDeadline")];
    let each = [("address", "token"), ("uint160", "amount"), ("uint48", "expiration"), ("uint48", "nonce")];
    json!({
        "types": {"EIP712Domain": members(&domain), "PermitBatch": members(&list), "PermitDetails": members(&each)},
        "primaryType": "PermitBatch",
        "domain": {"name": "Permit2", "chainId": 31337, "verifyingContract": PERMIT2},
        "message": {"details": details, "spender": SHOP, "sigDeadline": "1900000000"},
    })
}

fn sign_in(account: &str) -> String {
    format!(
        "example.org wants you to sign in with your Ethereum account:\n{account}\n\n\nURI: https://example.org\n\
         Version: 1\nChain ID: 31337\nNonce: 32891756\nIssued At: 2026-11-18T11:00:00Z"
    )
}

#[test]
fn messages_are_shown_whole_and_agreed_to_by_their_addressees() {
    let stage = EvmStage::new();
    let file = |name: &str, text: &str| {
        std::fs::write(stage.stage.path(name), text).unwrap();
        stage.stage.path(name).display().to_string()
    };
    // The last item of many is on the page, in words.
    let typed = file("batch.json", &batch(45, "987654321").to_string());
    let page = stage.run(&["message", "inspect", "--typed", &typed]);
    page.expect_code(0);
    assert!(page.stdout.contains("46 AMOUNTS OF TOKENS") && page.stdout.contains("item 46 = 987654321"), "{page:#?}");
    // The beneficiary is the expected one, and no other.
    let digest = stage.json(&["message", "inspect", "--typed", &typed])["digest"].as_str().unwrap().to_owned();
    let password = stage.stage.password();
    let sign = ["message", "sign", "--typed", &typed, "--approve", &digest, &password];
    let refused = stage.run(&[&sign[..], &["--json", "--expect-to", OURS]].concat());
    assert_eq!(refused.error_code(), "flow.limit", "{refused:#?}");
    assert_eq!(stage.json(&[&sign[..], &["--expect-to", SHOP]].concat())["beneficiaries"], json!([SHOP]));

    // A sign-in for another account is not signed; the own one is told by its parts.
    let other = file("other.txt", &sign_in(SHOP));
    let told = stage.json(&["message", "inspect", "--file", &other]);
    assert!(told["sentence"].as_str().unwrap().contains(&format!("SIGNS YOU IN at example.org as {SHOP}")), "{told}");
    let digest = told["digest"].as_str().unwrap();
    let refused = stage.run(&["message", "sign", "--file", &other, "--approve", digest, &password, "--json"]);
    assert_eq!(refused.error_code(), "ethereum.message", "{refused:#?}");
    assert!(refused.stdout.contains("is for the account"), "{refused:#?}");
    let own = file("own.txt", &sign_in(OURS));
    let digest = stage.json(&["message", "inspect", "--file", &own])["digest"].as_str().unwrap().to_owned();
    stage.json(&["message", "sign", "--file", &own, "--approve", &digest, &password]);
}

#[test]
fn an_allowance_far_above_the_balance_is_one_without_limit() {
    let (stage, _) = EvmStage::with_coin();
    // A million STG are ours: a million times that is more than a person needs.
    let (code, said) = stage.refused(&["token", "approve", SHOP, "1000000000000 STG"]);
    assert!(code == "ethereum.consent_missing" && said.contains("--allow-unlimited"), "{code} {said}");
    stage.signed(&["token", "approve", SHOP, "999999999999 STG"]);
}
