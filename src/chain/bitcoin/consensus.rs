//! The last word on a finished transaction: Bitcoin Core's own script code, with every soft fork up to taproot.
//!
//! Decides nothing itself and must not be skipped: no transaction is written or sent before it passed here.

use bitcoin::{Transaction, TxOut, consensus::serialize};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_P2SH, VERIFY_TAPROOT, VERIFY_WITNESS};

use super::BitcoinError;

/// Runs Bitcoin Core's script verification over every input. `spent` holds the spent outputs in the order of the inputs.
///
/// # Errors
/// The first input that is refused, or a number of spent outputs that is not the number of inputs.
pub fn verify(transaction: &Transaction, spent: &[TxOut]) -> Result<(), BitcoinError> {
    if spent.len() != transaction.input.len() || spent.is_empty() {
        return Err(BitcoinError::Bug("every input needs its spent output"));
    }
    let bytes = serialize(transaction);
    let utxos =
        spent.iter().map(utxo).collect::<Option<Vec<_>>>().ok_or(BitcoinError::Bug("a value beyond 63 bits"))?;
    for (input, output) in spent.iter().enumerate() {
        let flags = VERIFY_ALL_PRE_TAPROOT | VERIFY_TAPROOT;
        let (script, value) = (output.script_pubkey.as_bytes(), output.value.to_sat());
        bitcoinconsensus::verify_with_flags(script, value, &bytes, Some(&utxos), input, flags)
            .map_err(|_| BitcoinError::Consensus(input))?;
    }
    Ok(())
}

/// By whose rules a signature is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Those of a transaction that waits for a block.
    OfToday,
    /// Those that every block ever made keeps to: old ones hold signatures that are not strict DER (BIP-66).
    OfAnyBlock,
}

/// Runs Bitcoin Core's script verification over one input of which the spent output alone is known. A taproot signature
/// covers every spent output, so it cannot be judged in this way and is refused; [`verify`] judges it.
///
/// # Errors
/// The input is refused, or spends a taproot output.
pub fn verify_input(transaction: &Transaction, place: usize, spent: &TxOut, rules: Rules) -> Result<(), BitcoinError> {
    if spent.script_pubkey.is_p2tr() {
        return Err(BitcoinError::Consensus(place));
    }
    let flags = match rules {
        Rules::OfToday => VERIFY_ALL_PRE_TAPROOT,
        Rules::OfAnyBlock => VERIFY_P2SH | VERIFY_WITNESS,
    };
    let (script, value) = (spent.script_pubkey.as_bytes(), spent.value.to_sat());
    bitcoinconsensus::verify_with_flags(script, value, &serialize(transaction), None, place, flags)
        .map_err(|_| BitcoinError::Consensus(place))
}

fn utxo(output: &TxOut) -> Option<Utxo> {
    Some(Utxo {
        script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
        script_pubkey_len: u32::try_from(output.script_pubkey.len()).ok()?,
        value: i64::try_from(output.value.to_sat()).ok()?,
    })
}
