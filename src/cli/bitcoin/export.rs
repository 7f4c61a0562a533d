//! The public half of an account of Bitcoin's family, for another program.
//!
//! Nothing secret is known here.

use crate::cli::{new_wallet::first_address, page::Page, qr::Qr, report::Report};
use bitcoin::bip32::Fingerprint;
use fastness::{
    account::{AccountKey, Keychain},
    ledger::{KeyLocation, bitcoin::AccountRow},
    network::Network,
    review::Warning,
};
use serde::Serialize;

/// What is public about an account.
#[derive(Serialize)]
pub(crate) struct Exported {
    pub(crate) wallet: String,
    pub(crate) account: String,
    pub(crate) network: Network,
    pub(crate) kind: &'static str,
    /// The kind with its numbers, for eyes.
    #[serde(skip)]
    pub(crate) summary: String,
    /// Path, master and key of an account of one key.
    #[serde(flatten)]
    pub(crate) single_key: SingleKeyFields,
    /// Every extended key.
    pub(crate) keys: Vec<ExportedKey>,
    pub(crate) descriptor: String,
    pub(crate) descriptor_receive: String,
    pub(crate) descriptor_change: String,
    /// The first receive address, to be compared with what another wallet shows.
    pub(crate) first_address: Option<String>,
    pub(crate) watch_only: bool,
    /// The descriptor as a QR code, where that is asked for.
    #[serde(skip)]
    pub(crate) code: Option<Qr>,
    /// What was understood beyond the words that were typed.
    #[serde(skip)]
    pub(crate) remark: Option<Warning>,
}

/// Of an account of one key; all absent where there are several.
#[derive(Default, Serialize)]
pub(crate) struct SingleKeyFields {
    pub(crate) path: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) xpub: Option<String>,
}

/// One extended key of an account, and where it comes from.
#[derive(Serialize)]
pub(crate) struct ExportedKey {
    pub(crate) path: String,
    pub(crate) fingerprint: String,
    pub(crate) xpub: String,
}

impl ExportedKey {
    fn of(key: &AccountKey) -> Self {
        Self { path: format!("m/{}", key.origin), fingerprint: key.fingerprint.to_string(), xpub: key.xpub.to_string() }
    }
}

/// The public facts of a row.
pub(crate) fn exported(row: &AccountRow) -> Exported {
    let account = &row.account;
    let single_key = account.single_key().map(ExportedKey::of).map(|ExportedKey { path, fingerprint, xpub }| {
        SingleKeyFields { path: Some(path), fingerprint: Some(fingerprint), xpub: Some(xpub) }
    });
    Exported {
        wallet: row.wallet.clone(),
        account: row.name.clone(),
        network: account.network,
        kind: account.kind(),
        summary: account.summary(),
        single_key: single_key.unwrap_or_default(),
        keys: account.keys().iter().map(ExportedKey::of).collect(),
        descriptor: account.descriptor(),
        descriptor_receive: account.descriptor_of(Keychain::Receive),
        descriptor_change: account.descriptor_of(Keychain::Change),
        first_address: first_address(account).ok(),
        watch_only: row.keys == KeyLocation::Elsewhere,
        code: None,
        remark: None,
    }
}

impl Exported {
    /// Shows the key of an account of one key in another form.
    pub(crate) fn use_slip132(&mut self, key: Option<String>) {
        let Some(text) = key else { return };
        for key in &mut self.keys {
            key.xpub.clone_from(&text);
        }
        self.single_key.xpub = Some(text);
    }
}

impl Report for Exported {
    fn warnings(&self) -> Vec<Warning> {
        let nothing = Fingerprint::default().to_string();
        let unknown = self.watch_only && self.keys.iter().any(|key| key.fingerprint == nothing);
        let text = "this key does not say which master it comes from: fastness finds the key of its drafts all the same, other \
                    signers may not; a descriptor with [fingerprint/path] says it";
        let unknown = unknown.then(|| Warning { code: "unknown_origin", text: text.to_owned() });
        unknown.into_iter().chain(self.remark.clone()).collect()
    }

    fn page(&self, page: &mut Page) {
        let keys = if self.watch_only { " · watch-only" } else { "" };
        page.line(&format!("{}/{} on {}{keys}", self.wallet, self.account, self.network));
        if self.single_key.xpub.is_none() {
            page.field("Kind", &self.summary);
        }
        for key in &self.keys {
            page.field("Path", &format!("{} of master {}", key.path, key.fingerprint));
            page.copyable("Key", &key.xpub);
        }
        page.copyable("Both", &self.descriptor);
        page.copyable("Receive", &self.descriptor_receive);
        page.copyable("Change", &self.descriptor_change);
        if let Some(address) = &self.first_address {
            page.field("First", &format!("address {}", page.grouped(address)));
        }
        if let Some(code) = &self.code {
            code.write(page);
        }
    }
}
