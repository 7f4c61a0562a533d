//! From ledger rows to the plain data that chain/ plans from.
//!
//! Reads the ledger only; no network, no keys. A coin without its whole previous transaction is left out, for it proves nothing.

use bitcoin::{ScriptBuf, Txid};

use crate::{
    account::{Keychain, STANDARD_GAP, Search},
    chain::bitcoin::{Coin, CoinState, Plan, Snapshot, plan::output_map},
    explain::Failure,
    ledger::{
        Ledger, LedgerError, Limit,
        bitcoin::{AccountRow, JournalState, Synced},
    },
};

/// All that planning may know of an account.
///
/// # Errors
/// The ledger cannot be read.
pub fn snapshot(ledger: &Ledger, row: &AccountRow) -> Result<Snapshot, Failure> {
    let mut coins = Vec::new();
    for coin in ledger.coins(row.id, Limit::None)? {
        let Some((parent, _)) = ledger.transaction(row, coin.outpoint.txid)? else { continue };
        let state = match coin.height {
            Some(height) => CoinState::Confirmed(height),
            None if coin.own && is_out(ledger, row, coin.outpoint.txid)? => CoinState::OwnUnconfirmed,
            None => CoinState::ForeignUnconfirmed,
        };
        let (keychain, index, freeze) = (coin.keychain, coin.index, coin.freeze);
        coins.push(Coin { outpoint: coin.outpoint, parent, keychain, index, state, freeze });
    }
    Ok(Snapshot {
        account: row.account.clone(),
        coins,
        tip_height: row.synced.as_ref().map_or(0, Synced::counted_height),
        next_change: next_change(ledger, row)?,
    })
}

/// False for a transaction of ours that no host is known to have: nothing is built on it until `track` found it.
fn is_out(ledger: &Ledger, row: &AccountRow, txid: Txid) -> Result<bool, LedgerError> {
    let entry = ledger.journal_row(row.account.network, &txid.to_string())?;
    Ok(entry.is_none_or(|entry| matches!(entry.state, JournalState::Sent | JournalState::Confirmed)))
}

/// The next change index: if possible never used and not set aside for another draft.
///
/// Always within the gap, and within twenty, of the last one that a confirmed transaction used, for only those are sure to be on the chain: a
/// replaced transaction leaves no trace there, and a wallet restored from its words would stop looking before the coin.
fn next_change(ledger: &Ledger, row: &AccountRow) -> Result<u32, LedgerError> {
    let settled = ledger.next_unsettled(row.id, Keychain::Change)?;
    let (next, unused) = (ledger.next_index(row.id, Keychain::Change)?, ledger.next_unused(row.id, Keychain::Change)?);
    let search = Search::after([0, settled], ledger.gap().min(STANDARD_GAP));
    let is_found = |index: &u32| search.covers(Keychain::Change, *index);
    Ok([next, unused].into_iter().find(is_found).unwrap_or(settled))
}

/// A payment to an address of this same account says where its key is, so that every reviewer sees that it comes back.
pub(super) fn name_own_outputs(ledger: &Ledger, row: &AccountRow, plan: &mut Plan) -> Result<(), Failure> {
    for (output, map) in plan.psbt.unsigned_tx.output.iter().zip(&mut plan.psbt.outputs) {
        if let Some((keychain, index)) = ledger.place_of(row.id, &output.script_pubkey)? {
            *map = output_map(&row.account, keychain, index)?;
        }
    }
    Ok(())
}

/// Sets the change address of a plan aside, so that no other plan returns to it.
pub(super) fn issue_change(ledger: &Ledger, row: &AccountRow, scripts: &[ScriptBuf]) -> Result<(), Failure> {
    let index = next_change(ledger, row)?;
    if scripts.contains(&row.account.script(Keychain::Change, index)?) {
        ledger.issue(row, Keychain::Change, index)?;
    }
    Ok(())
}
