//! What every Bitcoin backend is asked and answers, whatever it speaks: Esplora, Electrum or Bitcoin Core's RPC.
//!
//! Types only, and the choice by the kind of address. It must not know paths, methods or wire formats.

use bitcoin::ScriptBuf;

use super::history::History;
use crate::explorer::KnownHistory;

/// A script to ask about, with what is known of it already.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// The script.
    pub(super) script: ScriptBuf,
    /// What an unchanged answer would say again; nothing if it was never asked.
    pub(super) known: Option<KnownHistory>,
}

/// What a host says of one script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// Exactly what is known already, no more and no less.
    Unchanged,
    /// Its whole history.
    History(History),
}
