//! How a block is made: the coinbase with its height and witness commitment, the Merkle root, the proof of work.
//!
//! Knows nothing of the mempool or the disk; chain.rs chooses the transactions.

use std::sync::Arc;

use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Witness, absolute,
    block::{Header, Version},
    hashes::Hash as _,
    opcodes::OP_TRUE,
    script::Builder,
    transaction,
};

/// The easiest target, which regtest never leaves.
pub(crate) const BITS: u32 = 0x207f_ffff;
/// Regtest's `nSubsidyHalvingInterval`.
const HALVING: u32 = 150;
/// BIP-141: the marker before the commitment.
const COMMITMENT_MARK: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
/// BIP-141: the coinbase input's witness.
const RESERVED: [u8; 32] = [0; 32];
/// BIP-9's top bits with no deployment signalled.
const VERSION: i32 = 0x2000_0000;

/// What a miner decides before choosing transactions.
pub(crate) struct Blueprint {
    /// The block to build on.
    pub(crate) previous: BlockHash,
    /// Height of the new block.
    pub(crate) height: u32,
    /// Seconds since 1970.
    pub(crate) time: u32,
    /// Different for every block ever made here, so that a fork never repeats the block it replaces.
    pub(crate) salt: u64,
    /// The receiver of subsidy and fees.
    pub(crate) payout: ScriptBuf,
}

/// New coins of the block at `height`, in satoshi.
pub(crate) fn subsidy(height: u32) -> u64 {
    5_000_000_000u64.checked_shr(height / HALVING).unwrap_or(0)
}

/// A block of these transactions, with its work done.
pub(crate) fn make_block(blueprint: Blueprint, transactions: &[Arc<Transaction>], fees: u64) -> Block {
    let header = Header {
        version: Version::from_consensus(VERSION),
        prev_blockhash: blueprint.previous,
        merkle_root: TxMerkleNode::all_zeros(),
        time: blueprint.time,
        bits: CompactTarget::from_consensus(BITS),
        nonce: 0,
    };
    let mut txdata = vec![coinbase(&blueprint, subsidy(blueprint.height).saturating_add(fees))];
    txdata.extend(transactions.iter().map(|transaction| transaction.as_ref().clone()));
    let mut block = Block { header, txdata };
    commit_to_witnesses(&mut block);
    if let Some(root) = block.compute_merkle_root() {
        block.header.merkle_root = root;
    }
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce = block.header.nonce.wrapping_add(1);
    }
    block
}

fn coinbase(blueprint: &Blueprint, value: u64) -> Transaction {
    // BIP-34: the height comes first.
    let script_sig =
        Builder::new().push_int(i64::from(blueprint.height)).push_slice(blueprint.salt.to_le_bytes()).into_script();
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig,
            sequence: Sequence::MAX,
            witness: Witness::from_slice(&[RESERVED]),
        }],
        output: vec![TxOut { value: Amount::from_sat(value), script_pubkey: blueprint.payout.clone() }],
    }
}

fn commit_to_witnesses(block: &mut Block) {
    let Some(root) = block.witness_root() else { return };
    let mut script = COMMITMENT_MARK.to_vec();
    script.extend(Block::compute_witness_commitment(&root, &RESERVED).to_byte_array());
    if let Some(coinbase) = block.txdata.first_mut() {
        coinbase.output.push(TxOut { value: Amount::ZERO, script_pubkey: ScriptBuf::from_bytes(script) });
    }
}

/// What blocks pay when no receiver is named: P2WSH of a script that is always true.
pub(crate) fn script() -> ScriptBuf {
    ScriptBuf::new_p2wsh(&always_true().wscript_hash())
}

pub(crate) fn always_true() -> ScriptBuf {
    Builder::new().push_opcode(OP_TRUE).into_script()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blueprint(height: u32) -> Blueprint {
        Blueprint { previous: BlockHash::all_zeros(), height, time: 1, salt: 7, payout: ScriptBuf::new() }
    }

    #[test]
    fn the_subsidy_halves_every_150_blocks() {
        assert_eq!(subsidy(1), 5_000_000_000);
        assert_eq!(subsidy(149), 5_000_000_000);
        assert_eq!(subsidy(150), 2_500_000_000);
        assert_eq!(subsidy(300), 1_250_000_000);
        assert_eq!(subsidy(150 * 64), 0);
        assert_eq!(subsidy(u32::MAX), 0);
    }

    #[test]
    fn blocks_have_work_root_commitment_and_height() {
        for height in [1, 16, 17, 128, 70_000] {
            let block = make_block(blueprint(height), &[], 5);
            assert!(block.header.validate_pow(block.header.target()).is_ok());
            assert!(block.check_merkle_root());
            assert!(block.check_witness_commitment());
            let script = block.txdata[0].input[0].script_sig.clone();
            let expected = Builder::new().push_int(i64::from(height)).into_script();
            assert!(script.as_bytes().starts_with(expected.as_bytes()));
            assert_eq!(block.txdata[0].output[0].value.to_sat(), subsidy(height) + 5);
        }
    }
}
