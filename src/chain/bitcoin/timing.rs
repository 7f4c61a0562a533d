//! Lock time and sequence of a transaction: against fee sniping, for replacement (BIP-125), and the locks that an account's
//! descriptor asks for (BIP-65, BIP-68).
//!
//! Pure; which coins are old enough is asked in allowed.rs.

use bitcoin::{Sequence, absolute::LockTime};

use super::{BitcoinError, random::Random};
use crate::{
    account::{Account, Locks},
    request::Replacement,
};

/// When a transaction may be mined, as its own fields say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    /// Lock time of the transaction.
    pub(super) locktime: LockTime,
    /// Sequence of every input.
    pub(super) sequence: Sequence,
}

impl Timing {
    /// Of a new transaction: the best height as lock time, or the later one that the account needs.
    pub(super) fn of_plan(
        account: &Account,
        replacement: Replacement,
        tip_height: u32,
        random: &mut Random,
    ) -> Result<Self, BitcoinError> {
        let needed = account.needed_locks()?;
        let locktime = anti_fee_sniping(tip_height, random);
        Ok(Self {
            locktime: needed.after.filter(|after| !after.is_implied_by(locktime)).unwrap_or(locktime),
            sequence: sequence(replacement, needed)?,
        })
    }

    /// Of a replacement: the lock time stays, and so does a relative lock.
    pub(super) fn of_replacement(original: &bitcoin::Transaction) -> Self {
        let mut locked = original.input.iter().map(|input| input.sequence).filter(Sequence::is_relative_lock_time);
        Self { locktime: original.lock_time, sequence: locked.next().unwrap_or(Sequence::ENABLE_RBF_NO_LOCKTIME) }
    }

    /// The locks that a spend in this transaction satisfies.
    pub(super) fn locks(self) -> Locks {
        locks(self.sequence, self.locktime)
    }
}

/// The locks that an input with this sequence satisfies, in a transaction with this lock time.
pub(super) fn locks(sequence: Sequence, locktime: LockTime) -> Locks {
    // A sequence without its highest bit is a relative lock, and the highest of all switches the lock time off.
    let after = sequence.enables_absolute_lock_time().then_some(locktime);
    Locks { older: sequence.to_relative_lock_time(), after }
}

fn sequence(replacement: Replacement, needed: Locks) -> Result<Sequence, BitcoinError> {
    match (replacement, needed.older) {
        (Replacement::Signalled, None) => Ok(Sequence::ENABLE_RBF_NO_LOCKTIME),
        (Replacement::NotSignalled, None) => Ok(Sequence::ENABLE_LOCKTIME_NO_RBF),
        (Replacement::Signalled, Some(older)) => Ok(older.to_sequence()),
        (Replacement::NotSignalled, Some(_)) => Err(BitcoinError::BadRequest(
            "this account spends only with a relative lock, and that always signals replacement".to_owned(),
        )),
    }
}

/// The best height as locktime, now and then up to 99 lower, as Bitcoin Core does against fee sniping.
fn anti_fee_sniping(tip_height: u32, random: &mut Random) -> LockTime {
    let back = if random.below(10) == 0 { random.below(100) } else { 0 };
    let height = tip_height.saturating_sub(u32::try_from(back).unwrap_or(0));
    LockTime::from_height(height).unwrap_or(LockTime::ZERO)
}
