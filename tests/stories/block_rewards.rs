//! A wallet that is mined to has money that may not be spent for a hundred blocks: shown as such, and never chosen.

use crate::harness::{Stage, sat, script};

/// What a block of the first 150 on regtest earns, in satoshi.
const SUBSIDY: u64 = 5_000_000_000;

#[test]
fn a_block_reward_is_there_and_waits_for_a_hundred_blocks() {
    let stage = Stage::with_wallet();
    let address = stage.json(&["receive"])["address"].as_str().unwrap().to_owned();
    stage.server.chain().lock().unwrap().mine(1, Some(script(&address))).unwrap();
    let height = stage.server.chain().lock().unwrap().tip().0;
    stage.run(&["sync"]).expect_code(0);
    let balance = &stage.json(&["balance"])["accounts"][0];
    assert_eq!(sat(&balance["confirmed"]), SUBSIDY, "{balance}");
    assert_eq!(sat(&balance["immature"]), SUBSIDY);
    assert_eq!(balance["matures_at"], height + 100);
    let page = stage.run(&["balance"]).stdout;
    assert!(
        page.contains(&format!("of this is block rewards; all of it can be spent from block {} on", height + 100)),
        "{page}"
    );
    let page = stage.run(&["coins"]).stdout;
    assert!(page.contains(&format!("block reward, from block {} on", height + 100)), "{page}");

    let shop = Stage::shop();
    let refused = stage.run(&["plan", &shop, "1btc", "--fee-rate", "2"]);
    assert_eq!(refused.code, 7, "{refused:?}");
    assert!(refused.stderr.contains("BTC in block rewards of less than 100 confirmations"), "{refused:?}");
    let coin = stage.json(&["coins"])["coins"][0]["coin"].as_str().unwrap().to_owned();
    let named = stage.run(&["plan", &shop, "1btc", "--fee-rate", "2", "--coins", &coin]);
    assert!(named.code != 0 && named.stderr.contains("block reward"), "{named:?}");

    // The next block is the first that may have it.
    stage.mine(98);
    stage.run(&["sync"]).expect_code(0);
    assert_eq!(sat(&stage.json(&["balance"])["accounts"][0]["immature"]), SUBSIDY);
    stage.mine(1);
    stage.run(&["sync"]).expect_code(0);
    let balance = &stage.json(&["balance"])["accounts"][0];
    assert_eq!((sat(&balance["immature"]), &balance["matures_at"]), (0, &serde_json::Value::Null));
    stage
        .run(&["send", &shop, "1btc", "--fee-rate", "2", "--yes", "--max-fee=5000sat", &stage.password()])
        .expect_code(0);
    stage.mine(1);
    assert_eq!(stage.chain_balance(&shop), 100_000_000);
}
