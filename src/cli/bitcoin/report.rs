//! What a person and a program are told of a signed transaction.
//!
//! Nothing is decided here.

use crate::cli::{page::Page, report::Report};
use fastness::{network::Network, review::Review};
use hex::DisplayHex;
use serde::Serialize;

/// What was signed.
#[derive(Serialize)]
pub(crate) struct SignedReport {
    pub(crate) id: String,
    pub(crate) network: Network,
    pub(crate) review: Review,
    pub(crate) file: Option<String>,
    pub(crate) raw: String,
    /// What a file of it holds, for the process that writes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

impl SignedReport {
    /// A signed transaction that is not written to a file.
    pub(crate) fn of(review: Review, signed: fastness::signing::Signed) -> Self {
        let raw = signed.bytes.to_lower_hex_string();
        Self { id: signed.id, network: signed.network, review, file: None, raw, text: None }
    }
}

impl Report for SignedReport {
    fn page(&self, page: &mut Page) {
        page.line("Signed, and accepted by Bitcoin Core's verification code.");
        page.copyable("Id", &self.id);
    }
}
