//! `message verify`: whether a key or a contract signed a message.
//!
//! A key's signature needs no network. A contract is asked where only a contract can have made the signature, or where a person named
//! the network of one: then up to three nodes run it, all that answer have to say yes, and they are named.

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

/// Who a signature is verified as that of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum SignedBy {
    /// A key.
    Key,
    /// A contract (EIP-1271).
    Contract,
}

/// Why no contract was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotAsked {
    /// No network was named.
    NoNetwork,
    /// `--offline`.
    Offline,
    /// There is none at the address.
    NoContract,
}

#[derive(Serialize)]
pub(crate) struct VerifiedMessage {
    address: String,
    valid: bool,
    signer: SignedBy,
    /// Why only a key was looked for.
    #[serde(skip)]
    not_asked: NotAsked,
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
    let not_asked = match (context.asked_chain()?, context.reach()) {
        (None, _) => NotAsked::NoNetwork,
        (Some(_), NetworkAccess::Offline) => NotAsked::Offline,
        (Some(_), NetworkAccess::Online) => NotAsked::NoContract,
    };
    let may_ask = not_asked == NotAsked::NoContract;
    let by_key = |valid| VerifiedMessage {
        address: evm_text(claimed, chain),
        valid,
        signer: SignedBy::Key,
        not_asked,
        network: None,
        said_by: Vec::new(),
        disputed: false,
        digest: review.digest,
    };
    if contract_signature::is_of_a_contract(&bytes) {
        if !may_ask {
            // What is neither a key's nor that of a contract on a network that was named is told by its form.
            return Ok(by_key(message::recovered(review.digest, &bytes)? == claimed));
        }
        return by_contract(context, chain, claimed, &Question { digest: review.digest, signature: &bytes });
    }
    match message::recovered(review.digest, &bytes) {
        Ok(signer) if signer == claimed => Ok(by_key(true)),
        _ if may_ask && has_code(context, chain, claimed)? => {
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

/// What the contract says, as several nodes run it.
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
        signer: SignedBy::Contract,
        not_asked: NotAsked::NoContract,
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
            (true, SignedBy::Key) => {
                page.toned_field("Valid", (Tone::Proven, &format!("{} signed this message", self.address)))
            }
            (true, _) => {
                page.toned_field("Valid", (Tone::Claimed, &format!("{} takes this signature {by}", self.address)))
            }
            (false, SignedBy::Key) => {
                let text = format!("{} did not sign this message", self.address);
                page.toned_field("INVALID", (Tone::Stop, &text));
                match self.not_asked {
                    NotAsked::NoNetwork => page.line(
                        "  Where it is a contract's address, name its network with --network, and the contract is asked.",
                    ),
                    NotAsked::Offline => page.line("  No contract was asked, as --offline says."),
                    NotAsked::NoContract => page.line("  There is no contract at that address on the network named."),
                }
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
