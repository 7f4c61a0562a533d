//! A chain's life: blocks, faucet, forks, evictions, and the invariants that hold through all of it.

use bitcoin::{Amount, Network, TxOut, constants::genesis_block};
use proptest::prelude::*;

use super::{NOON, address, fund, funded, output_of, spend};
use crate::{
    explain::Explain as _,
    practice::{Clock, PracticeChain, PracticeError},
};

#[test]
fn begins_with_the_genesis_block_of_regtest() {
    let chain = PracticeChain::in_memory();
    assert_eq!(chain.tip(), (0, genesis_block(Network::Regtest).block_hash()));
    assert_eq!(chain.block(0), Some(genesis_block(Network::Regtest)));
    assert_eq!(chain.balance(&genesis_block(Network::Regtest).txdata[0].output[0].script_pubkey), 0);
}

#[test]
fn the_faucet_mines_what_it_needs_and_waits_for_a_block() {
    let mut chain = PracticeChain::in_memory();
    let txid = chain.faucet(address(1), 123_456).expect("paid");
    assert_eq!(chain.tip().0, 100);
    assert_eq!(chain.confirmations(&txid), Some(0));
    assert_eq!(chain.balance(&address(1)), 123_456);
    chain.mine(2, None).expect("mined");
    assert_eq!(chain.confirmations(&txid), Some(2));
    let big = chain.faucet(address(2), 12_000_000_000).expect("several coinbases");
    assert!(chain.transaction(&big).expect("known").input.len() >= 3);
}

#[test]
fn the_faucet_pays_many_and_again_and_again() {
    let mut chain = PracticeChain::in_memory();
    for turn in 0..40 {
        chain.faucet(address(turn), 10_000).expect("paid");
    }
    assert!((0..40).all(|turn| chain.balance(&address(turn)) == 10_000));
    let payments: Vec<_> = (100..2_600).map(|number| (address(number), 1_000)).collect();
    assert_eq!(chain.faucet_many(&payments).expect("paid").len(), 3);
    assert_eq!(chain.balance(&address(2_599)), 1_000);
}

#[test]
fn the_faucet_says_when_it_is_dry_or_refused() {
    let mut chain = PracticeChain::in_memory();
    let dry = chain.faucet(address(1), Amount::MAX_MONEY.to_sat()).expect_err("too much");
    assert!(matches!(dry, PracticeError::FaucetDry { sat: 2_100_000_000_000_000 }));
    assert_eq!(dry.entry().code, "practice.faucet_dry");
    let dust = chain.faucet(address(1), 329).expect_err("dust");
    assert_eq!(dust.to_string(), "the faucet's payment was refused: dust, tx with dust output must be 0-fee");
}

#[test]
fn a_fork_hands_transactions_back_and_never_repeats_a_block() {
    let (mut chain, coins) = funded(1, 100_000);
    let payment = spend(&coins, &[(2, 99_000)]);
    let child = spend(&[output_of(&payment, 0)], &[(3, 98_000)]);
    let mut child = child;
    child.input[0].witness = bitcoin::Witness::from_slice(&[&[7u8][..], super::keyless(2).as_bytes()]);
    chain.submit(payment.clone()).expect("fine");
    let first = chain.mine(1, None).expect("mined");
    chain.submit(child.clone()).expect("fine");
    let (height, _) = chain.tip();
    assert_eq!(chain.reorg(1).expect("deep enough"), first);
    assert_eq!(chain.mempool_txids(), [payment.compute_txid(), child.compute_txid()]);
    assert_eq!(chain.confirmations(&payment.compute_txid()), Some(0));
    let second = chain.mine(1, None).expect("mined");
    assert_eq!(chain.tip().0, height);
    assert_ne!(first, second);
    assert_eq!(chain.confirmations(&child.compute_txid()), Some(1));
}

#[test]
fn a_fork_drops_what_its_coinbases_paid() {
    let mut chain = PracticeChain::in_memory();
    chain.mine(1, Some(address(1))).expect("mined");
    chain.mine(99, None).expect("mined");
    let coinbase = chain.block(1).expect("there").txdata[0].clone();
    let payment = spend(&[output_of(&coinbase, 0)], &[(2, 4_999_900_000)]);
    chain.submit(payment.clone()).expect("ripe");
    chain.mine(1, None).expect("mined");
    chain.reorg(2).expect("deep enough");
    assert!(chain.transaction(&payment.compute_txid()).is_none(), "its coin is young again");
    assert!(matches!(chain.reorg(100), Err(PracticeError::TooDeep { depth: 100, height: 99 })));
    chain.reorg(99).expect("down to the genesis block");
    assert_eq!(chain.tip().0, 0);
    assert_eq!(chain.balance(&crate::practice::coinbase::script()), 0);
}

#[test]
fn evictions_take_descendants_along() {
    let (mut chain, coins) = funded(2, 100_000);
    let parent = spend(&coins[..1], &[(1, 99_000)]);
    let child = spend(&[output_of(&parent, 0)], &[(1, 98_000)]);
    let other = spend(&coins[1..], &[(2, 99_000)]);
    for transaction in [&parent, &child, &other] {
        chain.submit(transaction.clone()).expect("fine");
    }
    assert_eq!(chain.evict(&parent.compute_txid()).expect("done").len(), 2);
    assert_eq!(chain.mempool_txids(), [other.compute_txid()]);
    assert_eq!(chain.balance(&address(1)), 100_000);
    assert!(chain.submit(child).is_err());
}

#[test]
fn full_blocks_leave_the_rest_waiting() {
    let (mut chain, coins) = funded(12, 10_000_000);
    for coin in &coins {
        let mut fat = spend(&[*coin], &[(2, 7_000_000)]);
        let output = TxOut { value: Amount::from_sat(1_000), script_pubkey: address(3) };
        fat.output.extend(vec![output; 2_000]);
        chain.submit(fat).expect("under the standard weight");
    }
    chain.mine(1, None).expect("mined");
    let block = chain.block(chain.tip().0).expect("there");
    assert!(block.weight().to_wu() <= 4_000_000);
    assert!(!chain.mempool_txids().is_empty());
    chain.mine(1, None).expect("mined");
    assert!(chain.mempool_txids().is_empty());
}

/// What a wallet does to a chain.
#[derive(Clone, Debug)]
enum Step {
    Faucet(i64),
    Spend(usize),
    Mine(u32),
    Reorg(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..4i64).prop_map(Step::Faucet),
        (0..8usize).prop_map(Step::Spend),
        (1..3u32).prop_map(Step::Mine),
        (1..4u32).prop_map(Step::Reorg),
    ];
    proptest::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever happens: coins equal subsidies, numbers equal lists, and taking everything back leaves nothing.
    #[test]
    fn the_books_always_balance(steps in steps()) {
        let (mut chain, mut coins) = funded(8, 1_000_000);
        for step in steps {
            match step {
                Step::Faucet(number) => drop(chain.faucet(address(number), 50_000)),
                Step::Spend(at) => {
                    let payment = spend(&[coins[at]], &[(1, 400_000), (2, 100_000)]);
                    if chain.submit(payment.clone()).is_ok() {
                        coins[at] = output_of(&payment, 0);
                    }
                }
                Step::Mine(count) => drop(chain.mine(count, None).expect("mined")),
                Step::Reorg(depth) => drop(chain.reorg(depth).expect("deep enough")),
            }
        }
        while !chain.mempool_txids().is_empty() {
            chain.mine(1, None).expect("mined");
        }
        let scripts = [crate::practice::coinbase::script(), address(1), address(2), address(3)];
        let total: u64 = scripts.iter().map(|script| chain.balance(script)).sum();
        prop_assert_eq!(total, u64::from(chain.tip().0) * 5_000_000_000);
        for script in &scripts {
            let hash = crate::practice::index::script_hash(script);
            if let Some(history) = chain.index.history(&hash) {
                let stats = history.stats;
                prop_assert_eq!(stats.tx_count, history.txids.len() as u64);
                prop_assert_eq!(stats.funded_txo_count - stats.spent_txo_count, history.unspent.len() as u64);
                prop_assert_eq!(stats.funded_txo_sum - stats.spent_txo_sum, chain.balance(script));
            }
        }
        chain.reorg(chain.tip().0).expect("to the start");
        prop_assert!(scripts.iter().all(|script| chain.balance(script) == 0));
        prop_assert!(chain.mempool_txids().is_empty());
    }
}

#[test]
fn answers_stay_quick_with_many_addresses() {
    let mut chain = PracticeChain::in_memory();
    chain.set_clock(Clock::Fixed(NOON));
    for block in 0..5i64 {
        let payments: Vec<_> = (0..1_000).map(|number| (address(block * 1_000 + number), 1_000)).collect();
        chain.faucet_many(&payments).expect("paid");
        chain.mine(1, None).expect("mined");
    }
    let start = std::time::Instant::now();
    for number in 0..5_000 {
        assert_eq!(chain.balance(&address(number)), 1_000);
    }
    assert!(start.elapsed().as_micros() < 5_000 * 1_000, "under 1 ms each, unoptimised");
    assert_eq!(fund(&mut chain, 1, 7_000).len(), 1);
}
