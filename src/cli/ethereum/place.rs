//! Where a transaction of an EVM chain is, as `track` tells it.

use alloy_primitives::B256;
use fastness::{
    amount::Denomination,
    explain::Kind,
    explorer::ethereum::Disagreement,
    flow::ethereum::EvmTracked,
    network::EvmChain,
    review::{Depth, Evidence, EvmStatus, ExecutionOutcome},
};
use serde::Serialize;

use super::evidence::write_disagreements;
use crate::cli::{
    page::{Page, Tone},
    report::Report,
};

/// Where a transaction is.
#[derive(Serialize)]
pub(crate) struct EvmPlace {
    id: B256,
    network: &'static EvmChain,
    status: EvmStatus,
    said_by: Vec<fastness::text::SafeText>,
    evidence: Evidence,
    disagreements: Vec<Disagreement>,
    #[serde(skip)]
    pub(crate) waited: Waited,
}

/// Whether the command waited for more than was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    /// What was waited for is there, or nothing was.
    Enough,
    /// It is not there yet.
    InVain,
}

impl EvmPlace {
    pub(crate) fn new(id: B256, network: &'static EvmChain, tracked: EvmTracked, waited: Waited) -> Self {
        let EvmTracked { status, said_by, evidence, disagreements } = tracked;
        Self { id, network, status, said_by, evidence, disagreements, waited }
    }
}

impl Report for EvmPlace {
    fn page(&self, page: &mut Page) {
        page.copyable("Id", &self.id.to_string());
        match &self.status {
            EvmStatus::Pending => page.toned_field("Status", (Tone::Claimed, "pending, waiting in a pool")),
            EvmStatus::Dropped => {
                page.toned_field("Status", (Tone::Claimed, "no node had it; one of ours that was sent is sent again"));
            }
            EvmStatus::Reorged => {
                let text = "the block that it was in is no longer in the chain; the same bytes were sent again";
                page.toned_field("Status", (Tone::Claimed, text));
            }
            EvmStatus::Replaced { by } => {
                let text = by.map_or_else(
                    || "replaced: another transaction took its nonce".to_owned(),
                    |by| format!("replaced by {by}, which has its nonce"),
                );
                page.toned_field("Status", (Tone::Stop, &text));
            }
            EvmStatus::Mined { .. } => self.mined(page),
        }
        let hosts: Vec<String> = self.said_by.iter().map(ToString::to_string).collect();
        let verb = if self.evidence == Evidence::Said { "Said by" } else { "Agreed by" };
        page.field(verb, &hosts.join(", "));
        write_disagreements(&self.disagreements, page);
    }

    fn exit_code(&self) -> u8 {
        match &self.status {
            EvmStatus::Replaced { .. } => Kind::Refused.exit_code(),
            EvmStatus::Mined { outcome: ExecutionOutcome::Reverted { .. }, .. } => Kind::Refused.exit_code(),
            EvmStatus::Dropped | EvmStatus::Reorged => Kind::Unknown.exit_code(),
            _ if self.waited == Waited::InVain => Kind::Unknown.exit_code(),
            _ => 0,
        }
    }
}

impl EvmPlace {
    fn mined(&self, page: &mut Page) {
        let EvmStatus::Mined { block, outcome, depth, fee, created, .. } = &self.status else { return };
        let depth = match depth {
            Depth::Latest { confirmations: 1 } => "1 confirmation".to_owned(),
            Depth::Latest { confirmations } => format!("{confirmations} confirmations"),
            Depth::Safe => "safe".to_owned(),
            Depth::Finalized => "finalized".to_owned(),
        };
        match outcome {
            ExecutionOutcome::Success => page.field("Status", &format!("success in block {block}, {depth}")),
            ExecutionOutcome::Reverted { reason } => {
                let why =
                    reason.as_ref().map_or_else(|| "it gave no reason".to_owned(), |why| format!("it said: {why}"));
                page.toned_field("Status", (Tone::Stop, &format!("FAILED in block {block}, {depth}: {why}")));
            }
        }
        let fee = Denomination::new(self.network.symbol, self.network.decimals).of(*fee);
        page.field("Fee", &format!("{fee} were paid for gas"));
        if let Some(created) = created {
            page.field("Contract", &fastness::address::evm_text(*created, self.network));
        }
    }
}
