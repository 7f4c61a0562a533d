//! What Bitcoin explorers are asked and answer, as plain data: claims, verdicts, the public explorers compiled in.
//!
//! It asks nothing itself, and knows no keys.

mod answers;
mod defaults;
pub mod verdict;

pub use self::{
    answers::{
        BlockAtHeight, BlockRef, CrossCheckScript, FeeAdvice, FeeBand, Heights, KnownHistory, Opinion, Placed,
        SAME_MOMENT, ScanAnswer, ScanPlan, ScanProgress, ScriptHistory, Sending, Tip, TxAt, TxPlace,
    },
    defaults::{PRACTICE_PORT, default_endpoints},
    verdict::{Dissent, NotSent, Propagation, RejectClass, Taken, Verdict, Why},
};
pub use crate::explorer::Claim;
