//! Signed -> Sent: the bytes are in the journal, synced to disk, before the first of them leaves.
//!
//! The same bytes on every resend; a new transaction is never built here. What may have happened is said to be unknown
//! until a host is found that has it.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Transaction, TxOut};

use super::{
    Draft, SignedFile,
    account_ledger::AccountLedger,
    authorship::{Author, author_of},
};
use crate::{
    account::Keychain,
    chain::bitcoin::{consensus, proof},
    explain::Failure,
    explorer::{
        Cause, Claim, Explorer, ExplorerError,
        bitcoin::{RejectClass, Verdict},
    },
    flow::FlowError,
    ledger::{
        Ledger, LedgerError,
        bitcoin::{AccountRow, JournalRow, JournalState},
    },
    network::Network,
    review::Evidence,
};

/// What the word of one organisation is worth where another could be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// Nothing, before coins are signed for or a payment is called deep.
    IsDoubted,
    /// As much as any: there is no other, or a person said so.
    IsEnough,
}

/// What became of an attempt to send.
#[derive(Debug)]
pub struct Delivery {
    /// Transaction id.
    pub txid: String,
    /// The explorers' verdict.
    pub verdict: Verdict,
}

/// Sends a signed transaction: journal and locked coins first, then the bytes, then the verdict into the journal.
///
/// # Errors
/// The ledger cannot be written, or Bitcoin Core's code refuses the transaction (checked where every parent is known).
pub fn deliver(ledger: &mut Ledger, explorer: &Explorer, file: &SignedFile) -> Result<Delivery, Failure> {
    let (network, id, txid) = (file.signed.network, &file.signed.id, file.transaction.compute_txid());
    let rows = accounts(ledger, network)?;
    let known_tip = rows.iter().find_map(|row| Some(row.synced.as_ref()?.hash.clone())).unwrap_or_default();
    verify_if_known(ledger, &rows, &file.transaction)?;
    let row = ledger.record_signed(network, id, &file.signed.bytes)?;
    let before = ledger.unconfirmed(network)?;
    let rows = touched(ledger, rows, &file.transaction)?;
    // From here on a crash leaves "unknown" and locked coins behind, which is the truth: nothing else is built from them.
    ledger.atomically(|ledger| {
        ledger.set_journal_state(network, id, JournalState::Unknown, "sending")?;
        rows.iter().try_for_each(|row| ledger.observe_own(row, &file.transaction))
    })?;
    let mut verdict = explorer.broadcast(&row.raw, txid);
    if verdict == Verdict::Rejected(RejectClass::InputsMissing) && send_parents(ledger, explorer, file)? {
        verdict = explorer.broadcast(&row.raw, txid);
    }
    let (state, detail) = settled(&verdict, &row, evidence(explorer, &verdict, &file.transaction));
    let written = ledger.atomically(|ledger| {
        ledger.set_journal_state(network, id, state, &detail)?;
        if matches!(verdict, Verdict::Accepted(_) | Verdict::Known(_)) {
            ledger.set_accepted(network, id, &known_tip)?;
        }
        if matches!(state, JournalState::Sent | JournalState::Unknown | JournalState::Confirmed) {
            return Ok(());
        }
        rows.iter().try_for_each(|row| ledger.take_back(row, txid, &before))
    });
    written.map_err(|error| unrecorded(id, &verdict, error.into()))?;
    Ok(Delivery { txid: id.clone(), verdict })
}

/// A ledger that fails after the bytes have left must not read as "nothing was sent".
fn unrecorded(txid: &str, verdict: &Verdict, failure: Failure) -> Failure {
    match verdict {
        Verdict::Rejected(_) | Verdict::NotSent(_) => failure,
        _ => FlowError::SentNotRecorded { txid: txid.to_owned(), cause: failure.message() }.into(),
    }
}

pub(super) fn accounts(ledger: &Ledger, network: Network) -> Result<Vec<AccountRow>, Failure> {
    Ok(ledger.accounts(None)?.into_iter().filter(|row| row.account.network == network).collect())
}

/// Where the ledger holds every parent, the scripts are verified again before sending; coins of ours are locked by what is
/// signed for them only.
fn verify_if_known(ledger: &Ledger, rows: &[AccountRow], transaction: &Transaction) -> Result<(), Failure> {
    for row in rows {
        if author_of(ledger, row, transaction)? == Author::Forger {
            return Err(FlowError::NotSigned("its signatures for coins of this wallet are refused".to_owned()).into());
        }
    }
    let Some(row) = rows.first() else { return Ok(()) };
    match spent_here(ledger, row, transaction)? {
        Some(spent) => Ok(consensus::verify(transaction, &spent)?),
        None => Ok(()),
    }
}

/// The outputs that a transaction spends; nothing where the ledger lacks one.
pub(super) fn spent_here(
    ledger: &Ledger,
    row: &AccountRow,
    transaction: &Transaction,
) -> Result<Option<Vec<TxOut>>, LedgerError> {
    let mut spent: Vec<TxOut> = Vec::new();
    for input in &transaction.input {
        let Some((parent, _)) = ledger.transaction(row, input.previous_output.txid)? else { return Ok(None) };
        let Ok(output) = proof::spent_output(&parent, input.previous_output) else { return Ok(None) };
        spent.push(output.clone());
    }
    Ok(Some(spent))
}

/// Sends again what of ours waits and is spent from, byte for byte: a node that lost its mempool does not know it. True if
/// there is any.
fn send_parents(ledger: &Ledger, explorer: &Explorer, file: &SignedFile) -> Result<bool, Failure> {
    let mut sent = false;
    for parent in in_flight_parents(ledger, file.signed.network, &file.transaction)? {
        if let Ok(id) = parent.txid.parse() {
            drop(explorer.broadcast(&parent.raw, id));
            sent = true;
        }
    }
    Ok(sent)
}

/// Our own transactions that wait and that this one spends from.
fn in_flight_parents(ledger: &Ledger, network: Network, transaction: &Transaction) -> Result<Vec<JournalRow>, Failure> {
    let parents: BTreeSet<String> =
        transaction.input.iter().map(|input| input.previous_output.txid.to_string()).collect();
    Ok(ledger.in_flight(network)?.into_iter().filter(|row| parents.contains(&row.txid)).collect())
}

/// The evidence for a verdict that says that it is in a block; one organisation's word is enough only where there is
/// one.
fn evidence(explorer: &Explorer, verdict: &Verdict, transaction: &Transaction) -> Evidence {
    let Verdict::Confirmed { block, said_by } = verdict else { return Evidence::Said };
    let prove = || {
        let tip = explorer.heights()?.highest;
        explorer.prove(&[(transaction.clone(), *block)], tip)
    };
    if prove().is_ok_and(|proven| proven.contains(&true)) {
        return Evidence::Proven;
    }
    if said_by.len() > 1 || !explorer.has_second_source() { Evidence::Agreed } else { Evidence::Said }
}

/// A verdict in the words of the journal. Where nothing was sent this time, what was true before is true still; and
/// what a host may already have is not made undone by others that refuse it: only a spend that `track` proved does
/// that.
fn settled(verdict: &Verdict, before: &JournalRow, evidence: Evidence) -> (JournalState, String) {
    match verdict {
        Verdict::Accepted(taken) => (JournalState::Sent, taken.to_string()),
        Verdict::Known(taken) => (JournalState::Sent, format!("already known to {taken}")),
        Verdict::Confirmed { block, .. } if evidence != Evidence::Said => {
            (JournalState::Confirmed, block.hash.to_string())
        }
        Verdict::Confirmed { block, .. } => {
            (JournalState::Sent, format!("in block {}, as one explorer says", block.hash))
        }
        Verdict::Rejected(class) if matches!(before.state, JournalState::Unknown | JournalState::Sent) => {
            (before.state, format!("refused this time: {class}"))
        }
        // The chain had it once and may have it again.
        Verdict::Rejected(class) if before.state == JournalState::Confirmed => {
            (JournalState::Unknown, format!("refused after a reorganisation: {class}"))
        }
        Verdict::Rejected(class) => (JournalState::Rejected, class.to_string()),
        Verdict::NotSent(_) => (before.state, before.detail.clone()),
        Verdict::Unknown => (JournalState::Unknown, "no answer after the bytes had left".to_owned()),
    }
}

/// The accounts whose coins it spends or that it pays.
fn touched(ledger: &Ledger, rows: Vec<AccountRow>, transaction: &Transaction) -> Result<Vec<AccountRow>, Failure> {
    let mut touched = Vec::new();
    for row in rows {
        let mut places = Vec::new();
        for input in &transaction.input {
            places.push(ledger.coin_place(row.id, input.previous_output)?);
        }
        for output in &transaction.output {
            places.push(ledger.place_of(row.id, &output.script_pubkey)?);
        }
        if places.iter().any(Option::is_some) {
            touched.push(row);
        }
    }
    Ok(touched)
}

/// Before anything is signed: every coin must be unspent, as this sync heard just now; where there is a second source,
/// from both. What the sync did not ask both about is asked now. A coin that a replacement shares with what it replaces
/// is asked about too: no other transaction may have spent it.
///
/// # Errors
/// A coin is spent, or no explorer answers; or one alone does, although there is another, and `alone` is doubted.
pub fn check_unspent(
    account: AccountLedger<'_>,
    explorer: &Explorer,
    draft: &Draft,
    alone: Alone,
) -> Result<(), Failure> {
    let AccountLedger { ledger, row } = account;
    let synced = row.synced.as_ref().map_or(0, |synced| synced.at);
    let fresh: BTreeSet<(Keychain, u32)> = if explorer.has_second_source() {
        ledger.opinions_since(row.id, synced)?
    } else {
        let asked = ledger.known_scripts(row.id)?.into_iter().filter(|script| script.checked >= synced);
        asked.map(|script| (script.keychain, script.index)).collect()
    };
    for input in &draft.plan.psbt.unsigned_tx.input {
        let coin = input.previous_output;
        let is_fresh = ledger.coin_place(row.id, coin)?.is_some_and(|place| fresh.contains(&place));
        if is_fresh {
            continue;
        }
        let replaced = ledger.spender(row.id, coin)?;
        let claim = match explorer.outspend(coin) {
            // Change of our own that a node has lost: it is sent again before what spends it.
            Err(ExplorerError::NoAnswer(failures))
                if failures.are_all(Cause::Missing) && is_in_flight(ledger, row, coin)? =>
            {
                continue;
            }
            other => other?,
        };
        if let Some(spender) = claim.value() {
            // The one that is to be replaced: it is signed by us, whichever host lists it.
            if replaced == Some(*spender) {
                continue;
            }
            return Err(FlowError::CoinSpent(coin.to_string(), spender.to_string()).into());
        }
        if let (Claim::Single { operator, .. }, Alone::IsDoubted) = (claim, alone)
            && explorer.has_second_source()
        {
            return Err(FlowError::SingleSource { coin: coin.to_string(), operator }.into());
        }
    }
    Ok(())
}

/// Whether a coin is of a transaction of ours that waits.
fn is_in_flight(ledger: &Ledger, row: &AccountRow, coin: OutPoint) -> Result<bool, Failure> {
    let id = coin.txid.to_string();
    Ok(ledger.in_flight(row.account.network)?.iter().any(|row| row.txid == id))
}

#[cfg(test)]
#[path = "deliver_tests.rs"]
mod tests;
