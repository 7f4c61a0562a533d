//! What proves a confirmation, from a person's own node: headers in batches, and branches made here from whole blocks.
//!
//! Nothing is judged: headers hash to their names, and blocks have their Merkle roots (core_rpc/).

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{BlockHash, Transaction, TxMerkleNode, Txid, block::Header, hashes::Hash};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

use super::{
    Core,
    memory::NodeMemory,
    wire::{Complaint, shape},
};
use crate::{
    chain::bitcoin::spv::MerkleBranch,
    explorer::{
        Cause,
        online::{
            bitcoin::{esplora::json::header, questions::HEADERS},
            transport::limits,
        },
    },
};

/// Blocks in flight at once.
const BLOCKS_AT_ONCE: usize = 4;

impl Core<'_> {
    /// Successive headers from each of these heights on, as many as one answer brings and the chain has.
    pub(crate) async fn header_runs(&self, firsts: &[u32], tip: u32) -> Result<Vec<Vec<Header>>, Cause> {
        let last = |first: u32| first.saturating_add(HEADERS - 1).min(tip);
        let heights: BTreeSet<u32> = firsts.iter().flat_map(|&first| first..=last(first)).collect();
        let questions = heights.iter().map(|height| ("getblockhash", json!([height]))).collect::<Vec<_>>();
        let hashes: Vec<BlockHash> = self.all(&questions).await?;
        let questions = hashes.iter().map(|hash| ("getblockheader", json!([hash, false]))).collect::<Vec<_>>();
        let texts: Vec<String> = self.all(&questions).await?;
        let headers = texts.iter().map(|text| header(text)).collect::<Result<Vec<_>, _>>()?;
        if !headers.iter().zip(&hashes).all(|(header, hash)| header.block_hash() == *hash) {
            return Err(Cause::Lied);
        }
        let by_height: BTreeMap<u32, Header> = heights.into_iter().zip(headers).collect();
        let run = |&first: &u32| by_height.range(first..=last(first)).map(|(_, header)| *header).collect();
        Ok(firsts.iter().filter(|first| **first <= tip).map(run).collect())
    }

    /// The branches of transactions in the blocks at these heights, made here; nothing for one that is not in that block.
    /// Each block is fetched once.
    pub(crate) async fn branches(&self, wanted: &[(Txid, u32)]) -> Result<Vec<Option<MerkleBranch>>, Cause> {
        let heights: BTreeSet<u32> = wanted.iter().map(|(_, height)| *height).collect();
        let hashes = self.hashes_at(&heights).await?;
        let fetch = async |(height, hash): (u32, BlockHash)| self.txids_of(hash).await.map(|txids| (height, txids));
        let blocks: BTreeMap<u32, Vec<Txid>> =
            stream::iter(hashes).map(fetch).buffered(BLOCKS_AT_ONCE).try_collect().await?;
        let branch = |(txid, height): &(Txid, u32)| branch_of(blocks.get(height)?, *txid, *height);
        Ok(wanted.iter().map(branch).collect())
    }

    /// The blocks at these heights; a height above the tip is left out.
    pub(crate) async fn hashes_at(&self, heights: &BTreeSet<u32>) -> Result<BTreeMap<u32, BlockHash>, Cause> {
        let questions = heights.iter().map(|height| ("getblockhash", json!([height]))).collect::<Vec<_>>();
        let replies = self.node().ask_all(&questions, limits::CHUNK).await?;
        let mut hashes = BTreeMap::new();
        for (&height, reply) in heights.iter().zip(replies) {
            match reply {
                Ok(answer) => drop(hashes.insert(height, shape(&answer)?)),
                Err(Complaint::Parameter) => {}
                Err(complaint) => return Err(complaint.into()),
            }
        }
        Ok(hashes)
    }

    /// The ids of all transactions of a block, in order.
    async fn txids_of(&self, hash: BlockHash) -> Result<Vec<Txid>, Cause> {
        let kept = self.endpoint.memory::<NodeMemory>()?.blocks.borrow().get(&hash).cloned();
        match kept {
            Some(txids) => Ok(txids.to_vec()),
            None => Ok(self.block(hash).await?.txdata.iter().map(Transaction::compute_txid).collect()),
        }
    }
}

/// The branch of a transaction, from the ids of its block's.
fn branch_of(txids: &[Txid], txid: Txid, height: u32) -> Option<MerkleBranch> {
    let place = txids.iter().position(|other| *other == txid)?;
    let mut level: Vec<TxMerkleNode> =
        txids.iter().map(|txid| TxMerkleNode::from_byte_array(txid.to_byte_array())).collect();
    let (mut siblings, mut at) = (Vec::new(), place);
    while level.len() > 1 {
        if level.len() % 2 == 1 {
            level.extend(level.last().copied());
        }
        siblings.push(*level.get(at ^ 1)?);
        at /= 2;
        level = level
            .chunks_exact(2)
            .map(|pair| TxMerkleNode::hash(&pair.iter().flat_map(|node| node.to_byte_array()).collect::<Vec<_>>()))
            .collect();
    }
    Some(MerkleBranch { height, siblings, position: u32::try_from(place).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        chain::bitcoin::spv::{SpvError, root},
        explorer::online::bitcoin::fake,
    };

    #[test]
    fn a_branch_leads_to_the_root_whatever_the_number_of_transactions() {
        for count in 1..40u32 {
            let txs: Vec<Transaction> = (0..count).map(|number| fake::payment(&fake::script(1), number)).collect();
            let txids: Vec<Txid> = txs.iter().map(Transaction::compute_txid).collect();
            let leaves = txids.iter().map(|txid| TxMerkleNode::from_byte_array(txid.to_byte_array()));
            let top = bitcoin::merkle_tree::calculate_root(leaves).expect("there are some");
            for tx in &txs {
                let branch = branch_of(&txids, tx.compute_txid(), 1).expect("in it");
                let leads = root(tx, &branch);
                let repeated = leads == Err(SpvError::Repeated);
                assert!(leads == Ok(top) || repeated, "{count} {leads:?}");
                assert!(!repeated, "a branch whose own half is doubled stands on the left");
            }
        }
    }
}
