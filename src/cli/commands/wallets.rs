//! `wallets`: which wallets this home has. Reads headers and the ledger; needs no password.

use crate::cli::{
    context::Context,
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::keystore::read_header;
use serde::Serialize;

/// List the wallets of this home
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize)]
struct WalletRow {
    name: String,
    fingerprint: Option<String>,
    class: Option<String>,
    keys: &'static str,
    accounts: usize,
    problem: Option<String>,
}

#[derive(Serialize)]
struct WalletList {
    home: String,
    wallets: Vec<WalletRow>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let ledger = context.ledger()?;
        let names = context.wallet_names(&ledger)?;
        let home = context.home()?;
        let mut wallets = Vec::new();
        for name in names {
            let bitcoin = ledger.accounts(Some(name.as_str()))?.len();
            let accounts = bitcoin + ledger.evm_accounts(Some(name.as_str()))?.len();
            let path = home.keystore_path(&name);
            let mut row = WalletRow {
                name: name.as_str().to_owned(),
                fingerprint: None,
                class: None,
                keys: "elsewhere (watch-only)",
                accounts,
                problem: None,
            };
            if path.exists() {
                row.keys = "sealed here";
                match read_header(&path) {
                    Ok(header) => {
                        row.fingerprint = Some(header.fingerprint.to_string());
                        row.class = Some(header.network_class.to_string());
                    }
                    Err(error) => row.problem = Some(error.to_string()),
                }
            }
            wallets.push(row);
        }
        answer(WalletList { home: home.root().display().to_string(), wallets })
    }
}

impl Report for WalletList {
    fn page(&self, page: &mut Page) {
        if self.wallets.is_empty() {
            page.line(&format!("No wallet yet in {}.", self.home));
            return page.line("Create one with `fastness new`, or bring one back with `fastness restore`.");
        }
        let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let rows: Vec<Vec<String>> = self
            .wallets
            .iter()
            .map(|row| {
                let keys = row.problem.clone().unwrap_or_else(|| row.keys.to_owned());
                vec![row.name.clone(), cell(&row.fingerprint), cell(&row.class), row.accounts.to_string(), keys]
            })
            .collect();
        page.table(&["wallet", "fingerprint", "network", "accounts", "keys"], &rows);
    }
}
