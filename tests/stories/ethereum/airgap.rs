//! Planned on one machine, reviewed and signed on another that knows no node, sent from the first.

use serde_json::{Value, json};

use super::node::{ETHER, EvmStage, OURS, SHOP};
use crate::harness::{Answer, Stage, finish, program};

/// A second home with the same keys, and no network.
struct Cold(Stage);

impl Cold {
    fn run(&self, arguments: &[&str]) -> Answer {
        let mut command = program();
        command.current_dir(self.0.home.path());
        command.arg("--home").arg(self.0.path("home")).arg("--offline").args(arguments).arg(self.0.password());
        finish(command)
    }
}

#[test]
fn a_draft_is_carried_reviewed_signed_and_carried_back() {
    let (hot, cold) = (EvmStage::new(), Cold(Stage::with_wallet()));
    hot.json(&["plan", SHOP, "2eth", "-o", "pay.draft"]);
    let draft = hot.stage.path("pay.draft");
    let draft = draft.to_str().unwrap();
    let inspected = cold.run(&["inspect", draft, "--json"]);
    inspected.expect_code(0);
    let document: Value = serde_json::from_str(&inspected.stdout).unwrap();
    let review = &document["data"]["review"];
    assert_eq!(review["action"], format!("Send 2 ETH to {SHOP}"));
    assert_eq!(review["chain"], "eip155:31337");

    let digest = format!("--approve={}", review["digest"].as_str().unwrap());
    cold.run(&["sign", draft, "-o", "pay.signed", &digest]).expect_code(0);
    let before = hot.anvil.balance(SHOP);
    let sent = hot.json(&["broadcast", cold.0.path("pay.signed").to_str().unwrap()]);
    assert_eq!(sent["verdict"], "accepted");
    assert_eq!(hot.anvil.balance(SHOP) - before, 2 * ETHER);
    assert_eq!(hot.json(&["nonce", "status"])["next"], 1, "the draft's nonce is the one that was used");
}

#[test]
fn drafts_have_nonces_of_their_own_until_they_are_given_back() {
    let stage = EvmStage::new();
    stage.json(&["plan", SHOP, "1eth", "-o", "pay.draft", "--count", "3"]);
    let nonce = |file: &str| stage.json(&["inspect", file])["review"]["nonce"].clone();
    assert_eq!([nonce("pay-1.draft"), nonce("pay-2.draft"), nonce("pay-3.draft")], [json!(0), json!(1), json!(2)]);
    let password = stage.stage.password();
    let answer = stage.run(&["send", SHOP, "5eth", "--yes", "--max-fee=0.05eth", &password, "--json"]);
    answer.expect_code(0);
    assert!(answer.stdout.contains("\"nonce\": 3"), "{answer:#?}");
    assert!(answer.stderr.contains("waits_for_draft"), "a payment behind drafts says so: {answer:#?}");
    let status = stage.json(&["nonce", "release", "1"]);
    assert_eq!((&status["gaps"], &status["next"]), (&json!([1]), &json!(1)));
    stage.json(&["plan", SHOP, "1eth"]);
    assert_eq!(stage.json(&["nonce", "gaps"])["gaps"], json!([1]), "a plan that is only shown holds nothing");
}

#[test]
fn a_draft_that_lies_is_read_by_its_bytes() {
    let (hot, cold) = (EvmStage::new(), Cold(Stage::with_wallet()));
    hot.json(&["plan", SHOP, "2eth", "-o", "pay.draft"]);
    let text = std::fs::read_to_string(hot.stage.path("pay.draft")).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut draft: Value = serde_json::from_str(&text).unwrap();
        change(&mut draft);
        let path = hot.stage.path("changed.draft");
        std::fs::write(&path, draft.to_string()).unwrap();
        let answer = cold.run(&["sign", path.to_str().unwrap(), "--json", "--yes", "--expect-to", SHOP]);
        assert_ne!(answer.code, 0, "{answer:#?}");
        answer.error_code()
    };
    assert_eq!(changed(&|draft| draft["network"] = json!("eip155:1")), "account.wrong_network");
    assert_eq!(changed(&|draft| draft["network"] = json!("eip155:11155111")), "ethereum.other_chain");
    assert_eq!(changed(&|draft| draft["from"] = json!(SHOP)), "ethereum.foreign_sender");
    assert_eq!(changed(&|draft| draft["delegate"] = json!(SHOP)), "ethereum.refused");
    assert_eq!(changed(&|draft| draft["extra"] = json!(1)), "flow.not_a_draft");
    assert_eq!(changed(&|draft| draft["unsigned"] = json!("0x02c0")), "ethereum.not_a_transaction");
    let longer = |draft: &mut Value| {
        let unsigned = format!("{}00", draft["unsigned"].as_str().unwrap());
        draft["unsigned"] = json!(unsigned);
    };
    assert_eq!(changed(&longer), "ethereum.not_a_transaction");
    // What the context claims is shown as a claim, and changes nothing of what is signed.
    let mut draft: Value = serde_json::from_str(&text).unwrap();
    draft["context"]["balance"] = json!("\u{1b}[2J1,000,000 ETH");
    let path = hot.stage.path("claims.draft");
    std::fs::write(&path, draft.to_string()).unwrap();
    let shown = cold.run(&["inspect", path.to_str().unwrap()]);
    assert!(shown.stdout.contains("\\u{1b}[2J1,000,000 ETH") && !shown.stdout.contains('\u{1b}'), "{shown:#?}");
}

#[test]
fn a_key_is_found_without_a_ledger() {
    let (hot, cold) = (EvmStage::new(), Cold(Stage::with_wallet()));
    hot.json(&["plan", SHOP, "2eth", "-o", "pay.draft"]);
    std::fs::remove_file(cold.0.path("home/ledger.db")).unwrap();
    let draft = hot.stage.path("pay.draft");
    let signed =
        cold.run(&["sign", draft.to_str().unwrap(), "--json", "--yes", "--expect-to", SHOP, "--wallet", "main"]);
    signed.expect_code(0);
    assert!(signed.stdout.to_lowercase().contains(&OURS.to_lowercase()), "{signed:#?}");
}
