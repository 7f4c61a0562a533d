//! How deep a transaction is, and what stands behind that, in the words of every page.

use std::fmt;

use fastness::{
    ledger::bitcoin::{AccountRow, HistoryRow, Synced},
    review::Evidence,
};

/// Confirmations of what is proven: its own block and those that prove it.
const PROVEN_DEPTH: u32 = 7;

/// How deep a transaction is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockDepth {
    /// Height of its block; nothing while it is in none.
    pub(crate) height: Option<u32>,
    /// Blocks on top of and including its own.
    pub(crate) confirmations: u32,
    /// What stands behind it.
    pub(crate) evidence: Evidence,
}

impl fmt::Display for BlockDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.height, self.evidence) {
            (None, _) => f.write_str("unconfirmed"),
            (Some(_), Evidence::Proven) => write!(f, "{} conf, proven", self.confirmations),
            (Some(_), Evidence::Agreed) => write!(f, "{} conf, agreed", self.confirmations),
            (Some(_), Evidence::Said) => write!(f, "{} conf", self.confirmations),
        }
    }
}

/// Confirmations by the newest block that this account's explorers agreed on. What is proven has the blocks on it that prove
/// it, whatever is said of the tip.
pub(crate) fn confirmations(entry: &HistoryRow, row: &AccountRow) -> u32 {
    let tip = row.synced.as_ref().map(Synced::counted_height);
    let counted = |(height, tip): (u32, u32)| tip.saturating_sub(height).saturating_add(1);
    let proven = if entry.evidence == Evidence::Proven { PROVEN_DEPTH } else { 0 };
    entry.height.zip(tip).map_or(0, counted).max(proven)
}
