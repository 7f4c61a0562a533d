//! Signed -> Sent -> Status: the bytes are in the journal, synced to disk, before the first of them leaves.
//!
//! The same bytes on every resend; a new transaction is never built here. What may have happened is said to be unknown
//! until somebody is found who has it (threats.md B1, B2).

use bitcoin::{Transaction, TxOut, Txid};

use super::{Draft, FlowError, SignedFile};
use crate::{
    account::Keychain,
    chain::bitcoin::{consensus, proof},
    explain::Failure,
    explorer::{BlockRef, Explorer, TxPlace, Verdict},
    intent::Status,
    ledger::{AccountRow, JournalRow, JournalState, Ledger},
    network::Network,
    text::SafeText,
};

/// Most parents that are fetched to see whether a conflicting transaction is signed.
const MAX_PARENTS: usize = 200;

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
    verify_if_known(ledger, &rows, &file.transaction)?;
    let row = ledger.record_signed(network, id, &file.signed.bytes)?;
    let before = ledger.unconfirmed(network)?;
    let rows = touched(ledger, rows, &file.transaction)?;
    // From here on a crash leaves "unknown" and locked coins behind, which is the truth: nothing else is built from them.
    ledger.atomically(|ledger| {
        ledger.set_journal_state(network, id, JournalState::Unknown, "sending")?;
        rows.iter().try_for_each(|row| ledger.observe_own(row, &file.transaction))
    })?;
    let verdict = explorer.broadcast(&row.raw, txid);
    let (state, detail) = settled(&verdict, &row);
    let written = ledger.atomically(|ledger| {
        ledger.set_journal_state(network, id, state, &detail)?;
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

/// A verdict in the words of the journal. Where nothing was sent this time, what was true before is true still; and what
/// somebody may already have is not made undone by others who refuse it: only a spend that `track` proved does that.
fn settled(verdict: &Verdict, before: &JournalRow) -> (JournalState, String) {
    match verdict {
        Verdict::Accepted { operators } => {
            (JournalState::Sent, operators.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        Verdict::Known => (JournalState::Sent, "already known".to_owned()),
        Verdict::Confirmed(block) => (JournalState::Confirmed, block.hash.to_string()),
        Verdict::Rejected(class) if matches!(before.state, JournalState::Unknown | JournalState::Sent) => {
            (before.state, format!("refused this time: {class}"))
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

/// Finds out where a transaction is. One of our own that was sent and that nobody has is sent again, byte for byte;
/// one that was refused or replaced since is not.
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
        TxPlace::Unknown => return missing(ledger, explorer, &file, row.state),
    }
    status(explorer, place)
}

fn note(ledger: &Ledger, txid: &str, network: Network, (state, detail): (JournalState, &str)) -> Result<(), Failure> {
    Ok(ledger.set_journal_state(network, txid, state, detail)?)
}

/// One of our own that no explorer has: it lost its coins, or it is sent again, or it was never to be.
fn missing(
    ledger: &mut Ledger,
    explorer: &Explorer,
    file: &SignedFile,
    state: JournalState,
) -> Result<Status, Failure> {
    let (network, txid) = (file.signed.network, file.transaction.compute_txid());
    let rows = accounts(ledger, network)?;
    if let Some(by) = conflicting_spend(ledger, explorer, &rows, &file.transaction)? {
        note(ledger, &file.signed.id, network, (JournalState::Replaced, "a coin was spent by another"))?;
        ledger.atomically(|ledger| {
            rows.iter().try_for_each(|row| ledger.give_up(row, txid))?;
            rows.iter().try_for_each(|row| ledger.observe_own(row, &by))
        })?;
        return Ok(Status::Replaced { by: by.compute_txid().to_string() });
    }
    if let Some(by) = rival_here(ledger, &rows, &file.transaction)? {
        return Ok(Status::Replaced { by: by.to_string() });
    }
    if !matches!(state, JournalState::Unknown | JournalState::Sent | JournalState::Confirmed) {
        return Ok(Status::NotFound);
    }
    deliver(ledger, explorer, file)?;
    status(explorer, explorer.place(txid)?.into_value())
}

/// Another transaction in our own ledger that counts and spends one of this one's coins: a replacement of ours.
fn rival_here(ledger: &Ledger, rows: &[AccountRow], transaction: &Transaction) -> Result<Option<Txid>, Failure> {
    for row in rows {
        for input in &transaction.input {
            let spender = ledger.spender(row.id, input.previous_output)?;
            if let Some(spender) = spender.filter(|spender| *spender != transaction.compute_txid()) {
                return Ok(Some(spender));
            }
        }
    }
    Ok(None)
}

/// Another transaction that spends one of this one's coins, if an explorer names one that is signed for it.
fn conflicting_spend(
    ledger: &Ledger,
    explorer: &Explorer,
    rows: &[AccountRow],
    transaction: &Transaction,
) -> Result<Option<Transaction>, Failure> {
    for input in &transaction.input {
        let spender = explorer.outspend(input.previous_output)?.into_value();
        if let Some(spender) = spender.filter(|spender| *spender != transaction.compute_txid())
            && let Some(spender) = explorer.transaction(spender)?
            && spender.input.iter().any(|other| other.previous_output == input.previous_output)
            && is_signed(ledger, explorer, rows, &spender)?
        {
            return Ok(Some(spender));
        }
    }
    Ok(None)
}

/// Whether Bitcoin Core's code accepts every input: anyone can write a transaction that names our coin.
fn is_signed(
    ledger: &Ledger,
    explorer: &Explorer,
    rows: &[AccountRow],
    transaction: &Transaction,
) -> Result<bool, Failure> {
    let mut spent: Vec<TxOut> = Vec::new();
    for input in transaction.input.iter().take(MAX_PARENTS) {
        let outpoint = input.previous_output;
        let known = match rows.first() {
            Some(row) => ledger.transaction(row, outpoint.txid)?.map(|(parent, _)| parent),
            None => None,
        };
        let parent = match known {
            Some(parent) => Some(parent),
            None => explorer.transaction(outpoint.txid)?,
        };
        let output = parent.as_ref().and_then(|parent| proof::spent_output(parent, outpoint).ok());
        let Some(output) = output else { return Ok(false) };
        spent.push(output.clone());
    }
    Ok(consensus::verify(transaction, &spent).is_ok())
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

    fn after(state: JournalState, verdict: &Verdict) -> JournalState {
        let (txid, raw, detail) = (String::new(), Vec::new(), String::new());
        let before = JournalRow { txid, network: Network::Regtest, raw, state, detail, created: 0, updated: 0 };
        settled(verdict, &before).0
    }

    #[test]
    fn a_refusal_frees_only_what_nobody_can_have() {
        let refused = Verdict::Rejected(RejectClass::NonStandard);
        assert_eq!(after(JournalState::Signed, &refused), JournalState::Rejected);
        assert_eq!(after(JournalState::Unknown, &refused), JournalState::Unknown);
        assert_eq!(after(JournalState::Sent, &refused), JournalState::Sent);
        assert_eq!(after(JournalState::Sent, &Verdict::Unknown), JournalState::Unknown);
    }
}
