//! What EVM nodes and indexers are asked and answer, as plain data: sourced answers, verdicts, the public nodes compiled in.
//!
//! It asks nothing itself, and knows no keys.

mod answers;
mod defaults;
mod indexer;
pub mod verdict;

pub use self::{
    answers::{
        ApprovalKind, ApprovalSeen, BesideGas, CallOpinion, CallOutcome, Disagreement, EvmAccountState, EvmCall,
        EvmReceipt, EvmWhereabouts, GasAnswer, Matter, Sourced, Succeeded, TokenFacts, TokenMoves,
    },
    defaults::evm_endpoints,
    indexer::{ApiKey, EvmMovement, EvmMovements, IndexerAccess, IndexerKind, Moved, indexer_url},
    verdict::{EvmDissent, EvmReject, EvmTaken, EvmVerdict, EvmWhy},
};
