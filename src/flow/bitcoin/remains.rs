//! What an account has left after a transaction, as far as this machine knows. A figure for a person; nothing is decided by it.

use bitcoin::Transaction;

use super::deliver::accounts;
use crate::{
    amount::Amount,
    explain::Failure,
    ledger::{Ledger, bitcoin::AccountRow},
    network::Network,
};

/// The coins of the one account that a transaction spends from, without those that it spends and with those that it makes.
/// Nothing where it spends from several or none, or where another transaction spends the same coins.
///
/// # Errors
/// The ledger cannot be read.
pub fn remains(ledger: &Ledger, network: Network, transaction: &Transaction) -> Result<Option<Amount>, Failure> {
    for row in accounts(ledger, network)? {
        let Some(spent) = spent(ledger, &row, transaction)? else { continue };
        let balance = ledger.balance(row.id)?;
        let mut made = 0u64;
        for output in &transaction.output {
            if ledger.place_of(row.id, &output.script_pubkey)?.is_some() {
                made = made.saturating_add(output.value.to_sat());
            }
        }
        let before = balance.confirmed.saturating_add(balance.unconfirmed);
        return Ok(before.checked_sub(spent).map(|left| Amount::sat(left.saturating_add(made))));
    }
    Ok(None)
}

/// The sum of the inputs, where all of them are unspent coins of this account.
fn spent(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<Option<u64>, Failure> {
    let mut sum = 0u64;
    for input in &transaction.input {
        let coin = input.previous_output;
        if ledger.coin_place(row.id, coin)?.is_none() || ledger.spender(row.id, coin)?.is_some() {
            return Ok(None);
        }
        let parent = ledger.transaction(row, coin.txid)?;
        let value = parent.and_then(|(parent, _)| Some(parent.output.get(coin.vout as usize)?.value.to_sat()));
        let Some(value) = value else { return Ok(None) };
        sum = sum.saturating_add(value);
    }
    Ok((!transaction.input.is_empty()).then_some(sum))
}
