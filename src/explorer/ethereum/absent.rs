//! The stub on EVM chains: the explorer of a build without a network. The network client's questions, with no way to
//! ask.

use std::convert::Infallible;

use alloy_primitives::{Address, B256, Bytes, U256};

use crate::{
    chain::ethereum::{Code, FeeFacts},
    explorer::{
        Claim, Egress, ExplorerError, HostFailure,
        ethereum::{
            ApprovalSeen, BesideGas, CallOpinion, CallOutcome, EvmAccountState, EvmCall, EvmMovements, EvmVerdict,
            EvmWhereabouts, GasAnswer, IndexerAccess, Sourced, TokenFacts, TokenMoves,
        },
    },
    network::EvmChain,
};

/// Does not exist in this build.
pub struct EvmExplorer(Infallible);

impl EvmExplorer {
    /// Answers that there is no network.
    ///
    /// # Errors
    /// Always [`ExplorerError::NoNetwork`].
    pub fn connect(_chain: &'static EvmChain, _endpoints: &[String]) -> Result<Self, ExplorerError> {
        Err(ExplorerError::NoNetwork)
    }

    /// Unreachable.
    #[must_use]
    pub fn distrusted(&self) -> Vec<HostFailure> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn through(self, _passage: &Egress) -> Result<Self, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn check_chain(&self) -> Result<(), ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn account(&self, _address: Address) -> Result<Sourced<EvmAccountState>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn pending_nonce(&self, _address: Address) -> Result<Option<Sourced<u64>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn code(&self, _address: Address) -> Result<Claim<Code>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn fees(&self) -> Result<Sourced<FeeFacts>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn estimate_gas(&self, _call: &EvmCall) -> Result<Claim<GasAnswer>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn call(&self, _call: &EvmCall) -> Result<Claim<CallOutcome>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn call_at_several(&self, _call: &EvmCall) -> Result<Vec<CallOpinion>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn token_moves(
        &self,
        _call: &EvmCall,
        _recipient: Address,
    ) -> Result<Claim<Option<TokenMoves>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn has_second_source(&self) -> bool {
        match self.0 {}
    }

    /// Unreachable.
    pub fn call_before(&self, _call: &EvmCall, _block: u64) -> Result<Claim<CallOutcome>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn safe_nonce(&self, _address: Address) -> Result<Claim<u64>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn fees_beside_gas(&self, _bytes: &[u8], _gas: u64) -> Result<Option<BesideGas>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn token_balances(
        &self,
        _owner: Address,
        _tokens: &[Address],
    ) -> Result<Sourced<Vec<Option<U256>>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn number(&self, _to: Address, _data: &Bytes) -> Result<Claim<Option<U256>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn token_facts(&self, _token: Address) -> Result<Claim<Option<TokenFacts>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn approvals(&self, _owner: Address) -> Result<Claim<Vec<ApprovalSeen>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn whereabouts(&self, _hash: B256, _from: Address) -> Result<Sourced<EvmWhereabouts>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn send(&self, _raw: &[u8], _hash: B256, _from: Address) -> EvmVerdict {
        match self.0 {}
    }
}

/// Does not exist in this build.
pub struct EvmIndexer(Infallible);

impl EvmIndexer {
    /// Answers that there is no network.
    ///
    /// # Errors
    /// Always [`ExplorerError::NoNetwork`].
    pub fn connect(
        _chain: &'static EvmChain,
        _access: IndexerAccess<'_>,
        _passage: &Egress,
    ) -> Result<Self, ExplorerError> {
        Err(ExplorerError::NoNetwork)
    }

    /// Unreachable.
    pub fn movements(&self, _account: Address, _limit: usize) -> Result<Claim<EvmMovements>, ExplorerError> {
        match self.0 {}
    }
}
