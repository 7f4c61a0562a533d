//! `show`: what is public about a wallet. Reads the file's header and the ledger; never asks for the password.

use crate::cli::{
    bitcoin::export::{Exported, exported},
    context::Context,
    ethereum::export::{EvmExported, evm_exported},
    new_wallet::{backup_words, kdf},
    page::Page,
    report::{Answer, Report, answer},
};
use fastness::{
    keystore::{Header, Language, PassphraseUse, read_header},
    network::NetworkClass,
    text::in_fours,
};
use serde::Serialize;

/// Show what is public about a wallet: fingerprint, protection, accounts
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The wallet file's own facts, unproven until it is unlocked.
#[derive(Serialize)]
struct FileFacts {
    file: String,
    fingerprint: String,
    network_class: NetworkClass,
    word_count: u64,
    /// Of the words, where there are any.
    language: Option<Language>,
    passphrase: PassphraseUse,
    kdf: String,
}

#[derive(Serialize)]
struct WalletPage {
    wallet: String,
    /// None for a watch-only wallet.
    keystore: Option<FileFacts>,
    accounts: Vec<Exported>,
    ethereum: Vec<EvmExported>,
}

impl Args {
    pub(crate) fn run(&self, context: &mut Context) -> Answer {
        let name = context.wallet()?;
        let ledger = context.ledger()?;
        let rows = ledger.accounts(Some(name.as_str()))?;
        let evm_rows = ledger.evm_accounts(Some(name.as_str()))?;
        let path = context.home()?.keystore_path(&name);
        let watch_only = !(rows.is_empty() && evm_rows.is_empty()) && path.symlink_metadata().is_err();
        let file = path.display().to_string();
        let keystore = if watch_only { None } else { Some(facts(file, &read_header(&path)?)) };
        let accounts = rows.iter().map(exported).collect();
        answer(WalletPage {
            wallet: name.to_string(),
            keystore,
            accounts,
            ethereum: evm_rows.iter().map(evm_exported).collect(),
        })
    }
}

fn facts(file: String, header: &Header) -> FileFacts {
    FileFacts {
        file,
        fingerprint: header.fingerprint.to_string(),
        network_class: header.network_class,
        word_count: header.words,
        language: header.language,
        passphrase: header.passphrase,
        kdf: kdf(header),
    }
}

impl Report for WalletPage {
    fn page(&self, page: &mut Page) {
        match &self.keystore {
            Some(facts) => {
                page.field("Wallet", &format!("{} ({} networks)", self.wallet, facts.network_class));
                page.field("Master", &format!("{} (fingerprint)", in_fours(&facts.fingerprint)));
                page.field("Backup", &backup_words(facts.word_count, facts.language, facts.passphrase));
                page.field("Sealed", &format!("with {} and AES-256-GCM", facts.kdf));
                page.field("File", &facts.file);
            }
            None => page.field("Wallet", &format!("{} (watch-only: its keys are elsewhere)", self.wallet)),
        }
        if self.accounts.is_empty() && self.ethereum.is_empty() {
            page.field("Accounts", "none in the ledger; add one with `fastness account add`");
        }
        for account in &self.accounts {
            page.blank();
            Report::page(account, page);
        }
        for account in &self.ethereum {
            page.blank();
            Report::page(account, page);
        }
    }
}
