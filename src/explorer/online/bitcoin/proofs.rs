//! Fetching what proves a confirmation: the Merkle branch of a transaction, and the headers of its block and the next ones.
//!
//! What is fetched is judged by chain/bitcoin/spv.rs. A proof that fails is a lie only if the block is still the one that
//! was named: the chain may have moved in between.

use bitcoin::{Transaction, Txid, block::Header};
use futures_util::stream::{self, StreamExt};

use std::collections::{BTreeMap, BTreeSet};

use super::{Explorer, backend::Host};
use crate::{
    chain::bitcoin::spv::{self, MerkleBranch, SpvError},
    explorer::{
        Cause, ExplorerError,
        bitcoin::BlockRef,
        online::{
            bitcoin::questions::HEADERS,
            transport::{limits, pool::after},
        },
    },
};

/// From so many of our transactions in one block on, the list of all its ids is less to ask for than a branch for each.
const TOGETHER: usize = 4;
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

    /// Which of these are proven to be in the blocks of their first headers; false where that cannot be said now.
    async fn prove_all(&self, claims: &[Provable<'_>]) -> Result<Vec<bool>, Cause> {
        let wanted: Vec<(Txid, u32)> =
            claims.iter().map(|claim| (claim.transaction.compute_txid(), claim.height)).collect();
        let branches = self.branches(&wanted).await?;
        let mut proven = Vec::with_capacity(claims.len());
        for (claim, branch) in claims.iter().zip(branches) {
            proven.push(match branch.filter(|branch| branch.height == claim.height) {
                Some(branch) => self.judge(claim, &branch).await?,
                None => false,
            });
        }
        Ok(proven)
    }

    async fn judge(&self, claim: &Provable<'_>, branch: &MerkleBranch) -> Result<bool, Cause> {
        let Provable { transaction, height, headers } = claim;
        match spv::verify(self.network(), transaction, branch, headers) {
            Ok(_) => Ok(true),
            Err(SpvError::Shallow) => Ok(false),
            // The chain may have moved since the header came.
            Err(_) => {
                let there = self.block_hash_at(*height).await?;
                let is_other = there.is_some_and(|there| headers.first().map(Header::block_hash) != Some(there));
                if is_other { Ok(false) } else { Err(Cause::Lied) }
            }
        }
    }
}

/// A transaction that is said to be in a block, with that block's header and those that follow.
struct Provable<'a> {
    transaction: &'a Transaction,
    height: u32,
    headers: &'a [Header],
}

/// Transactions that are said to be in one block, with their places in the question.
type InBlock<'a> = Vec<(usize, &'a Transaction)>;

/// The blocks that transactions are said to be in.
type Blocks<'a> = BTreeMap<BlockRef, InBlock<'a>>;

impl Explorer {
    /// Which of these transactions are proven to be in the blocks they are said to be in, in the order given.
    ///
    /// `tip` is the height of the newest block. A host that cannot prove one leaves it unproven.
    ///
    /// # Errors
    /// A host sent a proof that is false, and no other one a true one.
    pub fn prove(&self, transactions: &[(Transaction, BlockRef)], tip: u32) -> Result<Vec<bool>, ExplorerError> {
        let mut blocks: Blocks<'_> = BTreeMap::new();
        for (place, (transaction, block)) in transactions.iter().enumerate() {
            blocks.entry(*block).or_default().push((place, transaction));
        }
        self.wait(async {
            self.fetch_headers(blocks.keys().map(|block| block.height), tip).await;
            let mut proven: BTreeSet<usize> = self.prove_at_once(&blocks).await?.into_iter().collect();
            blocks.values_mut().for_each(|inside| inside.retain(|(place, _)| !proven.contains(place)));
            blocks.retain(|_, inside| !inside.is_empty());
            let one = async |(block, inside): (&BlockRef, &InBlock<'_>)| self.prove_block(*block, tip, inside).await;
            let answers: Vec<Result<Vec<usize>, ExplorerError>> =
                stream::iter(&blocks).map(one).buffered(limits::IN_FLIGHT).collect().await;
            proven.extend(answers.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
            Ok((0..transactions.len()).map(|place| proven.contains(&place)).collect())
        })
    }

    /// Places of the transactions that the host which is asked first proves together, where it is told many questions at
    /// once. What it does not prove is left to the others, block by block.
    async fn prove_at_once(&self, blocks: &Blocks<'_>) -> Result<Vec<usize>, ExplorerError> {
        let together = self.pool.together();
        if together == 1 {
            return Ok(Vec::new());
        }
        let runs: Vec<(&BlockRef, &InBlock<'_>, Vec<Header>)> =
            blocks.iter().filter_map(|(block, inside)| Some((block, inside, self.seen_run(block)?))).collect();
        let deep = runs.iter().filter(|(block, _, run)| spv::check_depth(self.network, block.height, run).is_ok());
        let (places, claims): (Vec<usize>, Vec<Provable<'_>>) = deep
            .flat_map(|(block, inside, run)| {
                inside.iter().map(|(place, transaction)| {
                    (*place, Provable { transaction, height: block.height, headers: run.as_slice() })
                })
            })
            .unzip();
        let mut proven = Vec::new();
        for (places, claims) in places.chunks(together).zip(claims.chunks(together)) {
            let question = async |host: Host<'_>| Ok(if_any(host.prove_all(claims).await?));
            let found = only_lies(self.seek(after(limits::SCAN), question).await)?.and_then(|found| found.value);
            let said = places.iter().zip(found.unwrap_or_default());
            proven.extend(said.filter(|(_, is_proven)| *is_proven).map(|(place, _)| *place));
        }
        Ok(proven)
    }

    /// The header of a block and those that have to follow it, if they were seen.
    fn seen_run(&self, block: &BlockRef) -> Option<Vec<Header>> {
        let run = self.seen.borrow().run_from(block.height, spv::SUCCESSORS + 1)?;
        (run.first().map(Header::block_hash) == Some(block.hash)).then_some(run)
    }

    /// Places of the transactions that are proven to be in this block.
    async fn prove_block(&self, block: BlockRef, tip: u32, inside: &InBlock<'_>) -> Result<Vec<usize>, ExplorerError> {
        let Some(headers) = only_lies(self.headers_from(block, tip).await)? else { return Ok(Vec::new()) };
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
            let (height, headers) = (block.height, headers.as_slice());
            let claims = transactions.iter().map(|&transaction| Provable { transaction, height, headers });
            Ok(if_any(host.prove_all(&claims.collect::<Vec<_>>()).await?))
        };
        let proven = only_lies(self.seek(after(limits::SCAN), question).await)?;
        let proven = proven.and_then(|found| found.value).unwrap_or_default();
        Ok(inside.iter().zip(proven).filter(|(_, proven)| *proven).map(|((place, _), _)| *place).collect())
    }

    /// Fetches the headers that the proofs of blocks at these heights need, as few questions as bring them all. What does not
    /// come is asked for again with the block that lacks it.
    async fn fetch_headers(&self, heights: impl Iterator<Item = u32>, tip: u32) {
        let successors = u32::try_from(spv::SUCCESSORS).unwrap_or(u32::MAX);
        let needed = heights.flat_map(|height| height..=height.saturating_add(successors).min(tip));
        let needed: BTreeSet<u32> = needed.filter(|height| self.seen.borrow().hash_at(*height).is_none()).collect();
        let mut starts: Vec<u32> = Vec::new();
        for height in needed {
            if starts.last().is_none_or(|start| height - start >= HEADERS) {
                starts.push(height);
            }
        }
        let one = async |firsts: &[u32]| {
            let question = async |host: Host<'_>| {
                let runs = host.header_runs(firsts, tip).await?;
                let is_false =
                    |(first, run): (&u32, &Vec<Header>)| spv::check_headers(self.network, *first, run).is_err();
                if firsts.iter().zip(&runs).any(is_false) { Err(Cause::Lied) } else { Ok(Some(runs)) }
            };
            let found = self.race(after(limits::SCAN), question).await.ok().and_then(|found| found.value);
            firsts.iter().copied().zip(found.unwrap_or_default()).collect::<Vec<_>>()
        };
        let parts = starts.chunks(self.pool.together());
        let found: Vec<Vec<(u32, Vec<Header>)>> =
            stream::iter(parts).map(one).buffered(limits::IN_FLIGHT).collect().await;
        found.iter().flatten().for_each(|(first, run)| self.seen.borrow_mut().add(*first, run));
    }

    /// The header at a height and those that have to follow it: seen before, or asked from any host, as they prove
    /// themselves.
    async fn headers_from(&self, block: BlockRef, tip: u32) -> Result<Vec<Header>, ExplorerError> {
        let height = block.height;
        let is_its = |headers: &[Header]| headers.first().is_some_and(|header| header.block_hash() == block.hash);
        if let Some(seen) = self.seen_run(&block) {
            return Ok(seen);
        }
        let question = async |host: Host<'_>| {
            let headers = host.headers(height, tip).await?;
            spv::check_headers(self.network, height, &headers).map_err(|_| Cause::Lied)?;
            // Another chain than the one with this block is no lie, and no answer.
            Ok(is_its(&headers).then_some(headers))
        };
        let headers = self.race(after(limits::SCAN), question).await?.value.unwrap_or_default();
        self.seen.borrow_mut().add(height, &headers);
        Ok(headers)
    }
}

/// A host that proves nothing leaves it to others.
fn if_any(proven: Vec<bool>) -> Option<Vec<bool>> {
    proven.contains(&true).then_some(proven)
}

/// A proof that no host could give is none; a false one is an error.
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
