//! Reports of an Ethereum payment: what was planned, signed, sent, and where it is.

use super::{replaces::EvmReplaces, review_page::ReviewPage};
use crate::cli::{
    heading::Heading,
    page::{Page, Tone},
    report::{OpenLedger, Report},
};
use alloy_primitives::{Address, B256, hex};
use fastness::{
    address::evm_text,
    chain::ethereum::{Ownership, SignedTransaction, decode},
    explain::{Failure, Kind},
    flow::ethereum::{self, EvmContext},
    network::EvmChain,
    review::{EvmReview, Payee, Warning},
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
