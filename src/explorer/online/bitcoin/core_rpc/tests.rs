//! The node's backend against a stand-in that answers as Bitcoin Core 31 does, with lies on request.

use std::{collections::BTreeMap, sync::Arc};

use bitcoin::{
    Amount, ScriptBuf, TxOut, Witness, consensus::encode::serialize_hex, constants::genesis_block, hashes::Hash,
};

use self::stand_in::{NodeChain, node};
use super::*;
use crate::explorer::{
    Egress, NodeLogin,
    bitcoin::KnownHistory,
    online::bitcoin::{
        broadcast::reject,
        fake::{self, Act, Server},
        questions::{KnownFrom, ScriptAnswer, ScriptQuery},
    },
};

#[cfg(test)]
#[path = "stand_in_tests.rs"]
mod stand_in;

fn at<T>(server: &Server, question: impl AsyncFn(Core<'_>) -> T) -> T {
    let http = Http::new(&Egress::default()).expect("a client");
    let endpoint = Endpoint::parse(&format!("core+{}", server.url)).expect("an address");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let deadline = Instant::now() + std::time::Duration::from_secs(20);
        question(Core { http: &http, endpoint: &endpoint, deadline, network: Network::Regtest }).await
    })
}

fn asked(number: u32, known: Option<KnownHistory>) -> ScriptQuery {
    ScriptQuery { script: fake::script(number), known, told: KnownFrom::Here }
}

/// A payment to script 1, its spend to script 2, and one to script 1 that waits.
fn story() -> (NodeChain, Vec<Transaction>, [Transaction; 3]) {
    let payment = fake::payment(&fake::script(1), 1);
    let mut spend = fake::payment(&fake::script(2), 2);
    spend.input[0].previous_output = OutPoint { txid: payment.compute_txid(), vout: 0 };
    spend.output.push(TxOut { value: Amount::from_sat(5), script_pubkey: ScriptBuf::new() });
    let waiting = fake::payment(&fake::script(1), 3);
    let plain = |tx: &Transaction| {
        let mut tx = tx.clone();
        // A witness would need a commitment in the coinbase.
        tx.input[0].witness = Witness::new();
        tx
    };
    let [payment, spend, waiting] = [plain(&payment), plain(&spend), waiting];
    let chain = NodeChain::new(vec![vec![payment.clone()], vec![], vec![spend.clone()], vec![]]);
    (chain, vec![waiting.clone()], [payment, spend, waiting])
}

#[test]
fn a_node_says_what_a_replacement_costs_there() {
    let (chain, waiting, _) = story();
    let server = node(chain, waiting, |_, _| None);
    let told = at(&server, async |core: Core<'_>| core.incremental_relay().await);
    assert_eq!(told, Ok(Some(FeeRate { sat_per_kvb: 100 })), "0.1 sat/vB, as Bitcoin Core 31 has it");
    let (chain, waiting, _) = story();
    let silent = node(chain, waiting, |method, _| (method == "getmempoolinfo").then(|| Ok(serde_json::json!({}))));
    assert_eq!(at(&silent, async |core: Core<'_>| core.incremental_relay().await), Ok(None));
}

fn found(answers: &[ScriptAnswer]) -> Vec<Vec<(Txid, Option<u32>)>> {
    let of = |answer: &ScriptAnswer| match answer {
        ScriptAnswer::History(history) => {
            history.txs.iter().map(|seen| (seen.tx.compute_txid(), seen.place.map(|place| place.height))).collect()
        }
        ScriptAnswer::Unchanged => panic!("not unchanged"),
    };
    answers.iter().map(of).collect()
}

#[test]
fn histories_cost_one_search_and_are_remembered() {
    let (chain, waiting, [payment, spend, third]) = story();
    let ids = [&payment, &spend, &third].map(Transaction::compute_txid);
    // The filter of the block that only spends matches too: its spent script is in it.
    let spending = chain.0[3].block_hash();
    let server = node(chain, waiting, move |method, params| {
        let honest =
            story().0.answer(method, params, &[]).ok().filter(|_| method == "scanblocks" && params[0] == "start");
        honest.map(|mut scan| {
            let blocks = scan["relevant_blocks"].as_array_mut().expect("blocks");
            if params[2].as_u64() <= Some(3) && !blocks.contains(&json!(spending)) {
                blocks.insert(0, json!(spending));
            }
            Ok(scan)
        })
    });
    at(&server, async |host| {
        let answers = host.histories(&[asked(1, None), asked(9, None)]).await.expect("answers");
        assert_eq!(found(&answers), [vec![(ids[0], Some(1)), (ids[1], Some(3)), (ids[2], None)], vec![]]);
        let searches = || server.count("POST / {\"id\":0,\"jsonrpc\":\"2.0\",\"method\":\"scanblocks\"");
        assert_eq!(searches(), 1);
        let known = KnownHistory {
            confirmed: vec![(ids[0], 1), (ids[1], 3)],
            waiting: vec![ids[2]],
            ..KnownHistory::default()
        };
        let again = [asked(1, Some(known)), asked(9, Some(KnownHistory::default()))];
        assert_eq!(host.histories(&again).await, Ok(vec![ScriptAnswer::Unchanged, ScriptAnswer::Unchanged]));
        assert_eq!(searches(), 1, "nothing new to search");
        let answers = host.histories(&[asked(2, None), asked(1, None)]).await.expect("answers");
        assert_eq!(found(&answers)[0], [(ids[1], Some(3))]);
        assert_eq!(searches(), 2, "a new script");
    });
}

#[test]
fn a_reorganisation_is_searched_again() {
    let [first, second] = [1, 2].map(|number| {
        let mut tx = fake::payment(&fake::script(1), number);
        tx.input[0].witness = Witness::new();
        tx
    });
    let old = NodeChain::new(vec![vec![first.clone()], vec![second.clone()]]);
    let new = NodeChain::new(vec![vec![first.clone()], vec![], vec![], vec![second.clone()]]);
    let moved = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (switch, order) = (Arc::clone(&moved), std::sync::atomic::Ordering::SeqCst);
    let server =
        node(old, Vec::new(), move |method, params| switch.load(order).then(|| new.answer(method, params, &[])));
    at(&server, async |host| {
        let before = host.histories(&[asked(1, None)]).await.expect("answers");
        let known = KnownHistory {
            confirmed: vec![(first.compute_txid(), 1), (second.compute_txid(), 2)],
            waiting: vec![],
            ..KnownHistory::default()
        };
        assert_eq!(found(&before)[0], [(first.compute_txid(), Some(1)), (second.compute_txid(), Some(2))]);
        assert_eq!(host.histories(&[asked(1, Some(known.clone()))]).await, Ok(vec![ScriptAnswer::Unchanged]));
        moved.store(true, order);
        let after = host.histories(&[asked(1, Some(known.clone()))]).await.expect("answers");
        assert_eq!(found(&after)[0], [(first.compute_txid(), Some(1)), (second.compute_txid(), Some(4))]);
    });
}

#[test]
fn a_node_without_the_index_is_read_block_by_block_where_its_chain_is_short() {
    type Answers = fn(&str) -> Option<Result<Value, (i64, &'static str)>>;
    let of = |answers: Answers| {
        let (chain, waiting, _) = story();
        let server = node(chain, waiting, move |method, _| answers(method));
        at(&server, async |host| host.histories(&[asked(1, None), asked(2, None)]).await)
    };
    let with = of(|_| None);
    assert!(with.as_ref().is_ok_and(|answers| found(answers)[0].len() == 3));
    let without = |method: &str| (method == "getindexinfo").then(|| Ok(json!({})));
    assert_eq!(of(without), with);
    let long = |method: &str| match method {
        "getblockchaininfo" => {
            Some(Ok(json!({"blocks": 5_000, "headers": 5_000, "bestblockhash": BlockHash::all_zeros()})))
        }
        _ => (method == "getindexinfo").then(|| Ok(json!({}))),
    };
    assert_eq!(of(long), Err(Cause::NoFilterIndex));
}

#[test]
fn an_index_that_is_behind_has_no_empty_histories() {
    let without = |answer: fn() -> Result<Value, (i64, &'static str)>| {
        let (chain, waiting, _) = story();
        let server = node(chain, waiting, move |method, _| (method == "getindexinfo").then(answer));
        at(&server, async |host| host.histories(&[asked(1, None)]).await)
    };
    let behind = || Ok(json!({"basic block filter index": {"synced": false, "best_block_height": 3}}));
    assert_eq!(without(behind), Err(Cause::Busy), "a search beyond the index finds nothing and says nothing");
    let (chain, waiting, _) = story();
    let refused = node(chain, waiting, |method, _| {
        (method == "scanblocks").then_some(Err((-1, "Index is not enabled for filtertype basic")))
    });
    assert_eq!(at(&refused, async |host| host.histories(&[asked(1, None)]).await), Err(Cause::NoFilterIndex));
}

#[test]
fn its_own_node_is_not_believed() {
    let lied = |method: &'static str, change: fn(Value) -> Value| {
        let (chain, waiting, _) = story();
        let server = node(chain, waiting, move |asked, params| {
            let (chain, waiting, _) = story();
            (asked == method).then(|| chain.answer(asked, params, &waiting).map(change))
        });
        at(&server, async |host| host.histories(&[asked(1, None)]).await.expect_err("a lie"))
    };
    // A transaction more in the block, of which its header knows nothing.
    let swollen = |hex: Value| {
        let bytes = Vec::<u8>::from_hex(hex.as_str().expect("hex")).expect("hex");
        let mut block: Block = consensus::deserialize(&bytes).expect("a block");
        block.txdata.push(fake::payment(&fake::script(1), 99));
        json!(serialize_hex(&block))
    };
    assert_eq!(lied("getblock", swollen), Cause::Lied);
    assert_eq!(lied("getblock", |_| json!("00ff")), Cause::Malformed);
    let other = |_| json!(serialize_hex(&genesis_block(bitcoin::Network::Regtest)));
    assert_eq!(lied("getblock", other), Cause::Lied, "another block");
    let foreign = |_| json!(serialize_hex(&fake::payment(&fake::script(1), 98)));
    assert_eq!(lied("getrawtransaction", foreign), Cause::Lied);
    let mut rich = fake::payment(&fake::script(1), 97);
    rich.output[0].value = Amount::MAX_MONEY + Amount::ONE_SAT;
    let chain = NodeChain::new(vec![vec![rich]]);
    let (hash, server) = (chain.0[1].block_hash(), node(chain, Vec::new(), |_, _| None));
    at(&server, async |host| assert_eq!(host.block(hash).await.err(), Some(Cause::Lied), "more than can exist"));
    let short = |mut scan: Value| {
        scan["to_height"] = json!(2);
        scan
    };
    assert_eq!(lied("scanblocks", short), Cause::Unsettled);
    let aborted = |mut scan: Value| {
        scan["completed"] = json!(false);
        scan
    };
    assert_eq!(lied("scanblocks", aborted), Cause::Unsettled);
    let moved = |mut header: Value| {
        header["confirmations"] = json!(-1);
        header
    };
    assert_eq!(lied("getblockheader", moved), Cause::Unsettled);
}

#[test]
fn places_branches_and_headers() {
    let (chain, waiting, [payment, spend, third]) = story();
    let hash = chain.0[1].block_hash();
    let server = node(chain, waiting, |_, _| None);
    at(&server, async |host| {
        host.check_chain().await.expect("our chain");
        assert_eq!(host.tip().await.expect("a tip").height, 4);
        assert_eq!(host.block_hash_at(5).await, Ok(None));
        let place = host.place(payment.compute_txid()).await.expect("an answer");
        assert!(matches!(place, Some(TxPlace::Confirmed(block)) if block.hash == hash && block.height == 1));
        assert_eq!(host.place(third.compute_txid()).await, Ok(Some(TxPlace::Mempool)));
        assert_eq!(host.place(Txid::all_zeros()).await, Ok(None));
        let branch = host.branches(&[(payment.compute_txid(), 1)]).await.expect("an answer").remove(0).expect("in it");
        let headers = host.header_runs(&[1], 4).await.expect("headers").remove(0);
        assert_eq!(headers.len(), 4);
        assert_eq!(crate::chain::bitcoin::spv::root(&payment, &branch), Ok(headers[0].merkle_root));
        assert_eq!(host.branches(&[(payment.compute_txid(), 2)]).await, Ok(vec![None]));
        assert_eq!(host.branches(&[(payment.compute_txid(), 9)]).await, Ok(vec![None]));
        let spent = OutPoint { txid: payment.compute_txid(), vout: 0 };
        // No index of spends: the blocks are searched, and the stand-in's filter names blocks by payments only.
        assert_eq!(host.outspend(spent).await, Ok(None));
        assert_eq!(host.outspend(OutPoint { txid: spend.compute_txid(), vout: 7 }).await, Err(Cause::Missing));
        assert_eq!(host.outspend(OutPoint { txid: Txid::all_zeros(), vout: 0 }).await, Err(Cause::Missing));
        assert_eq!(host.fee_rates().await, Ok(BTreeMap::from([(2, FeeRate { sat_per_kvb: 10_000 })])));
    });
}

#[test]
fn without_an_index_of_transactions_not_knowing_is_no_answer() {
    let (chain, waiting, [payment, ..]) = story();
    let best = chain.0[4].block_hash();
    let txid = payment.compute_txid();
    let server = node(chain, waiting, move |method, params| match method {
        "getrawtransaction" => Some(Err((
            -5,
            "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.",
        ))),
        "gettxout" if params[0] == json!(txid) && params[1] == 0 => {
            Some(Ok(json!({"bestblock": best, "confirmations": 4, "value": 0.1})))
        }
        _ => None,
    });
    at(&server, async |host| {
        assert_eq!(host.place(Txid::all_zeros()).await, Err(Cause::Unsupported));
        assert_eq!(host.transaction(txid).await, Ok(Some(payment.clone())), "by its coin");
        assert!(matches!(host.place(txid).await, Ok(Some(TxPlace::Confirmed(block))) if block.height == 1));
    });
}

#[test]
fn a_false_spender_is_a_lie() {
    let (chain, waiting, [payment, spend, third]) = story();
    for (claimed, expected) in
        [(spend.compute_txid(), Ok(Some(spend.compute_txid()))), (third.compute_txid(), Err(Cause::Lied))]
    {
        let (txid, waiting) = (payment.compute_txid(), waiting.clone());
        let server = node(NodeChain(chain.0.clone()), waiting, move |method, _| {
            (method == "gettxspendingprevout").then(|| Ok(json!([{"txid": txid, "vout": 0, "spendingtxid": claimed}])))
        });
        assert_eq!(at(&server, async |host| host.outspend(OutPoint { txid, vout: 0 }).await), expected);
    }
}

#[test]
fn a_large_mempool_is_followed_by_coins_and_said_to_be_more() {
    let (chain, waiting, [payment, spend, third]) = story();
    let mut child = spend.clone();
    child.output[0].script_pubkey = fake::script(1);
    child.input[0].previous_output = OutPoint { txid: payment.compute_txid(), vout: 0 };
    let (txid, child_id) = (payment.compute_txid(), child.compute_txid());
    let only = NodeChain(chain.0[..3].to_vec());
    let server = node(only, [waiting, vec![child]].concat(), move |method, params| match method {
        "getrawmempool" => Some(Ok((0..20_001).map(|n| json!(format!("{n:064x}"))).collect())),
        "gettxspendingprevout" => {
            let spends = |coin: &Value| coin["txid"] == json!(txid);
            let outputs = params[0].as_array().expect("coins").iter();
            Some(Ok(outputs
                .map(|coin| if spends(coin) { json!({"spendingtxid": child_id}) } else { json!({}) })
                .collect()))
        }
        _ => None,
    });
    let known = KnownHistory { confirmed: vec![], waiting: vec![third.compute_txid()], ..KnownHistory::default() };
    let answers = at(&server, async |host| host.histories(&[asked(1, Some(known.clone()))]).await.expect("answers"));
    let ScriptAnswer::History(history) = &answers[0] else { panic!("a history") };
    assert!(history.mempool_capped);
    let mut expected = vec![(txid, Some(1)), (child_id, None), (third.compute_txid(), None)];
    expected[1..].sort();
    assert_eq!(found(&answers)[0], expected);
}

#[test]
fn the_login_is_a_header_and_refusals_are_sorted() {
    let tx = fake::payment(&fake::script(1), 9);
    let sent = |status: u16, body: Value| {
        let server = Server::start(move |_| Act::Answer(status, body.to_string().into_bytes()));
        at(&server, async |host| host.post(&consensus::serialize(&tx)).await).expect("an answer")
    };
    let ours = sent(200, json!({"jsonrpc": "2.0", "id": 0, "result": "ab".repeat(32)}));
    assert_eq!((ours.status, ours.body), (200, "ab".repeat(32).into_bytes()));
    for status in [200, 500] {
        let reply = sent(status, json!({"id": 0, "result": null, "error": {"code": -26, "message": "dust"}}));
        let class = reject::Refusal::Class(crate::explorer::bitcoin::RejectClass::NonStandard);
        assert_eq!((reply.status, reject::classify(&reply.body)), (400, class));
    }
    let warm = json!({"id": 0, "result": null, "error": {"code": -28, "message": "Loading block index"}});
    assert_eq!(sent(500, warm).status, 503);
    assert_eq!(sent(503, json!("Work queue depth exceeded")).status, 503);
    assert_eq!(sent(401, json!("")).status, 401);
    assert_eq!(sent(500, json!("nothing")).status, 500);
    let shy = Server::start(|_| Act::Answer(401, Vec::new()));
    let asked = async |host: Core<'_>| {
        assert!(
            host.endpoint
                .memory::<NodeMemory>()
                .expect("a node")
                .login
                .set(NodeLogin::parse(b"me:word").expect("a login").into())
                .is_ok()
        );
        host.tip().await
    };
    assert_eq!(at(&shy, asked), Err(Cause::Denied));
}
