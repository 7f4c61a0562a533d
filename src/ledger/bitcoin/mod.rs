//! The rows of Bitcoin accounts: scripts, transactions, coins, proofs, and the journal of what was sent.
//!
//! It decides nothing about what an explorer said beyond what its rows prove.

mod accounts;
mod coins;
mod described;
mod events;
mod history;
mod journal;
mod neighbourhood;
mod net;
mod opinions;
mod payees;
mod proofs;
mod rank;
mod raw_index;
mod scripts;
mod settle;
#[cfg(test)]
mod settle_tests;
#[cfg(test)]
mod tests;
mod transactions;
mod view;

pub use self::{
    accounts::{AccountId, AccountRow, Past, Synced},
    coins::{Balance, CoinRow},
    events::{Telling, WatchedEvent},
    history::HistoryRow,
    journal::{Acceptance, JournalRow, JournalState},
    opinions::{HistoryDisagreement, PROVEN_HERE, SameHistory},
    scripts::{AddressRow, KnownScript, ToldHistory},
    transactions::{Completeness, Observation, Place},
};
pub(super) use self::{described::describe_accounts, raw_index::index_all};
