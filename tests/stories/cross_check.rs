//! Two explorers: what both say is agreed, where they differ the hosts are named, and nothing is lost to the one that
//! omits it.

use std::sync::{Arc, Mutex};

use fastness::practice::{PracticeChain, Server};
use serde_json::Value;

use crate::harness::{Stage, sat};

/// Another explorer over the same chain.
fn second_window(stage: &Stage) -> Server {
    Server::start(stage.server.chain(), "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// An explorer over a chain of its own, on which nothing of ours ever happened.
fn stranger(blocks: u32) -> Server {
    let chain = Arc::new(Mutex::new(PracticeChain::in_memory()));
    chain.lock().unwrap().mine(blocks, None).unwrap();
    Server::start(chain, "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn name(server: &Server) -> String {
    server.url().trim_start_matches("http://").to_owned()
}

/// Asks these explorers, in this order; options after a command replace those before it.
fn sync(stage: &Stage, explorers: &[&str]) -> Value {
    let named: Vec<String> = explorers.iter().map(|url| format!("--explorer={url}")).collect();
    let words: Vec<&str> = ["sync"].into_iter().chain(named.iter().map(String::as_str)).collect();
    stage.json(&words)
}

fn account(stage: &Stage) -> Value {
    stage.json(&["balance"])["accounts"][0].clone()
}

#[test]
fn what_two_say_is_agreed_and_what_one_says_is_not() {
    let stage = Stage::with_coins(&[50_000_000]);
    assert_eq!((sat(&account(&stage)["confirmed"]), sat(&account(&stage)["agreed"])), (50_000_000, 0));
    let second = second_window(&stage);
    let report = sync(&stage, &[&stage.server.url(), &second.url()]);
    let heard = &report["accounts"][0]["second"];
    assert_eq!((heard["state"].as_str(), heard["differing"].as_u64()), (Some("heard"), Some(0)), "{report}");
    let account = account(&stage);
    assert_eq!(sat(&account["agreed"]), 50_000_000);
    let mut both = [name(&stage.server), name(&second)];
    both.sort();
    assert_eq!(account["agreed_by"], serde_json::json!(both));
    assert_eq!(account["disagreements"].as_array().unwrap().len(), 0);
}

#[test]
fn a_payment_undoes_what_was_agreed_until_both_say_so_again() {
    let stage = Stage::with_coins(&[50_000_000]);
    let second = second_window(&stage);
    sync(&stage, &[&stage.server.url(), &second.url()]);
    assert_eq!(sat(&account(&stage)["agreed"]), 50_000_000);
    stage.fund(stage.json(&["addresses"])["addresses"][0]["address"].as_str().unwrap(), 7_000);
    stage.json(&["sync"]);
    let after = account(&stage);
    assert_eq!((sat(&after["confirmed"]), sat(&after["agreed"])), (50_007_000, 0));
}

#[test]
fn a_second_source_that_lists_nothing_is_named_and_takes_nothing_away() {
    let stage = Stage::with_coins(&[50_000_000]);
    let stranger = stranger(200);
    sync(&stage, &[&stage.server.url(), &stranger.url()]);
    let account = account(&stage);
    assert_eq!((sat(&account["confirmed"]), sat(&account["agreed"])), (50_000_000, 0));
    let named = &account["disagreements"][0];
    assert_eq!(named["lacks"], name(&stranger));
    assert_eq!(named["has"], name(&stage.server));
    let page = stage.run(&["balance"]).stdout;
    assert!(page.contains("does not list it"), "{page}");
}

#[test]
fn a_second_source_that_is_behind_does_not_disagree() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.mine(20);
    let stranger = stranger(1);
    sync(&stage, &[&stage.server.url(), &stranger.url()]);
    let account = account(&stage);
    assert_eq!((sat(&account["confirmed"]), sat(&account["agreed"])), (50_000_000, 0));
    assert_eq!(account["disagreements"].as_array().unwrap().len(), 0, "{account}");
}

#[test]
fn what_the_first_leaves_out_and_the_second_proves_is_taken_over() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.mine(10);
    let (honest, liar) = (second_window(&stage), stranger(200));
    // A home that has only heard the liar, and then both.
    let home = Stage::with_wallet();
    sync(&home, &[&liar.url()]);
    assert_eq!(sat(&account(&home)["confirmed"]), 0);
    sync(&home, &[&liar.url(), &honest.url()]);
    let both = account(&home);
    assert_eq!(sat(&both["proven"]), 50_000_000, "{both}");
    assert_eq!(both["disagreements"][0]["lacks"], name(&liar));
    // The liar alone leaves it out again, and what is proven stays.
    stage_full(&home, &liar);
    let after = account(&home);
    assert_eq!(sat(&after["proven"]), 50_000_000, "{after}");
    assert_eq!(after["disagreements"][0]["has"], "proven here");
}

fn stage_full(home: &Stage, only: &Server) {
    home.json(&["sync", "--full", &format!("--explorer={}", only.url())]);
}

#[test]
fn a_silent_second_source_is_said_and_stops_nothing() {
    let stage = Stage::with_coins(&[50_000_000]);
    let report = sync(&stage, &[&stage.server.url(), "http://127.0.0.1:9"]);
    assert_eq!(report["accounts"][0]["second"]["state"], "silent");
    assert_eq!(stage.confirmed(), 50_000_000);
}

/// Two chains on disk that were one until now, with an explorer each.
fn forked(stage: &Stage, prepare: impl FnOnce(&mut PracticeChain)) -> [Server; 2] {
    let (one, other) = (stage.path("one"), stage.path("other"));
    prepare(&mut PracticeChain::open(&one).unwrap());
    std::fs::create_dir(&other).unwrap();
    for file in std::fs::read_dir(&one).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), other.join(file.file_name())).unwrap();
    }
    [one, other].map(|folder| {
        let chain = Arc::new(Mutex::new(PracticeChain::open(&folder).unwrap()));
        Server::start(chain, "127.0.0.1:0".parse().unwrap()).unwrap()
    })
}

#[test]
fn a_coin_that_only_the_second_source_knows_to_be_spent_is_not_signed() {
    let (stage, elsewhere) = (Stage::with_wallet(), Stage::with_wallet());
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let [behind, ahead] = forked(&stage, |chain| {
        chain.faucet(crate::harness::script(&address), 50_000_000).unwrap();
        chain.mine(1, None).unwrap();
    });
    // The same keys in another home spend the coin, and the first explorer never hears of it.
    let at = |server: &Server| format!("--explorer={}", server.url());
    elsewhere.json(&["plan", &Stage::shop(), "0.4btc", "--fee-rate", "2", "-o", "spend.draft", &at(&ahead)]);
    elsewhere.json(&[
        "sign",
        "spend.draft",
        "-o",
        "spend.signed",
        "--yes",
        "--expect-to",
        &Stage::shop(),
        &elsewhere.password(),
    ]);
    elsewhere.json(&["broadcast", "spend.signed", &at(&ahead)]);
    let plan = |explorers: &[String]| {
        let words = ["plan", &Stage::shop(), "0.3btc", "--fee-rate", "2", "-o", "mine.draft", "--json"];
        let words: Vec<&str> = words.into_iter().chain(explorers.iter().map(String::as_str)).collect();
        stage.run(&words)
    };
    let both = plan(&[at(&behind), at(&ahead)]);
    assert_eq!(both.error_code(), "flow.coin_spent", "{both:?}");
    plan(&[at(&behind)]).expect_code(0);
}

#[test]
fn what_was_agreed_before_a_payment_is_not_agreed_of_its_change() {
    let stage = Stage::with_coins(&[50_000_000]);
    let second = second_window(&stage);
    sync(&stage, &[&stage.server.url(), &second.url()]);
    assert_eq!(sat(&account(&stage)["agreed"]), 50_000_000);
    let limit = "--max-fee=5000sat";
    stage.json(&["send", &Stage::shop(), "0.1btc", "--fee-rate", "2", "--yes", limit, &stage.password()]);
    stage.mine(1);
    // Only the first is asked about the change, which no other explorer was ever asked about.
    stage.json(&["sync"]);
    let after = account(&stage);
    assert_eq!((sat(&after["agreed"]), after["agreed_by"].as_array().unwrap().len()), (0, 0), "{after}");
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["evidence"], "said", "{history}");
}

#[test]
fn coins_are_signed_for_on_one_word_only_if_the_person_says_so() {
    let stage = Stage::with_coins(&[50_000_000]);
    let (shop, password) = (Stage::shop(), stage.password());
    let words = ["send", &shop, "0.1btc", "--fee-rate", "2", "--yes", "--max-fee=5000sat", &password, "--json"];
    let silent = ["--explorer=http://127.0.0.1:9"];
    let own = format!("--explorer={}", stage.server.url());
    let refused = stage.run(&[words.as_slice(), &[own.as_str()], &silent].concat());
    assert_eq!((refused.code, refused.error_code().as_str()), (4, "flow.single_source"), "{refused:?}");
    assert!(stage.server.chain().lock().unwrap().mempool_txids().is_empty());
    let sent = stage.run(&[words.as_slice(), &[own.as_str(), "--offline-trust"], &silent].concat());
    assert_eq!(sent.code, 0, "{sent:?}");
    assert!(sent.stderr.contains("warning[single_source]"), "{sent:?}");
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 1);
}

#[test]
fn who_is_behind_agrees_to_nothing_that_it_never_saw() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let [behind, ahead] = forked(&stage, |chain| drop(chain.mine(3, None).unwrap()));
    {
        let chain = ahead.chain();
        let mut chain = chain.lock().unwrap();
        chain.faucet(crate::harness::script(&address), 50_000_000).unwrap();
        chain.mine(8, None).unwrap();
    }
    let both = [format!("--explorer={}", behind.url()), format!("--explorer={}", ahead.url())];
    for _ in 0..3 {
        stage.json(&["sync", &both[0], &both[1]]);
        let account = account(&stage);
        assert_eq!((sat(&account["proven"]), sat(&account["agreed"])), (50_000_000, 0), "{account}");
        assert_eq!(account["agreed_by"], serde_json::json!([]));
    }
    let page = stage.run(&["balance"]).stdout;
    let behind_by = ahead.chain().lock().unwrap().tip().0 - behind.chain().lock().unwrap().tip().0;
    assert!(page.contains(&format!("{} is {behind_by} blocks behind", name(&behind))), "{page}");
    let (shop, password) = (Stage::shop(), stage.password());
    let words = ["send", &shop, "0.1btc", "--fee-rate", "2", "--yes", "--max-fee=5000sat", &password, "--json"];
    let refused = stage.run(&[words.as_slice(), &[&both[0], &both[1]]].concat());
    assert_eq!(refused.error_code(), "flow.single_source", "{refused:?}");
}
