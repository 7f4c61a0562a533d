//! One sum that a person understands at once: all that an account holds, and what of it is on its way.
//!
//! Says nothing of evidence: `balance` does.

use fastness::{amount::Amount, ledger::bitcoin::Balance};
use serde::Serialize;

/// What there is in all, in blocks or not.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Total {
    /// Everything.
    pub(crate) total: Amount,
    /// Part of it that payments of ours bring back as change, in no block yet.
    pub(crate) returning: Amount,
    /// Part of it that others pay, in no block yet.
    pub(crate) arriving: Amount,
}

impl Total {
    /// The sum of these balances, all of one asset.
    pub(crate) fn of(balances: &[Balance]) -> Self {
        let sum = |part: fn(&Balance) -> u64| {
            Amount::sat(balances.iter().fold(0u64, |sum, balance| sum.saturating_add(part(balance))))
        };
        Self {
            total: sum(|balance| balance.confirmed.saturating_add(balance.unconfirmed)),
            returning: sum(|balance| balance.returning),
            arriving: sum(|balance| balance.unconfirmed.saturating_sub(balance.returning)),
        }
    }

    /// True if a part of it is in no block yet.
    pub(crate) const fn waits(&self) -> bool {
        self.returning.smallest > 0 || self.arriving.smallest > 0
    }

    /// `0.525 BTC, all of it on its way back to you as change`.
    pub(crate) fn sentence(&self) -> String {
        let parts = [(self.returning, "on its way back to you as change"), (self.arriving, "arriving, unconfirmed")];
        let waiting: Vec<(Amount, &str)> = parts.into_iter().filter(|(part, _)| part.smallest > 0).collect();
        let part = |(amount, what): &(Amount, &str)| format!("{amount} {what}");
        match waiting.as_slice() {
            [] => self.total.to_string(),
            [(part, what)] if part.smallest == self.total.smallest => format!("{}, all of it {what}", self.total),
            some => format!("{}, of it {}", self.total, some.iter().map(part).collect::<Vec<_>>().join(" and ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(confirmed: u64, unconfirmed: u64, returning: u64) -> String {
        Total::of(&[Balance { confirmed, unconfirmed, returning, ..Balance::default() }]).sentence()
    }

    #[test]
    fn a_sum_says_what_of_it_is_on_its_way() {
        assert_eq!(total(0, 0, 0), "0.000 000 00 BTC");
        assert_eq!(total(52_500_000, 0, 0), "0.525 000 00 BTC");
        assert_eq!(total(0, 52_500_000, 52_500_000), "0.525 000 00 BTC, all of it on its way back to you as change");
        assert_eq!(total(0, 1_000_000, 0), "0.010 000 00 BTC, all of it arriving, unconfirmed");
        assert_eq!(
            total(1_000_000, 3_000_000, 2_000_000),
            "0.040 000 00 BTC, of it 0.020 000 00 BTC on its way back to you as change and 0.010 000 00 BTC arriving, unconfirmed"
        );
    }
}
