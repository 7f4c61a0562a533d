//! Signed -> Sent -> Status: the bytes are in the journal, synced to disk, before the first of them leaves.
//!
//! The same bytes on every resend; a new transaction is never built here. What may have happened is said to be unknown
//! until somebody is found who has it (threats.md B1, B2).

use bitcoin::{OutPoint, Transaction, TxOut, Txid};

use super::{Draft, FlowError, SignedFile};
use crate::{
    account::Keychain,
    chain::bitcoin::{consensus, proof},
    explain::Failure,
    explorer::{BlockRef, Explorer, TxPlace, Verdict},
    intent::Status,
    ledger::{AccountRow, JournalState, Ledger},
    network::Network,
    text::SafeText,
};

/// What became of an attempt to send.
#[derive(Debug)]
pub struct Delivery {
    /// Transaction id.
    pub txid: String,
    /// The explorers' verdict.
    pub verdict: Verdict,
}

/// Sends a signed transaction: journal first, then the bytes, then the verdict into the journal.
///
/// # Errors
/// The ledger cannot be written, or Bitcoin Core's code refuses the transaction (checked where every parent is known).
pub fn deliver(ledger: &mut Ledger, explorer: &Explorer, file: &SignedFile) -> Result<Delivery, Failure> {
    let (network, txid) = (file.signed.network, file.signed.id.clone());
    let rows = accounts(ledger, network)?;
    verify_if_known(ledger, &rows, &file.transaction)?;
    let row = ledger.record_signed(network, &txid, &file.signed.bytes)?;
    // From here on a crash leaves "unknown" behind, which is the truth.
    ledger.set_journal_state(network, &txid, JournalState::Unknown, "sending")?;
    let verdict = explorer.broadcast(&row.raw, file.transaction.compute_txid());
    settle(ledger, &rows, file, &verdict).map_err(|failure| unrecorded(&txid, &verdict, failure))?;
    Ok(Delivery { txid, verdict })
}

/// A ledger that fails after the bytes have left must not read as "nothing was sent".
fn unrecorded(txid: &str, verdict: &Verdict, failure: Failure) -> Failure {
    match verdict {
        Verdict::Rejected(_) | Verdict::NotSent(_) => failure,
        _ => FlowError::SentNotRecorded { txid: txid.to_owned(), cause: failure.message() }.into(),
    }
}

fn accounts(ledger: &Ledger, network: Network) -> Result<Vec<AccountRow>, Failure> {
    Ok(ledger.accounts(None)?.into_iter().filter(|row| row.account.network == network).collect())
}

/// Where the ledger holds every parent, the scripts are verified again before sending.
fn verify_if_known(ledger: &Ledger, rows: &[AccountRow], transaction: &Transaction) -> Result<(), Failure> {
    let mut spent: Vec<TxOut> = Vec::new();
    let Some(row) = rows.first() else { return Ok(()) };
    for input in &transaction.input {
        let Some((parent, _)) = ledger.transaction(row, input.previous_output.txid)? else { return Ok(()) };
        let Ok(output) = proof::spent_output(&parent, input.previous_output) else { return Ok(()) };
        spent.push(output.clone());
    }
    Ok(consensus::verify(transaction, &spent)?)
}

/// Writes a verdict down, and keeps the coins of whatever may be on the network locked.
fn settle(ledger: &mut Ledger, rows: &[AccountRow], file: &SignedFile, verdict: &Verdict) -> Result<(), Failure> {
    let (network, txid) = (file.signed.network, &file.signed.id);
    let (state, detail) = match verdict {
        Verdict::Accepted { operators } => {
            (JournalState::Sent, operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Verdict::Known => (JournalState::Sent, "already known".to_owned()),
        Verdict::Confirmed(block) => (JournalState::Confirmed, block.hash.to_string()),
        Verdict::Rejected(class) => (JournalState::Rejected, class.to_string()),
        Verdict::NotSent(_) => (JournalState::Signed, "not sent".to_owned()),
        Verdict::Unknown => (JournalState::Unknown, "no answer after the bytes had left".to_owned()),
    };
    ledger.set_journal_state(network, txid, state, &detail)?;
    let may_be_out = matches!(state, JournalState::Sent | JournalState::Unknown | JournalState::Confirmed);
    if may_be_out {
        for row in rows {
            if touches(ledger, row, &file.transaction)? {
                ledger.atomically(|ledger| ledger.observe_own(row, &file.transaction))?;
            }
        }
    }
    Ok(())
}

fn touches(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<bool, Failure> {
    for input in &transaction.input {
        if ledger.coin_place(row.id, input.previous_output)?.is_some() {
            return Ok(true);
        }
    }
    for output in &transaction.output {
        if ledger.owner_of(&output.script_pubkey)?.is_some_and(|(id, ..)| id == row.id) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Finds out where a transaction is. One of our own that nobody has is sent again, byte for byte.
///
/// # Errors
/// Explorers do not answer, or nobody knows the transaction, neither here nor there.
pub fn track(ledger: &mut Ledger, explorer: &Explorer, network: Network, txid: Txid) -> Result<Status, Failure> {
    let journal = ledger.journal_row(network, &txid.to_string())?;
    let place = explorer.place(txid)?.into_value();
    let Some(row) = journal else {
        return match place {
            TxPlace::Unknown => Err(FlowError::UnknownTransaction(SafeText::new(&txid.to_string())).into()),
            place => status(explorer, place),
        };
    };
    let file = SignedFile::read(hex::DisplayHex::to_lower_hex_string(row.raw.as_slice()).as_bytes(), Some(network))?;
    match place {
        TxPlace::Confirmed(_) => note(ledger, &row.txid, network, (JournalState::Confirmed, "found in a block"))?,
        TxPlace::Mempool => note(ledger, &row.txid, network, (JournalState::Sent, "found in a mempool"))?,
        TxPlace::Unknown => {
            if let Some(by) = conflicting_spend(explorer, &file.transaction, txid)? {
                note(ledger, &row.txid, network, (JournalState::Replaced, "a coin was spent by another"))?;
                for account in accounts(ledger, network)? {
                    ledger.atomically(|ledger| ledger.give_up(&account, txid))?;
                }
                return Ok(Status::Replaced { by: by.to_string() });
            }
            deliver(ledger, explorer, &file)?;
            return status(explorer, explorer.place(txid)?.into_value());
        }
    }
    status(explorer, place)
}

fn note(ledger: &Ledger, txid: &str, network: Network, (state, detail): (JournalState, &str)) -> Result<(), Failure> {
    Ok(ledger.set_journal_state(network, txid, state, detail)?)
}

/// Another transaction that spends one of this one's coins, if an explorer names one that really does.
fn conflicting_spend(explorer: &Explorer, transaction: &Transaction, txid: Txid) -> Result<Option<Txid>, Failure> {
    for input in &transaction.input {
        let spender = explorer.outspend(input.previous_output)?.into_value();
        if let Some(spender) = spender.filter(|spender| *spender != txid)
            && really_spends(explorer, spender, input.previous_output)?
        {
            return Ok(Some(spender));
        }
    }
    Ok(None)
}

/// Before anything is signed: coins that this sync did not ask about must still be unspent, as far as an explorer says.
///
/// # Errors
/// A coin is spent, or no explorer answers.
pub fn check_unspent(ledger: &Ledger, row: &AccountRow, explorer: &Explorer, draft: &Draft) -> Result<(), Failure> {
    let synced = row.synced.as_ref().map_or(0, |synced| synced.at);
    let fresh: Vec<(Keychain, u32)> = ledger
        .known_scripts(row.id)?
        .into_iter()
        .filter(|script| script.checked >= synced)
        .map(|script| (script.keychain, script.index))
        .collect();
    for input in &draft.plan.psbt.unsigned_tx.input {
        let coin = input.previous_output;
        if ledger.coin_place(row.id, coin)?.is_some_and(|place| fresh.contains(&place)) {
            continue;
        }
        if let Some(spender) = explorer.outspend(coin)?.into_value() {
            return Err(FlowError::CoinSpent(coin.to_string(), spender.to_string()).into());
        }
    }
    Ok(())
}

/// The named transaction's own bytes, checked against its id, must spend the coin.
fn really_spends(explorer: &Explorer, spender: Txid, coin: OutPoint) -> Result<bool, Failure> {
    let transaction = explorer.transaction(spender)?;
    Ok(transaction.is_some_and(|transaction| transaction.input.iter().any(|input| input.previous_output == coin)))
}

fn status(explorer: &Explorer, place: TxPlace) -> Result<Status, Failure> {
    Ok(match place {
        TxPlace::Unknown => Status::NotFound,
        TxPlace::Mempool => Status::Unconfirmed,
        TxPlace::Confirmed(BlockRef { height, hash, .. }) => {
            let tip = explorer.tip()?.value().height;
            Status::Confirmed {
                height,
                confirmations: tip.saturating_sub(height).saturating_add(1),
                block: hash.to_string(),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        explain::Kind,
        explorer::{NotSent, RejectClass},
        ledger::LedgerError,
    };

    #[test]
    fn a_full_disk_after_the_bytes_left_is_never_a_plain_refusal() {
        let full = || Failure::from(LedgerError::File("database or disk is full".to_owned()));
        let out = [Verdict::Unknown, Verdict::Known, Verdict::Accepted { operators: Vec::new() }];
        for verdict in out {
            let failure = unrecorded("ab", &verdict, full());
            assert_eq!((failure.entry().kind, failure.entry().code), (Kind::Unknown, "flow.sent_not_recorded"));
            assert!(failure.message().contains("disk is full"), "{}", failure.message());
        }
        for verdict in [Verdict::NotSent(NotSent::NotThatTransaction), Verdict::Rejected(RejectClass::NonStandard)] {
            assert_eq!(unrecorded("ab", &verdict, full()).entry().code, "ledger.file");
        }
    }
}
