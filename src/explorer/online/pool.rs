//! The explorers of one network on one thread: who is asked first, who next, who never again.
//!
//! Knows addresses and causes, and nothing of what is asked: backends bring the questions. Circuit breakers and quorums
//! belong here, when they come.

use std::{cell::Cell, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

use super::endpoint::Endpoint;
use crate::{
    explorer::{Cause, ExplorerError, Failure, Failures},
    text::SafeText,
};

/// Explorers in the order in which they are asked, and the runtime that asks.
pub(super) struct Pool {
    network: &'static str,
    endpoints: Vec<Endpoint>,
    /// Whom to ask first: the same one for everything, so that one operator and not all learn a wallet's scripts.
    first: Cell<usize>,
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

/// What was found, and who said so: who has the value, or everybody who has none.
pub(super) struct Found<T> {
    pub(super) value: Option<T>,
    pub(super) operators: Vec<SafeText>,
}

impl Pool {
    /// Checks the addresses; nothing is sent yet.
    pub(super) fn new(network: &'static str, endpoints: &[String]) -> Result<Self, ExplorerError> {
        let endpoints = Endpoint::parse_all(endpoints)?;
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            // Timers are looked at after every step: a host that never stops talking must not talk past its deadline.
            .event_interval(1)
            .build()
            .map_err(|_| ExplorerError::CannotStart("no event loop"))?;
        Ok(Self { network, endpoints, first: Cell::new(0), runtime: Engine(Some(runtime)) })
    }

    /// Explorers that proved false in this process and are not asked again.
    pub(super) fn distrusted(&self) -> Vec<Failure> {
        let failure = |endpoint: &Endpoint| {
            endpoint.barred.get().map(|cause| Failure { operator: endpoint.operator.clone(), cause })
        };
        self.endpoints.iter().filter_map(failure).collect()
    }

    /// Runs one operation to its end on this thread.
    pub(super) fn wait<T>(
        &self,
        operation: impl Future<Output = Result<T, ExplorerError>>,
    ) -> Result<T, ExplorerError> {
        let runtime = self.runtime.0.as_ref().ok_or(ExplorerError::CannotStart("the event loop was stopped"))?;
        runtime.block_on(operation)
    }

    /// Asks one explorer after the other until one has a value. Each gets an equal part of the time that is left.
    pub(super) async fn seek<T>(
        &self,
        end: Instant,
        ask: impl AsyncFn(&Endpoint, Instant) -> Result<Option<T>, Cause>,
    ) -> Result<Found<T>, ExplorerError> {
        let (mut failures, mut without) = (Vec::new(), Vec::new());
        for (endpoint, deadline) in self.turns(end) {
            let operator = endpoint.operator.clone();
            match self.judged(endpoint, ask(endpoint, deadline()).await) {
                Ok(Some(value)) => return Ok(Found { value: Some(value), operators: vec![operator] }),
                Ok(None) => without.push(operator),
                Err(cause) => failures.push(Failure { operator, cause }),
            }
        }
        if without.is_empty() { Err(self.error_of(failures)) } else { Ok(Found { value: None, operators: without }) }
    }

    /// Every explorer once, the preferred one first, with the deadline it gets when its turn comes.
    pub(super) fn turns(&self, end: Instant) -> impl Iterator<Item = (&Endpoint, impl Fn() -> Instant)> {
        let count = self.endpoints.len();
        let first = self.first.get();
        (0..count).filter_map(move |turn| {
            let endpoint = self.endpoints.get((first + turn) % count)?;
            let sharing = u32::try_from(count - turn).unwrap_or(1);
            let deadline = move || {
                let now = Instant::now();
                now + end.saturating_duration_since(now) / sharing
            };
            Some((endpoint, deadline))
        })
    }

    /// The answer of one explorer, remembered against it if it failed.
    pub(super) fn judged<T>(&self, endpoint: &Endpoint, answer: Result<T, Cause>) -> Result<T, Cause> {
        answer.inspect_err(|cause| self.remember(endpoint, *cause))
    }

    /// Bars who proved false, and asks somebody else first when a whole host, not one question, failed.
    pub(super) fn remember(&self, endpoint: &Endpoint, cause: Cause) {
        if matches!(cause, Cause::Lied | Cause::WrongChain) {
            endpoint.barred.set(Some(cause));
        }
        let answers_others = matches!(
            cause,
            Cause::Refused(_)
                | Cause::Unsupported
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

    /// The gravest of several failures: a lie, then a wrong chain, then silence.
    pub(super) fn error_of(&self, failures: Vec<Failure>) -> ExplorerError {
        let first_with = |cause| failures.iter().find(|failure| failure.cause == cause).map(|f| f.operator.clone());
        if let Some(operator) = first_with(Cause::Lied) {
            return ExplorerError::Lied { operator };
        }
        if let Some(operator) = first_with(Cause::WrongChain) {
            return ExplorerError::WrongChain { operator, network: self.network };
        }
        ExplorerError::NoAnswer(Failures(failures))
    }
}

impl<T> Found<T> {
    /// The value and the one who gave it.
    pub(super) fn single(mut self) -> Result<(T, SafeText), ExplorerError> {
        self.value.zip(self.operators.pop()).ok_or_else(|| ExplorerError::NoAnswer(Failures::default()))
    }
}

/// So much time from now.
pub(super) fn after(patience: Duration) -> Instant {
    Instant::now() + patience
}
