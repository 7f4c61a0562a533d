//! The same payment twice: a run that was interrupted is often started again, while the first one is on its way.
//!
//! Looks into the journal only. It asks nobody, and whether a second payment is wanted is for the person to say.

use std::collections::BTreeMap;

use bitcoin::Transaction;

use super::{Draft, FlowError};
use crate::{
    explain::Failure,
    ledger::{AccountRow, Ledger},
};

/// Payees outside of the account, with what each gets.
type Payees = BTreeMap<Vec<u8>, u64>;

/// Stops a draft that pays the same people the same amounts as a transaction of this account which is still waiting.
///
/// # Errors
/// There is such a transaction, or the ledger cannot be read.
pub fn refuse_repeat(ledger: &Ledger, row: &AccountRow, draft: &Draft) -> Result<(), Failure> {
    let planned = payees(ledger, row, &draft.plan.psbt.unsigned_tx)?;
    if planned.is_empty() {
        return Ok(());
    }
    for waiting in ledger.in_flight(row.account.network)? {
        let transaction: Transaction = bitcoin::consensus::deserialize(&waiting.raw)
            .map_err(|_| crate::ledger::LedgerError::Damaged("journal row"))?;
        if payees(ledger, row, &transaction)? == planned && spends_from(ledger, row, &transaction)? {
            return Err(FlowError::SamePayment(waiting.txid).into());
        }
    }
    Ok(())
}

fn payees(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<Payees, Failure> {
    let mut payees = Payees::new();
    for output in &transaction.output {
        if ledger.place_of(row.id, &output.script_pubkey)?.is_none() {
            let sum = payees.entry(output.script_pubkey.to_bytes()).or_default();
            *sum = sum.saturating_add(output.value.to_sat());
        }
    }
    Ok(payees)
}

fn spends_from(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<bool, Failure> {
    for input in &transaction.input {
        if ledger.coin_place(row.id, input.previous_output)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
