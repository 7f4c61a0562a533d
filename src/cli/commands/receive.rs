//! `receive`: the next unused address, as text, QR code and payment URI (BIP-21, EIP-681). Derived here, never asked from a
//! server.

use std::path::PathBuf;

use crate::cli::{
    CliError,
    cli_error::nothing_asked,
    context::Context,
    ethereum::{lookup, receive::EvmReceived},
    family::BITCOIN,
    key_side::{self, Files},
    note::check_note,
    page::{Page, Tone},
    qr::Qr,
    report::{Answer, Report, answer},
};
use fastness::{
    account::Keychain,
    address,
    amount::Amount,
    explain::Failure,
    flow,
    ledger::{
        LabelKind, Ledger,
        bitcoin::{AccountRow, Past},
        ethereum::EvmAccountRow,
        evm_reference,
    },
    network::{EvmChain, NetworkClass},
    review::Warning,
};
use serde::Serialize;

/// An address to be paid at: the lowest one that was never used, or an Ethereum account's own
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask for this amount, such as 0.01btc, 1.5eth or "25 USDC"
    #[arg(long, value_name = "AMOUNT")]
    amount: Option<String>,
    /// Show a QR code
    #[arg(long)]
    qr: bool,
    /// Write the QR code as a picture (never overwrites)
    #[arg(long, value_name = "FILE")]
    qr_png: Option<PathBuf>,
    /// Open the keys in a sealed process and derive the address from them: a changed ledger cannot name a foreign one
    #[arg(long)]
    verify: bool,
    /// Take a fresh address even if the last one is still unused
    #[arg(long, help_heading = BITCOIN)]
    new: bool,
    /// A note for yourself on who pays here
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
}

#[derive(Serialize)]
struct Received {
    address: String,
    path: String,
    index: u32,
    uri: String,
    account: String,
    network: fastness::network::Network,
    /// Derived from the keys just now.
    verified: bool,
    qr: Option<String>,
    #[serde(skip)]
    code: Option<Qr>,
    #[serde(skip)]
    asks: Option<Amount>,
    #[serde(skip)]
    warnings: Vec<Warning>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        self.label.as_deref().map_or(Ok(()), check_note)?;
        if let Some(chain) = context.asked_chain()? {
            return self.evm(context, chain);
        }
        let (mut ledger, row) = context.account()?;
        let asks = self.amount.as_deref().map(|text| Amount::parse(text, row.account.network.asset())).transpose()?;
        if asks.is_some_and(|amount| amount.smallest == 0) {
            return Err(nothing_asked().into());
        }
        let index = self.index(context, &mut ledger, &row)?;
        let script = row.account.script(Keychain::Receive, index)?;
        let address = address::of(&script, row.account.network).ok_or(CliError::Unprintable)?;
        if let Some(label) = &self.label {
            ledger.set_label(LabelKind::Addr, &address, label)?;
        }
        let uri = payment_uri(&address, asks);
        let code = self.code(&uri)?;
        let not_noted = if ledger.is_read_only()? { Some(not_noted()) } else { None };
        let warnings = unknown(&row).into_iter().chain(not_noted).collect();
        let path = format!("m/{}", row.account.path(Keychain::Receive, index)?);
        let account = format!("{}/{}", row.wallet, row.name);
        drop(ledger);
        if self.verify {
            verify(context, &row, &address, index)?;
        }
        let (qr, verified) = (code.as_ref().map(Qr::plain), self.verify);
        let network = row.account.network;
        answer(Received { address, path, index, uri, account, network, verified, qr, code, asks, warnings })
    }

    /// On an EVM chain: the account's one address.
    fn evm(&self, context: &mut Context, chain: &'static EvmChain) -> Answer {
        let (ledger, row) = context.evm_account(chain)?;
        let asks = self.amount.as_deref().map(|text| lookup::quantity(&ledger, chain, text)).transpose()?;
        let received = EvmReceived::new(&row, chain, asks.as_ref())?;
        if let Some(label) = &self.label {
            ledger.set_label(LabelKind::Addr, &evm_reference(row.account.address), label)?;
        }
        let code = self.code(received.uri())?;
        drop(ledger);
        let received = received.with_qr(code);
        if !self.verify {
            return answer(received);
        }
        verify_evm(context, &row)?;
        answer(received.verified())
    }

    /// The code of a URI, where one is asked for; written as a picture where that is.
    fn code(&self, uri: &str) -> Result<Option<Qr>, Failure> {
        if !self.qr && self.qr_png.is_none() {
            return Ok(None);
        }
        let code = Qr::of_uri(uri)?;
        if let Some(path) = &self.qr_png {
            code.write_png(path)?;
        }
        Ok(self.qr.then_some(code))
    }

    fn index(&self, context: &mut Context, ledger: &mut Ledger, row: &AccountRow) -> Result<u32, Failure> {
        let gap = context.gap()?;
        let index =
            if self.new { ledger.issue_fresh(row, Keychain::Receive, gap)? } else { self.untaken(ledger, row, gap)? };
        index.ok_or_else(|| {
            let what =
                format!("{gap} addresses in a row are unused; other wallets would stop looking before the next one");
            CliError::Usage(what).into()
        })
    }

    /// The lowest unused address that is not set aside for another payer by a label of its own.
    fn untaken(&self, ledger: &Ledger, row: &AccountRow, gap: u32) -> Result<Option<u32>, Failure> {
        let unused = ledger.next_unused(row.id, Keychain::Receive)?;
        for index in unused..unused.saturating_add(gap) {
            let address = address::of(&row.account.script(Keychain::Receive, index)?, row.account.network);
            let label = ledger.label(LabelKind::Addr, &address.unwrap_or_default())?;
            if label.is_none_or(|label| self.label.as_deref() == Some(label.as_str())) {
                if !ledger.is_read_only()? {
                    ledger.issue(row, Keychain::Receive, index)?;
                }
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

/// An account with a past that was never synced: its first addresses may have been given out.
fn unknown(row: &AccountRow) -> Option<Warning> {
    let text = "which addresses of this wallet were used is not known yet, so this one may have been paid before; \
                `fastness sync` asks";
    let is_unknown = row.past != Past::None && row.synced.is_none();
    is_unknown.then(|| Warning { code: "used_addresses_unknown", text: text.to_owned() })
}

/// The address is right all the same; the next call tells the same one.
fn not_noted() -> Warning {
    let text = "this home is write-protected, so that nothing notes to whom this address was given";
    Warning { code: "not_noted", text: text.to_owned() }
}

/// `bitcoin:ADDRESS?amount=0.01` (BIP-21): the amount in bitcoin, as plain decimals.
fn payment_uri(address: &str, amount: Option<Amount>) -> String {
    let Some(amount) = amount else { return format!("bitcoin:{address}") };
    let digits = format!("{:0>9}", amount.smallest);
    let (whole, fraction) = digits.split_at(digits.len() - 8);
    let decimal = format!("{whole}.{fraction}");
    format!("bitcoin:{address}?amount={}", decimal.trim_end_matches('0').trim_end_matches('.'))
}

/// Opens the wallet in this process, once it is sealed, and derives the address from its keys.
fn verify(context: &mut Context, row: &AccountRow, address: &str, index: u32) -> Result<(), Failure> {
    let wallet = row.wallet.parse()?;
    key_side::check_wallet(context, &wallet, row.account.network)?;
    let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
    let keys = key_side::keys(context, &wallet, &sealed)?;
    flow::bitcoin::check_address(&row.account, &keys, index, address)
}

/// The same of an Ethereum account.
fn verify_evm(context: &mut Context, row: &EvmAccountRow) -> Result<(), Failure> {
    let wallet = row.wallet.parse()?;
    let class = row.account.class;
    let network = if class == NetworkClass::Main { "main networks" } else { "test networks" };
    key_side::check_class(context, &wallet, class, network)?;
    let sealed = key_side::seal(context, Files::Wallet(&wallet), &[])?;
    let keys = key_side::keys(context, &wallet, &sealed)?;
    flow::ethereum::check_address(&row.account, &keys)
}

impl Report for Received {
    fn warnings(&self) -> Vec<Warning> {
        self.warnings.clone()
    }

    fn page(&self, page: &mut Page) {
        let address = page.grouped(&self.address);
        page.field("Address", &address);
        page.field("Path", &format!("{} of {} on {}", self.path, self.account, self.network));
        if self.verified {
            page.toned_field("Verified", (Tone::Proven, "derived from the keys of this wallet just now"));
        }
        if let Some(amount) = self.asks {
            page.field("Asks for", &amount.to_string());
        }
        page.copyable("URI", &self.uri);
        if let Some(code) = &self.code {
            code.write(page);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_hold_exact_amounts() {
        assert_eq!(payment_uri("bc1q", Some(Amount::sat(1_250_000))), "bitcoin:bc1q?amount=0.0125");
        assert_eq!(payment_uri("bc1q", Some(Amount::sat(100_000_000))), "bitcoin:bc1q?amount=1");
        assert_eq!(payment_uri("bc1q", Some(Amount::sat(1))), "bitcoin:bc1q?amount=0.00000001");
    }
}
