//! What an account gained or lost by a transaction, as one amount with its sign.
//!
//! Arithmetic and words only; what was received and sent is the ledger's.

use std::fmt;

use fastness::amount::Amount;

/// The difference between what an account received and what it sent: a gain, or a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetAmount {
    /// It received as much as it sent, or more.
    Gained(Amount),
    /// It sent more.
    Lost(Amount),
}

impl NetAmount {
    /// Of what an account received and sent, both in the same asset.
    pub(crate) fn of(received: Amount, sent: Amount) -> Self {
        let amount = Amount { smallest: received.smallest.abs_diff(sent.smallest), ..received };
        if received.smallest >= sent.smallest { Self::Gained(amount) } else { Self::Lost(amount) }
    }

    /// Signed decimals without a unit, for the books.
    pub(crate) fn plain(self) -> String {
        match self {
            Self::Gained(amount) => amount.plain(),
            Self::Lost(amount) => format!("-{}", amount.plain()),
        }
    }
}

impl fmt::Display for NetAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gained(amount) => f.pad(&format!("+{amount}")),
            Self::Lost(amount) => f.pad(&format!("-{amount}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_and_came_back_is_neither_twice() {
        let net = |received, sent| NetAmount::of(Amount::sat(received), Amount::sat(sent));
        assert_eq!(net(150_000_000, 0).to_string(), "+1.500 000 00 BTC");
        assert_eq!(net(10, 100_000_010).to_string(), "-1.000 000 00 BTC");
        assert_eq!((net(10, 100_000_010).plain(), net(7, 7).plain()), ("-1".to_owned(), "0".to_owned()));
        assert_eq!(format!("{:>20}", net(100_000_000, 0)), "   +1.000 000 00 BTC");
    }
}
