//! Several explorers at once, each with a fault of its own: one verdict, and a chain that may take a confirmation back.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use fastness::practice::{PracticeChain, Server, server::Fault};
use serde_json::Value;

use crate::harness::{Answer, Stage};

/// One more explorer of the same chain.
fn another(stage: &Stage) -> Server {
    Server::start(stage.server.chain(), "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// An explorer that follows another branch, as long, on which none of this happened.
fn of_another_branch(stage: &Stage) -> Server {
    let height = stage.server.chain().lock().unwrap().tip().0;
    let mut chain = PracticeChain::in_memory();
    chain.mine(height, None).unwrap();
    Server::start(Arc::new(Mutex::new(chain)), "127.0.0.1:0".parse().unwrap()).unwrap()
}

fn signed(stage: &Stage) -> String {
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    let answer = stage.json(&[
        "sign",
        "pay.draft",
        "-o",
        "pay.signed",
        "--yes",
        "--expect-to",
        &Stage::shop(),
        &stage.password(),
    ]);
    answer["id"].as_str().unwrap().to_owned()
}

/// Sends the signed file to the stage's explorer and these.
fn broadcast(stage: &Stage, others: &[&Server], more: &[&str]) -> Answer {
    let all = [&[&stage.server], others].concat();
    let options: Vec<String> = all.iter().map(|server| format!("--explorer={}", server.url())).collect();
    let options = options.iter().map(String::as_str);
    stage.run(&["broadcast", "pay.signed"].into_iter().chain(options).chain(more.iter().copied()).collect::<Vec<_>>())
}

#[track_caller]
fn data(answer: &Answer) -> Value {
    serde_json::from_str::<Value>(&answer.stdout).unwrap_or_else(|_| panic!("{answer:?}"))["data"].clone()
}

fn host(server: &Server) -> String {
    server.url().trim_start_matches("http://").to_owned()
}

#[test]
fn two_of_three_take_it_and_the_third_is_named_with_its_reason() {
    let stage = Stage::with_coins(&[50_000_000]);
    let (busy, good) = (another(&stage), another(&stage));
    signed(&stage);
    busy.faults().plan(Fault::Status(503), 100);
    let answer = broadcast(&stage, &[&busy, &good], &["--json"]);
    answer.expect_code(0);
    let sent = data(&answer);
    assert_eq!(sent["verdict"], "accepted");
    assert_eq!(sent["accepted_by"], serde_json::json!([host(&stage.server), host(&good)]));
    assert_eq!(sent["dissent"][0]["operator"], host(&busy));
    assert_eq!(sent["dissent"][0]["text"], "busy");
    assert_eq!(sent["propagated"], "not_asked");

    // The same file again: it is there already, and an explorer elsewhere does not know its coins.
    let elsewhere = of_another_branch(&stage);
    let answer = broadcast(&stage, &[&good, &elsewhere], &[]);
    answer.expect_code(0);
    let line = format!(
        "accepted by 2 of 3: {}, {}; {} said: a coin that it spends is unknown or already spent",
        host(&stage.server),
        host(&good),
        host(&elsewhere)
    );
    assert!(answer.stdout.contains(&line), "{answer:?}");
    let answer = broadcast(&stage, &[&good, &elsewhere], &["--json"]);
    assert_eq!(data(&answer)["dissent"][0]["code"], "reject.inputs_missing");
}

#[test]
fn an_explorer_that_was_not_sent_it_shows_that_it_spreads() {
    let stage = Stage::with_coins(&[50_000_000]);
    let others = [another(&stage), another(&stage), another(&stage)];
    let txid = signed(&stage);
    let sent = data(&broadcast(&stage, &others.each_ref(), &["--json"]));
    assert_eq!((&sent["propagated"], sent["accepted_by"].as_array().unwrap().len()), (&"yes".into(), 3));
    let seen = others[2].seen();
    assert!(!seen.iter().any(|line| line.starts_with("POST")), "{seen:?}");
    assert!(seen.contains(&format!("GET /tx/{txid}/raw")), "{seen:?}");
}

#[test]
fn one_good_explorer_is_enough_among_those_that_fail_after_the_bytes_left() {
    let stage = Stage::with_coins(&[50_000_000]);
    let (slow, good) = (another(&stage), another(&stage));
    signed(&stage);
    stage.server.faults().plan(Fault::CutAfterBroadcast, 1);
    slow.faults().plan(Fault::Delay(Duration::from_millis(700)), 100);
    let sent = data(&broadcast(&stage, &[&slow, &good], &["--json"]));
    assert_eq!((&sent["verdict"], sent["accepted_by"].as_array().unwrap().len()), (&"accepted".into(), 2));
    assert_eq!(sent["dissent"][0]["text"], "connection broke");
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 1);
}

#[test]
fn where_nobody_takes_it_the_coins_are_free_again() {
    let stage = Stage::with_coins(&[50_000_000]);
    let elsewhere = [of_another_branch(&stage), of_another_branch(&stage)];
    signed(&stage);
    stage.server.faults().plan(Fault::Status(503), 100);
    let answer = broadcast(&stage, &elsewhere.each_ref(), &["--json"]);
    answer.expect_code(1);
    assert_eq!(answer.error_code(), "reject.inputs_missing");
    stage.server.faults().clear();
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "again.draft"]);
    assert_eq!(data(&broadcast(&stage, &[], &["--json"]))["verdict"], "accepted");
}

/// Waits until the explorer was asked `times` more for where the payment is.
#[track_caller]
fn until_asked(stage: &Stage, txid: &str, times: usize) {
    let question = format!("GET /tx/{txid}/raw");
    let asked = || stage.server.seen().iter().filter(|line| **line == question).count();
    let (before, started) = (asked(), Instant::now());
    while asked() < before + times {
        assert!(started.elapsed() < Duration::from_secs(60), "nobody asks");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn waiting_goes_on_through_a_reorganisation_and_a_lost_payment() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    stage.mine(1);
    let waiting = stage.command(&["track", &txid, "--wait", "3", "--json"]).spawn().unwrap();
    until_asked(&stage, &txid, 2);
    stage.server.chain().lock().unwrap().reorg(1).unwrap();
    until_asked(&stage, &txid, 2);
    stage.server.chain().lock().unwrap().evict(&txid.parse().unwrap()).unwrap();
    until_asked(&stage, &txid, 4);
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids()[0].to_string(), txid, "the same bytes again");
    stage.mine(3);
    let answer = crate::harness::answer(waiting.wait_with_output().unwrap());
    answer.expect_code(0);
    let tracked = data(&answer);
    assert_eq!((&tracked["status"]["state"], &tracked["status"]["confirmations"]), (&"confirmed".into(), &3.into()));
    assert_eq!((&tracked["reorganised"], &tracked["sent_again"]), (&true.into(), &true.into()));
    assert_eq!(stage.chain_balance(&Stage::shop()), 10_000_000, "paid once");
}

#[test]
fn a_reorganisation_is_told_and_what_is_deep_enough_is_proven() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    stage.mine(1);
    let tracked = stage.json(&["track", &txid]);
    assert_eq!((&tracked["evidence"], &tracked["reorganised"]), (&"said".into(), &false.into()));
    assert_eq!(tracked["said_by"][0], host(&stage.server));
    stage.server.chain().lock().unwrap().reorg(1).unwrap();
    let page = stage.run(&["track", &txid]).stdout;
    assert!(page.contains("unconfirmed") && page.contains("reorganised"), "{page}");
    assert_eq!(stage.json(&["balance"])["accounts"][0]["confirmed"]["smallest"], "0");
    stage.mine(6);
    let page = stage.run(&["track", &txid]).stdout;
    assert!(page.contains(&format!("6 confirmations, as {} says", host(&stage.server))), "{page}");
    stage.mine(1);
    assert_eq!(stage.json(&["track", &txid])["evidence"], "proven");
    assert!(stage.run(&["track", &txid]).stdout.contains("7 confirmations, proven"));
}

#[test]
fn a_line_that_is_down_for_a_moment_ends_no_waiting() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    let waiting = stage.command(&["track", &txid, "--wait", "1", "--json"]).spawn().unwrap();
    // A second look begins where the first was answered whole: only from then on is a line down for a moment.
    until_asked(&stage, &txid, 2);
    stage.server.faults().plan(Fault::Status(500), 1_000);
    until_asked(&stage, &txid, 2);
    stage.server.faults().clear();
    stage.mine(1);
    crate::harness::answer(waiting.wait_with_output().unwrap()).expect_code(0);
}

#[test]
fn one_who_says_otherwise_is_named_and_one_word_does_not_end_the_waiting() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    stage.mine(2);
    let other = of_another_branch(&stage);
    let both = [format!("--explorer={}", stage.server.url()), format!("--explorer={}", other.url())];
    let track = |more: &[&str]| {
        let words = [&["track", &txid, "--json", &both[0], &both[1]], more].concat();
        stage.run(&words)
    };
    let said = data(&track(&[]));
    assert_eq!((&said["evidence"], &said["dissent"][0]["operator"]), (&"said".into(), &host(&other).into()), "{said}");
    let page = stage.run(&["track", &txid, &both[0], &both[1]]).stdout;
    assert!(page.contains(&format!("{} does not know it", host(&other))), "{page}");
    // Two confirmations, as one says; the other does not: not deep enough, until it is proven.
    let waited = track(&["--wait", "2", "--timeout", "0"]);
    assert_eq!(waited.code, 5, "{waited:?}");
    stage.mine(6);
    track(&["--wait", "2", "--timeout", "0"]).expect_code(0);
}

#[test]
fn a_private_payment_is_sent_to_one() {
    let stage = Stage::with_coins(&[50_000_000]);
    let other = another(&stage);
    let (shop, password) = (Stage::shop(), stage.password());
    let sent = stage.json(&[
        "send",
        &shop,
        "0.1btc",
        "--fee-rate",
        "2",
        "--yes",
        "--max-fee=5000sat",
        &password,
        "--private",
        &format!("--explorer={}", stage.server.url()),
        &format!("--explorer={}", other.url()),
    ]);
    assert_eq!(sent["accepted_by"].as_array().unwrap().len(), 1, "{sent}");
    assert_eq!(sent["propagated"], "not_asked");
}
