//! The Electrum backend: which method answers which question (protocol 1.4 to 1.6), and what its errors mean.
//!
//! One host; going to another is decided above. A transaction leaves this file only if it hashes to its id. Servers know
//! transactions by script: where a question names an id, a script of the transaction is asked about.

mod errors;
#[cfg(test)]
mod fake;
mod history;
pub(super) mod json;
pub(super) mod wire;

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{
    BlockHash, OutPoint, Script, ScriptBuf, Transaction, Txid,
    block::Header,
    consensus,
    hashes::{Hash, sha256},
};
use hex::DisplayHex;
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use self::{
    errors::OUT_OF_RANGE,
    json::{self as json_of, ElectrumResult, HistoryEntry},
    wire::{ElectrumCall, ElectrumWire, Lines},
};
use super::{
    esplora::json::{fee_bands, header},
    questions::HEADERS,
};
use crate::{
    amount::FeeRate,
    chain::bitcoin::{spv::MerkleBranch, work},
    explorer::{
        Cause, Subject,
        bitcoin::{BlockRef, FeeBand, Tip, TxPlace},
        online::{
            bitcoin::questions::FEE_TARGETS,
            transport::{
                endpoint::Endpoint,
                http::{Http, HttpFault, HttpReply, RequestPurpose},
                limits,
            },
        },
    },
    network::Network,
};

/// Scripts of one transaction that are tried, where the first has a history too large for the server.
const TRIED_SCRIPTS: usize = 4;

/// One server while it answers one question.
#[derive(Clone, Copy)]
pub(super) struct Electrum<'a> {
    pub(super) http: &'a Http,
    pub(super) endpoint: &'a Endpoint,
    /// When the question must be answered.
    pub(super) deadline: Instant,
    /// The chain it has to serve.
    pub(super) network: Network,
}

impl Electrum<'_> {
    /// Compares block 0 with the network's, once per host and process.
    pub(super) async fn check_chain(&self) -> Result<(), Cause> {
        let check = async || {
            if let Some(cause) = self.endpoint.is_silent() {
                return Err(cause);
            }
            let genesis = self.header(0).await.inspect_err(|&cause| self.endpoint.fell_silent(cause))?;
            if genesis.block_hash().to_string() == self.network.genesis_hash() {
                Ok(())
            } else {
                Err(Cause::WrongChain)
            }
        };
        self.endpoint.on_our_chain.get_or_try_init(check).await.copied()
    }

    /// The newest block. Its header shows the work that it states.
    pub(super) async fn tip(&self) -> Result<Tip, Cause> {
        let answer = self.ask(RequestPurpose::Neutral, ("blockchain.headers.subscribe", json!([]))).await?;
        let (height, header) = json_of::tip(&answer)?;
        // A chain that ends below a block we know of is behind, or another one.
        if height < work::least_height(self.network) {
            return Err(Cause::Busy);
        }
        Ok(Tip { height, hash: header.block_hash() })
    }

    /// The block at a height, or nothing if this host's chain is shorter.
    pub(super) async fn block_hash_at(&self, height: u32) -> Result<Option<BlockHash>, Cause> {
        match self.header(height).await {
            Ok(header) => Ok(Some(header.block_hash())),
            Err(OUT_OF_RANGE) => Ok(None),
            // Some servers say this in words that no document lists: the height of the tip tells.
            Err(cause @ (Cause::Refused(_) | Cause::ServerError(_))) => {
                if height > self.tip().await?.height {
                    Ok(None)
                } else {
                    Err(cause)
                }
            }
            Err(cause) => Err(cause),
        }
    }

    /// Successive headers from each of these heights on, as many as one answer brings and the chain has.
    pub(super) async fn header_runs(&self, firsts: &[u32], tip: u32) -> Result<Vec<Vec<Header>>, Cause> {
        let count = |first: u32| tip.saturating_sub(first).saturating_add(1).min(HEADERS);
        let question = |first: &u32| ("blockchain.block.headers", json!([first, count(*first)]));
        let questions: Vec<ElectrumCall> = firsts.iter().map(question).collect();
        let replies = self.wire().ask_all(RequestPurpose::Neutral, &questions, limits::PART).await?;
        let read = |(first, reply): (&u32, wire::ElectrumReply)| {
            let answer = reply.map_err(|error| errors::cause(&error))?;
            json_of::headers(&answer, usize::try_from(count(*first)).map_err(|_| Cause::TooLarge)?)
        };
        firsts.iter().zip(replies).map(read).collect()
    }

    /// The branches of transactions in the blocks at these heights; nothing for one that is not in that block.
    pub(super) async fn branches(&self, wanted: &[(Txid, u32)]) -> Result<Vec<Option<MerkleBranch>>, Cause> {
        wanted.iter().for_each(|(txid, _)| self.tell(Subject::Transaction(txid.to_string())));
        let question = |(txid, height): &(Txid, u32)| ("blockchain.transaction.get_merkle", json!([txid, height]));
        let questions: Vec<ElectrumCall> = wanted.iter().map(question).collect();
        let replies = self.wire().ask_all(RequestPurpose::Read, &questions, limits::PART).await?;
        let read = |reply: wire::ElectrumReply| match reply.map_err(|error| errors::cause(&error)) {
            Ok(answer) => json_of::branch(&answer).map(Some),
            Err(Cause::Missing | Cause::Refused(_)) => Ok(None),
            Err(cause) => Err(cause),
        };
        replies.into_iter().map(read).collect()
    }

    /// A transaction, hashed here; nothing if this host does not have it now, whatever it had before.
    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, Cause> {
        let found = self.fetch(&[txid]).await?.pop().map(|(_, tx)| tx);
        let cache = &self.endpoint.memory::<Lines>()?.txs;
        Ok(found.inspect(|tx| cache.put(txid, tx)))
    }

    /// Where a transaction is; nothing if this host does not have it.
    pub(super) async fn place(&self, txid: Txid) -> Result<Option<TxPlace>, Cause> {
        let Some(tx) = self.transaction(txid).await? else { return Ok(None) };
        let mut failed = Cause::Unsupported;
        for script in self.scripts_of(&tx).await?.into_iter().take(TRIED_SCRIPTS) {
            let entries = match self.entries(&script).await {
                Ok(entries) => entries,
                Err(cause @ (Cause::TooLarge | Cause::Refused(_))) => {
                    failed = cause;
                    continue;
                }
                Err(cause) => return Err(cause),
            };
            let seen = entries.iter().filter(|entry| entry.tx_hash == txid).map(|entry| entry.height).max();
            return match seen.map(|height| u32::try_from(height).unwrap_or(0)) {
                Some(0) => Ok(Some(TxPlace::Mempool)),
                Some(height) => Ok(Some(TxPlace::Confirmed(self.block(height).await?))),
                // The server has it from a block that is no longer in the chain, or its history is a moment older.
                None => Ok(None),
            };
        }
        Err(failed)
    }

    /// The spender of an output that this host knows; it is fetched and does spend it.
    pub(super) async fn outspend(&self, outpoint: OutPoint) -> Result<Option<Txid>, Cause> {
        let tx = self.transaction(outpoint.txid).await?.ok_or(Cause::Missing)?;
        let output =
            usize::try_from(outpoint.vout).ok().and_then(|place| tx.output.get(place)).ok_or(Cause::Missing)?;
        let entries = self.entries(&output.script_pubkey).await?;
        let others: Vec<Txid> = entries.iter().map(|entry| entry.tx_hash).filter(|id| *id != outpoint.txid).collect();
        for part in others.chunks(limits::TX_PART) {
            let wanted = part.iter().copied().collect();
            let found = self.transactions(&wanted).await?;
            if found.len() < wanted.len() {
                return Err(Cause::Unsettled);
            }
            let spends = |tx: &Transaction| tx.input.iter().any(|input| input.previous_output == outpoint);
            if let Some((spender, _)) = found.iter().find(|(_, tx)| spends(tx)) {
                return Ok(Some(*spender));
            }
        }
        Ok(None)
    }

    /// Fee rates by target in blocks; a target without an estimate is left out.
    pub(super) async fn fee_rates(&self) -> Result<BTreeMap<u16, FeeRate>, Cause> {
        let questions: Vec<ElectrumCall> =
            FEE_TARGETS.iter().map(|target| ("blockchain.estimatefee", json!([target]))).collect();
        let replies = self.wire().ask_all(RequestPurpose::Neutral, &questions, limits::PART).await?;
        let mut rates = BTreeMap::new();
        for (target, reply) in FEE_TARGETS.into_iter().zip(replies) {
            match reply {
                Ok(answer) => {
                    let number: Box<RawValue> = json_of::shape(&answer)?;
                    rates.extend(json_of::fee_rate(&number).map(|rate| (target, rate)));
                }
                // Some servers write an error where others write -1.
                Err(error) if errors::cause(&error) == Cause::Unsupported => return Err(Cause::Unsupported),
                Err(_) => {}
            }
        }
        Ok(rates)
    }

    /// What waits for a block, by its rate, from the highest down.
    pub(super) async fn mempool_histogram(&self) -> Result<Vec<FeeBand>, Cause> {
        let question = ("mempool.get_fee_histogram", json!([]));
        fee_bands(json_of::shape(&self.ask(RequestPurpose::Neutral, question).await?)?)
    }

    /// Sends a transaction, once. The answer in the form in which an Esplora server would write it: 200 and an id, or
    /// another status and the error, for the one reader of refusals.
    pub(super) async fn post(&self, raw: &[u8]) -> Result<HttpReply, HttpFault> {
        self.endpoint.turn(self.deadline).await.map_err(HttpFault::before_sending)?;
        if let Ok(tx) = consensus::deserialize::<Transaction>(raw) {
            self.tell(Subject::Sent(tx.compute_txid().to_string()));
        }
        let question = ("blockchain.transaction.broadcast", json!([raw.to_lower_hex_string()]));
        let (status, body) = match self.wire().ask_once(question).await? {
            Ok(answer) => (200, json_of::shape::<String>(&answer).unwrap_or_default()),
            Err(error @ Value::String(_)) => (400, error.as_str().unwrap_or_default().to_owned()),
            Err(error) => (errors::status_of_refusal(&error), error.to_string()),
        };
        Ok(HttpReply { status, retry_after: None, body: body.into_bytes() })
    }

    pub(super) const fn wire(&self) -> ElectrumWire<'_> {
        ElectrumWire { http: self.http, endpoint: self.endpoint, deadline: self.deadline }
    }

    async fn ask(&self, purpose: RequestPurpose, question: ElectrumCall) -> Result<ElectrumResult, Cause> {
        self.wire().ask(purpose, question).await
    }

    /// Says what the host is about to be told.
    pub(super) fn tell(&self, subject: Subject) {
        self.http.tell(self.network.name(), &self.endpoint.operator, subject);
    }

    /// Says that the host is about to be told of a script, under the same name as at every other backend.
    pub(super) fn tell_script(&self, script: &Script) {
        self.tell(Subject::Script(sha256::Hash::hash(script.as_bytes()).to_string()));
    }

    async fn header(&self, height: u32) -> Result<Header, Cause> {
        let answer = self.ask(RequestPurpose::Neutral, ("blockchain.block.header", json!([height]))).await?;
        header(&json_of::shape::<String>(&answer)?)
    }

    async fn block(&self, height: u32) -> Result<BlockRef, Cause> {
        let blocks = self.blocks(&BTreeSet::from([height])).await?;
        blocks.get(&height).copied().ok_or(Cause::Unsettled)
    }

    /// The blocks at these heights; a height above the tip is left out.
    pub(super) async fn blocks(&self, heights: &BTreeSet<u32>) -> Result<BTreeMap<u32, BlockRef>, Cause> {
        let questions: Vec<ElectrumCall> =
            heights.iter().map(|height| ("blockchain.block.header", json!([height]))).collect();
        let replies = self.wire().ask_all(RequestPurpose::Read, &questions, limits::PART).await?;
        let mut blocks = BTreeMap::new();
        for (&height, reply) in heights.iter().zip(replies) {
            let Ok(answer) = reply else { continue };
            let header = header(&json_of::shape::<String>(&answer)?)?;
            blocks.insert(height, BlockRef { height, hash: header.block_hash(), time: header.time });
        }
        Ok(blocks)
    }

    /// These transactions, each hashed here; those that the host does not have are left out.
    pub(super) async fn transactions(&self, wanted: &BTreeSet<Txid>) -> Result<BTreeMap<Txid, Transaction>, Cause> {
        let cache = &self.endpoint.memory::<Lines>()?.txs;
        let mut found: BTreeMap<Txid, Transaction> = BTreeMap::new();
        let mut unknown = Vec::new();
        for txid in wanted {
            match cache.get(txid) {
                Some(tx) => drop(found.insert(*txid, tx)),
                None => unknown.push(*txid),
            }
        }
        for part in unknown.chunks(limits::TX_PART) {
            for (txid, tx) in self.fetch(part).await? {
                self.http.keep(&tx)?;
                cache.put(txid, &tx);
                found.insert(txid, tx);
            }
        }
        Ok(found)
    }

    async fn fetch(&self, txids: &[Txid]) -> Result<Vec<(Txid, Transaction)>, Cause> {
        txids.iter().for_each(|txid| self.tell(Subject::Transaction(txid.to_string())));
        let questions: Vec<ElectrumCall> =
            txids.iter().map(|txid| ("blockchain.transaction.get", json!([txid]))).collect();
        let replies = self.wire().ask_all(RequestPurpose::Read, &questions, limits::TX_PART).await?;
        let mut found = Vec::new();
        for (&txid, reply) in txids.iter().zip(replies) {
            match reply {
                Ok(answer) => found.push((txid, json_of::transaction(&json_of::shape::<String>(&answer)?, txid)?)),
                Err(error) => match errors::cause(&error) {
                    Cause::Missing => {}
                    cause => return Err(cause),
                },
            }
        }
        Ok(found)
    }

    /// The history of one script, as the server lists it now.
    async fn entries(&self, script: &Script) -> Result<Vec<HistoryEntry>, Cause> {
        self.tell_script(script);
        let params = json!([json_of::script_hash(script)]);
        json_of::entries(&self.ask(RequestPurpose::Read, ("blockchain.scripthash.get_history", params)).await?)
    }

    /// Scripts whose history has to name a transaction: what it pays, or else what it spends. Servers list no
    /// unspendable output.
    async fn scripts_of(&self, tx: &Transaction) -> Result<Vec<ScriptBuf>, Cause> {
        let pays: Vec<ScriptBuf> = tx.output.iter().map(|output| output.script_pubkey.clone()).collect();
        let listed: Vec<ScriptBuf> = pays.into_iter().filter(|script| !script.is_op_return()).collect();
        let Some(spent) = tx.input.first().map(|input| input.previous_output).filter(|_| listed.is_empty()) else {
            return Ok(listed);
        };
        let parent = self.transaction(spent.txid).await?.ok_or(Cause::Unsettled)?;
        let output = usize::try_from(spent.vout).ok().and_then(|place| parent.output.get(place).cloned());
        Ok(output.map(|output| output.script_pubkey).into_iter().collect())
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
