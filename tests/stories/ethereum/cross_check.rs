//! Several nodes of one chain, some of which lie: what is proven, what is agreed, who is named, and what stops a payment.

use serde_json::{Value, json};

use super::{
    node::{ETHER, EvmStage, OURS, SHOP},
    relay::{Relay, Turn, run},
};

/// What the wallet has, in wei.
const HUNDRED: &str = "100000000000000000000";

#[track_caller]
fn json_of(stage: &EvmStage, nodes: &[&Relay], arguments: &[&str]) -> Value {
    let answer = run(stage, nodes, &[arguments, &["--json"]].concat());
    answer.expect_code(0);
    serde_json::from_str::<Value>(&answer.stdout).unwrap()["data"].clone()
}

fn pay<'a>(password: &'a str, amount: &'a str) -> Vec<&'a str> {
    vec!["send", SHOP, amount, "--yes", "--max-fee=0.05eth", password, "--json"]
}

/// A wallet with 100 ether that is in a block, so that a state root covers it.
fn stage() -> EvmStage {
    let stage = EvmStage::new();
    stage.anvil.mine();
    stage
}

fn richer(method: &str, result: &mut Value) {
    match method {
        "eth_getBalance" => *result = json!("0xffffffffffffffffffff"),
        "eth_getProof" => result["balance"] = json!("0xffffffffffffffffffff"),
        _ => {}
    }
}

fn without_proofs(change: impl Fn(&str, &mut Value) + Send + Sync + 'static, node: &str) -> Relay {
    Relay::start(node, move |question, ask| {
        let method = question["method"].as_str().unwrap_or_default();
        if method == "eth_getProof" {
            let error = json!({"code": -32601, "message": "the method eth_getProof does not exist/is not available"});
            return Turn::Reply(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}));
        }
        let mut reply = ask();
        if let Some(result) = reply.get_mut("result") {
            change(method, result);
        }
        Turn::Reply(reply)
    })
}

#[test]
fn a_balance_is_proven_and_a_liar_is_named() {
    let stage = stage();
    let url = stage.anvil.url();
    let honest = [Relay::honest(&url), Relay::honest(&url), Relay::honest(&url)];
    let balance = json_of(&stage, &[&honest[0], &honest[1], &honest[2]], &["balance"]);
    assert_eq!(
        (&balance["evidence"], &balance["native"]["smallest"]),
        (&json!("proven"), &json!(HUNDRED)),
        "{balance:#}"
    );
    assert_eq!((balance["said_by"].as_array().unwrap().len(), &balance["disagreements"]), (3, &json!([])));
    let asked = honest.each_ref().map(|node| node.count("eth_getProof"));
    assert_eq!(asked, [1, 0, 0], "one operator learns of the account, the others of blocks only");

    let liar = Relay::changing(&url, richer);
    let balance = json_of(&stage, &[&liar, &honest[0], &honest[1]], &["balance"]);
    assert_eq!(
        (&balance["evidence"], &balance["native"]["smallest"]),
        (&json!("proven"), &json!(HUNDRED)),
        "{balance:#}"
    );
    let named = &balance["disagreements"][0];
    assert_eq!(
        (&named["operator"], &named["about"]),
        (&json!(liar.url.trim_start_matches("http://")), &json!("proof"))
    );
    let page = run(&stage, &[&liar, &honest[0], &honest[1]], &["balance"]);
    assert!(page.stdout.contains("100 ETH") && page.stdout.contains("Differs"), "{page:#?}");
    assert!(!page.stdout.contains("1208925"), "{page:#?}");

    let alone = json_of(&stage, &[&honest[0]], &["balance"]);
    assert_eq!(alone["evidence"], "said", "nobody else named the block");
}

#[test]
fn without_proofs_two_of_three_agree_and_two_who_differ_are_both_told() {
    let stage = stage();
    let url = stage.anvil.url();
    let [first, second] = [(); 2].map(|()| without_proofs(|_, _| {}, &url));
    let liar = without_proofs(richer, &url);
    let agreed = json_of(&stage, &[&liar, &first, &second], &["balance"]);
    assert_eq!((&agreed["evidence"], &agreed["native"]["smallest"]), (&json!("agreed"), &json!(HUNDRED)), "{agreed:#}");
    assert_eq!(agreed["disagreements"][0]["about"], "balance");
    let two = json_of(&stage, &[&first, &liar], &["balance"]);
    assert_eq!((&two["evidence"], &two["disagreements"][0]["about"]), (&json!("said"), &json!("balance")), "{two:#}");
    let page = run(&stage, &[&first, &liar], &["balance"]);
    assert!(page.stdout.contains("the balance is 1208925819614629174706175 wei"), "{page:#?}");
}

#[test]
fn two_who_say_the_same_of_a_token_agree_at_one_block() {
    let (stage, _) = EvmStage::with_coin();
    stage.anvil.mine();
    let url = stage.anvil.url();
    let honest = [Relay::honest(&url), Relay::honest(&url)];
    let liar = Relay::changing(&url, |method, result| {
        if method == "eth_call" && result.as_str().is_some_and(|text| text.len() == 66) {
            *result = json!(format!("0x{}", "7".repeat(64)));
        }
    });
    let told = json_of(&stage, &[&liar, &honest[0], &honest[1]], &["token", "balance"]);
    let coin = &told["balances"][0]["balance"]["smallest"];
    assert_eq!((&told["evidence"], coin), (&json!("agreed"), &json!("1000000000000")), "{told:#}");
    assert_eq!(told["disagreements"][0]["operator"], liar.url.trim_start_matches("http://"), "{told:#}");
    let alone = json_of(&stage, &[&liar], &["token", "balance"]);
    assert_eq!(alone["evidence"], "said");
}

#[test]
fn a_disputed_nonce_stops_a_payment_and_a_proven_one_does_not() {
    let stage = stage();
    let url = stage.anvil.url();
    let used = |method: &str, result: &mut Value| {
        if method == "eth_getTransactionCount" {
            *result = json!("0x7");
        }
    };
    let (honest, liar) = (without_proofs(|_, _| {}, &url), without_proofs(used, &url));
    let password = stage.stage.password();
    let stopped = run(&stage, &[&liar, &honest], &pay(&password, "1eth"));
    assert_eq!((stopped.code, stopped.error_code().as_str()), (8, "flow.nonce_disputed"), "{stopped:#?}");
    for node in [&honest, &liar] {
        assert!(stopped.stdout.contains(node.url.trim_start_matches("http://")), "{stopped:#?}");
    }
    assert_eq!((honest.count("eth_sendRawTransaction"), stage.anvil.nonce(OURS)), (0, 0));

    let proving = Relay::honest(&url);
    let sent = run(&stage, &[&liar, &proving, &honest], &pay(&password, "1eth"));
    sent.expect_code(0);
    assert!(sent.stderr.contains("pools_differ"), "{sent:#?}");
    assert_eq!(stage.anvil.nonce(OURS), 1);
}

#[test]
fn one_dear_node_does_not_raise_the_fee() {
    let stage = stage();
    let url = stage.anvil.url();
    let dear = Relay::changing(&url, |method, result| match method {
        "eth_gasPrice" => *result = json!("0x2540be400000"),
        "eth_feeHistory" => {
            result["baseFeePerGas"] = json!(["0x2540be400000", "0x2540be400000"]);
            result["reward"] = json!([["0x2540be400000", "0x2540be400000", "0x2540be400000"]]);
        }
        "eth_getBlockByNumber" if result.is_object() => result["baseFeePerGas"] = json!("0x2540be400000"),
        _ => {}
    });
    let honest = [Relay::honest(&url), Relay::honest(&url)];
    let usual = json_of(&stage, &[&honest[0], &honest[1]], &["plan", SHOP, "1eth"]);
    for nodes in [vec![&dear, &honest[0], &honest[1]], vec![&dear, &honest[0]]] {
        let answer = run(&stage, &nodes, &["plan", SHOP, "1eth", "--json"]);
        answer.expect_code(0);
        let planned: Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(planned["data"]["review"]["fee"]["worst"], usual["review"]["fee"]["worst"], "{planned:#}");
        // Its header no longer hashes either, which is told beside it.
        let mut warnings = planned["warnings"].as_array().unwrap().iter();
        let warning = warnings.find(|warning| warning["code"] == "fee_spread").unwrap_or_else(|| panic!("{planned:#}"));
        assert!(warning["text"].as_str().unwrap().contains(dear.url.trim_start_matches("http://")), "{warning}");
    }
    let password = stage.stage.password();
    let sent = run(&stage, &[&dear, &honest[0], &honest[1]], &pay(&password, "1eth"));
    sent.expect_code(0);
    assert!(sent.stderr.contains("fee_spread") && sent.stdout.contains("fee_spread"), "{sent:#?}");
}

#[test]
fn three_are_sent_to_at_once_and_what_each_said_is_told() {
    let stage = stage();
    let (url, before) = (stage.anvil.url(), stage.anvil.balance(SHOP));
    let is_sending = |question: &Value| question["method"] == "eth_sendRawTransaction";
    let refuses = Relay::start(&url, move |question, ask| {
        if is_sending(question) {
            let error = json!({"code": -32000, "message": "transaction underpriced \u{1b}[2Jvisit evil.example"});
            return Turn::Reply(json!({"jsonrpc": "2.0", "id": question["id"], "error": error}));
        }
        Turn::Reply(ask())
    });
    let deaf =
        Relay::start(&url, move |question, ask| if is_sending(question) { Turn::HangUp } else { Turn::Reply(ask()) });
    let honest = Relay::honest(&url);
    let password = stage.stage.password();
    let answer = run(&stage, &[&refuses, &deaf, &honest], &pay(&password, "1eth"));
    answer.expect_code(0);
    let sent: Value = serde_json::from_str(&answer.stdout).unwrap();
    let detail = sent["data"]["detail"].as_str().unwrap();
    assert_eq!(sent["data"]["verdict"], "accepted", "{sent:#}");
    assert!(detail.starts_with("1 of 3: ") && detail.contains("below what blocks"), "{detail}");
    assert!(!answer.stdout.contains("evil") && !answer.stderr.contains("evil"), "{answer:#?}");
    let counts = [&refuses, &deaf, &honest].map(|node| node.count("eth_sendRawTransaction"));
    assert_eq!((counts, stage.anvil.balance(SHOP) - before), ([1, 1, 1], ETHER));
    let id = sent["data"]["id"].as_str().unwrap();
    let place = json_of(&stage, &[&refuses, &deaf, &honest], &["track", id]);
    assert_eq!((&place["status"]["state"], &place["evidence"]), (&json!("mined"), &json!("agreed")), "{place:#}");
}

#[test]
fn nobody_took_it_and_nobody_is_sure_is_exit_5_after_one_more_try() {
    let stage = stage();
    let url = stage.anvil.url();
    let is_sending = |question: &Value| question["method"] == "eth_sendRawTransaction";
    let deaf =
        Relay::start(&url, move |question, ask| if is_sending(question) { Turn::HangUp } else { Turn::Reply(ask()) });
    let password = stage.stage.password();
    let answer = run(&stage, &[&deaf], &pay(&password, "1eth"));
    answer.expect_code(5);
    assert_eq!((deaf.count("eth_sendRawTransaction"), stage.anvil.nonce(OURS)), (2, 0));
    // A node that does take it: the same bytes, once.
    let before = stage.anvil.balance(SHOP);
    let id: Value = serde_json::from_str(&answer.stdout).unwrap();
    run(&stage, &[&Relay::honest(&url)], &["track", id["data"]["id"].as_str().unwrap(), "--json"]).expect_code(5);
    // On a busy machine the block of a transaction that was taken comes a moment later.
    stage.anvil.mine();
    assert_eq!((stage.anvil.balance(SHOP) - before, stage.anvil.nonce(OURS)), (ETHER, 1));
}

#[test]
fn a_receipt_that_only_one_has_is_not_a_confirmation() {
    let stage = stage();
    let url = stage.anvil.url();
    stage.anvil.automine(&json!(false));
    let honest = [Relay::honest(&url), Relay::honest(&url)];
    let password = stage.stage.password();
    let answer = run(&stage, &[&honest[0], &honest[1]], &pay(&password, "1eth"));
    answer.expect_code(0);
    let sent: Value = serde_json::from_str(&answer.stdout).unwrap();
    let id = sent["data"]["id"].as_str().unwrap().to_owned();
    let hash = id.clone();
    let block = stage.anvil.rpc("eth_getBlockByNumber", &json!(["0x1", false]))["hash"].clone();
    let liar = Relay::start(&url, move |question, ask| {
        let mut reply = ask();
        if question["method"] == "eth_getTransactionReceipt" {
            reply["result"] = json!({"transactionHash": hash, "blockHash": block, "blockNumber": "0x1", "status": "0x1",
                "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "contractAddress": null});
        }
        Turn::Reply(reply)
    });
    let place = json_of(&stage, &[&liar, &honest[0], &honest[1]], &["track", &id]);
    assert_eq!((&place["status"]["state"], &place["evidence"]), (&json!("pending"), &json!("said")), "{place:#}");
    assert_eq!(place["disagreements"].as_array().unwrap().len(), 3);
}
