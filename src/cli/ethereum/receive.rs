//! The address of an Ethereum account, to be paid at on one chain, with its payment URI (EIP-681). Nothing is asked of a node.

use super::lookup::EvmQuantity;
use crate::cli::{
    CliError,
    cli_error::nothing_asked,
    page::{Page, Tone},
    qr::Qr,
    report::Report,
};
use fastness::{explain::Failure, ledger::ethereum::EvmAccountRow, network::EvmChain, payment_uri::EvmPaymentUri};
use serde::Serialize;

/// The address to be paid at, the same on every chain of the family.
#[derive(Serialize)]
pub(crate) struct EvmReceived {
    address: String,
    account: String,
    network: &'static EvmChain,
    path: Option<String>,
    uri: String,
    /// Derived from the keys just now.
    verified: bool,
    qr: Option<String>,
    #[serde(skip)]
    code: Option<Qr>,
    /// What is asked for, as a person reads it.
    #[serde(skip)]
    asks: Option<String>,
}

impl EvmReceived {
    /// The account's address on a chain, and what the payer is asked for.
    ///
    /// # Errors
    /// `all` was asked for, which is no amount.
    pub(crate) fn new(
        row: &EvmAccountRow,
        chain: &'static EvmChain,
        asks: Option<&EvmQuantity>,
    ) -> Result<Self, Failure> {
        let address = fastness::address::evm_text(row.account.address, chain);
        let (token, amount, asks) = match asks {
            None => (None, None, None),
            Some(EvmQuantity::Native(units)) => (None, Some(units.value), Some(units.to_string())),
            Some(EvmQuantity::Of(token, value)) => {
                let contract = fastness::address::evm_text(token.address, chain);
                (Some(contract), Some(*value), Some(token.denomination.clone().of(*value).to_string()))
            }
            Some(EvmQuantity::AllNative | EvmQuantity::AllOf(_)) => {
                return Err(CliError::Usage("a payer is asked for an amount, not for all".to_owned()).into());
            }
        };
        if amount.is_some_and(|amount| amount.is_zero()) {
            return Err(nothing_asked().into());
        }
        let uri = EvmPaymentUri { to: address.clone(), token, chain_id: Some(chain.id), amount };
        Ok(Self {
            address,
            account: format!("{}/{}", row.wallet, row.name),
            network: chain,
            path: row.account.origin.as_ref().map(|origin| format!("m/{}", origin.path)),
            uri: uri.to_string(),
            verified: false,
            qr: None,
            code: None,
            asks,
        })
    }

    /// For a payer's wallet.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// With a picture of the URI.
    pub(crate) fn with_qr(self, code: Option<Qr>) -> Self {
        Self { qr: code.as_ref().map(Qr::plain), code, ..self }
    }

    /// It was derived from the keys.
    pub(crate) fn verified(self) -> Self {
        Self { verified: true, ..self }
    }
}

impl Report for EvmReceived {
    fn page(&self, page: &mut Page) {
        let digits = page.grouped(self.address.trim_start_matches("0x"));
        page.field("Address", &format!("0x{digits}"));
        let path = self.path.as_deref().unwrap_or("watch-only");
        page.field("Account", &format!("{} ({path}) on {}", self.account, self.network));
        if self.verified {
            page.toned_field("Verified", (Tone::Proven, "derived from the keys of this wallet just now"));
        }
        if let Some(asks) = &self.asks {
            page.field("Asks for", asks);
        }
        page.copyable("URI", &self.uri);
        page.line("  The same address is yours on every network of the family; ask to be paid on this one.");
        if let Some(code) = &self.code {
            code.write(page);
        }
    }
}
