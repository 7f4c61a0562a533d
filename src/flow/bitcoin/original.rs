//! The transaction that a replacement is planned from: what it pays is signed again, so that its origin is proven first.
//!
//! Its bytes are those of the journal where this wallet signed it; else Bitcoin Core's code has to accept them over the
//! coins of the account, and two organisations have to have the same, witnesses included. Nothing is written here.

use bitcoin::{Transaction, Txid, consensus};

use super::{
    Alone,
    account_ledger::AccountLedger,
    authorship::{Author, author_of},
    snapshot::snapshot,
};
use crate::{
    chain::bitcoin::{Coin, CoinState, Snapshot, policy, replace::Original},
    explain::Failure,
    explorer::{Claim, Explorer},
    flow::FlowError,
    ledger::{Ledger, LedgerError, bitcoin::AccountRow},
    request::Freeze,
    text::SafeText,
};

/// An unconfirmed transaction of ours with the coins it spends, for replacing it; and the snapshot without what it made.
///
/// # Errors
/// It is unknown, confirmed, spends coins that are not ours, is not signed for them, or another unconfirmed transaction
/// spends from it.
pub fn original(ledger: &Ledger, row: &AccountRow, txid: Txid) -> Result<(Original, Snapshot), Failure> {
    let refused = |why| FlowError::NotReplaceable(name(txid), why);
    let (known, height) = ledger.transaction(row, txid)?.ok_or_else(|| FlowError::UnknownTransaction(name(txid)))?;
    if height.is_some() {
        return Err(refused("is already confirmed").into());
    }
    if ledger.is_gone(row, txid)? {
        return Err(refused("no longer counts: it was replaced, refused or forgotten").into());
    }
    if ledger.spenders_of(row, txid)? > 0 {
        return Err(refused("has an unconfirmed child, which a replacement would destroy").into());
    }
    let transaction = from_journal(ledger, row, txid)?.unwrap_or(known);
    let coins = spent_coins(ledger, row, &transaction)?;
    if author_of(ledger, row, &transaction)? != Author::Ours {
        return Err(
            refused("is not signed for the coins of this account that it spends, so it is not this wallet's").into()
        );
    }
    let mut rest = snapshot(ledger, row)?;
    rest.coins.retain(|coin| coin.outpoint.txid != txid);
    Ok((Original { transaction, coins, incremental_relay: policy::INCREMENTAL_RELAY }, rest))
}

/// The transaction that a person means by naming one that was replaced: the replacement of ours that counts now.
///
/// # Errors
/// The ledger cannot be read.
pub fn current(ledger: &Ledger, row: &AccountRow, txid: Txid) -> Result<Txid, Failure> {
    let Some((transaction, _)) = ledger.transaction(row, txid)? else { return Ok(txid) };
    if !ledger.is_gone(row, txid)? {
        return Ok(txid);
    }
    for input in &transaction.input {
        if let Some(by) = ledger.spender(row.id, input.previous_output)?
            && from_journal(ledger, row, by)?.is_some()
        {
            return Ok(by);
        }
    }
    Ok(txid)
}

/// Before a replacement is signed: the original is one that was signed here, or two organisations have the very same
/// bytes; where there is one organisation only, its word for what Bitcoin Core's code accepted is enough.
///
/// # Errors
/// No host has these bytes; or one organisation alone has them although there is another, and `alone` is doubted.
pub fn check_original(
    account: AccountLedger<'_>,
    explorer: &Explorer,
    original: &Original,
    alone: Alone,
) -> Result<(), Failure> {
    check_bytes(account, explorer, &original.transaction, alone)
}

/// The same for any unconfirmed transaction whose size counts: its id does not cover its witnesses (BIP-141).
///
/// # Errors
/// As [`check_original`].
pub fn check_bytes(
    account: AccountLedger<'_>,
    explorer: &Explorer,
    transaction: &Transaction,
    alone: Alone,
) -> Result<(), Failure> {
    let txid = transaction.compute_txid();
    if from_journal(account.ledger, account.row, txid)?.is_some() || !explorer.has_second_source() {
        return Ok(());
    }
    let claim = explorer.bytes(txid)?;
    match claim.value() {
        None => return Err(FlowError::UnknownTransaction(name(txid)).into()),
        Some(there) if there != transaction => {
            return Err(FlowError::NotReplaceable(name(txid), "has other signatures there than here").into());
        }
        Some(_) => {}
    }
    match (claim, alone) {
        (Claim::Single { operator, .. }, Alone::IsDoubted) => {
            Err(FlowError::SingleSourceOfOriginal { txid: name(txid), operator }.into())
        }
        _ => Ok(()),
    }
}

fn name(txid: Txid) -> SafeText {
    SafeText::new(&txid.to_string())
}

/// The bytes that were signed here, if they were.
fn from_journal(ledger: &Ledger, row: &AccountRow, txid: Txid) -> Result<Option<Transaction>, Failure> {
    let entry = ledger.journal_row(row.account.network, &txid.to_string())?;
    let signed = entry.and_then(|entry| consensus::deserialize::<Transaction>(&entry.raw).ok());
    Ok(signed.filter(|signed| signed.compute_txid() == txid))
}

fn spent_coins(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<Vec<Coin>, Failure> {
    let foreign =
        || FlowError::NotReplaceable(name(transaction.compute_txid()), "spends coins that are not of this account");
    let mut coins = Vec::new();
    for input in &transaction.input {
        let (keychain, index) = ledger.coin_place(row.id, input.previous_output)?.ok_or_else(foreign)?;
        let (parent, height) = ledger
            .transaction(row, input.previous_output.txid)?
            .ok_or(LedgerError::Damaged("coin without its transaction"))?;
        let state = height.map_or(CoinState::OwnUnconfirmed, CoinState::Confirmed);
        coins.push(Coin { outpoint: input.previous_output, parent, keychain, index, state, freeze: Freeze::Free });
    }
    Ok(coins)
}
