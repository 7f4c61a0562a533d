//! The explorer is down, slow, lies, or goes away after it got the bytes: nothing is lost, doubled or called certain.

use fastness::practice::server::Fault;

use crate::harness::Stage;

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

#[test]
fn an_explorer_that_is_down_is_exit_4_and_nothing_was_sent() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = signed(&stage);
    let nobody = "--explorer=http://127.0.0.1:9";
    for command in [&["sync"][..], &["broadcast", "pay.signed"], &["track", &txid]] {
        let mut words = crate::harness::program();
        words.current_dir(stage.home.path()).arg("--home").arg(stage.path("home")).args([
            "--network",
            "regtest",
            nobody,
            "--json",
        ]);
        words.args(command);
        let answer = crate::harness::finish(words);
        answer.expect_code(4);
        assert_eq!(answer.error_code(), "explorer.no_answer");
    }
    assert_eq!(stage.json(&["broadcast", "pay.signed"])["verdict"], "accepted");
}

#[test]
fn a_time_out_after_the_bytes_left_is_found_again() {
    let stage = Stage::with_coins(&[50_000_000]);
    signed(&stage);
    stage.server.faults().plan(Fault::CutAfterBroadcast, 1);
    let sent = stage.json(&["broadcast", "pay.signed"]);
    assert_eq!(sent["verdict"], "accepted", "read back by its id");
}

#[test]
fn unknown_is_exit_5_locks_the_coins_and_track_resolves_it() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = signed(&stage);
    // The bytes get through without a word back, and the explorer that is asked for them shows others.
    stage.server.faults().plan(Fault::CutAfterBroadcast, 1);
    stage.server.faults().plan(Fault::WrongTransaction, 1_000);
    let answer = stage.run(&["broadcast", "pay.signed", "--json"]);
    answer.expect_code(5);
    assert!(answer.stdout.contains("\"unknown\""), "{answer:?}");
    let other = stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "--offline", "--json"]);
    assert_eq!(other.error_code(), "bitcoin.insufficient_funds", "nothing new is built from its coins");
    stage.server.faults().clear();
    assert_eq!(stage.json(&["track", &txid])["status"]["state"], "unconfirmed");
    stage.mine(1);
    assert_eq!(stage.json(&["track", &txid, "--wait", "1"])["status"]["state"], "confirmed");
    assert_eq!(stage.chain_balance(&Stage::shop()), 10_000_000);
}

#[test]
fn an_evicted_payment_is_sent_again_byte_for_byte() {
    let stage = Stage::with_coins(&[50_000_000]);
    let txid = signed(&stage);
    stage.json(&["broadcast", "pay.signed"]);
    stage.server.chain().lock().unwrap().evict(&txid.parse().unwrap()).unwrap();
    // Without a block in between, lists that do not show it yet would look the same.
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!(stage.json(&["track", &txid])["status"]["state"], "unconfirmed");
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 1);
}

#[test]
fn a_reorganisation_turns_confirmed_back_into_unconfirmed() {
    let stage = Stage::with_coins(&[50_000_000]);
    assert_eq!(stage.confirmed(), 50_000_000);
    {
        let chain = stage.server.chain();
        let mut chain = chain.lock().unwrap();
        chain.reorg(1).unwrap();
    }
    stage.json(&["sync"]);
    assert_eq!(stage.confirmed(), 0);
    stage.mine(2);
    stage.json(&["sync"]);
    assert_eq!(stage.confirmed(), 50_000_000);
}

#[test]
fn fail_over_takes_the_next_explorer_in_the_list() {
    let stage = Stage::with_wallet();
    let mut command = crate::harness::program();
    command.arg("--home").arg(stage.path("home")).args([
        "--network",
        "regtest",
        "--explorer",
        "http://127.0.0.1:9",
        "--explorer",
    ]);
    command.arg(stage.server.url()).args(["sync", "--json"]);
    crate::harness::finish(command).expect_code(0);
}

#[test]
fn a_web_page_or_an_endless_answer_is_an_error_and_never_an_empty_wallet() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.fund(&address, 50_000_000);
    for fault in [Fault::Html, Fault::Endless, Fault::Status(500)] {
        stage.server.faults().plan(fault, 1_000);
        let answer = stage.run(&["sync", "--json"]);
        stage.server.faults().clear();
        answer.expect_code(4);
        let code = if fault == Fault::Html { "explorer.web_page" } else { "explorer.no_answer" };
        assert_eq!(answer.error_code(), code, "{fault:?}");
        assert!(stage.json(&["balance"])["accounts"][0]["confirmed"].is_null(), "unknown is never zero");
    }
}

#[test]
fn a_confirmation_with_six_blocks_after_it_is_proven_and_a_reorganisation_undoes_that() {
    let stage = Stage::with_coins(&[50_000_000]);
    let evidence = |stage: &Stage| stage.json(&["history"])["transactions"][0]["evidence"].clone();
    let proven = |stage: &Stage| crate::harness::sat(&stage.json(&["balance"])["accounts"][0]["proven"]);
    stage.mine(5);
    stage.json(&["sync"]);
    assert_eq!((evidence(&stage), proven(&stage)), ("said".into(), 0), "five blocks follow");
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!((evidence(&stage), proven(&stage)), ("proven".into(), 50_000_000));
    stage.server.chain().lock().unwrap().reorg(7).unwrap();
    stage.json(&["sync"]);
    assert_eq!((evidence(&stage), proven(&stage)), ("said".into(), 0));
    stage.mine(8);
    stage.json(&["sync"]);
    assert_eq!((evidence(&stage), proven(&stage)), ("proven".into(), 50_000_000));
    assert!(stage.run(&["balance"]).stdout.contains("proven to have arrived"));
}

#[test]
fn a_payment_whose_own_coin_was_reorganised_away_is_no_money() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let incoming = stage.fund(&address, 50_000_000);
    stage.json(&["sync"]);
    let sent = stage.json(&[
        "send",
        &Stage::shop(),
        "0.1btc",
        "--fee-rate",
        "2",
        "--yes",
        "--max-fee=5000sat",
        &stage.password(),
    ]);
    stage.mine(1);
    stage.json(&["sync"]);
    // Both blocks are replaced, and the payment that came in never comes back; ours cannot without it.
    {
        let chain = stage.server.chain();
        let mut chain = chain.lock().unwrap();
        chain.reorg(2).unwrap();
        chain.evict(&incoming.parse().unwrap()).unwrap();
        chain.mine(9, None).unwrap();
    }
    stage.json(&["sync"]);
    let account = stage.json(&["balance"])["accounts"][0].clone();
    let total = crate::harness::sat(&account["confirmed"]) + crate::harness::sat(&account["unconfirmed"]);
    assert_eq!(total, 0, "{account}");
    let track = stage.run(&["track", sent["id"].as_str().unwrap(), "--json"]);
    let tracked: serde_json::Value = serde_json::from_str(&track.stdout).unwrap();
    assert_eq!((track.code, &tracked["data"]["sent_again"]), (5, &true.into()), "{track:?}");
    assert!(tracked["data"]["refused"].as_str().unwrap().contains("unknown or already spent"), "{track:?}");
}

#[test]
fn a_payment_from_change_that_a_node_has_lost_takes_its_parent_along() {
    let stage = Stage::with_coins(&[50_000_000]);
    let shop = Stage::shop();
    let send = |amount: &str| {
        let password = stage.password();
        let limit = "--max-fee=5000sat";
        stage.json(&["send", &shop, amount, "--fee-rate", "2", "--yes", limit, &password])
    };
    let first = send("0.1btc")["id"].as_str().unwrap().to_owned();
    // The node starts anew without its mempool.
    stage.server.chain().lock().unwrap().evict(&first.parse().unwrap()).unwrap();
    assert_eq!(send("0.2btc")["verdict"], "accepted");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 30_000_000, "both, once");
}
