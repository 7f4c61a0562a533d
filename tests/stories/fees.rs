//! What a payment costs: estimates and their sources, rates below one satoshi, memos that only newer nodes relay.

use crate::harness::Stage;

#[test]
fn fees_are_told_by_speed_with_their_sources() {
    let stage = Stage::with_coins(&[50_000_000]);
    let told = stage.json(&["fees"]);
    let speeds: Vec<&str> =
        told["estimates"].as_array().unwrap().iter().map(|one| one["speed"].as_str().unwrap()).collect();
    assert_eq!(speeds, ["slow", "normal", "fast"], "{told}");
    assert!(told["estimates"][0]["said"][0]["operator"].is_string(), "{told}");
    let page = stage.run(&["fees"]).stdout;
    for text in ["slow", "normal", "fast", "sat/vB", "within 20 min", "says"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("Nothing waits for a block"), "{page}");
    stage.send(&[&Stage::shop(), "0.01btc", "--fee-rate", "7"]);
    let waiting = &stage.json(&["fees"])["waiting"];
    assert_eq!(
        (&waiting["parts"][0]["from"]["sat_per_kvb"], waiting["parts"].as_array().unwrap().len()),
        (&5000.into(), 1),
        "{waiting}"
    );
    assert!(stage.run(&["fees"]).stdout.contains("5 or more"));
    // A payment shows the same for itself, unless its fee is named.
    let planned = stage.json(&["plan", &Stage::shop(), "0.1btc"]);
    assert_eq!(planned["fees"].as_array().unwrap().len(), 3, "{planned}");
    assert!(stage.run(&["plan", &Stage::shop(), "0.1btc"]).stdout.contains("Fees now"));
    assert_eq!(stage.json(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2"])["fees"].as_array().unwrap().len(), 0);
}

#[test]
fn a_rate_below_one_satoshi_and_a_long_memo_are_planned_with_a_word_about_older_nodes() {
    let stage = Stage::with_coins(&[50_000_000]);
    let planned = stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "0.2"]);
    assert!(planned.code == 0 && planned.stderr.contains("below 1 sat/vB"), "{planned:?}");
    let memo = "x".repeat(300);
    let planned = stage.run(&["plan", &Stage::shop(), "0.1btc", "--fee-rate", "2", "--memo", &memo]);
    assert!(planned.code == 0 && planned.stderr.contains("older nodes do not relay more than 80 bytes"), "{planned:?}");
    assert!(planned.stdout.contains(&memo), "{planned:?}");
    // The practice chain has the rules of an older node, and says how much it asks for.
    let words =
        ["send", &Stage::shop(), "0.1btc", "--fee-rate", "0.2", "--yes", "--max-fee=5000sat", &stage.password()];
    let refused = stage.run(&words);
    assert!(refused.stderr.contains("the fee is below what the node relays: it asks for 153 sat"), "{refused:?}");
}
