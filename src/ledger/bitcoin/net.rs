//! What a transaction means for an account: what came, what went, and the fee where every input is known.
//!
//! Sums over coins that are handed in; nothing is looked up.

use bitcoin::{OutPoint, Transaction};

/// The largest number that a row can hold; an invented sum stops there.
const MOST: u64 = i64::MAX.unsigned_abs();

/// Satoshi that came to an account and went from it by one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) received: u64,
    pub(super) sent: u64,
    /// If every input is a coin of the account.
    pub(super) fee: Option<u64>,
}

impl Net {
    /// Of a transaction of which `received` comes to the account; `coin` is the value of a coin of the account. Nothing if no
    /// coin that it made or spends shows that it concerns the account.
    pub(super) fn of(
        transaction: &Transaction,
        received: u64,
        coin: impl Fn(&OutPoint) -> Option<u64>,
    ) -> Option<Self> {
        let spent: Vec<Option<u64>> = transaction.input.iter().map(|input| coin(&input.previous_output)).collect();
        let received = received.min(MOST);
        let sent = spent.iter().flatten().fold(0u64, |sum, value| sum.saturating_add(*value)).min(MOST);
        let paid = transaction.output.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.to_sat()));
        let fee = if spent.iter().all(Option::is_some) { sent.checked_sub(paid) } else { None };
        ((received, sent) != (0, 0)).then_some(Self { received, sent, fee })
    }
}
