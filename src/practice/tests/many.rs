//! The answers about many scripts at once: one list, newest first, cut and continued as the request says.

use bitcoin::Txid;
use serde_json::Value;

use super::{
    address,
    answers::{post, serve},
    fund, funded, spend,
};
use crate::practice::{PracticeChain, Server, index::script_hash};

/// A chain where number 2 was paid three times in blocks and twice since, and number 3 once in a block.
fn busy() -> (PracticeChain, Vec<Txid>) {
    let (mut chain, coins) = funded(6, 100_000);
    let mut txids = Vec::new();
    for (place, coin) in coins.iter().enumerate() {
        let number = if place == 1 { 3 } else { 2 };
        txids.push(chain.submit(spend(&[*coin], &[(number, 99_000)])).expect("fine"));
        if place < 4 {
            chain.mine(1, None).expect("mined");
        }
    }
    txids.reverse();
    (chain, txids)
}

fn body(numbers: &[i64]) -> String {
    let hashes: Vec<String> = numbers.iter().map(|number| script_hash(&address(*number)).to_string()).collect();
    serde_json::to_string(&hashes).expect("a list")
}

fn listed(server: &Server, path: &str, numbers: &[i64]) -> Vec<Txid> {
    let answer = post(server, path, &body(numbers));
    assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"), "{path}: {}", answer.body);
    let list: Vec<Value> = serde_json::from_str(&answer.body).expect("a list");
    list.iter().map(|row| row["txid"].as_str().expect("an id").parse().expect("an id")).collect()
}

#[test]
fn one_list_for_all_scripts_newest_first() {
    let (chain, txids) = busy();
    let server = serve(chain);
    assert_eq!(listed(&server, "/scripthashes/txs", &[2, 3, 9]), txids);
    assert_eq!(listed(&server, "/api/scripthashes/txs?max_txs=3", &[3, 2]), txids[..3]);
    assert_eq!(listed(&server, "/scripthashes/txs?max_txs=1", &[3]), [txids[4]]);
    assert_eq!(listed(&server, "/scripthashes/txs", &[9]), []);
    let many: Vec<i64> = (1_000..1_299).chain([3]).collect();
    assert_eq!(listed(&server, "/scripthashes/txs", &many), [txids[4]], "300 scripts are not too many");
}

#[test]
fn a_list_goes_on_after_any_of_its_transactions() {
    let (chain, txids) = busy();
    let server = serve(chain);
    for place in 0..txids.len() {
        let path = format!("/scripthashes/txs?after_txid={}&max_txs=2", txids[place]);
        let rest = &txids[place + 1..];
        assert_eq!(listed(&server, &path, &[2, 3]), rest[..rest.len().min(2)]);
    }
    let unknown = post(&server, &format!("/scripthashes/txs?after_txid={}", "0".repeat(64)), &body(&[2]));
    assert_eq!((unknown.status, unknown.body.as_str()), (422, "after_txid not found"));
    // As on a real server, a cursor that is no id counts as absent.
    assert_eq!(listed(&server, "/scripthashes/txs?after_txid=zz", &[2, 3]), txids);
}

#[test]
fn too_many_scripts_are_refused_and_nonsense_is_left_out() {
    let (chain, txids) = busy();
    let server = serve(chain);
    let many: Vec<i64> = (0..301).collect();
    let refused = post(&server, "/scripthashes/txs", &body(&many));
    assert_eq!((refused.status, refused.body.as_str()), (422, "body too long"));
    let padded = format!("{}{}", body(&[2]), " ".repeat(21_600));
    assert_eq!(post(&server, "/scripthashes/txs", &padded).status, 422);
    let odd = format!("[\"zz\",\"{}\"]", script_hash(&address(3)));
    assert!(post(&server, "/scripthashes/txs", &odd).body.contains(&txids[4].to_string()));
    assert_eq!(post(&server, "/scripthashes/txs", "{}").status, 400);
    assert_eq!(post(&server, "/scripthashes/utxo", &body(&[2])).status, 404);
}

#[test]
fn a_summary_says_what_each_confirmed_transaction_did() {
    let (mut chain, _) = funded(1, 100_000);
    let coins = fund(&mut chain, 1, 50_000);
    let paid = chain.submit(spend(&coins, &[(2, 49_000)])).expect("fine");
    chain.mine(1, None).expect("mined");
    let (height, _) = chain.tip();
    let server = serve(chain);
    let answer = post(&server, "/scripthashes/txs/summary", &body(&[1]));
    let lines: Vec<Value> = serde_json::from_str(&answer.body).expect("a list");
    let values: Vec<i64> = lines.iter().map(|line| line["value"].as_i64().expect("a number")).collect();
    assert_eq!(values, [-50_000, 50_000, 100_000]);
    let newest = (lines[0]["txid"].as_str(), lines[0]["height"].as_u64(), lines[0]["tx_position"].as_u64());
    assert_eq!(newest, (Some(paid.to_string().as_str()), Some(u64::from(height)), Some(1)));
    assert_eq!(listed(&server, &format!("/scripthashes/txs/summary/{paid}"), &[1]).len(), 2);
}
