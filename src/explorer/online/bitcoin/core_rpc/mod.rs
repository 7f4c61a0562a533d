//! The backend of a person's own Bitcoin Core, without its wallet: which method answers which question.
//!
//! One node; going to another host is decided above. Its own node is not believed either: transactions hash to their
//! ids, blocks to theirs, with their Merkle roots. No script leaves it for another host.

pub(super) mod memory;
mod proofs;
mod search;
pub(super) mod wire;

use std::collections::BTreeMap;

use bitcoin::{Block, BlockHash, OutPoint, Transaction, Txid, consensus};
use hex::{DisplayHex, FromHex};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::time::Instant;

use self::memory::NodeMemory;
use self::wire::{Complaint, CoreCall, CoreReply, CoreResult, Node, shape};
use super::{electrum::json, questions::FEE_TARGETS};
use crate::{
    amount::FeeRate,
    chain::bitcoin::{raw::pays_too_much, work},
    explorer::{
        Cause, Subject,
        bitcoin::{BlockRef, Tip, TxPlace},
        online::transport::{
            endpoint::Endpoint,
            http::{self, Http, HttpFault, RequestPurpose},
            limits,
        },
    },
    network::Network,
};

/// Blocks that a node may lack of the headers it has.
const MAY_LACK: u32 = 3;
/// Outputs of a transaction that are tried, to find its block without an index.
const TRIED_OUTPUTS: u32 = 8;

/// One node while it answers one question.
#[derive(Clone, Copy)]
pub(super) struct Core<'a> {
    pub(super) http: &'a Http,
    pub(super) endpoint: &'a Endpoint,
    /// When the question must be answered.
    pub(super) deadline: Instant,
    /// The chain it has to serve.
    pub(super) network: Network,
}

#[derive(Deserialize)]
struct ChainJson {
    blocks: u32,
    headers: u32,
    bestblockhash: BlockHash,
}

#[derive(Deserialize)]
struct CoreHeaderJson {
    /// Below zero for a block that is not in the chain.
    confirmations: i64,
    height: u32,
    time: u32,
}

#[derive(Deserialize)]
struct CoreTxJson {
    hex: String,
    blockhash: Option<BlockHash>,
}

#[derive(Deserialize)]
struct CoinJson {
    bestblock: BlockHash,
    confirmations: u32,
}

#[derive(Deserialize)]
struct SpendJson {
    spendingtxid: Option<Txid>,
    blockhash: Option<BlockHash>,
}

#[derive(Deserialize)]
struct EstimateJson {
    feerate: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct MempoolJson {
    incrementalrelayfee: Option<Box<RawValue>>,
}

/// A transaction and its block, if it is in one.
struct Located {
    tx: Transaction,
    block: Option<BlockHash>,
}

impl Core<'_> {
    /// Compares block 0 with the network's, once per host and process.
    pub(super) async fn check_chain(&self) -> Result<(), Cause> {
        let check = async || {
            if let Some(cause) = self.endpoint.is_silent() {
                return Err(cause);
            }
            let genesis = self.block_hash_at(0).await.and_then(|hash| hash.ok_or(Cause::Unsupported));
            match genesis.inspect_err(|&cause| self.endpoint.fell_silent(cause))? {
                ours if ours.to_string() == self.network.genesis_hash() => Ok(()),
                _ => Err(Cause::WrongChain),
            }
        };
        self.endpoint.on_our_chain.get_or_try_init(check).await.copied()
    }

    /// The newest block. A node that still fetches blocks is no source.
    pub(super) async fn tip(&self) -> Result<Tip, Cause> {
        let chain: ChainJson = shape(&self.ask(RequestPurpose::Neutral, ("getblockchaininfo", json!([]))).await?)?;
        let behind = chain.blocks.saturating_add(MAY_LACK) < chain.headers;
        if behind || chain.blocks < work::least_height(self.network) {
            return Err(Cause::Busy);
        }
        Ok(Tip { height: chain.blocks, hash: chain.bestblockhash })
    }

    /// The block at a height, or nothing if the node's chain is shorter.
    pub(super) async fn block_hash_at(&self, height: u32) -> Result<Option<BlockHash>, Cause> {
        match self.ask(RequestPurpose::Neutral, ("getblockhash", json!([height]))).await {
            Ok(answer) => shape(&answer).map(Some),
            Err(Complaint::Parameter) => Ok(None),
            Err(complaint) => Err(complaint.into()),
        }
    }

    /// A transaction, hashed here; nothing if the node does not have it. Without `txindex` it knows only those that wait,
    /// those with coins left, and those found by a search.
    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, Cause> {
        Ok(self.locate(txid).await?.map(|located| located.tx))
    }

    /// Where a transaction is; nothing if the node does not have it.
    pub(super) async fn place(&self, txid: Txid) -> Result<Option<TxPlace>, Cause> {
        let Some(located) = self.locate(txid).await? else { return Ok(None) };
        let Some(hash) = located.block else { return Ok(Some(TxPlace::Mempool)) };
        if let Some(block) = self.block_ref(hash).await? {
            return Ok(Some(TxPlace::Confirmed(block)));
        }
        // Its block was reorganised away. Perhaps it waits again.
        match self.ask(RequestPurpose::Read, ("getmempoolentry", json!([txid]))).await {
            Ok(_) => Ok(Some(TxPlace::Mempool)),
            Err(Complaint::NotFound) => Ok(None),
            Err(complaint) => Err(complaint.into()),
        }
    }

    /// The spender of an output that the node knows; it is fetched and does spend it.
    pub(super) async fn outspend(&self, outpoint: OutPoint) -> Result<Option<Txid>, Cause> {
        let OutPoint { txid, vout } = outpoint;
        let located = self.locate(txid).await?.ok_or(Cause::Missing)?;
        let output = usize::try_from(vout).ok().and_then(|place| located.tx.output.get(place)).ok_or(Cause::Missing)?;
        if let Some((spender, block)) = self.spender(outpoint).await? {
            return self.spends(spender, block, outpoint).await.map(Some);
        }
        let unspent = self.ask(RequestPurpose::Read, ("gettxout", json!([txid, vout, false]))).await?.is_some();
        let (Some(hash), false) = (located.block, unspent || output.script_pubkey.is_op_return()) else {
            return Ok(None);
        };
        // Spent in a block, and the node keeps no index of that: search from its own block on.
        // A node with an index knows transactions of blocks that are no longer in the chain; their coins are none.
        let from = self.block_ref(hash).await?.ok_or(Cause::Missing)?.height;
        self.search_spender(outpoint, &output.script_pubkey, from).await
    }

    /// Fee rates by target in blocks; a target without an estimate is left out.
    pub(super) async fn fee_rates(&self) -> Result<BTreeMap<u16, FeeRate>, Cause> {
        let questions: Vec<CoreCall> = FEE_TARGETS.iter().map(|target| ("estimatesmartfee", json!([target]))).collect();
        let mut rates = BTreeMap::new();
        for (target, reply) in FEE_TARGETS.into_iter().zip(self.node().ask_all(&questions, limits::CHUNK).await?) {
            let estimate: EstimateJson = shape(&reply?)?;
            let rate = estimate.feerate.and_then(|number| json::fee_rate(&number));
            rates.extend(rate.map(|rate| (target, rate)));
        }
        Ok(rates)
    }

    /// What it asks of a replacement beyond the old fee; nothing where it does not say.
    pub(super) async fn incremental_relay(&self) -> Result<Option<FeeRate>, Cause> {
        let told: MempoolJson = shape(&self.ask(RequestPurpose::Neutral, ("getmempoolinfo", json!([]))).await?)?;
        Ok(told.incrementalrelayfee.and_then(|number| json::fee_rate(&number)))
    }

    /// Sends a transaction, once. The answer in the form in which an Esplora server would write it: 200 and an id, or
    /// another status and the error, for the one reader of refusals.
    pub(super) async fn post(&self, raw: &[u8]) -> Result<http::HttpReply, HttpFault> {
        self.endpoint.turn(self.deadline).await.map_err(HttpFault::before_sending)?;
        if let Ok(tx) = consensus::deserialize::<Transaction>(raw) {
            self.tell(Subject::Sent(tx.compute_txid().to_string()));
        }
        let body = wire::request(0, &("sendrawtransaction", json!([raw.to_lower_hex_string()]))).to_string();
        Ok(as_esplora(self.node().post(RequestPurpose::Send, body, limits::SMALL_BYTES).await?))
    }

    pub(super) const fn node(&self) -> Node<'_> {
        Node { http: self.http, endpoint: self.endpoint, deadline: self.deadline }
    }

    pub(super) async fn ask(&self, purpose: RequestPurpose, question: CoreCall) -> CoreReply {
        self.node().ask(purpose, question, limits::TX_PAGE_BYTES).await
    }

    /// Several questions that all have to be answered.
    pub(super) async fn all<T: serde::de::DeserializeOwned>(&self, questions: &[CoreCall]) -> Result<Vec<T>, Cause> {
        let replies = self.node().ask_all(questions, limits::CHUNK).await?;
        replies.into_iter().map(|reply| shape(&reply?)).collect()
    }

    /// Writes down what the node is about to be told.
    pub(super) fn tell(&self, subject: Subject) {
        self.http.tell(self.network.name(), &self.endpoint.operator, subject);
    }

    /// A whole block that hashes to its name, with its work done and its transactions under its root, none of which pays more
    /// than can exist.
    pub(super) async fn block(&self, hash: BlockHash) -> Result<Block, Cause> {
        let answer =
            self.node().ask(RequestPurpose::Read, ("getblock", json!([hash, 0])), limits::BLOCK_HEX_BYTES).await?;
        let bytes = Vec::<u8>::from_hex(&shape::<String>(&answer)?).map_err(|_| Cause::Malformed)?;
        let block: Block = consensus::deserialize(&bytes).map_err(|_| Cause::Malformed)?;
        let worked = block.header.validate_pow(block.header.target()).is_ok_and(|name| name == hash);
        let is_possible = block.txdata.iter().all(|tx| !pays_too_much(&tx.output));
        if !worked || !is_possible || !block.check_merkle_root() || !block.check_witness_commitment() {
            return Err(Cause::Lied);
        }
        let txids: Vec<Txid> = block.txdata.iter().map(Transaction::compute_txid).collect();
        self.endpoint.memory::<NodeMemory>()?.keep(hash, &txids);
        Ok(block)
    }

    /// Height and time of a block; nothing if it is not in the chain.
    async fn block_ref(&self, hash: BlockHash) -> Result<Option<BlockRef>, Cause> {
        Ok(self.block_refs(&[hash]).await?.pop().flatten())
    }

    /// Height and time of blocks, in order; nothing for one that is not in the chain.
    pub(super) async fn block_refs(&self, hashes: &[BlockHash]) -> Result<Vec<Option<BlockRef>>, Cause> {
        let questions = hashes.iter().map(|hash| ("getblockheader", json!([hash, true]))).collect::<Vec<_>>();
        let headers: Vec<CoreHeaderJson> = self.all(&questions).await?;
        let named = |(header, hash): (CoreHeaderJson, &BlockHash)| {
            (header.confirmations >= 0).then_some(BlockRef { height: header.height, hash: *hash, time: header.time })
        };
        Ok(headers.into_iter().zip(hashes).map(named).collect())
    }

    async fn locate(&self, txid: Txid) -> Result<Option<Located>, Cause> {
        self.tell(Subject::Transaction(txid.to_string()));
        let answer = match self.ask(RequestPurpose::Read, ("getrawtransaction", json!([txid, 1]))).await {
            Ok(answer) => answer,
            Err(Complaint::NotFound) => return Ok(None),
            Err(Complaint::NoTxIndex) => return self.locate_without_index(txid).await,
            Err(complaint) => return Err(complaint.into()),
        };
        let CoreTxJson { hex, blockhash } = shape(&answer)?;
        let tx = json::transaction(&hex, txid)?;
        Ok(Some(Located { tx, block: blockhash }))
    }

    /// What a search found, or else by a coin of it that is left. Otherwise the node cannot know: that is no answer.
    async fn locate_without_index(&self, txid: Txid) -> Result<Option<Located>, Cause> {
        if let Some(seen) = self.found_by_search(txid).await {
            return Ok(Some(Located { block: seen.place.map(|place| place.hash), tx: seen.tx }));
        }
        let questions: Vec<CoreCall> =
            (0..TRIED_OUTPUTS).map(|vout| ("gettxout", json!([txid, vout, false]))).collect();
        let coins: Vec<Option<CoinJson>> = self.all(&questions).await?;
        let coin = coins.into_iter().flatten().next().ok_or(Cause::Unsupported)?;
        let best = self.block_ref(coin.bestblock).await?.ok_or(Cause::Unsettled)?.height;
        let height =
            best.checked_add(1).and_then(|above| above.checked_sub(coin.confirmations)).ok_or(Cause::Malformed)?;
        let hash = self.block_hash_at(height).await?.ok_or(Cause::Unsettled)?;
        let block = self.block(hash).await?;
        let tx = block.txdata.into_iter().find(|tx| tx.compute_txid() == txid).ok_or(Cause::Unsettled)?;
        Ok(Some(Located { tx, block: Some(hash) }))
    }

    /// The transaction that spends an output, as far as the node knows without a search: among those that wait, and in
    /// blocks if it keeps an index of spends.
    async fn spender(&self, OutPoint { txid, vout }: OutPoint) -> Result<Option<(Txid, Option<BlockHash>)>, Cause> {
        let outputs = json!([{"txid": txid, "vout": vout}]);
        let answer: CoreResult = match self.ask(RequestPurpose::Read, ("gettxspendingprevout", json!([outputs]))).await
        {
            Ok(answer) => answer,
            // Its index of spends is not ready.
            Err(Complaint::Other(Cause::Refused(1))) => {
                self.ask(RequestPurpose::Read, ("gettxspendingprevout", json!([outputs, {"mempool_only": true}])))
                    .await?
            }
            Err(complaint) => return Err(complaint.into()),
        };
        let [spend]: [SpendJson; 1] = shape(&answer)?;
        Ok(spend.spendingtxid.map(|spender| (spender, spend.blockhash)))
    }

    /// Fetches a spender and checks that it is one.
    async fn spends(&self, spender: Txid, block: Option<BlockHash>, outpoint: OutPoint) -> Result<Txid, Cause> {
        let params = block.map_or_else(|| json!([spender, 0]), |hash| json!([spender, 0, hash]));
        let answer = self.ask(RequestPurpose::Read, ("getrawtransaction", params)).await;
        let answer = answer.map_err(|complaint| match complaint {
            Complaint::NotFound | Complaint::NoTxIndex => Cause::Unsettled,
            other => other.into(),
        })?;
        let tx = json::transaction(&shape::<String>(&answer)?, spender)?;
        let spends = tx.input.iter().any(|input| input.previous_output == outpoint);
        if spends { Ok(spender) } else { Err(Cause::Lied) }
    }
}

/// The answer to a broadcast in the form of an Esplora server's. Errors are told apart by their code alone.
fn as_esplora(reply: http::HttpReply) -> http::HttpReply {
    #[derive(Deserialize)]
    struct Sent {
        result: Option<Txid>,
        error: Option<Value>,
    }
    let http::HttpReply { status, retry_after, body } = reply;
    let Ok(Sent { result, error }) = super::esplora::json::parse::<Sent>(&body) else {
        return http::HttpReply { status, retry_after, body };
    };
    match (result, error) {
        (_, Some(error)) => {
            let status = match error.get("code").and_then(Value::as_i64) {
                Some(-28) => 503,
                Some(-32_601) => 404,
                Some(-32_603) => 500,
                _ => 400,
            };
            http::HttpReply { status, retry_after, body: error.to_string().into_bytes() }
        }
        (Some(txid), None) => http::HttpReply { status, retry_after, body: txid.to_string().into_bytes() },
        (None, None) => http::HttpReply { status, retry_after, body },
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
