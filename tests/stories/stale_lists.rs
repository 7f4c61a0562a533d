//! Explorers that remember what is gone, and those that do not list yet what they just took.

use fastness::practice::PracticeChain;

use crate::harness::{Stage, sat};

fn copy(stage: &Stage) -> PracticeChain {
    stage.server.chain().lock().unwrap().copy().unwrap()
}

fn waiting(stage: &Stage) -> Vec<String> {
    stage.server.chain().lock().unwrap().mempool_txids().iter().map(ToString::to_string).collect()
}

fn id(document: &serde_json::Value) -> String {
    document["id"].as_str().unwrap().to_owned()
}

/// A payment that was in a block which is gone, and that no mempool has; every server of the chain still has its bytes.
fn orphaned(stage: &Stage) -> String {
    let txid = id(&stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"]));
    stage.mine(1);
    assert_eq!(stage.json(&["track", &txid])["status"]["state"], "confirmed");
    let chain = stage.server.chain();
    let mut chain = chain.lock().unwrap();
    chain.reorg(1).unwrap();
    chain.evict(&txid.parse().unwrap()).unwrap();
    chain.mine(2, None).unwrap();
    txid
}

#[test]
fn a_payment_that_only_the_memory_of_a_lost_block_has_is_sent_again() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = orphaned(&stage);
    assert_eq!(waiting(&stage), Vec::<String>::new());
    let tracked = stage.json(&["track", &txid]);
    assert_eq!((&tracked["sent_again"], &tracked["reorganised"]), (&true.into(), &true.into()), "{tracked}");
    assert_eq!(tracked["status"]["state"], "unconfirmed");
    assert_eq!(waiting(&stage), std::slice::from_ref(&txid));
    // Now it waits: it is not sent a third time.
    let again = stage.json(&["track", &txid]);
    assert_eq!((&again["sent_again"], &again["status"]["state"]), (&false.into(), &"unconfirmed".into()), "{again}");
    stage.mine(1);
    assert_eq!(stage.json(&["track", &txid])["status"]["state"], "confirmed");
    assert_eq!(stage.chain_balance(&Stage::shop()), 10_000_000, "paid once");
}

#[test]
fn what_was_just_sent_is_known_although_no_list_shows_it_yet() {
    let stage = Stage::with_coins(&[50_000_000]);
    let before = copy(&stage);
    let txid = id(&stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"]));
    stage.server.show(Some(before));
    let posts = || stage.server.seen().iter().filter(|line| *line == "POST /tx").count();
    let sent = posts();
    let tracked = stage.json(&["track", &txid]);
    assert_eq!((&tracked["status"]["state"], &tracked["sent_again"]), (&"unconfirmed".into(), &false.into()));
    assert!(tracked["accepted_seconds_ago"].as_u64().is_some_and(|ago| ago < 10), "{tracked}");
    assert_eq!(posts(), sent, "the same bytes did not go out again");
    let page = stage.run(&["track", &txid]).stdout;
    assert!(page.contains("unconfirmed: accepted"), "{page}");
    stage.server.show(None);
    let tracked = stage.json(&["track", &txid]);
    assert!(tracked["accepted_seconds_ago"].is_null() && tracked["status"]["state"] == "unconfirmed", "{tracked}");
}

#[test]
fn after_cancel_a_list_of_before_does_not_bring_the_old_one_back() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = id(&stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"]));
    let before = copy(&stage);
    let second = id(&stage.json(&["cancel", &first, "--yes", "--max-fee=50000sat", &stage.password()]));
    stage.server.show(Some(before));
    let tracked = stage.run(&["track", &first, "--json"]);
    tracked.expect_code(1);
    assert!(tracked.stdout.contains("replaced") && tracked.stdout.contains(&second), "{tracked:?}");
    for _ in 0..2 {
        let tracked = stage.json(&["track", &second]);
        assert_eq!((&tracked["status"]["state"], &tracked["sent_again"]), (&"unconfirmed".into(), &false.into()));
        stage.json(&["sync"]);
    }
    assert_eq!(waiting(&stage), std::slice::from_ref(&second));
    let account = stage.json(&["balance"])["accounts"][0].clone();
    assert!(sat(&account["unconfirmed"]) > 49_999_000, "the cancelled amount is ours: {account}");
    stage.server.show(None);
    stage.mine(1);
    assert_eq!(stage.json(&["track", &second])["status"]["state"], "confirmed");
    assert_eq!(stage.chain_balance(&Stage::shop()), 0);
}

#[test]
fn more_than_50_waiting_payments_to_one_address_are_all_counted_or_marked() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let unknown = stage.json(&["addresses"])["addresses"][0].clone();
    assert!(unknown["balance"].is_null() && unknown["transactions"].is_null(), "{unknown}");
    assert!(stage.json(&["coins"])["coins"].is_null(), "nobody was asked yet");
    assert!(stage.run(&["addresses"]).stdout.contains("unknown"));
    for _ in 0..70 {
        stage.server.chain().lock().unwrap().faucet(crate::harness::script(&address), 10_000).unwrap();
    }
    // The faucet mines a block when too many wait that spend from each other: it is taken back.
    stage.server.chain().lock().unwrap().reorg(1).unwrap();
    let count = u64::try_from(waiting(&stage).len()).unwrap();
    assert!(count > 50, "{count} wait");
    stage.json(&["sync"]);
    let account = stage.json(&["balance"])["accounts"][0].clone();
    assert_eq!((sat(&account["unconfirmed"]), &account["incomplete"]), (10_000 * count, &0.into()), "{account}");
    assert!(sat(&stage.json(&["addresses"])["addresses"][0]["balance"]) >= 10_000 * count);
}
