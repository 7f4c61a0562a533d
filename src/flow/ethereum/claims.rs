//! What a draft's context adds to the review of its bytes: stops and fees that the planning machine learned of from nodes.
//!
//! A claim can stop a person or make the total larger, and never the other way round: where it is missing, that is said.

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};

use super::EvmDraft;
use crate::{
    chain::{
        Chain,
        ethereum::{Code, Ethereum, Ownership, units::native},
    },
    explain::Failure,
    review::{Consent, EvmReview, Warning},
    text::SafeText,
};

/// What nodes said is at the recipient's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CodeSaid {
    /// No code.
    None,
    /// A contract.
    Contract,
    /// A delegation to a contract (EIP-7702).
    Delegation,
}

impl From<Code> for CodeSaid {
    fn from(code: Code) -> Self {
        match code {
            Code::None => Self::None,
            Code::Contract => Self::Contract,
            Code::Delegation(_) => Self::Delegation,
        }
    }
}

/// What came of running the transaction on the newest block, without sending it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "result", deny_unknown_fields)]
pub enum Simulated {
    /// It went through, and what was looked at came out as the sentence says.
    Succeeds,
    /// It would not do what it is for.
    Fails {
        /// Why, in words.
        why: String,
    },
}

/// The review of a draft: from its bytes, with what its context claims of fees and stops.
///
/// # Errors
/// The bytes must not be signed.
pub fn reviewed(draft: &EvmDraft, ours: &Ownership) -> Result<EvmReview, Failure> {
    let mut review = Ethereum::review(&draft.plan, ours)?;
    let context = &draft.context;
    if let Some(beside) = context.fees_beside_gas {
        add_fees(&mut review, beside);
    } else if review.chain.l1_fee.is_beside_gas() {
        let text = "the fee for layer-1 data comes on top and is not known here: it was not asked for".to_owned();
        review.warnings.push(Warning { code: "layer1_fee_unknown", text });
    }
    let Some(to) = review.to.filter(|_| review.data_bytes > 0) else { return Ok(review) };
    let own_delegation = draft.plan.delegate.is_some() && to == review.from;
    if context.code == Some(CodeSaid::None) && !own_delegation {
        review.consents.push(Consent::NoCode { to });
    }
    match &context.simulated {
        Some(Simulated::Fails { why }) => review.consents.push(Consent::Fails { to, why: SafeText::new(why) }),
        Some(Simulated::Succeeds) => {}
        None => {
            let text = "it was not simulated: whether it would go through is not known here".to_owned();
            review.warnings.push(Warning { code: "not_simulated", text });
        }
    }
    Ok(review)
}

fn add_fees(review: &mut EvmReview, beside: U256) {
    if beside.is_zero() {
        return;
    }
    review.fee.beside_gas = Some(native(review.chain, beside));
    review.worst_total = native(review.chain, review.worst_total.value.saturating_add(beside));
}
