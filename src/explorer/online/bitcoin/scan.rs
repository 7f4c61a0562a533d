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
#[path = "scan_tests.rs"]
mod tests;
