//! The gap-limit scan against a server that is a closure: what it asks, where it ends, what fails it.
//!
//! Tests only.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::*;
use crate::{
    account::CHAIN_END,
    explorer::{
        Cause, HostFailures,
        bitcoin::{KnownHistory, TxAt},
        online::bitcoin::fake,
    },
};

fn derive(keychain: Keychain, index: u32) -> Option<ScriptBuf> {
    Some(fake::script(index * 2 + u32::try_from(keychain.position()).ok()?))
}

fn unknown(_: Keychain, _: u32) -> Option<KnownHistory> {
    None
}

fn plan(gap: u32) -> ScanPlan<'static> {
    ScanPlan { derive: &derive, ask: Vec::new(), known: &unknown, next: [0, 0], gap }
}

fn history(script: &ScriptBuf, used: &BTreeSet<ScriptBuf>) -> HostHistory {
    let tx = used.contains(script).then(|| TxAt { tx: fake::payment(script, 1), place: None });
    HostHistory { txs: tx.into_iter().collect(), mempool_capped: false }
}

fn used(scripts: &[(Keychain, u32)]) -> BTreeSet<ScriptBuf> {
    scripts.iter().filter_map(|&(keychain, index)| derive(keychain, index)).collect()
}

fn scan(plan: &ScanPlan<'_>, used: &BTreeSet<ScriptBuf>) -> Result<ScanAnswer, ExplorerError> {
    let ask = async |asked: &[ScriptQuery]| {
        let answers = asked.iter().map(|asked| ScriptAnswer::History(history(&asked.script, used))).collect();
        Ok((answers, SafeText::new("fake")))
    };
    let single = fake::block_on(run(plan, Pace::SINGLE, &mut |_| {}, &ask))?;
    let together = fake::block_on(run(plan, Pace::together(7), &mut |_| {}, &ask))?;
    assert!(single.scripts.iter().all(|script| together.scripts.contains(script)), "more is asked, never less");
    Ok(single)
}

fn asked(answer: &ScanAnswer) -> Vec<(Keychain, u32)> {
    answer.scripts.iter().map(|script| (script.keychain, script.index)).collect()
}

use Keychain::{Change, Receive};

#[test]
fn an_empty_account_costs_two_gaps() {
    let answer = scan(&plan(20), &BTreeSet::new()).expect("an answer");
    assert_eq!(answer.scripts.len(), 40);
    assert_eq!(answer.next, [0, 0]);
}

#[test]
fn used_scripts_move_the_end_of_their_own_chain() {
    let answer = scan(&plan(20), &used(&[(Receive, 0), (Receive, 19), (Receive, 38), (Change, 3)])).expect("ok");
    assert_eq!(answer.next, [39, 4]);
    let expected: Vec<_> = (0..59).map(|n| (Receive, n)).chain((0..24).map(|n| (Change, n))).collect();
    assert_eq!(asked(&answer), expected);
    // One further than the gap is not found: that is what a gap limit means.
    assert_eq!(scan(&plan(20), &used(&[(Receive, 20)])).map(|answer| answer.next), Ok([0, 0]));
}

#[test]
fn a_second_scan_asks_the_gap_and_what_it_is_told() {
    let mut again = plan(5);
    again.next = [100, 7];
    again.ask = vec![(Receive, 3), (Receive, 3), (Change, 6), (Receive, 102)];
    let answer = scan(&again, &used(&[(Receive, 3)])).expect("an answer");
    let mut expected = vec![(Receive, 3)];
    expected.extend((100..105).map(|n| (Receive, n)));
    expected.push((Change, 6));
    expected.extend((7..12).map(|n| (Change, n)));
    assert_eq!(asked(&answer), expected);
    assert_eq!(answer.next, [100, 7]);
}

#[test]
fn one_unanswered_script_fails_the_scan() {
    let silent = derive(Change, 17).expect("a script");
    let no_answer = || ExplorerError::NoAnswer(HostFailures::default());
    let ask = async |asked: &[ScriptQuery]| {
        if asked.iter().any(|asked| asked.script == silent) {
            return Err(no_answer());
        }
        let nothing = |asked: &ScriptQuery| ScriptAnswer::History(history(&asked.script, &BTreeSet::new()));
        Ok((asked.iter().map(nothing).collect(), SafeText::new("f")))
    };
    for pace in [Pace::SINGLE, Pace::together(300)] {
        assert_eq!(fake::block_on(run(&plan(20), pace, &mut |_| {}, &ask)), Err(no_answer()));
    }
    let short = async |_: &[ScriptQuery]| Ok((Vec::new(), SafeText::new("f")));
    assert!(fake::block_on(run(&plan(20), Pace::SINGLE, &mut |_| {}, short)).is_err(), "an answer too few");
    assert_eq!(Cause::TimedOut.to_string(), "timed out");
}

#[test]
fn a_script_that_cannot_be_derived_fails_the_scan() {
    let broken = |_: Keychain, index: u32| (index < 30).then(|| fake::script(index));
    let plan = ScanPlan { derive: &broken, next: [29, 0], ..plan(2) };
    assert_eq!(scan(&plan, &BTreeSet::new()), Err(ExplorerError::NoScript { keychain: Receive, index: 30 }));
}

#[test]
fn invented_history_is_stopped_and_the_chain_has_an_end() {
    let mut endless = plan(20);
    endless.gap = 60_000;
    assert_eq!(scan(&endless, &BTreeSet::new()), Err(ExplorerError::TooManyScripts(50_000)));
    let mut last = plan(20);
    last.next = [CHAIN_END - 3, u32::MAX];
    let small = |_: Keychain, index: u32| Some(fake::script(index));
    last.derive = &small;
    assert_eq!(scan(&last, &BTreeSet::new()).map(|answer| answer.scripts.len()), Ok(3));
}

#[test]
fn questions_stay_in_flight_without_rounds() {
    let (now, most) = (Cell::new(0u32), Cell::new(0u32));
    let seen = RefCell::new(Vec::new());
    let all = used(&(0..500).map(|n| (Receive, n)).collect::<Vec<_>>());
    let ask = async |asked: &[ScriptQuery]| {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        tokio::time::sleep(Duration::from_millis(10)).await;
        now.set(now.get() - 1);
        let answers = asked.iter().map(|asked| ScriptAnswer::History(history(&asked.script, &all))).collect();
        Ok((answers, SafeText::new("fake")))
    };
    let started = Instant::now();
    let answer =
        fake::block_on(run(&plan(20), Pace::SINGLE, &mut |step| seen.borrow_mut().push(step), ask)).expect("an answer");
    assert_eq!(answer.next, [500, 0]);
    assert_eq!(answer.scripts.len(), 540);
    assert_eq!(most.get(), 16);
    // 540 answers of 10 ms, 16 at a time, take 340 ms; 27 rounds of 20 one after another would take 540 ms at best.
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(seen.borrow().last(), Some(&ScanProgress { answered: 540, planned: 540, used: 500 }));
    assert!(seen.borrow().iter().all(|step| step.answered <= step.planned));
}

#[test]
fn what_is_unchanged_is_told_from_what_is_unused() {
    let paid = || KnownHistory {
        confirmed: vec![(fake::payment(&fake::script(0), 1).compute_txid(), 7)],
        ..KnownHistory::default()
    };
    let known = |keychain: Keychain, index: u32| (keychain == Receive && index < 3).then(paid);
    let plan = ScanPlan { ask: vec![(Receive, 0), (Receive, 2)], known: &known, next: [3, 0], ..plan(2) };
    let ask =
        async |asked: &[ScriptQuery]| Ok((asked.iter().map(|_| ScriptAnswer::Unchanged).collect(), SafeText::new("f")));
    let answer = fake::block_on(run(&plan, Pace::together(300), &mut |_| {}, ask)).expect("an answer");
    let f = SafeText::new("f");
    assert_eq!(answer.unchanged, [(Receive, 0, f.clone()), (Receive, 2, f)]);
    assert_eq!(asked(&answer), [(Receive, 3), (Receive, 4), (Change, 0), (Change, 1)]);
    assert_eq!(answer.next, [3, 0]);
}

proptest! {
    #[test]
    fn every_script_up_to_the_gap_is_asked_exactly_once(
        receive in proptest::collection::btree_set(0u32..60, 0..10), gap in 1u32..25,
    ) {
        let scripts: Vec<_> = receive.iter().map(|&n| (Receive, n)).collect();
        let answer = scan(&plan(gap), &used(&scripts)).expect("an answer");
        let mut next = 0;
        for &index in &receive {
            if index < next + gap { next = index + 1; }
        }
        prop_assert_eq!(answer.next, [next, 0]);
        let expected: Vec<_> = (0..next + gap).map(|n| (Receive, n)).chain((0..gap).map(|n| (Change, n))).collect();
        prop_assert_eq!(asked(&answer), expected);
    }
}
