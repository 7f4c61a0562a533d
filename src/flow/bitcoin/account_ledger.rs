//! An account with the ledger that it is read from: what most steps of a payment are given together.
//!
//! It reads and decides nothing itself.

use crate::ledger::{Ledger, bitcoin::AccountRow};

/// An account, and the ledger that holds what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct AccountLedger<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// The row of the account in it.
    pub row: &'a AccountRow,
}
