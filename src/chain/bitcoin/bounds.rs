//! How much work a draft may cause before anything of it is shown: one derivation or so for each input and output.
//!
//! A draft from elsewhere decides how long a process with open keys is busy. What no node relays is refused before a key is
//! derived; what is left is counted.

use std::cell::Cell;

use bitcoin::Transaction;

use super::{BitcoinError, policy};

/// Least weight of a signed input: a taproot key spend, 41 bytes and a witness of 66.
const LEAST_INPUT: u64 = 41 * 4 + 66;
/// Version, locktime and counts, in weight units; the counts of a large transaction are longer.
const LEAST_FRAME: u64 = 10 * 4 + 2;
/// Derivations that a draft may cause for each input and output, and besides.
const PER_SCRIPT: usize = 4;
const BESIDES: usize = 64;

/// Refuses a transaction that is above the standard weight however its inputs are signed.
///
/// # Errors
/// [`BitcoinError::TooLarge`].
pub fn check_size(transaction: &Transaction) -> Result<(), BitcoinError> {
    let outputs = transaction.output.iter().fold(0u64, |sum, output| sum.saturating_add(output.weight().to_wu()));
    let inputs = (transaction.input.len() as u64).saturating_mul(LEAST_INPUT);
    let least = outputs.saturating_add(inputs).saturating_add(LEAST_FRAME).div_ceil(4);
    policy::check_weight(least, transaction.input.len())
}

/// What was derived and hashed for a draft, and how much more may be.
#[derive(Debug)]
pub(super) struct Effort {
    derived: Cell<usize>,
    hashed: Cell<usize>,
    most: usize,
}

impl Effort {
    /// As much as the scripts of this transaction need.
    pub(super) const fn allowed_for(transaction: &Transaction) -> Self {
        let scripts = transaction.input.len().saturating_add(transaction.output.len());
        let most = scripts.saturating_mul(PER_SCRIPT).saturating_add(BESIDES);
        Self { derived: Cell::new(0), hashed: Cell::new(0), most }
    }

    /// One more key is derived.
    ///
    /// # Errors
    /// The draft names more places than its scripts need.
    pub(super) fn derive(&self) -> Result<(), BitcoinError> {
        self.derived.set(self.derived.get().saturating_add(1));
        if self.derived.get() > self.most { Err(BitcoinError::TooManyClaims { most: self.most }) } else { Ok(()) }
    }

    /// One more previous transaction is hashed.
    pub(super) fn hash(&self) {
        self.hashed.set(self.hashed.get().saturating_add(1));
    }

    /// Keys derived and previous transactions hashed so far.
    #[cfg(test)]
    pub(super) const fn spent(&self) -> [usize; 2] {
        [self.derived.get(), self.hashed.get()]
    }
}
