//! What a draft takes the place of: a transaction of ours that waits and spends one of the same coins.
//!
//! Read from the ledger and the draft's own bytes, never from what a draft says about itself. It decides nothing.

use std::{collections::BTreeMap, fmt};

use bitcoin::{OutPoint, Script, ScriptBuf, Transaction, Txid};
use serde::Serialize;

use super::deliver::{accounts, spent_here};
use crate::{
    amount::{Amount, FeeRate, sat_text},
    chain::bitcoin::Plan,
    explain::Failure,
    ledger::{Ledger, bitcoin::AccountRow},
};

/// What becomes of the payments of the one that is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// The same payees get the same.
    SamePayment,
    /// The same payees get less, for there is nothing else to take the fee from.
    LessPaid {
        /// So much less, together.
        less: Amount,
    },
    /// Only this wallet is paid any more.
    TakenBack,
    /// Other payees, or more than before.
    OtherPayment,
}

/// A transaction that a draft replaces, and how the two differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replaces {
    /// Id of the one that is replaced.
    pub id: String,
    /// What becomes of its payments.
    pub effect: Effect,
    /// Its fee.
    pub old_fee: Amount,
    /// Its fee rate.
    pub old_fee_rate: FeeRate,
    /// The fee of the replacement.
    pub fee: Amount,
    /// What the payees get in the replacement.
    pub paid: Amount,
    /// What comes back to this wallet in the replacement.
    pub remains: Amount,
}

/// What a draft replaces, where the ledger knows everything that both spend.
///
/// # Errors
/// The ledger cannot be read.
pub fn replaces(ledger: &Ledger, plan: &Plan) -> Result<Option<Replaces>, Failure> {
    let rows = accounts(ledger, plan.network)?;
    let new = &plan.psbt.unsigned_tx;
    for row in &rows {
        for input in &new.input {
            let Some(old) = waiting_spender(ledger, row, input.previous_output, new.compute_txid())? else { continue };
            let (Some(old_fee), Some(fee)) = (fee(ledger, row, &old)?, fee(ledger, row, new)?) else { continue };
            let (before, after) = (payments(ledger, &rows, &old)?, payments(ledger, &rows, new)?);
            let paid: u64 = after.values().fold(0, |sum, value| sum.saturating_add(*value));
            let remains = sum(new).saturating_sub(paid);
            return Ok(Some(Replaces {
                id: old.compute_txid().to_string(),
                effect: effect(&before, &after),
                old_fee: Amount::sat(old_fee),
                old_fee_rate: FeeRate::of(old_fee, u64::try_from(old.vsize()).unwrap_or(u64::MAX)),
                fee: Amount::sat(fee),
                paid: Amount::sat(paid),
                remains: Amount::sat(remains),
            }));
        }
    }
    Ok(None)
}

/// Ids of what was signed here and does not count, because this transaction of the account spends the same coin.
///
/// # Errors
/// The ledger cannot be read.
pub fn replaced_by(ledger: &Ledger, row: &AccountRow, txid: Txid) -> Result<Vec<String>, Failure> {
    let Some((transaction, _)) = ledger.transaction(row, txid)? else { return Ok(Vec::new()) };
    let mut replaced = Vec::new();
    for input in transaction.input.iter().filter(|_| !transaction.is_coinbase()) {
        for rival in ledger.spenders(input.previous_output)?.into_iter().filter(|rival| *rival != txid) {
            let id = rival.to_string();
            let was_signed = ledger.journal_row(row.account.network, &id)?.is_some();
            if was_signed && !replaced.contains(&id) && ledger.history_line(row.id, rival)?.is_none() {
                replaced.push(id);
            }
        }
    }
    Ok(replaced)
}

/// A transaction in the ledger that waits, counts, and spends this coin.
fn waiting_spender(
    ledger: &Ledger,
    row: &AccountRow,
    coin: OutPoint,
    except: Txid,
) -> Result<Option<Transaction>, Failure> {
    let Some(spender) = ledger.spender(row.id, coin)?.filter(|spender| *spender != except) else { return Ok(None) };
    let known = ledger.transaction(row, spender)?;
    Ok(known.filter(|(_, height)| height.is_none()).map(|(transaction, _)| transaction))
}

fn fee(ledger: &Ledger, row: &AccountRow, transaction: &Transaction) -> Result<Option<u64>, Failure> {
    let spent = spent_here(ledger, row, transaction)?;
    let spent = spent.map(|spent| spent.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat())));
    Ok(spent.and_then(|spent| spent.checked_sub(sum(transaction))))
}

fn sum(transaction: &Transaction) -> u64 {
    transaction.output.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat()))
}

/// What others get, by their scripts.
fn payments(ledger: &Ledger, rows: &[AccountRow], of: &Transaction) -> Result<BTreeMap<ScriptBuf, u64>, Failure> {
    let is_own = |script: &Script| -> Result<bool, Failure> {
        for row in rows {
            if ledger.place_of(row.id, script)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let mut payments: BTreeMap<ScriptBuf, u64> = BTreeMap::new();
    for output in &of.output {
        if !is_own(&output.script_pubkey)? {
            let value = payments.entry(output.script_pubkey.clone()).or_default();
            *value = value.saturating_add(output.value.to_sat());
        }
    }
    Ok(payments)
}

fn effect(before: &BTreeMap<ScriptBuf, u64>, after: &BTreeMap<ScriptBuf, u64>) -> Effect {
    let less = |(script, value): (&ScriptBuf, &u64)| after.get(script).and_then(|now| value.checked_sub(*now));
    if before == after {
        return Effect::SamePayment;
    }
    if after.is_empty() {
        return Effect::TakenBack;
    }
    let taken: Option<Vec<u64>> = before.iter().map(less).collect();
    match taken.filter(|_| before.len() == after.len()) {
        Some(taken) => {
            Effect::LessPaid { less: Amount::sat(taken.iter().fold(0, |sum, one| sum.saturating_add(*one))) }
        }
        None => Effect::OtherPayment,
    }
}

impl fmt::Display for Replaces {
    /// "Replaces c379... (423 sat, 3 sat/vB): the same payment, 1,000 sat more fee, 1,423 sat in all; 0.5 BTC remains".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sat = |amount: &Amount| amount.to_sat().map_or_else(|| amount.to_string(), sat_text);
        let Self { id, old_fee, old_fee_rate, fee, remains, .. } = self;
        let verb = if self.effect == Effect::TakenBack { "Takes back" } else { "Replaces" };
        write!(f, "{verb} {id} ({}, {old_fee_rate}): ", sat(old_fee))?;
        match &self.effect {
            Effect::SamePayment => f.write_str("the same payment")?,
            Effect::LessPaid { less } => write!(
                f,
                "the same payee gets {} less, for there is no change and no other coin to take the fee from",
                sat(less)
            )?,
            Effect::TakenBack => f.write_str("nobody is paid")?,
            Effect::OtherPayment => f.write_str("ANOTHER payment")?,
        }
        match fee.smallest.checked_sub(old_fee.smallest) {
            Some(more) => write!(f, ", {} more fee", sat(&Amount { smallest: more, ..*fee }))?,
            None => f.write_str(", less fee")?,
        }
        write!(f, ", {} in all; {remains} comes back to this wallet", sat(fee))
    }
}
