//! What was sent: settled by a look, with whom, value, token, fee, block and time; and contacts by name.

use serde_json::Value;

use super::node::{EvmStage, SHOP};

fn row(stage: &EvmStage, id: &str) -> Value {
    let history = stage.json(&["history"]);
    history["transactions"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
}

#[test]
fn a_history_is_settled_by_looking_and_good_for_the_books() {
    let (stage, coin) = EvmStage::with_coin();
    stage.json(&["contacts", "add", "bob", SHOP]);
    let sent = stage.signed(&["send", "@bob", "1.5eth"]);
    let id = sent["id"].as_str().unwrap();
    // Nobody tracked it.
    let settled = row(&stage, id);
    assert_eq!((&settled["state"], &settled["failed"]), (&"mined".into(), &false.into()), "{settled}");
    assert_eq!(
        (&settled["moved"]["smallest"], &settled["moved"]["symbol"]),
        (&"1500000000000000000".into(), &"ETH".into())
    );
    assert_eq!(
        (&settled["counterparties"][0]["address"], &settled["counterparties"][0]["contact"]),
        (&SHOP.into(), &"bob".into())
    );
    assert!(settled["block"].as_u64().is_some() && settled["time"].as_u64().is_some_and(|time| time > 1_700_000_000));
    assert!(settled["fee"]["smallest"].as_str().unwrap().parse::<u128>().unwrap() > 21_000);
    let tokens = stage.signed(&["send", SHOP, &format!("25 {coin}")]);
    let told = row(&stage, tokens["id"].as_str().unwrap());
    assert_eq!(told["token"].as_str().map(str::to_lowercase), Some(coin.to_lowercase()), "{told}");
    assert_eq!(told["counterparties"][0]["contact"], "bob");

    stage.json(&["label", id, "rent of may"]);
    assert_eq!(row(&stage, id)["label"], "rent of may");
    let page = stage.run(&["history"]).stdout;
    assert!(page.contains("note: rent of may"), "{page}");
    assert!(page.contains("@bob") && page.contains("block ") && page.contains("fee "), "{page}");
    let written = stage.run(&["history", "--csv", "--to", "@bob"]);
    let csv = &written.stdout;
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.contains(",-1.5,ETH,") && csv.contains(",bob,") && csv.contains(",rent of may,"), "{csv}");
    assert!(written.stderr.contains("what came in is told by an indexer"), "what a file lacks is said: {written:?}");
    assert_eq!(stage.json(&["history", "--unconfirmed"])["transactions"].as_array().unwrap().len(), 0);

    let one = stage.json(&["tx", id, "--raw"]);
    assert_eq!((&one["state"], &one["block"]), (&"mined".into(), &settled["block"]));
    assert!(one["raw"].as_str().unwrap().starts_with("0x02"));
    let page = stage.run(&["tx", id]).stdout;
    assert!(page.contains("(@bob)") && page.contains("were paid for gas"), "{page}");
}

#[test]
fn a_contact_is_paid_by_name_and_what_passes_for_it_is_a_stop() {
    let stage = EvmStage::new();
    stage.json(&["contacts", "add", "bob", SHOP]);
    let planned = stage.json(&["plan", "@bob", "1eth"]);
    assert_eq!((&planned["payees"][0]["contact"], &planned["payees"][0]["paid_before"]), (&"bob".into(), &0.into()));
    stage.signed(&["send", "@BOB", "1eth"]);
    assert_eq!(stage.json(&["plan", "@bob", "2eth"])["payees"][0]["paid_before"], 1);
    let page = stage.run(&["plan", "@bob", "2eth"]).stdout;
    assert!(page.contains("@bob (contact), paid once before"), "{page}");

    let like = format!("{}1c77{}", &SHOP[..6], &SHOP[10..]).to_lowercase();
    let other = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
    stage.json(&["contacts", "add", "carol", other]);
    let like_carol = format!("{}1c77{}", &other[..6], &other[10..]).to_lowercase();
    for like in [like, like_carol] {
        let refused = stage.run(&["send", &like, "1eth"]);
        assert!(refused.code != 0 && refused.stderr.contains("not the address it looks like"), "{refused:?}");
        let refused = stage.run(&["contacts", "add", "mallory", &like, "--json"]);
        assert_eq!(refused.error_code(), "contact.look_alike", "{refused:?}");
    }
}
