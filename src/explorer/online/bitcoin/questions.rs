//! What a Bitcoin backend is asked and answers about scripts, and how fast it is asked.
//!
//! Plain data: no paths, no methods, no wire formats.

use bitcoin::ScriptBuf;

use super::history::HostHistory;
use crate::explorer::{bitcoin::KnownHistory, online::transport::limits};

/// A script to ask about, with what is known of it already.
#[derive(Clone, Debug)]
pub(crate) struct ScriptQuery {
    /// The script.
    pub(crate) script: ScriptBuf,
    /// What an unchanged answer would say again; nothing if it was never asked.
    pub(crate) known: Option<KnownHistory>,
    /// Whether that was learnt from the host that is asked now.
    pub(crate) told: KnownFrom,
}

/// Where something is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownFrom {
    /// From this host: it is enough to learn that nothing is newer.
    Here,
    /// From others: this host has to list all of it.
    Elsewhere,
}

/// What a host says of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScriptAnswer {
    /// Exactly what is known already, no more and no less.
    Unchanged,
    /// Its whole history.
    History(HostHistory),
}

/// How a host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// Scripts in one question.
    pub(crate) together: usize,
    /// Questions at once.
    pub(crate) at_once: usize,
}

impl Pace {
    /// One script a question, many questions.
    pub(crate) const SINGLE: Self = Self { together: 1, at_once: limits::IN_FLIGHT };

    /// So many scripts a question, few questions.
    pub(crate) const fn together(together: usize) -> Self {
        Self { together, at_once: limits::BULK_IN_FLIGHT }
    }
}

/// Headers that one question brings.
pub(crate) const HEADERS: u32 = 10;

/// Targets in blocks that a fee rate is asked for; Bitcoin Core knows 1 to 1008.
pub(crate) const FEE_TARGETS: [u16; 9] = [1, 2, 3, 6, 12, 25, 144, 504, 1008];
