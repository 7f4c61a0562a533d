//! A watch-only account: receives, sees, plans; a wallet without keys needs none of them until it signs.

use crate::harness::{Stage, sat};

const TPUB: &str =
    "vpub5YsBXyxrEKezpRkeQ5umKqX8ZgKoFPn53Mb8w9RPrTaVVGp2eA7mBLdT1Yqb9Aqn86adb4ZFtEDUanMUJBbomqMfX2dJgR4JMia8LAh3iY1";

#[test]
fn sees_and_plans_without_any_key() {
    let stage = Stage::new();
    let account = stage.json(&["account", "add", "--wallet", "watch", "--xpub", TPUB]);
    assert_eq!(account["account"], "segwit-0");
    assert_eq!(account["watch_only"], true);
    let unknown = stage.json(&["balance"]);
    assert!(unknown["accounts"][0]["confirmed"].is_null(), "unknown is never zero");

    let received = stage.json(&["receive", "--amount", "0.5btc"]);
    let address = received["address"].as_str().unwrap();
    assert!(address.starts_with("bcrt1q"));
    assert_eq!(received["uri"], format!("bitcoin:{address}?amount=0.5"));
    stage.fund(address, 50_000_000);
    let synced = stage.json(&["sync"]);
    assert_eq!(synced["changed"], true);
    assert_eq!(stage.confirmed(), 50_000_000);
    assert_ne!(stage.json(&["receive"])["address"], address, "an address is never given out twice");

    let planned = stage.json(&["plan", &Stage::shop(), "0.2btc", "--fee-rate", "2"]);
    let review = &planned["review"];
    assert_eq!(sat(&review["paid"]), 20_000_000);
    assert_eq!(sat(&review["fee"]), 2 * 153);
    let roles: Vec<&str> =
        review["outputs"].as_array().unwrap().iter().map(|output| output["role"].as_str().unwrap()).collect();
    assert!(roles.contains(&"pay") && roles.contains(&"change"), "{roles:?}");

    let found = stage.json(&["addresses", "--find", address]);
    assert_eq!(found["mine"], true);
    assert_eq!(found["path"], "m/84'/1'/0'/0/0");
    stage.run(&["addresses", "--find", &Stage::shop()]).expect_code(1);
}
