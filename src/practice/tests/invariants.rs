//! What a block must keep, and that breaking it is noticed.

use bitcoin::{Amount, Block, CompactTarget, Transaction, TxMerkleNode, Txid, hashes::Hash as _};

use super::{NOON, address, funded, spend};
use crate::{
    explain::{Explain as _, Kind},
    practice::{
        PracticeChain, PracticeError,
        coinbase::{Blueprint, make_block, subsidy},
    },
};

/// A good block on the tip, with these transactions.
fn block_on(chain: &PracticeChain, transactions: &[Transaction], fees: u64) -> Block {
    let blueprint = Blueprint {
        previous: chain.tip().1,
        height: chain.tip().0 + 1,
        time: NOON + 10_000,
        salt: 99,
        payout: address(9),
    };
    let transactions: Vec<_> = transactions.iter().cloned().map(std::sync::Arc::new).collect();
    make_block(blueprint, &transactions, fees)
}

/// Does the work of a changed block again.
fn rework(mut block: Block) -> Block {
    block.header.merkle_root = block.compute_merkle_root().expect("not empty");
    while block.header.validate_pow(block.header.target()).is_err() {
        block.header.nonce += 1;
    }
    block
}

fn why(chain: &mut PracticeChain, block: Block) -> &'static str {
    let before = chain.tip();
    let error = chain.connect(block).expect_err("must be refused");
    assert_eq!(error.entry().kind, Kind::Bug);
    assert_eq!(chain.tip(), before);
    match error {
        PracticeError::BadBlock(why) => why,
        other => panic!("{other}"),
    }
}

#[test]
fn broken_headers_are_refused() {
    let (mut chain, _) = funded(1, 100_000);
    let good = block_on(&chain, &[], 0);
    let mut lost = good.clone();
    lost.header.prev_blockhash = bitcoin::BlockHash::all_zeros();
    assert_eq!(why(&mut chain, lost), "it does not build on the tip");
    let mut early = good.clone();
    early.header.time = chain.median_time();
    assert_eq!(why(&mut chain, rework(early)), "its time is not after the median of the last blocks");
    let mut idle = good.clone();
    while idle.header.validate_pow(idle.header.target()).is_ok() {
        idle.header.nonce += 1;
    }
    assert_eq!(why(&mut chain, idle), "its proof of work is wrong");
    let mut easy = good.clone();
    easy.header.bits = CompactTarget::from_consensus(0x2100_ffff);
    assert_eq!(why(&mut chain, easy), "its proof of work is wrong");
    let mut other = good.clone();
    other.header.merkle_root = TxMerkleNode::from_byte_array([3; 32]);
    while other.header.validate_pow(other.header.target()).is_err() {
        other.header.nonce += 1;
    }
    assert_eq!(why(&mut chain, other), "its header does not commit to its transactions");
    chain.connect(good).expect("the good one fits");
}

#[test]
fn broken_bodies_are_refused() {
    let (mut chain, coins) = funded(1, 100_000);
    let payment = spend(&coins, &[(2, 99_000)]);
    let mut unwitnessed = block_on(&chain, std::slice::from_ref(&payment), 1_000);
    unwitnessed.txdata[1].input[0].witness.push([1]);
    assert_eq!(why(&mut chain, unwitnessed), "its header does not commit to its transactions");
    let twice = block_on(&chain, &[payment.clone(), spend(&coins, &[(3, 98_000)])], 0);
    assert_eq!(why(&mut chain, twice), "it spends a coin that does not exist, or more than there is");
    let mut orphan = payment.clone();
    orphan.input[0].previous_output.txid = Txid::all_zeros();
    let orphan = block_on(&chain, &[orphan], 0);
    assert_eq!(why(&mut chain, orphan), "it spends a coin that does not exist, or more than there is");
    let more = block_on(&chain, &[spend(&coins, &[(2, 100_001)])], 0);
    assert_eq!(why(&mut chain, more), "it spends a coin that does not exist, or more than there is");
    let greedy = block_on(&chain, std::slice::from_ref(&payment), 1_001);
    assert_eq!(why(&mut chain, greedy), "its coinbase pays more than subsidy and fees");
    let exact = block_on(&chain, std::slice::from_ref(&payment), 1_000);
    chain.connect(exact).expect("subsidy and fees");
    let earned = Amount::from_sat(subsidy(chain.tip().0) + 1_000);
    assert_eq!(Amount::from_sat(chain.balance(&address(9))), earned);
}

#[test]
fn every_error_explains_itself() {
    let codes: Vec<&str> = crate::practice::CATALOGUE.iter().map(|entry| entry.code).collect();
    assert_eq!(codes.len(), 9);
    assert!(codes.iter().all(|code| code.starts_with("practice.")));
    assert!(crate::practice::CATALOGUE.iter().all(|entry| !entry.hint.ends_with('.')));
}
