//! A nonce that is set aside for a plan, and given back when the plan is dropped: nothing that fails later holds up the account.
//!
//! It decides nothing about which nonce; what was signed with it, or is kept as a draft, is not given back.

use std::fmt;

use crate::ledger::{Ledger, ethereum::Reservation};

/// A reservation that lasts as long as this value, unless it is kept.
pub struct NonceGuard {
    ledger: Ledger,
    reservation: Reservation,
    keeps: bool,
}

impl fmt::Debug for NonceGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NonceGuard").field("reservation", &self.reservation).field("keeps", &self.keeps).finish()
    }
}

impl NonceGuard {
    pub(super) fn new(ledger: &Ledger, reservation: Reservation) -> Self {
        Self { ledger: ledger.share(), reservation, keeps: false }
    }

    /// The nonce.
    #[must_use]
    pub const fn nonce(&self) -> u64 {
        self.reservation.nonce
    }

    /// Its row in the outbox.
    #[must_use]
    pub const fn row(&self) -> i64 {
        self.reservation.id
    }

    /// A draft that is on disk has it from now on.
    pub const fn keep(&mut self) {
        self.keeps = true;
    }
}

impl Drop for NonceGuard {
    fn drop(&mut self) {
        if !self.keeps {
            // The ledger gives back no nonce that was signed with. One that it cannot give back stays set aside, which
            // `nonce status` shows and `nonce release` ends.
            let _ = self.ledger.release_nonce(self.reservation.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::Address;

    use super::*;
    use crate::ledger::ethereum::{EvmWho, Holder, OutboxState};

    #[test]
    fn a_dropped_plan_gives_its_nonce_back_and_a_draft_keeps_it() {
        let ledger = Ledger::in_memory().unwrap();
        let who = EvmWho { chain_id: 1, from: Address::repeat_byte(7) };
        let reserve = || {
            let mut ledger = ledger.share();
            NonceGuard::new(&ledger.share(), ledger.reserve_nonce(&who, 5, Holder::Draft, "x").unwrap())
        };
        let state = |nonce: u64| {
            let rows = ledger.evm_outbox(&who).unwrap();
            rows.into_iter().filter(|row| row.nonce == nonce).map(|row| row.state).collect::<Vec<_>>()
        };
        drop(reserve());
        assert_eq!(state(5), [OutboxState::Expired]);
        reserve().keep();
        assert!(state(5).contains(&OutboxState::Drafted), "{:?}", state(5));
    }
}
