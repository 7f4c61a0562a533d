//! Child pays for parent: an unconfirmed transaction that cannot be replaced, because others made it or another one spends from it,
//! gets into a block with one of ours that spends from it and pays for both.
//!
//! Fees are reckoned from previous outputs, whose hashes are checked; sizes from bytes that two organisations have to have. What pays
//! well enough by itself helps nobody else and is left out, as miners do. What is not known counts as nothing, and is said. Nothing
//! is written here.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

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
    explorer::{Claim, Explorer, bitcoin::TxPlace},
    flow::FlowError,
    ledger::LedgerError,
    request::{CoinChoice, Fee, FeeLimit, FeePayer, Freeze, Leftover, Payment, Replacement, Request},
    text::SafeText,
};

/// Most unconfirmed transactions of a package, the new one among them (Bitcoin Core's limit of ancestors).
const MOST_IN_PACKAGE: usize = 25;

/// Most parents that an explorer is asked about, one after the other.
const MOST_FETCHED: usize = 50;

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
    /// Whether everything that they spend is known to be in a block; else something before them may hold them up.
    pub is_whole: bool,
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
    let relatives = ancestry.relatives(ancestors)?;
    check(&relatives.members.values().map(|member| member.transaction.clone()).collect::<Vec<_>>())?;
    let relatives = relatives.lacking(asked.rate);
    if !relatives.members.contains_key(&asked.txid) {
        return Err(refused("pays that rate by itself already; name a higher one with --fee-rate").into());
    }
    let mut package = relatives.package();
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
    /// Parents that the ledger does not have, as an explorer told of them.
    fetched: RefCell<BTreeMap<Txid, Parent>>,
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

    /// The same with what an explorer says is unconfirmed before them, and what each of them pays.
    fn relatives(&self, known: BTreeMap<Txid, Transaction>) -> Result<Relatives, Failure> {
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
            relatives.members.insert(txid, Member { transaction, fee });
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
struct Member {
    transaction: Transaction,
    fee: Option<u64>,
}

/// Unconfirmed transactions that spend from each other.
struct Relatives {
    members: BTreeMap<Txid, Member>,
    is_whole: bool,
}

impl Relatives {
    /// Without those that miners take anyway: whatever reaches the rate with all that it spends from.
    fn lacking(mut self, rate: FeeRate) -> Self {
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
    fn package(&self) -> Package {
        let members = || self.members.values();
        Package {
            parents: self.members.len(),
            vsize: members().map(|member| member.transaction.vsize() as u64).sum(),
            fee: members().filter_map(|member| member.fee).fold(0, u64::saturating_add),
            rate: FeeRate::from_sat_per_vb(0),
            is_fee_known: members().all(|member| member.fee.is_some()),
            is_whole: self.is_whole,
        }
    }
}

fn name(txid: Txid) -> SafeText {
    SafeText::new(&txid.to_string())
}
