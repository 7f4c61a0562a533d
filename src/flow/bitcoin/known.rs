//! The ledger's words for what explorers say, and theirs for what the ledger has.
//!
//! A translation: nothing is asked or decided.

use crate::{
    explorer::bitcoin::{BlockRef, KnownHistory},
    ledger::bitcoin::{Place, ToldHistory},
};

pub(crate) fn as_known(told: &ToldHistory) -> KnownHistory {
    let block = |(height, hash): (&u32, &String)| Some((*height, hash.parse().ok()?));
    KnownHistory {
        confirmed: told.confirmed.clone(),
        waiting: told.waiting.clone(),
        blocks: told.blocks.iter().filter_map(block).collect(),
    }
}

/// A block in the ledger's words.
pub(crate) fn place_of(block: &BlockRef) -> Place {
    Place::Block { height: block.height, hash: block.hash.to_string(), time: block.time }
}
