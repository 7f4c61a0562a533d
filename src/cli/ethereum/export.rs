//! The public half of an Ethereum account, for another program.
//!
//! Nothing secret is known here.

use crate::cli::{page::Page, report::Report};
use fastness::{
    ledger::{KeyLocation, ethereum::EvmAccountRow},
    network::NetworkClass,
};
use serde::Serialize;

/// What is public about an Ethereum account.
#[derive(Serialize)]
pub(crate) struct EvmExported {
    pub(crate) wallet: String,
    pub(crate) account: String,
    pub(crate) class: NetworkClass,
    pub(crate) path: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) address: String,
    pub(crate) watch_only: bool,
}

/// The public facts of an Ethereum row.
pub(crate) fn evm_exported(row: &EvmAccountRow) -> EvmExported {
    let origin = row.account.origin.as_ref();
    EvmExported {
        wallet: row.wallet.clone(),
        account: row.name.clone(),
        class: row.account.class,
        path: origin.map(|origin| format!("m/{}", origin.path)),
        fingerprint: origin.map(|origin| origin.fingerprint.to_string()),
        address: row.account.address.to_string(),
        watch_only: row.keys == KeyLocation::Elsewhere,
    }
}

impl Report for EvmExported {
    fn page(&self, page: &mut Page) {
        let keys = if self.watch_only { " · watch-only" } else { "" };
        page.line(&format!(
            "{}/{} on Ethereum and its family ({} networks){keys}",
            self.wallet, self.account, self.class
        ));
        if let (Some(path), Some(fingerprint)) = (&self.path, &self.fingerprint) {
            page.field("Path", &format!("{path} of master {fingerprint}"));
        }
        let digits = page.grouped(self.address.trim_start_matches("0x"));
        page.field("Address", &format!("0x{digits}"));
    }
}
