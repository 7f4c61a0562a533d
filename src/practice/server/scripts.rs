//! Answers about addresses and script hashes: totals, history by pages, unspent outputs.
//!
//! Only reads the chain. A script hash here is sha256 of the script, not reversed.

use bitcoin::{Address, Network, Txid, address::NetworkUnchecked, hashes::sha256};
use serde::Serialize;

use super::{
    blocks::TRANSACTIONS,
    json::{ServedStatus, TransactionJson},
    reply::{Keep, ServerAnswer, ServerReply, bad_request, no_endpoint},
};
use crate::practice::{
    chain::PracticeChain,
    index::{Stats, script_hash},
    query::FoundTx,
};

/// Waiting transactions in one answer.
const WAITING: usize = 50;
/// Most unspent outputs in one answer.
const UNSPENT: usize = 500;

#[derive(Serialize)]
struct TotalsJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scripthash: Option<&'a str>,
    chain_stats: Stats,
    mempool_stats: Stats,
}

#[derive(Serialize)]
struct UnspentJson {
    txid: Txid,
    vout: u32,
    status: ServedStatus,
    value: u64,
}

pub(super) fn by_address(chain: &PracticeChain, text: &str, rest: &[&str]) -> ServerAnswer {
    let address: Address<NetworkUnchecked> = text.parse().map_err(|_| bad_request("Invalid Bitcoin address"))?;
    let address = address.require_network(Network::Regtest).map_err(|_| bad_request("Address on invalid network"))?;
    let hash = script_hash(&address.script_pubkey());
    match rest {
        [] => Ok(totals(chain, &hash, |it| it.address = Some(text))),
        _ => details(chain, &hash, rest),
    }
}

pub(super) fn by_hash(chain: &PracticeChain, text: &str, rest: &[&str]) -> ServerAnswer {
    let hash: sha256::Hash = text.parse().map_err(|_| bad_request("Invalid scripthash"))?;
    match rest {
        [] => Ok(totals(chain, &hash, |it| it.scripthash = Some(text))),
        _ => details(chain, &hash, rest),
    }
}

fn totals<'a>(chain: &PracticeChain, script: &sha256::Hash, name: impl FnOnce(&mut TotalsJson<'a>)) -> ServerReply {
    let mut totals = TotalsJson {
        address: None,
        scripthash: None,
        chain_stats: chain.index.history(script).map(|history| history.stats).unwrap_or_default(),
        mempool_stats: chain.mempool.stats(script),
    };
    name(&mut totals);
    ServerReply::json(&totals, Keep::Short)
}

fn details(chain: &PracticeChain, script: &sha256::Hash, rest: &[&str]) -> ServerAnswer {
    match rest {
        ["txs"] => {
            let mut page = waiting(chain, script);
            page.extend(confirmed(chain, script, None));
            Ok(transactions(chain, page))
        }
        ["txs", "chain"] => Ok(transactions(chain, confirmed(chain, script, None))),
        // A cursor that is not a txid counts as absent, as Esplora has it.
        ["txs", "chain", last] => Ok(transactions(chain, confirmed(chain, script, last.parse().ok()))),
        ["txs", "mempool"] => Ok(transactions(chain, waiting(chain, script))),
        ["utxo"] => unspent(chain, script),
        _ => Err(no_endpoint(&format!("/scripthash/{script}/{}", rest.join("/")))),
    }
}

fn waiting<'a>(chain: &'a PracticeChain, script: &sha256::Hash) -> Vec<FoundTx<'a>> {
    chain.mempool.history(*script).take(WAITING).filter_map(|entry| chain.find(&entry.txid)).collect()
}

/// A page of confirmed transactions, newest first, after `last`; empty when `last` is not in the history (any more).
fn confirmed<'a>(chain: &'a PracticeChain, script: &sha256::Hash, last: Option<Txid>) -> Vec<FoundTx<'a>> {
    let txids = chain.index.history(script).map_or(&[][..], |history| &history.txids);
    let older = match last {
        None => txids,
        Some(last) => txids.iter().rposition(|txid| *txid == last).and_then(|at| txids.get(..at)).unwrap_or_default(),
    };
    older.iter().rev().take(TRANSACTIONS).filter_map(|txid| chain.find(txid)).collect()
}

fn transactions(chain: &PracticeChain, found: Vec<FoundTx<'_>>) -> ServerReply {
    let page: Vec<TransactionJson> = found.iter().map(|found| TransactionJson::new(chain, found)).collect();
    ServerReply::json(&page, Keep::Short)
}

fn unspent(chain: &PracticeChain, script: &sha256::Hash) -> ServerAnswer {
    let confirmed = chain.index.history(script).map_or(0, |history| history.unspent.len());
    if confirmed > UNSPENT {
        return Err(bad_request(format!(
            "Too many unspent transaction outputs (>{UNSPENT}). Contact support to raise limits."
        )));
    }
    let list: Vec<UnspentJson> = chain
        .unspent(script)
        .into_iter()
        .map(|(outpoint, (output, height))| UnspentJson {
            txid: outpoint.txid,
            vout: outpoint.vout,
            status: ServedStatus::at(chain, height),
            value: output.value.to_sat(),
        })
        .collect();
    Ok(ServerReply::json(&list, Keep::Short))
}
