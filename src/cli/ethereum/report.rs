//! Reports of an Ethereum payment: what was planned, signed, sent, and where it is.

use super::{evidence::write_disagreements, replaces::EvmReplaces, review_page::ReviewPage};
use crate::cli::{
    heading::Heading,
    page::{Page, Tone},
    report::{OpenLedger, Report},
};
use alloy_primitives::{Address, B256, hex};
use fastness::{
    address::evm_text,
    amount::Denomination,
    chain::ethereum::{Ownership, SignedTransaction, decode},
    explain::{Failure, Kind},
    explorer::ethereum::Disagreement,
    flow::ethereum::{self, EvmContext, EvmTracked},
    network::EvmChain,
    review::{Depth, Evidence, EvmReview, EvmStatus, ExecutionOutcome, Payee, Warning},
};
use serde::Serialize;

/// A draft as planned, with its review.
#[derive(Serialize)]
pub(crate) struct EvmPlanned {
    pub(crate) review: EvmReview,
    /// What is known here of those who gain.
    pub(crate) payees: Vec<Payee>,
    /// The transaction of ours that it would take the place of.
    pub(crate) replaces: Option<EvmReplaces>,
    pub(crate) file: Option<String>,
    pub(crate) unsigned: String,
    #[serde(skip)]
    pub(crate) notes: Vec<Warning>,
    #[serde(skip)]
    pub(crate) heading: Heading,
    #[serde(skip)]
    pub(crate) context: EvmContext,
    #[serde(skip)]
    pub(crate) command: &'static str,
}

impl Report for EvmPlanned {
    fn page(&self, page: &mut Page) {
        ReviewPage { review: &self.review, heading: &self.heading, context: &self.context }.write(page);
        page.blank();
        match &self.file {
            Some(file) => {
                page.field("Written", file);
                page.next(&format!("fastness sign {file} -o FILE.signed"));
            }
            None => {
                page.copyable("Digest", &self.review.digest);
                page.line(self.command);
            }
        }
    }

    fn warnings(&self) -> Vec<Warning> {
        [self.review.warnings.clone(), self.notes.clone()].concat()
    }
}

/// What was signed.
#[derive(Serialize)]
pub(crate) struct EvmSigned {
    id: B256,
    network: &'static EvmChain,
    from: Address,
    nonce: u64,
    review: EvmReview,
    file: Option<String>,
    raw: String,
    #[serde(rename = "text", skip_serializing_if = "Option::is_none")]
    file_text: Option<String>,
    #[serde(skip)]
    signed: SignedTransaction,
}

impl EvmSigned {
    pub(crate) fn new(signed: &SignedTransaction, review: EvmReview) -> Self {
        Self {
            id: signed.hash,
            network: signed.chain,
            from: signed.from,
            nonce: signed.nonce,
            review,
            file: None,
            raw: hex::encode_prefixed(&signed.bytes),
            file_text: None,
            signed: signed.clone(),
        }
    }

    /// The text that goes to a file or to stdout.
    pub(crate) fn text(&self, raw: SignedForm) -> Result<String, Failure> {
        match raw {
            SignedForm::Raw => Ok(self.raw.clone() + "\n"),
            SignedForm::File => ethereum::signed_text(&self.signed),
        }
    }

    /// With what a file of it holds, for the process that writes one.
    pub(crate) fn with_text(self, file_text: Option<String>) -> Self {
        Self { file_text, ..self }
    }
}

/// In which form a signed transaction is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedForm {
    /// Raw hex, for other tools.
    Raw,
    /// A signed file.
    File,
}

impl Report for EvmSigned {
    fn page(&self, page: &mut Page) {
        page.line("Signed; the signer was recovered from the bytes and is the sender.");
        page.copyable("Id", &self.id.to_string());
    }
}

/// What became of sending.
#[derive(Serialize)]
pub(crate) struct EvmSent {
    id: B256,
    network: &'static EvmChain,
    from: Address,
    nonce: u64,
    verdict: &'static str,
    /// Hosts that have it, or why it is unclear.
    detail: String,
    /// What operators disagreed about when it was planned; a person was told before signing.
    pub(crate) notes: Vec<Warning>,
    /// The transaction of ours that it takes the place of.
    pub(crate) replaces: Option<EvmReplaces>,
    /// The address of the contract that it creates.
    creates: Option<String>,
    /// Its row in the outbox.
    #[serde(skip)]
    row: i64,
}

impl EvmSent {
    /// Its hash.
    pub(crate) const fn id(&self) -> B256 {
        self.id
    }

    pub(crate) fn new(signed: &SignedTransaction, row: i64, verdict: &'static str, detail: String) -> Self {
        let SignedTransaction { chain, hash, from, nonce, .. } = signed;
        Self {
            id: *hash,
            network: chain,
            from: *from,
            nonce: *nonce,
            verdict,
            detail,
            notes: Vec::new(),
            replaces: None,
            creates: created(signed).map(|new| evm_text(new, chain)),
            row,
        }
    }
}

/// The address of the contract that a transaction creates, if it creates one.
fn created(signed: &SignedTransaction) -> Option<Address> {
    let (_, plan) = decode::signed(&signed.bytes).ok()?;
    decode::review(&plan, &Ownership::default()).ok()?.creates
}

impl Report for EvmSent {
    fn page(&self, page: &mut Page) {
        let track = format!("fastness track {} --network {}", self.id, self.network.name);
        if self.verdict == "unknown" {
            page.toned(Tone::Claimed, "Not sure: the transaction may be on the network (exit 5).");
            page.copyable("Id", &self.id.to_string());
            page.field("Why", &self.detail);
            page.line("  Its nonce stays held; only these same bytes are ever sent for it.");
            return page.next(&track);
        }
        page.line(if self.verdict == "accepted" { "Sent." } else { "Already on its way; nothing had to be sent." });
        page.copyable("Id", &self.id.to_string());
        if let Some(replaces) = &self.replaces {
            page.line(&format!("  {replaces}."));
        }
        if let Some(new) = &self.creates {
            page.field("Contract", &format!("{new}, once it is in a block"));
        }
        page.field("Nonce", &self.nonce.to_string());
        page.field("Has it", &self.detail);
        page.next(&track);
    }

    fn exit_code(&self) -> u8 {
        if self.verdict == "unknown" { Kind::Unknown.exit_code() } else { 0 }
    }

    /// Only now was the person told: until here the same command takes up this transaction and makes no second one.
    fn told(&self, ledger: OpenLedger<'_>) -> Result<(), Failure> {
        Ok(ledger()?.mark_reported(self.row)?)
    }
}

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
