//! What the journal says after each verdict and after a disk that is full.
//!
//! Tests only.

use super::*;
use crate::{
    explain::Kind,
    explorer::bitcoin::{NotSent, Propagation, RejectClass, Taken},
};

#[test]
fn a_full_disk_after_the_bytes_left_is_never_a_plain_refusal() {
    let full = || Failure::from(LedgerError::File("database or disk is full".to_owned()));
    let taken = || Taken { operators: Vec::new(), dissent: Vec::new(), propagation: Propagation::NotYet };
    let out = [Verdict::Unknown, Verdict::Known(taken()), Verdict::Accepted(taken())];
    for verdict in out {
        let failure = unrecorded("ab", &verdict, full());
        assert_eq!((failure.entry().kind, failure.entry().code), (Kind::Unknown, "flow.sent_not_recorded"));
        assert!(failure.message().contains("disk is full"), "{}", failure.message());
    }
    for verdict in [Verdict::NotSent(NotSent::NotThatTransaction), Verdict::Rejected(RejectClass::NonStandard)] {
        assert_eq!(unrecorded("ab", &verdict, full()).entry().code, "ledger.file");
    }
}

fn after(state: JournalState, verdict: &Verdict) -> JournalState {
    let (txid, raw, detail) = (String::new(), Vec::new(), String::new());
    let before = JournalRow {
        txid,
        network: Network::Regtest,
        raw,
        state,
        detail,
        created: 0,
        updated: 0,
        purpose: String::new(),
        reported: true,
        accepted: None,
    };
    settled(verdict, &before, Evidence::Said).0
}

#[test]
fn a_refusal_frees_only_what_nobody_can_have() {
    let refused = Verdict::Rejected(RejectClass::NonStandard);
    assert_eq!(after(JournalState::Signed, &refused), JournalState::Rejected);
    assert_eq!(after(JournalState::Unknown, &refused), JournalState::Unknown);
    assert_eq!(after(JournalState::Sent, &refused), JournalState::Sent);
    assert_eq!(after(JournalState::Confirmed, &refused), JournalState::Unknown);
    assert_eq!(after(JournalState::Sent, &Verdict::Unknown), JournalState::Unknown);
}
