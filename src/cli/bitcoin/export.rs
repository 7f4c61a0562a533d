//! The public half of an account of Bitcoin's family, for another program.
//!
//! Nothing secret is known here.

use crate::cli::{page::Page, report::Report};
use bitcoin::bip32::Fingerprint;
use fastness::{
    account::Keychain,
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
    pub(crate) path: String,
    pub(crate) fingerprint: String,
    pub(crate) xpub: String,
    pub(crate) descriptor: String,
    pub(crate) descriptor_receive: String,
    pub(crate) descriptor_change: String,
    pub(crate) watch_only: bool,
    /// What was understood beyond the words that were typed.
    #[serde(skip)]
    pub(crate) remark: Option<Warning>,
}

/// The public facts of a row.
pub(crate) fn exported(row: &AccountRow) -> Exported {
    let account = &row.account;
    Exported {
        wallet: row.wallet.clone(),
        account: row.name.clone(),
        network: account.network,
        path: format!("m/{}", account.origin),
        fingerprint: account.fingerprint.to_string(),
        xpub: account.xpub.to_string(),
        descriptor: account.descriptor(),
        descriptor_receive: account.descriptor_of(Keychain::Receive),
        descriptor_change: account.descriptor_of(Keychain::Change),
        watch_only: row.keys == KeyLocation::Elsewhere,
        remark: None,
    }
}

impl Report for Exported {
    fn warnings(&self) -> Vec<Warning> {
        let unknown = self.watch_only && self.fingerprint == Fingerprint::default().to_string();
        let text = "this key does not say which master it comes from: fastness finds the key of its drafts all the same, other \
                    signers may not; a descriptor with [fingerprint/path] says it";
        let unknown = unknown.then(|| Warning { code: "unknown_origin", text: text.to_owned() });
        unknown.into_iter().chain(self.remark.clone()).collect()
    }

    fn page(&self, page: &mut Page) {
        let keys = if self.watch_only { " · watch-only" } else { "" };
        page.line(&format!("{}/{} on {}{keys}", self.wallet, self.account, self.network));
        page.field("Path", &format!("{} of master {}", self.path, self.fingerprint));
        page.copyable("Key", &self.xpub);
        page.copyable("Both", &self.descriptor);
        page.copyable("Receive", &self.descriptor_receive);
        page.copyable("Change", &self.descriptor_change);
    }
}
