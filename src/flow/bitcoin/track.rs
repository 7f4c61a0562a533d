//! Sent -> Status: where a transaction is, and the evidence for it. One of our own that no host has is sent again.
//!
//! The same bytes on every resend. A confirmation is called proven only where its Merkle branch and the
//! work after it were checked; a chain that was reorganised takes it back.

use std::{thread::sleep, time::Duration};

use bitcoin::{Transaction, TxOut, Txid};

use super::{
    SignedFile,
    deliver::{accounts, deliver},
    just_sent,
};
use crate::{
    chain::bitcoin::{consensus, proof, spv::SUCCESSORS},
    explain::Failure,
    explorer::{
        Cause, Claim, Explorer, ExplorerError,
        bitcoin::{BlockRef, Heights, Placed, RejectClass, TxPlace, Verdict},
    },
    flow::FlowError,
    ledger::{
        Ledger,
        bitcoin::{AccountRow, JournalRow, JournalState},
    },
    network::Network,
    review::{Evidence, Status},
    text::SafeText,
};

/// How often, and after what pause, a server is asked again that is not settled.
const UNSETTLED: u32 = 3;
const MOMENT: Duration = Duration::from_millis(700);
/// Most parents that are fetched to see whether a conflicting transaction is signed, one after the other.
const MAX_PARENTS: usize = 20;

/// Where a transaction is, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// Where it is.
    pub status: Status,
    /// The evidence for that.
    pub evidence: Evidence,
    /// Hosts that said where it is; empty where that follows from our own ledger.
    pub said_by: Vec<SafeText>,
    /// Hosts that say something else, with their words in ours.
    pub dissent: Vec<(SafeText, String)>,
    /// It was in a block, as far as this ledger knew, and is in none now.
    pub reorganised: bool,
    /// No host had it, and its bytes were sent again just now.
    pub sent_again: bool,
    /// Why that was refused, if it was.
    pub refused: Option<String>,
    /// A host accepted it so many seconds ago, and none lists it yet.
    pub accepted_ago: Option<u64>,
}

impl Tracking {
    /// Names the hosts that say something else as well.
    fn with(mut self, others: &[(SafeText, TxPlace)]) -> Self {
        self.dissent.extend(dissent(others));
        self
    }

    const fn said(status: Status) -> Self {
        Self {
            status,
            evidence: Evidence::Said,
            said_by: Vec::new(),
            dissent: Vec::new(),
            reorganised: false,
            sent_again: false,
            refused: None,
            accepted_ago: None,
        }
    }
}

/// Finds out where a transaction is. One of our own that was sent and that no host has is sent again, byte for byte;
/// one that was refused or replaced since is not.
///
/// # Errors
/// Explorers do not answer, or prove false, or the transaction is known neither here nor there.
pub fn track(ledger: &mut Ledger, explorer: &Explorer, network: Network, txid: Txid) -> Result<Tracking, Failure> {
    let journal = ledger.journal_row(network, &txid.to_string())?;
    let Some(row) = journal else { return of_others(ledger, explorer, network, txid) };
    let Placed { claim, others } = placed(explorer, txid)?;
    let reorganised = !matches!(claim.value(), TxPlace::Confirmed(_)) && was_confirmed(ledger, &row, txid)?;
    let file = SignedFile::read(hex::DisplayHex::to_lower_hex_string(row.raw.as_slice()).as_bytes(), Some(network))?;
    if let Some(by) = replacement(ledger, network, claim.value(), &file.transaction)? {
        let told = [(host_of(&claim), *claim.value())];
        let others: Vec<_> = told.into_iter().filter(|(_, place)| *place == TxPlace::Mempool).chain(others).collect();
        return Ok(Tracking::said(Status::Replaced { by: by.to_string() }).with(&others));
    }
    let own = OwnTransaction { row: &row, file: &file };
    if !reorganised && let Some(known) = accepted_just_now(ledger, explorer, own, claim.value())? {
        return Ok(known);
    }
    let tracking = match claim.value() {
        TxPlace::Unknown => missing(ledger, explorer, own)?,
        place => {
            let tracking = tracking(explorer, &claim, &file.transaction)?;
            let settled = tracking.evidence != Evidence::Said || !explorer.has_second_source();
            let (state, detail) = match place {
                TxPlace::Confirmed(_) if settled => (JournalState::Confirmed, "found in a block"),
                TxPlace::Confirmed(_) => (JournalState::Sent, "in a block, as one explorer says"),
                _ => (JournalState::Sent, "found in a mempool"),
            };
            ledger.set_journal_state(network, &row.txid, state, detail)?;
            ledger.forget_accepted(network, &row.txid)?;
            tracking
        }
    };
    Ok(Tracking { reorganised, ..tracking.with(&others) })
}

/// A transaction that is in our journal.
#[derive(Clone, Copy)]
struct OwnTransaction<'a> {
    /// Its row in the journal.
    row: &'a JournalRow,
    /// The bytes of that row as a file, which is what is sent.
    file: &'a SignedFile,
}

/// What a host accepted some seconds ago, and no list shows yet: lists of servers lag behind.
fn accepted_just_now(
    ledger: &Ledger,
    explorer: &Explorer,
    OwnTransaction { row, file }: OwnTransaction<'_>,
    place: &TxPlace,
) -> Result<Option<Tracking>, Failure> {
    if *place != TxPlace::Unknown || rival_here(ledger, &accounts(ledger, row.network)?, &file.transaction)?.is_some() {
        return Ok(None);
    }
    let known = |ago| Tracking { accepted_ago: Some(ago), ..Tracking::said(Status::Unconfirmed) };
    Ok(just_sent::unlisted(explorer, row).map(known))
}

/// A replacement of ours that was sent, where the original is in no block: it is what counts, even if a host still has
/// the other one for a moment. What may never have left displaces nothing that a host has.
fn replacement(
    ledger: &Ledger,
    network: Network,
    place: &TxPlace,
    original: &Transaction,
) -> Result<Option<Txid>, Failure> {
    if matches!(place, TxPlace::Confirmed(_)) {
        return Ok(None);
    }
    let Some(by) = rival_here(ledger, &accounts(ledger, network)?, original)? else { return Ok(None) };
    let state = ledger.journal_row(network, &by.to_string())?.map(|row| row.state);
    let counts = match state {
        Some(JournalState::Sent | JournalState::Confirmed) => true,
        Some(JournalState::Unknown) => *place == TxPlace::Unknown,
        _ => false,
    };
    Ok(counts.then_some(by))
}

/// The first host that says so.
fn host_of<T>(claim: &Claim<T>) -> SafeText {
    match claim {
        Claim::Proven(_) => SafeText::new("ourselves"),
        Claim::Agreed { operators, .. } => operators.first().cloned().unwrap_or_else(|| SafeText::new("nobody")),
        Claim::Single { operator, .. } => operator.clone(),
    }
}

/// Where a transaction is. A server that has just heard of a change is not settled for a moment: it is asked again. A node
/// without an index of transactions knows those of its mempool, and no others by their ids: to it one of ours is nowhere, and
/// sending its bytes once more does no harm.
fn placed(explorer: &Explorer, txid: Txid) -> Result<Placed, ExplorerError> {
    let mut attempts = 0..UNSETTLED;
    loop {
        match explorer.place(txid) {
            Err(ExplorerError::NoAnswer(failures))
                if failures.are_all(Cause::Unsettled) && attempts.next().is_some() =>
            {
                sleep(MOMENT);
            }
            Err(ExplorerError::NoAnswer(failures)) if failures.are_all(Cause::Unsupported) => {
                let claim = Claim::said_by(TxPlace::Unknown, failures.operators());
                return Ok(Placed { claim, others: Vec::new() });
            }
            other => return other,
        }
    }
}

/// What others say, in our words.
fn dissent(others: &[(SafeText, TxPlace)]) -> Vec<(SafeText, String)> {
    let words = |place: &TxPlace| match place {
        TxPlace::Unknown => "does not know it".to_owned(),
        TxPlace::Mempool => "has it in no block yet".to_owned(),
        TxPlace::Confirmed(block) => format!("has it in block {}, {}", block.height, block.hash),
    };
    others.iter().map(|(host, place)| (host.clone(), words(place))).collect()
}

/// A transaction that is not in our journal: known to the ledger, or to explorers alone.
fn of_others(ledger: &Ledger, explorer: &Explorer, network: Network, txid: Txid) -> Result<Tracking, Failure> {
    let unknown = || FlowError::UnknownTransaction(SafeText::new(&txid.to_string()));
    let Placed { claim, others } = placed(explorer, txid)?;
    let rows = accounts(ledger, network)?;
    let known = rows.first().map(|row| ledger.transaction(row, txid)).transpose()?.flatten();
    let was_in_block = known.as_ref().is_some_and(|(_, height)| height.is_some());
    let transaction = match (claim.value(), known) {
        (_, Some((transaction, _))) => Some(transaction),
        (TxPlace::Unknown, None) => None,
        (_, None) => explorer.transaction(txid)?,
    };
    let transaction = transaction.ok_or_else(unknown)?;
    if *claim.value() == TxPlace::Unknown
        && let Some(by) = rival_here(ledger, &rows, &transaction)?
    {
        return Ok(Tracking::said(Status::Replaced { by: by.to_string() }));
    }
    let reorganised = was_in_block && !matches!(claim.value(), TxPlace::Confirmed(_));
    let tracking = tracking(explorer, &claim, &transaction)?;
    Ok(Tracking { reorganised, ..tracking.with(&others) })
}

/// Whether our journal or an account of ours had it in a block.
fn was_confirmed(ledger: &Ledger, row: &JournalRow, txid: Txid) -> Result<bool, Failure> {
    if row.state == JournalState::Confirmed {
        return Ok(true);
    }
    for account in accounts(ledger, row.network)? {
        if let Some((_, Some(_))) = ledger.transaction(&account, txid)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What explorers claim, and what of it could be proven.
fn tracking(explorer: &Explorer, claim: &Claim<TxPlace>, transaction: &Transaction) -> Result<Tracking, Failure> {
    let said_by = match claim {
        Claim::Proven(_) => Vec::new(),
        Claim::Agreed { operators, .. } => operators.clone(),
        Claim::Single { operator, .. } => vec![operator.clone()],
    };
    let claimed = if matches!(claim, Claim::Agreed { .. }) { Evidence::Agreed } else { Evidence::Said };
    let mut dissent = Vec::new();
    let (status, evidence) = match *claim.value() {
        TxPlace::Unknown => (Status::NotFound, claimed),
        TxPlace::Mempool => (Status::Unconfirmed, claimed),
        TxPlace::Confirmed(block) => {
            let (status, depth, behind) = confirmed(explorer, transaction, block)?;
            dissent.extend(behind);
            (status, if depth == Evidence::Proven { depth } else { weaker(claimed, depth) })
        }
    };
    Ok(Tracking { evidence, said_by, dissent, ..Tracking::said(status) })
}

/// The evidence for two things together.
const fn weaker(one: Evidence, other: Evidence) -> Evidence {
    match (one, other) {
        (Evidence::Said, _) | (_, Evidence::Said) => Evidence::Said,
        (Evidence::Agreed, _) | (_, Evidence::Agreed) => Evidence::Agreed,
        (Evidence::Proven, Evidence::Proven) => Evidence::Proven,
    }
}

/// A host, and what it says in our words.
type Word = (SafeText, String);

/// How deep it is, and whether that is proven: only what has six blocks on its own can be. Else whether two agree on
/// the height of the chain; a host that is behind is named.
fn confirmed(
    explorer: &Explorer,
    transaction: &Transaction,
    block: BlockRef,
) -> Result<(Status, Evidence, Option<Word>), Failure> {
    let BlockRef { height, hash, .. } = block;
    let Heights { counted, highest } = explorer.heights()?;
    let is_agreed = matches!(counted, Claim::Agreed { .. });
    let needed = u32::try_from(SUCCESSORS).unwrap_or(u32::MAX);
    let deep = highest.saturating_sub(height) >= needed;
    let is_proven = deep && explorer.prove(&[(transaction.clone(), block)], highest)?.contains(&true);
    // A host that names a lower chain is wrong about that: so many blocks were seen.
    let seen = if is_proven { needed } else { 0 };
    let behind = match &counted {
        Claim::Single { value, operator } if *value < highest => {
            let words = format!("knows blocks up to {value} only, of {highest}: confirmations are counted to there");
            Some((operator.clone(), words))
        }
        _ => None,
    };
    let confirmations = counted.into_value().saturating_sub(height).max(seen).saturating_add(1);
    let status = Status::Confirmed { height, confirmations, block: hash.to_string() };
    let evidence = match (is_proven, is_agreed) {
        (true, _) => Evidence::Proven,
        (false, true) => Evidence::Agreed,
        (false, false) => Evidence::Said,
    };
    Ok((status, evidence, behind))
}

/// One of our own that no explorer has: it lost its coins, or it is sent again, or it was never to be.
fn missing(
    ledger: &mut Ledger,
    explorer: &Explorer,
    OwnTransaction { row: journal, file }: OwnTransaction<'_>,
) -> Result<Tracking, Failure> {
    let (network, txid) = (file.signed.network, file.transaction.compute_txid());
    let rows = accounts(ledger, network)?;
    let conflict = conflicting_spend(ledger, explorer, &rows, &file.transaction)?;
    // What it was sent to replace within the last seconds is shown by lists of before.
    let is_older = |by: &Transaction| just_sent::is_of_before(ledger, journal, by.compute_txid());
    if let Some(by) = conflict.filter(|by| !is_older(by).unwrap_or(false)) {
        ledger.set_journal_state(network, &file.signed.id, JournalState::Replaced, "a coin was spent by another")?;
        ledger.atomically(|ledger| {
            rows.iter().try_for_each(|row| ledger.give_up(row, txid))?;
            rows.iter().try_for_each(|row| ledger.observe_own(row, &by))
        })?;
        return Ok(Tracking::said(Status::Replaced { by: by.compute_txid().to_string() }));
    }
    if let Some(by) = rival_here(ledger, &rows, &file.transaction)? {
        return Ok(Tracking::said(Status::Replaced { by: by.to_string() }));
    }
    if !matches!(journal.state, JournalState::Unknown | JournalState::Sent | JournalState::Confirmed) {
        return Ok(Tracking::said(Status::NotFound));
    }
    let refused = match deliver(ledger, explorer, file)?.verdict {
        // Found, and signed.
        Verdict::Rejected(RejectClass::Conflict(by)) => {
            ledger.set_journal_state(
                network,
                &file.signed.id,
                JournalState::Replaced,
                "a coin was spent by another",
            )?;
            ledger.atomically(|ledger| rows.iter().try_for_each(|row| ledger.give_up(row, txid)))?;
            return Ok(Tracking::said(Status::Replaced { by: by.to_string() }));
        }
        Verdict::Rejected(class) => Some(class.to_string()),
        _ => None,
    };
    let claim = placed(explorer, txid)?.claim;
    Ok(Tracking { sent_again: true, refused, ..tracking(explorer, &claim, &file.transaction)? })
}

/// Refuses to send a transaction again that was sent before, and replaced since by another of ours: it would only displace
/// that one here.
///
/// # Errors
/// It was replaced; or the ledger cannot be read.
pub fn refuse_superseded(ledger: &Ledger, file: &SignedFile) -> Result<(), Failure> {
    let network = file.signed.network;
    let Some(row) = ledger.journal_row(network, &file.signed.id)? else { return Ok(()) };
    let rows = accounts(ledger, network)?;
    let Some(by) = rival_here(ledger, &rows, &file.transaction)? else { return Ok(()) };
    let rival = ledger.journal_row(network, &by.to_string())?;
    if rival.is_some_and(|rival| rival.created >= row.created) {
        return Err(FlowError::Superseded(SafeText::new(&by.to_string())).into());
    }
    Ok(())
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
        let spender = match explorer.outspend(input.previous_output) {
            Ok(claim) => claim.into_value(),
            // No host has the coin itself, so it is unspent. A node without an index of spends cannot name a spender.
            Err(ExplorerError::NoAnswer(failures))
                if failures.are_all(Cause::Missing) || failures.are_all(Cause::Unsupported) =>
            {
                None
            }
            Err(error) => return Err(error.into()),
        };
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

/// Whether Bitcoin Core's code accepts every input: a transaction that names our coin can be written without our keys.
fn is_signed(
    ledger: &Ledger,
    explorer: &Explorer,
    rows: &[AccountRow],
    transaction: &Transaction,
) -> Result<bool, Failure> {
    let mut spent: Vec<TxOut> = Vec::new();
    if transaction.input.len() > MAX_PARENTS {
        return Ok(false);
    }
    for input in &transaction.input {
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
