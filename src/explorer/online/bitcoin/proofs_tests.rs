//! A host that serves true headers and branches, and hosts that serve false ones.

use bitcoin::{BlockHash, CompactTarget, ScriptBuf, TxMerkleNode, block::Version, hashes::Hash};
use serde_json::{Value, json};

use super::*;
use crate::{
    explorer::online::bitcoin::fake::{self, Act, Server},
    network::Network,
};

const BITS: u32 = 0x207f_ffff;

fn mined(before: BlockHash, root: TxMerkleNode) -> Header {
    let bits = CompactTarget::from_consensus(BITS);
    let mut header = Header {
        version: Version::TWO,
        prev_blockhash: before,
        merkle_root: root,
        time: 1_700_000_000,
        bits,
        nonce: 0,
    };
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    header
}

/// A transaction alone in the block at height 5, and blocks 5 to 14.
fn chain() -> (Transaction, Vec<Header>) {
    let tx = fake::payment(&ScriptBuf::from(vec![0x51; 34]), 1);
    let root = TxMerkleNode::from_byte_array(tx.compute_txid().to_byte_array());
    (tx, on_top_of(BlockHash::from_byte_array([4; 32]), root))
}

/// Ten blocks after one, the first with this root.
fn on_top_of(before: BlockHash, root: TxMerkleNode) -> Vec<Header> {
    let mut headers = vec![mined(before, root)];
    while headers.len() < 10 {
        let before = headers[headers.len() - 1].block_hash();
        headers.push(mined(before, TxMerkleNode::from_byte_array([6; 32])));
    }
    headers
}

/// Which list of ids a server shows.
#[derive(PartialEq)]
enum List {
    Honest,
    Anothers,
}

/// Four transactions alone in the block at height 5, all proven by the list of its ids; or by a list that is another's.
fn proven_together(list: List) -> Result<Vec<bool>, ExplorerError> {
    let txs: Vec<Transaction> = (1..=4).map(|n| fake::payment(&ScriptBuf::from(vec![0x51; 34]), n)).collect();
    let mut ids: Vec<Txid> = txs.iter().map(Transaction::compute_txid).collect();
    let nodes = ids.iter().map(|txid| TxMerkleNode::from_byte_array(txid.to_byte_array()));
    let root = bitcoin::merkle_tree::calculate_root(nodes).expect("a root");
    let headers = on_top_of(BlockHash::from_byte_array([4; 32]), root);
    if list == List::Anothers {
        ids.swap(0, 1);
    }
    let (list, hash) = (blocks(&headers), headers[0].block_hash());
    let server = Server::start(move |request| match request {
        request if request.contains("/block-height/0") => Act::ok(Network::Regtest.genesis_hash()),
        request if request.ends_with("/txids") => Act::ok(json!(ids).to_string()),
        request if request.contains("/blocks/14") => Act::ok(list.to_string()),
        _ => Act::Answer(404, b"not found".to_vec()),
    });
    let explorer = Explorer::connect(Network::Regtest, std::slice::from_ref(&server.url)).expect("an explorer");
    let block = BlockRef { height: 5, hash, time: 1_700_000_000 };
    let stranger = fake::payment(&ScriptBuf::from(vec![0x51; 34]), 5);
    let claims: Vec<_> = txs.into_iter().chain([stranger]).map(|tx| (tx, block)).collect();
    let answer = explorer.prove(&claims, 14);
    assert_eq!(server.count("GET"), 3, "the chain, the headers and the list");
    answer
}

#[test]
fn many_transactions_of_one_block_are_proven_by_the_list_of_its_ids() {
    assert_eq!(proven_together(List::Honest), Ok(vec![true, true, true, true, false]));
    assert!(matches!(proven_together(List::Anothers), Err(ExplorerError::Lied { .. })));
}

fn header_json(height: u32, header: &Header) -> Value {
    json!({
        "id": header.block_hash(), "height": height, "version": header.version.to_consensus(), "timestamp": header.time,
        "merkle_root": header.merkle_root, "previousblockhash": header.prev_blockhash, "nonce": header.nonce,
        "bits": header.bits.to_consensus(), "tx_count": 1, "extras": {"lie": "evil.example"},
    })
}

/// Newest first, as explorers list them.
fn blocks(headers: &[Header]) -> Value {
    let mut list: Vec<Value> = (5..).zip(headers).map(|(height, header)| header_json(height, header)).collect();
    list.reverse();
    Value::Array(list)
}

/// What `prove` says when the host serves this branch and this list of blocks.
fn proven(branch: Option<Value>, blocks: Value, tip: u32) -> Result<bool, ExplorerError> {
    let (tx, headers) = chain();
    let server = Server::start(move |request| {
        if request.contains("/block-height/0") {
            return Act::ok(Network::Regtest.genesis_hash());
        }
        match &branch {
            Some(branch) if request.ends_with("/merkle-proof") => Act::ok(branch.to_string()),
            _ if request.contains(&format!("/blocks/{}", tip.min(14))) => Act::ok(blocks.to_string()),
            _ => Act::Answer(404, b"not found".to_vec()),
        }
    });
    let explorer = Explorer::connect(Network::Regtest, std::slice::from_ref(&server.url)).expect("an explorer");
    let block = BlockRef { height: 5, hash: headers[0].block_hash(), time: 1_700_000_000 };
    explorer.prove(&[(tx, block)], tip).map(|answers| answers[0])
}

fn branch() -> Option<Value> {
    Some(json!({"block_height": 5, "merkle": [], "pos": 0}))
}

#[test]
fn a_true_proof_is_one() {
    let (_, headers) = chain();
    assert_eq!(proven(branch(), blocks(&headers), 14), Ok(true));
    assert_eq!(proven(branch(), blocks(&headers), 900), Ok(true), "no more headers than one answer brings");
    assert_eq!(proven(branch(), blocks(&headers[..7]), 11), Ok(true));
}

#[test]
fn what_cannot_be_proven_now_is_not_a_lie() {
    let (_, headers) = chain();
    assert_eq!(proven(None, blocks(&headers), 14), Ok(false), "no such proof here");
    assert_eq!(proven(branch(), blocks(&headers[..6]), 10), Ok(false), "five blocks follow");
    let elsewhere = Some(json!({"block_height": 6, "merkle": [], "pos": 0}));
    assert_eq!(proven(elsewhere, blocks(&headers), 14), Ok(false), "the chain moved");
    let moved = on_top_of(BlockHash::from_byte_array([5; 32]), headers[0].merkle_root);
    assert_eq!(proven(branch(), blocks(&moved), 14), Ok(false), "another block now");
}

#[test]
fn a_false_proof_is_a_lie() {
    let (_, headers) = chain();
    let lied =
        |branch: Value, blocks: Value| matches!(proven(Some(branch), blocks, 14), Err(ExplorerError::Lied { .. }));
    let zeros = TxMerkleNode::all_zeros();
    assert!(lied(json!({"block_height": 5, "merkle": [zeros], "pos": 0}), blocks(&headers)));
    assert!(lied(json!({"block_height": 5, "merkle": [], "pos": 3}), blocks(&headers)));
    let good = json!({"block_height": 5, "merkle": [], "pos": 0});
    let mut unlinked = headers.clone();
    unlinked[4] = mined(BlockHash::from_byte_array([9; 32]), zeros);
    assert!(lied(good.clone(), blocks(&unlinked)));
    let mut renamed = blocks(&headers);
    renamed[2]["id"] = json!(headers[0].block_hash());
    assert!(lied(good, renamed), "a header that does not hash to its id");
}

#[test]
fn lists_that_are_none_prove_nothing() {
    let (_, headers) = chain();
    for broken in [json!([]), json!({}), json!([{"id": 1}]), json!(vec![header_json(14, &headers[9]); 65])] {
        assert_eq!(proven(branch(), broken.clone(), 14), Ok(false), "{broken}");
    }
}
