//! What nodes are asked about a transaction before it is planned: prices, what is at the recipient, gas, what would come of
//! it, and the fees beside gas.
//!
//! Everything here is a claim. It reserves nothing and plans nothing.

use alloy_primitives::U256;

use super::{
    CodeSaid, Simulated,
    planning_context::{PlanningContext, price_note},
    simulate::{reverts, simulate},
};
use crate::{
    amount::Denomination,
    chain::ethereum::{Code, EthereumError, FeeFacts, Snapshot, fund},
    explain::Failure,
    explorer::ethereum::{EvmAccountState, EvmCall, GasAnswer, Matter},
    request::{EvmRequest, EvmValue},
    review::{Evidence, Warning},
    text::SafeText,
};

/// Bytes of a transaction beside its calldata, before it exists: more than any has.
const FRAME: usize = 160;

/// What nodes said beside the account's own state.
pub(super) struct NodeFacts {
    fees: FeeFacts,
    gas_estimate: Option<u64>,
    code_at_to: Code,
    /// Wei, for a transaction of this size and this gas limit, so that `all` leaves enough.
    fees_beside_gas: Option<U256>,
    pub(super) simulated: Option<Simulated>,
    pub(super) notes: Vec<Warning>,
}

impl NodeFacts {
    pub(super) fn ask(
        planning: &PlanningContext<'_>,
        request: &EvmRequest,
        state: &EvmAccountState,
    ) -> Result<Self, Failure> {
        let (fees, notes) = match planning.node.fees() {
            Ok(fees) => (fees.value().clone(), price_note(&fees).into_iter().collect()),
            Err(_) if request.fee.is_named() => {
                (FeeFacts::unknown(state.block, state.block_hash.unwrap_or_default()), Vec::new())
            }
            Err(error) => return Err(error.into()),
        };
        let code_at_to = code_at_to(planning, request)?;
        let mut asked = Self { fees, notes, gas_estimate: None, code_at_to, fees_beside_gas: None, simulated: None };
        let plain = request.to.is_some() && request.data.is_empty() && code_at_to == Code::None;
        if !plain {
            asked.run(planning, request, state)?;
        } else if fund::needs_estimate(planning.chain) {
            asked.gas_estimate = estimate(planning, &call(planning, request, state))?.ok();
        }
        if planning.chain.l1_fee.is_beside_gas() {
            let gas =
                fund::gas_limit(request, &asked.snapshot(planning, state, 0), usize::from(request.delegate.is_some()))?;
            let filler = vec![0xff; FRAME + request.data.len()];
            asked.fees_beside_gas = fees_beside_gas(planning, &filler, gas)?;
        }
        Ok(asked)
    }

    /// What comes of a call, and its gas. One that fails is planned only where the person named the gas, and then stops.
    fn run(
        &mut self,
        planning: &PlanningContext<'_>,
        request: &EvmRequest,
        state: &EvmAccountState,
    ) -> Result<(), Failure> {
        let call = call(planning, request, state);
        // Before a delegation of our own is in force, nothing can be run as it will be.
        if request.delegate.is_none() {
            self.simulated = simulate(planning, &call)?;
        }
        match estimate(planning, &call)? {
            Ok(gas) => self.gas_estimate = Some(gas),
            Err(why) if request.gas_limit.is_some() && request.to.is_some() => {
                self.simulated = Some(Simulated::Fails { why });
            }
            Err(why) => return Err(EthereumError::WouldFail(SafeText::new(&why)).into()),
        }
        Ok(())
    }

    pub(super) fn snapshot(&self, planning: &PlanningContext<'_>, state: &EvmAccountState, nonce: u64) -> Snapshot {
        Snapshot {
            chain: planning.chain,
            from: planning.row.account.address,
            balance: state.balance,
            nonce,
            fees: self.fees.clone(),
            gas_estimate: self.gas_estimate,
            code_at_to: self.code_at_to,
            code_at_from: state.code,
            fees_beside_gas: self.fees_beside_gas,
        }
    }

    /// What is at the recipient, where a transaction has one.
    pub(super) fn code_said(&self, request: &EvmRequest) -> Option<CodeSaid> {
        request.to.map(|_| CodeSaid::from(self.code_at_to))
    }
}

/// What is at the recipient. Where calldata goes there it is asked as a balance is, with proof or of two; where one alone
/// says that there is code and another says that there is none, there is none: that stops.
fn code_at_to(planning: &PlanningContext<'_>, request: &EvmRequest) -> Result<Code, Failure> {
    let Some(to) = request.to else { return Ok(Code::None) };
    if request.data.is_empty() {
        return Ok(planning.node.code(to)?.into_value());
    }
    let state = planning.node.account(to)?;
    let disputed = state.evidence() == Evidence::Said && state.about(Matter::Code).next().is_some();
    Ok(if disputed { Code::None } else { state.value().code })
}

fn call(planning: &PlanningContext<'_>, request: &EvmRequest, state: &EvmAccountState) -> EvmCall {
    let value = match request.value {
        EvmValue::Exactly(value) => value,
        EvmValue::All => state.balance / U256::from(2),
    };
    EvmCall { from: planning.row.account.address, to: request.to, value, data: request.data.clone() }
}

/// What the call costs in gas, as a node reckons by running it; or why it fails.
fn estimate(planning: &PlanningContext<'_>, call: &EvmCall) -> Result<Result<u64, String>, Failure> {
    match planning.node.estimate_gas(call)?.into_value() {
        GasAnswer::Gas(gas) => Ok(Ok(gas)),
        GasAnswer::NotCovered => {
            let denomination = Denomination::new(planning.chain.symbol, planning.chain.decimals);
            let available = planning.node.account(call.from)?.value().balance;
            let needed = denomination.clone().of(call.value).to_string();
            Err(EthereumError::InsufficientFunds { needed, available: denomination.of(available).to_string() }.into())
        }
        GasAnswer::Reverts(revert) => Ok(Err(reverts(planning, call, &revert))),
    }
}

/// What comes beside gas, with a quarter more: its price moves from block to block.
pub(super) fn fees_beside_gas(planning: &PlanningContext<'_>, bytes: &[u8], gas: u64) -> Result<Option<U256>, Failure> {
    let Some(fees) = planning.node.fees_beside_gas(bytes, gas)? else { return Ok(None) };
    let sum = fees.layer1.saturating_add(fees.operator);
    Ok(Some(sum.saturating_add(sum / U256::from(4))))
}
