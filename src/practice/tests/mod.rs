//! Tests of the module as a whole: every rule, every refusal, every answer. Coins are locked with scripts without a
//! key.
//!
//! This file holds what the tests share: keyless scripts, spends of them, funded chains.

mod answers;
mod disk;
mod faults;
mod invariants;
mod life;
mod locks;
mod many;
mod refusals;
mod replacing;

use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute,
    opcodes::{OP_TRUE, all::OP_DROP},
    script::Builder,
    transaction::Version,
};

use super::{Clock, PracticeChain};

/// Seconds since 1970 at which test chains live, a little after the genesis block.
const NOON: u32 = 1_300_000_000;

/// A witness script that drops `number` and the one item given to it, and is true.
fn keyless(number: i64) -> ScriptBuf {
    Builder::new().push_int(number).push_opcode(OP_DROP).push_opcode(OP_DROP).push_opcode(OP_TRUE).into_script()
}

/// The output script of [`keyless`].
fn address(number: i64) -> ScriptBuf {
    ScriptBuf::new_p2wsh(&keyless(number).wscript_hash())
}

/// A transaction that takes coins of [`keyless`] 1 and pays the numbered scripts.
fn spend(coins: &[OutPoint], payments: &[(i64, u64)]) -> Transaction {
    let input = |previous_output: &OutPoint| TxIn {
        previous_output: *previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
        witness: Witness::from_slice(&[&[7u8][..], keyless(1).as_bytes()]),
    };
    let output = |payment: &(i64, u64)| TxOut { value: Amount::from_sat(payment.1), script_pubkey: address(payment.0) };
    Transaction {
        version: Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: coins.iter().map(input).collect(),
        output: payments.iter().map(output).collect(),
    }
}

/// A chain at a fixed time with `count` confirmed coins of `sat` satoshi for [`keyless`] 1.
fn funded(count: usize, sat: u64) -> (PracticeChain, Vec<OutPoint>) {
    let mut chain = PracticeChain::in_memory();
    chain.set_clock(Clock::Fixed(NOON));
    let coins = fund(&mut chain, count, sat);
    (chain, coins)
}

fn fund(chain: &mut PracticeChain, count: usize, sat: u64) -> Vec<OutPoint> {
    let txids = chain.faucet_many(&vec![(address(1), sat); count]).expect("the faucet pays");
    chain.mine(1, None).expect("mined");
    txids
        .iter()
        .flat_map(|txid| {
            let paid = chain.transaction(txid).expect("known");
            (0u32..)
                .zip(paid.output)
                .filter(|(_, output)| output.script_pubkey == address(1))
                .map(|(vout, _)| OutPoint { txid: *txid, vout })
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The output of `transaction` with this number.
fn output_of(transaction: &Transaction, vout: u32) -> OutPoint {
    OutPoint { txid: transaction.compute_txid(), vout }
}

/// What the chain says to a transaction it must refuse, with its code.
fn refusal(chain: &mut PracticeChain, transaction: Transaction) -> String {
    chain.submit(transaction).expect_err("must be refused").rpc_text()
}
