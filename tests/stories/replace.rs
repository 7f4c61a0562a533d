//! Bump and cancel: the replacement spends the same coins, keeps the payees, and pays enough more.

use crate::harness::{Stage, sat};

fn replaced(stage: &Stage, arguments: &[&str]) -> serde_json::Value {
    stage.json(&[arguments, &["--yes", "--max-fee=50000sat", &stage.password()]].concat())
}

#[test]
fn a_stuck_payment_is_bumped_and_confirms() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let too_little = stage.run(&["bump", &first, "--fee-rate", "1.5", "--json", "-o", "x.draft"]);
    too_little.expect_code(2);
    assert_eq!(too_little.error_code(), "bitcoin.bad_request");

    let second = replaced(&stage, &["bump", &first, "--fee-rate", "5"])["id"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    stage.mine(1);
    assert_eq!(stage.json(&["track", &second])["status"]["state"], "confirmed");
    assert_eq!(stage.chain_balance(&Stage::shop()), 10_000_000, "paid once");
    let history = stage.json(&["history"]);
    let ids: Vec<_> =
        history["transactions"].as_array().unwrap().iter().map(|row| row["txid"].as_str().unwrap()).collect();
    assert!(ids.contains(&second.as_str()) && !ids.contains(&first.as_str()), "{ids:?}");
    assert_eq!(sat(&history["transactions"][0]["fee"]), 5 * 153);
    stage.run(&["bump", &second]).expect_code(1);
}

#[test]
fn without_a_rate_the_least_that_replaces_is_paid() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "2"])["id"].as_str().unwrap().to_owned();
    let second = replaced(&stage, &["bump", &first])["id"].as_str().unwrap().to_owned();
    stage.mine(1);
    assert_eq!(stage.json(&["track", &second])["status"]["state"], "confirmed");
    assert_eq!(sat(&stage.json(&["history"])["transactions"][0]["fee"]), 3 * 153, "the old fee and 1 sat/vB more");
}

#[test]
fn a_cancelled_payment_comes_back() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let second = replaced(&stage, &["cancel", &first])["id"].as_str().unwrap().to_owned();
    stage.mine(1);
    assert_eq!(stage.json(&["track", &second, "--wait", "1"])["status"]["state"], "confirmed");
    assert_eq!(stage.chain_balance(&Stage::shop()), 0);
    assert!(stage.confirmed() > 49_999_000);
    let tracked = stage.run(&["track", &first, "--json"]);
    tracked.expect_code(1);
    assert!(tracked.stdout.contains(&second), "names what replaced it: {}", tracked.stdout);
}

#[test]
fn replacing_again_and_again_never_moves_change_where_a_restored_wallet_does_not_look() {
    let stage = Stage::with_coins(&[50_000_000]);
    // Drafts that came to nothing set change addresses aside, up to the gap.
    for number in 0..19 {
        let file = format!("{number}.draft");
        stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1", "-o", &file]);
    }
    let mut id = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    for rate in ["5", "10", "20"] {
        id = replaced(&stage, &["bump", &id, "--fee-rate", rate])["id"].as_str().unwrap().to_owned();
    }
    stage.mine(1);
    stage.json(&["sync"]);
    let exported = stage.json(&["account", "export"]);
    let descriptor = exported["descriptor"].as_str().unwrap();
    let elsewhere = Stage { home: tempfile::tempdir().unwrap(), server: stage.server };
    elsewhere.json(&["account", "add", "--wallet", "watch", "--descriptor", descriptor]);
    elsewhere.json(&["sync"]);
    assert_eq!(elsewhere.confirmed(), 40_000_000 - 20 * 153, "the change was found again");
}

#[test]
fn a_file_that_our_own_bump_replaced_is_refused_with_the_name_of_that() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    let first = stage.json(&["broadcast", "pay.signed"])["id"].as_str().unwrap().to_owned();
    let second = replaced(&stage, &["bump", &first, "--fee-rate", "5"])["id"].as_str().unwrap().to_owned();
    let again = stage.run(&["broadcast", "pay.signed", "--json"]);
    assert_eq!((again.code, again.error_code().as_str()), (1, "flow.superseded"), "{again:?}");
    assert!(again.stdout.contains(&second), "{again:?}");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 10_000_000, "paid once");
}

#[test]
fn a_fee_that_few_nodes_relay_is_said_in_the_review() {
    let stage = Stage::with_coins(&[50_000_000]);
    let low = stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "0.5"]);
    assert_eq!(low["review"]["warnings"][0]["code"], "low_fee_rate", "{low}");
    let usual = stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "1"]);
    assert_eq!(usual["review"]["warnings"], serde_json::json!([]));
}

#[test]
fn what_is_replaced_and_what_becomes_of_it_is_said() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "3"])["id"].as_str().unwrap().to_owned();
    let written = stage.json(&["bump", &first, "--fee-rate", "10", "-o", "x.draft"]);
    assert_eq!(written["replaces"]["effect"]["kind"], "same_payment", "{written}");
    let second = replaced(&stage, &["bump", &first, "--fee-rate", "10"]);
    let told = &second["replaces"];
    assert_eq!((told["id"].as_str(), told["effect"]["kind"].as_str()), (Some(first.as_str()), Some("same_payment")));
    assert_eq!((sat(&told["old_fee"]), sat(&told["fee"])), (3 * 153, 10 * 153), "{told}");
    assert_eq!((sat(&told["paid"]), sat(&told["remains"])), (10_000_000, 40_000_000 - 10 * 153));
    let second = second["id"].as_str().unwrap();
    let limits = ["--yes", "--max-fee=50000sat"];
    // Named by the id that was replaced: it is about what counts now.
    let back = stage.run(&[&["cancel", &first, "--fee-rate", "20"][..], &limits, &[&stage.password()]].concat());
    back.expect_code(0);
    let words = format!("Takes back {second} (1,530 sat, 10 sat/vB): nobody is paid, ");
    assert!(back.stdout.contains(&words) && back.stdout.contains("more fee"), "{back:?}");
}

#[test]
fn a_payment_of_everything_pays_the_higher_fee_itself() {
    let stage = Stage::with_coins(&[1_000_000]);
    let first = stage.send(&[&Stage::shop(), "all", "--fee-rate", "1"]);
    let bumped = replaced(&stage, &["bump", first["id"].as_str().unwrap(), "--fee-rate", "10"]);
    let told = &bumped["replaces"];
    assert_eq!(told["effect"]["kind"], "less_paid", "{told}");
    assert_eq!(sat(&told["effect"]["less"]), sat(&told["fee"]) - sat(&told["old_fee"]));
    let limits = ["--yes", "--max-fee=50000sat"];
    let id = bumped["id"].as_str().unwrap();
    let again = stage.run(&[&["bump", id, "--fee-rate", "20"][..], &limits, &[&stage.password()]].concat());
    again.expect_code(0);
    assert!(again.stdout.contains("the same payee gets 1,"), "{again:?}");
    // Taken back in any case: a rate that is too low to replace it is raised to the least.
    let back = replaced(&stage, &["cancel", id, "--fee-rate", "10"]);
    let told = &back["replaces"];
    assert_eq!((told["effect"]["kind"].as_str(), sat(&told["paid"])), (Some("taken_back"), 0), "{told}");
    assert!(sat(&told["fee"]) > sat(&told["old_fee"]), "{told}");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 0);
}

#[test]
fn after_a_bump_everything_names_the_replacement() {
    let stage = Stage::with_coins(&[50_000_000]);
    let words = [Stage::shop(), "0.1btc".to_owned(), "--fee-rate".to_owned(), "2".to_owned()];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let first = stage.send(&words)["id"].as_str().unwrap().to_owned();
    let second = replaced(&stage, &["bump", &first, "--fee-rate", "9"])["id"].as_str().unwrap().to_owned();
    let sent = stage.server.seen().iter().filter(|line| line.starts_with("POST /tx")).count();
    for _ in 0..2 {
        let tracked = stage.run(&["track", &first, "--json"]);
        tracked.expect_code(1);
        assert!(tracked.stdout.contains("\"replaced\"") && tracked.stdout.contains(&second), "{tracked:?}");
    }
    let after = stage.server.seen().iter().filter(|line| line.starts_with("POST /tx")).count();
    assert_eq!(sent, after, "what was replaced is never sent again");
    let history = stage.json(&["history"]);
    assert_eq!(history["transactions"][0]["txid"], second.as_str(), "{history}");
    assert_eq!(history["transactions"][0]["replaces"], serde_json::json!([first]));
    let page = stage.run(&["history"]).stdout;
    assert!(page.contains(&format!("in the place of {first}")), "{page}");
    let password = stage.password();
    let same = [&["send"], words.as_slice(), &["--yes", "--max-fee=5000sat", &password, "--json"]].concat();
    let refused = stage.run(&same);
    assert_eq!(refused.error_code(), "flow.same_payment", "{refused:?}");
    assert!(refused.stdout.contains(&second) && !refused.stdout.contains(&first), "{refused:?}");
}

#[test]
fn eight_who_send_one_file_all_end_well() {
    let stage = Stage::with_coins(&[50_000_000]);
    stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "-o", "pay.draft"]);
    stage.json(&["sign", "pay.draft", "-o", "pay.signed", "--yes", "--expect-to", &Stage::shop(), &stage.password()]);
    let started: Vec<_> =
        (0..8).map(|_| stage.command(&["broadcast", "pay.signed", "--json"]).spawn().unwrap()).collect();
    for process in started {
        let answer = crate::harness::answer(process.wait_with_output().unwrap());
        answer.expect_code(0);
    }
    assert_eq!(stage.server.chain().lock().unwrap().mempool_txids().len(), 1);
}

/// The payment that is replaced is no payment before: the one line that warns of a first payee stays.
#[test]
fn the_first_payee_of_all_is_the_first_in_the_bump_as_well() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "3"])["id"].as_str().unwrap().to_owned();
    let page = stage.run(&["bump", &first, "--fee-rate", "10", "-o", "x.draft"]).stdout;
    assert!(page.contains("first payment to this address"), "{page}");
    stage.mine(1);
    stage.json(&["sync"]);
    let page = stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "3"]).stdout;
    assert!(page.contains("paid once before"), "{page}");
}

/// The beginning of an id that a narrow page shows is enough; what begins several, or none, is refused.
#[test]
fn an_id_may_be_typed_by_its_beginning() {
    let stage = Stage::with_coins(&[50_000_000]);
    let id = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "3"])["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.json(&["tx", &id[..8]])["id"], id);
    assert_eq!(stage.json(&["track", &id[..12]])["id"], id);
    let none = stage.run(&["track", "00000000000000", "--json"]);
    assert!(none.stdout.contains("no transaction that is known here begins with"), "{none:?}");
    // Too few digits are no beginning.
    assert_eq!(stage.run(&["track", &id[..5], "--json"]).error_code(), "desk.usage");
    let low = stage.run(&["bump", &id[..8], "--fee-rate", "3.5", "-o", "low.draft", "--json"]);
    assert!(low.stdout.contains("the least is") && low.stdout.contains("sat/vB"), "{low:?}");
    let least = low.stdout.split("which is ").nth(1).unwrap().split(" sat/vB").next().unwrap().to_owned();
    stage.json(&["bump", &id[..8], "--fee-rate", &least, "-o", "least.draft"]);
}

/// The names of the speeds that every review shows are taken.
#[test]
fn a_fee_may_be_named_by_its_speed() {
    let stage = Stage::with_coins(&[50_000_000]);
    for speed in ["slow", "normal", "fast"] {
        stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee", speed]);
    }
    assert_eq!(stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee", "quick", "--json"]).code, 2);
}

/// What others sent and left with a low fee is paid for by spending from it; all of it comes to the rate that was asked for.
#[test]
fn an_incoming_payment_is_helped_into_a_block_by_its_child() {
    let stage = Stage::with_coins(&[50_000_000]);
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    let parent =
        stage.server.chain().lock().unwrap().faucet(crate::harness::script(&address), 3_000_000).unwrap().to_string();
    stage.json(&["sync"]);
    let words = ["bump", &parent, "--fee-rate", "20"];
    let page = stage.run(&[&words[..], &["-o", "child.draft"]].concat());
    page.expect_code(0);
    assert!(page.stderr.contains("pays for") && page.stderr.contains("20 sat/vB"), "{page:?}");
    assert!(page.stdout.contains("only the fee leaves"), "{page:?}");
    let child = replaced(&stage, &words)["id"].as_str().unwrap().to_owned();
    let told = |id: &str| stage.json(&["tx", id]);
    let size_and_fee = |id: &str| (told(id)["vsize"].as_u64().unwrap(), sat(&told(id)["fee"]));
    let (child_size, child_fee) = size_and_fee(&child);
    // The parent is of another wallet: what it pays is what the review of the package knew.
    assert!(child_fee >= 20 * child_size, "{child_fee} for {child_size}");
    stage.mine(1);
    stage.json(&["sync"]);
    assert_eq!(stage.confirmed(), 53_000_000 - child_fee);
    let again = stage.run(&["bump", &parent, "--fee-rate", "30", "--json"]);
    assert_eq!(again.error_code(), "flow.not_replaceable", "{again:?}");
}

/// A payment of ours that another of ours spends from cannot be replaced: the last of them pays for all.
#[test]
fn a_payment_with_a_child_is_paid_for_by_a_child_of_that() {
    let stage = Stage::with_coins(&[50_000_000]);
    let first = stage.send(&[&Stage::shop(), "0.1btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    let second = stage.send(&[&Stage::shop(), "0.2btc", "--fee-rate", "1"])["id"].as_str().unwrap().to_owned();
    assert_eq!(stage.run(&["cancel", &first, "-o", "x", "--json"]).error_code(), "flow.not_replaceable");
    let exact = stage.run(&["bump", &first, "--fee", "5000sat", "-o", "x", "--json"]);
    assert_eq!(exact.error_code(), "desk.usage", "{exact:?}");
    let third = replaced(&stage, &["bump", &first, "--fee-rate", "10"])["id"].as_str().unwrap().to_owned();
    let (mut vsize, mut fee) = (0, 0);
    for id in [&first, &second, &third] {
        let told = stage.json(&["tx", id]);
        vsize += told["vsize"].as_u64().unwrap();
        fee += sat(&told["fee"]);
    }
    assert_eq!(fee, 10 * vsize, "all three together pay what was asked");
    let enough = stage.run(&["bump", &first, "--fee-rate", "10", "-o", "x", "--json"]);
    assert_eq!(enough.code, 1, "{enough:?}");
    stage.mine(1);
    assert_eq!(stage.chain_balance(&Stage::shop()), 30_000_000);
}
