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

/// Runtime code of a contract that takes every signature of one digest, and of no other (EIP-1271).
fn taker(digest: &str) -> String {
    let digest = digest.trim_start_matches("0x");
    format!("7f{digest}60043514602d5760006000f35b631626ba7e60e01b60005260206000f3")
}

/// Contracts sign too: one that is there is asked, one that is not there yet is made first within the question (EIP-6492), and what
/// neither takes is invalid. A key's signature asks no network.
#[test]
fn signatures_of_contracts_are_verified_by_asking_them() {
    let stage = EvmStage::new();
    let digest = stage.json(&["message", "inspect", "hello"])["digest"].as_str().unwrap().to_owned();
    let contract = "0x00000000000000000000000000000000c0de1271";
    stage.anvil.rpc("anvil_setCode", &serde_json::json!([contract, format!("0x{}", taker(&digest))]));
    let verify = |address: &str, signature: &str, text: &str| {
        stage.run(&["message", "verify", address, signature, text, "--json"])
    };
    let taken = verify(contract, "0x010203", "hello");
    taken.expect_code(0);
    assert!(taken.stdout.contains("\"contract\""), "{taken:?}");
    verify(contract, &format!("0x{}1b", "11".repeat(64)), "hello").expect_code(0);
    verify(contract, "0x010203", "another").expect_code(8);
    // The usual factory of accounts (CREATE2), salt 0, and code that puts the taker where its address says.
    let factory = "4e59b44847b379578588920ca78fbf26c0b4956c";
    let runtime = taker(&digest);
    let size = runtime.len() / 2;
    let init = format!("60{size:02x}600c60003960{size:02x}6000f3{runtime}");
    let preparation = format!("{}{init}", "00".repeat(32));
    let account = stage.anvil.rpc(
        "eth_call",
        &serde_json::json!([{"to": format!("0x{factory}"), "data": format!("0x{preparation}")}, "latest"]),
    );
    let account = account.as_str().unwrap().to_owned();
    assert_eq!(stage.anvil.rpc("eth_getCode", &serde_json::json!([account, "latest"])), "0x");
    let padded = |hex: &str| format!("{hex}{}", "0".repeat((64 - hex.len() % 64) % 64));
    let head = 3 * 32;
    let second = head + 32 + padded(&preparation).len() / 2;
    let wrapped = format!(
        "0x{factory:0>64}{head:064x}{second:064x}{:064x}{}{:064x}{}{}",
        preparation.len() / 2,
        padded(&preparation),
        3,
        padded("010203"),
        "6492".repeat(16)
    );
    verify(&account, &wrapped, "hello").expect_code(0);
    verify(&account, &wrapped, "another").expect_code(8);
    assert_eq!(stage.anvil.rpc("eth_getCode", &serde_json::json!([account, "latest"])), "0x", "nothing was made");
    // An account that answers nothing, whose factory's data begin like a yes.
    let forged = wrapped.replacen(&padded(&preparation), &padded(&format!("1626ba7e{}", &preparation[8..])), 1);
    verify(OURS, &forged, "hello").expect_code(8);
    assert_eq!(verify(OURS, "0x010203", "hello").error_code(), "ethereum.signature");
}
