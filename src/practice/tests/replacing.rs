//! Replacement by fee, and the mempool's families.

use super::{funded, output_of, refusal, spend};

#[test]
fn a_better_payment_replaces_and_descendants_go_with_it() {
    let (mut chain, coins) = funded(1, 100_000);
    let old = spend(&coins, &[(1, 99_000)]);
    let child = spend(&[output_of(&old, 0)], &[(1, 98_000)]);
    chain.submit(old.clone()).expect("fine");
    chain.submit(child.clone()).expect("fine");
    let new = spend(&coins, &[(2, 90_000)]);
    let mut replaced = chain.check(&new).expect("better").replaces;
    replaced.sort_unstable();
    let mut expected = vec![old.compute_txid(), child.compute_txid()];
    expected.sort_unstable();
    assert_eq!(replaced, expected);
    chain.submit(new.clone()).expect("better");
    assert_eq!(chain.mempool_txids(), [new.compute_txid()]);
    assert!(chain.transaction(&child.compute_txid()).is_none());
}

#[test]
fn a_replacement_pays_what_it_pushes_out_and_its_own_bytes() {
    let (mut chain, coins) = funded(1, 100_000);
    chain.submit(spend(&coins, &[(1, 50_000)])).expect("fine");
    let cheaper = spend(&coins, &[(2, 50_010)]);
    assert_eq!(
        refusal(&mut chain, cheaper.clone()),
        format!(
            "RPC error -26: insufficient fee, rejecting replacement {}, less fees than conflicting txs; 0.0004999 < 0.0005",
            cheaper.compute_txid()
        )
    );
    let barely = spend(&coins, &[(2, 49_990)]);
    assert_eq!(
        refusal(&mut chain, barely.clone()),
        format!(
            "RPC error -26: insufficient fee, rejecting replacement {}, not enough additional fees to relay; \
             0.0000001 < 0.0000{:04}",
            barely.compute_txid(),
            barely.vsize()
        )
        .trim_end_matches('0')
    );
    let exactly = spend(&coins, &[(2, 50_000 - barely.vsize() as u64)]);
    assert!(chain.submit(exactly).is_ok());
}

#[test]
fn a_replacement_must_raise_the_fee_rate() {
    let (mut chain, coins) = funded(30, 100_000);
    chain.submit(spend(&coins[..1], &[(1, 97_000)])).expect("fine");
    let heavy = spend(&coins, &[(2, 3_000_000 - 5_000)]);
    assert_eq!(
        refusal(&mut chain, heavy),
        "RPC error -26: replacement-failed, insufficient feerate: does not improve feerate diagram"
    );
}

#[test]
fn a_replacement_cannot_stand_on_what_it_replaces() {
    let (mut chain, coins) = funded(1, 100_000);
    let old = spend(&coins, &[(1, 50_000), (1, 40_000)]);
    chain.submit(old.clone()).expect("fine");
    let snake = spend(&[coins[0], output_of(&old, 0)], &[(2, 100_000)]);
    assert_eq!(
        refusal(&mut chain, snake.clone()),
        format!(
            "RPC error -26: bad-txns-spends-conflicting-tx, {} spends conflicting transaction {}",
            snake.compute_txid(),
            old.compute_txid()
        )
    );
}

#[test]
fn a_replacement_pushes_out_a_hundred_at_most() {
    let (mut chain, coins) = funded(101, 100_000);
    for coin in &coins {
        chain.submit(spend(&[*coin], &[(1, 99_000)])).expect("fine");
    }
    let sweep = spend(&coins, &[(2, 5_000_000)]);
    let text = format!(
        "RPC error -26: too many potential replacements, rejecting replacement {}; too many potential replacements \
         (101 > 100)",
        sweep.compute_txid()
    );
    assert_eq!(refusal(&mut chain, sweep), text);
    assert!(chain.submit(spend(&coins[..100], &[(2, 5_000_000)])).is_ok());
    assert_eq!(chain.mempool_txids().len(), 2);
}

#[test]
fn miners_take_a_poor_parent_for_its_rich_child() {
    let (mut chain, coins) = funded(2, 100_000);
    let parent = spend(&coins[..1], &[(1, 99_800)]);
    let child = spend(&[output_of(&parent, 0)], &[(1, 50_000)]);
    let other = spend(&coins[1..], &[(2, 99_000)]);
    for transaction in [&parent, &other, &child] {
        chain.submit(transaction.clone()).expect("fine");
    }
    chain.mine(1, None).expect("mined");
    let block = chain.block(chain.tip().0).expect("there");
    let order: Vec<_> = block.txdata[1..].iter().map(|it| it.compute_txid()).collect();
    assert_eq!(order, [parent.compute_txid(), child.compute_txid(), other.compute_txid()]);
    let earned = block.txdata[0].output[0].value.to_sat();
    assert_eq!(earned, 5_000_000_000 + 200 + 49_800 + 1_000);
}
