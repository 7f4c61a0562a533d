//! The network client for Bitcoin: questions, put to an ordered list of explorers.
//!
//! Blocking outside, one current-thread runtime inside (transport/pool.rs, which also holds the fail-over). It must not
//! send anything but scripts' hashes, ids and finished transactions.

use std::{cell::RefCell, rc::Rc, time::Duration};

use bitcoin::{BlockHash, ScriptBuf, Transaction, Txid};
use tokio::time::Instant;

use self::{
    backend::Host,
    core_rpc::memory::NodeMemory,
    header_cache::SeenBlocks,
    questions::{Pace, ScriptQuery},
};
use super::transport::{
    endpoint::{Endpoint, Protocol},
    http::Http,
    pool::{Audience, Pool, after},
    pool_answer::PoolAnswer,
};
use crate::{
    explorer::{
        Cause, Claim, Egress, ExplorerError, HostFailure, NodeLogin,
        bitcoin::{ScanAnswer, ScanPlan, ScanProgress, Sending, Tip, default_endpoints},
        health::{Gate, Lane},
    },
    network::Network,
    text::SafeText,
};

mod backend;
mod block_at_height;
mod broadcast;
mod core_rpc;
mod cross_check;
mod electrum;
mod esplora;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod fault_tests;
mod header_cache;
mod history;
mod proofs;
mod questions;
mod quorum;
#[cfg(test)]
mod real_tests;
mod scan;
#[cfg(test)]
mod scan_ownership_tests;
mod tx_cache;

/// The explorers of one network, in the order in which they are asked.
pub struct Explorer {
    network: Network,
    http: Http,
    pool: Pool,
    /// Headers seen since the tip was asked for last.
    seen: RefCell<SeenBlocks>,
    /// When to look for a transaction after sending it.
    read_back_at: [Duration; 5],
    /// How many learn of what is sent.
    sending: Sending,
}

impl Explorer {
    /// Checks the addresses of explorers and prepares to ask them; nothing is sent yet.
    /// Without addresses, the public ones of the network ([`default_endpoints`]).
    ///
    /// # Errors
    /// An address that breaks a rule (https, except on this machine and for onion services; no password, query or
    /// fragment; at most 16, none twice), or a system that cannot start a client.
    pub fn connect(network: Network, endpoints: &[String]) -> Result<Self, ExplorerError> {
        let defaults = default_endpoints(network);
        let pool = Pool::new(network.name(), if endpoints.is_empty() { &defaults } else { endpoints })?;
        let read_back_at = if network == Network::Regtest {
            super::transport::limits::PRACTICE_LOOK_AT
        } else {
            super::transport::limits::LOOK_AT
        };
        let (http, seen, sending) = (Http::new(&Egress::default())?, RefCell::default(), Sending::Widely);
        Ok(Self { network, http, pool, seen, read_back_at, sending })
    }

    /// The one form of an address by which two spellings of it are compared; nothing is sent.
    ///
    /// # Errors
    /// Which rule it breaks.
    pub fn normal_address(text: &str) -> Result<String, &'static str> {
        Endpoint::parse(text).map(|endpoint| endpoint.normal())
    }

    /// The same, by another way out.
    ///
    /// # Errors
    /// A system that cannot start a client.
    pub fn through(mut self, egress: &Egress) -> Result<Self, ExplorerError> {
        self.http = Http::new(egress)?;
        self.pool.remember_in(&egress.book);
        Ok(self)
    }

    /// The same, sending in this way.
    #[must_use]
    pub const fn sending(mut self, sending: Sending) -> Self {
        self.sending = sending;
        self
    }

    /// True if one of them is a person's own node, which asks for a login.
    #[must_use]
    pub fn has_node(&self) -> bool {
        self.pool.endpoints().iter().any(|endpoint| endpoint.kind == Protocol::Core)
    }

    /// True if none of them is ever asked anything.
    #[must_use]
    pub fn is_for_sending_only(&self) -> bool {
        !self.pool.endpoints().iter().any(|endpoint| endpoint.kind.answers())
    }

    /// The same with a name and a password for the nodes in the list; no other host is ever shown them.
    #[must_use]
    pub fn with_login(self, login: NodeLogin) -> Self {
        let login = Rc::new(login);
        for endpoint in self.pool.endpoints().iter().filter(|endpoint| endpoint.kind == Protocol::Core) {
            // Given before the first question, and once.
            if let Ok(node) = endpoint.memory::<NodeMemory>() {
                let _ = node.login.set(Rc::clone(&login));
            }
        }
        self
    }

    /// Asks for block 0, which must be this network's. Every other question does so too before its first use of a host.
    ///
    /// # Errors
    /// No explorer of this network could be reached.
    pub fn check_chain(&self) -> Result<(), ExplorerError> {
        self.wait(self.ask(super::transport::limits::NEUTRAL_QUESTION, async |_: Host<'_>| Ok(()))).map(|_| ())
    }

    /// Explorers that proved false in this process and are not asked again.
    #[must_use]
    pub fn distrusted(&self) -> Vec<HostFailure> {
        self.pool.distrusted()
    }

    /// What a host said was found to be false by a caller that can check more than this module: it is not asked again.
    pub fn distrust(&self, host: &SafeText) {
        let named = self.pool.endpoints().iter().filter(|endpoint| endpoint.operator == *host);
        named.for_each(|endpoint| self.pool.remember(endpoint, Cause::Lied));
    }

    /// The newest block.
    ///
    /// # Errors
    /// No explorer answered, or only false ones.
    pub fn tip(&self) -> Result<Claim<Tip>, ExplorerError> {
        let claim = self.wait(self.ask(super::transport::limits::NEUTRAL_QUESTION, async |host: Host<'_>| {
            let top = host.top().await?;
            host.endpoint().saw_tip(top.0.height);
            Ok(top)
        }))?;
        let Claim::Single { value: (tip, headers), operator } = claim else {
            return Err(ExplorerError::NoAnswer(crate::explorer::HostFailures::default()));
        };
        let mut seen = self.seen.borrow_mut();
        seen.begin();
        let below = u32::try_from(headers.len()).unwrap_or(u32::MAX);
        seen.add(tip.height.saturating_add(1).saturating_sub(below), &headers);
        Ok(Claim::Single { value: tip, operator })
    }

    /// When the newest block was made, as its header states in seconds since 1970; nothing before the tip was asked for.
    #[must_use]
    pub fn newest_time(&self) -> Option<u32> {
        self.seen.borrow().newest_time()
    }

    /// The block at a height, to see whether a block we knew is still there; nothing above the tip.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn block_hash_at(&self, height: u32) -> Result<Claim<Option<BlockHash>>, ExplorerError> {
        if let Some(seen) = self.seen.borrow().hash_at(height) {
            return Ok(Claim::Proven(Some(seen)));
        }
        let question = async |host: Host<'_>| host.block_hash_at(height).await;
        let found =
            self.wait(self.seek_among(after(super::transport::limits::NEUTRAL_QUESTION), Audience::Anybody, question))?;
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
            // Each question has its own time: how long a scan takes depends on how much there is to ask.
            let ask = async |asked: &[ScriptQuery]| {
                let question = async |host: Host<'_>| host.histories(asked).await.map(Some);
                self.seek(after(super::transport::limits::SCAN), question).await?.single()
            };
            let pace = match scan::first_window(plan)? {
                Some(first) => self.first_pace(&first, after(super::transport::limits::SCAN)).await?,
                None => self.pace(after(super::transport::limits::SCAN)).await?,
            };
            scan::run(plan, pace, progress, ask).await
        })
    }

    /// How many scripts the explorer that is asked first takes in one question.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn scripts_together(&self) -> Result<usize, ExplorerError> {
        self.wait(async { Ok(self.pace(after(super::transport::limits::TX_QUESTION)).await?.together) })
    }

    async fn first_pace(&self, first: &[ScriptBuf], end: Instant) -> Result<Pace, ExplorerError> {
        let found = self.seek(end, async |host: Host<'_>| host.first_pace(first).await.map(Some)).await?;
        Ok(found.value.unwrap_or(Pace::SINGLE))
    }

    async fn pace(&self, end: Instant) -> Result<Pace, ExplorerError> {
        let found = self.seek(end, async |host: Host<'_>| host.pace().await.map(Some)).await?;
        Ok(found.value.unwrap_or(Pace::SINGLE))
    }

    /// A transaction by its id; its hash was checked here, which covers no witness. Nothing if no host has it.
    ///
    /// # Errors
    /// As [`Self::tip`].
    pub fn transaction(&self, txid: Txid) -> Result<Option<Transaction>, ExplorerError> {
        let question = async |host: Host<'_>| host.transaction(txid).await;
        self.wait(self.seek(after(super::transport::limits::TX_QUESTION), question)).map(|found| found.value)
    }

    /// Runs one operation to its end on this thread.
    fn wait<T>(&self, operation: impl Future<Output = Result<T, ExplorerError>>) -> Result<T, ExplorerError> {
        self.pool.wait(operation)
    }

    /// The first answer to what names nothing of ours, labelled with its source.
    async fn ask<T>(
        &self,
        patience: Duration,
        question: impl AsyncFn(Host<'_>) -> Result<T, Cause>,
    ) -> Result<Claim<T>, ExplorerError> {
        let question = async |host: Host<'_>| question(host).await.map(Some);
        let found = self.seek_among(after(patience), Audience::Anybody, question).await?;
        let (value, operator) = found.single()?;
        Ok(Claim::Single { value, operator })
    }

    /// Asks one explorer after the other until one has a value, about something of ours.
    async fn seek<T>(
        &self,
        end: Instant,
        question: impl AsyncFn(Host<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<PoolAnswer<T>, ExplorerError> {
        self.seek_among(end, Audience::Sources, question).await
    }

    /// The same of one or the other kind. Each gets an equal part of the time that is left.
    async fn seek_among<T>(
        &self,
        end: Instant,
        audience: Audience,
        question: impl AsyncFn(Host<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<PoolAnswer<T>, ExplorerError> {
        let ask = async |endpoint: &Endpoint, deadline| self.ask_one(endpoint, deadline, &question).await;
        self.pool.seek(end, audience, ask).await
    }

    /// What names nothing of ours, to the first host that answers.
    async fn race<T>(
        &self,
        end: Instant,
        question: impl AsyncFn(Host<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<PoolAnswer<T>, ExplorerError> {
        self.pool.race(end, async |endpoint, deadline| self.ask_one(endpoint, deadline, &question).await).await
    }

    /// One question at one explorer, after its chain was checked.
    async fn ask_one<T>(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        question: impl AsyncFn(Host<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        let gate = endpoint.gate(Lane::Read)?;
        let host = Host::at(&self.http, endpoint, deadline, self.network).ok_or(Cause::Unsupported)?;
        host.check_chain().await?;
        if gate == Gate::HalfOpen {
            // One question that names nothing finds out whether it is back.
            host.top().await?;
        }
        question(host).await
    }
}
