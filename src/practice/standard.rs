//! Rules about a transaction by itself and the outputs it spends: consensus shape first, then what nodes relay.
//!
//! The names of the rules are Core's (`consensus/tx_check.cpp`, `policy/policy.cpp`). Nothing here looks at the chain.

use std::collections::HashSet;

use bitcoin::{Amount, OutPoint, Script, ScriptBuf, Transaction, TxIn, TxOut, Witness, script::Instruction};

use super::{index::value_out, policy::Policy, reject::Reject};

/// `MAX_STANDARD_TX_WEIGHT`.
const MAX_WEIGHT: u64 = 400_000;
/// `MIN_STANDARD_TX_NONWITNESS_SIZE`: a 64-byte transaction could pose as an inner node of a Merkle tree (CVE-2017-12842).
const MIN_BASE_SIZE: usize = 65;
/// `MAX_STANDARD_SCRIPTSIG_SIZE`: a 15-of-15 P2SH multisignature.
const MAX_SCRIPT_SIG: usize = 1650;
/// `MAX_STANDARD_P2WSH_SCRIPT_SIZE`, `_STACK_ITEMS`, `_STACK_ITEM_SIZE`.
const MAX_WITNESS: (usize, usize, usize) = (3600, 100, 80);
/// BIP-341: a last witness item with this first byte is an annex.
const ANNEX: u8 = 0x50;
/// Pay to anchor: version 1 with the two bytes `4e73`.
const ANCHOR: [u8; 4] = [0x51, 0x02, 0x4e, 0x73];

/// The rules of `CheckTransaction`: true in every context, for every node.
pub(crate) fn check_shape(transaction: &Transaction) -> Result<(), Reject> {
    if transaction.input.is_empty() {
        return Err(Reject::plain("bad-txns-vin-empty"));
    }
    if transaction.output.is_empty() {
        return Err(Reject::plain("bad-txns-vout-empty"));
    }
    if transaction.base_size() * 4 > 4_000_000 {
        return Err(Reject::plain("bad-txns-oversize"));
    }
    if transaction.output.iter().any(|output| output.value > Amount::MAX_MONEY) {
        return Err(Reject::plain("bad-txns-vout-toolarge"));
    }
    if value_out(transaction).is_none_or(|sum| sum > Amount::MAX_MONEY.to_sat()) {
        return Err(Reject::plain("bad-txns-txouttotal-toolarge"));
    }
    let mut seen = HashSet::new();
    if !transaction.input.iter().all(|input| seen.insert(input.previous_output)) {
        return Err(Reject::plain("bad-txns-inputs-duplicate"));
    }
    if transaction.is_coinbase() {
        return Err(Reject::plain("coinbase"));
    }
    if transaction.input.iter().any(|input| input.previous_output == OutPoint::null()) {
        return Err(Reject::plain("bad-txns-prevout-null"));
    }
    Ok(())
}

/// The rules of `IsStandardTx`, and the smallest size.
pub(crate) fn check_standard(policy: &Policy, transaction: &Transaction) -> Result<(), Reject> {
    if !(1..=3).contains(&transaction.version.0) {
        return Err(Reject::plain("version"));
    }
    if transaction.weight().to_wu() > MAX_WEIGHT {
        return Err(Reject::plain("tx-size"));
    }
    for input in &transaction.input {
        if input.script_sig.len() > MAX_SCRIPT_SIG {
            return Err(Reject::plain("scriptsig-size"));
        }
        if !input.script_sig.is_push_only() {
            return Err(Reject::plain("scriptsig-not-pushonly"));
        }
    }
    check_outputs(policy, &transaction.output)?;
    if transaction.base_size() < MIN_BASE_SIZE {
        return Err(Reject::plain("tx-size-small"));
    }
    Ok(())
}

fn check_outputs(policy: &Policy, outputs: &[TxOut]) -> Result<(), Reject> {
    if !outputs.iter().all(|output| is_standard(&output.script_pubkey)) {
        return Err(Reject::plain("scriptpubkey"));
    }
    let data: Vec<usize> = outputs
        .iter()
        .filter(|output| output.script_pubkey.is_op_return())
        .map(|output| output.script_pubkey.len())
        .collect();
    if data.iter().sum::<usize>() > policy.max_data {
        return Err(Reject::plain("datacarrier"));
    }
    if data.len() > 1 {
        return Err(Reject::plain("multi-op-return"));
    }
    // One dust output may pass when the transaction pays no fee (ephemeral dust); admission.rs sees to that.
    if outputs.iter().filter(|output| is_dust(output)).count() > 1 {
        return Err(Reject::plain("dust"));
    }
    Ok(())
}

/// Worth less than it costs to spend, at 3 sat/vB.
pub(crate) fn is_dust(output: &TxOut) -> bool {
    output.value < output.script_pubkey.minimal_non_dust()
}

/// One of the output forms that nodes relay.
fn is_standard(script: &Script) -> bool {
    if script.is_op_return() {
        return script.as_bytes().get(1..).is_some_and(|rest| Script::from_bytes(rest).is_push_only());
    }
    script.is_p2pk()
        || script.is_p2pkh()
        || script.is_p2sh()
        || script.is_witness_program()
        || (script.is_multisig() && script.as_bytes().first().is_some_and(|needed| *needed <= 0x53))
}

/// The rules of `AreInputsStandard` and `IsWitnessStandard`.
pub(crate) fn check_spends(transaction: &Transaction, prevouts: &[TxOut]) -> Result<(), Reject> {
    for (input, prevout) in transaction.input.iter().zip(prevouts) {
        if !is_standard(&prevout.script_pubkey) || is_future_witness(&prevout.script_pubkey) {
            return Err(Reject::plain("bad-txns-nonstandard-inputs"));
        }
        if !is_standard_witness(input, &prevout.script_pubkey) {
            return Err(Reject::plain("bad-witness-nonstandard"));
        }
    }
    Ok(())
}

/// A witness program whose rules are not written yet: its spends need no key, so nodes do not relay them.
fn is_future_witness(script: &Script) -> bool {
    script.is_witness_program()
        && !(script.is_p2wpkh() || script.is_p2wsh() || script.is_p2tr() || script.as_bytes() == ANCHOR)
}

fn is_standard_witness(input: &TxIn, prevout: &Script) -> bool {
    let witness = &input.witness;
    if witness.is_empty() {
        return true;
    }
    let program = if prevout.is_p2sh() { redeem_script(&input.script_sig) } else { Some(prevout.into()) };
    match program {
        Some(program) if program.is_p2wsh() => is_small(witness),
        Some(program) if program.is_p2tr() => !has_annex(witness),
        Some(program) => program.is_p2wpkh(),
        None => false,
    }
}

fn is_small(witness: &Witness) -> bool {
    let (script, items, item) = MAX_WITNESS;
    witness.last().is_some_and(|last| last.len() <= script)
        && witness.len() <= items + 1
        && witness.iter().take(witness.len() - 1).all(|bytes| bytes.len() <= item)
}

fn has_annex(witness: &Witness) -> bool {
    witness.len() >= 2 && witness.last().and_then(<[u8]>::first) == Some(&ANNEX)
}

/// The script that a P2SH input reveals: the last thing its script pushes.
pub(crate) fn redeem_script(script_sig: &Script) -> Option<ScriptBuf> {
    match script_sig.instructions().last()?.ok()? {
        Instruction::PushBytes(bytes) => Some(ScriptBuf::from_bytes(bytes.as_bytes().to_vec())),
        Instruction::Op(_) => None,
    }
}
