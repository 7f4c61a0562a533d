//! The draft on disk (docs/formats/draft.md): JSON with a PSBT in it, or any standard PSBT in its place.
//!
//! Its context is a claim for people to read; nothing is decided from it. The review comes from the PSBT's bytes.

use serde::{Deserialize, Serialize};

use crate::{
    chain::bitcoin::{Plan, psbt},
    explain::Failure,
    flow::FlowError,
    network::Network,
};

/// Version of the draft file.
const SCHEMA: u32 = 1;

/// What the planning machine said beside the bytes: shown as claimed, never believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftContext {
    /// Name of the wallet there.
    pub wallet: Option<String>,
    /// Name of the account there.
    pub account: Option<String>,
    /// Height of the best block it knew.
    pub tip_height: Option<u32>,
    /// When it was planned, in seconds since 1970.
    pub created: Option<u64>,
}

/// An unsigned payment with its context. It holds no secret and nothing is at stake yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The transaction and what is needed to review and sign it.
    pub plan: Plan,
    /// What the planning machine said.
    pub context: DraftContext,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftFile {
    fastness_draft: u32,
    network: Network,
    psbt: String,
    #[serde(default)]
    context: DraftContext,
}

impl Draft {
    /// Reads a draft or a PSBT (base64, hex, binary). A bare PSBT takes its network from `asked`.
    ///
    /// # Errors
    /// Neither; or no network is known; or the draft is for another network than `asked`.
    pub fn read(bytes: &[u8], asked: Option<Network>) -> Result<Self, Failure> {
        if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            let psbt = psbt::read_psbt(bytes)?;
            let network = asked.ok_or(FlowError::NetworkUnknown)?;
            return Ok(Self { plan: Plan { network, psbt }, context: DraftContext::default() });
        }
        let file: DraftFile = serde_json::from_slice(bytes).map_err(not_a_draft)?;
        if file.fastness_draft != SCHEMA {
            let what = format!("it is of version {}, and this program knows version {SCHEMA}", file.fastness_draft);
            return Err(FlowError::NotADraft(what).into());
        }
        if let Some(wanted) = asked.filter(|wanted| *wanted != file.network) {
            return Err(FlowError::OtherNetwork { found: file.network, wanted }.into());
        }
        let psbt = psbt::read_psbt(file.psbt.as_bytes())?;
        Ok(Self { plan: Plan { network: file.network, psbt }, context: file.context })
    }

    /// The file's text.
    ///
    /// # Errors
    /// Never for a draft that was planned or read here.
    pub fn to_text(&self) -> Result<String, Failure> {
        let file = DraftFile {
            fastness_draft: SCHEMA,
            network: self.plan.network,
            psbt: psbt::to_base64(&self.plan.psbt),
            context: self.context.clone(),
        };
        let text = serde_json::to_string_pretty(&file).map_err(not_a_draft)?;
        Ok(text + "\n")
    }
}

/// A truncated file is the usual reason; the parser's own words could quote the file, so they are not shown.
fn not_a_draft(error: serde_json::Error) -> FlowError {
    FlowError::NotADraft(match error.classify() {
        serde_json::error::Category::Eof => "it ends too early; the copy is not complete".to_owned(),
        _ => format!("line {} is not what a draft holds there", error.line()),
    })
}
