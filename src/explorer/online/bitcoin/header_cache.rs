//! Headers that were seen since the newest block was asked for: linked, worked, and forgotten when the tip is asked again.
//!
//! Pure memory of one process. The caller that adds headers has them checked by chain/bitcoin/spv.rs before.

use std::collections::BTreeMap;

use bitcoin::{BlockHash, block::Header};

use crate::chain::bitcoin::spv;

/// Headers by height.
#[derive(Default)]
pub(super) struct SeenBlocks {
    by_height: BTreeMap<u32, Header>,
}

impl SeenBlocks {
    /// The tip was asked for again: what was seen before belongs to another moment.
    pub(super) fn begin(&mut self) {
        self.by_height.clear();
    }

    /// Remembers successive headers from a height on, whose work and links were checked.
    pub(super) fn add(&mut self, first: u32, headers: &[Header]) {
        self.by_height.extend((first..).zip(headers.iter().copied()));
    }

    /// The block at a height, if it was seen.
    pub(super) fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.by_height.get(&height).map(Header::block_hash)
    }

    /// The time that the highest header states, in seconds since 1970.
    pub(super) fn newest_time(&self) -> Option<u32> {
        self.by_height.last_key_value().map(|(_, header)| header.time)
    }

    /// Successive headers from a height on, if at least so many were seen.
    pub(super) fn run_from(&self, first: u32, least: usize) -> Option<Vec<Header>> {
        let run: Vec<Header> = (first..).map_while(|height| self.by_height.get(&height)).copied().take(least).collect();
        (run.len() >= least && spv::are_linked(&run)).then_some(run)
    }
}
