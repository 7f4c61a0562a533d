//! Every combination of what three hosts can say, and the verdict that follows.
//!
//! Tests only.

use super::*;
use crate::explorer::Cause;

const LOW: RejectClass = RejectClass::FeeTooLow { need_sat: Some(11) };

/// One of each kind of answer.
const ALL: [SubmitOutcome; 12] = [
    SubmitOutcome::Accepted,
    SubmitOutcome::Refused(Refusal::Known),
    SubmitOutcome::Refused(Refusal::Confirmed),
    SubmitOutcome::Refused(Refusal::ReadBack),
    SubmitOutcome::Refused(Refusal::Class(RejectClass::BadSignature)),
    SubmitOutcome::Refused(Refusal::Class(RejectClass::NonStandard)),
    SubmitOutcome::Refused(Refusal::Class(LOW)),
    SubmitOutcome::Refused(Refusal::Class(RejectClass::Unstated)),
    SubmitOutcome::NotSent(Cause::Unreachable),
    SubmitOutcome::NotSent(Cause::Throttled),
    SubmitOutcome::Unclear(Cause::TimedOut),
    SubmitOutcome::Unclear(Cause::Lied),
];

fn name(place: usize) -> SafeText {
    SafeText::new(["a", "b", "c", "d"][place])
}

fn tally(outcomes: &[SubmitOutcome]) -> Tally {
    let mut tally = Tally::default();
    for (place, outcome) in outcomes.iter().enumerate() {
        tally.hear(name(place), *outcome);
    }
    tally
}

fn triples() -> impl Iterator<Item = [SubmitOutcome; 3]> {
    ALL.into_iter().flat_map(|a| ALL.into_iter().flat_map(move |b| ALL.into_iter().map(move |c| [a, b, c])))
}

#[test]
fn whoever_has_it_decides_and_everybody_else_is_named() {
    let mut held = 0;
    for triple in triples().filter(|triple| triple.iter().any(|outcome| outcome.is_held())) {
        let tally = tally(&triple);
        assert!(tally.is_held() && tally.may_be_there() && !tally.is_unsent(), "{triple:?}");
        let (Verdict::Accepted(taken) | Verdict::Known(taken)) = tally.held(Propagation::NobodyToAsk) else {
            panic!("{triple:?}");
        };
        assert_eq!(taken.asked(), 3, "{triple:?}");
        assert_eq!(taken.operators.len(), triple.iter().filter(|outcome| outcome.is_held()).count());
        held += 1;
    }
    assert_eq!(held, 12 * 12 * 12 - 9 * 9 * 9);
}

#[test]
fn what_is_unclear_is_looked_for_and_what_was_not_sent_is_not() {
    for triple in triples() {
        let tally = tally(&triple);
        let unclear = triple.iter().any(|outcome| matches!(outcome, SubmitOutcome::Unclear(_)));
        let sent = triple.iter().any(|outcome| !matches!(outcome, SubmitOutcome::NotSent(_)));
        assert_eq!(tally.is_unclear(), unclear, "{triple:?}");
        assert_eq!(tally.is_unsent(), !sent, "{triple:?}");
        assert!(!unclear || tally.may_be_there(), "{triple:?}");
        if !sent {
            let Verdict::NotSent(NotSent::Nobody(HostFailures(failures))) = tally.unheld() else {
                panic!("{triple:?}")
            };
            assert_eq!(failures.len(), 3);
        }
    }
}

#[test]
fn the_refusal_that_tells_most_is_reported() {
    let order = [
        RejectClass::BadSignature,
        RejectClass::Invalid,
        RejectClass::Malformed,
        RejectClass::InputsMissing,
        RejectClass::NonStandard,
        RejectClass::TooEarly,
        RejectClass::ReplacementFeeTooLow,
        RejectClass::ReplacementRefused,
        RejectClass::FeeTooHigh,
        LOW,
        RejectClass::ChainLimit,
        RejectClass::Transient,
        RejectClass::Unstated,
    ];
    for (place, graver) in order.iter().enumerate() {
        for lesser in &order[place..] {
            let refused = |class: &RejectClass| SubmitOutcome::Refused(Refusal::Class(*class));
            let three = [refused(lesser), SubmitOutcome::NotSent(Cause::Busy), refused(graver)];
            assert_eq!(tally(&three).unheld(), Verdict::Rejected(*graver));
        }
    }
    assert_eq!(tally(&[ALL[3]]).unheld(), Verdict::Rejected(RejectClass::InputsMissing));
}

#[test]
fn what_was_unclear_once_is_not_cleared_by_a_refusal() {
    let mut again = tally(&[SubmitOutcome::Unclear(Cause::TimedOut)]);
    again.hear(name(0), SubmitOutcome::Refused(Refusal::Class(RejectClass::NonStandard)));
    again.hear(name(0), SubmitOutcome::NotSent(Cause::Busy));
    assert!(again.is_unclear() && again.is_unclear_at(&name(0)));
    again.hear(name(0), SubmitOutcome::Accepted);
    assert!(!again.is_unclear() && again.is_accepted());
}

#[test]
fn what_the_verdict_says_is_a_sentence_of_ours() {
    let mixed =
        [SubmitOutcome::Accepted, SubmitOutcome::Refused(Refusal::Known), SubmitOutcome::Refused(Refusal::Class(LOW))];
    let Verdict::Accepted(taken) = tally(&mixed).held(Propagation::NobodyToAsk) else { panic!("accepted") };
    assert_eq!(taken.to_string(), "2 of 3: a, b; c said: the fee is below what the node relays: it asks for 11 sat");
    let alone = tally(&[SubmitOutcome::Accepted]).held(Propagation::NobodyToAsk);
    let Verdict::Accepted(taken) = alone else { panic!("accepted") };
    assert_eq!(taken.to_string(), "a");
    let lost =
        [SubmitOutcome::Accepted, SubmitOutcome::NotSent(Cause::Unreachable), SubmitOutcome::Unclear(Cause::TimedOut)];
    let Verdict::Accepted(taken) = tally(&lost).held(Propagation::NobodyToAsk) else { panic!("accepted") };
    assert_eq!(taken.to_string(), "1 of 3: a; b did not take it: unreachable; c gave no clear answer: timed out");
}

#[test]
fn who_was_found_to_have_it_counts_as_a_holder_and_a_stranger_as_a_second_source() {
    let lost = tally(&[SubmitOutcome::Unclear(Cause::TimedOut), SubmitOutcome::Refused(Refusal::ReadBack)]);
    let holder = |place| HostState { operator: name(place), place: TxPlace::Mempool };
    let Verdict::Accepted(taken) = lost.found(vec![holder(3), holder(0)]) else { panic!("accepted") };
    assert_eq!(taken.operators, [name(0), name(3)]);
    assert_eq!(taken.dissent.len(), 1);
    assert_eq!(taken.propagation, Propagation::Seen(name(3)));
    let refused = tally(&[SubmitOutcome::Refused(Refusal::ReadBack)]);
    assert!(matches!(refused.found(vec![holder(0)]), Verdict::Known(_)));
}
