//! Bitcoin: planning, reviewing and finishing transactions of single-key accounts, with PSBT (BIP-174) as the plan.
//!
//! Works on plain data: a [`Snapshot`] of coins with their whole previous transactions. No keys, no network, no files.

pub mod allowed;
pub mod bounds;
pub mod consensus;
pub mod decode;
mod fee_inside;
pub mod fund;
pub mod inputs;
pub mod outputs;
pub mod plan;
pub mod policy;
pub mod proof;
pub mod psbt;
mod random;
pub mod raw;
pub mod replace;
mod search_reach;
pub mod sign;
mod signed_size;
pub mod spv;
pub mod sweep;
mod timing;
pub mod work;

#[cfg(test)]
mod effort_tests;
mod error;
mod ownership;

use bitcoin::{OutPoint, Psbt, Transaction};

pub use self::{
    error::{BitcoinError, CATALOGUE},
    ownership::{OwnAccount, Owned, OwnedScript, Ownership},
};
use crate::{
    account::{Account, Keychain},
    chain::Chain,
    network::Network,
    request::{Freeze, Request},
    review::Review,
    signing::{Job, Signature, Signed},
};

/// How settled a coin is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CoinState {
    /// Its transaction is in a block at this height.
    Confirmed(u32),
    /// Unconfirmed, from a transaction that spends only our own coins.
    OwnUnconfirmed,
    /// Unconfirmed, from another wallet: it may still be replaced or vanish.
    ForeignUnconfirmed,
}

/// A coin that could be spent, with the transaction that proves it.
#[derive(Clone, Debug)]
pub struct Coin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// Whole previous transaction; its id is `outpoint.txid`, its output at `outpoint.vout` is the coin.
    pub parent: Transaction,
    /// Chain of our account that its script is on.
    pub keychain: Keychain,
    /// Address index of its script.
    pub index: u32,
    /// How settled it is.
    pub state: CoinState,
    /// Whether it may be chosen.
    pub freeze: Freeze,
}

impl Coin {
    /// Value in satoshi; `None` if the parent has no such output (refused by [`proof`]).
    #[must_use]
    pub fn value(&self) -> Option<u64> {
        proof::spent_output(&self.parent, self.outpoint).ok().map(|output| output.value.to_sat())
    }
}

/// All that planning may know.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The account that pays.
    pub account: Account,
    /// Its coins.
    pub coins: Vec<Coin>,
    /// Height of the best block known.
    pub tip_height: u32,
    /// Next unused index on the change chain.
    pub next_change: u32,
}

/// An unsigned transaction with what is needed to review and sign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The ledger.
    pub network: Network,
    /// The BIP-174 PSBT, version 0.
    pub psbt: Psbt,
}

/// The Bitcoin twin.
#[derive(Debug)]
pub struct Bitcoin;

impl Chain for Bitcoin {
    type Request = Request;
    type Snapshot = Snapshot;
    type Ownership = Ownership;
    type Plan = Plan;
    type Review = Review;
    type Job = Job;
    type Signed = Signed;
    type Error = BitcoinError;

    fn plan(request: &Request, snapshot: &Snapshot, randomness: [u8; 32]) -> Result<Plan, BitcoinError> {
        plan::plan(request, snapshot, randomness)
    }

    fn review(plan: &Plan, ours: &Ownership) -> Result<Review, BitcoinError> {
        decode::review(plan, ours)
    }

    fn jobs(plan: &Plan, ours: &Ownership) -> Result<Vec<Job>, BitcoinError> {
        sign::jobs(plan, ours)
    }

    fn finish(plan: Plan, jobs: &[Job], signatures: &[Signature]) -> Result<Signed, BitcoinError> {
        sign::finish(plan, jobs, signatures)
    }
}
