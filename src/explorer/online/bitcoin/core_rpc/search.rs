//! Histories from a person's own node: its index of block filters names the blocks, which are fetched whole and read here.
//!
//! No wallet of the node is used and none is made. A node without the index is an error, never an empty history. What was
//! searched is remembered: the next question searches new scripts, and new blocks.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{
    Block, BlockHash, OutPoint, Script, ScriptBuf, Transaction, Txid,
    hashes::{Hash, sha256},
};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hex::DisplayHex;
use miniscript::descriptor::checksum::desc_checksum;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Core,
    memory::{NodeMemory, Searched},
    wire::{Complaint, CoreCall, Node, shape},
};
use crate::explorer::{
    Cause, Subject,
    bitcoin::{BlockRef, KnownHistory, Tip, TxAt},
    online::{
        bitcoin::{
            electrum::json,
            history::HostHistory,
            questions::{ScriptAnswer, ScriptQuery},
        },
        transport::{http::RequestPurpose, limits},
    },
};

/// Blocks in flight at once.
const BLOCKS_AT_ONCE: usize = 4;
/// Coins asked for in one question.
const COINS: usize = 500;
/// Generations of waiting transactions that are followed where not all are looked through.
const GENERATIONS: usize = 25;

#[derive(Deserialize)]
struct ScanJson {
    from_height: u32,
    to_height: u32,
    relevant_blocks: Vec<BlockHash>,
    /// Not stated before version 26, which had no way to end early without an error.
    completed: Option<bool>,
}

#[derive(Deserialize)]
struct IndexJson {
    best_block_height: u32,
}

#[derive(Deserialize)]
struct SpendingJson {
    spendingtxid: Option<Txid>,
}

/// Whether all waiting transactions were looked through.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MempoolView {
    Whole,
    /// Only those that spend known coins, or were known.
    Known,
}

impl Core<'_> {
    /// The histories of some scripts, one answer each, in their order.
    ///
    /// Scripts that were never asked about cost one search of all blocks together; those that were, one of new blocks.
    pub(crate) async fn histories(&self, asked: &[ScriptQuery]) -> Result<Vec<ScriptAnswer>, Cause> {
        let memory = &mut *self.endpoint.memory::<NodeMemory>()?.searched.lock().await;
        asked.iter().for_each(|one| self.tell(Subject::Script(sha256::Hash::hash(one.script.as_bytes()).to_string())));
        // Waiting transactions first, so that one that confirms meanwhile is seen twice rather than never.
        let seen = self.read_mempool(memory).await?;
        let tip = self.tip().await?;
        let scripts: BTreeSet<ScriptBuf> = asked.iter().map(|one| one.script.clone()).collect();
        self.drop_stale(memory, &scripts).await?;
        memory.watch(&scripts);
        for (from, group) in groups(memory, &scripts, tip) {
            self.search(memory, &group, from, tip).await?;
        }
        if self.block_hash_at(tip.height).await? != Some(tip.hash) {
            return Err(Cause::Unsettled);
        }
        if seen == MempoolView::Known {
            self.follow_coins(memory, &scripts, asked).await?;
        }
        let waiting = memory.waiting_by_script();
        Ok(asked.iter().map(|one| answer(memory, one, waiting.get(&one.script), seen)).collect())
    }

    /// What a search has found of a transaction.
    pub(crate) async fn found_by_search(&self, txid: Txid) -> Option<TxAt> {
        let memory = self.endpoint.memory::<NodeMemory>().ok()?.searched.lock().await;
        let all = memory.scripts.values().flat_map(|watched| &watched.txs);
        all.into_iter().find(|seen| seen.tx.compute_txid() == txid).cloned()
    }

    /// The transaction in a block that spends an output; nothing if none does.
    pub(crate) async fn search_spender(
        &self,
        outpoint: OutPoint,
        script: &Script,
        from: u32,
    ) -> Result<Option<Txid>, Cause> {
        let tip = self.tip().await?;
        for (first, last) in ranges(from, tip.height) {
            for place in self.relevant(&[descriptor(script)?], first, last).await? {
                let block = self.block(place.hash).await?;
                let spends = |tx: &&Transaction| tx.input.iter().any(|input| input.previous_output == outpoint);
                if let Some(spender) = block.txdata.iter().find(spends) {
                    return Ok(Some(spender.compute_txid()));
                }
            }
        }
        Ok(None)
    }

    /// Forgets scripts whose last searched block is no longer in the chain.
    async fn drop_stale(&self, memory: &mut Searched, scripts: &BTreeSet<ScriptBuf>) -> Result<(), Cause> {
        let searched: Vec<(ScriptBuf, Tip)> =
            scripts.iter().filter_map(|script| Some((script.clone(), memory.scripts.get(script)?.to?))).collect();
        let heights: BTreeSet<u32> = searched.iter().map(|(_, to)| to.height).collect();
        let mut hashes = BTreeMap::new();
        for height in heights {
            hashes.insert(height, self.block_hash_at(height).await?);
        }
        let is_stale = |to: &Tip| hashes.get(&to.height).copied().flatten() != Some(to.hash);
        let stale: Vec<ScriptBuf> =
            searched.into_iter().filter(|(_, to)| is_stale(to)).map(|(script, _)| script).collect();
        memory.forget(&stale);
        Ok(())
    }

    /// Searches the blocks from a height up to the tip for some scripts, and notes what they hold. What was searched
    /// when the time ends stays known.
    async fn search(
        &self,
        memory: &mut Searched,
        scripts: &BTreeSet<ScriptBuf>,
        from: u32,
        tip: Tip,
    ) -> Result<(), Cause> {
        let descriptors = scripts.iter().map(|script| descriptor(script)).collect::<Result<Vec<_>, _>>()?;
        for (first, last) in ranges(from, tip.height) {
            let places = self.relevant(&descriptors, first, last).await?;
            let fetch = async |place: BlockRef| self.block(place.hash).await.map(|block| (block, place));
            let mut blocks = std::pin::pin!(stream::iter(places).map(fetch).buffered(BLOCKS_AT_ONCE));
            while let Some((block, place)) = blocks.try_next().await? {
                for tx in memory.note(scripts, &block, checked(&block, place)?) {
                    self.http.keep(tx)?;
                }
            }
            let hash = if last == tip.height { Some(tip.hash) } else { self.block_hash_at(last).await? };
            let to = Tip { height: last, hash: hash.ok_or(Cause::Unsettled)? };
            for script in scripts {
                memory.scripts.entry(script.clone()).or_default().to = Some(to);
            }
        }
        Ok(())
    }

    /// Blocks between two heights that may touch some scripts, lowest first.
    async fn relevant(&self, descriptors: &[String], first: u32, last: u32) -> Result<Vec<BlockRef>, Cause> {
        match self.check_index(last).await {
            // Without the index every block of a short chain is read instead: a private one, or the newest few.
            Err(Cause::NoFilterIndex) if last - first < limits::BLOCKS_WITHOUT_INDEX => {
                return self.every_block(first, last).await;
            }
            other => other?,
        }
        let params = json!(["start", descriptors, first, last, "basic", {"filter_false_positives": true}]);
        let scan = loop {
            let asked =
                self.node().ask(RequestPurpose::Scan, ("scanblocks", params.clone()), limits::TX_PAGE_BYTES).await;
            match asked {
                Ok(answer) => break shape::<ScanJson>(&answer)?,
                Err(Complaint::Searching) => self.wait_for_search().await?,
                Err(complaint) => {
                    if complaint == Complaint::Other(Cause::TimedOut) {
                        self.abort_search().await;
                    }
                    return Err(complaint.into());
                }
            }
        };
        if scan.from_height != first || scan.to_height != last || scan.completed == Some(false) {
            return Err(Cause::Unsettled);
        }
        if scan.relevant_blocks.len() > limits::RELEVANT_BLOCKS {
            return Err(Cause::TooLarge);
        }
        let places = self.block_refs(&scan.relevant_blocks).await?;
        let mut places = places.into_iter().collect::<Option<Vec<BlockRef>>>().ok_or(Cause::Unsettled)?;
        places.sort_unstable_by_key(|place| place.height);
        Ok(places)
    }

    /// All blocks between two heights.
    async fn every_block(&self, first: u32, last: u32) -> Result<Vec<BlockRef>, Cause> {
        let questions: Vec<CoreCall> = (first..=last).map(|height| ("getblockhash", json!([height]))).collect();
        let hashes: Vec<BlockHash> = self.all(&questions).await?;
        self.block_refs(&hashes).await?.into_iter().collect::<Option<Vec<_>>>().ok_or(Cause::Unsettled)
    }

    /// The index has to reach the last block: a search beyond it would find nothing and say nothing. It follows the chain
    /// by moments, which are waited for; one that is still being built is not.
    async fn check_index(&self, last: u32) -> Result<(), Cause> {
        let name = "basic block filter index";
        let end = self.deadline.min(Instant::now() + limits::INDEX_LAG);
        loop {
            let answer = self.ask(RequestPurpose::Neutral, ("getindexinfo", json!([name]))).await?;
            let indexes: BTreeMap<String, IndexJson> = shape(&answer)?;
            match indexes.get(name) {
                None => return Err(Cause::NoFilterIndex),
                Some(index) if index.best_block_height >= last => return Ok(()),
                Some(_) if Instant::now() + limits::INDEX_POLL >= end => return Err(Cause::Busy),
                Some(_) => sleep(limits::INDEX_POLL).await,
            }
        }
    }

    /// Waits for the end of a search that another program, or an earlier process of ours, has started.
    async fn wait_for_search(&self) -> Result<(), Cause> {
        loop {
            if Instant::now() + limits::SCAN_POLL >= self.deadline {
                return Err(Cause::Busy);
            }
            sleep(limits::SCAN_POLL).await;
            if self.ask(RequestPurpose::Neutral, ("scanblocks", json!(["status"]))).await?.is_none() {
                return Ok(());
            }
        }
    }

    /// Tells the node that its search is not waited for any more. It need not succeed.
    async fn abort_search(&self) {
        let brief = Node { deadline: Instant::now() + limits::SCAN_ABORT, ..self.node() };
        drop(brief.ask(RequestPurpose::Neutral, ("scanblocks", json!(["abort"])), limits::SMALL_BYTES).await);
    }

    /// Brings what is known of waiting transactions up to date.
    async fn read_mempool(&self, memory: &mut Searched) -> Result<MempoolView, Cause> {
        let listed: BTreeSet<Txid> = shape(&self.ask(RequestPurpose::Neutral, ("getrawmempool", json!([]))).await?)?;
        memory.waiting.retain(|txid, _| listed.contains(txid));
        if listed.len() > limits::NODE_MEMPOOL {
            return Ok(MempoolView::Known);
        }
        let unknown: Vec<Txid> = listed.into_iter().filter(|txid| !memory.waiting.contains_key(txid)).collect();
        let whole = self.fetch_waiting(memory, &unknown).await?;
        Ok(if whole { MempoolView::Whole } else { MempoolView::Known })
    }

    /// Fetches waiting transactions; those that wait no longer are left out. False if they are too many bytes.
    async fn fetch_waiting(&self, memory: &mut Searched, txids: &[Txid]) -> Result<bool, Cause> {
        let mut bytes: usize = memory.waiting.values().map(Transaction::total_size).sum();
        for part in txids.chunks(limits::CHUNK) {
            let questions: Vec<CoreCall> = part.iter().map(|txid| ("getrawtransaction", json!([txid, 0]))).collect();
            let replies = self.node().ask_all(&questions, limits::CHUNK).await?;
            for (txid, reply) in part.iter().zip(replies) {
                let answer = match reply {
                    Ok(answer) => answer,
                    Err(Complaint::NotFound | Complaint::NoTxIndex) => continue,
                    Err(complaint) => return Err(complaint.into()),
                };
                let tx = json::transaction(&shape::<String>(&answer)?, *txid)?;
                bytes = bytes.saturating_add(tx.total_size());
                memory.waiting.insert(*txid, tx);
            }
            if bytes > limits::CHUNK_BYTES {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where there are too many waiting transactions to look through: those that spend our coins, those that spend
    /// theirs, and those that were known.
    async fn follow_coins(
        &self,
        memory: &mut Searched,
        scripts: &BTreeSet<ScriptBuf>,
        asked: &[ScriptQuery],
    ) -> Result<(), Cause> {
        let known = asked.iter().filter_map(|one| one.known.as_ref()).flat_map(|known| known.waiting.iter().copied());
        let known: Vec<Txid> = known.filter(|txid| !memory.waiting.contains_key(txid)).collect();
        self.fetch_waiting(memory, &known).await?;
        let mut followed: BTreeSet<OutPoint> = BTreeSet::new();
        for _ in 0..GENERATIONS {
            // Also makes coins of what the waiting ones pay.
            drop(memory.waiting_by_script());
            let fresh: Vec<OutPoint> =
                memory.coins_of(scripts).into_iter().filter(|coin| !followed.contains(coin)).collect();
            if fresh.is_empty() {
                break;
            }
            let spenders = self.waiting_spenders(&fresh).await?;
            followed.extend(fresh);
            let new: Vec<Txid> = spenders.into_iter().filter(|txid| !memory.waiting.contains_key(txid)).collect();
            self.fetch_waiting(memory, &new).await?;
        }
        Ok(())
    }

    /// Waiting transactions that spend any of these coins.
    async fn waiting_spenders(&self, coins: &[OutPoint]) -> Result<BTreeSet<Txid>, Cause> {
        let mut spenders = BTreeSet::new();
        for part in coins.chunks(COINS) {
            let outputs: Vec<Value> = part.iter().map(|coin| json!({"txid": coin.txid, "vout": coin.vout})).collect();
            // Nodes before version 31 know only waiting spenders, and do not know the option.
            let options = json!([outputs, {"mempool_only": true}]);
            let answer = match self.ask(RequestPurpose::Read, ("gettxspendingprevout", options)).await {
                Ok(answer) => answer,
                Err(_) => self.ask(RequestPurpose::Read, ("gettxspendingprevout", json!([outputs]))).await?,
            };
            let spends: Vec<SpendingJson> = shape(&answer)?;
            spenders.extend(spends.into_iter().filter_map(|spend| spend.spendingtxid));
        }
        Ok(spenders)
    }
}

/// What is to be searched: scripts by the first block that each needs.
fn groups(memory: &Searched, scripts: &BTreeSet<ScriptBuf>, tip: Tip) -> BTreeMap<u32, BTreeSet<ScriptBuf>> {
    let mut groups: BTreeMap<u32, BTreeSet<ScriptBuf>> = BTreeMap::new();
    for script in scripts {
        let to = memory.scripts.get(script).and_then(|watched| watched.to);
        let from = to.map_or(0, |to| to.height.saturating_add(1));
        if from <= tip.height {
            groups.entry(from).or_default().insert(script.clone());
        }
    }
    groups
}

/// Ranges of blocks that one search covers each.
fn ranges(from: u32, to: u32) -> impl Iterator<Item = (u32, u32)> {
    let step = usize::try_from(limits::SCAN_BLOCKS).unwrap_or(usize::MAX);
    (from..=to).step_by(step).map(move |first| (first, first.saturating_add(limits::SCAN_BLOCKS - 1).min(to)))
}

/// A script as a descriptor (BIP-380, `raw`), with its checksum.
fn descriptor(script: &Script) -> Result<String, Cause> {
    let text = format!("raw({})", script.as_bytes().to_lower_hex_string());
    let checksum = desc_checksum(&text).map_err(|_| Cause::Unsupported)?;
    Ok(format!("{text}#{checksum}"))
}

/// The time a node states of a block has to be its header's.
fn checked(block: &Block, place: BlockRef) -> Result<BlockRef, Cause> {
    if block.header.time == place.time { Ok(place) } else { Err(Cause::Lied) }
}

/// What was found of one script.
fn answer(memory: &Searched, asked: &ScriptQuery, waiting: Option<&BTreeSet<Txid>>, seen: MempoolView) -> ScriptAnswer {
    let mut txs = memory.scripts.get(&asked.script).map(|watched| watched.txs.clone()).unwrap_or_default();
    let confirmed: BTreeSet<Txid> = txs.iter().map(|seen| seen.tx.compute_txid()).collect();
    let waiting = waiting.into_iter().flatten().filter(|txid| !confirmed.contains(*txid));
    txs.extend(waiting.filter_map(|txid| memory.waiting.get(txid)).map(|tx| TxAt { tx: tx.clone(), place: None }));
    let unchanged = asked.known.as_ref().is_some_and(|known| is_known(known, &txs));
    if unchanged && seen == MempoolView::Whole {
        ScriptAnswer::Unchanged
    } else {
        ScriptAnswer::History(HostHistory { txs, mempool_capped: seen == MempoolView::Known })
    }
}

fn is_known(known: &KnownHistory, txs: &[TxAt]) -> bool {
    let entry = |seen: &TxAt| json::HistoryEntry {
        tx_hash: seen.tx.compute_txid(),
        height: seen.place.map_or(0, |place| i64::from(place.height)),
    };
    json::is_known(known, &txs.iter().map(entry).collect::<Vec<_>>())
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
