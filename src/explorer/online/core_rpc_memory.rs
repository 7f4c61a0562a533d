//! What is remembered of a person's own node for the life of the process.
use super::tx_cache::TxCache;
#[derive(Default)]
pub(super) struct NodeMemory {
    txs: TxCache,
}
