//! The network client for EVM chains: questions to an ordered list of nodes, each asked for its chain id first.
//!
//! Blocking outside. It is given addresses, hashes and calls, never a key; what it answers is labelled with its source.

mod block;
mod broadcast;
mod contracts;
#[cfg(test)]
mod fake;
mod fees;
#[cfg(test)]
mod hostile_tests;
mod indexer;
mod jsonrpc;
mod node;
mod quorum;
mod rpc_errors;
mod simulate;
mod state;
mod tx_status;

use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256, address};
use tokio::time::Instant;

pub use self::indexer::EvmIndexer;
use self::{broadcast::READ_BACK_AT, jsonrpc::Rpc, quorum::SOURCES};
use super::transport::{
    endpoint::{Endpoint, Protocol},
    http::{Http, RequestPurpose},
    limits,
    pool::{Audience, Pool, after},
};
use crate::{
    chain::ethereum::Code,
    explorer::{
        Cause, Claim, Egress, ExplorerError, HostFailure, Subject,
        ethereum::{ApprovalSeen, BesideGas, CallOpinion, CallOutcome, EvmCall, GasAnswer, TokenFacts, evm_endpoints},
        health::Lane,
    },
    network::{EvmChain, L1Fee},
};

/// OP-stack's oracle of the fee for layer-1 data (a predeploy).
const OP_ORACLE: Address = address!("420000000000000000000000000000000000000F");
/// Scroll's.
const SCROLL_ORACLE: Address = address!("5300000000000000000000000000000000000002");

/// The nodes of one EVM chain, in the order in which they are asked.
pub struct EvmExplorer {
    chain: &'static EvmChain,
    http: Http,
    pool: Pool,
    /// When to look for a transaction after sending it.
    read_back_at: Vec<Duration>,
    /// How many times longer everything may take: more than once through a proxy.
    slower: u32,
}

impl EvmExplorer {
    /// Checks the addresses of nodes; nothing is sent yet. Without addresses, the public ones of the chain.
    ///
    /// # Errors
    /// An address that breaks a rule, no address at all, or a system that cannot start a client.
    pub fn connect(chain: &'static EvmChain, endpoints: &[String]) -> Result<Self, ExplorerError> {
        let defaults = evm_endpoints(chain);
        let endpoints = if endpoints.is_empty() { &defaults } else { endpoints };
        if endpoints.is_empty() {
            return Err(ExplorerError::NoEndpoint { network: chain.name });
        }
        let mut pool = Pool::new(chain.name, endpoints)?;
        // As many as compare what they say.
        pool.sources = SOURCES;
        Ok(Self { chain, http: Http::new(&Egress::default())?, pool, read_back_at: READ_BACK_AT.to_vec(), slower: 1 })
    }

    /// The same, by another way out.
    ///
    /// # Errors
    /// A system that cannot start a client.
    pub fn through(mut self, egress: &Egress) -> Result<Self, ExplorerError> {
        self.http = Http::new(egress)?;
        self.pool.remember_in(&egress.book);
        self.slower = if egress.proxy.is_some() { limits::PROXY_FACTOR } else { 1 };
        Ok(self)
    }

    /// Nodes that proved false in this process and are not asked again.
    #[must_use]
    pub fn distrusted(&self) -> Vec<HostFailure> {
        self.pool.distrusted()
    }

    /// Asks for the chain id, which must be this chain's. Every other question does so too before its first use of a node.
    ///
    /// # Errors
    /// No node of this chain could be reached.
    pub fn check_chain(&self) -> Result<(), ExplorerError> {
        self.ask(None, async |_: Rpc<'_>| Ok(())).map(|_| ())
    }

    /// What is behind an address.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn code(&self, address: Address) -> Result<Claim<Code>, ExplorerError> {
        self.ask(Some(address), async |node: Rpc<'_>| node.code(address).await)
    }

    /// What a call would cost.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn estimate_gas(&self, call: &EvmCall) -> Result<Claim<GasAnswer>, ExplorerError> {
        self.ask(Some(call.from), async |node: Rpc<'_>| node.estimate_gas(call).await)
    }

    /// Runs a call on the newest block.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn call(&self, call: &EvmCall) -> Result<Claim<CallOutcome>, ExplorerError> {
        self.ask(Some(call.from), async |node: Rpc<'_>| node.call(call, "latest").await)
    }

    /// What a call that names no account of ours returns, as each of several operators runs it.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn call_at_several(&self, call: &EvmCall) -> Result<Vec<CallOpinion>, ExplorerError> {
        self.pool.wait(async {
            let heard = self.hear(2, async |node: Rpc<'_>| node.neutral().call(call, "latest").await).await;
            if heard.said.is_empty() {
                return Err(self.pool.error_of(heard.failures));
            }
            let opinion =
                |(host, outcome): (&Endpoint, CallOutcome)| CallOpinion { operator: host.operator.clone(), outcome };
            Ok(heard.said.into_iter().map(opinion).collect())
        })
    }

    /// Runs a call as it stood before a block, to learn why a mined transaction failed.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn call_before(&self, call: &EvmCall, block: u64) -> Result<Claim<CallOutcome>, ExplorerError> {
        let before = format!("{:#x}", block.saturating_sub(1));
        self.ask(Some(call.from), async |node: Rpc<'_>| node.call(call, &before).await)
    }

    /// The nonce that an address has reached at the block that the chain calls safe.
    ///
    /// # Errors
    /// No node answered, or the chain knows no such block.
    pub fn safe_nonce(&self, address: Address) -> Result<Claim<u64>, ExplorerError> {
        self.ask(Some(address), async |node: Rpc<'_>| node.nonce_at(address, "safe").await)
    }

    /// The fees that a transaction of these bytes and this gas limit pays beside gas; nothing on chains without any. The
    /// operator's exists since the Isthmus upgrade, and is 0 on a chain that has not got it.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn fees_beside_gas(&self, bytes: &[u8], gas: u64) -> Result<Option<BesideGas>, ExplorerError> {
        let oracle = match self.chain.l1_fee {
            L1Fee::None | L1Fee::InGas => return Ok(None),
            L1Fee::OpStack => OP_ORACLE,
            L1Fee::Scroll => SCROLL_ORACLE,
        };
        let (layer1, operator) = (contracts::l1_fee_call(bytes), contracts::operator_fee_call(gas));
        let fees = self.ask(None, async |node: Rpc<'_>| {
            let layer1 = contracts::number(node, oracle, layer1.clone()).await?.ok_or(Cause::Unsupported)?;
            let operator = match self.chain.l1_fee {
                L1Fee::OpStack => contracts::number(node, oracle, operator.clone()).await?.unwrap_or_default(),
                _ => U256::ZERO,
            };
            Ok(BesideGas { layer1, operator })
        })?;
        Ok(Some(fees.into_value()))
    }

    /// True where several operators can be asked: then one alone ends no wait and frees no nonce.
    #[must_use]
    pub fn has_second_source(&self) -> bool {
        self.pool.organisations() > 1
    }

    /// A number that a contract answers to a call, such as an allowance; nothing where it does not answer with one.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn number(&self, to: Address, data: &Bytes) -> Result<Claim<Option<U256>>, ExplorerError> {
        self.ask(first_address(data), async |node: Rpc<'_>| contracts::number(node, to, data.clone()).await)
    }

    /// What a token says about itself; nothing if it is none.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn token_facts(&self, token: Address) -> Result<Claim<Option<TokenFacts>>, ExplorerError> {
        self.ask(None, async |node: Rpc<'_>| contracts::token_facts(node, token).await)
    }

    /// Allowances that an account ever gave, from the events of its whole history as far as the node keeps and serves it.
    ///
    /// # Errors
    /// No node answered, or only false ones.
    pub fn approvals(&self, owner: Address) -> Result<Claim<Vec<ApprovalSeen>>, ExplorerError> {
        self.ask(Some(owner), async |node: Rpc<'_>| contracts::approvals(node, owner).await)
    }

    /// The first answer, labelled with its source.
    fn ask<T>(
        &self,
        about: Option<Address>,
        question: impl AsyncFn(Rpc<'_>) -> Result<T, Cause>,
    ) -> Result<Claim<T>, ExplorerError> {
        let about = about.map(|address| Subject::Account(format!("{address:x}")));
        let audience = if about.is_some() { Audience::Sources } else { Audience::Anybody };
        let found = self.seek(limits::TX_QUESTION, audience, async |node: Rpc<'_>| {
            question(Rpc { about: about.as_ref(), ..node }).await.map(Some)
        })?;
        let (value, operator) = found.single()?;
        Ok(Claim::Single { value, operator })
    }

    /// Says what a node is about to be told.
    fn tell(&self, node: Rpc<'_>, subject: Subject) {
        self.http.tell(self.chain.name, &node.endpoint.operator, subject);
    }

    fn seek<T>(
        &self,
        patience: Duration,
        audience: Audience,
        question: impl AsyncFn(Rpc<'_>) -> Result<Option<T>, Cause>,
    ) -> Result<super::transport::pool_answer::PoolAnswer<T>, ExplorerError> {
        let ask = async |endpoint: &Endpoint, deadline: Instant| self.ask_one(endpoint, deadline, &question).await;
        self.pool.wait(self.pool.seek(after(patience), audience, ask))
    }

    /// One question at one node, after its chain id was compared.
    async fn ask_one<T>(
        &self,
        endpoint: &Endpoint,
        deadline: Instant,
        question: impl AsyncFn(Rpc<'_>) -> Result<T, Cause>,
    ) -> Result<T, Cause> {
        endpoint.gate(Lane::Read)?;
        if endpoint.kind != Protocol::Esplora {
            return Err(Cause::Unsupported);
        }
        let about = None;
        let node = Rpc {
            http: &self.http,
            endpoint,
            deadline,
            purpose: RequestPurpose::Read,
            network: self.chain.name,
            about,
        };
        node.neutral().check_chain(self.chain).await?;
        question(node).await
    }
}

/// The address that a call's first argument names, if it can be one.
fn first_address(data: &[u8]) -> Option<Address> {
    let word = data.get(4..36)?;
    let (zeros, address) = word.split_at(12);
    zeros.iter().all(|byte| *byte == 0).then(|| Address::from_slice(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_that_ship_keep_the_rules_for_addresses() {
        for chain in EvmChain::all() {
            assert!(EvmExplorer::connect(chain, &[]).is_ok(), "{}", chain.name);
        }
    }
}
