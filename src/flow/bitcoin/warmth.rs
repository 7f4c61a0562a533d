//! Which scripts a sync asks about: those of which something can have changed, and of the others a few at a time.
//!
//! An order and nothing else: it asks no host and writes nothing.

use crate::{account::Keychain, ledger::bitcoin::KnownScript};

/// Whether it is below the gap window of its chain.
pub(super) fn below(script: &KnownScript, next: [u32; 2]) -> bool {
    script.index < next[script.keychain.position()]
}

/// Whether the chain stands where it stood at the last sync.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ChainTip {
    Still,
    Moved,
}

/// Which scripts are asked about at every sync, and which of the others first.
pub(super) struct Warmth {
    pub(super) depth: SyncScope,
    pub(super) chain: ChainTip,
    /// Payments in blocks above this height are young.
    pub(super) settled: u32,
    /// Addresses given out after this time may be paid yet; seconds since 1970.
    pub(super) shown: u64,
    pub(super) undone: Option<u32>,
}

impl Warmth {
    /// Whether it is asked now: it has unconfirmed payments, or some whose block is gone; once the chain moved, all that is warm.
    fn is_hot(&self, script: &KnownScript) -> bool {
        self.depth == SyncScope::Full
            || script.unconfirmed > 0
            || script.newest.is_some_and(|height| is_undone(self.undone, height))
            || self.chain == ChainTip::Moved && self.is_warm(script)
    }

    /// Whether it holds coins, has young payments, or was given out lately.
    fn is_warm(&self, script: &KnownScript) -> bool {
        script.coins > 0
            || script.newest.is_some_and(|height| height > self.settled)
            || script.issued.is_some_and(|issued| issued > self.shown)
    }
}

pub(super) fn is_undone(undone: Option<u32>, height: u32) -> bool {
    undone.is_some_and(|undone| height > undone)
}

/// The scripts below the gap window that are asked again: the hot ones, and of the others the warm ones first, the longest
/// unasked of each.
pub(super) fn to_ask(known: &[KnownScript], next: [u32; 2], warmth: &Warmth, rotation: usize) -> Vec<(Keychain, u32)> {
    let used: Vec<&KnownScript> = known.iter().filter(|script| below(script, next)).collect();
    let (hot, mut cold): (Vec<&KnownScript>, Vec<&KnownScript>) =
        used.into_iter().partition(|script| warmth.is_hot(script));
    cold.sort_by_key(|script| (!warmth.is_warm(script), script.checked, script.keychain, script.index));
    hot.into_iter().chain(cold.into_iter().take(rotation)).map(|script| (script.keychain, script.index)).collect()
}

/// How much to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncScope {
    /// What can have changed.
    Incremental,
    /// Every script ever derived, and the gap beyond.
    Full,
}
