//! What happened: a transaction by its id, who is on the other side, filters, and lines for the books.

use serde_json::Value;

use crate::harness::Stage;

const RATE: [&str; 2] = ["--fee-rate", "2"];

fn page(stage: &Stage, words: &[&str]) -> String {
    let answer = stage.run(words);
    answer.expect_code(0);
    answer.stdout
}

fn ids(history: &Value) -> Vec<String> {
    let rows = history["transactions"].as_array().unwrap();
    rows.iter().map(|row| row["txid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_transaction_is_told_whole_from_both_sides() {
    let stage = Stage::with_coins(&[50_000_000]);
    let shop = Stage::shop();
    stage.json(&["contacts", "add", "shop", &shop]);
    let sent = stage.send(&["@shop", "0.1btc", "--memo", "invoice 7", RATE[0], RATE[1]]);
    let id = sent["id"].as_str().unwrap();
    stage.json(&["label", id, "tea"]);
    let waits = stage.json(&["tx", id]);
    assert_eq!(waits["status"]["state"], "unconfirmed");
    stage.mine(1);
    stage.json(&["sync"]);
    let told = stage.json(&["tx", id]);
    assert_eq!((&told["status"]["state"], &told["label"]), (&"confirmed".into(), &"tea".into()));
    assert_eq!(told["status"]["block"].as_str().unwrap().len(), 64);
    let paid = told["outputs"].as_array().unwrap().iter().find(|side| side["contact"] == "shop").unwrap();
    assert_eq!((&paid["address"], &paid["amount"]["smallest"]), (&shop.as_str().into(), &"10000000".into()));
    assert!(told["outputs"].as_array().unwrap().iter().any(|side| side["account"] == "main/segwit-0"), "{told}");
    assert_eq!(told["inputs"][0]["account"], "main/segwit-0");
    assert_eq!(told["raw"], Value::Null);
    assert!(stage.json(&["tx", id, "--raw"])["raw"].as_str().unwrap().len() > 200);
    let shown = page(&stage, &["tx", id]);
    for text in ["1 conf", "@shop (contact)", &shop, "\"invoice 7\"", "Note      tea", "yours: main/segwit-0", "sat/vB"]
    {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    // What came in: the faucet is a stranger.
    let coin = ids(&stage.json(&["history"]))[1].clone();
    let came = stage.json(&["tx", &coin]);
    assert_eq!(came["accounts"][0]["received"]["smallest"], "50000000");
    assert!(page(&stage, &["tx", &coin]).contains("not every coin that it spends is known here"));
    // Without the network too; and what nobody knows is said to be unknown.
    stage.json(&["tx", id, "--offline"]);
    assert_eq!(stage.run(&["tx", &"ab".repeat(32), "--json"]).error_code(), "flow.unknown_transaction");
    assert_eq!(stage.run(&["tx", "12", "--json"]).error_code(), "desk.usage");
}

#[test]
fn what_was_replaced_names_what_took_its_place() {
    let stage = Stage::with_coins(&[50_000_000]);
    let id = stage.send(&[&Stage::shop(), "0.1btc", RATE[0], RATE[1]])["id"].as_str().unwrap().to_owned();
    let bump = ["bump", &id, "--yes", "--max-fee=5000sat", &stage.password()];
    let by = stage.json(&bump)["id"].as_str().unwrap().to_owned();
    let old = stage.json(&["tx", &id]);
    assert_eq!((&old["status"]["state"], &old["status"]["by"]), (&"replaced".into(), &by.as_str().into()));
    let shown = page(&stage, &["tx", &id]);
    assert!(shown.contains("regtest \u{b7} main/segwit-0") && shown.contains("306 sat"), "{shown}");
    assert_eq!(stage.json(&["tx", &by])["replaces"][0], id.as_str());
    assert!(page(&stage, &["tx", &id]).contains(&format!("replaced by {by}")));
}

#[test]
fn a_strangers_transaction_is_asked_for() {
    let stage = Stage::with_coins(&[50_000_000]);
    let stranger = stage.fund(&Stage::shop(), 70_000);
    let told = stage.json(&["tx", &stranger]);
    assert_eq!((&told["status"]["state"], told["accounts"].as_array().unwrap().len()), (&"confirmed".into(), 0));
    assert!(page(&stage, &["tx", &stranger]).contains("of no account here"));
    assert_eq!(stage.run(&["tx", &stranger, "--offline", "--json"]).error_code(), "flow.unknown_transaction");
}

#[test]
fn a_history_says_who_and_keeps_to_what_is_asked() {
    let stage = Stage::with_coins(&[50_000_000, 20_000_000]);
    let own = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.json(&["contacts", "add", "shop", &Stage::shop()]);
    let first = stage.send(&["@shop", "0.1btc", RATE[0], RATE[1]])["id"].as_str().unwrap().to_owned();
    stage.mine(1);
    let within = stage.send(&[&own, "0.01btc", RATE[0], RATE[1]])["id"].as_str().unwrap().to_owned();
    let history = stage.json(&["history"]);
    let row =
        |id: &str| history["transactions"].as_array().unwrap().iter().find(|row| row["txid"] == id).unwrap().clone();
    assert_eq!(
        (&row(&first)["direction"], &row(&first)["counterparties"][0]["contact"]),
        (&"out".into(), &"shop".into())
    );
    assert_eq!(row(&within)["direction"], "self");
    assert_eq!(ids(&history).len(), 4);
    assert!(page(&stage, &["history"]).contains("  to @shop\n"));
    stage.json(&["contacts", "remove", "shop"]);
    assert!(page(&stage, &["history"]).contains(&format!("  to {}\n", Stage::shop())));

    let asked = |words: &[&str]| ids(&stage.json(&[&["history"], words].concat())).join(" ");
    assert_eq!(asked(&["--to", &Stage::shop()]), first);
    assert_eq!(asked(&["--unconfirmed"]), within);
    assert_eq!(asked(&["--limit", "1"]), within);
    assert_eq!(asked(&["--to", &Stage::shop(), "--unconfirmed"]), "");
    assert_eq!(asked(&["--since", "2100-01-01"]), "");
    assert_eq!(asked(&["--since", "1d", "--unconfirmed"]), within);
    assert!(page(&stage, &["history", "--since", "2100-01-01"]).contains("Nothing of that kind"));
    assert_eq!(stage.run(&["history", "--since", "soon", "--json"]).error_code(), "desk.usage");
}

/// What the books add up to is what the account holds.
#[test]
fn lines_for_the_books_add_up_to_the_balance() {
    let stage = Stage::with_coins(&[50_000_000, 20_000_000]);
    stage.json(&["contacts", "add", "shop", &Stage::shop()]);
    let id = stage.send(&["@shop", "0.1btc", RATE[0], RATE[1]])["id"].as_str().unwrap().to_owned();
    stage.json(&["label", &id, "=1+1, \"tea\""]);
    stage.mine(1);
    stage.json(&["sync"]);
    let text = page(&stage, &["history", "--csv"]);
    assert_eq!(stage.json(&["history", "--csv"])["text"], text.as_str());
    let mut sum = 0i64;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let place = |name: &str| heads.iter().position(|head| head == name).unwrap();
    for record in reader.records() {
        let record = record.unwrap();
        let (sign, amount) =
            record[place("amount")].strip_prefix('-').map_or((1, &record[place("amount")]), |rest| (-1, rest));
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        sum += sign * format!("{whole}{fraction:0<8}").parse::<i64>().unwrap();
        assert_eq!((&record[place("asset")], &record[place("network")]), ("BTC", "regtest"));
        if record[place("id")] == id {
            assert_eq!((&record[place("counterparty")], &record[place("addresses")]), ("shop", Stage::shop().as_str()));
            assert_eq!((&record[place("label")], &record[place("direction")]), ("'=1+1, \"tea\"", "out"));
            assert!(record[place("time")].ends_with('Z') && !record[place("fee")].is_empty());
        }
    }
    assert_eq!(sum.unsigned_abs(), stage.confirmed());
}
