//! The Merkle tree of a block's transaction ids, kept whole so that a branch is read and not hashed again.
//!
//! Knows hashes only.

use bitcoin::{
    TxMerkleNode, Txid,
    hashes::{Hash as _, HashEngine as _},
};

/// Every level of a block's tree, leaves first; the last level is the root alone.
pub(crate) struct MerkleTree {
    levels: Vec<Vec<TxMerkleNode>>,
}

impl MerkleTree {
    /// Hashes the tree of these ids, the last of an odd row paired with itself.
    pub(crate) fn new(txids: &[Txid]) -> Self {
        let mut levels = vec![txids.iter().map(|txid| TxMerkleNode::from_byte_array(txid.to_byte_array())).collect()];
        while let Some(above) = levels.last().and_then(|level: &Vec<TxMerkleNode>| row_above(level)) {
            levels.push(above);
        }
        Self { levels }
    }

    /// The root; `None` for a block without transactions.
    pub(crate) fn root(&self) -> Option<TxMerkleNode> {
        self.levels.last().and_then(|level| level.first()).copied()
    }

    /// The siblings from the leaf at `position` up to the root.
    pub(crate) fn branch(&self, position: usize) -> Vec<TxMerkleNode> {
        let below_root = self.levels.split_last().map_or(&[][..], |(_, below)| below);
        let mut place = position;
        let mut branch = Vec::with_capacity(below_root.len());
        for level in below_root {
            branch.extend(level.get(place ^ 1).or(level.last()));
            place /= 2;
        }
        branch
    }
}

/// The row of parents, or `None` above the root.
fn row_above(level: &[TxMerkleNode]) -> Option<Vec<TxMerkleNode>> {
    (level.len() > 1).then(|| {
        level.chunks(2).filter_map(|pair| Some(parent(pair.first()?, pair.get(1).or(pair.first())?))).collect()
    })
}

fn parent(left: &TxMerkleNode, right: &TxMerkleNode) -> TxMerkleNode {
    let mut engine = TxMerkleNode::engine();
    engine.input(&left.to_byte_array());
    engine.input(&right.to_byte_array());
    TxMerkleNode::from_engine(engine)
}

#[cfg(test)]
mod tests {
    use bitcoin::merkle_tree::calculate_root;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn branches_lead_to_the_root(seeds in proptest::collection::vec(any::<[u8; 32]>(), 1..40)) {
            let txids: Vec<Txid> = seeds.iter().map(|seed| Txid::from_byte_array(*seed)).collect();
            let tree = MerkleTree::new(&txids);
            let expected = calculate_root(txids.iter().map(|txid| txid.to_raw_hash())).expect("not empty");
            prop_assert_eq!(tree.root().map(|root| root.to_raw_hash()), Some(expected));
            for (position, txid) in txids.iter().enumerate() {
                let mut node = TxMerkleNode::from_byte_array(txid.to_byte_array());
                let mut place = position;
                for sibling in tree.branch(position) {
                    node = if place % 2 == 0 { parent(&node, &sibling) } else { parent(&sibling, &node) };
                    place /= 2;
                }
                prop_assert_eq!(Some(node), tree.root());
            }
        }
    }
}
