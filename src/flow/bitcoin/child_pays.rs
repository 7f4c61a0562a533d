//! Child pays for parent: an unconfirmed transaction that cannot be replaced, because others made it or another one spends from it,
//! gets into a block with one of ours that spends from it and pays for both.
//!
//! Fees of the ancestors are reckoned from their previous outputs, whose hashes are checked; what is not known counts as nothing,
//! so that too little is never paid for it. Nothing is written here.

use std::{cell::RefCell, collections::BTreeMap};

use bitcoin::{Amount, Transaction, Txid};

use super::{account_ledger::AccountLedger, snapshot::snapshot};
use crate::{
    account::Keychain,
    amount::{FeeRate, Quantity},
    chain::{
        Chain,
        bitcoin::{Bitcoin, Coin, CoinState, Ownership, Plan, Snapshot, decode},
    },
    explain::Failure,
    explorer::Explorer,
    flow::FlowError,
    ledger::LedgerError,
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Freeze, Leftover, Payment, Replacement, Request},
    text::SafeText,
};

/// Most unconfirmed transactions of a package, the new one among them (Bitcoin Core's limit of ancestors).
const MOST_IN_PACKAGE: usize = 25;

/// How an unconfirmed transaction of an account can get a higher fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BumpWay {
    /// By another one in its place (BIP-125).
    Replace,
    /// By one that spends from it.
    Child,
}

/// What the new transaction pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Unconfirmed transactions that it pays for.
    pub parents: usize,
    /// Virtual bytes of all of them and of the new one.
    pub vsize: u64,
    /// Satoshi that all of them pay, as far as is known.
    pub fee: u64,
    /// What they come to together.
    pub rate: FeeRate,
    /// Whether the fees of all of them are known; else those that are not count as nothing.
    pub is_fee_known: bool,
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

/// Plans the child at a rate for the whole package.
///
/// # Errors
/// Nothing of it is ours to spend, it is confirmed already, it pays that rate by itself, or the coin is too small.
pub fn child_pays(
    account: AccountLedger<'_>,
    explorer: Option<&Explorer>,
    asked: ChildRequest,
) -> Result<ChildPays, Failure> {
    let AccountLedger { ledger, row } = account;
    let refused = |why| FlowError::NotReplaceable(name(asked.txid), why);
    let (_, height) =
        ledger.transaction(row, asked.txid)?.ok_or_else(|| FlowError::UnknownTransaction(name(asked.txid)))?;
    if height.is_some() {
        return Err(refused("is already confirmed").into());
    }
    let snapshot = snapshot(ledger, row)?;
    let ancestry = Ancestry { account, explorer, fetched: RefCell::default() };
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
    // Planned once for its size; the limit counts for the plan that is used.
    let sized = Request { fee_limit: FeeLimit::Absolute(u64::MAX), ..request(Fee::Rate(asked.rate)) };
    let sized = Bitcoin::plan(&sized, &snapshot, asked.randomness)?;
    let child = decode::examine(&sized, &Ownership::new(Vec::new())).review.vsize;
    let mut package = ancestry.package(&ancestors)?;
    package.vsize = package.vsize.saturating_add(child);
    let needed = asked.rate.fee(package.vsize).saturating_sub(package.fee);
    if needed <= asked.rate.fee(child) {
        return Err(refused("pays that rate by itself already; name a higher one with --fee-rate").into());
    }
    package.fee = package.fee.saturating_add(needed);
    package.rate = FeeRate::of(package.fee, package.vsize);
    let plan = Bitcoin::plan(&request(Fee::Exact(needed)), &snapshot, asked.randomness)?;
    Ok(ChildPays { plan, package })
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

/// Unconfirmed ancestors, and what they pay.
struct Ancestry<'a> {
    account: AccountLedger<'a>,
    explorer: Option<&'a Explorer>,
    /// Parents that the ledger does not have: their outputs are what incoming payments spend.
    fetched: RefCell<BTreeMap<Txid, Option<Transaction>>>,
}

/// The coin that pays, with the unconfirmed transactions that it comes from.
struct Payer<'a> {
    coin: &'a Coin,
    ancestors: BTreeMap<Txid, Transaction>,
}

impl Ancestry<'_> {
    /// The largest free coin that is unconfirmed and comes from a transaction.
    fn richest<'a>(&self, snapshot: &'a Snapshot, txid: Txid) -> Result<Option<Payer<'a>>, LedgerError> {
        let mut best: Option<Payer<'a>> = None;
        for coin in &snapshot.coins {
            let may_pay = !matches!(coin.state, CoinState::Confirmed(_)) && coin.freeze == Freeze::Free;
            if may_pay && best.as_ref().is_none_or(|best| best.coin.value() < coin.value()) {
                let ancestors = self.of(coin.outpoint.txid)?;
                if ancestors.contains_key(&txid) {
                    best = Some(Payer { coin, ancestors });
                }
            }
        }
        Ok(best)
    }

    /// A transaction with all its unconfirmed ancestors that the ledger knows.
    fn of(&self, txid: Txid) -> Result<BTreeMap<Txid, Transaction>, LedgerError> {
        let (mut found, mut next) = (BTreeMap::new(), vec![txid]);
        while let Some(txid) = next.pop() {
            if found.contains_key(&txid) || found.len() > MOST_IN_PACKAGE {
                continue;
            }
            if let Some((transaction, None)) = self.account.ledger.transaction(self.account.row, txid)? {
                next.extend(transaction.input.iter().map(|input| input.previous_output.txid));
                found.insert(txid, transaction);
            }
        }
        Ok(found)
    }

    /// Size and fee of all of them.
    fn package(&self, ancestors: &BTreeMap<Txid, Transaction>) -> Result<Package, Failure> {
        let mut package = Package {
            parents: ancestors.len(),
            vsize: 0,
            fee: 0,
            rate: FeeRate::from_sat_per_vb(0),
            is_fee_known: true,
        };
        for transaction in ancestors.values() {
            package.vsize = package.vsize.saturating_add(transaction.vsize() as u64);
            match self.fee(transaction)? {
                Some(fee) => package.fee = package.fee.saturating_add(fee),
                None => package.is_fee_known = false,
            }
        }
        Ok(package)
    }

    fn fee(&self, transaction: &Transaction) -> Result<Option<u64>, Failure> {
        let mut spent = Amount::ZERO;
        for input in &transaction.input {
            let Some(parent) = self.parent(input.previous_output.txid)? else { return Ok(None) };
            let Some(output) = parent.output.get(input.previous_output.vout as usize) else { return Ok(None) };
            spent = spent.checked_add(output.value).unwrap_or(Amount::MAX_MONEY);
        }
        let paid = transaction.output.iter().try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value));
        Ok(paid.and_then(|paid| spent.checked_sub(paid)).map(Amount::to_sat))
    }

    /// From the ledger, else from an explorer: its id is its hash, so that nobody can invent its amounts.
    fn parent(&self, txid: Txid) -> Result<Option<Transaction>, Failure> {
        if let Some((known, _)) = self.account.ledger.transaction(self.account.row, txid)? {
            return Ok(Some(known));
        }
        let Some(explorer) = self.explorer else { return Ok(None) };
        if let Some(known) = self.fetched.borrow().get(&txid) {
            return Ok(known.clone());
        }
        if self.fetched.borrow().len() >= MOST_IN_PACKAGE {
            return Ok(None);
        }
        let told = explorer.transaction(txid).ok().flatten();
        self.fetched.borrow_mut().insert(txid, told.clone());
        Ok(told)
    }
}

fn name(txid: Txid) -> SafeText {
    SafeText::new(&txid.to_string())
}
