//! Answers about many scripts at once, as mempool.space has them: `POST /scripthashes/txs` and its summary.
//!
//! Only reads the chain. One list for all scripts of the request: what waits first, then what is confirmed, newest first.

use std::{cmp::Reverse, collections::BTreeSet};

use bitcoin::{Transaction, TxOut, Txid, hashes::sha256};
use serde::Serialize;

use super::{
    json::TransactionJson,
    reply::{Keep, ServerAnswer, ServerReply, bad_request, no_endpoint},
};
use crate::practice::{chain::PracticeChain, index::script_hash, query::FoundTx};

/// Most scripts of one request.
const SCRIPTS: usize = 300;
/// Longest list of them, in bytes.
const LIST: usize = 21_600;
/// Transactions in one answer, unless the request says how many.
const TRANSACTIONS: usize = 50;
/// Lines in one summary.
const LINES: usize = 5_000;

/// A line of the summary: what a transaction did to the scripts of the request.
#[derive(Serialize)]
struct LineJson {
    txid: Txid,
    height: u32,
    /// Satoshi received less satoshi spent.
    value: i64,
    time: u32,
    tx_position: usize,
}

/// Where a list goes on.
#[derive(Clone, Copy)]
enum After {
    Nothing,
    Waiting(Txid),
    Confirmed(Txid),
}

pub(super) fn answer(chain: &PracticeChain, rest: &[&str], (query, body): (&str, &[u8])) -> ServerAnswer {
    let scripts = scripts(body)?;
    match rest {
        ["txs"] => transactions(chain, &scripts, query),
        ["txs", "summary"] => summary(chain, &scripts, None),
        ["txs", "summary", last] => summary(chain, &scripts, last.parse().ok()),
        _ => Err(no_endpoint(&format!("/scripthashes/{}", rest.join("/")))),
    }
}

/// The scripts of a request; entries that are no hashes are left out without a word.
fn scripts(body: &[u8]) -> Result<BTreeSet<sha256::Hash>, ServerReply> {
    let too_long = || ServerReply::error(422, "body too long");
    if body.len() > LIST {
        return Err(too_long());
    }
    let texts: Vec<String> = serde_json::from_slice(body).map_err(|error| bad_request(error.to_string()))?;
    if texts.len() > SCRIPTS {
        return Err(too_long());
    }
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}

fn transactions(chain: &PracticeChain, scripts: &BTreeSet<sha256::Hash>, query: &str) -> ServerAnswer {
    let most = parameter(query, "max_txs").and_then(|text| text.parse().ok()).unwrap_or(TRANSACTIONS);
    let after = after(chain, parameter(query, "after_txid").and_then(|text| text.parse().ok()))?;
    let mut page = match after {
        After::Nothing => waiting(chain, scripts),
        After::Waiting(last) => follow(waiting(chain, scripts), last),
        After::Confirmed(_) => Vec::new(),
    };
    let confirmed = confirmed(chain, scripts);
    page.extend(match after {
        After::Confirmed(last) => follow(confirmed, last),
        _ => confirmed,
    });
    page.truncate(most);
    let page: Vec<TransactionJson> = page.iter().map(|found| TransactionJson::new(chain, found)).collect();
    Ok(ServerReply::json(&page, Keep::Short))
}

/// The value of a parameter of the query string.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn after(chain: &PracticeChain, last: Option<Txid>) -> Result<After, ServerReply> {
    let Some(last) = last else { return Ok(After::Nothing) };
    let found = chain.find(&last).ok_or_else(|| ServerReply::error(422, "after_txid not found"))?;
    Ok(if found.place.is_some() { After::Confirmed(last) } else { After::Waiting(last) })
}

fn follow(list: Vec<FoundTx<'_>>, last: Txid) -> Vec<FoundTx<'_>> {
    list.into_iter().skip_while(|found| found.txid != last).skip(1).collect()
}

fn waiting<'a>(chain: &'a PracticeChain, scripts: &BTreeSet<sha256::Hash>) -> Vec<FoundTx<'a>> {
    let txids: BTreeSet<Txid> =
        scripts.iter().flat_map(|script| chain.mempool.history(*script).map(|entry| entry.txid)).collect();
    let listed = chain.mempool.entries().rev().filter(|entry| txids.contains(&entry.txid));
    listed.filter_map(|entry| chain.find(&entry.txid)).collect()
}

fn confirmed<'a>(chain: &'a PracticeChain, scripts: &BTreeSet<sha256::Hash>) -> Vec<FoundTx<'a>> {
    let histories = scripts.iter().filter_map(|script| chain.index.history(script));
    let txids: BTreeSet<&Txid> = histories.flat_map(|history| &history.txids).collect();
    let mut found: Vec<FoundTx<'a>> = txids.into_iter().filter_map(|txid| chain.find(txid)).collect();
    found.sort_by_key(|found| Reverse(found.place));
    found
}

fn summary(chain: &PracticeChain, scripts: &BTreeSet<sha256::Hash>, last: Option<Txid>) -> ServerAnswer {
    let confirmed = confirmed(chain, scripts);
    let older = match after(chain, last)? {
        After::Confirmed(last) => follow(confirmed, last),
        _ => confirmed,
    };
    let lines = older.iter().take(LINES).filter_map(|found| line(chain, scripts, found));
    Ok(ServerReply::json(&lines.collect::<Vec<LineJson>>(), Keep::Short))
}

fn line(chain: &PracticeChain, scripts: &BTreeSet<sha256::Hash>, found: &FoundTx<'_>) -> Option<LineJson> {
    let (height, tx_position) = found.place?;
    let transaction: &Transaction = found.transaction;
    let value = ours(scripts, &transaction.output).checked_sub(ours(scripts, found.prevouts.iter().copied()))?;
    Some(LineJson { txid: found.txid, height, value, time: chain.link_at(height)?.header.time, tx_position })
}

/// Satoshi on the scripts of the request; no real sum overflows.
fn ours<'a>(scripts: &BTreeSet<sha256::Hash>, outputs: impl IntoIterator<Item = &'a TxOut>) -> i64 {
    let counted = outputs.into_iter().filter(|output| scripts.contains(&script_hash(&output.script_pubkey)));
    counted.fold(0, |sum: i64, output| sum.saturating_add_unsigned(output.value.to_sat()))
}
