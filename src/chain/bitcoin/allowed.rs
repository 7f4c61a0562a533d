//! Which coins a payment may spend, and what is there besides that it may not.
//!
//! Knows nothing of amounts that are needed; choosing among the allowed ones happens elsewhere.

use std::fmt;

use bitcoin::{OutPoint, relative};

use super::{BitcoinError, Coin, CoinState, Snapshot};
use crate::{
    account::Locks,
    amount::Amount,
    request::{CoinChoice, Freeze, Request},
};

/// What an account has and a payment does not spend by itself, in satoshi.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldBack {
    /// Block rewards of less than 100 confirmations.
    pub immature: u64,
    /// Frozen coins.
    pub frozen: u64,
    /// Unconfirmed coins from another wallet.
    pub unconfirmed: u64,
    /// Coins that the account's own descriptor still locks.
    pub locked: u64,
}

impl HeldBack {
    /// What this request may not spend of these coins; nothing if it names its coins itself.
    fn of(request: &Request, snapshot: &Snapshot) -> Self {
        let mut held_back = Self::default();
        let locks = snapshot.account.needed_locks().unwrap_or_default();
        if request.coins != CoinChoice::Automatic {
            return held_back;
        }
        for coin in &snapshot.coins {
            let sum = if coin.freeze == Freeze::Frozen {
                &mut held_back.frozen
            } else if coin.state == CoinState::ForeignUnconfirmed {
                &mut held_back.unconfirmed
            } else if !is_mature(coin, snapshot) {
                &mut held_back.immature
            } else if !is_old_enough(coin, snapshot, locks) {
                &mut held_back.locked
            } else {
                continue;
            };
            *sum = sum.saturating_add(coin.value().unwrap_or(0));
        }
        held_back
    }
}

impl fmt::Display for HeldBack {
    /// Nothing, or a second half of a sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.immature, "in block rewards of less than 100 confirmations"),
            (self.unconfirmed, "not confirmed yet"),
            (self.frozen, "frozen"),
            (self.locked, "locked until it is older, as the account's descriptor asks"),
        ];
        let mut before = "; besides there is ";
        for (sat, why) in parts.into_iter().filter(|(sat, _)| *sat > 0) {
            write!(f, "{before}{} {why}", Amount::sat(sat))?;
            before = ", ";
        }
        Ok(())
    }
}

impl BitcoinError {
    /// The coins that may be spent do not suffice.
    pub(super) fn insufficient(needed: u64, available: u64) -> Self {
        Self::InsufficientFunds { needed, available, held_back: HeldBack::default() }
    }

    /// The same error; where money is lacking, with what is there besides.
    pub(super) fn with_held_back(self, request: &Request, snapshot: &Snapshot) -> Self {
        match self {
            Self::InsufficientFunds { needed, available, .. } => {
                Self::InsufficientFunds { needed, available, held_back: HeldBack::of(request, snapshot) }
            }
            other => other,
        }
    }
}

/// Coins that may be spent for this request: not frozen, mature, and (unless named) settled or our own change.
pub(super) fn coins<'a>(request: &Request, snapshot: &'a Snapshot) -> Result<Vec<&'a Coin>, BitcoinError> {
    let locks = snapshot.account.needed_locks()?;
    match &request.coins {
        CoinChoice::Automatic => Ok(snapshot
            .coins
            .iter()
            .filter(|coin| {
                coin.freeze == Freeze::Free
                    && coin.state != CoinState::ForeignUnconfirmed
                    && is_mature(coin, snapshot)
                    && is_old_enough(coin, snapshot, locks)
            })
            .collect()),
        CoinChoice::Exactly(outpoints) => {
            outpoints.iter().map(|outpoint| named_coin(*outpoint, snapshot, locks)).collect()
        }
    }
}

fn named_coin(outpoint: OutPoint, snapshot: &Snapshot, locks: Locks) -> Result<&Coin, BitcoinError> {
    let coin = snapshot.coins.iter().find(|coin| coin.outpoint == outpoint);
    let coin =
        coin.ok_or_else(|| BitcoinError::BadRequest(format!("coin {outpoint} is not in this account, or is spent")))?;
    if coin.freeze == Freeze::Frozen {
        return Err(BitcoinError::BadRequest(format!(
            "coin {outpoint} is frozen; `fastness coins --unfreeze` frees it"
        )));
    }
    if !is_mature(coin, snapshot) {
        return Err(BitcoinError::BadRequest(format!(
            "coin {outpoint} is a block reward of less than 100 confirmations"
        )));
    }
    if !is_old_enough(coin, snapshot, locks) {
        return Err(BitcoinError::BadRequest(format!(
            "coin {outpoint} is locked until it is older, as the account's descriptor asks"
        )));
    }
    Ok(coin)
}

/// Whether it may be in the next block: block rewards need 100 confirmations at the height where the transaction can be mined.
fn is_mature(coin: &Coin, snapshot: &Snapshot) -> bool {
    if !coin.parent.is_coinbase() {
        return true;
    }
    match coin.state {
        CoinState::Confirmed(height) => {
            snapshot.account.network.matures_at(height) <= snapshot.tip_height.saturating_add(1)
        }
        _ => false,
    }
}

/// Whether a coin has the age in blocks without which no path of its account is open (BIP-68). An age in time is judged by the
/// nodes alone: it counts from a median that no explorer proves.
pub(super) fn is_old_enough(coin: &Coin, snapshot: &Snapshot, locks: Locks) -> bool {
    let Some(relative::LockTime::Blocks(age)) = locks.older else { return true };
    match coin.state {
        CoinState::Confirmed(height) => {
            height.saturating_add(u32::from(age.value())) <= snapshot.tip_height.saturating_add(1)
        }
        _ => age.value() == 0,
    }
}
