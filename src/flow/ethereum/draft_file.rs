//! The Ethereum draft on disk (docs/formats/draft.md): JSON with the unsigned EIP-2718 bytes, or those bytes alone.
//!
//! Its context is a claim of the planning machine for people to read; nothing is decided from it. What is shown comes from
//! the bytes.

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::{Deserialize, Serialize};

use super::claims::{CodeSaid, Simulated};
use crate::{
    chain::ethereum::Plan,
    explain::Failure,
    flow::FlowError,
    network::{AnyNetwork, EvmChain},
};

/// Version of the draft file.
const SCHEMA: u32 = 1;
/// A node takes no larger transaction (geth's txMaxSize is 128 KiB).
const MAX_UNSIGNED_BYTES: usize = 128 * 1024;
/// Function signatures that a draft may carry.
const MAX_SIGNATURES: usize = 8;

/// What the planning machine said beside the bytes: shown as claimed, never believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvmContext {
    /// Name of the wallet there.
    pub wallet: Option<String>,
    /// Name of the account there.
    pub account: Option<String>,
    /// Fingerprint of the master key and path of the key that is to sign: where to look, checked against the address.
    pub fingerprint: Option<String>,
    /// As above.
    pub path: Option<String>,
    /// Number of the newest block that it knew.
    pub block: Option<u64>,
    /// Hash of that block.
    pub block_hash: Option<B256>,
    /// Native balance there, as text.
    pub balance: Option<String>,
    /// The node that said so.
    pub said_by: Option<String>,
    /// Fees beside gas in wei, for layer-1 data and to the operator; nothing where the chain has none, or none was
    /// asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fees_beside_gas: Option<U256>,
    /// What is behind the recipient, in words.
    pub recipient: Option<String>,
    /// What nodes said is at the recipient's address; nothing where they were not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeSaid>,
    /// What came of running it on the newest block; nothing where it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<Simulated>,
    /// The contract whose code the sending account runs (EIP-7702).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegates_to: Option<String>,
    /// Function signatures that were typed there.
    #[serde(default)]
    pub signatures: Vec<String>,
    /// When it was planned, in seconds since 1970.
    pub created: Option<u64>,
}

/// An unsigned transaction with its context. It holds no secret and nothing is at stake yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvmDraft {
    /// The transaction.
    pub plan: Plan,
    /// What the planning machine said.
    pub context: EvmContext,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftFile {
    fastness_draft: u32,
    network: &'static EvmChain,
    from: Address,
    unsigned: Bytes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delegate: Option<Address>,
    #[serde(default)]
    context: EvmContext,
}

#[derive(Deserialize)]
struct Peek {
    network: Option<String>,
}

/// The network that a fastness file names, if the bytes are one.
#[must_use]
pub fn network_of_file(bytes: &[u8]) -> Option<AnyNetwork> {
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return None;
    }
    let peek: Peek = serde_json::from_slice(bytes).ok()?;
    peek.network?.parse().ok()
}

impl EvmDraft {
    /// Reads a draft of an EVM chain.
    ///
    /// # Errors
    /// It is none, or for another network than `asked`.
    pub fn read(bytes: &[u8], asked: Option<AnyNetwork>) -> Result<Self, Failure> {
        let file: DraftFile = serde_json::from_slice(bytes).map_err(|error| not_a_draft(&error))?;
        if file.fastness_draft != SCHEMA {
            let what = format!("it is of version {}, and this program knows version {SCHEMA}", file.fastness_draft);
            return Err(FlowError::NotADraft(what).into());
        }
        if let Some(wanted) = asked.filter(|wanted| *wanted != AnyNetwork::Evm(file.network)) {
            return Err(FlowError::OtherChain { found: file.network.name, wanted: wanted.name() }.into());
        }
        if file.unsigned.len() > MAX_UNSIGNED_BYTES || file.context.signatures.len() > MAX_SIGNATURES {
            return Err(FlowError::NotADraft("it is larger than any transaction".to_owned()).into());
        }
        let plan =
            Plan { chain: file.network, from: file.from, unsigned: file.unsigned.to_vec(), delegate: file.delegate };
        Ok(Self { plan, context: file.context })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a draft that was planned or read here.
    pub fn to_text(&self) -> Result<String, Failure> {
        let file = DraftFile {
            fastness_draft: SCHEMA,
            network: self.plan.chain,
            from: self.plan.from,
            unsigned: self.plan.unsigned.clone().into(),
            delegate: self.plan.delegate,
            context: self.context.clone(),
        };
        Ok(serde_json::to_string_pretty(&file).map_err(|error| not_a_draft(&error))? + "\n")
    }
}

/// A truncated file is the usual reason; the parser's own words could quote the file, so they are not shown.
fn not_a_draft(error: &serde_json::Error) -> FlowError {
    FlowError::NotADraft(match error.classify() {
        serde_json::error::Category::Eof => "it ends too early; the copy is not complete".to_owned(),
        _ => format!("line {} is not what a draft of an Ethereum transaction holds there", error.line()),
    })
}
