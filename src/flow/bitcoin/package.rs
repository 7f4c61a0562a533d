//! A package: unconfirmed transactions that spend from each other, with their sizes and fees, as a miner sees them.
//!
//! Amounts come from transactions whose hashes are their ids; where a parent is needs two words where two can be asked. Plans and
//! writes nothing.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use bitcoin::{Amount, Transaction, Txid};

use super::account_ledger::AccountLedger;
use crate::{
    amount::FeeRate,
    chain::bitcoin::{Coin, CoinState, Snapshot},
    explain::Failure,
    explorer::{Claim, Explorer, bitcoin::TxPlace},
    ledger::LedgerError,
    request::Freeze,
};

/// Most unconfirmed transactions of a package, the new one among them (Bitcoin Core's limit of ancestors).
pub(super) const MOST_IN_PACKAGE: usize = 25;

/// Most parents that an explorer is asked about, one after the other.
const MOST_FETCHED: usize = 50;

/// What the new transaction pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    /// Unconfirmed transactions that it pays for.
    pub parents: usize,
    /// Virtual bytes of all of them and of the new one.
    pub vsize: u64,
    /// Satoshi that all of them pay, as far as is known.
    pub fee: u64,
    /// Whether the fees of all of them are known; else those that are not count as nothing.
    pub is_fee_known: bool,
    /// Whether everything that they spend is known to be in a block; else something before them may hold them up.
    pub is_whole: bool,
}

impl Package {
    /// What all of it comes to together.
    #[must_use]
    pub fn rate(&self) -> FeeRate {
        FeeRate::of(self.fee, self.vsize)
    }

    /// The fee in satoshi with which one more transaction, of so many virtual bytes, brings all of it to a rate.
    pub(super) fn fee_of_child(&self, vsize: u64, rate: FeeRate) -> u64 {
        rate.fee(self.vsize.saturating_add(vsize)).saturating_sub(self.fee)
    }

    /// The same with that transaction in it.
    pub(super) fn with_child(self, vsize: u64, fee: u64) -> Self {
        Self { vsize: self.vsize.saturating_add(vsize), fee: self.fee.saturating_add(fee), ..self }
    }
}

/// Unconfirmed ancestors, and what they pay.
pub(super) struct Ancestry<'a> {
    account: AccountLedger<'a>,
    explorer: Option<&'a Explorer>,
    /// Parents that the ledger does not have, as an explorer told of them.
    fetched: RefCell<BTreeMap<Txid, Parent>>,
}

/// The coin that pays, with the unconfirmed transactions that it comes from.
pub(super) struct Payer<'a> {
    pub(super) coin: &'a Coin,
    pub(super) ancestors: BTreeMap<Txid, Transaction>,
}

impl<'e> Ancestry<'e> {
    /// The ancestors of an account's transactions, with what an explorer adds.
    pub(super) fn new(account: AccountLedger<'e>, explorer: Option<&'e Explorer>) -> Self {
        Self { account, explorer, fetched: RefCell::default() }
    }

    /// The largest free coin that is unconfirmed and comes from a transaction.
    pub(super) fn richest<'a>(&self, snapshot: &'a Snapshot, txid: Txid) -> Result<Option<Payer<'a>>, LedgerError> {
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

    /// The same with what an explorer says is unconfirmed before them, and what each of them pays.
    pub(super) fn relatives(&self, known: BTreeMap<Txid, Transaction>) -> Result<Relatives, Failure> {
        let mut next: Vec<(Txid, Transaction)> = known.into_iter().collect();
        let mut relatives = Relatives { members: BTreeMap::new(), is_whole: true };
        while let Some((txid, transaction)) = next.pop() {
            if relatives.members.contains_key(&txid) || relatives.members.len() >= MOST_IN_PACKAGE {
                continue;
            }
            let mut spent = Some(Amount::ZERO);
            for input in &transaction.input {
                let parent = self.parent(input.previous_output.txid)?;
                let output = match &parent {
                    Parent::Confirmed(parent) | Parent::Waiting(parent) => {
                        parent.output.get(input.previous_output.vout as usize).map(|output| output.value)
                    }
                    Parent::Unknown => None,
                };
                spent = spent.zip(output).and_then(|(sum, value)| sum.checked_add(value));
                match parent {
                    Parent::Confirmed(_) => {}
                    Parent::Waiting(parent) => next.push((input.previous_output.txid, parent)),
                    Parent::Unknown => relatives.is_whole = false,
                }
            }
            let paid = transaction.output.iter().try_fold(Amount::ZERO, |sum, output| sum.checked_add(output.value));
            let fee = spent.zip(paid).and_then(|(spent, paid)| spent.checked_sub(paid)).map(Amount::to_sat);
            relatives.members.insert(txid, PackageMember { transaction, fee });
        }
        relatives.is_whole &= relatives.members.len() < MOST_IN_PACKAGE;
        Ok(relatives)
    }

    /// From the ledger, else from an explorer: its id is its hash, so that nobody can invent its amounts.
    fn parent(&self, txid: Txid) -> Result<Parent, Failure> {
        if let Some((known, height)) = self.account.ledger.transaction(self.account.row, txid)? {
            return Ok(if height.is_some() { Parent::Confirmed(known) } else { Parent::Waiting(known) });
        }
        let Some(explorer) = self.explorer else { return Ok(Parent::Unknown) };
        if let Some(known) = self.fetched.borrow().get(&txid) {
            return Ok(known.clone());
        }
        if self.fetched.borrow().len() >= MOST_FETCHED {
            return Ok(Parent::Unknown);
        }
        let told = explorer.transaction(txid).ok().flatten();
        // One word alone would take a parent out of the package, or put it in.
        let place = explorer.place(txid).ok().and_then(|placed| match placed.claim {
            Claim::Single { .. } if explorer.has_second_source() => None,
            claim => Some(claim.into_value()),
        });
        let found = match (told, place) {
            (Some(told), Some(TxPlace::Confirmed(_))) => Parent::Confirmed(told),
            (Some(told), Some(TxPlace::Mempool)) => Parent::Waiting(told),
            _ => Parent::Unknown,
        };
        self.fetched.borrow_mut().insert(txid, found.clone());
        Ok(found)
    }
}

/// A transaction that another one spends from.
#[derive(Clone)]
enum Parent {
    /// In a block.
    Confirmed(Transaction),
    /// In none yet.
    Waiting(Transaction),
    /// Not known here.
    Unknown,
}

/// A transaction of a package, with its fee in satoshi where that is known.
pub(super) struct PackageMember {
    pub(super) transaction: Transaction,
    fee: Option<u64>,
}

/// Unconfirmed transactions that spend from each other.
pub(super) struct Relatives {
    pub(super) members: BTreeMap<Txid, PackageMember>,
    is_whole: bool,
}

impl Relatives {
    /// Without those that miners take anyway: whatever reaches the rate with all that it spends from.
    pub(super) fn lacking(mut self, rate: FeeRate) -> Self {
        loop {
            let pays = |txid: &Txid| {
                let all = self.ancestors(*txid);
                let members = || all.iter().filter_map(|txid| self.members.get(txid));
                let vsize: u64 = members().map(|member| member.transaction.vsize() as u64).sum();
                let fee: Option<u64> = members().map(|member| member.fee).sum();
                fee.is_some_and(|fee| fee >= rate.fee(vsize)).then_some(all)
            };
            let Some(taken) = self.members.keys().find_map(pays) else { return self };
            self.members.retain(|txid, _| !taken.contains(txid));
        }
    }

    /// A member with all members that it spends from.
    fn ancestors(&self, txid: Txid) -> BTreeSet<Txid> {
        let (mut found, mut next) = (BTreeSet::new(), vec![txid]);
        while let Some(txid) = next.pop() {
            if let Some(member) = self.members.get(&txid)
                && found.insert(txid)
            {
                next.extend(member.transaction.input.iter().map(|input| input.previous_output.txid));
            }
        }
        found
    }

    /// Size and fee of all of them.
    pub(super) fn package(&self) -> Package {
        let members = || self.members.values();
        Package {
            parents: self.members.len(),
            vsize: members().map(|member| member.transaction.vsize() as u64).sum(),
            fee: members().filter_map(|member| member.fee).fold(0, u64::saturating_add),
            is_fee_known: members().all(|member| member.fee.is_some()),
            is_whole: self.is_whole,
        }
    }
}
