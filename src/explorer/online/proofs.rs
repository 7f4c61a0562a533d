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
use tokio::time::Instant;

use std::collections::{BTreeMap, BTreeSet};

use super::{Explorer, backend::Host, electrum_json, esplora::Esplora, esplora_json, limits, pool::after};
use crate::{
    chain::bitcoin::{
        spv::{self, MerkleBranch, SpvError},
        work,
    },
    explorer::{BlockRef, Cause, ExplorerError, Tip},
};

/// From so many of our transactions in one block on, the list of all its ids is less to ask for than a branch for each.
const TOGETHER: usize = 4;
/// No block will have a greater height in the next 40,000 years.
const HIGHEST: u32 = 1 << 31;
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
    pub(super) async fn branch(&self, txid: Txid) -> Result<Option<MerkleBranch>, Cause> {
        let Some(body) = self.get(&format!("/tx/{txid}/merkle-proof"), limits::SMALL_BYTES).await? else {
            return Ok(None);
        };
        let BranchJson { block_height, merkle, pos } = esplora_json::parse(&body)?;
        Ok(Some(MerkleBranch { height: block_height, siblings: merkle, position: pos }))
    }

    /// Successive headers from a height on, as many as one answer brings and the chain has.
    pub(super) async fn headers(&self, first: u32, tip: u32) -> Result<Vec<Header>, Cause> {
        let last = first.saturating_add(HEADERS - 1).min(tip);
        let body = self.get(&format!("/blocks/{last}"), limits::SMALL_BYTES).await?.ok_or(Cause::Unsupported)?;
        let (lowest, headers) = header_list(&body)?;
        let skipped = first.checked_sub(lowest).ok_or(Cause::Malformed)?;
        Ok(headers.into_iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).collect())
    }

    /// The newest block, and the headers before it that come with the same answer.
    pub(super) async fn top(&self) -> Result<(Tip, Vec<Header>), Cause> {
        let listed = match self.get("/blocks", limits::SMALL_BYTES).await? {
            Some(body) => header_list(&body),
            None => Err(Cause::Unsupported),
        };
        let (first, headers) = match listed {
            Ok(listed) => listed,
            Err(Cause::Malformed | Cause::Unsupported) => return self.top_alone().await,
            Err(cause) => return Err(cause),
        };
        spv::check_headers(self.network, first, &headers).map_err(|_| Cause::Lied)?;
        let (height, newest) = (first..).zip(&headers).last().ok_or(Cause::Malformed)?;
        // A chain that ends below a block we know of is behind, or another one.
        if height < work::least_height(self.network) {
            return Err(Cause::Busy);
        }
        Ok((Tip { height, hash: newest.block_hash() }, headers))
    }

    /// The newest block of a host without a list of blocks: its header has to hash to it, and to show the work.
    async fn top_alone(&self) -> Result<(Tip, Vec<Header>), Cause> {
        let tip = self.tip().await?;
        let path = format!("/block/{}/header", tip.hash);
        let body = self.get(&path, limits::SCALAR_BYTES).await?.ok_or(Cause::Unsupported)?;
        let text = std::str::from_utf8(&body).map_err(|_| Cause::Malformed)?;
        let header = electrum_json::header(text.trim())?;
        spv::check_headers(self.network, tip.height, &[header]).map_err(|_| Cause::Lied)?;
        if header.block_hash() == tip.hash { Ok((tip, vec![header])) } else { Err(Cause::Lied) }
    }

    /// The ids of all transactions of a block, in order.
    pub(super) async fn block_txids(&self, block: BlockHash) -> Result<Option<Vec<Txid>>, Cause> {
        let path = format!("/block/{block}/txids");
        self.get(&path, limits::TXIDS_BYTES).await?.map(|body| esplora_json::parse(&body)).transpose()
    }
}

impl Host<'_> {
    /// Which of these transactions of one block are proven to be in it; nothing where the host has no list for that.
    async fn prove_together(&self, transactions: &[&Transaction], header: &Header) -> Result<Option<Vec<bool>>, Cause> {
        let Some(txids) = self.block_txids(header.block_hash()).await? else { return Ok(None) };
        if !spv::are_all_of(header, &txids) {
            return Err(Cause::Lied);
        }
        let all: BTreeSet<Txid> = txids.into_iter().collect();
        let is_there = |tx: &&Transaction| !spv::could_be_a_node(tx) && all.contains(&tx.compute_txid());
        Ok(Some(transactions.iter().map(is_there).collect()))
    }

    /// True if the transaction is proven to be in the block of the first header; false if that cannot be said now.
    async fn prove_one(&self, transaction: &Transaction, height: u32, headers: &[Header]) -> Result<bool, Cause> {
        let Some(branch) = self.branch(transaction.compute_txid(), height).await? else { return Ok(false) };
        if branch.height != height {
            return Ok(false);
        }
        match spv::verify(self.network(), transaction, &branch, headers) {
            Ok(_) => Ok(true),
            Err(SpvError::Shallow) => Ok(false),
            // The chain may have moved since the header came.
            Err(_) => {
                let there = self.block_hash_at(height).await?;
                let is_other = there.is_some_and(|there| headers.first().map(Header::block_hash) != Some(there));
                if is_other { Ok(false) } else { Err(Cause::Lied) }
            }
        }
    }
}

/// A list of blocks as successive headers, lowest first, with the height of the first.
fn header_list(body: &[u8]) -> Result<(u32, Vec<Header>), Cause> {
    let mut listed: Vec<HeaderJson> = esplora_json::parse(body)?;
    if listed.len() > MOST_HEADERS {
        return Err(Cause::TooLarge);
    }
    listed.sort_by_key(|header| header.height);
    let first = listed.first().ok_or(Cause::Malformed)?.height;
    // No chain is so high, and counting on from there must have room.
    if listed.iter().any(|header| header.height > HIGHEST) {
        return Err(Cause::Malformed);
    }
    if listed.iter().zip(first..).any(|(header, height)| header.height != height) {
        return Err(Cause::Malformed);
    }
    Ok((first, listed.iter().map(HeaderJson::read).collect::<Result<_, _>>()?))
}

/// Transactions that are said to be in one block, with their places in the question.
type InBlock<'a> = Vec<(usize, &'a Transaction)>;

impl Explorer {
    /// Which of these transactions are proven to be in the blocks they are said to be in, in the order given.
    ///
    /// `tip` is the height of the newest block. A host that cannot prove one leaves it unproven.
    ///
    /// # Errors
    /// A host sent a proof that is false, and nobody else a true one.
    pub fn prove(&self, transactions: &[(Transaction, BlockRef)], tip: u32) -> Result<Vec<bool>, ExplorerError> {
        let mut blocks: BTreeMap<BlockRef, InBlock<'_>> = BTreeMap::new();
        for (place, (transaction, block)) in transactions.iter().enumerate() {
            blocks.entry(*block).or_default().push((place, transaction));
        }
        let end = after(limits::SCAN);
        self.wait(async {
            self.fetch_headers(blocks.keys().map(|block| block.height), tip, end).await;
            let one =
                async |(block, inside): (&BlockRef, &InBlock<'_>)| self.prove_block((*block, tip), inside, end).await;
            let answers: Vec<Result<Vec<usize>, ExplorerError>> =
                stream::iter(&blocks).map(one).buffered(limits::IN_FLIGHT).collect().await;
            let mut proven = vec![false; transactions.len()];
            for place in answers.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten() {
                if let Some(slot) = proven.get_mut(place) {
                    *slot = true;
                }
            }
            Ok(proven)
        })
    }

    /// Places of the transactions that are proven to be in this block.
    async fn prove_block(
        &self,
        (block, tip): (BlockRef, u32),
        inside: &InBlock<'_>,
        end: Instant,
    ) -> Result<Vec<usize>, ExplorerError> {
        let Some(headers) = only_lies(self.headers_from(block, tip, end).await)? else { return Ok(Vec::new()) };
        let Some(header) = headers.first() else { return Ok(Vec::new()) };
        if spv::check_depth(self.network, block.height, &headers).is_err() {
            return Ok(Vec::new());
        }
        let transactions: Vec<&Transaction> = inside.iter().map(|(_, transaction)| *transaction).collect();
        let question = async |host: Host<'_>| {
            if transactions.len() >= TOGETHER
                && let Some(proven) = host.prove_together(&transactions, header).await?
            {
                return Ok(if_any(proven));
            }
            let mut proven = Vec::with_capacity(transactions.len());
            for transaction in &transactions {
                proven.push(host.prove_one(transaction, block.height, &headers).await?);
            }
            Ok(if_any(proven))
        };
        let proven = only_lies(self.seek(end, question).await)?.and_then(|found| found.value).unwrap_or_default();
        Ok(inside.iter().zip(proven).filter(|(_, proven)| *proven).map(|((place, _), _)| *place).collect())
    }

    /// Fetches the headers that the proofs of blocks at these heights need, as few questions as bring them all. What does not
    /// come is asked for again with the block that lacks it.
    async fn fetch_headers(&self, heights: impl Iterator<Item = u32>, tip: u32, end: Instant) {
        let successors = u32::try_from(spv::SUCCESSORS).unwrap_or(u32::MAX);
        let needed = heights.flat_map(|height| height..=height.saturating_add(successors).min(tip));
        let needed: BTreeSet<u32> = needed.filter(|height| self.seen.borrow().hash_at(*height).is_none()).collect();
        let mut starts: Vec<u32> = Vec::new();
        for height in needed {
            if starts.last().is_none_or(|start| height - start >= HEADERS) {
                starts.push(height);
            }
        }
        let one = async |first: u32| {
            let question = async |host: Host<'_>| {
                let headers = host.headers(first, tip).await?;
                spv::check_headers(self.network, first, &headers).map_err(|_| Cause::Lied)?;
                Ok(Some(headers))
            };
            let found = self.race(end, question).await;
            (first, found.ok().and_then(|found| found.value).unwrap_or_default())
        };
        let found: Vec<(u32, Vec<Header>)> = stream::iter(starts).map(one).buffered(limits::IN_FLIGHT).collect().await;
        found.iter().for_each(|(first, headers)| self.seen.borrow_mut().add(*first, headers));
    }

    /// The header at a height and those that have to follow it: seen before, or asked from anybody, for they prove themselves.
    async fn headers_from(&self, block: BlockRef, tip: u32, end: Instant) -> Result<Vec<Header>, ExplorerError> {
        let height = block.height;
        let is_its = |headers: &[Header]| headers.first().is_some_and(|header| header.block_hash() == block.hash);
        if let Some(seen) = self.seen.borrow().run_from(height, spv::SUCCESSORS + 1).filter(|seen| is_its(seen)) {
            return Ok(seen);
        }
        let question = async |host: Host<'_>| {
            let headers = host.headers(height, tip).await?;
            spv::check_headers(self.network, height, &headers).map_err(|_| Cause::Lied)?;
            // Another chain than the one with this block is no lie, and no answer.
            Ok(is_its(&headers).then_some(headers))
        };
        let headers = self.race(end, question).await?.value.unwrap_or_default();
        self.seen.borrow_mut().add(height, &headers);
        Ok(headers)
    }
}

/// Who proves nothing leaves it to others.
fn if_any(proven: Vec<bool>) -> Option<Vec<bool>> {
    proven.contains(&true).then_some(proven)
}

/// A proof that nobody could give is none; a false one is an error.
fn only_lies<T>(answer: Result<T, ExplorerError>) -> Result<Option<T>, ExplorerError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error @ ExplorerError::Lied { .. }) => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
#[path = "proofs_tests.rs"]
mod tests;
