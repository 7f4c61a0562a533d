//! The size that a PSBT's transaction will have once every input is signed: what its fee rate is reckoned by.
//!
//! Reckons; judges nothing.

use bitcoin::Psbt;

use super::{BitcoinError, Ownership, inputs::CheckedInput, ownership::OwnedScript, timing::locks};
use crate::account::{Locks, ScriptType, SpendCost};

/// Bytes of an input that is not signed: outpoint, sequence, and an empty script.
const UNSIGNED_INPUT: u64 = 41;

/// Virtual size in vbytes. Inputs that are not ours count with the weight of a P2WPKH one.
///
/// # Errors
/// Never for accounts that were checked when they were made.
pub(super) fn signed_vsize(psbt: &Psbt, checked: &[CheckedInput], ours: &Ownership) -> Result<u64, BitcoinError> {
    let transaction = &psbt.unsigned_tx;
    let mut weight = transaction.base_size() as u64 * 4 + 2;
    let mut legacy = 0;
    let mut costs = Costs { ours, known: Vec::new() };
    for (input, known) in transaction.input.iter().zip(checked) {
        let locks = locks(input.sequence, transaction.lock_time);
        let cost = match &known.found {
            Some(found) => costs.of(found, locks)?,
            None => ScriptType::P2wpkh.spend_cost(),
        };
        weight += cost.weight - UNSIGNED_INPUT * 4;
        legacy += u64::from(!cost.has_witness);
    }
    if legacy == checked.len() as u64 {
        weight -= 2;
    } else {
        // Beside witnesses of others, an input without one has an empty one: one byte.
        weight += legacy;
    }
    Ok(weight.div_ceil(4))
}

/// Costs that were reckoned already: most inputs are of one account, with the same locks.
struct Costs<'a> {
    ours: &'a Ownership,
    known: Vec<Cost>,
}

struct Cost {
    account: usize,
    locks: Locks,
    spend: SpendCost,
}

impl Costs<'_> {
    fn of(&mut self, found: &OwnedScript, locks: Locks) -> Result<SpendCost, BitcoinError> {
        if let Some(single) = found.owned.derived.single_key() {
            return Ok(single.script_type.spend_cost());
        }
        let account = found.account.ok_or(BitcoinError::Bug("a script of several keys without an account"))?;
        if let Some(known) = self.known.iter().find(|known| known.account == account && known.locks == locks) {
            return Ok(known.spend);
        }
        let own = self.ours.accounts.get(account).ok_or(BitcoinError::Bug("an account that is not there"))?;
        let spend = own.account.spend_cost(locks)?;
        self.known.push(Cost { account, locks, spend });
        Ok(spend)
    }
}
