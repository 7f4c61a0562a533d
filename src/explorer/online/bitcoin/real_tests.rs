//! Both other backends against real servers on one chain: they have to say the same, and prove it.
//!
//! Tests only, and only where `FASTNESS_REAL_CORE` and `FASTNESS_REAL_ELECTRUM` name a node and an Electrum server of the
//! same regtest chain (see docs/CONTRIBUTING.md); otherwise there is nothing to compare and nothing is claimed.

use std::{collections::BTreeSet, env, time::Duration};

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, consensus};
use tokio::time::Instant;

use super::{
    broadcast::reject,
    core_rpc::{Core, memory::NodeMemory},
    electrum::Electrum,
    fake,
    history::HostHistory,
    questions::{KnownFrom, ScriptAnswer, ScriptQuery},
};
use crate::{
    chain::bitcoin::spv,
    explorer::{
        Cause, Egress, NodeLogin,
        bitcoin::{BlockRef, KnownHistory, TxPlace},
        online::transport::{endpoint::Endpoint, http::Http},
    },
    network::Network,
};

/// What the environment names: the node, the Electrum server, and scripts in hex.
fn named() -> Option<(Endpoint, Endpoint, Vec<ScriptBuf>)> {
    let core = Endpoint::parse(&env::var("FASTNESS_REAL_CORE").ok()?).expect("a node");
    let electrum = Endpoint::parse(&env::var("FASTNESS_REAL_ELECTRUM").ok()?).expect("a server");
    if let Ok(login) = env::var("FASTNESS_REAL_LOGIN") {
        assert!(
            core.memory::<NodeMemory>()
                .expect("a node")
                .login
                .set(NodeLogin::parse(login.as_bytes()).expect("a login").into())
                .is_ok()
        );
    }
    let scripts = env::var("FASTNESS_REAL_SCRIPTS").unwrap_or_default();
    let scripts = scripts.split_whitespace().map(|hex| ScriptBuf::from_hex(hex).expect("a script"));
    let unused = (0..150).map(|n| fake::script(1_000 + n));
    Some((core, electrum, scripts.chain(unused).collect()))
}

fn history(answer: &ScriptAnswer) -> &HostHistory {
    match answer {
        ScriptAnswer::History(history) => history,
        ScriptAnswer::Unchanged => panic!("nothing was known"),
    }
}

fn places(answer: &ScriptAnswer) -> BTreeSet<(Txid, Option<BlockRef>)> {
    history(answer).txs.iter().map(|seen| (seen.tx.compute_txid(), seen.place)).collect()
}

fn known(answer: &ScriptAnswer) -> KnownHistory {
    let (mut known, mut confirmed) = (KnownHistory::default(), Vec::new());
    for seen in &history(answer).txs {
        match seen.place {
            Some(place) => confirmed.push((place.height, seen.tx.compute_txid())),
            None => known.waiting.push(seen.tx.compute_txid()),
        }
    }
    confirmed.sort_by_key(|(height, _)| *height);
    known.confirmed = confirmed.into_iter().map(|(height, txid)| (txid, height)).collect();
    known
}

async fn same_histories(
    core: Core<'_>,
    electrum: Electrum<'_>,
    scripts: &[ScriptBuf],
) -> Vec<(Transaction, Option<BlockRef>)> {
    let asked: Vec<ScriptQuery> = scripts
        .iter()
        .map(|script| ScriptQuery { script: script.clone(), known: None, told: KnownFrom::Here })
        .collect();
    let started = Instant::now();
    let from_core = core.histories(&asked).await.expect("the node's");
    let between = Instant::now();
    let from_electrum = electrum.histories(&asked).await.expect("the server's");
    let ended = Instant::now();
    let mut seen = Vec::new();
    for ((ours, theirs), script) in from_core.iter().zip(&from_electrum).zip(scripts) {
        assert_eq!(places(ours), places(theirs), "{script}");
        seen.extend(history(theirs).txs.iter().map(|at| (at.tx.clone(), at.place)));
    }
    let again: Vec<ScriptQuery> = asked
        .iter()
        .zip(&from_core)
        .map(|(one, answer)| ScriptQuery {
            script: one.script.clone(),
            known: Some(known(answer)),
            told: KnownFrom::Here,
        })
        .collect();
    let third = Instant::now();
    assert!(core.histories(&again).await.expect("again").iter().all(|answer| *answer == ScriptAnswer::Unchanged));
    let fourth = Instant::now();
    assert!(electrum.histories(&again).await.expect("again").iter().all(|answer| *answer == ScriptAnswer::Unchanged));
    let times = [between - started, ended - between, fourth - third, fourth.elapsed()];
    let report = format!("{} scripts, {} transactions: {times:?}", scripts.len(), seen.len());
    // Figures for the person who runs it, on the channel of the test's own output.
    std::io::Write::write_all(&mut std::io::stderr(), format!("{report}\n").as_bytes()).expect("stderr");
    seen
}

async fn proven_and_placed(core: Core<'_>, electrum: Electrum<'_>, tx: &Transaction, place: Option<BlockRef>) {
    let txid = tx.compute_txid();
    let expected = place.map_or(TxPlace::Mempool, TxPlace::Confirmed);
    assert_eq!(core.place(txid).await, Ok(Some(expected)), "{txid}");
    assert_eq!(electrum.place(txid).await, Ok(Some(expected)), "{txid}");
    for vout in (0u32..).take(tx.output.len()) {
        let spender = core.outspend(OutPoint { txid, vout }).await.expect("an answer");
        assert_eq!(electrum.outspend(OutPoint { txid, vout }).await, Ok(spender), "{txid}:{vout}");
    }
    let Some(place) = place else { return };
    let tip = core.tip().await.expect("a tip").height;
    let branch = core.branches(&[(txid, place.height)]).await.expect("a branch").remove(0).expect("in a block");
    assert_eq!(electrum.branches(&[(txid, place.height)]).await, Ok(vec![Some(branch.clone())]));
    assert_eq!(electrum.branches(&[(txid, place.height - 1)]).await, Ok(vec![None]));
    assert_eq!(core.branches(&[(txid, place.height - 1)]).await, Ok(vec![None]));
    let headers = core.header_runs(&[place.height], tip).await.expect("headers").remove(0);
    assert_eq!(electrum.header_runs(&[place.height], tip).await, Ok(vec![headers.clone()]));
    if headers.len() > spv::SUCCESSORS {
        assert_eq!(spv::verify(Network::Regtest, tx, &branch, &headers), Ok(headers.len()));
    }
}

#[test]
fn claims_nothing_unless_fastness_real_core_is_set_a_node_and_an_electrum_server_say_the_same() {
    let Some((core, electrum, scripts)) = named() else { return };
    let http = Http::new(&Egress::default()).expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(300);
        let network = Network::Regtest;
        let core = Core { http: &http, endpoint: &core, deadline, network };
        let electrum = Electrum { http: &http, endpoint: &electrum, deadline, network };
        core.check_chain().await.expect("our chain");
        electrum.check_chain().await.expect("our chain");
        let tip = core.tip().await.expect("a tip");
        assert_eq!(electrum.tip().await, Ok(tip));
        for height in [0, tip.height, tip.height + 1, u32::MAX / 2] {
            assert_eq!(core.block_hash_at(height).await, electrum.block_hash_at(height).await, "{height}");
        }
        assert_eq!(core.fee_rates().await, electrum.fee_rates().await);
        let seen = same_histories(core, electrum, &scripts).await;
        // Newest first: a server may answer a single question only after a second, to hide it from an eavesdropper.
        for (tx, place) in seen.iter().rev().take(8) {
            proven_and_placed(core, electrum, tx, *place).await;
        }
        let nobodys = fake::payment(&fake::script(1), 1);
        let txid = nobodys.compute_txid();
        assert_eq!((core.transaction(txid).await, electrum.transaction(txid).await), (Ok(None), Ok(None)));
        assert_eq!((core.place(txid).await, electrum.place(txid).await), (Ok(None), Ok(None)));
        for reply in
            [core.post(&consensus::serialize(&nobodys)).await, electrum.post(&consensus::serialize(&nobodys)).await]
        {
            let reply = reply.expect("an answer");
            assert_eq!((reply.status, reject::classify(&reply.body)), (400, reject::Refusal::ReadBack));
        }
        for (tx, _) in seen.iter().filter(|(_, place)| place.is_none()).take(1) {
            for reply in [core.post(&consensus::serialize(tx)).await, electrum.post(&consensus::serialize(tx)).await] {
                let reply = reply.expect("an answer");
                assert_eq!((reply.status, reply.body), (200, tx.compute_txid().to_string().into_bytes()));
            }
        }
    });
}

#[test]
fn claims_nothing_unless_fastness_real_bare_core_is_set_a_node_without_indexes_says_so() {
    let Ok(url) = env::var("FASTNESS_REAL_BARE_CORE") else { return };
    let endpoint = Endpoint::parse(&url).expect("a node");
    if let Ok(login) = env::var("FASTNESS_REAL_LOGIN") {
        assert!(
            endpoint
                .memory::<NodeMemory>()
                .expect("a node")
                .login
                .set(NodeLogin::parse(login.as_bytes()).expect("a login").into())
                .is_ok()
        );
    }
    let http = Http::new(&Egress::default()).expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let deadline = Instant::now() + Duration::from_secs(30);
        let core = Core { http: &http, endpoint: &endpoint, deadline, network: Network::Regtest };
        let asked = ScriptQuery { script: fake::script(1), known: None, told: KnownFrom::Here };
        assert_eq!(core.histories(&[asked]).await, Err(Cause::NoFilterIndex));
        let nobodys = fake::payment(&fake::script(1), 1).compute_txid();
        assert_eq!(core.place(nobodys).await, Err(Cause::Unsupported), "it cannot know");
        // The newest coinbase has its coin left, which leads to its block.
        let tip = core.tip().await.expect("a tip");
        let block = core.block(tip.hash).await.expect("a block");
        let txid = block.txdata[0].compute_txid();
        let place = core.place(txid).await.expect("an answer");
        assert!(matches!(place, Some(TxPlace::Confirmed(at)) if at.hash == tip.hash), "{place:?}");
    });
}
