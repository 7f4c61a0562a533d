//! Fetching what proves a confirmation: the Merkle branch of a transaction, and the headers of its block and the next ones.
//!
//! What is fetched is judged by chain/bitcoin/spv.rs. A proof that fails is a lie only if the block is still the one that
//! was named: the chain may have moved in between.

use bitcoin::{
    BlockHash, CompactTarget, Transaction, TxMerkleNode, Txid,
    block::{Header, Version},
};
use futures_util::stream::{self, StreamExt};
use serde::Deserialize;

use super::{Explorer, esplora::Esplora, esplora_json, limits, pool::after};
use crate::{
    chain::bitcoin::spv::{self, MerkleBranch, SpvError},
    explorer::{BlockRef, Cause, ExplorerError},
};

/// Headers that one question brings.
const HEADERS: u32 = 10;
/// Most headers any known server puts into one answer (mempool's own interface gives 15).
const MOST_HEADERS: usize = 64;

#[derive(Deserialize)]
struct BranchJson {
    block_height: u32,
    merkle: Vec<TxMerkleNode>,
    pos: u32,
}

#[derive(Deserialize)]
struct HeaderJson {
    id: BlockHash,
    height: u32,
    version: i64,
    timestamp: u32,
    merkle_root: TxMerkleNode,
    previousblockhash: Option<BlockHash>,
    nonce: u32,
    bits: u32,
}

impl HeaderJson {
    /// The header itself, which has to hash to the id it was listed under.
    fn read(&self) -> Result<Header, Cause> {
        let version = i32::try_from(self.version).or_else(|_| u32::try_from(self.version).map(u32::cast_signed));
        let header = Header {
            version: Version::from_consensus(version.map_err(|_| Cause::Malformed)?),
            prev_blockhash: self.previousblockhash.unwrap_or(bitcoin::hashes::Hash::all_zeros()),
            merkle_root: self.merkle_root,
            time: self.timestamp,
            bits: CompactTarget::from_consensus(self.bits),
            nonce: self.nonce,
        };
        if header.block_hash() == self.id { Ok(header) } else { Err(Cause::Lied) }
    }
}

impl Esplora<'_> {
    /// The branch of a transaction that is in a block; nothing if this host has it in none.
    async fn branch(&self, txid: Txid) -> Result<Option<MerkleBranch>, Cause> {
        let Some(body) = self.get(&format!("/tx/{txid}/merkle-proof"), limits::SMALL_BYTES).await? else {
            return Ok(None);
        };
        let BranchJson { block_height, merkle, pos } = esplora_json::parse(&body)?;
        Ok(Some(MerkleBranch { height: block_height, siblings: merkle, position: pos }))
    }

    /// Successive headers from a height on, as many as one answer brings and the chain has.
    async fn headers(&self, first: u32, tip: u32) -> Result<Vec<Header>, Cause> {
        let last = first.saturating_add(HEADERS - 1).min(tip);
        let body = self.get(&format!("/blocks/{last}"), limits::SMALL_BYTES).await?.ok_or(Cause::Unsupported)?;
        let mut listed: Vec<HeaderJson> = esplora_json::parse(&body)?;
        if listed.len() > MOST_HEADERS {
            return Err(Cause::TooLarge);
        }
        listed.retain(|header| header.height >= first);
        listed.sort_by_key(|header| header.height);
        if listed.iter().zip(first..).any(|(header, height)| header.height != height) {
            return Err(Cause::Malformed);
        }
        listed.iter().map(HeaderJson::read).collect()
    }

    /// True if the transaction is proven to be in the block; false if that cannot be said now.
    async fn prove(&self, transaction: &Transaction, block: BlockRef, tip: u32) -> Result<bool, Cause> {
        let Some(branch) = self.branch(transaction.compute_txid()).await? else { return Ok(false) };
        if branch.height != block.height {
            return Ok(false);
        }
        let headers = self.headers(block.height, tip).await?;
        if headers.first().map(Header::block_hash) != Some(block.hash) {
            return Ok(false);
        }
        match spv::verify(self.network, transaction, &branch, &headers) {
            Ok(_) => Ok(true),
            Err(SpvError::Shallow) => Ok(false),
            Err(_) => Err(Cause::Lied),
        }
    }
}

impl Explorer {
    /// Which of these transactions are proven to be in the blocks they are said to be in, in the order given.
    ///
    /// `tip` is the height of the newest block. A host that cannot prove one leaves it unproven.
    ///
    /// # Errors
    /// A host sent a proof that is false, and nobody else a true one.
    pub fn prove(&self, transactions: &[(Transaction, BlockRef)], tip: u32) -> Result<Vec<bool>, ExplorerError> {
        let end = after(limits::SCAN);
        let one = async |(transaction, block): &(Transaction, BlockRef)| {
            let question = async |host: Esplora<'_>| host.prove(transaction, *block, tip).await.map(Some);
            match self.seek(end, question).await {
                Ok(found) => Ok(found.value.unwrap_or(false)),
                Err(error @ ExplorerError::Lied { .. }) => Err(error),
                Err(_) => Ok(false),
            }
        };
        self.wait(async {
            let answers: Vec<Result<bool, ExplorerError>> =
                stream::iter(transactions).map(one).buffered(limits::IN_FLIGHT).collect().await;
            answers.into_iter().collect()
        })
    }
}

#[cfg(test)]
#[path = "proofs_tests.rs"]
mod tests;
