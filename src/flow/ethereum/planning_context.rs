//! What the planning of an EVM transaction works with, and the notes that go with a plan.
//!
//! Nothing is asked or decided here.

use alloy_json_abi::Error as AbiError;

use crate::{
    chain::ethereum::FeeFacts,
    explorer::{
        EvmExplorer,
        ethereum::{Disagreement, Sourced},
    },
    ledger::{Ledger, ethereum::EvmAccountRow},
    network::EvmChain,
    review::Warning,
};

/// What planning works with.
pub struct PlanningContext<'a> {
    /// The ledger.
    pub ledger: &'a mut Ledger,
    /// The account that pays.
    pub row: &'a EvmAccountRow,
    /// The chain.
    pub chain: &'static EvmChain,
    /// Its nodes.
    pub node: &'a EvmExplorer,
    /// Errors that the person knows of the contract that is called, for telling why it fails.
    pub errors: &'a [AbiError],
}

/// One warning for what operators say otherwise, if they do.
pub(crate) fn note(code: &'static str, what: &str, others: &[Disagreement]) -> Option<Warning> {
    let said: Vec<String> = others.iter().map(ToString::to_string).collect();
    (!said.is_empty()).then(|| Warning { code, text: format!("{what} ({})", said.join("; ")) })
}

/// What is to be told about prices that differ by far.
#[must_use]
pub fn price_note(fees: &Sourced<FeeFacts>) -> Option<Warning> {
    note(
        "fee_spread",
        "operators name very different prices of gas; the median is taken, of two the lower",
        &fees.disagreements,
    )
}
