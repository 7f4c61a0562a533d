//! The window itself: an ordered list of explorers, asked one after the other on one thread.
//!
//! Fail-over lives here: who is asked first, who next, who never again. Blocking outside, one current-thread runtime
//! inside. It must not send anything but scripts' hashes, ids and finished transactions. Pools, breakers and quorums
//! belong between [`Explorer::seek`] and the backend, when they come.

use std::{cell::Cell, collections::BTreeMap, time::Duration};

use bitcoin::{BlockHash, OutPoint, ScriptBuf, Transaction, Txid};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

use self::{endpoint::Endpoint, esplora::Esplora, http::Http};
use super::{
    Cause, Claim, ExplorerError, Failure, Failures, ScanAnswer, ScanPlan, ScanProgress, Tip, TxPlace, default_endpoints,
};
use crate::{amount::FeeRate, network::Network, text::SafeText};

mod broadcast;
mod endpoint;
mod esplora;
mod esplora_json;
#[cfg(test)]
mod fake;
mod history;
mod http;
mod limits;
mod reject;
mod retry;
mod scan;
#[cfg(test)]
mod transport_tests;

/// The explorers of one network, in the order in which they are asked.
pub struct Explorer {
    network: Network,
    http: Http,
    endpoints: Vec<Endpoint>,
    /// Whom to ask first: the same one for everything, so that one operator and not all learn a wallet's scripts.
    first: Cell<usize>,
    /// When to look for a transaction after sending it.
    read_back_at: [Duration; 4],
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
struct Found<T> {
    value: Option<T>,
    operators: Vec<SafeText>,
}

impl Explorer {
    /// Checks the addresses of explorers and prepares to ask them; nothing is sent yet.
    /// Without addresses, the public ones of the network ([`default_endpoints`]).
    ///
    /// # Errors
    /// An address that breaks a rule (https, except on this machine and for onion services; no password, query or
    /// fragment; at most 16, none twice), or a system that cannot start a client.
    pub fn connect(network: Network, endpoints: &[String]) -> Result<Self, ExplorerError> {
        let endpoints = match endpoints {
            [] => Endpoint::parse_all(&default_endpoints(network))?,
            named => Endpoint::parse_all(named)?,
        };
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|_| ExplorerError::CannotStart("no event loop"))?;
        Ok(Self {
            network,
            http: Http::new()?,
            endpoints,
            first: Cell::new(0),
            read_back_at: limits::READ_BACK_AT,
            runtime: Engine(Some(runtime)),
        })
    }

    /// Asks for block 0, which must be this network's. Every other question does so too before its first use of a host.
    ///
    /// # Errors
    /// No explorer of this network could be reached.
    pub fn check_chain(&self) -> Result<(), ExplorerError> {
        self.wait(self.ask(limits::NEUTRAL_QUESTION, async |_: Esplora<'_>| Ok(()))).map(|_| ())
    }

    /// Explorers that proved false in this process and are not asked again.
    #[must_use]
    pub fn distrusted(&self) -> Vec<Failure> {
        let failure = |endpoint: &Endpoint| {
            endpoint.barred.get().map(|cause| Failure { operator: endpoint.operator.clone(), cause })
        };
        self.endpoints.iter().filter_map(failure).collect()
    }

    /// The newest block.
    ///
    /// # Errors
    /// No explorer answered, or only false ones.
    pub fn tip(&self) -> Result<Claim<Tip>, ExplorerError> {
        self.wait(self.ask(limits::NEUTRAL_QUESTION, async |host: Esplora<'_>| host.tip().await))
    }

    /// The block at a height, to see whether a block we knew is still there; nothing above the tip.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn block_hash_at(&self, height: u32) -> Result<Claim<Option<BlockHash>>, ExplorerError> {
        let question = async |host: Esplora<'_>| host.block_hash_at(height).await;
        let found = self.wait(self.seek(after(limits::NEUTRAL_QUESTION), question))?;
        Ok(Claim::said_by(found.value, found.operators))
    }

    /// Scans both chains of an account for scripts with a history, up to the gap limit; see [`ScanPlan`].
    ///
    /// # Errors
    /// Any script that no explorer answered fails the scan: an error is never an unused script.
    pub fn scan(
        &self,
        plan: &ScanPlan<'_>,
        progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanAnswer, ExplorerError> {
        self.wait(async {
            let end = after(limits::SCAN);
            let history = async |script: &ScriptBuf| {
                let found = self.seek(end, async |host: Esplora<'_>| host.history(script).await.map(Some)).await?;
                found.single()
            };
            scan::run(plan, progress, history).await
        })
    }

    /// A transaction by its id; its hash was checked here, its witnesses are not covered by it. Nothing if nobody has it.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, ExplorerError> {
        let question = async |host: Esplora<'_>| host.transaction(txid).await;
        self.wait(self.seek(after(limits::TX_QUESTION), question)).map(|found| found.value)
    }

    /// Where a transaction is. Unknown only if everybody who answered has not got it.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn place(&self, txid: Txid) -> Result<Claim<TxPlace>, ExplorerError> {
        let found =
            self.wait(self.seek(after(limits::TX_QUESTION), async |host: Esplora<'_>| host.place(txid).await))?;
        Ok(Claim::said_by(found.value.unwrap_or(TxPlace::Unknown), found.operators))
    }

    /// What spends an output, if anything does. The spender was fetched and does spend it.
    ///
    /// # Errors
    /// As [`Self::tip`], or nobody knows the output.
    pub fn outspend(&self, outpoint: OutPoint) -> Result<Claim<Option<Txid>>, ExplorerError> {
        let question = async |host: Esplora<'_>| host.outspend(outpoint).await;
        let found = self.wait(self.seek(after(limits::TX_QUESTION), question))?;
        Ok(Claim::said_by(found.value, found.operators))
    }

    /// Fee rates by target in blocks; may be empty. A claim: judge it before use.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn fee_rates(&self) -> Result<Claim<BTreeMap<u16, FeeRate>>, ExplorerError> {
        self.wait(self.ask(limits::NEUTRAL_QUESTION, async |host: Esplora<'_>| host.fee_rates().await))
    }

    /// Runs one operation to its end on this thread.
    fn wait<T>(&self, operation: impl Future<Output = Result<T, ExplorerError>>) -> Result<T, ExplorerError> {
        let runtime = self.runtime.0.as_ref().ok_or(ExplorerError::CannotStart("the event loop was stopped"))?;
        runtime.block_on(operation)
    }

    /// The first answer, labelled with who gave it.
    async fn ask<T>(
        &self,
        patience: Duration,
        question: impl AsyncFn(Esplora<'_>) -> Result<T, Cause>,
    ) -> Result<Claim<T>, ExplorerError> {
        let found = self.seek(after(patience), async |host: Esplora<'_>| question(host).await.map(Some)).await?;
        let (value, operator) = found.single()?;
        Ok(Claim::Single { value, operator })
    }

    /// Asks one explorer after the other until one has a value. Each gets an equal part of the time that is left.
    async fn seek<T>(
        &self,
        end: Instant,
        question: impl AsyncFn(Esplora<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<Found<T>, ExplorerError> {
        let (mut failures, mut without) = (Vec::new(), Vec::new());
        for (endpoint, deadline) in self.turns(end) {
            let operator = endpoint.operator.clone();
            match self.ask_one(endpoint, deadline(), &question).await {
                Ok(Some(value)) => return Ok(Found { value: Some(value), operators: vec![operator] }),
                Ok(None) => without.push(operator),
                Err(cause) => failures.push(Failure { operator, cause }),
            }
        }
        if without.is_empty() { Err(self.error_of(failures)) } else { Ok(Found { value: None, operators: without }) }
    }

    /// Every explorer once, the preferred one first, with the deadline it gets when its turn comes.
    fn turns(&self, end: Instant) -> impl Iterator<Item = (&Endpoint, impl Fn() -> Instant)> {
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

    /// One question at one explorer, after its chain was checked.
    async fn ask_one<T>(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        question: impl AsyncFn(Esplora<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        if let Some(cause) = endpoint.barred.get() {
            return Err(cause);
        }
        let host = Esplora { http: &self.http, endpoint, deadline };
        let answer = match host.check_chain(self.network).await {
            Ok(()) => question(host).await,
            Err(cause) => Err(cause),
        };
        if let Err(cause) = &answer {
            self.remember(endpoint, *cause);
        }
        answer
    }

    /// Bars who proved false, and asks somebody else first when a whole host, not one question, failed.
    fn remember(&self, endpoint: &Endpoint, cause: Cause) {
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
    fn error_of(&self, failures: Vec<Failure>) -> ExplorerError {
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
    fn single(mut self) -> Result<(T, SafeText), ExplorerError> {
        self.value.zip(self.operators.pop()).ok_or_else(|| ExplorerError::NoAnswer(Failures::default()))
    }
}

fn after(patience: Duration) -> Instant {
    Instant::now() + patience
}
