//! Real branches of real blocks pass; every way to forge one fails.

use bitcoin::{
    Block, BlockHash, CompactTarget, Network as CoreNetwork, OutPoint, ScriptBuf, Sequence, TxIn, TxOut, Witness,
    absolute, block, constants::genesis_block, transaction,
};

use super::*;

/// The easiest work there is.
const REGTEST_BITS: u32 = 0x207f_ffff;

fn payment(number: u32) -> Transaction {
    let input = TxIn {
        previous_output: OutPoint { txid: Txid::from_byte_array([7; 32]), vout: number },
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let output =
        TxOut { value: bitcoin::Amount::from_sat(u64::from(number)), script_pubkey: ScriptBuf::from(vec![0x51; 22]) };
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}

/// Siblings from leaf to root; the last node of an odd row is its own sibling.
fn branch(txs: &[Transaction], place: usize) -> MerkleBranch {
    let mut row: Vec<TxMerkleNode> = txs.iter().map(|tx| leaf(tx.compute_txid())).collect();
    let (mut siblings, mut position) = (Vec::new(), place);
    while row.len() > 1 {
        siblings.push(*row.get(position ^ 1).unwrap_or(&row[position]));
        row = row.chunks(2).map(|pair| parent(pair[0], *pair.last().expect("a node")).expect("a node")).collect();
        position /= 2;
    }
    MerkleBranch { height: 1, siblings, position: u32::try_from(place).expect("small") }
}

fn mined(before: BlockHash, merkle_root: TxMerkleNode) -> Header {
    let bits = CompactTarget::from_consensus(REGTEST_BITS);
    let mut header = Header {
        version: block::Version::TWO,
        prev_blockhash: before,
        merkle_root,
        time: 1_700_000_000,
        bits,
        nonce: 0,
    };
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    header
}

/// A block with these transactions and six after it.
fn chain(txs: &[Transaction]) -> Vec<Header> {
    let block = Block { header: mined(BlockHash::all_zeros(), TxMerkleNode::all_zeros()), txdata: txs.to_vec() };
    let root = block.compute_merkle_root().expect("transactions");
    let mut headers = vec![mined(BlockHash::all_zeros(), root)];
    while headers.len() <= SUCCESSORS {
        headers.push(mined(headers[headers.len() - 1].block_hash(), TxMerkleNode::all_zeros()));
    }
    headers
}

#[test]
fn every_transaction_of_blocks_of_every_shape_is_proven() {
    for count in [1u32, 2, 3, 4, 5, 7, 8, 11, 16, 33] {
        let txs: Vec<Transaction> = (0..count).map(payment).collect();
        let headers = chain(&txs);
        for (place, tx) in txs.iter().enumerate() {
            assert_eq!(
                verify(Network::Regtest, tx, &branch(&txs, place), &headers),
                Ok(SUCCESSORS + 1),
                "{place}/{count}"
            );
        }
    }
}

#[test]
fn forged_branches_are_refused() {
    let txs: Vec<Transaction> = (0..6).map(payment).collect();
    let headers = chain(&txs);
    let good = branch(&txs, 3);
    let check =
        |tx: &Transaction, branch: &MerkleBranch| verify(Network::Regtest, tx, branch, &headers).expect_err("forged");
    assert_eq!(check(&payment(99), &good), SpvError::Root, "a transaction that is not in the block");
    assert_eq!(check(&txs[3], &MerkleBranch { position: 2, ..good.clone() }), SpvError::Root);
    assert_eq!(check(&txs[3], &MerkleBranch { position: 8, ..good.clone() }), SpvError::Position);
    for place in 0..good.siblings.len() {
        let mut wrong = good.clone();
        wrong.siblings[place] = TxMerkleNode::from_byte_array([9; 32]);
        assert_eq!(check(&txs[3], &wrong), SpvError::Root);
        let mut shorter = good.clone();
        shorter.siblings.remove(place);
        assert!(matches!(check(&txs[3], &shorter), SpvError::Root | SpvError::Position));
    }
    let long = MerkleBranch { siblings: vec![TxMerkleNode::all_zeros(); 33], ..good };
    assert_eq!(check(&txs[3], &long), SpvError::TooLong);
}

#[test]
fn a_repeated_half_of_the_tree_is_refused() {
    // Blocks of 3 and of 4 with the last repeated have one root (CVE-2012-2459).
    let mut txs: Vec<Transaction> = (0..3).map(payment).collect();
    let headers = chain(&txs);
    txs.push(txs[2].clone());
    assert_eq!(verify(Network::Regtest, &txs[2], &branch(&txs, 2), &headers), Ok(SUCCESSORS + 1));
    assert_eq!(verify(Network::Regtest, &txs[3], &branch(&txs, 3), &headers), Err(SpvError::Repeated));
}

#[test]
fn nodes_that_read_as_transactions_are_refused() {
    // 64 bytes: one input without a script, one output with a script of four bytes.
    let mut tx = payment(1);
    tx.output[0].script_pubkey = ScriptBuf::from(vec![0x51; 4]);
    let bytes = consensus::serialize(&tx);
    assert_eq!((bytes.len(), tx.base_size()), (64, 64));
    assert_eq!(root(&tx, &MerkleBranch { height: 1, siblings: vec![], position: 0 }), Err(SpvError::SixtyFour));
    // The same bytes as two nodes.
    let (left, right) = bytes.split_at(32);
    let node = |half: &[u8]| TxMerkleNode::from_slice(half).expect("32 bytes");
    assert_eq!(parent(node(left), node(right)), Err(SpvError::SixtyFour));
}

#[test]
fn headers_need_work_links_and_company() {
    let txs = [payment(1), payment(2)];
    let headers = chain(&txs);
    let proof = branch(&txs, 0);
    let check = |network, headers: &[Header]| verify(network, &txs[0], &proof, headers).expect_err("not proven");
    assert_eq!(check(Network::Regtest, &headers[..SUCCESSORS]), SpvError::Shallow);
    assert_eq!(check(Network::Regtest, &[]), SpvError::Shallow);
    let mut unlinked = headers.clone();
    unlinked.swap(3, 4);
    assert_eq!(check(Network::Regtest, &unlinked), SpvError::Unlinked);
    let mut lazy = headers.clone();
    while lazy[6].validate_pow(lazy[6].target()).is_ok() {
        lazy[6].nonce += 1;
    }
    assert_eq!(check(Network::Regtest, &lazy), SpvError::Work);
    for network in [Network::Bitcoin, Network::Testnet3, Network::Testnet4, Network::Signet] {
        assert_eq!(check(network, &headers), SpvError::Work, "regtest's work on {network}");
    }
}

#[test]
fn a_checkpoint_stands_for_what_follows_and_cannot_be_contradicted() {
    let genesis = genesis_block(CoreNetwork::Bitcoin);
    let proof = MerkleBranch { height: 0, siblings: vec![], position: 0 };
    let coinbase = &genesis.txdata[0];
    assert_eq!(verify(Network::Bitcoin, coinbase, &proof, &[genesis.header]), Ok(1));
    let elsewhere = MerkleBranch { height: 1, ..proof.clone() };
    assert_eq!(verify(Network::Bitcoin, coinbase, &elsewhere, &[genesis.header]), Err(SpvError::Shallow));
    let other = mined(BlockHash::all_zeros(), genesis.header.merkle_root);
    assert_eq!(verify(Network::Regtest, coinbase, &proof, &[other]), Err(SpvError::Checkpoint));
}
