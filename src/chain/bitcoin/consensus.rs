//! The last word on a finished transaction: Bitcoin Core's own script code, with every soft fork up to taproot.
//!
//! Decides nothing itself and must not be skipped: no transaction is written or sent before it passed here (threats.md P12).

use bitcoin::{Transaction, TxOut, consensus::serialize};
use bitcoinconsensus::{Utxo, VERIFY_ALL_PRE_TAPROOT, VERIFY_TAPROOT};

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

fn utxo(output: &TxOut) -> Option<Utxo> {
    Some(Utxo {
        script_pubkey: output.script_pubkey.as_bytes().as_ptr(),
        script_pubkey_len: u32::try_from(output.script_pubkey.len()).ok()?,
        value: i64::try_from(output.value.to_sat()).ok()?,
    })
}
