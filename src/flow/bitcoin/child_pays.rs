//! Child pays for parent: an unconfirmed transaction that cannot be replaced, because others made it or another one spends from it,
//! gets into a block with one of ours that spends from it and pays for both.
//!
//! Fees are reckoned from previous outputs, whose hashes are checked; sizes from bytes that two organisations have to have. What pays
//! well enough by itself helps nobody else and is left out, as miners do. What is not known counts as nothing, and is said. Nothing
//! is written here.

use bitcoin::{Transaction, Txid};

use super::{
    account_ledger::AccountLedger,
    package::{Ancestry, MOST_IN_PACKAGE, Package, Payer},
    snapshot::snapshot,
};
use crate::{
    account::Keychain,
    amount::{FeeRate, Quantity},
    chain::{
        Chain,
        bitcoin::{Bitcoin, Ownership, Plan, Snapshot, decode},
    },
    explain::Failure,
    explorer::Explorer,
    flow::FlowError,
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Leftover, Payment, Replacement, Request},
    text::SafeText,
};

/// How an unconfirmed transaction of an account can get a higher fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BumpWay {
    /// By another one in its place (BIP-125).
    Replace,
    /// By one that spends from it.
    Child,
}

/// A child that pays for its ancestors.
#[derive(Debug)]
pub struct ChildPays {
    /// The child: everything of one coin to the account's own change chain.
    pub plan: Plan,
    /// What it pays for.
    pub package: Package,
}

/// How it is done: a transaction that spends none of our coins, or that another unconfirmed one spends from, is not replaced.
///
/// # Errors
/// The transaction is unknown, or the ledger cannot be read.
pub fn bump_way(account: AccountLedger<'_>, txid: Txid) -> Result<BumpWay, Failure> {
    let AccountLedger { ledger, row } = account;
    let Some((transaction, _)) = ledger.transaction(row, txid)? else { return Ok(BumpWay::Replace) };
    if ledger.spenders_of(row, txid)? > 0 {
        return Ok(BumpWay::Child);
    }
    for input in &transaction.input {
        if ledger.coin_place(row.id, input.previous_output)?.is_some() {
            return Ok(BumpWay::Replace);
        }
    }
    Ok(BumpWay::Child)
}

/// Plans the child at a rate for the whole package, once `check` has found that the sizes of everything in it can be believed.
///
/// # Errors
/// Nothing of it is ours to spend, it is confirmed already, it pays that rate by itself, or the coin is too small.
pub fn child_pays(
    account: AccountLedger<'_>,
    explorer: Option<&Explorer>,
    asked: ChildRequest,
    mut check: impl FnMut(&[Transaction]) -> Result<(), Failure>,
) -> Result<ChildPays, Failure> {
    let AccountLedger { ledger, row } = account;
    let refused = |why| FlowError::NotReplaceable(name(asked.txid), why);
    let (_, height) =
        ledger.transaction(row, asked.txid)?.ok_or_else(|| FlowError::UnknownTransaction(name(asked.txid)))?;
    if height.is_some() {
        return Err(refused("is already confirmed").into());
    }
    let snapshot = snapshot(ledger, row)?;
    let ancestry = Ancestry::new(account, explorer);
    let Payer { coin, ancestors } = ancestry
        .richest(&snapshot, asked.txid)?
        .ok_or_else(|| refused("has no output of this account that could pay for it"))?;
    if ancestors.len() >= MOST_IN_PACKAGE {
        return Err(refused("has too many unconfirmed ancestors: nodes take 24").into());
    }
    let script = snapshot.account.script(Keychain::Change, snapshot.next_change)?;
    let request = |fee| Request {
        payments: vec![Payment { script: script.clone(), quantity: Quantity::All }],
        memo: None,
        fee,
        fee_payer: FeePayer::Sender,
        fee_limit: asked.fee_limit,
        leftover: Leftover::Refuse,
        coins: CoinChoice::Exactly(vec![coin.outpoint]),
        replacement: Replacement::Signalled,
    };
    let child = vsize(request(Fee::Rate(asked.rate)), &snapshot, asked.randomness)?;
    let relatives = ancestry.relatives(ancestors)?;
    check(&relatives.members.values().map(|member| member.transaction.clone()).collect::<Vec<_>>())?;
    let relatives = relatives.lacking(asked.rate);
    if !relatives.members.contains_key(&asked.txid) {
        return Err(refused("pays that rate by itself already; name a higher one with --fee-rate").into());
    }
    let package = relatives.package();
    let needed = package.fee_of_child(child, asked.rate);
    if needed <= asked.rate.fee(child) {
        return Err(refused("pays that rate by itself already; name a higher one with --fee-rate").into());
    }
    let plan = Bitcoin::plan(&request(Fee::Exact(needed)), &snapshot, asked.randomness)?;
    Ok(ChildPays { plan, package: package.with_child(child, needed) })
}

/// Virtual bytes of what a request comes to. It is planned for its size alone: the limit of its fee counts for the plan that is used.
fn vsize(request: Request, snapshot: &Snapshot, randomness: [u8; 32]) -> Result<u64, Failure> {
    let sized = Request { fee_limit: FeeLimit::Absolute(u64::MAX), ..request };
    let plan = Bitcoin::plan(&sized, snapshot, randomness)?;
    Ok(decode::examine(&plan, &Ownership::new(Vec::new())).review.vsize)
}

/// Which transaction is to be paid for, and how well.
#[derive(Clone, Copy, Debug)]
pub struct ChildRequest {
    /// The transaction.
    pub txid: Txid,
    /// The rate of all of the package.
    pub rate: FeeRate,
    /// Where planning stops.
    pub fee_limit: FeeLimit,
    /// Bytes for what is chosen at random.
    pub randomness: [u8; 32],
}

fn name(txid: Txid) -> SafeText {
    SafeText::new(&txid.to_string())
}
