//! The Esplora backend: which path answers which question, and what each status means.
//!
//! One host, reads repeated as `retry` allows; going to another host is decided above. A transaction leaves this file
//! only if it hashes to its id.

mod hints;
pub(super) mod json;
mod many;
mod place;
mod proofs;

use bitcoin::{
    BlockHash, Script, Transaction, Txid, consensus,
    hashes::{Hash, sha256},
};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use hex::DisplayHex;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use self::json::{Listed, ScriptJson, TxPage, UnspentJson};
use super::history::{self, Counts, HostHistory, Pages};
use crate::{
    amount::FeeRate,
    chain::bitcoin::work,
    explorer::{
        Cause, Subject,
        bitcoin::{FeeBand, Tip, TxAt},
        online::transport::{
            endpoint::Endpoint,
            http::{Budget, Http, HttpFault, HttpReply, RequestPurpose, status_cause},
            limits,
            retry::{self, Setback},
        },
    },
    network::Network,
};

/// One explorer while it answers one question.
#[derive(Clone, Copy)]
pub(super) struct Esplora<'a> {
    pub(super) http: &'a Http,
    pub(super) endpoint: &'a Endpoint,
    /// When the question must be answered.
    pub(super) deadline: Instant,
    /// The chain it has to serve.
    pub(super) network: Network,
}

impl Esplora<'_> {
    /// Compares block 0 with the network's, once per host and process.
    pub(super) async fn check_chain(&self) -> Result<(), Cause> {
        let check = async || {
            if self.endpoint.was_on_chain(self.network.name()) {
                return Ok(());
            }
            if let Some(cause) = self.endpoint.is_silent() {
                return Err(cause);
            }
            let genesis = self.block_hash_at(0).await.and_then(|hash| hash.ok_or(Cause::Unsupported));
            match genesis.inspect_err(|&cause| self.endpoint.fell_silent(cause))? {
                ours if ours.to_string() == self.network.genesis_hash() => {
                    self.endpoint.is_on_chain(self.network.name());
                    Ok(())
                }
                _ => Err(Cause::WrongChain),
            }
        };
        self.endpoint.on_our_chain.get_or_try_init(check).await.copied()
    }

    /// Height first, then the hash at that height: both belong to one chain, whatever happens in between.
    pub(super) async fn tip(&self) -> Result<Tip, Cause> {
        let height: u32 = self.scalar("/blocks/tip/height").await?.ok_or(Cause::Unsupported)?;
        // A chain that ends below a block we know of is behind, or another one.
        if height < work::least_height(self.network) {
            return Err(Cause::Busy);
        }
        let hash = self.block_hash_at(height).await?.ok_or(Cause::Unsettled)?;
        Ok(Tip { height, hash })
    }

    /// The block at a height, or nothing if this host's chain is shorter.
    pub(super) async fn block_hash_at(&self, height: u32) -> Result<Option<BlockHash>, Cause> {
        self.scalar(&format!("/block-height/{height}")).await
    }

    /// A transaction, hashed here; nothing if this host does not have it. The only question that tells existence:
    /// states and spends of unknown transactions are answered as if they existed.
    pub(super) async fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, Cause> {
        let tx: Transaction = match self.get_any(&format!("/tx/{txid}/raw"), limits::RAW_TX_BYTES).await? {
            // A proxy's page in its place is none.
            Some(raw) => {
                let tx = consensus::deserialize(&raw).map_err(|_| not_bytes(&raw))?;
                self.endpoint.sends_raw.set(true);
                tx
            }
            None if self.endpoint.sends_raw.get() => return Ok(None),
            // Servers over an Electrum server have it as text only.
            None => match self.get(&format!("/tx/{txid}/hex"), 2 * limits::RAW_TX_BYTES + 2).await? {
                Some(hex) => {
                    let text = std::str::from_utf8(&hex).map_err(|_| Cause::Malformed)?;
                    consensus::encode::deserialize_hex(text.trim()).map_err(|_| Cause::Malformed)?
                }
                None => return Ok(None),
            },
        };
        if json::is_believable(&tx, txid) { Ok(Some(tx)) } else { Err(Cause::Lied) }
    }

    /// Fee rates by target in blocks.
    pub(super) async fn fee_rates(&self) -> Result<BTreeMap<u16, FeeRate>, Cause> {
        let body = self.get("/fee-estimates", limits::SMALL_BYTES).await?.ok_or(Cause::Unsupported)?;
        json::fee_rates(&body)
    }

    /// What waits for a block, by its rate, from the highest down.
    pub(super) async fn mempool_histogram(&self) -> Result<Vec<FeeBand>, Cause> {
        let body = self.get("/mempool", limits::SMALL_BYTES).await?.ok_or(Cause::Unsupported)?;
        json::mempool_histogram(&body)
    }

    /// Everything about one script.
    pub(super) async fn history(&self, script: &Script) -> Result<HostHistory, Cause> {
        history::read(&Listing { esplora: self, hash: sha256::Hash::hash(script.as_bytes()) }, script).await
    }

    /// Sends a transaction, once.
    pub(super) async fn post(&self, raw: &[u8]) -> Result<HttpReply, HttpFault> {
        self.endpoint.turn(self.deadline).await.map_err(HttpFault::before_sending)?;
        let url = self.endpoint.url("/tx").map_err(HttpFault::before_sending)?;
        let budget = Budget { bytes: limits::SMALL_BYTES, deadline: self.deadline };
        if let Ok(tx) = consensus::deserialize::<Transaction>(raw) {
            self.tell(Subject::Sent(tx.compute_txid().to_string()));
        }
        self.http.post(url, raw.to_lower_hex_string(), budget).await
    }

    /// A page of transactions, each hashed here.
    pub(super) async fn read_page(&self, body: Vec<u8>) -> Result<Vec<TxAt>, Cause> {
        let listed = json::page(&body)?;
        // It may be long, and others wait for their turn to read one.
        drop(body);
        let mut txs = Vec::new();
        for Listed { txid, tx, place } in listed {
            let tx = match tx {
                Some(tx) => tx,
                // Its JSON does not hash to its id. Perhaps a form we do not know: the raw bytes decide.
                None => self.transaction(txid).await?.ok_or(Cause::Malformed)?,
            };
            self.http.keep(&tx)?;
            txs.push(TxAt { tx, place });
        }
        Ok(txs)
    }

    /// Says what the host is about to be told by a question, and what the question is for.
    fn tell_path(&self, path: &str) -> RequestPurpose {
        let mut words = path.trim_start_matches('/').split('/');
        let subject = match (words.next(), words.next()) {
            (Some("scripthash"), Some(hash)) => Subject::Script(hash.to_owned()),
            (Some("tx"), Some(txid)) => Subject::Transaction(txid.to_owned()),
            _ => return RequestPurpose::Neutral,
        };
        self.tell(subject);
        RequestPurpose::Read
    }

    /// One word of text: a hash or a number.
    async fn scalar<T: FromStr>(&self, path: &str) -> Result<Option<T>, Cause> {
        let Some(body) = self.get(path, limits::SCALAR_BYTES).await? else { return Ok(None) };
        let text = std::str::from_utf8(&body).map_err(|_| Cause::Malformed)?;
        text.trim().parse().map(Some).map_err(|_| Cause::Malformed)
    }

    pub(super) async fn json<T: DeserializeOwned>(&self, path: &str, most: usize) -> Result<T, Cause> {
        json::parse(&self.get(path, most).await?.ok_or(Cause::Unsupported)?)
    }

    /// The body of an answer, or nothing for 404; repeated where that may help. Text never begins like a web page.
    pub(super) async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, Cause> {
        match self.get_any(path, most).await? {
            Some(body) if is_page(&body) => Err(Cause::WebPage),
            other => Ok(other),
        }
    }

    /// The same where the answer is bytes, which may begin with anything.
    async fn get_any(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>, Cause> {
        let url = self.endpoint.url(path)?;
        let budget = Budget { bytes: most, deadline: self.deadline };
        // Told when its turn has come: a host that is never asked learns nothing.
        let ask = async || answered(self.http.get(url.clone(), self.tell_path(path), budget).await);
        retry::read(self.endpoint, self.deadline, ask).await
    }
}

/// What an exchange means for a read of text: a body, nothing (404), or a setback.
pub(super) fn judge(reply: Result<HttpReply, HttpFault>) -> Result<Option<Vec<u8>>, Setback> {
    match answered(reply)? {
        Some(body) if is_page(&body) => Err(Cause::WebPage.into()),
        other => Ok(other),
    }
}

fn is_page(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"<")
}

/// Why bytes are not what they should be.
fn not_bytes(body: &[u8]) -> Cause {
    if is_page(body) { Cause::WebPage } else { Cause::Malformed }
}

/// The same where the body may begin with anything.
fn answered(reply: Result<HttpReply, HttpFault>) -> Result<Option<Vec<u8>>, Setback> {
    let reply = reply.map_err(|fault| Setback::from(fault.cause))?;
    match status_cause(reply.status) {
        None => Ok(Some(reply.body)),
        Some(Cause::Missing) => Ok(None),
        Some(cause) => Err(Setback { cause, asked_to_wait: reply.retry_after }),
    }
}

/// The lists of one script at one host.
struct Listing<'a, 'b> {
    esplora: &'a Esplora<'b>,
    /// SHA-256 of the script, not reversed (Electrum's is).
    hash: sha256::Hash,
}

impl Listing<'_, '_> {
    async fn page(&self, list: &str) -> Result<Vec<TxAt>, Cause> {
        let path = format!("/scripthash/{}{list}", self.hash);
        let body = self.esplora.get(&path, limits::TX_PAGE_BYTES).await?.ok_or(Cause::Unsupported)?;
        self.esplora.read_page(body).await
    }
}

impl Pages for Listing<'_, '_> {
    async fn mixed(&self) -> Result<Vec<TxAt>, Cause> {
        self.page("/txs").await
    }

    async fn confirmed(&self, after: Option<Txid>) -> Result<Vec<TxAt>, Cause> {
        match after {
            Some(last) => self.page(&format!("/txs/chain/{last}")).await,
            None => self.page("/txs/chain").await,
        }
    }

    async fn waiting(&self) -> Result<Vec<TxAt>, Cause> {
        self.page("/txs/mempool").await
    }

    async fn more_waiting(&self, known: &BTreeSet<Txid>) -> Result<Vec<TxAt>, Cause> {
        let more = if self.esplora.takes_many().await {
            self.esplora.waiting_of(self.hash).await
        } else {
            self.unspent_waiting(known).await
        };
        match more {
            // Too many for that list as well, or a transaction went meanwhile: what is missing is counted.
            Err(Cause::Refused(_) | Cause::TooLarge | Cause::Unsupported) => Ok(Vec::new()),
            other => other,
        }
    }

    async fn counts(&self) -> Result<Counts, Cause> {
        let path = format!("/scripthash/{}", self.hash);
        let answer: ScriptJson = self.esplora.json(&path, limits::SMALL_BYTES).await?;
        let waiting = answer.mempool_stats.map(|stats| stats.tx_count);
        Ok(Counts { confirmed: answer.chain_stats.tx_count, waiting })
    }
}

impl Listing<'_, '_> {
    /// Waiting transactions that are not known yet and paid the script what is unspent.
    async fn unspent_waiting(&self, known: &BTreeSet<Txid>) -> Result<Vec<TxAt>, Cause> {
        let path = format!("/scripthash/{}/utxo", self.hash);
        let body = self.esplora.get(&path, limits::UNSPENT_BYTES).await?.ok_or(Cause::Unsupported)?;
        let unspent: TxPage<UnspentJson> = json::parse(&body)?;
        let waiting = unspent.0.iter().filter(|coin| !coin.status.confirmed).map(|coin| coin.txid);
        let unknown: BTreeSet<Txid> = waiting.filter(|txid| !known.contains(txid)).collect();
        let fetch = async |txid: Txid| self.esplora.transaction(txid).await;
        let fetched: Vec<Option<Transaction>> =
            stream::iter(unknown).map(fetch).buffered(limits::IN_FLIGHT).try_collect().await?;
        let mut txs = Vec::new();
        for tx in fetched.into_iter().flatten() {
            self.esplora.http.keep(&tx)?;
            txs.push(TxAt { tx, place: None });
        }
        Ok(txs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_meaning() {
        for (status, cause) in [
            (200, None),
            (203, None),
            (400, Some(Cause::Refused(400))),
            (403, Some(Cause::Denied)),
            (404, Some(Cause::Missing)),
            (405, Some(Cause::Unsupported)),
            (422, Some(Cause::Refused(422))),
            (429, Some(Cause::Throttled)),
            (430, Some(Cause::Denied)),
            (500, Some(Cause::ServerError(500))),
            (503, Some(Cause::Busy)),
            (504, Some(Cause::ServerError(504))),
        ] {
            assert_eq!(status_cause(status), cause, "{status}");
        }
    }
}
