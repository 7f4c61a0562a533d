//! The rows of Bitcoin accounts: scripts, transactions, coins, proofs, and the journal of what was sent.
//!
//! It decides nothing about what an explorer said beyond what its rows prove.

mod accounts;
mod coins;
mod history;
mod journal;
mod opinions;
mod proofs;
mod scripts;
#[cfg(test)]
mod tests;
mod transactions;
mod view;

pub use self::{
    accounts::{AccountId, AccountRow, Past, Synced},
    coins::{Balance, CoinRow},
    history::HistoryRow,
    journal::{Acceptance, JournalRow, JournalState},
    opinions::{HistoryDisagreement, PROVEN_HERE},
    scripts::{AddressRow, KnownScript, ToldHistory},
    transactions::{Completeness, Observation, Place},
};
