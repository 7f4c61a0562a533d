//! The gap-limit scan as a stream: always so many questions in flight, the end of each chain moving while answers arrive.
//!
//! Knows no HTTP. There are no rounds, so a chain of 500 used addresses costs 500 answers and not 25 waits; a host that
//! takes many scripts in one question gets them together. A script without an answer fails the scan: an error is never
//! an unused address.

use std::collections::{BTreeSet, VecDeque};

use bitcoin::ScriptBuf;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{
    history::HostHistory,
    questions::{KnownFrom, ScriptAnswer, ScriptQuery},
};
use crate::{
    account::{Keychain, search_end},
    explorer::{
        ExplorerError,
        bitcoin::{ScanAnswer, ScanPlan, ScanProgress, ScriptHistory},
        online::{bitcoin::questions::Pace, transport::limits},
    },
    text::SafeText,
};

/// The scripts that a first scan begins with; nothing for an account that was scanned before.
pub(super) fn first_window(plan: &ScanPlan<'_>) -> Result<Option<Vec<ScriptBuf>>, ExplorerError> {
    if plan.next != [0, 0] || !plan.ask.is_empty() || (plan.known)(Keychain::Receive, 0).is_some() {
        return Ok(None);
    }
    let window = Keychain::ALL.into_iter().flat_map(|keychain| (0..plan.gap).map(move |index| (keychain, index)));
    let script = |(keychain, index)| (plan.derive)(keychain, index).ok_or(ExplorerError::NoScript { keychain, index });
    window.map(script).collect::<Result<Vec<_>, _>>().map(Some)
}

/// Asks for every script of the plan, and for more as long as used ones are found.
pub(super) async fn run(
    plan: &ScanPlan<'_>,
    pace: Pace,
    progress: &mut dyn FnMut(ScanProgress),
    ask: impl AsyncFn(&[ScriptQuery]) -> Result<(Vec<ScriptAnswer>, SafeText), ExplorerError>,
) -> Result<ScanAnswer, ExplorerError> {
    let mut frontier = Frontier::new(plan, pace)?;
    let mut in_flight = FuturesUnordered::new();
    let mut answer = ScanAnswer { scripts: Vec::new(), unchanged: Vec::new(), next: plan.next };
    let mut used = 0;
    loop {
        while in_flight.len() < pace.at_once
            && let Some((places, asked)) = frontier.question(plan, pace)?
        {
            let ask = &ask;
            in_flight.push(async move { (places, ask(&asked).await) });
        }
        let Some((places, answered)) = in_flight.next().await else { break };
        let (answered, operator) = answered?;
        if answered.len() != places.len() {
            return Err(ExplorerError::NoAnswer(crate::explorer::HostFailures::default()));
        }
        for ((keychain, index), answered) in places.into_iter().zip(answered) {
            if sort_in(plan, &mut answer, AnsweredScript { keychain, index, answer: answered, operator: &operator }) {
                used += 1;
                frontier.saw_used(keychain, index)?;
            }
        }
        let answered = answer.scripts.len() + answer.unchanged.len();
        progress(ScanProgress { answered, planned: frontier.planned.len(), used });
    }
    answer.scripts.sort_by_key(|history| (history.keychain, history.index));
    answer.unchanged.sort_unstable();
    answer.next = frontier.next;
    Ok(answer)
}

/// A script with what was answered of it.
struct AnsweredScript<'a> {
    /// Chain below the account.
    keychain: Keychain,
    /// Address index.
    index: u32,
    /// The answer.
    answer: ScriptAnswer,
    /// Who gave it.
    operator: &'a SafeText,
}

/// Files one script's answer, and says whether the script is used.
fn sort_in(plan: &ScanPlan<'_>, answer: &mut ScanAnswer, answered: AnsweredScript<'_>) -> bool {
    let AnsweredScript { keychain, index, operator, .. } = answered;
    let history = match answered.answer {
        ScriptAnswer::History(history) => history,
        ScriptAnswer::Unchanged => {
            let known = (plan.known)(keychain, index).unwrap_or_default();
            if !known.confirmed.is_empty() || !known.waiting.is_empty() {
                answer.unchanged.push((keychain, index, operator.clone()));
                return true;
            }
            // Nothing is known of it, and nothing is there.
            HostHistory { txs: Vec::new(), mempool_capped: false }
        }
    };
    let is_used = !history.txs.is_empty();
    let HostHistory { txs, mempool_capped } = history;
    answer.scripts.push(ScriptHistory { keychain, index, txs, mempool_capped, operator: operator.clone() });
    is_used
}

/// Scripts of one question: their places, and what is asked of each.
type ScanQuestion = (Vec<(Keychain, u32)>, Vec<ScriptQuery>);

/// What is still to be asked, and where each chain ends as far as known.
struct Frontier {
    queue: VecDeque<(Keychain, u32)>,
    /// Everything that was or will be asked, so that nothing is asked twice.
    planned: BTreeSet<(Keychain, u32)>,
    /// First index after the last used one.
    next: [u32; 2],
    /// The same before this scan.
    known_next: [u32; 2],
    /// First index that is not planned as part of the gap.
    end: [u32; 2],
    gap: u32,
    /// Most scripts that are asked beyond the gap because many used ones were found: they share a question anyway.
    ahead: u32,
}

impl Frontier {
    fn new(plan: &ScanPlan<'_>, pace: Pace) -> Result<Self, ExplorerError> {
        let mut frontier = Self {
            queue: VecDeque::new(),
            planned: BTreeSet::new(),
            next: plan.next,
            known_next: plan.next,
            end: plan.next,
            gap: plan.gap,
            ahead: if pace.together > 1 { u32::try_from(pace.together).unwrap_or(0) } else { 0 },
        };
        for &known in &plan.ask {
            frontier.plan(known)?;
        }
        for keychain in Keychain::ALL {
            frontier.extend(keychain)?;
        }
        Ok(frontier)
    }

    /// The next scripts that go into one question.
    fn question(&mut self, plan: &ScanPlan<'_>, pace: Pace) -> Result<Option<ScanQuestion>, ExplorerError> {
        let count = self.queue.len().min(pace.together);
        let places: Vec<(Keychain, u32)> = self.queue.drain(..count).collect();
        let ask = |&(keychain, index): &(Keychain, u32)| {
            let script = (plan.derive)(keychain, index).ok_or(ExplorerError::NoScript { keychain, index })?;
            Ok(ScriptQuery { script, known: (plan.known)(keychain, index), told: KnownFrom::Here })
        };
        let asked = places.iter().map(ask).collect::<Result<Vec<_>, ExplorerError>>()?;
        Ok((!asked.is_empty()).then_some((places, asked)))
    }

    fn plan(&mut self, script: (Keychain, u32)) -> Result<(), ExplorerError> {
        if self.planned.insert(script) {
            self.queue.push_back(script);
        }
        let most = limits::SCRIPTS_PER_SCAN;
        if self.planned.len() > most { Err(ExplorerError::TooManyScripts(most)) } else { Ok(()) }
    }

    /// Plans up to `gap` scripts after the last used one; more after many, where they cost no further question.
    fn extend(&mut self, keychain: Keychain) -> Result<(), ExplorerError> {
        let chain = keychain.position();
        let found = self.next[chain] - self.known_next[chain];
        let ahead = search_end(self.next[chain], found.min(self.ahead));
        let end = search_end(self.next[chain], self.gap).max(ahead);
        for index in self.end[chain]..end {
            self.plan((keychain, index))?;
        }
        self.end[chain] = self.end[chain].max(end);
        Ok(())
    }

    fn saw_used(&mut self, keychain: Keychain, index: u32) -> Result<(), ExplorerError> {
        let next = &mut self.next[keychain.position()];
        *next = (*next).max(index.saturating_add(1));
        self.extend(keychain)
    }
}

#[cfg(test)]
mod tests {
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
        let answer = fake::block_on(run(&plan(20), Pace::SINGLE, &mut |step| seen.borrow_mut().push(step), ask))
            .expect("an answer");
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
        let ask = async |asked: &[ScriptQuery]| {
            Ok((asked.iter().map(|_| ScriptAnswer::Unchanged).collect(), SafeText::new("f")))
        };
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
}
