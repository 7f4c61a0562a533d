//! The shapes of an Electrum server's answers, and what we make of them: headers, histories, their status, fee rates.
//!
//! Pure. Everything is bounded by the line it came in; nothing that a server could have computed wrongly is believed.

use std::collections::BTreeMap;

use bitcoin::{
    Script, Transaction, TxMerkleNode, Txid,
    block::Header,
    consensus,
    hashes::{Hash, sha256},
};
use hex::FromHex;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{
    amount::FeeRate,
    chain::bitcoin::spv::MerkleBranch,
    explorer::{
        Cause,
        bitcoin::KnownHistory,
        online::{
            bitcoin::esplora::json::{self, header},
            transport::limits,
        },
    },
};

/// The result of an answer; nothing for `null`.
pub(crate) type ElectrumResult = Option<Box<RawValue>>;

/// Status of a script's history: what a server announces, and what its history has to hash to.
pub(crate) type ScriptStatus = sha256::Hash;

/// A line of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct HistoryEntry {
    /// The transaction.
    pub(crate) tx_hash: Txid,
    /// Its height; 0 while it waits, -1 while something that it spends waits too.
    pub(crate) height: i64,
}

#[derive(Deserialize)]
struct TipJson {
    height: u32,
    hex: String,
}

#[derive(Deserialize)]
struct HeadersJson {
    count: usize,
    /// Protocol 1.4: all of them in one text.
    hex: Option<String>,
    /// Protocol 1.6: each in its own.
    headers: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ElectrumBranch {
    block_height: u32,
    merkle: Vec<TxMerkleNode>,
    pos: u32,
}

/// Reads the result of an answer.
pub(crate) fn shape<T: DeserializeOwned>(answer: &ElectrumResult) -> Result<T, Cause> {
    serde_json::from_str(answer.as_ref().map_or("null", |raw| raw.get())).map_err(|_| Cause::Malformed)
}

/// SHA-256 of a script in the reversed order that Electrum has.
pub(crate) fn script_hash(script: &Script) -> String {
    let mut bytes = sha256::Hash::hash(script.as_bytes()).to_byte_array();
    bytes.reverse();
    sha256::Hash::from_byte_array(bytes).to_string()
}

/// The newest header and its height.
pub(crate) fn tip(answer: &ElectrumResult) -> Result<(u32, Header), Cause> {
    let TipJson { height, hex } = shape(answer)?;
    Ok((height, header(&hex)?))
}

/// At most `most` successive headers, in either form.
pub(crate) fn headers(answer: &ElectrumResult, most: usize) -> Result<Vec<Header>, Cause> {
    let HeadersJson { count, hex, headers } = shape(answer)?;
    let texts = match (&hex, &headers) {
        (_, Some(list)) => list.iter().map(String::as_str).collect(),
        (Some(text), None) if text.is_ascii() => {
            (0..text.len()).step_by(160).map(|at| text.get(at..at + 160).unwrap_or_default()).collect()
        }
        _ => Vec::new(),
    };
    if texts.len() > most {
        return Err(Cause::TooLarge);
    }
    if texts.len() != count {
        return Err(Cause::Malformed);
    }
    texts.into_iter().map(header).collect()
}

/// The branch of a transaction in a block.
pub(crate) fn branch(answer: &ElectrumResult) -> Result<MerkleBranch, Cause> {
    let ElectrumBranch { block_height, merkle, pos } = shape(answer)?;
    Ok(MerkleBranch { height: block_height, siblings: merkle, position: pos })
}

/// A transaction in hex that has to hash to its id.
pub(crate) fn transaction(hex: &str, txid: Txid) -> Result<Transaction, Cause> {
    if hex.len() > 2 * limits::RAW_TX_BYTES {
        return Err(Cause::TooLarge);
    }
    let bytes = Vec::<u8>::from_hex(hex).map_err(|_| Cause::Malformed)?;
    let tx: Transaction = consensus::deserialize(&bytes).map_err(|_| Cause::Malformed)?;
    if json::is_believable(&tx, txid) { Ok(tx) } else { Err(Cause::Lied) }
}

/// A history of bounded length.
pub(crate) fn entries(answer: &ElectrumResult) -> Result<Vec<HistoryEntry>, Cause> {
    let entries: Vec<HistoryEntry> = shape(answer)?;
    if entries.len() > limits::TXS_PER_SCRIPT {
        return Err(Cause::TooLarge);
    }
    let possible = |entry: &HistoryEntry| entry.height >= -1 && u32::try_from(entry.height.max(0)).is_ok();
    if entries.iter().all(possible) { Ok(entries) } else { Err(Cause::Malformed) }
}

/// What a history in this order hashes to; nothing if it is empty.
pub(crate) fn status(entries: &[HistoryEntry]) -> Option<ScriptStatus> {
    let text: String = entries.iter().map(|entry| format!("{}:{}:", entry.tx_hash, entry.height)).collect();
    (!text.is_empty()).then(|| sha256::Hash::hash(text.as_bytes()))
}

/// True if the history has this status as it stands, or with waiting transactions in the order the protocol names.
pub(crate) fn has_status(entries: &[HistoryEntry], announced: ScriptStatus) -> bool {
    let mut sorted = entries.to_vec();
    // Confirmed ones keep their places in front; waiting ones by falling height, then by id as text.
    sorted.sort_by_cached_key(|entry| match entry.height {
        ..=0 => (true, -entry.height, entry.tx_hash.to_string()),
        _ => (false, 0, String::new()),
    });
    status(entries) == Some(announced) || status(&sorted) == Some(announced)
}

/// True if what is known, written as a history, has this status. Two orders of what is known are tried: whether waiting
/// transactions spend confirmed coins is not recorded. A match is a proof, a miss is none.
pub(crate) fn is_status_of(known: &KnownHistory, announced: ScriptStatus) -> bool {
    let confirmed =
        known.confirmed.iter().map(|(txid, height)| HistoryEntry { tx_hash: *txid, height: i64::from(*height) });
    let waiting = |height| known.waiting.iter().map(move |txid| HistoryEntry { tx_hash: *txid, height });
    let with = |height| confirmed.clone().chain(waiting(height)).collect::<Vec<_>>();
    has_status(&with(0), announced) || (!known.waiting.is_empty() && has_status(&with(-1), announced))
}

/// Each transaction once, in order; confirmed wins.
pub(crate) fn distinct(entries: &[HistoryEntry]) -> Vec<HistoryEntry> {
    let mut kept: Vec<HistoryEntry> = Vec::with_capacity(entries.len());
    let mut places = BTreeMap::new();
    for entry in entries {
        match places.get(&entry.tx_hash).and_then(|&at: &usize| kept.get_mut(at)) {
            Some(earlier) if earlier.height <= 0 => *earlier = *entry,
            Some(_) => {}
            None => {
                places.insert(entry.tx_hash, kept.len());
                kept.push(*entry);
            }
        }
    }
    kept
}

/// True if these entries say what is known and nothing else, in whatever order.
pub(crate) fn is_known(known: &KnownHistory, entries: &[HistoryEntry]) -> bool {
    let mut said: Vec<(Txid, u32)> =
        entries.iter().map(|entry| (entry.tx_hash, u32::try_from(entry.height).unwrap_or(0))).collect();
    let waiting = known.waiting.iter().map(|txid| (*txid, 0));
    let mut ours: Vec<(Txid, u32)> = known.confirmed.iter().copied().chain(waiting).collect();
    said.sort_unstable();
    ours.sort_unstable();
    said == ours
}

/// A fee rate in bitcoin per 1000 virtual bytes, as nodes state it; nothing for "no estimate", which is -1.
pub(crate) fn fee_rate(number: &RawValue) -> Option<FeeRate> {
    json::scaled_rate(number.get(), 8)
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
