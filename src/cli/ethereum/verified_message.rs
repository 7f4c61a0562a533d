//! `message verify`: whether a key or a contract signed a message.
//!
//! A key's signature needs no network. A contract is asked where only a contract can have made the signature, or where a person named
//! the network of one: then a node answers for it, and is named.

use alloy_primitives::{Address, B256, U256};
use fastness::{
    address::evm_text,
    chain::ethereum::{
        Code, EthereumError, contract_signature,
        message::{self, MessageReview},
    },
    explain::{Failure, Kind},
    explorer::ethereum::{CallOpinion, CallOutcome, EvmCall},
    network::EvmChain,
    text::SafeText,
};
use serde::Serialize;

use crate::cli::{
    context::{Context, NetworkAccess},
    page::{Page, Tone},
    report::Report,
};

#[derive(Serialize)]
pub(crate) struct VerifiedMessage {
    address: String,
    valid: bool,
    /// `key`, or `contract` (EIP-1271).
    signer: &'static str,
    /// The chain that a contract was asked on.
    network: Option<&'static str>,
    /// The nodes that answered for it.
    said_by: Vec<SafeText>,
    /// Whether they do not agree: then it is not valid.
    disputed: bool,
    digest: B256,
}

/// A signature and whose it is said to be.
pub(crate) struct ClaimedSignature<'a> {
    /// The address.
    pub(crate) address: Address,
    /// The signature in hex.
    pub(crate) signature: &'a str,
}

/// Whether an address signed a message.
pub(crate) fn verified(
    context: &mut Context,
    chain: &'static EvmChain,
    review: &MessageReview,
    claim: &ClaimedSignature<'_>,
) -> Result<VerifiedMessage, Failure> {
    let ClaimedSignature { address: claimed, signature } = *claim;
    let bytes = contract_signature::bytes_of(signature)?;
    let by_key = |valid| VerifiedMessage {
        address: evm_text(claimed, chain),
        valid,
        signer: "key",
        network: None,
        said_by: Vec::new(),
        disputed: false,
        digest: review.digest,
    };
    let is_named = context.asked_chain()?.is_some() && context.reach() == NetworkAccess::Online;
    if contract_signature::is_of_a_contract(&bytes) {
        if !is_named {
            // What is neither a key's nor that of a contract on a network that was named is told by its form.
            return Ok(by_key(message::recovered(review, signature)? == claimed));
        }
        return by_contract(context, chain, claimed, &Question { digest: review.digest, signature: &bytes });
    }
    match message::recovered(review, signature) {
        Ok(signer) if signer == claimed => Ok(by_key(true)),
        _ if is_named && has_code(context, chain, claimed)? => {
            by_contract(context, chain, claimed, &Question { digest: review.digest, signature: &bytes })
        }
        other => Ok(by_key(other? == claimed)),
    }
}

fn has_code(context: &mut Context, chain: &'static EvmChain, address: Address) -> Result<bool, Failure> {
    Ok(*context.node(chain)?.code(address)?.value() != Code::None)
}

/// What a contract is asked.
struct Question<'a> {
    digest: B256,
    signature: &'a [u8],
}

/// What the contract says, as one node runs it.
fn by_contract(
    context: &mut Context,
    chain: &'static EvmChain,
    claimed: Address,
    question: &Question<'_>,
) -> Result<VerifiedMessage, Failure> {
    let asked = contract_signature::call(claimed, question.digest, question.signature)?;
    if asked.to.is_some() && !has_code(context, chain, claimed)? {
        return Err(EthereumError::Signature(
            "it is no key's, and there is no contract at that address on this network",
        )
        .into());
    }
    let call = EvmCall { from: Address::ZERO, to: asked.to, value: U256::ZERO, data: asked.data };
    let opinions = context.node(chain)?.call_at_several(&call)?;
    let takes = |opinion: &CallOpinion| matches!(&opinion.outcome, CallOutcome::Returned(data) if contract_signature::is_taken(data));
    let yes = opinions.iter().filter(|opinion| takes(opinion)).count();
    let (valid, disputed) = (yes == opinions.len(), yes > 0 && yes < opinions.len());
    let said_by = opinions.into_iter().map(|opinion| opinion.operator).collect();
    Ok(VerifiedMessage {
        address: evm_text(claimed, chain),
        valid,
        signer: "contract",
        network: Some(chain.name),
        said_by,
        disputed,
        digest: question.digest,
    })
}

impl Report for VerifiedMessage {
    fn page(&self, page: &mut Page) {
        let hosts: Vec<&str> = self.said_by.iter().map(SafeText::as_str).collect();
        let network = self.network.unwrap_or_default();
        let by = match hosts.as_slice() {
            [one] => format!("on {network}, as {one} alone runs it"),
            several => format!("on {network}, as {} run it", several.join(" and ")),
        };
        match (self.valid, self.signer) {
            (true, "key") => {
                page.toned_field("Valid", (Tone::Proven, &format!("{} signed this message", self.address)))
            }
            (true, _) => {
                page.toned_field("Valid", (Tone::Claimed, &format!("{} takes this signature {by}", self.address)))
            }
            (false, "key") => {
                let text = format!("{} did not sign this message", self.address);
                page.toned_field("INVALID", (Tone::Stop, &text));
                page.line(
                    "  Where it is a contract's address, name its network with --network, and the contract is asked.",
                );
            }
            (false, _) if self.disputed => {
                let text =
                    format!("nodes do not agree whether {} takes this signature ({})", self.address, hosts.join(", "));
                page.toned_field("INVALID", (Tone::Stop, &text));
            }
            (false, _) => {
                let text = format!("{} does not take this signature, or is not there, {by}", self.address);
                page.toned_field("INVALID", (Tone::Stop, &text));
            }
        }
    }

    fn exit_code(&self) -> u8 {
        if self.valid { 0 } else { Kind::Verification.exit_code() }
    }
}
