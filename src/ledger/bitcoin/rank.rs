//! Which of two transactions that spend the same coin counts more.
//!
//! An order and nothing else: no row is read or written.

use std::cmp::Reverse;

use bitcoin::{Txid, hashes::Hash};

use super::JournalState;

/// How much a transaction counts against another that spends the same coin, those first that count more.
///
/// What is said to be in a block need not even be signed: it does not push out a payment of our own. Once it is proven, or
/// a sync or `track` found that it is signed, it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// Proven to be in a block.
    Proven,
    /// Ours, and said to be in a block.
    OursInBlock,
    /// Ours, sent, and neither refused nor replaced.
    Ours,
    /// Said to be in a block.
    InBlock,
    /// Said to wait.
    Waiting,
}

impl Rank {
    pub(super) const fn is_in_block(self) -> bool {
        matches!(self, Self::Proven | Self::OursInBlock | Self::InBlock)
    }
}

/// The place of a transaction among those that may spend the same coin: of equal rank the lowest block first, then the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Standing {
    pub(super) rank: Rank,
    /// Above every height where it is in no block.
    height: u64,
    first_seen: Reverse<u64>,
    txid: [u8; 32],
    /// Its signatures for coins of ours were accepted, or a block that was proven holds it, or it was signed here.
    pub(super) may_spend: bool,
}

/// What is known of a transaction that says how much it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct RankFacts {
    pub(super) txid: Txid,
    pub(super) height: Option<u32>,
    /// Seconds since 1970.
    pub(super) first_seen: u64,
    /// Whether it is proven to be in the block that it is said to be in.
    pub(super) is_proven: bool,
    /// Whether it was found to be signed for every coin of the account that it spends.
    pub(super) is_signed: bool,
    /// Its state in the journal, if it was signed here.
    pub(super) journal: Option<JournalState>,
}

impl Standing {
    pub(super) fn of(known: &RankFacts) -> Self {
        let is_sent =
            matches!(known.journal, Some(JournalState::Unknown | JournalState::Sent | JournalState::Confirmed));
        let rank = match known.height {
            Some(_) if known.is_proven => Rank::Proven,
            Some(_) if known.journal.is_some() => Rank::OursInBlock,
            None if is_sent => Rank::Ours,
            Some(_) => Rank::InBlock,
            None => Rank::Waiting,
        };
        Self {
            rank,
            height: known.height.map_or(u64::MAX, u64::from),
            first_seen: Reverse(known.first_seen),
            txid: known.txid.to_byte_array(),
            may_spend: known.is_proven || known.is_signed || known.journal.is_some(),
        }
    }
}
