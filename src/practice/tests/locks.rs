//! Locks on time: absolute (BIP-65, BIP-113), relative (BIP-68, BIP-112), and scripts of every witness version.

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, Witness, XOnlyPublicKey, absolute,
    opcodes::{
        OP_TRUE,
        all::{OP_CLTV, OP_CSV, OP_DROP},
    },
    script::Builder,
    taproot::{LeafVersion, TaprootBuilder},
    transaction::Version,
};

use super::{NOON, address, funded, refusal, spend};
use crate::practice::{Clock, PracticeChain};

/// The point whose discrete logarithm is unknown (BIP-341).
const NOTHING_UP_MY_SLEEVE: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

fn locked(coin: OutPoint, lock: u32) -> Transaction {
    Transaction { lock_time: absolute::LockTime::from_consensus(lock), ..spend(&[coin], &[(2, 90_000)]) }
}

#[test]
fn absolute_locks_open_after_their_height() {
    let (mut chain, coins) = funded(1, 100_000);
    let (tip, _) = chain.tip();
    assert_eq!(refusal(&mut chain, locked(coins[0], tip + 1)), "RPC error -26: non-final");
    assert!(chain.submit(locked(coins[0], tip)).is_ok());
}

#[test]
fn absolute_locks_follow_the_median_time_past() {
    let (mut chain, coins) = funded(1, 100_000);
    let later = chain.median_time() + 1_000;
    assert_eq!(refusal(&mut chain, locked(coins[0], later)), "RPC error -26: non-final");
    chain.set_clock(Clock::Fixed(later + 1));
    chain.mine(5, None).expect("mined");
    assert_eq!(refusal(&mut chain, locked(coins[0], later)), "RPC error -26: non-final", "5 of 11 blocks are too few");
    chain.mine(1, None).expect("mined");
    assert!(chain.median_time() > later);
    assert!(chain.submit(locked(coins[0], later)).is_ok());
}

fn relative(coin: OutPoint, sequence: Sequence) -> Transaction {
    let mut transaction = spend(&[coin], &[(2, 90_000)]);
    transaction.input[0].sequence = sequence;
    transaction
}

#[test]
fn relative_locks_count_blocks_from_the_coin() {
    let (mut chain, coins) = funded(1, 100_000);
    let lock = Sequence::from_height(3);
    assert_eq!(refusal(&mut chain, relative(coins[0], lock)), "RPC error -26: non-BIP68-final");
    chain.mine(1, None).expect("mined");
    assert_eq!(refusal(&mut chain, relative(coins[0], lock)), "RPC error -26: non-BIP68-final");
    let unlocked = Transaction { version: Version::ONE, ..relative(coins[0], lock) };
    assert!(chain.check(&unlocked).is_ok(), "version 1 knows no relative locks");
    chain.mine(1, None).expect("mined");
    assert!(chain.submit(relative(coins[0], lock)).is_ok());
}

#[test]
fn relative_locks_count_time_from_the_coin() {
    let (mut chain, coins) = funded(1, 100_000);
    let lock = Sequence::from_512_second_intervals(2);
    let made = chain.median_time();
    chain.set_clock(Clock::Fixed(made + 1_000));
    chain.mine(11, None).expect("mined");
    assert_eq!(refusal(&mut chain, relative(coins[0], lock)), "RPC error -26: non-BIP68-final");
    chain.set_clock(Clock::Fixed(made + 2_000));
    chain.mine(11, None).expect("mined");
    assert!(chain.submit(relative(coins[0], lock)).is_ok());
}

/// Pays `script_pubkey` and confirms it; the spend of it with this witness.
fn spend_of(chain: &mut PracticeChain, script_pubkey: ScriptBuf, witness: Witness) -> Transaction {
    let txid = chain.faucet(script_pubkey.clone(), 100_000).expect("paid");
    chain.mine(1, None).expect("mined");
    let paid = chain.transaction(&txid).expect("known");
    let vout = (0u32..).zip(&paid.output).find(|(_, it)| it.script_pubkey == script_pubkey).expect("there").0;
    let mut transaction = spend(&[OutPoint { txid, vout }], &[(2, 90_000)]);
    transaction.input[0].witness = witness;
    transaction
}

#[test]
fn script_locks_are_enforced() {
    let (mut chain, _) = funded(1, 100_000);
    for (number, opcode) in [(5i64, OP_CLTV), (2, OP_CSV)] {
        let script =
            Builder::new().push_int(number).push_opcode(opcode).push_opcode(OP_DROP).push_opcode(OP_TRUE).into_script();
        let witness = Witness::from_slice(&[script.as_bytes()]);
        let mut early = spend_of(&mut chain, ScriptBuf::new_p2wsh(&script.wscript_hash()), witness);
        assert!(refusal(&mut chain, early.clone()).contains("mempool-script-verify-flag-failed"), "{opcode}");
        early.lock_time = absolute::LockTime::from_consensus(5);
        early.input[0].sequence = Sequence::from_height(2);
        chain.mine(1, None).expect("mined");
        chain.submit(early).expect("open");
    }
}

#[test]
fn keys_cannot_be_guessed() {
    let (mut chain, _) = funded(1, 100_000);
    let signature = [&[0x30, 6, 2, 1, 1, 2, 1, 1][..], &[1]].concat();
    let witness = Witness::from_slice(&[signature, vec![2; 33]]);
    let hash = bitcoin::WPubkeyHash::from_raw_hash(bitcoin::hashes::Hash::hash(&[2; 33]));
    let guess = spend_of(&mut chain, ScriptBuf::new_p2wpkh(&hash), witness);
    assert!(refusal(&mut chain, guess).contains("mempool-script-verify-flag-failed"));
    let point = NOTHING_UP_MY_SLEEVE.parse::<XOnlyPublicKey>().expect("a point");
    let output = bitcoin::key::TweakedPublicKey::dangerous_assume_tweaked(point);
    let guess = spend_of(&mut chain, ScriptBuf::new_p2tr_tweaked(output), Witness::from_slice(&[[1; 64]]));
    assert!(refusal(&mut chain, guess).contains("mempool-script-verify-flag-failed"));
}

#[test]
fn taproot_leaves_are_verified() {
    let (mut chain, _) = funded(1, 100_000);
    let secp = bitcoin::secp256k1::Secp256k1::verification_only();
    let point = NOTHING_UP_MY_SLEEVE.parse::<XOnlyPublicKey>().expect("a point");
    let leaf = Builder::new().push_opcode(OP_TRUE).into_script();
    let tree =
        TaprootBuilder::new().add_leaf(0, leaf.clone()).expect("one leaf").finalize(&secp, point).expect("whole");
    let control = tree.control_block(&(leaf.clone(), LeafVersion::TapScript)).expect("its leaf").serialize();
    let script_pubkey = ScriptBuf::new_p2tr_tweaked(tree.output_key());
    let good = spend_of(&mut chain, script_pubkey, Witness::from_slice(&[leaf.as_bytes(), &control]));
    let mut bad = good.clone();
    let mut wrong = control.clone();
    wrong[5] ^= 1;
    bad.input[0].witness = Witness::from_slice(&[leaf.as_bytes(), &wrong]);
    assert!(refusal(&mut chain, bad).contains("mempool-script-verify-flag-failed"));
    let mut annexed = good.clone();
    annexed.input[0].witness = Witness::from_slice(&[leaf.as_bytes(), &control, &[0x50]]);
    assert_eq!(refusal(&mut chain, annexed), "RPC error -26: bad-witness-nonstandard");
    chain.submit(good).expect("the leaf is true");
}

#[test]
fn block_times_follow_the_clock_and_always_rise_past_the_median() {
    let mut chain = PracticeChain::in_memory();
    chain.set_clock(Clock::Fixed(NOON));
    chain.mine(30, Some(address(1))).expect("mined");
    let times: Vec<u32> = (1..=30).map(|height| chain.block(height).expect("there").header.time).collect();
    assert_eq!(times[0], NOON);
    assert!((11..30).all(|at| {
        let mut span = times[at - 11..at].to_vec();
        span.sort_unstable();
        times[at] > span[5]
    }));
    assert_eq!(Amount::from_sat(chain.balance(&address(1))), Amount::from_int_btc(50 * 30));
}
