//! Simplified payment verification: a transaction is in a block, and work was done on that block and on those after it.
//!
//! Pure: branches and headers come from servers and are believed in nothing. A server can still leave things out; what
//! is proven here is only that it did not invent them. The floors and checkpoints are in work.rs.

use bitcoin::{
    Transaction, TxMerkleNode, Txid,
    block::Header,
    consensus,
    hashes::{Hash, HashEngine},
    merkle_tree,
};

use super::work;
use crate::network::Network;

/// No block has 2^32 transactions.
const LONGEST_BRANCH: usize = 32;
/// Blocks that have to follow before a confirmation counts as proven.
pub const SUCCESSORS: usize = 6;

/// A branch of a block's Merkle tree, from a transaction up to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MerkleBranch {
    /// Height of the block.
    pub height: u32,
    /// Siblings, the transaction's own first.
    pub siblings: Vec<TxMerkleNode>,
    /// Place of the transaction in the block, from 0.
    pub position: u32,
}

/// Why a proof is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpvError {
    /// More siblings than any block needs.
    #[error("the branch is longer than any block's")]
    TooLong,
    /// The position is outside of a tree of that depth.
    #[error("the position is outside of the tree")]
    Position,
    /// A left sibling equal to the node: a repeated half of the tree (CVE-2012-2459).
    #[error("the branch repeats a half of the tree")]
    Repeated,
    /// An inner node that reads as a transaction, or a transaction as long as a node (CVE-2017-12842).
    #[error("a node of the tree could be a transaction of 64 bytes")]
    SixtyFour,
    /// The branch does not end at the block's root.
    #[error("the branch does not end at the block")]
    Root,
    /// A header without the work it states, or with less than its height needs.
    #[error("a header lacks work")]
    Work,
    /// Headers that do not follow each other.
    #[error("the headers do not follow each other")]
    Unlinked,
    /// Another block than the compiled-in one is at a checkpoint.
    #[error("the headers contradict a checkpoint")]
    Checkpoint,
    /// Too few blocks follow, and none is a checkpoint.
    #[error("too few blocks follow")]
    Shallow,
}

/// Checks that `transaction` is in the first block of `headers`, and that enough work follows.
///
/// `headers` are successive, the first at `branch.height`. Returns how many of them were checked.
///
/// # Errors
/// [`SpvError`] says which step fails.
pub fn verify(
    network: Network,
    transaction: &Transaction,
    branch: &MerkleBranch,
    headers: &[Header],
) -> Result<usize, SpvError> {
    let first = headers.first().ok_or(SpvError::Shallow)?;
    if root(transaction, branch)? != first.merkle_root {
        return Err(SpvError::Root);
    }
    check_depth(network, branch.height, headers).map(|()| headers.len())
}

/// The root that a branch leads to.
///
/// # Errors
/// The branch could be one of a forged tree.
pub fn root(transaction: &Transaction, branch: &MerkleBranch) -> Result<TxMerkleNode, SpvError> {
    if branch.siblings.len() > LONGEST_BRANCH {
        return Err(SpvError::TooLong);
    }
    if u64::from(branch.position) >= 1u64 << branch.siblings.len() {
        return Err(SpvError::Position);
    }
    if could_be_a_node(transaction) {
        return Err(SpvError::SixtyFour);
    }
    let mut node = leaf(transaction.compute_txid());
    let mut position = branch.position;
    for &sibling in &branch.siblings {
        let is_right = position & 1 == 1;
        if is_right && sibling == node {
            return Err(SpvError::Repeated);
        }
        node = if is_right { parent(sibling, node)? } else { parent(node, sibling)? };
        position >>= 1;
    }
    Ok(node)
}

fn leaf(txid: Txid) -> TxMerkleNode {
    TxMerkleNode::from_byte_array(txid.to_byte_array())
}

fn parent(left: TxMerkleNode, right: TxMerkleNode) -> Result<TxMerkleNode, SpvError> {
    let both = [left.to_byte_array(), right.to_byte_array()].concat();
    if consensus::deserialize::<Transaction>(&both).is_ok() {
        return Err(SpvError::SixtyFour);
    }
    let mut engine = TxMerkleNode::engine();
    engine.input(&both);
    Ok(TxMerkleNode::from_engine(engine))
}

/// Whether headers follow each other.
#[must_use]
pub fn are_linked(headers: &[Header]) -> bool {
    headers.iter().zip(headers.iter().skip(1)).all(|(before, after)| before.block_hash() == after.prev_blockhash)
}

/// Whether these are the ids of all transactions of a block, in order. An id in a list that leads to the root belongs to a
/// transaction of the block, unless the transaction is as long as a node of the tree (CVE-2017-12842).
#[must_use]
pub fn are_all_of(block: &Header, txids: &[Txid]) -> bool {
    merkle_tree::calculate_root(txids.iter().map(|txid| leaf(*txid))) == Some(block.merkle_root)
}

/// Whether a transaction could pass for a node of a Merkle tree, so that no place in a tree proves it.
#[must_use]
pub fn could_be_a_node(transaction: &Transaction) -> bool {
    transaction.base_size() == 64
}

/// Checks that enough work follows on the first of these headers, which stands at `height`.
///
/// # Errors
/// [`SpvError`] says which step fails; [`SpvError::Shallow`] is no lie, only too little.
pub fn check_depth(network: Network, height: u32, headers: &[Header]) -> Result<(), SpvError> {
    let anchored = check_headers(network, height, headers)?;
    if anchored || headers.len() > SUCCESSORS { Ok(()) } else { Err(SpvError::Shallow) }
}

/// Checks work, links and checkpoints of successive headers from a height on; true if a checkpoint is among them.
///
/// # Errors
/// [`SpvError`] says which step fails.
pub fn check_headers(network: Network, height: u32, headers: &[Header]) -> Result<bool, SpvError> {
    let mut anchored = false;
    let mut before = None;
    for (height, header) in (height..).zip(headers) {
        let hash = header.block_hash();
        if before.is_some_and(|before| before != header.prev_blockhash) {
            return Err(SpvError::Unlinked);
        }
        header.validate_pow(header.target()).map_err(|_| SpvError::Work)?;
        if !work::is_enough(network, height, header.target()) {
            return Err(SpvError::Work);
        }
        match work::checkpoint(network, height) {
            Some(known) if known != hash => return Err(SpvError::Checkpoint),
            known => anchored |= known.is_some(),
        }
        before = Some(hash);
    }
    Ok(anchored)
}

#[cfg(test)]
#[path = "spv_tests.rs"]
mod tests;
