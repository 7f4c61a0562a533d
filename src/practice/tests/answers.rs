//! The server's answers, as text: a renamed field or a changed word must not pass.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    sync::{Arc, Mutex},
};

use bitcoin::{
    Block, MerkleBlock, Network, Transaction,
    consensus::encode::{deserialize, deserialize_hex, serialize_hex},
};

use super::{address, funded, spend};
use crate::practice::{PracticeChain, Server, index::script_hash};

/// One HTTP answer.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: String,
    pub(super) body: String,
    raw: Vec<u8>,
}

pub(super) fn serve(chain: PracticeChain) -> Server {
    Server::start(Arc::new(Mutex::new(chain)), "127.0.0.1:0".parse().expect("an address")).expect("started")
}

/// Sends bytes, reads until the server closes.
pub(super) fn exchange(server: &Server, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).expect("connected");
    // A refusal may come before all was sent.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

pub(super) fn get(server: &Server, path: &str) -> Answer {
    parse(&exchange(server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")))
}

pub(super) fn post(server: &Server, path: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    parse(&exchange(server, &(head + body)))
}

fn parse(answer: &[u8]) -> Answer {
    let split = answer.windows(4).position(|it| it == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    let raw = answer[split + 4..].to_vec();
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::to_owned);
    Answer {
        status: head.get(9..12).and_then(|it| it.parse().ok()).expect("a status"),
        content_type: header("content-type").unwrap_or_default(),
        body: String::from_utf8_lossy(&raw).into_owned(),
        raw,
    }
}

fn assert_says(server: &Server, path: &str, expected: (u16, &str)) {
    let answer = get(server, path);
    assert_eq!((answer.status, answer.body.as_str()), expected, "{path}");
    let json = answer.body.starts_with(['{', '[']) && answer.status == 200;
    assert_eq!(answer.content_type, if json { "application/json" } else { "text/plain" }, "{path}");
}

#[test]
fn the_start_of_the_chain() {
    let server = serve(PracticeChain::in_memory());
    let genesis = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206";
    let merkle = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b";
    let block = format!(
        "{{\"id\":\"{genesis}\",\"height\":0,\"version\":1,\"timestamp\":1296688602,\"tx_count\":1,\"size\":285,\
         \"weight\":1140,\"merkle_root\":\"{merkle}\",\"previousblockhash\":null,\"mediantime\":1296688602,\"nonce\":2,\
         \"bits\":545259519,\"difficulty\":4.6565423739069247e-10}}"
    );
    for prefix in ["", "/api"] {
        assert_says(&server, &format!("{prefix}/blocks/tip/height"), (200, "0"));
        assert_says(&server, &format!("{prefix}/blocks/tip/hash"), (200, genesis));
        assert_says(&server, &format!("{prefix}/block-height/0"), (200, genesis));
        assert_says(&server, &format!("{prefix}/block/{genesis}"), (200, &block));
        assert_says(&server, &format!("{prefix}/blocks"), (200, &format!("[{block}]")));
    }
    let status = "{\"in_best_chain\":true,\"height\":0,\"next_best\":null}";
    assert_says(&server, &format!("/block/{genesis}/status"), (200, status));
    assert_says(&server, &format!("/block/{genesis}/txids"), (200, &format!("[\"{merkle}\"]")));
    assert_says(&server, &format!("/block/{genesis}/txid/0"), (200, merkle));
    assert_says(&server, "/mempool", (200, "{\"count\":0,\"vsize\":0,\"total_fee\":0,\"fee_histogram\":[]}"));
    assert_says(&server, "/mempool/txids", (200, "[]"));
    let estimates = get(&server, "/fee-estimates").body;
    assert!(estimates.starts_with("{\"1\":5.0,\"2\":5.0,\"3\":4.0,"), "{estimates}");
    assert!(estimates.ends_with(",\"25\":1.0,\"144\":1.0,\"504\":1.0,\"1008\":1.0}"), "{estimates}");
    assert_eq!(server.seen()[0], "GET /blocks/tip/height");
    assert_eq!(server.seen()[5], "GET /blocks/tip/height", "without /api");
}

#[test]
fn refusals_in_words() {
    let server = serve(PracticeChain::in_memory());
    let (zeros, genesis) = ("0".repeat(64), "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
    for (path, expected) in [
        ("/block-height/7".to_owned(), (404, "Block not found")),
        ("/block-height/x".to_owned(), (400, "Invalid number")),
        ("/blocks/7".to_owned(), (404, "Block not found")),
        (format!("/block/{zeros}"), (404, "Block not found")),
        ("/block/xyz".to_owned(), (400, "Invalid hex string")),
        (format!("/block/{zeros}/status"), (200, "{\"in_best_chain\":false,\"height\":null,\"next_best\":null}")),
        (format!("/block/{genesis}/txid/1"), (404, "tx index out of range")),
        (format!("/block/{genesis}/txs/1"), (400, "start index must be a multiple of 25")),
        (format!("/block/{genesis}/txs/25"), (400, "start index out of range")),
        (format!("/tx/{zeros}"), (404, "Transaction not found")),
        (format!("/tx/{zeros}/raw"), (404, "Transaction not found")),
        (format!("/tx/{zeros}/hex"), (404, "Transaction not found")),
        (format!("/tx/{zeros}/outspends"), (404, "Transaction not found")),
        (format!("/tx/{zeros}/status"), (200, "{\"confirmed\":false}")),
        (format!("/tx/{zeros}/outspend/0"), (200, "{\"spent\":false}")),
        (format!("/tx/{zeros}/outspend/x"), (400, "Invalid number")),
        (format!("/tx/{zeros}/merkle-proof"), (404, "Transaction not found or is unconfirmed")),
        (format!("/tx/{zeros}/merkleblock-proof"), (404, "Transaction not found or is unconfirmed")),
        ("/tx/12".to_owned(), (400, "Invalid hex string")),
        ("/scripthash/12".to_owned(), (400, "Invalid scripthash")),
        ("/address/nonsense".to_owned(), (400, "Invalid Bitcoin address")),
        ("/address/1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned(), (400, "Address on invalid network")),
        ("/nothing".to_owned(), (404, "endpoint does not exist \"/nothing\"")),
        ("/".to_owned(), (404, "endpoint does not exist \"/\"")),
    ] {
        assert_says(&server, &path, expected);
    }
}

#[test]
fn scripts_that_were_never_used() {
    let server = serve(PracticeChain::in_memory());
    let none = "{\"tx_count\":0,\"funded_txo_count\":0,\"funded_txo_sum\":0,\"spent_txo_count\":0,\"spent_txo_sum\":0}";
    let hash = script_hash(&address(1));
    let body = format!("{{\"scripthash\":\"{hash}\",\"chain_stats\":{none},\"mempool_stats\":{none}}}");
    assert_says(&server, &format!("/scripthash/{hash}"), (200, &body));
    let name = bitcoin::Address::from_script(&address(1), Network::Regtest).expect("has one");
    let body = format!("{{\"address\":\"{name}\",\"chain_stats\":{none},\"mempool_stats\":{none}}}");
    assert_says(&server, &format!("/address/{name}"), (200, &body));
    for rest in ["txs", "txs/chain", "txs/mempool", "utxo"] {
        assert_says(&server, &format!("/scripthash/{hash}/{rest}"), (200, "[]"));
        assert_says(&server, &format!("/address/{name}/{rest}"), (200, "[]"));
    }
}

#[test]
fn a_transaction_from_broadcast_to_block() {
    let (chain, coins) = funded(1, 100_000);
    let (height, _) = chain.tip();
    let server = serve(chain);
    let payment = spend(&coins, &[(2, 99_000)]);
    let txid = payment.compute_txid();
    let sent = post(&server, "/tx", &serialize_hex(&payment));
    assert_eq!((sent.status, sent.body, sent.content_type.as_str()), (200, txid.to_string(), "text/plain"));
    assert_says(&server, &format!("/tx/{txid}"), (200, &expected_json(&payment, "{\"confirmed\":false}")));
    assert_says(&server, &format!("/tx/{txid}/hex"), (200, &serialize_hex(&payment)));
    let raw = get(&server, &format!("/tx/{txid}/raw"));
    assert_eq!(raw.content_type, "application/octet-stream");
    assert_eq!(deserialize::<Transaction>(&raw.raw).expect("a transaction"), payment);
    let spent = format!("{{\"spent\":true,\"txid\":\"{txid}\",\"vin\":0,\"status\":{{\"confirmed\":false}}}}");
    assert_says(&server, &format!("/tx/{}/outspend/{}", coins[0].txid, coins[0].vout), (200, &spent));
    let utxo = format!("[{{\"txid\":\"{txid}\",\"vout\":0,\"status\":{{\"confirmed\":false}},\"value\":99000}}]");
    assert_says(&server, &format!("/scripthash/{}/utxo", script_hash(&address(2))), (200, &utxo));
    let vsize = payment.vsize();
    assert_says(
        &server,
        "/mempool/recent",
        (200, &format!("[{{\"txid\":\"{txid}\",\"fee\":1000,\"vsize\":{vsize},\"value\":99000}}]")),
    );
    let mined = post(&server, "/practice/mine", "{\"blocks\":1}");
    let hash = get(&server, "/blocks/tip/hash").body;
    let state = format!("{{\"height\":{},\"hash\":\"{hash}\",\"waiting\":0,\"blocks\":[\"{hash}\"]}}", height + 1);
    assert_eq!(mined.body, state);
    let time = server.chain().lock().expect("free").block(height + 1).expect("there").header.time;
    let status = format!(
        "{{\"confirmed\":true,\"block_height\":{},\"block_hash\":\"{hash}\",\"block_time\":{time}}}",
        height + 1
    );
    assert_says(&server, &format!("/tx/{txid}/status"), (200, &status));
    assert_says(&server, &format!("/tx/{txid}"), (200, &expected_json(&payment, &status)));
}

/// The whole JSON of a spend from [`super::keyless`] 1 of 100,000 sat to 2 of 99,000 sat, field by field.
fn expected_json(payment: &Transaction, status: &str) -> String {
    let name = |number| bitcoin::Address::from_script(&address(number), Network::Regtest).expect("has one");
    let output = |number, value| {
        let script = address(number);
        format!(
            "{{\"scriptpubkey\":\"{}\",\"scriptpubkey_asm\":\"OP_0 OP_PUSHBYTES_32 {}\",\"scriptpubkey_type\":\"v0_p2wsh\",\
             \"scriptpubkey_address\":\"{}\",\"value\":{value}}}",
            script.to_hex_string(),
            &script.to_hex_string()[4..],
            name(number)
        )
    };
    let input = &payment.input[0];
    format!(
        "{{\"txid\":\"{}\",\"version\":2,\"locktime\":0,\"vin\":[{{\"txid\":\"{}\",\"vout\":{},\"prevout\":{},\
         \"scriptsig\":\"\",\"scriptsig_asm\":\"\",\"witness\":[\"07\",\"51757551\"],\"is_coinbase\":false,\
         \"sequence\":4294967293,\"inner_witnessscript_asm\":\"OP_PUSHNUM_1 OP_DROP OP_DROP OP_PUSHNUM_1\"}}],\
         \"vout\":[{}],\"size\":{},\"weight\":{},\"fee\":1000,\"status\":{status}}}",
        payment.compute_txid(),
        input.previous_output.txid,
        input.previous_output.vout,
        output(1, 100_000),
        output(2, 99_000),
        payment.total_size(),
        payment.weight().to_wu(),
    )
}

#[test]
fn a_coinbase_has_no_prevout() {
    let (chain, _) = funded(1, 100_000);
    let coinbase = chain.block(1).expect("there").txdata[0].compute_txid();
    let server = serve(chain);
    let body = get(&server, &format!("/tx/{coinbase}")).body;
    let zeros = "0".repeat(64);
    assert!(body.contains(&format!("\"vin\":[{{\"txid\":\"{zeros}\",\"vout\":4294967295,\"prevout\":null,")), "{body}");
    assert!(body.contains("\"is_coinbase\":true,\"sequence\":4294967295}]"), "{body}");
    assert!(body.contains("\"scriptpubkey_type\":\"op_return\",\"value\":0}"), "{body}");
    assert!(body.contains(",\"fee\":0,"), "{body}");
}

#[test]
fn broadcasts_are_refused_in_cores_words() {
    let (chain, coins) = funded(1, 100_000);
    let server = serve(chain);
    let free = spend(&coins, &[(2, 100_000)]);
    let refused = post(&server, "/tx", &serialize_hex(&free));
    let text = format!("sendrawtransaction RPC error -26: min relay fee not met, 0 < {}", free.vsize());
    assert_eq!((refused.status, refused.body, refused.content_type.as_str()), (400, text, "text/plain"));
    for nonsense in ["", "zz", "00", "{\"tx\":1}"] {
        let refused = post(&server, "/api/tx", nonsense);
        let text = "sendrawtransaction RPC error -22: TX decode failed. Make sure the tx has at least one input.";
        assert_eq!((refused.status, refused.body.as_str()), (400, text));
    }
}

#[test]
fn packages_are_answered_as_submitpackage_answers() {
    let (chain, coins) = funded(2, 100_000);
    let server = serve(chain);
    let (good, bad) = (spend(&coins[..1], &[(2, 99_000)]), spend(&coins[1..], &[(2, 100_000)]));
    let body = |members: &[&Transaction]| {
        format!("[{}]", members.iter().map(|it| format!("\"{}\"", serialize_hex(*it))).collect::<Vec<_>>().join(","))
    };
    let accepted = post(&server, "/txs/package", &body(&[&good]));
    let expected = format!(
        "{{\"package_msg\":\"success\",\"tx-results\":{{\"{}\":{{\"txid\":\"{}\",\"vsize\":{},\"fees\":{{\"base\":0.00001}}}}}},\
         \"replaced-transactions\":[]}}",
        good.compute_wtxid(),
        good.compute_txid(),
        good.vsize()
    );
    assert_eq!((accepted.status, accepted.body), (200, expected));
    let mixed = post(&server, "/txs/package", &body(&[&good, &bad])).body;
    assert!(mixed.starts_with("{\"package_msg\":\"transaction failed\""), "{mixed}");
    assert!(mixed.contains("\"error\":\"min relay fee not met, 0 < "), "{mixed}");
    let many = post(&server, "/txs/package", &body(&[&good; 26]));
    assert_eq!((many.status, many.body.as_str()), (400, "Exceeded maximum of 25 transactions"));
}

#[test]
fn proofs_lead_to_the_header() {
    let (mut chain, coins) = funded(5, 100_000);
    for coin in &coins {
        chain.submit(spend(&[*coin], &[(2, 99_000)])).expect("fine");
    }
    chain.mine(1, None).expect("mined");
    let (height, hash) = chain.tip();
    let block = chain.block(height).expect("there");
    let server = serve(chain);
    let raw = get(&server, &format!("/block/{hash}/raw"));
    assert_eq!(deserialize::<Block>(&raw.raw).expect("a block"), block);
    assert_says(&server, &format!("/block/{hash}/header"), (200, &serialize_hex(&block.header)));
    for (position, transaction) in (0u32..).zip(&block.txdata) {
        let txid = transaction.compute_txid();
        let proof = get(&server, &format!("/tx/{txid}/merkle-proof")).body;
        assert!(proof.starts_with(&format!("{{\"block_height\":{height},\"merkle\":[\"")), "{proof}");
        assert!(proof.ends_with(&format!("\"],\"pos\":{position}}}")), "{proof}");
        let proof: MerkleBlock =
            deserialize_hex(&get(&server, &format!("/tx/{txid}/merkleblock-proof")).body).expect("a proof");
        let (mut matches, mut indexes) = (Vec::new(), Vec::new());
        proof.extract_matches(&mut matches, &mut indexes).expect("valid");
        assert_eq!((matches, indexes), (vec![txid], vec![position]));
        assert_eq!(proof.header, block.header);
    }
}

#[test]
fn histories_come_in_pages() {
    let (mut chain, coins) = funded(60, 100_000);
    for coin in &coins[..30] {
        chain.submit(spend(&[*coin], &[(2, 99_000)])).expect("fine");
        chain.mine(1, None).expect("mined");
    }
    for coin in &coins[30..] {
        chain.submit(spend(&[*coin], &[(2, 99_000)])).expect("fine");
    }
    let server = serve(chain);
    let hash = script_hash(&address(2));
    let ids = |path: &str| -> Vec<String> {
        let body: serde_json::Value = serde_json::from_str(&get(&server, path).body).expect("json");
        body.as_array().expect("a list").iter().map(|it| it["txid"].as_str().expect("an id").to_owned()).collect()
    };
    let first = ids(&format!("/scripthash/{hash}/txs/chain"));
    let second = ids(&format!("/scripthash/{hash}/txs/chain/{}", first[24]));
    assert_eq!((first.len(), second.len()), (25, 5));
    assert!(ids(&format!("/scripthash/{hash}/txs/chain/{}", second[4])).is_empty());
    assert!(ids(&format!("/scripthash/{hash}/txs/chain/{}", "0".repeat(64))).is_empty(), "a cursor that is gone");
    let expected: Vec<String> =
        coins[..30].iter().rev().map(|coin| spend(&[*coin], &[(2, 99_000)]).compute_txid().to_string()).collect();
    assert_eq!([first, second].concat(), expected);
    assert_eq!(ids(&format!("/scripthash/{hash}/txs/mempool")).len(), 30);
    assert_eq!(ids(&format!("/scripthash/{hash}/txs")).len(), 55);
    let stats = get(&server, &format!("/scripthash/{hash}")).body;
    let numbers = "{\"tx_count\":30,\"funded_txo_count\":30,\"funded_txo_sum\":2970000,\"spent_txo_count\":0,\"spent_txo_sum\":0}";
    let expected = format!("{{\"scripthash\":\"{hash}\",\"chain_stats\":{numbers},\"mempool_stats\":{numbers}}}");
    assert_eq!(stats, expected);
    assert_eq!(ids(&format!("/scripthash/{hash}/utxo")).len(), 60);
}

#[test]
fn too_many_coins_for_one_answer() {
    let (chain, _) = funded(501, 1_000);
    let server = serve(chain);
    let text = "Too many unspent transaction outputs (>500). Contact support to raise limits.";
    assert_says(&server, &format!("/scripthash/{}/utxo", script_hash(&address(1))), (400, text));
}

#[test]
fn practice_by_request() {
    let server = serve(PracticeChain::in_memory());
    let name = bitcoin::Address::from_script(&address(4), Network::Regtest).expect("has one");
    let paid = post(&server, "/practice/faucet", &format!("{{\"address\":\"{name}\",\"sat\":70000}}"));
    assert_eq!(paid.status, 200, "{}", paid.body);
    let chain = server.chain();
    let txid = chain.lock().expect("free").mempool_txids()[0];
    assert!(paid.body.ends_with(&format!(",\"waiting\":1,\"txid\":\"{txid}\"}}")), "{}", paid.body);
    assert_eq!(chain.lock().expect("free").balance(&address(4)), 70_000);
    let mined = post(&server, "/practice/mine", &format!("{{\"blocks\":2,\"address\":\"{name}\"}}"));
    assert!(mined.body.starts_with("{\"height\":102,"), "{}", mined.body);
    assert!(post(&server, "/practice/reorg", "{\"depth\":2}").body.starts_with("{\"height\":100,"));
    let evicted = post(&server, "/practice/evict", &format!("{{\"txid\":\"{txid}\"}}")).body;
    assert!(evicted.ends_with(&format!("\"evicted\":[\"{txid}\"]}}")), "{evicted}");
    assert!(get(&server, "/practice").body.starts_with("{\"height\":100,\"hash\":\""));
    for (path, body) in [
        ("mine", "{\"blocks\":1001}"),
        ("mine", "{\"blocks\":1,\"adress\":\"x\"}"),
        ("mine", ""),
        ("faucet", "{\"address\":\"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\",\"sat\":1}"),
        ("reorg", "{\"depth\":101}"),
    ] {
        assert_eq!(post(&server, &format!("/practice/{path}"), body).status, 400, "{path} {body}");
    }
    assert_eq!(post(&server, "/practice/sing", "{}").status, 404);
}
