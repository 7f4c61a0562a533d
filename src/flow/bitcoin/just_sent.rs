//! What a host accepted within the last seconds and no list shows yet: it counts as known, and nothing is concluded from its
//! absence.
//!
//! Judges by our own journal and clock; what explorers list is asked for in track.rs.

use bitcoin::Txid;

use crate::{
    explain::Failure,
    explorer::Explorer,
    ledger::{
        Ledger,
        bitcoin::{JournalRow, JournalState},
        now,
    },
};

/// Seconds for which lists may not show yet what a host accepted: Esplora and ElectrumX servers read the mempool of their
/// node every five, and answers are kept for some more.
const LAG: u64 = 10;

/// How many seconds ago a host accepted it, if so few that lists may not show it yet.
fn seconds_ago(row: &JournalRow) -> Option<u64> {
    let ago = now().saturating_sub(row.accepted.as_ref()?.at);
    (row.state == JournalState::Sent && ago < LAG).then_some(ago)
}

/// The same, unless a block came or went since: lists are made anew then, and show what there is.
pub(super) fn unlisted(explorer: &Explorer, row: &JournalRow) -> Option<u64> {
    let ago = seconds_ago(row)?;
    let then = &row.accepted.as_ref()?.tip;
    let stands = then.is_empty() || explorer.tip().map_or(true, |tip| tip.value().hash.to_string() == *then);
    stands.then_some(ago)
}

/// Whether a spender of a coin of this one, which was accepted within the last seconds, is ours as well: what it was sent to
/// replace.
pub(super) fn is_of_before(ledger: &Ledger, row: &JournalRow, spender: Txid) -> Result<bool, Failure> {
    Ok(seconds_ago(row).is_some() && ledger.journal_row(row.network, &spender.to_string())?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ledger::bitcoin::Acceptance, network::Network};

    #[test]
    fn only_what_a_host_accepted_within_the_last_seconds_is_known_without_a_list() {
        let row = |state, ago: Option<u64>| JournalRow {
            txid: String::new(),
            network: Network::Regtest,
            raw: Vec::new(),
            state,
            detail: String::new(),
            created: 0,
            updated: now(),
            purpose: String::new(),
            reported: true,
            accepted: ago.map(|ago| Acceptance { at: now() - ago, tip: String::new() }),
        };
        assert!(seconds_ago(&row(JournalState::Sent, Some(3))).is_some_and(|ago| (3..5).contains(&ago)));
        assert_eq!(seconds_ago(&row(JournalState::Sent, Some(LAG + 1))), None);
        assert_eq!(seconds_ago(&row(JournalState::Sent, None)), None, "a list has shown it since");
        for state in [JournalState::Unknown, JournalState::Signed, JournalState::Rejected, JournalState::Replaced] {
            assert_eq!(seconds_ago(&row(state, Some(0))), None, "{state:?}");
        }
    }
}
