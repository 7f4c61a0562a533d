//! The explorers of one network on one thread: which is asked first, which next, which as well, which never again.
//!
//! Knows addresses, health and causes, and nothing of what is asked: backends bring the questions. What names our scripts
//! goes to a primary and at most so many second sources; what names nothing may go to any host.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
    time::Duration,
};

use futures_util::{
    future::join_all,
    stream::{FuturesUnordered, StreamExt},
};
use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep},
};

use super::{endpoint::Endpoint, limits, pool_answer::PoolAnswer};
use crate::{
    explorer::{
        Cause, ExplorerError, HealthBook, HostFailure, HostFailures,
        health::{Gate, Lane},
        operators::organisation,
    },
    text::SafeText,
};

/// Explorers in the order in which they are asked, and the runtime that asks.
pub(crate) struct Pool {
    network: &'static str,
    /// Our own first.
    endpoints: Vec<Endpoint>,
    /// The host to ask first: the same one for everything, so that one operator and not all learn a wallet's scripts.
    first: Cell<usize>,
    /// Organisations that were told something about this wallet, each with its network.
    told: RefCell<Rc<RefCell<BTreeSet<String>>>>,
    /// How many may be told.
    pub(crate) sources: usize,
    /// Questions that say nothing about us, and how many of them went to a second host because the first was slow.
    hedged: Cell<(u64, u64)>,
    runtime: Engine,
}

/// The runtime; given up at the end without waiting for a name that is still being looked up.
struct Engine(Option<Runtime>);

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The hosts that may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Any host: the question names nothing of ours.
    Anybody,
    /// The second sources that may know of us.
    Sources,
}

/// Everything that several said, in the order of the list, and the hosts that failed.
pub(crate) struct Polled<T> {
    pub(crate) answers: Vec<(SafeText, Option<T>)>,
    pub(crate) failures: Vec<HostFailure>,
}

/// What was heard so far by a search that asks until a host has a value.
#[derive(Default)]
struct PoolTally {
    failures: Vec<HostFailure>,
    without: Vec<SafeText>,
}

impl PoolTally {
    fn add<T>(&mut self, operator: SafeText, answer: Result<Option<T>, Cause>) -> Option<PoolAnswer<T>> {
        match answer {
            Ok(Some(value)) => return Some(PoolAnswer { value: Some(value), operators: vec![operator] }),
            Ok(None) => self.without.push(operator),
            Err(cause) => self.failures.push(HostFailure { operator, cause }),
        }
        None
    }

    fn end<T>(self, pool: &Pool) -> Result<PoolAnswer<T>, ExplorerError> {
        if self.without.is_empty() {
            return Err(pool.error_of(self.failures));
        }
        Ok(PoolAnswer { value: None, operators: self.without })
    }
}

impl Pool {
    /// Checks the addresses; nothing is sent yet.
    pub(crate) fn new(network: &'static str, endpoints: &[String]) -> Result<Self, ExplorerError> {
        let mut endpoints = Endpoint::parse_all(endpoints)?;
        endpoints.sort_by_key(|endpoint| endpoint.trust);
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            // Timers are looked at after every step: a host that never stops talking must not talk past its deadline.
            .event_interval(1)
            .build()
            .map_err(|_| ExplorerError::CannotStart("no event loop"))?;
        Ok(Self {
            network,
            endpoints,
            first: Cell::new(0),
            told: RefCell::default(),
            sources: limits::SOURCES,
            hedged: Cell::new((0, 0)),
            runtime: Engine(Some(runtime)),
        })
    }

    /// Keeps the health of every host in this book from now on.
    pub(crate) fn remember_in(&self, book: &HealthBook) {
        self.endpoints.iter().for_each(|endpoint| endpoint.remembered_in(book));
        self.told.replace(book.told());
    }

    /// All of them, our own first.
    pub(crate) fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// How many organisations are asked questions.
    pub(crate) fn organisations(&self) -> usize {
        let asked = self.endpoints.iter().filter(|endpoint| endpoint.kind.answers());
        asked.map(|endpoint| endpoint.organisation()).collect::<BTreeSet<_>>().len()
    }

    /// How many questions of one kind go together to the explorer that is asked first.
    pub(crate) fn together(&self) -> usize {
        let first = self.order().first().and_then(|&place| self.endpoints.get(place));
        first.map_or(1, |endpoint| endpoint.kind.together())
    }

    /// Explorers that proved false in this process and are not asked again.
    pub(crate) fn distrusted(&self) -> Vec<HostFailure> {
        let failure = |endpoint: &Endpoint| {
            endpoint.barred.get().map(|cause| HostFailure { operator: endpoint.operator.clone(), cause })
        };
        self.endpoints.iter().filter_map(failure).collect()
    }

    /// Runs one operation to its end on this thread.
    pub(crate) fn wait<T>(
        &self,
        operation: impl Future<Output = Result<T, ExplorerError>>,
    ) -> Result<T, ExplorerError> {
        let runtime = self.runtime.0.as_ref().ok_or(ExplorerError::CannotStart("the event loop was stopped"))?;
        runtime.block_on(operation)
    }

    /// Asks one explorer after the other until one has a value. Each gets an equal part of the time that is left.
    ///
    /// Where what is asked names something of ours, no more than the second sources that are allowed are told.
    pub(crate) async fn seek<T>(
        &self,
        end: Instant,
        audience: Audience,
        ask: impl AsyncFn(&Endpoint, Instant) -> Result<Option<T>, Cause>,
    ) -> Result<PoolAnswer<T>, ExplorerError> {
        let mut tally = PoolTally::default();
        let order = self.order();
        for (turn, &place) in order.iter().enumerate() {
            if audience == Audience::Sources && !self.may_tell(place) {
                continue;
            }
            let deadline = share(end, order.len() - turn);
            let (operator, answer) = self.put(place, deadline, audience, &ask).await;
            if let Some(found) = tally.add(operator, answer) {
                return Ok(found);
            }
        }
        tally.end(self)
    }

    /// Asks what names nothing of ours: the best host first, a second one if that is slow, the others if they fail.
    pub(crate) async fn race<T>(
        &self,
        end: Instant,
        ask: impl AsyncFn(&Endpoint, Instant) -> Result<Option<T>, Cause>,
    ) -> Result<PoolAnswer<T>, ExplorerError> {
        let mut waiting = self.best_first().into_iter();
        let (mut running, mut tally, ask) = (FuturesUnordered::new(), PoolTally::default(), &ask);
        let (asked, second) = self.hedged.get();
        self.hedged.set((asked + 1, second));
        loop {
            if running.is_empty() {
                let Some(place) = waiting.next() else { return tally.end(self) };
                running.push(self.put(place, share(end, waiting.len() + 1), Audience::Anybody, ask));
            }
            let slow = running.len() == 1 && waiting.len() > 0 && self.may_hedge();
            tokio::select! {
                Some((operator, answer)) = running.next() => if let Some(found) = tally.add(operator, answer) {
                    return Ok(found);
                },
                () = sleep(limits::HEDGE_AFTER), if slow => if let Some(place) = waiting.next() {
                    let (asked, second) = self.hedged.get();
                    self.hedged.set((asked, second + 1));
                    running.push(self.put(place, share(end, waiting.len() + 1), Audience::Anybody, ask));
                },
            }
        }
    }

    /// Asks up to `most` organisations at once, and others for those that fail; everything they said.
    pub(crate) async fn poll<T>(
        &self,
        end: Instant,
        most: usize,
        audience: Audience,
        ask: impl AsyncFn(&Endpoint, Instant) -> Result<Option<T>, Cause>,
    ) -> Polled<T> {
        let mut polled = Polled { answers: Vec::new(), failures: Vec::new() };
        let mut left = self.one_of_each();
        while polled.answers.len() < most && !left.is_empty() {
            let mut round = Vec::new();
            let mut room = self.sources.saturating_sub(self.how_many_know());
            left.retain(|&place| {
                let is_new = audience == Audience::Sources && !self.knows(place);
                let goes = round.len() + polled.answers.len() < most && !(is_new && room == 0);
                if goes {
                    round.push(place);
                    room = room.saturating_sub(usize::from(is_new));
                }
                !goes
            });
            if round.is_empty() {
                break;
            }
            let deadline = share(end, 2);
            for (operator, answer) in
                join_all(round.into_iter().map(|place| self.put(place, deadline, audience, &ask))).await
            {
                match answer {
                    Ok(value) => polled.answers.push((operator, value)),
                    Err(cause) => polled.failures.push(HostFailure { operator, cause }),
                }
            }
        }
        polled
    }

    /// One question to one explorer, judged, with its name.
    async fn put<T>(
        &self,
        place: usize,
        deadline: Instant,
        audience: Audience,
        ask: &impl AsyncFn(&Endpoint, Instant) -> Result<Option<T>, Cause>,
    ) -> (SafeText, Result<Option<T>, Cause>) {
        let Some(endpoint) = self.endpoints.get(place) else {
            return (SafeText::new("nobody"), Err(Cause::Unsupported));
        };
        let answer = match endpoint.gate(Lane::Read) {
            Ok(_) => ask(endpoint, deadline).await,
            Err(cause) => Err(cause),
        };
        // Where its chain could not be compared, it was told nothing yet.
        if audience == Audience::Sources
            && endpoint.on_our_chain.initialized()
            && !matches!(answer, Err(Cause::Unreachable | Cause::NotThroughProxy | Cause::NoTor))
        {
            self.told.borrow().borrow_mut().insert(self.named(endpoint));
        }
        (endpoint.operator.clone(), self.judged(endpoint, answer))
    }

    /// Whether this explorer may be told something about us: it knows already, or not too many others do.
    fn may_tell(&self, place: usize) -> bool {
        self.knows(place) || self.how_many_know() < self.sources
    }

    /// Whether its organisation was told something about us.
    fn knows(&self, place: usize) -> bool {
        let named = self.endpoints.get(place).map(|endpoint| self.named(endpoint));
        named.is_some_and(|named| self.told.borrow().borrow().contains(&named))
    }

    /// How many organisations of this network were told something about us.
    fn how_many_know(&self) -> usize {
        let network = format!("{} ", self.network);
        self.told.borrow().borrow().iter().filter(|named| named.starts_with(&network)).count()
    }

    fn named(&self, endpoint: &Endpoint) -> String {
        format!("{} {}", self.network, endpoint.organisation())
    }

    /// Whether a slow host may be helped out by a second one: once, then for one question in twenty.
    fn may_hedge(&self) -> bool {
        let (asked, second) = self.hedged.get();
        second * limits::HEDGE_ONE_IN <= asked
    }

    /// Places in the list, the preferred one first, those that keep failing after them, those that proved false last.
    fn order(&self) -> Vec<usize> {
        let count = self.endpoints.len();
        let mut order: Vec<usize> = (0..count).map(|turn| (self.first.get() + turn) % count).collect();
        let rank = |place: usize| match self.endpoints.get(place).map(|endpoint| endpoint.gate(Lane::Read)) {
            Some(Ok(Gate::Closed | Gate::HalfOpen)) => 0,
            Some(Ok(Gate::Open)) => 1,
            _ => 2,
        };
        order.sort_by_key(|&place| rank(place));
        order
    }

    /// The same without second hosts of one organisation.
    fn one_of_each(&self) -> Vec<usize> {
        let mut seen = BTreeSet::new();
        let whose = |place: usize| self.endpoints.get(place).map(|endpoint| endpoint.organisation());
        let mut order = self.order();
        order.retain(|&place| seen.insert(whose(place)));
        order
    }

    /// Positions in the list, our own first, then hosts that were quick and did not fail; a clearly better one is
    /// preferred.
    fn best_first(&self) -> Vec<usize> {
        let mut order = self.order();
        let score = |place: usize| {
            self.endpoints.get(place).map(|endpoint| (endpoint.trust, endpoint.health(|health| health.score())))
        };
        if let Some(best) = order.iter().copied().max_by_key(|&place| score(place).map(|(_, score)| score))
            && let Some(first) = order.first().copied()
            && let (Some((trust, best_score)), Some((first_trust, first_score))) = (score(best), score(first))
            && trust <= first_trust
            && best_score > first_score.saturating_mul(2)
        {
            order.retain(|&place| place != best);
            order.insert(0, best);
        }
        order
    }

    /// Every explorer once, the preferred one first, with the deadline it gets when its turn comes. For sending.
    pub(crate) fn turns(&self, end: Instant) -> impl Iterator<Item = (&Endpoint, impl Fn() -> Instant)> {
        let order = self.order();
        let count = order.len();
        order.into_iter().enumerate().filter_map(move |(turn, place)| {
            let endpoint = self.endpoints.get(place)?;
            Some((endpoint, move || share(end, count - turn)))
        })
    }

    /// Asks one explorer of another organisation than this host's, where there is one that may be told; then others of the
    /// kind until one answers.
    pub(crate) async fn seek_elsewhere<T>(
        &self,
        host: &SafeText,
        end: Instant,
        ask: impl AsyncFn(&Endpoint, Instant) -> Result<T, Cause>,
    ) -> Result<Option<(T, SafeText)>, ExplorerError> {
        let same = organisation(host.as_str());
        let ask = async |endpoint: &Endpoint, deadline: Instant| ask(endpoint, deadline).await.map(Some);
        let mut failures = Vec::new();
        for place in self.one_of_each() {
            let whose = self.endpoints.get(place).map(|endpoint| endpoint.organisation());
            if whose.as_ref() == Some(&same) || !self.may_tell(place) {
                continue;
            }
            match self.put(place, end, Audience::Sources, &ask).await {
                (operator, Ok(Some(value))) => return Ok(Some((value, operator))),
                (_, Ok(None)) => {}
                (operator, Err(cause)) => failures.push(HostFailure { operator, cause }),
            }
        }
        if failures.is_empty() { Ok(None) } else { Err(self.error_of(failures)) }
    }

    /// The answer of one explorer, remembered against it if it failed.
    pub(crate) fn judged<T>(&self, endpoint: &Endpoint, answer: Result<T, Cause>) -> Result<T, Cause> {
        answer.inspect_err(|cause| self.remember(endpoint, *cause))
    }

    /// Bars a host that proved false, and asks another one first when a whole host, not one question, failed.
    pub(crate) fn remember(&self, endpoint: &Endpoint, cause: Cause) {
        if matches!(cause, Cause::Lied | Cause::WrongChain) {
            endpoint.distrust(cause);
        }
        let answers_others = matches!(
            cause,
            Cause::Refused(_)
                | Cause::Unsupported
                | Cause::NoFilterIndex
                | Cause::Missing
                | Cause::Unsettled
                | Cause::TooLarge
                | Cause::Malformed
        );
        let is_first = self.endpoints.get(self.first.get()).is_some_and(|first| std::ptr::eq(first, endpoint));
        if is_first && !answers_others {
            self.first.set((self.first.get() + 1) % self.endpoints.len());
        }
    }

    /// The gravest of several failures: a lie, then a wrong chain, then silence. A host that lied before and was not
    /// asked now says nothing about why the others failed.
    pub(crate) fn error_of(&self, failures: Vec<HostFailure>) -> ExplorerError {
        let first_with = |cause| failures.iter().find(|failure| failure.cause == cause).map(|f| f.operator.clone());
        let is_left_out = |failure: &HostFailure| failure.cause == Cause::Distrusted;
        let lied = first_with(Cause::Lied)
            .or_else(|| failures.iter().all(is_left_out).then(|| first_with(Cause::Distrusted)).flatten());
        if let Some(operator) = lied {
            return ExplorerError::Lied { operator };
        }
        if let Some(operator) = first_with(Cause::WrongChain) {
            return ExplorerError::WrongChain { operator, network: self.network };
        }
        ExplorerError::NoAnswer(HostFailures(failures))
    }
}

/// An equal part of the time that is left, for one of so many who share it.
fn share(end: Instant, sharing: usize) -> Instant {
    let now = Instant::now();
    now + end.saturating_duration_since(now) / u32::try_from(sharing).unwrap_or(1).max(1)
}

/// So much time from now.
pub(crate) fn after(patience: Duration) -> Instant {
    Instant::now() + patience
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
