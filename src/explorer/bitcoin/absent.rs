//! The stub: the explorer of a build without a network. The network client's questions, with no way to ask one.
//!
//! Nothing can make this `Explorer`, so every method below is unreachable by type, not by promise.

use std::convert::Infallible;

use bitcoin::{BlockHash, OutPoint, Transaction, Txid};

use crate::{
    amount::FeeRate,
    explorer::{
        Claim, Egress, ExplorerError, HostFailure, NodeLogin,
        bitcoin::{
            BlockAtHeight, BlockRef, CrossCheckScript, FeeAdvice, FeeBand, Heights, Opinion, Placed, ScanAnswer,
            ScanPlan, ScanProgress, Sending, Tip, Verdict,
        },
    },
    network::Network,
    text::SafeText,
};

/// Does not exist in this build.
pub struct Explorer(Infallible);

impl Explorer {
    /// Answers that there is no network.
    ///
    /// # Errors
    /// Always [`ExplorerError::NoNetwork`].
    pub fn connect(_network: Network, _endpoints: &[String]) -> Result<Self, ExplorerError> {
        Err(ExplorerError::NoNetwork)
    }

    /// Answers that this build knows no addresses.
    ///
    /// # Errors
    /// Always.
    pub fn normal_address(_text: &str) -> Result<String, &'static str> {
        Err("is for the build with a network")
    }

    /// Unreachable.
    pub fn check_chain(&self) -> Result<(), ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn through(self, _passage: &Egress) -> Result<Self, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub const fn sending(self, _sending: Sending) -> Self {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn has_node(&self) -> bool {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn is_for_sending_only(&self) -> bool {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn with_login(self, _login: NodeLogin) -> Self {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn distrusted(&self) -> Vec<HostFailure> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn distrust(&self, _host: &SafeText) {
        match self.0 {}
    }

    /// Unreachable.
    pub fn tip(&self) -> Result<Claim<Tip>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn newest_time(&self) -> Option<u32> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn block_hash_at(&self, _height: u32) -> Result<Claim<Option<BlockHash>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn standing_at(&self, _height: u32) -> Result<BlockAtHeight, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn heights(&self) -> Result<Heights, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn scan(
        &self,
        _plan: &ScanPlan<'_>,
        _progress: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanAnswer, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn scripts_together(&self) -> Result<usize, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn has_second_source(&self) -> bool {
        match self.0 {}
    }

    /// Unreachable.
    pub fn second_opinion(
        &self,
        _primary: &SafeText,
        _scripts: &[CrossCheckScript],
    ) -> Result<Option<Opinion>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn transaction(&self, _txid: Txid) -> Result<Option<Transaction>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn bytes(&self, _txid: Txid) -> Result<Claim<Option<Transaction>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn place(&self, _txid: Txid) -> Result<Placed, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn outspend(&self, _outpoint: OutPoint) -> Result<Claim<Option<Txid>>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn incremental_relay(&self) -> Option<FeeRate> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn fee_advice(&self, _targets: &[u16]) -> Result<Vec<FeeAdvice>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn mempool_histogram(&self) -> Option<Claim<Vec<FeeBand>>> {
        match self.0 {}
    }

    /// Unreachable.
    pub fn prove(&self, _transactions: &[(Transaction, BlockRef)], _tip: u32) -> Result<Vec<bool>, ExplorerError> {
        match self.0 {}
    }

    /// Unreachable.
    #[must_use]
    pub fn broadcast(&self, _raw: &[u8], _expected: Txid) -> Verdict {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_way_out() {
        let answer = Explorer::connect(Network::Regtest, &["http://127.0.0.1:3002".to_owned()]);
        assert_eq!(answer.err(), Some(ExplorerError::NoNetwork));
    }
}
