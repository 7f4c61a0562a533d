//! The same payment twice: a run that was interrupted is often started again, and so is one whose person forgot it.
//!
//! Looks into the ledger only. It asks no explorer, and whether a second payment is wanted is for the person to say.

use std::collections::BTreeMap;

use bitcoin::Transaction;
use sha2::{Digest, Sha256};

use super::{Draft, SignedFile};
use crate::{
    amount::Quantity,
    explain::Failure,
    flow::{FlowError, LATELY},
    ledger::{
        Ledger, LedgerError,
        bitcoin::{AccountRow, HistoryRow, JournalState},
        now,
    },
    request::{FeePayer, Payment},
};

/// Payees outside of the account, with what each gets.
type Payees = BTreeMap<Vec<u8>, u64>;

/// What `send` was asked for, whatever its fee and coins.
#[derive(Clone, Copy, Debug)]
pub struct PaymentArgs<'a> {
    /// The payees and their amounts.
    pub payments: &'a [Payment],
    /// Public note.
    pub memo: Option<&'a str>,
    /// The side that bears the fee.
    pub fee_payer: FeePayer,
    /// The key that makes it one payment, whatever else was asked.
    pub once: Option<&'a str>,
}

impl PaymentArgs<'_> {
    /// Digest of the payment, in hex: equal for two runs of one command, whatever the order of the recipients.
    #[must_use]
    pub fn purpose(&self, row: &AccountRow) -> String {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        part(b"fastness/bitcoin/purpose/1");
        part(row.account.network.name().as_bytes());
        match row.account.single_key() {
            Some(key) => part(&key.xpub.encode()),
            None => part(row.account.descriptor().as_bytes()),
        }
        match self.once {
            Some(key) => {
                part(b"once");
                part(key.as_bytes());
            }
            None => {
                part(self.memo.unwrap_or_default().as_bytes());
                self.sorted().iter().for_each(|payment| part(payment));
                if self.fee_payer == FeePayer::Recipient {
                    part(b"fee from amount");
                }
            }
        }
        hex::DisplayHex::to_lower_hex_string(hasher.finalize().as_slice())
    }

    fn sorted(&self) -> Vec<Vec<u8>> {
        let bytes = |payment: &Payment| {
            let amount = match payment.quantity {
                Quantity::Exact(amount) => amount.smallest.to_be_bytes().to_vec(),
                Quantity::All => b"all".to_vec(),
            };
            [payment.script.as_bytes(), &amount].concat()
        };
        let mut sorted: Vec<Vec<u8>> = self.payments.iter().map(bytes).collect();
        sorted.sort();
        sorted
    }
}

/// What an earlier run of the same payment signed and never told its person about: to be sent, and nothing signed anew.
///
/// # Errors
/// The ledger cannot be read.
pub fn interrupted(ledger: &Ledger, row: &AccountRow, asked: &PaymentArgs<'_>) -> Result<Option<SignedFile>, Failure> {
    let network = row.account.network;
    let found = ledger.interrupted_purpose(network, &asked.purpose(row))?;
    found.map(|row| SignedFile::of_bytes(&row.raw, network)).transpose()
}

/// Stops a payment whose key was used before, whatever became of it; only what was refused by all never was one.
///
/// # Errors
/// There is such a payment, or the ledger cannot be read.
pub fn refuse_used_key(ledger: &Ledger, row: &AccountRow, asked: &PaymentArgs<'_>) -> Result<(), Failure> {
    let purpose = asked.purpose(row);
    let rows = ledger.journal(row.account.network)?;
    let used = rows.into_iter().find(|row| row.purpose == purpose && row.state != JournalState::Rejected);
    used.map_or(Ok(()), |row| Err(FlowError::KeyUsed(row.txid).into()))
}

/// Stops a draft that pays the same people the same amounts as a transaction of this account which is still waiting, or
/// which is in a block and not a day old.
///
/// # Errors
/// There is such a transaction, or the ledger cannot be read.
pub fn refuse_repeat(ledger: &Ledger, row: &AccountRow, draft: &Draft) -> Result<(), Failure> {
    let planned = payees(ledger, row, &draft.plan.psbt.unsigned_tx)?;
    if planned.is_empty() {
        return Ok(());
    }
    for waiting in ledger.in_flight(row.account.network)? {
        let transaction: Transaction =
            bitcoin::consensus::deserialize(&waiting.raw).map_err(|_| LedgerError::Damaged("journal row"))?;
        if payees(ledger, row, &transaction)? == planned && spends_from(ledger, row, &transaction)? {
            return Err(FlowError::SamePayment(waiting.txid).into());
        }
    }
    refuse_lately(ledger, row, &planned)
}

/// What is in a block counts from when it was signed here, or from its block's time, whichever is later.
fn refuse_lately(ledger: &Ledger, row: &AccountRow, planned: &Payees) -> Result<(), Failure> {
    let since = now().saturating_sub(LATELY);
    for known in lately(ledger, row, since)?.into_iter().filter(|known| known.sent > 0) {
        let txid = known.txid.parse().map_err(|_| LedgerError::Damaged("transaction"))?;
        let Some((transaction, _)) = ledger.transaction(row, txid)? else { continue };
        if payees(ledger, row, &transaction)? == *planned {
            return Err(FlowError::PaidLately(known.txid).into());
        }
    }
    Ok(())
}

/// What is in a block and was signed here at this time or later, or whose block was made since.
fn lately(ledger: &Ledger, row: &AccountRow, since: u64) -> Result<Vec<HistoryRow>, Failure> {
    let mut found = ledger.confirmed_since(row.id, since)?;
    for signed in ledger.journal(row.account.network)?.into_iter().filter(|signed| signed.created >= since) {
        let txid = signed.txid.parse().map_err(|_| LedgerError::Damaged("journal row"))?;
        let line = ledger.history_line(row.id, txid)?;
        found.extend(line.filter(|line| line.height.is_some() && !found.contains(line)));
    }
    Ok(found)
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
