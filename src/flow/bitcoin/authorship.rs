//! The author of a transaction that spends our coins: ours only if Bitcoin Core's code accepts its signatures for them.
//!
//! An id does not cover signatures, and a transaction that names our coin can be written without our keys: without this
//! check a server could put one of its own in the place of a payment. What is spent is taken from transactions that
//! hash to their ids, never from what a server says about it. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::{OutPoint, ScriptBuf, Transaction, TxOut, Txid};

use super::account_ledger::AccountLedger;
use crate::{
    chain::bitcoin::{
        consensus::{self, Rules},
        proof,
    },
    explain::Failure,
    explorer::{
        Explorer,
        bitcoin::{ScriptHistory, TxAt},
    },
    ledger::{Ledger, bitcoin::AccountRow},
    text::SafeText,
};

/// Most previous transactions that are asked for in one go: of coins of others that a taproot signature covers.
const MAX_ASKED: usize = 100;

/// What was found out about transactions that spend our coins.
#[derive(Debug, Default)]
pub(super) struct Authorship {
    /// Those that are signed for every coin of ours that they spend.
    pub(super) signed: BTreeSet<Txid>,
    /// Hosts that listed one that is not.
    pub(super) forgers: Vec<SafeText>,
}

/// The author of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// It spends no coin of ours, as far as is known.
    Stranger,
    /// It is signed for every coin of ours that it spends.
    Ours,
    /// It spends a coin of ours, and its signature for it is refused.
    Forger,
    /// It spends a coin of ours, and what else it spends is not known, which its signature covers.
    Unknown,
}

/// Judges every transaction that was listed for an account's scripts.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn judge(
    account: AccountLedger<'_>,
    explorer: &Explorer,
    histories: &[ScriptHistory],
) -> Result<Authorship, Failure> {
    let mut court = Court::new(account, Some(explorer));
    for history in histories {
        court.scripts.extend(account.row.account.script(history.keychain, history.index).ok());
        court.told.extend(history.txs.iter().map(|at| (at.tx.compute_txid(), &at.tx)));
    }
    let mut authorship = Authorship::default();
    let mut judged: BTreeMap<Txid, (&Transaction, Author)> = BTreeMap::new();
    for history in histories {
        for TxAt { tx, place } in &history.txs {
            let rules = if place.is_some() { Rules::OfAnyBlock } else { Rules::OfToday };
            let txid = tx.compute_txid();
            // The same id with other witnesses is judged for itself.
            let author = match judged.get(&txid) {
                Some((same, author)) if *same == tx => *author,
                _ => court.author(tx, rules)?,
            };
            judged.insert(txid, (tx, author));
            match author {
                Author::Ours => drop(authorship.signed.insert(txid)),
                Author::Forger if !authorship.forgers.contains(&history.operator) => {
                    authorship.forgers.push(history.operator.clone());
                }
                Author::Forger | Author::Stranger | Author::Unknown => {}
            }
        }
    }
    Ok(authorship)
}

/// Judges one transaction by what the ledger holds alone.
///
/// # Errors
/// The ledger cannot be read.
pub(super) fn author_of(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<Author, Failure> {
    Court::new(AccountLedger { ledger, row }, None).author(transaction, Rules::OfToday)
}

/// What is known where transactions are judged.
struct Court<'a> {
    account: AccountLedger<'a>,
    explorer: Option<&'a Explorer>,
    /// Scripts of the account that the ledger may not have yet.
    scripts: BTreeSet<ScriptBuf>,
    /// Transactions that were told in the same answer.
    told: BTreeMap<Txid, &'a Transaction>,
    /// Transactions that were asked for, with those that no host has.
    asked: BTreeMap<Txid, Option<Transaction>>,
}

impl<'a> Court<'a> {
    fn new(account: AccountLedger<'a>, explorer: Option<&'a Explorer>) -> Self {
        let (scripts, told, asked) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { account, explorer, scripts, told, asked }
    }

    fn author(&mut self, transaction: &Transaction, rules: Rules) -> Result<Author, Failure> {
        let mut spent = Vec::new();
        for input in &transaction.input {
            spent.push(self.known(input.previous_output)?);
        }
        let mut own = Vec::new();
        for (place, output) in spent.iter().enumerate() {
            if let Some(output) = output
                && self.is_own(output)?
            {
                own.push((place, output.clone()));
            }
        }
        if own.is_empty() {
            return Ok(Author::Stranger);
        }
        if own.iter().any(|(_, output)| output.script_pubkey.is_p2tr()) {
            return self.author_of_whole(transaction, spent);
        }
        let accepts =
            |(place, output): &(usize, TxOut)| consensus::verify_input(transaction, *place, output, rules).is_ok();
        Ok(if own.iter().all(accepts) { Author::Ours } else { Author::Forger })
    }

    /// A taproot signature covers everything that is spent, so all of it has to be known.
    fn author_of_whole(&mut self, transaction: &Transaction, known: Vec<Option<TxOut>>) -> Result<Author, Failure> {
        let mut spent = Vec::new();
        for (input, output) in transaction.input.iter().zip(known) {
            match output {
                Some(output) => spent.push(output),
                None => match self.asked(input.previous_output) {
                    Some(output) => spent.push(output),
                    None => return Ok(Author::Unknown),
                },
            }
        }
        Ok(if consensus::verify(transaction, &spent).is_ok() { Author::Ours } else { Author::Forger })
    }

    fn is_own(&self, output: &TxOut) -> Result<bool, Failure> {
        let (script, AccountLedger { ledger, row }) = (&output.script_pubkey, self.account);
        Ok(self.scripts.contains(script) || ledger.place_of(row.id, script)?.is_some())
    }

    /// An output by a transaction that was told or is in the ledger, and hashes to its id.
    fn known(&self, outpoint: OutPoint) -> Result<Option<TxOut>, Failure> {
        if let Some(parent) = self.told.get(&outpoint.txid) {
            return Ok(proof::spent_output(parent, outpoint).ok().cloned());
        }
        let AccountLedger { ledger, row } = self.account;
        let parent = ledger.transaction(row, outpoint.txid)?;
        Ok(parent.and_then(|(parent, _)| proof::spent_output(&parent, outpoint).ok().cloned()))
    }

    /// An output by a transaction that an explorer has. One that is not to be had is no proof of anything.
    fn asked(&mut self, outpoint: OutPoint) -> Option<TxOut> {
        let explorer = self.explorer?;
        if self.asked.len() >= MAX_ASKED && !self.asked.contains_key(&outpoint.txid) {
            return None;
        }
        let ask = || explorer.transaction(outpoint.txid).ok().flatten();
        let parent = self.asked.entry(outpoint.txid).or_insert_with(ask);
        parent.as_ref().and_then(|parent| proof::spent_output(parent, outpoint).ok().cloned())
    }
}
